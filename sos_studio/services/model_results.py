"""How staging networks did on cases that they were not trained on: one by itself, or two on the same cases.

Made from what the trainer keeps beside each model (`core.held_out`) and from today's labels: a label that was corrected since counts as it
is now; a case that was set aside, or captured anew, counts no more.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sos_studio.core.errors import BadInputError
from sos_studio.core.held_out import HeldOutRecord, learned, read_records
from sos_studio.dataset.captures import FULL_FILE
from sos_studio.dataset.cases import cases
from sos_studio.dataset.light_readings import plain_rows
from sos_studio.dataset.project import CAPTURES_DIR
from sos_studio.services.model_list import ModelEntry

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sos_studio.core.staging_statistics import Interval, McNemar
    from sos_studio.dataset.project import Project

REPEATS, SEED = 2000, 0
_SHARES = ("accuracy", "within_one")
COMPARED = ("accuracy", "within_one", "mae_stages", "kappa", "macro_f1", "ece")


@dataclass(frozen=True)
class Labelled:
    """A case as it is labelled today.

    Attributes
    ----------
    full_sha256, crop_sha256
        Of the full image and of the crop in use; no crop while no frame was drawn.
    staged_by
        Evaluators with a standing reading.
    """

    case_id: str
    capture_id: str
    patient: str
    stage: int
    picture: Path
    full_sha256: str
    crop_sha256: str | None = None
    staged_by: tuple[str, ...] = ()

    def picture_for(self, entry: ModelEntry) -> str | None:
        """Hash of what that network is asked about."""
        return self.crop_sha256 if entry.card.kind == "teacher" else self.full_sha256


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
class Apart:
    """A case that only one of two networks staged rightly, and what each said."""

    case: Labelled
    first: int
    second: int


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
        Labelled cases that both could be asked about and neither was trained on, but that one of them was not: `jobs.judge_models` does.
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
    apart: tuple[Apart, ...]


def labelled(project: Project) -> dict[str, Labelled]:
    """By capture id: every case that has a label and is not set aside, with its capture in use."""
    with project.reading() as session:
        full = dict(plain_rows(session, "SELECT capture_id, full_sha256 FROM captures"))
        crops = {(capture, n): digest for capture, n, digest in plain_rows(session, "SELECT capture_id, n, crop_sha256 FROM rois")}
    found: dict[str, Labelled] = {}
    for summary in cases(project):
        if summary.label is not None and summary.capture_id is not None and not summary.excluded:
            found[summary.capture_id] = Labelled(
                summary.case_id,
                summary.capture_id,
                summary.patient,
                summary.label,
                project.path(CAPTURES_DIR, summary.case_id, summary.capture_id, FULL_FILE),
                full[summary.capture_id],
                crops.get((summary.capture_id, summary.roi_n)),
                summary.staged_by,
            )
    return found


def result(entry: ModelEntry, labels: Mapping[str, Labelled]) -> Result | None:
    """How a network did; None of one without records, such as one that was trained by an older version."""
    from sos_studio.core import staging_statistics as statistics

    with contextlib.suppress(BadInputError):  # of a model from elsewhere nobody can tell whom it knows
        labels = _new_to((entry,), labels)
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
        figures=_figures(probabilities_NK, target_N, people),
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
    new = [case for case in _new_to((first, second), labels).values() if _askable(first, case) and _askable(second, case)]
    ours = {case.capture_id: record for case, record in _judged(first, labels)}
    theirs = {case.capture_id: record for case, record in _judged(second, labels)}
    both = sorted((case for case in new if case.capture_id in ours and case.capture_id in theirs), key=lambda case: case.case_id)
    if not new:
        raise BadInputError("compare.no_common_cases")
    first_NK, target_N = _arrays([(case, ours[case.capture_id]) for case in both], first.card.stages)
    second_NK, _ = _arrays([(case, theirs[case.capture_id]) for case in both], first.card.stages)
    people = [case.patient for case in both]
    first_right_N, second_right_N = (p.argmax(axis=1) == target_N for p in (first_NK, second_NK))
    shares = []
    for k in range(first.card.stages):
        of = target_N == k
        if of.any():
            shares.append((k + 1, int(of.sum()), int(first_right_N[of].sum()), int(second_right_N[of].sum())))
    apart = [
        Apart(case, ours[case.capture_id].predicted, theirs[case.capture_id].predicted)
        for case, a, b in zip(both, first_right_N, second_right_N, strict=True)
        if a != b
    ]
    return Comparison(
        first=first.card.model_id,
        second=second.card.model_id,
        n=len(both),
        patients=len(set(people)),
        figures=(_figures(first_NK, target_N, people), _figures(second_NK, target_N, people)),
        differences=_differences(first_NK, second_NK, target_N, people),
        mcnemar=statistics.mcnemar(first_right_N, second_right_N),
        correct=(int(first_right_N.sum()), int(second_right_N.sum())),
        stage_shares=tuple(shares),
        unjudged=len(new) - len(both),
        apart=tuple(sorted(apart, key=lambda each: (each.first == each.case.stage, each.case.case_id))),
    )


def _new_to(entries: Sequence[ModelEntry], labels: Mapping[str, Labelled]) -> dict[str, Labelled]:
    """Cases of patients of whom none of these networks has learned anything; ``compare.unknown_training`` if nobody can tell."""
    known = learned(entries[0].path.parents[1], *(entry.card for entry in entries)).patients_among(
        (case.patient, case.case_id, case.full_sha256) for case in labels.values()
    )
    return {capture_id: case for capture_id, case in labels.items() if case.patient not in known}


def _askable(entry: ModelEntry, case: Labelled) -> bool:
    """Whether the network's answer could be right: it has a picture to look at, and knows so many stages."""
    return case.picture_for(entry) is not None and case.stage <= entry.card.stages


