"""A stored classifier applied to one picture: probabilities and the coarse map of its evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from sos_studio.core.errors import BadInputError
from sos_studio.core.predictions import CoarseMap, HeatMethod, Nearness, StageSet
from sos_studio.core.stages import scheme
from trainer import conformal, model_store
from trainer.attention import GridStage, picture_attention
from trainer.data import letterbox, network_input, uv_from_cell
from trainer.familiarity import Familiarity
from trainer.metrics import softmax
from trainer.model_store import StoredModel
from trainer.networks import restore

FARTHEST = 1e6


@dataclass(frozen=True, eq=False)
class Answer:
    """What a classifier says about a picture.

    Attributes
    ----------
    probabilities
        In stage order, calibrated by the temperature on the card; they add up to 1.
    map_hw
        float32, 0 … 1: evidence for the stage, one value per cell of the network's last features.
    uv_from_cell
        3 x 3 affine from ``(column, row, 1)`` of a cell's centre to pixels of the picture that was given.
    stage_set, familiarity
        None for a network of before they were measured, or if there were too few cases for a distance.
    """

    probabilities: tuple[float, ...]
    map_hw: npt.NDArray[np.float32]
    uv_from_cell: npt.NDArray[np.float64]
    stage_set: StageSet | None = None
    familiarity: Nearness | None = None

    def write_map(self, path: Path) -> CoarseMap:
        """Store the map as ``.npy`` and say where its cells lie."""
        np.save(path, self.map_hw, allow_pickle=False)
        rows, columns = self.map_hw.shape
        matrix = tuple((float(a), float(b), float(c)) for a, b, c in self.uv_from_cell)
        return CoarseMap(path=str(path), shape_hw=(rows, columns), uv_from_cell=(matrix[0], matrix[1], matrix[2]))


class Predictor:
    """A student on full images, or a teacher on crops.

    Parameters
    ----------
    model
        A stored classifier.
    device
        Where to compute.

    Raises
    ------
    BadInputError
        ``model.wrong_kind`` for a detector, ``model.unreadable``.
    """

    def __init__(self, model: StoredModel, device: torch.device) -> None:
        if model.card.kind == "detector":
            raise BadInputError("model.wrong_kind", model=model.model_id, kind="detector", wanted="student")
        self.model = model
        self._device = device
        weights, beside = model_store.load_tensors(model)
        self._network = restore(model.card, weights).to(device).eval()
        extra: dict[str, Any] = model.card.model_extra or {}
        try:
            self._familiarity = _familiarity(extra.get("familiarity"), beside)
            self._promise = _promise(extra.get("stage_set"))
            self._grid_stage: GridStage = extra.get("attention_grid_stage", "last")
            self._temperature = float(extra.get("calibration", {}).get("temperature", 1.0))
            if min(model.card.input_shape_hw) < 1 or not 0 < self._temperature < math.inf:
                raise ValueError("figures that no training measures")
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise BadInputError("model.unreadable", model=model.model_id) from error

    def predict(self, image_vu: npt.NDArray[np.uint8], stage: int | None = None, method: HeatMethod = "grad-cam") -> Answer:
        """Stage one picture.

        Parameters
        ----------
        image_vu
            Full image for a student, crop for a teacher; grey, any size.
        stage
            1-based stage whose evidence the map shows; None: the likeliest.
        method
            How the map is made, see `attention.evidence_map`.

        Raises
        ------
        BadInputError
            ``stage.unknown``.
        """
        card = self.model.card
        wanted = None if stage is None else torch.tensor([scheme(card.scheme).check(stage) - 1], device=self._device)
        boxed = letterbox(image_vu, card.input_shape_hw)
        # Rounded, because the network was fitted to whole grey values.
        images_NCHW = network_input(boxed.values_HW.round()[None].to(self._device), self._network.channels)
        with self._network.described() as seen:
            logits_NK, map_NHW = picture_attention(self._network, images_NCHW, wanted, self._grid_stage, method)
        probabilities_NK = softmax(logits_NK.cpu().numpy(), self._temperature)
        return Answer(
            tuple(float(p) for p in probabilities_NK[0]),
            np.ascontiguousarray(map_NHW[0].cpu().numpy(), dtype=np.float32),
            uv_from_cell(boxed.uv_from_input, self._network.grid(self._grid_stage)),
            self._set_of(probabilities_NK),
            self._nearness(torch.cat(seen, dim=1).cpu().numpy()),
        )

    def _set_of(self, probabilities_1K: npt.NDArray[np.float64]) -> StageSet | None:
        if self._promise is None:
            return None
        first_1, last_1 = conformal.stage_sets(probabilities_1K, self._promise.at_most)
        return StageSet(first=int(first_1[0]) + 1, last=int(last_1[0]) + 1, coverage=self._promise.coverage, cases=self._promise.cases)

    def _nearness(self, features_1D: npt.NDArray[np.float32]) -> Nearness | None:
        known = self._familiarity
        if known is None:
            return None
        # What is no number is farther than anything; JSON has no infinity.
        distance = float(np.nan_to_num(known.distance(features_1D)[0], nan=FARTHEST, posinf=FARTHEST))
        return Nearness(distance=min(distance, FARTHEST), threshold=known.threshold, cases=known.cases)


@dataclass(frozen=True)
class _Promise:
    """With what probability a set holds the true stage, how much it gathers for that, and from how many cases both come."""

    coverage: float
    at_most: float
    cases: int


def _promise(told: Mapping[str, Any] | None) -> _Promise | None:
    if told is None:
        return None
    at_most = math.inf if told["at_most"] is None else float(told["at_most"])
    return _Promise(float(told["coverage"]), at_most, int(told["n"]))


def _familiarity(figures: Mapping[str, Any] | None, tensors: Mapping[str, torch.Tensor]) -> Familiarity | None:
    if figures is None or not tensors:
        return None
    arrays = {name: value.double().numpy() for name, value in tensors.items()}
    return Familiarity(**arrays, rest=float(figures["rest"]), threshold=float(figures["threshold"]), cases=int(figures["cases"]))
