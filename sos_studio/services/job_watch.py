"""All trainings of a project as they go on, also those that another window or the command line started."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from sos_studio.core.errors import SosError
from sos_studio.core.job_state import JobState, JobStatus
from sos_studio.core.jobs import EVENTS_FILE, JOB_FILE, WORKER_FILE, JobSpec
from sos_studio.services import job_care, job_queue, jobs, waiting, worker_process
from sos_studio.services.job_tail import JobTail
from sos_studio.services.jobs import JobHandle


@dataclass(frozen=True, eq=False)
class Seen:
    """One training at one look.

    Attributes
    ----------
    spec
        What was asked; None if its file is damaged.
    name
        What somebody called it; empty if nobody did.
    silent
        No sign of life for a minute.
    ahead
        How many wait ahead of it for the device; None if it does not wait.
    stopping
        It was told to stop and has not ended yet.
    """

    handle: JobHandle
    spec: JobSpec | None
    state: JobState
    name: str = ""
    silent: bool = False
    ahead: int | None = None
    stopping: bool = False


class JobWatch:
    """Looks at every job folder of a project; what has ended is read again only if something was written there.

    Cheap to ask a few times a second. `look` is called from one thread at a time; `adopt` from any.
    """

    def __init__(self, project_dir: Path) -> None:
        self._project_dir = project_dir
        self._lock = threading.Lock()
        self._tails: dict[str, tuple[JobHandle, JobTail]] = {}
        self._ended: dict[str, tuple[int, JobState]] = {}
        self._specs: dict[str, tuple[int, JobSpec | None]] = {}

    def adopt(self, handle: JobHandle) -> None:
        """Follow a job through the handle with which it was started: only that reaps its worker and knows which attempt is meant."""
        with self._lock:
            self._tails[handle.job_id] = (handle, handle.tail())
            self._ended.pop(handle.job_id, None)
            self._specs.pop(handle.job_id, None)

    def look(self) -> tuple[Seen, ...]:
        """Running ones first, then who waits in the order of the line, then the rest, the newest first."""
        job_queue.ensure_keeper()
        with self._lock:
            seen = [self._one(handle) for handle in jobs.list_jobs(self._project_dir)]
        # `sorted` keeps the order of the list, which is by time.
        return tuple(sorted(seen, key=_order))

    def _one(self, listed: JobHandle) -> Seen:
        handle, tail = self._tails.get(listed.job_id) or (listed, listed.tail())
        ahead = waiting.place(handle.job_dir)
        written = _written(handle.job_dir)
        known = self._ended.get(handle.job_id)
        if known is not None and known[0] == written and ahead is None:
            state = known[1]
        else:
            state = tail.poll()
            if state.status.ended:
                self._ended[handle.job_id] = (written, state)
            else:
                self._ended.pop(handle.job_id, None)
            self._tails[handle.job_id] = (handle, tail)
        stopping = not state.status.ended and worker_process.asked_to_stop_s(handle.job_dir) is not None
        return Seen(handle, self._spec(handle), state, job_care.name_of(handle.job_dir), tail.silent, ahead, stopping)

    def _spec(self, handle: JobHandle) -> JobSpec | None:
        # Written anew when it begins (whom its student is compared with), or goes on with other settings.
        try:
            written = (handle.job_dir / JOB_FILE).stat().st_mtime_ns
        except OSError:
            written = -1
        known = self._specs.get(handle.job_id)
        if known is None or known[0] != written:
            try:
                known = (written, handle.spec())
            except SosError:  # a damaged job still shows its events
                known = (written, None)
            self._specs[handle.job_id] = known
        return known[1]


def _written(job_dir: Path) -> int:
    """Size of what the worker has told, and whether there is a worker's record: either changes when an ended job goes on."""
    try:
        size = (job_dir / EVENTS_FILE).stat().st_size
    except OSError:
        size = -1
    return 2 * size + (job_dir / WORKER_FILE).exists()


def _order(seen: Seen) -> tuple[int, int]:
    if seen.state.status in (JobStatus.RUNNING, JobStatus.QUEUED):
        return (0, 0)
    return (1, seen.ahead or 0) if seen.ahead is not None else (2, 0)
