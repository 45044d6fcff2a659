"""Taking in captures and frames that lie whole in the project but have no row: a database that was brought back from a copy is older than
its pictures.

What is taken in never takes the place of what counts (`in_use`); only a case that has nothing else uses it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from sos_studio.core.captures import CaptureRecord
from sos_studio.core.errors import BadInputError
from sos_studio.core.readings import utc_now
from sos_studio.core.roi import Roi
from sos_studio.dataset import sql
from sos_studio.dataset.captures import FULL16_FILE, FULL_FILE, RECORD_FILE, capture_row, crop_file, roi_file, sha256
from sos_studio.dataset.in_use import NOTHING, in_use_by_case, row_for
from sos_studio.dataset.project import Project


class Decodes(Protocol):
    """Knows pictures."""

    def decodes(self, picture: Path, shape_vu: tuple[int, int]) -> bool:
        """Whether a file is a grey picture of that size."""


def adopt_capture(project: Project, folder_file: str, pictures: Decodes) -> list[str]:
    """Take in a capture's folder, its case if there is none, and its frames.

    A case that is made for it has a new pseudonym: nobody knows any more whether it is another scan of a known patient.

    Parameters
    ----------
    folder_file
        Below the project folder, POSIX.

    Returns
    -------
    The files that are known now; empty if the folder is not whole.
    """
    folder = project.path(folder_file)
    try:
        record_bytes, full = (folder / RECORD_FILE).read_bytes(), (folder / FULL_FILE).read_bytes()
        record = CaptureRecord.model_validate_json(record_bytes)
        full16 = (folder / FULL16_FILE).read_bytes() if (folder / FULL16_FILE).exists() else None
    except (OSError, ValidationError):
        return []
    number = re.fullmatch(r"case-(\d+)", record.case)
    whole = (record.case, record.capture_id) == (folder.parent.name, folder.name) and number is not None
    if not whole or not pictures.decodes(folder / FULL_FILE, record.shape_vu):
        return []
    if full16 is not None and not pictures.decodes(folder / FULL16_FILE, record.shape_vu):
        return []
    if full16 is None and record.value_from_png is not None:
        return []
    frames = _frames(folder, record.shape_vu, pictures)
    with project.writing() as session:
        before = in_use_by_case(session, record.case).get(record.case, NOTHING)
        if session.scalar(sql.select(sql.CaseRow.number).where(sql.CaseRow.case_id == record.case)) is None and number is not None:
            session.add(_case(int(number[1]), record, project))
            session.flush()
        session.add(capture_row(record, record_bytes, full, full16))
        session.flush()
        session.add_all(_frame_row(record.capture_id, n, *frame) for n, frame in frames.items())
        session.flush()
        last = max(frames, default=None)
        session.add(row_for(record.case, *(before if before != NOTHING else (record.capture_id, last))))
    names = [RECORD_FILE, FULL_FILE, *([FULL16_FILE] if full16 is not None else [])]
    names += [name for n in frames for name in (roi_file(n), crop_file(n))]
    return [f"{folder_file}/{name}" for name in names]


def adopt_frame(project: Project, file: str, pictures: Decodes) -> list[str]:
    """Take in a frame with its crop, given either of their files; empty if one is missing or they don't fit one another."""
    path = project.path(file)
    folder, match = path.parent, re.fullmatch(r"(?:roi|crop)-(\d+)\.(?:json|png)", path.name)
    with project.reading() as session:
        capture = session.scalars(sql.select(sql.CaptureRow).where(sql.CaptureRow.capture_id == folder.name)).first()
    if match is None or capture is None:
        return []
    n = int(match[1])
    frame = _frames(folder, (capture.height, capture.width), pictures).get(n)
    if frame is None:
        return []
    with project.writing() as session:
        if session.get(sql.RoiRow, (capture.capture_id, n)) is not None:
            return []
        before = in_use_by_case(session, capture.case_id).get(capture.case_id, NOTHING)
        session.add(_frame_row(capture.capture_id, n, *frame))
        session.flush()
        session.add(row_for(capture.case_id, *before))
    base = file.rpartition("/")[0]
    return [f"{base}/{roi_file(n)}", f"{base}/{crop_file(n)}"]


def _frames(folder: Path, shape_vu: tuple[int, int], pictures: Decodes) -> dict[int, tuple[Roi, bytes, bytes]]:
    """Frames that are whole, by number: the frame, its file and its crop's."""
    found: dict[int, tuple[Roi, bytes, bytes]] = {}
    for path in sorted(folder.glob("roi-*.json")):
        match = re.fullmatch(r"roi-(\d+)\.json", path.name)
        if match is None:
            continue
        try:
            roi_json, crop = path.read_bytes(), (folder / crop_file(int(match[1]))).read_bytes()
            roi = Roi.model_validate_json(roi_json)
            roi.require_inside(shape_vu)
        except (OSError, ValidationError, BadInputError):
            continue
        if pictures.decodes(folder / crop_file(int(match[1])), roi.crop_shape_vu):
            found[int(match[1])] = (roi, roi_json, crop)
    return found


def _frame_row(capture_id: str, n: int, roi: Roi, roi_json: bytes, crop: bytes) -> sql.RoiRow:
    return sql.RoiRow(
        capture_id=capture_id,
        n=n,
        center_u=roi.center_uv[0],
        center_v=roi.center_uv[1],
        angle_deg=roi.angle_deg,
        width_px=roi.width_px,
        roi_sha256=sha256(roi_json),
        crop_sha256=sha256(crop),
        created_utc=utc_now(),
    )


def _case(number: int, record: CaptureRecord, project: Project) -> sql.CaseRow:
    with project.reading() as session:
        taken = set(session.scalars(sql.select(sql.CaseRow.patient)))
    patient = f"P{number:04d}"
    while patient in taken:
        number += 1000
        patient = f"P{number:04d}"
    return sql.CaseRow(
        number=int(record.case.removeprefix("case-")),
        case_id=record.case,
        patient=patient,
        age_years=None,
        sex=None,
        imported=record.series_hash is None,
        created_utc=utc_now(),
    )
