"""The record that makes a capture replayable (`capture.json`)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from sos_studio.core.corrections import Correction
from sos_studio.core.geometry import Orientation
from sos_studio.core.preparation import Preparation, Sha256
from sos_studio.core.roi import Finite

CAPTURE_SCHEMA_VERSION: Literal[1] = 1
DEFAULT_SPACING_MM = 0.25
# The kind of event that tells the size of an imported picture's pixels, where its record does not.
PIXEL_SIZE_GIVEN = "pixel_size_given"

Matrix4 = tuple[
    tuple[Finite, Finite, Finite, Finite],
    tuple[Finite, Finite, Finite, Finite],
    tuple[Finite, Finite, Finite, Finite],
    tuple[Finite, Finite, Finite, Finite],
]
Positive = Annotated[Finite, Field(gt=0)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OrientationRecord(_Record):
    """`Orientation` as it is stored."""

    center_lps_mm: tuple[Finite, Finite, Finite]
    roll_deg: Finite
    yaw_deg: Finite
    pitch_deg: Finite

    @classmethod
    def of(cls, orientation: Orientation) -> Self:
        """From the geometry's own type."""
        return cls(
            center_lps_mm=orientation.center_lps_mm,
            roll_deg=orientation.roll_deg,
            yaw_deg=orientation.yaw_deg,
            pitch_deg=orientation.pitch_deg,
        )

    def orientation(self) -> Orientation:
        """Back to the geometry's own type."""
        return Orientation(self.center_lps_mm, self.roll_deg, self.yaw_deg, self.pitch_deg)


class Window(_Record):
    """Grey-value window: `low` is black, `high` is white, linear between."""

    low: Finite
    high: Finite

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.high <= self.low:
            raise ValueError("window high must be above low")
        return self


class ValueFromPng(_Record):
    """``value = slope · png + intercept`` for png > 0; 0 is outside the volume."""

    slope: Positive
    intercept: Finite


class CaptureRecord(_Record):
    """Everything needed to make the same pixels again from the same series. No UIDs, no paths, no patient text.

    An imported image has no series: `series_hash`, `orientation`, `lps_from_uv` and `value_from_png` are then None, and
    `spacing_mm` is None unless it was given. `corrections` says what was done to the scan's voxels before; it is written only
    if there was any, so that programs that don't know it read all other records. `prepared` says the same of a picture that was
    imported, and `source_sha256` is the hash of the file that it was, by which the same file is known again.
    """

    schema_version: Literal[1] = CAPTURE_SCHEMA_VERSION
    software: str
    case: str
    capture_id: str
    series_hash: str | None
    orientation: OrientationRecord | None
    lps_from_uv: Matrix4 | None
    shape_vu: tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]]
    spacing_mm: Positive | None
    slab_mm: Annotated[Finite, Field(ge=0)] = 0.0
    interpolation: Literal["trilinear", "none"]
    window: Window | None
    value_from_png: ValueFromPng | None
    mirrored: bool = False
    corrections: tuple[Correction, ...] = ()
    prepared: Preparation | None = None
    source_sha256: Sha256 | None = None

    @model_serializer(mode="wrap")
    def _without_what_was_not_done(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = whole(self)
        if not self.corrections:
            written.pop("corrections", None)
        for name in ("prepared", "source_sha256"):
            if getattr(self, name) is None:
                written.pop(name, None)
        return written


def matrix4(matrix: npt.NDArray[np.float64]) -> Matrix4:
    """A 4 x 4 array as the nested tuples that records hold."""

    def row(n: int) -> tuple[float, float, float, float]:
        a, b, c, d = (float(v) for v in matrix[n])
        return a, b, c, d

    return row(0), row(1), row(2), row(3)
