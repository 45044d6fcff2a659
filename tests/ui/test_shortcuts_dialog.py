"""Other keys in the real window: pressed, named where they are taken, and shown everywhere at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from sos_studio.core.actions import Action
from sos_studio.core.settings import Settings
from sos_studio.ui import keys
from sos_studio.ui.cheat_sheet import CheatSheet, rows_of
from sos_studio.ui.main_window import MainWindow
from sos_studio.ui.shortcuts_dialog import ShortcutsDialog

CTRL = Qt.KeyboardModifier.ControlModifier
# With these no action has a key, now or later.
FREE = CTRL | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier
J, K = "Ctrl+Alt+Shift+J", "Ctrl+Alt+Shift+K"


@pytest.fixture(autouse=True)
def _default_keys_afterwards() -> Iterator[None]:
    yield
    keys.put({})


@pytest.fixture
def dialog(window: MainWindow, qtbot: QtBot) -> ShortcutsDialog:
    window.keymap.trigger(Action.CHANGE_SHORTCUTS)
    made = window.findChild(ShortcutsDialog)
    assert isinstance(made, ShortcutsDialog)
    return made


def press_new_key(dialog: ShortcutsDialog, action: Action, qtbot: QtBot, key: Qt.Key, modifier: Qt.KeyboardModifier = CTRL) -> None:
    dialog.list.choose(action)
    qtbot.mouseClick(dialog.change, Qt.MouseButton.LeftButton)
    qtbot.keyClick(dialog.catcher, key, modifier)


def test_menus_tooltips_hints_and_the_cheat_sheet_show_a_changed_key_at_once(
    window: MainWindow, dialog: ShortcutsDialog, qtbot: QtBot
) -> None:
    window.show_step("predict")
    press_new_key(dialog, Action.PREDICT, qtbot, Qt.Key.Key_J, FREE)
    assert window.keymap[Action.PREDICT].shortcut().toString() == J
    assert window.predict.panel.predict_button.toolTip().endswith(f"({J})")
    assert f"{J} predict" in window.messages._hint
    assert ("Predict stage", J) in rows_of("predict")
    press_new_key(dialog, Action.STEP_ORIENT, qtbot, Qt.Key.Key_K, FREE)
    assert f"Orient ({K})" in window.predict.view.empty_text
    assert window.tabs.tabToolTip(0) == f"Orient ({K})"
    assert Settings.load().keys == {Action.PREDICT.value: (J,), Action.STEP_ORIENT.value: (K,)}
    dialog.reject()


def test_the_new_key_does_it_and_the_old_one_does_not(window: MainWindow, dialog: ShortcutsDialog, qtbot: QtBot) -> None:
    press_new_key(dialog, Action.STEP_STAGE, qtbot, Qt.Key.Key_J, FREE)
    dialog.reject()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_3, CTRL)
    assert window.step is window.orient
    qtbot.keyClick(window, Qt.Key.Key_J, FREE)
    assert window.step is window.stage


def test_a_taken_key_is_named_in_a_sentence_and_given_by_choice(window: MainWindow, dialog: ShortcutsDialog, qtbot: QtBot) -> None:
    press_new_key(dialog, Action.PREDICT, qtbot, Qt.Key.Key_2)
    assert dialog.said.text() == "Ctrl+2 is the key of “Crop”. Who shall have it?"
    qtbot.mouseClick(dialog.keep, Qt.MouseButton.LeftButton)
    assert keys.of(Action.PREDICT) == ("Ctrl+P",)
    press_new_key(dialog, Action.PREDICT, qtbot, Qt.Key.Key_2)
    qtbot.mouseClick(dialog.give, Qt.MouseButton.LeftButton)
    assert keys.of(Action.PREDICT) == ("Ctrl+2",)
    assert keys.of(Action.STEP_CROP) == ()
    assert window.tabs.tabToolTip(1) == "Crop"
    qtbot.mouseClick(dialog.reset_all, Qt.MouseButton.LeftButton)
    assert keys.of(Action.STEP_CROP) == ("Ctrl+2",)
    dialog.reject()


def test_escape_leaves_the_question_unanswered_and_the_dialog_open(dialog: ShortcutsDialog, qtbot: QtBot) -> None:
    press_new_key(dialog, Action.PREDICT, qtbot, Qt.Key.Key_2)
    assert dialog.keep.isVisible()
    qtbot.keyClick(dialog.keep, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    assert not dialog.keep.isVisible()
    assert (keys.of(Action.PREDICT), keys.of(Action.STEP_CROP)) == (("Ctrl+P",), ("Ctrl+2",))
    qtbot.keyClick(dialog.list, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_a_key_of_the_panes_is_refused_and_the_field_waits_on(dialog: ShortcutsDialog, qtbot: QtBot) -> None:
    press_new_key(dialog, Action.PREDICT, qtbot, Qt.Key.Key_PageUp, Qt.KeyboardModifier.NoModifier)
    assert dialog.said.text().startswith("PgUp is fixed: “Scroll slices” (Orient).")
    qtbot.keyClick(dialog.catcher, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    assert keys.of(Action.PREDICT) == ("Ctrl+P",)
    dialog.reject()


def test_keys_are_changed_without_the_mouse(dialog: ShortcutsDialog, qtbot: QtBot) -> None:
    qtbot.keyClicks(dialog.search, "heatmap")
    assert dialog.list.chosen is Action.TOGGLE_HEATMAP
    dialog.list.setFocus()
    qtbot.keyClick(dialog.list, Qt.Key.Key_Return)
    qtbot.keyClick(dialog.catcher, Qt.Key.Key_J, FREE)
    assert keys.of(Action.TOGGLE_HEATMAP) == (J,)
    qtbot.keyClick(dialog.list, Qt.Key.Key_Delete)
    assert keys.of(Action.TOGGLE_HEATMAP) == ()
    dialog.reject()


def test_shift_is_no_part_of_a_sign_that_is_typed_with_it(dialog: ShortcutsDialog, qtbot: QtBot) -> None:
    dialog.list.choose(Action.PREDICT)
    qtbot.mouseClick(dialog.change, Qt.MouseButton.LeftButton)
    qtbot.keyClick(dialog.catcher, Qt.Key.Key_Exclam, Qt.KeyboardModifier.ShiftModifier)
    assert keys.of(Action.PREDICT) == ("!",)
    dialog.reject()


def test_the_cheat_sheet_finds_what_is_done_and_which_key_does_it(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_F1)
    sheet = window.findChild(CheatSheet)
    assert isinstance(sheet, CheatSheet)
    for wanted, found in (("ring at", "Turn the head"), ("ctrl+return", "Capture midsagittal slice"), ("CROP", "Turn the frame by 0.1°")):
        sheet.search.setText(wanted)
        shown = [row.what.text() for group in sheet._groups for row in group._rows if not row.what.isHidden() and not group.isHidden()]
        assert found in shown, wanted
        assert "Quit" not in shown
    sheet.search.setText("no such thing")
    assert sheet._nothing.isVisible()
    sheet.reject()


def test_every_action_with_a_key_and_every_gesture_is_on_the_cheat_sheet_with_words(window: MainWindow) -> None:
    from sos_studio.core.pane_keys import GESTURES, PLACES
    from sos_studio.ui.gesture_words import gesture_words

    listed = {what for place in PLACES for what, _ in rows_of(place)}
    for action in Action:
        if keys.of(action):
            assert window.keymap[action].text().replace("&", "").rstrip("…") in listed, action
    for gesture in GESTURES:
        assert gesture_words(gesture)[0] != gesture.name, gesture


def test_what_one_step_alone_can_do_is_listed_at_that_step(window: MainWindow) -> None:
    from sos_studio.core.pane_keys import places_of

    for name, step in (("orient", window.orient), ("crop", window.crop), ("stage", window.stage), ("predict", window.predict)):
        for action in step.actions_by_id:
            assert name in places_of(action) or "cases" in places_of(action), (name, action)
