# ruff: noqa: PLR0917 - compiled functions take plain numbers, and numba passes by position fastest.
"""Compiled loops of `sos_studio.imaging.raycast`; imported lazily, because numba is slow to import."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

# Side of the blocks whose maximum lets a ray leap over air.
BLOCK = 8
_AMBIENT, _DEPTH_CUE = 0.25, 0.35
_NEVER = 1e30


@njit(cache=True, nogil=True, inline="always")
def _value(voxels: npt.NDArray[Any], x: float, y: float, z: float) -> Any:
    """Trilinear value at (i, j, k) coordinates inside the box."""
    nk, nj, ni = voxels.shape
    i = min(max(int(x), 0), ni - 2)
    j = min(max(int(y), 0), nj - 2)
    k = min(max(int(z), 0), nk - 2)
    fx, fy, fz = x - i, y - j, z - k
    near = (voxels[k, j, i] * (1 - fx) + voxels[k, j, i + 1] * fx) * (1 - fy) + (
        voxels[k, j + 1, i] * (1 - fx) + voxels[k, j + 1, i + 1] * fx
    ) * fy
    far = (voxels[k + 1, j, i] * (1 - fx) + voxels[k + 1, j, i + 1] * fx) * (1 - fy) + (
        voxels[k + 1, j + 1, i] * (1 - fx) + voxels[k + 1, j + 1, i + 1] * fx
    ) * fy
    return near * (1 - fz) + far * fz


@njit(cache=True, nogil=True, inline="always")
def _entry_exit(start: npt.NDArray[Any], step: npt.NDArray[Any], shape_ijk: npt.NDArray[Any]) -> tuple[float, float]:
    """Range of t for which ``start + t·step`` is inside the box of voxel centres (empty if first > last)."""
    first, last = 0.0, _NEVER
    for axis in range(3):
        high = shape_ijk[axis] - 1.0
        if abs(step[axis]) < 1e-12:
            if start[axis] < 0.0 or start[axis] > high:
                return 1.0, 0.0
            continue
        a, b = -start[axis] / step[axis], (high - start[axis]) / step[axis]
        first, last = max(first, min(a, b)), min(last, max(a, b))
    return first, last


@njit(cache=True, nogil=True, inline="always")
def _block_end(x: float, y: float, z: float, step: npt.NDArray[Any]) -> float:
    """How far (in steps) the ray still runs inside the block around a point."""
    leap = _NEVER
    for axis in range(3):
        p = x if axis == 0 else (y if axis == 1 else z)
        if abs(step[axis]) > 1e-12:
            side = math.floor(p / BLOCK) * BLOCK
            border = side + BLOCK if step[axis] > 0 else side
            leap = min(leap, (border - p) / step[axis])
    return leap


@njit(cache=True, nogil=True)
def first_hits(
    voxels: npt.NDArray[Any],
    block_max: npt.NDArray[Any],
    origin: npt.NDArray[Any],
    along_u: npt.NDArray[Any],
    along_v: npt.NDArray[Any],
    step: npt.NDArray[Any],
    threshold: float,
    t_hit: npt.NDArray[Any],
) -> None:
    """Ray parameter of each pixel's first voxel value at or above the threshold; negative where there is none.

    `origin`, `along_u`, `along_v` and `step` are in voxels (i, j, k); `step` is about one voxel long.
    """
    shape_ijk = np.array([voxels.shape[2], voxels.shape[1], voxels.shape[0]], dtype=np.float64)
    height, width = t_hit.shape
    start = np.empty(3)
    for v in range(height):
        for u in range(width):
            for axis in range(3):
                start[axis] = origin[axis] + u * along_u[axis] + v * along_v[axis]
            t, last = _entry_exit(start, step, shape_ijk)
            t_hit[v, u] = -1.0
            while t <= last:
                x, y, z = start[0] + t * step[0], start[1] + t * step[1], start[2] + t * step[2]
                if block_max[int(z) // BLOCK, int(y) // BLOCK, int(x) // BLOCK] < threshold:
                    t += max(_block_end(x, y, z, step), 0.0) + 1e-3
                    continue
                if _value(voxels, x, y, z) >= threshold:
                    low, high = t - 1.0, t
                    for _ in range(5):
                        middle = 0.5 * (low + high)
                        inside = _value(voxels, start[0] + middle * step[0], start[1] + middle * step[1], start[2] + middle * step[2])
                        if inside >= threshold:
                            high = middle
                        else:
                            low = middle
                    t_hit[v, u] = high
                    break
                t += 1.0


@njit(cache=True, nogil=True, inline="always")
def _turn(matrix: npt.NDArray[Any], vector: npt.NDArray[Any], turned: npt.NDArray[Any]) -> None:
    """`turned` = linear part of `matrix` times `vector`."""
    for row in range(3):
        turned[row] = matrix[row, 0] * vector[0] + matrix[row, 1] * vector[1] + matrix[row, 2] * vector[2]


@njit(cache=True, nogil=True)
def shade(
    voxels: npt.NDArray[Any],
    origin: npt.NDArray[Any],
    along_u: npt.NDArray[Any],
    along_v: npt.NDArray[Any],
    step: npt.NDArray[Any],
    lps_from_ijk: npt.NDArray[Any],
    t_hit: npt.NDArray[Any],
    t_range: tuple[float, float],
    planes: npt.NDArray[Any],
    colours: npt.NDArray[Any],
    line_mm: float,
    rgb: npt.NDArray[Any],
) -> None:
    """Colour the hits: headlight, nearer is brighter, and a line where a plane cuts the surface.

    `planes` has rows (normal x, y, z, distance) in LPS millimetres, `colours` rows of RGB.
    """
    height, width = t_hit.shape
    nk, nj, ni = voxels.shape
    inverse = 1.0 / np.array(
        [
            lps_from_ijk[0, 0] ** 2 + lps_from_ijk[1, 0] ** 2 + lps_from_ijk[2, 0] ** 2,
            lps_from_ijk[0, 1] ** 2 + lps_from_ijk[1, 1] ** 2 + lps_from_ijk[2, 1] ** 2,
            lps_from_ijk[0, 2] ** 2 + lps_from_ijk[1, 2] ** 2 + lps_from_ijk[2, 2] ** 2,
        ]
    )
    view, normal, gradient = np.empty(3), np.empty(3), np.empty(3)
    _turn(lps_from_ijk, step, view)
    view /= math.sqrt(view[0] ** 2 + view[1] ** 2 + view[2] ** 2)
    for v in range(height):
        for u in range(width):
            t = t_hit[v, u]
            if t < 0.0:
                continue
            x = min(max(origin[0] + u * along_u[0] + v * along_v[0] + t * step[0], 1.0), ni - 2.0)
            y = min(max(origin[1] + u * along_u[1] + v * along_v[1] + t * step[1], 1.0), nj - 2.0)
            z = min(max(origin[2] + u * along_u[2] + v * along_v[2] + t * step[2], 1.0), nk - 2.0)
            gradient[0] = (_value(voxels, x + 1, y, z) - _value(voxels, x - 1, y, z)) * inverse[0]
            gradient[1] = (_value(voxels, x, y + 1, z) - _value(voxels, x, y - 1, z)) * inverse[1]
            gradient[2] = (_value(voxels, x, y, z + 1) - _value(voxels, x, y, z - 1)) * inverse[2]
            _turn(lps_from_ijk, gradient, normal)
            length = math.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2)
            facing = 0.0
            if length > 0.0:
                facing = abs(normal[0] * view[0] + normal[1] * view[1] + normal[2] * view[2]) / length
            near = 1.0 - (t - t_range[0]) / max(t_range[1] - t_range[0], 1e-6)
            light = (_AMBIENT + (1.0 - _AMBIENT) * facing) * (1.0 - _DEPTH_CUE + _DEPTH_CUE * near)
            rgb[v, u, 0], rgb[v, u, 1], rgb[v, u, 2] = 245.0 * light, 235.0 * light, 215.0 * light
            px = lps_from_ijk[0, 0] * x + lps_from_ijk[0, 1] * y + lps_from_ijk[0, 2] * z + lps_from_ijk[0, 3]
            py = lps_from_ijk[1, 0] * x + lps_from_ijk[1, 1] * y + lps_from_ijk[1, 2] * z + lps_from_ijk[1, 3]
            pz = lps_from_ijk[2, 0] * x + lps_from_ijk[2, 1] * y + lps_from_ijk[2, 2] * z + lps_from_ijk[2, 3]
            for n in range(planes.shape[0]):
                distance = planes[n, 0] * px + planes[n, 1] * py + planes[n, 2] * pz - planes[n, 3]
                if abs(distance) < line_mm:
                    for channel in range(3):
                        rgb[v, u, channel] = colours[n, channel]
