from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import psutil
import pytest

from sos_studio.core import jobs
from trainer.control import Control, JobCancelled, drop_stale_cancel, write_worker_record


def test_a_cancel_file_ends_the_work_at_the_next_check(tmp_path: Path) -> None:
    control = Control(tmp_path)
    control.check()
    (tmp_path / jobs.CANCEL_FILE).touch()
    with pytest.raises(JobCancelled):
        control.check()
    assert control.cancelled


def test_a_check_beats_the_heart(tmp_path: Path) -> None:
    Control(tmp_path).check()
    assert time.time() - (tmp_path / jobs.HEARTBEAT_FILE).stat().st_mtime < 5


@pytest.mark.expects_log
def test_a_wish_that_is_not_honoured_in_time_ends_the_process(tmp_path: Path) -> None:
    overdue = threading.Event()
    control = Control(tmp_path, overdue.set, grace_s=0.1)
    control._thread.start()  # start() also takes the signals of this process
    try:
        control.ask_to_stop()
        assert overdue.wait(5)
    finally:
        control.stop()


def test_the_worker_is_known_by_pid_and_start_time(tmp_path: Path) -> None:
    write_worker_record(tmp_path)
    record = jobs.WorkerRecord.model_validate_json((tmp_path / jobs.WORKER_FILE).read_bytes())
    assert record.pid == os.getpid()
    assert record.started_at == psutil.Process(record.pid).create_time()


def test_a_cancel_file_that_was_obeyed_already_does_not_stop_the_next_attempt(tmp_path: Path) -> None:
    file = tmp_path / jobs.CANCEL_FILE
    file.touch()
    obeyed = jobs.Cancelled(n=4)
    drop_stale_cancel(tmp_path, obeyed)
    assert not file.exists()
    drop_stale_cancel(tmp_path, obeyed)


@pytest.mark.parametrize("last_event", [None, jobs.Succeeded(n=1)])
def test_a_cancel_file_that_nobody_obeyed_yet_stays(tmp_path: Path, last_event: jobs.Event | None) -> None:
    file = tmp_path / jobs.CANCEL_FILE
    file.touch()
    drop_stale_cancel(tmp_path, last_event)
    assert file.exists()


def test_a_newer_cancel_file_stays(tmp_path: Path) -> None:
    obeyed = jobs.Cancelled(n=4)
    file = tmp_path / jobs.CANCEL_FILE
    file.touch()
    os.utime(file, (time.time() + 5, time.time() + 5))
    drop_stale_cancel(tmp_path, obeyed)
    assert file.exists()
