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


class _Holder:
    """Another program that holds the target the first `times` times, as Windows says it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, times: int, winerror: int = 32) -> None:
        self.asked, self.waited = 0, 0.0
        moved = {name: getattr(Path, name) for name in ("replace", "rename")}

        def held(name: str, source: Path, target: Path) -> Path:
            self.asked += 1
            if self.asked <= times:
                error = PermissionError(13, "The process cannot access the file")
                error.winerror = winerror  # type: ignore[attr-defined]
                raise error
            result: Path = moved[name](source, target)
            return result

        def sleep(seconds: float) -> None:
            self.waited += seconds

        monkeypatch.setattr(Path, "replace", lambda source, target: held("replace", source, target))
        monkeypatch.setattr(Path, "rename", lambda source, target: held("rename", source, target))
        monkeypatch.setattr(atomic.time, "sleep", sleep)
        monkeypatch.setattr(atomic.time, "monotonic", lambda: self.waited)


@pytest.mark.parametrize("winerror", [5, 32, 33])
def test_a_file_that_is_held_for_a_moment_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, winerror: int) -> None:
    target = tmp_path / "a.txt"
    atomic.write_text(target, "old")
    holder = _Holder(monkeypatch, 6, winerror)
    atomic.write_text(target, "new")
    assert (target.read_text(), holder.asked) == ("new", 7)
    assert 0 < holder.waited < atomic.HELD_FOR_S
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_file_that_is_held_on_and_on_is_given_up_after_two_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.txt"
    atomic.write_text(target, "old")
    holder = _Holder(monkeypatch, 10**6)
    with pytest.raises(atomic.HeldError) as caught:
        atomic.write_text(target, "new")
    assert caught.value.filename == "a.txt"
    assert 1.5 < holder.waited <= atomic.HELD_FOR_S
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_that_is_held_gets_its_name_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".new").mkdir()
    holder = _Holder(monkeypatch, 3)
    atomic.rename(tmp_path / ".new", tmp_path / "new")
    assert (tmp_path / "new").is_dir()
    assert holder.asked == 4


def test_what_is_not_allowed_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(source: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refused)
    monkeypatch.setattr(atomic.time, "sleep", lambda _: pytest.fail("nobody holds it"))
    with pytest.raises(PermissionError, match="Permission denied"):
        atomic.write_text(tmp_path / "a.txt", "new")
