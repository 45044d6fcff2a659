"""Following a job's events while they are written, torn or late."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import psutil
import pytest

from sos_studio.core.job_state import JobStatus, fold
from sos_studio.core.jobs import CANCEL_FILE, EVENTS_FILE, HEARTBEAT_FILE, JOB_FILE, WORKER_FILE, Warned, WorkerRecord, event_line
from sos_studio.services import worker_process
from sos_studio.services.job_tail import EventReader, JobTail, last_event
from sos_studio.services.worker_process import Life

TRANSCRIPTS = Path(__file__).resolve().parents[1] / "protocol"


def _worker(job_dir: Path, *, pid: int | None = None, started_at: float | None = None, host: str | None = None) -> None:
    record = WorkerRecord(
        pid=os.getpid() if pid is None else pid,
        started_at=psutil.Process().create_time() if started_at is None else started_at,
        host=host or socket.gethostname(),
    )
    (job_dir / WORKER_FILE).write_text(record.model_dump_json())


@pytest.mark.parametrize(
    ("transcript", "status", "attempt"),
    [
        ("retrain-succeeded", JobStatus.SUCCEEDED, 1),
        ("retrain-failed", JobStatus.FAILED, 1),
        ("retrain-cancelled", JobStatus.CANCELLED, 1),
        ("retrain-killed", JobStatus.INTERRUPTED, 1),
        ("retrain-resumed", JobStatus.SUCCEEDED, 2),
        ("recorded-retrain", JobStatus.SUCCEEDED, 1),  # what the trainer wrote in a real training, one epoch each
    ],
)
def test_recorded_transcripts_end_as_they_should(tmp_path: Path, transcript: str, status: JobStatus, attempt: int) -> None:
    (tmp_path / EVENTS_FILE).write_bytes((TRANSCRIPTS / f"{transcript}.jsonl").read_bytes())
    _worker(tmp_path, started_at=1.0)  # our pid, but another process: the worker is gone
    state = JobTail(tmp_path).poll()
    assert (state.status, state.attempt) == (status, attempt)


def test_every_cut_of_a_transcript_is_read_without_loss(tmp_path: Path) -> None:
    content = (TRANSCRIPTS / "retrain-succeeded.jsonl").read_bytes()
    path = tmp_path / EVENTS_FILE
    path.touch()
    reader = EventReader(path)
    seen = 0
    with open(path, "ab", buffering=0) as stream:
        for start in range(0, len(content), 37):
            stream.write(content[start : start + 37])
            seen += len(reader.read())
    assert seen == content.count(b"\n")
    assert reader.damaged == 0


def test_an_event_behind_a_torn_line_is_saved(tmp_path: Path) -> None:
    lines = (TRANSCRIPTS / "retrain-resumed.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / EVENTS_FILE).write_bytes(lines[0] + lines[1][:40] + lines[2] + b"\n" + b"garbage\n" + lines[3])
    reader = EventReader(tmp_path / EVENTS_FILE)
    assert [event.n for event in reader.read()] == [0, 2, 3]
    assert reader.damaged == 2


def test_a_job_without_events_waits_for_its_worker(tmp_path: Path) -> None:
    (tmp_path / JOB_FILE).write_text("{}")
    tail = JobTail(tmp_path)
    assert tail.poll().status is JobStatus.QUEUED
    _worker(tmp_path)
    assert tail.poll().status is JobStatus.QUEUED


def test_a_job_that_nobody_took_for_a_minute_did_not_start(tmp_path: Path) -> None:
    (tmp_path / JOB_FILE).write_text("{}")
    old = time.time() - 100
    os.utime(tmp_path / JOB_FILE, (old, old))
    assert JobTail(tmp_path).poll().failure_code == "job.did_not_start"


def test_earlier_attempts_dont_count_after_a_resume(tmp_path: Path) -> None:
    (tmp_path / EVENTS_FILE).write_bytes((TRANSCRIPTS / "retrain-cancelled.jsonl").read_bytes())
    _worker(tmp_path)
    assert JobTail(tmp_path).poll().status is JobStatus.CANCELLED
    assert JobTail(tmp_path, expected_attempt=2).poll().status is JobStatus.QUEUED


def test_a_worker_killed_after_cancel_counts_as_cancelled(tmp_path: Path) -> None:
    (tmp_path / EVENTS_FILE).write_bytes((TRANSCRIPTS / "retrain-killed.jsonl").read_bytes())
    _worker(tmp_path, started_at=1.0)
    (tmp_path / CANCEL_FILE).touch()
    assert JobTail(tmp_path).poll().status is JobStatus.CANCELLED


def test_a_stranger_with_the_workers_pid_is_not_the_worker(tmp_path: Path) -> None:
    _worker(tmp_path)
    assert worker_process.life(tmp_path) is Life.ALIVE
    _worker(tmp_path, started_at=psutil.Process().create_time() - 3600)
    assert worker_process.life(tmp_path) is Life.GONE


def test_a_worker_whose_heart_beats_lives_though_the_clock_was_set(tmp_path: Path) -> None:
    """The system then says of every process that it began at another time."""
    _worker(tmp_path, started_at=psutil.Process().create_time() - 3600)
    heartbeat = tmp_path / HEARTBEAT_FILE
    heartbeat.touch()
    assert worker_process.life(tmp_path) is Life.ALIVE
    old = time.time() - 20
    os.utime(heartbeat, (old, old))
    assert worker_process.life(tmp_path) is Life.GONE
    heartbeat.touch()
    _worker(tmp_path, pid=2**22 + 7, started_at=1.0)
    assert worker_process.life(tmp_path) is Life.GONE


def test_a_worker_of_another_computer_lives_by_its_heartbeat(tmp_path: Path) -> None:
    _worker(tmp_path, pid=1, host="elsewhere")
    assert worker_process.life(tmp_path) is Life.GONE
    heartbeat = tmp_path / HEARTBEAT_FILE
    heartbeat.touch()
    assert worker_process.life(tmp_path) is Life.ALIVE
    old = time.time() - 100
    os.utime(heartbeat, (old, old))
    assert worker_process.life(tmp_path) is Life.GONE


def test_a_worker_without_heartbeat_is_silent_not_gone(tmp_path: Path) -> None:
    _worker(tmp_path)
    (tmp_path / HEARTBEAT_FILE).touch()
    old = time.time() - 100
    os.utime(tmp_path / HEARTBEAT_FILE, (old, old))
    tail = JobTail(tmp_path)
    tail.poll()
    assert tail.silent


def test_a_torn_line_that_the_worker_takes_back_is_replaced_by_what_it_writes_instead(tmp_path: Path) -> None:
    first, second, *_ = (TRANSCRIPTS / "retrain-succeeded.jsonl").read_bytes().splitlines(keepends=True)
    path = tmp_path / EVENTS_FILE
    reader = EventReader(path)
    path.write_bytes(first + second[:40])  # the disk is full …
    assert [event.n for event in reader.read()] == [0]
    path.write_bytes(first + b'{"n":1,"utc":"2025-03-01T09:00:54Z","type":"failed","code":"training.disk_full"}\n')
    assert [event.type for event in reader.read()] == ["failed"]
    assert reader.damaged == 0


@pytest.mark.parametrize("end", [b"", b'{"n":99,"att', b"damaged\n"])
def test_the_last_event_is_read_from_the_end_of_the_file(tmp_path: Path, end: bytes) -> None:
    whole = (TRANSCRIPTS / "retrain-succeeded.jsonl").read_bytes()
    (tmp_path / EVENTS_FILE).write_bytes(whole[: whole[:-1].rfind(b"\n") + 1] * 400 + whole.splitlines(keepends=True)[-1] + end)
    last = last_event(tmp_path)
    assert last is not None
    assert last.type == "succeeded"


def test_there_is_no_last_event_before_the_first(tmp_path: Path) -> None:
    assert last_event(tmp_path) is None
    (tmp_path / EVENTS_FILE).write_bytes(b'{"n":0')
    assert last_event(tmp_path) is None


def test_of_one_that_has_ended_only_the_newest_progress_is_read_and_nothing_else_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / EVENTS_FILE
    content = (TRANSCRIPTS / "recorded-retrain.jsonl").read_bytes()
    # A progress that was torn, and the next event behind it in one line.
    path.write_bytes(content + b'{"n":900,"attempt":1,"type":"progress","do' + event_line(Warned(n=901, code="x")))
    whole, brief = EventReader(path).read(), EventReader(path).read(brief=True)
    assert [e for e in brief if e.type != "progress"] == [e for e in whole if e.type != "progress"]
    assert brief[-1].type == "warning"
    (newest,) = [e for e in brief if e.type == "progress"]
    assert newest == [e for e in whole if e.type == "progress"][-1]
    one, other = fold(whole), fold(brief)
    assert (one.status, one.fraction, one.part, one.metrics, one.artifacts) == (
        other.status,
        other.fraction,
        other.part,
        other.metrics,
        other.artifacts,
    )
