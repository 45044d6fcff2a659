"""Small real projects for the tests of this room."""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path

import numpy as np
from PIL import Image

from sos_studio.core.captures import CaptureRecord
from sos_studio.core.readings import Reading
from sos_studio.core.roi import Roi
from sos_studio.dataset import captures, cases, readings, upgrade
from sos_studio.dataset.project import Project

SHAPE_VU = (90, 120)
ROI = Roi.of((60.0, 45.0), 25.0, 40.0)


def png(shape_vu: tuple[int, int] = SHAPE_VU, seed: int = 0, dtype: type = np.uint8) -> bytes:
    values = np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape_vu, dtype=dtype)
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, "png")
    return stream.getvalue()


def record(case_id: str, capture_id: str, series_hash: str | None = None, shape_vu: tuple[int, int] = SHAPE_VU) -> CaptureRecord:
    return CaptureRecord(
        software="SOS Studio test",
        case=case_id,
        capture_id=capture_id,
        series_hash=series_hash,
        orientation=None,
        lps_from_uv=None,
        shape_vu=shape_vu,
        spacing_mm=0.25,
        interpolation="trilinear",
        window=None,
        value_from_png=None,
    )


def add_capture(project: Project, case_id: str, seed: int = 0, series_hash: str | None = None) -> str:
    return captures.add_capture(
        project,
        case_id,
        record_for=lambda capture_id: record(case_id, capture_id, series_hash),
        full_png=png(seed=seed),
        full16_png=png(seed=seed, dtype=np.uint16),
    )


def add_roi(project: Project, capture_id: str, roi: Roi = ROI) -> int:
    return captures.add_roi(project, capture_id, roi, png(roi.crop_shape_vu))


def read(
    project: Project,
    case_id: str,
    capture_id: str,
    stage: int,
    evaluator: str = "Ada",
    *,
    ambiguous: bool = False,
    roi_n: int | None = None,
) -> Reading:
    return readings.append(
        project,
        Reading(
            reading_id=readings.new_reading_id(),
            case_id=case_id,
            capture_id=capture_id,
            roi_n=roi_n,
            evaluator=evaluator,
            stage=stage,
            ambiguous=ambiguous,
        ),
    )


def staged_case(project: Project, stage: int | None, *, patient: str | None = None, frame: bool = True, seed: int | None = None) -> str:
    case_id = cases.add_case(project, patient)
    # Each has a picture of its own, else no training would take them.
    capture_id = add_capture(project, case_id, int(case_id.rpartition("-")[2]) + 1000 if seed is None else seed)
    if frame:
        add_roi(project, capture_id)
    if stage is not None:
        read(project, case_id, capture_id, stage)
    return case_id


def files_below(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def back_to_the_first_schema(database: Path) -> None:
    """Make a project's database what the first version would have made."""
    connection = sqlite3.connect(database)
    with connection:
        for table in ("predictions", "patient_codes", "in_use", "consensus_rules", "events"):
            connection.execute(f"DROP TABLE {table}")
        for table, column in (
            *(("project", name) for name in ("secret_check", "keep_age", "keep_sex")),
            ("exclusions", "note"),
            ("readings", "blinded"),
        ):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    connection.close()
    # Nor did the first version keep copies of each day, which tell rows that went missing.
    for copy in (database.parent / upgrade.BACKUPS_DIR).glob("daily-*"):
        copy.unlink()


class NoPictures:
    """Nothing is made of pixels here, and every file is a picture."""

    def full(self, full16: Path, record: CaptureRecord) -> None:
        """Can't."""

    def full16(self, record: CaptureRecord) -> None:
        """Can't."""

    def crop(self, full: Path, roi: Roi) -> None:
        """Can't."""

    def decodes(self, picture: Path, shape_vu: tuple[int, int]) -> bool:
        """Whether it is a file that holds something."""
        return picture.stat().st_size > 100
