"""Which cases would teach the student most if somebody staged them next: where networks disagree, and where sets are large.

Nobody is shown what the networks say: only an order, and why. So nothing is recorded as seen, and a reading made from this list is still
one made before the AI.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sos_studio.core.errors import BadInputError, CancelledError, SosError
from sos_studio.core.held_out import learned
from sos_studio.core.predictions import ModelCard, Prediction
from sos_studio.dataset.project import Project
from sos_studio.services.acquaintance import judged_by
from sos_studio.services.captures import load_capture
from sos_studio.services.listed_cases import ListedCase
from sos_studio.services.model_list import ModelEntry
from sos_studio.services.prediction import PredictionService

# Whom nobody has staged; of whom the network learned nothing and who do not judge it either; and all that one evaluator has not staged.
Which = Literal["nobody", "unlearned", "mine"]
WHICH: tuple[Which, ...] = ("nobody", "unlearned", "mine")
# More networks take longer and say little more.
MOST_NETWORKS = 5


@dataclass(frozen=True)
class Teaching:
    """What one case would teach.

    Attributes
    ----------
    score
        Higher teaches more: the share of stages that the set leaves open, the networks' spread in stages, half of the entropy's share.
    set_size
        Stages that the student in use can't rule out; None if it has no sets.
    spread
        Standard deviation of the networks' expected stages; None with one network.
    unlike
        Whether the picture is unlike the training data: perhaps it does not belong here.
    likeliest, second
        Probabilities of the two likeliest stages, as the student in use has them, without which stages they are.
    """

    case_id: str
    score: float
    set_size: int | None
    spread: float | None
    unlike: bool
    likeliest: float = 0.0
    second: float = 0.0


def offered(project: Project, cases: Sequence[ListedCase], card: ModelCard, evaluator: str) -> dict[Which, list[ListedCase]]:
    """The captured cases that an evaluator may be sent to, by `Which`; excluded ones are in none.

    A network from elsewhere has told nobody whom it learned from: then every case counts as new to it.
    """
    possible = [case for case in cases if case.captured and not case.excluded]
    try:
        known = learned(project.directory, card)
        judging = judged_by(project, card)
    except BadInputError:
        new = possible
    else:
        # Of all cases: by one that was learned from a patient is known who was called otherwise then.
        people = known.patients_among((case.patient, case.case_id, "") for case in cases)
        new = [case for case in possible if case.patient not in people and case.case_id not in judging]
    return {
        "nobody": [case for case in possible if not case.staged_by and case.label is None],
        "unlearned": new,
        "mine": [case for case in possible if evaluator not in case.staged_here],
    }


def teaching_score(answers: Sequence[Prediction]) -> tuple[float, int | None, float | None]:
    """Score, set size of the first answer (the student in use), and spread of all; see `Teaching`."""
    first = answers[0]
    stages = len(first.probabilities)
    probabilities = np.clip(np.asarray(first.probabilities), 1e-12, 1.0)
    entropy = float(-(probabilities * np.log(probabilities)).sum() / np.log(stages))
    size = None if first.stage_set is None else first.stage_set.last - first.stage_set.first + 1
    spread = float(np.std([answer.expected_stage for answer in answers])) if len(answers) > 1 else None
    open_share = entropy if size is None else (size - 1) / (stages - 1)
    return open_share + (spread or 0.0) + entropy / 2, size, spread


def teaching_order(
    project: Project,
    cases: Sequence[ListedCase],
    networks: Sequence[ModelEntry],
    service: PredictionService,
    *,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Teaching]:
    """The captured cases among `cases`, the one that would teach most first; a picture that can't be staged is left out.

    Parameters
    ----------
    networks
        Students of one scheme, the one in use first.

    Raises
    ------
    JobFailedError
        ``prediction.cant_start``.
    CancelledError
        If `cancelled` says so.
    """
    found: list[Teaching] = []
    asked = [case for case in cases if case.capture_id is not None]
    for n, case in enumerate(asked):
        if cancelled is not None and cancelled():
            raise CancelledError
        try:
            full8 = load_capture(project, case.capture_id or "").full8
            answers = [
                service.predict(full8, model_dir=entry.path, cancelled=cancelled, urgent=False).prediction
                for entry in networks[:MOST_NETWORKS]
            ]
        except CancelledError:
            raise
        except SosError as error:
            if error.code == "prediction.cant_start":
                raise
            continue
        score, size, spread = teaching_score(answers)
        first, second = sorted(answers[0].probabilities, reverse=True)[:2]
        found.append(Teaching(case.case_id, score, size, spread, answers[0].unlike, first, second))
        if progress is not None:
            progress((n + 1) / len(asked))
    return sorted(found, key=lambda one: (-one.score, one.case_id))
