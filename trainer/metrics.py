"""Figures of a staging network, each with its count. Shape suffixes: N samples, K stages."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_CALIBRATION_BINS = 10
# What "no change" weighs when the temperature is fitted, in cases: three right answers must not make a network four times as sure.
_CASES_FOR_NO_CHANGE = 2.0


def softmax(logits_NK: npt.NDArray[np.floating], temperature: float = 1.0) -> FloatArray:
    """Probabilities (N, K) in float64."""
    scaled = np.asarray(logits_NK, dtype=np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True, initial=-np.inf))
    result: FloatArray = powers / powers.sum(axis=1, keepdims=True)
    return result


def negative_log_likelihood(logits_NK: npt.NDArray[np.floating], target_N: IntArray, temperature: float = 1.0) -> float:
    """Mean cross-entropy in nats; `target_N` is 0-based."""
    chosen_N = softmax(logits_NK, temperature)[np.arange(len(target_N)), target_N]
    return float(-np.log(np.maximum(chosen_N, 1e-300)).mean())


def confusion_matrix(target_N: IntArray, predicted_N: IntArray, stages: int) -> IntArray:
    """Counts (K, K): rows are the true stages, columns the predicted ones."""
    counts = np.zeros((stages, stages), dtype=np.int64)
    np.add.at(counts, (target_N, predicted_N), 1)
    return counts


def quadratic_kappa(confusion_KK: IntArray) -> float | None:
    """Cohen's kappa with quadratic weights (Cohen 1968); None where chance agreement is complete and kappa says nothing."""
    total = confusion_KK.sum()
    if total == 0:
        return None
    stages = np.arange(len(confusion_KK), dtype=np.float64)
    distance_KK = (stages[:, None] - stages[None, :]) ** 2
    expected_KK = np.outer(confusion_KK.sum(axis=1), confusion_KK.sum(axis=0)) / total
    by_chance = float((distance_KK * expected_KK).sum())
    return None if by_chance == 0 else 1.0 - float((distance_KK * confusion_KK).sum()) / by_chance


def expected_calibration_error(probabilities_NK: FloatArray, target_N: IntArray) -> float:
    """Mean gap between confidence and accuracy over ten bins of equal width, weighted by their counts (Guo et al. 2017)."""
    confidence_N = probabilities_NK.max(axis=1)
    right_N = probabilities_NK.argmax(axis=1) == target_N
    bin_N = np.minimum((confidence_N * _CALIBRATION_BINS).astype(int), _CALIBRATION_BINS - 1)
    gaps = [abs(float((confidence_N[bin_N == b] - right_N[bin_N == b]).sum())) for b in range(_CALIBRATION_BINS)]
    return sum(gaps) / max(len(target_N), 1)


def staging_figures(probabilities_NK: FloatArray, target_N: IntArray) -> dict[str, Any]:
    """All figures of one set of cases, ready for JSON.

    Parameters
    ----------
    target_N
        0-based stages.

    Returns
    -------
    ``n, correct, accuracy, within_one, mae_stages, kappa, macro_f1, ece, per_stage [{stage, n, correct}], confusion``; rates are None
    where there is nothing to count. ``macro_f1`` is over the stages that occur.
    """
    stages = probabilities_NK.shape[1]
    n = len(target_N)
    predicted_N = probabilities_NK.argmax(axis=1) if n else np.zeros(0, dtype=np.int64)
    confusion = confusion_matrix(target_N, predicted_N, stages)
    correct = int(np.trace(confusion))
    off_N = np.abs(predicted_N - target_N)
    counts_K = confusion.sum(axis=1)
    f1 = [2 * int(confusion[k, k]) / int(counts_K[k] + confusion[:, k].sum()) for k in range(stages) if counts_K[k]]
    return {
        "n": n,
        "correct": correct,
        "accuracy": correct / n if n else None,
        "within_one": int((off_N <= 1).sum()),
        "mae_stages": float(off_N.mean()) if n else None,
        "kappa": quadratic_kappa(confusion),
        "macro_f1": sum(f1) / len(f1) if f1 else None,
        "ece": expected_calibration_error(probabilities_NK, target_N) if n else None,
        "per_stage": [{"stage": k + 1, "n": int(counts_K[k]), "correct": int(confusion[k, k])} for k in range(stages)],
        "confusion": confusion.tolist(),
    }


def fit_temperature(logits_NK: npt.NDArray[np.floating], target_N: IntArray) -> float:
    """The temperature that makes `softmax(logits / T)` likeliest (Guo et al. 2017), 0.25 … 8; 1 without cases.

    A handful of cases, all right or all wrong, would drive it to a bound; so 1 / T has a gamma prior that is highest at 1 and weighs
    as much as two cases. What is minimised is convex in 1 / T, so a golden-section search in log T finds it.
    """
    if len(target_N) == 0:
        return 1.0
    low, high = np.log(0.25), np.log(8.0)
    golden = (np.sqrt(5.0) - 1) / 2
    for _ in range(40):
        inner_low, inner_high = high - golden * (high - low), low + golden * (high - low)
        at_low, at_high = (_temperature_cost(logits_NK, target_N, float(np.exp(at))) for at in (inner_low, inner_high))
        low, high = (low, inner_high) if at_low <= at_high else (inner_low, high)
    return float(np.exp((low + high) / 2))


def _temperature_cost(logits_NK: npt.NDArray[np.floating], target_N: IntArray, temperature: float) -> float:
    prior = 1 / temperature - 1 + float(np.log(temperature))
    return negative_log_likelihood(logits_NK, target_N, temperature) + _CASES_FOR_NO_CHANGE / len(target_N) * prior
