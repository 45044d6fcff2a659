"""Our own drawings of Bassed's five stages: a midsagittal cut through the SOS, lying as in the crop (endocranial end left)."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

AIR = QColor("#14171a")
BONE = QColor("#9aa0a6")
CORTEX = QColor("#eceff1")
TRABECULA = QColor("#b9bec3")
CARTILAGE = QColor("#33383d")
SCAR = QColor("#ffffff")

# Share of the gap, from the endocranial end, that is bridged by bone.
FUSED_SHARE = {1: 0.0, 2: 0.22, 3: 0.55, 4: 1.0, 5: 1.0}
_COLUMNS = 48


def paint_stage(painter: QPainter, room: QRectF, stage: int) -> None:
    """Draw one stage into a rectangle of about 2:1.

    Above lies the body of the sphenoid, below the basilar part of the occipital bone, between them the synchondrosis.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setClipRect(room)
    painter.fillRect(room, AIR)
    body = room.adjusted(room.width() * 0.1, -2, -room.width() * 0.1, 2)
    painter.fillPath(_outline(body), BONE)
    painter.save()
    painter.setClipPath(_outline(body), Qt.ClipOperation.IntersectClip)
    _trabeculae(painter, body)
    fused = FUSED_SHARE[stage]
    if fused < 1.0:
        _gap(painter, body, fused)
    elif stage == 4:
        painter.setPen(QPen(SCAR, max(room.height() * 0.045, 1.6)))
        painter.drawPolyline(QPolygonF([QPointF(x, _middle(body, x)) for x in _xs(body, 0.0)]))
    painter.restore()
    _cortex(painter, body, fused)
    painter.restore()


def _xs(body: QRectF, start: float) -> list[float]:
    first = body.left() + start * body.width()
    return [float(x) for x in np.linspace(first, body.right(), _COLUMNS)]


def _middle(body: QRectF, x: float) -> float:
    """The wavy line of the synchondrosis."""
    t = (x - body.left()) / body.width()
    return body.center().y() + body.height() * (0.018 * math.sin(t * 17.0) + 0.012 * math.sin(t * 41.0 + 1.0))


def _half_gap(body: QRectF, x: float, fused: float) -> float:
    """Half of the gap's height: narrow at the endocranial end, wide at the ectocranial one, closing where bone bridges it."""
    t = (x - body.left()) / body.width()
    open_height = body.height() * (0.055 + 0.05 * t)
    if fused <= 0.0:
        return open_height
    return open_height * math.sqrt(min(1.0, max(0.0, (t - fused) / 0.08)))


def _gap(painter: QPainter, body: QRectF, fused: float) -> None:
    xs = _xs(body, fused)
    upper = [QPointF(x, _middle(body, x) - _half_gap(body, x, fused)) for x in xs]
    lower = [QPointF(x, _middle(body, x) + _half_gap(body, x, fused)) for x in reversed(xs)]
    painter.setPen(QPen(CORTEX, max(body.height() * 0.022, 1.0)))
    painter.setBrush(CARTILAGE)
    painter.drawPolygon(QPolygonF([*upper, *lower]))


def _outline(body: QRectF) -> QPainterPath:
    """Clivus side left, pharynx side right; slightly waisted at the synchondrosis as in life."""
    waist = body.width() * 0.035
    path = QPainterPath(body.topLeft())
    path.lineTo(body.topRight())
    path.quadTo(QPointF(body.right() - 2 * waist, body.center().y()), body.bottomRight())
    path.lineTo(body.bottomLeft())
    path.quadTo(QPointF(body.left() + 2 * waist, body.center().y()), body.topLeft())
    path.closeSubpath()
    return path


def _cortex(painter: QPainter, body: QRectF, fused: float) -> None:
    """Bright borders left and right, interrupted where the synchondrosis opens to that side."""
    waist = body.width() * 0.035
    thickness = max(body.height() * 0.05, 1.5)
    for left in (True, False):
        edge, pull = (body.left(), 2 * waist) if left else (body.right(), -2 * waist)
        side_open = fused <= 0.0 if left else fused < 1.0
        gap = 0.14 if side_open else 0.0
        for start, end in ((0.0, 0.5 - gap / 2), (0.5 + gap / 2, 1.0)):
            points = []
            for t in np.linspace(start, end, 12):
                bend = 2 * (1 - t) * t * pull
                points.append(QPointF(edge + float(bend), body.top() + float(t) * body.height()))
            painter.setPen(QPen(CORTEX, thickness))
            painter.drawPolyline(QPolygonF(points))


def _trabeculae(painter: QPainter, body: QRectF) -> None:
    """Even fine strokes; the same in every drawing, so that only the synchondrosis differs."""
    rng = np.random.default_rng(5)
    painter.setPen(QPen(TRABECULA, max(body.height() * 0.016, 0.8)))
    for row, column in np.ndindex(7, 13):
        u, v = (column + rng.uniform(0.15, 0.85)) / 13, (row + rng.uniform(0.15, 0.85)) / 7
        angle = rng.uniform(0, math.pi)
        length = body.height() * rng.uniform(0.04, 0.08)
        at = QPointF(body.left() + u * body.width(), body.top() + v * body.height())
        step = QPointF(math.cos(angle) * length, math.sin(angle) * length)
        painter.drawLine(at - step / 2, at + step / 2)
