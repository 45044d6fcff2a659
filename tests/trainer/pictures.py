"""Drawn pictures of heads, and of what a network of heads must not be asked about."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter

Draw = Callable[[np.random.Generator], np.ndarray]


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
