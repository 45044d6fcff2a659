"""Thickness of the shown slices and of the capture, in the inspector of Orient."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSignalBlocker
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QWidget

from sos_studio.core.actions import Action
from sos_studio.core.slabs import MAX_SLAB_MM, Slab, SlabMode
from sos_studio.presenters.orientation import OrientationPresenter
from sos_studio.presenters.slice_display import SliceDisplay
from sos_studio.ui import parts
from sos_studio.ui.number_box import NumberBox


def _tr(text: str) -> str:
    return QCoreApplication.translate("SlabBox", text)


CAPTURE_SLAB_MM = 1.0


def slab_text(slab: Slab) -> str:
    """What a pane says about its thickness; empty for the plane itself."""
    if slab.is_plane:
        return ""
    return (_tr("mean {mm} mm") if slab.mode == "mean" else _tr("MIP {mm} mm")).format(mm=f"{slab.thickness_mm:g}")


class SlabBox(QWidget):
    """Millimetres, and mean or maximum."""

    def __init__(self, display: SliceDisplay) -> None:
        super().__init__()
        self._display = display
        self.thickness = NumberBox(0.0, MAX_SLAB_MM, 1, 0.5, " mm")
        self.thickness.setSpecialValueText(_tr("plane"))
        self.thickness.setAccessibleName(_tr("Thickness of the shown slices"))
        self.thickness.setToolTip(_tr("How thick the three panes show; a capture has a thickness of its own"))
        self.thickness.valueChanged.connect(lambda mm: display.set_slab(Slab(mm, display.slab.mode)))
        texts: dict[SlabMode, tuple[str, str]] = {
            "mean": (_tr("Mean"), _tr("Mean through the slab: less noise")),
            "max": (
                _tr("MIP"),
                _tr("Maximum through the slab (maximum intensity projection): bone that lies before or behind the plane too"),
            ),
        }
        self.modes = {mode: parts.chip(text, tip, Action.SLAB_MODE) for mode, (text, tip) in texts.items()}
        for mode, chip in self.modes.items():
            chip.clicked.connect(lambda _=False, m=mode: self._choose(m))
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(6)
        grid.addWidget(parts.heading(_tr("Shown thickness, overlays")), 0, 0, 1, 3)
        grid.addWidget(self.thickness, 1, 0)
        for column, chip in enumerate(self.modes.values(), start=1):
            grid.addWidget(chip, 1, column)
        for column in range(3):
            grid.setColumnStretch(column, 1)
        display.changed.connect(self._show)
        self._show()

    def _choose(self, mode: SlabMode) -> None:
        slab = Slab(self._display.slab.thickness_mm, mode)
        self._display.set_slab(slab.stepped(1) if slab.is_plane else slab)
        self._show()

    def _show(self) -> None:
        slab = self._display.slab
        with QSignalBlocker(self.thickness):
            self.thickness.setValue(slab.thickness_mm)
        for mode, chip in self.modes.items():
            with QSignalBlocker(chip):
                chip.setChecked(mode == slab.mode and not slab.is_plane)


class CaptureSlabBox(QWidget):
    """Above the capture button: the plane itself, or the mean through a slab about it."""

    def __init__(self, presenter: OrientationPresenter) -> None:
        super().__init__()
        self._presenter = presenter
        tip = _tr("The capture is the mean through a slab about the sagittal plane: less noise, softer edges. Kept in its record.")
        self.chosen = QCheckBox(_tr("Capture the mean of"))
        self.chosen.setToolTip(tip)
        self.thickness = NumberBox(0.1, MAX_SLAB_MM, 1, 0.5, " mm")
        self.thickness.setValue(CAPTURE_SLAB_MM)
        self.thickness.setAccessibleName(_tr("Thickness of the capture"))
        self.thickness.setToolTip(tip)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.chosen, 1)
        row.addWidget(self.thickness)
        self.chosen.toggled.connect(self._choose)
        self.thickness.valueChanged.connect(self._choose)
        presenter.capture_slab_changed.connect(self._show)
        self._show(presenter.capture_slab_mm)

    def _choose(self, _: object) -> None:
        self._presenter.set_capture_slab(self.thickness.value() if self.chosen.isChecked() else 0.0)

    def _show(self, thickness_mm: float) -> None:
        with QSignalBlocker(self.chosen), QSignalBlocker(self.thickness):
            self.chosen.setChecked(thickness_mm > 0.0)
            if thickness_mm > 0.0:
                self.thickness.setValue(thickness_mm)
