"""Text over pictures."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

TEXT = QColor("#e8eaed")
TEXT_SHADE = QColor(0, 0, 0, 190)
_AROUND = 3


def draw_text(painter: QPainter, at: QPointF, text: str, color: QColor = TEXT) -> None:
    """Text that is legible on bone and on air: light on a dark shade of itself; `at` is its baseline's left end."""
    if not text:
        return
    device = painter.device()
    image = _image(text, painter.font().toString(), color.rgba(), device.devicePixelRatioF(), device.logicalDpiY())
    ascent = QFontMetricsF(painter.font()).ascent()
    painter.drawImage(QPointF(round(at.x()) - _AROUND, round(at.y() - ascent) - _AROUND), image)


@lru_cache(maxsize=256)
def _image(text: str, font_name: str, rgba: int, ratio: float, _dpi: int) -> QImage:
    """The same few words are painted in every frame of a drag, each six times over: one picture of them takes a thirtieth of the time."""
    font = QFont()
    font.fromString(font_name)
    metrics = QFontMetricsF(font)
    box = metrics.boundingRect(text).united(metrics.tightBoundingRect(text))
    width = max(metrics.horizontalAdvance(text), box.right()) - min(0.0, box.left())
    size = QSize(round((width + 2 * _AROUND + 2) * ratio), round((metrics.height() + 2 * _AROUND + 2) * ratio))
    image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.transparent)
    at = QPointF(_AROUND, _AROUND + metrics.ascent())
    painter = QPainter(image)
    painter.setFont(font)
    painter.setPen(TEXT_SHADE)
    for du, dv in ((-1, 0), (1, 0), (0, -1), (0, 1), (1, 1)):
        painter.drawText(at + QPointF(du, dv), text)
    painter.setPen(QColor.fromRgba(rgba))
    painter.drawText(at, text)
    painter.end()
    return image
