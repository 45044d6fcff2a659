"""The window comes back as it was left: its size, its place, and its docks."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow

# Another number when docks get other names: an old layout is then not applied to them.
LAYOUT_VERSION = 1
# Readers give a scan the whole screen; only very wide ones are shared.
SHARED_FROM_PX = 2200


# In a narrower window what docks below takes its whole width, or nothing in it could be read.
WIDE_FROM_PX = 1600


def share_corners(window: QMainWindow) -> None:
    """Docks at the sides reach down to the status bar in a wide window, and give way to the dock below in a narrow one."""
    side, below, wide = Qt.DockWidgetArea, Qt.DockWidgetArea.BottomDockWidgetArea, window.width() >= WIDE_FROM_PX
    window.setCorner(Qt.Corner.BottomLeftCorner, side.LeftDockWidgetArea if wide else below)
    window.setCorner(Qt.Corner.BottomRightCorner, side.RightDockWidgetArea if wide else below)


def layout_text(window: QMainWindow) -> str:
    """What `restore_layout` needs, for the settings file."""
    geometry = bytes(window.saveGeometry().toBase64().data()).decode()
    state = bytes(window.saveState(LAYOUT_VERSION).toBase64().data()).decode()
    return f"{geometry}|{state}"


def restore_layout(window: QMainWindow, text: str) -> None:
    """Put a window where it was left; a first one where the screen has room."""
    geometry, _, state = text.partition("|")
    if geometry and window.restoreGeometry(QByteArray.fromBase64(geometry.encode())):
        window.restoreState(QByteArray.fromBase64(state.encode()), LAYOUT_VERSION)
        return
    screen = QGuiApplication.primaryScreen().availableGeometry()
    window.resize(min(1600, screen.width()), min(960, screen.height()))
    if screen.width() < SHARED_FROM_PX:
        window.setWindowState(Qt.WindowState.WindowMaximized)
