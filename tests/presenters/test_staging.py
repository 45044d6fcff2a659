import pytest

from sos_studio.core.errors import ProjectError
from sos_studio.core.readings import standing
from sos_studio.dataset import predictions, readings
from sos_studio.presenters import staging as staging_module
from sos_studio.presenters.crop import CropPresenter
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.staging import StagingPresenter
from tests.presenters.kit import Slow, capture_again, make_project, make_session, open_case


@pytest.fixture
def project(tmp_path):
    with make_project(tmp_path / "p") as made:
        yield made


@pytest.fixture
def session(project):
    return make_session(project)


@pytest.fixture
def presenter(session):
    return StagingPresenter(session)


def stands(session):
    return [(r.evaluator, r.stage) for r in standing(readings.readings(session.project, "case-0001"))]


def draw_frame(session):
    crop = CropPresenter(session)
    crop.click((160.0, 120.0))
    crop.click((200.0, 150.0))


def test_a_key_writes_a_reading_that_names_frame_evaluator_and_what_was_shown(presenter, session):
    draw_frame(session)
    presenter.choose(3)
    (reading,) = readings.readings(session.project, "case-0001")
    assert (reading.stage, reading.evaluator, reading.roi_n) == (3, "Dr Test", 1)
    assert reading.shown == "crop_and_full_image"
    assert reading.ai_seen is False
    assert presenter.state.phase == "saved"
    assert presenter.state.reading == reading


def test_without_a_frame_the_reading_says_that_only_the_full_image_was_shown(presenter, session):
    presenter.choose(1)
    (reading,) = readings.readings(session.project, "case-0001")
    assert (reading.roi_n, reading.shown) == (None, "full_image")


def test_saved_is_shown_only_after_the_database_has_it(project):
    class Later(ImmediateBackground):
        def __init__(self):
            self.jobs = []

        def run(self, work, on_done, on_error=None, *, key=None):
            self.jobs.append(lambda: on_done(work()))

    background = Later()
    session = make_session(project, background=background)
    presenter = StagingPresenter(session)
    presenter.choose(2)
    assert presenter.state.phase == "saving"
    assert stands(session) == []
    for job in list(background.jobs):
        job()
    assert presenter.state.phase == "saved"
    assert stands(session) == [("Dr Test", 2)]


def test_a_failed_write_is_never_shown_as_saved(presenter, session, monkeypatch):
    presenter.choose(2)
    told = []
    session.message.connect(lambda message, severity: told.append((message.code, severity)))

    def full(*args, **kwargs):
        raise ProjectError("project.disk_full", project="p")

    monkeypatch.setattr(staging_module.staging, "stage", full)
    presenter.choose(5)
    assert presenter.state.phase == "failed"
    assert presenter.state.stage == 2
    assert told == [("project.disk_full", "error")]
    assert stands(session) == [("Dr Test", 2)]


def test_no_evaluator_asks_for_a_name_and_writes_nothing(project):
    session = make_session(project, evaluator="")
    presenter = StagingPresenter(session)
    asked = []
    presenter.evaluator_needed.connect(asked.append)
    presenter.choose(4)
    assert asked == [4]
    assert stands(session) == []
    session.set_evaluator("Dr New")
    presenter.choose(4)
    assert stands(session) == [("Dr New", 4)]


def test_confidence_remark_and_ambiguity_go_with_the_reading_and_amend_a_standing_one(presenter, session):
    presenter.set_confidence("low")
    presenter.choose(3)
    presenter.set_ambiguous(True)
    presenter.set_remark("  streaks from metal ")
    rows = readings.readings(session.project, "case-0001")
    assert [(r.confidence, r.ambiguous, r.remark) for r in rows] == [
        ("low", False, ""),
        ("low", True, ""),
        ("low", True, "streaks from metal"),
    ]
    assert stands(session) == [("Dr Test", 3)]


def test_confidence_cycles_on_one_key(presenter):
    seen = []
    for _ in range(4):
        presenter.next_confidence()
        seen.append(presenter.state.confidence)
    assert seen == ["low", "medium", "high", None]


