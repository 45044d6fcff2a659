"""Long work behind the window that a person asked for: what runs, how far it is, and how to stop it. Any number at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from psygnal import Signal

if TYPE_CHECKING:
    from sos_studio.presenters.ports import Background


class Task:
    """One piece of it.

    Attributes
    ----------
    what
        A code of `ui.words.busy_title`: ``export``, ``import``, ``restore`` ….
    name
        Of the folder or file that it makes; empty if there is none.
    fraction
        0 … 1 of it, or -1 while that is not known.
    total
        How many things it is about, where they can be counted and are known.
    """

    def __init__(self, what: str, name: str) -> None:
        self.what, self.name = what, name
        self.fraction = -1.0
        self.total: int | None = None
        self._stop = threading.Event()

    @property
    def cancelled(self) -> bool:
        """Whether it shall stop; asked from the worker's thread too."""
        return self._stop.is_set()

    def cancel(self) -> None:
        """Let the work notice."""
        self._stop.set()


class Tasks:
    """All that run, oldest first. They are begun and ended on the GUI thread."""

    changed = Signal()

    def __init__(self, background: Background) -> None:
        self._background = background
        self.running: tuple[Task, ...] = ()

    def begin(self, what: str, name: str = "") -> Task:
        """One more."""
        task = Task(what, name)
        self.running = (*self.running, task)
        self.changed.emit()
        return task

    def end(self, task: Task) -> None:
        """It is done, failed or was stopped."""
        self.running = tuple(each for each in self.running if each is not task)
        self.changed.emit()

    def progress_of(self, task: Task) -> Callable[[float], None]:
        """What the worker's thread tells how far it is."""

        def show(fraction: float) -> None:
            task.fraction = fraction
            self.changed.emit()

        return lambda fraction: self._background.post(lambda: show(fraction))

    def total_of(self, task: Task) -> Callable[[int], None]:
        """What the worker's thread tells how many things there are."""

        def show(total: int) -> None:
            task.total = total
            self.changed.emit()

        return lambda total: self._background.post(lambda: show(total))

    def cancel_all(self) -> None:
        """The window goes."""
        for task in self.running:
            task.cancel()
