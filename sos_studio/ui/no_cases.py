"""What the list of cases says while it shows none, and the way back from a filter that nothing passes."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from sos_studio.presenters.case_rows import Filter
from sos_studio.ui import parts


def _tr(text: str) -> str:
    return QCoreApplication.translate("CasesDock", text)


class NoCases(QWidget):
    """A sentence or two; `clear_wanted` when all cases shall be shown again."""

    clear_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = parts.note()
        self._text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.clear = parts.button(_tr("Clear filters"), _tr("Empty the search and show all cases again"))
        self.clear.clicked.connect(self.clear_wanted)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 24, 16, 0)
        layout.setSpacing(14)
        layout.addWidget(self._text)
        layout.addWidget(self.clear, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    def explain(self, *, project: bool, cases: bool, wanted: Filter, blinded: bool) -> None:
        """Say why there is no row: no project, no case, or a filter that nothing passes."""
        self.clear.setVisible(project and cases)
        if not project:
            text = _tr(
                "No project is open.\n\nA project keeps captures, frames and readings in a folder: open or make one in the File menu. "
                "You can also just open a scan."
            )
        elif not cases:
            text = _tr("No case yet.\n\nOpen a scan and capture its midsagittal slice, or import full images.")
        else:
            text = _tr("No case matches.") + "\n\n" + _why(wanted, blinded)
        self._text.setText(text)


def _why(wanted: Filter, blinded: bool) -> str:
    if blinded and wanted.text.strip():
        return _tr("While you read blinded, cases are found by the numbers in this list, not by pseudonyms.")
    if wanted.stage is not None and wanted.status == "to_stage":
        return _tr("What you have not read yet shows no stage, so none can be found by it.")
    if wanted.stage is not None:
        return _tr("The stage is the one that a row shows: the label, or your own reading while the others' are hidden.")
    return _tr("Change the search or the filter.")
