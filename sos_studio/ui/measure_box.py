"""Grid and tools, in the inspector of Orient."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSignalBlocker
from PySide6.QtWidgets import QGridLayout, QWidget

from sos_studio.core.actions import Action
from sos_studio.presenters.measuring import Measuring, Tool
from sos_studio.presenters.slice_display import SliceDisplay
from sos_studio.ui import parts


def _tr(text: str) -> str:
    return QCoreApplication.translate("MeasureBox", text)


class MeasureBox(QWidget):
    """One chip for each."""

    def __init__(self, display: SliceDisplay, measuring: Measuring) -> None:
        super().__init__()
        self._display, self._measuring = display, measuring
        self.grid = parts.chip(
            _tr("Grid"), _tr("Lines parallel to the planes, a round number of millimetres apart, to judge symmetry"), Action.GRID
        )
        self.grid.clicked.connect(display.switch_grid)
        texts: dict[Tool, tuple[str, str, Action]] = {
            "distance": (_tr("Distance"), _tr("Drag from end to end, or click both"), Action.MEASURE_DISTANCE),
            "angle": (
                _tr("Angle"),
                _tr("Click the end of one arm, the apex, and the end of the other arm; or drag the first arm to the apex"),
                Action.MEASURE_ANGLE,
            ),
        }
        self.tools = {tool: parts.chip(*text) for tool, text in texts.items()}
        for tool, chip in self.tools.items():
            chip.clicked.connect(lambda _=False, t=tool: measuring.take(t))
        tip = _tr("Delete removes the one under the pointer, or the newest")
        self.remove = parts.chip(_tr("Remove measurements"), tip, Action.REMOVE_MEASURES)
        self.remove.setCheckable(False)
        self.remove.clicked.connect(measuring.remove_all)
        rows = QGridLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setHorizontalSpacing(6)
        rows.setVerticalSpacing(6)
        rows.addWidget(self.remove, 1, 1, 1, 2)
        for column, chip in enumerate((self.grid, *self.tools.values())):
            rows.addWidget(chip, 0, column)
        for column in range(3):
            rows.setColumnStretch(column, 1)
        display.changed.connect(self._show_grid)
        measuring.changed.connect(self._show_tools)
        self._show_grid()
        self._show_tools()

    def _show_tools(self) -> None:
        for tool, chip in self.tools.items():
            with QSignalBlocker(chip):
                chip.setChecked(self._measuring.tool == tool)
        self.remove.setVisible(bool(self._measuring.items))

    def _show_grid(self) -> None:
        with QSignalBlocker(self.grid):
            self.grid.setChecked(self._display.grid)
