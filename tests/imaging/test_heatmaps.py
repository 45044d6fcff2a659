from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from sos_studio.core.roi import Roi
from sos_studio.imaging import heatmaps


def test_cell_centres_keep_their_values() -> None:
    coarse = np.random.default_rng(0).random((4, 5)).astype(np.float32)
    uv_from_cell = np.array([[16.0, 0, 8.0], [0, 16.0, 8.0], [0, 0, 1]])
    fine = heatmaps.upsample(coarse, uv_from_cell, (70, 90))
    assert fine.shape == (70, 90)
    assert fine.dtype == np.float32
    np.testing.assert_allclose(fine[8:70:16, 8:80:16], coarse, atol=1e-6)


def test_any_affine_alignment_equals_an_independent_interpolation() -> None:
    coarse = np.random.default_rng(1).random((6, 7))
    uv_from_cell = np.array([[9.0, -3.0, 12.0], [2.5, 11.0, -4.0], [0, 0, 1]])
    v, u = np.mgrid[0:60, 0:80]
    cell = np.tensordot(np.linalg.inv(uv_from_cell), np.stack([u, v, np.ones_like(u)]).astype(float), 1)
    expected = map_coordinates(coarse, [cell[1], cell[0]], order=1, mode="nearest")
    np.testing.assert_allclose(heatmaps.upsample(coarse, uv_from_cell, (60, 80)), expected, atol=1e-6)


def test_a_map_stays_between_nothing_and_all() -> None:
    coarse = np.array([[-1.0, np.nan], [2.0, np.inf]])
    fine = heatmaps.upsample(coarse, np.diag([10.0, 10.0, 1.0]), (20, 20))
    assert fine.min() == 0
    assert fine.max() == 1


@pytest.mark.parametrize("colour_map", ["inferno", "viridis"])
def test_colours_grow_brighter_with_attention(colour_map: heatmaps.ColourMap) -> None:
    rgb = heatmaps.colourise(np.linspace(0, 1, 256)[None], colour_map)
    luma = rgb[0].astype(float) @ [0.299, 0.587, 0.114]
    assert rgb.shape == (1, 256, 3)
    assert (np.diff(luma) > -1.5).all()
    assert luma[-1] > luma[0] + 100


@pytest.mark.parametrize("colour_map", ["inferno", "viridis"])
def test_a_layer_has_the_colours_and_is_as_opaque_as_there_is_attention(colour_map: heatmaps.ColourMap) -> None:
    attention = np.append(np.random.default_rng(0).random((7, 5)), [[0.0, 1.0, np.nan, 2.0, -1.0]], axis=0)
    layer = heatmaps.layer(attention, colour_map)
    assert (layer.shape, layer.dtype) == ((8, 5, 4), np.uint8)
    np.testing.assert_array_equal(layer[..., :3], heatmaps.colourise(attention, colour_map))
    np.testing.assert_array_equal(layer[..., 3], heatmaps.to_grey(attention))


def test_no_opacity_and_no_attention_leave_the_picture_as_it_is() -> None:
    full8 = np.random.default_rng(2).integers(0, 256, (30, 40)).astype(np.uint8)
    grey = np.repeat(full8[..., None], 3, axis=2)
    np.testing.assert_array_equal(heatmaps.overlay(full8, np.ones((30, 40)), 0.0), grey)
    np.testing.assert_array_equal(heatmaps.overlay(full8, np.zeros((30, 40)), 1.0), grey)


def test_full_opacity_shows_the_colour_where_the_attention_is() -> None:
    full8 = np.full((3, 3), 77, dtype=np.uint8)
    attention = np.zeros((3, 3))
    attention[1, 1] = 1
    shown = heatmaps.overlay(full8, attention, 1.0)
    np.testing.assert_array_equal(shown[1, 1], heatmaps.colourise(attention)[1, 1])
    assert (shown[0, 0] == 77).all()


