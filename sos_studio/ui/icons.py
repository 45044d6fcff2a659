"""Icons: line drawings in the colour of the text, so that one file serves every theme."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from sos_studio.core.resources import resource

SIZE = QSize(20, 20)


@cache
def _source(name: str) -> str:
    return resource("icons", f"{name}.svg").read_text(encoding="utf-8")


def icon(name: str, color: str, size: QSize = SIZE) -> QIcon:
    """An icon of `resources/icons`, sharp at every scale of the screen."""
    renderer = QSvgRenderer(QByteArray(_source(name).replace("currentColor", color).encode()))
    made = QIcon()
    screen = QGuiApplication.primaryScreen()
    for ratio in sorted({1.0, 2.0, screen.devicePixelRatio() if screen is not None else 1.0}):
        pixmap = QPixmap(round(size.width() * ratio), round(size.height() * ratio))
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        renderer.render(painter)
        painter.end()
        pixmap.setDevicePixelRatio(ratio)
        made.addPixmap(pixmap)
    return made


def app_icon() -> QIcon:
    """The program's own."""
    return icon("app", "", QSize(64, 64))
