import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel, QScrollArea

from sos_studio.core.actions import Action
from sos_studio.core.captures import OrientationRecord
from sos_studio.core.errors import BadInputError, JobFailedError
from sos_studio.core.manifests import Manifest, ManifestEntry
from sos_studio.core.predictions import Nearness, PredictedRoi, StageSet
from sos_studio.core.roi import Roi
from sos_studio.dataset import predictions, readings
from sos_studio.services import job_care
from sos_studio.ui import heat_view, predict_words, theme
from sos_studio.ui.frame_painter import frame_polygon
from sos_studio.ui.predict_step import PredictStep
from tests.presenters.kit import Slow, make_project, make_session, open_case
from tests.presenters.models import FakeService, add_model


@pytest.fixture
def project(tmp_path):
    with make_project(tmp_path / "p") as made:
        yield made


@pytest.fixture
def service():
    return FakeService(stage=4)


def make_step(project, service, qtbot, background=None):
    session = make_session(project, background=background)
    made = PredictStep(session, service=service)
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
def step(project, service, qtbot):
    add_model(project.directory, "student", phantom=True)
    add_model(project.directory, "detector")
    return make_step(project, service, qtbot)


def test_the_answer_is_in_figures_and_words(step):
    step.actions_by_id[Action.PREDICT]()
    panel = step.panel
    assert panel.stage.text() == "Stage 4"
    assert panel.bars.probabilities == pytest.approx((0.05, 0.05, 0.05, 0.8, 0.05))
    assert "stage 4: 80 %" in panel.bars.accessibleDescription()
    assert panel.expected.text() == "Probability-weighted mean: stage 3.75"
    assert panel.attention.text() == "Attention inside the detector's frame: 35\u00a0% (spread evenly: 2.7\u00a0%)"


def test_phantom_trained_and_from_scratch_are_said_in_red(step):
    assert step.panel.phantom.isVisible()
    assert step.panel.phantom.text() == "Trained on phantoms, not on patients, and from scratch: for trying out only."
    assert step.panel.phantom.objectName() == "alarm"


def test_how_often_the_network_is_right_stands_below_its_name_beside_what_guessing_gives(step, project, service, qtbot):
    quality = step.panel.quality
    assert quality.text() == "Right in 27 of 40 cases it had never seen (68\u00a0%; guessing: 20\u00a0%)."
    assert not quality.property("alarm")
    card_file = project.path("models", "student-a", "model.json")
    card_file.write_text(card_file.read_text().replace('"correct": 27', '"correct": 12'))
    poor = make_step(project, service, qtbot).panel.quality
    assert "12 of 40" in poor.text()
    assert poor.property("alarm")  # wrong more often than right


def test_networks_are_named_by_what_they_are_and_by_what_somebody_called_their_training(project, service, qtbot):
    of = {"job_id": "20261120-100000-retrain-aa", "fitted_cases": {"n": 137}, "calibration": {"n": 23}}
    for name, more in (("a", {}), ("b", of)):
        card_file = project.path("models", add_model(project.directory, "student", name), "model.json")
        card_file.write_text(json.dumps({**json.loads(card_file.read_text()), **more}))
    job = project.path("jobs", of["job_id"])
    job.mkdir(parents=True)
    job_care.rename(job, "Second try")
    models = make_step(project, service, qtbot).panel._models
    assert sorted(models.itemText(n) for n in range(2)) == ["Second try: Student (2026-11-20, 160 cases), in use", "Student (2026-11-20)"]
    assert "27 of 40" in models.itemData(0, Qt.ItemDataRole.ToolTipRole)


def test_a_network_that_is_not_the_one_in_use_is_called_so(project, service, qtbot):
    for name in "ab":
        add_model(project.directory, "student", name)
    step = make_step(project, service, qtbot)
    assert not step.panel.quality.text().startswith("Not the network in use.")
    step.presenter.choose_model(
        next(e.card.model_id for e in step.presenter.state.students if e.card.model_id != step.presenter.state.used)
    )
    assert step.panel.quality.text().startswith("Not the network in use. Right in 27 of 40")