def test_attention_is_counted_by_how_much_lies_in_the_frame() -> None:
    attention = np.zeros((100, 100))
    attention[50, 50] = 3
    attention[5, 5] = 1
    assert heatmaps.attention_inside(attention, Roi.of((50.0, 50.0), 30.0, 20.0)) == pytest.approx(0.75)
    assert heatmaps.attention_inside(np.ones((100, 100)), Roi.of((50.0, 50.0), 0.0, 20.0)) == pytest.approx(200 / 1e4)


def test_negative_attention_does_not_count() -> None:
    attention = np.full((100, 100), -5.0)
    attention[50, 50] = 1
    assert heatmaps.attention_inside(attention, Roi.of((50.0, 50.0), 0.0, 20.0)) == 1


def test_no_attention_has_no_share() -> None:
    assert heatmaps.attention_inside(np.zeros((50, 50)), Roi.of((25.0, 25.0), 0.0, 20.0)) is None


def test_the_map_as_a_picture() -> None:
    np.testing.assert_array_equal(heatmaps.to_grey(np.array([[0.0, 0.5, 1.0, 7.0, np.nan]])), [[0, 128, 255, 255, 0]])


def test_an_outline_lies_where_the_map_crosses_the_level() -> None:
    v, u = np.mgrid[0:80, 0:100].astype(np.float64)
    cone = 1 - np.hypot(u - 52.3, v - 37.6) / 40
    lines = heatmaps.outline(cone, 0.5)
    ends = lines.reshape(-1, 2)
    assert np.abs(np.hypot(ends[:, 0] - 52.3, ends[:, 1] - 37.6) - 20).max() < 0.05
    length = np.hypot(lines[:, 2] - lines[:, 0], lines[:, 3] - lines[:, 1]).sum()
    assert length == pytest.approx(2 * np.pi * 20, rel=0.01)
    # Every end is another segment's beginning: the outline is closed.
    _, counts = np.unique(ends.round(3), axis=0, return_counts=True)
    assert set(counts) == {2}


@given(st.integers(0, 10_000), st.floats(0.05, 0.95))
@settings(max_examples=30, deadline=None)
def test_an_outline_separates_what_is_above_from_what_is_not(seed: int, level: float) -> None:
    values = np.random.default_rng(seed).random((7, 9))
    lines = heatmaps.outline(values, level)
    # Along each row a side is crossed exactly where neighbours lie on different sides.
    crossings = int(((values[:, :-1] > level) != (values[:, 1:] > level)).sum() + ((values[:-1] > level) != (values[1:] > level)).sum())
    _, counts = np.unique(lines.reshape(-1, 2), axis=0, return_counts=True)
    assert len(counts) == crossings
    assert set(counts) <= {1, 2}


def test_a_flat_map_has_no_outline() -> None:
    assert heatmaps.outline(np.full((20, 30), 0.4), 0.5).shape == (0, 4)
    assert heatmaps.outline(np.full((20, 30), np.nan), 0.5).shape == (0, 4)


@given(st.integers(0, 1000), st.integers(1, 9), st.integers(1, 9))
@settings(max_examples=30, deadline=None)
def test_one_axis_after_the_other_gives_what_both_at_once_give(seed: int, rows: int, columns: int) -> None:
    draw = np.random.default_rng(seed)
    coarse = draw.random((rows, columns))
    upright = np.array([[draw.uniform(3, 30), 0, draw.uniform(-9, 20)], [0, draw.uniform(3, 30), draw.uniform(-9, 20)], [0, 0, 1]])
    barely_turned = upright.copy()
    barely_turned[0, 1] = 1e-12  # takes the general way
    np.testing.assert_allclose(heatmaps.upsample(coarse, upright, (57, 71)), heatmaps.upsample(coarse, barely_turned, (57, 71)), atol=2e-6)


@pytest.mark.parametrize(("place", "inside"), [((50, 50), True), ((57, 57), True), ((57, 43), False), ((5, 90), False)])
def test_whether_the_strongest_place_lies_in_a_turned_frame(place: tuple[int, int], inside: bool) -> None:
    attention = np.full((100, 120), 0.1)
    attention[place[1], place[0]] = 1.0
    assert heatmaps.strongest_inside(attention, Roi.of((50.0, 50.0), 45.0, 24.0)) is inside
