"""A checksum of the database as it was left, beside it: SQLite does not notice a byte that changed within a row while nobody looked.

It counts only for the very state that it was made of: SQLite's own change counter tells. Whatever wrote since, another program too, makes
it worthless, and so does a crash; then nothing is claimed.
"""

from __future__ import annotations

import contextlib
import json
import zlib
from pathlib import Path

from sos_studio.core import atomic
from sos_studio.core.errors import ProjectError

SEAL_FILE = "project.seal"
_COPY = "copy"
_COUNTER = slice(24, 28)  # of the header, see sqlite.org/fileformat2.html
_AT_ONCE = 1 << 22


def put(database: Path, copy: str = "") -> None:
    """Seal a database that nobody has open any more; without a seal there is only less to compare.

    Parameters
    ----------
    copy
        Name of a copy of this very state (`copies`), from which all of it can be brought back; empty if there is none.
    """
    with contextlib.suppress(OSError):
        atomic.write_json(_seal_of(database), {**_state(database), _COPY: copy})


def take_off(database: Path) -> None:
    """Another file takes the database's place."""
    with contextlib.suppress(OSError):
        _seal_of(database).unlink()


def require_unbroken(database: Path) -> None:
    """Raise ``project.damaged`` if bytes changed since the database was left and no program wrote; read before it is opened.

    Raises
    ------
    ProjectError
        ``project.damaged``.
    OSError
        If the database can't be read.
    """
    if is_broken(database):
        raise ProjectError("project.damaged", project=database.parent.name)


def is_broken(database: Path) -> bool:
    """Whether bytes changed since the database was left and no program wrote; `OSError` if it can't be read."""
    wanted = _sealed(database)
    if wanted is None or database.with_name(database.name + "-journal").exists():
        return False  # nothing is claimed, or a write was interrupted
    with open(database, "rb") as stream:
        counter = int.from_bytes(stream.read(32)[_COUNTER], "big")
    return (database.stat().st_size, counter) == (wanted["size"], wanted["counter"]) and _state(database) != wanted


def copy_of_sealed(database: Path) -> str:
    """Name of the copy that was made of the very state that was sealed; empty if there is none, or no seal."""
    try:
        return str(json.loads(_seal_of(database).read_bytes())[_COPY])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _sealed(database: Path) -> dict[str, int] | None:
    """The state that was sealed; None without a seal that can be read."""
    try:
        sealed = json.loads(_seal_of(database).read_bytes())
        return {name: int(sealed[name]) for name in ("size", "counter", "crc32")}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _seal_of(database: Path) -> Path:
    return database.with_name(SEAL_FILE)


def _state(database: Path) -> dict[str, int]:
    size = checksum = counter = 0
    with open(database, "rb") as stream:
        while part := stream.read(_AT_ONCE):
            if not size:
                counter = int.from_bytes(part[_COUNTER], "big")
            size += len(part)
            checksum = zlib.crc32(part, checksum)
    return {"size": size, "counter": counter, "crc32": checksum}
