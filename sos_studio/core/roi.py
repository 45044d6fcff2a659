"""The rotated 2:1 frame on a full image, and the upright crop cut from it."""

from __future__ import annotations

import math
from typing import Annotated, Self

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from sos_studio.core.errors import BadInputError

FloatArray = npt.NDArray[np.float64]
Point = tuple[float, float]

# Width of a new frame over the distance between the two clicked ends (contract).
WIDTH_OVER_ENDS = 1.5
MIN_WIDTH_PX = 8.0


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("must be finite")
    return value


Finite = Annotated[float, AfterValidator(_finite)]
# Once round is where it was: -180 … 180.
Angle = Annotated[Finite, AfterValidator(lambda degrees: math.remainder(degrees, 360.0))]


class Roi(BaseModel):
    """Frame in full-image pixels; never anything but 2:1.

    Attributes
    ----------
    center_uv
        Centre of the frame, pixels of the full image, (0, 0) = centre of the top-left pixel.
    angle_deg
        Direction endocranial → ectocranial, from +u, clockwise on the screen (v points down).
    width_px, height_px
        Size in full-image pixels; ``height_px == width_px / 2``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    center_uv: tuple[Finite, Finite]
    angle_deg: Angle
    width_px: Annotated[Finite, Field(gt=0)]
    height_px: Annotated[Finite, Field(gt=0)]

    @model_validator(mode="after")
    def _two_to_one(self) -> Self:
        if abs(self.width_px - 2.0 * self.height_px) > 1e-6 * self.width_px:
            raise ValueError("the frame must be 2:1")
        return self

    @classmethod
    def of(cls, center_uv: Point, angle_deg: float, width_px: float) -> Roi:
        """A frame of that width; the height follows.

        Raises
        ------
        BadInputError
            ``roi.not_a_frame`` if a value is not a finite number or the width is nothing or less.
        """
        try:
            return cls(center_uv=center_uv, angle_deg=angle_deg, width_px=width_px, height_px=width_px / 2)
        except ValidationError as error:
            raise BadInputError("roi.not_a_frame") from error

    @classmethod
    def from_ends(cls, endocranial_uv: Point, ectocranial_uv: Point, width_over_ends: float = WIDTH_OVER_ENDS) -> Roi:
        """The frame for two clicked ends of the SOS.

        Raises
        ------
        BadInputError
            ``roi.ends_too_close`` if the frame would be narrower than `MIN_WIDTH_PX`; ``roi.not_a_frame`` as `of`.
        """
        du, dv = ectocranial_uv[0] - endocranial_uv[0], ectocranial_uv[1] - endocranial_uv[1]
        distance = math.hypot(du, dv)
        if distance * width_over_ends < MIN_WIDTH_PX:
            raise BadInputError("roi.ends_too_close", distance_px=round(distance, 1))
        center = ((endocranial_uv[0] + ectocranial_uv[0]) / 2, (endocranial_uv[1] + ectocranial_uv[1]) / 2)
        return cls.of(center, math.degrees(math.atan2(dv, du)), distance * width_over_ends)

    @property
    def against_anatomy(self) -> bool:
        """Whether the endocranial end lies in front or below, where the ectocranial one is expected.

        The clivus leans as the head does, but hardly by a quarter of a turn: expected is a direction within 90 degrees of forwards and
        downwards (+45), so that of a frame and the same frame with its ends exchanged exactly one is.
        """
        return math.cos(math.radians(self.angle_deg - 45.0)) < 0.0

    def reversed(self) -> Roi:
        """The same rectangle with its ends exchanged."""
        return Roi.of(self.center_uv, self.angle_deg + 180.0, self.width_px)

    @property
    def crop_shape_vu(self) -> tuple[int, int]:
        """Rows and columns of the crop at the capture's own spacing: whole pixels, exactly 2:1."""
        height = max(1, round(self.height_px))
        return height, 2 * height

    @property
    def uv_from_crop(self) -> FloatArray:
        """3 x 3 affine from crop pixels ``(x, y, 1)`` to full-image pixels; one crop pixel is one capture pixel."""
        height, width = self.crop_shape_vu
        angle = math.radians(self.angle_deg)
        c, s = math.cos(angle), math.sin(angle)
        matrix = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
        matrix[:2, 2] = np.asarray(self.center_uv) - matrix[:2, :2] @ np.array([(width - 1) / 2, (height - 1) / 2])
        return matrix

    @property
    def corners_uv(self) -> FloatArray:
        """4 x 2 corners of the frame: endocranial top, ectocranial top, ectocranial bottom, endocranial bottom (in the crop)."""
        angle = math.radians(self.angle_deg)
        along = np.array([math.cos(angle), math.sin(angle)]) * self.width_px / 2
        across = np.array([-math.sin(angle), math.cos(angle)]) * self.height_px / 2
        center = np.asarray(self.center_uv)
        return np.array([center - along - across, center + along - across, center + along + across, center - along + across])

    def inside(self, shape_vu: tuple[int, int]) -> bool:
        """Whether the whole frame lies on an image of that shape (edges of the border pixels included)."""
        height, width = shape_vu
        corners = self.corners_uv
        low, high = corners.min(axis=0), corners.max(axis=0)
        return bool(low[0] >= -0.5 and low[1] >= -0.5 and high[0] <= width - 0.5 and high[1] <= height - 0.5)

    def require_inside(self, shape_vu: tuple[int, int]) -> None:
        """Raise ``roi.outside_image`` unless the frame lies on the image."""
        if not self.inside(shape_vu):
            raise BadInputError("roi.outside_image")

    def require_usable(self, shape_vu: tuple[int, int]) -> None:
        """Raise ``roi.too_small`` or ``roi.outside_image`` unless the frame may be kept for an image of that shape."""
        if self.width_px < MIN_WIDTH_PX * (1.0 - 1e-9):
            raise BadInputError("roi.too_small", least=f"{MIN_WIDTH_PX:g}")
        self.require_inside(shape_vu)

    def mirrored(self, width_px: int) -> Roi:
        """The same frame after the image of that width was flipped left-right.

        The endocranial end stays the start of the frame: only its place and direction are mirrored.
        """
        return Roi.of((width_px - 1 - self.center_uv[0], self.center_uv[1]), 180.0 - self.angle_deg, self.width_px)
