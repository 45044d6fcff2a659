"""A full image or a crop on the screen: fit, zoom, pan, letters and scale bar, and one exact mapping between screen and pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from sos_studio.ui.shaded_text import TEXT, TEXT_SHADE, draw_text
from sos_studio.ui.viewport import Uv, Viewport

# Pictures lie on near-black in every theme: readings are made in a dim room.
BACKDROP = QColor("#0b0d0f")
PIXELS_FROM = 16.0  # screen pixels per pixel from which single pixels are shown


# Lowest and highest shown grey value.
FULL_CONTRAST = (0.0, 255.0)
LEAST_CONTRAST = 8.0


def gray_image(pixels_vu: npt.NDArray[np.uint8]) -> QImage:
    """A `QImage` that owns its pixels."""
    array = np.ascontiguousarray(pixels_vu, dtype=np.uint8)
    height, width = array.shape
    return QImage(array.data, width, height, width, QImage.Format.Format_Grayscale8).copy()


class ImageView(QWidget):
    """Shows one grey image; subclasses paint over it and may take the left mouse button.

    Wheel or Ctrl+wheel zooms about the pointer, left or middle drag pans, right drag changes the contrast, 0 brings all back.
    """

    # Full-image pixel under the pointer as (u, v), or None when the pointer left the image.
    pointer_moved = Signal(object)
    view_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 90)
        self.empty_text = ""
        self.show_letters = True
        self._image: QImage | None = None
        self._pixels: npt.NDArray[np.uint8] | None = None
        self._painted: npt.NDArray[np.uint8] | None = None  # the pixels, or more samples of the same picture
        self._contrast = FULL_CONTRAST
        self._contrast_from: tuple[QPointF, tuple[float, float]] | None = None
        self._spacing_mm: float | None = None
        self.viewport = Viewport()
        self._pan_from: QPointF | None = None
        self._layer: QPixmap | None = None  # the scaled picture, kept until picture or view change

    # --- what is shown -------------------------------------------------------------------------------------------

    def set_picture(
        self,
        pixels_vu: npt.NDArray[np.uint8] | None,
        *,
        spacing_mm: float | None = None,
        keep_view: bool = False,
        magnified: npt.NDArray[np.uint8] | None = None,
    ) -> None:
        """Show other pixels (None: the empty text).

        Parameters
        ----------
        keep_view
            Leave zoom and place as they are if the size is the same.
        magnified
            The same picture with more samples, to be painted in its place; coordinates stay those of `pixels_vu`.
        """
        self._pixels = pixels_vu
        self._painted = magnified if magnified is not None else pixels_vu
        if not keep_view:
            self._contrast = FULL_CONTRAST
        self._make_image()
        self._spacing_mm = spacing_mm
        if pixels_vu is not None:
            self.viewport.set_image(pixels_vu.shape[1], pixels_vu.shape[0], keep=keep_view)
        self.refresh()

    def set_mirrored(self, mirrored: bool) -> None:
        """Show the face to the left; display only, pixel coordinates stay those of the file."""
        if mirrored != self.viewport.mirrored:
            self.viewport.mirrored = mirrored
            self.refresh()

    def value_at(self, uv: Uv) -> int | None:
        """Grey value of the pixel there, or None outside."""
        if self._pixels is None:
            return None
        column, row = round(uv[0]), round(uv[1])
        height, width = self._pixels.shape
        return int(self._pixels[row, column]) if 0 <= row < height and 0 <= column < width else None

    def set_contrast(self, low: float, high: float) -> None:
        """Show grey values from `low` (black) to `high` (white); display only."""
        self._contrast = (low, max(high, low + LEAST_CONTRAST))
        self._make_image()
        self.refresh()

    def _make_image(self) -> None:
        if self._painted is None:
            self._image = None
        elif self._contrast == FULL_CONTRAST:
            self._image = gray_image(self._painted)
        else:
            low, high = self._contrast
            table = np.clip((np.arange(256) - low) * 255 / (high - low), 0, 255).astype(np.uint8)
            self._image = gray_image(table[self._painted])

    def refresh(self) -> None:
        """The viewport was changed: draw the picture anew."""
        self._layer = None
        self.view_changed.emit()
        self.update()

    # --- painting ------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        """Picture, then the subclass's things, then letters and scale bar."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), BACKDROP)
        if self._image is None:
            self._paint_empty(painter)
            painter.end()
            return
        if self._layer is None:
            self._layer = self.scaled_layer(self._image, self.viewport.widget_from_uv())
        painter.drawPixmap(0, 0, self._layer)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.paint_over(painter)
        self._paint_letters(painter)
        self._paint_scale_bar(painter)
        if self.hasFocus():
            painter.setPen(QPen(self.palette().highlight().color(), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        painter.end()

    def paint_over(self, painter: QPainter) -> None:
        """For subclasses; the painter is in widget coordinates."""

    def scaled_layer(self, image: QImage, widget_from_uv: QTransform) -> QPixmap:
        """A picture that covers the image's area, as it looks at the present zoom (transparent outside)."""
        ratio = self.devicePixelRatioF()
        layer = QPixmap(self.size() * ratio)
        layer.setDevicePixelRatio(ratio)
        layer.fill(Qt.GlobalColor.transparent)
        painter = QPainter(layer)
        # Single pixels are shown as what they are once they are large.
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.viewport.scale < PIXELS_FROM)
        painter.setTransform(widget_from_uv)
        if self._pixels is not None:
            height, width = self._pixels.shape
            painter.drawImage(QRectF(-0.5, -0.5, width, height), image)
        painter.end()
        return layer

    def _paint_empty(self, painter: QPainter) -> None:
        painter.setPen(QColor("#aeb4bb"))
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() + 2)
        painter.setFont(font)
        room = QRectF(self.rect()).adjusted(24, 24, -24, -24)
        painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self.empty_text)

    def _paint_letters(self, painter: QPainter) -> None:
        if not self.show_letters or self.width() < 200:
            return
        font = QFont(self.font())
        font.setBold(True)
        painter.setFont(font)
        left, right = ("A", "P") if self.viewport.mirrored else ("P", "A")
        width, height = self.width(), self.height()
        draw_text(painter, QPointF(10, height / 2), left)
        draw_text(painter, QPointF(width - 20, height / 2), right)
        draw_text(painter, QPointF(width / 2, 20), "S")
        draw_text(painter, QPointF(width / 2, height - 10), "I")

    def _paint_scale_bar(self, painter: QPainter) -> None:
        if self._spacing_mm is None or self.width() < 200:
            return
        px_per_mm = self.viewport.scale / self._spacing_mm
        length_mm = next((mm for mm in (50, 20, 10, 5, 2, 1) if mm * px_per_mm <= self.width() / 4), 1)
        y, x = self.height() - 14.0, 14.0
        end = x + length_mm * px_per_mm
        for color, thickness in ((TEXT_SHADE, 5), (TEXT, 2)):
            painter.setPen(QPen(color, thickness))
            painter.drawLine(QPointF(x, y), QPointF(end, y))
        painter.setFont(self.font())
        draw_text(painter, QPointF(x, y - 7), f"{length_mm} mm")

    # --- mouse and keys ------------------------------------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer."""
        self.viewport.zoom(1.0015 ** event.angleDelta().y(), event.position())
        self.refresh()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Left or middle button pans, right button changes the contrast."""
        if event.button() in (Qt.MouseButton.MiddleButton, Qt.MouseButton.LeftButton):
            self._pan_from = event.position()
        elif event.button() == Qt.MouseButton.RightButton:
            self._contrast_from = (event.position(), self._contrast)
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan, and tell what is under the pointer."""
        if self._pan_from is not None:
            self.viewport.pan(event.position() - self._pan_from)
            self._pan_from = event.position()
            self.refresh()
        if self._contrast_from is not None:
            start, (low, high) = self._contrast_from
            moved = event.position() - start
            middle, half = (low + high) / 2 + moved.y() / 3, (high - low) / 2 + moved.x() / 3
            self.set_contrast(middle - max(half, LEAST_CONTRAST / 2), middle + max(half, LEAST_CONTRAST / 2))
        uv = self.viewport.to_uv(event.position()) if self._image is not None else None
        self.pointer_moved.emit(uv if uv is not None and self.value_at(uv) is not None else None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a pan or a change of contrast."""
        if event.button() in (Qt.MouseButton.MiddleButton, Qt.MouseButton.LeftButton):
            self._pan_from = None
        elif event.button() == Qt.MouseButton.RightButton:
            self._contrast_from = None

    def leaveEvent(self, event: Any) -> None:
        """Nothing is under the pointer any more."""
        self.pointer_moved.emit(None)
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Plus and minus zoom, 0 fits and brings the contrast back."""
        if event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.viewport.zoom(1.25)
        elif event.key() == Qt.Key.Key_Minus:
            self.viewport.zoom(0.8)
        elif event.key() == Qt.Key.Key_0:
            self.viewport.fit()
            self.set_contrast(*FULL_CONTRAST)
        else:
            super().keyPressEvent(event)
            return
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Stay fitted while nobody zoomed."""
        super().resizeEvent(event)
        self.viewport.set_widget(event.size())
        self.refresh()
