"""The dataset for other tools. Pseudonyms only; remarks, which are free text, stay at home."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from sos_studio.core.errors import BadInputError
from sos_studio.dataset import consensus, export_boxes, export_tables, splits, sql
from sos_studio.dataset.captures import FULL_FILE, crop_file, roi_of
from sos_studio.dataset.cases import CaseSummary, cases
from sos_studio.dataset.export_files import ExportItem, Writer, new_folder
from sos_studio.dataset.export_people import evaluator_names
from sos_studio.dataset.project import CAPTURES_DIR, Project

ExportFormat = Literal["imagefolder", "yolo", "yolo-obb", "coco", "csv", "parquet", "dicom", "datasheet"]
FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)
# Those in which evaluators appear at all.
WITH_EVALUATORS: tuple[ExportFormat, ...] = ("csv", "parquet", "dicom", "datasheet")


@dataclass(frozen=True)
class ExportReport:
    """What was exported.

    Attributes
    ----------
    left_out
        Number of cases left out, by the first reason that holds for each: ``excluded``, ``not_captured``, ``no_label``, ``no_frame``,
        ``damaged``. With `cases` they are all that were asked for.
    marked_excluded
        How many of `cases` are excluded: tables hold them too, and say so.
    planned_folds
        How many of `cases` are in a fold that is only planned: what the first training would give today.
    """

    format: ExportFormat
    directory: Path
    cases: int
    files: int
    left_out: dict[str, int] = field(default_factory=dict)
    marked_excluded: int = 0
    planned_folds: int = 0

    @property
    def asked(self) -> int:
        """All cases that were asked for."""
        return self.cases + sum(self.left_out.values())


@dataclass(frozen=True)
class ExportOptions:
    """What may be chosen beside the format.

    Attributes
    ----------
    held_out_fold
        The validation part of YOLO's two.
    name_evaluators
        Evaluators by the names they typed instead of as ``Evaluator 1`` ….
    details
        What a person fills into a datasheet (`services.datasheet.details.FIELDS`).
    only
        The cases that are asked for; None: all. A datasheet is always about all.
    """

    held_out_fold: int = 0
    name_evaluators: bool = False
    details: Mapping[str, str] = field(default_factory=dict)
    only: frozenset[str] | None = None


Fill = Callable[[Project, Writer, ExportOptions, Callable[[float], None]], None]


def export(
    project: Project,
    out: Path,
    format: ExportFormat,
    options: ExportOptions | None = None,
    *,
    fill: Fill | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ExportReport:
    """Write the dataset into a new or empty folder; it appears there whole or not at all, with the hashes of its files.

    Nothing in the project changes: who has no fold yet gets none. Formats that others train with are divided as the first training would
    divide them today, and say so; tables leave such folds empty.

    Parameters
    ----------
    format
        ``imagefolder``: full images and crops in one folder per stage (torchvision). ``yolo``: boxes and oriented boxes, the held-out
        fold as validation part; ``yolo-obb``: oriented boxes alone. ``coco``: boxes and frames as polygons, stage as attribute. ``csv``,
        ``parquet``: all tables and a data dictionary.
    fill
        Writes the formats that need more than this room: ``dicom`` and ``datasheet`` (`services.exporting`).

    Raises
    ------
    BadInputError
        ``export.unknown_format``, ``export.folder_not_empty``, ``export.nothing_to_export``, ``export.whole_only``.
    CancelledError
        If `cancelled` says so; nothing is left behind.
    ProjectError
        Refusals of the disk.
    """
    fill = fill or _FILL.get(format)
    if fill is None:
        raise BadInputError("export.unknown_format", format=format, formats=", ".join(FORMATS))
    options = options or ExportOptions()
    if options.only is not None and format == "datasheet":
        raise BadInputError("export.whole_only", format=format)
    with new_folder(project, out, cancelled) as writer:
        writer.only = options.only
        fill(project, writer, options, progress or (lambda _: None))
    left_out = {reason: len(ids - writer.cases) for reason, ids in sorted(writer.left_out.items()) if ids - writer.cases}
    inside, planned = len(writer.marked_excluded & writer.cases), len(writer.planned_folds & writer.cases)
    return ExportReport(format, Path(out).absolute(), len(writer.cases), writer.files, left_out, inside, planned)


def _wanted(project: Project, writer: Writer) -> list[CaseSummary]:
    """All cases, or those that are asked for."""
    return [summary for summary in cases(project) if writer.only is None or summary.case_id in writer.only]


def usable_items(project: Project, writer: Writer) -> list[ExportItem]:
    """Captures in use of the cases that are not excluded; ``export.nothing_to_export`` if there are none."""
    return _some(export_items(project, _usable(writer, _wanted(project, writer))))


def _imagefolder(project: Project, writer: Writer, _options: ExportOptions, progress: Callable[[float], None]) -> None:
    ready = []
    for item in export_items(project, _usable(writer, _wanted(project, writer))):
        if item.summary.label is None:
            writer.leave_out(item.summary.case_id, "no_label")
        else:
            ready.append(item)
    _note_planned(writer, ready)
    export_tables.write_imagefolder(writer, _some(ready), progress)


def _framed(project: Project, writer: Writer) -> list[ExportItem]:
    ready = []
    for item in export_items(project, _usable(writer, _wanted(project, writer))):
        if item.roi is None:
            writer.leave_out(item.summary.case_id, "no_frame")
        else:
            ready.append(item)
    _note_planned(writer, ready)
    return _some(ready)


def _note_planned(writer: Writer, items: list[ExportItem]) -> None:
    writer.planned_folds.update(item.summary.case_id for item in items if item.fold is not None and not item.fold_given)


def _yolo(project: Project, writer: Writer, options: ExportOptions, progress: Callable[[float], None]) -> None:
    folders: dict[export_boxes.Kind, str] = {"boxes": "boxes/", "oriented": "oriented/"}
    export_boxes.write_yolo(writer, _framed(project, writer), options.held_out_fold, folders, progress)


def _yolo_obb(project: Project, writer: Writer, options: ExportOptions, progress: Callable[[float], None]) -> None:
    export_boxes.write_yolo(writer, _framed(project, writer), options.held_out_fold, {"oriented": ""}, progress)


def _coco(project: Project, writer: Writer, _options: ExportOptions, progress: Callable[[float], None]) -> None:
    export_boxes.write_coco(writer, _framed(project, writer), project.scheme.id, progress)


def _tables(write: Callable[[Writer, list[export_tables.Table]], None]) -> Fill:
    def fill(project: Project, writer: Writer, options: ExportOptions, progress: Callable[[float], None]) -> None:
        summaries = _some(_wanted(project, writer))
        items = {item.summary.case_id: item for item in export_items(project, summaries)}
        people = evaluator_names(project, by_name=options.name_evaluators)
        write(writer, export_tables.tables(project, summaries, items, consensus.rule(project), people))
        writer.cases.update(summary.case_id for summary in summaries)
        writer.marked_excluded.update(summary.case_id for summary in summaries if summary.excluded)
        progress(1.0)

    return fill


_FILL: dict[ExportFormat, Fill] = {
    "imagefolder": _imagefolder,
    "yolo": _yolo,
    "yolo-obb": _yolo_obb,
    "coco": _coco,
    "csv": _tables(export_tables.write_csv),
    "parquet": _tables(export_tables.write_parquet),
}


def _some(ready: list[Any]) -> list[Any]:
    if not ready:
        raise BadInputError("export.nothing_to_export")
    return ready


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


def export_items(project: Project, summaries: list[CaseSummary]) -> list[ExportItem]:
    """The capture and frame in use of every captured case among these, with folds of those that have a label.

    Folds that nobody has yet are planned, not given: only a training gives them, because they never change again.
    """
    # Folds of all, or those of a few cases would be dealt out as if there were no others.
    labels = {s.case_id: s.label for s in cases(project) if s.label is not None and s.captured and not s.excluded}
    given, folds = splits.folds_given(project), splits.planned(project, labels)
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
                spacing_mm=row.pixel_mm,
                full_path=f"{base}/{FULL_FILE}",
                full_sha256=row.full_sha256,
                roi=None if frame is None else roi_of(frame),
                crop_path=None if frame is None else f"{base}/{crop_file(frame.n)}",
                crop_sha256=None if frame is None else frame.crop_sha256,
                fold=folds.get(summary.patient),
                fold_given=summary.patient in given,
            )
        )
    return items
