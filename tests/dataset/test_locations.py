from __future__ import annotations

from pathlib import Path

from sos_studio.core.settings import user_data_dir
from sos_studio.dataset import locations


def test_a_scan_is_found_where_it_was_opened_last(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        locations.remember("a" * 64, tmp_path / name, "1.2.3")
    locations.remember("b" * 64, tmp_path / "old")
    assert locations.find("a" * 64) == locations.ScanLocation(tmp_path / "new", locations.key_of("1.2.3"))
    assert locations.find("b" * 64) == locations.ScanLocation(tmp_path / "old", None)
    assert locations.find("c" * 64) is None


def test_a_scan_that_was_moved_away_is_not_promised(tmp_path: Path) -> None:
    locations.remember("a" * 64, tmp_path / "gone")
    assert locations.find("a" * 64) is None


def test_a_broken_list_is_started_anew(tmp_path: Path) -> None:
    locations.remember("a" * 64, tmp_path)
    for broken in ("{", "[]", '{"scans": 3}', '{"scans": {"' + "a" * 64 + '": 5}}'):
        (user_data_dir() / locations.LOCATIONS_FILE).write_text(broken)
        assert locations.find("a" * 64) is None
    locations.remember("a" * 64, tmp_path)
    assert locations.find("a" * 64) is not None
