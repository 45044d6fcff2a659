import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from sos_studio.core.errors import BadInputError
from sos_studio.core.job_state import JobStatus
from sos_studio.core.jobs import Failed, JobSpec, Metric, Progress, Started, Succeeded, event_line
from sos_studio.core.settings import Visit
from sos_studio.core.training import TrainingSettings
from sos_studio.dataset.project import Project
from sos_studio.presenters import training as training_module
from sos_studio.presenters.training import TrainingPresenter
from sos_studio.presenters.training_state import held_out_lines
from sos_studio.services import waiting, worker_process
from sos_studio.services.jobs import JobHandle
from tests.presenters.kit import make_project, make_session

BEGAN = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@pytest.fixture
def project(tmp_path):
    with make_project(tmp_path / "p") as made:
        yield made


class Job:
    """A job folder whose worker is this test."""

    def __init__(self, project, job_id="20261120-100000-retrain-ab12", judged=(), kind="retrain"):
        self.folder = project.directory / "jobs" / job_id
        self.folder.mkdir(parents=True)
        facts = {"kind": kind, "manifest": "manifests/m.json", "preset": "quick", "judged_models": judged}
        spec = JobSpec(job_id=job_id, settings=TrainingSettings(), **facts)
        (self.folder / "job.json").write_text(spec.model_dump_json())
        self.handle = JobHandle(self.folder, job_id)
        self.n = 0

    def write(self, event, seconds, **values):
        line = event_line(event(n=self.n, utc=BEGAN + timedelta(seconds=seconds), **values))
        with open(self.folder / "events.jsonl", "ab") as stream:
            stream.write(line)
        self.n += 1

    def begin(self):
        self.write(Started, 0, kind="retrain", parts=("teacher", "detector", "student"), versions={})

    def succeed(self, result):
        (self.folder / "result.json").write_text(json.dumps(result))
        self.write(Succeeded, 100)


@pytest.fixture
def alive(monkeypatch):
    """The worker lives until the test says otherwise."""
    state = {"life": worker_process.Life.ALIVE}
    monkeypatch.setattr(worker_process, "life", lambda folder: state["life"])
    return state


@pytest.fixture
def session(project):
    made = make_session(project)
    made.settings.from_scratch_told = True
    return made


def told(session):
    heard = []
    session.message.connect(lambda message, severity: heard.append((message.code, severity)))
    return heard


def test_one_click_starts_all_three_with_the_settings_of_last_time(session, project, alive, monkeypatch):
    job, asked = Job(project), []

    def start(project, kind, *, preset, compared, wait):
        asked.append((kind, preset))
        return job.handle

    monkeypatch.setattr(training_module.jobs, "start_training", start)
    (job.folder / "job.json").rename(job.folder / "later.json")
    presenter = TrainingPresenter(session)
    (job.folder / "later.json").rename(job.folder / "job.json")
    assert presenter.state.job is None
    presenter.choose_preset("clinic")
    presenter.retrain_all()
    assert asked == [("retrain", "clinic")]
    assert session.settings.preset == "clinic"
    assert presenter.state.running


def test_that_training_starts_from_scratch_is_told_once_before_the_first_job(session, monkeypatch):
    session.settings.from_scratch_told = False
    monkeypatch.setattr(training_module.jobs, "require_startable", lambda project, kind: None)
    asked, heard = [], []
    monkeypatch.setattr(
        training_module.jobs, "start_training", lambda project, kind, *, preset, compared, wait: asked.append(kind) or 1 / 0
    )
    presenter = TrainingPresenter(session)
    presenter.from_scratch.connect(lambda status: heard.append(status.path))
    presenter.retrain_all()
    assert heard == [None]
    assert asked == []
    presenter.never_mind()
    presenter.go_on()
    assert asked == []
    presenter.told_from_scratch()
    monkeypatch.setattr(
        training_module.jobs, "start_training", lambda project, kind, *, preset, compared, wait: asked.append(kind) or _refuse()
    )
    presenter.retrain_all()
    assert heard == [None]
    assert asked == ["retrain"]


def _refuse():
    raise BadInputError("training.one_stage_only", stage=3, count=4)


def test_too_few_cases_are_told_in_one_sentence(session, monkeypatch):
    def start(project, kind, *, preset, compared, wait):
        raise BadInputError("training.too_few_cases", count=2, needed=10)

    monkeypatch.setattr(training_module.jobs, "start_training", start)
    heard = told(session)
    presenter = TrainingPresenter(session)
    presenter.retrain_all()
    assert heard == [], "the panel says it, and nothing else beside it"
    assert presenter.state.problem.code == "training.too_few_cases"
    assert not presenter.state.running
    session.begun.emit()
    assert presenter.state.problem is None, "it may have been mended"


def test_nobody_is_asked_where_a_training_starts_from_that_has_too_few_cases(session):
    session.settings.from_scratch_told = False
    presenter, asked = TrainingPresenter(session), []
    presenter.from_scratch.connect(asked.append)
    presenter.retrain_all()
    assert asked == []
    assert presenter.state.problem.code == "training.too_few_cases"
    assert not presenter.state.running


