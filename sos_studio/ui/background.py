"""Work off the GUI thread: the window's implementation of `presenters.ports.Background`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, QThreadPool, QTimer, Signal

from sos_studio.core.errors import CancelledError, SosError

T = TypeVar("T")
log = logging.getLogger(__name__)


class PoolTicket:
    """A piece of work under way in the pool."""

    def __init__(self) -> None:
        self._dropped = threading.Event()

    def cancel(self) -> None:
        """Drop the answer and let the work notice."""
        self._dropped.set()

    @property
    def cancelled(self) -> bool:
        """Asked from the worker thread too."""
        return self._dropped.is_set()


class _Stream:
    """Requests under one key of `run_latest`: one in flight, the newest waiting."""

    def __init__(self) -> None:
        self.busy = False
        self.waiting: tuple[Callable[[], Any], Callable[[Any], None]] | None = None


class PoolBackground(QObject):
    """`Background` on a QThreadPool of its own; answers come back through a queued signal.

    Make it on the GUI thread and `close` it before the application ends.
    """

    _posted = Signal(object)

    def __init__(self, parent: QObject | None = None, threads: int = 5) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        # One long load, one stream of pictures and one small thing at a time, and at the first start two that wait for kernels to be
        # compiled, which must not keep the pictures waiting; more would only fight for two cores.
        self._pool.setMaxThreadCount(threads)
        self._newest: dict[str, PoolTicket] = {}
        self._tickets: set[PoolTicket] = set()
        self._streams: dict[str, _Stream] = {}
        self._timers: dict[str, QTimer] = {}
        self._closed = threading.Event()
        self._posted.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        work: Callable[[], T],
        on_done: Callable[[T], None],
        on_error: Callable[[Exception], None] | None = None,
        *,
        key: str | None = None,
    ) -> PoolTicket:
        """See `Background.run`."""
        ticket = PoolTicket()
        if key is not None:
            stale = self._newest.get(key)
            if stale is not None:
                stale.cancel()
            self._newest[key] = ticket
        self._tickets.add(ticket)

        def finish(callback: Callable[[], None]) -> None:
            self._tickets.discard(ticket)
            if key is not None and self._newest.get(key) is ticket:
                del self._newest[key]
            if not ticket.cancelled:
                callback()

        def job() -> None:
            if ticket.cancelled:
                self.post(lambda: finish(lambda: None))
                return
            try:
                answer = work()
            except Exception as error:
                fault = error
                self.post(lambda: finish(lambda: _hand_over(fault, on_error)))
            else:
                self.post(lambda: finish(lambda: on_done(answer)))

        self._pool.start(job)
        return ticket

    def run_latest(self, work: Callable[[], T], on_done: Callable[[T], None], *, key: str) -> None:
        """See `Background.run_latest`."""
        stream = self._streams.setdefault(key, _Stream())
        if stream.busy:
            stream.waiting = (work, on_done)
            return
        stream.busy = True

        def next_one() -> None:
            stream.busy = False
            waiting, stream.waiting = stream.waiting, None
            if waiting is not None:
                self.run_latest(waiting[0], waiting[1], key=key)

        def done(answer: T) -> None:
            next_one()
            on_done(answer)

        def failed(error: Exception) -> None:
            next_one()
            _hand_over(error, None)

        self.run(work, done, failed)

    def post(self, callback: Callable[[], None]) -> None:
        """See `Background.post`."""
        if not self._closed.is_set():
            self._posted.emit(callback)

    def after(self, milliseconds: int, callback: Callable[[], None], *, key: str) -> None:
        """See `Background.after`."""
        old = self._timers.pop(key, None)
        if old is not None:
            old.stop()
            old.deleteLater()
        timer = QTimer(self)
        timer.setSingleShot(True)

        def fire() -> None:
            if self._timers.get(key) is timer:
                del self._timers[key]
            timer.deleteLater()
            callback()

        timer.timeout.connect(fire)
        self._timers[key] = timer
        timer.start(milliseconds)

    def close(self, wait_ms: int = 5000) -> bool:
        """Drop all answers and wait for the workers; False if one did not stop in time."""
        self._closed.set()
        for ticket in self._tickets:
            ticket.cancel()
        for timer in self._timers.values():
            timer.stop()
        self._timers.clear()
        self._streams.clear()
        self._pool.clear()
        return self._pool.waitForDone(wait_ms)

    def _deliver(self, callback: Callable[[], None]) -> None:
        if not self._closed.is_set():
            callback()


def _hand_over(error: Exception, on_error: Callable[[Exception], None] | None) -> None:
    if on_error is not None:
        on_error(error)
    elif not isinstance(error, CancelledError):
        details = error if not isinstance(error, SosError) else None
        log.error("background work failed: %s", getattr(error, "code", type(error).__name__), exc_info=details)
