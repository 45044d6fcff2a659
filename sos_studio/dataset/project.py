"""The project folder: made, opened, locked, closed; and the only door to its database."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sos_studio import __version__
from sos_studio.core.errors import ProjectError
from sos_studio.core.readings import utc_now
from sos_studio.core.stages import BASSED_5, StageScheme, scheme
from sos_studio.dataset import copies, seal, sql, sync_traces, upgrade
from sos_studio.dataset.faults import translated
from sos_studio.dataset.lock import ProjectLock
from sos_studio.dataset.upgrade import DATABASE_FILE, SCHEMA_VERSION

log = logging.getLogger(__name__)

CAPTURES_DIR, MANIFESTS_DIR, JOBS_DIR, MODELS_DIR = "captures", "manifests", "jobs", "models"
# Beside the database: what a person filled in for the datasheet, and of a phantom project what is true.
DATASHEET_FILE, TRUTH_FILE = "datasheet.json", "phantom-truth.json"
BUSY_TIMEOUT_S = 10.0
SYNCHRONOUS = "EXTRA"  # a commit survives a power cut, the removal of its journal included
_LOCKED = ("project.locked", "project.locked_elsewhere")
_FOLDERS = (CAPTURES_DIR, MANIFESTS_DIR, JOBS_DIR, MODELS_DIR)


class Project:
    """An open project. Use `create` or `open`; close it, or use it as a context manager.

    Safe to use from several threads: sessions are short, and one write happens at a time.

    Attributes
    ----------
    directory
        The project folder, absolute.
    project_id
        Random, made with the project.
    phantom
        Whether the cases are synthetic: models trained on them say so.
    read_only
        Whether this opener may only look.
    read_only_because
        Why `open` with `fall_back` could not open for writing; None otherwise.
    conflicted_copies
        Names of further databases that a sync program put beside the project's own.
    upgraded_from
        The backup that was kept when opening brought an older database up to date; None otherwise.
    """

    def __init__(self, directory: Path, lock: ProjectLock | None) -> None:
        self.directory = directory
        self.read_only_because: ProjectError | None = None
        self.upgraded_from: Path | None = None
        self.conflicted_copies = tuple(sync_traces.conflicted_copies(directory))
        self._lock = lock
        self._writer = threading.RLock()
        self._closed = False
        self._wrote = False
        self._engine = _engine(directory / DATABASE_FILE, read_only=lock is None)
        try:
            with self.reading() as session:
                row = session.scalars(sql.select(sql.ProjectRow)).first()
            if row is None:
                raise ProjectError("project.damaged", project=directory.name)
        except BaseException:
            self._engine.dispose()
            raise
        self.project_id: str = row.project_id
        self.phantom: bool = row.phantom
        self.scheme: StageScheme = scheme(row.scheme)

    @classmethod
    def create(cls, directory: Path | str, *, phantom: bool = False, scheme_id: str = BASSED_5.id) -> Self:
        """Make a project in a new or empty folder and open it for writing.

        Raises
        ------
        ProjectError
            ``project.exists``, ``project.folder_not_empty``, and whatever the disk refuses (`faults.translated`).
        """
        path = Path(directory).absolute()
        scheme(scheme_id)
        with translated(path):
            if (path / DATABASE_FILE).exists():
                raise ProjectError("project.exists", project=path.name)
            if path.exists() and (not path.is_dir() or any(path.iterdir())):
                raise ProjectError("project.folder_not_empty", project=path.name)
            created = not path.exists()
            path.mkdir(parents=True, exist_ok=True)
            try:
                return cls._made(path, _first_row(phantom, scheme_id))
            except BaseException as error:
                # Else the next try, with room on the disk, would find a folder that is not empty.
                if getattr(error, "code", "") not in (*_LOCKED, "project.exists"):
                    _empty(path, remove=created)
                raise

    @classmethod
    def _made(cls, path: Path, first_row: dict[str, Any]) -> Self:
        lock = ProjectLock(path)
        try:
            if (path / DATABASE_FILE).exists():  # another process was quicker
                raise ProjectError("project.exists", project=path.name)
            for name in _FOLDERS:
                (path / name).mkdir(exist_ok=True)
            upgrade.make_database(path / DATABASE_FILE, first_row)
            return cls(path, lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(cls, directory: Path | str, *, read_only: bool = False, fall_back: bool = False, take_over: bool = False) -> Self:
        """Open a project folder.

        Parameters
        ----------
        read_only
            Only look; works beside a writer and on protected folders.
        fall_back
            Open read-only instead of failing when somebody else writes or the folder is protected; `read_only_because` then says why.
        take_over
            Write although a process of *another* computer left its lock. For a person who knows that it is gone.

        Raises
        ------
        ProjectError
            ``project.not_found``, ``project.not_fetched`` and ``project.renamed`` (a sync program's doing), ``project.unreadable``,
            ``project.locked`` and ``project.locked_elsewhere`` (owner, host, pid, since_utc, elsewhere),
            ``project.newer_version``, ``project.older_version`` and ``project.locked_older`` (read-only openers can't upgrade),
            ``project.damaged``,
            ``project.unwritable`` and other refusals of the disk.
        """
        path = Path(directory).absolute()
        try:
            sync_traces.require_fetched(path)
            there = (path / DATABASE_FILE).is_file()
        except OSError as error:  # the folder may not be looked into
            raise ProjectError("project.unreadable", project=path.name) from error
        if not there:
            raise ProjectError("project.not_found", project=path.name)
        if not read_only:
            try:
                return cls._open_to_write(path, take_over=take_over)
            except ProjectError as error:
                if not fall_back or error.code not in (*_LOCKED, "project.unwritable"):
                    raise
                because: ProjectError | None = error
        else:
            because = None
        with translated(path):
            seal.require_unbroken(path / DATABASE_FILE)
            version = upgrade.schema_version(path / DATABASE_FILE)
            if version < SCHEMA_VERSION and because is not None and because.code in _LOCKED:
                raise ProjectError("project.locked_older", **because.values)
            if version < SCHEMA_VERSION:
                raise ProjectError("project.older_version", project=path.name)
            project = cls(path, None)
        project.read_only_because = because
        return project

    @classmethod
    def _open_to_write(cls, path: Path, *, take_over: bool) -> Self:
        with translated(path):
            lock = ProjectLock(path, take_over=take_over)
            try:
                seal.require_unbroken(path / DATABASE_FILE)
                _roll_back_unfinished(path / DATABASE_FILE)
                version = upgrade.schema_version(path / DATABASE_FILE)
                backup = upgrade.bring_up_to_date(path, version) if version < SCHEMA_VERSION else None
                for name in _FOLDERS:
                    (path / name).mkdir(exist_ok=True)
                if lock.was_left:  # else there is nothing to sweep, and looking for it takes a while in a large project
                    _sweep(path)
                project = cls(path, lock)
            except BaseException:
                lock.release()
                raise
        project.upgraded_from = backup
        return project

    @property
    def read_only(self) -> bool:
        """Whether this opener may only look."""
        return self._lock is None

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @contextmanager
    def reading(self) -> Iterator[sql.Session]:
        """A short session that only reads. Fetch all you need inside; never write to the project while it is open."""
        self._require_open()
        with translated(self.directory), sql.Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[sql.Session]:
        """A session that is committed, durably, when the block ends without an error; one at a time.

        Raises
        ------
        ProjectError
            ``project.read_only``, ``project.closed``, and whatever the disk refuses.
        """
        with self._writer:
            self.require_writable()
            with (
                translated(self.directory),
                self._engine.connect().execution_options(sos_write=True) as connection,
                sql.Session(connection, expire_on_commit=False) as session,
            ):
                yield session
                session.commit()
                self._wrote = True

    def require_writable(self) -> None:
        """Raise ``project.read_only`` or ``project.closed`` unless this opener may write."""
        self._require_open()
        if self.read_only:
            raise ProjectError("project.read_only", project=self.directory.name)

    def path(self, *parts: str) -> Path:
        """A path below the project folder."""
        return self.directory.joinpath(*parts)

    def close(self) -> None:
        """Let go of files and lock, after a write that is under way; whoever wrote leaves a copy of the database. Closing twice is fine."""
        with self._writer:
            if self._closed:
                return
            self._closed = True
            self._engine.dispose()
            if self._lock is not None:
                if self._wrote:
                    kept = copies.keep(self.directory)
                    seal.put(self.directory / DATABASE_FILE, "" if kept is None else kept.name)
                self._lock.release()

    def _require_open(self) -> None:
        if self._closed:
            raise ProjectError("project.closed", project=self.directory.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _first_row(phantom: bool, scheme_id: str) -> dict[str, Any]:
    return {
        "project_id": secrets.token_hex(8),
        "phantom": phantom,
        "scheme": scheme_id,
        "software": f"SOS Studio {__version__}",
        "created_utc": utc_now().isoformat(timespec="microseconds"),
    }


def _engine(database: Path, *, read_only: bool) -> sql.Engine:
    def connect() -> sqlite3.Connection:
        mode = "ro" if read_only else "rw"
        connection = sqlite3.connect(
            # SQLAlchemy's pool hands a connection to one thread at a time.
            f"{database.as_uri()}?mode={mode}",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            check_same_thread=False,
            isolation_level=None,  # transactions are begun below, not guessed by the driver
        )
        connection.execute("PRAGMA foreign_keys=ON")
        if not read_only:
            # No WAL: its shared memory fails on network and cloud-synced folders.
            connection.execute("PRAGMA journal_mode=DELETE")
            # What is taken out of a project (`patient_data`) must not stay readable in free pages.
            connection.execute("PRAGMA secure_delete=ON")
            connection.execute(f"PRAGMA synchronous={SYNCHRONOUS}")
        return connection

    engine = sql.create_engine("sqlite://", creator=connect, poolclass=sql.QueuePool, pool_size=4, max_overflow=28)
    sql.event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: sql.Connection) -> None:
    # IMMEDIATE: two writers wait for one another at the start, where waiting works, not half-way, where it deadlocks.
    writes = connection.get_execution_options().get("sos_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _roll_back_unfinished(database: Path) -> None:
    """Let SQLite undo the transaction that a crash interrupted; a read-only connection could not."""
    connection = sqlite3.connect(f"{database.as_uri()}?mode=rw", uri=True, timeout=BUSY_TIMEOUT_S)
    try:
        connection.execute("PRAGMA user_version").fetchone()
        row = connection.execute("PRAGMA quick_check(1)").fetchone()
    finally:
        connection.close()
    if row is None or row[0] != "ok":
        raise ProjectError("project.damaged", project=database.parent.name)


def _sweep(directory: Path) -> None:
    """Remove what interrupted writes left under temporary names; nothing there was ever confirmed."""
    # Not in jobs/ and models/: those belong to workers that may be at it just now.
    rooms = [(directory, 0), (directory / MANIFESTS_DIR, 0), (directory / upgrade.BACKUPS_DIR, 0), (directory / CAPTURES_DIR, 2)]
    for leftover in [path for room, depth in rooms for path in _unfinished(room, depth)]:
        if _remove(leftover):
            log.info("removed an unfinished write")


def _unfinished(room: os.PathLike[str], depth: int) -> Iterator[Path]:
    """Temporary names in a folder and so many levels below; looked at entry by entry, because patterns take longer."""
    try:
        with os.scandir(room) as found:
            entries = list(found)
    except OSError:  # nothing there, or nobody may look
        return
    for entry in entries:
        if entry.name.startswith(".") and ".tmp" in entry.name:
            yield Path(entry.path)
        elif depth and entry.is_dir(follow_symlinks=False):
            yield from _unfinished(entry, depth - 1)


def _empty(folder: Path, *, remove: bool) -> None:
    for leftover in folder.iterdir():
        _remove(leftover)
    if remove:
        _remove(folder)


def _remove(path: Path) -> bool:
    """Remove a file or folder; whether it could be done."""
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError:
        return False
    return True