def test_two_networks_of_one_day_are_told_apart_by_the_time(project, service, qtbot):
    for name in "ab":
        add_model(project.directory, "student", name)
    models = make_step(project, service, qtbot).panel._models
    assert len({models.itemText(n).removesuffix(", in use") for n in range(2)}) == 1  # made within one minute
    card_file = project.path("models", "student-a", "model.json")
    card_file.write_text(card_file.read_text().replace("T10:00", "T11:30"))
    models = make_step(project, service, qtbot).panel._models
    assert len({models.itemText(n) for n in range(2)}) == 2


def test_it_is_said_that_the_network_learned_from_this_very_case(project, service, qtbot):
    model = add_model(project.directory, "student")
    card_file = project.path("models", model, "model.json")
    entry = {
        "case_id": "case-0001", "patient": "p1", "capture_id": "c", "stage": 1, "fold": 1, "shape_vu": [8, 8], "spacing_mm": None,
        "full_image": {"path": "x", "sha256": "0"},
    }  # fmt: skip
    manifest = Manifest(manifest_id="m1", project_id="p", software="s", entries=(ManifestEntry.model_validate(entry),))
    project.path("manifests").mkdir(exist_ok=True)
    project.path("manifests", "m1.json").write_text(manifest.model_dump_json())
    assert card_file.is_file()
    step = make_step(project, service, qtbot)
    assert not step.panel.known.isVisible()
    step.actions_by_id[Action.PREDICT]()
    assert step.panel.known.text() == "It learned from this very case."
    assert "says nothing" in step.panel.known.toolTip()
    assert step.panel.known.property("alarm")
    open_case(step.session, "case-0002")
    assert not step.panel.known.isVisible()
    step.actions_by_id[Action.PREDICT]()
    assert step.panel.known.text() == "It never learned from this patient."


def test_a_detector_that_finds_nothing_is_told(step, service, monkeypatch):
    monkeypatch.setattr(service, "find_frame", lambda *_, **__: None)
    step.actions_by_id[Action.PREDICT]()
    assert step.panel.frame_doubt.isVisible()
    assert step.panel.frame_doubt.text().startswith("The detector found no SOS in this image")


def test_a_detector_that_is_hardly_sure_of_its_frame_is_told(step, service, monkeypatch):
    step.actions_by_id[Action.PREDICT]()
    assert not step.panel.frame_doubt.isVisible()
    monkeypatch.setattr(service, "find_frame", lambda *_, **__: PredictedRoi.of(Roi.of((170, 140), 0.0, 60.0), "detector", 0.37))
    step.actions_by_id[Action.PREDICT]()
    assert step.panel.frame_doubt.text().startswith("The detector is only 37\u00a0% sure of its frame.")


def test_a_detector_that_is_gone_is_told_and_the_stage_stands(step, service, monkeypatch):
    def gone(*_, **__):
        raise BadInputError("prediction.no_model", model="detector-a")

    monkeypatch.setattr(service, "find_frame", gone)
    step.actions_by_id[Action.PREDICT]()
    assert step.panel.stage.text() == "Stage 4"
    assert step.panel.frame_doubt.text().startswith(
        "The detector could not look for the SOS: The files of the network detector-a are missing."
    )


@pytest.mark.parametrize(("middle", "elsewhere"), [((20, 280), True), ((170, 140), False)])
def test_attention_that_lies_elsewhere_is_said_in_red(step, service, monkeypatch, middle, elsewhere):
    frame = Roi.of(middle, 0.0, 20.0)
    monkeypatch.setattr(service, "find_frame", lambda *_, **__: PredictedRoi.of(frame, "detector", 0.8))
    step.actions_by_id[Action.PREDICT]()
    assert bool(step.panel.attention.property("alarm")) is elsewhere
    assert step.panel.attention.text().startswith("The network did not look at the SOS.") is elsewhere
    assert "(spread evenly: 0.2\u00a0%)" in step.panel.attention.text()


