"""Files that are either whole or not there: temporary → fsync → replace."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

# Sync programs and virus scanners open a file for a moment; on Windows nobody else can rename or replace it meanwhile.
HELD_FOR_S = 2.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.01, 0.25
# ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION
_HELD_ON_WINDOWS = frozenset({5, 32, 33})


class HeldError(PermissionError):
    """Another program has held a file for longer than is worth waiting for."""


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file so that a crash at any moment leaves the old file or the new one, and the new one survives a power cut.

    Raises
    ------
    OSError
        As the system says (disk full, read-only …; `HeldError`); the temporary file is removed and the old file is untouched.
    """
    write_pieces(path, (data,))


def write_pieces(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
    """`write_bytes` with one piece after the other, so that nobody needs the memory for all of them at once."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as stream:
            for piece in pieces:
                stream.write(piece)
            stream.flush()
            os.fsync(stream.fileno())
        replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_directory(path.parent)


def write_text(path: Path, text: str) -> None:
    """`write_bytes` with UTF-8 text."""
    write_bytes(path, text.encode("utf-8"))


def json_bytes(content: Mapping[str, Any]) -> bytes:
    """Readable JSON, always the same bytes for the same content; NaN is refused because no other reader takes it."""
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """`write_bytes` with `json_bytes`."""
    write_bytes(path, json_bytes(content))


def replace(source: Path, target: Path) -> None:
    """Put a finished file into another's place in one step, waiting up to `HELD_FOR_S` where another program holds either.

    Raises
    ------
    HeldError
        If it was held all the time.
    OSError
        As the system says.
    """
    _patiently(lambda: source.replace(target), target)


def rename(source: Path, target: Path) -> None:
    """Give a finished file or folder its name, which nothing has yet; waits and raises as `replace`."""
    _patiently(lambda: source.rename(target), target)


def _patiently(move: Callable[[], object], target: Path) -> None:
    until, wait = time.monotonic() + HELD_FOR_S, _FIRST_WAIT_S
    while True:
        try:
            move()
        except OSError as error:
            if getattr(error, "winerror", None) not in _HELD_ON_WINDOWS and error.errno != errno.EBUSY:
                raise
            if time.monotonic() + wait > until:
                raise HeldError(errno.EACCES, "held by another program", target.name) from error
        else:
            return
        time.sleep(wait)
        wait = min(2 * wait, _LONGEST_WAIT_S)


def sync_directory(directory: Path) -> None:
    """Make a rename durable; Windows can't open directories and does not need it."""
    if os.name == "nt":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems refuse fsync on directories
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
