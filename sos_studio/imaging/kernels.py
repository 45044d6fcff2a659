# ruff: noqa: PLR0917 - compiled functions take plain numbers, and numba passes by position fastest.
"""Compiled loops of `sos_studio.imaging.resample`; imported lazily, because numba is slow to import.

Legend: ``pairs`` is a volume's voxels as one row of overlapping words, each holding a voxel and the one to its right (int32 for
int16 voxels, int64 for float32 ones): four loads instead of eight, and the loads are what takes the time. ``ni nj nk`` is the
volume's size, each at least 2; ``m`` the 3 x 4 matrix ``ijk_from_uv`` acting on ``(u, v, w, 1)`` with w in steps through the
slab; ``first_v`` the number of the first row of ``out_vu`` within the plane. Each row is clipped to the box once, then done in runs of
`RUN` pixels: indices, loads and interpolation apart, so that the first and the last become vector instructions; meanwhile the next
run's voxels are fetched. No fast-math: a capture must come out the same bit for bit everywhere.

`render_slab` is for the screen only. A slab costs as many planes as it has samples, so it gives up what a screen can't show: voxel
coordinates are 16.16 fixed point (wrong by at most a thousandth of a voxel), which lets a whole run be indexed in 32-bit vector
instructions. Pixels are done in tiles of `TILE_V` rows by `TILE_U` columns through all samples, because neighbouring planes and rows
share their voxels: what one sample fetched, the next finds in the cache.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from sos_studio.imaging.resample import EDGE

Array = npt.NDArray[Any]

RUN = 64
TILE_U, TILE_V = 64, 16
# Limits of the fixed-point coordinates and of the 32-bit voxel index.
MAX_AXIS, MAX_VOXELS = 2**15 - 1, 2**32 - 1
_ONE = 65536.0
_MAX_STEP = float(2**30)


def left_of(word: Any) -> Any:
    """First voxel of a word (compiled code only)."""
    raise NotImplementedError


def right_of(word: Any) -> Any:
    """Second voxel of a word (compiled code only)."""
    raise NotImplementedError


@overload(left_of, inline="always")
def _left_of(word: Any) -> Any:
    def of_int16(word: Any) -> Any:
        return np.float32(np.int16(word))

    def of_float32(word: Any) -> Any:
        return np.uint32(word).view(np.float32)

    return of_int16 if word == types.int32 else of_float32


@overload(right_of, inline="always")
def _right_of(word: Any) -> Any:
    def of_int16(word: Any) -> Any:
        return np.float32(word >> 16)

    def of_float32(word: Any) -> Any:
        return np.uint32(word >> 32).view(np.float32)

    return of_int16 if word == types.int32 else of_float32


@intrinsic
def _fetch(_context: Any, pairs: Any, index: Any) -> Any:  # noqa: ARG001  numba goes by the names
    """Have the cache line of ``pairs[index]`` brought nearer; nothing waits for it, and any index is allowed."""
    bits = pairs.dtype.bitwidth

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        voxels = builder.bitcast(context.make_array(signature.args[0])(context, builder, args[0]).data, ir.IntType(bits // 2).as_pointer())
        address, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        prefetch = ir.FunctionType(ir.VoidType(), [address, number, number, number])
        function = cgutils.get_or_insert_function(builder.module, prefetch, "llvm.prefetch.p0i8")
        # Read, into the second-level cache, data: rows of voxels lie so regularly that the first level keeps few of them.
        builder.call(function, [builder.bitcast(builder.gep(voxels, [args[1]]), address), number(0), number(2), number(1)])
        return context.get_dummy_value()

    return types.none(pairs, types.int64), generate


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


@njit(cache=True, nogil=True)
def _row_run(m: Array, v: int, w: float, ni: int, nj: int, nk: int, width: int) -> tuple[int, int, float, float, float]:
    """Which u of a row lie inside the box (none: first = last = 0), and where u = 0 lies in voxels."""
    x = m[0, 1] * v + m[0, 2] * w + m[0, 3]
    y = m[1, 1] * v + m[1, 2] * w + m[1, 3]
    z = m[2, 1] * v + m[2, 2] * w + m[2, 3]
    a0, a1 = _run(x, m[0, 0], ni, width)
    b0, b1 = _run(y, m[1, 0], nj, width)
    c0, c1 = _run(z, m[2, 0], nk, width)
    first, last = max(a0, b0, c0), min(a1, b1, c1)
    if first >= last:
        return 0, 0, x, y, z
    return first, last, x, y, z


@njit(cache=True, nogil=True)
def _blend(words: Array, fx: Array, fy: Array, fz: Array, n: int, out: Array) -> None:
    """Trilinear values of n pixels from the voxel pairs around each (rows near, near below, far, far below) and their weights."""
    near, near_below, far, far_below = words[0], words[1], words[2], words[3]
    for t in range(n):
        a, c = left_of(near[t]), left_of(near_below[t])
        e, g = left_of(far[t]), left_of(far_below[t])
        ab, cd = a + fx[t] * (right_of(near[t]) - a), c + fx[t] * (right_of(near_below[t]) - c)
        ef, gh = e + fx[t] * (right_of(far[t]) - e), g + fx[t] * (right_of(far_below[t]) - g)
        front, back = ab + fy[t] * (cd - ab), ef + fy[t] * (gh - ef)
        out[t] = front + fz[t] * (back - front)


@njit(cache=True, nogil=True, error_model="numpy")
def _values(
    pairs: Array, ni: int, nj: int, nk: int, m: Array, x: float, y: float, z: float, u0: int, n: int, index: Array, words: Array, at: Array
) -> None:
    """Trilinear values of pixels u0 … u0 + n − 1 of a row, into ``at[0]``; the other arrays are room to work in."""
    last_i, last_j, last_k = np.int32(ni - 2), np.int32(nj - 2), np.int32(nk - 2)
    row_voxels, column_rows = np.int32(ni), np.int32(nj)
    fx, fy, fz = at[1], at[2], at[3]
    for t in range(n):
        xx = min(max(x + (u0 + t) * m[0, 0], 0.0), ni - 1.0)
        yy = min(max(y + (u0 + t) * m[1, 0], 0.0), nj - 1.0)
        zz = min(max(z + (u0 + t) * m[2, 0], 0.0), nk - 1.0)
        # The last voxel has no neighbour beyond: it is reached from the last but one with weight 1.
        i, j, k = min(np.int32(xx), last_i), min(np.int32(yy), last_j), min(np.int32(zz), last_k)
        fx[t], fy[t], fz[t] = xx - i, yy - j, zz - k
        row = np.int32(k * column_rows + j)
        # Unsigned: numba would test every signed index for a negative one.
        index[t] = np.uint64(np.int64(row) * np.int64(row_voxels) + np.int64(i))
    below, behind = np.uint64(ni), np.uint64(ni * nj)
    near, near_below, far, far_below = words[0], words[1], words[2], words[3]
    for t in range(n):
        p = index[t]
        near[t] = pairs[p]
        near_below[t] = pairs[p + below]
        far[t] = pairs[p + behind]
        far_below[t] = pairs[p + behind + below]
    _blend(words, fx, fy, fz, n, at[0])


@njit(cache=True, nogil=True)
def _fetch_ahead(pairs: Array, ni: int, nj: int, m: Array, x: float, y: float, z: float, u0: int, last: int) -> None:
    """Have the voxels of the run that begins at u0 fetched while the one before is computed: planes wait for memory above all."""
    below, behind = np.int64(ni), np.int64(ni) * np.int64(nj)
    for u in range(u0, min(u0 + RUN, last)):
        i, j, k = np.int64(x + u * m[0, 0]), np.int64(y + u * m[1, 0]), np.int64(z + u * m[2, 0])
        p = (k * nj + j) * ni + i
        _fetch(pairs, p)
        _fetch(pairs, p + below)
        _fetch(pairs, p + behind)
        _fetch(pairs, p + behind + below)


@njit(cache=True, nogil=True)
def reslice_plane(pairs: Array, ni: int, nj: int, nk: int, m: Array, first_v: int, out_vu: Array) -> None:
    """Trilinear samples of one plane; NaN outside."""
    height, width = out_vu.shape
    index, words, at = np.empty(RUN, np.uint64), np.empty((4, RUN), pairs.dtype), np.empty((4, RUN), np.float32)
    for v in range(height):
        first, last, x, y, z = _row_run(m, first_v + v, 0.0, ni, nj, nk, width)
        out_vu[v, :first] = np.nan
        out_vu[v, last:] = np.nan
        after, end, ax, ay, az = _row_run(m, first_v + v + 1, 0.0, ni, nj, nk, width)
        for u0 in range(first, last, RUN):
            n = min(RUN, last - u0)
            if u0 + RUN < last:
                _fetch_ahead(pairs, ni, nj, m, x, y, z, u0 + RUN, last)
            else:
                _fetch_ahead(pairs, ni, nj, m, ax, ay, az, after, end)
            _values(pairs, ni, nj, nk, m, x, y, z, u0, n, index, words, at)
            for t in range(n):
                out_vu[v, u0 + t] = at[0, t]


@njit(cache=True, nogil=True)
def reslice_slab(pairs: Array, ni: int, nj: int, nk: int, m: Array, samples: int, out_vu: Array) -> None:
    """Mean of `samples` parallel planes, one step of w apart and centred on w = 0; NaN where the middle plane is outside."""
    height, width = out_vu.shape
    index, words, at = np.empty(RUN, np.uint64), np.empty((4, RUN), pairs.dtype), np.empty((4, RUN), np.float32)
    total = np.zeros(width, dtype=np.float64)
    inside = np.zeros(width, dtype=np.int64)
    for v in range(height):
        total[:] = 0.0
        inside[:] = 0
        for s in range(samples):
            first, last, x, y, z = _row_run(m, v, s - (samples - 1) / 2, ni, nj, nk, width)
            for u0 in range(first, last, RUN):
                n = min(RUN, last - u0)
                _values(pairs, ni, nj, nk, m, x, y, z, u0, n, index, words, at)
                for t in range(n):
                    total[u0 + t] += at[0, t]
                    inside[u0 + t] += 1
        first, last, x, y, z = _row_run(m, v, 0.0, ni, nj, nk, width)
        for u in range(width):
            out_vu[v, u] = total[u] / inside[u] if first <= u < last and inside[u] > 0 else np.nan


@njit(cache=True, nogil=True)
def render_plane(pairs: Array, ni: int, nj: int, nk: int, m: Array, first_v: int, low: float, high: float, out_vu: Array) -> None:
    """`reslice_plane` with the grey-value window applied on the way; outside is 0."""
    height, width = out_vu.shape
    index, words, at = np.empty(RUN, np.uint64), np.empty((4, RUN), pairs.dtype), np.empty((4, RUN), np.float32)
    scale, offset = np.float32(255.0 / (high - low)), np.float32(low)
    for v in range(height):
        first, last, x, y, z = _row_run(m, first_v + v, 0.0, ni, nj, nk, width)
        out_vu[v, :first] = 0
        out_vu[v, last:] = 0
        after, end, ax, ay, az = _row_run(m, first_v + v + 1, 0.0, ni, nj, nk, width)
        for u0 in range(first, last, RUN):
            n = min(RUN, last - u0)
            if u0 + RUN < last:
                _fetch_ahead(pairs, ni, nj, m, x, y, z, u0 + RUN, last)
            else:
                _fetch_ahead(pairs, ni, nj, m, ax, ay, az, after, end)
            _values(pairs, ni, nj, nk, m, x, y, z, u0, n, index, words, at)
            for t in range(n):
                grey = (at[0, t] - offset) * scale + np.float32(0.5)
                # Written so that a NaN voxel comes out black.
                out_vu[v, u0 + t] = np.uint8(min(grey, np.float32(255.0))) if grey > np.float32(0.0) else np.uint8(0)


@intrinsic
def _word_at(_context: Any, pairs: Any, index: Any) -> Any:  # noqa: ARG001  numba goes by the names
    """``pairs[index]`` with a step known to the compiler: words overlap by a voxel, and numba would multiply for every load."""
    bits = pairs.dtype.bitwidth

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        voxels = builder.bitcast(context.make_array(signature.args[0])(context, builder, args[0]).data, ir.IntType(bits // 2).as_pointer())
        word = builder.bitcast(builder.gep(voxels, [args[1]], inbounds=True), ir.IntType(bits).as_pointer())
        return builder.load(word, align=bits // 16)

    return pairs.dtype(pairs, types.int64), generate


@njit(cache=True, nogil=True)
def _fixed_step(step: float) -> Any:
    # Along an axis of one voxel steps are huge, and no second pixel lies inside.
    return np.int32(round(min(max(step * _ONE, -_MAX_STEP), _MAX_STEP)))


@njit(cache=True, nogil=True, error_model="numpy")
def _sample(
    pairs: Array,
    ni: int,
    nj: int,
    nk: int,
    m: Array,
    x: float,
    y: float,
    z: float,
    u0: int,
    n: int,
    mean: bool,
    into: Array,
    index: Array,
    words: Array,
    at: Array,
) -> None:
    """Add (or keep the largest of) the values of pixels u0 … u0 + n − 1 of one row of one sample."""
    last_i, last_j, last_k = np.int32(ni - 2), np.int32(nj - 2), np.int32(nk - 2)
    row_voxels, column_rows = np.int32(ni), np.int32(nj)
    x0, y0, z0 = np.int32((x + u0 * m[0, 0]) * _ONE), np.int32((y + u0 * m[1, 0]) * _ONE), np.int32((z + u0 * m[2, 0]) * _ONE)
    dx, dy, dz = _fixed_step(m[0, 0]), _fixed_step(m[1, 0]), _fixed_step(m[2, 0])
    end_x, end_y, end_z = np.int32((ni - 1) << 16), np.int32((nj - 1) << 16), np.int32((nk - 1) << 16)
    fx, fy, fz, zero, one = at[0], at[1], at[2], np.int32(0), np.float32(1.0 / _ONE)
    for t in range(n):
        step = np.int32(t)
        xx = min(max(np.int32(x0 + step * dx), zero), end_x)
        yy = min(max(np.int32(y0 + step * dy), zero), end_y)
        zz = min(max(np.int32(z0 + step * dz), zero), end_z)
        # The last voxel has no neighbour beyond: it is reached from the last but one with weight 1.
        i, j, k = min(np.int32(xx >> 16), last_i), min(np.int32(yy >> 16), last_j), min(np.int32(zz >> 16), last_k)
        fx[t] = np.float32(np.int32(xx - (i << 16))) * one
        fy[t] = np.float32(np.int32(yy - (j << 16))) * one
        fz[t] = np.float32(np.int32(zz - (k << 16))) * one
        index[t] = np.int32(np.int32(np.int32(k * column_rows + j) * row_voxels) + i)
    below, behind = np.int64(ni), np.int64(ni) * np.int64(nj)
    near, near_below, far, far_below = words[0], words[1], words[2], words[3]
    for t in range(n):
        p = np.int64(np.uint32(index[t]))
        near[t] = _word_at(pairs, p)
        near_below[t] = _word_at(pairs, p + below)
        far[t] = _word_at(pairs, p + behind)
        far_below[t] = _word_at(pairs, p + behind + below)
    value = at[3]
    _blend(words, fx, fy, fz, n, value)
    if mean:
        for t in range(n):
            into[t] += value[t]
    else:
        for t in range(n):
            into[t] = value[t] if value[t] > into[t] else into[t]


@njit(cache=True, nogil=True, error_model="numpy")
def render_slab(
    pairs: Array, ni: int, nj: int, nk: int, m: Array, first_v: int, samples: int, mean: bool, low: float, high: float, out_vu: Array
) -> None:
    """Grey values of `samples` (odd) parallel planes, one step of w apart and centred on w = 0; black where the middle plane is outside."""
    height, width = out_vu.shape
    index, words, at = np.empty(TILE_U, np.int32), np.empty((4, TILE_U), pairs.dtype), np.empty((4, TILE_U), np.float32)
    into, inside = np.empty((TILE_V, TILE_U), np.float32), np.empty((TILE_V, TILE_U), np.float32)
    firsts, lasts = np.empty((samples, TILE_V), np.int64), np.empty((samples, TILE_V), np.int64)
    begin = np.empty((samples, TILE_V, 3))
    scale, offset = np.float32(255.0 / (high - low)), np.float32(low)
    for v0 in range(0, height, TILE_V):
        rows = min(TILE_V, height - v0)
        for s in range(samples):
            w = s - (samples - 1) / 2
            for r in range(rows):
                firsts[s, r], lasts[s, r], begin[s, r, 0], begin[s, r, 1], begin[s, r, 2] = _row_run(
                    m, first_v + v0 + r, w, ni, nj, nk, width
                )
        for u0 in range(0, width, TILE_U):
            end = min(u0 + TILE_U, width)
            into[:] = 0.0 if mean else -np.inf
            inside[:] = 0.0
            for s in range(samples):
                for r in range(rows):
                    a, b = max(u0, firsts[s, r]), min(end, lasts[s, r])
                    if a < b:
                        x, y, z = begin[s, r, 0], begin[s, r, 1], begin[s, r, 2]
                        _sample(pairs, ni, nj, nk, m, x, y, z, a, b - a, mean, into[r, a - u0 :], index, words, at)
                        inside[r, a - u0 : b - u0] += np.float32(1.0)
            for r in range(rows):
                first, last = firsts[samples // 2, r], lasts[samples // 2, r]
                for u in range(u0, end):
                    value = into[r, u - u0] / inside[r, u - u0] if mean else into[r, u - u0]
                    grey = (value - offset) * scale + np.float32(0.5)
                    # Written so that a NaN voxel comes out black.
                    shown = np.uint8(min(grey, np.float32(255.0))) if grey > np.float32(0.0) else np.uint8(0)
                    out_vu[v0 + r, u] = shown if first <= u < last else np.uint8(0)
