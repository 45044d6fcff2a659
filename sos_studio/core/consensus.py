"""How a case's label is made of its readings: a rule that the project chose, and a decision where the rule can't make one.

No rule ever settles a tie by itself: such a case is *open*, has no label, and waits in the adjudication queue until a person decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sos_studio.core.readings import ADJUDICATION, AnyReading, ReadingLike, standing

RuleName = Literal["majority", "median", "senior"]
RULES: tuple[RuleName, ...] = get_args(RuleName)
Status = Literal["unread", "labelled", "adjudicated", "ambiguous", "open"]


class Rule(BaseModel):
    """A project's consensus rule.

    ``majority``: the stage that more than half of the standing readings name; without one the case is open. ``median``: the stage in the
    middle; where two different stages share the middle (an even number of readings) the case is open. ``senior``: what `senior` read;
    until they have, the stage that all others agree on; where those differ the case is open.

    A case that more than half of the standing readings (under ``senior``: the senior's) call ambiguous has no label and is *ambiguous*;
    exactly half is a tie: open.

    Attributes
    ----------
    senior
        The evaluator who counts under ``senior``; empty under the others.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: RuleName = "majority"
    senior: str = Field(default="", max_length=80)

    @model_validator(mode="after")
    def _senior_is_named_where_one_counts(self) -> Self:
        if (self.name == "senior") != bool(self.senior.strip()):
            raise ValueError("a senior reader is named under the rule 'senior' and under no other")
        return self


MAJORITY = Rule()


@dataclass(frozen=True)
class Verdict:
    """What readings and decisions make of a case.

    Attributes
    ----------
    stage
        The label; None unless `status` is ``labelled`` or ``adjudicated``.
    status
        ``unread``: nobody's reading stands. ``labelled``: by the rule. ``adjudicated``: a person decided a stage. ``ambiguous``: by the
        evaluators' majority or by decision. ``open``: the rule gives no label, or the adjudicator left it open.
    disagree
        Whether standing readings name different stages, or only some call the case ambiguous.
    decision
        The adjudication that stands, whatever it says.
    contested
        Whether a reading that was made after `decision` says something else.
    """

    stage: int | None
    status: Status
    disagree: bool = False
    decision: ReadingLike | None = None
    contested: bool = False


def verdict(readings: Sequence[ReadingLike], rule: Rule = MAJORITY, stands: Sequence[ReadingLike] | None = None) -> Verdict:
    """The label of one case and how it came about.

    Parameters
    ----------
    readings
        All rows of the case in the order of writing, those taken back and adjudications included.
    stands
        Those of them that stand (`readings.standing`), for who knows them already.
    """
    stands = standing(readings) if stands is None else stands
    decision = standing_decision(readings)
    disagree = len({(reading.stage, reading.ambiguous) for reading in stands}) > 1
    if decision is None:
        stage, status = _by_rule(stands, rule)
        return Verdict(stage, status, disagree)
    contested = _contested(readings, stands, decision)
    if decision.stage is not None:
        return Verdict(decision.stage, "adjudicated", disagree, decision, contested)
    return Verdict(None, "ambiguous" if decision.ambiguous else "open", disagree, decision, contested)


def standing_decision(readings: Sequence[AnyReading]) -> AnyReading | None:
    """The latest adjudication that was not taken back, whoever made it."""
    retracted = {row.retracts for row in readings if row.retracts}
    made = [row for row in readings if row.source == ADJUDICATION and row.retracts is None and row.reading_id not in retracted]
    return made[-1] if made else None


def _contested(readings: Sequence[ReadingLike], stands: Sequence[ReadingLike], decision: ReadingLike) -> bool:
    order = {row.reading_id: n for n, row in enumerate(readings)}
    later = [row for row in stands if order[row.reading_id] > order[decision.reading_id]]
    return any((row.stage, row.ambiguous) != (decision.stage, decision.ambiguous) for row in later)


def _by_rule(stands: Sequence[ReadingLike], rule: Rule) -> tuple[int | None, Status]:
    if not stands:
        return None, "unread"
    if rule.name == "senior":
        seniors = [reading for reading in stands if reading.evaluator == rule.senior]
        if seniors:
            return (None, "ambiguous") if seniors[0].ambiguous else (seniors[0].stage, "labelled")
    doubts = sum(reading.ambiguous for reading in stands)
    if 2 * doubts > len(stands):
        return None, "ambiguous"
    if 2 * doubts == len(stands):
        return None, "open"
    stages = sorted(reading.stage for reading in stands if reading.stage is not None)
    stage = _ONE_STAGE[rule.name](stages)
    return stage, "open" if stage is None else "labelled"


def _majority(stages: list[int]) -> int | None:
    # More than half of a sorted list covers its middle.
    middle = stages[(len(stages) - 1) // 2]
    return middle if 2 * stages.count(middle) > len(stages) else None


def _median(stages: list[int]) -> int | None:
    low = stages[(len(stages) - 1) // 2]
    return low if low == stages[len(stages) // 2] else None


def _all_agree(stages: list[int]) -> int | None:
    return stages[0] if stages[0] == stages[-1] else None


_ONE_STAGE = {"majority": _majority, "median": _median, "senior": _all_agree}
