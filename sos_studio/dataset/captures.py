"""Captures and frames: immutable files under `captures/<case>/<capture>/`, and their rows.

Files come first, whole and on the disk, then the row. What a crash leaves without a row was never confirmed and is never read.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sos_studio.core import atomic
from sos_studio.core.captures import CaptureRecord
from sos_studio.core.errors import BadInputError, ProjectError
from sos_studio.core.readings import utc_now
from sos_studio.core.roi import Roi
from sos_studio.dataset import sql
from sos_studio.dataset.faults import translated
from sos_studio.dataset.in_use import row_for
from sos_studio.dataset.project import CAPTURES_DIR, Project

FULL_FILE, FULL16_FILE, RECORD_FILE = "full.png", "full16.png", "capture.json"
_PNG_START = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


@dataclass(frozen=True)
class CapturePaths:
    """Where the files of a capture lie. `full16` is None for imported images."""

    case_id: str
    folder: Path
    full: Path
    full16: Path | None
    record: Path


@dataclass(frozen=True)
class CaptureInfo:
    """A capture as the database knows it; `spacing_mm` also where it was given after the import (`pixel_sizes`)."""

    capture_id: str
    case_id: str
    series_hash: str | None
    shape_vu: tuple[int, int]
    spacing_mm: float | None


def roi_file(n: int) -> str:
    """Name of the n-th frame's file in its capture's folder."""
    return f"roi-{n}.json"


def crop_file(n: int) -> str:
    """Name of the n-th crop's file in its capture's folder."""
    return f"crop-{n}.png"


def add_capture(
    project: Project,
    case_id: str,
    *,
    record_for: Callable[[str], CaptureRecord],
    full_png: bytes,
    full16_png: bytes | None = None,
    beside: Mapping[str, bytes] | None = None,
) -> str:
    """Store a capture; when this returns, it survives a crash.

    Parameters
    ----------
    record_for
        Makes the record, given the new capture's id.
    full_png, full16_png
        Encoded PNG files: 8 bit, and 16 bit (None for imported images).
    beside
        Further files of the folder, whose hashes the record holds (`prepared`).

    Returns
    -------
    str
        The capture's id.

    Raises
    ------
    BadInputError
        ``case.unknown``.
    ProjectError
        ``project.read_only``, ``project.disk_full`` and other refusals of the disk; nothing is left behind.
    """
    project.require_writable()
    with project.reading() as session:
        known = session.scalar(sql.select(sql.CaseRow.number).where(sql.CaseRow.case_id == case_id))
    if known is None:
        raise BadInputError("case.unknown", case=case_id)
    row, folder = write_capture_files(project, case_id, record_for=record_for, full_png=full_png, full16_png=full16_png, beside=beside)
    try:
        with project.writing() as session:
            session.add(row)
            session.flush()
            session.add(row_for(case_id, row.capture_id, None))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return row.capture_id


def write_capture_files(
    project: Project,
    case_id: str,
    *,
    record_for: Callable[[str], CaptureRecord],
    full_png: bytes,
    full16_png: bytes | None,
    beside: Mapping[str, bytes] | None = None,
) -> tuple[sql.CaptureRow, Path]:
    """The first half of `add_capture`: folder on the disk, row not yet in the database. The caller removes the folder if the row fails.

    `beside` are further files of the folder, whose hashes the record holds.
    """
    capture_id = f"capture-{secrets.token_hex(4)}"
    record = record_for(capture_id)
    if (record.case, record.capture_id) != (case_id, capture_id):
        raise ValueError("the record is another capture's")
    for png in (full_png, full16_png):
        if png is not None and _png_shape_vu(png) != record.shape_vu:
            raise ValueError("the picture is not the record's")
    record_json = _json(record.model_dump(mode="json"))
    files = {FULL_FILE: full_png, RECORD_FILE: record_json} | ({FULL16_FILE: full16_png} if full16_png is not None else {})
    files |= beside or {}
    folder = project.path(CAPTURES_DIR, case_id, capture_id)
    with translated(project.directory):
        _write_folder(folder, files)
    return capture_row(record, record_json, full_png, full16_png), folder


def capture_row(record: CaptureRecord, record_json: bytes, full_png: bytes, full16_png: bytes | None) -> sql.CaptureRow:
    """The database's row of a capture whose files have these bytes."""
    return sql.CaptureRow(
        capture_id=record.capture_id,
        case_id=record.case,
        series_hash=record.series_hash,
        source_sha256=record.source_sha256,
        height=record.shape_vu[0],
        width=record.shape_vu[1],
        spacing_mm=record.spacing_mm,
        full_sha256=sha256(full_png),
        full16_sha256=None if full16_png is None else sha256(full16_png),
        record_sha256=sha256(record_json),
        software=record.software,
        created_utc=utc_now(),
    )


