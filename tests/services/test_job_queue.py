"""Trainings that wait for a device: in line, moved, called off, started one after the other, also while no window is open."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest

from sos_studio.core.errors import BadInputError
from sos_studio.core.job_state import JobStatus
from sos_studio.core.jobs import EVENTS_FILE, WORKER_FILE
from sos_studio.dataset.project import Project
from sos_studio.services import device_lock, job_queue, jobs, model_list, waiting, worker_process
from sos_studio.services.job_watch import JobWatch
from sos_studio.services.jobs import JobHandle
from tests.services.test_job_care import make_model
from tests.services.test_jobs import _wait_for

FakeWorker = Callable[..., None]
TRANSCRIPT = Path(__file__).resolve().parents[1] / "protocol" / "retrain-succeeded.jsonl"


@pytest.fixture
def no_keeper(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits is started by the test."""
    monkeypatch.setattr(job_queue, "ensure_keeper", lambda: None)


def start(project: Project, fake_worker: FakeWorker, mode: str = "hang", transcript: str = "retrain-killed") -> JobHandle:
    fake_worker(mode, transcript)
    return jobs.start_training(project, "retrain", wait=True)


def statuses(*handles: JobHandle) -> list[JobStatus]:
    return [handle.state().status for handle in handles]


@pytest.mark.usefixtures("no_keeper")
def test_who_comes_while_another_runs_waits_in_line(project: Project, fake_worker: FakeWorker) -> None:
    first = start(project, fake_worker)
    _wait_for(lambda: first.state().status is JobStatus.RUNNING)
    second, third = start(project, fake_worker), start(project, fake_worker)
    assert statuses(second, third) == [JobStatus.WAITING, JobStatus.WAITING]
    assert not second.state().status.ended
    assert [waiting.place(handle.job_dir) for handle in (first, second, third)] == [None, 0, 1]
    assert job_queue.launch_next() == []
    first.cancel()
    _wait_for(lambda: first.state().status is JobStatus.CANCELLED)
    assert len(job_queue.launch_next()) == 1
    _wait_for(lambda: second.state().status is JobStatus.RUNNING)
    assert statuses(third) == [JobStatus.WAITING]
    assert job_queue.launch_next() == []


@pytest.mark.usefixtures("no_keeper")
def test_the_line_is_reordered(project: Project, fake_worker: FakeWorker) -> None:
    first = start(project, fake_worker)
    a, b, c = (start(project, fake_worker) for _ in range(3))

    def order() -> list[str]:
        return [entry.path.name for entry in waiting.line()]

    waiting.move(c.job_dir, -1)
    assert order() == [a.job_id, c.job_id, b.job_id]
    waiting.move(c.job_dir, -5)
    assert order() == [c.job_id, a.job_id, b.job_id]
    waiting.move(c.job_dir, 1)
    assert order() == [a.job_id, c.job_id, b.job_id]
    waiting.move(first.job_dir, 1)
    assert order() == [a.job_id, c.job_id, b.job_id]


@pytest.mark.usefixtures("no_keeper")
def test_one_that_waits_can_be_called_off_and_taken_up_again(project: Project, fake_worker: FakeWorker) -> None:
    first = start(project, fake_worker)
    second = start(project, fake_worker)
    second.cancel()
    assert statuses(second) == [JobStatus.CANCELLED]
    assert waiting.line() == []
    again = jobs.resume(second, wait=True)
    assert statuses(again) == [JobStatus.WAITING]
    first.cancel()
    _wait_for(lambda: first.state().status is JobStatus.CANCELLED)
    fake_worker("play")
    job_queue.launch_next()
    assert again.tail().wait(20).status is JobStatus.SUCCEEDED


@pytest.mark.usefixtures("no_keeper")
def test_an_interrupted_one_waits_its_turn_when_it_is_resumed(project: Project, fake_worker: FakeWorker) -> None:
    broken = start(project, fake_worker, "die")
    _wait_for(lambda: broken.state().status is JobStatus.INTERRUPTED)
    running = start(project, fake_worker)
    _wait_for(lambda: running.state().status is JobStatus.RUNNING)
    assert jobs.resume(broken, wait=True).state().status is JobStatus.WAITING
    # A window that comes later knows nothing of what was just asked.
    assert jobs.find(project, broken.job_id).state().status is JobStatus.WAITING


@pytest.mark.usefixtures("no_keeper")
def test_one_that_is_resumed_at_once_is_not_in_its_own_way(project: Project, fake_worker: FakeWorker) -> None:
    broken = start(project, fake_worker, "die")
    _wait_for(lambda: broken.state().status is JobStatus.INTERRUPTED)
    # The trainer mends a line that was torn; the fake one can't.
    events = broken.job_dir / EVENTS_FILE
    events.write_bytes(events.read_bytes().rpartition(b"\n")[0] + b"\n")
    fake_worker("play")
    assert jobs.resume(broken, wait=True).tail().wait(20).status is JobStatus.SUCCEEDED
    assert waiting.line() == []


