from __future__ import annotations

import json

import numpy as np
import pytest

from trainer.metrics import confusion_matrix, expected_calibration_error, fit_temperature, quadratic_kappa, softmax, staging_figures


def test_quadratic_kappa_of_a_worked_example() -> None:
    # Three stages, distances squared.
    confusion = np.array([[3, 0, 1], [0, 3, 0], [0, 1, 2]])
    rows, columns = confusion.sum(axis=1), confusion.sum(axis=0)
    observed = sum((i - j) ** 2 * confusion[i, j] for i in range(3) for j in range(3))
    chance = sum((i - j) ** 2 * rows[i] * columns[j] / 10 for i in range(3) for j in range(3))
    assert quadratic_kappa(confusion) == pytest.approx(1 - observed / chance)
    assert observed == 5
    assert quadratic_kappa(np.diag([2, 3, 4])) == 1.0
    assert quadratic_kappa(np.diag([0, 0, 4])) is None
    assert quadratic_kappa(np.zeros((5, 5), dtype=np.int64)) is None


def test_figures_are_counts_and_rates_that_json_takes() -> None:
    target = np.array([0, 0, 1, 2, 4])
    predicted = np.array([0, 1, 1, 4, 4])
    figures = staging_figures(np.eye(5)[predicted] * 0.9 + 0.02, target)
    assert (figures["n"], figures["correct"], figures["within_one"]) == (5, 3, 4)
    assert figures["accuracy"] == 0.6
    assert figures["mae_stages"] == pytest.approx(0.6)
    assert figures["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 0 + 2 / 3) / 4)
    assert figures["per_stage"][0] == {"stage": 1, "n": 2, "correct": 1}
    assert figures["confusion"][2] == [0, 0, 0, 0, 1]
    json.dumps(figures, allow_nan=False)
    empty = staging_figures(np.zeros((0, 5)), np.zeros(0, dtype=np.int64))
    assert (empty["n"], empty["accuracy"], empty["kappa"]) == (0, None, None)
    json.dumps(empty, allow_nan=False)


def test_rows_of_the_confusion_matrix_are_the_true_stages() -> None:
    assert confusion_matrix(np.array([2, 2, 0]), np.array([1, 2, 0]), 3).tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 1]]


def test_calibration_error_of_a_network_that_is_always_80_percent_sure() -> None:
    probabilities = np.tile([0.8, 0.2], (10, 1))
    assert expected_calibration_error(probabilities, np.zeros(10, dtype=np.int64)) == pytest.approx(0.2)
    assert expected_calibration_error(probabilities, np.array([0] * 8 + [1] * 2)) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("true_temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_was_hidden_is_found(true_temperature: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 5)) * 2
    target = np.array([rng.choice(5, p=p) for p in softmax(logits)])
    assert fit_temperature(logits * true_temperature, target) == pytest.approx(true_temperature, rel=0.1)
    assert fit_temperature(np.zeros((0, 5)), np.zeros(0, dtype=np.int64)) == 1.0


@pytest.mark.parametrize("right", [True, False])
def test_three_cases_do_not_drive_the_temperature_to_a_bound(right: bool) -> None:
    logits = np.array([[1.0, 0.0, -1.0], [0.2, 0.9, 0.1], [-0.5, 0.0, 0.8]])
    target = logits.argmax(axis=1) if right else logits.argmin(axis=1)
    temperature = fit_temperature(logits, target)
    assert 0.4 < temperature < 2.5
    assert temperature < 1 if right else temperature > 1


def test_softmax_survives_large_logits() -> None:
    assert softmax(np.array([[1e5, 0.0]])).tolist() == [[1.0, 0.0]]
