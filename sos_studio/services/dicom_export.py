"""The dataset as DICOM: per case a study of its own with full images, crops and a structured report of every standing reading."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from sos_studio import __version__
from sos_studio.core.readings import Reading
from sos_studio.core.stages import StageScheme
from sos_studio.dataset import export_tables
from sos_studio.dataset.export_columns import Column
from sos_studio.dataset.export_files import Writer
from sos_studio.dataset.export_people import evaluator_names
from sos_studio.dataset.export_readings import ReadCapture, ReadCase, ReadFrame, read_cases
from sos_studio.dataset.exports import ExportOptions, usable_items
from sos_studio.dataset.project import Project
from sos_studio.imaging import dicom_codes, dicom_secondary
from sos_studio.imaging.dicom_codes import ConceptCode
from sos_studio.imaging.dicom_report import Finding, Observer
from sos_studio.imaging.dicom_report_moulds import ReportMoulds
from sos_studio.imaging.dicom_secondary import Placed, Subject
from sos_studio.imaging.dicom_write import seeded_uid
from sos_studio.messages import catalogue

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

SOFTWARE = f"SOS Studio {__version__}"
INDEX_COLUMNS = (
    Column("file", "text", "path below this folder"),
    Column("kind", "text", "full_image, crop or reading"),
    Column("case_id", "text", "pseudonym of the case"),
    Column("patient", "text", "pseudonym of the patient: name and number in the file"),
    Column("capture_id", "text", "capture that the picture is, or that was read"),
    Column("roi_n", "int", "number of the frame; empty without one"),
    Column("reading_id", "text", "reading of a report"),
    Column("stage", "int", "stage of a report, from 1"),
    Column("sop_instance_uid", "text", "unique id of the object, derived from the project"),
)


class _Object(NamedTuple):
    """One file to be, and its row in the index."""

    name: str
    kind: str
    content: bytes
    instance_uid: str
    capture_id: str
    roi_n: int | None
    reading: Reading | None = None


class _Pictures(NamedTuple):
    """Encoded pictures of a case, by capture and by capture and frame."""

    full: dict[str, bytes]
    crops: dict[tuple[str, int], bytes]


def write(project: Project, writer: Writer, options: ExportOptions, progress: Callable[[float], None]) -> None:
    """``<case>/full-<n>.dcm``, ``crop-<n>-<frame>.dcm`` and ``reading-<n>.dcm``, ``index.csv``, and ``codes.csv`` with our own codes.

    Unique ids follow from the project's id and from what an object says: the same export again writes the same files.
    """
    items = usable_items(project, writer)
    people = evaluator_names(project, by_name=options.name_evaluators)
    rows, moulds = [], ReportMoulds()
    for n, case in enumerate(read_cases(project, items)):
        pictures = _pictures(writer, case)
        if pictures is not None:
            for made in _objects(project, case, pictures, people, moulds):
                writer.data(made.name, made.content)
                rows.append(_index_row(case, made))
            writer.cases.add(case.item.summary.case_id)
        progress((n + 1) / len(items))
    table = export_tables.Table("index", INDEX_COLUMNS, rows)
    export_tables.write_csv(writer, [table, export_tables.dictionary([table])])
    writer.text("codes.csv", _codes(project.scheme))


def _pictures(writer: Writer, case: ReadCase) -> _Pictures | None:
    """All pictures of a case, or None if one is damaged: a report must not point at what is not there."""
    case_id, found = case.item.summary.case_id, _Pictures({}, {})
    for capture in case.captures:
        full = writer.fetch(case_id, capture.full_path, capture.full_sha256)
        if full is None:
            return None
        found.full[capture.capture_id] = full
        for frame in capture.frames:
            crop = writer.fetch(case_id, frame.crop_path, frame.crop_sha256)
            if crop is None:
                return None
            found.crops[capture.capture_id, frame.n] = crop
    return found


class _Study:
    """Makes the objects of one case, with ids that belong together."""

    def __init__(self, project: Project, case: ReadCase) -> None:
        summary = case.item.summary
        self._phantom = project.phantom
        self._names = (project.project_id, summary.case_id)
        self.subject = Subject(
            pseudonym=summary.patient,
            case_id=summary.case_id,
            study_uid=seeded_uid(0, *self._names, "study"),
            software=SOFTWARE,
            age_years=summary.age_years,
            sex=summary.sex,
        )

    def origin(self, capture: ReadCapture) -> str:
        """How a full image came to be."""
        if self._phantom and not capture.imported:
            return "Synthetic midsagittal picture: no patient"
        return "Midsagittal plane resampled from a scan" if capture.from_scan else "Midsagittal picture that was imported"

    def uid(self, *names: object) -> str:
        """A unique id within this study."""
        return seeded_uid(0, *self._names, *names)

    def placed(self, series: int, description: str, number: int, *said: object) -> Placed:
        """A place in the study; `said` is all that the object says beside its subject."""
        # The same id must never mean two different objects: what is known of the patient may change between two exports.
        instance = self.uid("instance", series, number, self.subject, *said)
        return Placed(self.uid("series", series), series, description, instance, number)


def _objects(project: Project, case: ReadCase, pictures: _Pictures, people: Mapping[str, str], moulds: ReportMoulds) -> Iterator[_Object]:
    study, case_id = _Study(project, case), case.item.summary.case_id
    full: dict[str, Dataset] = {}
    crops: dict[tuple[str, int], Dataset] = {}
    crop_number = 0
    for number, capture in enumerate(case.captures, start=1):
        full[capture.capture_id] = made = _full(study, capture, pictures.full[capture.capture_id], number)
        yield _Object(f"{case_id}/full-{number}.dcm", "full_image", *_encoded(made), capture.capture_id, None)
        for frame in capture.frames:
            crop_number += 1
            key = (capture.capture_id, frame.n)
            crops[key] = made = _crop(study, capture, frame, pictures.crops[key], crop_number)
            yield _Object(f"{case_id}/crop-{number}-{frame.n}.dcm", "crop", *_encoded(made), *key)
    known = {capture.capture_id: capture for capture in case.captures}
    for number, reading in enumerate(case.readings, start=1):
        key = (reading.capture_id, reading.roi_n or 0)
        finding = _finding(study, known[reading.capture_id], reading, project.scheme)
        observer = Observer(people[reading.evaluator], seeded_uid(0, project.project_id, "device", SOFTWARE))
        placed = study.placed(3, "SOS reading", number, reading.reading_id, observer.name)
        report = moulds.encoded(study.subject, placed, observer, finding, full=full[reading.capture_id], crop=crops.get(key))
        named = (f"{case_id}/reading-{number}.dcm", "reading")
        yield _Object(*named, report, placed.instance_uid, reading.capture_id, reading.roi_n, reading)


def _encoded(dataset: Dataset) -> tuple[bytes, str]:
    return dicom_secondary.encode(dataset), str(dataset.SOPInstanceUID)


def _full(study: _Study, capture: ReadCapture, png: bytes, number: int) -> Dataset:
    return dicom_secondary.secondary_capture(
        dicom_secondary.pixels_of(png),
        study.subject,
        study.placed(1, "SOS full image", number, capture.full_sha256, capture.spacing_mm),
        spacing_mm=capture.spacing_mm,
        derivation=study.origin(capture),
        burned_in=False if capture.from_scan else None,
    )


def _crop(study: _Study, capture: ReadCapture, frame: ReadFrame, png: bytes, number: int) -> Dataset:
    return dicom_secondary.secondary_capture(
        dicom_secondary.pixels_of(png),
        study.subject,
        study.placed(2, "SOS crop", number, frame.crop_sha256, capture.spacing_mm, frame.roi.angle_deg),
        angle_deg=frame.roi.angle_deg,
        spacing_mm=capture.spacing_mm,
        derivation=f"Crop of a full image, turned by {frame.roi.angle_deg:.2f} degrees, endocranial end left",
        burned_in=False if capture.from_scan else None,
    )


def _finding(study: _Study, capture: ReadCapture, reading: Reading, scheme: StageScheme) -> Finding:
    frames = {frame.n: frame for frame in capture.frames}
    frame = None if reading.roi_n is None else frames.get(reading.roi_n)
    return Finding(
        tracking_uid=study.uid("region", capture.capture_id, reading.roi_n),
        tracking_name=f"{capture.capture_id} frame {reading.roi_n}" if frame else capture.capture_id,
        evaluations=tuple(_evaluations(reading, scheme)),
        corners_uv=None if frame is None else frame.roi.corners_uv,
        read_at=reading.created_utc,
        from_scan=capture.from_scan,
    )


def _evaluations(reading: Reading, scheme: StageScheme) -> Iterator[tuple[ConceptCode, ConceptCode]]:
    codes = dicom_codes
    if reading.stage is not None:
        yield codes.STAGE, _stage_code(scheme, reading.stage)
    yield codes.STAGING_SCHEME, codes.scheme_value(reading.scheme)
    if reading.confidence is not None:
        yield codes.CONFIDENCE, codes.CONFIDENCE_VALUES[reading.confidence]
    yield codes.AMBIGUOUS, codes.yes_no(reading.ambiguous)
    yield codes.SHOWN, codes.SHOWN_VALUES[reading.shown]
    yield codes.BLINDED, codes.yes_no(reading.blinded)
    yield codes.AI_SEEN, codes.yes_no(reading.ai_seen)
    yield codes.SOURCE, codes.SOURCE_VALUES[reading.source]
    yield codes.INTENDED_USE, codes.RESEARCH_ONLY


def _stage_code(scheme: StageScheme, number: int) -> ConceptCode:
    # English whatever the window speaks: files travel.
    words = {stage.number: catalogue()[stage.code].text for stage in scheme.stages}
    return dicom_codes.stage_value(scheme.id, number, words[number])


def _index_row(case: ReadCase, made: _Object) -> tuple[object, ...]:
    summary, reading = case.item.summary, made.reading
    return (
        *(made.name, made.kind, summary.case_id, summary.patient, made.capture_id, made.roi_n),
        *((reading.reading_id, reading.stage) if reading else (None, None)),
        made.instance_uid,
    )


def _codes(scheme: StageScheme) -> str:
    """Our own codes, for readers of the files."""
    columns = (
        Column("code_value", "text", ""),
        Column("coding_scheme_designator", "text", ""),
        Column("code_meaning", "text", ""),
    )
    stages = [_stage_code(scheme, stage.number) for stage in scheme.stages]
    return export_tables.csv_text(columns, [*dicom_codes.own_codes(), dicom_codes.scheme_value(scheme.id), *stages])