@pytest.mark.parametrize(("middle", "said"), [((215, 150), True), ((180, 150), False)])
def test_that_the_strongest_place_lies_outside_of_the_frame_is_said(step, service, monkeypatch, middle, said):
    frame = Roi.of(middle, 0.0, 40.0)
    monkeypatch.setattr(service, "find_frame", lambda *_, **__: PredictedRoi.of(frame, "detector", 0.8))
    step.actions_by_id[Action.PREDICT]()
    assert not step.panel.attention.property("alarm")
    assert step.panel.attention.text().endswith(". Its strongest place lies elsewhere.") is said


def test_why_there_are_no_stages_with_certainty_is_said(step):
    step.actions_by_id[Action.PREDICT]()
    assert step.panel.stage_set.isVisible()
    assert "unknown for this network" in step.panel.stage_set.text()


def test_the_attention_for_a_chosen_stage_names_it(step):
    step.actions_by_id[Action.PREDICT]()
    step.panel.heat.stage.setCurrentIndex(2)
    step.panel.heat.stage.activated.emit(2)
    assert step.panel.attention.text().startswith("Attention for stage 2 inside the detector's frame: ")


def test_a_student_of_patients_without_starting_weights_says_so_in_red_on_panel_and_picture(project, service, qtbot, monkeypatch):
    add_model(project.directory, "student", phantom=False, from_scratch=True)
    step = make_step(project, service, qtbot)
    assert step.panel.phantom.isVisible()
    assert step.panel.phantom.text() == "Trained from scratch, without learned starting weights."
    plain = step.view.grab().toImage()
    step.actions_by_id[Action.PREDICT]()
    step.actions_by_id[Action.TOGGLE_HEATMAP]()
    assert red_pixels(step.view.grab().toImage()) > red_pixels(plain) + 100


def red_pixels(image):
    found = pixels(image)
    return int(((found[..., 0] > 150) & (found[..., 0] - found[..., 1] > 70) & (found[..., 0] - found[..., 2] > 70)).sum())


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [(4, 4, ": stage 4"), (3, 4, ": stage 3 or 4"), (2, 4, ": stage 2 to 4"), (1, 5, " no stage can be ruled out")],
)
def test_the_stages_that_hold_the_true_one_are_told_and_bracketed(step, service, first, last, words):
    service.stage_set = StageSet(first=first, last=last, coverage=0.9, cases=23)
    step.actions_by_id[Action.PREDICT]()
    assert step.panel.stage_set.text() == f"With 90\u00a0% certainty{words}"
    assert "23 cases" in step.panel.stage_set.toolTip()
    with_bracket = step.panel.bars.grab().toImage()
    step.panel.bars.set_stage_set(None)
    assert step.panel.bars.grab().toImage() != with_bracket


def test_a_picture_unlike_the_training_data_is_told_in_red_beside_and_on_the_picture(step, service):
    service.familiarity = Nearness(distance=1.2, threshold=1.8, cases=23)
    step.actions_by_id[Action.PREDICT]()
    assert not step.panel.unlike.isVisible()
    step.actions_by_id[Action.TOGGLE_HEATMAP]()
    usual = step.view.grab().toImage()
    service.familiarity = Nearness(distance=5.4, threshold=1.8, cases=23)
    step.actions_by_id[Action.PREDICT]()
    assert step.panel.unlike.isVisible()
    assert "3.0 times as far" in step.panel.unlike.text()
    assert step.panel.stage.text() == "Not reliable"
    assert step.panel.stage_set.text() == "No certainty is promised for a picture unlike the training data."
    assert step.panel.bars.stage_set is None
    assert step.panel.unlike.objectName() == "alarm"
    assert red_pixels(step.view.grab().toImage()) > red_pixels(usual) + 100


def test_a_stage_that_holds_while_the_plane_is_moved_is_robust(step, service):
    assert not step.panel.holding.isVisible()
    step.actions_by_id[Action.PREDICT]()
    on_record = predictions.shown(step.session.project, "case-0001")
    step.panel.holding.ask.click()
    assert "Robust: stage 4 in all 7 views" in step.panel.holding.found.text()
    assert "only within the picture" in step.panel.holding.found.text()
    assert "picture turned −2°: stage 4" in step.panel.holding.found.toolTip()
    assert predictions.shown(step.session.project, "case-0001") == on_record  # views are no predictions of the case


