"""How the grid, distances and angles look over a slice."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QLineF, QPointF, QRectF
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from sos_studio.presenters.grid import grid_lines, grid_step_mm
from sos_studio.presenters.measuring import Measurement, Tool
from sos_studio.presenters.pane_geometry import PaneGeometry
from sos_studio.ui import words
from sos_studio.ui.shaded_text import draw_text

# Unlike the planes' colours and the frame's; light on a dark shade, so that it is seen on bone and on air.
MEASURE = QColor("#ff9ff3")
SHADE = QColor(0, 0, 0, 170)
GRID_THIN, GRID_STRONG, GRID_TEXT = QColor(255, 255, 255, 46), QColor(255, 255, 255, 92), QColor("#d3dae1")
TICK_PX, ARC_PX = 6.0, 26.0


def _tr(text: str) -> str:
    return QCoreApplication.translate("MeasurePaint", text)


def paint_grid(painter: QPainter, geometry: PaneGeometry) -> None:
    """Lines parallel to the planes, and their spacing above the scale bar."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for segments, color in zip(grid_lines(geometry), (GRID_THIN, GRID_STRONG), strict=True):
        painter.setPen(QPen(color, 1))
        painter.drawLines([QLineF(QPointF(*a), QPointF(*b)) for a, b in segments])
    painter.restore()
    text = _tr("grid {mm} mm").format(mm=f"{grid_step_mm(geometry.view.mm_per_px):g}")
    metrics = QFontMetricsF(painter.font())
    width, height = geometry.size_px
    draw_text(painter, QPointF(width - 10 - metrics.horizontalAdvance(text), height - 20 - metrics.height()), text, GRID_TEXT)


def tool_hints(tool: Tool) -> tuple[str, ...]:
    """How a tool is used, for the edge of a pane; the longest first, for panes of any width."""
    if tool == "distance":
        return (
            _tr("Distance: drag, or click both ends · Del removes · Esc ends"),
            _tr("Distance: drag · Del · Esc ends"),
            _tr("Drag · Esc ends"),
        )
    return (
        _tr("Angle: drag one arm, click the other · Del removes · Esc ends"),
        _tr("Angle: drag, then click · Esc ends"),
        _tr("Drag, click · Esc ends"),
    )


def value_text(item: Measurement) -> str:
    """What stands beside it."""
    return f"{item.value:.1f}°" if item.in_degrees else words.mm_text(item.value)


def paint_measurements(painter: QPainter, geometry: PaneGeometry, items: Sequence[Measurement], held: Measurement | None) -> None:
    """Lines with ticks at their ends, arcs at vertices, values; the one that Delete would remove is thicker."""
    for item in items:
        first, *others = (QPointF(*geometry.xy_of(point)) for point in item.points_lps_mm)
        for color, width in ((SHADE, 4.0), (MEASURE, 2.4 if item is held else 1.4)):
            painter.setPen(QPen(color, width))
            for other in others:
                painter.drawLine(first, other)
                _tick(painter, first, other)
            if len(others) == 1:
                _tick(painter, others[0], first)
            else:
                _arc(painter, first, others)
        _value(painter, geometry, item, [first, *others])


def _tick(painter: QPainter, start: QPointF, end: QPointF) -> None:
    along = end - start
    length = math.hypot(along.x(), along.y())
    if length > 0:
        across = QPointF(-along.y(), along.x()) / length * TICK_PX
        painter.drawLine(end - across, end + across)


def _arc(painter: QPainter, vertex: QPointF, ends: Sequence[QPointF]) -> None:
    begin, end = (math.degrees(math.atan2(-(p.y() - vertex.y()), p.x() - vertex.x())) for p in ends)
    span = math.remainder(end - begin, 360.0)
    reach = min(ARC_PX, *(math.dist((p.x(), p.y()), (vertex.x(), vertex.y())) for p in ends))
    painter.drawArc(QRectF(vertex.x() - reach, vertex.y() - reach, 2 * reach, 2 * reach), round(begin * 16), round(span * 16))


def _value(painter: QPainter, geometry: PaneGeometry, item: Measurement, points: Sequence[QPointF]) -> None:
    text, metrics = value_text(item), QFontMetricsF(painter.font())
    at = points[-1] + QPointF(10, -8)
    width, height = geometry.size_px
    x = min(max(at.x(), 4.0), width - metrics.horizontalAdvance(text) - 4.0)
    draw_text(painter, QPointF(x, min(max(at.y(), metrics.ascent() + 4.0), height - 4.0)), text, MEASURE)
