"""One QAction per `core.actions.Action`: menus, shortcuts and enabled state come from here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu

from sos_studio.core.actions import Action
from sos_studio.ui import keys, words

Handler = Callable[[], None]

CHECKABLE = frozenset({Action.BLINDED, Action.FACE_LEFT, Action.CASES_PANEL, Action.INSPECTOR_PANEL, Action.TRAINING_PANEL})
EXCLUSIVE = ((Action.THEME_SYSTEM, Action.THEME_DARK, Action.THEME_LIGHT, Action.THEME_CONTRAST),)


class Keymap:
    """QActions of a window; handlers are looked up when an action is triggered, so that the step in front decides."""

    def __init__(self, window: QObject, find: Callable[[Action], Handler | None]) -> None:
        self._find = find
        self._actions: dict[Action, QAction] = {}
        for action in Action:
            made = QAction(words.action_title(action), window)
            made.setObjectName(action.value)
            made.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            made.setCheckable(action in CHECKABLE or any(action in group for group in EXCLUSIVE))
            made.triggered.connect(lambda _checked=False, wanted=action: self.trigger(wanted))
            self._actions[action] = made
        for group in EXCLUSIVE:
            together = QActionGroup(window)
            for action in group:
                together.addAction(self._actions[action])
        self.take_keys()

    def __getitem__(self, action: Action) -> QAction:
        return self._actions[action]

    def __iter__(self) -> Iterator[QAction]:
        return iter(self._actions.values())

    def take_keys(self) -> None:
        """Listen to the keys that are in force now."""
        for action, made in self._actions.items():
            made.setShortcuts([QKeySequence(key) for key in keys.of(action)])

    def trigger(self, action: Action) -> None:
        """Do it, if anybody can right now."""
        handler = self._find(action)
        if handler is not None:
            handler()

    def refresh(self) -> None:
        """Grey out what nobody can do right now."""
        for action, made in self._actions.items():
            made.setEnabled(self._find(action) is not None)

    def fill(self, menu: QMenu, entries: tuple[Action | None, ...]) -> None:
        """Put actions into a menu; None is a separator."""
        for entry in entries:
            if entry is None:
                menu.addSeparator()
            else:
                menu.addAction(self._actions[entry])
