"""The rows of the cases list as one evaluator may see them, ready to be filtered: what does not change is made once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from sos_studio.core.making import made
from sos_studio.dataset.light_readings import Light
from sos_studio.presenters.sitting import Sitting
from sos_studio.services.adjudication import waits
from sos_studio.services.listed_cases import ListedCase

Status = Literal["all", "to_capture", "to_crop", "to_stage", "staged", "to_adjudicate", "predicted", "excluded"]
STATUSES: tuple[Status, ...] = ("all", "to_capture", "to_crop", "to_stage", "staged", "to_adjudicate", "predicted", "excluded")


@dataclass(frozen=True)
class Filter:
    """What of the list is shown; all of it together must hold.

    Attributes
    ----------
    text
        Part of a case's name or its patient's pseudonym, in any case.
    stage
        What the row says: the label, or the own reading while others' are hidden.
    evaluator
        Who has a standing reading.
    """

    text: str = ""
    status: Status = "all"
    stage: int | None = None
    evaluator: str | None = None


@dataclass(frozen=True, eq=False, slots=True)
class CaseRow:
    """A row.

    Attributes
    ----------
    raw
        The case as the project has it.
    case
        The case as it may be shown.
    text
        What a search looks in.
    stage
        What it says: the label, or while that is hidden the evaluator's own stage.
    statuses
        Those that it has for this evaluator and the capture in use.
    opened
        Whether the evaluator may see what others read.
    """

    raw: ListedCase
    case: ListedCase
    text: str
    stage: int | None
    statuses: frozenset[str]
    opened: bool


class Seen:
    """Cases as one evaluator may see them.

    Parameters
    ----------
    evaluator
        Who looks.
    blinded
        What a case is called for someone who reads blinded; None for everybody else. Then the order is another one, too, because the
        order of import tells something.
    sitting
        Knows whose labels the evaluator may see.
    """

    def __init__(self, evaluator: str, blinded: Callable[[str], str] | None, sitting: Sitting) -> None:
        self.evaluator = evaluator
        self._blinded = blinded
        self._sitting = sitting
        self._made: dict[str, CaseRow] = {}

    def rows(self, cases: Iterable[ListedCase]) -> tuple[CaseRow, ...]:
        """The rows; those of cases that are the same objects as before, and as open as before, are the same objects as before."""
        made, before = {}, self._made
        for case in cases:
            row, opened = before.get(case.case_id), self._sitting.opens(case, self.evaluator)
            made[case.case_id] = row if row is not None and row.raw is case and row.opened == opened else self._row(case, opened)
        self._made = made
        if self._blinded is None:
            return tuple(made.values())
        return tuple(sorted(made.values(), key=lambda row: row.case.shown_as))

    def _row(self, raw: ListedCase, opened: bool) -> CaseRow:
        me = self.evaluator
        case = as_seen_by(raw, me, opened) if self._blinded is None else blinded_to(raw, me, self._blinded(raw.case_id))
        own = own_reading(case, me)
        stage = own.stage if case.label is None and own is not None and not own.ambiguous else case.label
        statuses = statuses_of(case, me)
        # That evaluators differ is no answer; but whoever reads blinded learns not even that before their own reading.
        if waits(raw, "open") and (self._blinded is None or me in raw.staged_here):
            statuses |= {"to_adjudicate"}
        return CaseRow(raw, case, f"{case.name}\n{case.patient}".lower(), stage, statuses, opened)


def passing(rows: Iterable[CaseRow], wanted: Filter) -> tuple[ListedCase, ...]:
    """The cases that pass a filter, in their order."""
    text, status, stage, reader = wanted.text.strip().lower(), wanted.status, wanted.stage, wanted.evaluator
    if (text, status, stage, reader) == ("", "all", None, None):  # after every reading, most often
        return tuple(row.case for row in rows)
    return tuple(
        row.case
        for row in rows
        if status in row.statuses
        and text in row.text
        and (stage is None or row.stage == stage)
        and (reader is None or reader in row.case.staged_by)
    )


def statuses_of(case: ListedCase, evaluator: str) -> frozenset[str]:
    """`to_stage` and `staged` are meant for this evaluator and the capture in use."""
    staged = evaluator in case.staged_here
    return frozenset(
        name
        for name, holds in (
            ("all", True),
            ("to_capture", not case.captured),
            ("to_crop", case.captured and not case.cropped),
            ("to_stage", case.captured and not staged and not case.excluded),
            ("staged", staged),
            ("predicted", case.predicted),
            ("excluded", case.excluded),
        )
        if holds
    )


def own_reading(case: ListedCase, evaluator: str) -> Light | None:
    """The evaluator's standing reading of a case, of whichever capture."""
    return next((reading for reading in case.stands if reading.evaluator == evaluator), None)


def as_seen_by(case: ListedCase, evaluator: str, opened: bool) -> ListedCase:
    """A case as it is if it is opened, else without what others read and what was made of it: a list must not whisper the answer."""
    if opened or (not case.stands and case.status == "unread"):
        return case
    own = own_reading(case, evaluator)
    return with_values(
        case,
        label=None,
        ambiguous=False,
        stands=(own,) if own is not None else (),
        status="unread",
        disagree=False,
        contested=False,
        adjudicated_by="",
        read_elsewhere=0,
    )


def blinded_to(case: ListedCase, evaluator: str, name: str) -> ListedCase:
    """A case without its patient, other evaluators' readings, predictions and reasons; its label is the evaluator's own stage."""
    own = own_reading(case, evaluator)
    return with_values(
        case,
        shown_as=name,
        patient="",
        age_years=None,
        sex=None,
        label=own.stage if own is not None and not own.ambiguous else None,
        ambiguous=own is not None and own.ambiguous,
        staged_by=(evaluator,) if own is not None else (),
        staged_here=tuple(reader for reader in case.staged_here if reader == evaluator),
        stands=(own,) if own is not None else (),
        predicted=False,
        status="unread",
        disagree=False,
        contested=False,
        adjudicated_by="",
        read_elsewhere=0,
        # Metal, a pathology: why a case was left out tells of patient and picture.
        exclusion_reason="",
        exclusion_note="",
    )


def with_values(case: ListedCase, **values: object) -> ListedCase:
    """A copy with other values."""
    return made(ListedCase, **{**case.__dict__, **values})
