"""File dialogs: the platform's own where it has one; Qt's, where there is none, dressed for the theme."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPalette, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QFileDialog, QHeaderView, QSplitter, QToolButton, QTreeView, QWidget

# Large enough for names, sizes and dates beside the list of places.
SIZE, PLACES_PX = QSize(900, 560), 150
ICON = QSize(18, 18)
# Where the arrows of Qt's dialog point, by the names of its buttons.
_ARROWS = {"backButton": (-1.0, 0.0), "forwardButton": (1.0, 0.0), "toParentButton": (0.0, -1.0)}


def file_dialog(parent: QWidget, title: str, mode: QFileDialog.FileMode, filters: str = "") -> QFileDialog:
    """A dialog that lets go of itself once it is closed; open it with `open`."""
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(mode)
    if filters:
        dialog.setNameFilter(filters)
    dialog.finished.connect(dialog.deleteLater)
    _dress(dialog)
    return dialog


def new_folder_dialog(parent: QWidget, title: str, accept: str, label: str, *, beside: Path, name: str) -> QFileDialog:
    """Ask for a folder that is to be made: a name can be typed, the proposed one is free.

    Parameters
    ----------
    accept, label
        Words of the button and before the name.
    """
    dialog = file_dialog(parent, title, QFileDialog.FileMode.AnyFile)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
    dialog.setLabelText(QFileDialog.DialogLabel.Accept, accept)
    dialog.setLabelText(QFileDialog.DialogLabel.FileName, label)
    dialog.setDirectory(str(beside))
    dialog.selectFile(free_name(beside, name))
    return dialog


def free_name(folder: Path, name: str) -> str:
    """The name, or the first of "name 2", "name 3" … that nothing in the folder has."""
    numbered = (name if n == 1 else f"{name} {n}" for n in itertools.count(1))
    return next(text for text in numbered if not os.path.lexists(folder / text))


def _dress(dialog: QFileDialog) -> None:
    files = dialog.findChild(QTreeView, "treeView")
    if files is None:  # the platform's own
        return
    dialog.setViewMode(QFileDialog.ViewMode.Detail)
    dialog.resize(SIZE)
    places = dialog.findChild(QSplitter, "splitter")
    if places is not None:
        places.setSizes([PLACES_PX, SIZE.width() - PLACES_PX])
    header = files.header()
    header.setStretchLastSection(False)
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    for name, direction in _ARROWS.items():
        button = dialog.findChild(QToolButton, name)
        if button is not None:
            button.setIcon(_arrow(direction, button.palette()))


def _arrow(direction: tuple[float, float], palette: QPalette) -> QIcon:
    """An arrow in the colours of text: the style's own is black in every theme."""
    made = QIcon()
    for mode, group in ((QIcon.Mode.Normal, QPalette.ColorGroup.Active), (QIcon.Mode.Disabled, QPalette.ColorGroup.Disabled)):
        pixmap = QPixmap(ICON * 2)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(palette.color(group, QPalette.ColorRole.ButtonText), 4.0)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        x, y = direction
        middle = QPointF(ICON.width(), ICON.height())
        tip, aside = QPointF(x, y) * 12.0, QPointF(-y, x) * 9.0
        painter.drawLine(middle - tip, middle + tip)
        painter.drawPolyline(QPolygonF([middle + tip * 0.2 + aside, middle + tip, middle + tip * 0.2 - aside]))
        painter.end()
        pixmap.setDevicePixelRatio(2.0)
        made.addPixmap(pixmap, mode)
    return made
