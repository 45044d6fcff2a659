"""Intervals and tests for staging figures. Numpy only; everything random is drawn from a given seed.

Cases of one patient are not independent, so what is drawn anew for an interval is patients with all their cases (cluster bootstrap).
Every figure here is a function of sums over cases, so that thousands of resamples cost one product of matrices.
Shape suffixes: N cases, B resamples, K stages.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

CALIBRATION_BINS = 10
FIGURES = ("accuracy", "precision", "recall", "f1", "macro_f1", "mae_stages", "within_one", "kappa", "ece")
LESS_IS_BETTER = frozenset({"mae_stages", "ece"})


@dataclass(frozen=True)
class Interval:
    """A figure and the limits of its interval; None where it says nothing (no cases, complete chance agreement)."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class McNemar:
    """Two methods on the same cases.

    Attributes
    ----------
    only_first, only_second
        Cases that one of them alone staged rightly.
    p_exact, p_mid
        Two-sided, of the hypothesis that both are right equally often. The exact test is conservative; mid-p halves the probability of
        what was observed (Fagerland, Lydersen and Laake 2013).
    """

    only_first: int
    only_second: int
    p_exact: float
    p_mid: float


def resample_patients(patients: Sequence[str], repeats: int, seed: int) -> FloatArray:
    """How often each case is in each resample (B, N): as many patients as there are, drawn with replacement, each with all cases."""
    names, patient_N = np.unique(np.asarray(patients, dtype=np.str_), return_inverse=True)
    count = len(names)
    if count == 0:
        return np.zeros((repeats, 0))
    drawn_BP = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=repeats)
    result: FloatArray = drawn_BP[:, patient_N].astype(np.float64)
    return result


def figures(probabilities_NK: FloatArray, target_N: IntArray, weight_BN: FloatArray | None = None) -> dict[str, FloatArray]:
    """All `FIGURES` for each row of weights (B,); NaN where a figure says nothing.

    Parameters
    ----------
    target_N
        0-based stages.
    weight_BN
        How often each case counts; None: once.

    Returns
    -------
    ``precision``, ``recall`` and ``f1`` are averages over the stages weighted by their cases, as the paper's tables have them (so that
    recall is accuracy); a stage that is never predicted has precision 0. ``macro_f1`` averages the stages that occur. ``within_one`` is a
    share. ``kappa`` has quadratic weights (Cohen 1968). ``ece`` takes ten bins of equal width (Guo et al. 2017).
    """
    n, stages = probabilities_NK.shape
    weight_BN = np.ones((1, n)) if weight_BN is None else weight_BN
    confusion_BKK = _confusions(probabilities_NK.argmax(axis=1) if n else np.zeros(0, dtype=np.int64), target_N, weight_BN, stages)
    return _staging(confusion_BKK) | {"ece": _calibration_error(probabilities_NK, target_N, weight_BN)}


def stage_recalls(probabilities_NK: FloatArray, target_N: IntArray, weight_BN: FloatArray) -> FloatArray:
    """Share of each stage's cases that were staged rightly (B, K); NaN for a stage that does not occur."""
    confusion_BKK = _confusions(probabilities_NK.argmax(axis=1), target_N, weight_BN, probabilities_NK.shape[1])
    return _ratio(np.diagonal(confusion_BKK, axis1=1, axis2=2), confusion_BKK.sum(axis=2))


def intervals(
    probabilities_NK: FloatArray, target_N: IntArray, patients: Sequence[str], *, repeats: int, seed: int, level: float = 0.95
) -> dict[str, Interval]:
    """Every figure with its percentile interval by patient."""
    values = figures(probabilities_NK, target_N)
    drawn = figures(probabilities_NK, target_N, resample_patients(patients, repeats, seed))
    return {name: interval(float(values[name][0]), drawn[name], level) for name in FIGURES}


def paired_differences(
    first_NK: FloatArray,
    second_NK: FloatArray,
    target_N: IntArray,
    patients: Sequence[str],
    *,
    repeats: int,
    seed: int,
    level: float = 0.95,
) -> dict[str, Interval]:
    """First method minus second on the same cases: both are judged on the same patients in every resample."""
    weight_BN = resample_patients(patients, repeats, seed)
    ours, theirs = figures(first_NK, target_N), figures(second_NK, target_N)
    drawn_ours, drawn_theirs = figures(first_NK, target_N, weight_BN), figures(second_NK, target_N, weight_BN)
    return {name: interval(float(ours[name][0] - theirs[name][0]), drawn_ours[name] - drawn_theirs[name], level) for name in FIGURES}


def interval(value: float, drawn_B: FloatArray, level: float = 0.95) -> Interval:
    """The percentile interval of what was drawn; resamples in which the figure says nothing are left out."""
    known_B = drawn_B[np.isfinite(drawn_B)]
    if not math.isfinite(value) or not len(known_B):
        return Interval(None, None, None)
    low, high = np.quantile(known_B, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high))


