"""Waiting for the window, and a dialog in front of it, for the scripts that take pictures."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QWidget

from sos_studio.ui import theme

PATIENCE_S = 120.0
# The picture counts as finished when this many looks in a row are alike.
ALIKE, LOOK_EVERY_MS = 4, 200


def wait(condition: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    """Let the window work until something has happened.

    Raises
    ------
    SystemExit
        If it does not.
    """
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise SystemExit("The window did not get there; is this a trained demo project?")
        QTest.qWait(20)


def settle(window: QWidget, seconds: float = 15.0) -> None:
    """Wait until the picture does not change any more."""
    until, alike, last = time.monotonic() + seconds, 0, QImage()
    while alike < ALIKE and time.monotonic() < until:
        QTest.qWait(LOOK_EVERY_MS)
        now = window.grab().toImage()
        alike = alike + 1 if now == last else 0
        last = now


def with_dialog(behind: QPixmap, dialog: QDialog, choice: theme.Choice) -> QPixmap:
    """A dialog over the window, with the title that the system's window manager would draw."""
    bar, front = 30, dialog.grab()
    frame = QRect(0, 0, front.width(), front.height() + bar)
    frame.moveCenter(behind.rect().center())
    colors = theme.tokens(choice)
    painter = QPainter(behind)
    painter.fillRect(behind.rect(), QColor(0, 0, 0, 90))
    painter.fillRect(frame.adjusted(-1, -1, 1, 1), QColor(colors.border))
    painter.fillRect(QRect(frame.topLeft(), QSize(frame.width(), bar)), QColor(colors.raised))
    painter.setPen(QColor(colors.text))
    painter.drawText(QRect(frame.topLeft(), QSize(frame.width(), bar)), Qt.AlignmentFlag.AlignCenter, dialog.windowTitle())
    painter.drawPixmap(frame.topLeft() + QPoint(0, bar), front)
    painter.end()
    return behind
