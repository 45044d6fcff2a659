"""File dialogs can be read in every theme, and show what can be opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import QApplication, QFileDialog, QToolButton, QTreeView
from pytestqt.qtbot import QtBot

from sos_studio.ui import theme
from sos_studio.ui.file_dialogs import ICON, file_dialog
from sos_studio.ui.main_window import MainWindow


def darkest_and_lightest(icon: QIcon) -> tuple[int, int]:
    image = icon.pixmap(ICON).toImage()
    opaque = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    lightness = [color.lightness() for color in opaque if color.alpha() > 200]
    return min(lightness), max(lightness)


@pytest.mark.parametrize("choice", ["dark", "light", "contrast"])
def test_arrows_are_seen_against_the_theme(qapp: QApplication, window: MainWindow, choice: theme.Choice) -> None:
    colors = theme.apply(qapp, choice)
    dialog = file_dialog(window, "Open", QFileDialog.FileMode.Directory)
    around = QColor(colors.window).lightness()
    for name in ("backButton", "forwardButton", "toParentButton"):
        button = dialog.findChild(QToolButton, name)
        darkest, lightest = darkest_and_lightest(button.icon())
        assert max(abs(darkest - around), abs(lightest - around)) > 100, name
    dialog.reject()


def test_columns_are_as_wide_as_their_words(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "scan").write_bytes(bytes(2_000_000))
    dialog = file_dialog(window, "Open", QFileDialog.FileMode.ExistingFile)
    dialog.setDirectory(str(tmp_path))
    dialog.open()
    files = dialog.findChild(QTreeView, "treeView")
    qtbot.waitUntil(lambda: files.model().rowCount(files.rootIndex()) == 1)
    QApplication.processEvents()
    for column in range(1, 4):
        assert files.columnWidth(column) >= files.sizeHintForColumn(column), column
    assert files.columnWidth(0) > 200
    dialog.reject()


def test_a_scan_file_without_an_ending_is_listed_at_once(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "IM0001").write_bytes(b"DICM")
    window.files.open_scan_file()
    (dialog,) = window.findChildren(QFileDialog)
    dialog.setDirectory(str(tmp_path))
    files = dialog.findChild(QTreeView, "treeView")
    qtbot.waitUntil(lambda: files.model().rowCount(files.rootIndex()) == 1)
    assert any("*.dcm" in pattern for pattern in dialog.nameFilters()), "the endings can still be asked for"
    dialog.reject()
