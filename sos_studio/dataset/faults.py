"""Faults of disks and of SQLite as one code each, so that a person reads one clear sentence instead of a traceback."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from pathlib import Path

from sos_studio.core.atomic import HeldError
from sos_studio.core.errors import ProjectError
from sos_studio.dataset import sql

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# What reading a damaged database raises: text in it may be none.
ILLEGIBLE = (sqlite3.Error, UnicodeDecodeError)
_PROTECTED = {errno.EACCES, errno.EPERM, errno.EROFS}


class IllegibleRowError(ValueError):
    """What stands in a row makes no sense: a byte of the file is not what it was."""


@contextmanager
def translated(directory: Path) -> Iterator[None]:
    """Turn `OSError` and database errors inside the block into `ProjectError`; others pass.

    Raises
    ------
    ProjectError
        ``project.disk_full``, ``project.unwritable``, ``project.busy``, ``project.unfinished_write``, ``project.damaged`` or
        ``project.io_error``.
    """
    try:
        yield
    except sql.DBAPIError as error:
        raise database_fault(error.orig, directory) from error
    except sqlite3.Error as error:
        raise database_fault(error, directory) from error
    except (UnicodeDecodeError, JSONDecodeError, IllegibleRowError) as error:
        # Text that is none: SQLite itself does not look into what it stores.
        raise ProjectError("project.damaged", project=directory.name) from error
    except OSError as error:
        raise file_fault(error, directory) from error


def file_fault(error: OSError, directory: Path) -> ProjectError:
    """What the operating system refused."""
    project = directory.name
    if isinstance(error, HeldError):
        return ProjectError("project.held", project=project, file=Path(error.filename).name)
    if error.errno in _FULL:
        return ProjectError("project.disk_full", project=project)
    if error.errno in _PROTECTED:
        return ProjectError("project.unwritable", project=project)
    return ProjectError("project.io_error", project=project, reason=error.strerror or type(error).__name__)


def database_fault(error: BaseException | None, directory: Path) -> ProjectError:
    """What SQLite refused; its extended code says which of several reasons it was."""
    project = directory.name
    name = str(getattr(error, "sqlite_errorname", ""))
    if name.startswith("SQLITE_FULL"):
        return ProjectError("project.disk_full", project=project)
    if name in ("SQLITE_READONLY_ROLLBACK", "SQLITE_READONLY_RECOVERY"):
        return ProjectError("project.unfinished_write", project=project)
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return ProjectError("project.unwritable", project=project)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return ProjectError("project.busy", project=project)
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or (not name and isinstance(error, sqlite3.DatabaseError)):
        return ProjectError("project.damaged", project=project)
    return ProjectError("project.io_error", project=project, reason=name or type(error).__name__)
