import csv
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QPushButton

from sos_studio.core.predictions import Nearness, StageSet
from sos_studio.imaging import images
from sos_studio.presenters.folder_batch import FolderBatchPresenter, FolderBatchState, Wanted
from sos_studio.services import model_list
from sos_studio.services.batch_table import BatchRow
from sos_studio.ui.batch_dialog import BatchDialog
from tests.presenters.kit import Slow, make_session
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
    made.use_network(student.path)
    made.show()
    return made


def cells(dialog):
    table = dialog.table
    return [[table.item(row, column).text() for column in range(table.columnCount())] for row in range(table.rowCount())]


def test_it_can_be_started_once_all_is_named(dialog):
    assert dialog.start.isEnabled()
    dialog.network.setCurrentIndex(-1)
    assert not dialog.start.isEnabled()


def test_a_line_per_picture_with_certainty_and_what_is_to_be_noted(dialog, service, tmp_path):
    service.stage_set = StageSet(first=3, last=4, coverage=0.9, cases=20)
    dialog.names.click()
    assert dialog.table.isColumnHidden(4)
    dialog.start.click()
    assert cells(dialog)[0] == ["1", "0.png", "4", "80 %", "3 or 4", ""]
    assert not dialog.table.isColumnHidden(4)
    assert dialog.origin.text().startswith("Trained on phantoms")
    assert dialog.words.text() == f"2 pictures are in the table {tmp_path / 'out' / 'predictions.csv'}."
    with (tmp_path / "out" / "predictions.csv").open() as stream:
        assert [row["file"] for row in csv.DictReader(stream)] == ["0.png", "1.png"]


def test_what_there_is_can_be_opened_after_a_stop(qtbot, tmp_path, service, monkeypatch):
    student = model_list.read(tmp_path / "models" / add_model(tmp_path, "student"))
    (tmp_path / "in").mkdir()
    for n in range(3):
        images.write_png(tmp_path / "in" / f"{n}.png", np.full((300, 400), n, dtype=np.uint8))
    presenter = FolderBatchPresenter(make_session(None), service)
    made = BatchDialog(presenter)
    qtbot.addWidget(made)
    made.folder.setText(str(tmp_path / "in"))
    made.out.setText(str(tmp_path / "out"))
    made.use_network(student.path)
    presenter.row.connect(lambda *_: presenter.stop())
    made.start.click()
    assert presenter.state.phase == "stopped"
    assert made.start.text() == "&Go on"
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    made.show_table.click()
    assert opened == [str(tmp_path / "out" / "predictions.csv")]
    assert len((tmp_path / "out" / "predictions.csv").read_text().splitlines()) == 2


def test_nothing_can_be_chosen_while_it_runs(qtbot, tmp_path, service, dialog):
    slow = Slow()
    made = BatchDialog(FolderBatchPresenter(make_session(None, background=slow), service))
    qtbot.addWidget(made)
    made.folder.setText(str(tmp_path / "in"))
    made.out.setText(str(tmp_path / "out"))
    made.use_network(tmp_path / "models" / "student-a")
    choose = [button for button in made.findChildren(QPushButton) if button.text() in ("Choose…", "From a file…")]
    assert [button.isEnabled() for button in choose] == [True] * 3
    made.start.click()
    assert [button.isEnabled() for button in choose] == [False] * 3
    slow.go_on()
    assert [button.isEnabled() for button in choose] == [True] * 3


def test_results_that_another_network_began_are_refused_in_the_dialog(dialog, service, tmp_path):
    dialog.start.click()
    service.asked.clear()
    dialog.use_network(model_list.read(tmp_path / "models" / add_model(tmp_path, "student", "b")).path)
    dialog.start.click()
    assert "out holds the answers of another network" in dialog.words.text()
    assert not dialog.bar.isVisible()
    assert service.asked == []


def test_who_is_refused_is_told_which_network_began_there_by_its_name_in_the_choice(qtbot, tmp_path, service):
    (tmp_path / "in").mkdir()
    images.write_png(tmp_path / "in" / "0.png", np.full((300, 400), 9, dtype=np.uint8))
    students = [model_list.read(tmp_path / "models" / add_model(tmp_path, "student", name)) for name in "ab"]
    made = BatchDialog(FolderBatchPresenter(make_session(None), service), students, {"student-a": "First try"}, students[0])
    qtbot.addWidget(made)
    made.folder.setText(str(tmp_path / "in"))
    made.out.setText(str(tmp_path / "out"))
    made.start.click()
    made.use_network(students[1].path)
    made.start.click()
    assert "out holds the answers of another network: First try: Student (2026-11-20)." in made.words.text()


def test_a_frame_that_the_detector_is_hardly_sure_of_is_noted(dialog, service, tmp_path, monkeypatch):
    add_model(tmp_path, "detector")
    monkeypatch.setattr("tests.presenters.models.SURE_OF_FRAME", 0.3)
    dialog.start.click()
    assert cells(dialog)[0][-1] == "the detector is only 30\u00a0% sure"


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
    dialog = BatchDialog(FolderBatchPresenter(make_session(None), service), [student], chosen=student)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.origin.isVisible()
    assert dialog.origin.text().startswith("Trained on phantoms")


