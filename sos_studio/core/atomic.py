"""Files that are either whole or not there: temporary → fsync → replace."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file so that a crash at any moment leaves the old file or the new one, and the new one survives a power cut.

    Raises
    ------
    OSError
        As the system says (disk full, read-only …); the temporary file is removed and the old file is untouched.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
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
