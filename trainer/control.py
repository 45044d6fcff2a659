"""How a running job is asked to stop, and how it shows that it lives."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import psutil

from sos_studio.core import atomic, jobs
from sos_studio.core.errors import CancelledError

_log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.25
# How long the training may take to come to its next `check` before the watcher ends the process for it.
GRACE_S = 15.0


class JobCancelled(CancelledError):  # noqa: N818  an ending that was asked for, not an error
    """The person asked to stop: a ``cancel`` file in the job folder, or SIGTERM / SIGINT."""


def write_worker_record(job_dir: Path) -> None:
    """Say who works: pid and its start time tell a live worker from a stranger that was given its pid."""
    record = jobs.WorkerRecord(pid=os.getpid(), started_at=psutil.Process().create_time(), host=socket.gethostname())
    atomic.write_json(job_dir / jobs.WORKER_FILE, record.model_dump())


def drop_stale_cancel(job_dir: Path, last_event: jobs.Event | None) -> None:
    """Remove a cancel file that an earlier attempt obeyed already; a newer one is meant for the attempt that starts now."""
    file = job_dir / jobs.CANCEL_FILE
    with contextlib.suppress(FileNotFoundError):
        if isinstance(last_event, jobs.Cancelled) and file.stat().st_mtime <= last_event.utc.timestamp():
            file.unlink()


class Control:
    """Watches the job folder in a thread of its own: cancel file in, heartbeat out.

    Parameters
    ----------
    job_dir
        The job's folder.
    on_overdue
        Called in the watcher's thread when a cancel was not honoured within `grace_s`; expected to end the process.
    grace_s
        Seconds from the wish to stop to `on_overdue`.
    """

    def __init__(self, job_dir: Path, on_overdue: Callable[[], None] | None = None, grace_s: float = GRACE_S) -> None:
        self._cancel_file = job_dir / jobs.CANCEL_FILE
        self._heartbeat_file = job_dir / jobs.HEARTBEAT_FILE
        self._on_overdue = on_overdue
        self._grace_s = grace_s
        self._asked = threading.Event()
        self._stop = threading.Event()
        self._beaten_at = -float("inf")
        self._wakeup: tuple[int, int] | None = None
        self._thread = threading.Thread(target=self._watch, name="job-control", daemon=True)

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked to stop."""
        return self._asked.is_set()

    def check(self) -> None:
        """Raise `JobCancelled` if somebody asked to stop; costs next to nothing, so call it every step."""
        self.beat()
        if not self._asked.is_set() and not self._thread.is_alive():
            self._look()  # used without its thread
        if self._asked.is_set():
            raise JobCancelled

    def ask_to_stop(self) -> None:
        """The same as a cancel file."""
        self._asked.set()

    def beat(self) -> None:
        """Renew the heartbeat file, at most every `HEARTBEAT_EVERY_S`."""
        now = time.monotonic()
        if now - self._beaten_at < jobs.HEARTBEAT_EVERY_S:
            return
        self._beaten_at = now
        # A full disk must not end the training here: its next checkpoint says it better.
        with contextlib.suppress(OSError):
            self._heartbeat_file.touch()

    def start(self) -> None:
        """Begin to watch, and take SIGTERM and SIGINT as a wish to stop (main thread only)."""
        self.beat()
        if os.name != "nt":
            # The C-level handler writes here at once, even while the main thread is deep in a long computation.
            reader, writer = os.pipe()
            os.set_blocking(reader, False)
            os.set_blocking(writer, False)
            self._wakeup = (reader, writer)
            signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in _stop_signals():
            signal.signal(number, self._on_signal)
        self._thread.start()

    def stop(self) -> None:
        """Stop watching; signals keep being swallowed, because the last event is about to be written."""
        self._stop.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(timeout=2)
        if self._wakeup is not None:
            signal.set_wakeup_fd(-1)
            for descriptor in self._wakeup:
                os.close(descriptor)
            self._wakeup = None

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._asked.set()

    def _look(self) -> None:
        if self._cancel_file.exists():
            self._asked.set()
        if self._wakeup is not None:
            with contextlib.suppress(BlockingIOError):
                if any(number in _stop_signals() for number in os.read(self._wakeup[0], 64)):
                    self._asked.set()

    def _watch(self) -> None:
        asked_at: float | None = None
        while not self._stop.wait(LOOK_EVERY_S):
            self.beat()
            self._look()
            if not self._asked.is_set():
                continue
            asked_at = asked_at if asked_at is not None else time.monotonic()
            if time.monotonic() - asked_at > self._grace_s and self._on_overdue is not None:
                _log.warning("the wish to stop was not honoured in time")
                self._on_overdue()
                return


def _stop_signals() -> tuple[signal.Signals, ...]:
    names = ("SIGTERM", "SIGINT", "SIGBREAK")
    return tuple(getattr(signal, name) for name in names if hasattr(signal, name))
