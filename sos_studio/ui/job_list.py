"""The trainings of a project: those that run, those that wait, those that are over."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from sos_studio.services.job_watch import Seen
from sos_studio.ui import training_words


def _tr(text: str) -> str:
    return QCoreApplication.translate("TrainingDock", text)


class JobList(QListWidget):
    """One training a row: what it is called, and how it stands.

    Signals
    -------
    chosen
        A training (its id) was put on the screen.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("trainings")
        self.setAccessibleName(_tr("Trainings"))
        self.setToolTip(_tr("Trainings of this project: running, waiting in line, then the newest first"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setMinimumWidth(150)
        self.setSpacing(2)
        self.currentItemChanged.connect(self._on_current)

    def sizeHint(self) -> QSize:
        """Narrow, and as high as there is room."""
        return QSize(230, 120)

    def set_rows(self, rows: Sequence[Seen], shown: str | None) -> None:
        """What there is now, and which one is on the screen."""
        with QSignalBlocker(self):
            while self.count() > len(rows):
                self.takeItem(self.count() - 1)
            for n, seen in enumerate(rows):
                if n == self.count():
                    self.addItem(QListWidgetItem())
                item = self.item(n)
                text = f"{training_words.row_title(seen)}\n{training_words.row_status(seen)}"
                if item.text() != text:
                    item.setText(text)
                    # The name whole, and not first: a tooltip that begins with a tag would be read as HTML.
                    told = (training_words.job_title(seen.handle.job_id), seen.name, training_words.row_status(seen))
                    item.setToolTip("\n".join(line for line in told if line))
                item.setData(Qt.ItemDataRole.UserRole, seen.handle.job_id)
                if seen.handle.job_id == shown and self.currentRow() != n:
                    self.setCurrentRow(n)

    def _on_current(self, item: QListWidgetItem | None, _: object) -> None:
        if item is not None:
            self.chosen.emit(item.data(Qt.ItemDataRole.UserRole))
