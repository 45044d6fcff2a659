import numpy as np
import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from sos_studio.core.actions import Action
from sos_studio.core.errors import ProjectError
from sos_studio.core.readings import standing
from sos_studio.core.roi import Roi
from sos_studio.dataset import captures, predictions, readings
from sos_studio.imaging import images
from sos_studio.presenters import staging as staging_module
from sos_studio.services import staging
from sos_studio.ui import reference_card
from sos_studio.ui.dialogs import EvaluatorDialog
from sos_studio.ui.stage_feedback import Feedback
from sos_studio.ui.stage_step import StageStep
from tests.presenters.kit import make_project, make_session, open_case
from tests.presenters.models import add_model


@pytest.fixture
def project(tmp_path):
    with make_project(tmp_path / "p") as made:
        yield made


def make_step(project, qtbot, evaluator="Dr Test"):
    session = make_session(project, evaluator)
    made = StageStep(session)
    panel = made.inspector()
    qtbot.addWidget(made)
    qtbot.addWidget(panel)
    made.resize(840, 660)
    panel.resize(284, 660)
    made.show()
    panel.show()
    qtbot.waitExposed(panel)
    made.session = session
    return made


@pytest.fixture
def step(project, qtbot):
    return make_step(project, qtbot)


def press(step, action):
    step.actions_by_id[action]()


def stands(step, case_id="case-0001"):
    return [(r.evaluator, r.stage) for r in standing(readings.readings(step.session.project, case_id))]


def test_a_key_is_a_reading_and_the_card_and_the_words_say_so(step):
    press(step, Action.STAGE_4)
    assert stands(step) == [("Dr Test", 4)]
    card = step.inspector().card
    assert [row.isChecked() for row in card.rows] == [False, False, False, True, False]
    assert "✓ Saved" in step._feedback.saved.text()
    assert "Dr Test" in step._feedback.saved.text()


def test_a_row_of_the_card_is_a_button_too(step):
    QTest.mouseClick(step.inspector().card.rows[1], Qt.MouseButton.LeftButton)
    assert stands(step) == [("Dr Test", 2)]


def test_every_stage_has_words_a_drawing_and_its_key(step):
    rows = step.inspector().card.rows
    assert len({row.accessibleName() for row in rows}) == 5
    for number, row in enumerate(rows, start=1):
        assert f"({number})" in row.toolTip()
        assert len(row.accessibleName()) > len("Stage 1: ")
    pictures = [row.grab().toImage() for row in rows]
    assert all(pictures[0] != other for other in pictures[1:])


def test_what_could_not_be_saved_is_said_and_not_ticked(step, monkeypatch):
    def full(*args, **kwargs):
        raise ProjectError("project.disk_full", project="p")

    monkeypatch.setattr(staging_module.staging, "stage", full)
    press(step, Action.STAGE_3)
    assert step._feedback.saved.text() == "✕ Not saved"
    assert not any(row.isChecked() for row in step.inspector().card.rows)


def test_confidence_ambiguity_and_remark_by_keys(step):
    press(step, Action.STAGE_3)
    press(step, Action.CONFIDENCE)
    press(step, Action.AMBIGUOUS)
    press(step, Action.REMARK)
    remark = step.inspector().remark
    assert QApplication.focusWidget() is remark
    QTest.keyClicks(remark, "metal 12")
    QTest.keyClick(remark, Qt.Key.Key_Return)
    assert not remark.hasFocus()
    (reading,) = standing(readings.readings(step.session.project, "case-0001"))
    assert (reading.stage, reading.confidence, reading.ambiguous, reading.remark) == (3, "low", True, "metal 12")


def test_the_crop_is_shown_large_with_its_frame_on_the_full_image(step):
    project, capture = step.session.project, step.session.capture
    roi = Roi.of((180.0, 140.0), 30.0, 80.0)
    n, crop8 = staging.store_roi(project, capture.capture_id, roi)
    step.session.set_roi(roi, n)
    assert step.crop_view.value_at((0.0, 0.0)) == int(crop8[0, 0])
    assert (images.read_gray(captures.crop_path(project, capture.capture_id, n)) == crop8).all()
    assert step.crop_view.width() > 2 * step.crop_view.height() * 0.8
    assert not step.full_view.grab().isNull()


def test_without_a_crop_it_says_what_to_do_and_staging_still_works(step):
    assert "Crop (Ctrl+2)" in step.crop_view.empty_text
    press(step, Action.STAGE_1)
    (reading,) = readings.readings(step.session.project, "case-0001")
    assert reading.shown == "full_image"


