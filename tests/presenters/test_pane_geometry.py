"""Slice panes: patient letters, lines and positions stay right under any rotation."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_studio.core.geometry import Orientation, Plane
from sos_studio.presenters.pane_geometry import Hit, PaneGeometry, PaneView, fitted, step_mm, value_at
from tests.presenters.scans import ORIGIN_LPS_MM, make_volume

VOLUME = make_volume()
SIZE = (420, 330)
turns = st.tuples(*[st.floats(-60.0, 60.0)] * 3)
points = st.tuples(st.floats(0, SIZE[0]), st.floats(0, SIZE[1]))


def pane(
    plane: Plane, orientation: Orientation | None = None, facing: str = "right", twist: float = 0.0, ratio: float = 1.0
) -> PaneGeometry:
    orientation = orientation or Orientation(VOLUME.center_lps_mm)
    view = replace(fitted(VOLUME, orientation, plane, SIZE, facing), twist_deg=twist)
    return PaneGeometry(plane, orientation, view, facing, SIZE, ratio)


@pytest.mark.parametrize(
    ("plane", "facing", "letters"),
    [
        (Plane.AXIAL, "right", ("R", "L", "A", "P")),
        (Plane.CORONAL, "right", ("R", "L", "S", "I")),
        (Plane.SAGITTAL, "right", ("P", "A", "S", "I")),
        (Plane.SAGITTAL, "left", ("A", "P", "S", "I")),
        (Plane.AXIAL, "left", ("R", "L", "A", "P")),
    ],
)
def test_letters_follow_the_conventions(plane: Plane, facing: str, letters: tuple[str, ...]) -> None:
    assert pane(plane, facing=facing).letters == letters


@pytest.mark.parametrize(
    ("plane", "angles_deg", "letters"),
    [
        # Lying on the left side in the scanner: the head's left is down.
        (Plane.CORONAL, {"roll_deg": 90.0}, ("S", "I", "L", "R")),
        (Plane.AXIAL, {"yaw_deg": 180.0}, ("L", "R", "P", "A")),
        (Plane.SAGITTAL, {"pitch_deg": 90.0}, ("S", "I", "A", "P")),
        (Plane.SAGITTAL, {"pitch_deg": 45.0}, ("PS", "AI", "AS", "PI")),
    ],
)
def test_letters_stay_right_when_the_head_is_turned(plane: Plane, angles_deg: dict[str, float], letters: tuple[str, ...]) -> None:
    found = pane(plane, Orientation(VOLUME.center_lps_mm, **angles_deg)).letters
    assert tuple("".join(sorted(pair)) for pair in found) == tuple("".join(sorted(pair)) for pair in letters)


@given(st.sampled_from(list(Plane)), turns, st.sampled_from(["right", "left"]), points)
def test_every_letter_names_the_direction_in_which_its_coordinate_grows(
    plane: Plane, turn: tuple[float, float, float], facing: str, point: tuple[float, float]
) -> None:
    shown = pane(plane, Orientation(VOLUME.center_lps_mm, *turn), facing)
    here = np.array(shown.lps_at(*point))
    signs = {"L": (0, 1), "R": (0, -1), "P": (1, 1), "A": (1, -1), "S": (2, 1), "I": (2, -1)}
    for letters, (dx, dy) in zip(shown.letters, ((-1, 0), (1, 0), (0, -1), (0, 1)), strict=True):
        there = np.array(shown.lps_at(point[0] + dx, point[1] + dy))
        for letter in letters:
            axis, sign = signs[letter]
            assert (there - here)[axis] * sign > 0


@given(st.sampled_from(list(Plane)), turns, points, st.floats(-30, 30), st.sampled_from([1.0, 1.25, 2.0]))
def test_screen_and_patient_positions_round_trip(
    plane: Plane, turn: tuple[float, float, float], point: tuple[float, float], twist: float, ratio: float
) -> None:
    shown = pane(plane, Orientation(VOLUME.center_lps_mm, *turn), twist=twist, ratio=ratio)
    back = shown.xy_of(shown.lps_at(*point))
    assert math.dist(back, point) * shown.view.mm_per_px < 1e-6


def test_the_middle_of_a_pixel_is_where_the_grid_says() -> None:
    shown = pane(Plane.CORONAL, Orientation(VOLUME.center_lps_mm, 5.0, -3.0, 8.0), ratio=2.0)
    u, v = 37, 121
    from_grid = (shown.lps_from_uv @ [u, v, 0, 1])[:3]
    assert np.allclose(from_grid, shown.lps_at((u + 0.5) / 2.0, (v + 0.5) / 2.0), atol=1e-9)


def test_lines_cross_at_the_centre_level_and_upright() -> None:
    shown = pane(Plane.CORONAL, Orientation(VOLUME.center_lps_mm, 12.0, 7.0, -9.0))
    by_plane = {line.plane: line for line in shown.lines}
    assert set(by_plane) == {Plane.AXIAL, Plane.SAGITTAL}
    axial, sagittal = by_plane[Plane.AXIAL], by_plane[Plane.SAGITTAL]
    assert axial.start[1] == pytest.approx(axial.end[1]) == pytest.approx(shown.centre[1])
    assert sagittal.start[0] == pytest.approx(sagittal.end[0]) == pytest.approx(shown.centre[0])


def test_a_positive_turn_looks_clockwise_except_in_a_left_facing_sagittal_pane() -> None:
    for plane in Plane:
        for facing in ("right", "left"):
            still = pane(plane, facing=facing)
            turned = replace(
                still, orientation=still.orientation.turned_about(plane, 10.0), view=replace(still.view, twist_deg=10.0 * still.turn_sign)
            )
            # The picture has not moved, the lines have.
            assert turned.same_picture(still)
            line = turned.lines[0]
            slope = math.degrees(math.atan2(line.end[1] - line.start[1], line.end[0] - line.start[0])) % 90
            assert slope == pytest.approx(10.0 if still.turn_sign > 0 else 80.0)


def test_what_is_grabbed_is_what_lies_under_the_pointer() -> None:
    shown = pane(Plane.AXIAL)
    cx, cy = shown.centre
    handle = shown.lines[0].handles[0]
    assert shown.hit(cx, cy) == Hit("centre")
    assert shown.hit(cx + 60, cy + 2) == Hit("line", Plane.CORONAL)
    assert shown.hit(cx - 2, cy - 60) == Hit("line", Plane.SAGITTAL)
    assert shown.hit(*handle) == Hit("handle", shown.lines[0].plane)
    assert shown.hit(cx + 60, cy + 60) == Hit("picture")


def test_scrolling_a_plane_within_another_pane_changes_no_pixel_of_that_pane() -> None:
    shown = pane(Plane.CORONAL)
    assert replace(shown, orientation=shown.orientation.moved(Plane.AXIAL, 5.0)).same_picture(shown)
    assert not replace(shown, orientation=shown.orientation.moved(Plane.CORONAL, 5.0)).same_picture(shown)


def test_the_scale_bar_is_round_and_takes_at_most_a_quarter() -> None:
    for mm_per_px in (0.01, 0.1, 0.37, 1.0):
        shown = replace(pane(Plane.AXIAL), view=PaneView((0.0, 0.0, 0.0), mm_per_px))
        assert shown.scale_bar_mm in (1, 2, 5, 10, 20, 50, 100, 200)
        assert shown.scale_bar_mm <= max(1.0, SIZE[0] * mm_per_px / 4)


def test_a_line_far_outside_the_pane_is_not_drawn() -> None:
    shown = pane(Plane.AXIAL)
    away = replace(shown, view=replace(shown.view, focus_lps_mm=(9000.0, 9000.0, 0.0)))
    assert away.lines == ()


def test_one_voxel_step_and_values_under_the_pointer() -> None:
    assert step_mm(VOLUME, Orientation(VOLUME.center_lps_mm), Plane.AXIAL) == pytest.approx(2.0)
    assert value_at(VOLUME, ORIGIN_LPS_MM) == float(VOLUME.array_kji[0, 0, 0])
    assert value_at(VOLUME, (ORIGIN_LPS_MM[0] - 1.2, *ORIGIN_LPS_MM[1:])) is None
