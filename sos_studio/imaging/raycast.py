"""The skull in the volume pane: shaded first hits of a small copy, so that turning it stays fluid without OpenGL."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sos_studio.core.volume import Volume

FloatArray = npt.NDArray[np.float64]

MAX_SIDE = 160
_HALF_LINE_PX = 0.8


@dataclass(frozen=True, eq=False)
class RenderVolume:
    """A small copy for rendering.

    Attributes
    ----------
    voxels_kji
        float32, at most 160 voxels a side.
    block_max_kji
        Highest value of each 8 x 8 x 8 block (and of the voxels that border on it).
    lps_from_ijk
        4 x 4 of the copy.
    threshold
        A value between soft tissue and bone, as a start.
    """

    voxels_kji: npt.NDArray[np.float32]
    block_max_kji: npt.NDArray[np.float32]
    lps_from_ijk: FloatArray
    threshold: float

    @property
    def center_lps_mm(self) -> FloatArray:
        """Middle of the copy."""
        middle = (np.array(self.voxels_kji.shape[::-1]) - 1) / 2
        center: FloatArray = self.lps_from_ijk[:3, :3] @ middle + self.lps_from_ijk[:3, 3]
        return center

    @property
    def diagonal_mm(self) -> float:
        """Length of the space diagonal."""
        return float(np.linalg.norm(self.lps_from_ijk[:3, :3] @ np.array(self.voxels_kji.shape[::-1])))


@dataclass(frozen=True)
class ShownPlane:
    """A plane drawn as a line on the skull's surface: through a point, with a normal (LPS), in a colour."""

    normal_lps: tuple[float, float, float]
    point_lps_mm: tuple[float, float, float]
    rgb: tuple[int, int, int]


