"""Take captures that the command line made outside of any project into one: with record, 16-bit image, frame and stage."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from sos_studio.core.captures import CaptureRecord
from sos_studio.core.errors import CancelledError, ProjectError, SosError
from sos_studio.dataset import captures as dataset_captures
from sos_studio.dataset import cases, completing, import_rows, label_table, patients, prepared, readings
from sos_studio.dataset.import_files import AMBIGUOUS, NOT_FOUND, Files, Folders
from sos_studio.dataset.import_plan import plan
from sos_studio.dataset.imports import ImportedImage, ImportReport
from sos_studio.dataset.label_table import LabelRow, RowFault, TableOptions
from sos_studio.dataset.patients import PatientCode
from sos_studio.dataset.project import Project
from sos_studio.dataset.pseudonyms import pseudonym
from sos_studio.imaging import images
from sos_studio.services import captures, staging
from sos_studio.services.captures import StoredCapture

NOTHING = ImportReport((), (), 0, (), (), ())


def split_sources(sources: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Capture folders, those in and below other folders too, and everything else.

    A capture's pictures must not become cases of their own one by one. A folder with nothing but captures in it is none of the rest.
    """
    folders: list[Path] = []
    others: list[Path] = []
    for source in sources:
        if captures.is_capture_folder(source):
            folders.append(source)
            continue
        inside = _captures_below(source) if source.is_dir() else []
        folders += inside
        if not inside or Files([source], None).paths:
            others.append(source)
    return list(dict.fromkeys(folders)), others


def _captures_below(folder: Path) -> list[Path]:
    """Capture folders in a folder; those that lie side by side in the order in which they were made, because the last one counts."""
    found: list[tuple[str, int, Path]] = []
    for place, below, names in os.walk(folder):
        here = Path(place)
        below[:] = [name for name in below if not name.startswith(".")]
        if captures.RECORD_FILE in names and captures.is_capture_folder(here):
            below.clear()
            found.append((here.parent.as_posix(), (here / captures.RECORD_FILE).stat().st_mtime_ns, here))
    return [here for _, _, here in sorted(found)]


