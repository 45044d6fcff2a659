"""What the rows of a table that name one picture say together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sos_studio.core.errors import BadInputError
from sos_studio.core.readings import Reading
from sos_studio.dataset import readings
from sos_studio.dataset.label_table import LabelRow

_OF_PERSON = ("patient", "age_years", "sex")


def line(rows: Sequence[LabelRow]) -> int | None:
    """The line of the table that a message is about; None where only the file's name says something."""
    return rows[0].line or None if rows else None


def person(rows: Sequence[LabelRow]) -> LabelRow | None:
    """What the rows say together of who it is: an empty cell contradicts nothing.

    Raises
    ------
    BadInputError
        ``import.rows_contradict`` (column, first, second) if two rows of one image say different things of the patient, or the same
        evaluator gives two stages.
    """
    if not rows:
        return None
    for column in _OF_PERSON:
        said = [row for row in rows if getattr(row, column) is not None]
        _require_one(said, column)
    for evaluator in dict.fromkeys(row.evaluator for row in rows):
        _require_one([row for row in rows if row.evaluator == evaluator and row.stage is not None], "stage")
    return replace(
        rows[0],
        patient=next((row.patient for row in rows if row.patient), None),
        age_years=next((row.age_years for row in rows if row.age_years is not None), None),
        sex=next((row.sex for row in rows if row.sex), None),
    )


def _require_one(rows: Sequence[LabelRow], column: str) -> None:
    for row in rows[1:]:
        if getattr(row, column) != getattr(rows[0], column):
            raise BadInputError("import.rows_contradict", column=column.removesuffix("_years"), first=rows[0].line, second=row.line)


def readings_of(rows: Sequence[LabelRow], case_id: str, capture_id: str, roi_n: int | None = None) -> list[Reading]:
    """A reading for every evaluator whose row gives a stage; rows that say it twice (`person` refuses two stages) are one."""
    staged: dict[str, LabelRow] = {}
    for row in rows:
        if row.stage is not None and not (row.evaluator in staged and staged[row.evaluator].remark):
            staged[row.evaluator] = row
    return [
        Reading(
            reading_id=readings.new_reading_id(),
            case_id=case_id,
            capture_id=capture_id,
            roi_n=roi_n,
            evaluator=row.evaluator,
            stage=row.stage,
            remark=row.remark,
            shown="full_image",
            source="imported",
        )
        for row in staged.values()
    ]
