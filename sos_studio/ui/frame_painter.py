"""How frames, ends and banners look over a picture; one look in Crop, Stage and Predict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from sos_studio.core.roi import Point, Roi
from sos_studio.presenters.frame_edit import Ends, knobs_uv
from sos_studio.ui.shaded_text import TEXT, draw_text

FRAME = QColor("#ffc14d")
GHOST = QColor("#8fd3ff")
REFUSED = QColor("#ff8a65")
SHADE = QColor(0, 0, 0, 170)
OUTSIDE = QColor(0, 0, 0, 70)
HANDLE_PX = 4.0
END_PX = 7.0
# Where the arms of a cross-hair begin and end.
CROSS_PX = (5.0, 22.0)
# Width and height of the sign that stands for a frame.
SWATCH = (18.0, 9.0)

ToWidget = Callable[[Point], QPointF]
Line = Literal["solid", "dashed"]


def frame_polygon(roi: Roi, to_widget: ToWidget) -> QPolygonF:
    """The frame's outline in widget coordinates."""
    return QPolygonF([to_widget((float(u), float(v))) for u, v in roi.corners_uv])


def paint_frame(painter: QPainter, roi: Roi, to_widget: ToWidget, color: QColor = FRAME, line: Line = "solid") -> None:
    """The outline: light on dark, so that it is seen on bone and on air."""
    polygon = frame_polygon(roi, to_widget)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(SHADE, 3.5))
    painter.drawPolygon(polygon)
    pen = QPen(color, 1.6)
    if line == "dashed":
        pen.setStyle(Qt.PenStyle.DashLine)
    painter.setPen(pen)
    painter.drawPolygon(polygon)


def paint_swatch(painter: QPainter, left: QPointF, color: QColor, line: Line) -> None:
    """A small frame as a sign for one; `left` is the middle of its left side."""
    width, height = SWATCH
    box = QRectF(left.x(), left.y() - height / 2, width, height)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    pen = QPen(color, 1.6, Qt.PenStyle.DashLine if line == "dashed" else Qt.PenStyle.SolidLine)
    for stroke in (QPen(SHADE, 3.5), pen):
        painter.setPen(stroke)
        painter.drawRect(box)


def paint_outside(painter: QPainter, roi: Roi, to_widget: ToWidget, room: QRectF) -> None:
    """Dim what will not be in the crop."""
    path = QPainterPath()
    path.addRect(room)
    path.addPolygon(frame_polygon(roi, to_widget))
    path.closeSubpath()
    painter.fillPath(path, OUTSIDE)


def paint_handles(painter: QPainter, roi: Roi, to_widget: ToWidget, color: QColor = FRAME) -> None:
    """Squares at the corners scale, knobs beyond the short sides turn."""
    for side, knob in zip(_side_middles(roi), knobs_uv(roi), strict=True):
        painter.setPen(QPen(color, 1.4))
        painter.drawLine(to_widget(side), to_widget(knob))
        painter.setBrush(SHADE)
        painter.drawEllipse(to_widget(knob), HANDLE_PX + 1.5, HANDLE_PX + 1.5)
    painter.setBrush(color)
    painter.setPen(QPen(SHADE, 1))
    for u, v in roi.corners_uv:
        at = to_widget((float(u), float(v)))
        painter.drawRect(QRectF(at.x() - HANDLE_PX, at.y() - HANDLE_PX, 2 * HANDLE_PX, 2 * HANDLE_PX))


def paint_side_names(painter: QPainter, roi: Roi, to_widget: ToWidget, names: tuple[str, str]) -> None:
    """Which short side is the endocranial and which the ectocranial one."""
    metrics = QFontMetricsF(painter.font())
    center = to_widget(roi.center_uv)
    for name, knob in zip(names, knobs_uv(roi), strict=True):
        at = to_widget(knob)
        out = at - center
        length = max((out.x() ** 2 + out.y() ** 2) ** 0.5, 1e-6)
        at += out / length * 14
        shift = -metrics.horizontalAdvance(name) if out.x() < 0 else 0.0
        draw_text(painter, at + QPointF(shift, metrics.ascent() / 2), name)


def paint_end(painter: QPainter, at: QPointF, kind: Literal["endocranial", "ectocranial"]) -> None:
    """A clicked end: a ring for the endocranial, a diamond for the ectocranial one, with its point left free."""
    shape = QPainterPath()
    if kind == "endocranial":
        shape.addEllipse(at, END_PX, END_PX)
    else:
        shape.addPolygon(QPolygonF([at + QPointF(*d) for d in ((0, -END_PX - 1), (END_PX + 1, 0), (0, END_PX + 1), (-END_PX - 1, 0))]))
        shape.closeSubpath()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for color, width in ((SHADE, 4.0), (GHOST, 1.8)):
        painter.setPen(QPen(color, width))
        painter.drawPath(shape)
    painter.setPen(QPen(GHOST, 1))
    painter.drawPoint(at)


def paint_cross(painter: QPainter, at: QPointF) -> None:
    """A cross-hair that the keys move, open in the middle so that the point itself is seen."""
    for color, width in ((SHADE, 4.0), (GHOST, 1.6)):
        painter.setPen(QPen(color, width))
        for x, y in ((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)):
            painter.drawLine(at + QPointF(x, y) * CROSS_PX[0], at + QPointF(x, y) * CROSS_PX[1])
    painter.drawPoint(at)


def paint_ends(painter: QPainter, ends: Ends, to_widget: ToWidget) -> None:
    """Both ends."""
    paint_end(painter, to_widget(ends.endocranial_uv), "endocranial")
    paint_end(painter, to_widget(ends.ectocranial_uv), "ectocranial")


def paint_banner(painter: QPainter, room: QRectF, text: str, *, warning: bool = False, below: bool = False) -> None:
    """A sentence in a dark pill at the top (or bottom) of the picture; a warning carries a sign, not only a colour."""
    shown = f"⚠  {text}" if warning else text
    metrics = QFontMetricsF(painter.font())
    flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
    bounds = metrics.boundingRect(QRectF(0, 0, room.width() - 72, room.height()), flags, shown)
    pill = QRectF(0, 0, bounds.width() + 28, bounds.height() + 12)
    pill.moveCenter(QPointF(room.center().x(), 0))
    pill.moveTop(room.bottom() - pill.height() - 28 if below else room.top() + 28)
    painter.setPen(QPen(REFUSED if warning else QColor(255, 255, 255, 60), 1.2))
    painter.setBrush(QColor(20, 23, 27, 225))
    painter.drawRoundedRect(pill, 8, 8)
    painter.setPen(REFUSED if warning else TEXT)
    painter.drawText(pill, flags, shown)


def _side_middles(roi: Roi) -> tuple[Point, Point]:
    corners = roi.corners_uv
    left, right = (corners[0] + corners[3]) / 2, (corners[1] + corners[2]) / 2
    return (float(left[0]), float(left[1])), (float(right[0]), float(right[1]))
