"""Excluding a case needs a reason that a paper can name."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from sos_studio.ui.exclusion import ExclusionDialog


@pytest.fixture
def dialog(qtbot: QtBot) -> ExclusionDialog:
    made = ExclusionDialog("case-0001", None)
    qtbot.addWidget(made)
    made.show()
    return made


def test_another_reason_needs_words_and_a_listed_one_does_not(dialog: ExclusionDialog, qtbot: QtBot) -> None:
    note = dialog.findChild(QLineEdit)
    assert note is not None
    assert not dialog.ok.isEnabled()
    qtbot.keyClick(dialog, Qt.Key.Key_2)
    assert dialog.ok.isEnabled()
    qtbot.keyClick(dialog, Qt.Key.Key_7)
    assert not dialog.ok.isEnabled()
    assert "which reason" in note.placeholderText()
    assert note.hasFocus() or dialog.focusWidget() is note
    note.setText("  ")
    assert not dialog.ok.isEnabled()
    note.setText("scan of a dry skull")
    assert dialog.ok.isEnabled()
    assert (dialog.reason, dialog.note) == ("other", "scan of a dry skull")
