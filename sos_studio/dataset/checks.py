"""Is everything there that the database says, byte for byte? Told case by case; nothing is changed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sos_studio.core.errors import CancelledError
from sos_studio.core.jobs import EVENTS_FILE, JOB_FILE, LOG_FILE, RESULT_FILE, WORKER_FILE
from sos_studio.dataset import copies, parasagittal, prepared, sql, sync_traces
from sos_studio.dataset.captures import FULL16_FILE, FULL_FILE, RECORD_FILE, crop_file, roi_file
from sos_studio.dataset.lock import LOCK_FILE
from sos_studio.dataset.near_duplicates import HASHES_FILE
from sos_studio.dataset.project import CAPTURES_DIR, DATASHEET_FILE, JOBS_DIR, MANIFESTS_DIR, MODELS_DIR, TRUTH_FILE, Project
from sos_studio.dataset.seal import SEAL_FILE
from sos_studio.dataset.upgrade import DATABASE_FILE

# What lies beside what the database vouches for.
_BESIDE = frozenset({parasagittal.PICTURE_FILE, parasagittal.RECORD_FILE, prepared.ORIGINAL_FILE, prepared.MASK_FILE})
_OF_A_PROJECT = frozenset(
    {DATASHEET_FILE, TRUTH_FILE, HASHES_FILE, SEAL_FILE, LOCK_FILE, CAPTURES_DIR, MANIFESTS_DIR, MODELS_DIR, JOBS_DIR}
)
_OF_A_MODEL = frozenset({"model.json", "model.safetensors"})
_OF_A_JOB = frozenset({JOB_FILE, WORKER_FILE, EVENTS_FILE, LOG_FILE, RESULT_FILE})

Severity = Literal["error", "info"]


@dataclass(frozen=True)
class Problem:
    """One finding: a code for `sos_studio.messages` with its values.

    Attributes
    ----------
    severity
        ``error``: something confirmed is missing or changed. ``info``: something lies about that belongs to nothing, such as a capture
        that a crash interrupted before it was saved.
    file
        Below the project folder, POSIX.
    """

    code: str
    severity: Severity
    case_id: str | None
    capture_id: str | None
    file: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Expected:
    """A file that the database vouches for."""

    case_id: str | None
    capture_id: str | None
    file: str
    sha256: str


def check(
    project: Project, *, progress: Callable[[float], None] | None = None, cancelled: Callable[[], bool] | None = None
) -> list[Problem]:
    """Compare every file with its hash, and look for files that nothing vouches for.

    Returns
    -------
    list
        Problems in the order of cases; empty if all is well.

    Raises
    ------
    CancelledError
        When `cancelled` says so.
    """
    with project.reading() as session:
        damage = session.execute(sql.text("PRAGMA integrity_check(1)")).scalar_one()
        expected = list(expected_files(session))
    databases = sync_traces.conflicted_copies(project.directory)
    found = [Problem("check.conflicted_copy", "error", None, None, name, {"file": name}) for name in databases]
    if damage != "ok":
        found.append(Problem("check.database_damaged", "error", None, None, "project.sqlite"))
    else:
        found += _changed_rows(project.directory)
    for n, item in enumerate(expected):
        if cancelled is not None and cancelled():
            raise CancelledError
        if (problem := _compare(project.directory, item)) is not None:
            found.append(problem)
        if progress is not None:
            progress((n + 1) / len(expected))
    known = {item.file for item in expected}
    copies_found = list(_second_copies(project.directory, known))
    beside = tuple(f"{problem.file}/" for problem in copies_found)
    return found + copies_found + [left for left in _leftovers(project.directory, known) if not f"{left.file}/".startswith(beside)]


def _changed_rows(directory: Path) -> list[Problem]:
    """Rows that changed by themselves since the newest copy of the database: SQLite does not notice."""
    trusted = copies.copies(directory)
    changed = copies.changed_rows(directory / DATABASE_FILE, trusted[-1]) if trusted else ()
    return [
        Problem(
            "check.row_missing" if row.missing else "check.row_changed",
            "error",
            row.case_id,
            None,
            DATABASE_FILE,
            {"case": row.case_id or "–", "table": row.table},
        )
        for row in changed
    ]


def expected_files(session: sql.Session) -> Iterator[Expected]:
    """Every file that the database vouches for, in the order of cases; manifests last."""
    frames: dict[str, list[sql.RoiRow]] = {}
    for frame in session.scalars(sql.select(sql.RoiRow).order_by(sql.RoiRow.capture_id, sql.RoiRow.n)):
        frames.setdefault(frame.capture_id, []).append(frame)
    for row in session.scalars(sql.select(sql.CaptureRow).order_by(sql.CaptureRow.case_id, sql.CaptureRow.number)):
        folder = f"{CAPTURES_DIR}/{row.case_id}/{row.capture_id}"
        files = {FULL_FILE: row.full_sha256, RECORD_FILE: row.record_sha256}
        if row.full16_sha256 is not None:
            files[FULL16_FILE] = row.full16_sha256
        for frame in frames.get(row.capture_id, []):
            files |= {roi_file(frame.n): frame.roi_sha256, crop_file(frame.n): frame.crop_sha256}
        for name, digest in files.items():
            yield Expected(row.case_id, row.capture_id, f"{folder}/{name}", digest)
    for manifest in session.scalars(sql.select(sql.ManifestRow).order_by(sql.text("rowid"))):
        yield Expected(None, None, f"{MANIFESTS_DIR}/{manifest.manifest_id}.json", manifest.sha256)


def _compare(directory: Path, item: Expected) -> Problem | None:
    try:
        with open(directory / item.file, "rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() == item.sha256:
                return None
        code = "check.file_changed"
    except FileNotFoundError:
        code = "check.file_in_cloud" if sync_traces.in_cloud_only(directory / item.file) else "check.file_missing"
    except OSError:
        code = "check.file_unreadable"
    name = item.file.rpartition("/")[2]
    if item.case_id is None:
        return Problem(code.replace("file", "manifest"), "error", None, None, item.file, {"file": name})
    return Problem(code, "error", item.case_id, item.capture_id, item.file, {"case": item.case_id, "file": name})


def _second_copies(directory: Path, known: set[str]) -> Iterator[Problem]:
    """Files and folders that a sync program doubled or renamed, in every room."""
    names_in: dict[str, set[str]] = {}
    for file in known:
        parts = file.split("/")
        for n in range(1, len(parts)):
            names_in.setdefault("/".join(parts[:n]), set()).add(parts[n])
    for room in [room for room in names_in if room.count("/") == 2]:
        names_in[room] |= _BESIDE
    for top, own in ((MODELS_DIR, _OF_A_MODEL), (JOBS_DIR, _OF_A_JOB)):
        names_in |= {path.relative_to(directory).as_posix(): set(own) for path in directory.glob(f"{top}/*") if path.is_dir()}
    names_in[""] = set(_OF_A_PROJECT)
    for room, names in sorted(names_in.items()):
        for name, original in sync_traces.doubled(directory / room, names):
            parts = room.split("/")
            case_id = parts[1] if len(parts) > 1 and parts[0] == CAPTURES_DIR else None
            place = f"{room}/{name}" if room else name
            values = {"file": name, "original": original, "place": case_id or room or directory.name}
            yield Problem("check.conflicted_file", "info", case_id, parts[2] if len(parts) > 2 else None, place, values)


def _leftovers(directory: Path, known: set[str]) -> Iterator[Problem]:
    """Files of ours without a row: interrupted before they were confirmed, or put there by hand."""
    folders = {file.rpartition("/")[0] for file in known}
    for folder in sorted(p for p in directory.glob(f"{CAPTURES_DIR}/*/*") if p.is_dir() and not p.name.startswith(".")):
        relative = folder.relative_to(directory).as_posix()
        case_id, capture_id = folder.parent.name, folder.name
        if relative not in folders:
            yield Problem("check.capture_unknown", "info", case_id, capture_id, relative, {"case": case_id, "file": capture_id})
            continue
        beside = parasagittal.damaged(folder)
        for name in ([] if beside is None else [beside]) + prepared.damaged(folder):
            yield Problem("check.file_changed", "error", case_id, capture_id, f"{relative}/{name}", {"case": case_id, "file": name})
        for path in sorted(folder.iterdir()):
            file = path.relative_to(directory).as_posix()
            if file not in known and re.fullmatch(r"(roi-\d+\.json|crop-\d+\.png)", path.name):
                yield Problem("check.frame_unknown", "info", case_id, capture_id, file, {"case": case_id, "file": path.name})
    for path in sorted(directory.glob(f"{MANIFESTS_DIR}/*.json")):
        file = path.relative_to(directory).as_posix()
        if file not in known:
            yield Problem("check.manifest_unknown", "info", None, None, file, {"file": path.name})
