from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sos_studio.imaging import read_ahead
from sos_studio.imaging.read_ahead import FEWEST, THREADS, beginnings_ahead


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number:03}" for number in range(2 * FEWEST)]
    for path in paths:
        path.write_bytes(bytes(100))
    return paths


def fetching() -> bool:
    return any(thread.name.startswith("ahead") for thread in threading.enumerate())


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files that were asked for, by whichever thread."""
    asked: list[Path] = []
    ask = read_ahead._begun

    def noted(path: Path, size: int) -> None:
        asked.append(path)
        ask(path, size)

    monkeypatch.setattr(read_ahead, "_begun", noted)
    return asked


def test_files_on_a_slow_disk_are_fetched_besides_the_reader(files: list[Path], begun: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_ahead, "SLOW_S", -1.0)
    everything = threading.Event()
    ask = read_ahead._begun

    def noted(path: Path, size: int) -> None:
        ask(path, size)
        if set(files[THREADS:]) <= set(begun):
            everything.set()

    monkeypatch.setattr(read_ahead, "_begun", noted)
    with beginnings_ahead(files, 64):
        assert everything.wait(30)


def test_files_that_the_system_holds_are_left_to_their_reader(
    files: list[Path], begun: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_ahead, "SLOW_S", 1e9)
    with beginnings_ahead(files, 64):
        assert len(begun) < FEWEST
        assert not fetching()


def test_a_few_files_are_not_even_tried(files: list[Path], begun: list[Path]) -> None:
    with beginnings_ahead(files[: FEWEST - 1], 64):
        assert begun == []


def test_fetching_ends_with_its_reader_also_when_that_fails(files: list[Path], begun: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_ahead, "SLOW_S", -1.0)
    with pytest.raises(ZeroDivisionError), beginnings_ahead(files, 64):
        raise ZeroDivisionError
    assert not fetching()


def test_what_cannot_be_read_is_left_to_the_reader_to_name(files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_ahead, "SLOW_S", -1.0)
    odd = [tmp_path / "gone", tmp_path, Path("a\0b")]
    with beginnings_ahead([*odd, *files, *odd], 64):
        pass
