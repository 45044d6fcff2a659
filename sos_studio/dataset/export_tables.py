"""All tables of a project as CSV or Parquet with a data dictionary, and torchvision's ImageFolder.

Remarks and notes, which are free text, stay at home.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sos_studio.core.consensus import Rule
from sos_studio.core.readings import Reading
from sos_studio.dataset import export_columns as columns
from sos_studio.dataset import export_parquet, sql
from sos_studio.dataset.cases import CaseSummary
from sos_studio.dataset.export_columns import Column
from sos_studio.dataset.export_files import ExportItem, Writer
from sos_studio.dataset.project import Project
from sos_studio.dataset.readings import all_readings

DICTIONARY = "data_dictionary"


@dataclass(frozen=True)
class Table:
    """One table of an export; rows in the order of its columns."""

    name: str
    columns: tuple[Column, ...]
    rows: list[tuple[Any, ...]]


def tables(
    project: Project,
    summaries: Sequence[CaseSummary],
    items: Mapping[str, ExportItem],
    rule: Rule,
    people: Mapping[str, str],
) -> list[Table]:
    """Cases, readings (all rows, in the order of writing within a case) and what else the project knows.

    Parameters
    ----------
    people
        What each evaluator is called (`export_people.evaluator_names`).
    """
    readings = all_readings(project)
    in_order = [reading for summary in summaries for reading in readings.get(summary.case_id, ())]
    in_use = {summary.capture_id for summary in summaries}
    folds = sorted({(item.summary.patient, item.fold) for item in items.values() if item.fold is not None and item.fold_given})
    found = [
        Table("cases", columns.CASE_COLUMNS, [_case_row(s, items.get(s.case_id), rule, project.scheme.id) for s in summaries]),
        Table("readings", columns.READING_COLUMNS, [_reading_row(reading, people) for reading in in_order]),
        *_stored_tables(project, {summary.case_id for summary in summaries}, in_use, people),
        Table("folds", columns.FOLD_COLUMNS, list(folds)),
    ]
    return [*found, dictionary(found)]


def write_csv(writer: Writer, found: Sequence[Table]) -> None:
    """One ``.csv`` per table."""
    for table in found:
        named = [(f"{row[0]}.csv", *row[1:]) for row in table.rows] if table.name == DICTIONARY else table.rows
        writer.text(f"{table.name}.csv", csv_text(table.columns, named))


def write_parquet(writer: Writer, found: Sequence[Table]) -> None:
    """One ``.parquet`` per table, typed, with the meaning of its columns in the file's own metadata too."""
    for table in found:
        named = [(f"{row[0]}.parquet", *row[1:]) for row in table.rows] if table.name == DICTIONARY else table.rows
        writer.data(f"{table.name}.parquet", export_parquet.encode(table.columns, named))


def write_imagefolder(writer: Writer, items: Sequence[ExportItem], progress: Callable[[float], None]) -> None:
    """``full/<stage>/<case>.png``, ``crop/<stage>/<case>.png``, and ``splits.csv`` with patients and folds."""
    rows = []
    for n, item in enumerate(items):
        case_id, stage = item.summary.case_id, str(item.summary.label)
        pictures = [(item.full_path, item.full_sha256, f"full/{stage}/{case_id}.png")]
        if item.crop_path is not None and item.crop_sha256 is not None:
            pictures.append((item.crop_path, item.crop_sha256, f"crop/{stage}/{case_id}.png"))
        for source, digest, name in pictures:
            if writer.copy(case_id, source, digest, name):
                rows.append((name, case_id, item.summary.patient, stage, item.fold, item.fold_given))
        progress((n + 1) / len(items))
    table = Table("splits", columns.SPLIT_COLUMNS, rows)
    write_csv(writer, [table, dictionary([table])])


