"""The cells of a table that somebody made: CSV in any of its dialects, or a sheet of an Excel workbook."""

from __future__ import annotations

import codecs
import csv
import io
import math
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from sos_studio.core.errors import BadInputError

EXCEL_SUFFIXES = frozenset({".xlsx", ".xlsm"})
TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".txt"}) | EXCEL_SUFFIXES
SEPARATORS = (",", ";", "\t", "|")
# Tried by a person where the guess is wrong: what Excel and old programs write in different parts of the world.
ENCODINGS = ("utf-8", "utf-16", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "mac_roman", "shift_jis", "gb18030", "big5", "euc_kr")
MAX_ROWS = 200_000
# A workbook is a zip archive: what it unpacks to is looked at before it is.
MAX_UNPACKED_BYTES = 1_000_000_000
_SAMPLE_LINES = 30
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True)
class Sheet:
    """The cells of one sheet, as text.

    Attributes
    ----------
    names
        All sheets of the workbook; empty for a text file.
    name
        The sheet that was read; empty for a text file.
    lines
        Each line that is not empty: its number in the file (from 1) and its cells, stripped.
    separator, encoding
        How a text file was read; empty for a workbook.
    """

    names: tuple[str, ...]
    name: str
    lines: tuple[tuple[int, tuple[str, ...]], ...]
    separator: str = ""
    encoding: str = ""


def is_table(path: Path) -> bool:
    """Whether a file's ending says that it is a table."""
    return path.suffix.lower() in TABLE_SUFFIXES


def read_sheet(path: Path, sheet: str | None = None, *, separator: str | None = None, encoding: str | None = None) -> Sheet:
    """Read a table.

    Parameters
    ----------
    sheet
        Name of the sheet, without regard to case; None: the first one that holds anything.
    separator, encoding
        Of a text file, where the guess is wrong.

    Raises
    ------
    BadInputError
        ``import.table_unreadable`` (file, reason), ``import.table_is_spreadsheet`` (a format other than .xlsx), ``import.sheet_unknown``
        (file, sheet, sheets), ``import.table_too_long`` (file, most), ``import.encoding_unknown`` (encoding).
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInputError("import.table_unreadable", file=path.name, reason=error.strerror or type(error).__name__) from error
    if data.startswith(_OLE):
        raise BadInputError("import.table_is_spreadsheet", file=path.name)
    if data.startswith(_ZIP):
        return _read_workbook(path.name, data, sheet)
    if sheet is not None:
        raise BadInputError("import.sheet_unknown", file=path.name, sheet=sheet, sheets="–")
    text, encoding = _decoded(data, encoding)
    if "\0" in text:
        raise BadInputError("import.table_unreadable", file=path.name, reason="not a text file")
    return _read_text(path.name, text, separator, encoding)


def _read_text(name: str, text: str, separator: str | None, encoding: str) -> Sheet:
    first_line = 0
    if (told := re.match(r"sep=(.)\r?\n", text)) is not None:  # Excel's own way to name it
        separator, text, first_line = separator or told[1], text[told.end() :], 1
    separator = separator or _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        lines = _kept(name, ((first_line + reader.line_num, cells) for cells in reader))
    except csv.Error as error:
        raise BadInputError("import.table_unreadable", file=name, reason=str(error)) from error
    return Sheet((), "", lines, separator, encoding)


def _separator(text: str) -> str:
    """The one that gives most lines the same number of cells, and more than one."""
    sample = [line for line in text.splitlines() if line.strip()][:_SAMPLE_LINES]

    def score(separator: str) -> tuple[float, int]:
        try:
            widths = [len(cells) for cells in csv.reader(sample, delimiter=separator)]
        except csv.Error:
            return 0.0, 0
        if not widths:
            return 0.0, 0
        usual = max(set(widths), key=lambda width: (widths.count(width), width))
        # Decimal commas cut rows into more cells than the header has; they must not win for it.
        return (widths.count(usual) / len(widths), min(usual, widths[0])) if usual > 1 and widths[0] > 1 else (0.0, 0)

    return max(SEPARATORS, key=score)


def _decoded(data: bytes, encoding: str | None) -> tuple[str, str]:
    if encoding is not None:
        try:
            return data.decode(encoding, errors="replace").removeprefix("\ufeff"), codecs.lookup(encoding).name
        except LookupError as error:
            raise BadInputError("import.encoding_unknown", encoding=encoding) from error
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace"), "utf-16"
    # Without a mark, text of two bytes a letter has a zero in every other one.
    sample = data[:2000]
    for start, wide in ((1, "utf-16-le"), (0, "utf-16-be")):
        half = sample[start::2]
        if len(half) >= 4 and half.count(0) > 0.7 * len(half) and sample[1 - start :: 2].count(0) == 0:
            return data.decode(wide, errors="replace"), wide
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace"), "cp1252"


def _read_workbook(name: str, data: bytes, wanted: str | None) -> Sheet:
    with _workbook(name, data) as book:
        names = tuple(str(sheet) for sheet in book.sheetnames)
        chosen = [n for n in names if wanted is None or n.casefold() == wanted.strip().casefold()]
        if not chosen:
            raise BadInputError("import.sheet_unknown", file=name, sheet=wanted, sheets=", ".join(names) or "–")
        first = Sheet(names, chosen[0], ())
        for title in chosen:
            if not hasattr(book[title], "iter_rows"):  # a sheet that is a chart
                continue
            lines = _kept(name, ((n, [_text(value) for value in row]) for n, row in _rows(book[title])))
            if lines:
                return Sheet(names, title, lines)
        return first


def _rows(sheet: Any) -> Iterator[tuple[int, Sequence[Any]]]:
    # What programs other than Excel write as the sheet's size may be wrong; without it every row is read.
    if hasattr(sheet, "reset_dimensions"):
        sheet.reset_dimensions()
    yield from enumerate(sheet.iter_rows(values_only=True), start=1)


@contextmanager
def _workbook(name: str, data: bytes) -> Iterator[Any]:
    import openpyxl

    book = None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
            if "xl/workbook.xml" not in archive.namelist():  # LibreOffice's own format, or no spreadsheet at all
                raise BadInputError("import.table_is_spreadsheet", file=name)
        if unpacked > MAX_UNPACKED_BYTES:
            raise BadInputError("import.table_too_long", file=name, most=MAX_ROWS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Values, not formulas: what the person saw when the workbook was saved.
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            yield book
    except BadInputError:
        raise
    except Exception as error:
        # Damaged workbooks end in anything from KeyError to ParseError.
        raise BadInputError("import.table_unreadable", file=name, reason=type(error).__name__) from error
    finally:
        if book is not None:
            book.close()


def _kept(name: str, lines: Iterator[tuple[int, Sequence[str]]]) -> tuple[tuple[int, tuple[str, ...]], ...]:
    kept: list[tuple[int, tuple[str, ...]]] = []
    for number, cells in lines:
        if len(kept) > MAX_ROWS:
            raise BadInputError("import.table_too_long", file=name, most=MAX_ROWS)
        stripped = tuple(cell.strip() for cell in cells)
        if any(stripped):
            kept.append((number, stripped))
    return tuple(kept)


def _text(value: Any) -> str:
    """A cell as the person sees it: whole numbers without a point, moments as dates."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        if not math.isfinite(value):
            return ""
        # Excel keeps 12.6 as 12.6000000000000005; fifteen digits are what it shows at most.
        return str(int(value)) if value == int(value) and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)
