"""The history: one step per deed, in order, across scopes, and intact when a step can't be undone."""

from __future__ import annotations

import pytest

from sos_studio.core.errors import ProjectError
from sos_studio.presenters.undo import Change, UndoStack


class Number:
    """Something with a value that changes through a history."""

    def __init__(self) -> None:
        self.value = 0
        self.stack = UndoStack()

    def set(self, value: int, merge_key: str | None = None, scope: str = "") -> None:
        before = self.value
        self.value = value
        self.stack.push(Change("number", lambda: setattr(self, "value", before), lambda: setattr(self, "value", value), merge_key, scope))


def test_undo_goes_back_in_order_and_redo_forward_again() -> None:
    number = Number()
    for value in (1, 2, 3):
        number.set(value)
    seen = []
    while number.stack.undo():
        seen.append(number.value)
    assert seen == [2, 1, 0]
    while number.stack.redo():
        seen.append(number.value)
    assert seen == [2, 1, 0, 1, 2, 3]


def test_a_drag_is_one_step_and_the_next_drag_another() -> None:
    number = Number()
    for value in (1, 2, 3):
        number.set(value, "drag")
    number.stack.seal()
    number.set(4, "drag")
    assert number.stack.undo()
    assert number.value == 3
    assert number.stack.undo()
    assert number.value == 0
    assert not number.stack.undo()
    number.stack.redo()
    assert number.value == 3


def test_a_new_deed_forgets_what_was_undone() -> None:
    number = Number()
    number.set(1)
    number.stack.undo()
    number.set(2)
    assert number.stack.redo_label is None
    assert not number.stack.redo()


def test_an_undo_that_fails_leaves_the_history_as_it_was() -> None:
    stack = UndoStack()

    def fail() -> None:
        raise ProjectError("project.disk_full")

    stack.push(Change("reading", fail, lambda: None))
    with pytest.raises(ProjectError):
        stack.undo()
    assert stack.undo_label == "reading"
    assert stack.redo_label is None


def test_forgetting_a_scope_keeps_the_rest() -> None:
    number = Number()
    number.set(1, scope="scan")
    number.set(2)
    number.stack.forget("scan")
    number.stack.undo()
    assert number.value == 1
    assert not number.stack.undo()


def test_listeners_hear_every_change() -> None:
    number, heard = Number(), []
    number.stack.changed.connect(lambda: heard.append(number.stack.undo_label))
    number.set(1)
    number.stack.undo()
    number.stack.redo()
    assert heard == ["number", None, "number"]
