"""The table of stages that comes with a folder of images: read forgivingly, faults told row by row."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sos_studio.core.errors import BadInputError
from sos_studio.core.stages import StageScheme
from sos_studio.dataset.cases import MAX_AGE_YEARS, Sex

REQUIRED_COLUMNS = ("image", "stage")
OPTIONAL_COLUMNS = ("patient", "age", "sex", "evaluator", "remark")
IMPORTED_EVALUATOR = "imported"
_SEXES: dict[str, Sex] = {"f": "F", "female": "F", "w": "F", "m": "M", "male": "M"}


@dataclass(frozen=True)
class RowFault:
    """Why an image or a row of the table was not taken: a code for `sos_studio.messages` and its values.

    Attributes
    ----------
    line
        Line of the table, from 1 (the header); None for an image that no row names.
    image
        Name as the table or the folder has it. For the person's eyes: never stored.
    """

    line: int | None
    image: str
    code: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LabelRow:
    """One row of the table. `patient` is the table's own text: it becomes a pseudonym and goes no further."""

    line: int
    image: str
    stage: int | None
    patient: str | None
    age_years: float | None
    sex: Sex | None
    evaluator: str
    remark: str


@dataclass(frozen=True)
class LabelTable:
    """What a table says."""

    rows: tuple[LabelRow, ...] = ()
    faults: tuple[RowFault, ...] = ()
    ignored_columns: tuple[str, ...] = ()


def read_labels(path: Path, scheme: StageScheme) -> LabelTable:
    """Read a CSV file with a header: comma, semicolon or tab; UTF-8, UTF-16 or Windows-1252.

    Columns by header, in any order and case: ``image`` and ``stage`` are required (a cell of `stage` may be empty), ``patient, age, sex,
    evaluator, remark`` optional; others are named and ignored.

    Raises
    ------
    BadInputError
        ``import.table_unreadable``, ``import.table_is_spreadsheet``, ``import.columns_missing`` or ``import.column_twice``.
    """
    lines = _lines(path)
    header = [cell.strip().casefold() for cell in lines[0][1]] if lines else []
    missing = [name for name in REQUIRED_COLUMNS if name not in header]
    if missing:
        raise BadInputError(
            "import.columns_missing", file=path.name, missing=", ".join(missing), found=", ".join(filter(None, header)) or "–"
        )
    known = REQUIRED_COLUMNS + OPTIONAL_COLUMNS
    for name in known:
        if header.count(name) > 1:
            raise BadInputError("import.column_twice", file=path.name, column=name)
    ignored = tuple(cell.strip() for cell in lines[0][1] if cell.strip() and cell.strip().casefold() not in known)
    rows: list[LabelRow] = []
    faults: list[RowFault] = []
    for line, cells in lines[1:]:
        if not any(cell.strip() for cell in cells):
            continue
        named = {name: cells[n].strip() if n < len(cells) else "" for n, name in enumerate(header) if name in known}
        try:
            rows.append(_row(line, named, scheme))
        except BadInputError as error:
            faults.append(RowFault(line, named["image"], error.code, error.values))
    return LabelTable(tuple(rows), tuple(faults), ignored)


def _row(line: int, cells: dict[str, str], scheme: StageScheme) -> LabelRow:
    if not cells["image"]:
        raise BadInputError("import.no_image_named")
    sex = cells.get("sex", "")
    if sex and sex.casefold() not in _SEXES:
        raise BadInputError("case.bad_sex", sex=sex)
    return LabelRow(
        line=line,
        image=cells["image"],
        stage=_stage(cells["stage"], scheme),
        patient=cells.get("patient") or None,
        age_years=_age(cells.get("age", "")),
        sex=_SEXES[sex.casefold()] if sex else None,
        evaluator=(cells.get("evaluator") or IMPORTED_EVALUATOR)[:80],
        remark=cells.get("remark", ""),
    )


def _stage(text: str, scheme: StageScheme) -> int | None:
    if not text:
        return None
    number = _number(text)
    if number is None or number != round(number):
        raise BadInputError("stage.unknown", stage=text, highest=scheme.count, scheme=scheme.id)
    return scheme.check(round(number))


def _age(text: str) -> float | None:
    if not text:
        return None
    number = _number(text)
    if number is None or not 0 <= number <= MAX_AGE_YEARS:
        raise BadInputError("case.bad_age", age=text)
    return number


def _number(text: str) -> float | None:
    """A number with point or comma; None if it is none."""
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _lines(path: Path) -> list[tuple[int, Sequence[str]]]:
    """Cells of every line with its number, the header first."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInputError("import.table_unreadable", file=path.name, reason=error.strerror or type(error).__name__) from error
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise BadInputError("import.table_is_spreadsheet", file=path.name)
    text = _decode(data)
    if "\0" in text:
        raise BadInputError("import.table_unreadable", file=path.name, reason="not a text file")
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        found: list[tuple[int, Sequence[str]]] = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise BadInputError("import.table_unreadable", file=path.name, reason=str(error)) from error
    start = next((n for n, (_, cells) in enumerate(found) if any(cell.strip() for cell in cells)), len(found))
    return found[start:]


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
