"""The slices beside the capture's plane in a row, so that one sees whether the stage depends on where the plane lies."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QCoreApplication, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QTransform, QWheelEvent
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from sos_studio.core.actions import Action
from sos_studio.core.roi import Roi
from sos_studio.presenters.joint import joint_uv
from sos_studio.presenters.parasagittal import BesidePresenter
from sos_studio.presenters.session import Session
from sos_studio.services.parasagittal import Beside
from sos_studio.ui import keys, words
from sos_studio.ui.frame_painter import FRAME, paint_frame
from sos_studio.ui.image_view import BACKDROP
from sos_studio.ui.pixel_position import pixel_position
from sos_studio.ui.shaded_text import draw_text
from sos_studio.ui.viewport import Uv

GAP_PX = 2
# Of the frame's extent, so that what lies around it is seen.
SURROUNDINGS = 1.2
UPRIGHT_ASPECT, FULL_ASPECT = 2.0, 1.5
SCALES = (0.1, 40.0)
CLICK_REACH_PX = 4.0
FULL_HEIGHT_PX, UPRIGHT_HEIGHT_PX = 172, 136


def _tr(text: str) -> str:
    return QCoreApplication.translate("BesideStrip", text)


def side_text(offset_mm: float) -> str:
    """Where a slice lies, for a tile."""
    if offset_mm == 0.0:
        return _tr("captured")
    return f"{'L' if offset_mm > 0 else 'R'} {abs(offset_mm):.1f} mm"


class BesideStrip(QWidget):
    """Title, and the tiles below it; hidden while there are no slices to show.

    Parameters
    ----------
    upright
        Show the upright crop of each slice instead of a part of the full image.
    """

    def __init__(self, session: Session, presenter: BesidePresenter, *, upright: bool) -> None:
        super().__init__()
        self._session, self._presenter = session, presenter
        self._shown: Beside | None = None
        self.tiles = Tiles(presenter, upright=upright)
        self._title = QLabel()
        self._title.setContentsMargins(8, 3, 8, 3)
        self._area = QScrollArea()
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidget(self.tiles)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._title)
        layout.addWidget(self._area, 1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(UPRIGHT_HEIGHT_PX if upright else FULL_HEIGHT_PX)
        self._area.horizontalScrollBar().rangeChanged.connect(self._show_chosen)
        presenter.changed.connect(self._on_slices)
        presenter.chosen_changed.connect(self._on_chosen)
        session.roi_changed.connect(self.tiles.set_roi)
        session.settings_changed.connect(self._on_settings)
        self.tiles.set_roi(session.roi)
        self._on_settings(session.settings)
        self._on_slices()

    @property
    def actions_by_id(self) -> Mapping[Action, Callable[[], None]]:
        """What menus and shortcuts call; nothing while there are no slices."""
        if self._presenter.beside is None:
            return {}
        return {
            Action.BESIDE_STRIP: self._toggle,
            Action.BESIDE_RIGHT: lambda: self._step(-1),
            Action.BESIDE_LEFT: lambda: self._step(1),
        }

    def position(self, uv: Uv | None) -> object:
        """`pixel_position` of a pixel of the picture that is shown large; None beside the plane, whose places are others."""
        return None if self._presenter.looks_aside else pixel_position(self._session.capture, uv)

    def _toggle(self) -> None:
        """Put away, it could not say any more that another slice is shown large: the captured plane comes back."""
        shown = self._session.settings.beside_shown
        if shown:
            self._presenter.back()
        self._set_shown(not shown)

    def _step(self, by: int) -> None:
        """Nobody looks aside without being told so."""
        if not self._session.settings.beside_shown:
            self._set_shown(True)
        self._presenter.step(by)

    def _set_shown(self, shown: bool) -> None:
        self._session.settings.beside_shown = shown
        self._session.save_settings()

    def _on_slices(self) -> None:
        capture, beside = self._session.capture, self._presenter.beside
        if capture is None or beside is None:
            self.tiles.set_slices([], (0.0, 0.0))
        else:
            self.tiles.set_slices([_image(slice8) for slice8 in beside.slices8], joint_uv(capture))
        # The images lie over these pixels and don't copy them.
        self._shown = beside
        self._on_settings(self._session.settings)

    def _on_settings(self, _: object) -> None:
        settings = self._session.settings
        self.tiles.set_mirrored(settings.facing == "left")
        self.setVisible(self._presenter.beside is not None and settings.beside_shown)
        self._on_chosen()

    def _on_chosen(self, *_: object) -> None:
        presenter = self._presenter
        if presenter.looks_aside:
            side = _tr("left") if presenter.offset_mm > 0 else _tr("right")
            self._title.setText(
                _tr("⚠ Shown large: {mm} mm to the patient's {side} of the captured plane · Esc: back").format(
                    mm=f"{abs(presenter.offset_mm):.1f}", side=side
                )
            )
        else:
            self._title.setText(
                _tr("Beside the captured plane · click, “{right}” or “{left}”: show large · wheel: zoom all · drag: move all").format(
                    right=keys.named(Action.BESIDE_RIGHT), left=keys.named(Action.BESIDE_LEFT)
                )
            )
        self.tiles.update()
        self._show_chosen()

    def _show_chosen(self, *_: object) -> None:
        presenter = self._presenter
        if presenter.beside is not None:
            tile = self.tiles.tile_rect(presenter.chosen).center()
            if presenter.looks_aside:
                self._area.ensureVisible(round(tile.x()), round(tile.y()), round(self.tiles.tile_width * 0.6), 0)
            else:
                # As much to be seen on one side of the captured plane as on the other.
                self._area.horizontalScrollBar().setValue(round(tile.x() - self._area.viewport().width() / 2))


class Tiles(QWidget):
    """All slices under one zoom and place."""

    def __init__(self, presenter: BesidePresenter, *, upright: bool) -> None:
        super().__init__()
        self._presenter, self._upright = presenter, upright
        self._images: list[QImage] = []
        self._roi: Roi | None = None
        self._mirrored = False
        self._center_uv = (0.0, 0.0)
        # Middle of every tile in view pixels (see `_view_from_uv`) and screen pixels for each of them; None: fitted.
        self._view: tuple[QPointF, float] | None = None
        self._pressed: tuple[QPointF, tuple[QPointF, float]] | None = None
        self._dragged = False
        self.setMouseTracking(True)
        self.setAccessibleName(_tr("Slices beside the captured plane"))

    # --- what is shown -------------------------------------------------------------------------------------------

    def set_slices(self, images: list[QImage], center_uv: tuple[float, float]) -> None:
        """Other slices; `center_uv` is looked at while there is no frame."""
        self._images, self._center_uv, self._view = images, center_uv, None
        self._fit_width()
        self.update()

    def set_roi(self, roi: Roi | None) -> None:
        """Another frame: everybody looks there."""
        if roi != self._roi:
            self._roi, self._view = roi, None
            self.update()

    def set_mirrored(self, mirrored: bool) -> None:
        """Show the face to the left; upright crops are never mirrored."""
        self._mirrored = mirrored and not self._upright
        self.update()

    @property
    def tile_width(self) -> float:
        """Width of each tile."""
        return self.height() * (UPRIGHT_ASPECT if self._upright else FULL_ASPECT)

    def tile_rect(self, index: int) -> QRectF:
        """Where a tile lies."""
        return QRectF(index * (self.tile_width + GAP_PX), 0, self.tile_width, self.height())

    def tile_at(self, at: QPointF) -> int | None:
        """Which tile lies there."""
        index = int(at.x() // (self.tile_width + GAP_PX))
        return index if 0 <= index < len(self._images) else None

    @property
    def view(self) -> tuple[QPointF, float]:
        """Place and zoom of all tiles."""
        return self._view if self._view is not None else self._fitted()

    def _view_from_uv(self) -> QTransform:
        if self._upright and self._roi is not None:
            m = self._roi.uv_from_crop
            crop_from_uv, _ = QTransform(m[0, 0], m[1, 0], m[0, 1], m[1, 1], m[0, 2], m[1, 2]).inverted()
            return crop_from_uv
        return QTransform.fromScale(-1.0 if self._mirrored else 1.0, 1.0)

    def _fitted(self) -> tuple[QPointF, float]:
        roi, width, height = self._roi, self.tile_width, float(max(self.height(), 1))
        if roi is not None and self._upright:
            rows, columns = roi.crop_shape_vu
            return QPointF((columns - 1) / 2, (rows - 1) / 2), min(width / columns, height / rows)
        if roi is not None:
            (low_u, low_v), (high_u, high_v) = roi.corners_uv.min(axis=0), roi.corners_uv.max(axis=0)
            room = min(width / (high_u - low_u), height / (high_v - low_v))
            return self._view_from_uv().map(QPointF(*roi.center_uv)), float(room) / SURROUNDINGS
        return self._view_from_uv().map(QPointF(*self._center_uv)), 1.0

    def tile_from_uv(self, index: int) -> QTransform:
        """Affine from image pixels to this widget, for one tile."""
        (center, scale), middle = self.view, self.tile_rect(index).center()
        place = QTransform().translate(middle.x(), middle.y()).scale(scale, scale).translate(-center.x(), -center.y())
        return self._view_from_uv() * place

    def paintEvent(self, event: QPaintEvent) -> None:
        """The tiles in sight, each with its side and distance; the one that is shown large has an edge."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), BACKDROP)
        beside = self._presenter.beside
        for n, image in enumerate(self._images if beside is not None else ()):
            room = self.tile_rect(n)
            if beside is None or not room.intersects(QRectF(event.rect())):
                continue
            painter.save()
            painter.setClipRect(room)
            transform = self.tile_from_uv(n)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.setTransform(transform, True)
            painter.drawImage(QPointF(-0.5, -0.5), image)
            painter.restore()
            painter.save()
            painter.setClipRect(room)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if self._roi is not None and not self._upright:
                paint_frame(painter, self._roi, _mapping(transform))
            draw_text(painter, room.topLeft() + QPointF(7, 16), side_text(beside.offsets_mm[n]))
            if n == self._presenter.chosen:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(FRAME if self._presenter.looks_aside else QColor(255, 255, 255, 120), 2))
                painter.drawRect(room.adjusted(1, 1, -1, -1))
            painter.restore()
        painter.end()

    # --- mouse -----------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click chooses, a drag moves all."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._dragged = (event.position(), self.view), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move all tiles alike, or tell what a click would do."""
        if self._pressed is None:
            index, beside = self.tile_at(event.position()), self._presenter.beside
            self.setToolTip(self._tip(beside.offsets_mm[index]) if beside is not None and index is not None else "")
            return
        (start, (center, scale)), moved = self._pressed, event.position() - self._pressed[0]
        if self._dragged or max(abs(moved.x()), abs(moved.y())) > CLICK_REACH_PX:
            self._dragged = True
            self._view = (center - (event.position() - start) / scale, scale)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose what was clicked."""
        if event.button() == Qt.MouseButton.LeftButton and self._pressed is not None:
            pressed, self._pressed = self._pressed, None
            index = self.tile_at(pressed[0])
            if not self._dragged and index is not None:
                self._presenter.choose(index)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom all tiles about the same place; sideways (or with Shift) goes along the row."""
        index = self.tile_at(event.position())
        if event.angleDelta().y() == 0 or event.modifiers() & Qt.KeyboardModifier.ShiftModifier or index is None:
            super().wheelEvent(event)
            return
        center, scale = self.view
        zoomed = min(max(scale * 1.0015 ** event.angleDelta().y(), SCALES[0]), SCALES[1])
        off = (event.position() - self.tile_rect(index).center()) / scale
        self._view = (center + off * (1.0 - scale / zoomed), zoomed)
        self.update()
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tiles keep their proportions."""
        super().resizeEvent(event)
        self._fit_width()

    def sizeHint(self) -> QSize:
        """All tiles."""
        return QSize(self.minimumWidth(), 120)

    def _fit_width(self) -> None:
        self.setMinimumWidth(round(len(self._images) * (self.tile_width + GAP_PX)))

    @staticmethod
    def _tip(offset_mm: float) -> str:
        if offset_mm == 0.0:
            return _tr("The captured plane")
        side = _tr("left") if offset_mm > 0 else _tr("right")
        return _tr("{mm} to the patient's {side} of the captured plane").format(mm=words.mm_text(abs(offset_mm)), side=side)


def _image(slice8: npt.NDArray[np.uint8]) -> QImage:
    height, width = slice8.shape
    return QImage(slice8.data, width, height, width, QImage.Format.Format_Grayscale8)


def _mapping(transform: QTransform) -> Callable[[Uv], QPointF]:
    return lambda uv: transform.map(QPointF(*uv))
