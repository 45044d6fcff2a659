"""A field that waits for one key, with its modifiers."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QKeyCombination, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLineEdit, QWidget

_MODIFIERS = frozenset({Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr, Qt.Key.Key_unknown})


def portable(event: QKeyEvent) -> str:
    """What was pressed, as a portable key text; empty for a modifier alone."""
    key, modifiers = Qt.Key(event.key()), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if key in _MODIFIERS:
        return ""
    text = event.text()
    if text and text.isprintable() and not text.isalpha() and not text.isspace():
        # Which sign is on which key, and whether Shift is needed for it, differs from keyboard to keyboard.
        modifiers &= ~Qt.KeyboardModifier.ShiftModifier
    if key == Qt.Key.Key_Backtab:
        key = Qt.Key.Key_Tab
    return QKeySequence(QKeyCombination(modifiers, key)).toString(QKeySequence.SequenceFormat.PortableText)


class KeyCatcher(QLineEdit):
    """Takes every key, Tab and shortcuts too; Esc gives up.

    Signals
    -------
    caught
        A key, as portable text.
    given_up
        Esc, or the keys went elsewhere.
    """

    caught = Signal(str)
    given_up = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setPlaceholderText(QCoreApplication.translate("KeyCatcher", "Press the new key; Esc keeps the old one"))
        self.setAccessibleName(QCoreApplication.translate("KeyCatcher", "New key"))

    def event(self, event: QEvent) -> bool:
        """Before anybody else: Tab would leave, and a shortcut would be done."""
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            self._press(event)
            event.accept()
            return True
        return super().event(event)

    def _press(self, event: QKeyEvent) -> None:
        key = portable(event)
        if key == "Esc":
            self.given_up.emit()
        elif key:
            self.caught.emit(key)
