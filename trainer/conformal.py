"""Sets of neighbouring stages that hold the true one with a promised probability (split conformal prediction).

From the likeliest stage a set grows, always by the likelier of its two neighbours. A case's score is the probability that its set had
gathered before the true stage came in (0 if the likeliest stage is the true one); the scores of cases that the network was not fitted to
say how much has to be gathered (Lu, Angelopoulos and Pomerantz 2022, ordinal adaptive prediction sets). For a case that is
exchangeable with the calibration cases the true stage is inside with at least the promised probability; no promise is made for one stage
or one kind of patient alone. Shape suffixes: N cases, K stages.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

COVERAGE = 0.9


def gathered_before(probabilities_NK: FloatArray) -> FloatArray:
    """Probability that is in the growing set before each stage comes in (N, K); 0 for the likeliest.

    It never falls from the likeliest stage outwards, so that ``gathered_before <= anything`` is a run of neighbouring stages.
    """
    count, stages = probabilities_NK.shape
    result = np.zeros((count, stages))
    for n, row in enumerate(probabilities_NK):
        low = high = int(row.argmax())
        mass = float(row[low])
        while high - low + 1 < stages:
            downwards = high == stages - 1 or (low > 0 and row[low - 1] >= row[high + 1])
            taken = low - 1 if downwards else high + 1
            result[n, taken] = mass
            mass += float(row[taken])
            low, high = min(low, taken), max(high, taken)
    return result


def threshold(probabilities_NK: FloatArray, target_N: IntArray, coverage: float = COVERAGE) -> float:
    """How much has to be gathered: the ⌈(n + 1) · coverage⌉-th smallest score of the calibration cases.

    Returns
    -------
    Infinity if there are too few of them for the promise: then every set holds all stages.
    """
    count = len(target_N)
    # A hundred cases at 0.9 are rank 91; rounding must not make it 92.
    rank = math.ceil((count + 1) * coverage - 1e-9)
    if rank > count:
        return math.inf
    scores = gathered_before(probabilities_NK)[np.arange(count), target_N]
    return float(np.sort(scores)[rank - 1])


def stage_sets(probabilities_NK: FloatArray, at_most: float) -> tuple[IntArray, IntArray]:
    """First and last stage (0-based, inclusive) of each case's set; the likeliest stage is always inside."""
    inside_NK = gathered_before(probabilities_NK) <= max(at_most, 0.0)
    stages = probabilities_NK.shape[1]
    first: IntArray = inside_NK.argmax(axis=1).astype(np.int64)
    last: IntArray = (stages - 1 - inside_NK[:, ::-1].argmax(axis=1)).astype(np.int64)
    return first, last
