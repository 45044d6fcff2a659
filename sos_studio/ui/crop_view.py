"""The full image with the frame on it: clicks, handles and keys go to the presenter."""

from __future__ import annotations

import math

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QTransform
from PySide6.QtWidgets import QSizePolicy, QWidget

from sos_studio.core.actions import Action
from sos_studio.core.roi import Roi
from sos_studio.presenters.crop import CropPresenter, CropState
from sos_studio.presenters.frame_edit import Grip
from sos_studio.ui import keys
from sos_studio.ui.frame_painter import (
    GHOST,
    paint_banner,
    paint_cross,
    paint_end,
    paint_ends,
    paint_frame,
    paint_handles,
    paint_outside,
    paint_side_names,
)
from sos_studio.ui.image_view import BACKDROP, ImageView

TOUCH_PX = 9.0
LARGE_STEP = 10
# The cross-hair is kept so far from the border of what is seen.
SIGHT_PX = 24
# Sine of 15 degrees: less is neither above nor below.
LEAST_LEAN = 0.26


def _tr(text: str) -> str:
    return QCoreApplication.translate("CropStep", text)


def ends_words(roi: Roi) -> str:
    """What is told of a frame whose ends lie the other way round than expected; anatomy varies, so nothing is refused."""
    angle = math.radians(roi.angle_deg)
    below, in_front = math.sin(angle) < -LEAST_LEAN, math.cos(angle) < -LEAST_LEAN
    if below and in_front:
        return _tr("The endocranial end lies below and in front; the brain side is usually up and back.")
    if below:
        return _tr("The endocranial end lies below; the brain side is usually up and back.")
    return _tr("The endocranial end lies in front; the brain side is usually up and back.")


_CURSORS = {
    None: Qt.CursorShape.ArrowCursor,
    Grip.INSIDE: Qt.CursorShape.SizeAllCursor,
    Grip.CORNER: Qt.CursorShape.SizeFDiagCursor,
    Grip.TURN: Qt.CursorShape.PointingHandCursor,
    Grip.ENDOCRANIAL_END: Qt.CursorShape.CrossCursor,
    Grip.ECTOCRANIAL_END: Qt.CursorShape.CrossCursor,
}


