"""What a network says about a picture, and how it is kept."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from sos_studio.core.errors import BadInputError
from sos_studio.core.roi import Finite, Roi

Probability = Annotated[Finite, Field(ge=0, le=1)]
Row3 = tuple[Finite, Finite, Finite]
HeatMethod = Literal["grad-cam", "grad-cam++", "hires-cam"]
HEAT_METHODS: tuple[HeatMethod, ...] = ("grad-cam", "grad-cam++", "hires-cam")
# An answer is unsure if its most likely stage has less than this: all the other stages together are then likelier.
UNSURE_BELOW = 0.5
# A detector that is less sure than this of its frame may have found something else.
DOUBTFUL_BELOW = 0.5


class ModelCard(BaseModel):
    """What stands beside a trained network (`model.json`): enough to run it and to say what it is.

    `number` is one more than that of every model that was there when it was stored (0 in older files): clocks may be set back.
    """

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
    number: Annotated[int, Field(ge=0)] = 0


CARD_VERSION = 1


def read_card(content: bytes, model: str) -> ModelCard:
    """The card in a file's bytes.

    Parameters
    ----------
    model
        What to call it where it can't be read.

    Raises
    ------
    BadInputError
        ``model.newer`` if a newer version wrote it.
    ValueError
        If it is damaged.
    """
    told = json.loads(content)
    version = told.get("schema_version", CARD_VERSION) if isinstance(told, dict) else None
    if isinstance(version, int) and version > CARD_VERSION:
        raise BadInputError("model.newer", model=model)
    return ModelCard.model_validate(told)


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

    @property
    def doubtful(self) -> bool:
        """Whether the detector that found it is hardly sure of it."""
        return self.confidence is not None and self.confidence < DOUBTFUL_BELOW

    def share_of(self, shape_vu: tuple[int, int]) -> float:
        """How much of a full image it covers, 0 … 1: what attention would have inside that is spread evenly over the image."""
        return min(1.0, self.width_px * self.height_px / max(shape_vu[0] * shape_vu[1], 1))

    def overlooked(self, share: float, shape_vu: tuple[int, int]) -> bool:
        """Whether a network with this share of its attention inside looked there less than anywhere else."""
        return share < self.share_of(shape_vu)


class StageSet(BaseModel):
    """A run of neighbouring stages that holds the true one with a promised probability (ADR 0018).

    Attributes
    ----------
    first, last
        1-based, inclusive.
    coverage
        What is promised, for cases exchangeable with the calibration cases.
    cases
        How many of these there were.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    first: Annotated[int, Field(ge=1)]
    last: Annotated[int, Field(ge=1)]
    coverage: Probability
    cases: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError("a set runs upwards")
        return self


class Nearness(BaseModel):
    """How far a picture lies from those that a network learned from, in its own features.

    Attributes
    ----------
    distance
        About 1 for a picture that was learned from.
    threshold
        At most so far lie 95 of 100 pictures of the same kind.
    cases
        How many pictures that nothing was fitted to the threshold comes from.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    distance: Annotated[Finite, Field(ge=0)]
    threshold: Annotated[Finite, Field(ge=0)]
    cases: Annotated[int, Field(ge=0)]

    @property
    def unlike(self) -> bool:
        """Whether the picture is unlike the training data."""
        return self.distance > self.threshold


class Prediction(BaseModel):
    """Stage, probabilities in stage order, and how much of the attention lies inside the frame.

    Attributes
    ----------
    expected_stage
        Mean of the stage under `probabilities`.
    attention_in_roi
        Share of the non-negative attention that lies inside `roi`, 0 … 1; None without a frame or without attention.
    stage_set, familiarity
        None where the network has no measure of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scheme: str
    stage: int
    probabilities: tuple[Probability, ...]
    expected_stage: Finite
    roi: PredictedRoi | None = None
    attention_in_roi: Probability | None = None
    stage_set: StageSet | None = None
    familiarity: Nearness | None = None
    model: ModelCard

    @property
    def unlike(self) -> bool:
        """Whether the picture is known to be unlike the training data."""
        return self.familiarity is not None and self.familiarity.unlike

    def overlooked(self, shape_vu: tuple[int, int]) -> bool:
        """Whether the network did not look at the frame, if there is one, in a full image of this shape; `PredictedRoi` decides it."""
        return self.roi is not None and self.attention_in_roi is not None and self.roi.overlooked(self.attention_in_roi, shape_vu)

    @property
    def unsure(self) -> bool:
        """Whether no stage stands out, so that the most likely one must not be read as an answer."""
        return max(self.probabilities) < UNSURE_BELOW

    @property
    def promised(self) -> StageSet | None:
        """The stages that may be told with certainty; None where none was measured, and for a picture unlike the training data.

        The promise holds for patients like those of the training only. A set may always be larger than it must: it is told so that no
        stage outside of it is likelier than one inside, which would contradict the probabilities beside it.
        """
        held = self.stage_set
        if held is None or self.unlike:
            return None
        p, first, last = self.probabilities, held.first, min(held.last, len(self.probabilities))
        least = min(p[first - 1 : last])
        likelier = [n for n, share in enumerate(p, start=1) if share > least]
        while likelier and (likelier[0] < first or likelier[-1] > last):
            first, last = min(first, likelier[0]), max(last, likelier[-1])
            least = min(p[first - 1 : last])
            likelier = [n for n, share in enumerate(p, start=1) if share > least]
        return held.model_copy(update={"first": first, "last": last})

    @property
    def runner_up(self) -> int:
        """The stage that is likeliest after `stage`, 1-based."""
        others = (n for n in range(1, len(self.probabilities) + 1) if n != self.stage)
        return max(others, key=lambda n: self.probabilities[n - 1])

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


