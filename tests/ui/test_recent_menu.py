"""File ▸ Open recent."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from sos_studio.presenters.opening import Opener
from sos_studio.presenters.session import Session
from sos_studio.ui.recent_menu import RecentMenu, shortened


@pytest.fixture
def opener(immediate_session: Session) -> Opener:
    return Opener(immediate_session)


@pytest.fixture
def menu(opener: Opener, qtbot: QtBot) -> RecentMenu:
    made = RecentMenu(opener)
    qtbot.addWidget(made)
    return made


def entries(menu: RecentMenu) -> list[tuple[str, bool]]:
    menu.aboutToShow.emit()
    return [(action.text().strip(), action.isEnabled()) for action in menu.actions() if not action.isSeparator()]


def test_nothing_was_opened_yet(menu: RecentMenu) -> None:
    assert entries(menu) == [("Nothing was opened yet", False)]


def test_scans_and_projects_stand_apart_and_what_is_gone_is_grey(menu: RecentMenu, opener: Opener, tmp_path: Path) -> None:
    (tmp_path / "A & B").mkdir()
    opener.recent.remember(tmp_path / "gone", "scan")
    opener.recent.remember(tmp_path / "A & B", "scan")
    opener.recent.remember(tmp_path, "project")
    found = entries(menu)
    assert [text.split("   ")[0] for text, _ in found] == ["Scans", "A && B", "gone", "Projects", tmp_path.name, "&Clear list"]
    assert [enabled for _, enabled in found] == [False, True, False, False, True, True]
    assert "(not there)" in found[2][0]


def test_an_entry_is_opened_and_the_list_cleared(menu: RecentMenu, opener: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    monkeypatch.setattr(opener, "open_path", opened.append)
    opener.recent.remember(tmp_path, "scan")
    entries(menu)
    menu.actions()[1].trigger()
    assert opened == [tmp_path]
    menu.actions()[-1].trigger()
    assert entries(menu) == [("Nothing was opened yet", False)]


def test_no_folder_is_named_in_a_screenshot(menu: RecentMenu, opener: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOS_STUDIO_SCREENSHOTS", "1")
    opener.recent.remember(tmp_path, "scan")
    assert [text for text, _ in entries(menu)] == ["Scans", "Scan 1", "&Clear list"]
    assert not any(tmp_path.name in action.toolTip() for action in menu.actions())


@pytest.mark.parametrize(
    ("folder", "short"),
    [
        (Path.home() / "scans", "home folder/scans"),
        (Path.home() / "a" / "b" / "c" / "d", "…/c/d"),
        (Path("/mnt/server/radiology/2024"), "…/radiology/2024"),
        (Path("/mnt"), "/mnt"),
    ],
)
def test_paths_are_shortened_from_the_left(folder: Path, short: str) -> None:
    assert shortened(folder) == str(Path(short))
