"""How staging networks did on cases that they were not trained on: one by itself, or two on the same cases.

Made from what the trainer keeps beside each model (`core.held_out`) and from today's labels: a label that was corrected since counts as it
is now; a case that was set aside, or captured anew, counts no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sos_studio.core.errors import BadInputError
from sos_studio.core.held_out import HeldOutRecord, patients_behind, read_records
from sos_studio.dataset.captures import FULL_FILE
from sos_studio.dataset.cases import cases
from sos_studio.dataset.project import CAPTURES_DIR
from sos_studio.services.model_list import ModelEntry

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sos_studio.core.staging_statistics import Interval, McNemar
    from sos_studio.dataset.project import Project

REPEATS, SEED = 2000, 0
COMPARED = ("accuracy", "within_one", "mae_stages", "kappa", "macro_f1", "ece")


@dataclass(frozen=True)
class Labelled:
    """A case as it is labelled today."""

    case_id: str
    capture_id: str
    patient: str
    stage: int
    picture: Path


@dataclass(frozen=True)
class Mistake:
    """A case that was staged wrongly, and how sure the network was."""

    case: Labelled
    predicted: int
    probability: float

    @property
    def off(self) -> int:
        """By how many stages."""
        return abs(self.predicted - self.case.stage)


@dataclass(frozen=True)
class StageShare:
    """How many of a stage's cases were staged rightly, with Wilson's interval."""

    stage: int
    n: int
    correct: int
    share: Interval


@dataclass(frozen=True)
class Result:
    """One network on all cases that it was not trained on.

    Attributes
    ----------
    figures
        `staging_statistics.FIGURES` with 95 % intervals by patient.
    confusion
        Counts: rows are the labels, columns the predictions.
    bins
        `staging_statistics.reliability`.
    mistakes
        The worst first: further off, then surer.
    attention
        Mean share of the attention inside the expert's frames and its count; None if nobody looked.
    """

    model_id: str
    n: int
    patients: int
    figures: Mapping[str, Interval]
    confusion: tuple[tuple[int, ...], ...]
    stages: tuple[StageShare, ...]
    bins: Sequence[Mapping[str, float]]
    mistakes: tuple[Mistake, ...]
    attention: tuple[float, int] | None

    @property
    def correct(self) -> int:
        """Cases staged as labelled."""
        return sum(row[k] for k, row in enumerate(self.confusion))


@dataclass(frozen=True)
class Comparison:
    """Two networks on the same cases, none of which either was trained on.

    Attributes
    ----------
    differences
        First minus second, with 95 % intervals from patients drawn anew for both at once.
    stage_shares
        For each stage that occurs: its cases, and how many the first and the second staged rightly.
    unjudged
        Labelled cases that neither was trained on, but that one of them was never asked about: `jobs.judge_models` does.
    apart
        Cases that only one of them staged rightly, those that the second alone has right first.
    """

    first: str
    second: str
    n: int
    patients: int
    figures: tuple[Mapping[str, Interval], Mapping[str, Interval]]
    differences: Mapping[str, Interval]
    mcnemar: McNemar
    correct: tuple[int, int]
    stage_shares: tuple[tuple[int, int, int, int], ...]
    unjudged: int
    apart: tuple[Labelled, ...]


def labelled(project: Project) -> dict[str, Labelled]:
    """By capture id: every case that has a label and is not set aside, with its capture in use."""
    found: dict[str, Labelled] = {}
    for summary in cases(project):
        if summary.label is not None and summary.capture_id is not None and not summary.excluded:
            picture = project.path(CAPTURES_DIR, summary.case_id, summary.capture_id, FULL_FILE)
            found[summary.capture_id] = Labelled(summary.case_id, summary.capture_id, summary.patient, summary.label, picture)
    return found


def result(entry: ModelEntry, labels: Mapping[str, Labelled]) -> Result | None:
    """How a network did; None of one without records, such as one that was trained by an older version."""
    from sos_studio.core import staging_statistics as statistics

    judged = _judged(entry, labels)
    if not judged:
        return None
    probabilities_NK, target_N = _arrays(judged, entry.card.stages)
    people = [case.patient for case, _ in judged]
    stages = entry.card.stages
    confusion = [[0] * stages for _ in range(stages)]
    for case, record in judged:
        confusion[case.stage - 1][record.predicted - 1] += 1
    shares = [
        StageShare(k + 1, sum(confusion[k]), confusion[k][k], statistics.wilson(confusion[k][k], sum(confusion[k]))) for k in range(stages)
    ]
    wrong = [Mistake(case, r.predicted, max(r.probabilities)) for case, r in judged if r.predicted != case.stage]
    looked = [record.attention_in_roi for _, record in judged if record.attention_in_roi is not None]
    return Result(
        model_id=entry.card.model_id,
        n=len(judged),
        patients=len(set(people)),
        figures=statistics.intervals(probabilities_NK, target_N, people, repeats=REPEATS, seed=SEED),
        confusion=tuple(tuple(row) for row in confusion),
        stages=tuple(shares),
        bins=statistics.reliability(probabilities_NK, target_N),
        mistakes=tuple(sorted(wrong, key=lambda m: (-m.off, -m.probability, m.case.case_id))),
        attention=(sum(looked) / len(looked), len(looked)) if looked else None,
    )


def compare(first: ModelEntry, second: ModelEntry, labels: Mapping[str, Labelled]) -> Comparison:
    """Two networks on the cases that both have judged and neither was trained on.

    Raises
    ------
    BadInputError
        ``compare.unknown_training`` of a model from elsewhere, ``compare.other_stages``, ``compare.same_model``,
        ``compare.no_common_cases``.
    """
    from sos_studio.core import staging_statistics as statistics

    if first.card.model_id == second.card.model_id:
        raise BadInputError("compare.same_model")
    if (first.card.scheme, first.card.stages) != (second.card.scheme, second.card.stages):
        raise BadInputError("compare.other_stages")
    known = frozenset().union(*(patients_behind(entry.path.parents[1], entry.card) for entry in (first, second)))
    ours = {case.capture_id: record for case, record in _judged(first, labels)}
    theirs = {case.capture_id: record for case, record in _judged(second, labels)}
    new = [case for case in labels.values() if case.patient not in known]
    both = sorted((case for case in new if case.capture_id in ours and case.capture_id in theirs), key=lambda case: case.case_id)
    if not new:
        raise BadInputError("compare.no_common_cases")
    first_NK, target_N = _arrays([(case, ours[case.capture_id]) for case in both], first.card.stages)
    second_NK, _ = _arrays([(case, theirs[case.capture_id]) for case in both], first.card.stages)
    people = [case.patient for case in both]
    first_right_N, second_right_N = (p.argmax(axis=1) == target_N for p in (first_NK, second_NK))
    draw = {"repeats": REPEATS, "seed": SEED}
    shares = []
    for k in range(first.card.stages):
        of = target_N == k
        if of.any():
            shares.append((k + 1, int(of.sum()), int(first_right_N[of].sum()), int(second_right_N[of].sum())))
    apart = [(bool(a), case) for case, a, b in zip(both, first_right_N, second_right_N, strict=True) if a != b]
    return Comparison(
        first=first.card.model_id,
        second=second.card.model_id,
        n=len(both),
        patients=len(set(people)),
        figures=(statistics.intervals(first_NK, target_N, people, **draw), statistics.intervals(second_NK, target_N, people, **draw)),
        differences=statistics.paired_differences(first_NK, second_NK, target_N, people, **draw),
        mcnemar=statistics.mcnemar(first_right_N, second_right_N),
        correct=(int(first_right_N.sum()), int(second_right_N.sum())),
        stage_shares=tuple(shares),
        unjudged=len(new) - len(both),
        apart=tuple(case for _, case in sorted(apart, key=lambda each: (each[0], each[1].case_id))),
    )


def _judged(entry: ModelEntry, labels: Mapping[str, Labelled]) -> list[tuple[Labelled, HeldOutRecord]]:
    """What the model says of the captures that are in use, in the order of case ids."""
    records = read_records(entry.path)
    if records is None or records.model_id != entry.card.model_id:
        return []
    fitting = [r for r in records.cases if r.capture_id in labels and len(r.probabilities) == entry.card.stages]
    # A label of a scheme with more stages is nothing that this network can say.
    return [(labels[r.capture_id], r) for r in fitting if labels[r.capture_id].stage <= entry.card.stages]


def _arrays(judged: Sequence[tuple[Labelled, HeldOutRecord]], stages: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    import numpy as np

    probabilities_NK = np.array([r.probabilities for _, r in judged], dtype=np.float64).reshape(len(judged), stages)
    return probabilities_NK, np.array([case.stage - 1 for case, _ in judged], dtype=np.int64)
