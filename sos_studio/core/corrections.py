"""What was done to a scan's voxels to make them a rectangular volume; told with the series and kept with every capture."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Correction(BaseModel):
    """One correction: slices that lay askew were moved along themselves, by resampling, until they stood above one another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["gantry_tilt"]
    tilt_deg: Annotated[float, Field(gt=0, lt=90, allow_inf_nan=False)]
