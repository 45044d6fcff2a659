"""Taking in full images that people already have, with their stages.

Nothing of a file's name or place enters the project: a hash of its bytes finds it again, so that a mended table can be imported once more
without doubling anything.
"""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sos_studio import __version__
from sos_studio.core.captures import CaptureRecord
from sos_studio.core.errors import BadInputError, CancelledError, ProjectError, SosError
from sos_studio.core.preparation import Preparation
from sos_studio.core.readings import Reading, standing
from sos_studio.dataset import near_duplicates, prepared, readings, sql
from sos_studio.dataset.captures import sha256, write_capture_files
from sos_studio.dataset.cases import new_case
from sos_studio.dataset.columns import Field
from sos_studio.dataset.import_files import Files, with_facts
from sos_studio.dataset.label_table import LabelRow, LabelTable, RowFault, TableOptions, read_labels
from sos_studio.dataset.name_patterns import NamePattern
from sos_studio.dataset.near_duplicates import Look, NearPair
from sos_studio.dataset.patients import PatientCode, named
from sos_studio.dataset.project import Project
from sos_studio.dataset.pseudonyms import pseudonym

MIN_SIDE_PX = 32
# Files that are read and decoded at once, ahead of the one that is written.
READERS = 2


@dataclass(frozen=True)
class DecodedImage:
    """A picture as it will be stored: 8-bit grey PNG, face right.

    Attributes
    ----------
    mirrored
        Whether the original faced left and was flipped.
    spacing_mm
        Pixel size if it is known.
    preparation
        What was done to the file's picture, if anything was; `original_png` and `mask_png` are kept where it names their hashes.
    look
        By which nearly alike pictures are found.
    doubts
        Codes and values of what a person should know of it, though it is taken.
    """

    png: bytes
    shape_vu: tuple[int, int]
    mirrored: bool = False
    spacing_mm: float | None = None
    preparation: Preparation | None = None
    original_png: bytes | None = None
    mask_png: bytes | None = None
    look: Look | None = None
    doubts: tuple[tuple[str, dict[str, Any]], ...] = ()


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
    columns
        Header of the column that each field was taken from.
    near
        Imported images that look nearly like another case's; all of them were taken.
    doubts
        What should be known of images that were taken.
    prepared
        How many of the imported images were changed before they were stored, their originals kept where that was wanted.
    """

    imported: tuple[ImportedImage, ...]
    already_there: tuple[ImportedImage, ...]
    readings: int
    unlabelled: tuple[str, ...]
    faults: tuple[RowFault, ...]
    ignored_columns: tuple[str, ...]
    columns: Mapping[Field, str] = field(default_factory=dict)
    near: tuple[NearPair, ...] = ()
    doubts: tuple[RowFault, ...] = ()
    prepared: int = 0

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
    table_options: TableOptions | None = None,
    names: NamePattern | None = None,
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
    table_options
        How the table is read.
    names
        What the names of the files say, where the table says nothing.

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
    table = read_labels(labels_csv, project.scheme, table_options) if labels_csv is not None else LabelTable()
    files = Files(sources, None if labels_csv is None else labels_csv.parent)
    rows_of, faults = files.match(table)
    paths = files.paths
    if not paths:
        raise BadInputError("import.nothing_found")
    run = _Run(project, decode, names)
    _take_all(project, run, [(path, rows_of.get(path, [])) for path in paths], progress, cancelled)
    return ImportReport(
        tuple(run.imported),
        tuple(run.already_there),
        run.readings,
        tuple(run.unlabelled),
        tuple(sorted((*table.faults, *faults, *run.faults), key=lambda fault: (fault.line is None, fault.line or 0, fault.image))),
        table.ignored_columns,
        table.columns,
        _near(project, run),
        tuple(run.doubts),
        run.prepared,
    )


def _take_all(
    project: Project,
    run: _Run,
    files: Sequence[tuple[Path, Sequence[LabelRow]]],
    progress: Callable[[float], None] | None,
    cancelled: Callable[[], bool] | None,
) -> None:
    try:
        with closing(_ahead([path for path, _ in files], run.read)) as files_read:
            for n, ((_, rows), (path, read)) in enumerate(zip(files, files_read, strict=True)):
                if cancelled is not None and cancelled():
                    raise CancelledError
                run.try_to_take(path, rows, read)
                if progress is not None:
                    progress((n + 1) / len(files))
    finally:
        # They can be made again: no reason to call an import failed.
        with suppress(ProjectError):
            near_duplicates.remember(project, run.looks)


def _near(project: Project, run: _Run) -> tuple[NearPair, ...]:
    """Pairs of which one at least is new."""
    new = {image.case_id for image in run.imported}
    return tuple(near_duplicates.pairs_among(near_duplicates.looks(project), of=new)) if new else ()


@dataclass(frozen=True)
class _Read:
    """A file's hash, and its picture unless the project has it already; or why there is none."""

    digest: str = ""
    image: DecodedImage | None = None
    fault: SosError | None = None


