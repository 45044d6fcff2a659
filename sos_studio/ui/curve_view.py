"""Live curves of a training, drawn plainly: each line has its own dash and its name beside its end."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from sos_studio.presenters.curves import Curve

# Okabe-Ito: apart for the colour-blind; dashes and names tell them apart without colour.
_COLORS = ("#3d8fe0", "#e69f00", "#2bb58a", "#cc79a7", "#d55e00")
_DASHES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine, Qt.PenStyle.DashDotDotLine)


def _tr(text: str) -> str:
    return QCoreApplication.translate("TrainingDock", text)


def nice_top(value: float) -> float:
    """The smallest of 1, 2, 5 × 10ⁿ that is not below `value`."""
    if value <= 0 or not math.isfinite(value):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= value * (1 - 1e-9))


# How much of a narrow view names may take; the tooltip has them whole.
NAMES_SHARE = 0.5


class CurveView(QWidget):
    """A few lines over epochs.

    Parameters
    ----------
    title
        What rises or falls.
    names
        Words for a curve.
    top
        Upper end of the axis; None fits it to the values.
    """

    def __init__(self, title: str, names: Callable[[Curve], str], top: float | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title, self._names, self._top = title, names, top
        self._curves: tuple[Curve, ...] = ()
        self._by_fold = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(title)

    def set_curves(self, curves: tuple[Curve, ...], *, by_fold: bool = False) -> None:
        """Other numbers; a cross-validation's run over its folds."""
        self._by_fold = by_fold
        if curves != self._curves:
            self._curves = curves
            told = ", ".join(f"{self._names(curve)} {curve.last:.3g}" for curve in curves)
            self.setAccessibleDescription(told)
            self.setToolTip(told)
            self.update()

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(300, 150)

    def minimumSizeHint(self) -> QSize:
        """Still legible."""
        return QSize(200, 96)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        """Axes, lines, names."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, metrics = self.palette(), QFontMetricsF(self.font())
        line = metrics.lineSpacing()
        painter.setPen(palette.text().color())
        painter.drawText(QPointF(4, metrics.ascent() + 2), self._title)
        if not self._curves:
            painter.setPen(palette.placeholderText().color())
            painter.drawText(QRectF(self.rect()), int(Qt.AlignmentFlag.AlignCenter), _tr("Nothing measured yet"))
            painter.end()
            return
        names = [f"{self._names(c)} {c.last:.3g}" for c in self._curves[: len(_COLORS)]]
        right = min(max(metrics.horizontalAdvance(name) for name in names) + 14, NAMES_SHARE * self.width())
        names = [metrics.elidedText(name, Qt.TextElideMode.ElideRight, right - 12) for name in names]
        left = metrics.horizontalAdvance("0.00 ")
        room = QRectF(left, line + 6, max(self.width() - left - right, 20), max(self.height() - 2 * line - 10, 20))
        top = self._top if self._top is not None else nice_top(max(v for c in self._curves for _, v in c.points))
        first = min(c.points[0][0] for c in self._curves)
        last = max(*(c.points[-1][0] for c in self._curves), first + 1)
        self._paint_axes(painter, room, top, (first, last))

        def place(step: int, value: float) -> QPointF:
            share = min(max(value / top, 0.0), 1.0)
            return QPointF(room.left() + (step - first) / (last - first) * room.width(), room.bottom() - share * room.height())

        spots = _spread([place(*c.points[-1]).y() for c in self._curves[: len(_COLORS)]], line, room)
        for n, curve in enumerate(self._curves[: len(_COLORS)]):
            color = QColor(_COLORS[n])
            painter.setPen(QPen(color, 1.8, _DASHES[n]))
            points = [place(step, value) for step, value in curve.points]
            painter.drawPolyline(QPolygonF(points))
            painter.setBrush(color)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawEllipse(points[-1], 2.6, 2.6)
            painter.setPen(palette.text().color())
            painter.drawText(QPointF(room.right() + 8, spots[n] + metrics.ascent() / 2 - 1), names[n])
        painter.end()

    def _paint_axes(self, painter: QPainter, room: QRectF, top: float, steps: tuple[int, int]) -> None:
        palette, metrics = self.palette(), QFontMetricsF(self.font())
        for share in (0.0, 0.5, 1.0):
            y = room.bottom() - share * room.height()
            painter.setPen(QPen(palette.mid().color(), 1))
            painter.drawLine(QPointF(room.left(), y), QPointF(room.right(), y))
            painter.setPen(palette.placeholderText().color())
            text = f"{share * top:.3g}"
            painter.drawText(QPointF(room.left() - metrics.horizontalAdvance(text) - 4, y + metrics.ascent() / 2 - 2), text)
        y = room.bottom() + metrics.ascent() + 3
        step = _tr("fold {n}") if self._by_fold else _tr("epoch {n}")
        begin, end = step.format(n=steps[0]), str(steps[1])
        painter.drawText(QPointF(room.left(), y), begin)
        if metrics.horizontalAdvance(begin + "  " + end) < room.width():
            painter.drawText(QPointF(room.right() - metrics.horizontalAdvance(end), y), end)


def _spread(ys: list[float], line: float, room: QRectF) -> list[float]:
    """Places for names so that they don't lie on one another: as near to their lines' ends as there is room."""
    order = sorted(range(len(ys)), key=lambda n: ys[n])
    spots = list(ys)
    for before, after in itertools.pairwise(order):
        spots[after] = max(spots[after], spots[before] + line)
    beyond = max((spots[n] for n in order), default=0.0) - room.bottom()
    return [spot - max(beyond, 0.0) for spot in spots]
