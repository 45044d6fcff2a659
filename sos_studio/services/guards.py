"""Mutual exclusion between processes of one user, with nothing but an exclusively created file."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

STALE_S = 10.0


@contextlib.contextmanager
def guard(directory: Path, name: str) -> Iterator[None]:
    """Only one process at a time is inside; one that died inside is not waited for longer than `STALE_S`."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    until = time.monotonic() + STALE_S
    while True:
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            break
        except FileExistsError:
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > STALE_S or time.monotonic() > until:
                    path.unlink()
            time.sleep(0.02)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
