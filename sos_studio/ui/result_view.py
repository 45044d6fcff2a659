"""How a network did on cases that it was not trained on: figures, stage by stage, confusion matrix, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QLabel, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from sos_studio.services.model_results import Result
from sos_studio.ui import parts, result_words


def _tr(text: str) -> str:
    return QCoreApplication.translate("TrainingDock", text)


BLUE = QColor("#3d8fe0")


class ConfusionView(QWidget):
    """Counts: rows are the labels, columns what the network said. The darker a cell, the more of its row."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: tuple[tuple[int, ...], ...] = ()
        self.setMinimumSize(180, 150)
        self.setMouseTracking(True)
        self.setAccessibleName(_tr("Confusion matrix"))

    def set_counts(self, counts: tuple[tuple[int, ...], ...]) -> None:
        """Another network's."""
        self._counts = counts
        told = "; ".join(
            _tr("label {stage}: {counts}").format(stage=k + 1, counts=", ".join(str(n) for n in row)) for k, row in enumerate(counts)
        )
        self.setAccessibleDescription(told)
        self.update()

    def sizeHint(self) -> QSize:
        """A square."""
        return QSize(260, 230)

    def cell(self, row: int, column: int) -> QRectF:
        """Where a count stands."""
        metrics, stages = QFontMetricsF(self.font()), max(len(self._counts), 1)
        top, left = 2 * metrics.lineSpacing() + 6, metrics.horizontalAdvance("00") + metrics.lineSpacing() + 10
        side = min((self.width() - left - 4) / stages, (self.height() - top - 4) / stages)
        return QRectF(left + column * side, top + row * side, side, side)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The count under the pointer in words."""
        for row, counts in enumerate(self._counts):
            for column, n in enumerate(counts):
                if self.cell(row, column).contains(event.position()):
                    told = _tr("Labelled {stage}, staged {said}: {n} of {of}")
                    self.setToolTip(told.format(stage=row + 1, said=column + 1, n=n, of=sum(counts)))
                    return
        self.setToolTip("")

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        """Cells with their counts."""
        painter, palette = QPainter(self), self.palette()
        metrics, quiet = QFontMetricsF(self.font()), palette.placeholderText().color()
        painter.setPen(palette.text().color())
        painter.drawText(QPointF(0, metrics.ascent()), _tr("Rows: label, columns: answer"))
        if not self._counts:
            painter.end()
            return
        line = metrics.lineSpacing()
        for k, row in enumerate(self._counts):
            across, down = self.cell(0, k), self.cell(k, 0)
            painter.setPen(quiet)
            painter.drawText(QRectF(across.left(), line + 2, across.width(), line), int(Qt.AlignmentFlag.AlignCenter), str(k + 1))
            painter.drawText(QRectF(0, down.top(), down.left() - 6, down.height()), _RIGHT, str(k + 1))
            total = max(sum(row), 1)
            for column, n in enumerate(row):
                place = self.cell(k, column).adjusted(1, 1, -1, -1)
                shade = QColor(BLUE)
                shade.setAlphaF(0.08 + 0.77 * n / total if n else 0.0)
                painter.fillRect(place, shade)
                # What is right has a frame: the diagonal is seen without colour.
                painter.setPen(QPen(palette.text().color() if k == column else palette.mid().color(), 1.4 if k == column else 1))
                painter.drawRect(place)
                painter.setPen(palette.text().color() if n else quiet)
                painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), str(n))
        painter.end()


_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class CalibrationView(QWidget):
    """How often the network was right when it was so sure: on the diagonal it may be taken at its word."""

    def __init__(self) -> None:
        super().__init__()
        self._bins: Sequence[Mapping[str, float]] = ()
        self.setMinimumSize(170, 150)
        self.setAccessibleName(_tr("Calibration"))
        self.setToolTip(_tr("Each point: cases of which the network was about equally sure, with the 95 % interval of how many were right"))

    def set_bins(self, bins: Sequence[Mapping[str, float]]) -> None:
        """Another network's."""
        self._bins = bins
        told = _tr("sure {sure}: {share} right of {n}")
        self.setAccessibleDescription(
            "; ".join(
                told.format(sure=result_words.percent(b["confidence"]), share=result_words.percent(b["share"]), n=int(b["n"])) for b in bins
            )
        )
        self.update()

    def sizeHint(self) -> QSize:
        """A square."""
        return QSize(250, 230)

    def room(self) -> QRectF:
        """The plot without its axes."""
        metrics = QFontMetricsF(self.font())
        left, top = metrics.horizontalAdvance("100") + 6, metrics.lineSpacing() + 8
        side = max(min(self.width() - left - 10, self.height() - top - metrics.lineSpacing() - 6), 20)
        return QRectF(left, top, side, side)

    def place(self, sure: float, share: float) -> QPointF:
        """A point of the plot."""
        room = self.room()
        return QPointF(room.left() + sure * room.width(), room.bottom() - share * room.height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        """Diagonal, points, bars."""
        painter, palette = QPainter(self), self.palette()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics, room = QFontMetricsF(self.font()), self.room()
        painter.setPen(palette.text().color())
        painter.drawText(QPointF(0, metrics.ascent()), _tr("Calibration: right, in %"))
        painter.setPen(QPen(palette.mid().color(), 1))
        painter.drawRect(room)
        painter.setPen(QPen(palette.mid().color(), 1, Qt.PenStyle.DashLine))
        painter.drawLine(self.place(0, 0), self.place(1, 1))
        painter.setPen(palette.placeholderText().color())
        for share in (0.0, 0.5, 1.0):
            text = f"{100 * share:.0f}"
            at = self.place(0, share)
            painter.drawText(QPointF(at.x() - metrics.horizontalAdvance(text) - 4, at.y() + metrics.ascent() / 2 - 1), text)
        below = room.bottom() + metrics.ascent() + 3
        painter.drawText(QPointF(room.left(), below), _tr("sure: 0"))
        painter.drawText(QPointF(room.right() - metrics.horizontalAdvance("100"), below), "100")
        largest = max((b["n"] for b in self._bins), default=1)
        for b in self._bins:
            middle = self.place(b["confidence"], b["share"])
            painter.setPen(QPen(BLUE, 1.4))
            painter.drawLine(self.place(b["confidence"], b["low"]), self.place(b["confidence"], b["high"]))
            painter.setBrush(BLUE)
            radius = 2.5 + 3.5 * (b["n"] / largest) ** 0.5
            painter.drawEllipse(middle, radius, radius)
        painter.end()


class ResultView(QWidget):
    """Everything about one network's held-out cases.

    Parameters
    ----------
    ask
        Stands below the figures, or below what is said in their place.
    """

    def __init__(self, ask: QWidget) -> None:
        super().__init__()
        self.figures = QLabel()
        self.figures.setWordWrap(True)
        self.figures.setToolTip(result_words.figure_terms())
        self.figures.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.figures.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.phantom = parts.red(_tr("Trained on phantoms: these figures say nothing about patients."))
        self.stages = QTableWidget(0, 3)
        self.stages.setHorizontalHeaderLabels([_tr("Stage"), _tr("rightly"), _tr("interval")])
        self.stages.verticalHeader().hide()
        self.stages.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.stages.setAccessibleName(_tr("Stage by stage"))
        self.stages.setToolTip(_tr("Of the cases with that label: how many were staged rightly, and the 95 % interval of that share"))
        self.stages.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.stages.horizontalHeader().setStretchLastSection(True)
        self.stages.verticalHeader().setDefaultSectionSize(24)
        self.stages.setMinimumWidth(190)
        self.confusion, self.calibration = ConfusionView(), CalibrationView()
        told = QWidget()
        column = QVBoxLayout(told)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.phantom)
        column.addWidget(self.figures)
        column.addWidget(ask)
        column.addStretch(1)
        self._told = parts.scrolled(told)
        self._told.setMinimumWidth(200)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 6, 6, 2)
        row.setSpacing(12)
        for widget, share in ((self._told, 5), (self.stages, 4), (self.confusion, 4), (self.calibration, 4)):
            row.addWidget(widget, share)
        self.set_result(None, "")

    def set_result(self, result: Result | None, instead: str, *, phantom: bool = False) -> None:
        """Another network's; `instead` is said where there is none."""
        there = result is not None
        self.phantom.setVisible(phantom and there)
        for part in (self.stages, self.confusion, self.calibration):
            part.setVisible(there)
        self.figures.setText(result_words.summary(result) if result is not None else instead)
        self.confusion.set_counts(result.confusion if result is not None else ())
        self.calibration.set_bins(result.bins if result is not None else ())
        rows = [share for share in result.stages if share.n] if result is not None else []
        self.stages.setRowCount(len(rows))
        for n, share in enumerate(rows):
            interval = share.share
            limits = (
                "–" if interval.low is None or interval.high is None else f"{100 * interval.low:.0f} – {100 * interval.high:.0f}\u00a0%"
            )
            for k, text in enumerate((str(share.stage), _tr("{correct} of {n}").format(correct=share.correct, n=share.n), limits)):
                self.stages.setItem(n, k, QTableWidgetItem(text))
