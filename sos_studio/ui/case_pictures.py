"""Cases as thumbnails in rows; one that is activated opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QListView, QListWidget, QListWidgetItem

from sos_studio.presenters.ports import Background
from sos_studio.services.model_results import Labelled
from sos_studio.ui.thumbnails import Thumbnails

LONGER_PX, ROOM_PX = 104, 75
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
        self.setIconSize(QSize(LONGER_PX, ROOM_PX))
        self.setGridSize(QSize(LONGER_PX + 44, ROOM_PX + 48))
        self.setAccessibleName(name)
        self.itemActivated.connect(lambda item: self.wanted.emit(item.data(_CASE)))
        self._shown: tuple[tuple[str, str], ...] = ()
        self._without: list[QListWidgetItem] = []

    def set_cases(self, cases: Sequence[tuple[Labelled, str]]) -> None:
        """Cases and what is said below each."""
        shown = tuple((case.case_id, text) for case, text in cases)
        if shown == self._shown:
            return
        self._shown = shown
        self._without = []
        self.clear()
        for case, text in cases:
            item = QListWidgetItem(f"{self._caption(case.case_id)}\n{text}")
            item.setData(_CASE, case.case_id)
            item.setData(_PICTURE, str(case.picture))
            item.setToolTip(item.text())
            item.setTextAlignment(Qt.AlignmentFlag.AlignHCenter)
            item.setIcon(_icon(None))
            self.addItem(item)
        self._without = [self.item(n) for n in range(self.count())]

    def paintEvent(self, event: QPaintEvent) -> None:
        """Pictures are asked for when they come into sight: of a hundred asked for at once only the newest are ever read."""
        super().paintEvent(event)
        room = self.viewport().rect()
        wanted = [item for item in self._without if self.visualItemRect(item).intersects(room)]
        for item in reversed(wanted):  # what is asked for last is read first
            if (picture := self._pictures.picture(Path(item.data(_PICTURE)))) is not None:
                self._put(item, picture)

    def _on_arrived(self, path: Path) -> None:
        for item in [item for item in self._without if item.data(_PICTURE) == str(path)]:
            self._put(item, self._pictures.picture(path))

    def _put(self, item: QListWidgetItem, picture: QPixmap | None) -> None:
        self._without = [each for each in self._without if each is not item]
        item.setIcon(_icon(picture))


def _icon(picture: QPixmap | None) -> QIcon:
    """In the middle of a room that is always the same, so that nothing jumps when pictures come and captions stand in a line."""
    ratio = 1.0 if picture is None or picture.isNull() else picture.devicePixelRatio()
    room = QPixmap(round(LONGER_PX * ratio), round(ROOM_PX * ratio))
    room.setDevicePixelRatio(ratio)
    room.fill(Qt.GlobalColor.transparent)
    if picture is not None and not picture.isNull():
        fitted = picture.scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
        painter = QPainter(room)
        left, top = (LONGER_PX - fitted.width() / ratio) / 2, ROOM_PX - fitted.height() / ratio
        painter.drawPixmap(QPointF(left, top), fitted)
        painter.end()
    return QIcon(room)