def _judged(entry: ModelEntry, labels: Mapping[str, Labelled]) -> list[tuple[Labelled, HeldOutRecord]]:
    """What the model says of the pictures that are in use, in the order of case ids."""
    records = read_records(entry.path)
    if records is None or records.model_id != entry.card.model_id:
        return []
    told = [(labels[r.capture_id], r) for r in records.cases if r.capture_id in labels and len(r.probabilities) == entry.card.stages]
    # What was said of a crop before its frame was drawn anew is said of another picture.
    return [(case, record) for case, record in told if _askable(entry, case) and record.picture_sha256 == case.picture_for(entry)]


def _figures(probabilities_NK: npt.NDArray[np.float64], target_N: npt.NDArray[np.int64], people: Sequence[str]) -> dict[str, Interval]:
    """Every figure with its interval. Where all resamples agree the bootstrap says nothing: twelve of twelve right is not 100 to 100 %."""
    from sos_studio.core import staging_statistics as statistics

    found = statistics.intervals(probabilities_NK, target_N, people, repeats=REPEATS, seed=SEED)
    patients = len(set(people))
    for name, of in found.items():
        if _agree(of):
            # Of shares Wilson's interval knows how few patients there were; of the others nothing is known.
            sure = name in _SHARES and of.value in (0.0, 1.0)
            right = patients if of.value else 0
            found[name] = statistics.wilson(right, patients) if sure else statistics.Interval(of.value, None, None)
    return found


def _differences(
    first_NK: npt.NDArray[np.float64], second_NK: npt.NDArray[np.float64], target_N: npt.NDArray[np.int64], people: Sequence[str]
) -> dict[str, Interval]:
    """First minus second. Two that never part may still do so on the next patient: their shares differ by no more than that may be."""
    from sos_studio.core import staging_statistics as statistics

    found = statistics.paired_differences(first_NK, second_NK, target_N, people, repeats=REPEATS, seed=SEED)
    most = statistics.wilson(0, len(set(people))).high
    for name, of in found.items():
        if _agree(of):
            width = most if name in _SHARES and of.value == 0.0 else None
            found[name] = statistics.Interval(of.value, None if width is None else -width, width)
    return found


def _agree(of: Interval) -> bool:
    return of.low is not None and of.high is not None and of.high - of.low < 1e-9


def _arrays(judged: Sequence[tuple[Labelled, HeldOutRecord]], stages: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    import numpy as np

    probabilities_NK = np.array([r.probabilities for _, r in judged], dtype=np.float64).reshape(len(judged), stages)
    return probabilities_NK, np.array([case.stage - 1 for case, _ in judged], dtype=np.int64)
