"""A project as one file: a zip of the database and all files with their hashes, and the way back into a new folder.

Scans are not in it (a project never holds them), nor the secret of the pseudonyms, which is exported on its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from sos_studio import __version__
from sos_studio.core import atomic
from sos_studio.core.errors import BadInputError, CancelledError, ProjectError
from sos_studio.core.readings import utc_now
from sos_studio.dataset import checks, events, upgrade
from sos_studio.dataset.copies import is_sound
from sos_studio.dataset.export_stream import FileStream
from sos_studio.dataset.faults import translated
from sos_studio.dataset.near_duplicates import HASHES_FILE
from sos_studio.dataset.project import CAPTURES_DIR, DATASHEET_FILE, JOBS_DIR, MANIFESTS_DIR, MODELS_DIR, TRUTH_FILE, Project

SUFFIX = ".sosbackup"
CONTENTS_FILE = "backup.json"
_ROOMS = (CAPTURES_DIR, MANIFESTS_DIR, MODELS_DIR, JOBS_DIR)
# What lies beside the database and can't be made again, or only slowly; nothing else that somebody put there goes along.
_BESIDE = frozenset({DATASHEET_FILE, HASHES_FILE, TRUTH_FILE})
# A job's checkpoints only serve to go on with it on the same computer, and are most of a project's bytes.
_LEFT_OUT = frozenset({"checkpoints"})
_PACKED = frozenset({".sqlite", ".json", ".jsonl", ".txt", ".csv"})  # pictures and weights don't get smaller
_CHUNK = 1 << 20

Progress = Callable[[float], None]
Cancelled = Callable[[], bool]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BackedUpFile(_Frozen):
    """A file of the backup as it was written."""

    sha256: str
    size: int


class Contents(_Frozen):
    """`backup.json`: what is in the file, and what is not. Paths are POSIX, below the project folder."""

    schema_version: Literal[1] = 1
    kind: Literal["sos-studio-backup"] = "sos-studio-backup"
    project_id: str
    software: str
    database_version: int
    created_utc: AwareDatetime
    cases: int
    not_included: tuple[str, ...] = ("scans", "secret of the pseudonyms", "checkpoints of trainings", "older copies of the database")
    files: dict[str, BackedUpFile]

    @property
    def size(self) -> int:
        """Bytes of all files, unpacked."""
        return sum(file.size for file in self.files.values())


@dataclass(frozen=True)
class BackupReport:
    """A backup that was written and read again.

    Attributes
    ----------
    damaged
        Files of the project that were missing or changed before: the backup can't have them as they should be.
    """

    file: Path
    contents: Contents
    damaged: tuple[str, ...] = ()


def back_up(
    project: Project, file: Path, *, who: str = "", progress: Progress | None = None, cancelled: Cancelled | None = None
) -> BackupReport:
    """Write a backup, read it again from the disk, and only then let it appear under its name.

    The project may be worked in meanwhile: the database is copied first, and files are never changed once their row is written.

    Parameters
    ----------
    file
        A new file; the suffix ``.sosbackup`` is added if it has none.
    who
        Whose doing it is, for the project's history (written if the project is open for writing).

    Raises
    ------
    BadInputError
        ``backup.exists``, ``backup.inside_project``.
    ProjectError
        ``backup.not_verified`` if what was written does not read back; ``project.disk_full`` and other refusals of the disk.
    CancelledError
        When `cancelled` says so; nothing is left behind.
    """
    target = Path(file).absolute()
    if not target.suffix:
        target = target.with_name(target.name + SUFFIX)
    if target.exists():
        raise BadInputError("backup.exists", file=target.name)
    if target.resolve().is_relative_to(project.directory.resolve()):
        raise BadInputError("backup.inside_project", file=target.name)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    step = _Steps(progress, cancelled)
    with translated(target.parent):
        try:
            contents, damaged = _write(project, temporary, step.part(0.0, 0.6))
            try:
                verify(temporary, progress=step.part(0.6, 1.0))
            except BadInputError as error:
                raise ProjectError("backup.not_verified", file=target.name) from error
            atomic.replace(temporary, target)
            atomic.sync_directory(target.parent)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()
    if not project.read_only:
        events.record(project, "backup_made", who=who, files=len(contents.files), bytes=contents.size, damaged=len(damaged))
    return BackupReport(target, contents, damaged)


def read_contents(file: Path) -> Contents:
    """What a backup says it holds; ``backup.unreadable`` or ``backup.newer`` if it can't be used."""
    with _opened(file) as archive:
        return _contents(archive, file)


