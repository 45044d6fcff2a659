"""Thick slices for the screen: the mean or the maximum through a slab, windowed on the way. Captures never come from here."""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt

from sos_studio.core.captures import Window
from sos_studio.core.slabs import Slab
from sos_studio.core.volume import Volume
from sos_studio.imaging import resample
from sos_studio.imaging.windowing import apply_window

_compiled: set[np.dtype[np.generic]] = set()
_compiling = threading.Lock()


def render_slab(
    volume: Volume,
    lps_from_uv: npt.ArrayLike,
    shape_vu: tuple[int, int],
    low: float,
    high: float,
    *,
    slab: Slab,
    out: npt.NDArray[np.uint8] | None = None,
) -> npt.NDArray[np.uint8]:
    """A slab as grey values for the screen; black where its middle plane is outside.

    Steps are no longer than the shortest voxel edge, the plane itself and both faces are included; samples that leave the volume
    don't count. Grey values differ from the exact ones by at most one.

    Parameters
    ----------
    low, high
        Values shown black and white.
    out
        Filled and returned if given (uint8 of `shape_vu`).
    """
    samples = samples_of(volume, slab)
    if samples == 1:
        return resample.render_slice(volume, lps_from_uv, shape_vu, low, high, out=out)
    from sos_studio.imaging import kernels

    if max(volume.shape_kji) > kernels.MAX_AXIS or volume.array_kji.size > kernels.MAX_VOXELS:
        return _by_planes(volume, lps_from_uv, shape_vu, Window(low=low, high=high), slab)
    out_vu = np.empty(shape_vu, dtype=np.uint8) if out is None else out
    pairs, size_ijk = resample.pairs_of(volume)
    matrix = resample.plane_matrix(volume, resample.slab_steps(lps_from_uv, slab.thickness_mm, samples))

    def draw(first_v: int, rows_vu: npt.NDArray[np.uint8]) -> None:
        kernels.render_slab(pairs, *size_ijk, matrix, first_v, samples, slab.mode == "mean", float(low), float(high), rows_vu)

    resample.share_rows(out_vu, draw)
    return out_vu


def samples_of(volume: Volume, slab: Slab) -> int:
    """How many planes are taken together: an odd number, so that the plane itself is one of them."""
    return resample.slab_samples(volume, slab.thickness_mm) | 1


def render_slab_display(
    volume: Volume, lps_from_uv: npt.ArrayLike, shape_vu: tuple[int, int], low: float, high: float, *, slab: Slab
) -> npt.NDArray[np.uint8]:
    """`render_slab`, or the same picture by the slow way while the fast one is still being compiled (first start only)."""
    if slab.is_plane:
        return resample.render_slice_display(volume, lps_from_uv, shape_vu, low, high)
    if ready(volume):
        return render_slab(volume, lps_from_uv, shape_vu, low, high, slab=slab)
    return _by_planes(volume, lps_from_uv, shape_vu, Window(low=low, high=high), slab)


def warm_up(dtype: npt.DTypeLike = np.int16) -> None:
    """Compile (first start: seconds) or load (later: tenths of a second) the kernel; call it off the window's thread."""
    wanted = np.dtype(dtype)
    resample.warm_up(wanted)
    with _compiling:
        if wanted not in _compiled:
            render_slab(Volume(np.zeros((2, 2, 2), dtype=wanted), np.eye(4)), np.eye(4), (2, 2), 0.0, 1.0, slab=Slab(1.0))
            _compiled.add(wanted)


def ready(volume: Volume) -> bool:
    """Whether `warm_up` has finished for this volume's type of voxel."""
    return volume.array_kji.dtype in _compiled


def _by_planes(volume: Volume, lps_from_uv: npt.ArrayLike, shape_vu: tuple[int, int], window: Window, slab: Slab) -> npt.NDArray[np.uint8]:
    samples = samples_of(volume, slab)
    steps = resample.slab_steps(lps_from_uv, slab.thickness_mm, samples)
    sample = resample.reslice if resample.numba_ready(volume) else resample.reslice_uncompiled
    total = np.full(shape_vu, 0.0 if slab.mode == "mean" else -np.inf, dtype=np.float32)
    inside = np.zeros(shape_vu, dtype=np.float32)
    for number in range(samples):
        plane = steps.copy()
        plane[:3, 3] += (number - (samples - 1) / 2) * steps[:3, 2]
        values = sample(volume, plane, shape_vu)
        there = np.isfinite(values)
        inside += there
        total = np.where(there, total + values, total) if slab.mode == "mean" else np.fmax(total, values)
    with np.errstate(invalid="ignore", divide="ignore"):
        shown = total / inside if slab.mode == "mean" else total
    shown[np.isnan(sample(volume, lps_from_uv, shape_vu))] = np.nan
    return apply_window(shown.astype(np.float32), window)
