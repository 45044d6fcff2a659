"""Stage sets: neighbouring stages, and the promised coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.conformal import gathered_before, stage_sets, threshold
from trainer.metrics import softmax


def test_a_set_grows_by_its_likelier_neighbour() -> None:
    row = np.array([[0.05, 0.25, 0.4, 0.1, 0.2]])
    np.testing.assert_allclose(gathered_before(row), [[0.75 + 0.2, 0.4, 0.0, 0.65, 0.75]])
    assert [x.tolist() for x in stage_sets(row, 0.5)] == [[1], [2]]
    assert [x.tolist() for x in stage_sets(row, math.inf)] == [[0], [4]]
    assert [x.tolist() for x in stage_sets(row, 0.0)] == [[2], [2]]


@given(st.lists(st.floats(0, 1), min_size=2, max_size=7).filter(lambda p: sum(p) > 0), st.floats(0, 1), st.floats(0, 1))
def test_sets_are_runs_of_stages_about_the_likeliest_and_only_grow(weights: list[float], a: float, b: float) -> None:
    row = np.array([weights]) / sum(weights)
    for at_most in (a, b):
        first, last = stage_sets(row, at_most)
        inside = (gathered_before(row) <= at_most)[0]
        assert inside[first[0] : last[0] + 1].all()
        assert inside.sum() == last[0] - first[0] + 1
        assert first[0] <= row.argmax() <= last[0]
    small, large = stage_sets(row, min(a, b)), stage_sets(row, max(a, b))
    assert large[0] <= small[0]
    assert small[1] <= large[1]


def test_too_few_calibration_cases_promise_nothing_less_than_all_stages() -> None:
    target = np.zeros(8, dtype=np.int64)
    assert threshold(np.eye(5)[target], target) == math.inf
    assert threshold(np.eye(5)[np.zeros(9, dtype=np.int64)], np.zeros(9, dtype=np.int64)) == 0.0
    assert threshold(np.zeros((0, 5)), np.zeros(0, dtype=np.int64)) == math.inf


@given(st.integers(15, 120), st.floats(0.0, 4.0), st.floats(0.5, 0.95), st.integers(0, 1000))
@settings(max_examples=12, deadline=None)
def test_the_true_stage_is_inside_as_often_as_promised(cases: int, skill: float, coverage: float, seed: int) -> None:
    """However good or badly calibrated the network is: mean over many draws of calibration and test cases."""
    rng, repeats, tested = np.random.default_rng(seed), 250, 40
    held = []
    for _ in range(repeats):
        target = rng.integers(0, 5, cases + tested)
        probabilities = softmax(3 * rng.normal(size=(cases + tested, 5)) + skill * np.eye(5)[target])
        at_most = threshold(probabilities[:cases], target[:cases], coverage)
        first, last = stage_sets(probabilities[cases:], at_most)
        held.append(((first <= target[cases:]) & (target[cases:] <= last)).mean())
    error = np.std(held) / np.sqrt(repeats)
    assert np.mean(held) >= coverage - 4 * error


def test_sets_of_a_good_network_are_small() -> None:
    rng = np.random.default_rng(0)
    target = rng.integers(0, 5, 600)
    probabilities = softmax(rng.normal(size=(600, 5)) + 4 * np.eye(5)[target])
    first, last = stage_sets(probabilities[300:], threshold(probabilities[:300], target[:300]))
    assert (last - first + 1).mean() == pytest.approx(1.0, abs=0.3)
