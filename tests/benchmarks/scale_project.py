"""A project of many cases and readings, made in seconds: rows in bulk, pictures shared by hard links where the disk has them.

Run from the project's root to look at one: ``python -m tests.benchmarks.scale_project DIR [--cases 10000] [--readings 60000]``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from sos_studio.core.roi import Roi
from sos_studio.dataset import sql
from sos_studio.dataset.captures import FULL_FILE, RECORD_FILE, crop_file, roi_file, sha256
from sos_studio.dataset.project import CAPTURES_DIR, Project
from sos_studio.imaging import images
from tests.dataset.builders import record

CASES, READINGS = 10_000, 60_000
EVALUATORS = ("Dr Bench", "Dr Reader", "Dr Third")
PICTURES = 40  # different ones; a project of real captures has one per case, but what is read and shown of each is as much
SHAPE_VU = (560, 640)  # a capture of a 512³ scan of 0.3 mm
ROI = Roi.of((300.0, 260.0), 20.0, 150.0)
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_AT_ONCE = 2_000  # rows per statement


def make(folder: Path, cases: int = CASES, readings: int = READINGS, seed: int = 0) -> Path:
    """A project in which all cases are captured and cropped, two thirds are predicted and one in fifty is excluded.

    The readings are spread over the cases and the three evaluators; every tenth of them was taken back.

    Parameters
    ----------
    folder
        A new or empty one.
    cases, readings
        How many.
    seed
        Of stages, ages and who read what.

    Returns
    -------
    Path
        The project's folder.
    """
    rng = np.random.default_rng(seed)
    with Project.create(folder, phantom=True) as project:
        captures = _write_files(folder, cases)
        with project.writing() as session:
            for table, rows in (
                (sql.CaseRow, _case_rows(cases, rng)),
                (sql.CaptureRow, captures),
                (sql.RoiRow, _frame_rows(cases)),
                (sql.InUseRow, _in_use_rows(cases)),
                (sql.ReadingRow, _reading_rows(cases, readings, rng)),
                (sql.PredictionRow, _prediction_rows(cases)),
                (sql.ExclusionRow, _exclusion_rows(cases)),
            ):
                _insert(session, table, rows)
    return folder


def _insert(session: sql.Session, table: Any, rows: Iterator[dict[str, Any]]) -> None:
    waiting: list[dict[str, Any]] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == _AT_ONCE:
            session.execute(table.__table__.insert(), waiting)
            waiting = []
    if waiting:
        session.execute(table.__table__.insert(), waiting)


def _case_id(n: int) -> str:
    return f"case-{n:04d}"


def _capture_id(n: int) -> str:
    return f"capture-{n:08x}"


def _pictures() -> list[tuple[bytes, bytes]]:
    """Full images and crops: smooth shapes with a scanner's noise, so that files are as large as a scan's."""
    rng = np.random.default_rng(7)
    v, u = np.mgrid[0 : SHAPE_VU[0], 0 : SHAPE_VU[1]]
    made = []
    for n in range(PICTURES):
        band = 130 * np.exp(-(((u - 280 - 2 * n) * 0.6 + (v - 260) * 0.8) ** 2) / (900 + 60 * n))
        full = np.clip(55 + band + rng.normal(0, 9, SHAPE_VU), 0, 255).astype(np.uint8)
        height, width = ROI.crop_shape_vu
        made.append((images.encode_png(full), images.encode_png(np.ascontiguousarray(full[180 : 180 + height, 180 : 180 + width]))))
    return made


def _write_files(folder: Path, cases: int) -> Iterator[dict[str, Any]]:
    """Capture folders, and the rows that vouch for them."""
    pictures = _pictures()
    room = folder / CAPTURES_DIR
    frame = (ROI.model_dump_json() + "\n").encode()
    (stock := folder / ".stock").mkdir()
    for k, (full, crop) in enumerate(pictures):
        (stock / f"{k}-full").write_bytes(full)
        (stock / f"{k}-crop").write_bytes(crop)
    (stock / "frame").write_bytes(frame)
    hashes = [sha256(full) for full, _ in pictures]
    rows = []
    for n in range(1, cases + 1):
        k = n % PICTURES
        where = room / _case_id(n) / _capture_id(n)
        where.mkdir(parents=True)
        made = (record(_case_id(n), _capture_id(n), f"{n:064x}", SHAPE_VU).model_dump_json() + "\n").encode()
        (where / RECORD_FILE).write_bytes(made)
        for source, name in ((f"{k}-full", FULL_FILE), (f"{k}-crop", crop_file(1)), ("frame", roi_file(1))):
            _link(stock / source, where / name)
        rows.append(
            {
                "capture_id": _capture_id(n),
                "case_id": _case_id(n),
                "series_hash": f"{n:064x}",
                "height": SHAPE_VU[0],
                "width": SHAPE_VU[1],
                "spacing_mm": 0.25,
                "full_sha256": hashes[k],
                "record_sha256": sha256(made),
                "software": "SOS Studio benchmark",
                "created_utc": _BEGIN + timedelta(minutes=n),
            }
        )
    shutil.rmtree(stock)
    return iter(rows)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a disk without hard links
        shutil.copyfile(source, target)


def _case_rows(cases: int, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    ages = rng.uniform(7, 68, cases)
    for n in range(1, cases + 1):
        # One patient in ten has a second scan.
        patient = f"P{n - 1 if n % 10 == 0 else n:04d}"
        yield {
            "number": n,
            "case_id": _case_id(n),
            "patient": patient,
            "age_years": round(float(ages[n - 1]), 1),
            "sex": "FM"[n % 2],
            "imported": False,
            "created_utc": _BEGIN + timedelta(minutes=n),
        }


def _frame_rows(cases: int) -> Iterator[dict[str, Any]]:
    frame, crops = sha256((ROI.model_dump_json() + "\n").encode()), [sha256(crop) for _, crop in _pictures()]
    for n in range(1, cases + 1):
        yield {
            "capture_id": _capture_id(n),
            "n": 1,
            "center_u": ROI.center_uv[0],
            "center_v": ROI.center_uv[1],
            "angle_deg": ROI.angle_deg,
            "width_px": ROI.width_px,
            "roi_sha256": frame,
            "crop_sha256": crops[n % PICTURES],
            "created_utc": _BEGIN + timedelta(minutes=n),
        }


def _in_use_rows(cases: int) -> Iterator[dict[str, Any]]:
    for roi_n in (None, 1):
        for n in range(1, cases + 1):
            yield {"case_id": _case_id(n), "capture_id": _capture_id(n), "roi_n": roi_n, "created_utc": _BEGIN + timedelta(minutes=n)}


def _reading_rows(cases: int, readings: int, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Round after round over all cases but the last hundredth, which waits for its first reading."""
    staged = max(1, cases - cases // 100)
    truth = rng.integers(1, 6, cases)
    off = rng.choice([-1, 0, 0, 0, 0, 1], readings)
    newest: dict[tuple[int, str], str] = {}
    for k in range(readings):
        n, evaluator = k % staged + 1, EVALUATORS[(k // staged) % len(EVALUATORS)]
        taken_back = newest.pop((n, evaluator), None) if k % 10 == 9 else None
        reading_id = f"reading-{k:016x}"
        if taken_back is None:
            newest[n, evaluator] = reading_id
        yield {
            "reading_id": reading_id,
            "case_id": _case_id(n),
            "capture_id": _capture_id(n),
            "roi_n": 1,
            "evaluator": evaluator,
            "scheme": "bassed-5",
            "stage": None if taken_back else int(np.clip(truth[n - 1] + off[k], 1, 5)),
            "confidence": None if taken_back else ("low", "medium", "high")[k % 3],
            "ambiguous": taken_back is None and k % 97 == 0,
            "remark": "",
            "shown": "crop_and_full_image",
            "ai_seen": False,
            "blinded": False,
            "source": "phantom",
            "retracts": taken_back,
            "created_utc": _BEGIN + timedelta(days=30, seconds=k),
        }


def _prediction_rows(cases: int) -> Iterator[dict[str, Any]]:
    for n in range(1, cases + 1):
        if n % 3:
            yield {
                "case_id": _case_id(n),
                "capture_id": _capture_id(n),
                "model_id": "model-benchmark",
                "scheme": "bassed-5",
                "stage": 1 + n % 5,
                "probabilities": [0.2] * 5,
                "evaluator": EVALUATORS[0],
                "shown_utc": _BEGIN + timedelta(days=60, seconds=n),
            }


def _exclusion_rows(cases: int) -> Iterator[dict[str, Any]]:
    for n in range(50, cases + 1, 50):
        yield {
            "case_id": _case_id(n),
            "excluded": True,
            "reason": "motion",
            "note": "",
            "evaluator": EVALUATORS[0],
            "created_utc": _BEGIN + timedelta(days=70, seconds=n),
        }


def main() -> int:
    """Make one where it was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--readings", type=int, default=READINGS)
    given = parser.parse_args()
    sys.stdout.write(f"{make(given.directory, given.cases, given.readings)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
