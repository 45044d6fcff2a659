"""How the grid, distances and angles look over a slice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QCoreApplication, QLineF, QPointF, QRectF, QSizeF
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from sos_studio.presenters.grid import grid_lines, grid_step_mm
from sos_studio.presenters.measuring import Measurement, Tool
from sos_studio.presenters.pane_geometry import PaneGeometry
from sos_studio.ui import words
from sos_studio.ui.shaded_text import draw_text
from sos_studio.ui.slice_paint import scale_bar_room

# Unlike the planes' colours and the frame's; light on a dark shade, so that it is seen on bone and on air.
MEASURE = QColor("#ff9ff3")
SHADE = QColor(0, 0, 0, 170)
GRID_THIN, GRID_STRONG, GRID_TEXT = QColor(255, 255, 255, 46), QColor(255, 255, 255, 92), QColor("#d3dae1")
TICK_PX, ARC_PX = 6.0, 26.0
# So many rows above a point are tried before values lie over one another.
MOST_ROWS = 5


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


def tool_hints(tool: Tool, points_set: int = 0) -> tuple[str, ...]:
    """What the next click of a tool sets, for the edge of a pane; the longest first, for panes of any width."""
    drop = _tr("Esc drops it")
    match tool, points_set:
        case "distance", 0:
            ends = _tr("Esc ends")
            return (
                _tr("Distance: click one end, then the other, or drag (or arrows and Space) · Del removes") + f" · {ends}",
                _tr("Distance: click one end, then the other, or drag · Del removes") + f" · {ends}",
                _tr("Distance: click both ends") + f" · {ends}",
                _tr("1 of 2: an end") + f" · {ends}",
            )
        case "distance", _:
            return (_tr("Distance: click the other end") + f" · {drop}", _tr("2 of 2: other end"))
        case _, 0:
            ends = _tr("Esc ends")
            return (
                _tr("Angle, 1 of 3: click the end of an arm, or drag it to the apex (or arrows and Space) · Del removes") + f" · {ends}",
                _tr("Angle, 1 of 3: click the end of an arm, or drag it to the apex · Del removes") + f" · {ends}",
                _tr("Angle, 1 of 3: click the end of an arm") + f" · {ends}",
                _tr("1 of 3: arm") + f" · {ends}",
            )
        case _, 1:
            return (_tr("Angle, 2 of 3: click the apex") + f" · {drop}", _tr("2 of 3: apex"))
    return (_tr("Angle, 3 of 3: click the end of the other arm") + f" · {drop}", _tr("3 of 3: other arm"))


def value_text(item: Measurement) -> str:
    """What stands beside it."""
    return f"{item.value:.1f}°" if item.in_degrees else words.mm_text(item.value)


def paint_measurements(painter: QPainter, geometry: PaneGeometry, items: Sequence[Measurement], held: Measurement | None) -> None:
    """Lines with ticks at their ends, arcs at the apex, values; the one that Delete would remove is thicker."""
    metrics = QFontMetricsF(painter.font())
    width, height = geometry.size_px
    # What the tool does next, and the scale bar, stay to be read.
    taken = [QRectF(0, height - metrics.height() - 6.0, width, metrics.height() + 6.0), scale_bar_room(geometry, metrics)]
    for item in items:
        points = [QPointF(*geometry.xy_of(point)) for point in item.points_lps_mm]
        for color, thickness in ((SHADE, 4.0), (MEASURE, 2.4 if item is held else 1.4)):
            painter.setPen(QPen(color, thickness))
            for start, end in pairwise(points):
                painter.drawLine(start, end)
            _tick(painter, points[1], points[0])
            _tick(painter, points[-2], points[-1])
            if len(points) == 3:
                _arc(painter, points[1], (points[0], points[2]))
        _value(painter, geometry, item, points, taken)


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


def value_room(at: QPointF, size: QSizeF, pane_px: tuple[int, int], taken: Sequence[QRectF]) -> QRectF:
    """Where a value stands: beside its point and within the pane or, where something stands already, on another side of the point."""

    def room(right: float, down: float) -> QRectF:
        left = min(max(at.x() + right, 4.0), pane_px[0] - size.width() - 4.0)
        return QRectF(QPointF(left, min(max(at.y() + down, 4.0), pane_px[1] - size.height() - 4.0)), size)

    above, below, beyond = -8.0 - size.height(), 6.0, -10.0 - size.width()
    rows = [room(10.0, above - n * size.height()) for n in range(1, MOST_ROWS)]
    rooms = [room(10.0, above), room(10.0, below), room(beyond, above), room(beyond, below), *rows]
    return next((place for place in rooms if not any(place.intersects(other) for other in taken)), rooms[0])


def _value(painter: QPainter, geometry: PaneGeometry, item: Measurement, points: Sequence[QPointF], taken: list[QRectF]) -> None:
    text, metrics = value_text(item), QFontMetricsF(painter.font())
    room = value_room(points[-1], QSizeF(metrics.horizontalAdvance(text), metrics.height()), geometry.size_px, taken)
    taken.append(room)
    draw_text(painter, QPointF(room.left(), room.top() + metrics.ascent()), text, MEASURE)