def test_an_unsure_stage_that_holds_is_still_called_unsure(step, service):
    service.sure = 0.24
    service.stage = 4
    step.actions_by_id[Action.PREDICT]()
    step.panel.holding.ask.click()
    assert step.panel.holding.found.text().startswith("Still unsure: stage 4 stays the most likely in all 7 views")
    assert "Robust" not in step.panel.holding.found.text()


def test_where_only_the_picture_was_moved_the_way_to_the_scan_is_offered(step, qtbot):
    step.actions_by_id[Action.PREDICT]()
    row = step.panel.holding
    row.ask.click()
    assert not row.open.isVisible()  # an imported picture has no scan
    capture, plane = step.session.capture, {"center_lps_mm": (0, 0, 0), "roll_deg": 0, "yaw_deg": 0, "pitch_deg": 0}
    of_a_scan = capture.record.model_copy(update={"series_hash": "a" * 64, "orientation": OrientationRecord.model_validate(plane)})
    step.session.set_capture(replace(capture, record=of_a_scan))
    step.actions_by_id[Action.PREDICT]()
    assert not row.open.isVisible()
    row.ask.click()
    assert row.open.isVisible()
    assert not row.ask.isVisible()
    with qtbot.waitSignal(step.case_scan_wanted):
        row.open.click()
    for coarse in (True, False):
        step.session.scan = SimpleNamespace(coarse=coarse, volume=SimpleNamespace(series_hash="a" * 64))
        step.holding._on_scan(step.session.scan)
        assert row.ask.isVisible() is not coarse
    assert not row.open.isVisible()


def test_a_stage_that_changes_while_the_plane_is_moved_is_fragile_with_the_stages_seen(step, service, monkeypatch):
    step.actions_by_id[Action.PREDICT]()
    stages = iter([4, 4, 3, 4, 3, 5])
    predict = service.predict

    def otherwise(*args, **kwargs):
        service.stage = next(stages)
        return predict(*args, **kwargs)

    monkeypatch.setattr(service, "predict", otherwise)
    step.panel.holding.ask.click()
    assert step.panel.holding.found.text().startswith("Fragile: stage 4 in 4, 3 in 2, 5 in 1 of 7 views")
    assert step.panel.holding.found.property("alarm")
    step.session.set_case(None)
    assert not step.panel.holding.isVisible()


def test_a_fault_while_the_plane_is_moved_is_told_and_it_can_be_asked_again(step, service):
    step.actions_by_id[Action.PREDICT]()
    told = []
    step.session.message.connect(lambda message, severity: told.append(message.code))
    service.error = JobFailedError("prediction.worker_died")
    step.panel.holding.ask.click()
    assert told == ["prediction.worker_died"]
    assert step.panel.holding.ask.isVisible()


def test_words_of_papers_and_raw_network_names_stand_in_tooltips_only(step):
    shown = " ".join(label.text() for label in step.panel.findChildren(QLabel)) + step.panel._models.currentText()
    assert not [word for word in ("eld-out", "convnext", "kappa", "ImageNet") if word in shown]
    assert step.panel.quality.toolTip().startswith("Student convnext_atto, trained 2026-11-20")


def test_a_student_of_patients_carries_no_red(project, service, qtbot):
    add_model(project.directory, "student", phantom=False, from_scratch=False)
    step = make_step(project, service, qtbot)
    assert not step.panel.phantom.isVisible()
    assert "ImageNet weights, learned on everyday pictures" in step.panel.quality.toolTip()


