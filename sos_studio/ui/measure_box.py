"""Grid and tools, in the inspector of Orient."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSignalBlocker
from PySide6.QtWidgets import QGridLayout, QWidget

from sos_studio.core.actions import Action
from sos_studio.presenters.slice_display import SliceDisplay
from sos_studio.ui import parts


def _tr(text: str) -> str:
    return QCoreApplication.translate("MeasureBox", text)


class MeasureBox(QWidget):
    """One chip for each."""

    def __init__(self, display: SliceDisplay) -> None:
        super().__init__()
        self._display = display
        self.grid = parts.chip(
            _tr("Grid"), _tr("Lines parallel to the planes, a round number of millimetres apart, to judge symmetry"), Action.GRID
        )
        self.grid.clicked.connect(display.switch_grid)
        rows = QGridLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setHorizontalSpacing(6)
        rows.setVerticalSpacing(6)
        rows.addWidget(parts.heading(_tr("Measure")), 0, 0, 1, 3)
        rows.addWidget(self.grid, 1, 0)
        for column in range(3):
            rows.setColumnStretch(column, 1)
        display.changed.connect(self._show_grid)
        self._show_grid()

    def _show_grid(self) -> None:
        with QSignalBlocker(self.grid):
            self.grid.setChecked(self._display.grid)
