"""The table of stages that comes with a folder of images: read forgivingly, faults told row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sos_studio.core.errors import BadInputError
from sos_studio.core.stages import StageScheme
from sos_studio.dataset import columns, label_values
from sos_studio.dataset.cases import Sex
from sos_studio.dataset.columns import FIELDS, REQUIRED, Field
from sos_studio.dataset.sheets import Sheet, read_sheet

IMPORTED_EVALUATOR = "imported"


@dataclass(frozen=True)
class RowFault:
    """Why an image or a row of the table was not taken: a code for `sos_studio.messages` and its values.

    Attributes
    ----------
    line
        Line of the table, from 1 (mostly the header); None for an image that no row names.
    image
        Name as the table or the folder has it. For the person's eyes: never stored.
    """

    line: int | None
    image: str
    code: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LabelRow:
    """What is said of one image. `patient` is the table's own text: it becomes a pseudonym and goes no further.

    `line` is 0 where no table but the file's name says it.
    """

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
    """What a table says.

    Attributes
    ----------
    columns
        Header of the column that each field was taken from.
    ignored_columns
        Headers of the others.
    """

    rows: tuple[LabelRow, ...] = ()
    faults: tuple[RowFault, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    columns: Mapping[Field, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TableOptions:
    """How a table is read where the guess is not what a person wants.

    Attributes
    ----------
    sheet
        Of a workbook; None: the first that looks like a table of stages, else the first that holds anything.
    columns
        Header by field (`columns.FIELDS`); an empty header means that the table has no such column.
    separator, encoding
        Of a text file; None: guessed.
    """

    sheet: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    separator: str | None = None
    encoding: str | None = None

    def read(self, path: Path) -> Sheet:
        """The cells; errors of `sheets.read_sheet`.

        Where no sheet of a workbook was chosen, it is the first whose headers name images and stages.
        """
        first = read_sheet(path, self.sheet, separator=self.separator, encoding=self.encoding)
        if self.sheet is not None or len(first.names) < 2 or self._is_labels(first):
            return first
        others = (read_sheet(path, name) for name in first.names if name != first.name)
        return next((sheet for sheet in others if self._is_labels(sheet)), first)

    def _is_labels(self, sheet: Sheet) -> bool:
        if not sheet.lines:
            return False
        try:
            found = columns.resolve(sheet.lines[columns.header_line(sheet.lines)][1], self.columns, file="")
        except BadInputError:
            return False
        return all(found[name] is not None for name in REQUIRED)


def read_labels(path: Path, scheme: StageScheme, options: TableOptions | None = None) -> LabelTable:
    """Read a CSV file or an Excel sheet with a header, which may stand below rows of titles.

    Columns in any order; what each means is guessed from its header (`columns.guess`), unless `options` says it. An image and a stage
    column are required (a cell of `stage` may be empty; ``columns={"stage": ""}`` does without); others are named and ignored.

    Raises
    ------
    BadInputError
        Errors of `sheets.read_sheet` and `understood`.
    """
    options = options or TableOptions()
    return understood(options.read(path), path.name, scheme, options.columns)


def understood(sheet: Sheet, file: str, scheme: StageScheme, chosen: Mapping[str, str]) -> LabelTable:
    """What the cells mean.

    Raises
    ------
    BadInputError
        ``import.columns_missing`` (file, missing, found) and errors of `columns.resolve`.
    """
    lines = sheet.lines
    start = columns.header_line(lines)
    headers = lines[start][1] if lines else ()
    of = columns.resolve(headers, chosen, file=file)
    missing = [name for name in REQUIRED if of[name] is None and not (name == "stage" and name in chosen)]
    if missing:
        raise BadInputError("import.columns_missing", file=file, missing=", ".join(missing), found=", ".join(filter(None, headers)) or "–")
    rows: list[LabelRow] = []
    faults: list[RowFault] = []
    for line, cells in lines[start + 1 :]:
        texts = {name: cells[index] if index is not None and index < len(cells) else "" for name, index in of.items()}
        if not any(texts.values()):
            continue
        try:
            rows.append(row_of(line, texts, scheme))
        except BadInputError as error:
            faults.append(RowFault(line, texts["image"], error.code, error.values))
    used = {index for index in of.values() if index is not None}
    ignored = tuple(header for index, header in enumerate(headers) if header and index not in used)
    return LabelTable(tuple(rows), tuple(faults), ignored, {name: headers[of[name] or 0] for name in FIELDS if of[name] is not None})


def row_of(line: int, texts: Mapping[Field, str], scheme: StageScheme) -> LabelRow:
    """One row from the text of its cells; ``import.no_image_named`` and errors of `label_values`."""
    if not texts.get("image"):
        raise BadInputError("import.no_image_named")
    return LabelRow(
        line=line,
        image=texts["image"],
        stage=label_values.stage(texts.get("stage", ""), scheme),
        patient=texts.get("patient") or None,
        age_years=label_values.age_years(texts.get("age", "")),
        sex=label_values.sex(texts.get("sex", "")),
        evaluator=(texts.get("evaluator") or IMPORTED_EVALUATOR)[:80],
        remark=texts.get("remark", ""),
    )
