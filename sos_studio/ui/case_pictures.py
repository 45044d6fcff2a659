"""Cases as thumbnails in rows; one that is activated opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QListView, QListWidget, QListWidgetItem

from sos_studio.presenters.ports import Background
from sos_studio.services.model_results import Labelled
from sos_studio.ui.thumbnails import Thumbnails

LONGER_PX = 104
_CASE, _PICTURE = int(Qt.ItemDataRole.UserRole), int(Qt.ItemDataRole.UserRole) + 1


class CasePictures(QListWidget):
    """Thumbnails that wrap at the right end.

    Signals
    -------
    wanted
        A case (its id) was asked for by a double click or Enter.
    """

    wanted = Signal(str)

    def __init__(self, background: Background, name: str, caption: Callable[[str], str]) -> None:
        super().__init__()
        self._caption = caption
        self._pictures = Thumbnails(background, LONGER_PX, self.devicePixelRatioF(), self)
        self._pictures.arrived.connect(self._on_arrived)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setWordWrap(True)
        self.setSpacing(6)
        self.setIconSize(QSize(LONGER_PX, round(0.72 * LONGER_PX)))
        self.setGridSize(QSize(LONGER_PX + 44, round(0.72 * LONGER_PX) + 48))
        self.setAccessibleName(name)
        self.itemActivated.connect(lambda item: self.wanted.emit(item.data(_CASE)))
        self._shown: tuple[tuple[str, str], ...] = ()

    def set_cases(self, cases: Sequence[tuple[Labelled, str]]) -> None:
        """Cases and what is said below each."""
        shown = tuple((case.case_id, text) for case, text in cases)
        if shown == self._shown:
            return
        self._shown = shown
        self.clear()
        for case, text in cases:
            item = QListWidgetItem(f"{self._caption(case.case_id)}\n{text}")
            item.setData(_CASE, case.case_id)
            item.setData(_PICTURE, str(case.picture))
            item.setToolTip(item.text())
            item.setTextAlignment(Qt.AlignmentFlag.AlignHCenter)
            item.setIcon(_icon(self._pictures.picture(case.picture)))
            self.addItem(item)

    def _on_arrived(self, path: Path) -> None:
        for n in range(self.count()):
            item = self.item(n)
            if item.data(_PICTURE) == str(path):
                item.setIcon(_icon(self._pictures.picture(path)))


def _icon(picture: QPixmap | None) -> QIcon:
    """Room for a picture that is on its way, so that nothing jumps when it comes."""
    if picture is None or picture.isNull():
        picture = QPixmap(LONGER_PX, round(0.72 * LONGER_PX))
        picture.fill(Qt.GlobalColor.transparent)
    return QIcon(picture)
