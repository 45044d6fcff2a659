"""`train` by the contract: the same job as the menu's, in the foreground."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sos_studio.core.job_state import JobStatus
from sos_studio.dataset.project import Project
from sos_studio.services import job_queue, jobs
from tests.cli.conftest import ROOT_OF_TESTS, Run

FakeWorker = Callable[..., None]


@pytest.fixture
def folder(project: Project) -> Path:
    """A project that nobody holds open."""
    project.close()
    return project.directory


def test_it_ends_with_the_jobs_result(run: Run, folder: Path, fake_worker: FakeWorker) -> None:
    fake_worker("play")
    ran = run("train", "all", "--project", folder, "--set", "student.alpha=0.02", "--seed", "4", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["status"] == "succeeded"
    assert ran.json["models"]
    spec = jobs.list_jobs(folder)[0].spec()
    assert (spec.kind, spec.seed, spec.settings.student.alpha) == ("retrain", 4, 0.02)
    assert "from scratch" in ran.err  # said once, plainly
    plain = run("train", "teacher", "--project", folder)
    assert plain.code == 0
    assert "accuracy 0.75" in plain.out


@pytest.mark.parametrize(
    ("mode", "transcript", "code", "exit_code"),
    [
        ("play", "retrain-failed", "training.out_of_memory", 4),
        ("die", "retrain-killed", "job.worker_died", 4),
        ("crash", "retrain-killed", "job.did_not_start", 4),
        ("play", "retrain-cancelled", "cancelled", 130),
    ],
)
def test_a_job_without_result_has_its_exit_code(
    run: Run, folder: Path, fake_worker: FakeWorker, *, mode: str, transcript: str, code: str, exit_code: int
) -> None:
    fake_worker(mode, transcript)
    ran = run("train", "all", "--project", folder, "--json")
    assert (ran.code, ran.json["error"]["code"]) == (exit_code, code)
    assert ("--set detector.batch_size=8" in ran.err) == (code == "training.out_of_memory")


def test_an_interrupted_job_is_resumed(run: Run, folder: Path, fake_worker: FakeWorker) -> None:
    fake_worker("play", "retrain-cancelled")
    run("train", "all", "--project", folder)
    (job,) = jobs.list_jobs(folder)
    fake_worker("play")
    assert run("train", "teacher", "--project", folder, "--resume", job.job_id, "--json").json["error"]["code"] == "job.other_kind"
    assert run("train", "all", "--project", folder, "--resume", "nothing", "--json").json["error"]["code"] == "job.unknown"
    ran = run("train", "all", "--project", folder, "--resume", job.job_id, "--json")
    assert (ran.code, ran.json["job"]) == (0, job.job_id)


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (["--set", "student.alpha"], "training.bad_override"),
        (["--set", "student.alfa=1"], "training.bad_settings"),
        (["--weights", "missing.safetensors"], "weights.not_found"),
        (["--threads", "0"], "usage"),
    ],
)
def test_bad_settings_are_refused_before_anything_starts(
    run: Run, folder: Path, fake_worker: FakeWorker, flags: list[str], code: str
) -> None:
    fake_worker("play")
    ran = run("train", "all", "--project", folder, *flags, "--json")
    assert (ran.code, ran.json["error"]["code"]) == (2, code)
    assert jobs.list_jobs(folder) == []


def test_too_few_cases_are_one_sentence(run: Run, tmp_path: Path, fake_worker: FakeWorker) -> None:
    fake_worker("play")
    run("project", "new", tmp_path / "project")
    ran = run("train", "all", "--project", tmp_path / "project", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (2, "training.too_few_cases")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT that can be sent to one process")
def test_ctrl_c_cancels_the_job(folder: Path) -> None:
    script = ROOT_OF_TESTS / "services" / "fake_worker.py"
    transcript = ROOT_OF_TESTS / "protocol" / "retrain-killed.jsonl"
    code = (
        # A suite started in the background of a script inherits that Ctrl+C is ignored; a person's terminal does not.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import sys; from sos_studio.services import presets, worker_process as w; from sos_studio.cli.main import main\n"
        f"w.trainer_command = lambda *a: [sys.executable, {str(script)!r}, 'hang', {str(transcript)!r}, a[-1]]\n"
        "presets.load = lambda name: {}\n"
        f"sys.exit(main(['train', 'all', '--project', {str(folder)!r}, '--json']))"
    )
    command = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT_OF_TESTS.parent)
    try:
        until = time.monotonic() + 60
        while not any(job.state().status is JobStatus.RUNNING for job in jobs.list_jobs(folder)):
            assert time.monotonic() < until, "the job did not start"
            time.sleep(0.05)
        time.sleep(0.3)
        command.send_signal(signal.SIGINT)
        out, err = command.communicate(timeout=60)
    finally:
        command.kill()
    assert command.returncode == 130, err
    assert b'"code": "cancelled"' in out
    assert b"Traceback" not in err
    assert jobs.list_jobs(folder)[0].state().status is JobStatus.CANCELLED


def test_a_busy_device_is_told_with_who_has_it_and_can_be_waited_for(
    run: Run, folder: Path, fake_worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = str(ROOT_OF_TESTS / "protocol" / "retrain-succeeded.jsonl")
    keeper = [sys.executable, "-m", "tests.services.fake_keeper", "play", played]
    monkeypatch.setattr(job_queue, "keeper_command", lambda: keeper)
    fake_worker("hang", "retrain-killed")
    with Project.open(folder) as project:
        first = jobs.start_training(project, "retrain")
    refused = run("train", "all", "--project", folder, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (2, "job.device_busy")
    assert first.job_id in refused.json["error"]["message"]
    assert "--wait" in refused.json["error"]["hint"]
    fake_worker("play")
    ended = threading.Timer(2.0, first.cancel)
    ended.start()
    ran = run("train", "all", "--project", folder, "--wait", "--json")
    ended.join()
    assert ran.code == 0, ran.err
    assert ran.json["status"] == "succeeded"
    assert "0 ahead of it in the line" in ran.err
