import pytest

from sos_studio.core.errors import JobFailedError
from sos_studio.dataset import predictions
from sos_studio.presenters.prediction import PredictionPresenter
from sos_studio.ui.teaching_dialog import TeachingDialog
from tests.presenters.kit import make_project, make_session
from tests.presenters.models import FakeService, add_model


@pytest.fixture
def project(tmp_path):
    with make_project(tmp_path / "p") as made:
        add_model(made.directory, "student", "a")
        yield made


def make(project, service, qtbot):
    session = make_session(project)
    dialog = TeachingDialog(session, PredictionPresenter(session, service))
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def test_every_unstaged_case_is_listed_with_why_and_without_a_stage(project, qtbot):
    dialog = make(project, FakeService(sure=0.3), qtbot)
    assert [dialog.table.item(row, 0).text() for row in range(2)] == ["case-0001", "case-0002"]
    assert dialog.table.item(0, 1).text() == "the network is unsure"
    assert predictions.shown(project, "case-0001") == []


def test_a_double_click_asks_for_the_case_and_closes(project, qtbot):
    dialog = make(project, FakeService(), qtbot)
    wanted = []
    dialog.case_wanted.connect(wanted.append)
    dialog.table.itemActivated.emit(dialog.table.item(1, 0))
    assert wanted == ["case-0002"]
    assert not dialog.isVisible()


def test_a_predictor_that_does_not_start_is_told(project, qtbot):
    service = FakeService()
    service.error = JobFailedError("prediction.cant_start", reason="no room")
    dialog = make(project, service, qtbot)
    assert "could not be started" in dialog.words.text()


def test_phantom_trained_networks_are_called_so_in_red_here_too(project, qtbot):
    add_model(project.directory, "student", "b", phantom=True)
    dialog = make(project, FakeService(), qtbot)
    assert dialog.origin.isVisible()
    assert dialog.origin.objectName() == "alarm"
    assert "Trained on phantoms" in dialog.origin.text()
