"""One slice pane: paints its plane, and hands mouse and keys to its presenter."""

from __future__ import annotations

import math

from PySide6.QtCore import QCoreApplication, QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from sos_studio.core.geometry import Plane
from sos_studio.presenters.measuring import Measurement
from sos_studio.presenters.orientation import OrientationPresenter
from sos_studio.presenters.pane import LINES_BY_LIE, Button, Key, PanePresenter
from sos_studio.presenters.pane_geometry import Hit, PaneGeometry, value_at
from sos_studio.presenters.rendering import Look, SlicePicture, SliceRenderer
from sos_studio.presenters.session import Session
from sos_studio.ui import words
from sos_studio.ui.compare_box import shown_note
from sos_studio.ui.frame_painter import paint_cross
from sos_studio.ui.image_view import BACKDROP
from sos_studio.ui.measure_paint import paint_grid, paint_measurements, tool_hints
from sos_studio.ui.pane_focus import take_keys
from sos_studio.ui.slab_box import slab_text
from sos_studio.ui.slice_paint import Overlay, paint_overlay, paint_reading
from sos_studio.ui.theme import PLANE_COLORS

NOTCH = 120.0
CROSS_STEPS: dict[Key, tuple[float, float]] = {"left": (-1.0, 0.0), "right": (1.0, 0.0), "up": (0.0, -1.0), "down": (0.0, 1.0)}

_BUTTONS: dict[Qt.MouseButton, Button] = {
    Qt.MouseButton.LeftButton: "left",
    Qt.MouseButton.MiddleButton: "middle",
    Qt.MouseButton.RightButton: "right",
}
_KEYS: dict[int, Key] = {
    Qt.Key.Key_Left: "left",
    Qt.Key.Key_Right: "right",
    Qt.Key.Key_Up: "up",
    Qt.Key.Key_Down: "down",
    Qt.Key.Key_PageUp: "page_up",
    Qt.Key.Key_PageDown: "page_down",
}


def _tr(text: str) -> str:
    return QCoreApplication.translate("SlicePane", text)


