"""Dialogs: they refuse what makes no sense and hide nothing."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from sos_studio.core.scans import Problem, SeriesInfo
from sos_studio.ui.dialogs import AboutDialog, EvaluatorDialog, SeriesDialog, ShortcutsDialog


def test_an_evaluator_needs_a_name(qtbot: QtBot) -> None:
    dialog = EvaluatorDialog("")
    qtbot.addWidget(dialog)
    assert not dialog._ok.isEnabled()
    qtbot.keyClicks(dialog._name, "  Dr A ")
    assert dialog._ok.isEnabled()
    assert dialog.name == "Dr A"


def test_the_largest_loadable_series_is_offered_first_and_others_say_why_not(qtbot: QtBot) -> None:
    series = [
        SeriesInfo("scout", "CT", False, (2, 512, 512), problems=(Problem("scan.too_few_slices", "error", {"slices": 2}),)),
        SeriesInfo("small", "CT", True, (40, 256, 256), (2.0, 0.5, 0.5)),
        SeriesInfo("head", "CT", True, (400, 512, 512), (0.3, 0.3, 0.3)),
    ]
    dialog = SeriesDialog(series)
    qtbot.addWidget(dialog)
    assert dialog.uid == "head"
    table = dialog._table
    assert table.item(0, 1).text() == "400 × 512 × 512"
    assert table.item(2, 3).text() != ""
    assert not table.item(2, 0).flags() & Qt.ItemFlag.ItemIsEnabled
    table.clearSelection()
    assert not dialog._open.isEnabled()


def test_the_cheat_sheet_names_keys_and_mouse(qtbot: QtBot) -> None:
    dialog = ShortcutsDialog()
    qtbot.addWidget(dialog)
    texts = {label.text() for label in dialog.findChildren(QLabel)}
    assert {"Capture midsagittal slice", "Ctrl+Return", "Drag the ring at a line's end"} <= texts


def test_about_says_what_it_is_not(qtbot: QtBot) -> None:
    dialog = AboutDialog()
    qtbot.addWidget(dialog)
    assert any("not a medical device" in label.text() for label in dialog.findChildren(QLabel))
