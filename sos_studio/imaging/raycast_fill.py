# ruff: noqa: PLR0917 - compiled functions take plain numbers, and numba passes by position fastest.
"""Which part of a cut face is solid: bone and the marrow it encloses, which has the grey values of soft tissue.

Bone on the cut is closed: grown by more than half the width of the clivus, then shrunk by as much, so that gaps narrower than that
are filled. Imported lazily, because numba is slow to import; the legend is that of `raycast_kernels`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from sos_studio.imaging.raycast_kernels import value_at

Array = npt.NDArray[Any]


@njit(cache=True, nogil=True, error_model="numpy")
def bone_on_plane(pairs: Array, ni: int, nj: int, nk: int, grid: Array, level: float, bone: Array) -> None:
    """1 where a plane meets bone; `grid` is 3 x 3 in voxels: pixel (0, 0), one column on, one row on."""
    for v in range(bone.shape[0]):
        for u in range(bone.shape[1]):
            x = grid[0, 0] + u * grid[1, 0] + v * grid[2, 0]
            y = grid[0, 1] + u * grid[1, 1] + v * grid[2, 1]
            z = grid[0, 2] + u * grid[1, 2] + v * grid[2, 2]
            inside = 0.0 <= x <= ni - 1.0 and 0.0 <= y <= nj - 1.0 and 0.0 <= z <= nk - 1.0
            bone[v, u] = 1 if inside and value_at(pairs, ni, nj, nk, x, y, z) >= level else 0


@njit(cache=True, nogil=True)
def _spread(mask: Array, spread: Array, what: int, corners: bool) -> None:
    """Let one of the two values grow by a pixel into the other."""
    height, width = mask.shape
    for v in range(height):
        for u in range(width):
            spread[v, u] = mask[v, u]
            if mask[v, u] == what:
                continue
            for n in range(8 if corners else 4):
                dv = 0 if n < 2 else 1 if n % 2 == 0 else -1
                du = (1 if n == 0 else -1) if n < 2 else 0 if n < 4 else 1 if n < 6 else -1
                a, b = v + dv, u + du
                if 0 <= a < height and 0 <= b < width and mask[a, b] == what:
                    spread[v, u] = what
                    break


@njit(cache=True, nogil=True)
def close(bone: Array, radius: int, cover: Array) -> None:
    """Fill gaps of bone narrower than twice the radius (pixels, an octagon); `cover` is 0…1 with soft edges."""
    now, then = bone.copy(), np.empty_like(bone)
    for what in (1, 0):
        for n in range(radius):
            _spread(now, then, what, n % 2 == 1)
            now, then = then, now
    height, width = bone.shape
    for v in range(height):
        for u in range(width):
            total = 0
            for a in range(max(v - 1, 0), min(v + 2, height)):
                for b in range(max(u - 1, 0), min(u + 2, width)):
                    total += now[a, b]
            cover[v, u] = total / 9.0
