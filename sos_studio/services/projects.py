"""Projects: make, open, look over, fill and take data out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sos_studio.dataset import cases as dataset_cases
from sos_studio.dataset import checks, events, imports, readings, sql
from sos_studio.dataset.cases import CaseSummary
from sos_studio.dataset.checks import Problem
from sos_studio.dataset.exports import ExportFormat, ExportOptions, ExportReport
from sos_studio.dataset.import_files import Files
from sos_studio.dataset.imports import ImportReport
from sos_studio.dataset.name_patterns import NamePattern
from sos_studio.dataset.project import Project
from sos_studio.services import capture_import, exporting, import_crops, import_pictures
from sos_studio.services.import_pictures import ImportOptions

Progress = Callable[[float], None]
Cancelled = Callable[[], bool]


@dataclass(frozen=True)
class Overview:
    """A project at a glance.

    Attributes
    ----------
    per_stage
        Labelled cases per stage under the project's consensus rule.
    """

    cases: tuple[CaseSummary, ...]
    per_stage: dict[int, int]
    labelled: int


def create(directory: Path, *, phantom: bool = False) -> Project:
    """Make a project in a new or empty folder; errors of `Project.create`."""
    return Project.create(directory, phantom=phantom)


def warm_up() -> None:
    """Fetch the libraries that a project's database needs, before somebody waits for one: they take a third of a second."""
    _ = sql.create_engine, sql.Session, sql.CaseRow


def open(directory: Path, *, read_only: bool = False, fall_back: bool = False, take_over: bool = False) -> Project:
    """Open a project; with `fall_back` read-only if somebody else writes, with `take_over` in spite of another computer's lock.

    Errors of `Project.open`.
    """
    return Project.open(directory, read_only=read_only, fall_back=fall_back, take_over=take_over)


def overview(project: Project) -> Overview:
    """Cases and labels."""
    labels = readings.labels(project)
    return Overview(tuple(dataset_cases.cases(project)), dict(sorted(Counter(labels.values()).items())), len(labels))


def check(project: Project, *, progress: Progress | None = None, cancelled: Cancelled | None = None) -> list[Problem]:
    """Every missing or damaged file, case by case; empty if all is well."""
    return checks.check(project, progress=progress, cancelled=cancelled)


def import_images(
    project: Project,
    sources: Sequence[Path],
    labels: Path | None = None,
    options: ImportOptions | None = None,
    *,
    who: str = "",
    progress: Progress | None = None,
    total: Callable[[int], None] | None = None,
    cancelled: Cancelled | None = None,
) -> ImportReport:
    """Take existing full images into the project, with labels if a table gives them, and note that in the project's history.

    Parameters
    ----------
    sources
        Picture files and folders of them, and capture folders (which keep their record, frame and 16-bit image).
    labels
        A CSV file or Excel workbook with columns for the images' names and stages, and more if there are (`dataset.columns.FIELDS`).
    options
        How pictures and table are read; what is not said is guessed.
    total
        Told how many captures and pictures there are, before the first.

    Returns
    -------
    What was imported, and why each of the others was not. Errors of `imports.import_images`.
    """
    options = options or ImportOptions()
    if options.names:
        NamePattern(options.names)  # refused before anything is taken
    folders, pictures = capture_import.split_sources(sources)
    far = _Far(len(folders), pictures, progress, total)
    if not folders:
        report = _import_pictures(project, pictures, labels, options, far, who=who, cancelled=cancelled)
    else:
        report = capture_import.import_captures(
            project,
            folders,
            labels,
            options.table,
            alone=not pictures,
            take_unmended=options.take_unmended,
            who=who,
            progress=far.with_captures,
            cancelled=cancelled,
        )
        if pictures:
            more = _import_pictures(project, pictures, labels, options, far, who=who, cancelled=cancelled)
            report = capture_import.merged(report, more, folders)
    _note_import(project, report, who=who, table=labels is not None)
    return report


class _Far:
    """How far an import is: captures take the same share of the whole as of what there is."""

    def __init__(self, captures: int, pictures: Sequence[Path], progress: Progress | None, total: Callable[[int], None] | None) -> None:
        self._captures, self._progress, self._total = captures, progress, total
        self._share = 0.0
        if captures:
            there = len(Files(pictures, None).paths)
            self._share = captures / (captures + there)
            self.of(there)

    def of(self, pictures: int) -> None:
        """So many pictures there are."""
        if self._total is not None:
            self._total(self._captures + pictures)

    def with_captures(self, done: float) -> None:
        """Captures: such a share of them is done."""
        if self._progress is not None:
            self._progress(self._share * done)

    def with_pictures(self, done: float) -> None:
        """All captures are done, and such a share of the pictures."""
        if self._progress is not None:
            self._progress(self._share + (1 - self._share) * done)


def _import_pictures(
    project: Project,
    pictures: Sequence[Path],
    labels: Path | None,
    options: ImportOptions,
    far: _Far,
    *,
    who: str,
    cancelled: Cancelled | None,
) -> ImportReport:
    report = imports.import_images(
        project,
        pictures,
        labels,
        decode=lambda path: import_pictures.decode(path, options.pictures),
        table_options=options.table,
        names=NamePattern(options.names) if options.names else None,
        pixel_size=lambda path, tick_px: import_pictures.pixel_size(path, tick_px, options.pictures),
        take_unmended=options.take_unmended,
        who=who,
        progress=far.with_pictures,
        total=far.of,
        cancelled=cancelled,
    )
    return import_crops.with_frames(project, report) if options.pictures.crops else report


def _note_import(project: Project, report: ImportReport, *, who: str, table: bool) -> None:
    events.note_import(
        project,
        (image.case_id for image in report.imported),
        who=who,
        readings=report.readings,
        not_taken=len(report.faults),
        again=len(report.already_there),
        table=table,
    )


def export(
    project: Project,
    out: Path,
    format: ExportFormat,
    options: ExportOptions | None = None,
    *,
    who: str = "",
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> ExportReport:
    """Write the dataset for other tools, and note that in the project's history if it can be written; errors of `exports.export`."""
    report = exporting.export(project, out, format, options, progress=progress, cancelled=cancelled)
    if not project.read_only:
        events.record(project, "exported", who=who, format=format, cases=report.cases, files=report.files, left_out=report.left_out)
    return report
