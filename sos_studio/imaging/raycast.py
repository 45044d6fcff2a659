"""The skull in the volume pane: shaded bone of a small copy, so that turning it stays fluid without OpenGL (ADR 10)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sos_studio.core.captures import Window
from sos_studio.core.volume import Volume
from sos_studio.imaging.bands import Bands, Wanted
from sos_studio.imaging.raycast_copy import RenderVolume, prepare
from sos_studio.imaging.resample import pairs_of

__all__ = ["Camera", "CutFace", "RenderVolume", "ShownPlane", "Wanted", "camera_rotation", "prepare", "render", "warm_up"]

FloatArray = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

# The cut face is clear at soft tissue and solid bone from here on, as parts of the way to the threshold.
_CLEAR, _SOLID = 0.35, 0.85
# Marrow between bone this far apart is solid on the cut face: half of that, and the pixels in which it is looked for.
_MARROW_MM, _FILL_PIXEL_MM, _FILL_MOST = 10.0, 1.5, 300


@dataclass(frozen=True)
class ShownPlane:
    """A plane drawn as a line on the skull's surface: through a point, with a normal (LPS), in a colour."""

    normal_lps: tuple[float, float, float]
    point_lps_mm: tuple[float, float, float]
    rgb: tuple[int, int, int]


@dataclass(frozen=True)
class CutFace:
    """A plane that takes away the half on the side of its normal; on the face the scan's grey values are seen.

    Attributes
    ----------
    window
        Grey-value window of the face.
    scan
        Sampled on the face if given, so that it is as sharp as the scan; else the small copy is.
    """

    normal_lps: tuple[float, float, float]
    point_lps_mm: tuple[float, float, float]
    window: Window
    scan: Volume | None = None


@dataclass(frozen=True, eq=False)
class Camera:
    """How the head is looked at, in parallel projection.

    Attributes
    ----------
    axes
        3 x 3 whose columns are screen right, screen down and into the screen, in LPS (see `camera_rotation`).
    zoom
        1 fits the volume's diagonal into the shorter side; larger is nearer.
    focus_lps_mm
        Seen in the middle of the picture; None: the middle of the volume.
    """

    axes: FloatArray
    zoom: float = 1.0
    focus_lps_mm: tuple[float, float, float] | None = None


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


@dataclass(frozen=True, eq=False)
class _View:
    """Parallel rays through a picture: in LPS where they start and how they go on (4 x 3, see `raycast_kernels`)."""

    frame_lps: FloatArray
    shape_vu: tuple[int, int]
    pixel_mm: float
    step_mm: float

    def frame_in(self, volume: Volume) -> FloatArray:
        """The rays in a volume's voxels."""
        turn = volume.ijk_from_lps[:3, :3]
        frame: FloatArray = self.frame_lps @ turn.T
        frame[0] += volume.ijk_from_lps[:3, 3]
        return np.ascontiguousarray(frame)


def _view(rendered: RenderVolume, camera: Camera, shape_vu: tuple[int, int]) -> _View:
    height, width = shape_vu
    axes, volume = np.asarray(camera.axes, dtype=np.float64), rendered.copy
    pixel_mm = rendered.diagonal_mm / min(height, width) / camera.zoom
    step_mm = min(volume.spacing_mm_ijk)
    middle = np.asarray(volume.center_lps_mm)
    focus = middle if camera.focus_lps_mm is None else np.asarray(camera.focus_lps_mm)
    # Rays start outside the volume, at the same distance wherever the camera looks.
    focus = focus - axes[:, 2] * float((focus - middle) @ axes[:, 2])
    corner = focus - axes[:, 2] * rendered.diagonal_mm - pixel_mm * ((width - 1) / 2 * axes[:, 0] + (height - 1) / 2 * axes[:, 1])
    frame = np.stack([corner, axes[:, 0] * pixel_mm, axes[:, 1] * pixel_mm, axes[:, 2] * step_mm])
    return _View(frame, shape_vu, pixel_mm, step_mm)


