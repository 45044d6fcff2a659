"""Taking in full images that people already have, with their stages.

Nothing of a file's name or place enters the project: a hash of its bytes finds it again, so that a mended table can be imported once more
without doubling anything.
"""

from __future__ import annotations

import shutil
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sos_studio import __version__
from sos_studio.core.captures import CaptureRecord
from sos_studio.core.errors import BadInputError, CancelledError, ProjectError, SosError
from sos_studio.core.readings import Reading, standing
from sos_studio.dataset import readings, sql
from sos_studio.dataset.captures import sha256, write_capture_files
from sos_studio.dataset.cases import new_case
from sos_studio.dataset.label_table import LabelRow, LabelTable, RowFault, read_labels
from sos_studio.dataset.patients import PatientCode, named
from sos_studio.dataset.project import Project
from sos_studio.dataset.pseudonyms import pseudonym

IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"}
MIN_SIDE_PX = 32


@dataclass(frozen=True)
class DecodedImage:
    """A picture as it will be stored: 8-bit grey PNG, face right.

    Attributes
    ----------
    mirrored
        Whether the original faced left and was flipped.
    spacing_mm
        Pixel size if it is known.
    """

    png: bytes
    shape_vu: tuple[int, int]
    mirrored: bool = False
    spacing_mm: float | None = None


Decode = Callable[[Path], DecodedImage]


@dataclass(frozen=True)
class ImportedImage:
    """A file and its case. `name` is for the person's eyes: never stored."""

    name: str
    case_id: str