class SlicePane(QWidget):
    """Axial, coronal or sagittal.

    Signals
    -------
    pointed
        ``(lps_mm, value)`` under the pointer, or None when it left.
    enlarge_wanted
        Double click.
    """

    pointed = Signal(object)
    enlarge_wanted = Signal()

    def __init__(self, plane: Plane, session: Session, orienting: OrientationPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plane = plane
        self.presenter = PanePresenter(plane, orienting)
        self._session = session
        self._measuring, self._comparing = orienting.measuring, orienting.comparing
        self._held: Measurement | None = None
        self._renderer = SliceRenderer(session.background, f"pane-{plane.value}")
        self._image: tuple[SlicePicture, QImage] | None = None
        self._pointer: QPointF | None = None
        # Where keys measure; None while the mouse does.
        self._cross: QPointF | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(120, 100))
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(words.plane_title(plane.value))
        self.setAccessibleDescription(
            _tr("Arrow keys nudge: up and down move the level line, left and right turn; with Shift ten times as far. Page keys scroll.")
        )
        self.presenter.changed.connect(self._repaint)
        self._measuring.changed.connect(self._on_measured)
        session.scan_changed.connect(self._on_scan)
        session.scan_completed.connect(self._repaint)

    def geometry_now(self) -> PaneGeometry | None:
        """The pane as the next paint will show it."""
        return self.presenter.geometry((self.width(), self.height()), self.devicePixelRatioF())

    @property
    def picture(self) -> SlicePicture | None:
        """What is on the screen."""
        return self._image[0] if self._image is not None else None

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The newest picture there is, with what belongs to it drawn over."""
        painter = QPainter(self)
        geometry, scan = self.geometry_now(), self._session.scan
        look = Look(scan.volume, self._session.window, self._session.slices.slab) if scan else None
        picture = self._renderer.picture(geometry, look, self.update) if geometry and look else None
        if picture is None:
            painter.fillRect(self.rect(), BACKDROP)
        else:
            painter.drawImage(QRectF(self.rect()), self._image_of(picture))
            if self._session.slices.grid:
                paint_grid(painter, picture.geometry)
            paint_overlay(painter, picture.geometry, self._overlay(picture))
            paint_measurements(painter, picture.geometry, self._measuring.shown_in(picture.geometry), self._held)
            if self._cross is not None and self._measuring.tool is not None:
                paint_cross(painter, self._cross)
            if scan is not None and scan.coarse:
                paint_reading(painter)
        if self.hasFocus():
            edge = QColor(PLANE_COLORS[self.plane])
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(edge, 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def _image_of(self, picture: SlicePicture) -> QImage:
        """QImage over the picture's own pixels; kept with them, because it does not copy."""
        if self._image is None or self._image[0].grey_vu is not picture.grey_vu:
            rows, columns = picture.grey_vu.shape
            image = QImage(picture.grey_vu.data, columns, rows, columns, QImage.Format.Format_Grayscale8)
            self._image = (picture, image)
        elif self._image[0] is not picture:
            self._image = (picture, self._image[1])
        return self._image[1]

    def _overlay(self, picture: SlicePicture) -> Overlay:
        presenter = self.presenter
        return Overlay(
            hovered=presenter.hovered,
            selected=presenter.selected,
            focused=self.hasFocus(),
            readout=self._readout(),
            pointer=self._pointer,
            hint=self._hint(picture.geometry),
            note=" · ".join(filter(None, (slab_text(picture.look.slab), shown_note(self._comparing)))),
        )

    def _readout(self) -> str:
        readout = self.presenter.readout
        if readout is None:
            return ""
        name, value, change = readout
        title = words.plane_title(name)
        if name == "window":
            return f"{title}  {value:.0f} ± {change / 2:.0f}"
        if name in ("roll", "yaw", "pitch"):
            return f"{title} {words.angle_text(value)}  (Δ {words.angle_text(change)})"
        return f"{title} {words.mm_text(value, signed=True)}"

    def _hint(self, geometry: PaneGeometry) -> str:
        """What the tool or the arrow keys do right now; left out where it would run into the scale bar or the patient letter."""
        upright, level = LINES_BY_LIE[self.plane]
        presenter = self.presenter
        moved = words.plane_title(upright.value) if presenter.selected is upright else ""
        angle = words.plane_title({Plane.CORONAL: "roll", Plane.AXIAL: "yaw", Plane.SAGITTAL: "pitch"}[self.plane])
        sideways = moved or _tr("{angle} 0.1°").format(angle=angle)
        texts: tuple[str, ...] = (_tr("← → {sideways}   ↑ ↓ {level}").format(sideways=sideways, level=words.plane_title(level.value)),)
        if self._measuring.tool is not None:
            draft = self._measuring.draft
            # The last point of a draft still follows the pointer.
            texts = tool_hints(self._measuring.tool, len(draft.points_lps_mm) - 1 if draft is not None else 0)
        room = min(self.width() - geometry.scale_bar_mm / geometry.view.mm_per_px - 40, self.width() / 2 - 45)
        return next((text for text in texts if self.fontMetrics().horizontalAdvance(text) < room), "")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Grab what is under the pointer."""
        geometry, button = self.geometry_now(), _BUTTONS.get(event.button())
        if geometry is None or button is None:
            return
        at = event.position()
        if button == "left" and self._measuring.tool is not None:
            self._measuring.press(geometry, at.x(), at.y())
            return
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self.presenter.press(geometry, at.x(), at.y(), button, shift=shift)
        self._set_cursor(self.presenter.hovered if button == "left" else Hit("picture"), held=True)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag what was grabbed, or show what could be."""
        at = self._pointer = event.position()
        self._cross = None
        geometry = self.geometry_now()
        if geometry is None:
            return
        if self.presenter.dragging:
            self.presenter.move(at.x(), at.y())
        elif self._measuring.tool is not None:
            self._measuring.move(geometry, at.x(), at.y())
            self._set_cursor(Hit("picture"))
        else:
            self._set_cursor(self.presenter.hover(geometry, at.x(), at.y()))
        self._hold(self._measuring.under(geometry, at.x(), at.y()))
        self._point(at)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        drawn = self.geometry_now()
        left = event.button() is Qt.MouseButton.LeftButton and not self.presenter.dragging
        if self._measuring.tool is not None and drawn is not None and left:
            self._measuring.release(drawn, event.position().x(), event.position().y())
            return
        self.presenter.release()
        geometry = self.geometry_now()
        if geometry is not None:
            self._set_cursor(self.presenter.hover(geometry, event.position().x(), event.position().y()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Enlarge this pane, or bring all four back; with a tool in the hand it is the second of two clicks."""
        if self._measuring.tool is not None:
            self.mousePressEvent(event)
        elif event.button() is Qt.MouseButton.LeftButton:
            self.presenter.release()
            self.enlarge_wanted.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Slices; with Ctrl zoom."""
        geometry = self.geometry_now()
        if geometry is not None:
            delta = event.angleDelta()
            # Some systems turn Shift + wheel into a sideways wheel.
            notches = (delta.y() or delta.x()) / NOTCH
            at, keys = event.position(), event.modifiers()
            zoom, fast = bool(keys & Qt.KeyboardModifier.ControlModifier), bool(keys & Qt.KeyboardModifier.ShiftModifier)
            self.presenter.wheel(geometry, notches, at.x(), at.y(), zoom=zoom, fast=fast)
            self._point(at)
        event.accept()

    def event(self, event: QEvent) -> bool:
        """Pinch on a touch pad zooms."""
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            geometry = self.geometry_now()
            if geometry is not None:
                self.presenter.zoom(geometry, 1.0 + event.value(), event.position().x(), event.position().y())
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Nudge, or measure with the tool in the hand; Delete removes a measurement, Escape ends what is drawn and puts the tool down."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self._measuring.remove(self._held):
            return
        if event.key() == Qt.Key.Key_Escape and self._measuring.escape():
            return
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._set_point():
            return
        key, geometry = _KEYS.get(event.key()), self.geometry_now()
        if key is None or geometry is None or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().keyPressEvent(event)
            return
        fast = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if self._measuring.tool is not None and key in CROSS_STEPS:
            self._move_cross(geometry, key, 10.0 if fast else 1.0)
            return
        self.presenter.key(geometry, key, fast=fast)

    def _move_cross(self, geometry: PaneGeometry, key: Key, step_px: float) -> None:
        """The cross-hair that keys measure with, first where the pointer is or in the middle; it stays within the pane."""
        at = self._cross or self._pointer or QPointF(self.width() / 2, self.height() / 2)
        at = at + QPointF(*CROSS_STEPS[key]) * step_px
        self._cross = QPointF(min(max(at.x(), 0.0), self.width() - 1.0), min(max(at.y(), 0.0), self.height() - 1.0))
        self._measuring.move(geometry, self._cross.x(), self._cross.y())
        self._point(self._cross)
        self.update()

    def _set_point(self) -> bool:
        """Set a point where the cross-hair is, as a click would; False while no tool is in the hand."""
        geometry = self.geometry_now()
        if self._measuring.tool is None or geometry is None:
            return False
        at = self._cross = self._cross or self._pointer or QPointF(self.width() / 2, self.height() / 2)
        self._measuring.press(geometry, at.x(), at.y())
        self._measuring.release(geometry, at.x(), at.y())
        return True

    def enterEvent(self, event: QEnterEvent) -> None:
        """Keys go to the pane under the mouse, unless somebody is typing."""
        take_keys(self)
        super().enterEvent(event)

    def leaveEvent(self, _event: QEvent) -> None:
        """The pointer is elsewhere."""
        self._pointer = None
        self._hold(None)
        if not self.presenter.dragging:
            self.presenter.hovered = Hit("picture")
        self.pointed.emit(None)
        self.update()

    def focusInEvent(self, _event: QFocusEvent) -> None:
        """Show who takes the keys."""
        self.update()

    def focusOutEvent(self, _event: QFocusEvent) -> None:
        """Show who takes the keys."""
        self.update()

    def _set_cursor(self, hit: Hit, *, held: bool = False) -> None:
        if hit.kind == "handle":
            shape = Qt.CursorShape.ClosedHandCursor if held else Qt.CursorShape.OpenHandCursor
        elif hit.kind == "line":
            upright = hit.plane is LINES_BY_LIE[self.plane][0]
            shape = Qt.CursorShape.SplitHCursor if upright else Qt.CursorShape.SplitVCursor
        elif hit.kind == "centre":
            shape = Qt.CursorShape.SizeAllCursor
        else:
            shape = Qt.CursorShape.CrossCursor
        self.setCursor(shape)

    def _point(self, at: QPointF) -> None:
        geometry, scan = self.geometry_now(), self._session.scan
        if geometry is None or scan is None:
            self.pointed.emit(None)
            return
        lps_mm = geometry.lps_at(at.x(), at.y())
        # The nearest of every n-th slice is not the slice that is pointed at.
        self.pointed.emit((lps_mm, math.nan if scan.coarse else value_at(scan.volume, lps_mm)))

    def _hold(self, item: Measurement | None) -> None:
        """The measurement that Delete would remove."""
        if item is not self._held:
            self._held = item
            self.update()

    def _on_measured(self) -> None:
        if self._held not in self._measuring.items:
            self._held = None
        self.update()

    def _repaint(self, *_: object) -> None:
        self.update()

    def _on_scan(self, _: object) -> None:
        self._renderer.forget()
        self._image = None
        self.update()
