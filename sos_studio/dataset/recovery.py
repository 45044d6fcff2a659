"""The way back from a damaged database: the newest copy that can be trusted, and every newer row that can still be read.

The work is done on a copy that replaces the database in one rename; the damaged file is set aside before. Pictures are not touched; what
of them the recovered database does not know is told and taken in by `repair`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sos_studio.core.errors import ProjectError
from sos_studio.dataset import copies, seal, upgrade
from sos_studio.dataset.faults import ILLEGIBLE, translated
from sos_studio.dataset.lock import ProjectLock
from sos_studio.dataset.set_aside import SetAside

# Rows that can't be read one after another before a table is given up.
_GIVE_UP_AFTER = 5000
_MUTABLE = ("project", "cases", "patient_codes")
_HIGHEST_STAGE = 9


@dataclass(frozen=True)
class Recovered:
    """What became of a damaged database.

    Attributes
    ----------
    copy
        Name of the copy that it was brought back from; empty if only its indexes had to be made again, and nothing was lost.
    saved
        Rows newer than the copy that could be read, by table.
    unreadable
        Rows newer than the copy that could not be read or made no sense, as far as they are known.
    certain
        Whether `unreadable` is all; False if a table was so badly damaged that nobody can tell how many rows it had, or if bytes changed
        and there is no copy to tell which.
    set_aside
        The damaged file, below the project folder.
    """

    copy: str
    saved: dict[str, int] = field(default_factory=dict)
    unreadable: int = 0
    set_aside: str = ""
    certain: bool = True


def is_damaged(directory: Path) -> bool:
    """Whether a project's database is not sound, or bytes of it changed by themselves since it was left, or rows since the newest copy."""
    database = directory / upgrade.DATABASE_FILE
    with translated(directory):
        if seal.is_broken(database):
            return True
    if not copies.is_sound(database):
        return True
    trusted = copies.copies(directory)
    try:
        return bool(trusted) and any(True for _ in copies.changed_rows(database, trusted[-1]))
    except ILLEGIBLE:
        return True


def recover(directory: Path) -> Recovered:
    """Make a project's database sound again; nobody else may have it open.

    Raises
    ------
    ProjectError
        ``repair.no_copy`` if there is no copy that can be trusted; ``project.locked``, ``project.not_found``, ``project.disk_full`` and
        other refusals. The project is then as it was.
    """
    directory = Path(directory).absolute()
    database = directory / upgrade.DATABASE_FILE
    if not database.is_file():
        raise ProjectError("project.not_found", project=directory.name)
    with translated(directory):
        lock = ProjectLock(directory)
        try:
            return _recover(directory, database)
        finally:
            lock.release()


def _recover(directory: Path, database: Path) -> Recovered:
    working = database.with_name(f".{database.name}.{os.getpid()}.tmp")
    room = SetAside(directory)
    try:
        trusted = copies.copies(directory)
        result = _of_that_state(database, working, trusted) or _with_new_indexes(database, working, trusted)
        if result is None:
            if not trusted:
                raise ProjectError("repair.no_copy", project=directory.name)
            result = _from_copy(database, working, trusted[-1])
        kept = room.copy(database)
        journal = database.with_name(database.name + "-journal")
        if journal.exists():  # of the damaged file: it must not be played into the new one
            room.move(journal)
        upgrade.into_place(working, database)
    finally:
        for name in (working, working.with_name(working.name + "-journal")):
            with contextlib.suppress(OSError):
                name.unlink()
    return replace(result, set_aside=kept.relative_to(directory).as_posix())


def _of_that_state(database: Path, working: Path, trusted: list[Path]) -> Recovered | None:
    """The copy that was made of the very state that was left, if bytes changed since and no program wrote: then nothing is lost."""
    name = seal.copy_of_sealed(database)
    copy = next((path for path in trusted if path.name == name), None)
    if copy is None or not seal.is_broken(database):
        return None
    upgrade.copy_database(copy, working)
    return Recovered(copy.name)


def _with_new_indexes(database: Path, working: Path, trusted: list[Path]) -> Recovered | None:
    """The database itself with its indexes made again, if that is all that was wrong with it, or nobody can tell what else was."""
    broken = seal.is_broken(database)
    if broken and trusted:  # rows that may change say nothing of it themselves: what a copy has is surer
        return None
    shutil.copyfile(database, working)
    try:
        connection = sqlite3.connect(working)
        try:
            connection.execute("REINDEX")
            connection.commit()
        finally:
            connection.close()
        good = copies.is_sound(working) and not (trusted and any(True for _ in copies.changed_rows(working, trusted[-1])))
    except ILLEGIBLE:
        good = False
    return Recovered("", certain=not broken) if good else None


