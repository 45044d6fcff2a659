import csv

import numpy as np
import pytest

from sos_studio.core.predictions import Nearness, StageSet
from sos_studio.imaging import images
from sos_studio.presenters.folder_batch import FolderBatchPresenter
from sos_studio.services import model_list
from sos_studio.ui.batch_dialog import BatchDialog
from tests.presenters.kit import make_session
from tests.presenters.models import FakeService, add_model


@pytest.fixture
def service():
    return FakeService(stage=4)


@pytest.fixture
def dialog(qtbot, tmp_path, service):
    student = model_list.read(tmp_path / "models" / add_model(tmp_path, "student", phantom=True))
    for n in range(2):
        (tmp_path / "in").mkdir(exist_ok=True)
        images.write_png(tmp_path / "in" / f"{n}.png", np.full((300, 400), n, dtype=np.uint8))
    made = BatchDialog(FolderBatchPresenter(make_session(None), service))
    qtbot.addWidget(made)
    made.folder.setText(str(tmp_path / "in"))
    made.out.setText(str(tmp_path / "out"))
    made.network.setText(str(student.path))
    made.show()
    return made


def cells(dialog):
    table = dialog.table
    return [[table.item(row, column).text() for column in range(table.columnCount())] for row in range(table.rowCount())]


def test_it_can_be_started_once_all_is_named(dialog):
    assert dialog.start.isEnabled()
    dialog.network.clear()
    assert not dialog.start.isEnabled()


def test_a_line_per_picture_with_certainty_and_what_is_to_be_noted(dialog, service, tmp_path):
    service.stage_set = StageSet(first=3, last=4, coverage=0.9, cases=20)
    service.familiarity = Nearness(distance=9, threshold=2, cases=20)
    dialog.names.click()
    dialog.start.click()
    assert cells(dialog)[0] == ["0.png", "4", "80 %", "With 90\u00a0% certainty: stage 3 or 4", "unlike the training data"]
    assert dialog.origin.text().startswith("Trained on phantoms")
    assert dialog.words.text() == "2 pictures are in the table."
    with (tmp_path / "out" / "predictions.csv").open() as stream:
        assert [row["file"] for row in csv.DictReader(stream)] == ["0.png", "1.png"]


def test_a_fault_stands_in_the_dialog_in_words(dialog, tmp_path):
    dialog.folder.setText(str(tmp_path / "models"))
    dialog.start.click()
    assert "no full image in models" in dialog.words.text()
    assert dialog.start.isEnabled()


def test_names_are_not_written_unless_ticked(dialog, tmp_path):
    dialog.start.click()
    assert "file" not in (tmp_path / "out" / "predictions.csv").read_text().splitlines()[0]


def test_a_phantom_trained_network_is_called_so_before_it_is_asked(qtbot, tmp_path, service):
    student = model_list.read(tmp_path / "models" / add_model(tmp_path, "student", phantom=True))
    dialog = BatchDialog(FolderBatchPresenter(make_session(None), service), student)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.origin.isVisible()
    assert dialog.origin.text().startswith("Trained on phantoms")
