from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from sos_studio.core import jobs
from sos_studio.core.errors import JobFailedError
from sos_studio.core.job_state import JobStatus, fold
from sos_studio.messages import message
from tests.trainer.tiny_project import ROOT
from trainer.events import RESERVE_FILE, EventLog, EventWriter
from trainer.failures import explain


def lines(path: Path) -> list[jobs.Event]:
    return [jobs.parse_event(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / jobs.EVENTS_FILE


def test_events_are_numbered_and_fold_to_the_state_that_is_shown(path: Path) -> None:
    log = EventLog(path)
    writer = EventWriter(log, path.parent)
    log.started("teacher", ("teacher",), {"torch": "2"})
    writer.progress(1, 2)
    writer.metric("loss", "train", 1, 0.5)
    writer.warning("training.too_few_to_cross_fit", count=3)
    log.succeeded()
    log.close()
    events = lines(path)
    assert [event.n for event in events] == list(range(5))
    state = fold(events)
    assert state.status is JobStatus.SUCCEEDED
    assert state.metrics[0].value == 0.5
    assert state.warnings[0].values == {"count": 3}


@pytest.mark.parametrize("later", ["succeeded", "cancelled"])
def test_nothing_follows_the_last_event(path: Path, later: str) -> None:
    log = EventLog(path)
    log.started("teacher", ("teacher",), {})
    log.failed("internal", kind="X")
    getattr(log, later)()
    log.failed("other")
    EventWriter(log, path.parent).progress(1, 1)
    log.close()
    assert [event.type for event in lines(path)] == ["started", "failed"]


def test_two_threads_leave_exactly_one_last_event(path: Path) -> None:
    log = EventLog(path)
    threads = [threading.Thread(target=end) for end in (log.succeeded, log.cancelled, log.succeeded, log.cancelled)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    assert len(lines(path)) == 1


def test_a_second_attempt_goes_on_numbering_and_cuts_off_a_torn_line(path: Path) -> None:
    first = EventLog(path)
    first.started("teacher", ("teacher",), {})
    first.close()
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"n":1,"attempt":1,"ty')
    second = EventLog(path)
    assert second.attempt == 2
    assert second.last_event is not None
    second.started("teacher", ("teacher",), {})
    second.succeeded()
    second.close()
    assert [(event.n, event.attempt) for event in lines(path)] == [(0, 1), (1, 2), (2, 2)]


def test_a_part_tells_its_share_of_the_whole(path: Path) -> None:
    log = EventLog(path)
    whole = EventWriter(log, path.parent)
    part = whole.within("detector", 0.25, 0.75)
    part.progress(5, 10)
    whole.within("student", 0.75, 1.0).progress(4, 4)
    log.close()
    told = [(event.part, event.done, event.total) for event in lines(path) if isinstance(event, jobs.Progress)]
    assert told == [("detector", 0.5, 1.0), ("student", 1.0, 1.0)]


def test_an_attempt_begins_once_whatever_parts_follow(path: Path) -> None:
    log = EventLog(path)
    whole = EventWriter(log, path.parent)
    whole.progress(0, 1)
    whole.within("teacher", 0.0, 0.4).begin(1, 4)
    whole.within("student", 0.4, 1.0).begin(0, 4)
    log.close()
    told = [(event.done, event.unit) for event in lines(path) if isinstance(event, jobs.Progress)]
    assert told == [(0.0, "step"), (pytest.approx(0.1), jobs.BEGINS)]


def test_progress_comes_at_a_pace_that_a_person_can_follow_but_the_last_always(path: Path) -> None:
    log = EventLog(path)
    writer = EventWriter(log, path.parent)
    for done in range(1, 1001):
        writer.progress(done, 1000)
    log.close()
    told = lines(path)
    assert len(told) < 50
    assert isinstance(told[-1], jobs.Progress)
    assert told[-1].done == 1000


def test_a_number_that_is_none_becomes_a_warning(path: Path) -> None:
    log = EventLog(path)
    EventWriter(log, path.parent).metric("loss", "train", 3, float("nan"))
    log.close()
    assert [event.type for event in lines(path)] == ["warning"]


def test_an_artifact_is_named_relative_to_the_project_with_its_hash(path: Path) -> None:
    model = path.parent / "models" / "m" / "model.safetensors"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"abc")
    log = EventLog(path)
    EventWriter(log, path.parent).artifact("model", model)
    log.close()
    (event,) = lines(path)
    assert isinstance(event, jobs.Artifact)
    assert event.path == "models/m/model.safetensors"
    assert event.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


class FullDisk:
    """A file on a disk that has room for so many more bytes; like a real one, it takes what fits and refuses the rest."""

    def __init__(self, real: Any, room: int) -> None:
        self.real, self.room = real, room

    def write(self, data: bytes) -> int:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = self.real.write(data[: self.room])
        self.room -= taken
        return int(taken)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def test_a_line_that_the_disk_took_half_of_is_taken_back_and_the_job_told_to_fail(path: Path) -> None:
    log = EventLog(path)
    log.started("teacher", ("teacher",), {})
    before = path.read_bytes()
    disk = FullDisk(log._stream, room=30)
    log._stream = disk
    with pytest.raises(JobFailedError) as caught:
        EventWriter(log, path.parent).progress(1, 2)
    assert caught.value.code == "training.disk_full"
    assert message(caught.value.code).text == "The disk of the project is full."
    assert path.read_bytes() == before

    # The last event finds the room that was kept for it.
    real_unlink, reserve = Path.unlink, path.with_name(RESERVE_FILE)
    assert reserve.stat().st_size > 10_000

    def unlink(file: Path, missing_ok: bool = False) -> None:
        disk.room = file.stat().st_size
        real_unlink(file, missing_ok=missing_ok)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "unlink", unlink)
        log.failed("training.disk_full")
    log.close()
    assert [(event.n, event.type) for event in lines(path)] == [(0, "started"), (1, "failed")]
    assert not reserve.exists()


@pytest.mark.expects_log
def test_without_any_room_even_the_last_event_ends_the_attempt_and_not_the_worker(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = EventLog(path)
    log.started("teacher", ("teacher",), {})
    log._stream = FullDisk(log._stream, room=7)
    log.failed("training.disk_full")
    assert log.ended
    log.close()
    assert [event.type for event in lines(path)] == ["started"]
    assert "last event" in caplog.text


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of files")
def test_the_systems_own_refusal_leaves_whole_lines(tmp_path: Path) -> None:
    """A limit on the size of files is as near to a full disk as a test may go: the write that crosses it is cut short."""
    code = (
        "import resource, sys; from pathlib import Path; from trainer.events import EventLog, EventWriter\n"
        "log = EventLog(Path(sys.argv[1])); writer = EventWriter(log, Path('.'))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "for n in range(1000):\n    writer.warning('w', n=n)"
    )
    path = tmp_path / jobs.EVENTS_FILE
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False, cwd=ROOT, timeout=60)
    assert "JobFailedError: training.disk_full" in done.stderr
    content = path.read_bytes()
    assert 4800 < len(content) <= 5000
    assert content.endswith(b"\n")
    assert [event.n for event in lines(path)] == list(range(len(lines(path))))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), "system.out_of_memory"),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
            "system.out_of_memory",
        ),
        (RuntimeError("CUDA out of memory. Tried to allocate"), "system.out_of_memory"),
        (OSError(28, "No space left on device"), "training.disk_full"),
        (OSError(27, "File too large"), "training.disk_full"),
        (OSError(30, "Read-only file system"), "training.unwritable"),
        (KeyError("x"), "internal"),
    ],
)
def test_failures_are_told_as_codes(error: BaseException, code: str) -> None:
    assert explain(error)[0] == code