def test_the_heatmap_colours_the_place_of_attention_and_can_be_switched_off(step):
    before = step.view.grab().toImage()
    step.actions_by_id[Action.PREDICT]()
    at = step.view.viewport.to_widget((180, 150)).toPoint()
    away = step.view.viewport.to_widget((20, 280)).toPoint()
    on = step.view.grab().toImage().pixelColor(at)
    assert on.red() > on.blue() + 30
    far = step.view.grab().toImage().pixelColor(away)
    assert abs(far.red() - far.blue()) < 12
    step.actions_by_id[Action.TOGGLE_HEATMAP]()
    off = step.view.grab().toImage().pixelColor(at)
    assert abs(off.red() - off.blue()) < 3
    assert abs(off.red() - before.pixelColor(at).red()) < 3
    assert not step.panel.heat.heat_on.isChecked()


def test_opacity_and_colours_change_the_picture(step):
    step.actions_by_id[Action.PREDICT]()
    at = step.view.viewport.to_widget((180, 150)).toPoint()
    step.panel.heat.opacity.setValue(100)
    strong = step.view.grab().toImage().pixelColor(at)
    step.panel.heat.opacity.setValue(10)
    weak = step.view.grab().toImage().pixelColor(at)
    assert strong.red() - strong.blue() > weak.red() - weak.blue() + 20
    step.panel.heat.opacity.setValue(100)
    step.panel.heat.colour_map.setCurrentIndex(1)
    step.panel.heat.colour_map.activated.emit(1)
    green = step.view.grab().toImage().pixelColor(at)
    assert green != strong


def test_the_highest_attention_is_painted_on_its_pixel_at_any_zoom_and_facing(step, qtbot):
    step.actions_by_id[Action.PREDICT]()
    heat = step.presenter.state.shown.heat01_vu
    row, column = (int(n) for n in np.unravel_index(heat.argmax(), heat.shape))
    step.panel.heat.opacity.setValue(100)
    for zoom, mirrored in ((1.0, False), (2.0, False), (1.0, True)):
        step.view.viewport.fit()
        step.view.set_mirrored(mirrored)
        step.view.viewport.zoom(zoom, step.view.viewport.to_widget((column, row)))
        step.view.refresh()
        step.actions_by_id[Action.TOGGLE_HEATMAP]()
        plain = pixels(step.view.grab().toImage())
        step.actions_by_id[Action.TOGGLE_HEATMAP]()
        warm = pixels(step.view.grab().toImage()) - plain
        at = step.view.viewport.to_widget((column, row))
        reach = 40 * step.view.viewport.scale
        rows, columns = np.mgrid[0 : warm.shape[0], 0 : warm.shape[1]]
        near = np.hypot(columns - at.x(), rows - at.y()) < reach
        weight = np.clip(warm[..., 0] - warm[..., 2], 0, None) * near
        found = ((weight * columns).sum() / weight.sum(), (weight * rows).sum() / weight.sum())
        assert np.hypot(found[0] - at.x(), found[1] - at.y()) < 2 * step.view.viewport.scale  # two pixels: noise of the bone below


def pixels(image):
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return raw[:, : image.width(), 2::-1].astype(np.int32)


def test_the_value_under_the_pointer_is_that_of_the_pixel(step, qtbot):
    step.actions_by_id[Action.PREDICT]()
    assert step.view.attention_pointed is None
    before = step.view.grab().toImage()
    qtbot.mouseMove(step.view, step.view.viewport.to_widget((200, 160)).toPoint())
    heat = step.presenter.state.shown.heat01_vu
    assert step.view.attention_pointed == pytest.approx(float(heat[160, 200]), abs=0.05)
    assert step.view.grab().toImage() != before
    qtbot.mouseMove(step.view, QPoint(1, 1))
    assert step.view.attention_pointed is None


def test_the_outline_is_drawn_where_the_attention_crosses_the_threshold(step):
    step.actions_by_id[Action.PREDICT]()
    plain = pixels(step.view.grab().toImage())
    step.panel.heat.outline_on.click()
    assert step.presenter.state.outline == 0.5
    changed = np.argwhere((pixels(step.view.grab().toImage()) != plain).any(axis=2))
    heat = step.presenter.state.shown.heat01_vu
    values = []
    for y, x in changed:
        u, v = step.view.viewport.to_uv(QPointF(x + 0.5, y + 0.5))
        values.append(heat[min(max(round(v), 0), 299), min(max(round(u), 0), 399)])
    assert len(values) > 50
    assert 0.35 < min(values) <= 0.5 <= max(values) < 0.65
    step.panel.heat.outline.setValue(80)
    assert step.presenter.state.outline == 0.8
    step.panel.heat.outline_on.click()
    assert step.presenter.state.outline is None


