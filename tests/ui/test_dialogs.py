"""Dialogs: they refuse what makes no sense and hide nothing."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QDialog, QLabel
from pytestqt.qtbot import QtBot

from sos_studio.ui.dialogs import AboutDialog, EvaluatorDialog, take_room


def test_an_evaluator_needs_a_name(qtbot: QtBot) -> None:
    dialog = EvaluatorDialog("")
    qtbot.addWidget(dialog)
    assert not dialog._ok.isEnabled()
    qtbot.keyClicks(dialog._name, "  Dr A ")
    assert dialog._ok.isEnabled()
    assert dialog.name == "Dr A"


def test_about_says_what_it_is_not(qtbot: QtBot) -> None:
    dialog = AboutDialog()
    qtbot.addWidget(dialog)
    assert any("not a medical device" in label.text() for label in dialog.findChildren(QLabel))


def test_a_dialog_with_pictures_uses_a_large_screen_and_fits_a_small_one(qtbot: QtBot) -> None:
    dialog = QDialog()
    qtbot.addWidget(dialog)
    screen = dialog.screen().availableGeometry().size()
    take_room(dialog, QSize(10, 10))
    assert abs(dialog.width() - 0.85 * screen.width()) <= 1
    take_room(dialog, 2 * screen)
    assert dialog.width() < screen.width()
    assert dialog.height() < screen.height()
