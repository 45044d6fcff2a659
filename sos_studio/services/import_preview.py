"""What an import will do, before anything is written: which column means what, and what becomes of each row and file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sos_studio.core.errors import BadInputError, SosError
from sos_studio.core.stages import StageScheme
from sos_studio.dataset import columns, label_table, name_patterns
from sos_studio.dataset.columns import FIELDS, Field
from sos_studio.dataset.import_files import Files, with_facts
from sos_studio.dataset.label_table import LabelRow, LabelTable, RowFault
from sos_studio.dataset.name_patterns import NamePattern
from sos_studio.dataset.sheets import Sheet
from sos_studio.services import capture_import
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
    """

    line: int | None
    image: str
    path: Path | None
    row: LabelRow | None
    fault: RowFault | None = None


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
    """

    sheet: Sheet | None = None
    headers: tuple[str, ...] = ()
    columns: tuple[tuple[Field, int | None], ...] = ()
    problem: SosError | None = None
    names_problem: SosError | None = None
    suggested_names: str = ""
    rows: tuple[PreviewRow, ...] = ()

    @property
    def pictures(self) -> tuple[Path, ...]:
        """Files that will be read, each once."""
        return tuple(dict.fromkeys(row.path for row in self.rows if row.path is not None))

    @property
    def faults(self) -> tuple[PreviewRow, ...]:
        """Rows that need mending."""
        return tuple(row for row in self.rows if row.fault is not None)


def preview(
    scheme: StageScheme, sources: Sequence[Path], labels: Path | None, options: ImportOptions, sheet: Sheet | None = None
) -> ImportPreview:
    """Look at sources and table; nothing is decoded and nothing is written.

    Parameters
    ----------
    sheet
        The table's cells if they were read before with the same options.

    Raises
    ------
    BadInputError
        ``import.source_missing``; what is wrong with the table or the pattern is told in the answer.
    """
    problem: SosError | None = None
    if labels is not None and sheet is None:
        try:
            sheet = options.table.read(labels)
        except BadInputError as error:
            problem = error
    headers: tuple[str, ...] = ()
    found: dict[Field, int | None] = dict.fromkeys(FIELDS)
    table = LabelTable()
    if sheet is not None and labels is not None:
        headers = sheet.lines[columns.header_line(sheet.lines)][1] if sheet.lines else ()
        try:
            found = columns.resolve(headers, options.table.columns, file=labels.name)
            table = label_table.understood(sheet, labels.name, scheme, options.table.columns)
        except BadInputError as error:
            problem = error
    folders, pictures = capture_import.split_sources(sources)
    files = Files(pictures, None if labels is None else labels.parent)
    names_problem: SosError | None = None
    pattern: NamePattern | None = None
    try:
        pattern = NamePattern(options.names) if options.names else None
    except BadInputError as error:
        names_problem = error
    rows = _rows(files, folders, table, pattern, scheme)
    suggested = name_patterns.suggested([path.name for path in files.paths], scheme)
    return ImportPreview(sheet, headers, tuple(found.items()), problem, names_problem, suggested.text if suggested else "", tuple(rows))


def _rows(files: Files, folders: Sequence[Path], table: LabelTable, pattern: NamePattern | None, scheme: StageScheme) -> list[PreviewRow]:
    folder_of = {folder.resolve().name.casefold(): folder for folder in folders}
    rows_of, unmatched = files.match(table)
    lost = {fault.line: fault for fault in unmatched}
    path_of = {row.line: path for path, rows in rows_of.items() for row in rows}
    told: list[PreviewRow] = [PreviewRow(fault.line, fault.image, None, None, fault) for fault in table.faults]
    for row in table.rows:
        path = path_of.get(row.line) or folder_of.get(row.image.rstrip("/\\").casefold())
        if path is None:
            told.append(PreviewRow(row.line, row.image, None, row, lost.get(row.line)))
        else:
            told.append(_named(row, path, pattern, scheme))
    told.sort(key=lambda row: row.line or 0)
    named = {row.path for row in told}
    rest = [path for path in (*files.paths, *folders) if path not in named]
    return told + [_named(None, path, pattern, scheme) for path in rest]


def _named(row: LabelRow | None, path: Path, pattern: NamePattern | None, scheme: StageScheme) -> PreviewRow:
    line, image = (None, path.name) if row is None else (row.line, row.image)
    if pattern is not None and path.is_file():
        try:
            row = with_facts([] if row is None else [row], path.name, pattern, scheme)[0]
        except BadInputError as error:
            if row is None:
                return PreviewRow(None, image, path, None, RowFault(None, image, error.code, error.values))
    return PreviewRow(line, image, path, row)