def test_stage_and_method_of_the_heatmap_are_chosen_in_the_inspector(step, service):
    step.actions_by_id[Action.PREDICT]()
    heat = step.panel.heat
    heat.stage.setCurrentIndex(heat.stage.findData(2))
    heat.stage.activated.emit(heat.stage.currentIndex())
    heat.method.setCurrentIndex(heat.method.findData("hires-cam"))
    heat.method.activated.emit(heat.method.currentIndex())
    assert service.heats[-1] == (2, "hires-cam")
    assert step.panel.stage.text() == "Stage 4"


def test_confirm_and_correct_write_readings_after_the_ai(step):
    step.actions_by_id[Action.PREDICT]()
    assert step.panel.foot.confirm.text() == "Confirm stage 4"
    step.panel.foot.confirm.click()
    assert "after seeing the AI" in step.panel.foot.saved.text()
    step.actions_by_id[Action.STAGE_3]()
    rows = readings.readings(step.session.project, "case-0001")
    assert [(r.stage, r.ai_seen) for r in rows] == [(4, True), (3, True)]
    assert [chip.isChecked() for chip in step.panel.foot.corrections] == [False, False, True, False, False]


def test_every_empty_state_says_what_to_do_next(project, service, qtbot):
    step = make_step(project, service, qtbot)
    assert "Retrain all" in step.panel._words.text()
    assert "Predict ▸ Import network" in step.panel._words.text()
    assert not step.panel.predict_button.isEnabled()
    assert not step.view.grab().isNull()
    add_model(project.directory, "student")
    step.session.models_changed.emit()
    assert "Ctrl+P" in step.panel._words.text()
    assert step.panel.predict_button.isEnabled()
    step.session.set_case(None)
    assert "Orient" in step.panel._words.text()


def test_a_fault_is_one_sentence_and_the_button_stays(step, service):
    service.error = JobFailedError("prediction.timeout", seconds=180)
    step.actions_by_id[Action.PREDICT]()
    assert step.panel.predict_button.isEnabled()
    assert not step.view.grab().isNull()
    assert step.presenter.state.problem.text.startswith("The predictor gave no answer")


def test_both_frames_are_drawn_each_with_its_name(step):
    step.session.set_roi(Roi.of((180.0, 150.0), 30.0, 90.0), 1)
    before = step.view.grab().toImage()
    step.actions_by_id[Action.PREDICT]()
    assert step.presenter.state.shown.detector_frame is not None
    assert step.view.grab().toImage() != before
    assert "evaluator's frame" in step.panel.attention.text()


def test_the_name_of_a_frame_stands_in_the_corner_and_not_on_the_skull_base(step):
    without = step.view.grab().toImage()
    roi = Roi.of((180.0, 150.0), 30.0, 90.0)
    step.session.set_roi(roi, 1)
    drawn = step.view.grab().toImage()
    frame = frame_polygon(roi, step.view.viewport.to_widget).boundingRect().adjusted(-3, -3, 3, 3)
    ratio = drawn.devicePixelRatio()
    changed = [
        QPointF(x / ratio, y / ratio)
        for x in range(0, drawn.width(), 2)
        for y in range(0, drawn.height(), 2)
        if drawn.pixel(x, y) != without.pixel(x, y)
    ]
    corner = QRectF(0, 0, step.view.width() / 2, 60)
    assert any(corner.contains(at) for at in changed)
    assert all(frame.contains(at) or corner.contains(at) for at in changed)


