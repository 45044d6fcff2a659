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


def bottom(lowest: float) -> float:
    """Lower end of an axis that holds `lowest`: 0, or below it as far as needed (an agreement may be worse than chance)."""
    return -nice_top(-lowest) if lowest < 0 else 0.0


# How much of a narrow view names may take; the tooltip has them whole.
NAMES_SHARE = 0.5
SAMPLE_PX = 18


class CurveView(QWidget):
    """A few lines over epochs.

    Parameters
    ----------
    title
        What rises or falls.
    names
        A curve and its newest value in a word or two.
    terms
        What that is, in a plain sentence, for the tooltip.
    top
        Upper end of the axis; None fits it to the values.
    """

    def __init__(
        self,
        title: str,
        names: Callable[[Curve], str],
        terms: Callable[[Curve], str] = lambda _: "",
        top: float | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._title, self._names, self._terms, self._top = title, names, terms, top
        self._curves: tuple[Curve, ...] = ()
        self._span: tuple[int, int] | None = None
        self._by_fold, self._before = False, ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(title)

    def set_title(self, title: str) -> None:
        """What rises or falls in another training."""
        self._title = title
        self.setAccessibleName(title)
        self.update()

    def set_curves(
        self, curves: tuple[Curve, ...], *, span: tuple[int, int] | None = None, by_fold: bool = False, before: str = ""
    ) -> None:
        """Other numbers; a cross-validation's run over its folds.

        Parameters
        ----------
        span
            First and last step of the axis; None fits it to the curves.
        before
            Why the curves begin behind the axis' start, where they do.
        """
        if (curves, span, by_fold, before) == (self._curves, self._span, self._by_fold, self._before):
            return
        self._curves, self._span, self._by_fold, self._before = curves, span, by_fold, before
        told = [self._names(curve) for curve in curves]
        self.setAccessibleDescription(", ".join([*told, before] if before else told))
        explained = [f"{name}: {term}" if (term := self._terms(curve)) else name for name, curve in zip(told, curves, strict=True)]
        self.setToolTip("\n".join([*explained, before] if before else explained))
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
        names = [self._names(c) for c in self._curves[: len(_COLORS)]]
        aside = 8 + SAMPLE_PX + 4
        right = min(max(metrics.horizontalAdvance(name) for name in names) + aside + 2, NAMES_SHARE * self.width())
        names = [metrics.elidedText(name, Qt.TextElideMode.ElideRight, right - aside) for name in names]
        left = metrics.horizontalAdvance("−0.00 ")
        room = QRectF(left, line + 6, max(self.width() - left - right, 20), max(self.height() - 2 * line - 10, 20))
        top = self._top if self._top is not None else nice_top(max(v for c in self._curves for _, v in c.points))
        low = bottom(min(v for c in self._curves for _, v in c.points))
        begins = min(c.points[0][0] for c in self._curves)
        first, last = self._span or (begins, max(c.points[-1][0] for c in self._curves))
        last = max(last, first + 1)
        self._paint_axes(painter, room, (low, top), (first, last))

        def place(step: int, value: float) -> QPointF:
            share = min(max((value - low) / (top - low), 0.0), 1.0)
            return QPointF(room.left() + (step - first) / (last - first) * room.width(), room.bottom() - share * room.height())

        if self._before and begins > first:
            empty = QRectF(room.left() + 4, room.top(), place(begins, 0.0).x() - room.left() - 10, room.height())
            painter.setPen(palette.placeholderText().color())
            painter.drawText(empty, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self._before)
        spots = _spread([place(*c.points[-1]).y() for c in self._curves[: len(_COLORS)]], line, room)
        for n, curve in enumerate(self._curves[: len(_COLORS)]):
            color = QColor(_COLORS[n])
            painter.setPen(QPen(color, 1.8, _DASHES[n]))
            points = [place(step, value) for step, value in curve.points]
            painter.drawPolyline(QPolygonF(points))
            painter.setBrush(color)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawEllipse(points[-1], 2.6, 2.6)
            # Where names had to give way to one another, the line beside a name says whose it is.
            painter.setPen(QPen(color, 1.8, _DASHES[n]))
            painter.drawLine(QPointF(room.right() + 8, spots[n]), QPointF(room.right() + 8 + SAMPLE_PX, spots[n]))
            painter.setPen(palette.text().color())
            painter.drawText(QPointF(room.right() + aside, spots[n] + metrics.ascent() / 2 - 1), names[n])
        painter.end()

    def _paint_axes(self, painter: QPainter, room: QRectF, ends: tuple[float, float], steps: tuple[int, int]) -> None:
        palette, metrics = self.palette(), QFontMetricsF(self.font())
        low, top = ends
        for value in (0.0, top / 2, top) if low == 0 else (low, 0.0, top):
            y = room.bottom() - (value - low) / (top - low) * room.height()
            painter.setPen(QPen(palette.mid().color(), 1))
            painter.drawLine(QPointF(room.left(), y), QPointF(room.right(), y))
            painter.setPen(palette.placeholderText().color())
            text = f"{value:.3g}".replace("-", "−")
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
