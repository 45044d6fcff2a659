"""Answers of the student: asking for one, and what is left of one that this evaluator has had on the screen before."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from sos_studio.core.errors import SosError
from sos_studio.core.predictions import ModelCard, PredictedRoi, Prediction
from sos_studio.dataset import predictions
from sos_studio.services.model_list import ModelEntry
from sos_studio.services.prediction import PredictionService

if TYPE_CHECKING:
    from sos_studio.core.roi import Roi
    from sos_studio.dataset.project import Project
    from sos_studio.services.captures import StoredCapture

log = logging.getLogger(__name__)

# Answers kept in memory with their heatmaps, some MB each.
REMEMBERED = 24


class Asked(NamedTuple):
    """What an answer belongs to: nobody is shown unasked what only another evaluator asked for."""

    capture_id: str
    model_id: str
    evaluator: str


@dataclass(frozen=True, eq=False)
class Shown:
    """An answer that is on the screen.

    Attributes
    ----------
    heat01_vu
        Attention, size of the full image; None if only the figures were kept, since `shown_utc`.
    expert_frame, detector_frame
        The frame the attention was measured in, if the expert drew one; and what the detector proposes.
    """

    prediction: Prediction
    heat01_vu: npt.NDArray[np.float32] | None
    expert_frame: PredictedRoi | None
    detector_frame: PredictedRoi | None
    shown_utc: datetime | None = None


@dataclass(frozen=True, eq=False)
class OnRecord:
    """What the project has of a capture's predictions.

    Attributes
    ----------
    shown
        The last one by this student that this evaluator was shown; None if there is none.
    others
        Whether there are any: by another student, or shown to another evaluator. What they say is not told.
    """

    shown: Shown | None
    others: bool


class Answers:
    """Those of this sitting, heatmaps included; the oldest go first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Asked, Shown] = OrderedDict()

    def keep(self, asked: Asked, shown: Shown) -> None:
        """Remember an answer."""
        self._kept[asked] = shown
        self._kept.move_to_end(asked)
        while len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)

    def get(self, asked: Asked) -> Shown | None:
        """It, if it is remembered."""
        return self._kept.get(asked)

    def rename(self, named: Callable[[Asked], Asked]) -> None:
        """Whoever asked has got a name."""
        self._kept = OrderedDict((named(asked), shown) for asked, shown in self._kept.items())

    def clear(self) -> None:
        """Forget all (another project)."""
        self._kept.clear()


def on_record(project: Project, case_id: str, asked: Asked, card: ModelCard) -> OnRecord:
    """Worker thread: read from the project what was shown of a capture before, also in an earlier sitting."""
    rows = [row for row in predictions.shown(project, case_id) if row.capture_id == asked.capture_id]
    own = [row for row in rows if (row.model_id, row.evaluator or "") == (asked.model_id, asked.evaluator)]
    if not own or len(own[-1].probabilities) != card.stages:
        return OnRecord(None, bool(rows))
    last = own[-1]
    expected = sum(n * p for n, p in enumerate(last.probabilities, start=1))
    said = Prediction(scheme=last.scheme, stage=last.stage, probabilities=last.probabilities, expected_stage=expected, model=card)
    return OnRecord(Shown(said, None, None, None, last.shown_utc), True)


def record(project: Project, asked: Asked, said: Prediction) -> None:
    """Worker thread: note that it was shown to who asked, so that a reading made afterwards is marked."""
    predictions.record_shown(
        project,
        asked.capture_id,
        model_id=asked.model_id,
        stage=said.stage,
        probabilities=said.probabilities,
        evaluator=asked.evaluator or None,
    )


def ask(service: PredictionService, capture: StoredCapture, model: ModelEntry, detector: ModelEntry | None, roi: Roi | None) -> Shown:
    """Worker thread. With an expert's frame the detector is asked too, so that both can be compared."""
    detector_dir = detector.path if detector is not None else None
    result = service.predict(capture.full8, model_dir=model.path, roi=roi, detector_dir=detector_dir)
    frame = result.prediction.roi
    if frame is None or frame.source == "detector":
        return Shown(result.prediction, result.heat01_vu, None, frame)
    proposal = None
    if detector_dir is not None:
        try:
            proposal = service.find_frame(capture.full8, detector_dir=detector_dir)
        except SosError as error:
            log.info("the detector gave no frame: %s", error.code)
    return Shown(result.prediction, result.heat01_vu, frame, proposal)
