"""Copies of the database that are kept in `backups/` without being asked for: one per day of work, each with its hash in its name.

They are what a damaged database is brought back from (`recovery`), and what an undamaged one is compared with: rows of tables that only
grow must be in it exactly as they are in every copy (`changed_rows`). SQLite itself does not notice a byte that changed within a row.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sos_studio.dataset import upgrade
from sos_studio.dataset.faults import ILLEGIBLE

log = logging.getLogger(__name__)

KEPT_DAYS = 7
_DAILY = "daily-"
# Tables whose rows never change once they are written (triggers), in an order in which rows can be put back. Those of `project`,
# `cases` and `patient_codes` may change.
GROWING = (
    "captures",
    "rois",
    "readings",
    "exclusions",
    "in_use",
    "folds",
    "manifests",
    "predictions",
    "consensus_rules",
    "events",
)


@dataclass(frozen=True)
class ChangedRow:
    """A row that is not as a copy has it, or is gone."""

    table: str
    number: int
    case_id: str | None
    missing: bool


def keep(directory: Path) -> Path | None:
    """Keep today's copy of a project's database, replacing an earlier one of today; a database that is damaged replaces nothing.

    Returns
    -------
    The copy; None if none could be made (which is logged, because nobody asked for it).
    """
    backups = directory / upgrade.BACKUPS_DIR
    temporary = backups / f".{_DAILY}{os.getpid()}.tmp"
    try:
        backups.mkdir(exist_ok=True)
        upgrade.copy_database(directory / upgrade.DATABASE_FILE, temporary)
        if not is_sound(temporary):
            log.info("the database is damaged: no copy of it was kept")
            return None
        target = backups / f"{_DAILY}{datetime.now(UTC):%Y%m%d}-{_digest(temporary)}.sqlite"
        upgrade.into_place(temporary, target)
    except (OSError, sqlite3.Error) as error:
        log.info("no copy of the database was kept: %s", type(error).__name__)
        return None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    _drop_old(backups, target)
    return target


def forget(directory: Path) -> None:
    """Remove the copies of every day: what was taken out of a project for good must not go on in them."""
    for path in _daily(directory / upgrade.BACKUPS_DIR):
        with contextlib.suppress(OSError):
            path.unlink()


def copies(directory: Path) -> list[Path]:
    """All copies of a project's database that can be trusted, the newest last.

    Those of every day must have the hash they had; those of upgrades must be sound.
    """
    backups = directory / upgrade.BACKUPS_DIR
    found = [path for path in backups.glob("*.sqlite") if not path.name.startswith(".")] if backups.is_dir() else []
    trusted = [path for path in found if _trusted(path)]
    # By what they hold, not by the clock, which may have gone backwards.
    return sorted(trusted, key=lambda path: (_rows(path), path.name))


def changed_rows(database: Path, copy: Path) -> Iterator[ChangedRow]:
    """Rows of the copy that the database has not, or has differently; both have today's schema or an older one.

    Raises
    ------
    sqlite3.Error
        As SQLite says of a damaged database.
    """
    now, then = _open(database), _open(copy)
    try:
        for table in GROWING:
            columns = _columns(then, table)
            if not columns or not set(columns) <= set(_columns(now, table)):
                continue
            names = ", ".join(columns)
            has_case = "case_id" in columns
            query = f"SELECT rowid, {names} FROM {table} ORDER BY rowid"
            known = {row[0]: row[1:] for row in now.execute(query)}
            for row in then.execute(query):
                if known.get(row[0]) != row[1:]:
                    case_id = row[1 + columns.index("case_id")] if has_case else None
                    yield ChangedRow(table, row[0], case_id, row[0] not in known)
    finally:
        now.close()
        then.close()


def is_sound(database: Path) -> bool:
    """Whether SQLite finds nothing wrong with a database file."""
    try:
        connection = _open(database)
        try:
            return bool(connection.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok")
        finally:
            connection.close()
    except ILLEGIBLE:
        return False


def _open(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=10.0)


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def _daily(backups: Path) -> list[Path]:
    return sorted(backups.glob(f"{_DAILY}*.sqlite")) if backups.is_dir() else []


def _drop_old(backups: Path, newest: Path) -> None:
    days: dict[str, list[Path]] = {}
    for path in _daily(backups):
        days.setdefault(path.name[len(_DAILY) :][:8], []).append(path)
    today = newest.name[len(_DAILY) :][:8]
    others = sorted(day for day in days if day != today)
    gone = [path for day in others[: max(0, len(others) - (KEPT_DAYS - 1))] for path in days[day]]
    for path in [*gone, *(path for path in days.get(today, []) if path != newest)]:
        with contextlib.suppress(OSError):
            path.unlink()


def _trusted(path: Path) -> bool:
    try:
        if path.name.startswith(_DAILY):
            return path.stem.rpartition("-")[2] == _digest(path)
        return is_sound(path)
    except OSError:
        return False


def _rows(path: Path) -> int:
    connection = _open(path)
    try:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return sum(connection.execute(f"SELECT coalesce(max(rowid), 0) FROM {t}").fetchone()[0] for t in GROWING if t in tables)
    finally:
        connection.close()


def _digest(path: Path) -> str:
    """As much of the SHA-256 as stands in a copy's name."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
