"""What is drawn over a slice: crosshair, handles, letters, scale bar, title and the read-out beside the pointer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from sos_studio.core.geometry import Plane
from sos_studio.presenters.pane_geometry import Hit, Line, PaneGeometry
from sos_studio.ui import words
from sos_studio.ui.shaded_text import TEXT, draw_text
from sos_studio.ui.theme import PLANE_COLORS

LINE_GAP_PX = 14.0
HANDLE_RADIUS_PX = 5.0
MARGIN = 8.0
LETTER_REACH_PX = 20.0
# Light enough for the grey of soft tissue too.
QUIET = QColor("#d3dae1")
SHADE = QColor(0, 0, 0, 150)
READING = QColor("#ffc24d")


@dataclass(frozen=True)
class Overlay:
    """What beside the geometry decides how a pane is painted."""

    hovered: Hit
    selected: Plane | None
    focused: bool
    readout: str
    pointer: QPointF | None
    hint: str
    note: str = ""


def paint_overlay(painter: QPainter, geometry: PaneGeometry, overlay: Overlay) -> None:
    """Everything over the picture, in logical pixels."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for line in geometry.lines:
        _line(painter, geometry, line, overlay)
    paint_letters(painter, geometry.size_px, geometry.letters, [handle for line in geometry.lines for handle in line.handles])
    _scale_bar(painter, geometry)
    title = words.plane_title(geometry.plane.value)
    paint_title(painter, f"{title} · {overlay.note}" if overlay.note else title, PLANE_COLORS[geometry.plane])
    if overlay.focused and overlay.hint:
        draw_text(painter, QPointF(MARGIN, geometry.size_px[1] - MARGIN), overlay.hint, QUIET)
    if overlay.readout and overlay.pointer is not None:
        _readout(painter, geometry, overlay.readout, overlay.pointer)


def _line(painter: QPainter, geometry: PaneGeometry, line: Line, overlay: Overlay) -> None:
    held = overlay.hovered.plane is line.plane and overlay.hovered.kind in ("line", "handle")
    strong = held or overlay.selected is line.plane
    # Darker, not translucent: a smooth translucent line takes fifteen times as long.
    color = PLANE_COLORS[line.plane] if strong else PLANE_COLORS[line.plane].darker(133)
    painter.setPen(QPen(color, 1.8 if strong else 1.1))
    start, end, centre = QPointF(*line.start), QPointF(*line.end), QPointF(*geometry.centre)
    for tip in (start, end):
        # The crossing stays open, so that the anatomy under it can be judged.
        length = math.hypot(tip.x() - centre.x(), tip.y() - centre.y())
        inside = (centre.x() - start.x()) * (centre.x() - end.x()) + (centre.y() - start.y()) * (centre.y() - end.y()) < 0
        if length > LINE_GAP_PX or not inside:
            direction = (tip - centre) / max(length, 1e-9)
            painter.drawLine(centre + direction * (LINE_GAP_PX if inside else 0.0), tip)
    for handle in line.handles:
        painter.setPen(QPen(color, 1.6))
        painter.setBrush(color if held and overlay.hovered.kind == "handle" else SHADE)
        painter.drawEllipse(QPointF(*handle), HANDLE_RADIUS_PX, HANDLE_RADIUS_PX)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if strong:
        _line_name(painter, line, color)


def _line_name(painter: QPainter, line: Line, color: QColor) -> None:
    """The plane's name beside the end of its line: colour is never the only sign."""
    text = words.plane_title(line.plane.value)
    metrics = QFontMetricsF(painter.font())
    upright = abs(line.normal_xy[0]) > abs(line.normal_xy[1])
    x, y = max(line.handles, key=lambda handle: handle[1] if upright else handle[0])
    # Of an upright line above the handle, clear of the patient letter at the edge.
    at = QPointF(x + 10, y - 16) if upright else QPointF(x - metrics.horizontalAdvance(text) - 10, y - 8)
    draw_text(painter, at, text, color)