def _ahead(paths: Sequence[Path], read: Callable[[Path], _Read]) -> Generator[tuple[Path, _Read], None, None]:
    """Read and decode the next files while one is written: both wait for the disk, and decoders let go of the interpreter."""
    with ThreadPoolExecutor(READERS, "import-read") as pool:
        under_way: deque[tuple[Path, Future[_Read]]] = deque()
        try:
            for path in paths:
                under_way.append((path, pool.submit(read, path)))
                if len(under_way) > READERS:
                    first, done = under_way.popleft()
                    yield first, done.result()
            while under_way:
                first, done = under_way.popleft()
                yield first, done.result()
        finally:
            for _, left in under_way:
                left.cancel()


class _Run:
    """One import under way."""

    def __init__(self, project: Project, decode: Decode, names: NamePattern | None) -> None:
        self._project, self._decode, self._names = project, decode, names
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
        self.doubts: list[RowFault] = []
        self.looks: dict[str, Look] = {}
        self.prepared = 0

    def read(self, path: Path) -> _Read:
        """Read and decode a file; in any thread."""
        try:
            digest = sha256(path.read_bytes())
        except OSError as error:
            return _Read(fault=BadInputError("import.file_unreadable", reason=error.strerror or type(error).__name__))
        if digest in self._known:
            return _Read(digest)
        try:
            return _Read(digest, self._decode(path))
        except SosError as error:
            return _Read(digest, fault=error)

    def try_to_take(self, path: Path, rows: Sequence[LabelRow], read: _Read) -> None:
        """One file; why it was not taken is kept, but for what the project's disk refuses."""
        line = rows[0].line if rows else None
        try:
            if self._names is not None:
                try:
                    rows = with_facts(rows, path.name, self._names, self._project.scheme)
                except BadInputError as error:
                    # A table is the better source: a name that says nothing is no fault beside its row.
                    if not rows:
                        self.faults.append(RowFault(None, path.name, error.code, error.values))
            self._take(path, rows, read)
        except ProjectError:
            raise
        except SosError as error:
            self.faults.append(RowFault(line, path.name, error.code, error.values))

    def _take(self, path: Path, rows: Sequence[LabelRow], read: _Read) -> None:
        """One file with the rows that name it."""
        digest, image = read.digest, read.image
        if read.fault is not None and not digest:
            raise read.fault
        if (twin := self._name_of.setdefault(digest, path.name)) != path.name:
            raise BadInputError("import.same_picture", other=twin)
        person = _person(rows)
        if digest in self._known:
            case_id, capture_id = self._known[digest]
            self._add_readings(case_id, capture_id, rows)
            self.already_there.append(ImportedImage(path.name, case_id))
            return
        if image is None:
            raise read.fault or BadInputError("image.unreadable", file=path.name)
        if min(image.shape_vu) < MIN_SIDE_PX:
            raise BadInputError("import.too_small", height=image.shape_vu[0], width=image.shape_vu[1], least=MIN_SIDE_PX)
        self.imported.append(ImportedImage(path.name, self._store(image, digest, person, rows)))
        self.doubts += [RowFault(rows[0].line or None if rows else None, path.name, code, values) for code, values in image.doubts]
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
                    beside=prepared.files(image.original_png, image.mask_png),
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
        self.prepared += image.preparation is not None
        if image.look is not None:
            self.looks[capture_id] = image.look
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
        prepared=image.preparation,
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
