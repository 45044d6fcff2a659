"""Oblique planes through a volume.

All functions sample trilinearly at pixel centres. "Inside" means inside the box of voxel centres, faces included.
"""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from sos_studio.core.settings import user_data_dir
from sos_studio.core.volume import Volume
from sos_studio.imaging.bands import BAND, Bands

FloatArray = npt.NDArray[np.float64]
T = TypeVar("T", bound=np.generic)

# Voxels by which a point may lie outside the box of voxel centres and still count as on its face: rounding, nothing more.
EDGE = 1e-6

# A plane across the voxels' rows waits for memory, which two threads do at the same time.
THREADS = 2

_compiled: set[np.dtype[np.generic]] = set()
_compiling = threading.Lock()


def _use_writable_cache() -> None:
    """A frozen program has no source files for numba to cache beside."""
    if getattr(sys, "frozen", False):
        import numba

        numba.config.CACHE_DIR = str(user_data_dir() / "numba")


def pairs_of(volume: Volume) -> tuple[npt.NDArray[np.generic], tuple[int, int, int]]:
    """Voxels as overlapping words of two neighbours (see `kernels`), and the size along i, j, k.

    No copy for int16 and float32, which is what the readers make; an axis of one voxel is doubled (see `plane_matrix`).
    """
    array_kji = volume.array_kji
    if array_kji.dtype not in (np.int16, np.float32):
        array_kji = array_kji.astype(np.float32)
    for axis, size in enumerate(array_kji.shape):
        if size == 1:
            array_kji = np.repeat(array_kji, 2, axis=axis)
    array_kji = np.ascontiguousarray(array_kji)
    nk, nj, ni = array_kji.shape
    size = array_kji.itemsize
    word = np.int32 if size == 2 else np.int64
    pairs: npt.NDArray[np.generic] = np.ndarray((array_kji.size - 1,), word, buffer=array_kji, strides=(size,))
    # Read-only whoever made the volume: numba compiles for one type only.
    pairs.setflags(write=False)
    return pairs, (ni, nj, nk)


def plane_matrix(volume: Volume, lps_from_uv: npt.ArrayLike) -> FloatArray:
    """3 x 4 ``ijk_from_uv`` into the voxels of `pairs_of`.

    Along an axis of one voxel, which is doubled there, the rounding tolerance around it becomes the way from 0 to 1.
    """
    matrix: FloatArray = np.ascontiguousarray((volume.ijk_from_lps @ np.asarray(lps_from_uv, dtype=np.float64))[:3])
    for axis, size in enumerate(reversed(volume.shape_kji)):
        if size == 1:
            matrix[axis] *= 0.5 / EDGE
            matrix[axis, 3] += 0.5
    return matrix


def slab_samples(volume: Volume, slab_mm: float) -> int:
    """Planes averaged for a slab: steps no longer than the shortest voxel edge, both faces of the slab included."""
    if slab_mm <= 0:
        return 1
    return math.ceil(slab_mm / min(volume.spacing_mm_ijk) - 1e-9) + 1


def slab_steps(lps_from_uv: npt.ArrayLike, slab_mm: float, samples: int) -> FloatArray:
    """The same plane, its third column as long as the way from one of `samples` to the next."""
    steps = np.array(lps_from_uv, dtype=np.float64)
    steps[:3, 2] *= slab_mm / (samples - 1) / np.linalg.norm(steps[:3, 2])
    return steps


def share_rows(out_vu: npt.NDArray[T], draw: Callable[[int, npt.NDArray[T]], None]) -> None:
    """Have a plane drawn by two threads: ``draw(number of the first row, the rows)`` for one band after the other."""

    def band(rows: tuple[int, int]) -> None:
        draw(rows[0], out_vu[rows[0] : rows[1]])

    Bands(THREADS, rows=max(BAND, math.ceil(len(out_vu) / 8))).share(len(out_vu), band)


def reslice(volume: Volume, lps_from_uv: npt.ArrayLike, shape_vu: tuple[int, int], *, slab_mm: float = 0.0) -> npt.NDArray[np.float32]:
    """Sample a volume on a plane's pixel grid.

    Parameters
    ----------
    volume
        Any scan.
    lps_from_uv
        4 x 4 matrix acting on ``(u, v, w, 1)``; (0, 0) is the centre of the top-left pixel; the third column is the normal
        (any length; only its direction matters, and only for a slab).
    shape_vu
        Rows and columns.
    slab_mm
        Thickness over which the mean is taken, centred on the plane; 0 is the plane itself.

    Returns
    -------
    float32 array of `shape_vu`; NaN where the plane lies outside the box of voxel centres.
    """
    from sos_studio.imaging import kernels

    pairs, size_ijk = pairs_of(volume)
    out_vu = np.empty(shape_vu, dtype=np.float32)
    samples = slab_samples(volume, slab_mm)
    if samples > 1:
        steps = slab_steps(lps_from_uv, slab_mm, samples)
        kernels.reslice_slab(pairs, *size_ijk, plane_matrix(volume, steps), samples, out_vu)
        return out_vu

    matrix = plane_matrix(volume, lps_from_uv)
    share_rows(out_vu, lambda first_v, rows_vu: kernels.reslice_plane(pairs, *size_ijk, matrix, first_v, rows_vu))
    return out_vu


