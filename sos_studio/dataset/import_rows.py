"""What the rows of a table that name one picture say together."""

from __future__ import annotations

from collections.abc import Sequence

from sos_studio.core.errors import BadInputError
from sos_studio.core.readings import Reading
from sos_studio.dataset import readings
from sos_studio.dataset.label_table import LabelRow


def line(rows: Sequence[LabelRow]) -> int | None:
    """The line of the table that a message is about; None where only the file's name says something."""
    return rows[0].line or None if rows else None


def person(rows: Sequence[LabelRow]) -> LabelRow | None:
    """The row that says who it is; ``import.rows_contradict`` (column, first, second) if rows of one image contradict one another."""
    for row in rows[1:]:
        for column in ("patient", "age_years", "sex"):
            if getattr(row, column) != getattr(rows[0], column):
                raise BadInputError("import.rows_contradict", column=column.removesuffix("_years"), first=rows[0].line, second=row.line)
    return rows[0] if rows else None


def readings_of(rows: Sequence[LabelRow], case_id: str, capture_id: str) -> list[Reading]:
    """A reading for every row that gives a stage."""
    return [
        Reading(
            reading_id=readings.new_reading_id(),
            case_id=case_id,
            capture_id=capture_id,
            evaluator=row.evaluator,
            stage=row.stage,
            remark=row.remark,
            shown="full_image",
            source="imported",
        )
        for row in rows
        if row.stage is not None
    ]
