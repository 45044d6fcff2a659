from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from sos_studio.dataset import export_stream
from sos_studio.dataset.export_stream import FileStream


def test_all_that_was_put_is_on_the_disk_once_settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    original = os.fsync

    def counted(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_size)
        original(descriptor)

    monkeypatch.setattr(os, "fsync", counted)
    stream = FileStream()
    for n in range(50):
        stream.put(tmp_path / str(n), bytes([n]) * (n + 1))
    (tmp_path.parent / "written").write_bytes(b"x" * 77)
    stream.sync(tmp_path.parent / "written")
    stream.settle()
    assert sorted(synced) == [*range(1, 51), 77]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {str(n): bytes([n]) * (n + 1) for n in range(50)}
    stream.close()


def test_a_refusal_of_the_disk_is_raised_and_no_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"before")
    stream = FileStream()
    stream.put(tmp_path / "there", b"after")
    with pytest.raises(FileExistsError):
        stream.settle()
    stream.close()
    assert (tmp_path / "there").read_bytes() == b"before"


def test_no_more_than_a_few_files_wait_for_a_slow_disk_and_a_stop_lets_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    monkeypatch.setattr(export_stream, "_write", lambda path, content: (go_on.wait(10), path.write_bytes(content)))
    monkeypatch.setattr(export_stream, "_AHEAD", 6)
    stream = FileStream()
    for n in range(6):
        stream.put(tmp_path / str(n), b"x")  # taken at once
    disk = threading.Timer(0.1, go_on.set)
    disk.start()
    stream.put(tmp_path / "next", b"x")
    assert go_on.is_set(), "the next waits for one of them"
    stream.close()
    disk.join()
    assert len(list(tmp_path.iterdir())) <= 7
