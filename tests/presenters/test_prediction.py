import shutil

import numpy as np
import pytest

from sos_studio.core.errors import BadInputError, JobFailedError, ProjectError
from sos_studio.core.predictions import PredictedRoi
from sos_studio.core.roi import Roi
from sos_studio.dataset import predictions, readings
from sos_studio.presenters.holding import HoldingPresenter
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.prediction import PredictionPresenter
from sos_studio.presenters.prediction_state import heat_rgba
from sos_studio.presenters.staging import StagingPresenter
from sos_studio.services import model_choice, model_list
from tests.presenters.kit import Slow, make_project, make_session, open_case
from tests.presenters.models import DETECTED, FakeService, add_model


@pytest.fixture
def project(tmp_path):
    with make_project(tmp_path / "p") as made:
        yield made


@pytest.fixture
def service():
    return FakeService()


def ready(project, service, background=None):
    add_model(project.directory, "student")
    session = make_session(project, background=background)
    return session, PredictionPresenter(session, service)


def test_every_empty_state_is_told_apart(project, service):
    assert PredictionPresenter(make_session(None), service).state.phase == "no_project"
    session = make_session(project)
    presenter = PredictionPresenter(session, service)
    assert presenter.state.phase == "no_model"
    add_model(project.directory, "student")
    session.models_changed.emit()
    assert presenter.state.phase == "ready"
    session.set_case(None)
    assert presenter.state.phase == "no_image"


def test_the_newest_student_is_asked_about_the_full_image(project, service):
    add_model(project.directory, "student", "a")
    newest = add_model(project.directory, "student", "b")
    detector = add_model(project.directory, "detector", "a")
    presenter = PredictionPresenter(make_session(project), service)
    presenter.predict()
    assert (service.asked, service.looked) == ([(newest, None, None)], [detector])
    assert presenter.state.phase == "shown"
    assert presenter.state.shown.prediction.stage == 3
    assert presenter.state.shown.detector_frame.roi() == DETECTED


def test_another_network_is_asked_with_the_detector_that_knows_its_cases(project, service):
    older, its_detector = (
        add_model(project.directory, "student", "a", manifest="m0"),
        add_model(project.directory, "detector", "a", manifest="m0"),
    )
    add_model(project.directory, "student", "b")
    newer_detector = add_model(project.directory, "detector", "b")
    presenter = PredictionPresenter(make_session(project), service)
    assert presenter.state.detector.card.model_id == newer_detector
    presenter.choose_model(older)
    presenter.predict()
    assert (service.asked, service.looked) == ([(older, None, None)], [its_detector])


def test_whether_the_stage_holds_is_asked_of_the_network_that_said_it(project, service):
    older = add_model(project.directory, "student", "a")
    add_model(project.directory, "student", "b")
    session = make_session(project)
    presenter = PredictionPresenter(session, service)
    holding = HoldingPresenter(session, presenter)
    presenter.choose_model(older)
    presenter.predict()
    service.asked.clear()
    holding.test()
    assert {asked[0] for asked in service.asked} == {older}


@pytest.mark.parametrize("frame", [None, PredictedRoi.of(DETECTED, "detector", 0.8)])
@pytest.mark.parametrize("drawn", [False, True])
def test_what_the_detector_found_is_there_again_in_the_next_sitting(project, service, monkeypatch, frame, drawn):
    add_model(project.directory, "detector")
    session, presenter = ready(project, service)
    monkeypatch.setattr(service, "find_frame", lambda *_, **__: frame)
    if drawn:
        session.set_roi(Roi.of((180.0, 150.0), 30.0, 90.0), 1)
    presenter.predict()
    session.writes.flush()
    again = PredictionPresenter(make_session(project), service).state.shown
    assert (again.detector_asked, again.detector_frame) == (True, frame)
    assert (again.expert_frame is not None) is drawn


