"""Where everything in a slice pane lies: picture grid, crosshair lines, handles, letters, scale bar. Pure functions.

Pane coordinates are logical pixels: (0, 0) is the pane's top-left corner, x right, y down. The pane's middle shows the point of
the plane that is nearest to the view's focus.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from sos_studio.core.geometry import NORMAL_AXIS, Facing, Orientation, Plane, Vector, direction_letters, pane_lps_from_uv, plane_axes
from sos_studio.core.volume import Volume

FloatArray = npt.NDArray[np.float64]
Point = tuple[float, float]

HANDLE_INSET_PX = 20.0
HANDLE_REACH_PX = 11.0
CENTRE_REACH_PX = 9.0
LINE_REACH_PX = 6.0
FIT_MARGIN = 1.02
SCALE_BAR_MM = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0)


@dataclass(frozen=True)
class PaneView:
    """How a person looks at one plane: display only, never part of a capture.

    Attributes
    ----------
    focus_lps_mm, mm_per_px
        Point shown in the middle and size of a logical pixel.
    twist_deg
        How far the crosshair is turned against the screen, clockwise positive. Not 0 only while a line is turned (the picture stays
        still under the hand) and straightened out after.
    """

    focus_lps_mm: Vector
    mm_per_px: float
    twist_deg: float = 0.0


@dataclass(frozen=True)
class Line:
    """Where another plane cuts this pane: clipped to the pane, with its two turning handles."""

    plane: Plane
    start: Point
    end: Point
    handles: tuple[Point, Point]
    normal_xy: Point  # screen direction of the other plane's positive normal (unit)


@dataclass(frozen=True)
class Hit:
    """What lies under the pointer."""

    kind: Literal["handle", "line", "centre", "picture"]
    plane: Plane | None = None


@dataclass(frozen=True)
class PaneGeometry:
    """One pane resolved: everything that is drawn in it follows from these values.

    Parameters
    ----------
    size_px
        Width and height in logical pixels.
    pixel_ratio
        Device pixels per logical pixel; the picture is made in device pixels.
    """

    plane: Plane
    orientation: Orientation
    view: PaneView
    facing: Facing
    size_px: tuple[int, int]
    pixel_ratio: float = 1.0

    @property
    def turn_sign(self) -> float:
        """+1 if turning right-handed about the plane's normal looks clockwise on the screen."""
        return -1.0 if self.plane is Plane.SAGITTAL and self.facing == "left" else 1.0

    @cached_property
    def view_orientation(self) -> Orientation:
        """Orientation whose axes are the screen's; differs from `orientation` while a line is turned."""
        if self.view.twist_deg == 0.0:
            return self.orientation
        return self.orientation.turned_about(self.plane, -self.view.twist_deg * self.turn_sign)

    @property
    def shape_vu(self) -> tuple[int, int]:
        """Rows and columns of the picture, device pixels."""
        width, height = self.size_px
        return max(1, round(height * self.pixel_ratio)), max(1, round(width * self.pixel_ratio))

    @cached_property
    def lps_from_uv(self) -> FloatArray:
        """4 x 4 grid of the picture (device pixels, centres)."""
        return pane_lps_from_uv(
            self.view_orientation,
            self.plane,
            focus_lps_mm=self.view.focus_lps_mm,
            spacing_mm=self.view.mm_per_px / self.pixel_ratio,
            shape_vu=self.shape_vu,
            facing=self.facing,
        )

    @cached_property
    def _axes(self) -> tuple[FloatArray, FloatArray]:
        return plane_axes(self.view_orientation, self.plane, self.facing)

    @cached_property
    def _origin(self) -> FloatArray:
        """LPS of the pane's top-left corner (half a device pixel before the centre of the first pixel)."""
        m = self.lps_from_uv
        origin: FloatArray = m[:3, 3] - 0.5 * (m[:3, 0] + m[:3, 1])
        return origin

    def lps_at(self, x: float, y: float) -> Vector:
        """Patient position of a point of the pane."""
        u, v = self._axes
        p = self._origin + self.view.mm_per_px * (x * u + y * v)
        return float(p[0]), float(p[1]), float(p[2])

    def xy_of(self, lps_mm: Vector) -> Point:
        """Point of the pane nearest to a patient position."""
        u, v = self._axes
        offset = np.asarray(lps_mm) - self._origin
        return float(offset @ u) / self.view.mm_per_px, float(offset @ v) / self.view.mm_per_px

    @cached_property
    def centre(self) -> Point:
        """Where the three planes cross."""
        return self.xy_of(self.orientation.center_lps_mm)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Crosshair lines of the other two planes that cross the pane."""
        found = (self._line(other) for other in Plane if other is not self.plane)
        return tuple(line for line in found if line is not None)

    def _screen(self, direction_lps: FloatArray) -> Point:
        u, v = self._axes
        return float(direction_lps @ u), float(direction_lps @ v)

    def _line(self, other: Plane) -> Line | None:
        rotation = self.orientation.rotation
        third = ({0, 1, 2} - {NORMAL_AXIS[self.plane], NORMAL_AXIS[other]}).pop()
        dx, dy = self._screen(rotation[:, third])
        ends = _clipped(self.centre, (dx, dy), self.size_px)
        if ends is None:
            return None
        (t0, t1), (cx, cy) = ends, self.centre
        inset = min(HANDLE_INSET_PX, (t1 - t0) / 4)
        at = [(cx + t * dx, cy + t * dy) for t in (t0, t1, t0 + inset, t1 - inset)]
        return Line(other, at[0], at[1], (at[2], at[3]), self._screen(rotation[:, NORMAL_AXIS[other]]))

    def hit(self, x: float, y: float) -> Hit:
        """What the pointer would grab."""
        for line in self.lines:
            if any(math.dist((x, y), handle) <= HANDLE_REACH_PX for handle in line.handles):
                return Hit("handle", line.plane)
        if math.dist((x, y), self.centre) <= CENTRE_REACH_PX:
            return Hit("centre")
        near = [(_distance((x, y), line), line.plane) for line in self.lines]
        near = [pair for pair in near if pair[0] <= LINE_REACH_PX]
        if near:
            return Hit("line", min(near, key=lambda pair: pair[0])[1])
        return Hit("picture")

    @cached_property
    def letters(self) -> tuple[str, str, str, str]:
        """Patient letters at the left, right, top and bottom edge."""
        u, v = self._axes
        return direction_letters(-u), direction_letters(u), direction_letters(-v), direction_letters(v)

    @property
    def scale_bar_mm(self) -> float:
        """Longest round length that takes at most a quarter of the pane's width."""
        room = self.size_px[0] * self.view.mm_per_px / 4
        return max((length for length in SCALE_BAR_MM if length <= room), default=SCALE_BAR_MM[0])

    def same_picture(self, other: PaneGeometry) -> bool:
        """Whether both show the same pixels (a plane moved within itself changes lines but no pixel)."""
        if self is other:
            return True
        return self.shape_vu == other.shape_vu and float(np.abs(self.lps_from_uv - other.lps_from_uv).max()) <= 1e-7