def test_undo_takes_the_reading_back_by_a_new_row_and_redo_appends_it_again(presenter, session):
    presenter.choose(2)
    presenter.choose(3)
    session.undo.undo()
    assert stands(session) == [("Dr Test", 2)]
    assert presenter.state.stage == 2
    session.undo.undo()
    assert stands(session) == []
    assert presenter.state.phase == "nothing"
    session.undo.redo()
    assert stands(session) == [("Dr Test", 2)]
    assert len(readings.readings(session.project, "case-0001")) == 5


def test_undo_of_a_change_says_how_the_case_is_read_again(presenter, session):
    presenter.choose(2)
    presenter.set_remark("scar?")
    presenter.choose(3)
    told = []
    session.message.connect(lambda message, severity: told.append(message))
    session.undo.undo()
    assert told[-1].code == "staging.taken_back_to"
    assert "stage 2" in told[-1].text
    session.undo.undo()
    session.undo.undo()
    assert told[-1].code == "staging.taken_back"


def test_undo_reaches_a_reading_of_the_case_before(presenter, session):
    presenter.choose(2)
    open_case(session, "case-0002")
    told = []
    session.message.connect(lambda message, severity: told.append(str(message)))
    session.undo.undo()
    assert stands(session) == []
    assert presenter.state.phase == "nothing"
    assert "case-0001" in told[0]


def test_a_reading_made_earlier_is_shown_again(presenter, session):
    presenter.set_confidence("high")
    presenter.choose(4)
    open_case(session, "case-0002")
    assert presenter.state.phase == "nothing"
    assert presenter.state.confidence is None
    open_case(session, "case-0001")
    assert (presenter.state.phase, presenter.state.stage, presenter.state.confidence) == ("saved", 4, "high")


def test_another_evaluator_starts_blank(presenter, session):
    presenter.choose(4)
    session.set_evaluator("Dr Other")
    assert presenter.state.phase == "nothing"
    presenter.choose(5)
    assert sorted(stands(session)) == [("Dr Other", 5), ("Dr Test", 4)]


def test_a_reading_after_a_shown_prediction_says_so(presenter, session):
    capture_id = session.capture.capture_id
    predictions.record_shown(
        session.project, capture_id, model_id="student-1", stage=2, probabilities=(0.1, 0.6, 0.1, 0.1, 0.1), evaluator="Dr Test"
    )
    presenter.choose(2)
    assert presenter.state.reading.ai_seen is True


def test_what_another_evaluator_was_shown_does_not_count(presenter, session):
    capture_id = session.capture.capture_id
    predictions.record_shown(
        session.project, capture_id, model_id="student-1", stage=2, probabilities=(0.1, 0.6, 0.1, 0.1, 0.1), evaluator="Dr Other"
    )
    presenter.choose(2)
    assert presenter.state.reading.ai_seen is False


def test_a_reading_waits_for_its_frame_and_names_it_even_if_the_next_case_opens_at_once(project):
    class Later(ImmediateBackground):
        def __init__(self):
            self.jobs = []

        def run(self, work, on_done, on_error=None, *, key=None):
            self.jobs.append(work)

    background = Later()
    session = make_session(project, background=background)
    presenter = StagingPresenter(session)
    draw_frame(session)
    presenter.choose(3)
    open_case(session, "case-0002")
    session.settle()
    (reading,) = readings.readings(project, "case-0001")
    assert (reading.stage, reading.roi_n) == (3, 1)


def test_without_a_project_the_key_says_what_to_do():
    session = make_session(None)
    presenter = StagingPresenter(session)
    told = []
    session.message.connect(lambda message, severity: told.append(message.code))
    presenter.choose(1)
    assert told == ["staging.no_full_image"]


def test_next_case_asks_the_cases_list(presenter, session):
    asked = []
    session.next_unstaged_requested.connect(lambda: asked.append(True))
    presenter.next_case()
    assert asked == [True]


