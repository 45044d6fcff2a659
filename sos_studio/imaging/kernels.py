# ruff: noqa: PLR0917 - compiled functions take plain numbers, and numba passes by position fastest.
"""Compiled loops of `sos_studio.imaging.resample`; imported lazily, because numba is slow to import.

Legend: ``flat`` is a volume's voxels as one row, ``ni nj nk`` its size, ``m`` the 3 x 4 matrix ``ijk_from_uv`` acting on
``(u, v, w, 1)`` with w in steps through the slab. No fast-math: a capture must come out the same bit for bit everywhere.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

# Voxels by which a point may lie outside the box of voxel centres and still count as on its face: rounding, nothing more.
EDGE = 1e-6


@njit(cache=True, nogil=True, inline="always")
def _run(position: float, step: float, count: int, width: int) -> tuple[int, int]:
    """First and one-past-last u for which ``position + u·step`` may lie within 0 … count − 1."""
    low, high = -EDGE, count - 1 + EDGE
    if abs(step) < 1e-12:
        if low <= position <= high:
            return 0, width
        return 0, 0
    a, b = (low - position) / step, (high - position) / step
    if a > b:
        a, b = b, a
    if b < 0.0 or a > width - 1:
        return 0, 0
    return max(0, math.ceil(a - 1e-9)), min(width, math.floor(b + 1e-9) + 1)


@njit(cache=True, nogil=True, inline="always")
def _sample(flat: npt.NDArray[Any], ni: int, nj: int, nk: int, x: float, y: float, z: float) -> Any:
    """Trilinear value at a point inside the box of voxel centres (coordinates clamped to it)."""
    x = min(max(x, 0.0), ni - 1.0)
    y = min(max(y, 0.0), nj - 1.0)
    z = min(max(z, 0.0), nk - 1.0)
    i, j, k = np.int64(x), np.int64(y), np.int64(z)
    fx, fy, fz = np.float32(x - i), np.float32(y - j), np.float32(z - k)
    # The last voxel has no neighbour beyond: its weight is 0 there, so it may stand in for one.
    di = np.int64(i + 1 < ni)
    dj = ni if j + 1 < nj else 0
    dk = ni * nj if k + 1 < nk else 0
    # Unsigned: numba would test every signed index for a negative one.
    p, right = np.uint64((k * nj + j) * ni + i), np.uint64(di)
    below, behind = np.uint64(dj), np.uint64(dk)
    a, b = np.float32(flat[p]), np.float32(flat[p + right])
    c, d = np.float32(flat[p + below]), np.float32(flat[p + below + right])
    e, f = np.float32(flat[p + behind]), np.float32(flat[p + behind + right])
    g, h = np.float32(flat[p + behind + below]), np.float32(flat[p + behind + below + right])
    ab, cd, ef, gh = a + fx * (b - a), c + fx * (d - c), e + fx * (f - e), g + fx * (h - g)
    front, back = ab + fy * (cd - ab), ef + fy * (gh - ef)
    return front + fz * (back - front)


@njit(cache=True, nogil=True, inline="always")
def _row_run(m: npt.NDArray[Any], v: int, w: float, ni: int, nj: int, nk: int, width: int) -> tuple[int, int, float, float, float]:
    """Which u of a row lie inside the box, and where u = 0 lies in voxels."""
    x = m[0, 1] * v + m[0, 2] * w + m[0, 3]
    y = m[1, 1] * v + m[1, 2] * w + m[1, 3]
    z = m[2, 1] * v + m[2, 2] * w + m[2, 3]
    a0, a1 = _run(x, m[0, 0], ni, width)
    b0, b1 = _run(y, m[1, 0], nj, width)
    c0, c1 = _run(z, m[2, 0], nk, width)
    return max(a0, b0, c0), min(a1, b1, c1), x, y, z


@njit(cache=True, nogil=True)
def reslice_plane(flat: npt.NDArray[Any], ni: int, nj: int, nk: int, m: npt.NDArray[Any], out_vu: npt.NDArray[Any]) -> None:
    """Trilinear samples of one plane; NaN outside."""
    height, width = out_vu.shape
    for v in range(height):
        first, last, x, y, z = _row_run(m, v, 0.0, ni, nj, nk, width)
        for u in range(width):
            if first <= u < last:
                out_vu[v, u] = _sample(flat, ni, nj, nk, x + u * m[0, 0], y + u * m[1, 0], z + u * m[2, 0])
            else:
                out_vu[v, u] = np.nan


@njit(cache=True, nogil=True)
def reslice_slab(flat: npt.NDArray[Any], ni: int, nj: int, nk: int, m: npt.NDArray[Any], samples: int, out_vu: npt.NDArray[Any]) -> None:
    """Mean of `samples` parallel planes, one step of w apart and centred on w = 0; NaN where the middle plane is outside."""
    height, width = out_vu.shape
    total = np.zeros(width, dtype=np.float64)
    inside = np.zeros(width, dtype=np.int64)
    for v in range(height):
        total[:] = 0.0
        inside[:] = 0
        for n in range(samples):
            first, last, x, y, z = _row_run(m, v, n - (samples - 1) / 2, ni, nj, nk, width)
            for u in range(first, last):
                total[u] += _sample(flat, ni, nj, nk, x + u * m[0, 0], y + u * m[1, 0], z + u * m[2, 0])
                inside[u] += 1
        first, last, x, y, z = _row_run(m, v, 0.0, ni, nj, nk, width)
        for u in range(width):
            out_vu[v, u] = total[u] / inside[u] if first <= u < last and inside[u] > 0 else np.nan


@njit(cache=True, nogil=True)
def render_plane(
    flat: npt.NDArray[Any], ni: int, nj: int, nk: int, m: npt.NDArray[Any], low: float, high: float, out_vu: npt.NDArray[Any]
) -> None:
    """`reslice_plane` with the grey-value window applied on the way; outside is 0."""
    height, width = out_vu.shape
    scale = np.float32(255.0 / (high - low))
    offset = np.float32(low)
    for v in range(height):
        first, last, x, y, z = _row_run(m, v, 0.0, ni, nj, nk, width)
        for u in range(min(first, width)):
            out_vu[v, u] = 0
        for u in range(max(first, last), width):
            out_vu[v, u] = 0
        for u in range(first, last):
            value = _sample(flat, ni, nj, nk, x + u * m[0, 0], y + u * m[1, 0], z + u * m[2, 0])
            grey = (value - offset) * scale + np.float32(0.5)
            # Written so that a NaN voxel comes out black.
            out_vu[v, u] = np.uint8(min(grey, np.float32(255.0))) if grey > np.float32(0.0) else np.uint8(0)