@pytest.mark.usefixtures("no_keeper")
def test_a_keeper_that_is_killed_before_it_strikes_off_whom_it_started_leaves_no_second_worker(
    project: Project, fake_worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = start(project, fake_worker), start(project, fake_worker)
    first.cancel()
    _wait_for(lambda: first.state().status is JobStatus.CANCELLED)

    class KilledError(BaseException):
        pass

    def killed(_: Path) -> bool:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(waiting, "leave", killed)
        with pytest.raises(KilledError):
            job_queue.launch_next()
    assert waiting.place(second.job_dir) == 0
    assert job_queue.launch_next() == []
    assert waiting.line() == []
    _wait_for(lambda: second.state().status is JobStatus.RUNNING)
    assert second.state().attempt == 1


@pytest.mark.usefixtures("no_keeper")
def test_one_that_was_given_its_device_and_never_started_is_started_later(
    project: Project, fake_worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keeper is killed between the lock and the worker."""
    first, second = start(project, fake_worker), start(project, fake_worker)
    first.cancel()
    _wait_for(lambda: first.state().status is JobStatus.CANCELLED)
    device_lock.take("auto", second.job_dir, attempt=1)
    assert job_queue.launch_next() == []
    assert waiting.place(second.job_dir) == 0
    monkeypatch.setattr(device_lock, "_STARTING_S", 0.0)
    assert len(job_queue.launch_next()) == 1


@pytest.mark.usefixtures("no_keeper")
def test_who_is_overtaken_between_the_look_and_the_start_waits_in_line(
    project: Project, fake_worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = start(project, fake_worker)
    monkeypatch.setattr(job_queue, "must_wait", lambda _: False)
    second = start(project, fake_worker)
    assert statuses(first, second)[1] is JobStatus.WAITING
    with pytest.raises(BadInputError, match=r"job\.device_busy"):
        jobs.start_training(project, "retrain")


@pytest.mark.usefixtures("no_keeper")
def test_one_that_is_resumed_from_two_windows_at_once_gets_one_worker(project: Project, fake_worker: FakeWorker) -> None:
    broken = start(project, fake_worker, "die")
    _wait_for(lambda: broken.state().status is JobStatus.INTERRUPTED)
    events = broken.job_dir / EVENTS_FILE
    events.write_bytes(events.read_bytes().rpartition(b"\n")[0] + b"\n")
    fake_worker("hang", "retrain-killed")
    got: list[object] = []

    def resume() -> None:
        try:
            got.append(jobs.resume(broken, wait=True))
        except BadInputError as error:
            got.append(error.code)

    threads = [threading.Thread(target=resume) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each for each in got if isinstance(each, str)) == ["job.still_running"] * 2
    _wait_for(lambda: broken.state().attempt == 2)
    assert broken.state().status is JobStatus.RUNNING


@pytest.mark.usefixtures("no_keeper")
def test_one_that_crashed_at_once_is_resumed_at_once(project: Project, fake_worker: FakeWorker) -> None:
    crashed = start(project, fake_worker, "crash")
    assert crashed.tail().wait(20).status is JobStatus.FAILED
    fake_worker("play")
    assert jobs.resume(crashed, wait=True).tail().wait(20).status is JobStatus.SUCCEEDED


@pytest.mark.usefixtures("no_keeper")
def test_of_two_that_were_asked_for_together_the_second_is_compared_with_the_first_ones_student(
    project: Project, fake_worker: FakeWorker
) -> None:
    first, second = start(project, fake_worker), start(project, fake_worker)
    assert (first.spec().judged_models, second.spec().judged_models) == ((), ())
    window = JobWatch(project.directory)
    window.look()
    made = make_model(project, 1, first.job_id)
    first.cancel()
    _wait_for(lambda: first.state().status is JobStatus.CANCELLED)
    job_queue.launch_next()
    assert second.spec().judged_models == (made,)
    assert {seen.handle.job_id: seen.spec and seen.spec.judged_models for seen in window.look()}[second.job_id] == (made,)
    make_model(project, 2, second.job_id)
    used = model_list.current(project, "student")
    assert used is not None
    assert used.card.model_id == made  # until a person says otherwise


def test_a_full_disk_keeps_nobody_from_waiting_on(project: Project, fake_worker: FakeWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(job_queue, "ensure_keeper", lambda: None)
        first, second = start(project, fake_worker), start(project, fake_worker)
    looks: list[int] = []
    launch_next = job_queue.launch_next

    def refused() -> list[subprocess.Popen[bytes]]:
        looks.append(1)
        if len(looks) == 1:
            raise OSError(28, "No space left on device")
        return launch_next()

    monkeypatch.setattr(job_queue, "launch_next", refused)
    first.cancel()
    _wait_for(lambda: first.state().status is JobStatus.CANCELLED)
    fake_worker("play")
    job_queue.keep(0.01)
    assert len(looks) > 1
    assert second.tail().wait(20).status is JobStatus.SUCCEEDED


@pytest.mark.usefixtures("no_keeper")
def test_whose_start_a_full_disk_refuses_stays_in_line(project: Project, fake_worker: FakeWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = start(project, fake_worker), start(project, fake_worker)
    first.cancel()
    _wait_for(lambda: first.state().status is JobStatus.CANCELLED)
    with monkeypatch.context() as patched:
        patched.setattr(worker_process, "spawn", Mock(side_effect=OSError(28, "No space left on device")))
        assert job_queue.launch_next() == []
    assert statuses(second) == [JobStatus.WAITING]
    assert len(job_queue.launch_next()) == 1


def test_whose_worker_could_not_be_started_holds_no_device(
    project: Project, fake_worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashed = start(project, fake_worker, "crash")
    assert crashed.tail().wait(20).status is JobStatus.FAILED
    with monkeypatch.context() as patched:
        patched.setattr(worker_process, "spawn", Mock(side_effect=PermissionError(13, "Permission denied")))
        with pytest.raises(BadInputError, match=r"job\.cant_start_worker"):
            jobs.resume(crashed)
    assert device_lock.holder("auto") is None
    fake_worker("play")
    assert jobs.resume(crashed).tail().wait(20).status is JobStatus.SUCCEEDED


@pytest.mark.usefixtures("no_keeper")
def test_a_folder_that_is_gone_does_not_block_the_line(project: Project, fake_worker: FakeWorker) -> None:
    first = start(project, fake_worker)
    gone, last = start(project, fake_worker), start(project, fake_worker)
    shutil.rmtree(gone.job_dir)
    first.cancel()
    _wait_for(lambda: first.state().status is JobStatus.CANCELLED)
    assert len(job_queue.launch_next()) == 1
    _wait_for(lambda: last.state().status is JobStatus.RUNNING)


def test_a_damaged_line_is_an_empty_one(project: Project) -> None:
    waiting.queue_dir().mkdir(parents=True, exist_ok=True)
    (waiting.queue_dir() / "queue.json").write_text('{"jobs": [{"job_dir": 1')
    assert waiting.line() == []
    waiting.join(waiting.Waiting(job_dir=str(project.directory / "jobs" / "x"), device="cpu", attempt=1))
    assert len(waiting.line()) == 1


def test_the_keeper_starts_one_after_the_other_and_ends(project: Project, fake_worker: FakeWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-m", "tests.services.fake_keeper", "play", str(TRANSCRIPT)]
    monkeypatch.setattr(job_queue, "keeper_command", lambda: command)
    first = start(project, fake_worker)
    second, third = start(project, fake_worker), start(project, fake_worker)
    job_queue.ensure_keeper()  # a second one is not started
    first.cancel()
    assert first.tail().wait(20).status is JobStatus.CANCELLED
    assert second.tail().wait(30).status is JobStatus.SUCCEEDED
    assert third.tail().wait(30).status is JobStatus.SUCCEEDED
    began = [handle.state().started_utc for handle in (second, third)]
    assert None not in began
    assert waiting.line() == []
    _wait_for(lambda: job_queue._keeper() is None)


def test_the_line_goes_on_when_the_window_is_killed(project: Project, tmp_path: Path) -> None:
    """A process that put two trainings in line is killed; both are done in the end."""
    fake = str(Path(__file__).with_name("fake_worker.py"))
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from sos_studio.services import job_queue, jobs, presets, projects, worker_process\n"
        f"worker_process.trainer_command = lambda *a: [sys.executable, {fake!r}, 'play', {str(TRANSCRIPT)!r}, a[-1]]\n"
        f"job_queue.keeper_command = lambda: [sys.executable, '-m', 'tests.services.fake_keeper', 'play', {str(TRANSCRIPT)!r}]\n"
        "presets.load = lambda _: {}\n"
        f"project = projects.open(Path({str(project.directory)!r}))\n"
        "print(*(jobs.start_training(project, 'retrain', wait=True).job_id for _ in range(2)), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    project.close()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert told.returncode == -signal.SIGKILL, told.stderr
    for job_id in told.stdout.split():
        job = jobs.find(project.directory, job_id)
        assert job.tail().wait(30).status is JobStatus.SUCCEEDED
    _wait_for(lambda: not any(worker_process.life(record.parent).there for record in tmp_path.rglob(WORKER_FILE)))
    _wait_for(lambda: job_queue._keeper() is None)