def test_a_reading_without_a_name_asks_who_reads_and_then_goes_on(project, qtbot):
    step = make_step(project, qtbot, evaluator="")
    press(step, Action.STAGE_2)
    dialog = step.findChild(EvaluatorDialog)
    assert dialog is not None
    assert stands(step) == []
    dialog._name.setText("Dr New")
    dialog.accept()
    assert stands(step) == [("Dr New", 2)]


def test_the_next_case_starts_blank(step):
    press(step, Action.STAGE_5)
    press(step, Action.CONFIDENCE)
    open_case(step.session, "case-0002")
    assert not any(row.isChecked() for row in step.inspector().card.rows)
    assert not any(chip.isChecked() for chip in step.inspector()._chips.values())
    assert step._feedback.saved.text() == ""


def test_undo_unticks_the_card(step):
    press(step, Action.STAGE_5)
    step.session.undo.undo()
    assert stands(step) == []
    assert not any(row.isChecked() for row in step.inspector().card.rows)


def test_without_a_case_nothing_can_be_pressed_and_it_says_why(project, qtbot):
    step = make_step(None, qtbot)
    assert not step.inspector().card.isEnabled()
    assert "Orient" in step.crop_view.empty_text


def test_taking_a_case_in_again_by_key_leaves_the_keys_beside_the_button(step, qtbot):
    box = step.exclusion
    box.presenter.exclude("motion")
    qtbot.waitUntil(box.take_in.isVisible)
    box.take_in.setFocus()
    QTest.keyClick(box.take_in, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not box.take_in.isVisible())
    assert box.ask.hasFocus()


def test_the_stages_drawings_are_drawn_once_and_not_at_every_case(step, monkeypatch):
    drawn = []
    monkeypatch.setattr(reference_card, "paint_stage", lambda _painter, _room, stage: drawn.append(stage))
    card = step.inspector().card
    card.resize(284, 420)
    card.grab()
    drawn.clear()
    for stage in (1, 3):
        card.set_stage(stage)
        card.grab()
    assert drawn == []
    card.resize(520, 600)
    card.grab()
    assert sorted(drawn) == [1, 2, 3, 4, 5]


def test_a_revealed_prediction_of_a_phantom_trained_network_says_so_in_red(step, project, qtbot):
    add_model(project.directory, "student", phantom=True)
    capture_id = step.session.capture.capture_id
    sure = (0.0, 0.0, 0.0, 0.2, 0.8)
    predictions.record_shown(project, capture_id, model_id="student-a", stage=5, probabilities=sure, evaluator="Dr Other")
    step.presenter.choose(3)
    feedback = step.findChild(Feedback)
    assert not feedback.origin.isVisible()
    step.presenter.reveal()
    assert "Prediction: stage 5" in feedback.revealed.text()
    assert feedback.origin.isVisible()
    assert feedback.origin.objectName() == "alarm"
    assert "Trained on phantoms" in feedback.origin.text()
    open_case(step.session, "case-0002")
    assert feedback.origin.text() == ""


def test_a_revealed_prediction_is_as_unsure_as_it_was_in_predict(step, project):
    unsure = (0.2, 0.2, 0.2, 0.14, 0.26)
    predictions.record_shown(
        project, step.session.capture.capture_id, model_id="student-a", stage=5, probabilities=unsure, evaluator="Dr Other"
    )
    step.presenter.choose(3)
    step.presenter.reveal()
    assert "Prediction: unsure (stage 5, 26 %)" in step.findChild(Feedback).revealed.text()


@pytest.mark.parametrize("size", [(900, 300), (500, 400), (840, 660)])
@pytest.mark.parametrize("zoom", [1.0, 3.0])
def test_the_names_of_the_sides_lie_wholly_on_the_picture(step, size, zoom):
    view = step.crop_view
    view.set_picture(np.zeros((31, 62), dtype=np.uint8))
    view.resize(*size)
    view.viewport.set_widget(view.size())
    view.viewport.zoom(zoom)
    picture = view.viewport.picture().intersected(QRectF(view.rect()))
    metrics = QFontMetricsF(view.font())
    for at, name in zip(view.side_names(), ("endocranial", "ectocranial"), strict=True):
        words = QRectF(at.x(), at.y() - metrics.ascent(), metrics.horizontalAdvance(name), metrics.height())
        assert picture.contains(words), name
