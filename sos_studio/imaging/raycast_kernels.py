# ruff: noqa: PLR0917 - compiled functions take plain numbers, and numba passes by position fastest.
"""Compiled loops of `sos_studio.imaging.raycast`: where rays meet bone. Imported lazily, because numba is slow to import.

Legend: ``pairs`` is the copy's voxels as overlapping words of two neighbours (see `kernels`), ``ni nj nk`` its size, ``leaps``
how many blocks a ray may leap over (0: the block holds bone). ``frame`` is 4 x 3 in voxels (i, j, k): where the ray of pixel
(0, 0) starts, how starts change per column and per row, and one step along all rays. ``cut`` is a plane in voxels (normal,
distance): what lies on its negative side was taken away; a normal of zeros cuts nothing.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from sos_studio.imaging.kernels import left_of, right_of

Array = npt.NDArray[Any]

# Side of the blocks over which a ray leaps when they hold no bone.
_BITS = 2
BLOCK = 1 << _BITS
_NEVER = 1e30
_CHORDS = 2
# A ray that only touches the box at a corner is no entry.
_TOUCH = 1e-9


@njit(cache=True, nogil=True, inline="always")
def value_at(pairs: Array, ni: int, nj: int, nk: int, x: float, y: float, z: float) -> Any:
    """Trilinear value at (i, j, k) coordinates; outside the box that of its nearest point."""
    x, y, z = min(max(x, 0.0), ni - 1.0), min(max(y, 0.0), nj - 1.0), min(max(z, 0.0), nk - 1.0)
    i, j, k = min(int(x), ni - 2), min(int(y), nj - 2), min(int(z), nk - 2)
    fx, fy, fz = np.float32(x - i), np.float32(y - j), np.float32(z - k)
    # Unsigned: numba would test every signed index for a negative one.
    at = np.uint64((k * nj + j) * ni + i)
    below, behind = np.uint64(ni), np.uint64(ni * nj)
    near, near_below, far, far_below = pairs[at], pairs[at + below], pairs[at + behind], pairs[at + behind + below]
    a, c, e, g = left_of(near), left_of(near_below), left_of(far), left_of(far_below)
    ab, cd = a + fx * (right_of(near) - a), c + fx * (right_of(near_below) - c)
    ef, gh = e + fx * (right_of(far) - e), g + fx * (right_of(far_below) - g)
    front, back = ab + fy * (cd - ab), ef + fy * (gh - ef)
    return front + fz * (back - front)


@njit(cache=True, nogil=True, inline="always")
def _slab(start: float, step: float, high: float, first: float, last: float) -> tuple[float, float]:
    """Narrow a range of t to where ``start + t·step`` lies within 0 … high."""
    if abs(step) < 1e-12:
        if start < 0.0 or start > high:
            return 1.0, 0.0
        return first, last
    a, b = -start / step, (high - start) / step
    return max(first, min(a, b)), min(last, max(a, b))


@njit(cache=True, nogil=True, inline="always")
def _border(p: float, inverse: float, block: int, leap: int) -> float:
    """Steps until the ray leaves the blocks around `block` that hold no bone, along one axis (`inverse` of what a step goes there)."""
    if inverse > 0.0:
        return ((block + leap) * BLOCK - p) * inverse
    return ((block - leap + 1) * BLOCK - p) * inverse


@njit(cache=True, nogil=True, inline="always")
def _inverse(step: float) -> float:
    """1 / step; a step of nothing never gets anywhere."""
    return 1.0 / step if abs(step) > 1e-12 else _NEVER


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def _refined(
    pairs: Array, ni: int, nj: int, nk: int, frame: Array, u: int, v: int, low: float, high: float, value: float, level: float
) -> Any:
    """Where between `low` (outside) and `high` (inside, with its value) a ray passes the level: by the chord, which closes in quickly."""
    x0 = frame[0, 0] + u * frame[1, 0] + v * frame[2, 0]
    y0 = frame[0, 1] + u * frame[1, 1] + v * frame[2, 1]
    z0 = frame[0, 2] + u * frame[1, 2] + v * frame[2, 2]
    sx, sy, sz = frame[3, 0], frame[3, 1], frame[3, 2]
    outside = value_at(pairs, ni, nj, nk, x0 + low * sx, y0 + low * sy, z0 + low * sz)
    if outside >= level:
        return low
    for _ in range(_CHORDS):
        middle = high - (high - low) * (value - level) / (value - outside)
        between = value_at(pairs, ni, nj, nk, x0 + middle * sx, y0 + middle * sy, z0 + middle * sz)
        if between >= level:
            high, value = middle, between
        else:
            low, outside = middle, between
    return high - (high - low) * (value - level) / (value - outside)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def cast(
    pairs: Array,
    ni: int,
    nj: int,
    nk: int,
    leaps: Array,
    frame: Array,
    cut: Array,
    levels: tuple[float, float],
    rows: tuple[int, int],
    t_face: Array,
    t_hit: Array,
) -> None:
    """Where the rays of some rows meet the cut face and, behind it, bone; negative where they don't.

    `levels` is the bone threshold and the value from which the cut face hides what is behind it: rays end there.
    """
    width = t_hit.shape[1]
    level, solid = levels
    sx, sy, sz = frame[3, 0], frame[3, 1], frame[3, 2]
    ix, iy, iz = _inverse(sx), _inverse(sy), _inverse(sz)
    slope = cut[0] * sx + cut[1] * sy + cut[2] * sz
    for v in range(rows[0], rows[1]):
        for u in range(width):
            t_hit[v, u] = t_face[v, u] = -1.0
            x0 = frame[0, 0] + u * frame[1, 0] + v * frame[2, 0]
            y0 = frame[0, 1] + u * frame[1, 1] + v * frame[2, 1]
            z0 = frame[0, 2] + u * frame[1, 2] + v * frame[2, 2]
            first, last = _slab(x0, sx, ni - 1.0, 0.0, _NEVER)
            first, last = _slab(y0, sy, nj - 1.0, first, last)
            first, last = _slab(z0, sz, nk - 1.0, first, last)
            height = cut[0] * x0 + cut[1] * y0 + cut[2] * z0 - cut[3]
            if height + first * slope < 0.0:
                # It enters the box on the side that was taken away: what is left begins at the cut, or never.
                first = -height / slope if slope > 0.0 else _NEVER
                if first + _TOUCH < last:
                    t_face[v, u] = first
                    if value_at(pairs, ni, nj, nk, x0 + first * sx, y0 + first * sy, z0 + first * sz) >= solid:
                        t_hit[v, u] = first
                        continue
            elif slope < 0.0:
                last = min(last, -height / slope)
            t = first
            while t <= last:
                x, y, z = x0 + t * sx, y0 + t * sy, z0 + t * sz
                bi, bj, bk = int(x) >> _BITS, int(y) >> _BITS, int(z) >> _BITS
                leap = int(leaps[np.uint64(bk), np.uint64(bj), np.uint64(bi)])
                if leap > 0:
                    ahead = min(_border(x, ix, bi, leap), _border(y, iy, bj, leap), _border(z, iz, bk, leap))
                    t += max(ahead, 0.0) + 1e-3
                    continue
                value = value_at(pairs, ni, nj, nk, x, y, z)
                if value >= level:
                    t_hit[v, u] = _refined(pairs, ni, nj, nk, frame, u, v, max(t - 1.0, first), t, value, level)
                    break
                t += 1.0


@njit(cache=True, nogil=True)
def block_maxima(voxels_kji: Array, maxima: Array) -> None:
    """Highest voxel of each block and of the voxels that border on it, which trilinear values near its border depend on."""
    nk, nj, ni = voxels_kji.shape
    maxima[...] = -32768
    for k in range(nk):
        for bk in range(max(k - 1, 0) // BLOCK, min((k + 1) // BLOCK, maxima.shape[0] - 1) + 1):
            for j in range(nj):
                for bj in range(max(j - 1, 0) // BLOCK, min((j + 1) // BLOCK, maxima.shape[1] - 1) + 1):
                    for bi in range(maxima.shape[2]):
                        high = maxima[bk, bj, bi]
                        for i in range(max(bi * BLOCK - 1, 0), min((bi + 1) * BLOCK + 1, ni)):
                            high = max(high, voxels_kji[k, j, i])
                        maxima[bk, bj, bi] = high


@njit(cache=True, nogil=True)
def leaps_over(maxima: Array, level: float, leaps: Array) -> None:
    """Blocks between each block and the nearest that reaches the level, along the longest axis; 0 where it does itself."""
    nk, nj, ni = maxima.shape
    far = 255
    for k in range(nk):
        for j in range(nj):
            for i in range(ni):
                leaps[k, j, i] = 0 if maxima[k, j, i] >= level else far
    for sweep in range(2):
        for kk in range(nk):
            k = kk if sweep == 0 else nk - 1 - kk
            for jj in range(nj):
                j = jj if sweep == 0 else nj - 1 - jj
                for ii in range(ni):
                    i = ii if sweep == 0 else ni - 1 - ii
                    least = int(leaps[k, j, i])
                    for n in range(13):
                        # The 13 neighbours that this sweep has passed already, of all 26.
                        dk, dj, di = -1 + n // 9, -1 + n // 3 % 3, -1 + n % 3
                        if sweep == 1:
                            dk, dj, di = -dk, -dj, -di
                        a, b, c = k + dk, j + dj, i + di
                        if 0 <= a < nk and 0 <= b < nj and 0 <= c < ni:
                            least = min(least, int(leaps[a, b, c]) + 1)
                    leaps[k, j, i] = min(least, far)


@njit(cache=True, nogil=True)
def add_rows(plane_ji: Array, share: float, span: float, sum_oi: Array) -> None:
    """Add the rows of a plane, times its share, to those of a plane of fewer rows: each of them takes the mean of `span` rows."""
    rows, columns = plane_ji.shape
    for j in range(rows):
        low, high = j / span, (j + 1) / span
        for o in range(int(low + 1e-9), min(math.ceil(high - 1e-9), sum_oi.shape[0])):
            weight = np.float32(share * (min(high, o + 1.0) - max(low, float(o))))
            for i in range(columns):
                sum_oi[o, i] += weight * np.float32(plane_ji[j, i])


@njit(cache=True, nogil=True)
def mean_columns(sum_oi: Array, span: float, small_op: Array) -> None:
    """Means over `span` columns."""
    columns = sum_oi.shape[1]
    for p in range(small_op.shape[1]):
        begin, end = p * span, min((p + 1) * span, float(columns))
        a, b = int(begin + 1e-9), min(math.ceil(end - 1e-9), columns)
        for o in range(small_op.shape[0]):
            total = 0.0
            for i in range(a, b):
                total += sum_oi[o, i]
            total -= (begin - a) * sum_oi[o, a] + (b - end) * sum_oi[o, b - 1]
            small_op[o, p] = total / (end - begin)
