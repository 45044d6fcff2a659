"""The Crop step: the full image, two clicks, the 2:1 frame, and the upright crop beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QDoubleSpinBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from sos_studio.core.actions import Action
from sos_studio.core.roi import Roi
from sos_studio.core.settings import Settings
from sos_studio.presenters.crop import CropPresenter, CropState
from sos_studio.presenters.session import Session
from sos_studio.ui import hints, keys, parts
from sos_studio.ui.beside_strip import BesideStrip
from sos_studio.ui.crop_view import CropPreview, CropView, ends_words
from sos_studio.ui.image_view import gray_image
from sos_studio.ui.number_box import NumberBox


def _tr(text: str) -> str:
    return QCoreApplication.translate("CropStep", text)


class CropStep(QWidget):
    """Large full image; everything else is in the inspector."""

    # Patient millimetres and grey value under the pointer (see `pixel_position`), or None.
    pixel_pointed = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.presenter = CropPresenter(session)
        self.beside = BesideStrip(session, session.beside, upright=False)
        self.view = CropView(self.presenter)
        self.view.pointer_moved.connect(lambda uv: self.pixel_pointed.emit(self.beside.position(uv)))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.beside)
        session.beside.chosen_changed.connect(self._show_beside)
        self.setFocusProxy(self.view)
        self._panel = CropPanel(self.presenter)
        self.view.frame_moved.connect(self._panel.preview.set_roi)
        session.capture_changed.connect(self._on_capture)
        session.settings_changed.connect(self._on_settings)
        self._on_settings(session.settings)
        self._on_capture(session.capture)

    def inspector(self) -> QWidget:
        """What goes into the right dock."""
        return self._panel

    @property
    def actions_by_id(self) -> Mapping[Action, Callable[[], None]]:
        """What menus and shortcuts call."""
        return {Action.CROP_AGAIN: self.presenter.click_again, Action.CROP_SWAP: self.presenter.swap_ends, **self.beside.actions_by_id}

    def hideEvent(self, event: QHideEvent) -> None:
        """Another step comes to the front: nothing waits unsaved."""
        self.presenter.commit()
        super().hideEvent(event)

    def _on_capture(self, _: object) -> None:
        capture = self._session.capture
        if capture is None:
            self.view.set_picture(None)
            self._panel.set_picture(None, None)
        else:
            self.view.set_picture(capture.full8, spacing_mm=capture.record.spacing_mm)
            self._panel.set_picture(gray_image(capture.full8), capture.record.spacing_mm)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape brings the captured plane back; a key of a stage is told where stages are given."""
        if event.key() == Qt.Key.Key_Escape and self._session.beside.back():
            return
        pressed = QKeySequence(event.keyCombination())
        if any(pressed == QKeySequence(key) for action in hints.STAGES for key in keys.of(action)):
            self._session.tell("crop.stage_elsewhere", "info", stage=keys.after(hints.stage_step(), Action.STEP_STAGE))
        else:
            super().keyPressEvent(event)

    def _show_beside(self, index: int) -> None:
        beside, capture = self._session.beside.beside, self._session.capture
        if beside is not None and capture is not None:
            self.view.set_picture(beside.slices8[index], spacing_mm=capture.record.spacing_mm, keep_view=True)

    def _on_settings(self, settings: Settings) -> None:
        self.view.empty_text = hints.capture_first()
        self.view.update()
        self.view.set_mirrored(settings.facing == "left")