@dataclass(frozen=True)
class ImportReport:
    """What became of an import.

    Attributes
    ----------
    imported
        New cases.
    already_there
        Files whose very bytes were imported before; new or changed stages of theirs were still taken.
    readings
        Number of readings written.
    unlabelled
        Names of imported files for which the table has no stage.
    faults
        What was not taken, and why; mend it and import again.
    ignored_columns
        Columns of the table that mean nothing here.
    """

    imported: tuple[ImportedImage, ...]
    already_there: tuple[ImportedImage, ...]
    readings: int
    unlabelled: tuple[str, ...]
    faults: tuple[RowFault, ...]
    ignored_columns: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether everything that was given was taken."""
        return not self.faults


def import_images(
    project: Project,
    sources: Sequence[Path],
    labels_csv: Path | None = None,
    *,
    decode: Decode,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ImportReport:
    """Import picture files and folders of them; one bad file stops nothing.

    Parameters
    ----------
    labels_csv
        See `label_table.read_labels`. Its `image` column names files by name, or by path below a source or beside the table.
    decode
        Reads one file; raises `SosError` for what it can't use.

    Raises
    ------
    BadInputError
        ``import.nothing_found``, ``import.source_missing`` and the table's own faults; then nothing was imported.
    ProjectError
        ``project.read_only``, ``project.disk_full`` …; the images imported before it happened stay.
    CancelledError
        When `cancelled` says so; the images imported before it stay.
    """
    project.require_writable()
    table = read_labels(labels_csv, project.scheme) if labels_csv is not None else LabelTable()
    files = _Files(sources, None if labels_csv is None else labels_csv.parent)
    rows_of, faults = files.match(table)
    paths = files.paths
    if not paths:
        raise BadInputError("import.nothing_found")
    run = _Run(project, decode)
    for n, path in enumerate(paths):
        if cancelled is not None and cancelled():
            raise CancelledError
        rows = rows_of.get(path, [])
        try:
            run.take(path, rows)
        except ProjectError:
            raise
        except SosError as error:
            run.faults.append(RowFault(rows[0].line if rows else None, path.name, error.code, error.values))
        if progress is not None:
            progress((n + 1) / len(paths))
    ordered = sorted((*table.faults, *faults, *run.faults), key=lambda fault: (fault.line is None, fault.line or 0, fault.image))
    return ImportReport(
        tuple(run.imported), tuple(run.already_there), run.readings, tuple(run.unlabelled), tuple(ordered), table.ignored_columns
    )


class _Files:
    """The files to import, and which of them a cell of the table means."""

    def __init__(self, sources: Sequence[Path], table_folder: Path | None) -> None:
        self._paths: dict[Path, None] = {}  # in order, each once
        self._table_folder = table_folder
        self._by_path: dict[str, list[Path]] = defaultdict(list)
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        for source in sources:
            if source.is_dir():
                found = sorted(
                    p for p in source.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith(".") and p.is_file()
                )
            elif source.is_file():
                found = [source]
            else:
                raise BadInputError("import.source_missing", file=source.name)
            for path in found:
                self._add(path, path.relative_to(source).as_posix() if source.is_dir() else path.name)

    def _add(self, path: Path, relative: str) -> None:
        if path in self._paths:
            return
        self._paths[path] = None
        self._by_name[_key(path.name)].append(path)
        for place in {_key(relative), _key(path.absolute().as_posix())}:
            self._by_path[place].append(path)

    @property
    def paths(self) -> list[Path]:
        """All files in the order given, those that only the table names last."""
        return list(self._paths)

    def match(self, table: LabelTable) -> tuple[dict[Path, list[LabelRow]], list[RowFault]]:
        """Rows by file, and the rows that name no file or more than one."""
        rows_of: dict[Path, list[LabelRow]] = defaultdict(list)
        faults: list[RowFault] = []
        for row in table.rows:
            candidates = self._candidates(row.image)
            if len(candidates) == 1:
                rows_of[candidates[0]].append(row)
            else:
                faults.append(RowFault(row.line, row.image, "import.image_ambiguous" if candidates else "import.image_not_found"))
        return rows_of, faults

    def _candidates(self, cell: str) -> list[Path]:
        text = cell.replace("\\", "/").removeprefix("./")
        for known in (self._by_path, self._by_name):  # a path says more than a name
            if found := known.get(_key(text)):
                return found
        if self._table_folder is not None and (self._table_folder / text).is_file():
            path = self._table_folder / text
            self._add(path, text)
            return [path]
        return []


class _Run:
    """One import under way."""

    def __init__(self, project: Project, decode: Decode) -> None:
        self._project, self._decode = project, decode
        with project.reading() as session:
            query = sql.select(sql.CaptureRow.source_sha256, sql.CaptureRow.case_id, sql.CaptureRow.capture_id).where(
                sql.CaptureRow.source_sha256.is_not(None)
            )
            self._known = {digest: (case_id, capture_id) for digest, case_id, capture_id in session.execute(query)}
        self._name_of: dict[str, str] = {}
        self.imported: list[ImportedImage] = []
        self.already_there: list[ImportedImage] = []
        self.readings = 0
        self.unlabelled: list[str] = []
        self.faults: list[RowFault] = []

    def take(self, path: Path, rows: Sequence[LabelRow]) -> None:
        """One file with the rows that name it."""
        try:
            digest = sha256(path.read_bytes())
        except OSError as error:
            raise BadInputError("import.file_unreadable", reason=error.strerror or type(error).__name__) from error
        if (twin := self._name_of.setdefault(digest, path.name)) != path.name:
            raise BadInputError("import.same_picture", other=twin)
        person = _person(rows)
        if digest in self._known:
            case_id, capture_id = self._known[digest]
            self._add_readings(case_id, capture_id, rows)
            self.already_there.append(ImportedImage(path.name, case_id))
            return
        image = self._decode(path)
        if min(image.shape_vu) < MIN_SIDE_PX:
            raise BadInputError("import.too_small", height=image.shape_vu[0], width=image.shape_vu[1], least=MIN_SIDE_PX)
        self.imported.append(ImportedImage(path.name, self._store(image, digest, person, rows)))
        if not any(row.stage is not None for row in rows):
            self.unlabelled.append(path.name)

    def _store(self, image: DecodedImage, digest: str, person: LabelRow | None, rows: Sequence[LabelRow]) -> str:
        """Case, capture and readings in one write: after a crash all of them are there or none."""
        project = self._project
        code = PatientCode(pseudonym(project, person.patient)) if person and person.patient else None
        folder: Path | None = None
        try:
            with project.writing() as session:
                patient = None if code is None else named(session, code)
                case = new_case(
                    project, session, patient, person.age_years if person else None, person.sex if person else None, imported=True
                )
                case_id = case.case_id
                capture, folder = write_capture_files(
                    project,
                    case_id,
                    record_for=lambda new_id: _record(image, case_id, new_id),
                    full_png=image.png,
                    full16_png=None,
                    source_sha256=digest,
                )
                capture_id = capture.capture_id
                session.add(case)
                session.flush()
                session.add(capture)
                session.flush()
                fresh = [_reading(row, row.stage, case_id, capture_id) for row in rows if row.stage is not None]
                for reading in fresh:
                    readings.add(project, session, reading)
        except BaseException:
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        self._known[digest] = (case_id, capture_id)
        self.readings += len(fresh)
        return case_id

    def _add_readings(self, case_id: str, capture_id: str, rows: Sequence[LabelRow]) -> None:
        stands = {reading.evaluator: reading.stage for reading in standing(readings.readings(self._project, case_id))}
        fresh = [
            _reading(row, row.stage, case_id, capture_id)
            for row in rows
            if row.stage is not None and stands.get(row.evaluator) != row.stage
        ]
        if fresh:
            readings.append_many(self._project, fresh)
            self.readings += len(fresh)


def _person(rows: Sequence[LabelRow]) -> LabelRow | None:
    """The row that says who it is; rows of one image must not contradict one another."""
    for row in rows[1:]:
        for column in ("patient", "age_years", "sex"):
            if getattr(row, column) != getattr(rows[0], column):
                raise BadInputError("import.rows_contradict", column=column.removesuffix("_years"), first=rows[0].line, second=row.line)
    return rows[0] if rows else None


def _record(image: DecodedImage, case_id: str, capture_id: str) -> CaptureRecord:
    return CaptureRecord(
        software=f"SOS Studio {__version__}",
        case=case_id,
        capture_id=capture_id,
        series_hash=None,
        orientation=None,
        lps_from_uv=None,
        shape_vu=image.shape_vu,
        spacing_mm=image.spacing_mm,
        interpolation="none",
        window=None,
        value_from_png=None,
        mirrored=image.mirrored,
    )


def _reading(row: LabelRow, stage: int, case_id: str, capture_id: str) -> Reading:
    return Reading(
        reading_id=readings.new_reading_id(),
        case_id=case_id,
        capture_id=capture_id,
        evaluator=row.evaluator,
        stage=stage,
        remark=row.remark,
        shown="full_image",
        source="imported",
    )


def _key(name: str) -> str:
    """Names compare without case, and alike whether accents are composed (Windows) or not (macOS)."""
    return unicodedata.normalize("NFC", name).casefold()