def test_what_comes_next_is_said_in_the_panel_and_not_over_the_picture_too(step, service, monkeypatch):
    said = []
    monkeypatch.setattr(heat_view, "paint_banner", lambda painter, room, text, **_: said.append(text))
    step.view.grab()
    assert "shows where it looked" in step.panel._words.text()
    service.error = JobFailedError("prediction.timeout", seconds=60)
    step.actions_by_id[Action.PREDICT]()
    step.view.grab()
    assert "Try again" in step.panel._words.text()
    assert said == []


def test_a_prediction_of_an_earlier_sitting_says_when_it_was_and_shows_its_heatmap(step, service, qtbot):
    step.actions_by_id[Action.PREDICT]()
    again = make_step(step.session.project, service, qtbot)
    assert again.panel.stage.text() == "Stage 4"
    assert "As you saw it on" in again.panel.attention.text()
    assert "Attention inside the detector's frame: 35" in again.panel.attention.text()
    assert again.panel.foot.confirm.isEnabled()
    assert again.view._heat is not None


def test_figures_whose_heatmap_can_not_be_made_again_stand_alone_and_say_how_it_comes_back(step, service, qtbot):
    step.actions_by_id[Action.PREDICT]()
    card_file = next(step.session.project.directory.glob("models/student-*/model.json"))
    card_file.write_text(card_file.read_text()[:-1] + ', "weights_sha256": "other"}')
    service.error = JobFailedError("prediction.worker_died")
    again = make_step(step.session.project, service, qtbot)
    assert again.panel.stage.text() == "Stage 4"
    assert "Ctrl+P" in again.panel.attention.text()


def test_an_answer_in_which_no_stage_stands_out_is_called_unsure_instead_of_a_stage(step, service):
    service.sure = 0.38
    step.actions_by_id[Action.PREDICT]()
    assert step.panel.stage.text() == "Unsure"
    assert "Stage 4 leads with only 38\u00a0%, before 1 with 16\u00a0%." in step.panel._words.text()
    assert step.panel.foot.confirm.text() == "Confirm stage 4"
    service.sure = 0.5
    step.actions_by_id[Action.PREDICT]()
    assert step.panel.stage.text() == "Stage 4"


def test_two_shares_that_differ_never_read_as_the_same(step, service):
    service.shares = (0.224, 0.232, 0.226, 0.134, 0.184)
    service.stage = 2
    step.actions_by_id[Action.PREDICT]()
    assert "Stage 2 leads with only 23.2\u00a0%, before 3 with 22.6\u00a0%." in step.panel._words.text()


def test_nothing_that_is_clicked_moves_when_the_detector_answers(qapp, project, service, qtbot, monkeypatch):
    theme.apply(qapp, "dark")
    add_model(project.directory, "student", phantom=True)
    add_model(project.directory, "detector")
    monkeypatch.setattr("tests.presenters.models.SURE_OF_FRAME", 0.3)
    background = Slow()
    step = make_step(project, service, qtbot, background)
    background.go_on()
    step.panel.resize(274, 667)
    step.actions_by_id[Action.PREDICT]()
    while step.presenter.state.phase != "shown":
        background.jobs.pop(0)()
    assert step.presenter.state.shown.looking_for_frame
    panel = step.panel

    def places():
        qtbot.wait(30)
        return [
            (w.mapTo(panel, QPoint(0, 0)), w.size())
            for w in (panel.heat, panel.heat.stage, panel.bars, panel.holding, panel.foot.confirm, *panel.foot.corrections)
        ]

    before = places()
    background.go_on()
    assert panel.attention.text().startswith("Attention inside the detector's frame")
    assert panel.frame_doubt.isVisible()
    assert places() == before
    panel.foot.confirm.click()
    background.go_on()
    assert "✓ Saved" in panel.foot.saved.text()
    assert places() == before


