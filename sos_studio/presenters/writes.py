"""Writes into the project: off the GUI thread, one at a time, in the order in which they were asked for, never dropped."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from sos_studio.presenters.ports import Background

T = TypeVar("T")


class WriteQueue:
    """Unlike `Background.run` with a key, newer work never makes older work stale: what was done is written.

    Parameters
    ----------
    background
        Where the writes run and through which their answers are delivered.
    """

    def __init__(self, background: Background) -> None:
        self._background = background
        self._waiting: deque[Callable[[], Callable[[], None]]] = deque()
        self._answers: deque[Callable[[], None]] = deque()
        # Re-entrant: without threads (tests, scripts) an answer may ask for the next write.
        self._one_at_a_time = threading.RLock()

    def submit(self, work: Callable[[], T], on_done: Callable[[T], None], on_error: Callable[[Exception], None]) -> None:
        """Queue a write; exactly one of the callbacks is called on the GUI thread."""

        def write() -> Callable[[], None]:
            try:
                answer = work()
            except Exception as error:
                fault = error
                return lambda: on_error(fault)
            return lambda: on_done(answer)

        self._waiting.append(write)
        self._background.run(self._write_one, _nothing)

    def flush(self) -> None:
        """Write everything that still waits, here and now on the GUI thread, and hand over all answers.

        Before the window closes, and before anything is undone: until its answer has come, the history does not know what was done last.
        """
        self.drain()
        while self._answers:
            self._hand_over_one()

    def drain(self) -> None:
        """Write everything that still waits, in the calling thread: who reads then, reads what was done last. Answers come as ever."""
        while self._waiting:
            self._write_one()
        with self._one_at_a_time:  # a write in progress
            pass

    def _write_one(self) -> None:
        with self._one_at_a_time:
            if self._waiting:
                # Inside the lock, so that answers come in the order of the writes.
                self._answers.append(self._waiting.popleft()())
                self._background.post(self._hand_over_one)

    def _hand_over_one(self) -> None:
        """The oldest answer; `flush` may have handed it over already."""
        if self._answers:
            self._answers.popleft()()


def _nothing(_: Any) -> None:
    """The answer was posted already."""
