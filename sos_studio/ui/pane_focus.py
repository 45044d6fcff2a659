"""Which of the four panes takes the keys."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QPlainTextEdit, QTextEdit, QWidget

_TYPING = (QLineEdit, QAbstractSpinBox, QPlainTextEdit, QTextEdit, QComboBox)


def take_keys(pane: QWidget) -> None:
    """Give them to the pane under the mouse, unless somebody is typing."""
    if pane.isActiveWindow() and not isinstance(QApplication.focusWidget(), _TYPING):
        pane.setFocus(Qt.FocusReason.MouseFocusReason)