class CropView(ImageView):
    """Draws `CropState` over the full image."""

    # The frame as it is drawn now, also while it is dragged and before the second click; None while there is none.
    frame_moved = Signal(object)

    def __init__(self, presenter: CropPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._ghost: Roi | None = None
        self.setAccessibleName(_tr("Full image with the crop frame"))
        self.setAccessibleDescription(_tr("Arrow keys move a cross-hair; Space or Enter sets an end there, first the endocranial one."))
        presenter.changed.connect(self._on_state)
        self._on_state(presenter.state)

    def _on_state(self, state: CropState) -> None:
        if state.first_uv is None:
            self._ghost = None
        elif state.cross_uv is not None:
            self._ghost = self._presenter.preview(state.cross_uv)
        self.setCursor(Qt.CursorShape.CrossCursor if state.has_image and state.roi is None else Qt.CursorShape.ArrowCursor)
        self.frame_moved.emit(state.roi if state.roi is not None else self._ghost)
        self.update()

    def paint_over(self, painter: QPainter) -> None:
        """Frame, ends, handles and what to do next."""
        state, to_widget, room = self._presenter.state, self.viewport.to_widget, QRectF(self.rect())
        names = (_tr("endocranial"), _tr("ectocranial"))
        if state.roi is not None:
            paint_outside(painter, state.roi, to_widget, room)
            paint_frame(painter, state.roi, to_widget)
            paint_handles(painter, state.roi, to_widget)
            paint_side_names(painter, state.roi, to_widget, names)
            if state.ends is not None:
                paint_ends(painter, state.ends, to_widget)
        elif state.first_uv is not None:
            if self._ghost is not None:
                paint_frame(painter, self._ghost, to_widget, GHOST, "dashed")
            paint_end(painter, to_widget(state.first_uv), "endocranial")
        if state.cross_uv is not None:
            paint_cross(painter, to_widget(state.cross_uv))
        if state.refusal is not None:
            paint_banner(painter, room, str(state.refusal), warning=True)
        elif state.roi is not None and state.roi.against_anatomy:
            paint_banner(painter, room, f"{ends_words(state.roi)} {keys.after(_tr('Swap ends'), Action.CROP_SWAP)}", warning=True)
        elif state.roi is None:
            paint_banner(painter, room, self._next_step(state))

    @staticmethod
    def _next_step(state: CropState) -> str:
        keys_too = _tr("arrow keys move a cross-hair (Shift: ten times as far), Space or Enter sets the end")
        if state.first_uv is None:
            return _tr("Click the endocranial end of the SOS (brain side, up and back), or: {keys}.").format(keys=keys_too)
        return _tr("Now the ectocranial end (throat side, down and front): click it, or: {keys}. Esc takes the first end back.").format(
            keys=keys_too
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Left: click an end or take hold of a handle; beside the frame it pans."""
        uv = self.viewport.to_uv(event.position())
        if event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
        elif self._presenter.state.roi is None:
            if self.value_at(uv) is not None:
                self._presenter.click(uv)
        elif not self._presenter.grab(uv, self._reach_px):
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag, or show where a second click would put the frame."""
        super().mouseMoveEvent(event)
        self._presenter.hide_cross()
        uv = self.viewport.to_uv(event.position())
        state = self._presenter.state
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._presenter.drag(uv)
        elif state.roi is not None:
            self.setCursor(_CURSORS[self._presenter.grip_at(uv, self._reach_px)])
        elif state.first_uv is not None:
            self._ghost = self._presenter.preview(uv)
            self.frame_moved.emit(self._ghost)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go of a handle."""
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self._presenter.release()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the frame or, before there is one, the cross-hair; Ctrl+arrows turn and size; Shift takes large steps."""
        large = LARGE_STEP if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        turning = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        sign_u = -1 if self.viewport.mirrored else 1
        match event.key():
            case Qt.Key.Key_Left | Qt.Key.Key_Right if turning:
                degrees = 0.1 * large if event.key() == Qt.Key.Key_Right else -0.1 * large
                self._presenter.nudge(turn_deg=sign_u * degrees)
            case Qt.Key.Key_Up | Qt.Key.Key_Down if turning:
                self._presenter.nudge(factor=(1.0 + 0.01 * large) ** (1 if event.key() == Qt.Key.Key_Up else -1))
            case Qt.Key.Key_Left:
                self._arrow(-sign_u * large, 0)
            case Qt.Key.Key_Right:
                self._arrow(sign_u * large, 0)
            case Qt.Key.Key_Up:
                self._arrow(0, -large)
            case Qt.Key.Key_Down:
                self._arrow(0, large)
            case Qt.Key.Key_Space | Qt.Key.Key_Return | Qt.Key.Key_Enter if self._presenter.place_cross():
                self._follow_cross()
            case Qt.Key.Key_Escape if self._presenter.escape():
                pass
            case _:
                super().keyPressEvent(event)
                self._follow_cross()

    def _arrow(self, du_px: int, dv_px: int) -> None:
        if self._presenter.state.roi is not None:
            self._presenter.nudge(du_px=du_px, dv_px=dv_px)
        else:
            self._presenter.move_cross(du_px, dv_px)
            self._follow_cross()

    def _follow_cross(self) -> None:
        """A cross-hair that leaves what is seen of a zoomed picture takes it along, and its place is told as the pointer's is."""
        uv = self._presenter.state.cross_uv
        if uv is None:
            return
        at, room = self.viewport.to_widget(uv), QRectF(self.rect()).adjusted(SIGHT_PX, SIGHT_PX, -SIGHT_PX, -SIGHT_PX)
        inside = QPointF(min(max(at.x(), room.left()), room.right()), min(max(at.y(), room.top()), room.bottom()))
        if inside != at:
            self.viewport.pan(inside - at)
            self.refresh()
        self.pointer_moved.emit(uv)

    @property
    def _reach_px(self) -> float:
        return TOUCH_PX / self.viewport.scale


class CropPreview(QWidget):
    """The upright crop as it will be cut, painted live from the full image while the frame moves."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: QImage | None = None
        self._roi: Roi | None = None
        self.empty_text = _tr("The upright crop appears here.")
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName(_tr("Upright crop"))

    def set_image(self, image: QImage | None) -> None:
        """The full image."""
        self._image = image
        self.update()

    def set_roi(self, roi: Roi | None) -> None:
        """The frame now."""
        self._roi = roi
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        """Endocranial end left, the line through the ends horizontal."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), BACKDROP)
        if self._image is None or self._roi is None:
            painter.setPen(Qt.GlobalColor.gray)
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self.empty_text)
            painter.end()
            return
        rows, columns = self._roi.crop_shape_vu
        scale = min(self.width() / columns, self.height() / rows)
        room = QRectF(0, 0, columns * scale, rows * scale)
        room.moveCenter(QRectF(self.rect()).center())
        m = self._roi.uv_from_crop
        uv_from_crop = QTransform(m[0, 0], m[1, 0], m[0, 1], m[1, 1], m[0, 2], m[1, 2])
        crop_from_uv, _ = uv_from_crop.inverted()
        widget_from_crop = QTransform().translate(room.left(), room.top()).scale(scale, scale).translate(0.5, 0.5)
        painter.setClipRect(room)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setTransform(crop_from_uv * widget_from_crop)
        painter.drawImage(QPointF(-0.5, -0.5), self._image)
        painter.resetTransform()
        painter.setPen(QPen(GHOST, 1, Qt.PenStyle.DotLine))
        middle = room.center().y()
        for x0, x1 in ((room.left(), room.left() + room.width() / 12), (room.right() - room.width() / 12, room.right())):
            painter.drawLine(QPointF(x0, middle), QPointF(x1, middle))
        painter.end()

    def hasHeightForWidth(self) -> bool:
        """Always 2:1."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Half of the width."""
        return width // 2

    def sizeHint(self) -> QSize:
        """Fits an inspector."""
        return QSize(300, 150)

    def minimumSizeHint(self) -> QSize:
        """Still of use."""
        return QSize(160, 80)