def _shrunk(volume: Volume, factors_kji: tuple[int, int, int]) -> npt.NDArray[np.float32]:
    """Block averages; an incomplete last block is left out. Plane by plane, so that no second large array is needed."""
    fk, fj, fi = factors_kji
    nk, nj, ni = (n // f for n, f in zip(volume.shape_kji, factors_kji, strict=True))
    small = np.zeros((nk, nj, ni), dtype=np.float32)
    for k in range(nk):
        slab = volume.array_kji[k * fk : (k + 1) * fk, : nj * fj, : ni * fi].sum(axis=0, dtype=np.float32)
        small[k] = slab.reshape(nj, fj, ni, fi).sum(axis=(1, 3)) / (fk * fj * fi)
    return np.nan_to_num(small, nan=float(np.nanmin(small)) if np.isfinite(small).any() else 0.0)


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


def bone_threshold(values: npt.NDArray[np.float32]) -> float:
    """Between soft tissue and bone, found in two steps: air from tissue, then tissue from bone. No units are assumed."""
    tissue = values[values > otsu(values)]
    return otsu(tissue) if tissue.size > 1 else float(values.max())


def _block_maxima(voxels_kji: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    from sos_studio.imaging.raycast_kernels import BLOCK

    counts = [math.ceil(n / BLOCK) for n in voxels_kji.shape]
    maxima = np.empty(counts, dtype=np.float32)
    for k in range(counts[0]):
        for j in range(counts[1]):
            for i in range(counts[2]):
                # One voxel more on each side: trilinear values near the border depend on it.
                block = tuple(slice(max(n * BLOCK - 1, 0), (n + 1) * BLOCK + 1) for n in (k, j, i))
                maxima[k, j, i] = voxels_kji[block].max()
    return maxima


def prepare(volume: Volume) -> RenderVolume:
    """Make the small copy (tenths of a second for 512³; call it off the window's thread)."""
    extent_mm = max(n * s for n, s in zip(volume.shape_kji, volume.spacing_mm_kji, strict=True))
    target_mm = extent_mm / MAX_SIDE
    # At least two voxels a side have to be left to interpolate between.
    k, j, i = (max(1, min(math.ceil(target_mm / s - 1e-9), n // 2)) for n, s in zip(volume.shape_kji, volume.spacing_mm_kji, strict=True))
    voxels = _shrunk(volume, (k, j, i))
    voxels = np.pad(voxels, [(0, max(0, 2 - n)) for n in voxels.shape], mode="edge")
    matrix = volume.lps_from_ijk.copy()
    matrix[:3, :3] *= np.array([i, j, k])
    # The centre of the first block, not of its first voxel.
    matrix[:3, 3] += volume.lps_from_ijk[:3, :3] @ ((np.array([i, j, k]) - 1) / 2)
    return RenderVolume(voxels, _block_maxima(voxels), matrix, bone_threshold(voxels.reshape(-1)))


def camera_rotation(azimuth_deg: float, elevation_deg: float, head_rotation: FloatArray | None = None) -> FloatArray:
    """A camera that circles the head.

    Parameters
    ----------
    azimuth_deg
        0 looks at the face, 90 at the patient's left side, 180 at the back of the head.
    elevation_deg
        Positive looks down from above.
    head_rotation
        3 x 3 ``lps_from_head``; None looks along the scanner's own axes.

    Returns
    -------
    3 x 3 whose columns are screen right, screen down and into the screen, in LPS.
    """
    a, e = math.radians(azimuth_deg), math.radians(elevation_deg)
    right = np.array([math.cos(a), math.sin(a), 0.0])
    level = np.array([-math.sin(a), math.cos(a), 0.0])
    into = math.cos(e) * level + math.sin(e) * np.array([0.0, 0.0, -1.0])
    down = np.cross(into, right)
    camera = np.stack([right, down, into], axis=1)
    return camera if head_rotation is None else np.asarray(head_rotation, dtype=np.float64) @ camera


class _Rays(NamedTuple):
    """Parallel rays through a picture: in voxels where they start and how they go on, in millimetres how far apart."""

    grid: tuple[FloatArray, FloatArray, FloatArray, FloatArray]
    pixel_mm: float
    step_mm: float


def _rays(rendered: RenderVolume, axes: FloatArray, shape_vu: tuple[int, int], zoom: float) -> _Rays:
    height, width = shape_vu
    pixel_mm = rendered.diagonal_mm / min(height, width) / zoom
    inverse = np.linalg.inv(rendered.lps_from_ijk)
    step_mm = float(np.linalg.norm(rendered.lps_from_ijk[:3, :3], axis=0).min())
    corner_lps_mm = (
        rendered.center_lps_mm
        - axes[:, 2] * rendered.diagonal_mm
        - pixel_mm * ((width - 1) / 2 * axes[:, 0] + (height - 1) / 2 * axes[:, 1])
    )
    turn = inverse[:3, :3]
    origin = turn @ corner_lps_mm + inverse[:3, 3]
    return _Rays((origin, turn @ axes[:, 0] * pixel_mm, turn @ axes[:, 1] * pixel_mm, turn @ axes[:, 2] * step_mm), pixel_mm, step_mm)


def render(
    rendered: RenderVolume,
    camera: npt.ArrayLike,
    size_px: int | tuple[int, int],
    threshold: float | None = None,
    planes: Sequence[ShownPlane] = (),
    *,
    zoom: float = 1.0,
) -> npt.NDArray[np.uint8]:
    """Draw the surface at a threshold, in parallel projection.

    Parameters
    ----------
    camera
        3 x 3 whose columns are screen right, screen down and into the screen, in LPS (see `camera_rotation`).
    size_px
        Side of a square picture, or (rows, columns).
    threshold
        Scan value of the surface; None takes `RenderVolume.threshold`.
    planes
        Drawn as lines on the surface.
    zoom
        1 fits the volume's diagonal into the shorter side; larger is nearer.

    Returns
    -------
    uint8 RGB (rows, columns, 3), black where no ray hits.
    """
    from sos_studio.imaging import raycast_kernels

    height, width = (size_px, size_px) if isinstance(size_px, int) else size_px
    rays = _rays(rendered, np.asarray(camera, dtype=np.float64), (height, width), zoom)
    t_hit = np.empty((height, width), dtype=np.float64)
    level = rendered.threshold if threshold is None else float(threshold)
    raycast_kernels.first_hits(rendered.voxels_kji, rendered.block_max_kji, *rays.grid, level, t_hit)
    rgb = np.zeros((height, width, 3), dtype=np.uint8)
    hits = t_hit[t_hit >= 0]
    if hits.size == 0:
        return rgb
    table = np.array([(*p.normal_lps, float(np.dot(p.normal_lps, p.point_lps_mm))) for p in planes], dtype=np.float64).reshape(-1, 4)
    colours = np.array([p.rgb for p in planes], dtype=np.float64).reshape(-1, 3)
    raycast_kernels.shade(
        rendered.voxels_kji,
        *rays.grid,
        np.ascontiguousarray(rendered.lps_from_ijk[:3]),
        t_hit,
        (float(hits.min()), float(hits.max())),
        table,
        colours,
        max(_HALF_LINE_PX * rays.pixel_mm, rays.step_mm / 2),
        rgb,
    )
    return rgb


def warm_up() -> None:
    """Compile or load the kernels; call it off the window's thread."""
    volume = Volume(np.arange(64, dtype=np.int16).reshape(4, 4, 4), np.eye(4))
    render(prepare(volume), np.eye(3), 4, 30.0, [ShownPlane((1.0, 0.0, 0.0), (1.0, 1.0, 1.0), (255, 0, 0))])
