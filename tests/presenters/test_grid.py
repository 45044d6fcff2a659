"""The grid lies parallel to the planes, at round millimetres, at any zoom and angle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_studio.core.geometry import Orientation, Plane
from sos_studio.presenters.grid import CLOSEST_PX, STEPS_MM, grid_lines, grid_step_mm
from sos_studio.presenters.pane_geometry import PaneGeometry, PaneView

HEAD = Orientation((5.0, -3.0, 20.0), 7.0, -4.0, 11.0)


def pane(plane: Plane, mm_per_px: float, twist_deg: float = 0.0) -> PaneGeometry:
    return PaneGeometry(plane, HEAD, PaneView((9.0, 2.0, 25.0), mm_per_px, twist_deg), "right", (420, 330))


def cross(a: np.ndarray, b: np.ndarray) -> float:
    return float(a[0] * b[1] - a[1] * b[0])


@given(st.floats(0.011, 3.5))
def test_spacing_is_the_finest_round_one_that_keeps_lines_apart(mm_per_px: float) -> None:
    step = grid_step_mm(mm_per_px)
    assert step / mm_per_px >= CLOSEST_PX
    finer = [other for other in STEPS_MM if other < step]
    assert not finer or finer[-1] / mm_per_px < CLOSEST_PX


@pytest.mark.parametrize("plane", list(Plane))
@pytest.mark.parametrize("twist_deg", [0.0, 17.0])
def test_lines_are_parallel_to_the_planes_and_whole_steps_away(plane: Plane, twist_deg: float) -> None:
    geometry = pane(plane, 0.4, twist_deg)
    step_px = grid_step_mm(0.4) / 0.4
    thin, strong = grid_lines(geometry)
    assert strong
    for segment in (*thin, *strong):
        start, end = np.array(segment)
        along = (end - start) / np.linalg.norm(end - start)
        parallel = [line for line in geometry.lines if abs(cross(along, np.subtract(line.end, line.start))) < 1e-3]
        assert len(parallel) == 1
        away = abs(cross(along, start - np.array(geometry.centre))) / step_px
        assert away == pytest.approx(round(away), abs=1e-6)
        assert round(away) >= 1, "the planes' own lines are left to the crosshair"
        assert (round(away) % 5 == 0) == (segment in strong)


def test_the_whole_pane_is_covered_when_the_crossing_is_out_of_sight() -> None:
    geometry = replace(pane(Plane.AXIAL, 0.4), view=PaneView((200.0, 150.0, 25.0), 0.4))
    thin, strong = grid_lines(geometry)
    assert len(thin) + len(strong) == pytest.approx((420 + 330) * 0.4 / grid_step_mm(0.4), abs=3)
