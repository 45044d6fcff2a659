"""A grid in millimetres over a slice, anchored at the crossing of the planes, to judge symmetry by. Pure functions."""

from __future__ import annotations

import math

import numpy as np

from sos_studio.core.geometry import NORMAL_AXIS
from sos_studio.presenters.pane_geometry import PaneGeometry, Point

STEPS_MM = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
# Closer lines would hide what lies under them.
CLOSEST_PX = 14.0
STRONG_EVERY = 5

Segment = tuple[Point, Point]


def grid_step_mm(mm_per_px: float) -> float:
    """Spacing at a zoom: the finest round one whose lines stay apart."""
    return next((step for step in STEPS_MM if step / mm_per_px >= CLOSEST_PX), STEPS_MM[-1])


def grid_lines(geometry: PaneGeometry) -> tuple[list[Segment], list[Segment]]:
    """Thin lines, and every fifth, which are strong; parallel to the crosshair lines, those themselves left out.

    The same number of lines to the left and to the right is the same distance from the plane between.
    """
    step_px = grid_step_mm(geometry.view.mm_per_px) / geometry.view.mm_per_px
    centre = np.array(geometry.centre)
    reach = math.dist((0.0, 0.0), geometry.size_px) + math.dist(geometry.centre, (geometry.size_px[0] / 2, geometry.size_px[1] / 2))
    corners = np.array([(x, y) for x in (0, geometry.size_px[0]) for y in (0, geometry.size_px[1])], dtype=float) - centre
    thin: list[Segment] = []
    strong: list[Segment] = []
    for axis in {0, 1, 2} - {NORMAL_AXIS[geometry.plane]}:
        across = _screen_axis(geometry, axis)
        along = np.array((-across[1], across[0]))
        first, last = (corners @ across).min() / step_px, (corners @ across).max() / step_px
        for n in range(math.ceil(first), math.floor(last) + 1):
            if n == 0:
                continue
            middle = centre + n * step_px * across
            a, b = middle - reach * along, middle + reach * along
            (strong if n % STRONG_EVERY == 0 else thin).append(((float(a[0]), float(a[1])), (float(b[0]), float(b[1]))))
    return thin, strong


def _screen_axis(geometry: PaneGeometry, axis: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Unit direction on the screen of one of the head's axes that lie in the plane."""
    center = np.asarray(geometry.orientation.center_lps_mm)
    x, y, z = (float(c) for c in center + geometry.orientation.rotation[:, axis])
    on_screen = np.subtract(geometry.xy_of((x, y, z)), geometry.centre)
    unit: np.ndarray[tuple[int], np.dtype[np.float64]] = on_screen / np.linalg.norm(on_screen)
    return unit
