"""A full image with one heatmap and one frame over it: where answers are looked at beside others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QCoreApplication, QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget

from sos_studio.core.predictions import PredictedRoi
from sos_studio.ui.frame_painter import FRAME, GHOST, paint_banner, paint_frame
from sos_studio.ui.image_view import ImageView


def _tr(text: str) -> str:
    return QCoreApplication.translate("PredictStep", text)


class OverlayView(ImageView):
    """A full image with one heatmap over it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.opacity = 0.6
        self.banner = ""
        self._heat: QImage | None = None
        self._frame: PredictedRoi | None = None
        self._empty = False
        self.setMinimumSize(200, 180)

    def set_answer(self, rgba: npt.NDArray[np.uint8] | None, frame: PredictedRoi | None) -> None:
        """Another heatmap (None: none), and the frame that it is measured in."""
        self._frame = frame
        self._heat = None
        self._empty = rgba is not None and not rgba[..., 3].any()
        if rgba is not None:
            height, width = rgba.shape[:2]
            made = QImage(np.ascontiguousarray(rgba).data, width, height, 4 * width, QImage.Format.Format_RGBA8888)
            self._heat = made.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
        self.update()

    def paint_over(self, painter: QPainter) -> None:
        """Heat, frame, and what is being waited for."""
        if self._heat is not None:
            painter.setOpacity(self.opacity)
            painter.drawPixmap(0, 0, self.scaled_layer(self._heat, self.viewport.widget_from_uv()))
            painter.setOpacity(1.0)
        if self._frame is not None:
            own = self._frame.source == "expert"
            paint_frame(painter, self._frame.roi(), self.viewport.to_widget, FRAME if own else GHOST, "solid" if own else "dashed")
        if self.shown_banner:
            paint_banner(painter, QRectF(self.rect()), self.shown_banner)

    @property
    def shown_banner(self) -> str:
        """What is being waited for, or why there is nothing to see."""
        return self.banner or (_tr("The heatmap is empty: the network marks no place in this image.") if self._empty else "")
