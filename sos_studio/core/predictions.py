"""What a network says about a picture."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sos_studio.core.roi import Finite, Roi

Probability = Annotated[Finite, Field(ge=0, le=1)]
Row3 = tuple[Finite, Finite, Finite]
HeatMethod = Literal["grad-cam", "grad-cam++", "hires-cam"]
HEAT_METHODS: tuple[HeatMethod, ...] = ("grad-cam", "grad-cam++", "hires-cam")


class ModelCard(BaseModel):
    """What stands beside a trained network (`model.json`): enough to run it and to say what it is."""

    model_config = ConfigDict(frozen=True, extra="allow")

    schema_version: Literal[1] = 1
    model_id: str
    kind: Literal["teacher", "detector", "student"]
    network: str
    scheme: str = "bassed-5"
    stages: int = 5
    input_shape_hw: tuple[int, int]
    manifest_id: str
    phantom: bool
    from_scratch: bool
    created_utc: str
    software: str


class PredictedRoi(BaseModel):
    """A frame and where it came from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    center_uv: tuple[Finite, Finite]
    angle_deg: Finite
    width_px: Finite
    height_px: Finite
    source: Literal["expert", "detector"]
    confidence: Probability | None = None

    @classmethod
    def of(cls, roi: Roi, source: Literal["expert", "detector"], confidence: float | None = None) -> Self:
        """A frame with its source."""
        return cls(**roi.model_dump(), source=source, confidence=confidence)

    def roi(self) -> Roi:
        """The frame alone."""
        return Roi.of(self.center_uv, self.angle_deg, self.width_px)


class Prediction(BaseModel):
    """Stage, probabilities in stage order, and how much of the attention lies inside the frame.

    Attributes
    ----------
    expected_stage
        Mean of the stage under `probabilities`.
    attention_in_roi
        Share of the non-negative attention that lies inside `roi`, 0 … 1; None without a frame or without attention.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scheme: str
    stage: int
    probabilities: tuple[Probability, ...]
    expected_stage: Finite
    roi: PredictedRoi | None = None
    attention_in_roi: Probability | None = None
    model: ModelCard

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if abs(sum(self.probabilities) - 1.0) > 1e-3:
            raise ValueError("probabilities must add up to 1")
        return self


class CoarseMap(BaseModel):
    """Alignment of the trainer's attention map: where each cell's centre lies on the picture it was made from.

    Attributes
    ----------
    uv_from_cell
        3 x 3 affine from ``(column, row, 1)`` of a cell to pixel coordinates of the full image.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    shape_hw: tuple[int, int]
    uv_from_cell: tuple[Row3, Row3, Row3]
