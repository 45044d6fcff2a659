"""The volume pane: the skull from outside, turned with the mouse; for finding one's way, never for measuring."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from sos_studio.core.geometry import Plane
from sos_studio.presenters.session import Session
from sos_studio.presenters.volume_view import KEY_DEG, VolumePicture, VolumePresenter
from sos_studio.ui import words
from sos_studio.ui.image_view import BACKDROP, draw_text
from sos_studio.ui.slice_paint import QUIET, paint_letters, paint_reading, paint_title
from sos_studio.ui.theme import PLANE_COLORS, VOLUME_COLOR

_TURNS = {
    Qt.Key.Key_Left: (KEY_DEG, 0.0),
    Qt.Key.Key_Right: (-KEY_DEG, 0.0),
    Qt.Key.Key_Up: (0.0, KEY_DEG),
    Qt.Key.Key_Down: (0.0, -KEY_DEG),
}


def _tr(text: str) -> str:
    return QCoreApplication.translate("VolumePane", text)


class VolumePane(QWidget):
    """Drag turns, wheel zooms, right-drag changes the threshold.

    Signals
    -------
    enlarge_wanted
        Double click.
    """

    enlarge_wanted = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        colors = {plane: (c.red(), c.green(), c.blue()) for plane, c in PLANE_COLORS.items()}
        self.presenter = VolumePresenter(session, {plane: colors[plane] for plane in Plane})
        self._image: tuple[VolumePicture, QImage] | None = None
        self._last: QPointF | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(120, 100))
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(words.plane_title("volume"))
        self.setToolTip(_tr("Drag to turn, wheel to zoom, right-drag up or down for denser or softer bone"))
        self.presenter.changed.connect(self._repaint)
        session.scan_completed.connect(self._repaint)

    def fit(self) -> None:
        """First view again."""
        self.presenter.reset()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The newest skull."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), BACKDROP)
        picture = self.presenter.picture
        if picture is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(QRectF(self.rect()), self._image_of(picture))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint_letters(painter, (self.width(), self.height()), picture.letters)
        elif self.presenter.preparing:
            text = _tr("Preparing the skull…")
            width = QFontMetricsF(self.font()).horizontalAdvance(text)
            draw_text(painter, QPointF((self.width() - width) / 2, self.height() / 2), text, QUIET)
        paint_title(painter, words.plane_title("volume"), VOLUME_COLOR)
        if picture is not None and self._session.scan is not None and self._session.scan.coarse:
            paint_reading(painter)
        if self.hasFocus():
            edge = VOLUME_COLOR
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(edge, 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _image_of(self, picture: VolumePicture) -> QImage:
        if self._image is None or self._image[0] is not picture:
            rows, columns, _ = picture.rgb_vu.shape
            image = QImage(picture.rgb_vu.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888)
            self._image = (picture, image)
        return self._image[1]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Ask for a picture of the new size."""
        super().resizeEvent(event)
        ratio = self.devicePixelRatioF()
        self.presenter.resize(round(self.height() * ratio), round(self.width() * ratio))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold."""
        self._last = event.position()
        self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Turn, or change the threshold."""
        if self._last is None:
            return
        moved = event.position() - self._last
        self._last = event.position()
        if event.buttons() & Qt.MouseButton.RightButton:
            self.presenter.change_threshold(moved.y())
        else:
            self.presenter.turn(moved.x(), moved.y())

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """Let go."""
        self._last = None
        self.unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Enlarge, or bring all four back."""
        if event.button() is Qt.MouseButton.LeftButton:
            self.enlarge_wanted.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom."""
        self.presenter.zoom(event.angleDelta().y() / 120.0)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrow keys walk round the head."""
        turn = _TURNS.get(Qt.Key(event.key()))
        if turn is None or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().keyPressEvent(event)
        else:
            self.presenter.turn_by(*turn)

    def _repaint(self, *_: object) -> None:
        self.update()
