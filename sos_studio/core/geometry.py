"""The head's orientation and the planes through it.

Conventions (binding, see `resources/docs/coordinates.md`): patient space is DICOM LPS in millimetres; a transform is named
``target_from_source``; angles are degrees. ``R = Ry(roll) · Rz(yaw) · Rx(pitch)``, right-handed about +P, +S and +L, and the columns
of R are the head's L, P and S axes in LPS. Positive means vertex to the patient's left, face to the left, face down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from sos_studio.core.errors import BadInputError

FloatArray = npt.NDArray[np.float64]
Vector = tuple[float, float, float]

Facing = Literal["right", "left"]


class Plane(StrEnum):
    """The three planes of the head; each is named by its normal axis in `NORMAL_AXIS`."""

    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"


# Column of R (0 = L, 1 = P, 2 = S) that is each plane's normal, and the angle that turning about it mostly changes.
NORMAL_AXIS: dict[Plane, int] = {Plane.SAGITTAL: 0, Plane.CORONAL: 1, Plane.AXIAL: 2}


def _rotation_about(axis: int, degrees: float) -> FloatArray:
    """Right-handed rotation about a coordinate axis (0 = x, 1 = y, 2 = z)."""
    angle = math.radians(degrees)
    c, s = math.cos(angle), math.sin(angle)
    a, b = [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.eye(3)
    matrix[a, a] = matrix[b, b] = c
    matrix[a, b], matrix[b, a] = -s, s
    return matrix


def wrapped_degrees(degrees: float) -> float:
    """The same angle in (-180, 180]."""
    turned = math.remainder(degrees, 360.0)
    return 180.0 if turned == -180.0 else turned


@dataclass(frozen=True)
class Orientation:
    """How the head lies in patient space: a centre and three angles.

    Parameters
    ----------
    center_lps_mm
        Where the three planes cross, LPS millimetres.
    roll_deg
        About +P; positive tilts the vertex to the patient's left.
    yaw_deg
        About +S; positive turns the face to the patient's left.
    pitch_deg
        About +L; positive turns the face down. Never moves the midsagittal plane.
    """

    center_lps_mm: Vector = (0.0, 0.0, 0.0)
    roll_deg: float = 0.0
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0

    def __post_init__(self) -> None:
        numbers = (*self.center_lps_mm, self.roll_deg, self.yaw_deg, self.pitch_deg)
        if len(numbers) != 6 or not all(math.isfinite(float(v)) for v in numbers):
            raise BadInputError("orientation.not_finite")
        x, y, z = (float(v) for v in self.center_lps_mm)
        object.__setattr__(self, "center_lps_mm", (x, y, z))
        for name in ("roll_deg", "yaw_deg", "pitch_deg"):
            object.__setattr__(self, name, float(getattr(self, name)))

    @cached_property
    def rotation(self) -> FloatArray:
        """3 x 3 ``lps_from_head``: columns are the head's L, P, S axes in LPS. Read-only: everybody who asks gets the same one."""
        rotation = _rotation_about(1, self.roll_deg) @ _rotation_about(2, self.yaw_deg) @ _rotation_about(0, self.pitch_deg)
        rotation.setflags(write=False)
        return rotation

    @property
    def lps_from_head(self) -> FloatArray:
        """4 x 4 transform from head coordinates (L, P, S millimetres about the centre) to LPS."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.rotation
        matrix[:3, 3] = self.center_lps_mm
        return matrix

    @classmethod
    def from_rotation(cls, rotation: FloatArray, center_lps_mm: Vector) -> Orientation:
        """Decompose a rotation matrix into roll, yaw and pitch (yaw in [-90, 90]).

        At a yaw of exactly ±90° roll and pitch turn about the same axis; pitch is then 0.
        """
        sin_yaw = float(np.clip(rotation[1, 0], -1.0, 1.0))
        cos_yaw = math.hypot(rotation[0, 0], rotation[2, 0])
        if cos_yaw < 1e-12:
            # Ry(roll)·Rz(±90)·Rx(0): column 2 is (sin roll, 0, cos roll).
            roll, pitch = math.atan2(rotation[0, 2], rotation[2, 2]), 0.0
        else:
            roll = math.atan2(-rotation[2, 0], rotation[0, 0])
            pitch = math.atan2(-rotation[1, 2], rotation[1, 1])
        yaw = math.atan2(sin_yaw, cos_yaw)
        return cls(center_lps_mm, *(wrapped_degrees(math.degrees(a)) for a in (roll, yaw, pitch)))

    def turned_about(self, plane: Plane, degrees: float) -> Orientation:
        """Turn right-handed about a plane's normal (the head's +S, +P or +L axis), as dragging in that pane does."""
        rotation = self.rotation @ _rotation_about(NORMAL_AXIS[plane], degrees)
        return Orientation.from_rotation(rotation, self.center_lps_mm)

    def moved(self, plane: Plane, distance_mm: float) -> Orientation:
        """Scroll a plane along its normal, towards head L (sagittal), P (coronal) or S (axial)."""
        normal = self.rotation[:, NORMAL_AXIS[plane]]
        x, y, z = (float(c + distance_mm * n) for c, n in zip(self.center_lps_mm, normal, strict=True))
        return replace(self, center_lps_mm=(x, y, z))

    def centered_at(self, center_lps_mm: Vector) -> Orientation:
        """The same angles about another centre."""
        return replace(self, center_lps_mm=center_lps_mm)


def plane_axes(orientation: Orientation, plane: Plane, facing: Facing = "right") -> tuple[FloatArray, FloatArray]:
    """Unit directions of screen right (u) and screen down (v) in LPS for a pane.

    Axial and coronal panes show the patient's right on the screen's left; the sagittal pane shows the face to the right
    (``facing="left"`` mirrors the display only).
    """
    left, posterior, superior = orientation.rotation.T
    if plane is Plane.AXIAL:
        return left, posterior
    if plane is Plane.CORONAL:
        return left, -superior
    return (-posterior if facing == "right" else posterior), -superior


def lps_from_uv(u_lps: FloatArray, v_lps: FloatArray, normal_lps: FloatArray, origin_lps_mm: FloatArray, spacing_mm: float) -> FloatArray:
    """4 x 4 matrix acting on ``(u, v, w, 1)`` in pixels; the origin is the centre of pixel (0, 0)."""
    matrix = np.eye(4)
    matrix[:3, 0] = spacing_mm * u_lps
    matrix[:3, 1] = spacing_mm * v_lps
    matrix[:3, 2] = spacing_mm * normal_lps
    matrix[:3, 3] = origin_lps_mm
    return matrix


def pane_lps_from_uv(
    orientation: Orientation, plane: Plane, *, focus_lps_mm: Vector, spacing_mm: float, shape_vu: tuple[int, int], facing: Facing = "right"
) -> FloatArray:
    """The pixel grid of a pane whose middle shows the point of the plane nearest to `focus_lps_mm`.

    Returns
    -------
    4 x 4 ``lps_from_uv``; its third column is the plane's positive normal (head L, P or S), whichever way the pane faces.
    """
    u, v = plane_axes(orientation, plane, facing)
    normal = orientation.rotation[:, NORMAL_AXIS[plane]]
    center = np.asarray(orientation.center_lps_mm)
    offset = np.asarray(focus_lps_mm) - center
    middle = center + offset - normal * float(offset @ normal)
    height, width = shape_vu
    origin = middle - spacing_mm * ((width - 1) / 2 * u + (height - 1) / 2 * v)
    return lps_from_uv(u, v, normal, origin, spacing_mm)


def _plane_box_polygon(corners_lps_mm: FloatArray, center: FloatArray, normal: FloatArray) -> FloatArray:
    """Points where a plane cuts the twelve edges of a box given by its 8 corners (binary order i, j, k)."""
    height = (corners_lps_mm - center) @ normal
    points: list[FloatArray] = []
    for a in range(8):
        if abs(height[a]) < 1e-9:
            points.append(corners_lps_mm[a])
        for bit in (1, 2, 4):
            b = a | bit
            if b != a and height[a] * height[b] < 0:
                t = height[a] / (height[a] - height[b])
                points.append(corners_lps_mm[a] + t * (corners_lps_mm[b] - corners_lps_mm[a]))
    return np.array(points).reshape(-1, 3)


def capture_grid(corners_lps_mm: FloatArray, orientation: Orientation, spacing_mm: float) -> tuple[FloatArray, tuple[int, int]]:
    """Pixel grid of the midsagittal capture: bounding rectangle of plane ∩ box of voxel centres.

    Parameters
    ----------
    corners_lps_mm
        8 x 3 corners of the box of voxel centres, in the order of `Volume.corners_lps_mm`.
    spacing_mm
        Isotropic pixel size.

    Returns
    -------
    lps_from_uv, shape_vu
        u = head's −P (towards the face), v = head's −S, third column spacing × head's +L.

    Raises
    ------
    BadInputError
        ``capture.plane_misses_volume`` if the plane does not cut the volume; ``capture.bad_spacing`` for a spacing outside
        0.02 … 5 mm (finer or coarser is never meant and would exhaust memory or show nothing).
    """
    if not 0.02 <= spacing_mm <= 5.0:
        raise BadInputError("capture.bad_spacing", spacing_mm=spacing_mm)
    u, v = plane_axes(orientation, Plane.SAGITTAL, "right")
    normal = orientation.rotation[:, 0]
    center = np.asarray(orientation.center_lps_mm)
    points = _plane_box_polygon(corners_lps_mm, center, normal)
    if len(points) < 3:
        raise BadInputError("capture.plane_misses_volume")
    along_u, along_v = (points - center) @ u, (points - center) @ v
    # A tolerance of a thousandth of a pixel keeps the last row when rounding puts it a hair outside.
    width = math.floor((along_u.max() - along_u.min()) / spacing_mm + 1e-3) + 1
    height = math.floor((along_v.max() - along_v.min()) / spacing_mm + 1e-3) + 1
    if min(width, height) < 2:
        raise BadInputError("capture.plane_misses_volume")
    origin = center + along_u.min() * u + along_v.min() * v
    return lps_from_uv(u, v, normal, origin, spacing_mm), (height, width)


def direction_letters(direction_lps: FloatArray) -> str:
    """Patient letters of a direction, strongest first: ``"A"``, or ``"AS"`` when it leans by more than 22.5° out of the axis."""
    # Plain numbers: a dozen of these are asked for with every frame of a drag.
    along = [(float(c), *letters) for c, letters in zip(direction_lps, (("L", "R"), ("P", "A"), ("S", "I")), strict=True)]
    along.sort(key=lambda axis: -abs(axis[0]))
    threshold = math.sin(math.radians(22.5)) * math.sqrt(sum(c * c for c, *_ in along))
    return "".join(positive if c > 0 else negative for n, (c, positive, negative) in enumerate(along) if n == 0 or abs(c) > threshold)
