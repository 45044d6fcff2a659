"""The slices beside a capture's plane: which there are, and the record that stands beside their picture."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sos_studio.core.roi import Finite

# Millimetres towards the patient's left; 0 is the capture itself.
OFFSETS_MM = (-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0)
BESIDE_SCHEMA_VERSION: Literal[1] = 1

Side = Annotated[int, Field(gt=0)]


class BesideRecord(BaseModel):
    """What `beside.png` holds: slices parallel to the capture, on its pixel grid, below one another in this order.

    It is evidence made from the capture's record and scan, never a part of the capture: it may be missing, and is made again when the
    scan is open.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = BESIDE_SCHEMA_VERSION
    capture_id: str
    offsets_mm: Annotated[tuple[Finite, ...], Field(min_length=1)]
    shape_vu: tuple[Side, Side]
    sha256: str