def mcnemar(first_right_N: npt.NDArray[np.bool_], second_right_N: npt.NDArray[np.bool_]) -> McNemar:
    """McNemar's test, exact and mid-p, from the binomial distribution of the cases on which the two differ.

    It takes cases for independent: where patients have several, the paired bootstrap is the one to trust.
    """
    only_first = int((first_right_N & ~second_right_N).sum())
    only_second = int((second_right_N & ~first_right_N).sum())
    n, k = only_first + only_second, min(only_first, only_second)
    # Whole numbers, so that nothing is lost before the one division.
    below, at = sum(math.comb(n, i) for i in range(k)), math.comb(n, k)
    return McNemar(only_first, only_second, min(1.0, 2 * (below + at) / 2**n), min(1.0, (2 * below + at) / 2**n))


def mean_and_sd(values: Sequence[float | None]) -> tuple[float | None, float | None]:
    """Mean and sample standard deviation (n − 1) of the folds' figures; no deviation of fewer than two."""
    known = [value for value in values if value is not None]
    if not known:
        return None, None
    return float(np.mean(known)), float(np.std(known, ddof=1)) if len(known) > 1 else None


def wilson(successes: int, n: int, level: float = 0.95) -> Interval:
    """A share with Wilson's interval (1927), for bins and stages with few cases."""
    if n == 0:
        return Interval(None, None, None)
    z, share = _normal_quantile((1 + level) / 2), successes / n
    middle, spread = share + z * z / (2 * n), z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return Interval(share, max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale))


def reliability(probabilities_NK: FloatArray, target_N: IntArray) -> list[Mapping[str, float]]:
    """For each confidence bin that has cases: ``confidence`` (mean), ``n``, and the share staged rightly with Wilson's limits."""
    confidence_N, bin_N = _confidence_bins(probabilities_NK)
    right_N = probabilities_NK.argmax(axis=1) == target_N
    bins: list[Mapping[str, float]] = []
    for b in range(CALIBRATION_BINS):
        inside = bin_N == b
        if n := int(inside.sum()):
            share = wilson(int(right_N[inside].sum()), n)
            limits = {"share": share.value or 0.0, "low": share.low or 0.0, "high": share.high or 0.0}
            bins.append({"confidence": float(confidence_N[inside].mean()), "n": n, **limits})
    return bins


def _confusions(predicted_N: IntArray, target_N: IntArray, weight_BN: FloatArray, stages: int) -> FloatArray:
    cell_NC = np.zeros((len(target_N), stages * stages))
    cell_NC[np.arange(len(target_N)), target_N * stages + predicted_N] = 1
    return (weight_BN @ cell_NC).reshape(len(weight_BN), stages, stages)


def _staging(confusion_BKK: FloatArray) -> dict[str, FloatArray]:
    stages = confusion_BKK.shape[1]
    true_BK, predicted_BK = confusion_BKK.sum(axis=2), confusion_BKK.sum(axis=1)
    right_BK = np.diagonal(confusion_BKK, axis1=1, axis2=2)
    total_B = true_BK.sum(axis=1)
    share_BK = _ratio(true_BK, total_B[:, None])
    precision_BK = np.nan_to_num(_ratio(right_BK, predicted_BK))
    f1_BK = np.nan_to_num(_ratio(2 * right_BK, true_BK + predicted_BK))
    index = np.arange(stages, dtype=np.float64)
    off_KK = np.abs(index[:, None] - index[None, :])
    expected_BKK = _ratio(true_BK[:, :, None] * predicted_BK[:, None, :], total_B[:, None, None])
    observed_B, by_chance_B = ((m * off_KK**2).sum(axis=(1, 2)) for m in (confusion_BKK, expected_BKK))
    return {
        "accuracy": _ratio(right_BK.sum(axis=1), total_B),
        "precision": (share_BK * precision_BK).sum(axis=1),
        "recall": _ratio(right_BK.sum(axis=1), total_B),
        "f1": (share_BK * f1_BK).sum(axis=1),
        "macro_f1": _ratio(f1_BK.sum(axis=1), (true_BK > 0).sum(axis=1)),
        "mae_stages": _ratio((confusion_BKK * off_KK).sum(axis=(1, 2)), total_B),
        "within_one": _ratio((confusion_BKK * (off_KK <= 1)).sum(axis=(1, 2)), total_B),
        "kappa": 1 - _ratio(observed_B, by_chance_B),
    }


def _calibration_error(probabilities_NK: FloatArray, target_N: IntArray, weight_BN: FloatArray) -> FloatArray:
    if not len(target_N):
        return np.full(len(weight_BN), np.nan)
    confidence_N, bin_N = _confidence_bins(probabilities_NK)
    gap_NC = np.zeros((len(target_N), CALIBRATION_BINS))
    gap_NC[np.arange(len(target_N)), bin_N] = confidence_N - (probabilities_NK.argmax(axis=1) == target_N)
    return _ratio(np.abs(weight_BN @ gap_NC).sum(axis=1), weight_BN.sum(axis=1))


def _confidence_bins(probabilities_NK: FloatArray) -> tuple[FloatArray, IntArray]:
    confidence_N = probabilities_NK.max(axis=1)
    return confidence_N, np.minimum((confidence_N * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)


def _ratio(above: npt.ArrayLike, below: npt.ArrayLike) -> FloatArray:
    """NaN where there is nothing to divide by."""
    numerator, denominator = np.broadcast_arrays(np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64))
    result = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result


def _normal_quantile(probability: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(probability)
