"""Changing keys: nothing is taken from anybody without a question."""

from __future__ import annotations

from pathlib import Path

import pytest

from sos_studio.core.actions import Action, default_keys
from sos_studio.core.settings import DATA_DIR_VARIABLE, Settings
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.session import Session
from sos_studio.presenters.shortcut_editing import Clash, Refused, ShortcutEditor


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv(DATA_DIR_VARIABLE, str(tmp_path))
    return Session(ImmediateBackground(), Settings())


@pytest.fixture
def editor(session: Session) -> ShortcutEditor:
    return ShortcutEditor(session)


def test_a_free_key_is_given_and_saved_at_once(editor: ShortcutEditor) -> None:
    heard: list[bool] = []
    editor.changed.connect(lambda: heard.append(True))
    assert editor.give(Action.PREDICT, "Ctrl+Alt+Shift+J") is None
    assert Settings.load().keys == {Action.PREDICT.value: ("Ctrl+Alt+Shift+J",)}
    assert editor.is_changed(Action.PREDICT)
    assert heard == [True]


def test_a_further_key_stands_beside_the_first(editor: ShortcutEditor) -> None:
    assert editor.give(Action.PREDICT, "Ctrl+Alt+Shift+J", beside=True) is None
    assert editor.bindings[Action.PREDICT] == ("Ctrl+P", "Ctrl+Alt+Shift+J")


def test_a_key_that_is_taken_changes_nothing_until_the_person_decides(editor: ShortcutEditor) -> None:
    clash = editor.give(Action.PREDICT, "Ctrl+2")
    assert isinstance(clash, Clash)
    assert clash.held == {"Ctrl+2": Action.STEP_CROP}
    assert not editor.any_changed
    editor.resolve(clash)
    assert editor.bindings[Action.PREDICT] == ("Ctrl+2",)
    assert editor.bindings[Action.STEP_CROP] == ()


@pytest.mark.parametrize("key", ["Left", "Shift+PgUp", "Esc", "Tab", "0", "Ctrl+Up", "Return"])
def test_keys_of_the_panes_are_refused_with_what_they_do(editor: ShortcutEditor, key: str) -> None:
    refused = editor.give(Action.PREDICT, key)
    assert isinstance(refused, Refused)
    assert refused.gesture is not None
    assert not editor.any_changed


def test_alt_and_a_letter_belong_to_the_menus(editor: ShortcutEditor) -> None:
    assert editor.give(Action.PREDICT, "Alt+F") == Refused("Alt+F", None)


def test_a_first_key_that_somebody_else_has_meanwhile_comes_back_by_choice_only(editor: ShortcutEditor) -> None:
    editor.take_all(Action.UNDO)
    assert editor.give(Action.PREDICT, "Ctrl+Z") is None
    clash = editor.reset(Action.UNDO)
    assert isinstance(clash, Clash)
    assert clash.held == {"Ctrl+Z": Action.PREDICT}
    editor.resolve(clash)
    assert editor.bindings[Action.UNDO] == default_keys(Action.UNDO)
    assert editor.bindings[Action.PREDICT] == ()


def test_all_first_keys_come_back_together(editor: ShortcutEditor) -> None:
    editor.give(Action.PREDICT, "Ctrl+Alt+Shift+J")
    editor.take_all(Action.QUIT)
    editor.reset_all()
    assert not editor.any_changed
    assert Settings.load().keys == {}
