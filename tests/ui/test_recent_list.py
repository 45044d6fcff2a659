"""The empty page lists what was opened last."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sos_studio.presenters.opening import Opener
from sos_studio.presenters.session import Session
from sos_studio.ui import theme
from sos_studio.ui.main_window import MainWindow
from sos_studio.ui.recent_list import RecentList


@pytest.fixture
def opener(immediate_session: Session) -> Opener:
    return Opener(immediate_session)


def shown(immediate_session: Session, opener: Opener, qtbot: QtBot) -> RecentList:
    made = RecentList(immediate_session, opener)
    qtbot.addWidget(made)
    made.show()
    return made


def test_projects_and_scans_of_last_time_are_listed_and_what_is_gone_is_grey(
    immediate_session: Session, opener: Opener, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "A & B").mkdir()
    for n in range(6):
        opener.recent.remember(tmp_path / f"gone {n}", "scan")
    opener.recent.remember(tmp_path / "A & B", "scan")
    opener.recent.remember(tmp_path, "project")
    found = shown(immediate_session, opener, qtbot)
    assert [button.text().split("   ")[0] for button in found.buttons] == [
        f"Project · {tmp_path.name}",
        "Scan · A && B",
        "Scan · gone 5",
        "Scan · gone 4",
        "Scan · gone 3",
    ]
    assert [button.isEnabled() for button in found.buttons] == [True, True, False, False, False]
    assert "(not there)" in found.buttons[2].text()


def test_an_entry_is_opened_by_a_click_or_by_enter(
    immediate_session: Session, opener: Opener, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    monkeypatch.setattr(opener, "open_path", opened.append)
    opener.recent.remember(tmp_path, "project")
    (button,) = shown(immediate_session, opener, qtbot).buttons
    button.click()
    assert button.focusPolicy() & Qt.FocusPolicy.TabFocus
    qtbot.keyClick(button, Qt.Key.Key_Return)
    assert opened == [tmp_path, tmp_path]


def test_no_folder_is_named_in_a_screenshot(
    immediate_session: Session, opener: Opener, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOS_STUDIO_SCREENSHOTS", "1")
    opener.recent.remember(tmp_path / "Smith", "scan")
    opener.recent.remember(tmp_path, "project")
    found = shown(immediate_session, opener, qtbot)
    assert [button.text() for button in found.buttons] == ["Project 1", "Scan 1 (not there)"]
    assert not any(name in button.toolTip() for button in found.buttons for name in ("Smith", tmp_path.name))


def test_the_window_shows_it_on_a_fresh_start_only(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    found = window.findChild(RecentList)
    assert found is not None
    assert found.buttons == []
    window.opener.recent.remember(tmp_path, "project")
    (button,) = found.buttons
    qtbot.waitUntil(button.isVisible)
    window.session.set_case("case-0001")
    assert not found.isVisible()
    window.session.set_case(None)
    assert found.isVisible()


@pytest.mark.parametrize("choice", ["dark", "light", "contrast"])
def test_the_name_of_one_that_has_the_keys_is_not_cut(
    qapp: QApplication, immediate_session: Session, opener: Opener, tmp_path: Path, qtbot: QtBot, *, choice: theme.Choice
) -> None:
    theme.apply(qapp, choice)
    opener.recent.remember(tmp_path, "scan")
    found = shown(immediate_session, opener, qtbot)
    (button,) = found.buttons
    with qtbot.waitActive(found):
        found.activateWindow()
    button.setFocus()
    assert button.hasFocus()
    assert button.width() >= button.sizeHint().width(), "as wide as it has to be with the looks of one that has the keys"


def test_the_folder_beside_a_name_is_said_to_be_one(
    immediate_session: Session, opener: Opener, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    (tmp_path / "study").mkdir()
    opener.recent.remember(tmp_path / "study", "project")
    (button,) = shown(immediate_session, opener, qtbot).buttons
    assert button.text() == "Project · study   in home folder"