class KeptMap(BaseModel):
    """An attention map as it is kept with a prediction: small, and aligned to the full image.

    Attributes
    ----------
    stage, method
        Whose evidence it shows (1-based), and how it was made.
    uv_from_cell
        3 x 3 affine from ``(column, row, 1)`` of a cell to pixels of the full image.
    in_frame
        Whether the network saw the crop alone, so that there is nothing outside of the frame.
    cells
        Base64 of float16 values 0 … 1, row by row, little endian.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: Annotated[int, Field(ge=1)]
    method: HeatMethod
    shape_hw: tuple[Annotated[int, Field(gt=0, le=4096)], Annotated[int, Field(gt=0, le=4096)]]
    uv_from_cell: tuple[Row3, Row3, Row3]
    in_frame: bool = False
    cells: str

    @classmethod
    def of(
        cls, map_hw: npt.NDArray[np.float32], uv_from_cell: npt.NDArray[np.float64], *, stage: int, method: HeatMethod, in_frame: bool
    ) -> Self:
        """Pack a map; half precision is finer than the eight bits that a person sees."""
        clean = np.clip(np.nan_to_num(map_hw, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)
        rows = [(float(a), float(b), float(c)) for a, b, c in uv_from_cell]
        return cls(
            stage=stage,
            method=method,
            shape_hw=(map_hw.shape[0], map_hw.shape[1]),
            uv_from_cell=(rows[0], rows[1], rows[2]),
            in_frame=in_frame,
            cells=base64.b64encode(clean.astype("<f2").tobytes()).decode("ascii"),
        )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        try:
            length = len(base64.b64decode(self.cells, validate=True))
        except binascii.Error as error:
            raise ValueError("cells are base64") from error
        if length != 2 * self.shape_hw[0] * self.shape_hw[1]:
            raise ValueError("one value per cell")
        return self

    def map_hw(self) -> npt.NDArray[np.float32]:
        """The map."""
        return np.frombuffer(base64.b64decode(self.cells), dtype="<f2").astype(np.float32).reshape(self.shape_hw)


class KeptPrediction(BaseModel):
    """All that is needed to show a prediction again: what was said, of which pixels, by which weights, and the map.

    Attributes
    ----------
    prediction
        Its model's card without what only the trainer adds.
    weights_sha256, full_sha256
        Of the network's weights (None: its card doesn't say) and of the full image's file or pixels.
    detector_asked, detector_frame
        Whether a detector answered too, and what it found, also where the attention was measured in an evaluator's frame.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    prediction: Prediction
    detector_asked: bool = False
    detector_frame: PredictedRoi | None = None
    weights_sha256: str | None = None
    full_sha256: str | None = None
    map: KeptMap | None = None

    @classmethod
    def of(cls, prediction: Prediction, map_: KeptMap | None, full_sha256: str | None) -> Self:
        """What to keep of an answer."""
        card = prediction.model
        told = (card.model_extra or {}).get("weights_sha256")
        plain = ModelCard.model_validate(card.model_dump(include=set(ModelCard.model_fields)))
        return cls(
            prediction=prediction.model_copy(update={"model": plain}),
            weights_sha256=told if isinstance(told, str) else None,
            full_sha256=full_sha256,
            map=map_,
        )
