"""Jobs are started detached, found again, cancelled by force if need be, and resumed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sos_studio.core.errors import BadInputError
from sos_studio.core.job_state import JobStatus
from sos_studio.core.jobs import EVENTS_FILE, WEIGHTS_VARIABLE, Device
from sos_studio.core.manifests import Manifest
from sos_studio.dataset.project import Project
from sos_studio.services import jobs, worker_process
from sos_studio.services.job_tail import JobTail
from sos_studio.services.worker_process import Life

FakeWorker = Callable[..., None]


def test_a_training_freezes_a_manifest_and_runs_to_its_result(project: Project, fake_worker: FakeWorker) -> None:
    fake_worker("play")
    job = jobs.start_training(project, "retrain", overrides={"student.alpha": 0.02}, seed=3)
    state = job.tail().wait(20)
    assert state.status is JobStatus.SUCCEEDED
    assert state.fraction == 1.0
    spec = job.spec()
    assert (spec.kind, spec.seed, spec.settings.student.alpha) == ("retrain", 3, 0.02)
    assert len(Manifest.read(project.directory / spec.manifest).entries) == 15
    result = job.result()
    assert result is not None
    assert result["models"]


def test_the_worker_outlives_its_starter(project: Project, tmp_path: Path) -> None:
    """A process that starts a job and is killed leaves the worker running: the window may be closed."""
    job_dir = tmp_path / "job"
    job_dir.mkdir()
    transcript = Path(__file__).resolve().parents[1] / "protocol" / "retrain-killed.jsonl"
    command = [sys.executable, str(Path(__file__).with_name("fake_worker.py")), "hang", str(transcript), str(job_dir)]
    code = (
        "import os, signal, sys; from pathlib import Path; from sos_studio.services import worker_process as w\n"
        f"w.spawn({command!r}, Path({str(job_dir)!r})); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    _wait_for((job_dir / EVENTS_FILE).exists)
    assert worker_process.life(job_dir) is Life.ALIVE
    record = worker_process.worker_record(job_dir)
    assert record is not None
    if os.name != "nt":
        assert os.getsid(record.pid) == record.pid  # no terminal's hang-up reaches it
    tail = JobTail(job_dir)
    tail.cancel()
    assert tail.wait(20).status is JobStatus.CANCELLED


def test_a_killed_worker_makes_the_job_interrupted_and_resume_goes_on(project: Project, fake_worker: FakeWorker) -> None:
    fake_worker("die", "retrain-killed")
    job = jobs.start_training(project, "retrain")
    state = job.tail().wait(20)
    assert state.status is JobStatus.INTERRUPTED
    assert state.failure_code == "job.worker_died"
    assert state.done == pytest.approx(0.375)
    # The torn last line of the first attempt is mended by the trainer; here it stays, and must not hide the second attempt.
    events = job.job_dir / EVENTS_FILE
    events.write_bytes(events.read_bytes().rpartition(b"\n")[0] + b"\n")
    fake_worker("play")
    again = jobs.resume(jobs.list_jobs(project)[0])
    state = again.tail().wait(20)
    assert (state.status, state.attempt) == (JobStatus.SUCCEEDED, 2)
    with pytest.raises(BadInputError, match=r"job\.already_done"):
        jobs.resume(again)


def test_the_place_of_starting_weights_is_told_to_the_worker_only(
    project: Project, fake_worker: FakeWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "Ada's files" / "start.safetensors"
    weights.parent.mkdir()
    save_file({"w": np.zeros(2, np.float32)}, weights)
    told: list[str | None] = []
    spawn = worker_process.spawn

    def listen(command: list[str], job_dir: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        told.append(environment.get(WEIGHTS_VARIABLE))
        return spawn(command, job_dir, environment)

    monkeypatch.setattr(worker_process, "spawn", listen)
    fake_worker("play", "retrain-failed")
    job = jobs.start_training(project, "retrain", weights=weights)
    job.tail().wait(20)
    assert job.spec().weights == "start.safetensors"
    assert not [path for path in job.job_dir.iterdir() if b"Ada" in path.read_bytes()]
    with pytest.raises(BadInputError, match=r"weights\.needed_again .*'start\.safetensors'"):
        jobs.resume(job)
    fake_worker("play")
    assert jobs.resume(job, weights=weights).tail().wait(20).status is JobStatus.SUCCEEDED
    assert told == [str(weights), str(weights)]


def test_a_job_that_could_not_be_launched_is_not_listed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(worker_process, "spawn", refuse)
    with pytest.raises(BadInputError, match=r"job\.cant_start_worker"):
        jobs.start_training(project, "retrain")
    assert jobs.list_jobs(project) == []


def test_a_worker_that_cant_even_start_fails_with_its_log(project: Project, fake_worker: FakeWorker) -> None:
    fake_worker("crash")
    job = jobs.start_training(project, "teacher")
    state = job.tail().wait(20)
    assert (state.status, state.failure_code) == (JobStatus.FAILED, "job.did_not_start")
    assert "no module named torch" in job.log_text()


def test_a_failed_job_keeps_code_and_values(project: Project, fake_worker: FakeWorker) -> None:
    fake_worker("play", "retrain-failed")
    state = jobs.start_training(project, "retrain").tail().wait(20)
    assert (state.status, state.failure_code) == (JobStatus.FAILED, "training.out_of_memory")
    assert state.failure_values == {"part": "detector", "setting": "detector.batch_size=8"}


def test_cancel_is_heard(project: Project, fake_worker: FakeWorker) -> None:
    fake_worker("hang", "retrain-killed")
    tail = jobs.start_training(project, "retrain").tail()
    _wait_for(lambda: tail.poll().status is JobStatus.RUNNING)
    tail.cancel()
    assert tail.wait(20).status is JobStatus.CANCELLED


def test_a_deaf_worker_is_terminated_and_then_killed(project: Project, fake_worker: FakeWorker) -> None:
    fake_worker("deaf", "retrain-killed")
    job = jobs.start_training(project, "retrain")
    tail = JobTail(job.job_dir, job.process, terminate_after_s=0.1, kill_after_s=0.4)
    _wait_for(lambda: tail.poll().status is JobStatus.RUNNING)
    tail.cancel()
    assert tail.wait(20).status is JobStatus.CANCELLED
    assert worker_process.life(job.job_dir) is Life.GONE


def test_the_job_asked_for_last_is_the_first_of_the_list_though_the_clock_was_set_back(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter([datetime(2026, 5, 5, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)])
    made = []
    for moment in moments:
        monkeypatch.setattr(jobs, "utc_now", lambda moment=moment: moment)
        made.append(jobs._new_id("teacher", project.directory))
        folder = project.path("jobs", made[-1])
        folder.mkdir()
        (folder / "job.json").write_text("{}")
    assert [job.job_id for job in jobs.list_jobs(project)] == made[::-1]


def test_jobs_are_found_again_newest_first(project: Project, fake_worker: FakeWorker) -> None:
    fake_worker("play")
    first = jobs.start_training(project, "teacher")
    first.tail().wait(20)
    fake_worker("hang", "retrain-killed")
    second = jobs.start_training(project, "retrain")
    tail = second.tail()
    _wait_for(lambda: tail.poll().status is JobStatus.RUNNING)
    found = jobs.list_jobs(project.directory)
    assert [job.job_id for job in found] == [second.job_id, first.job_id]
    assert [job.state().status for job in found] == [JobStatus.RUNNING, JobStatus.SUCCEEDED]
    still = jobs.running(project)
    assert still is not None
    assert still.job_id == second.job_id
    still.cancel()
    assert tail.wait(20).status is JobStatus.CANCELLED


def test_one_job_per_device(project: Project, fake_worker: FakeWorker) -> None:
    fake_worker("hang", "retrain-killed")
    job = jobs.start_training(project, "retrain", device="cpu")
    tail = job.tail()
    _wait_for(lambda: tail.poll().status is JobStatus.RUNNING)
    manifests = list((project.directory / "manifests").iterdir())
    for device in ("cpu", "auto"):
        with pytest.raises(BadInputError, match=r"job\.device_busy"):
            jobs.start_training(project, "teacher", device=device)
    assert list((project.directory / "manifests").iterdir()) == manifests
    with pytest.raises(BadInputError, match=r"job\.still_running"):
        jobs.resume(job)
    tail.cancel()
    tail.wait(20)
    fake_worker("play")
    assert jobs.start_training(project, "teacher", device="auto").tail().wait(20).status is JobStatus.SUCCEEDED


def test_too_few_cases_are_refused_before_anything_is_started(tmp_path: Path, fake_worker: FakeWorker) -> None:
    fake_worker("play")
    with Project.create(tmp_path / "empty") as empty:
        with pytest.raises(BadInputError, match=r"training\.too_few_cases"):
            jobs.start_training(empty, "retrain")
        assert jobs.list_jobs(empty) == []


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_half_precision_is_refused_before_anything_is_frozen_where_it_can_not_be(project: Project, device: Device) -> None:
    with pytest.raises(BadInputError, match="fp16_needs_cuda"):
        jobs.start_training(project, "teacher", overrides={"teacher.optimiser.precision": "fp16"}, device=device)
    assert jobs.list_jobs(project) == []


def test_a_student_needs_a_teacher(project: Project, fake_worker: FakeWorker) -> None:
    fake_worker("play")
    with pytest.raises(BadInputError, match=r"training\.no_teacher"):
        jobs.start_training(project, "student")


def test_a_damaged_job_file_is_told(project: Project) -> None:
    folder = project.directory / "jobs" / "20250101-000000-retrain-0000"
    folder.mkdir(parents=True)
    (folder / "job.json").write_text("{")
    with pytest.raises(BadInputError, match=r"job\.unreadable"):
        jobs.list_jobs(project)[0].spec()


def _wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)
