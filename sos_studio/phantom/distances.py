"""Signed distances to closed curves in the sagittal plane, sampled on small grids. Compiled; see `kernels` for why it stands alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DistanceGrid:
    """Signed distance to a closed curve (negative inside), sampled on a grid.

    Attributes
    ----------
    values_sa
        Rows run along s, columns along a; float32.
    a0_mm, s0_mm, step_mm
        Place of the first sample, and the distance between samples.
    """

    values_sa: npt.NDArray[np.float32]
    a0_mm: float
    s0_mm: float
    step_mm: float


def distance_grid(curve: FloatArray, step_mm: float, margin_mm: float) -> DistanceGrid:
    """Sample the signed distance over the curve's bounding box plus a margin."""
    low = curve.min(axis=0) - margin_mm
    count = np.ceil((curve.max(axis=0) + margin_mm - low) / step_mm).astype(int) + 1
    values = np.empty((int(count[1]), int(count[0])), dtype=np.float32)
    _fill_distances(np.ascontiguousarray(curve), float(low[0]), float(low[1]), step_mm, values)
    return DistanceGrid(values, float(low[0]), float(low[1]), step_mm)


_GROUP, _SET = 8, 8  # segments that are skipped together, and groups


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_distances(curve: FloatArray, a0: float, s0: float, step: float, out: npt.NDArray[np.float32]) -> None:
    """Distance to the nearest segment, and the sign by counting crossings.

    A distance changes by no more than the step between samples: that bounds how far the nearest segment can be, and says when the
    sign can't have changed.
    """
    groups = (curve.shape[0] + _GROUP - 1) // _GROUP
    boxes = _group_boxes(curve, groups)
    sets = (groups + _SET - 1) // _SET
    wide = _set_boxes(boxes, sets)
    for row in range(out.shape[0]):
        s = s0 + row * step
        last, inside = 1e15, False
        for column in range(out.shape[1]):
            a = a0 + column * step
            if last <= step or column == 0:
                inside = _is_inside(curve, a, s)
            best = (last + step) ** 2 * 1.000001
            for n in range(sets):
                if _box_distance(wide, n, a, s) >= best:
                    continue
                for g in range(n * _SET, min((n + 1) * _SET, groups)):
                    if _box_distance(boxes, g, a, s) < best:
                        best = min(best, _squared_distance(curve, g * _GROUP, min((g + 1) * _GROUP, curve.shape[0]), a, s))
            last = math.sqrt(best)
            out[row, column] = -last if inside else last


@njit(cache=True, nogil=True, error_model="numpy")
def _group_boxes(curve: FloatArray, groups: int) -> FloatArray:
    """Lowest and highest a and s of each group of segments."""
    boxes = np.empty((groups, 4))
    for g in range(groups):
        boxes[g, 0], boxes[g, 1], boxes[g, 2], boxes[g, 3] = 1e30, -1e30, 1e30, -1e30
        for p in range(g * _GROUP, min((g + 1) * _GROUP, curve.shape[0]) + 1):
            a, s = curve[p % curve.shape[0], 0], curve[p % curve.shape[0], 1]
            boxes[g, 0], boxes[g, 1] = min(boxes[g, 0], a), max(boxes[g, 1], a)
            boxes[g, 2], boxes[g, 3] = min(boxes[g, 2], s), max(boxes[g, 3], s)
    return boxes


@njit(cache=True, nogil=True, error_model="numpy")
def _set_boxes(boxes: FloatArray, sets: int) -> FloatArray:
    """Boxes around so many neighbouring boxes."""
    wide = np.empty((sets, 4))
    for n in range(sets):
        part = boxes[n * _SET : (n + 1) * _SET]
        wide[n, 0], wide[n, 1] = part[:, 0].min(), part[:, 1].max()
        wide[n, 2], wide[n, 3] = part[:, 2].min(), part[:, 3].max()
    return wide


@njit(cache=True, nogil=True, error_model="numpy")
def _box_distance(boxes: FloatArray, n: int, a: float, s: float) -> float:
    """Square of the distance to a box; 0 inside."""
    da = max(boxes[n, 0] - a, a - boxes[n, 1], 0.0)
    ds = max(boxes[n, 2] - s, s - boxes[n, 3], 0.0)
    square: float = da * da + ds * ds
    return square


@njit(cache=True, nogil=True, error_model="numpy")
def _squared_distance(curve: FloatArray, first: int, end: int, a: float, s: float) -> float:
    best = 1e30
    for p in range(first, end):
        q = p + 1 if p + 1 < curve.shape[0] else 0
        dx, dy = curve[q, 0] - curve[p, 0], curve[q, 1] - curve[p, 1]
        ex, ey = a - curve[p, 0], s - curve[p, 1]
        length2 = dx * dx + dy * dy
        t = min(1.0, max(0.0, (ex * dx + ey * dy) / length2)) if length2 > 0.0 else 0.0
        ex, ey = ex - t * dx, ey - t * dy
        best = min(best, ex * ex + ey * ey)
    return best


@njit(cache=True, nogil=True, error_model="numpy")
def _is_inside(curve: FloatArray, a: float, s: float) -> bool:
    inside = False
    for p in range(curve.shape[0]):
        q = p + 1 if p + 1 < curve.shape[0] else 0
        ya, yb = curve[p, 1], curve[q, 1]
        if (ya > s) != (yb > s) and a < curve[p, 0] + (s - ya) * (curve[q, 0] - curve[p, 0]) / (yb - ya):
            inside = not inside
    return inside
