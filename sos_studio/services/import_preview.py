"""What an import will do, before anything is written: which column means what, and what becomes of each row and file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sos_studio.core.errors import BadInputError, SosError
from sos_studio.core.stages import StageScheme
from sos_studio.dataset import columns, label_table, name_patterns
from sos_studio.dataset.columns import FIELDS, Field
from sos_studio.dataset.decoded import Doubts
from sos_studio.dataset.import_files import AMBIGUOUS, Files, Folders, with_facts
from sos_studio.dataset.import_plan import Plan, plan
from sos_studio.dataset.label_table import LabelRow, LabelTable, RowFault, TableOptions
from sos_studio.dataset.name_patterns import NamePattern
from sos_studio.dataset.sheets import Sheet
from sos_studio.services import capture_import, import_pictures
from sos_studio.services.import_looks import Look, Looks, crops_asked
from sos_studio.services.import_pictures import ImportOptions


@dataclass(frozen=True)
class PreviewRow:
    """What a row of the table, or a file without a row, becomes.

    Attributes
    ----------
    line
        Of the table; None for a file that no row names.
    image
        As the table or the folder names it.
    path
        The file; None if it was not found.
    row
        What will be stored (`patient` as a pseudonym); None if the row says nothing that can be used.
    fault
        Why the row is not taken as it is.
    taken
        Whether the picture is imported.
    """

    line: int | None
    image: str
    path: Path | None
    row: LabelRow | None
    fault: RowFault | None = None
    taken: bool = True


@dataclass(frozen=True)
class ImportPreview:
    """What an import will do.

    Attributes
    ----------
    sheet
        The table's cells; None without a table.
    headers, columns
        The table's headers, and for each field the index of its column.
    problem
        Why the table can't be used at all.
    names_problem
        Why the pattern for names can't.
    suggested_names
        The pattern that the files' names seem to have; empty if none.
    rows
        Every row and file, in the order of the table, files without a row last.
    notices
        Codes and values of what a person should know before importing.
    question
        The one of them that a person should answer: whether these are crops.
    """

    sheet: Sheet | None = None
    headers: tuple[str, ...] = ()
    columns: tuple[tuple[Field, int | None], ...] = ()
    problem: SosError | None = None
    names_problem: SosError | None = None
    suggested_names: str = ""
    rows: tuple[PreviewRow, ...] = ()
    notices: Doubts = ()
    question: Doubts = ()

    @property
    def pictures(self) -> tuple[Path, ...]:
        """Files that will be imported, each once."""
        return tuple(dict.fromkeys(row.path for row in self.rows if row.path is not None and row.taken))

    @property
    def waiting(self) -> tuple[Path, ...]:
        """Files that will not be imported because something needs mending, each once."""
        return tuple(dict.fromkeys(row.path for row in self.rows if row.path is not None and not row.taken))

    @property
    def faults(self) -> tuple[PreviewRow, ...]:
        """Rows that need mending."""
        return tuple(row for row in self.rows if row.fault is not None)


def preview(  # noqa: PLR0917  as an import has them
    scheme: StageScheme,
    sources: Sequence[Path],
    labels: Path | None,
    options: ImportOptions,
    sheet: Sheet | None = None,
    looks: Looks | None = None,
) -> ImportPreview:
    """Look at sources and table; headers of pictures are read, nothing is decoded and nothing is written.

    Parameters
    ----------
    sheet
        The table's cells if they were read before with the same options.
    looks
        Remembers what was read of pictures.

    Raises
    ------
    BadInputError
        ``import.source_missing``; what is wrong with the table or the pattern is told in the answer.
    """
    read = _read(scheme, labels, options.table, sheet)
    folders, pictures = capture_import.split_sources(sources)
    files = Files(pictures, None if labels is None else labels.parent)
    names_problem: SosError | None = None
    pattern: NamePattern | None = None
    try:
        pattern = NamePattern(options.names) if options.names else None
    except BadInputError as error:
        names_problem = error
    todo, captured = plan(files, read.table), plan(Folders(folders), read.table)
    looks = looks or Looks()
    seen, twins = looks.at(files.paths, import_pictures.least_side_px(options.pictures)), looks.twins(list(todo.rows))
    rows = tuple(_Rows(todo, captured, read.table, pattern, scheme, seen, twins, take_unmended=options.take_unmended).all())
    suggested = name_patterns.suggested([path.name for path in files.paths], scheme)
    question = crops_asked(seen, options.pictures.crops)
    return ImportPreview(
        read.sheet,
        read.headers,
        tuple(read.columns.items()),
        read.problem,
        names_problem,
        suggested.text if suggested else "",
        rows,
        () if read.problem is not None else _no_patients(rows),
        question,
    )


def thorough(scheme: StageScheme, sources: Sequence[Path], labels: Path | None, options: ImportOptions) -> ImportPreview:
    """`preview`, and a look into every picture for damage in its middle."""
    looks = Looks()
    seen = preview(scheme, sources, labels, options, looks=looks)
    return replace(seen, notices=(*seen.notices, *looks.damaged([path for path in seen.pictures if path.is_file()])))


@dataclass(frozen=True)
class _TableRead:
    """A table as far as it could be understood."""

    sheet: Sheet | None = None
    headers: tuple[str, ...] = ()
    columns: Mapping[Field, int | None] = field(default_factory=lambda: dict.fromkeys(FIELDS))
    table: LabelTable = field(default_factory=LabelTable)
    problem: SosError | None = None


def _read(scheme: StageScheme, labels: Path | None, options: TableOptions, sheet: Sheet | None) -> _TableRead:
    if labels is None:
        return _TableRead(sheet)
    read = _TableRead(sheet)
    try:
        sheet = options.read(labels) if sheet is None else sheet
        headers = sheet.lines[columns.header_line(sheet.lines)][1] if sheet.lines else ()
        read = _TableRead(sheet, headers)
        read = replace(read, columns=columns.resolve(headers, options.columns, file=labels.name))
        return replace(read, table=label_table.understood(sheet, labels.name, scheme, options.columns))
    except BadInputError as error:
        return replace(read, problem=error)


def _no_patients(rows: Sequence[PreviewRow]) -> Doubts:
    """A warning where several pictures come in and nothing says whose they are: two of one person would part into different folds."""
    taken = {row.path for row in rows if row.path is not None and row.taken and not row.path.is_dir()}
    nameless = {row.path for row in rows if row.path in taken and not (row.row is not None and row.row.patient)}
    nameless -= {row.path for row in rows if row.row is not None and row.row.patient}
    if len(taken) < 2 or not nameless:
        return ()
    if nameless == taken:
        return (("import.no_patients", {"count": len(taken)}),)
    return (("import.some_without_patient", {"count": len(nameless), "all": len(taken)}),)


@dataclass(frozen=True)
class _Rows:
    """Makes the rows of a preview."""

    todo: Plan
    captured: Plan
    table: LabelTable
    pattern: NamePattern | None
    scheme: StageScheme
    looks: Mapping[Path, Look]
    twins: Mapping[Path, Path]
    take_unmended: bool

    def all(self) -> list[PreviewRow]:
        """Rows of the table, then files that none of them names."""
        plans = (self.captured, self.todo)
        path_of = {row.line: path for todo in plans for path, rows in todo.rows.items() for row in rows}
        faulty_of = {fault.line: path for todo in plans for path, faults in todo.faulty.items() for fault in faults}
        # That a row may mean several captures says more than that it means no picture.
        ambiguous = [fault for fault in self.captured.unmatched if fault.code == AMBIGUOUS]
        lost = {fault.line: fault for fault in (*self.todo.unmatched, *ambiguous)}
        told: list[PreviewRow] = []
        for fault in self.table.faults:
            path = faulty_of.get(fault.line)
            told.append(PreviewRow(fault.line, fault.image, path, None, fault, path is not None and self._is_taken(path)))
        for row in self.table.rows:
            path = path_of.get(row.line)
            if path is None:
                told.append(PreviewRow(row.line, row.image, None, row, lost.get(row.line)))
            else:
                told.append(self._of(row, path))
        told.sort(key=lambda row: row.line or 0)
        named = {row.path for row in told}
        return told + [self._of(None, path) for path in (*self.todo.rows, *self.captured.rows) if path not in named]

    def _is_taken(self, path: Path) -> bool:
        return self._spoiled(path) is None and (self.take_unmended or path not in self.todo.waiting | self.captured.waiting)

    def _spoiled(self, path: Path) -> SosError | None:
        """Why a file is not taken whatever a person chooses."""
        if path in self.captured.rows:
            return self.captured.contradiction(path)
        look = self.looks.get(path)
        if look is not None and look.fault is not None:
            return look.fault
        twin = self.twins.get(path)
        return (
            BadInputError("import.same_picture", other=twin.name)
            if twin is not None and twin.name != path.name
            else self.todo.contradiction(path)
        )

    def _of(self, row: LabelRow | None, path: Path) -> PreviewRow:
        line, image = (None, path.name) if row is None else (row.line, row.image)
        taken, error = self._is_taken(path), self._spoiled(path)
        if self.pattern is not None and path.is_file():
            try:
                filled = with_facts(self.todo.rows[path], path.name, self.pattern, self.scheme)
                row = filled[0] if row is None else next(told for told in filled if told.line == row.line)
            except BadInputError as bad_name:
                if row is None:
                    error, taken = error or bad_name, taken and self.take_unmended
        if error is None and not taken and row is None:  # a row that may mean it or another file
            doubtful = (self.todo.faulty.get(path) or self.captured.faulty[path])[0]
            return PreviewRow(None, image, path, None, RowFault(None, image, doubtful.code, doubtful.values), taken=False)
        fault = None if error is None else RowFault(line, image, error.code, error.values)
        return PreviewRow(line, image, path, row, fault, taken)
