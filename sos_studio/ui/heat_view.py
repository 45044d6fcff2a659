"""The full image with the student's attention over it, the expert's frame and the detector's."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QLinearGradient, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from sos_studio.core.actions import Action
from sos_studio.core.predictions import PredictedRoi
from sos_studio.core.roi import Roi
from sos_studio.imaging import heatmaps
from sos_studio.presenters.prediction import PredictionPresenter, PredictionState
from sos_studio.ui import keys
from sos_studio.ui.frame_painter import FRAME, GHOST, frame_polygon, paint_banner, paint_frame
from sos_studio.ui.image_view import TEXT, ImageView, draw_text
from sos_studio.ui.parts import WARNING_RED


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
        self._expert: Roi | None = None
        self.setAccessibleName(_tr("Full image with the heatmap"))
        self.view_changed.connect(self._forget_layer)
        presenter.changed.connect(self._on_state)
        presenter.heat_changed.connect(self._on_heat)

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

    def _forget_layer(self) -> None:
        self._heat_layer = None

    def paint_over(self, painter: QPainter) -> None:
        """Attention, frames, what must not be overlooked."""
        state, to_widget, room = self._presenter.state, self.viewport.to_widget, QRectF(self.rect())
        if self._heat is not None and state.heat_on:
            if self._heat_layer is None:
                self._heat_layer = self.scaled_layer(self._heat, self.viewport.widget_from_uv())
            painter.setOpacity(state.opacity)
            painter.drawPixmap(0, 0, self._heat_layer)
            painter.setOpacity(1.0)
            if self._heat_empty:
                paint_banner(painter, room, _tr("The heatmap is empty: the network marks no place in this image."))
            else:
                self._paint_scale(painter, state)
        if self._expert is not None:
            paint_frame(painter, self._expert, to_widget)
            self._name(painter, self._expert, _tr("evaluator's frame"), FRAME, above=True)
        found = state.shown.detector_frame if state.shown is not None else None
        if found is not None:
            paint_frame(painter, found.roi(), to_widget, GHOST, "dashed")
            self._name(painter, found.roi(), _detector_words(found), GHOST, above=False)
        if state.phase == "predicting":
            paint_banner(painter, room, _tr("Predicting … the first time takes some seconds longer."))
        elif state.phase == "failed" and state.problem is not None:
            paint_banner(painter, room, str(state.problem), warning=True)
        elif state.phase == "ready":
            words = _tr("Press {key}: the trained network stages this full image and shows where it looked.")
            paint_banner(painter, room, words.format(key=keys.named(Action.PREDICT)))
        elif state.phase == "no_model":
            words = _tr("This project has no trained network yet. {train} makes one.")
            paint_banner(painter, room, words.format(train=keys.after(_tr("Train ▸ Retrain all"), Action.RETRAIN_ALL)))
        if state.shown is not None and state.shown.prediction.model.phantom:
            self._paint_phantom_line(painter)

    def _name(self, painter: QPainter, roi: Roi, text: str, color: QColor, *, above: bool) -> None:
        """The frame's name clear of both frames, which mostly lie on one another."""
        bounds = self._frames_bounds(roi)
        metrics = QFontMetricsF(painter.font())
        width = metrics.horizontalAdvance(text)
        x = min(max(bounds.center().x() - width / 2, 4.0), self.width() - width - 4)
        y = bounds.top() - 8 if above else bounds.bottom() + metrics.ascent() + 6
        draw_text(painter, QPointF(x, y), text, color)

    def _frames_bounds(self, roi: Roi) -> QRectF:
        bounds = frame_polygon(roi, self.viewport.to_widget).boundingRect()
        shown = self._presenter.state.shown
        if self._expert is not None:
            bounds = bounds.united(frame_polygon(self._expert, self.viewport.to_widget).boundingRect())
        if shown is not None and shown.detector_frame is not None:
            bounds = bounds.united(frame_polygon(shown.detector_frame.roi(), self.viewport.to_widget).boundingRect())
        return bounds

    def _paint_scale(self, painter: QPainter, state: PredictionState) -> None:
        """What the colours mean."""
        metrics = QFontMetricsF(painter.font())
        low, high = _tr("little attention"), _tr("most")
        length = metrics.horizontalAdvance(low) + metrics.horizontalAdvance(high) + 24
        room = QRectF(self.width() - length - 14, self.height() - 20, length, 9.0)
        gradient = QLinearGradient(room.topLeft(), room.topRight())
        steps = np.linspace(0, 1, 9, dtype=np.float32)[None, :]
        for t, (r, g, b) in zip(steps[0], heatmaps.colourise(steps, state.colour_map)[0], strict=True):
            gradient.setColorAt(float(t), QColor(int(r), int(g), int(b)))
        painter.setPen(QPen(TEXT, 0.8))
        painter.setBrush(gradient)
        painter.drawRect(room)
        draw_text(painter, QPointF(room.left(), room.top() - 5), low)
        draw_text(painter, QPointF(room.right() - metrics.horizontalAdvance(high), room.top() - 5), high)

    def _paint_phantom_line(self, painter: QPainter) -> None:
        text = _tr("Trained on phantoms, not on patients")
        font = painter.font()
        font.setBold(True)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        pill = QRectF(
            self.width() / 2 - metrics.horizontalAdvance(text) / 2 - 12, self.height() - 58, metrics.horizontalAdvance(text) + 24, 26
        )
        painter.setPen(QPen(WARNING_RED, 1.5))
        painter.setBrush(QColor(30, 8, 8, 225))
        painter.drawRoundedRect(pill, 6, 6)
        painter.setPen(QColor("#ff8a8d"))
        painter.drawText(pill, int(Qt.AlignmentFlag.AlignCenter), text)


def _detector_words(frame: PredictedRoi) -> str:
    sure = "" if frame.confidence is None else _tr(", {p} % sure").format(p=round(100 * frame.confidence))
    return _tr("detector's frame") + sure
