"""What the Predict step shows, and how a network's figures and attention are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from sos_studio.core.predictions import HEAT_METHODS, HeatMethod
from sos_studio.imaging import heatmaps
from sos_studio.imaging.heatmaps import ColourMap
from sos_studio.messages import Message
from sos_studio.presenters.answers import Shown
from sos_studio.services.model_list import ModelEntry, detector_for

COLOUR_MAPS: tuple[ColourMap, ...] = ("inferno", "viridis")

Phase = Literal["no_project", "no_model", "no_image", "ready", "predicting", "shown", "failed"]


@dataclass(frozen=True, eq=False)
class PredictionState:
    """What the step shows.

    Attributes
    ----------
    students
        Newest first, as `detectors` are; `chosen` is the one that is asked.
    names
        What somebody called the trainings that networks come from, by model id.
    used
        The student that the project predicts with unless another one is chosen.
    problem
        Why there is no answer.
    others
        Nothing is shown, but there are predictions: by another student, or for another evaluator.
    heat_stage
        Whose evidence the heatmap is to show, 1-based; None: the predicted stage's.
    outline
        Where more than this share of the highest attention (0 … 1) is outlined; None: nowhere.
    """

    phase: Phase = "no_project"
    students: tuple[ModelEntry, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    used: str | None = None
    chosen: ModelEntry | None = None
    detectors: tuple[ModelEntry, ...] = ()
    shown: Shown | None = None
    problem: Message | None = None
    others: bool = False
    heat_on: bool = True
    opacity: float = 0.6
    colour_map: ColourMap = "inferno"
    heat_stage: int | None = None
    heat_method: HeatMethod = HEAT_METHODS[0]
    outline: float | None = None

    @property
    def heat_wanted(self) -> tuple[int, HeatMethod] | None:
        """Whose evidence is to be shown (1-based), and how made; None without an answer."""
        return None if self.shown is None else (self.heat_stage or self.shown.prediction.stage, self.heat_method)

    @property
    def heat_coming(self) -> int | None:
        """The stage whose heatmap is being made, while the one that is there is another's or made otherwise: that one is not shown."""
        shown, wanted = self.shown, self.heat_wanted
        if shown is None or wanted is None or shown.heat01_vu is None or (shown.heat_stage, shown.heat_method) == wanted:
            return None
        return wanted[0]

    @property
    def detector(self) -> ModelEntry | None:
        """Which detector looks for the frame of the network that is asked: the one that knows the same cases."""
        return detector_for(self.chosen, self.detectors)


def heat_rgba(heat01_vu: npt.NDArray[np.float32], colour_map: ColourMap) -> npt.NDArray[np.uint8]:
    """The attention as a picture to lay over the full image: uint8 ``[v, u, RGBA]``, more opaque where there is more of it."""
    return heatmaps.layer(heat01_vu, colour_map)
