"""Dialogs: they refuse what makes no sense and hide nothing."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from sos_studio.ui.dialogs import AboutDialog, EvaluatorDialog


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
