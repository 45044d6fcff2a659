"""The volume pane: the skull from outside, turned with the mouse; for finding one's way, never for measuring."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QFocusEvent,
    QFontMetricsF,
    QHideEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from sos_studio.core.actions import Action
from sos_studio.core.geometry import Plane
from sos_studio.presenters.session import Session
from sos_studio.presenters.volume_view import KEY_DEG, VolumePicture, VolumePresenter
from sos_studio.ui import parts, words
from sos_studio.ui.image_view import BACKDROP
from sos_studio.ui.pane_focus import take_keys
from sos_studio.ui.shaded_text import draw_text
from sos_studio.ui.slice_paint import QUIET, paint_letters, paint_reading, paint_title
from sos_studio.ui.theme import PLANE_COLORS, VOLUME_COLOR

_TURNS = {
    Qt.Key.Key_Left: (KEY_DEG, 0.0),
    Qt.Key.Key_Right: (-KEY_DEG, 0.0),
    Qt.Key.Key_Up: (0.0, KEY_DEG),
    Qt.Key.Key_Down: (0.0, -KEY_DEG),
}
_ZOOMS = {Qt.Key.Key_Plus: 1.0, Qt.Key.Key_Equal: 1.0, Qt.Key.Key_Minus: -1.0}
_MARGIN, _FAILURE_MARGIN = 8, 40


def _tr(text: str) -> str:
    return QCoreApplication.translate("VolumePane", text)


class VolumePane(QWidget):
    """Drag turns, middle drag moves, wheel zooms, right-drag changes the threshold; two buttons cut the head open.

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
        self.setAccessibleDescription(_tr("Arrow keys walk round the head, + and − zoom."))
        self.setToolTip(_tr("Drag to turn, middle drag to move, wheel to zoom, right-drag up or down for denser or softer bone"))
        cut_tip = _tr("Cut the head open along the midsagittal plane: the clivus is seen on the cut, and follows as you orient")
        self._cut = parts.chip(_tr("Cut open"), cut_tip, Action.CUT_HEAD)
        self._flip = parts.chip(_tr("Other side"), _tr("Take the other half away"), Action.FLIP_CUT)
        self._flip.setCheckable(False)
        self._cut.clicked.connect(self.presenter.toggle_cut)
        self._flip.clicked.connect(self.presenter.flip_cut)
        for button in (self._flip, self._cut):
            button.setParent(self)
            button.setCursor(Qt.CursorShape.ArrowCursor)
        self.presenter.changed.connect(self._repaint)
        self.presenter.cut_changed.connect(self._show_cut)
        session.scan_completed.connect(self._repaint)
        self._show_cut()

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
        elif self.presenter.failure is not None:
            painter.setPen(QUIET)
            room = QRectF(self.rect()).adjusted(_FAILURE_MARGIN, _FAILURE_MARGIN, -_FAILURE_MARGIN, -_FAILURE_MARGIN)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, str(self.presenter.failure))
        paint_title(painter, words.plane_title("volume"), VOLUME_COLOR)
        if picture is not None and self._session.scan is not None and self._session.scan.coarse:
            paint_reading(painter)
        if self.hasFocus():
            edge = VOLUME_COLOR
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(edge, 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
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
        self._place_buttons()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw from now on."""
        super().showEvent(event)
        self.presenter.set_shown(True)
        self._place_buttons()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody sees it."""
        super().hideEvent(event)
        self.presenter.set_shown(False)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Keys go to the pane under the mouse, unless somebody is typing."""
        take_keys(self)
        super().enterEvent(event)

    def focusInEvent(self, _event: QFocusEvent) -> None:
        """Show who takes the keys."""
        self.update()

    def focusOutEvent(self, _event: QFocusEvent) -> None:
        """Show who takes the keys."""
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold."""
        self._last = event.position()
        self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Turn, move, or change the threshold."""
        if self._last is None:
            return
        moved = event.position() - self._last
        self._last = event.position()
        if event.buttons() & Qt.MouseButton.RightButton:
            self.presenter.change_threshold(moved.y())
        elif event.buttons() & Qt.MouseButton.MiddleButton:
            ratio = self.devicePixelRatioF()
            self.presenter.pan(moved.x() * ratio, moved.y() * ratio)
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
        """Zoom about the pointer."""
        at, ratio = event.position(), self.devicePixelRatioF()
        right, down = (at.x() - self.width() / 2) * ratio, (at.y() - self.height() / 2) * ratio
        self.presenter.zoom(event.angleDelta().y() / 120.0, right, down)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrow keys walk round the head, plus and minus zoom."""
        turn, zoom = _TURNS.get(Qt.Key(event.key())), _ZOOMS.get(Qt.Key(event.key()))
        if (turn is None and zoom is None) or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().keyPressEvent(event)
        elif turn is not None:
            self.presenter.turn_by(*turn)
        elif zoom is not None:
            self.presenter.zoom(zoom)

    def _show_cut(self) -> None:
        cut = self.presenter.cut != "off"
        self._cut.setChecked(cut)
        self._flip.setVisible(cut)
        self._place_buttons()

    def _place_buttons(self) -> None:
        """In the lower right corner, from right to left, or above one another where that is too wide."""
        for button in (self._cut, self._flip):
            button.adjustSize()
        right, bottom = self.width() - _MARGIN, self.height() - _MARGIN
        self._cut.move(right - self._cut.width(), bottom - self._cut.height())
        if self._cut.width() + self._flip.width() + 3 * _MARGIN <= self.width():
            self._flip.move(self._cut.x() - 4 - self._flip.width(), bottom - self._flip.height())
        else:
            self._flip.move(right - self._flip.width(), self._cut.y() - 4 - self._flip.height())

    def _repaint(self, *_: object) -> None:
        failure = self.presenter.failure
        self.setAccessibleName(words.plane_title("volume") if failure is None else f"{words.plane_title('volume')}. {failure}")
        self.update()
