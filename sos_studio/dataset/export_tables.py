"""CSV tables with a data dictionary, and torchvision's ImageFolder."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sos_studio.core.readings import ConsensusRule, Reading
from sos_studio.dataset.cases import CaseSummary
from sos_studio.dataset.export_files import ExportItem, Writer

CASE_COLUMNS: dict[str, str] = {
    "case_id": "pseudonym of the case: one patient's one scan",
    "patient": "pseudonym of the patient; groups the cases of one patient",
    "age_years": "age at the scan in years; empty if unknown",
    "sex": "F, M or empty if unknown",
    "scheme": "staging scheme",
    "stage": "label: consensus of the standing readings, from 1; empty while there is none",
    "consensus_rule": "rule that made the label of the readings",
    "readings": "number of evaluators with a standing reading",
    "ambiguous": "1 if most standing readings call the case ambiguous (no label then)",
    "excluded": "1 if the case is excluded from training",
    "exclusion_reason": "why it is excluded, as a code",
    "fold": "cross-validation fold of the patient, from 0; never changes; empty while the case has no label",
    "imported": "1 if the full image was imported, not captured from a scan here",
    "capture_id": "capture in use: the newest, unless an earlier one was brought back by undo",
    "height_px": "rows of the full image",
    "width_px": "columns of the full image",
    "spacing_mm": "pixel size in mm; empty if unknown",
    "full_image": "full image, path below the project folder",
    "full_image_sha256": "hash of that file",
    "roi_center_u_px": "frame: centre, column; (0, 0) is the centre of the top-left pixel",
    "roi_center_v_px": "frame: centre, row",
    "roi_angle_deg": "frame: direction endocranial to ectocranial, from the row direction, clockwise on the screen",
    "roi_width_px": "frame: width; its height is half of it",
    "crop": "crop, path below the project folder",
    "crop_sha256": "hash of that file",
}
READING_COLUMNS: dict[str, str] = {
    "reading_id": "id of the reading",
    "case_id": "case that was read",
    "capture_id": "capture that was read",
    "roi_n": "number of the frame that was shown; empty without one",
    "evaluator": "who read",
    "scheme": "staging scheme",
    "stage": "stage, from 1; empty for a row that takes a reading back",
    "confidence": "low, medium, high or empty",
    "ambiguous": "1 if the evaluator called the case ambiguous",
    "shown": "what was shown: crop, full_image or crop_and_full_image",
    "ai_seen": "1 if a prediction had been shown to the evaluator before",
    "blinded": "1 if other readings, predictions and the patient were hidden from the evaluator",
    "source": "expert, imported or phantom",
    "retracts": "id of the reading that this row takes back",
    "created_utc": "when, ISO 8601, UTC",
}


def write_csv(
    writer: Writer,
    summaries: Sequence[CaseSummary],
    items: Mapping[str, ExportItem],
    readings: Mapping[str, Sequence[Reading]],
    rule: ConsensusRule,
) -> None:
    """``cases.csv``, ``readings.csv`` (all rows, in the order of writing within a case) and ``data_dictionary.csv``."""
    scheme = next((reading.scheme for rows in readings.values() for reading in rows), "")
    writer.text("cases.csv", _table(CASE_COLUMNS, (_case_row(s, items.get(s.case_id), rule, scheme) for s in summaries)))
    rows = [reading for summary in summaries for reading in readings.get(summary.case_id, ())]
    writer.text("readings.csv", _table(READING_COLUMNS, (_reading_row(reading) for reading in rows)))
    dictionary = [("cases.csv", *item) for item in CASE_COLUMNS.items()] + [("readings.csv", *item) for item in READING_COLUMNS.items()]
    writer.text("data_dictionary.csv", _table(("file", "column", "meaning"), dictionary))
    writer.cases.update(summary.case_id for summary in summaries)


def write_imagefolder(writer: Writer, items: Sequence[ExportItem], progress: Callable[[float], None]) -> None:
    """``full/<stage>/<case>.png``, ``crop/<stage>/<case>.png`` and ``splits.csv`` with patients and folds."""
    rows = []
    for n, item in enumerate(items):
        case_id, stage = item.summary.case_id, str(item.summary.label)
        pictures = [(item.full_path, item.full_sha256, f"full/{stage}/{case_id}.png")]
        if item.crop_path is not None and item.crop_sha256 is not None:
            pictures.append((item.crop_path, item.crop_sha256, f"crop/{stage}/{case_id}.png"))
        for source, digest, name in pictures:
            if writer.copy(case_id, source, digest, name):
                rows.append((name, case_id, item.summary.patient, stage, item.fold))
        progress((n + 1) / len(items))
    writer.text("splits.csv", _table(("file", "case_id", "patient", "stage", "fold"), rows))


def _case_row(summary: CaseSummary, item: ExportItem | None, rule: ConsensusRule, scheme: str) -> tuple[Any, ...]:
    roi = item.roi if item else None
    return (
        summary.case_id,
        summary.patient,
        summary.age_years,
        summary.sex,
        scheme,
        summary.label,
        rule,
        len(summary.staged_by),
        summary.ambiguous,
        summary.excluded,
        summary.exclusion_reason,
        item.fold if item and summary.label is not None else None,
        summary.imported,
        *((item.capture_id, *item.shape_vu, item.spacing_mm, item.full_path, item.full_sha256) if item else (None,) * 6),
        *((*roi.center_uv, roi.angle_deg, roi.width_px) if roi else (None,) * 4),
        item.crop_path if item else None,
        item.crop_sha256 if item else None,
    )


def _reading_row(reading: Reading) -> tuple[Any, ...]:
    return tuple(getattr(reading, name) for name in READING_COLUMNS)


def _table(header: Iterable[str], rows: Iterable[Sequence[Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return stream.getvalue()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@")):
        return "'" + value  # spreadsheets would run it as a formula
    return value.isoformat() if hasattr(value, "isoformat") else value