def test_a_reading_on_an_earlier_capture_stays_but_does_not_pass_for_one_of_the_new_capture(presenter, session):
    presenter.choose(3)
    newest = capture_again(session.project, "case-0001")
    open_case(session, "case-0001")
    assert (presenter.state.phase, presenter.state.stage, presenter.state.earlier.stage) == ("nothing", None, 3)
    presenter.set_confidence("low")
    assert len(readings.readings(session.project, "case-0001")) == 1, "a changed confidence reads nothing"
    presenter.choose(4)
    assert (presenter.state.phase, presenter.state.stage, presenter.state.earlier) == ("saved", 4, None)
    assert [(r.stage, r.capture_id == newest) for r in readings.readings(session.project, "case-0001")] == [(3, False), (4, True)]
    session.undo.undo()
    assert (presenter.state.phase, presenter.state.earlier.stage) == ("nothing", 3)


def test_undo_takes_back_the_last_key_also_if_its_reading_is_not_confirmed_yet(project):
    background = Slow()
    session = make_session(project, background=background)
    presenter = StagingPresenter(session)
    presenter.choose(2)
    background.go_on()
    presenter.choose(3)
    presenter.choose(5)
    session.undo.undo()
    assert stands(session) == [("Dr Test", 3)]
    background.go_on()
    assert presenter.state.stage == presenter.state.reading.stage == 3, "late answers bring nothing back"
    session.undo.undo()
    assert stands(session) == [("Dr Test", 2)]
    session.undo.redo()
    assert stands(session) == [("Dr Test", 3)]


def test_another_person_can_not_take_back_what_the_one_before_read(presenter, session):
    presenter.choose(2)
    session.set_evaluator("Dr Other")
    assert session.undo.undo_label is None
    session.undo.undo()
    assert stands(session) == [("Dr Test", 2)]


def test_undo_of_a_reading_of_another_case_brings_that_case_to_the_front_and_names_it(presenter, session):
    asked = []
    session.case_requested.connect(asked.append)
    presenter.choose(3)
    presenter.choose(4)
    open_case(session, "case-0002")
    assert session.undo.next_undo.case_id == "case-0001"
    session.undo.undo()
    assert asked == ["case-0001"]
    open_case(session, "case-0001")
    session.undo.undo()
    assert asked == ["case-0001"], "it is in front already"
    open_case(session, "case-0002")
    session.undo.redo()
    assert asked == ["case-0001", "case-0001"]


def test_undo_of_the_only_reading_of_a_capture_does_not_pass_an_earlier_one_off_for_it(presenter, session, project):
    told = []
    session.message.connect(lambda message, severity: told.append((message.code, str(message))))
    presenter.choose(3)
    capture_again(project, "case-0001")
    open_case(session, "case-0001")
    presenter.choose(5)
    session.undo.undo()
    code, words = told[-1]
    assert code == "staging.taken_back_to_earlier"
    assert "no reading of this capture" in words
    assert "stage 3" in words.lower()


def test_changing_a_blinded_reading_after_the_reveal_says_that_it_is_not_blinded_any_more(presenter, session):
    told = []
    session.message.connect(lambda message, severity: told.append(message.code))
    session.blinding.set_on(True)
    presenter.choose(2)
    presenter.choose(3)
    assert presenter.state.reading.blinded
    presenter.reveal()
    presenter.choose(4)
    assert told.count("staging.no_longer_blinded") == 1
    assert (presenter.state.reading.blinded, presenter.state.unblinded) == (False, True)
    presenter.choose(5)
    assert told.count("staging.no_longer_blinded") == 1, "said once"
    assert presenter.state.unblinded
    open_case(session, "case-0002")
    assert not presenter.state.unblinded
    open_case(session, "case-0001")
    assert presenter.state.unblinded, "it stays known"
    session.undo.undo()
    session.undo.undo()
    assert (presenter.state.reading.stage, presenter.state.reading.blinded, presenter.state.unblinded) == (3, True, False)
    session.undo.redo()
    assert presenter.state.unblinded
