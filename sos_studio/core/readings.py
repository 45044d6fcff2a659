"""Readings by named evaluators, and the rule that makes a case's label of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from statistics import median_low
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Shown = Literal["crop", "full_image", "crop_and_full_image"]
Source = Literal["expert", "imported", "phantom"]
ConsensusRule = Literal["majority", "median"]


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


def standing(readings: Iterable[Reading]) -> list[Reading]:
    """Each evaluator's latest reading that was not taken back, in the order given (which is the order of writing)."""
    rows = list(readings)
    retracted = {row.retracts for row in rows if row.retracts}
    latest: dict[str, Reading] = {}
    for row in rows:
        if row.retracts is None and row.stage is not None and row.reading_id not in retracted:
            latest.pop(row.evaluator, None)
            latest[row.evaluator] = row
    return list(latest.values())


def consensus(readings: Sequence[Reading], rule: ConsensusRule = "majority") -> int | None:
    """The label of one case, or None while it has none.

    ``majority``: the stage that more than half of the standing readings name, else their lower median, so that three
    evaluators who say 2, 3 and 4 give 3. ``median``: always the lower median. A case whose standing readings call it
    ambiguous in the majority has no label.
    """
    rows = standing(readings)
    if not rows or 2 * sum(row.ambiguous for row in rows) > len(rows):
        return None
    stages = [row.stage for row in rows if row.stage is not None]
    if rule == "majority":
        for stage in set(stages):
            if 2 * stages.count(stage) > len(stages):
                return stage
    return median_low(stages)
