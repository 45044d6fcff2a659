"""One history for everything that a person does, across all steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from psygnal import Signal

LIMIT = 1000
# Scope of what is somebody's own (readings, exclusions): another person who sits down can't take it back.
PERSON_SCOPE = "person"


@dataclass(frozen=True)
class Change:
    """Something that was done and how to take it back.

    Parameters
    ----------
    label
        Code of its name, shown as "Undo …" (words in `sos_studio.ui.words`).
    undo, redo
        Bring back the state before and after. They raise if they can't (a full disk), and the history then stays as it is.
    merge_key
        Changes in a row with the same key are one step of the history (a drag, a held arrow key) until `UndoStack.seal`.
    scope
        What the change belongs to; `UndoStack.forget` drops all of a scope when that thing is closed.
    case_id
        The case that it changed, for changes that outlive its being in front.
    case_ids
        The cases, where it changed several at once.
    """

    label: str
    undo: Callable[[], None]
    redo: Callable[[], None]
    merge_key: str | None = None
    scope: str = ""
    case_id: str | None = None
    case_ids: tuple[str, ...] = ()

    @property
    def cases(self) -> tuple[str, ...]:
        """All cases that it says it changed."""
        return self.case_ids if self.case_id is None else (self.case_id, *self.case_ids)


def _nothing() -> None:
    """Nothing goes along."""


@dataclass(frozen=True)
class Along:
    """Something that is done, undone and done again together with a change."""

    do: Callable[[], None] = _nothing
    undo: Callable[[], None] = _nothing


class UndoStack:
    """Changes done and undone, newest last.

    Signals
    -------
    changed
        Something was done, undone, done again or forgotten.
    asked
        Something is about to be undone or done again: who holds a change that is not in the history yet puts it there now.
    """

    changed = Signal()
    asked = Signal()

    def __init__(self) -> None:
        self._done: list[Change] = []
        self._undone: list[Change] = []
        self._open = False  # whether the newest change may still take in others of its merge key

    @property
    def next_undo(self) -> Change | None:
        """What `undo` would take back, or None."""
        return self._done[-1] if self._done else None

    @property
    def next_redo(self) -> Change | None:
        """What `redo` would do again, or None."""
        return self._undone[-1] if self._undone else None

    @property
    def undo_label(self) -> str | None:
        """Label of what `undo` would take back, or None."""
        return self._done[-1].label if self._done else None

    @property
    def redo_label(self) -> str | None:
        """Label of what `redo` would do again, or None."""
        return self._undone[-1].label if self._undone else None

    def push(self, change: Change) -> None:
        """Remember a change that has just been made."""
        self._undone.clear()
        last = self._done[-1] if self._done else None
        if self._open and last is not None and change.merge_key is not None and last.merge_key == change.merge_key:
            self._done[-1] = replace(change, undo=last.undo)
        else:
            self._done.append(change)
            del self._done[:-LIMIT]
        self._open = True
        self.changed.emit()

    def seal(self) -> None:
        """End the current merge: the button was let go."""
        self._open = False

    def undo(self) -> bool:
        """Take back the newest change; False if there is none."""
        self.asked.emit()
        self._open = False
        if not self._done:
            return False
        self._done[-1].undo()
        self._undone.append(self._done.pop())
        self.changed.emit()
        return True

    def redo(self) -> bool:
        """Do again what was undone last; False if there is none."""
        self.asked.emit()
        self._open = False
        if not self._undone:
            return False
        self._undone[-1].redo()
        self._done.append(self._undone.pop())
        self.changed.emit()
        return True

    def forget(self, scope: str) -> None:
        """Drop all changes of a scope: what they changed is not there any more."""
        self._done = [change for change in self._done if change.scope != scope]
        self._undone = [change for change in self._undone if change.scope != scope]
        self._open = False
        self.changed.emit()

    def clear(self) -> None:
        """Forget everything (another project)."""
        self._done.clear()
        self._undone.clear()
        self._open = False
        self.changed.emit()
