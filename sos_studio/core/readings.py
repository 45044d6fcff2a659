"""Readings by named evaluators; `core.consensus` makes a case's label of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Literal, Protocol, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Shown = Literal["crop", "full_image", "crop_and_full_image"]
Source = Literal["expert", "imported", "phantom", "adjudication"]
ADJUDICATION: Literal["adjudication"] = "adjudication"


def utc_now() -> datetime:
    """The present, with its zone."""
    return datetime.now(UTC)


class Reading(BaseModel):
    """One evaluator's stage for one case at one time. Append-only: taking one back is a new row that names it.

    Attributes
    ----------
    retracts
        Id of the reading that this row takes back (undo); `stage` is then None.
    shown
        What was in front of the evaluator.
    ai_seen
        Whether a prediction for this case had been shown to the evaluator before the reading.
    blinded
        Whether other evaluators' readings, predictions and the patient were hidden when it was made.
    source
        ``adjudication``: a decision made with all readings in sight, by `evaluator` as adjudicator. It is the label and nobody's own
        reading; its stage is None where the adjudicator left the case open, or (`ambiguous`) found that nobody can tell.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reading_id: str
    case_id: str
    capture_id: str
    roi_n: int | None = None
    evaluator: Annotated[str, Field(min_length=1, max_length=80)]
    scheme: str = "bassed-5"
    stage: int | None
    confidence: Literal["low", "medium", "high"] | None = None
    ambiguous: bool = False
    remark: str = ""
    shown: Shown = "crop_and_full_image"
    ai_seen: bool = False
    blinded: bool = False
    source: Source = "expert"
    retracts: str | None = None
    created_utc: AwareDatetime = Field(default_factory=utc_now)


class ReadingLike(Protocol):
    """As much of a reading as `standing` and the rules of consensus ask for."""

    @property
    def reading_id(self) -> str:
        """Its id."""

    @property
    def evaluator(self) -> str:
        """Who read."""

    @property
    def stage(self) -> int | None:
        """The stage; None in rows that are no reading."""

    @property
    def ambiguous(self) -> bool:
        """Whether the case was called ambiguous."""

    @property
    def source(self) -> str:
        """Where it comes from; see `Source`."""

    @property
    def retracts(self) -> str | None:
        """The reading that it takes back."""


AnyReading = TypeVar("AnyReading", bound=ReadingLike)


def standing(readings: Iterable[AnyReading]) -> list[AnyReading]:
    """Each evaluator's latest own reading that was not taken back, in the order given (which is the order of writing)."""
    rows = list(readings)
    retracted = {row.retracts for row in rows if row.retracts}
    latest: dict[str, AnyReading] = {}
    for row in rows:
        if row.retracts is None and row.stage is not None and row.source != ADJUDICATION and row.reading_id not in retracted:
            latest.pop(row.evaluator, None)
            latest[row.evaluator] = row
    return list(latest.values())