def test_a_network_whose_files_are_gone_is_named_and_leaves_the_list(project, service):
    gone, other = add_model(project.directory, "student", "b"), add_model(project.directory, "student", "a")
    session = make_session(project)
    presenter = PredictionPresenter(session, service)
    assert presenter.state.chosen.card.model_id == gone
    told = []
    session.message.connect(lambda message, _: told.append(message))
    shutil.rmtree(project.directory / "models" / gone)
    service.error = BadInputError("prediction.no_model", model=gone)
    presenter.predict()
    assert [(message.code, message.text) for message in told] == [
        ("prediction.model_gone", "The files of the network student-b are missing.")
    ]
    assert [entry.card.model_id for entry in presenter.state.students] == [other]
    assert (presenter.state.chosen.card.model_id, presenter.state.phase) == (other, "ready")


def test_the_chosen_network_is_the_chosen_one_in_the_next_sitting_until_another_is_taken_into_use(project, service):
    older, newer = add_model(project.directory, "student", "a"), add_model(project.directory, "student", "b")
    session = make_session(project)
    PredictionPresenter(session, service).choose_model(older)

    def next_sitting():
        again = make_session(project)
        again.settings.networks = session.settings.networks
        return PredictionPresenter(again, service)

    assert next_sitting().state.chosen.card.model_id == older
    model_choice.choose(project.directory / "models", add_model(project.directory, "student", "c"))
    assert next_sitting().state.chosen.card.model_id == "student-c"
    next_sitting().choose_model(newer)
    shutil.rmtree(project.directory / "models" / older)
    assert next_sitting().state.chosen.card.model_id == "student-c"


def test_choosing_the_network_in_use_again_follows_the_project_from_then_on(project, service):
    older, newer = add_model(project.directory, "student", "a"), add_model(project.directory, "student", "b")
    session = make_session(project)
    presenter = PredictionPresenter(session, service)
    presenter.choose_model(older)
    assert session.settings.networks[project.project_id].model_id == older
    presenter.choose_model(newer)
    assert session.settings.networks == {}


def test_a_choice_that_was_taken_into_use_does_not_come_back_with_the_network_before(project, service):
    older, newer = add_model(project.directory, "student", "a"), add_model(project.directory, "student", "b")
    session = make_session(project)
    presenter = PredictionPresenter(session, service)
    presenter.choose_model(older)
    for used in (older, newer):
        model_choice.choose(project.directory / "models", used)
        session.models_changed.emit()
        assert presenter.state.chosen.card.model_id == used
    assert session.settings.networks == {}


def test_whichever_student_will_be_asked_is_loaded_before_anybody_asks(project, service):
    older = add_model(project.directory, "student", "a")
    newest = add_model(project.directory, "student", "b")
    presenter = PredictionPresenter(make_session(project), service)
    assert service.warmed == [newest]
    presenter.choose_model(older)
    assert service.warmed == [newest, older]


def test_the_stage_is_on_record_and_shown_before_the_detector_has_answered_and_once_more_with_its_frame(project, service):
    add_model(project.directory, "detector")
    slow = Slow()
    session, presenter = ready(project, service, slow)
    slow.go_on()
    presenter.predict()
    slow.jobs.pop(0)()
    assert presenter.state.phase == "shown"
    assert presenter.state.shown.looking_for_frame
    assert service.looked == []
    session.writes.flush()
    (row,) = predictions.shown(project, "case-0001")
    assert (row.stage, row.evaluator, row.kept.prediction.roi) == (3, "Dr Test", None)
    presenter.predict()  # nothing is asked twice meanwhile
    slow.go_on()
    shown = presenter.state.shown
    assert (shown.looking_for_frame, shown.frame.roi()) == (False, DETECTED)
    assert 0 < shown.attention == shown.prediction.attention_in_roi < 1
    session.writes.flush()
    _, row = predictions.shown(project, "case-0001")
    assert row.kept.prediction.roi.roi() == DETECTED
    assert len(service.asked) == 1


