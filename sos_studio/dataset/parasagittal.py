"""The slices beside a capture's plane in its folder: ``beside.png`` and ``beside.json``, added after the capture and never needed."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from sos_studio.core import atomic
from sos_studio.core.parasagittal import BesideRecord
from sos_studio.dataset.captures import capture_paths
from sos_studio.dataset.faults import translated
from sos_studio.dataset.project import Project

PICTURE_FILE, RECORD_FILE = "beside.png", "beside.json"


def store(project: Project, capture_id: str, png: bytes, record_for: Callable[[str], BesideRecord]) -> None:
    """Write them beside the capture; the record comes last, because it is what makes them count.

    Parameters
    ----------
    record_for
        Makes the record, given the picture's hash.

    Raises
    ------
    ProjectError
        ``project.read_only``, ``project.disk_full`` and other refusals of the disk; nothing is left behind.
    """
    project.require_writable()
    folder = capture_paths(project, capture_id).folder
    record = record_for(hashlib.sha256(png).hexdigest())
    with translated(project.directory):
        try:
            atomic.write_bytes(folder / PICTURE_FILE, png)
            atomic.write_text(folder / RECORD_FILE, record.model_dump_json(indent=1) + "\n")
        except BaseException:
            for name in (RECORD_FILE, PICTURE_FILE):
                with contextlib.suppress(OSError):
                    (folder / name).unlink()
            raise


def read(folder: Path, capture_id: str) -> tuple[BesideRecord, Path] | None:
    """Record and picture of a capture's folder; None if there are none, or if they are not what was saved."""
    try:
        record = BesideRecord.model_validate_json((folder / RECORD_FILE).read_bytes())
        with open(folder / PICTURE_FILE, "rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except (OSError, ValidationError):
        return None
    sound = record.capture_id == capture_id and digest == record.sha256
    return (record, folder / PICTURE_FILE) if sound else None


def damaged(folder: Path) -> str | None:
    """The file in a capture's folder that is not as it was saved; None if all is well or nothing was ever confirmed."""
    confirmed = (folder / RECORD_FILE).exists()
    return PICTURE_FILE if confirmed and read(folder, folder.name) is None else None