def csv_text(header: Sequence[Column], rows: Iterable[Sequence[Any]]) -> str:
    """A table as CSV: UTF-8, commas, ISO times, 1 and 0, and nothing that a spreadsheet would run as a formula."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(column.name for column in header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return stream.getvalue()


def dictionary(found: Iterable[Table]) -> Table:
    """What every column of these tables means."""
    rows = [(table.name, column.name, column.type, column.meaning) for table in found for column in table.columns]
    return Table(DICTIONARY, columns.DICTIONARY_COLUMNS, rows)


def _case_row(summary: CaseSummary, item: ExportItem | None, rule: Rule, scheme: str) -> tuple[Any, ...]:
    roi = item.roi if item else None
    return (
        summary.case_id,
        summary.patient,
        summary.age_years,
        summary.sex,
        scheme,
        summary.label,
        rule.name,
        len(summary.staged_by),
        summary.ambiguous,
        summary.excluded,
        summary.exclusion_reason,
        item.fold if item and item.fold_given and summary.label is not None else None,
        summary.imported,
        *((item.capture_id, *item.shape_vu, item.spacing_mm, item.full_path, item.full_sha256) if item else (None,) * 6),
        *((*roi.center_uv, roi.angle_deg, roi.width_px) if roi else (None,) * 4),
        item.crop_path if item else None,
        item.crop_sha256 if item else None,
    )


def _reading_row(reading: Reading, people: Mapping[str, str]) -> tuple[Any, ...]:
    values = {column.name: getattr(reading, column.name) for column in columns.READING_COLUMNS}
    return tuple((values | {"evaluator": people.get(reading.evaluator, reading.evaluator)}).values())


def _stored_tables(project: Project, chosen: set[str], in_use: set[str | None], people: Mapping[str, str]) -> Iterator[Table]:
    """Tables that leave as they are stored, but for names of evaluators and for cases that were not chosen."""
    with project.reading() as session:

        def of_chosen(table: Any) -> list[Any]:
            return [row for row in session.scalars(sql.select(table).order_by(table.number)) if row.case_id in chosen]

        captures, exclusions, predictions = of_chosen(sql.CaptureRow), of_chosen(sql.ExclusionRow), of_chosen(sql.PredictionRow)
        known = {row.capture_id for row in captures}
        every_frame = session.scalars(sql.select(sql.RoiRow).order_by(sql.RoiRow.capture_id, sql.RoiRow.n))
        frames = [row for row in every_frame if row.capture_id in known]
    yield Table("captures", columns.CAPTURE_COLUMNS, [_capture_row(row, row.capture_id in in_use) for row in captures])
    yield Table(
        "frames",
        columns.FRAME_COLUMNS,
        [(f.capture_id, f.n, f.center_u, f.center_v, f.angle_deg, f.width_px, f.crop_sha256, f.created_utc) for f in frames],
    )
    yield Table(
        "exclusions",
        columns.EXCLUSION_COLUMNS,
        [(e.case_id, e.excluded, e.reason, people.get(e.evaluator, e.evaluator), e.created_utc) for e in exclusions],
    )
    yield Table("predictions", columns.PREDICTION_COLUMNS, [_prediction_row(row, people) for row in predictions])


def _capture_row(row: sql.CaptureRow, in_use: bool) -> tuple[Any, ...]:
    hashes = (row.full_sha256, row.full16_sha256, row.record_sha256)
    return (
        *(row.capture_id, row.case_id, in_use, row.series_hash),
        *(row.height, row.width, row.pixel_mm, *hashes, row.software, row.created_utc),
    )


def _prediction_row(row: sql.PredictionRow, people: Mapping[str, str]) -> tuple[Any, ...]:
    shown_to = None if row.evaluator is None else people.get(row.evaluator, row.evaluator)
    return row.case_id, row.capture_id, row.model_id, row.scheme, row.stage, row.probabilities, shown_to, row.shown_utc


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@")):
        return "'" + value  # spreadsheets would run it as a formula
    if isinstance(value, list):
        return json.dumps(value)
    return value.isoformat() if isinstance(value, datetime) else value