def test_a_running_job_is_found_again_and_followed(session, project, alive):
    job = Job(project)
    job.begin()
    job.write(Progress, 30, done=0.25, total=1.0, part="detector")
    states = []
    session.job_changed.connect(states.append)
    presenter = TrainingPresenter(session)
    assert presenter.state.running
    assert presenter.state.job.state.part == "detector"
    assert presenter.state.job.state.seconds_left == pytest.approx(90)
    job.write(Metric, 31, name="loss", split="train", step=1, value=0.5, part="detector")
    presenter.poll()
    assert presenter.state.job.state.metrics[0].value == 0.5
    assert states[-1].fraction == 0.25


def test_a_second_training_waits_in_line_while_one_runs(session, project, alive, monkeypatch):
    first = Job(project)
    first.begin()
    presenter = TrainingPresenter(session)
    second, third = Job(project, "20261120-110000-retrain-0001"), Job(project, "20261120-120000-teacher-0002")
    alive["life"] = worker_process.Life.GONE

    def start(project, kind, *, preset, compared, wait):
        job = second if kind == "retrain" else third
        waiting.join(waiting.Waiting(job_dir=str(job.folder.resolve()), device="auto", attempt=1))
        return JobHandle(job.folder, job.handle.job_id, expected_attempt=1)

    monkeypatch.setattr(training_module.jobs, "start_training", start)
    monkeypatch.setattr(
        worker_process, "life", lambda folder: worker_process.Life.ALIVE if folder == first.folder else worker_process.Life.UNKNOWN
    )
    presenter.retrain_all()
    presenter.start("teacher")
    names = [seen.handle.job_id for seen in presenter.state.rows]
    assert names == [first.handle.job_id, second.handle.job_id, third.handle.job_id]
    assert [seen.ahead for seen in presenter.state.rows] == [None, 0, 1]
    assert presenter.state.job.handle.job_id == third.handle.job_id
    presenter.move(-1)
    assert [seen.handle.job_id for seen in presenter.state.rows][1] == third.handle.job_id
    presenter.cancel()
    assert [seen.state.status for seen in presenter.state.rows] == [JobStatus.RUNNING, JobStatus.WAITING, JobStatus.CANCELLED]


def test_a_training_is_named_and_deleted_and_the_next_one_is_shown(session, project, alive):
    old, new = Job(project), Job(project, "20261120-110000-retrain-0001")
    for job in (old, new):
        job.begin()
        job.succeed({})
    alive["life"] = worker_process.Life.GONE
    presenter = TrainingPresenter(session)
    assert presenter.state.job.handle.job_id == new.handle.job_id
    presenter.rename("all of Ada's frames")
    assert presenter.state.job.name == "all of Ada's frames"
    presenter.delete()
    assert not new.folder.exists()
    assert presenter.state.job.handle.job_id == old.handle.job_id
    assert [seen.handle.job_id for seen in presenter.state.rows] == [old.handle.job_id]


def test_too_little_memory_offers_the_setting_that_needs_less_and_resumes_with_it(session, project, alive, monkeypatch):
    job = Job(project)
    job.begin()
    job.write(Failed, 5, code="training.out_of_memory", values={"part": "student", "setting": "student.optimiser.batch_size=4"})
    alive["life"] = worker_process.Life.GONE
    asked = []
    monkeypatch.setattr(training_module.jobs, "resume", lambda handle, *, wait, changes: asked.append(changes) or handle)
    presenter = TrainingPresenter(session)
    assert presenter.state.job.smaller == "student.optimiser.batch_size=4"
    presenter.resume(presenter.state.job.smaller)
    assert asked == [{"student.optimiser.batch_size": 4}]


def test_where_a_student_is_in_use_the_end_says_that_a_person_chooses(session, project, alive):
    job = Job(project, judged=("student-1",))
    job.begin()
    presenter = TrainingPresenter(session)
    heard = told(session)
    job.succeed({})
    presenter.poll()
    assert heard == [("training.done_choose", "success")]


def test_every_training_that_ended_meanwhile_is_told_of(session, project, alive):
    for n in range(2):
        job = Job(project, f"20261120-1{n}0000-retrain-000{n}")
        job.begin()
        job.succeed({})
    alive["life"] = worker_process.Life.GONE
    session.visit = Visit(seen_utc=BEGAN)
    heard = told(session)
    TrainingPresenter(session)
    assert heard == [("training.done", "success")] * 2


def test_the_end_is_told_once_and_models_are_read_again(session, project, alive):
    job = Job(project)
    job.begin()
    presenter = TrainingPresenter(session)
    heard, models = told(session), []
    session.models_changed.connect(lambda: models.append(True))
    job.succeed({"held_out": {"student": {"n": 40, "correct": 27, "within_one": 39}}})
    presenter.poll()
    presenter.poll()
    assert heard == [("training.done", "success")]
    assert models == [True]
    assert presenter.state.job.result["held_out"]["student"]["n"] == 40
    assert not presenter.state.running