def verify(file: Path, *, progress: Progress | None = None) -> Contents:
    """Read every byte of a backup and compare it with its hash.

    Raises
    ------
    BadInputError
        ``backup.unreadable`` or ``backup.newer``; ``backup.damaged`` (file, part) at the first file that is not as it was written.
    """
    with _opened(file) as archive, tempfile.TemporaryDirectory(prefix="sos-backup-") as scratch:
        contents = _contents(archive, file)
        done, size = 0, max(contents.size, 1)  # added up once: there are forty thousand files
        for path, expected in contents.files.items():
            into = Path(scratch) / "database" if path == upgrade.DATABASE_FILE else None
            if _unpack(archive, path, into) != expected:
                raise BadInputError("backup.damaged", file=file.name, part=path)
            if into is not None and not is_sound(into):
                raise BadInputError("backup.damaged", file=file.name, part=path)
            done += expected.size
            if progress is not None:
                progress(done / size)
    return contents


def restore(
    file: Path, directory: Path, *, who: str = "", progress: Progress | None = None, cancelled: Cancelled | None = None
) -> Contents:
    """Make a project folder of a backup; it appears whole or not at all.

    Parameters
    ----------
    directory
        A new or empty folder: nothing is ever overwritten.

    Raises
    ------
    BadInputError
        ``backup.folder_not_empty``; what `verify` says of the file.
    ProjectError
        ``project.newer_version``, ``project.disk_full`` and other refusals of the disk.
    CancelledError
        When `cancelled` says so; nothing is left behind.
    """
    target = Path(directory).absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BadInputError("backup.folder_not_empty", folder=target.name)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    step = _Steps(progress, cancelled)
    with translated(target), _opened(file) as archive:
        contents = _contents(archive, file)
        try:
            _unpack_all(archive, contents, file, partial, step.part(0.0, 1.0))
            with Project.open(partial) as project:
                events.record(project, "restored", who=who, made_utc=contents.created_utc.isoformat(timespec="seconds"))
            if target.exists():
                target.rmdir()
            atomic.rename(partial, target)
            atomic.sync_directory(target.parent)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    return contents


def files_of(file: Path, wanted: dict[str, str]) -> dict[str, bytes]:
    """Those of the wanted files (path → SHA-256) that a backup holds with exactly that hash."""
    found: dict[str, bytes] = {}
    with _opened(file) as archive:
        contents = _contents(archive, file)
        for path, digest in wanted.items():
            held = contents.files.get(path)
            if held is None or held.sha256 != digest:
                continue
            with contextlib.suppress(zipfile.BadZipFile, OSError, KeyError, ValueError):
                data = archive.read(path)
                if hashlib.sha256(data).hexdigest() == digest:
                    found[path] = data
    return found


class _Steps:
    """Progress of one of several parts, and the wish to stop."""

    def __init__(self, progress: Progress | None, cancelled: Cancelled | None) -> None:
        self._progress, self._cancelled = progress, cancelled

    def part(self, first: float, last: float) -> Progress:
        """Progress of a part that takes this share of the whole."""

        def told(fraction: float) -> None:
            if self._cancelled is not None and self._cancelled():
                raise CancelledError
            if self._progress is not None:
                self._progress(first + (last - first) * fraction)

        return told


def _write(project: Project, temporary: Path, progress: Progress) -> tuple[Contents, tuple[str, ...]]:
    """The zip, synced; and the files that are not what the database vouches for."""
    files: dict[str, BackedUpFile] = {}
    with tempfile.TemporaryDirectory(prefix="sos-backup-") as scratch:
        database = Path(scratch) / upgrade.DATABASE_FILE
        upgrade.copy_database(project.directory / upgrade.DATABASE_FILE, database)
        with project.reading() as session:
            expected = {item.file: item.sha256 for item in checks.expected_files(session)}
            cases = session.connection().exec_driver_sql("SELECT count(*) FROM cases").scalar_one()
        paths = list(_paths(project.directory))
        with open(temporary, "xb") as stream, zipfile.ZipFile(stream, "w", allowZip64=True) as archive:
            files[upgrade.DATABASE_FILE] = _pack(archive, database, upgrade.DATABASE_FILE)
            for n, path in enumerate(paths):
                name = path.relative_to(project.directory).as_posix()
                with contextlib.suppress(FileNotFoundError):  # a worker took its own away meanwhile
                    files[name] = _pack(archive, path, name)
                progress((n + 1) / len(paths))
            contents = Contents(
                project_id=project.project_id,
                software=f"SOS Studio {__version__}",
                database_version=upgrade.schema_version(database),
                created_utc=utc_now(),
                cases=cases,
                files=files,
            )
            archive.writestr(CONTENTS_FILE, contents.model_dump_json(indent=1), zipfile.ZIP_DEFLATED)
            archive.close()
            stream.flush()
            os.fsync(stream.fileno())
    damaged = [name for name, digest in expected.items() if name not in files or files[name].sha256 != digest]
    return contents, tuple(sorted(damaged))


