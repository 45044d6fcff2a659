"""Taking in full images that people already have, with their stages.

Nothing of a file's name or place enters the project: a hash of its bytes finds it again, so that a mended table can be imported once more
without doubling anything.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sos_studio.core.errors import BadInputError, CancelledError, ProjectError, SosError
from sos_studio.dataset import completing, import_rows, near_duplicates, prepared, readings, sql
from sos_studio.dataset.captures import read_record, sha256, write_capture_files
from sos_studio.dataset.cases import new_case
from sos_studio.dataset.columns import Field
from sos_studio.dataset.decoded import DecodedImage, Doubts
from sos_studio.dataset.import_files import Files, ahead, with_facts
from sos_studio.dataset.import_plan import plan
from sos_studio.dataset.label_table import LabelRow, LabelTable, RowFault, TableOptions, read_labels
from sos_studio.dataset.name_patterns import NamePattern
from sos_studio.dataset.near_duplicates import Look, NearPair
from sos_studio.dataset.patients import PatientCode, named
from sos_studio.dataset.project import Project
from sos_studio.dataset.pseudonyms import pseudonym

MIN_SIDE_PX = 32

Decode = Callable[[Path], DecodedImage]
# Pixel size of a picture that the project has already, given the ruler's ticks as they were measured then (None: they were not).
PixelSize = Callable[[Path, float | None], tuple[float | None, Doubts]]


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
        Files whose very bytes were imported before; new or changed stages of theirs were still taken, and facts that were missing.
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
    filled_in
        What was missing of images that were imported before, and is known now (``import.filled_in``).
    waiting
        Names of images that were not taken because what is said of them needs mending (it is among `faults`).
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
    filled_in: tuple[RowFault, ...] = ()
    waiting: tuple[str, ...] = ()

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
    pixel_size: PixelSize | None = None,
    take_unmended: bool = False,
    who: str = "",
    progress: Callable[[float], None] | None = None,
    total: Callable[[int], None] | None = None,
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
    pixel_size
        For pictures that were imported before, which are not decoded again; None: nothing new is known of their size.
    take_unmended
        Whether pictures are taken too whose row or name needs mending, without what it says; else they wait for that.
    total
        Told how many files there are, before the first.

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
    todo = plan(Files(sources, None if labels_csv is None else labels_csv.parent), table)
    if not todo.rows:
        raise BadInputError("import.nothing_found")
    if total is not None:
        total(len(todo.rows))
    run = _Run(project, decode, names, pixel_size, who, None if take_unmended else todo.waiting)
    _take_all(project, run, list(todo.rows.items()), progress, cancelled)
    return _report(project, run, table, todo.unmatched)


def _report(project: Project, run: _Run, table: LabelTable, unmatched: Sequence[RowFault]) -> ImportReport:
    faults = sorted((*table.faults, *unmatched, *run.faults), key=lambda fault: (fault.line is None, fault.line or 0, fault.image))
    return ImportReport(
        tuple(run.imported),
        tuple(run.already_there),
        run.readings,
        tuple(run.unlabelled),
        tuple(faults),
        table.ignored_columns,
        table.columns,
        _near(project, run),
        tuple(run.doubts),
        run.prepared,
        tuple(run.filled_in),
        tuple(run.waiting),
    )


def _take_all(
    project: Project,
    run: _Run,
    files: Sequence[tuple[Path, Sequence[LabelRow]]],
    progress: Callable[[float], None] | None,
    cancelled: Callable[[], bool] | None,
) -> None:
    try:
        with closing(ahead([path for path, _ in files], run.read)) as files_read:
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
    """A file's hash, and its picture, or of one that the project has already its pixel size; or why there is none."""

    digest: str = ""
    image: DecodedImage | None = None
    fault: SosError | None = None
    spacing_mm: float | None = None
    doubts: Doubts = ()


