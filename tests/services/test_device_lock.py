"""One job per device, and a lock that nobody has to clear by hand."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from pathlib import Path

import psutil
import pytest

from sos_studio.core.errors import BadInputError
from sos_studio.core.jobs import EVENTS_FILE, WORKER_FILE, WorkerRecord
from sos_studio.core.settings import user_data_dir
from sos_studio.services import device_lock

TRANSCRIPTS = Path(__file__).resolve().parents[1] / "protocol"


def _job(folder: Path, *, alive: bool, transcript: str = "retrain-killed") -> Path:
    folder.mkdir()
    started = psutil.Process().create_time() - (0 if alive else 9999)
    (folder / WORKER_FILE).write_text(WorkerRecord(pid=os.getpid(), started_at=started, host=socket.gethostname()).model_dump_json())
    (folder / EVENTS_FILE).write_bytes((TRANSCRIPTS / f"{transcript}.jsonl").read_bytes())
    return folder


def test_a_living_job_holds_its_device_and_auto_means_all(tmp_path: Path) -> None:
    device_lock.take("cpu", _job(tmp_path / "first", alive=True), attempt=1)
    other = _job(tmp_path / "second", alive=False)
    for device in ("cpu", "auto"):
        with pytest.raises(BadInputError, match=r"job\.device_busy"):
            device_lock.take(device, other, attempt=1)
    device_lock.take("cuda", other, attempt=1)


def test_a_dead_or_finished_job_holds_nothing(tmp_path: Path) -> None:
    device_lock.take("auto", _job(tmp_path / "dead", alive=False), attempt=1)
    assert device_lock.holder("auto") is None
    # Its process is still on its way out, but its last event is written.
    device_lock.take("auto", _job(tmp_path / "done", alive=True, transcript="retrain-succeeded"), attempt=1)
    assert device_lock.holder("auto") is None
    device_lock.take("auto", tmp_path / "done", attempt=2)
    assert device_lock.holder("auto") is not None


def test_a_job_that_is_just_being_started_holds_its_device(tmp_path: Path) -> None:
    folder = tmp_path / "starting"
    folder.mkdir()
    device_lock.take("cpu", folder, attempt=1)
    held = device_lock.holder("cpu")
    assert held is not None
    assert held.job_dir == folder.resolve()


def test_damaged_and_abandoned_locks_are_no_obstacle(tmp_path: Path) -> None:
    locks = user_data_dir() / "locks"
    locks.mkdir(parents=True)
    (locks / "cpu.json").write_text("{")
    guard = locks / "guard"
    guard.touch()
    old = time.time() - 60
    os.utime(guard, (old, old))
    device_lock.take("cpu", _job(tmp_path / "job", alive=True), attempt=1)
    assert json.loads((locks / "cpu.json").read_bytes())["attempt"] == 1


def test_of_two_that_start_at_once_one_gets_the_device(tmp_path: Path) -> None:
    jobs = [_job(tmp_path / str(n), alive=True) for n in range(6)]
    won: list[Path] = []

    def start(job: Path) -> None:
        try:
            device_lock.take("cpu", job, attempt=1)
        except BadInputError:
            return
        won.append(job)

    threads = [threading.Thread(target=start, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