def _plane_in(volume: Volume, cut: CutFace | None) -> FloatArray:
    """A cut as the kernels want it: (normal, distance) in voxels, positive on the side that stays."""
    if cut is None:
        return np.zeros(4)
    normal = -np.asarray(cut.normal_lps)
    distance = float(normal @ np.asarray(cut.point_lps_mm))
    in_voxels = volume.lps_from_ijk[:3, :3].T @ normal
    return np.array([*in_voxels, distance - float(normal @ volume.lps_from_ijk[:3, 3])])


def render(
    rendered: RenderVolume,
    camera: Camera,
    size_px: int | tuple[int, int],
    threshold: float | None = None,
    planes: Sequence[ShownPlane] = (),
    *,
    cut: CutFace | None = None,
    smooth: bool = False,
    threads: int = 1,
    wanted: Wanted = lambda: True,
) -> Picture | None:
    """Draw the surface at a threshold.

    Parameters
    ----------
    size_px
        Side of a square picture, or (rows, columns).
    threshold
        Scan value of the surface; None takes `RenderVolume.threshold`.
    planes
        Drawn as lines on the surface.
    cut
        Takes away half of the head.
    smooth
        Smooth edges, for four times the time.
    threads
        Over which the rows are shared.
    wanted
        Asked between bands of rows, from any of the threads; once it says no the picture is given up.

    Returns
    -------
    uint8 RGB (rows, columns, 3), black where there is nothing; None if the picture was given up.
    """
    from sos_studio.imaging import raycast_shading

    shape = (size_px, size_px) if isinstance(size_px, int) else size_px
    times = 2 if smooth else 1
    view = _view(rendered, camera, (shape[0] * times, shape[1] * times))
    level = rendered.threshold if threshold is None else float(threshold)
    lines = [p for p in planes if cut is None or abs(np.dot(p.normal_lps, cut.normal_lps)) < 0.999]
    table = np.array([(*p.normal_lps, float(np.dot(p.normal_lps, p.point_lps_mm))) for p in lines], dtype=np.float64).reshape(-1, 4)
    colours = np.array([p.rgb for p in lines], dtype=np.float64).reshape(-1, 3)
    drawing = _Drawing(rendered, view, level, cut, (table, colours), times, Bands(threads, wanted))
    rgb = drawing.draw()
    if rgb is None or not smooth:
        return rgb
    small = np.empty((*shape, 3), dtype=np.uint8)
    return small if drawing.bands.share(shape[0], lambda rows: raycast_shading.halve(rgb, rows, small)) else None


