"""What the colours of a heatmap and the frames on a picture mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QCoreApplication, QPointF, QRectF, QSize
from PySide6.QtGui import QColor, QFontMetrics, QLinearGradient, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from sos_studio.core.predictions import PredictedRoi
from sos_studio.imaging import heatmaps
from sos_studio.imaging.heatmaps import ColourMap
from sos_studio.ui.frame_painter import FRAME, GHOST, SWATCH, paint_swatch
from sos_studio.ui.predict_words import frame_words

_BAR_PX, _GAP_PX = 120, 14


def _tr(text: str) -> str:
    return QCoreApplication.translate("PredictStep", text)


def colours(room: QRectF, colour_map: ColourMap) -> QLinearGradient:
    """The colours of attention from none (left) to the most."""
    gradient = QLinearGradient(room.topLeft(), room.topRight())
    steps = np.linspace(0, 1, 9, dtype=np.float32)[None, :]
    for t, (r, g, b) in zip(steps[0], heatmaps.colourise(steps, colour_map)[0], strict=True):
        gradient.setColorAt(float(t), QColor(int(r), int(g), int(b)))
    return gradient


class HeatLegend(QWidget):
    """One line below pictures: the colours, and whose frame is which of those that are there."""

    def __init__(self, colour_map: ColourMap, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colour_map = colour_map
        self.frames: tuple[PredictedRoi, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.set_frames(())

    def set_frames(self, frames: Sequence[PredictedRoi]) -> None:
        """The frames in sight; each kind is named once."""
        by_source = {frame.source: frame for frame in frames}
        self.frames = tuple(by_source[source] for source in ("expert", "detector") if source in by_source)
        told = [_tr("Colours from little attention to most"), *map(frame_words, self.frames)]
        self.setAccessibleName(", ".join(told))
        self.update()

    def sizeHint(self) -> QSize:
        """A line."""
        return QSize(420, QFontMetrics(self.font()).lineSpacing() + 6)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        """From left to right."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics, middle, x = QFontMetrics(self.font()), self.height() / 2, 2.0
        text = self.palette().text().color()

        def say(words: str) -> None:
            nonlocal x
            painter.setPen(text)
            painter.drawText(QPointF(x, middle + metrics.ascent() / 2 - 1), words)
            x += metrics.horizontalAdvance(words) + 6

        say(_tr("little attention"))
        bar = QRectF(x, middle - 4, _BAR_PX, 8)
        painter.setPen(QPen(text, 0.8))
        painter.setBrush(colours(bar, self._colour_map))
        painter.drawRect(bar)
        x += _BAR_PX + 6
        say(_tr("most"))
        for frame in self.frames:
            x += _GAP_PX
            own = frame.source == "expert"
            paint_swatch(painter, QPointF(x, middle), FRAME if own else GHOST, "solid" if own else "dashed")
            x += SWATCH[0] + 6
            say(frame_words(frame))
        painter.end()
