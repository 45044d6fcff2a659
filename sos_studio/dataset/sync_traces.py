"""What programs that keep a folder in step with a cloud leave in a project: a second database beside the first, or an empty one."""

from __future__ import annotations

from pathlib import Path

from sos_studio.core.errors import ProjectError
from sos_studio.dataset.upgrade import DATABASE_FILE


def conflicted_copies(directory: Path) -> list[str]:
    """Names of further databases in the project's folder: of two that were written at once a sync program keeps one under another name.

    Dropbox calls it ``project (Ada's conflicted copy 2026-11-21).sqlite``, OneDrive ``project-WORKSTATION.sqlite``, Google Drive
    ``project (1).sqlite``, Syncthing ``project.sync-conflict-….sqlite``.
    """
    stem, suffix = DATABASE_FILE.rsplit(".", 1)
    found = (path.name for path in directory.glob(f"{stem}*.{suffix}") if path.name != DATABASE_FILE and path.is_file())
    return sorted(name for name in found if not name.startswith("."))


def require_fetched(directory: Path) -> None:
    """Say what is the matter where the database is missing or empty because of a sync program.

    Raises
    ------
    ProjectError
        ``project.not_fetched`` for an empty file, the place-holder of one that is only in the cloud; ``project.renamed`` (file) if there is
        no database, but one under another name.
    """
    database = directory / DATABASE_FILE
    if database.is_file():
        if database.stat().st_size == 0:
            raise ProjectError("project.not_fetched", project=directory.name)
        return
    copies = conflicted_copies(directory)
    if copies:
        raise ProjectError("project.renamed", project=directory.name, file=copies[0])
