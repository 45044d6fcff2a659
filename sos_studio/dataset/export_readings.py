"""What a case's readings were made on: the captures, frames and rows that leave with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sos_studio.core.consensus import standing_decision
from sos_studio.core.readings import Reading, standing
from sos_studio.core.roi import Roi
from sos_studio.dataset import sql
from sos_studio.dataset.captures import FULL_FILE, crop_file, roi_of
from sos_studio.dataset.export_files import ExportItem
from sos_studio.dataset.project import CAPTURES_DIR, Project
from sos_studio.dataset.readings import all_readings


@dataclass(frozen=True)
class ReadFrame:
    """A frame and its crop; the path is below the project folder."""

    n: int
    roi: Roi
    crop_path: str
    crop_sha256: str


@dataclass(frozen=True)
class ReadCapture:
    """A capture with the frames that readings were made on, and the one in use.

    `from_scan` tells it from an imported image, and `imported` an imported one from what the program drew for phantoms.
    """

    capture_id: str
    spacing_mm: float | None
    from_scan: bool
    imported: bool
    full_path: str
    full_sha256: str
    frames: tuple[ReadFrame, ...]


@dataclass(frozen=True)
class ReadCase:
    """A case with its standing readings, in the order of writing, and the decision on them as the last one, if there is one."""

    item: ExportItem
    captures: tuple[ReadCapture, ...]
    readings: tuple[Reading, ...]


def read_cases(project: Project, items: Sequence[ExportItem]) -> Iterator[ReadCase]:
    """The cases of `items`, in their order. Captures that nobody read and that are not in use stay at home."""
    readings = all_readings(project)
    with project.reading() as session:
        captures: dict[str, list[sql.CaptureRow]] = defaultdict(list)
        for row in session.scalars(sql.select(sql.CaptureRow).order_by(sql.CaptureRow.number)):
            captures[row.case_id].append(row)
        frames: dict[str, list[sql.RoiRow]] = defaultdict(list)
        for frame in session.scalars(sql.select(sql.RoiRow).order_by(sql.RoiRow.n)):
            frames[frame.capture_id].append(frame)
    for item in items:
        rows = readings.get(item.summary.case_id, [])
        decision = standing_decision(rows)
        stand = standing(rows) + ([decision] if decision is not None and decision.stage is not None else [])
        wanted = {(row.capture_id, row.roi_n) for row in stand} | {(item.capture_id, item.summary.roi_n)}
        used = [row for row in captures[item.summary.case_id] if row.capture_id in {capture_id for capture_id, _ in wanted}]
        yield ReadCase(
            item,
            tuple(_capture(row, [frame for frame in frames[row.capture_id] if (row.capture_id, frame.n) in wanted]) for row in used),
            tuple(stand),
        )


def _capture(row: sql.CaptureRow, frames: list[sql.RoiRow]) -> ReadCapture:
    base = f"{CAPTURES_DIR}/{row.case_id}/{row.capture_id}"
    return ReadCapture(
        capture_id=row.capture_id,
        spacing_mm=row.pixel_mm,
        from_scan=row.series_hash is not None,
        imported=row.series_hash is None and row.full16_sha256 is None,
        full_path=f"{base}/{FULL_FILE}",
        full_sha256=row.full_sha256,
        frames=tuple(ReadFrame(frame.n, roi_of(frame), f"{base}/{crop_file(frame.n)}", frame.crop_sha256) for frame in frames),
    )
