"""`demo` by the contract."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Run


def test_series_are_written_when_asked_for(run: Run, tmp_path: Path) -> None:
    ran = run("demo", tmp_path / "demo", "--cases", "2", "--scans", "0", "--json")
    assert (ran.code, ran.json["cases"], ran.json["scans"]) == (0, 2, [])
    assert not (tmp_path / "demo" / "scans").exists()
    assert (tmp_path / "demo" / "phantom-truth.json").exists()
    assert run("demo", tmp_path / "other", "--scans", "-1").code == 2
