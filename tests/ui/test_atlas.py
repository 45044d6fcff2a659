"""The reference atlas: one key away, turned by keys, beside the present crop, and honest about its examples."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from sos_studio.core.actions import Action
from sos_studio.core.resources import resource
from sos_studio.dataset.project import Project
from sos_studio.ui import hints
from sos_studio.ui.atlas import AtlasDialog
from sos_studio.ui.main_window import MainWindow
from tests.presenters.kit import open_case


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


def test_it_opens_at_the_stage_that_was_read_and_follows_the_next_case(window: MainWindow, project: Project, qtbot: QtBot) -> None:
    session = window.session
    session.set_project(project)
    open_case(session, "case-0001")
    window.stage.presenter.choose(4)
    qtbot.waitUntil(lambda: window.stage.presenter.state.phase == "saved")
    window.keymap.trigger(Action.ATLAS)
    (atlas,) = window.findChildren(AtlasDialog)
    assert atlas.pages.currentIndex() == 3
    window.keymap.trigger(Action.ATLAS)
    open_case(session, "case-0002")
    window.keymap.trigger(Action.ATLAS)
    assert atlas.pages.currentIndex() == 0, "nothing was read there"
    window.keymap.trigger(Action.ATLAS)


def test_it_grows_with_the_window_and_its_pictures_with_it(window: MainWindow, qtbot: QtBot) -> None:
    window.resize(1920, 1080)
    window.keymap.trigger(Action.ATLAS)
    (atlas,) = window.findChildren(AtlasDialog)
    qtbot.waitExposed(atlas)
    assert atlas.width() >= 0.7 * 1920
    picture = atlas.pages.currentWidget().findChildren(QWidget)[-1]
    before = picture.width()
    assert before > 300
    atlas.resize(atlas.width() + 200, atlas.height())
    qtbot.waitUntil(lambda: picture.width() > before)
    window.keymap.trigger(Action.ATLAS)


def test_stage_names_its_key() -> None:
    assert "L atlas" in hints.step_hint("stage")


def test_its_pictures_are_all_there_and_small() -> None:
    sizes = [len(resource("atlas", f"stage-{stage}-{n}.png").read_bytes()) for stage in range(1, 6) for n in range(1, 4)]
    assert all(sizes)
    assert sum(sizes) <= 600 * 1024