def _clipped(center: Point, direction: Point, size_px: tuple[int, int]) -> tuple[float, float] | None:
    """Parameters at which ``center + t · direction`` enters and leaves the pane; None if it misses it."""
    low, high = -math.inf, math.inf
    for c, d, size in zip(center, direction, size_px, strict=True):
        if abs(d) < 1e-9:
            if not 0 <= c <= size:
                return None
            continue
        a, b = sorted(((0 - c) / d, (size - c) / d))
        low, high = max(low, a), min(high, b)
    return (low, high) if high > low and math.isfinite(low) and math.isfinite(high) else None


def _distance(point: Point, line: Line) -> float:
    """Distance from a point to an infinite line."""
    return abs((point[0] - line.start[0]) * line.normal_xy[0] + (point[1] - line.start[1]) * line.normal_xy[1])


def fitted(volume: Volume, orientation: Orientation, plane: Plane, size_px: tuple[int, int], facing: Facing) -> PaneView:
    """The view that shows the whole scan in a pane."""
    u, v = plane_axes(orientation, plane, facing)
    corners = volume.corners_lps_mm
    width_mm, height_mm = float(np.ptp(corners @ u)), float(np.ptp(corners @ v))
    mm_per_px = max(width_mm / max(size_px[0], 1), height_mm / max(size_px[1], 1)) * FIT_MARGIN
    return PaneView(volume.center_lps_mm, max(mm_per_px, 1e-3))


def step_mm(volume: Volume, orientation: Orientation, plane: Plane) -> float:
    """One voxel along a plane's normal: the distance at which the next layer of voxels comes."""
    normal = orientation.rotation[:, NORMAL_AXIS[plane]]
    per_mm = float(np.max(np.abs(volume.ijk_from_lps[:3, :3] @ normal)))
    return 1.0 / per_mm


def value_at(volume: Volume, lps_mm: Vector) -> float | None:
    """Value of the nearest voxel; None outside."""
    i, j, k = (round(float(c)) for c in (volume.ijk_from_lps @ np.array([*lps_mm, 1.0]))[:3])
    nk, nj, ni = volume.shape_kji
    if not (0 <= i < ni and 0 <= j < nj and 0 <= k < nk):
        return None
    return float(volume.array_kji[k, j, i])