def render_slice(
    volume: Volume,
    lps_from_uv: npt.ArrayLike,
    shape_vu: tuple[int, int],
    low: float,
    high: float,
    *,
    out: npt.NDArray[np.uint8] | None = None,
) -> npt.NDArray[np.uint8]:
    """A plane as grey values for the screen: `reslice` and `windowing.apply_window` in one pass; outside is 0.

    Parameters
    ----------
    low, high
        Values shown black and white.
    out
        Filled and returned if given (uint8 of `shape_vu`).
    """
    from sos_studio.imaging import kernels

    out_vu = np.empty(shape_vu, dtype=np.uint8) if out is None else out
    pairs, size_ijk = pairs_of(volume)
    matrix = plane_matrix(volume, lps_from_uv)
    share_rows(out_vu, lambda first_v, rows_vu: kernels.render_plane(pairs, *size_ijk, matrix, first_v, float(low), float(high), rows_vu))
    return out_vu


def render_slice_display(
    volume: Volume,
    lps_from_uv: npt.ArrayLike,
    shape_vu: tuple[int, int],
    low: float,
    high: float,
    *,
    out: npt.NDArray[np.uint8] | None = None,
) -> npt.NDArray[np.uint8]:
    """`render_slice`, or the same picture by the slow way while the fast one is still being compiled (first start only)."""
    if numba_ready(volume):
        return render_slice(volume, lps_from_uv, shape_vu, low, high, out=out)
    from sos_studio.core.captures import Window
    from sos_studio.imaging.windowing import apply_window

    grey = apply_window(reslice_uncompiled(volume, lps_from_uv, shape_vu), Window(low=float(low), high=float(high)))
    if out is None:
        return grey
    out[...] = grey
    return out


def reslice_uncompiled(volume: Volume, lps_from_uv: npt.ArrayLike, shape_vu: tuple[int, int]) -> npt.NDArray[np.float32]:
    """`reslice` without a slab in plain numpy, some ten times slower; never used for captures."""
    matrix = volume.ijk_from_lps @ np.asarray(lps_from_uv, dtype=np.float64)
    sizes = volume.shape_kji[::-1]
    v, u = np.mgrid[0 : shape_vu[0], 0 : shape_vu[1]]
    inside = np.ones(shape_vu, dtype=bool)
    cells: list[npt.NDArray[np.intp]] = []
    fractions: list[npt.NDArray[np.float32]] = []
    for axis, size in enumerate(sizes):
        position = matrix[axis, 0] * u + matrix[axis, 1] * v + matrix[axis, 3]
        inside &= (position >= -EDGE) & (position <= size - 1 + EDGE)
        position = np.clip(position, 0, size - 1)
        cell = np.minimum(position.astype(np.intp), max(size - 2, 0))
        cells.append(cell)
        fractions.append((position - cell).astype(np.float32))
    value = np.zeros(shape_vu, dtype=np.float32)
    for corner in range(8):
        index, weight = [], np.ones(shape_vu, dtype=np.float32)
        for axis, size in enumerate(sizes):
            upper = corner >> axis & 1
            index.append(np.minimum(cells[axis] + upper, size - 1))
            weight = weight * (fractions[axis] if upper else 1 - fractions[axis])
        value += weight * volume.array_kji[index[2], index[1], index[0]].astype(np.float32)
    value[~inside] = np.nan
    return value


def warm_up(dtype: npt.DTypeLike = np.int16) -> None:
    """Compile (first start: seconds) or load (later: tenths of a second) the kernels; call it off the window's thread."""
    wanted = np.dtype(dtype)
    with _compiling:
        if wanted in _compiled:
            return
        _use_writable_cache()
        volume = Volume(np.zeros((2, 2, 2), dtype=wanted), np.eye(4))
        reslice(volume, np.eye(4), (2, 2))
        reslice(volume, np.eye(4), (2, 2), slab_mm=1.0)
        render_slice(volume, np.eye(4), (2, 2), 0.0, 1.0)
        _compiled.add(wanted)


def numba_ready(volume: Volume | None = None) -> bool:
    """Whether `warm_up` has finished for this volume's type of voxel (int16 if none is given)."""
    return (np.dtype(np.int16) if volume is None else volume.array_kji.dtype) in _compiled
