"""Thickness of the shown slices, in the inspector of Orient."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSignalBlocker
from PySide6.QtWidgets import QGridLayout, QWidget

from sos_studio.core.actions import Action
from sos_studio.core.slabs import MAX_SLAB_MM, Slab, SlabMode
from sos_studio.presenters.slice_display import SliceDisplay
from sos_studio.ui import parts
from sos_studio.ui.number_box import NumberBox


def _tr(text: str) -> str:
    return QCoreApplication.translate("SlabBox", text)


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
        grid.addWidget(parts.heading(_tr("Shown thickness")), 0, 0, 1, 3)
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
