"""Scans as they come when something went wrong on the way, for the pictures of what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path


def without_a_slice(scan: Path, folder: Path) -> None:
    """A copy of a series, as if one file had been lost on the way."""
    shutil.copytree(scan, folder)
    files = sorted(folder.iterdir())
    files[len(files) // 2].unlink()


def cut_off(scan: Path, folder: Path) -> None:
    """A copy whose last file ends too early, as if the disc had been full."""
    shutil.copytree(scan, folder)
    last = max(folder.iterdir())
    last.write_bytes(last.read_bytes()[:-1000])


def reports_only(_scan: Path, folder: Path) -> None:
    """A folder beside the one that was meant."""
    folder.mkdir()
    for name in ("report.pdf", "viewer.exe", "readme.txt"):
        (folder / name).write_bytes(b"not an image")