def test_the_answer_s_keys_and_what_was_saved_stay_in_sight_in_a_panel_that_is_too_low_for_all(qapp, step, service, qtbot):
    theme.apply(qapp, "dark")
    service.familiarity = Nearness(distance=9.0, threshold=2.0, cases=9)
    step.panel.resize(274, 480)
    step.actions_by_id[Action.PREDICT]()
    step.presenter.confirm()
    qtbot.wait(30)
    foot = step.panel.foot
    (area,) = step.panel.findChildren(QScrollArea)
    assert area.verticalScrollBar().maximum() > 0
    for widget in (foot.confirm, *foot.corrections, foot.saved):
        assert not widget.visibleRegion().isEmpty()
        assert widget.visibleRegion().boundingRect() == widget.rect()
    assert foot.saved.height() >= foot.saved.heightForWidth(foot.saved.width())


def test_lines_break_in_the_same_places_with_and_without_a_scroll_bar(qapp, step, qtbot):
    theme.apply(qapp, "dark")
    step.actions_by_id[Action.PREDICT]()
    (area,) = step.panel.findChildren(QScrollArea)
    widths = []
    for height in (900, 400):
        step.panel.resize(274, height)
        qtbot.wait(30)
        widths.append(step.panel.phantom.width())
    assert area.verticalScrollBar().maximum() > 0
    assert widths[0] == widths[1]


def test_while_another_stage_s_heatmap_is_made_the_old_one_and_its_figures_are_gone(project, service, qtbot):
    add_model(project.directory, "student")
    background = Slow()
    step = make_step(project, service, qtbot, background)
    step.session.set_roi(Roi.of((170, 140), 0.0, 60.0))
    background.go_on()
    step.actions_by_id[Action.PREDICT]()
    background.go_on()
    step.view._on_pointer((180, 150))
    assert step.view.attention_pointed is not None
    painted = step.view.grab().toImage()
    step.presenter.set_heat_stage(1)
    assert step.view.attention_pointed is None
    assert "stage 1" in step.panel.attention.text()
    assert "%" not in step.panel.attention.text()
    assert step.view.grab().toImage() != painted
    background.go_on()
    assert step.presenter.state.shown.heat_stage == 1
    assert step.presenter.state.heat_coming is None
    assert step.panel.attention.text().startswith("Attention for stage 1 inside the evaluator's frame")


def test_the_warning_on_the_picture_names_the_stage_that_the_heatmap_is_of(step):
    assert predict_words.overlooked_words(4, 4) == "The network did not look at the SOS"
    assert predict_words.overlooked_words(2, 4) == "For stage 2 the network did not look at the SOS"
    frame = PredictedRoi.of(Roi.of((40, 40), 0, 20), "expert")
    assert predict_words.attention_words(0.0, frame, 2, 4, (100, 100)).startswith("For stage 2 the network did not look at the SOS. ")


def test_what_the_colours_mean_is_legible_beside_a_red_warning(step, qtbot):
    step.actions_by_id[Action.PREDICT]()
    step.view.resize(1200, 560)
    assert step.view._pills_above(300) == 0
    step.view.resize(800, 560)
    assert step.view._pills_above(300) > 0
    step.presenter.toggle_heat()
    assert step.view._pills_above(300) == 0


def test_all_of_an_answer_is_in_sight_on_a_laptop(qapp, step, service, qtbot):
    theme.apply(qapp, "dark")
    service.sure = 0.38
    service.stage_set = StageSet(first=2, last=4, coverage=0.9, cases=23)
    step.actions_by_id[Action.PREDICT]()
    step.presenter.confirm()
    step.panel.resize(274, 667)  # of a window of 1366 x 768
    (area,) = step.panel.findChildren(QScrollArea)
    qtbot.wait(30)
    assert area.verticalScrollBar().maximum() == 0


def test_whose_frame_is_which_is_legible_over_bone_too(step):
    step.view.set_picture(np.full((300, 400), 255, dtype=np.uint8))
    step.view.viewport.zoom(4.0)
    step.view.refresh()
    at = QPoint(int(heat_view.LEGEND_AT[0]) - 3, int(heat_view.LEGEND_AT[1]))
    before = step.view.grab().toImage().pixelColor(at).lightness()
    step.session.set_roi(Roi.of((170, 140), 0.0, 60.0))
    assert before > 200
    assert step.view.grab().toImage().pixelColor(at).lightness() < 110