def test_a_reading_made_while_the_detector_still_looks_knows_that_the_stage_was_seen(project, service):
    add_model(project.directory, "detector")
    slow = Slow()
    session, presenter = ready(project, service, slow)
    slow.go_on()
    presenter.predict()
    slow.jobs.pop(0)()
    StagingPresenter(session).choose(2)
    session.writes.flush()
    (reading,) = readings.readings(project, "case-0001")
    assert (reading.stage, reading.ai_seen) == (2, True)
    (row,) = predictions.shown(project, "case-0001")
    assert row.shown_utc < reading.created_utc
    slow.go_on()


def test_a_reading_knows_that_a_stage_was_on_the_screen_even_if_the_disk_refused_the_record(project, service, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise ProjectError("project.disk_full")

    session, presenter = ready(project, service)
    monkeypatch.setattr(predictions, "record_shown", refuse)
    presenter.predict()
    assert presenter.state.phase == "shown"
    StagingPresenter(session).choose(2)
    assert readings.readings(project, "case-0001")[0].ai_seen
    assert predictions.shown(project, "case-0001") == []


def test_a_reading_made_after_seeing_a_network_is_no_blinded_one(project, service):
    session, presenter = ready(project, service)
    session.blinding.set_on(True)
    StagingPresenter(session).choose(2)
    presenter.predict()
    StagingPresenter(session).choose(3)
    assert [(r.blinded, r.ai_seen) for r in readings.readings(project, "case-0001")] == [(True, False), (False, True)]


def test_a_detector_that_fails_leaves_the_stage_where_it_is(project, service, monkeypatch):
    add_model(project.directory, "detector")
    _, presenter = ready(project, service)

    def fails(*_args, **_kwargs):
        raise JobFailedError("prediction.worker_died")

    monkeypatch.setattr(service, "find_frame", fails)
    presenter.predict()
    assert (presenter.state.phase, presenter.state.shown.frame, presenter.state.shown.looking_for_frame) == ("shown", None, False)
    assert len(predictions.shown(project, "case-0001")) == 1


def test_the_evaluators_frame_goes_first_and_the_detectors_is_drawn_beside_it(project, service):
    add_model(project.directory, "detector")
    session, presenter = ready(project, service)
    roi = Roi.of((180.0, 150.0), 30.0, 90.0)
    session.set_roi(roi, 1)
    presenter.predict()
    shown = presenter.state.shown
    assert shown.expert_frame.roi() == roi
    assert shown.detector_frame.roi() == DETECTED


def test_what_was_shown_is_kept_with_the_evaluator_and_confirming_is_a_reading_after_the_ai(project, service):
    _, presenter = ready(project, service)
    presenter.predict()
    (kept,) = predictions.shown(project, "case-0001")
    assert (kept.stage, kept.evaluator, kept.model_id) == (3, "Dr Test", "student-a")
    presenter.confirm()
    (reading,) = readings.readings(project, "case-0001")
    assert (reading.stage, reading.ai_seen, reading.shown) == (3, True, "full_image")
    presenter.correct(4)
    assert [r.stage for r in readings.readings(project, "case-0001")] == [3, 4]


def test_confirming_nothing_writes_nothing(project, service):
    session, presenter = ready(project, service)
    told = []
    session.message.connect(lambda message, severity: told.append(message.code))
    presenter.confirm()
    presenter.correct(2)
    assert readings.readings(project, "case-0001") == []
    assert told == ["predict.nothing_to_confirm"]


def test_another_case_takes_the_answer_off_the_screen(project, service):
    session, presenter = ready(project, service)
    heat = []
    presenter.heat_changed.connect(heat.append)
    presenter.predict()
    assert heat[-1].shape == (300, 400, 4)
    open_case(session, "case-0002")
    assert presenter.state.shown is None
    assert presenter.state.phase == "ready"
    assert heat[-1] is None


def test_back_at_a_case_its_answer_is_shown_again_but_not_to_another_evaluator_or_with_another_frame(project, service):
    session, presenter = ready(project, service)
    presenter.predict()
    answer = presenter.state.shown
    open_case(session, "case-0002")
    open_case(session, "case-0001")
    assert presenter.state.shown is answer
    assert presenter.state.phase == "shown"
    assert len(predictions.shown(project, "case-0001")) == 1
    session.set_roi(Roi.of((180.0, 150.0), 30.0, 90.0), 1)
    assert presenter.state.shown is None
    open_case(session, "case-0002")
    session.set_evaluator("Dr Other")
    open_case(session, "case-0001")
    assert presenter.state.shown is None


class Later(ImmediateBackground):
    """The student thinks until the test lets it answer."""

    def __init__(self):
        self.held = []

    def run(self, work, on_done, on_error=None, *, key=None):
        if key is not None and key.startswith("predict.Asked"):
            self.held.append(lambda: ImmediateBackground.run(self, work, on_done, on_error))
            return None
        return super().run(work, on_done, on_error, key=key)


def test_an_answer_that_comes_after_leaving_its_case_is_told_without_the_stage_and_on_record_once_it_is_seen(project, service):
    background = Later()
    session, presenter = ready(project, service, background)
    said, busy = [], []
    session.message.connect(lambda message, severity: said.append(message))
    session.busy.connect(busy.append)
    presenter.predict()
    presenter.predict()
    assert len(background.held) == 1
    open_case(session, "case-0002")
    assert presenter.state.phase == "ready"
    assert busy == ["predict"]
    background.held[0]()
    assert presenter.state.shown is None
    assert busy == ["predict", None]
    assert [m.code for m in said] == ["predict.ready_elsewhere"]
    assert "case-0001" in said[0].text
    assert "3" not in str(said[0])
    assert predictions.shown(project, "case-0001") == []
    open_case(session, "case-0001")
    assert presenter.state.shown.prediction.stage == 3
    assert presenter.state.shown.heat01_vu is not None
    assert [row.evaluator for row in predictions.shown(project, "case-0001")] == ["Dr Test"]
    open_case(session, "case-0002")
    open_case(session, "case-0001")
    assert len(predictions.shown(project, "case-0001")) == 1


def test_coming_back_while_the_student_still_thinks_finds_it_thinking(project, service):
    background = Later()
    session, presenter = ready(project, service, background)
    presenter.predict()
    open_case(session, "case-0002")
    presenter.predict()
    open_case(session, "case-0001")
    assert presenter.state.phase == "predicting"
    background.held[0]()
    assert presenter.state.phase == "shown"
    background.held[1]()
    open_case(session, "case-0002")
    assert len(predictions.shown(project, "case-0002")) == 1


def test_an_answer_is_not_shown_to_who_sat_down_meanwhile(project, service):
    background = Later()
    session, presenter = ready(project, service, background)
    presenter.predict()
    session.set_evaluator("Dr Other")
    background.held[0]()
    assert presenter.state.phase == "ready"
    assert predictions.shown(project, "case-0001") == []  # nobody has seen it yet
    session.set_evaluator("Dr Test")
    assert presenter.state.phase == "shown"
    assert [row.evaluator for row in predictions.shown(project, "case-0001")] == ["Dr Test"]


def test_who_gives_a_name_while_the_student_thinks_gets_the_answer_under_it(project, service):
    background = Later()
    session, presenter = ready(project, service, background)
    session.set_evaluator("")
    presenter.predict()
    session.set_evaluator("Dr New")
    assert presenter.state.phase == "predicting"
    background.held[0]()
    assert presenter.state.phase == "shown"
    assert [row.evaluator for row in predictions.shown(project, "case-0001")] == ["Dr New"]


def test_a_prediction_that_fails_for_a_case_left_behind_is_told_with_its_case(project, service):
    background = Later()
    session, presenter = ready(project, service, background)
    service.error = JobFailedError("prediction.worker_died")
    said = []
    session.message.connect(lambda message, severity: said.append((message.code, "case-0001" in message.text, severity)))
    presenter.predict()
    open_case(session, "case-0002")
    background.held[0]()
    assert said == [("predict.failed_elsewhere", True, "warning")]
    assert presenter.state.phase == "ready"


def test_an_answer_for_a_project_that_was_closed_is_dropped(project, service):
    background = Later()
    session, presenter = ready(project, service, background)
    presenter.predict()
    session.set_project(None)
    background.held[0]()
    assert presenter.state.phase == "no_project"
    assert predictions.shown(project, "case-0001") == []


def test_a_fault_is_told_in_one_sentence_and_the_step_stays_usable(project, service):
    session, presenter = ready(project, service)
    service.error = JobFailedError("prediction.worker_died")
    told = []
    session.message.connect(lambda message, severity: told.append((message.code, severity)))
    presenter.predict()
    assert presenter.state.phase == "failed"
    assert presenter.state.problem.code == "prediction.worker_died"
    assert told == [("prediction.worker_died", "error")]
    service.error = None
    presenter.predict()
    assert presenter.state.phase == "shown"


def test_a_new_student_is_asked_once_it_is_there(project, service):
    session, presenter = ready(project, service)
    presenter.predict()
    newer = add_model(project.directory, "student", "c")
    session.models_changed.emit()
    assert presenter.state.chosen.card.model_id == newer
    assert presenter.state.shown is None
    presenter.choose_model("student-a")
    session.models_changed.emit()
    assert presenter.state.chosen.card.model_id == "student-a"


def test_a_student_in_use_is_asked_until_another_is_taken_into_use(project, service):
    session, presenter = ready(project, service)
    first = presenter.state.chosen.card.model_id
    model_list.settle(project)
    newer = add_model(project.directory, "student", "c")
    session.models_changed.emit()
    assert presenter.state.chosen.card.model_id == first
    assert [entry.card.model_id for entry in presenter.state.students] == [newer, first]
    model_choice.choose(project.directory / "models", newer)
    session.models_changed.emit()
    assert presenter.state.chosen.card.model_id == newer


def test_heat_is_more_opaque_where_there_is_more_of_it():
    rgba = heat_rgba(np.array([[0.0, 0.5, 1.0]], dtype=np.float32), "inferno")
    assert rgba[0, :, 3].tolist() == [0, 128, 255]
    assert rgba[0, 2, :3].sum() > rgba[0, 1, :3].sum()


def test_opacity_and_switch_are_kept_in_range(project, service):
    _, presenter = ready(project, service)
    presenter.set_opacity(3.0)
    assert presenter.state.opacity == 1.0
    presenter.toggle_heat()
    assert not presenter.state.heat_on


def reopened(project, service, evaluator="Dr Test"):
    """The window of the next day, on the same case."""
    return PredictionPresenter(make_session(project, evaluator), service)


def test_the_next_day_a_case_shows_its_last_prediction_with_its_heatmap_and_nothing_is_asked_or_recorded_anew(project, service):
    _, presenter = ready(project, service)
    presenter.predict()
    asked = list(service.asked)
    again = reopened(project, service)
    heat = []
    again.heat_changed.connect(heat.append)
    assert again.state.phase == "shown"
    assert again.state.shown.prediction == presenter.state.shown.prediction
    assert again.state.shown.shown_utc is not None
    assert service.asked == asked
    assert len(predictions.shown(project, "case-0001")) == 1
    again.confirm()
    assert [(r.stage, r.ai_seen) for r in readings.readings(project, "case-0001")] == [(3, True)]
    again.set_colour_map("viridis")
    assert heat[-1].shape == (300, 400, 4)
    v, u = np.unravel_index(again.state.shown.heat01_vu.argmax(), (300, 400))
    assert (abs(u - 164.5), abs(v - 154.5)) <= (0.5, 0.5)  # cell (16, 15) of the fake's map


def test_what_is_kept_names_weights_and_pixels_and_no_more_of_the_card_than_it_needs(project, service):
    _, presenter = ready(project, service)
    presenter.predict()
    (row,) = predictions.shown(project, "case-0001")
    assert len(row.kept.full_sha256) == 64
    assert (row.kept.map.stage, row.kept.map.method) == (3, "grad-cam")
    assert not row.kept.prediction.model.model_extra


def test_a_heatmap_by_other_weights_or_of_before_there_were_kept_ones_is_made_again_without_a_new_record(project, service):
    session, presenter = ready(project, service)
    presenter.predict()
    card_file = project.directory / "models" / "student-a" / "model.json"
    card_file.write_text(card_file.read_text()[:-1] + ', "weights_sha256": "other"}')
    service.heats.clear()
    again = reopened(project, service)
    assert service.heats == [(3, "grad-cam")]
    assert again.state.shown.heat01_vu is not None
    assert again.state.shown.shown_utc is not None
    assert len(predictions.shown(project, "case-0001")) == 1
    service.error = JobFailedError("prediction.worker_died")
    told = []
    session.message.connect(lambda message, severity: told.append(message.code))
    failing = reopened(project, service)
    assert failing.state.shown.prediction.stage == 3
    assert failing.state.shown.heat01_vu is None
    assert told == []


def test_the_evidence_for_another_stage_and_by_another_method_is_shown_and_the_figures_stay(project, service):
    add_model(project.directory, "detector")
    _, presenter = ready(project, service)
    presenter.predict()
    first = presenter.state.shown
    heats = []
    presenter.heat_changed.connect(heats.append)
    presenter.set_heat_stage(5)
    assert service.heats[-1] == (5, "grad-cam")
    assert (presenter.state.shown.heat_stage, presenter.state.shown.prediction) == (5, first.prediction)
    assert not np.array_equal(presenter.state.shown.heat01_vu, first.heat01_vu)
    presenter.set_heat_method("hires-cam")
    assert service.heats[-1] == (5, "hires-cam")
    presenter.set_heat_stage(None)
    assert service.heats[-1] == (3, "hires-cam")
    assert len(heats) == 3
    # The next case is looked at in the same way, and of this one the stage was recorded, and then its frame.
    assert len(predictions.shown(project, "case-0001")) == 2
    presenter.predict()
    assert service.heats[-1] == (3, "hires-cam")


def test_a_heatmap_that_can_not_be_made_leaves_the_one_that_is_there_under_its_own_name(project, service):
    _, presenter = ready(project, service)
    presenter.predict()
    service.error = JobFailedError("prediction.worker_died")
    presenter.set_heat_stage(5)
    assert (presenter.state.heat_stage, presenter.state.heat_coming, presenter.state.shown.heat_stage) == (None, None, 3)


def test_a_heatmap_that_nobody_wants_any_more_is_dropped(project, service):
    background = Slow()
    _, presenter = ready(project, service, background)
    background.go_on()
    presenter.predict()
    background.go_on()
    presenter.set_heat_stage(5)
    assert presenter.state.heat_coming == 5
    presenter.set_heat_stage(None)
    background.go_on()
    assert (presenter.state.heat_coming, presenter.state.shown.heat_stage) == (None, 3)


def test_an_outline_stays_between_none_and_all(project, service):
    _, presenter = ready(project, service)
    presenter.set_outline(1.7)
    assert presenter.state.outline == 1.0
    presenter.set_outline(None)
    assert presenter.state.outline is None


def test_an_evaluator_who_was_not_shown_a_prediction_is_told_only_that_there_is_one(project, service):
    _, presenter = ready(project, service)
    presenter.predict()
    other = reopened(project, service, "Dr Other")
    assert other.state.phase == "ready"
    assert other.state.shown is None
    assert other.state.others


def test_only_the_present_students_answer_about_the_present_capture_is_restored(project, service):
    _, presenter = ready(project, service)
    presenter.predict()
    add_model(project.directory, "student", "c")
    again = reopened(project, service)
    assert again.state.shown is None
    assert again.state.others
    again.choose_model("student-a")
    assert again.state.shown.prediction.stage == 3


def test_when_another_evaluator_sits_down_the_prediction_leaves_the_screen(project, service):
    session, presenter = ready(project, service)
    presenter.predict()
    session.set_evaluator("Dr Other")
    assert presenter.state.shown is None
    session.set_evaluator("Dr Test")
    assert presenter.state.shown is not None


def test_giving_a_name_for_the_first_time_keeps_the_prediction_for_the_confirmation(project, service):
    session, presenter = ready(project, service)
    session.set_evaluator("")
    presenter.predict()
    session.set_evaluator("Dr New")
    assert presenter.state.shown is not None
