from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from sos_studio.core import jobs
from sos_studio.core.job_state import JobStatus, fold
from tests.trainer import tiny_project

LAST = ("succeeded", "failed", "cancelled")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project_dir = tmp_path_factory.mktemp("project")
    tiny_project.make_project(project_dir, cases=25)
    return project_dir


def wait_for(job_dir: Path, what: type[jobs.Event], worker: subprocess.Popen[bytes], count: int = 1) -> None:
    until = time.monotonic() + 120
    while sum(isinstance(event, what) for event in tiny_project.events_of(job_dir)) < count:
        assert worker.poll() is None, (job_dir / jobs.LOG_FILE).read_text()
        assert time.monotonic() < until
        time.sleep(0.05)


def last_events(job_dir: Path) -> list[str]:
    return [event.type for event in tiny_project.events_of(job_dir) if event.type in LAST]


def test_a_job_is_stopped_killed_and_resumed_with_one_last_event_per_attempt(project: Path, tmp_path: Path) -> None:
    job_dir = tiny_project.make_job(project, "stopped", "detector", **{"detector.epochs": 40})
    first = tiny_project.start(job_dir, tmp_path)
    wait_for(job_dir, jobs.Metric, first)
    first.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    printed, errors = first.communicate(timeout=60)
    assert time.monotonic() - asked < 60
    assert first.returncode == 130
    assert printed == errors == b""
    assert last_events(job_dir) == ["cancelled"]

    second = tiny_project.start(job_dir, tmp_path)
    wait_for(job_dir, jobs.Started, second, count=2)
    record = jobs.WorkerRecord.model_validate_json((job_dir / jobs.WORKER_FILE).read_bytes())
    assert record.pid == second.pid
    assert abs(record.started_at - psutil.Process(second.pid).create_time()) < 1
    assert time.time() - (job_dir / jobs.HEARTBEAT_FILE).stat().st_mtime < 30
    second.kill()
    second.communicate(timeout=60)
    state = fold(tiny_project.events_of(job_dir))
    assert state.status is JobStatus.RUNNING
    assert state.without_worker().status is JobStatus.INTERRUPTED
    assert last_events(job_dir) == ["cancelled"]

    # Asked before the worker is up: a new wish, not the one that the first attempt obeyed.
    (job_dir / jobs.CANCEL_FILE).touch()
    third = tiny_project.start(job_dir, tmp_path)
    third.communicate(timeout=60)
    assert third.returncode == 130
    assert last_events(job_dir) == ["cancelled", "cancelled"]
    events = tiny_project.events_of(job_dir)
    assert [event.n for event in events] == list(range(len(events)))
    assert (tmp_path / "network.txt").read_text() == "watching\n" * 3


def test_a_job_that_can_not_be_done_says_why_and_keeps_the_traceback_in_its_log(project: Path, tmp_path: Path) -> None:
    job_dir = tiny_project.make_job(project, "fewer", "detector", **{"detector.network": "yolo11n-obb"})
    (project / "manifests" / "m.json").rename(project / "manifests" / "away.json")
    try:
        worker = tiny_project.start(job_dir, tmp_path)
        worker.communicate(timeout=60)
    finally:
        (project / "manifests" / "away.json").rename(project / "manifests" / "m.json")
    assert worker.returncode == 4
    state = fold(tiny_project.events_of(job_dir))
    assert state.status is JobStatus.FAILED
    assert state.failure_code == "manifest.unreadable"
    assert state.failure_values["file"] == "m.json"
    assert last_events(job_dir) == ["failed"]
    assert "Traceback" in (job_dir / jobs.LOG_FILE).read_text()


def test_a_damaged_job_file_is_a_failed_job(tmp_path: Path) -> None:
    job_dir = tmp_path / "jobs" / "broken"
    job_dir.mkdir(parents=True)
    (job_dir / jobs.JOB_FILE).write_text("{")
    worker = tiny_project.start(job_dir, tmp_path)
    worker.communicate(timeout=60)
    assert worker.returncode == 4
    (event,) = tiny_project.events_of(job_dir)
    assert isinstance(event, jobs.Failed)
    assert event.code == "job.unreadable"


def test_a_bad_call_is_no_job(tmp_path: Path) -> None:
    environment = tiny_project.environment(tmp_path / "n", tmp_path / "u")
    for arguments in (["run", str(tmp_path / "nowhere")], ["run"], ["fly"]):
        done = subprocess.run([sys.executable, "-m", "trainer", *arguments], env=environment, capture_output=True, check=False, cwd=os.sep)
        assert done.returncode == 2
        assert done.stdout == b""
