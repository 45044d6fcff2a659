"""The dataset for other tools: ImageFolder, YOLO, COCO and CSV. Pseudonyms only; remarks, which are free text, stay at home."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from sos_studio.core.errors import BadInputError
from sos_studio.core.readings import ConsensusRule
from sos_studio.dataset import export_boxes, export_tables, splits, sql
from sos_studio.dataset.captures import FULL_FILE, crop_file, roi_of
from sos_studio.dataset.cases import CaseSummary, cases
from sos_studio.dataset.export_files import ExportItem, Writer
from sos_studio.dataset.faults import translated
from sos_studio.dataset.project import CAPTURES_DIR, Project
from sos_studio.dataset.readings import all_readings

ExportFormat = Literal["imagefolder", "yolo", "coco", "csv"]
FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)


@dataclass(frozen=True)
class ExportReport:
    """What was exported.

    Attributes
    ----------
    left_out
        Number of cases left out, by reason: ``not_captured``, ``excluded``, ``no_label``, ``no_frame``, ``damaged``.
    """

    format: ExportFormat
    directory: Path
    cases: int
    files: int
    left_out: dict[str, int] = field(default_factory=dict)


def export(
    project: Project,
    out: Path,
    format: ExportFormat,
    *,
    rule: ConsensusRule = "majority",
    held_out_fold: int = 0,
    progress: Callable[[float], None] | None = None,
) -> ExportReport:
    """Write the dataset into a new or empty folder; it appears there whole or not at all.

    Parameters
    ----------
    format
        ``imagefolder``: full images and crops in one folder per stage (torchvision). ``yolo``: boxes and oriented boxes, the held-out
        fold as validation part. ``coco``: boxes and frames as polygons, stage as attribute. ``csv``: cases, readings and a data dictionary.

    Raises
    ------
    BadInputError
        ``export.unknown_format``, ``export.folder_not_empty``, ``export.nothing_to_export``.
    ProjectError
        Refusals of the disk.
    """
    if format not in FORMATS:
        raise BadInputError("export.unknown_format", format=format, formats=", ".join(FORMATS))
    target = Path(out).absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BadInputError("export.folder_not_empty", folder=target.name)
    partial = target.with_name(f".{target.name}.partial")
    with translated(target):
        if partial.exists():
            shutil.rmtree(partial)
        partial.mkdir(parents=True)
        try:
            writer = Writer(project, partial)
            _write(project, writer, format, rule=rule, held_out_fold=held_out_fold, progress=progress or (lambda _: None))
            if target.exists():
                target.rmdir()
            partial.rename(target)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    left_out = {reason: len(ids - writer.cases) for reason, ids in sorted(writer.left_out.items()) if ids - writer.cases}
    return ExportReport(format, target, len(writer.cases), writer.files, left_out)


def _write(
    project: Project, writer: Writer, format: ExportFormat, *, rule: ConsensusRule, held_out_fold: int, progress: Callable[[float], None]
) -> None:
    summaries = cases(project, rule)
    if format == "csv":
        if not summaries:
            raise BadInputError("export.nothing_to_export")
        items = {item.summary.case_id: item for item in _items(project, summaries)}
        export_tables.write_csv(writer, summaries, items, all_readings(project), rule)
        return
    items_ready = []
    for item in _items(project, _usable(writer, summaries)):
        if format == "imagefolder" and item.summary.label is None:
            writer.leave_out(item.summary.case_id, "no_label")
        elif format != "imagefolder" and item.roi is None:
            writer.leave_out(item.summary.case_id, "no_frame")
        else:
            items_ready.append(item)
    if not items_ready:
        raise BadInputError("export.nothing_to_export")
    if format == "imagefolder":
        export_tables.write_imagefolder(writer, items_ready, progress)
    elif format == "yolo":
        export_boxes.write_yolo(writer, items_ready, held_out_fold, progress)
    else:
        export_boxes.write_coco(writer, items_ready, project.scheme.id, progress)


def _usable(writer: Writer, summaries: list[CaseSummary]) -> list[CaseSummary]:
    usable = []
    for summary in summaries:
        if summary.excluded:
            writer.leave_out(summary.case_id, "excluded")
        elif not summary.captured:
            writer.leave_out(summary.case_id, "not_captured")
        else:
            usable.append(summary)
    return usable


def _items(project: Project, summaries: list[CaseSummary]) -> list[ExportItem]:
    labels = {s.case_id: s.label for s in summaries if s.label is not None and s.captured and not s.excluded}
    folds = splits.assign(project, labels)
    with project.reading() as session:
        captures = {row.capture_id: row for row in session.scalars(sql.select(sql.CaptureRow))}
        frames = {(row.capture_id, row.n): row for row in session.scalars(sql.select(sql.RoiRow))}
    items = []
    for summary in summaries:
        if summary.capture_id is None:
            continue
        row = captures[summary.capture_id]
        frame = frames.get((summary.capture_id, summary.roi_n or 0))
        base = f"{CAPTURES_DIR}/{summary.case_id}/{row.capture_id}"
        items.append(
            ExportItem(
                summary=summary,
                capture_id=row.capture_id,
                shape_vu=(row.height, row.width),
                spacing_mm=row.spacing_mm,
                full_path=f"{base}/{FULL_FILE}",
                full_sha256=row.full_sha256,
                roi=None if frame is None else roi_of(frame),
                crop_path=None if frame is None else f"{base}/{crop_file(frame.n)}",
                crop_sha256=None if frame is None else frame.crop_sha256,
                fold=folds.get(summary.patient),
            )
        )
    return items