def paint_letters(
    painter: QPainter, size_px: tuple[int, int], letters: tuple[str, str, str, str], avoid: Sequence[tuple[float, float]] = ()
) -> None:
    """Patient letters at the left, right, top and bottom edge, a little off the middle; on its other side if a handle is in the way."""
    width, height = size_px
    font = QFont(painter.font())
    font.setBold(True)
    font.setPointSizeF(font.pointSizeF() * 1.15)
    painter.save()
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    left, right, top, bottom = letters
    cap, shift = metrics.capHeight(), metrics.height() * 1.3
    advance = metrics.horizontalAdvance
    for text, x in ((left, MARGIN), (right, width - MARGIN - advance(right))):
        above, below = QPointF(x, height / 2 - shift + cap / 2), QPointF(x, height / 2 + shift + cap / 2)
        draw_text(painter, below if _in_the_way(above, avoid) else above, text)
    for text, y in ((top, MARGIN + metrics.ascent()), (bottom, height - MARGIN - metrics.descent())):
        after, before = QPointF(width / 2 + shift, y), QPointF(width / 2 - shift - advance(text), y)
        draw_text(painter, before if _in_the_way(after, avoid) else after, text)
    painter.restore()


def _in_the_way(at: QPointF, points: Sequence[tuple[float, float]]) -> bool:
    return any(math.dist((at.x() + 5, at.y() - 5), point) < LETTER_REACH_PX for point in points)


def scale_bar_room(geometry: PaneGeometry, metrics: QFontMetricsF) -> QRectF:
    """What the scale bar and its words take."""
    width, height = geometry.size_px
    across = max(geometry.scale_bar_mm / geometry.view.mm_per_px, metrics.horizontalAdvance(f"{geometry.scale_bar_mm:g} mm"))
    high = metrics.height() + 8.0
    return QRectF(width - MARGIN - 2 - across, height - MARGIN - 2 - high, across + MARGIN + 2, high + MARGIN + 2)


def _scale_bar(painter: QPainter, geometry: PaneGeometry) -> None:
    width, height = geometry.size_px
    length = geometry.scale_bar_mm / geometry.view.mm_per_px
    x1, y = width - MARGIN - 2, height - MARGIN - 2
    x0 = x1 - length
    for pen in (QPen(SHADE, 4), QPen(TEXT, 1.6)):
        painter.setPen(pen)
        painter.drawLine(QPointF(x0, y), QPointF(x1, y))
        for x in (x0, x1):
            painter.drawLine(QPointF(x, y - 4), QPointF(x, y))
    text = f"{geometry.scale_bar_mm:g} mm"
    draw_text(painter, QPointF(x1 - QFontMetricsF(painter.font()).horizontalAdvance(text), y - 8), text)


def paint_title(painter: QPainter, title: str, color: QColor) -> None:
    """The pane's name in its plane's colour."""
    metrics = QFontMetricsF(painter.font())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawRoundedRect(QRectF(MARGIN, MARGIN + 1, 4, metrics.ascent()), 2, 2)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    draw_text(painter, QPointF(MARGIN + 10, MARGIN + metrics.ascent()), title, color)


def paint_reading(painter: QPainter) -> None:
    """Below the pane's name: this is every n-th slice only."""
    metrics = QFontMetricsF(painter.font())
    at = QPointF(MARGIN + 10, MARGIN + metrics.height() + metrics.ascent())
    draw_text(painter, at, QCoreApplication.translate("SlicePaint", "Still reading: coarse so far"), READING)


def _readout(painter: QPainter, geometry: PaneGeometry, text: str, pointer: QPointF) -> None:
    metrics = QFontMetricsF(painter.font())
    box = QRectF(0, 0, metrics.horizontalAdvance(text) + 16, metrics.height() + 8)
    width, height = geometry.size_px
    x = min(pointer.x() + 18, width - box.width() - 4)
    y = pointer.y() + 18 if pointer.y() + 18 + box.height() < height else pointer.y() - 18 - box.height()
    box.moveTo(max(x, 4), max(y, 4))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(15, 18, 22, 225))
    painter.drawRoundedRect(box, 5, 5)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(TEXT)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