def add_roi(project: Project, capture_id: str, roi: Roi, crop_png: bytes) -> int:
    """Store a frame and its crop beside a capture; a changed frame is a new one.

    Returns
    -------
    int
        The frame's number n, from 1.

    Raises
    ------
    BadInputError
        ``capture.unknown``, ``roi.outside_image``, ``roi.too_small``.
    ProjectError
        As `add_capture`.
    """
    info = capture(project, capture_id)
    roi.require_usable(info.shape_vu)
    if _png_shape_vu(crop_png) != roi.crop_shape_vu:
        raise ValueError("the crop is not the frame's")
    folder = project.path(CAPTURES_DIR, info.case_id, capture_id)
    roi_json = _json(roi.model_dump(mode="json"))
    with project.writing() as session:
        n = _next_n(session, capture_id, folder)
        written = (folder / crop_file(n), folder / roi_file(n))
        try:
            atomic.write_bytes(written[0], crop_png)
            atomic.write_bytes(written[1], roi_json)
            session.add(
                sql.RoiRow(
                    capture_id=capture_id,
                    n=n,
                    center_u=roi.center_uv[0],
                    center_v=roi.center_uv[1],
                    angle_deg=roi.angle_deg,
                    width_px=roi.width_px,
                    roi_sha256=sha256(roi_json),
                    crop_sha256=sha256(crop_png),
                    created_utc=utc_now(),
                )
            )
            session.flush()
            session.add(row_for(info.case_id, capture_id, n))
            session.commit()
        except BaseException:
            for path in written:
                with contextlib.suppress(OSError):
                    path.unlink()
            raise
    return n


def is_capture_folder(path: Path) -> bool:
    """Whether a folder holds a capture (in a project or not)."""
    return (path / RECORD_FILE).is_file() and (path / FULL_FILE).is_file()


def capture(project: Project, capture_id: str) -> CaptureInfo:
    """One capture; ``capture.unknown`` if there is none."""
    with project.reading() as session:
        row = session.scalars(sql.select(sql.CaptureRow).where(sql.CaptureRow.capture_id == capture_id)).first()
    if row is None:
        raise BadInputError("capture.unknown", capture=capture_id)
    return _info(row)


def captures(project: Project, case_id: str) -> list[CaptureInfo]:
    """The captures of a case, oldest first."""
    with project.reading() as session:
        return [
            _info(row)
            for row in session.scalars(sql.select(sql.CaptureRow).where(sql.CaptureRow.case_id == case_id).order_by(sql.CaptureRow.number))
        ]


def of_picture(project: Project, source_sha256: str | None, full_sha256: str) -> tuple[str, str] | None:
    """Case and capture of an imported picture, by its file's hash or, where that is not known, by its full image's; None if it is new."""
    row = sql.CaptureRow
    same = row.full_sha256 == full_sha256
    if source_sha256 is not None:
        same = (row.source_sha256 == source_sha256) | (row.source_sha256.is_(None) & same)
    query = sql.select(row.case_id, row.capture_id).where(row.series_hash.is_(None), same).order_by(row.number).limit(1)
    with project.reading() as session:
        found = session.execute(query).first()
    return None if found is None else (found[0], found[1])


def capture_paths(project: Project, capture_id: str) -> CapturePaths:
    """Where the files of a capture lie; ``capture.unknown`` if there is none."""
    with project.reading() as session:
        row = session.scalars(sql.select(sql.CaptureRow).where(sql.CaptureRow.capture_id == capture_id)).first()
    if row is None:
        raise BadInputError("capture.unknown", capture=capture_id)
    folder = project.path(CAPTURES_DIR, row.case_id, capture_id)
    full16 = folder / FULL16_FILE if row.full16_sha256 else None
    return CapturePaths(row.case_id, folder, folder / FULL_FILE, full16, folder / RECORD_FILE)


