from __future__ import annotations

import os
from pathlib import Path

import pytest

from sos_studio.core import atomic


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "ö.json"
    atomic.write_json(target, {"a": 1})
    atomic.write_json(target, {"b": "ü"})
    assert target.read_text(encoding="utf-8") == '{\n "b": "ü"\n}\n'
    assert [p.name for p in tmp_path.iterdir()] == [target.name]


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.txt"
    atomic.write_text(target, "old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        atomic.write_text(target, "new")
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_numbers_that_other_readers_refuse_are_refused_here(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        atomic.write_json(tmp_path / "a.json", {"a": float("nan")})
    assert not list(tmp_path.iterdir())
