"""A picture as large as there is room, whole, with nothing to do to it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget


class FittedPicture(QWidget):
    """Shows an image, fitted into the middle.

    Parameters
    ----------
    name
        What it shows, for the tooltip and for screen readers.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setMinimumSize(100, 70)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._image = QImage()
        self._drawn: QRect | None = None

    def show_image(self, image: QImage) -> None:
        """Show it."""
        self._image = image
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self.show_image(QImage())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002  (Qt's signature)
        """Fit it in."""
        if self._image.isNull():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self._place(), self._image)
        if self._drawn is not None:
            painter.setPen(self.palette().highlight().color())
            painter.drawRect(self._drawn)
        painter.end()

    def _place(self) -> QRect:
        """Where the image lies in the widget."""
        target = self.rect()
        target.setSize(self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio))
        target.moveCenter(self.rect().center())
        return target


class DrawnPicture(FittedPicture):
    """One into which boxes are drawn with the left button."""

    # In pixels of the image, and not empty.
    drawn = Signal(QRect)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._from: QPoint | None = None
        self.setCursor(Qt.CursorShape.CrossCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A corner."""
        if event.button() == Qt.MouseButton.LeftButton and not self._image.isNull():
            self._from = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The corner across."""
        if self._from is not None:
            self._drawn = QRect(self._from, event.position().toPoint()).normalized()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """That is it; a click alone is none."""
        box, self._from, self._drawn = self._drawn, None, None
        self.update()
        if box is None or event.button() != Qt.MouseButton.LeftButton:
            return
        place = self._place()
        inside = box.intersected(place).translated(-place.topLeft())
        scale = self._image.width() / max(place.width(), 1)
        left, top = round(inside.left() * scale), round(inside.top() * scale)
        width, height = round(inside.width() * scale), round(inside.height() * scale)
        if not inside.isEmpty() and width > 1 and height > 1:
            self.drawn.emit(QRect(left, top, width, height))
