"""Five probabilities as bars with numbers, in stage order; the predicted stage carries a mark, not only a colour."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from sos_studio.core.predictions import StageSet


def _tr(text: str) -> str:
    return QCoreApplication.translate("PredictStep", text)


class ProbabilityBars(QWidget):
    """One row per stage."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.probabilities: tuple[float, ...] = ()
        self.stage_set: StageSet | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(_tr("Probability of each stage"))

    def set_probabilities(self, probabilities: tuple[float, ...]) -> None:
        """In stage order; empty shows empty bars."""
        self.probabilities = probabilities
        told = ", ".join(_tr("stage {n}: {p} %").format(n=n, p=round(100 * p)) for n, p in enumerate(probabilities, start=1))
        self.setAccessibleDescription(told)
        self.setToolTip(told)
        self.update()

    def set_stage_set(self, stage_set: StageSet | None) -> None:
        """Which stages a bracket holds together; None: no bracket."""
        self.stage_set = stage_set
        self.update()

    def sizeHint(self) -> QSize:
        """Five rows."""
        return QSize(240, 5 * self._row_height())

    def minimumSizeHint(self) -> QSize:
        """As high as the rows need."""
        return QSize(160, 5 * self._row_height())

    def _row_height(self) -> int:
        return QFontMetrics(self.font()).lineSpacing() + 5

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        """Mark, stage, bar, per cent."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, height = self.palette(), self._row_height()
        metrics = QFontMetrics(self.font())
        left, right = metrics.horizontalAdvance("▶ 5  ") + 12, metrics.horizontalAdvance(" 100.0 %")
        room = max(self.width() - left - right - 6, 10)
        likeliest = max(self.probabilities, default=0.0)
        for index in range(5):
            p = self.probabilities[index] if index < len(self.probabilities) else None
            best = p is not None and p == likeliest
            top = index * height
            font = painter.font()
            font.setBold(best)
            painter.setFont(font)
            painter.setPen(palette.text().color() if p is not None else palette.placeholderText().color())
            name = QRectF(0, top, left, height)
            painter.drawText(name, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight), f"{'▶ ' if best else ''}{index + 1}  ")
            track = QRectF(left, top + 3, room, height - 6)
            painter.setPen(QPen(palette.mid().color(), 1))
            painter.setBrush(palette.base())
            painter.drawRoundedRect(track, 3, 3)
            if p is None:
                continue
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.highlight() if best else palette.placeholderText())
            painter.drawRoundedRect(QRectF(track.left(), track.top(), max(track.width() * p, 2.0), track.height()), 3, 3)
            painter.setPen(palette.text().color())
            number = QRectF(track.right() + 6, top, right, height)
            painter.drawText(number, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), f"{100 * p:.1f} %")
        if self.stage_set is not None:
            self._paint_bracket(painter, self.stage_set, height)
        painter.end()

    def _paint_bracket(self, painter: QPainter, held: StageSet, height: int) -> None:
        """Beside the numbers of the stages that the set holds."""
        top, bottom = (held.first - 1) * height + 3, held.last * height - 3
        painter.setPen(QPen(self.palette().text().color(), 1.4))
        painter.drawPolyline([QPointF(5, top), QPointF(1, top), QPointF(1, bottom), QPointF(5, bottom)])