def test_an_end_while_no_window_was_open_is_told_when_one_opens_and_only_then(session, project, alive):
    job = Job(project)
    job.begin()
    job.succeed({})
    alive["life"] = worker_process.Life.GONE
    session.visit = Visit(seen_utc=BEGAN)
    heard = told(session)
    TrainingPresenter(session)
    assert heard == [("training.done", "success")]
    TrainingPresenter(session)
    assert heard == [("training.done", "success")]


@pytest.mark.parametrize("visit", [None, Visit(seen_utc=BEGAN + timedelta(days=1))])
@pytest.mark.parametrize("last", [Succeeded, Failed])
def test_a_training_that_ended_before_the_last_visit_or_before_the_first_one_is_no_news(session, project, alive, visit, last):
    job = Job(project)
    job.begin()
    job.write(last, 100, **({"code": "training.out_of_memory", "values": {}} if last is Failed else {}))
    alive["life"] = worker_process.Life.GONE
    session.visit = visit
    heard = told(session)
    presenter = TrainingPresenter(session)
    assert presenter.state.job.state.status.ended
    assert heard == []


def test_a_training_that_was_killed_while_nobody_looked_is_told_once(session, project, alive):
    job = Job(project)
    job.begin()
    alive["life"] = worker_process.Life.GONE
    session.visit = Visit(seen_utc=BEGAN + timedelta(days=1))
    heard = told(session)
    TrainingPresenter(session)
    TrainingPresenter(session)
    assert heard == [("job.worker_died", "warning")]


def test_a_worker_that_died_is_shown_as_interrupted_and_can_be_resumed(session, project, alive, monkeypatch):
    job = Job(project)
    job.begin()
    presenter = TrainingPresenter(session)
    heard = told(session)
    alive["life"] = worker_process.Life.GONE
    presenter.poll()
    assert presenter.state.job.state.status is JobStatus.INTERRUPTED
    assert heard == [("job.worker_died", "warning")]

    def resume(handle, *, wait, changes):
        alive["life"] = worker_process.Life.ALIVE
        return JobHandle(handle.job_dir, handle.job_id, expected_attempt=2)

    monkeypatch.setattr(training_module.jobs, "resume", resume)
    presenter.resume()
    assert presenter.state.running


def test_a_failure_is_told_with_its_own_words(session, project, alive):
    job = Job(project)
    job.begin()
    presenter = TrainingPresenter(session)
    heard = told(session)
    job.write(Failed, 5, code="training.out_of_memory", values={})
    presenter.poll()
    assert heard == [("training.out_of_memory", "error")]


def test_cancel_asks_the_worker_by_a_file(session, project, alive):
    job = Job(project)
    job.begin()
    presenter = TrainingPresenter(session)
    presenter.cancel()
    assert (job.folder / "cancel").exists()


def test_without_a_project_the_click_says_what_to_do():
    session = make_session(None)
    heard = told(session)
    TrainingPresenter(session).retrain_all()
    assert heard == [("window.no_project", "warning")]


def test_results_are_lines_with_counts_and_nothing_that_was_not_measured():
    lines = held_out_lines(
        {
            "held_out": {
                "student": {"n": 40, "correct": 27, "within_one": 39},
                "teacher": {"n": 0, "correct": 0},
                "detector": {"n": 40, "hits": 38},
                "attention_in_roi": {"n": 40, "mean": 0.612},
            }
        }
    )
    assert lines == [
        ("training.result_student", {"correct": 27, "n": 40, "percent": 68}),
        ("training.result_within_one", {"within": 39, "n": 40}),
        ("training.result_detector", {"hits": 38, "n": 40, "percent": 95}),
        ("training.result_attention", {"percent": 61, "n": 40}),
    ]
    assert held_out_lines({}) == []


def test_halves_of_a_per_cent_go_up_as_elsewhere():
    for correct, percent in ((17, 43), (11, 28)):
        assert held_out_lines({"held_out": {"teacher": {"n": 40, "correct": correct}}})[0][1]["percent"] == percent


def test_a_training_that_was_deleted_elsewhere_leaves_the_screen(session, project, alive):
    first, second = Job(project, "20261120-100000-retrain-0001"), Job(project, "20261120-110000-retrain-0002")
    for job in (first, second):
        job.begin()
        job.succeed({})
    presenter = TrainingPresenter(session)
    presenter.follow(first.folder.name)
    assert presenter.state.job.handle.job_id == first.folder.name
    shutil.rmtree(first.folder)
    presenter.poll()
    assert presenter.state.job.handle.job_id == second.folder.name
    shutil.rmtree(second.folder)
    presenter.poll()
    assert presenter.state.job is None


def test_a_window_that_only_looks_stops_and_resumes_nothing(project, alive, monkeypatch):
    job = Job(project)
    job.begin()
    with Project.open(project.directory, read_only=True) as looked_at:
        presenter = TrainingPresenter(make_session(looked_at))
        presenter.cancel()
        assert not (job.folder / "cancel").exists()
        job.write(Failed, 5, code="training.diverged")
        presenter.poll()
        monkeypatch.setattr(training_module.jobs, "resume", lambda *_, **__: pytest.fail("resumed"))
        presenter.resume()