def import_captures(
    project: Project,
    folders: Sequence[Path],
    labels_csv: Path | None = None,
    table_options: TableOptions | None = None,
    *,
    alone: bool = True,
    take_unmended: bool = False,
    who: str = "",
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ImportReport:
    """Take capture folders in; a row of the table names a capture by its folder's name or path.

    A capture of a series that the project knows joins that series' case, any other becomes a case.

    Parameters
    ----------
    alone
        Whether the table is about these captures only: rows that name none of them are then faults.
    take_unmended
        Whether captures are taken too whose row needs mending, without what it says; else they wait for that.

    Raises
    ------
    BadInputError
        The table's own faults.
    ProjectError
        ``project.read_only``, ``project.disk_full`` …; what was imported before stays.
    CancelledError
        When `cancelled` says so; what was imported before stays.
    """
    project.require_writable()
    table = label_table.read_labels(labels_csv, project.scheme, table_options) if labels_csv is not None else label_table.LabelTable()
    report = NOTHING
    todo = plan(Folders(folders), table)
    for n, folder in enumerate(folders):
        if cancelled is not None and cancelled():
            raise CancelledError
        rows = todo.rows[folder]
        if folder in todo.waiting and not take_unmended:
            report = replace(report, waiting=(*report.waiting, folder.resolve().name))
        else:
            report = _tried(project, report, folder, rows, who)
        if progress is not None:
            progress((n + 1) / len(folders))
    if alone:
        faults = (*table.faults, *todo.unmatched, *report.faults)
        return replace(report, faults=faults, ignored_columns=table.ignored_columns, columns=table.columns)
    return replace(report, faults=(*(fault for fault in todo.unmatched if fault.code == AMBIGUOUS), *report.faults))


def merged(captures_report: ImportReport, pictures_report: ImportReport, folders: Sequence[Path]) -> ImportReport:
    """One report of both; rows that name a capture folder are no fault of the pictures."""
    known = Folders(folders)
    faults = [fault for fault in pictures_report.faults if not (fault.code == NOT_FOUND and known.meant(fault.image))]
    return replace(
        pictures_report,
        imported=(*captures_report.imported, *pictures_report.imported),
        already_there=(*captures_report.already_there, *pictures_report.already_there),
        filled_in=(*captures_report.filled_in, *pictures_report.filled_in),
        readings=captures_report.readings + pictures_report.readings,
        unlabelled=(*captures_report.unlabelled, *pictures_report.unlabelled),
        faults=(*captures_report.faults, *faults),
        waiting=(*captures_report.waiting, *pictures_report.waiting),
    )


def _tried(project: Project, report: ImportReport, folder: Path, rows: Sequence[LabelRow], who: str) -> ImportReport:
    """With one more capture, or with why it was not taken; but for what the project's disk refuses."""
    try:
        return _with_one(project, report, folder, rows, who)
    except ProjectError:
        raise
    except SosError as error:
        fault = RowFault(rows[0].line if rows else None, folder.resolve().name, error.code, error.values)
        return replace(report, faults=(*report.faults, fault))


def _with_one(project: Project, report: ImportReport, folder: Path, rows: Sequence[LabelRow], who: str) -> ImportReport:
    name = folder.resolve().name
    source = captures.read_capture_folder(folder)
    case_id, twin = _known(project, source)
    if case_id is not None and twin is not None:
        return _with_twin(project, report, (ImportedImage(name, case_id), twin), rows, who)
    person = import_rows.person(rows)
    if case_id is not None:
        last = dataset_captures.captures(project, case_id)[-1].capture_id
        completing.require_no_contradiction(project, import_rows.readings_of(rows, case_id, last))
        completing.complete(project, case_id, last, person, who=who)  # refuses another patient's
        capture_id, roi_n = _store(project, case_id, source)
    else:
        codes = [PatientCode(pseudonym(project, person.patient))] if person and person.patient else []
        case_id = patients.add_case(project, codes, person.age_years if person else None, person.sex if person else None).case_id
        with captures.case_for_capture(project, case_id):
            capture_id, roi_n = _store(project, case_id, source)
    written = import_rows.readings_of(rows, case_id, capture_id, roi_n)
    if written:
        readings.append_many(project, written)
    return replace(
        report,
        imported=(*report.imported, ImportedImage(name, case_id)),
        readings=report.readings + len(written),
        unlabelled=report.unlabelled if written else (*report.unlabelled, name),
    )


def _known(project: Project, source: StoredCapture) -> tuple[str | None, str | None]:
    """The case that a capture belongs to and the very same capture, as far as the project has them."""
    record = source.record
    if record.series_hash is not None:
        case_id = cases.case_of_series(project, record.series_hash)
        return case_id, None if case_id is None else _twin(project, case_id, record)
    full_sha256 = dataset_captures.sha256((source.folder / captures.FULL_FILE).read_bytes())
    return dataset_captures.of_picture(project, record.source_sha256, full_sha256) or (None, None)


def _with_twin(
    project: Project, report: ImportReport, known: tuple[ImportedImage, str], rows: Sequence[LabelRow], who: str
) -> ImportReport:
    """A capture that is there: what the table says anew of it."""
    image, twin = known
    frame = dataset_captures.latest_roi(project, twin)
    person = import_rows.person(rows)
    said = import_rows.readings_of(rows, image.case_id, twin, None if frame is None else frame[0])
    fresh = completing.news(project, said)
    filled = completing.complete(project, image.case_id, twin, person, who=who)
    if fresh:
        readings.append_many(project, fresh)
    told = RowFault(rows[0].line if rows else None, image.name, "import.filled_in", {"facts": ", ".join(filled), "case": image.case_id})
    return replace(
        report,
        already_there=(*report.already_there, image),
        readings=report.readings + len(fresh),
        filled_in=(*report.filled_in, told) if filled else report.filled_in,
    )


def _twin(project: Project, case_id: str, record: CaptureRecord) -> str | None:
    """A capture of the case that was made alike."""

    def made(of: CaptureRecord) -> CaptureRecord:
        return of.model_copy(update={"case": "", "capture_id": "", "software": ""})

    for info in dataset_captures.captures(project, case_id):
        if made(dataset_captures.read_record(project, info.capture_id)) == made(record):
            return info.capture_id
    return None


def _store(project: Project, case_id: str, source: StoredCapture) -> tuple[str, int | None]:
    full16 = source.folder / captures.FULL16_FILE
    frame = captures.latest_frame(source)
    capture_id = dataset_captures.add_capture(
        project,
        case_id,
        record_for=lambda new_id: source.record.model_copy(update={"case": case_id, "capture_id": new_id}),
        full_png=images.encode_png(source.full8),
        full16_png=images.encode_png(images.read_png16(full16)) if full16.is_file() else None,
        beside=prepared.kept(source.folder, source.record.prepared),
    )
    return capture_id, None if frame is None else staging.store_roi(project, capture_id, frame)[0]