def crop_path(project: Project, capture_id: str, n: int) -> Path:
    """Where the n-th crop of a capture lies."""
    return capture_paths(project, capture_id).folder / crop_file(n)


def read_record(project: Project, capture_id: str) -> CaptureRecord:
    """Read `capture.json`, with the pixel size that was given after the import where it has none.

    Raises
    ------
    ProjectError
        ``capture.damaged`` if it is missing or broken.
    """
    paths = capture_paths(project, capture_id)
    try:
        record = CaptureRecord.model_validate_json(paths.record.read_bytes())
    except (OSError, ValidationError) as error:
        raise ProjectError("capture.damaged", case=paths.case_id, capture=capture_id, file=RECORD_FILE) from error
    given = None if record.spacing_mm is not None else capture(project, capture_id).spacing_mm
    return record if given is None else record.model_copy(update={"spacing_mm": given})


def rois(project: Project, capture_id: str) -> dict[int, Roi]:
    """All frames of a capture by number, oldest first; rows that hold no frame (somebody edited the database) are left out."""
    with project.reading() as session:
        rows = session.scalars(sql.select(sql.RoiRow).where(sql.RoiRow.capture_id == capture_id).order_by(sql.RoiRow.n)).all()
    found = {}
    for row in rows:
        with contextlib.suppress(ProjectError):
            found[row.n] = roi_of(row)
    return found


def frame(project: Project, capture_id: str, n: int) -> Roi:
    """One frame of a capture.

    Raises
    ------
    ProjectError
        ``roi.damaged`` if there is no such frame, its row holds none, or it can't be one of this image.
    """
    info, found = capture(project, capture_id), rois(project, capture_id).get(n)
    try:
        if found is not None:
            found.require_usable(info.shape_vu)
            return found
    except BadInputError as error:
        raise ProjectError("roi.damaged", n=n, case=info.case_id) from error
    raise ProjectError("roi.damaged", n=n, case=info.case_id)


def latest_roi(project: Project, capture_id: str) -> tuple[int, Roi] | None:
    """Number and frame drawn last on a capture; None if none was drawn."""
    found = rois(project, capture_id)
    return max(found.items(), key=lambda item: item[0]) if found else None


def roi_of(row: sql.RoiRow) -> Roi:
    """A frame from its row; ``roi.damaged`` if the row holds none."""
    try:
        return Roi.of((row.center_u, row.center_v), row.angle_deg, row.width_px)
    except (BadInputError, TypeError) as error:  # text or nothing where a number should be
        raise ProjectError("roi.damaged", n=row.n, case=row.capture_id) from error


def sha256(data: bytes) -> str:
    """Hash as it stands in database and manifests."""
    return hashlib.sha256(data).hexdigest()


def _info(row: sql.CaptureRow) -> CaptureInfo:
    return CaptureInfo(row.capture_id, row.case_id, row.series_hash, (row.height, row.width), row.pixel_mm)


def _next_n(session: sql.Session, capture_id: str, folder: Path) -> int:
    """One more than every frame known or left on the disk by a crash: a number is never used twice."""
    known = session.scalar(sql.select(sql.func.max(sql.RoiRow.n)).where(sql.RoiRow.capture_id == capture_id)) or 0
    left = [int(match[1]) for path in folder.iterdir() if (match := re.fullmatch(r"(?:roi|crop)-(\d+)\.(?:json|png)", path.name))]
    return max([known, *left]) + 1


def _write_folder(folder: Path, files: dict[str, bytes]) -> None:
    """Write a folder so that it is there with all its files, on the disk, or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.tmp")
    try:
        temporary.mkdir()
        for name, data in files.items():
            with open(temporary / name, "xb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
        atomic.sync_directory(temporary)
        atomic.rename(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    atomic.sync_directory(folder.parent)
    atomic.sync_directory(folder.parent.parent)


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


def _png_shape_vu(png: bytes) -> tuple[int, int]:
    if not png.startswith(_PNG_START) or len(png) < 24:
        raise ValueError("not a PNG file")
    width, height = struct.unpack(">II", png[16:24])
    return int(height), int(width)