class CropPanel(QWidget):
    """Live crop, how far the step is, typed values, keys."""

    def __init__(self, presenter: CropPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._spacing_mm: float | None = None
        self.preview = CropPreview()
        self._steps = QLabel()
        self._saved = QLabel()
        self._saved.setWordWrap(True)
        self._angle = _spin(-180.0, 180.0, 1, " °", _tr("Direction from the endocranial to the ectocranial end; 0° is horizontal"))
        self._width = _spin(1.0, 9999.0, 1, " px", _tr("Length of the frame; its height is always half of it"))
        self._u = _spin(-9999.0, 9999.0, 1, " px", _tr("Centre of the frame, from the left border of the full image"))
        self._v = _spin(-9999.0, 9999.0, 1, " px", _tr("Centre of the frame, from the upper border of the full image"))
        self._angle.setWrapping(True)
        self._form = QFormLayout()
        self._form.setContentsMargins(0, 0, 0, 0)
        for name, spin in (
            (_tr("Angle"), self._angle),
            (_tr("Length"), self._width),
            (_tr("Centre →"), self._u),
            (_tr("Centre ↓"), self._v),
        ):
            self._form.addRow(name, spin)
            spin.editingFinished.connect(self._typed)
        values = QWidget()
        values.setLayout(self._form)
        self._again = parts.button(_tr("Click the ends again"), _tr("Put the frame aside and click both ends anew"), Action.CROP_AGAIN)
        self._again.clicked.connect(presenter.click_again)
        self._swap = parts.button(_tr("Swap ends"), _tr("The endocranial end becomes the ectocranial one"), Action.CROP_SWAP)
        self._swap.clicked.connect(presenter.swap_ends)
        self._doubt = parts.red()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(
            parts.scrolled(
                parts.column(
                    parts.heading(_tr("Upright crop")),
                    self.preview,
                    parts.note(_tr("endocranial left · ectocranial right")),
                    self._saved,
                    self._doubt,
                    parts.rule(),
                    parts.heading(_tr("Two ends")),
                    self._steps,
                    self._again,
                    self._swap,
                    parts.rule(),
                    parts.heading(_tr("Frame (always 2:1)")),
                    values,
                    parts.note(_gestures()),
                )
            )
        )
        presenter.changed.connect(self._on_state)
        self._on_state(presenter.state)

    def set_picture(self, image: object, spacing_mm: float | None) -> None:
        """Another full image."""
        self._spacing_mm = spacing_mm
        self.preview.set_image(image)  # type: ignore[arg-type]  # QImage or None
        for spin in (self._width, self._u, self._v):
            spin.setSuffix(" mm" if spacing_mm else " px")
        self._on_state(self._presenter.state)

    def _on_state(self, state: CropState) -> None:
        has_roi = state.roi is not None
        first, second = has_roi or state.first_uv is not None, has_roi
        self._steps.setText(
            "\n".join((_ticked(_tr("1  endocranial end (brain side)"), first), _ticked(_tr("2  ectocranial end (throat side)"), second)))
        )
        self._again.setEnabled(has_roi)
        self._swap.setEnabled(has_roi)
        doubtful = state.roi is not None and state.roi.against_anatomy
        self._doubt.setVisible(doubtful)
        if state.roi is not None and doubtful:
            self._doubt.setText(f"⚠  {ends_words(state.roi)}")
        self._saved.setText(_saving_words(state))
        for spin in (self._angle, self._width, self._u, self._v):
            spin.setEnabled(has_roi)
        if state.roi is not None:
            for spin, value in zip((self._angle, self._width, self._u, self._v), self._shown(state.roi), strict=True):
                with QSignalBlocker(spin):
                    spin.setValue(value)

    def _shown(self, roi: Roi) -> tuple[float, float, float, float]:
        """Angle, length and centre as the boxes have them: millimetres where the size of a pixel is known, all or none."""
        (u, v), unit = roi.center_uv, self._spacing_mm
        if unit is None:
            return roi.angle_deg, roi.width_px, u, v
        # From the border of the picture, which lies half a pixel before the middle of the first one.
        return roi.angle_deg, roi.width_px * unit, (u + 0.5) * unit, (v + 0.5) * unit

    def _typed(self) -> None:
        roi = self._presenter.state.roi
        if roi is None:
            return
        unit, half = (self._spacing_mm, 0.5) if self._spacing_mm is not None else (1.0, 0.0)

        # A box holds a rounded number: only the one that was really changed counts.
        def chosen(spin: QDoubleSpinBox, now: float) -> float:
            return spin.value() if abs(spin.value() - now) > 0.5 * 10 ** -spin.decimals() else now

        angle_deg, width, right, down = self._shown(roi)
        u = roi.center_uv[0] if (x := chosen(self._u, right)) == right else x / unit - half
        v = roi.center_uv[1] if (y := chosen(self._v, down)) == down else y / unit - half
        width_px = roi.width_px if (length := chosen(self._width, width)) == width else length / unit
        self._presenter.set_values((u, v), chosen(self._angle, angle_deg), width_px)


def _gestures() -> str:
    return _tr(
        "Drag inside to move, a corner to size, a round knob to turn, an end to correct it.\n"
        "Arrows move · Ctrl+\u2060←\u00a0/\u00a0→\u00a0turn\u00a00.1° · Ctrl+\u2060↑\u00a0/\u00a0↓\u00a0size · "
        "Shift: ten times as far · wheel zooms · "
        "middle drag moves the picture · right drag: contrast · 0 fits the picture to the window"
    )


def _spin(low: float, high: float, decimals: int, suffix: str, tooltip: str) -> QDoubleSpinBox:
    spin = NumberBox(low, high, decimals, 0.5, suffix)
    spin.setToolTip(tooltip)
    spin.setAccessibleName(tooltip)
    return spin


def _ticked(text: str, done: bool) -> str:
    return f"{'✓' if done else '○'}  {text}"


def _saving_words(state: CropState) -> str:
    match state.saving:
        case "saved" if state.roi is None:
            return _tr("The frame before stays until there is another; Esc brings it back.")
        case "saved":
            return _tr("✓ Saved")
        case "saving" | "waiting":
            return _tr("Saving …")
        case "failed":
            return _tr("✕ Not saved; the frame is as it was before")
        case _:
            return _tr("Nothing to save yet") if state.roi is None else _tr("Not saved: open or make a project")
