"""Where a repair puts what it can't use: `set-aside/<when>/…` in the project, under the same names. Nothing is ever deleted."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from sos_studio.core import atomic

SET_ASIDE_DIR = "set-aside"


class SetAside:
    """The room of one repair; made when the first thing is put there."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        stem = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        n = 1
        while (room := directory / SET_ASIDE_DIR / (stem if n == 1 else f"{stem}-{n}")).exists():
            n += 1
        self.room = room

    def move(self, path: Path) -> Path:
        """Move a file or folder of the project there."""
        target = self._place_for(path)
        atomic.rename(path, target)
        return target

    def copy(self, path: Path) -> Path:
        """Put a copy of a file there, synced, and leave the file."""
        target = self._place_for(path)
        shutil.copyfile(path, target)
        descriptor = os.open(target, os.O_RDWR | getattr(os, "O_BINARY", 0))
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return target

    def _place_for(self, path: Path) -> Path:
        target = self.room / path.relative_to(self._directory)
        target.parent.mkdir(parents=True, exist_ok=True)
        n = 1
        while target.exists():
            n += 1
            target = target.with_name(f"{path.name}.{n}")
        return target
