"""Follow a job's ``events.jsonl`` while its worker writes it, or long after."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from sos_studio.core.job_state import JobState, JobStatus
from sos_studio.core.jobs import EVENTS_FILE, HEARTBEAT_LOST_S, JOB_FILE, Event, parse_event
from sos_studio.services import waiting, worker_process
from sos_studio.services.worker_process import KILL_AFTER_S, TERMINATE_AFTER_S, Life

_log = logging.getLogger(__name__)
_EVENT_START, _PROGRESS = b'{"n":', b'"type":"progress"'
# Many times the longest event: a failure with its values.
_END_BYTES = 64 * 1024


class EventReader:
    """Reads what was added to ``events.jsonl`` since the last call.

    A last line without its newline is left for the next call, when its rest is there or the worker has taken it back (full
    disk, crash). A line that is no event is counted in `damaged` and passed over; an event that was written behind such a
    torn line is saved.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self.damaged = 0

    def read(self, *, brief: bool = False) -> list[Event]:
        """New complete events; none while the file is missing or can't be read.

        Parameters
        ----------
        brief
            Of progress only the newest: a night's training tells of it a hundred thousand times, and how quick one was that has ended
            nobody asks.
        """
        try:
            with open(self._path, "rb") as stream:
                stream.seek(self._offset)
                added = stream.read()
        except OSError:
            return []
        *lines, torn = added.split(b"\n")
        self._offset += len(added) - len(torn)
        if brief:
            lines = _without_old_progress(lines)
        return [event for line in lines if line.strip() for event in self._events(line)]

    def _events(self, line: bytes) -> list[Event]:
        try:
            return [parse_event(line)]
        except ValidationError:
            self.damaged += 1
            _log.info("a line of a job's events is damaged")
        return self.events_of(line)

    @staticmethod
    def events_of(line: bytes) -> list[Event]:
        """The event of a line, also one that was written behind a torn line; none of a line that holds no whole one."""
        for start in {0, max(line.rfind(_EVENT_START), 0)}:
            with contextlib.suppress(ValidationError):
                return [parse_event(line[start:])]
        return []


def _without_old_progress(lines: list[bytes]) -> list[bytes]:
    # A line with a second event behind a torn one is kept.
    told = [n for n, line in enumerate(lines) if _PROGRESS in line and line.count(_EVENT_START) == 1]
    old = set(told[:-1])
    return [line for n, line in enumerate(lines) if n not in old]


def last_event(job_dir: Path) -> Event | None:
    """The last whole event of a job, read from the end of its file: those of a night's training take seconds to read."""
    try:
        with open(job_dir / EVENTS_FILE, "rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - _END_BYTES))
            lines = stream.read().split(b"\n")[:-1]
    except OSError:
        return None
    for line in reversed(lines):
        found = EventReader.events_of(line)
        if found:
            return found[0]
    return None


class JobTail:
    """One job as it goes on. Cheap to poll a few times a second; use from one thread.

    Parameters
    ----------
    job_dir
        The job's folder.
    process
        The worker if this process started it (it must be reaped); None when the job was found again.
    expected_attempt
        The attempt that was just started: until its first event the job is queued, whatever earlier attempts came to.
    terminate_after_s, kill_after_s
        How long after `cancel` a worker that does not listen is terminated, then killed.
    """

    def __init__(
        self,
        job_dir: Path,
        process: subprocess.Popen[bytes] | None = None,
        *,
        expected_attempt: int = 0,
        terminate_after_s: float = TERMINATE_AFTER_S,
        kill_after_s: float = KILL_AFTER_S,
    ) -> None:
        self.job_dir = job_dir
        self._process = process
        self._terminate_after_s = terminate_after_s
        self._kill_after_s = kill_after_s
        self._expected_attempt = expected_attempt
        self._reader = EventReader(job_dir / EVENTS_FILE)
        self._folded = JobState()
        self._state = JobState()
        self._life = Life.UNKNOWN

    @property
    def state(self) -> JobState:
        """The state at the last poll."""
        return self._state

    @property
    def silent(self) -> bool:
        """Whether the worker is there but has shown no sign of life for a minute (asleep computer, stuck driver)."""
        return self._life is Life.SILENT

    def poll(self) -> JobState:
        """Read what is new and say how the job stands; also insists on a cancel that the worker ignores."""
        if self._process is not None:
            self._process.poll()  # reaps a dead child, which would otherwise look alive
        # Before the events: a worker that ends between the two has then left its last event already.
        self._life = worker_process.life(self.job_dir)
        for event in self._reader.read(brief=not self._life.there):
            self._folded = self._folded.after(event)
        self._state = self._folded
        if not self._life.there and waiting.place(self.job_dir) is not None:
            self._state = replace(self._folded, status=JobStatus.WAITING, failure_code="", failure_values={})
            return self._state
        if self._folded.attempt < self._expected_attempt:
            self._state = replace(self._folded, status=JobStatus.QUEUED, failure_code="", failure_values={})
        if self._state.status.ended:
            return self._state
        if self._life.there:
            worker_process.insist(self.job_dir, terminate_after_s=self._terminate_after_s, kill_after_s=self._kill_after_s)
            return self._state
        if self._life is Life.GONE or self._never_came() or self._called_off():
            self._state = self._without_worker()
        return self._state

    def cancel(self) -> None:
        """Ask the worker to stop; `poll` terminates and then kills it if it doesn't. Who waits leaves the line."""
        if not self.poll().status.ended:
            waiting.leave(self.job_dir)
            worker_process.ask_to_stop(self.job_dir)

    def wait(self, timeout_s: float | None = None, *, on_state: Callable[[JobState], None] | None = None, every_s: float = 0.2) -> JobState:
        """Poll until the job has ended or `timeout_s` has passed; `on_state` hears every poll."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            state = self.poll()
            if on_state is not None:
                on_state(state)
            if state.status.ended or (until is not None and time.monotonic() >= until):
                return state
            time.sleep(every_s)

    def _never_came(self) -> bool:
        """Whether nobody ever took the job: the app died between writing the job and starting its worker."""
        if self._life is not Life.UNKNOWN:
            return False
        try:
            return time.time() - (self.job_dir / JOB_FILE).stat().st_mtime > HEARTBEAT_LOST_S
        except OSError:
            return True

    def _called_off(self) -> bool:
        """Whether it was cancelled while it waited for its device: no worker ever was."""
        return self._life is Life.UNKNOWN and worker_process.asked_to_stop_s(self.job_dir) is not None

    def _without_worker(self) -> JobState:
        if worker_process.asked_to_stop_s(self.job_dir) is not None:
            # It was told to stop and had to be killed: no last event, but no surprise either.
            return replace(self._state, status=JobStatus.CANCELLED)
        if self._state.status is JobStatus.QUEUED:
            return replace(self._state, status=JobStatus.FAILED, failure_code="job.did_not_start", failure_values={})
        return replace(self._state.without_worker(), failure_code="job.worker_died", failure_values={})
