"""Intervals and tests against closed forms, scipy and brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sos_studio.core import staging_statistics as statistics
from sos_studio.core.staging_statistics import (
    FIGURES,
    figures,
    intervals,
    mcnemar,
    mean_and_sd,
    paired_differences,
    resample_patients,
    wilson,
)
from trainer.metrics import softmax, staging_figures


def answers(n: int, seed: int, skill: float = 2.0, stages: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    target = rng.integers(0, stages, n)
    return softmax(rng.normal(size=(n, stages)) + skill * np.eye(stages)[target]), target


@given(st.integers(1, 60), st.integers(0, 10_000), st.integers(2, 6))
@settings(max_examples=60, deadline=None)
def test_figures_are_those_of_the_models_cards(n: int, seed: int, stages: int) -> None:
    probabilities, target = answers(n, seed, stages=stages)
    ours, card = figures(probabilities, target), staging_figures(probabilities, target)
    for name in ("accuracy", "mae_stages", "macro_f1", "ece", "kappa"):
        value = None if np.isnan(ours[name][0]) else ours[name][0]
        assert value == (None if card[name] is None else pytest.approx(card[name], abs=1e-12)), name
    assert ours["within_one"][0] == pytest.approx(card["within_one"] / n)


def test_weighted_averages_are_the_papers_so_that_recall_is_accuracy() -> None:
    # True 1 1 1 2 2 3, predicted 1 1 2 2 3 3: precision 1, ½, ½; recall ⅔, ½, 1; F1 ⅘, ½, ⅔ for 3, 2, 1 cases.
    target, predicted = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 2, 2])
    found = {name: float(value[0]) for name, value in figures(np.eye(3)[predicted], target).items()}
    assert found["precision"] == pytest.approx((3 * 1 + 2 * 0.5 + 1 * 0.5) / 6)
    assert found["recall"] == found["accuracy"] == pytest.approx(4 / 6)
    assert found["f1"] == pytest.approx((3 * 0.8 + 2 * 0.5 + 1 * 2 / 3) / 6)
    assert found["macro_f1"] == pytest.approx((0.8 + 0.5 + 2 / 3) / 3)


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_a_case_of_weight_two_is_two_cases(seed: int) -> None:
    probabilities, target = answers(12, seed)
    weight = np.random.default_rng(seed).integers(0, 4, 12)
    if weight.sum() == 0:
        return
    weighted = figures(probabilities, target, weight[None].astype(float))
    repeated = figures(np.repeat(probabilities, weight, axis=0), np.repeat(target, weight))
    for name in FIGURES:
        np.testing.assert_allclose(weighted[name], repeated[name], atol=1e-12, err_msg=name)


def test_patients_are_drawn_with_all_their_cases_and_as_many_as_there_are() -> None:
    patients = ["a", "b", "a", "c", "b", "a"]
    weight = resample_patients(patients, 500, seed=3)
    assert (weight[:, 0] == weight[:, 2]).all()
    assert (weight[:, 0] == weight[:, 5]).all()
    assert (weight[:, 1] == weight[:, 4]).all()
    assert (weight[:, 0] + weight[:, 1] + weight[:, 3] == 3).all()
    assert np.array_equal(weight, resample_patients(patients, 500, seed=3))
    assert not np.array_equal(weight, resample_patients(patients, 500, seed=4))


def test_the_interval_of_a_share_is_the_one_that_the_binomial_gives() -> None:
    n, right = 400, 320
    target = np.zeros(n, dtype=np.int64)
    probabilities = np.eye(5)[np.where(np.arange(n) < right, 0, 1)]
    found = intervals(probabilities, target, [str(i) for i in range(n)], repeats=20_000, seed=0)["accuracy"]
    expected = stats.binom(n, right / n).ppf([0.025, 0.975]) / n
    assert found.value == 0.8
    assert [found.low, found.high] == pytest.approx(list(expected), abs=0.0051)


def test_intervals_by_patient_are_wider_when_patients_have_several_cases() -> None:
    rng = np.random.default_rng(1)
    right = np.repeat(rng.random(60) < 0.7, 5)  # all five cases of a patient stand or fall together
    probabilities, target = np.eye(5)[np.where(right, 0, 1)], np.zeros(300, dtype=np.int64)
    by_patient = intervals(probabilities, target, [str(i // 5) for i in range(300)], repeats=4000, seed=0)["accuracy"]
    by_case = intervals(probabilities, target, [str(i) for i in range(300)], repeats=4000, seed=0)["accuracy"]
    assert by_patient.value == by_case.value
    widths = [i.high - i.low for i in (by_patient, by_case) if i.high is not None and i.low is not None]
    assert widths[0] / widths[1] == pytest.approx(np.sqrt(5), rel=0.1)


def test_kappa_of_one_stage_says_nothing() -> None:
    target = np.zeros(8, dtype=np.int64)
    found = intervals(np.eye(5)[target], target, list("abcdefgh"), repeats=50, seed=0)
    assert found["kappa"].value is None
    assert found["accuracy"] == statistics.Interval(1.0, 1.0, 1.0)


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_the_binomial_test_of_the_cases_that_differ(only_first: int, only_second: int) -> None:
    first = np.array([True] * only_first + [False] * only_second + [True, False])
    second = np.array([False] * only_first + [True] * only_second + [True, False])
    found = mcnemar(first, second)
    assert (found.only_first, found.only_second) == (only_first, only_second)
    n, k = only_first + only_second, min(only_first, only_second)
    assert found.p_exact == pytest.approx(stats.binomtest(k, n).pvalue if n else 1.0)
    law = stats.binom(n, 0.5)
    assert found.p_mid == pytest.approx(min(1.0, 2 * law.cdf(k - 1) + law.pmf(k)))
    assert found.p_mid <= found.p_exact


def test_the_papers_gain_of_27_of_714_cases_depends_on_how_many_changed_sides() -> None:
    def p_mid(gained: int, lost: int) -> float:
        return mcnemar(np.arange(gained + lost) < gained, np.arange(gained + lost) >= gained).p_mid

    assert p_mid(40, 13) < 0.001
    assert p_mid(127, 100) > 0.05


def test_paired_differences_are_narrower_than_two_unpaired_intervals() -> None:
    rng = np.random.default_rng(2)
    target = rng.integers(0, 5, 300)
    shared = rng.normal(size=(300, 5))
    patients = [str(i // 2) for i in range(300)]
    first, second = (softmax(shared + 0.2 * rng.normal(size=(300, 5)) + skill * np.eye(5)[target]) for skill in (2.2, 2.0))
    differences = paired_differences(first, second, target, patients, repeats=3000, seed=5)
    alone = [intervals(p, target, patients, repeats=3000, seed=5) for p in (first, second)]
    for name in FIGURES:
        found, values = differences[name], [i[name].value for i in alone]
        assert found.value == pytest.approx(values[0] - values[1])
        assert found.low <= found.value <= found.high
    accuracy = differences["accuracy"]
    widths = [i["accuracy"].high - i["accuracy"].low for i in alone]
    assert accuracy.high - accuracy.low < 0.7 * np.hypot(*widths)
    same = paired_differences(first, first, target, patients, repeats=100, seed=5)
    assert all((i.value, i.low, i.high) == (0, 0, 0) for i in same.values())


def test_intervals_hold_the_truth_about_as_often_as_they_promise() -> None:
    rng, held, tries = np.random.default_rng(7), 0, 200
    for n in range(tries):
        right = rng.random(150) < 0.8
        found = intervals(np.eye(2)[(~right).astype(int)], np.zeros(150, dtype=np.int64), [str(i) for i in range(150)], repeats=300, seed=n)
        held += found["accuracy"].low <= 0.8 <= found["accuracy"].high
    assert 0.89 <= held / tries <= 0.99


def test_folds_mean_and_sample_deviation() -> None:
    assert mean_and_sd([0.5, 0.7, None, 0.9]) == (pytest.approx(0.7), pytest.approx(0.2))
    assert mean_and_sd([0.5]) == (0.5, None)
    assert mean_and_sd([None]) == (None, None)


@pytest.mark.parametrize(("k", "n"), [(0, 5), (3, 10), (10, 10), (583, 714)])
def test_wilsons_interval_is_scipys(k: int, n: int) -> None:
    theirs = stats.binomtest(k, n).proportion_ci(method="wilson")
    found = wilson(k, n)
    assert (found.low, found.high) == (pytest.approx(theirs.low, abs=1e-12), pytest.approx(theirs.high, abs=1e-12))


def test_reliability_bins_add_up_to_the_calibration_error() -> None:
    probabilities, target = answers(200, 11)
    bins = statistics.reliability(probabilities, target)
    assert sum(b["n"] for b in bins) == 200
    error = sum(b["n"] * abs(b["confidence"] - b["share"]) for b in bins) / 200
    assert error == pytest.approx(figures(probabilities, target)["ece"][0])
    assert all(b["low"] <= b["share"] <= b["high"] for b in bins)


def test_recalls_of_stages() -> None:
    target = np.array(list(itertools.chain([0] * 4, [1] * 2)))
    recalls = statistics.stage_recalls(np.eye(3)[[0, 0, 0, 1, 1, 0]], target, np.ones((1, 6)))
    np.testing.assert_array_equal(recalls, [[0.75, 0.5, np.nan]])
