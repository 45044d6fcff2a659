# mypy: disable-error-code="no-any-return"
# ruff: noqa: E741
"""How far a point of the head is from a part: outlines carried sideways, ellipsoids and rods on both sides.

Lengths are millimetres; (l, a, s) = to the left, towards the face, towards the vertex in the head frame. Compiled into `kernels`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from sos_studio.phantom.lattice import coverage, noise3

# mypy takes a field of a record for Any, numba for a number.
Row = Any

SLAB, HEAD, ARCH, ELLIPSOID, CAPSULE = 0, 1, 2, 3, 4  # how an outline is carried sideways; or what stands on both sides
FAR = 1e3


@njit(error_model="numpy")
def _grid_distance(part: Row, distances: npt.NDArray[np.float32], a: float, s: float) -> float:
    """Bilinear look-up; off the grid, the nearest sample plus the way to it."""
    x, y = (a - part.a0) / part.step, (s - part.s0) / part.step
    cx = min(max(x, 0.0), part.columns - 1.0001)
    cy = min(max(y, 0.0), part.rows - 1.0001)
    off = 0.0 if cx == x and cy == y else math.hypot(x - cx, y - cy) * part.step
    i, j = int(cx), int(cy)
    u, v = cx - i, cy - j
    first = part.offset + j * part.columns + i
    below = distances[first] + u * (distances[first + 1] - distances[first])
    first += part.columns
    above = distances[first] + u * (distances[first + 1] - distances[first])
    return below + v * (above - below) + off


@njit(error_model="numpy")
def _grid_facing(part: Row, distances: npt.NDArray[np.float32], a: float, s: float) -> tuple[float, float]:
    """Direction in which the distance grows: of length one, less along the middle of a thin sheet."""
    i = int(min(max((a - part.a0) / part.step, 0.0), part.columns - 1.0001))
    j = int(min(max((s - part.s0) / part.step, 0.0), part.rows - 1.0001))
    first = part.offset + j * part.columns + i
    p, q, r = distances[first], distances[first + 1], distances[first + part.columns]
    last = distances[first + part.columns + 1]
    da, ds = q - p + last - r, r - p + last - q
    return 0.5 * da / part.step, 0.5 * ds / part.step


@njit(error_model="numpy")
def facing(part: Row, distances: npt.NDArray[np.float32], l: float, a: float, s: float) -> tuple[float, float]:
    """How far a part's surface faces its direction (-1 … 1), and the square of it; of a head's, outwards."""
    if part.kind > ARCH or (part.lean == 0.0 and part.ends == 0.0):
        return 0.0, 0.5
    lean_a, lean_s = part.lean_a, part.lean_s
    if part.kind == HEAD:
        lean_a, lean_s = a + 5.0, s - 30.0
        length = math.hypot(lean_a, lean_s) + 1e-6
        lean_a, lean_s = lean_a / length, lean_s / length
        x = min(0.98, abs(l) / part.half_width)
        scale = math.sqrt(1.0 - x * x)
        a = -5.0 + (a + 5.0) / scale
        s = 30.0 + (s - 30.0) / scale if s > 30.0 else s
    elif part.kind == ARCH:
        x, y = (l - part.middle_l) / part.arch_width, (a - part.arch_a) / part.arch_depth
        a = part.arch_a + part.arch_depth * math.hypot(x, y)
    da, ds = _grid_facing(part, distances, a, s)
    along = da * lean_a + ds * lean_s
    return along, along * along


@njit(error_model="numpy")
def _head_width(s: float) -> float:
    """Half width of the head at a height, relative to the widest place: skull, cheeks, jaw, neck."""
    return min(1.0, max(0.72, 0.9 + min((s + 15.0) / 450.0, (s + 15.0) / 305.0)))


@njit(error_model="numpy")
def _head_distance(part: Row, distances: npt.NDArray[np.float32], l: float, a: float, s: float) -> float:
    """Sections away from the midline are smaller copies of the midline: an egg above, an elliptic cylinder below."""
    width = part.half_width * _head_width(s)
    x = l / width
    if abs(x) > 0.985:
        return (abs(x) - 0.985) * width + 0.5
    scale = math.sqrt(1.0 - x * x)
    middle_a, middle_s = -5.0, 30.0
    # The nose is narrow: away from the midline the face recedes to the cheeks.
    if part.rounding > 0.0 and a > 30.0:
        beside = math.exp(-((s + 10.0) ** 2) / 400.0) * (1.0 - math.exp(-(l * l) / 170.0))
        a += part.rounding * beside * coverage(55.0 - a, 8.0)
    plane_a = middle_a + (a - middle_a) / scale
    plane_s = middle_s + (s - middle_s) / scale if s > middle_s else s
    return scale * _grid_distance(part, distances, plane_a, plane_s)


@njit(error_model="numpy")
def _extruded(plane_distance: float, side_distance: float, rounding: float) -> float:
    """Distance to an outline carried sideways up to a width, its rims rounded."""
    x, y = plane_distance + rounding, side_distance + rounding
    if x <= 0.0 or y <= 0.0:
        return max(x, y) - rounding
    return math.hypot(x, y) - rounding


@njit(error_model="numpy")
def _arch_distance(part: Row, distances: npt.NDArray[np.float32], l: float, a: float, s: float) -> float:
    """Outlines of jaws and atlas follow an ellipse; a positive depth opens backwards."""
    side = abs(l - part.middle_l)
    x, y = side / part.arch_width, (a - part.arch_a) / part.arch_depth
    if y < 0.0:
        return FAR
    r = math.hypot(x, y)
    if r < 1e-6:
        return FAR
    along_a = part.arch_a + part.arch_depth * r
    if along_a < part.low_a or along_a > part.high_a:
        return FAR
    stretch = abs(part.arch_depth) * math.hypot(x / part.arch_width, y / part.arch_depth) / r
    end = part.rounding - y * abs(part.arch_depth)
    beside = side - part.half_width
    if part.tooth_mm > 0.0:
        # Single teeth along the arch, tapering towards the root's tip, each a little out of line.
        along = (l - part.middle_l) * (1.0 + 0.16 * x * x) + part.tooth_shift
        place = along / part.tooth_mm
        tooth = math.floor(place)
        if tooth == part.tooth_missing:
            return FAR
        middle = abs(place - tooth - 0.5) * part.tooth_mm
        along_a += part.tooth_loose * noise3(tooth, 0.0, 0.0, part.tooth_seed)
        s += part.tooth_loose * noise3(tooth, 1.0, 0.0, part.tooth_seed)
        crown = min(1.0, max(0.0, (s - part.tooth_root) / (part.tooth_crown - part.tooth_root)))
        half = 0.5 * part.tooth_mm * (0.40 + 0.60 * math.sqrt(crown)) - 0.5 * part.tooth_gap
        # Corners of the crown are round where neighbours meet.
        rim = abs(part.tooth_edge - s)
        if rim < 1.6:
            half -= 0.35 * (1.6 - rim) * (1.6 - rim)
        d = _extruded(_grid_distance(part, distances, along_a, s), middle - half * part.tooth_share, 1.15 * part.tooth_share)
        return max(d, end, beside)
    return max(_grid_distance(part, distances, along_a, s) / stretch, end, beside)


@njit(error_model="numpy")
def _ellipsoid_distance(part: Row, l: float, a: float, s: float) -> float:
    if a < part.low_a or a > part.high_a or abs(l) > part.high_l:
        return FAR
    x, y, z = (abs(l) - part.middle_l) / part.radius_l, (a - part.a0) / part.radius_a, (s - part.s0) / part.radius_s
    r = math.sqrt(x * x + y * y + z * z)
    if r < 1e-6:
        return -min(part.radius_l, part.radius_a, part.radius_s)
    slope = math.sqrt((x / part.radius_l) ** 2 + (y / part.radius_a) ** 2 + (z / part.radius_s) ** 2) / r
    return (r - 1.0) / slope


@njit(error_model="numpy")
def _capsule_distance(part: Row, l: float, a: float, s: float) -> float:
    """A rod between two points on either side, of a radius that changes along it, flattened from above (`radius_s` times as high)."""
    if a < part.low_a or a > part.high_a or abs(l) > part.high_l:
        return FAR
    x, y, z = abs(l) - part.middle_l, a - part.a0, s - part.s0
    ex, ey, ez = part.end_l - part.middle_l, part.end_a - part.a0, part.end_s - part.s0
    t = min(1.0, max(0.0, (x * ex + y * ey + z * ez) / (ex * ex + ey * ey + ez * ez)))
    x, y, z = x - t * ex, y - t * ey, (z - t * ez) / part.radius_s
    return math.sqrt(x * x + y * y + z * z) - (part.radius_l + t * (part.radius_a - part.radius_l))


@njit(error_model="numpy")
def part_distance(part: Row, distances: npt.NDArray[np.float32], l: float, a: float, s: float) -> float:
    """Signed distance (mm, negative inside) of a point of the head to one part; a big number where it can't matter."""
    if s < part.low_s or s > part.high_s:
        return FAR
    if part.kind == SLAB:
        side = abs(l - part.middle_l)
        if a < part.low_a or a > part.high_a or side > part.high_l:
            return FAR
        return _extruded(_grid_distance(part, distances, a, s), side - part.half_width, part.rounding)
    if part.kind == HEAD:
        return _head_distance(part, distances, l, a, s)
    if part.kind == ELLIPSOID:
        return _ellipsoid_distance(part, l, a, s)
    if part.kind == CAPSULE:
        return _capsule_distance(part, l, a, s)
    return _arch_distance(part, distances, l, a, s)
