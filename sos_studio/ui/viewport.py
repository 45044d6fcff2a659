"""Which part of a picture a widget shows: zoom, place, mirroring, and the exact mapping between screen and pixels."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QTransform

MARGIN_PX = 12
LARGEST_ZOOM = 40.0

Uv = tuple[float, float]


class Viewport:
    """Maps image pixels ((0, 0) = centre of the top-left one) to widget coordinates; never turns, never stretches.

    Attributes
    ----------
    scale
        Screen pixels per image pixel.
    mirrored
        Whether the face is shown to the left; display only, pixel coordinates stay those of the file.
    """

    def __init__(self) -> None:
        self.scale = 1.0
        self.mirrored = False
        self._offset = QPointF()
        self._image = QSize(1, 1)
        self._widget = QSize(1, 1)
        self._fitted = True

    def set_image(self, width_px: int, height_px: int, *, keep: bool = False) -> None:
        """Another picture; `keep` leaves zoom and place as they are if the size is the same."""
        size = QSize(width_px, height_px)
        same = size == self._image
        self._image = size
        if not (keep and same):
            self.fit()

    def set_widget(self, size: QSize) -> None:
        """The widget's size changed; a fitted picture stays fitted."""
        self._widget = size
        if self._fitted:
            self.fit()

    def fit(self) -> None:
        """Show the whole picture as large as it goes."""
        self._fitted = True
        room_x, room_y = max(self._widget.width() - 2 * MARGIN_PX, 1), max(self._widget.height() - 2 * MARGIN_PX, 1)
        self.scale = min(room_x / self._image.width(), room_y / self._image.height())
        self._offset = QPointF(
            (self._widget.width() - self.scale * self._image.width()) / 2, (self._widget.height() - self.scale * self._image.height()) / 2
        )

    def zoom(self, factor: float, about: QPointF | None = None) -> None:
        """Zoom keeping the point under `about` (default: the widget's middle) where it is."""
        about = about if about is not None else QPointF(self._widget.width() / 2, self._widget.height() / 2)
        smallest = 0.5 * min(self._widget.width() / self._image.width(), self._widget.height() / self._image.height())
        scale = min(max(self.scale * factor, smallest), LARGEST_ZOOM)
        self._offset = about - (about - self._offset) * (scale / self.scale)
        self.scale = scale
        self._fitted = False

    def show_around(self, middle: Uv, width_px: float) -> None:
        """Zoom so that a square of this width, in image pixels, about a place fills the widget."""
        self._fitted = False
        self.scale = min(min(self._widget.width(), self._widget.height()) / max(width_px, 1.0), LARGEST_ZOOM)
        self._offset = QPointF()
        self._offset = QPointF(self._widget.width() / 2, self._widget.height() / 2) - self.to_widget(middle)

    def pan(self, by: QPointF) -> None:
        """Shift the picture on the screen."""
        self._offset = self._offset + by
        self._fitted = False

    def follow(self, other: Viewport) -> None:
        """Show the place that another one shows in its middle, at its zoom."""
        if other._fitted:
            self.fit()
            return
        self._fitted, self.scale = False, other.scale
        middle = other.to_uv(QPointF(other._widget.width() / 2, other._widget.height() / 2))
        self._offset = QPointF()
        self._offset = QPointF(self._widget.width() / 2, self._widget.height() / 2) - self.to_widget(middle)

    def picture(self) -> QRectF:
        """Where the whole picture lies, in widget coordinates."""
        return self.widget_from_uv().mapRect(QRectF(-0.5, -0.5, self._image.width(), self._image.height()))

    def widget_from_uv(self) -> QTransform:
        """Affine from image pixels to widget coordinates."""
        transform = QTransform()
        transform.translate(self._offset.x(), self._offset.y())
        transform.scale(self.scale, self.scale)
        if self.mirrored:
            transform.translate(self._image.width(), 0)
            transform.scale(-1, 1)
        transform.translate(0.5, 0.5)
        return transform

    def to_widget(self, uv: Uv) -> QPointF:
        """Where an image pixel lies in the widget."""
        return self.widget_from_uv().map(QPointF(*uv))

    def to_uv(self, at: QPointF) -> Uv:
        """Which image pixel (fractional) lies there."""
        inverted, _ = self.widget_from_uv().inverted()
        point = inverted.map(at)
        return point.x(), point.y()
