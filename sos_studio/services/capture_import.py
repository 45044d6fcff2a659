"""Take captures that the command line made outside of any project into one: with record, 16-bit image, frame and stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sos_studio.core.captures import CaptureRecord
from sos_studio.core.errors import ProjectError, SosError
from sos_studio.core.readings import Reading
from sos_studio.dataset import captures as dataset_captures
from sos_studio.dataset import cases, completing, label_table, patients, prepared, readings
from sos_studio.dataset.imports import ImportedImage, ImportReport
from sos_studio.dataset.label_table import LabelRow, RowFault, TableOptions
from sos_studio.dataset.patients import PatientCode
from sos_studio.dataset.project import Project
from sos_studio.dataset.pseudonyms import pseudonym
from sos_studio.imaging import images
from sos_studio.services import captures, staging
from sos_studio.services.captures import StoredCapture

NOTHING = ImportReport((), (), 0, (), (), ())
_NOT_FOUND = "import.image_not_found"


def split_sources(sources: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Capture folders, and everything else. A capture's pictures must not become cases of their own one by one."""
    folders = [source for source in sources if captures.is_capture_folder(source)]
    return folders, [source for source in sources if source not in folders]


def import_captures(
    project: Project,
    folders: Sequence[Path],
    labels_csv: Path | None = None,
    table_options: TableOptions | None = None,
    *,
    alone: bool = True,
    take_unmended: bool = False,
    who: str = "",
) -> ImportReport:
    """Take capture folders in; a row of the table names a capture by the name of its folder.

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
    """
    project.require_writable()
    table = label_table.read_labels(labels_csv, project.scheme, table_options) if labels_csv is not None else label_table.LabelTable()
    report = NOTHING
    faulty = {fault.image.rstrip("/\\").casefold() for fault in table.faults}
    for folder in folders:
        name = folder.resolve().name.casefold()
        rows = [row for row in table.rows if row.image.rstrip("/\\").casefold() == name]
        if name in faulty and not rows and not take_unmended:
            report = replace(report, waiting=(*report.waiting, folder.resolve().name))
            continue
        try:
            report = _with_one(project, report, folder, rows, who)
        except ProjectError:
            raise
        except SosError as error:
            fault = RowFault(rows[0].line if rows else None, folder.resolve().name, error.code, error.values)
            report = replace(report, faults=(*report.faults, fault))
    if alone:
        names = {folder.resolve().name.casefold() for folder in folders}
        strangers = [RowFault(row.line, row.image, _NOT_FOUND) for row in table.rows if row.image.rstrip("/\\").casefold() not in names]
        faults = (*table.faults, *strangers, *report.faults)
        report = replace(report, faults=faults, ignored_columns=table.ignored_columns, columns=table.columns)
    return report


def merged(captures_report: ImportReport, pictures_report: ImportReport, folders: Sequence[Path]) -> ImportReport:
    """One report of both; rows that name a capture folder are no fault of the pictures."""
    names = {folder.resolve().name.casefold() for folder in folders}
    faults = [f for f in pictures_report.faults if not (f.code == _NOT_FOUND and f.image.rstrip("/\\").casefold() in names)]
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


def _with_one(project: Project, report: ImportReport, folder: Path, rows: Sequence[LabelRow], who: str) -> ImportReport:
    name = folder.resolve().name
    source = captures.read_capture_folder(folder)
    case_id, twin = _known(project, source)
    if case_id is not None and twin is not None:
        return _with_twin(project, report, (ImportedImage(name, case_id), twin), rows, who)
    if case_id is not None:
        capture_id, roi_n = _store(project, case_id, source)
    else:
        person = rows[0] if rows else None
        codes = [PatientCode(pseudonym(project, person.patient))] if person and person.patient else []
        case_id = patients.add_case(project, codes, person.age_years if person else None, person.sex if person else None).case_id
        with captures.case_for_capture(project, case_id):
            capture_id, roi_n = _store(project, case_id, source)
    written = [_reading(project, row, row.stage, case_id, (capture_id, roi_n)) for row in rows if row.stage is not None]
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
    shown = twin, None if frame is None else frame[0]
    filled = completing.complete(project, image.case_id, twin, rows[0] if rows else None, who=who)
    said = [_reading(project, row, row.stage, image.case_id, shown) for row in rows if row.stage is not None]
    told = RowFault(rows[0].line if rows else None, image.name, "import.filled_in", {"facts": ", ".join(filled), "case": image.case_id})
    return replace(
        report,
        already_there=(*report.already_there, image),
        readings=report.readings + completing.add_readings(project, said),
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


def _reading(project: Project, row: LabelRow, stage: int, case_id: str, shown: tuple[str, int | None]) -> Reading:
    return Reading(
        reading_id=readings.new_reading_id(),
        case_id=case_id,
        capture_id=shown[0],
        roi_n=shown[1],
        evaluator=row.evaluator,
        scheme=project.scheme.id,
        stage=stage,
        remark=row.remark,
        shown="full_image",
        source="imported",
    )