class _Run:
    """One import under way."""

    def __init__(  # noqa: PLR0917  as `import_images` has them
        self,
        project: Project,
        decode: Decode,
        names: NamePattern | None,
        pixel_size: PixelSize | None,
        who: str,
        waits_for: frozenset[Path] | None,
    ) -> None:
        self._project, self._decode, self._names, self._pixel_size, self._who = project, decode, names, pixel_size, who
        self._waits_for = waits_for
        row = sql.CaptureRow
        query = sql.select(row.source_sha256, row.full_sha256, row.case_id, row.capture_id).where(row.series_hash.is_(None))
        with project.reading() as session:
            rows = session.execute(query).all()
        self._known = {digest: (case_id, capture_id) for digest, _, case_id, capture_id in rows if digest is not None}
        # Taken in by a repair from a record that does not say of which file it was made: then only its pixels tell.
        self._adopted = {full: (case_id, capture_id) for digest, full, case_id, capture_id in rows if digest is None}
        self._name_of: dict[str, str] = {}
        self.imported: list[ImportedImage] = []
        self.already_there: list[ImportedImage] = []
        self.readings = 0
        self.unlabelled: list[str] = []
        self.faults: list[RowFault] = []
        self.doubts: list[RowFault] = []
        self.looks: dict[str, Look] = {}
        self.prepared = 0
        self.filled_in: list[RowFault] = []
        self.waiting: list[str] = []

    def read(self, path: Path) -> _Read:
        """Read and decode a file; in any thread."""
        try:
            digest = sha256(path.read_bytes())
        except OSError as error:
            return _Read(fault=BadInputError("import.file_unreadable", reason=error.strerror or type(error).__name__))
        try:
            if digest in self._known:
                return self._read_again(path, digest)
            image = self._decode(path)
        except SosError as error:
            return _Read(digest, fault=error)
        if self._adopted and (known := self._adopted.get(sha256(image.png))) is not None:
            self._known[digest] = known
            return _Read(digest, spacing_mm=image.spacing_mm, doubts=image.doubts)
        return _Read(digest, image)

    def _read_again(self, path: Path, digest: str) -> _Read:
        if self._pixel_size is None:
            return _Read(digest)
        preparation = None
        with suppress(ProjectError):  # its own damage is told by the check
            preparation = read_record(self._project, self._known[digest][1]).prepared
        ruler = None if preparation is None else preparation.ruler
        spacing_mm, doubts = self._pixel_size(path, None if ruler is None else ruler.tick_px)
        return _Read(digest, spacing_mm=spacing_mm, doubts=doubts)

    def try_to_take(self, path: Path, rows: Sequence[LabelRow], read: _Read) -> None:
        """One file; why it was not taken is kept, but for what the project's disk refuses."""
        line = rows[0].line if rows else None
        waits = self._waits_for is not None and path in self._waits_for
        try:
            if self._names is not None:
                try:
                    rows = with_facts(rows, path.name, self._names, self._project.scheme)
                except BadInputError as error:
                    # A table is the better source: a name that says nothing is no fault beside its row.
                    if not rows and not waits:
                        self.faults.append(RowFault(None, path.name, error.code, error.values))
                        waits = self._waits_for is not None
            if waits and read.digest not in self._known:
                self._name_of.setdefault(read.digest, path.name)
                self.waiting.append(path.name)
            else:
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
        person = import_rows.person(rows)
        if digest in self._known:
            self._take_again(path.name, self._known[digest], rows, read)
            return
        if image is None:
            raise read.fault or BadInputError("image.unreadable", file=path.name)
        if min(image.shape_vu) < MIN_SIDE_PX:
            raise BadInputError("import.too_small", height=image.shape_vu[0], width=image.shape_vu[1], least=MIN_SIDE_PX)
        self.imported.append(ImportedImage(path.name, self._store(image, digest, person, rows)))
        self._doubt(path.name, rows, image.doubts)
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
                    record_for=lambda new_id: image.record(case_id, new_id, digest),
                    full_png=image.png,
                    full16_png=None,
                    beside=prepared.files(image.original_png, image.mask_png),
                )
                capture_id = capture.capture_id
                session.add(case)
                session.flush()
                session.add(capture)
                session.flush()
                fresh = import_rows.readings_of(rows, case_id, capture_id)
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

    def _take_again(self, name: str, known: tuple[str, str], rows: Sequence[LabelRow], read: _Read) -> None:
        """A file whose picture is there: what is new of it."""
        if read.fault is not None:
            raise read.fault
        case_id, capture_id = known
        fresh = completing.news(self._project, import_rows.readings_of(rows, case_id, capture_id))
        filled = completing.complete(self._project, case_id, capture_id, import_rows.person(rows), read.spacing_mm, who=self._who)
        if fresh:
            readings.append_many(self._project, fresh)
        self.readings += len(fresh)
        self.already_there.append(ImportedImage(name, case_id))
        if filled:
            self.filled_in.append(RowFault(import_rows.line(rows), name, "import.filled_in", {"facts": ", ".join(filled), "case": case_id}))
        self._doubt(name, rows, read.doubts)

    def _doubt(self, name: str, rows: Sequence[LabelRow], doubts: Doubts) -> None:
        self.doubts += [RowFault(import_rows.line(rows), name, code, values) for code, values in doubts]