def _paths(directory: Path) -> Iterator[Path]:
    yield from (path for name in sorted(_BESIDE) if (path := directory / name).is_file() and not path.is_symlink())
    for room in _ROOMS:
        for folder, folders, names in os.walk(directory / room):
            folders[:] = sorted(name for name in folders if name not in _LEFT_OUT and not name.startswith("."))
            for name in sorted(names):
                path = Path(folder, name)
                if not name.startswith(".") and path.is_file() and not path.is_symlink():
                    yield path


def _pack(archive: zipfile.ZipFile, path: Path, name: str) -> BackedUpFile:
    # The time of a zip's entry is no one's business and would make two backups of one project differ.
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED if path.suffix in _PACKED else zipfile.ZIP_STORED
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as source, archive.open(info, "w", force_zip64=True) as target:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            target.write(chunk)
    return BackedUpFile(sha256=digest.hexdigest(), size=size)


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(file)
    except (OSError, zipfile.BadZipFile) as error:
        raise BadInputError("backup.unreadable", file=Path(file).name) from error
    with archive:
        yield archive


def _contents(archive: zipfile.ZipFile, file: Path) -> Contents:
    try:
        raw: dict[str, Any] = json.loads(archive.read(CONTENTS_FILE))
        if raw.get("kind") == "sos-studio-backup" and raw.get("schema_version") != 1:
            raise BadInputError("backup.newer", file=Path(file).name, made_by=str(raw.get("software", "?"))[:80])
        contents = Contents.model_validate(raw)
    except (KeyError, ValueError, ValidationError, AttributeError, OSError, zipfile.BadZipFile) as error:
        raise BadInputError("backup.unreadable", file=Path(file).name) from error
    if upgrade.DATABASE_FILE not in contents.files or not all(_harmless(path) for path in contents.files):
        raise BadInputError("backup.unreadable", file=Path(file).name)
    return contents


def _harmless(path: str) -> bool:
    """Whether a name from a file that anybody may have made stays below the folder that it is unpacked into."""
    parts = PurePosixPath(path).parts
    plain = bool(parts) and not any(part in ("..", ".") or ":" in part or "\\" in part or "\0" in part for part in parts)
    return plain and not path.startswith("/") and (path == upgrade.DATABASE_FILE or path in _BESIDE or parts[0] in _ROOMS)


def _unpack_all(archive: zipfile.ZipFile, contents: Contents, file: Path, partial: Path, progress: Progress) -> None:
    partial.mkdir(parents=True)
    for room in _ROOMS:
        (partial / room).mkdir()
    done, size, stream = 0, max(contents.size, 1), FileStream()
    try:
        for path, expected in contents.files.items():
            into = partial.joinpath(*PurePosixPath(path).parts)
            into.parent.mkdir(parents=True, exist_ok=True)
            if _unpack(archive, path, into) != expected:
                raise BadInputError("backup.damaged", file=Path(file).name, part=path)
            stream.sync(into)
            done += expected.size
            progress(done / size)
        stream.settle()
    finally:
        stream.close()
    if not is_sound(partial / upgrade.DATABASE_FILE):
        raise BadInputError("backup.damaged", file=Path(file).name, part=upgrade.DATABASE_FILE)


def _unpack(archive: zipfile.ZipFile, path: str, into: Path | None) -> BackedUpFile | None:
    """Read a file of the zip, to the disk (which the caller waits for) or just for its hash; None if it can't be read."""
    digest, size = hashlib.sha256(), 0
    try:
        with archive.open(path) as source, _sink(into) as target:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                if target is not None:
                    target.write(chunk)
    except (KeyError, zipfile.BadZipFile, EOFError, ValueError):
        return None
    except OSError as error:
        if error.errno is not None:  # the disk refuses; without a number it is the zip that is broken
            raise
        return None
    return BackedUpFile(sha256=digest.hexdigest(), size=size)


@contextlib.contextmanager
def _sink(into: Path | None) -> Iterator[IO[bytes] | None]:
    if into is None:
        yield None
        return
    with open(into, "xb") as stream:
        yield stream
