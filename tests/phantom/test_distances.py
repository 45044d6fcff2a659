from __future__ import annotations

import numpy as np
import pytest

from sos_studio.phantom.distances import distance_grid
from sos_studio.phantom.outlines import band, rough, rounded_box, smooth, turned


def test_distance_to_a_circle_is_exact_at_the_samples() -> None:
    t = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    grid = distance_grid(10.0 * np.stack([np.cos(t), np.sin(t)], axis=1) + [3.0, -5.0], 0.7, 4.0)
    rows, columns = np.indices(grid.values_sa.shape)
    r = np.hypot(grid.a0_mm + columns * grid.step_mm - 3.0, grid.s0_mm + rows * grid.step_mm + 5.0)
    assert np.allclose(grid.values_sa, r - 10.0, atol=2e-3)


def test_distance_agrees_with_brute_force_on_a_crooked_outline() -> None:
    curve = rough(smooth([(0, 0), (9, 1), (12, 8), (5, 6), (-2, 11)], 5), np.random.default_rng(0), 0.6)
    grid = distance_grid(curve, 0.5, 3.0)
    a, b = curve, np.roll(curve, -1, axis=0)
    rng = np.random.default_rng(1)
    for row, column in zip(rng.integers(0, grid.values_sa.shape[0], 80), rng.integers(0, grid.values_sa.shape[1], 80), strict=True):
        p = np.array([grid.a0_mm + column * grid.step_mm, grid.s0_mm + row * grid.step_mm])
        t = np.clip(((p - a) * (b - a)).sum(axis=1) / ((b - a) ** 2).sum(axis=1), 0.0, 1.0)
        distance = np.linalg.norm(p - a - t[:, None] * (b - a), axis=1).min()
        crossed = ((a[:, 1] > p[1]) != (b[:, 1] > p[1])) & (
            p[0] < a[:, 0] + (p[1] - a[:, 1]) * (b[:, 0] - a[:, 0]) / np.where(b[:, 1] == a[:, 1], 1.0, b[:, 1] - a[:, 1])
        )
        sign = -1.0 if crossed.sum() % 2 else 1.0
        assert grid.values_sa[row, column] == pytest.approx(sign * distance, abs=1e-4)


def test_a_band_is_as_thick_as_asked() -> None:
    grid = distance_grid(band([(0, 0), (10, 0), (20, 0)], 3.0), 0.25, 2.0)
    row = round((0.0 - grid.s0_mm) / 0.25)
    column = round((10.0 - grid.a0_mm) / 0.25)
    assert grid.values_sa[row, column] == pytest.approx(-1.5, abs=0.2)


def test_smooth_curves_pass_through_their_points() -> None:
    points = np.array([(0.0, 0.0), (10.0, 0.0), (10.0, 5.0), (0.0, 5.0)])
    curve = smooth(points, 4)
    assert all(np.linalg.norm(curve - p, axis=1).min() < 1e-9 for p in points)


def test_boxes_turn_counter_clockwise_with_the_face_to_the_right() -> None:
    assert np.allclose(turned(np.array([[1.0, 0.0]]), 90.0), [[0.0, 1.0]])
    box = rounded_box((5.0, 6.0), (8.0, 2.0), 0.0, 0.5)
    assert np.allclose(box.mean(axis=0), [5.0, 6.0])
    assert np.allclose(np.ptp(box, axis=0), [8.0, 2.0])
