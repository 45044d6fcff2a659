"""What the worker says while it works: ``events.jsonl``, written by the worker itself."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import math
import os
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sos_studio.core import jobs
from sos_studio.core.errors import JobFailedError
from trainer.failures import explain

_log = logging.getLogger(__name__)

# Room that is kept for the last event, which must be told when the disk is full, too.
RESERVE_FILE = ".room-for-the-last-event"
_RESERVE_BYTES = 64 * 1024
# A person reads no faster, and a file with a line per batch of a long training would be slow to fold.
PROGRESS_EVERY_S = 0.2


class EventLog:
    """The file: numbered lines, one attempt, exactly one last event.

    Opening it counts what earlier attempts wrote; a line torn by a crash is cut off, and so is one for which the disk had no room.
    Safe to use from several threads.

    Parameters
    ----------
    path
        ``events.jsonl`` of the job.
    """

    def __init__(self, path: Path) -> None:
        earlier = _read_and_mend(path)
        self._n = len(earlier)
        self.begun = False
        self.attempt = 1 + max((event.attempt for event in earlier), default=0)
        self.last_event: jobs.Event | None = earlier[-1] if earlier else None
        self._stream = open(path, "ab", buffering=0)  # noqa: SIM115  closed by `close`
        self._reserve = path.with_name(RESERVE_FILE)
        # Without room for it there is none to keep.
        with contextlib.suppress(OSError):
            self._reserve.write_bytes(os.urandom(_RESERVE_BYTES))  # not zeros, which some disks don't store
        self._lock = threading.RLock()
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether the last event of this attempt is written."""
        return self._ended

    def write(self, event_type: type[Any], *, last: bool = False, **fields: Any) -> None:
        """Append one event; anything after the last one is dropped, so that there is never a second last event.

        Raises
        ------
        JobFailedError
            ``training.disk_full``, ``training.unwritable``; the file then ends with its last whole line. A last event that can't be
            written raises nothing: there is nobody left to tell.
        """
        with self._lock:
            if self._ended:
                return
            event = event_type(n=self._n, attempt=self.attempt, **fields)
            try:
                self._append(jobs.event_line(event))
            except OSError as error:
                if not last:
                    raise _refused(error) from error
                self._append_last(jobs.event_line(event))
            self._n += 1
            if last:
                self._ended = True
                with contextlib.suppress(OSError):
                    os.fsync(self._stream.fileno())

    def _append(self, line: bytes) -> None:
        """A whole line on the disk or nothing of it: a full disk takes the beginning of a write and says nothing."""
        whole = os.fstat(self._stream.fileno()).st_size
        try:
            written = 0
            while written < len(line):
                taken = self._stream.write(line[written:])
                if not taken:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                written += taken
        except OSError:
            with contextlib.suppress(OSError):
                self._stream.truncate(whole)
            raise

    def _append_last(self, line: bytes) -> None:
        with contextlib.suppress(OSError):
            self._reserve.unlink()
        try:
            self._append(line)
        except OSError as error:
            _log.error("the last event could not be written: %s", error.strerror)

    def started(self, kind: jobs.JobKind, parts: tuple[str, ...], versions: dict[str, str]) -> None:
        """First event of an attempt."""
        self.write(jobs.Started, kind=kind, parts=parts, versions=versions)

    def succeeded(self) -> None:
        """Last event: ``result.json`` is complete."""
        self.write(jobs.Succeeded, last=True)

    def failed(self, code: str, **values: Any) -> None:
        """Last event: why there is no result."""
        self.write(jobs.Failed, last=True, code=code, values=values)

    def cancelled(self) -> None:
        """Last event: the person asked to stop."""
        self.write(jobs.Cancelled, last=True)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._ended = True
            self._stream.close()
            with contextlib.suppress(OSError):
                self._reserve.unlink()


@dataclass
class EventWriter:
    """What a training uses to tell of itself; progress is scaled to this part's share of the whole job.

    Attributes
    ----------
    log
        Where events go.
    project_dir
        Artifacts are told relative to it.
    part
        Name of the part, "" in a job of one part.
    start, stop
        Share of the whole job that this part fills, 0 … 1.
    tells_metrics
        False in a cross-validation, whose hundred trainings would tell more numbers than anybody follows.
    """

    log: EventLog
    project_dir: Path
    part: str = ""
    start: float = 0.0
    stop: float = 1.0
    tells_metrics: bool = True
    _told_at: float = -math.inf

    def within(self, part: str, start: float, stop: float) -> EventWriter:
        """The same log for one part that fills `start` … `stop` of the whole job."""
        return replace(self, part=part, start=start, stop=stop, _told_at=-math.inf)

    def progress(self, done: float, total: float, part: str | None = None, unit: str = "step") -> None:
        """Tell that `done` of this part's `total` steps are done; calls that come too often are dropped, the last one never."""
        now = time.monotonic()
        if done < total and now - self._told_at < PROGRESS_EVERY_S:
            return
        self._told_at = now
        if (self.start, self.stop) != (0.0, 1.0):
            share = min(max(done / total, 0.0), 1.0) if total > 0 else 1.0
            done, total = self.start + (self.stop - self.start) * share, 1.0
            unit = unit if unit == jobs.BEGINS else "share"
        self.log.write(jobs.Progress, done=float(done), total=float(total), unit=unit, part=part if part is not None else self.part)

    def begin(self, done: float, total: float) -> None:
        """Tell where this attempt begins to compute: libraries, pictures and finished parts come before. Only its first word counts."""
        if not self.log.begun:
            self.log.begun, self._told_at = True, -math.inf
            self.progress(done, total, unit=jobs.BEGINS)

    def metric(self, name: str, split: str, step: int, value: float, part: str | None = None) -> None:
        """Tell one number; one that is not finite is told as a warning, because no reader takes NaN."""
        if not math.isfinite(value):
            self.warning("training.not_finite", name=name, step=step)
            return
        if not self.tells_metrics:
            return
        self.log.write(
            jobs.Metric, name=name, split=split, step=int(step), value=float(value), part=part if part is not None else self.part
        )

    def warning(self, code: str, **values: Any) -> None:
        """Tell something that the person should know; the job goes on."""
        self.log.write(jobs.Warned, code=code, values=values)

    def artifact(self, kind: str, path: Path) -> None:
        """Tell of a file below the project folder, with its hash."""
        relative = path.resolve().relative_to(self.project_dir.resolve()).as_posix()
        with open(path, "rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        self.log.write(jobs.Artifact, kind=kind, path=relative, sha256=digest)


def _refused(error: OSError) -> JobFailedError:
    """What the system said of a write, for a person."""
    code, values = explain(error)
    return JobFailedError(code, **values)


def _read_and_mend(path: Path) -> list[jobs.Event]:
    """Whole events of earlier attempts; a last line without its end is cut off the file."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)
    events: list[jobs.Event] = []
    for line in content[:whole].splitlines():
        try:
            events.append(jobs.parse_event(line))
        except ValidationError:  # of a newer version, or damaged: counts as nothing, harms nothing
            continue
    return events
