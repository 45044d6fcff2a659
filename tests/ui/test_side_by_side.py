import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from sos_studio.core.errors import JobFailedError
from sos_studio.dataset import predictions
from sos_studio.presenters.prediction import PredictionPresenter
from sos_studio.ui.side_by_side import SideBySideDialog
from tests.presenters.kit import make_project, make_session
from tests.presenters.models import FakeService, add_model


@pytest.fixture
def project(tmp_path):
    with make_project(tmp_path / "p") as made:
        add_model(made.directory, "student", "a", phantom=True)
        add_model(made.directory, "student", "b", phantom=True)
        add_model(made.directory, "teacher", "a")
        add_model(made.directory, "detector", "a")
        yield made


@pytest.fixture
def service():
    return FakeService(stage=4)


@pytest.fixture
def dialog(project, service, qtbot):
    session = make_session(project)
    made = SideBySideDialog(session, PredictionPresenter(session, service))
    made.session = session
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    return made


def choose(dialog, place, text):
    choice = dialog.places[place].choice
    index = next(i for i in range(choice.count()) if text in choice.itemText(i))
    choice.setCurrentIndex(index)
    choice.activated.emit(index)


def test_the_two_newest_stand_there_at_once_and_a_third_can_be_chosen(dialog, service):
    assert [place.said.text() for place in dialog.places] == ["Stage 4, 80\u00a0%", "Stage 4, 80\u00a0%", ""]
    assert [asked[0] for asked in service.asked] == ["student-b", "student-a"]
    choose(dialog, 2, "Detector and teacher")
    assert service.asked[-1][0] == "teacher-a"
    assert "Trained on phantoms" in dialog.places[0].warning.text()
    choose(dialog, 2, "Nothing here")
    assert dialog.places[2].said.text() == ""


def test_zoom_is_linked(dialog):
    first, second = dialog.places[0].view, dialog.places[1].view
    at = QPointF(first.width() / 3, first.height() / 2)
    event = QWheelEvent(
        at,
        first.mapToGlobal(at),
        QPoint(),
        QPoint(0, 480),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(first, event)
    assert second.viewport.scale == pytest.approx(first.viewport.scale)
    assert second.viewport.to_widget((150, 150)).x() == pytest.approx(first.viewport.to_widget((150, 150)).x(), abs=0.01)
    second.viewport.fit()
    second.refresh()
    assert first.viewport.scale == pytest.approx(second.viewport.scale)


def test_each_answer_is_noted_as_shown(dialog, project):
    assert [row.model_id for row in predictions.shown(project, "case-0001")] == ["student-b", "student-a"]
    assert predictions.seen_by(project, "case-0001", "Dr Test")


def test_a_fault_stands_in_its_place_and_the_others_stay(dialog, service):
    service.error = JobFailedError("prediction.worker_died")
    choose(dialog, 1, "Mean of 2")
    assert dialog.places[1].said.text() == "No answer"
    assert "ended unexpectedly" in dialog.places[1].more.text()
    assert dialog.places[0].said.text() == "Stage 4, 80\u00a0%"


@pytest.mark.parametrize(("name", "begins"), [("f.png", b"\x89PNG"), ("f.pdf", b"%PDF")])
def test_it_is_saved_as_a_figure(dialog, tmp_path, name, begins):
    dialog.save_to(tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(begins)


def test_a_heatmap_of_a_chosen_stage_is_not_taken_for_that_of_the_predicted_one(dialog):
    assert "evidence" not in dialog.places[0].more.text()
    dialog.presenter._prediction.set_heat_stage(2)
    choose(dialog, 0, "Network of")
    assert "evidence for stage 2" in dialog.places[0].more.text()
    assert dialog.places[0].said.text() == "Stage 4, 80\u00a0%"