def test_what_is_no_firm_answer_is_none_in_the_table(dialog, service):
    service.sure, service.familiarity = 0.24, Nearness(distance=1, threshold=2, cases=20)
    dialog.start.click()
    assert cells(dialog)[0][2] == "unsure: 4"
    service.sure, service.familiarity = 0.8, Nearness(distance=9, threshold=2, cases=20)
    dialog.out.setText(dialog.out.text() + "2")
    dialog.start.click()
    assert cells(dialog)[0][2:] == ["not reliable: 4", "80 %", "", "unlike the training data"]


def test_a_crop_among_full_images_is_noted(dialog, tmp_path):
    images.write_png(tmp_path / "in" / "crop.png", np.full((100, 200), 9, dtype=np.uint8))
    dialog.start.click()
    assert [row[5] for row in cells(dialog)] == ["", "", "looks like a crop, not like a full image"]


def test_a_network_of_the_project_can_be_chosen(qtbot, tmp_path, service):
    entries = [model_list.read(tmp_path / "models" / add_model(tmp_path, "student", name)) for name in "ab"]
    dialog = BatchDialog(FolderBatchPresenter(make_session(None), service), entries, {"student-b": "Second try"}, entries[0])
    qtbot.addWidget(dialog)
    assert [dialog.network.itemText(n) for n in range(2)] == ["Student (2026-11-20)", "Second try: Student (2026-11-20)"]
    assert dialog.network.currentData() == str(entries[0].path)


def test_closing_it_lets_the_work_go_on_and_all_is_there_again_afterwards(qtbot, tmp_path, service):
    student = model_list.read(tmp_path / "models" / add_model(tmp_path, "student"))
    (tmp_path / "in").mkdir()
    for n in range(2):
        images.write_png(tmp_path / "in" / f"{n}.png", np.full((300, 400), n, dtype=np.uint8))
    background = Slow()
    presenter = FolderBatchPresenter(make_session(None, background=background), service)
    dialog = BatchDialog(presenter, [student], chosen=student)
    qtbot.addWidget(dialog)
    dialog.folder.setText(str(tmp_path / "in"))
    dialog.out.setText(str(tmp_path / "out"))
    dialog.names.click()
    dialog.start.click()
    dialog.close()
    assert presenter.state.phase == "running"
    background.go_on()
    assert presenter.state.phase == "done"
    again = BatchDialog(presenter, [student], chosen=student)
    qtbot.addWidget(again)
    assert (again.folder.text(), again.out.text(), again.names.isChecked()) == (str(tmp_path / "in"), str(tmp_path / "out"), True)
    assert [row[1] for row in cells(again)] == ["0.png", "1.png"]
    assert again.start.isEnabled()


def test_a_chosen_row_shows_its_picture_and_where_the_network_looked(dialog):
    dialog.start.click()
    dialog.table.selectRow(1)
    preview = dialog.preview
    assert preview.said.text() == "Stage 4, 80\u00a0%"
    assert preview.view._heat is not None
    assert preview.view.value_at((10, 10)) == 1


def test_a_network_that_did_not_look_at_the_sos_is_noted_in_the_row_and_in_red_beside_its_picture(dialog, tmp_path, monkeypatch):
    add_model(tmp_path, "detector")
    monkeypatch.setattr("tests.presenters.models.LOOKED_AT_FRAME", 0.001)
    dialog.start.click()
    assert cells(dialog)[0][-1] == "the network did not look at the SOS"
    dialog.table.selectRow(0)
    assert dialog.preview.warning.text().startswith("The network did not look at the SOS.")
    assert "did not look" not in dialog.preview.more.text()


def test_a_picture_that_is_gone_is_said(dialog, tmp_path):
    dialog.start.click()
    (tmp_path / "in" / "1.png").unlink()
    dialog.table.selectRow(1)
    assert dialog.preview.said.text() == "This picture can't be shown."


def test_where_no_program_opens_tables_it_says_where_the_table_is(dialog, monkeypatch, tmp_path):
    dialog.start.click()
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _: False)
    dialog.show_table.click()
    assert dialog.words.text().endswith(f"{tmp_path / 'out' / 'predictions.csv'}. No program opened it.")


def test_the_time_left_is_told_while_it_works(dialog):
    presenter = dialog._presenter
    presenter._show(phase="running", done=10, total=82, seconds_left=130.0)
    assert dialog.words.text().startswith("About 2 min left. What stands in the table is saved already.")


def test_thousands_of_rows_that_were_there_come_bit_by_bit_and_in_order(qtbot, service):
    presenter = FolderBatchPresenter(make_session(None), service)
    rows = [(BatchRow(n=n, item=f"item-{n}", problem="prediction.failed"), f"{n}.png") for n in range(1, 351)]
    presenter.state = FolderBatchState(phase="stopped", wanted=Wanted(Path("in"), Path("out"), Path("net")), rows=tuple(rows[:-1]))
    dialog = BatchDialog(presenter)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.table.rowCount() < 350
    presenter.row.emit(*rows[-1])
    qtbot.waitUntil(lambda: dialog.table.rowCount() == 350)
    assert [row[0] for row in cells(dialog)] == [str(n) for n in range(1, 351)]
    bar = dialog.table.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.value() == bar.maximum() > 0)
