"""What programs that keep a folder in step with a cloud leave in a project: second files beside the first, empty ones, place-holders."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
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


def copy_of(name: str, originals: Collection[str]) -> str | None:
    """Which of a folder's files or folders another is a sync program's second copy of, by its name; None if of none.

    Dropbox writes ``full (Ada's conflicted copy 2026-11-21).png`` in the language of the computer, OneDrive ``full-WORKSTATION.png``,
    Google Drive ``full (1).png`` or ``Copy of full.png``, iCloud ``full 2.png``, Syncthing ``full.sync-conflict-….png``, ownCloud
    ``full_conflict-….png``.
    """
    if name in originals:
        return None
    for original in sorted(originals, key=len, reverse=True):
        stem, dot, suffix = original.rpartition(".")
        if not dot:
            stem, suffix = original, ""
        if not name.endswith(dot + suffix):
            continue
        body = name.removesuffix(dot + suffix)
        if re.fullmatch(re.escape(stem) + r"[ (_.-].+", body) or re.fullmatch(r"\w+ (of|von|de|di|van|av|af) " + re.escape(stem), body):
            return original
    return None


def doubled(folder: Path, originals: Collection[str]) -> Iterator[tuple[str, str]]:
    """Copies that a sync program put into a folder, each with its original's name, which need not be there any more."""
    try:
        names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return
    for name in names:
        if (original := copy_of(name, originals)) is not None:
            yield name, original


def in_cloud_only(path: Path) -> bool:
    """Whether iCloud took a file's content away and left a place-holder beside its place."""
    return path.with_name(f".{path.name}.icloud").exists()


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
