"""Pictures of another kind lie far from those that a network learned from, and its own kind does not."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from trainer.data import letterbox, network_input
from trainer.familiarity import fit_familiarity
from trainer.networks import Network, build

SIDE = 96


def grid(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    v, u = np.mgrid[0 : shape[0], 0 : shape[1]].astype(float)
    return v / shape[0], u / shape[1]


def blob(v: np.ndarray, u: np.ndarray, at: tuple[float, float], size: tuple[float, float]) -> np.ndarray:
    return np.sqrt(np.clip(1 - ((v - at[0]) / size[0]) ** 2 - ((u - at[1]) / size[1]) ** 2, 0, 1))


def head_slice(draw: np.random.Generator) -> np.ndarray:
    """Something like a midsagittal slice: a shell with air behind the face, a skull base, teeth, noise."""
    v, u = grid((180, 200))
    cv, cu = 0.42 + draw.normal(0, 0.02), 0.48 + draw.normal(0, 0.02)
    radius = np.hypot((v - cv) / 0.36, (u - cu) / (0.40 + draw.normal(0, 0.01)))
    skull = 150 * (np.abs(radius - 1) < 0.05) + 70 * (radius < 1)
    base = 120 * blob(v, u, (0.62 + draw.normal(0, 0.01), 0.52), (0.05, 0.12)) + 110 * blob(v, u, (0.82, 0.74), (0.08, 0.03))
    neck = 60 * ((v > 0.6) & (u > 0.25) & (u < 0.8))
    return np.clip(20 + skull + base + neck + draw.normal(0, 10, v.shape), 0, 255)


def hand(draw: np.random.Generator) -> np.ndarray:
    v, u = grid((260, 180))
    picture = 90 * blob(v, u, (0.75, 0.5), (0.2, 0.3))
    for n in range(5):
        for joint in range(3):
            picture = picture + 150 * blob(v, u, (0.5 - 0.15 * joint, 0.2 + 0.15 * n + draw.normal(0, 0.01)), (0.06, 0.03))
    return np.clip(picture + draw.normal(0, 4, v.shape), 0, 255)


def knee(draw: np.random.Generator) -> np.ndarray:
    v, u = grid((260, 180))
    picture = 60 * (np.abs(u - 0.5) < 0.35) + 150 * blob(v, u, (0.1, 0.5), (0.4, 0.15)) + 150 * blob(v, u, (0.9, 0.5), (0.37, 0.14))
    return np.clip(picture + draw.normal(0, 4, v.shape), 0, 255)


def ceph(draw: np.random.Generator) -> np.ndarray:
    """A projection: many slices on one another, without edges of its own, bright in the middle."""
    summed = sum(np.roll(head_slice(draw), draw.integers(-12, 13, 2), axis=(0, 1)) for _ in range(12))
    return np.asarray(gaussian_filter(255 * (summed / np.max(summed)) ** 0.6, 1.0))


def noise(draw: np.random.Generator) -> np.ndarray:
    return draw.integers(0, 256, (200, 220)).astype(float)


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
