"""Pictures of another kind lie far from those that a network learned from, and its own kind does not."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainer.pictures import ceph, hand, head_slice, knee, noise
from trainer.data import letterbox, network_input
from trainer.familiarity import fit_familiarity
from trainer.networks import Network, build

SIDE = 96


def features(network: Network, pictures: list[np.ndarray]) -> np.ndarray:
    boxed = [letterbox(picture.astype(np.uint8), (SIDE, SIDE)).values_HW for picture in pictures]
    with torch.no_grad(), network.described() as seen:
        network(network_input(torch.stack(boxed), network.channels))
    return torch.cat(seen, dim=1).double().numpy()


@pytest.mark.parametrize("name", ["test_resnet", "test_convnext", "test_vit"])
def test_a_ceph_a_hand_a_knee_and_noise_are_unlike_slices_of_heads_and_other_heads_are_not(name: str) -> None:
    torch.manual_seed(0)
    network = build(name).eval()  # even features that nothing was learned in tell them apart
    draw = np.random.default_rng(1)
    fitted, judges, others = (features(network, [head_slice(draw) for _ in range(n)]) for n in (60, 20, 40))
    known = fit_familiarity(fitted, judges)
    assert known is not None
    assert (known.distance(others) > known.threshold).mean() <= 0.2
    for strange in (ceph, hand, knee, noise):
        distances = known.distance(features(network, [strange(draw) for _ in range(5)]))
        assert distances.min() > known.threshold, strange.__name__


def test_distances_are_those_of_mahalanobis_where_there_are_cases_enough() -> None:
    draw = np.random.default_rng(0)
    mixing = draw.normal(0, 1, (3, 3))
    fitted, asked = draw.normal(0, 1, (4000, 3)) @ mixing, draw.normal(0, 3, (50, 3))
    known = fit_familiarity(fitted, fitted[:100])
    assert known is not None
    # Two of three directions are kept and the rest is the third: nothing is left to approximate.
    off = asked - fitted.mean(axis=0)
    expected = np.sqrt(np.einsum("nd,de,ne->n", off, np.linalg.inv(np.cov(fitted.T)), off) / 3)
    np.testing.assert_allclose(known.distance(asked), expected, rtol=2e-3)


@given(st.integers(0, 1000), st.integers(19, 200))
@settings(max_examples=25, deadline=None)
def test_about_nineteen_of_twenty_of_the_same_kind_lie_within_the_threshold(seed: int, judges: int) -> None:
    draw = np.random.default_rng(seed)
    known = fit_familiarity(draw.normal(0, 1, (80, 40)), draw.normal(0, 1, (judges, 40)))
    assert known is not None
    beyond = (known.distance(draw.normal(0, 1, (2000, 40))) > known.threshold).mean()
    # A conformal quantile of n cases is Beta distributed; six standard deviations of it.
    assert beyond < 0.05 + 6 * math.sqrt(0.05 * 0.95 / (judges + 2))


def test_too_few_cases_give_no_distance_rather_than_a_wrong_one() -> None:
    draw = np.random.default_rng(0)
    assert fit_familiarity(draw.normal(0, 1, (5, 9)), draw.normal(0, 1, (5, 9))) is None
    assert fit_familiarity(draw.normal(0, 1, (50, 9)), np.zeros((0, 9))) is None


def test_a_feature_that_never_changes_does_not_raise_the_distance() -> None:
    draw = np.random.default_rng(0)
    fitted = draw.normal(0, 1, (50, 6))
    fitted[:, 2] = 0.25
    known = fit_familiarity(fitted, fitted[:20])
    assert known is not None
    asked = fitted[:5].copy()
    asked[:, 2] += 1e-9
    np.testing.assert_allclose(known.distance(asked), known.distance(fitted[:5]), rtol=1e-3)
