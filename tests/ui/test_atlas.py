"""The reference atlas: one key away, turned by keys, beside the present crop, and honest about its examples."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from sos_studio.core.actions import Action
from sos_studio.core.resources import resource
from sos_studio.ui.atlas import AtlasDialog
from sos_studio.ui.main_window import MainWindow


def test_one_key_opens_it_and_digits_turn_its_pages(window: MainWindow, qtbot: QtBot) -> None:
    window.keymap.trigger(Action.ATLAS)
    (atlas,) = window.findChildren(AtlasDialog)
    qtbot.waitExposed(atlas)
    assert not atlas.isModal()
    QTest.keyClick(atlas.pages.tabBar(), Qt.Key.Key_4)
    assert atlas.pages.currentIndex() == 3
    assert any("synthetic" in label.text() for label in atlas.findChildren(QLabel))
    window.keymap.trigger(Action.ATLAS)
    assert not atlas.isVisible()


def test_its_pictures_are_all_there_and_small() -> None:
    sizes = [len(resource("atlas", f"stage-{stage}-{n}.png").read_bytes()) for stage in range(1, 6) for n in range(1, 4)]
    assert all(sizes)
    assert sum(sizes) <= 600 * 1024