@dataclass(frozen=True, eq=False)
class _Drawing:
    """One picture on its way."""

    rendered: RenderVolume
    view: _View
    level: float
    cut: CutFace | None
    lines: tuple[FloatArray, FloatArray]
    times: int
    bands: Bands

    def draw(self) -> Picture | None:
        """Cast, shade, lay the cut face over it."""
        from sos_studio.imaging import raycast_kernels, raycast_shading

        rendered, view, bands = self.rendered, self.view, self.bands
        volume = rendered.copy
        rows, columns = view.shape_vu
        pairs, size = pairs_of(volume)
        frame = view.frame_in(volume)
        lps = np.ascontiguousarray(volume.lps_from_ijk[:3])
        t_face, t_hit = np.empty((rows, columns), dtype=np.float32), np.empty((rows, columns), dtype=np.float32)
        levels = rendered.voxel_of(self.level), rendered.voxel_of(self._solid)
        leaps, plane = rendered.leaps(self.level), _plane_in(volume, self.cut)
        if not bands.share(rows, lambda r: raycast_kernels.cast(pairs, *size, leaps, frame, plane, levels, r, t_face, t_hit)):
            return None
        rgb = np.zeros((rows, columns, 3), dtype=np.uint8)
        farthest = float(t_hit.max())
        if farthest >= 0:
            nearest = float(t_hit.min(where=t_hit >= 0, initial=farthest))
            steps_per_mm, line_mm = 1.0 / view.step_mm, view.pixel_mm * self.times
            scale = nearest, farthest, steps_per_mm, view.pixel_mm, line_mm
            if not bands.share(rows, lambda r: raycast_shading.shade(pairs, *size, frame, lps, scale, r, t_hit, *self.lines, rgb)):
                return None
        return rgb if self.cut is None or self._face(self.cut, t_face, rgb) else None

    @property
    def _solid(self) -> float:
        return self.rendered.tissue + _SOLID * (self.level - self.rendered.tissue)

    def _face(self, cut: CutFace, t_face: npt.NDArray[np.float32], rgb: Picture) -> bool:
        from sos_studio.imaging import raycast_shading

        rendered, view = self.rendered, self.view
        volume = rendered.copy if cut.scan is None else cut.scan
        values: list[float] = [rendered.tissue + _CLEAR * (self.level - rendered.tissue), self._solid, cut.window.low, cut.window.high]
        if cut.scan is None:
            values = [rendered.voxel_of(value) for value in values]
        pairs, size = pairs_of(volume)
        fixed: tuple[Any, ...] = (pairs, *size, view.frame_in(volume), np.ascontiguousarray(volume.lps_from_ijk[:3]), tuple(values))
        fill, fill_from_lps = _fill(rendered, cut, self.level)
        fill_from_ijk = np.ascontiguousarray(fill_from_lps @ volume.lps_from_ijk)
        look = t_face, fill_from_ijk, fill, np.asarray(cut.normal_lps, dtype=np.float64), view.pixel_mm * self.times
        return self.bands.share(view.shape_vu[0], lambda rows: raycast_shading.paint_face(*fixed, rows, *look, *self.lines, rgb))


def _fill(rendered: RenderVolume, cut: CutFace, level: float) -> tuple[npt.NDArray[np.float32], FloatArray]:
    """Where a cut face is solid, 0…1 on a grid of its own, and the 2 x 4 that leads there from LPS."""
    from sos_studio.imaging import raycast_fill

    volume, normal = rendered.copy, np.asarray(cut.normal_lps, dtype=np.float64)
    pixel_mm = max(_FILL_PIXEL_MM, rendered.diagonal_mm / _FILL_MOST)
    across = np.cross(normal, np.eye(3)[int(np.argmin(np.abs(normal)))])
    across /= np.linalg.norm(across)
    along = np.cross(normal, across)
    side = math.ceil(rendered.diagonal_mm / pixel_mm)
    middle = np.asarray(volume.center_lps_mm)
    middle = middle - normal * float((middle - cut.point_lps_mm) @ normal)
    corner = middle - (side - 1) / 2 * pixel_mm * (across + along)
    to_voxels = volume.ijk_from_lps[:3, :3]
    start = to_voxels @ corner + volume.ijk_from_lps[:3, 3]
    grid = np.stack([start, to_voxels @ across * pixel_mm, to_voxels @ along * pixel_mm])
    bone, cover = np.empty((side, side), dtype=np.uint8), np.empty((side, side), dtype=np.float32)
    pairs, size = pairs_of(volume)
    raycast_fill.bone_on_plane(pairs, *size, grid, rendered.voxel_of(level), bone)
    raycast_fill.close(bone, round(_MARROW_MM / pixel_mm), cover)
    rows = np.stack([across, along]) / pixel_mm
    return cover, np.column_stack([rows, -rows @ corner])


def warm_up() -> None:
    """Compile or load the kernels; call it off the window's thread."""
    volume = Volume(np.arange(64, dtype=np.int16).reshape(4, 4, 4), np.eye(4))
    planes = [ShownPlane((1.0, 0.0, 0.0), (1.0, 1.0, 1.0), (255, 0, 0))]
    cut = CutFace((0.0, 0.0, 1.0), (1.0, 1.0, 1.0), Window(low=0.0, high=60.0))
    for scan in (volume, replace(volume, array_kji=volume.array_kji.astype(np.float32))):
        render(prepare(volume), Camera(np.eye(3)), 4, 30.0, planes, cut=replace(cut, scan=scan), smooth=True)
