"""Recent scans and projects: apart, the latest first, and what is gone is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from sos_studio.core.settings import Settings
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.recent import KEPT, RecentPlaces
from sos_studio.presenters.session import Session


@pytest.fixture
def recent() -> RecentPlaces:
    return RecentPlaces(Session(ImmediateBackground(), Settings()))


def names(recent: RecentPlaces, kind: str) -> list[str]:
    return [place.path.name for place in recent.places(kind)]


def test_scans_and_projects_are_kept_apart_the_latest_first(recent: RecentPlaces) -> None:
    for name, kind in (("a", "scan"), ("p", "project"), ("b", "scan"), ("a", "scan")):
        recent.remember(Path("/x") / name, kind)
    assert names(recent, "scan") == ["a", "b"]
    assert names(recent, "project") == ["p"]
    assert Settings.load().recent_scans == ("/x/a", "/x/b")


def test_a_folder_that_became_a_project_is_no_scan_any_more(recent: RecentPlaces) -> None:
    recent.remember(Path("/x/a"), "scan")
    recent.remember(Path("/x/a"), "project")
    assert (names(recent, "scan"), names(recent, "project")) == ([], ["a"])


def test_the_list_stays_short(recent: RecentPlaces) -> None:
    for n in range(KEPT + 3):
        recent.remember(Path(f"/x/{n}"), "scan")
    assert names(recent, "scan")[0] == f"{KEPT + 2}"
    assert len(names(recent, "scan")) == KEPT


def test_what_is_gone_is_found_out_and_what_is_back_too(recent: RecentPlaces, tmp_path: Path) -> None:
    told = []
    recent.changed.connect(lambda: told.append(True))
    (tmp_path / "there").mkdir()
    for name in ("gone", "there"):
        recent.remember(tmp_path / name, "scan")
    recent.check()
    assert [(place.path.name, place.missing) for place in recent.places("scan")] == [("there", False), ("gone", True)]
    assert recent.folder_of_last("scan") == tmp_path
    (tmp_path / "gone").mkdir()
    recent.check()
    recent.check()
    assert not any(place.missing for place in recent.places("scan"))
    assert told == [True, True]


def test_clearing_forgets_both_lists_and_deletes_nothing(recent: RecentPlaces, tmp_path: Path) -> None:
    recent.remember(tmp_path, "scan")
    recent.remember(tmp_path / "p", "project")
    recent.clear()
    assert (recent.places("scan"), recent.places("project")) == ((), ())
    assert Settings.load().recent_scans == ()
    assert tmp_path.is_dir()
    assert recent.folder_of_last("scan") is None
