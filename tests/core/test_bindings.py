"""Keys of actions: those that the person chose, beside the default ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from sos_studio.core import bindings
from sos_studio.core.actions import Action, default_keys
from sos_studio.core.pane_keys import GESTURES, taken_by
from sos_studio.core.settings import DATA_DIR_VARIABLE, Settings


def test_without_a_choice_the_default_keys_are_in_force() -> None:
    assert bindings.in_force({}) == {action: default_keys(action) for action in Action}
    assert bindings.differing(bindings.in_force({}), {}) == {}


def test_only_what_differs_is_kept_and_ids_of_other_versions_stay() -> None:
    before = {"far.future": ("F12",), Action.UNDO.value: ("Ctrl+U",)}
    made = bindings.with_keys(bindings.in_force(before), Action.UNDO, default_keys(Action.UNDO))
    assert bindings.differing(made, before) == {"far.future": ("F12",)}


def test_a_key_that_is_given_is_lost_by_its_holder_alone() -> None:
    made = bindings.with_keys(bindings.in_force({}), Action.UNDO, ("Ctrl+Y",))
    assert made[Action.UNDO] == ("Ctrl+Y",)
    assert made[Action.REDO] == ("Ctrl+Shift+Z",)
    assert {a: keys for a, keys in made.items() if keys != default_keys(a)}.keys() == {Action.UNDO, Action.REDO}


def test_no_default_key_is_one_that_a_pane_takes_itself() -> None:
    assert [key for action in Action for key in default_keys(action) if taken_by(key)] == []


def test_gestures_have_ids_of_their_own() -> None:
    names = [gesture.name for gesture in GESTURES]
    assert len(names) == len(set(names))


def test_chosen_keys_come_back_from_the_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATA_DIR_VARIABLE, str(tmp_path))
    Settings(keys={Action.UNDO.value: ("Ctrl+U",), Action.QUIT.value: ()}).save()
    assert Settings.load().keys == {Action.UNDO.value: ("Ctrl+U",), Action.QUIT.value: ()}
