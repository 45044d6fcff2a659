"""The full image with the student's attention over it, the expert's frame and the detector's."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QCoreApplication, QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from sos_studio.core.predictions import PredictedRoi
from sos_studio.core.roi import Roi
from sos_studio.presenters.answers import Shown
from sos_studio.presenters.prediction import PredictionPresenter
from sos_studio.presenters.prediction_state import PredictionState
from sos_studio.ui.frame_painter import FRAME, GHOST, SHADE, SWATCH, Line, paint_banner, paint_frame, paint_swatch
from sos_studio.ui.heat_legend import colours
from sos_studio.ui.image_view import ImageView
from sos_studio.ui.parts import WARNING_RED
from sos_studio.ui.predict_words import overlooked_words
from sos_studio.ui.shaded_text import TEXT, draw_text
from sos_studio.ui.viewport import Uv

# Left end and middle of the first line that says whose frame is which.
LEGEND_AT = (14.0, 20.0)
LEGEND_STEP = 1.3
OUTLINE = QColor("#ffffff")


def _tr(text: str) -> str:
    return QCoreApplication.translate("PredictStep", text)


class HeatView(ImageView):
    """Paints `PredictionState`; opacity costs nothing, because the attention is a layer of its own."""

    def __init__(self, presenter: PredictionPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._heat: QImage | None = None
        self._heat_empty = False
        self._heat_layer: QPixmap | None = None
        self._outline: npt.NDArray[np.float32] | None = None
        self._pointed: Uv | None = None
        self._expert: Roi | None = None
        self.setAccessibleName(_tr("Full image with the heatmap"))
        self.view_changed.connect(self._forget_layer)
        presenter.changed.connect(self._on_state)
        presenter.heat_changed.connect(self._on_heat)
        presenter.outline_changed.connect(self._on_outline)
        self.pointer_moved.connect(self._on_pointer)

    def set_expert_frame(self, roi: Roi | None) -> None:
        """The case's own frame, drawn also before there is a prediction."""
        self._expert = roi
        self.update()

    def _on_state(self, _: PredictionState) -> None:
        self.update()

    def _on_heat(self, rgba: npt.NDArray[np.uint8] | None) -> None:
        if rgba is None:
            self._heat = None
        else:
            height, width = rgba.shape[:2]
            self._heat_empty = not rgba[..., 3].any()
            self._heat = QImage(np.ascontiguousarray(rgba).data, width, height, 4 * width, QImage.Format.Format_RGBA8888).convertToFormat(
                QImage.Format.Format_ARGB32_Premultiplied
            )
        self._forget_layer()
        self.update()

    def _on_outline(self, lines: npt.NDArray[np.float32] | None) -> None:
        self._outline = lines
        self.update()

    def _on_pointer(self, uv: Uv | None) -> None:
        self._pointed = uv
        if self._heat is not None and self._presenter.state.heat_on:
            self.update()

    @property
    def attention_pointed(self) -> float | None:
        """Attention of the pixel under the pointer, 0 … 1; None without a heatmap or beside the picture."""
        state = self._presenter.state
        shown = state.shown
        if shown is None or shown.heat01_vu is None or state.heat_coming is not None or self._pointed is None:
            return None
        column, row = round(self._pointed[0]), round(self._pointed[1])
        height, width = shown.heat01_vu.shape
        return float(shown.heat01_vu[row, column]) if 0 <= row < height and 0 <= column < width else None

    def _forget_layer(self) -> None:
        self._heat_layer = None

    def paint_over(self, painter: QPainter) -> None:
        """Attention, frames, what must not be overlooked."""
        state, below = self._presenter.state, QRectF(self.rect()).adjusted(0, self._legend_height(), 0, 0)
        if state.heat_on and state.heat_coming is not None:
            paint_banner(painter, below, _tr("Making the heatmap for stage {n} …").format(n=state.heat_coming))
        elif self._heat is not None and state.heat_on:
            if self._heat_layer is None:
                self._heat_layer = self.scaled_layer(self._heat, self.viewport.widget_from_uv())
            painter.setOpacity(state.opacity)
            painter.drawPixmap(0, 0, self._heat_layer)
            painter.setOpacity(1.0)
            if self._heat_empty:
                paint_banner(painter, below, _tr("The heatmap is empty: the network marks no place in this image."))
            else:
                self._paint_outline(painter)
                self._paint_scale(painter, state)
        self._paint_frames(painter)
        if state.phase == "predicting":  # all else that there is to say stands in the panel
            paint_banner(painter, below, _tr("Predicting … the first time takes some seconds longer."))
        if state.shown is not None:
            self._paint_warnings(painter, state.shown)

    def _legend_height(self) -> float:
        """Of the lines in the corner that say whose frame is which: a sentence at the top stands below them."""
        shown = self._presenter.state.shown
        lines = (self._expert is not None) + (shown is not None and shown.detector_frame is not None)
        return max(lines - 1, 0) * QFontMetricsF(self.font()).height() * LEGEND_STEP

    def _paint_frames(self, painter: QPainter) -> None:
        """The frames, and in the corner whose each is: names beside them would lie on the skull base."""
        named: list[tuple[str, QColor, Line]] = []
        if self._expert is not None:
            paint_frame(painter, self._expert, self.viewport.to_widget)
            named.append((_tr("evaluator's frame"), FRAME, "solid"))
        shown = self._presenter.state.shown
        found = shown.detector_frame if shown is not None else None
        if found is not None:
            paint_frame(painter, found.roi(), self.viewport.to_widget, GHOST, "dashed")
            named.append((_detector_words(found), GHOST, "dashed"))
        metrics = QFontMetricsF(painter.font())
        if named:  # a skull that reaches into the corner is as bright as the words
            widest = max(metrics.horizontalAdvance(text) for text, _, _ in named)
            height = metrics.height() * (1.3 * len(named) + 0.2)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(SHADE)
            box = QRectF(LEGEND_AT[0] - 6, LEGEND_AT[1] - 0.75 * metrics.height(), SWATCH[0] + 8 + widest + 12, height)
            painter.drawRoundedRect(box, 5, 5)
        for n, (text, color, line) in enumerate(named):
            y = LEGEND_AT[1] + n * metrics.height() * LEGEND_STEP
            paint_swatch(painter, QPointF(LEGEND_AT[0], y), color, line)
            draw_text(painter, QPointF(LEGEND_AT[0] + SWATCH[0] + 8, y + metrics.ascent() / 2 - 1), text, color)

    def _paint_outline(self, painter: QPainter) -> None:
        if self._outline is None:
            return
        to_widget = self.viewport.widget_from_uv()
        # The transform takes pixel centres to the middle of what is painted for them.
        lines = [to_widget.map(QLineF(*map(float, line))) for line in self._outline]
        painter.setPen(QPen(SHADE, 3.0))
        painter.drawLines(lines)
        painter.setPen(QPen(OUTLINE, 1.2))
        painter.drawLines(lines)

    def _paint_scale(self, painter: QPainter, state: PredictionState) -> None:
        """What the colours mean, whose evidence they show, and the value under the pointer as a mark."""
        metrics = QFontMetricsF(painter.font())
        low, high = _tr("little attention"), _tr("most")
        length = metrics.horizontalAdvance(low) + metrics.horizontalAdvance(high) + 24
        room = QRectF(self.width() - length - 14, self.height() - 20, length, 9.0)
        painter.setPen(QPen(TEXT, 0.8))
        painter.setBrush(colours(room, state.colour_map))
        painter.drawRect(room)
        draw_text(painter, QPointF(room.left(), room.top() - 5), low)
        draw_text(painter, QPointF(room.right() - metrics.horizontalAdvance(high), room.top() - 5), high)
        pointed = self.attention_pointed
        if pointed is not None:
            x = room.left() + pointed * room.width()
            for color, width in ((SHADE, 5.0), (TEXT, 2.0)):
                painter.setPen(QPen(color, width))
                painter.drawLine(QPointF(x, room.top() - 2), QPointF(x, room.bottom() + 2))
        told = "" if state.shown is None else _scale_words(state.shown.heat_stage, pointed)
        draw_text(painter, QPointF(room.right() - metrics.horizontalAdvance(told), room.top() - 8 - metrics.height()), told)

    def _pills_above(self, width: float) -> float:
        """How much higher pills of this width stand so that the words over the colours stay legible, whatever is pointed at."""
        state, metrics = self._presenter.state, QFontMetricsF(self.font())
        if state.shown is None or self._heat is None or not state.heat_on:
            return 0.0
        words = metrics.horizontalAdvance(_scale_words(state.shown.heat_stage, 1.0))
        return 2 * metrics.height() + 4 if (self.width() + width) / 2 > self.width() - 14 - words - 8 else 0.0

    def _paint_warnings(self, painter: QPainter, shown: Shown) -> None:
        """What must not be overlooked, in red, from the bottom upwards."""
        said, warnings = shown.prediction, []
        if said.model.phantom and said.model.from_scratch:
            warnings.append(_tr("Trained on phantoms, not on patients, from scratch"))
        elif said.model.phantom:
            warnings.append(_tr("Trained on phantoms, not on patients"))
        elif said.model.from_scratch:
            warnings.append(_tr("Trained from scratch"))
        if said.unlike:
            warnings.append(_tr("Unlike the training data"))
        if shown.overlooked and self._presenter.state.heat_coming is None:
            warnings.append(overlooked_words(shown.heat_stage or said.stage, said.stage))
        font = painter.font()
        font.setBold(True)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        widths = [metrics.horizontalAdvance(text) + 24 for text in warnings]
        lowest = self.height() - 58 - self._pills_above(max(widths, default=0))
        for n, (text, width) in enumerate(zip(warnings, widths, strict=True)):
            pill = QRectF((self.width() - width) / 2, lowest - 31 * n, width, 26)
            painter.setPen(QPen(WARNING_RED, 1.5))
            painter.setBrush(QColor(30, 8, 8, 225))
            painter.drawRoundedRect(pill, 6, 6)
            painter.setPen(QColor("#ff8a8d"))
            painter.drawText(pill, int(Qt.AlignmentFlag.AlignCenter), text)


def _scale_words(stage: int | None, pointed: float | None) -> str:
    """Whose evidence the colours show, and the value under the pointer."""
    told = _tr("evidence for stage {n}").format(n=stage)
    return told if pointed is None else _tr("{told} · here {p}\u00a0% of the strongest place").format(told=told, p=round(100 * pointed))


def _detector_words(frame: PredictedRoi) -> str:
    sure = "" if frame.confidence is None else _tr(", {p} % sure").format(p=round(100 * frame.confidence))
    return _tr("detector's frame") + sure
