from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from sos_studio.core.errors import JobFailedError
from sos_studio.dataset import captures, predictions
from sos_studio.presenters import side_by_side
from sos_studio.presenters.prediction import PredictionPresenter
from sos_studio.services import acquaintance, staging
from sos_studio.ui.side_by_side import SideBySideDialog
from tests.presenters.kit import make_project, make_session
from tests.presenters.models import DETECTED, FakeService, add_model


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


def test_the_network_that_is_chosen_in_predict_stands_first(project, service, qtbot):
    add_model(project.directory, "student", "c")
    session = make_session(project)
    prediction = PredictionPresenter(session, service)
    prediction.choose_model("student-a")
    qtbot.addWidget(SideBySideDialog(session, prediction))
    assert [asked[0] for asked in service.asked] == ["student-a", "student-c"]


def test_a_heatmap_without_any_place_is_said_to_be_empty(dialog, service, monkeypatch):
    assert dialog.places[0].view.shown_banner == ""
    answer = service.predict
    monkeypatch.setattr(service, "predict", lambda *args, **wanted: nowhere(answer(*args, **wanted)))
    choose(dialog, 1, "Mean of 2")
    assert dialog.places[1].view.shown_banner.startswith("The heatmap is empty")


def test_each_place_says_whether_its_network_knows_the_case_and_how_often_it_is_right(project, service, qtbot, monkeypatch):
    def known(_project, card, _case_id):
        return "learned" if card.model_id == "student-b" else "unknown"

    monkeypatch.setattr(acquaintance, "acquaintance", known)
    session = make_session(project)
    dialog = SideBySideDialog(session, PredictionPresenter(session, service))
    qtbot.addWidget(dialog)
    knowing, stranger = dialog.places[:2]
    assert "It learned from this very case." in knowing.warning.text()
    assert "learned from" not in stranger.warning.text()
    assert "Unknown if it learned from this case." in stranger.more.text()
    assert "Right in 27 of 40 cases it had never seen (68\u00a0%; guessing: 20\u00a0%)." in stranger.more.text()
    choose(dialog, 2, "Mean of 2")
    assert "was not measured" in dialog.places[2].more.text()
    assert "It learned from this very case." in dialog.places[2].warning.text()


def test_pictures_are_alike_however_much_is_said_below_them(dialog):
    dialog.places[0].warning.setText("Trained on phantoms.\n" * 8)
    QApplication.processEvents()
    assert len({place.view.geometry().height() for place in dialog.places}) == 1
    assert max(place.view.width() for place in dialog.places) - min(place.view.width() for place in dialog.places) <= 1


def nowhere(result):
    return replace(result, heat01_vu=np.zeros_like(result.heat01_vu))


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
    choose(dialog, 0, "Student (")
    assert "evidence for stage 2" in dialog.places[0].more.text()
    assert dialog.places[0].said.text() == "Stage 4, 80\u00a0%"


def test_places_are_named_by_what_stands_there(dialog):
    offered = [dialog.places[0].choice.itemText(n) for n in range(dialog.places[0].choice.count())]
    assert offered[0] == "Nothing here"
    assert any(title.startswith("Student (2026-11-20") for title in offered)
    assert any(title.startswith("Detector and teacher (2026-11-20") for title in offered)
    assert "Mean of 2 students" in offered
    assert not any("Network" in title for title in offered)


def test_the_same_networks_stand_there_when_it_comes_back(project, service, qtbot):
    session = make_session(project)
    prediction = PredictionPresenter(session, service)
    first = SideBySideDialog(session, prediction)
    qtbot.addWidget(first)
    choose(first, 0, "Nothing here")
    choose(first, 2, "Mean of 2")
    again = SideBySideDialog(session, prediction, before=first.presenter.chosen)
    qtbot.addWidget(again)
    assert again.presenter.chosen == first.presenter.chosen
    assert [place.said.text() for place in again.places] == ["", "Stage 4, 80\u00a0%", "Stage 4, 80\u00a0%"]


def test_the_zoom_goes_to_the_frame_in_all_pictures_and_back(dialog):
    whole = dialog.places[0].view.viewport.scale
    dialog.zoom.click()
    assert dialog.zoom.text() == "&Whole picture"
    for place in dialog.places[:2]:
        port, middle = place.view.viewport, place.view.rect().center()
        assert port.scale > 1.5 * whole
        assert port.to_widget(DETECTED.center_uv).x() == pytest.approx(middle.x(), abs=2)
    dialog.zoom.click()
    assert dialog.places[1].view.viewport.scale == pytest.approx(whole)


def test_colours_and_frames_have_a_legend(dialog):
    assert dialog.legend.accessibleName() == "Colours from little attention to most, detector's frame"
    before = dialog.legend.grab().toImage()
    choose(dialog, 0, "Nothing here")
    choose(dialog, 1, "Nothing here")
    assert dialog.legend.accessibleName() == "Colours from little attention to most"
    assert dialog.legend.grab().toImage() != before
    assert not dialog.zoom.isEnabled()


def test_what_the_readers_made_of_the_case_stands_above_unless_somebody_reads_blinded(project, service, qtbot):
    (capture,) = captures.captures(project, "case-0001")
    session = make_session(project)

    def told():
        made = SideBySideDialog(session, PredictionPresenter(session, service))
        qtbot.addWidget(made)
        return made.readers.text()

    assert told() == "case-0001 · no consensus of the readers yet"
    staging.stage(project, "case-0001", capture.capture_id, None, "Dr Other", 5)
    assert told() == "case-0001 · consensus of the readers: stage 5"
    session.blinding.set_on(True)
    assert "5" not in told().partition("·")[2]


def test_where_the_figure_is_stands_in_the_window_itself(dialog, tmp_path):
    dialog.save_to(tmp_path / "f.png")
    assert dialog.words.text().startswith(f"The figure is {tmp_path / 'f.png'}.")
    (tmp_path / "file").write_text("")
    dialog.save_to(tmp_path / "file" / "f.png")
    assert dialog.words.property("alarm")
    assert "can't be written" in dialog.words.text()


def test_what_is_zoomed_to_is_what_is_saved_unless_the_whole_is_wanted(dialog, tmp_path, monkeypatch):
    parts = []
    monkeypatch.setattr(side_by_side, "draw_figure", lambda full8, panels, *, part, **_: parts.append(part) or b"x")
    assert dialog.as_shown.isHidden()
    dialog.save_to(tmp_path / "f.png")
    dialog.zoom.click()
    assert not dialog.as_shown.isHidden()
    dialog.save_to(tmp_path / "f.png")
    dialog.as_shown.setChecked(False)
    dialog.save_to(tmp_path / "f.png")
    dialog.zoom.click()
    assert dialog.as_shown.isHidden()
    whole, zoomed, again = parts
    assert whole is None
    assert again is None
    left, top, right, bottom = zoomed
    assert right - left < 300
    assert (left + right) / 2 == pytest.approx(DETECTED.center_uv[0], abs=2)
    corners = DETECTED.corners_uv
    assert left < corners[:, 0].min() < corners[:, 0].max() < right
    assert top < corners[:, 1].min() < corners[:, 1].max() < bottom


def test_it_says_that_a_figure_is_being_written(dialog):
    dialog._on_state(replace(dialog.presenter.state, saving=True))
    assert dialog.words.text() == "The figure is being written …"
    assert not dialog.save.isEnabled()
