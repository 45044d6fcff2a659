"""Making the database, and bringing an older one up to date without ever risking it.

The work is done on a copy that replaces the database in one rename; the older file stays in `backups/`. A crash at any moment leaves the
old database or the new one.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sos_studio.core import atomic
from sos_studio.core.errors import ProjectError
from sos_studio.dataset import seal

DATABASE_FILE = "project.sqlite"
# The newest revision in `migrations/versions`. Known here, so that opening an up-to-date project needs no Alembic.
SCHEMA_VERSION = 7
BACKUPS_DIR = "backups"
_ALEMBIC = threading.Lock()  # Alembic's context is global to the process


def schema_version(database: Path) -> int:
    """The schema version of a database file, opened without writing.

    Raises
    ------
    ProjectError
        ``project.newer_version`` if a newer SOS Studio made it; ``project.damaged`` if it has no version at all.
    sqlite3.Error
        As SQLite says.
    """
    connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=10.0)
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        software = connection.execute("SELECT software FROM project").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            raise ProjectError("project.damaged", project=database.parent.name) from error
        raise
    finally:
        connection.close()
    version = str(row[0]) if row else ""
    if not version.isdigit() or int(version) > SCHEMA_VERSION:
        raise ProjectError(
            "project.newer_version",
            project=database.parent.name,
            version=version,
            known=SCHEMA_VERSION,
            made_by=str((software or ["?"])[0]),
        )
    return int(version)


def make_database(database: Path, project_row: dict[str, Any]) -> None:
    """Make a database with the newest schema and the project's one row, at a path where there is none."""
    temporary = _temporary(database)
    try:
        migrate(temporary)
        connection = sqlite3.connect(temporary)
        try:
            with connection:
                names = ", ".join(project_row)
                connection.execute(
                    f"INSERT INTO project ({names}) VALUES ({', '.join('?' * len(project_row))})", list(project_row.values())
                )
        finally:
            connection.close()
        into_place(temporary, database)
    finally:
        _remove(temporary)


def bring_up_to_date(directory: Path, version: int) -> Path:
    """Upgrade a project's database; the caller holds the project's lock.

    Returns
    -------
    Path
        The backup of the database as it was.
    """
    database = directory / DATABASE_FILE
    backups = directory / BACKUPS_DIR
    backups.mkdir(exist_ok=True)
    backup = _free_name(backups, f"project-v{version}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    copy, working = _temporary(backup), _temporary(database)
    try:
        copy_database(database, copy)
        into_place(copy, backup)
        copy_database(backup, working)
        migrate(working)
        into_place(working, database)
    finally:
        _remove(copy)
        _remove(working)
    return backup


def migrate(database: Path, revision: str = "head") -> None:
    """Run the migrations on a database file that nobody else uses; the caller syncs it and puts it in place."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import NullPool, create_engine

    config = Config()
    # Alembic's options treat % as the start of a substitution.
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    # A creator, because a path with ? or # is no part of a URL.
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(database), poolclass=NullPool)
    with _ALEMBIC, engine.connect() as connection:
        # The file is a copy that counts only once it was synced and renamed: no need to sync every step.
        connection.exec_driver_sql("PRAGMA journal_mode=MEMORY")
        connection.exec_driver_sql("PRAGMA synchronous=OFF")
        connection.commit()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    engine.dispose()


def copy_database(source: Path, target: Path) -> None:
    """A consistent copy; opening the source also rolls back what a crash left half-written in it."""
    reader = sqlite3.connect(source, timeout=10.0)
    try:
        writer = sqlite3.connect(target)
        try:
            reader.backup(writer)
        finally:
            writer.close()
    finally:
        reader.close()


def into_place(temporary: Path, target: Path) -> None:
    """Sync a finished file and let it replace another in one step."""
    descriptor = os.open(temporary, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if target.name == DATABASE_FILE:
        seal.take_off(target)
    atomic.replace(temporary, target)
    atomic.sync_directory(target.parent)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def _free_name(folder: Path, stem: str) -> Path:
    n = 1
    while (path := folder / f"{stem}{'' if n == 1 else f'-{n}'}.sqlite").exists():
        n += 1
    return path


def _remove(path: Path) -> None:
    for leftover in (path, path.with_name(path.name + "-journal")):
        with contextlib.suppress(OSError):
            leftover.unlink()
