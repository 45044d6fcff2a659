"""The small copy of a scan that the volume pane is drawn from, and where bone begins in it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sos_studio.core.volume import Volume

FloatArray = npt.NDArray[np.float64]

MAX_SIDE = 256


@dataclass(frozen=True, eq=False)
class RenderVolume:
    """A small copy for rendering.

    Attributes
    ----------
    copy
        At most 256 voxels a side, int16: ``value = slope · voxel + intercept``.
    block_max_kji
        Highest voxel of each block of `raycast_kernels.BLOCK` voxels a side (and of the voxels that border on it).
    threshold
        A value between soft tissue and bone, as a start.
    tissue
        A typical value of soft tissue.
    value_range
        Lowest and highest value of the copy.
    """

    copy: Volume
    block_max_kji: npt.NDArray[np.int16]
    slope: float
    intercept: float
    threshold: float
    tissue: float
    value_range: tuple[float, float]
    _leaps: tuple[float, npt.NDArray[np.uint8]] | None = field(default=None, init=False, repr=False)

    @property
    def diagonal_mm(self) -> float:
        """Length of the space diagonal."""
        volume = self.copy
        return float(np.linalg.norm(volume.lps_from_ijk[:3, :3] @ np.array(volume.shape_kji[::-1])))

    def leaps(self, level: float) -> npt.NDArray[np.uint8]:
        """Over how many blocks a ray may leap from each block if only values from `level` on matter."""
        from sos_studio.imaging import raycast_kernels

        kept = self._leaps
        if kept is None or kept[0] != level:
            leaps = np.empty(self.block_max_kji.shape, dtype=np.uint8)
            raycast_kernels.leaps_over(self.block_max_kji, self.voxel_of(level), leaps)
            # Two threads may do it twice; the level is kept with its answer, so neither can take the other's for its own.
            kept = (level, leaps)
            object.__setattr__(self, "_leaps", kept)
        return kept[1]

    def voxel_of(self, value: float) -> float:
        """What a value of the scan is in the copy's own numbers."""
        return (value - self.intercept) / self.slope


def otsu(values: npt.NDArray[np.float32]) -> float:
    """The value that splits a histogram into two classes with the least variance inside them."""
    counts, edges = np.histogram(values, bins=256)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sum_below = np.cumsum(counts * middles)
    with np.errstate(invalid="ignore", divide="ignore"):
        between = below * above * (sum_below / below - (sum_below[-1] - sum_below) / above) ** 2
    return float(edges[1:][int(np.nanargmax(np.where(np.isfinite(between), between, -1.0)))])


def tissue_and_bone(values: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Typical soft tissue, and a threshold between it and bone: air from tissue first, then tissue from bone. No units are assumed."""
    tissue = values[values > otsu(values)]
    if tissue.size < 2:
        return float(values.mean()), float(values.max())
    threshold = otsu(tissue)
    soft = tissue[tissue < threshold]
    return float(np.median(soft)) if soft.size else float(tissue.min()), threshold


def prepare(volume: Volume) -> RenderVolume:
    """Make the small copy (tenths of a second for 512³; call it off the window's thread)."""
    from sos_studio.imaging.raycast_kernels import BLOCK, block_maxima

    small, matrix = _shrunk(volume)
    # Every second voxel along each axis tells where tissue and bone lie as well as all of them.
    sample = small[::2, ::2, ::2] if min(small.shape) > 32 else small
    tissue, threshold = tissue_and_bone(sample.reshape(-1).astype(np.float32))
    low, high = float(small.min()), float(small.max())
    slope, intercept = 1.0, 0.0
    if small.dtype == np.int16:
        voxels = small
    else:
        slope, intercept = max((high - low) / 65000.0, 1e-12), (low + high) / 2
        small -= np.float32(intercept)
        small /= np.float32(slope)
        voxels = np.rint(small, out=small).astype(np.int16)
    del small
    if min(voxels.shape) < 2:
        voxels = np.pad(voxels, [(0, max(0, 2 - n)) for n in voxels.shape], mode="edge")
    maxima = np.empty([math.ceil(n / BLOCK) for n in voxels.shape], dtype=np.int16)
    block_maxima(voxels, maxima)
    return RenderVolume(Volume(voxels, matrix), maxima, slope, intercept, threshold, tissue, (low, high))


def _shrunk(volume: Volume) -> tuple[npt.NDArray[Any], FloatArray]:
    """Averages over equal boxes, and their 4 x 4; plane by plane, so that no second large array is needed.

    int16 stays int16, all else becomes float32.
    """
    from sos_studio.imaging.raycast_kernels import add_rows, mean_columns

    sizes, spacings = np.array(volume.shape_kji), np.array(volume.spacing_mm_kji)
    target_mm = float((sizes * spacings).max()) / MAX_SIDE
    counts = np.array([max(1, min(n, round(n * s / target_mm))) for n, s in zip(sizes, spacings, strict=True)])
    counts = np.minimum(counts, MAX_SIDE)
    spans = sizes / counts
    whole = volume.array_kji.dtype == np.int16
    small = np.empty(tuple(counts), dtype=np.int16 if whole else np.float32)
    plane = np.empty(tuple(counts[1:]), dtype=np.float32)
    sums = np.empty((counts[1], sizes[2]), dtype=np.float32)
    fill = _stand_in(volume)
    for o in range(counts[0]):
        sums[:] = 0.0
        for k in range(int(o * spans[0] + 1e-9), min(math.ceil((o + 1) * spans[0] - 1e-9), sizes[0])):
            source = volume.array_kji[k]
            if source.dtype not in (np.int16, np.float32):
                source = source.astype(np.float32)
            if fill is not None:
                source = np.nan_to_num(source, nan=fill)
            share = (min((o + 1) * spans[0], k + 1) - max(o * spans[0], k)) / spans[0]
            add_rows(source, share, spans[1], sums)
        mean_columns(sums, spans[2], plane)
        small[o] = np.rint(plane, out=plane) if whole else plane
    matrix = volume.lps_from_ijk.copy()
    matrix[:3, :3] *= spans[::-1]
    # The centre of the first box, not of its first voxel.
    matrix[:3, 3] += volume.lps_from_ijk[:3, :3] @ ((spans[::-1] - 1) / 2)
    return small, matrix


def _stand_in(volume: Volume) -> float | None:
    """What is shown where a scan has no value; None if its type of voxel always has one."""
    if not np.issubdtype(volume.array_kji.dtype, np.floating):
        return None
    lowest = np.nanmin(volume.array_kji) if np.isfinite(volume.array_kji).any() else 0.0
    return float(lowest)