def _from_copy(database: Path, working: Path, copy: Path) -> Recovered:
    with contextlib.suppress(OSError):
        working.unlink()
    upgrade.copy_database(copy, working)
    if upgrade.schema_version(working) < upgrade.SCHEMA_VERSION:
        upgrade.migrate(working)
    saved: dict[str, int] = {}
    lost, certain = 0, not seal.is_broken(database)
    legible = working.with_name(f"{working.name}.source")
    target = sqlite3.connect(working, isolation_level=None)
    try:
        _make_legible(database, copy, legible)
        target.execute("PRAGMA foreign_keys=ON")
        with contextlib.closing(sqlite3.connect(f"{legible.as_uri()}?mode=ro", uri=True)) as source:
            for table in (*_MUTABLE, *copies.GROWING):
                certain = certain and _highest(source, table) is not None
                taken, missed = _newer(source, target, table)
                lost += missed
                if taken:
                    saved[table] = taken
    finally:
        target.close()
        with contextlib.suppress(OSError):
            legible.unlink()
    if not copies.is_sound(working):
        raise ProjectError("repair.no_copy", project=database.parent.name)
    return Recovered(copy.name, saved, lost, certain=certain)


def _make_legible(database: Path, copy: Path, legible: Path) -> None:
    """A copy of the damaged file; where its first page, which says what lies where, can't be read, with the first page of the copy."""
    data = bytearray(database.read_bytes())
    legible.write_bytes(data)
    try:
        with contextlib.closing(sqlite3.connect(f"{legible.as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("SELECT name FROM sqlite_master").fetchall()
            connection.execute("SELECT project_id FROM project").fetchall()
    except ILLEGIBLE:
        good = copy.read_bytes()
        size = int.from_bytes(good[16:18], "big")
        size = 65536 if size == 1 else size
        data[:size] = good[:size]
        data[28:32] = (len(data) // size).to_bytes(4, "big")  # how many pages there are
        legible.write_bytes(data)


def _newer(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> tuple[int, int]:
    """Take rows that the copy has not from the damaged file; how many were taken, and how many could not be."""
    columns = [row[1] for row in target.execute(f"PRAGMA table_info({table})")]
    last = target.execute(f"SELECT coalesce(max(rowid), 0) FROM {table}").fetchone()[0]
    start = 0 if table in _MUTABLE else last
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    taken = missed = 0
    for row in _readable(source, f"SELECT rowid, {names} FROM {table}", table, start):
        values = dict(zip(columns, row[1:], strict=True)) if row is not None else {}
        try:
            if row is None or not _makes_sense(values):
                raise sqlite3.DatabaseError
            if row[0] > last:
                target.execute(f"INSERT INTO {table} (rowid, {names}) VALUES (?, {marks})", row)
                taken += 1
            else:  # may have changed for good since the copy was made: patients are joined, ages taken out
                target.execute(f"UPDATE {table} SET ({names}) = ({marks}) WHERE rowid = ?", (*row[1:], row[0]))
        except ILLEGIBLE:
            missed += 1
    return taken, missed


def _readable(source: sqlite3.Connection, query: str, table: str, after: int) -> Iterator[tuple[Any, ...] | None]:
    """Rows in the order of writing; None for each that is known to be there and can't be read."""
    try:
        cursor = source.execute(f"{query} WHERE rowid > ? ORDER BY rowid", (after,))
        while (row := cursor.fetchone()) is not None:
            after = row[0]
            yield row
    except ILLEGIBLE:
        yield from _one_by_one(source, query, table, after)


def _one_by_one(source: sqlite3.Connection, query: str, table: str, after: int) -> Iterator[tuple[Any, ...] | None]:
    highest = _highest(source, table)
    missed = 0
    number = after + 1
    while number <= highest if highest is not None else missed < _GIVE_UP_AFTER:
        try:
            row = source.execute(f"{query} WHERE rowid = ?", (number,)).fetchone()
        except ILLEGIBLE:
            row = None
        if row is not None:
            missed = 0
            yield row
        else:
            missed += 1
            if highest is not None:
                yield None
            if missed >= _GIVE_UP_AFTER:
                return
        number += 1


def _highest(source: sqlite3.Connection, table: str) -> int | None:
    """The last row's number, from whichever place still tells it."""
    for query, values in ((f"SELECT max(rowid) FROM {table}", ()), ("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,))):
        try:
            row = source.execute(query, values).fetchone()
        except ILLEGIBLE:
            continue
        if row is not None and row[0] is not None:
            return int(row[0])
        if row is not None and query.startswith("SELECT max"):
            return 0
    return None


def _makes_sense(values: dict[str, Any]) -> bool:
    """Whether a row could have been written by this program: moments are moments, stages are stages."""
    try:
        for name, value in values.items():
            if name.endswith("_utc"):
                datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    stage = values.get("stage")
    return stage is None or (isinstance(stage, int) and 1 <= stage <= _HIGHEST_STAGE)
