"""Answers of the student: asking for one, and what is left of one that this evaluator has had on the screen before."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from sos_studio.core.errors import BadInputError, SosError
from sos_studio.core.predictions import HEAT_METHODS, HeatMethod, KeptMap, KeptPrediction, ModelCard, PredictedRoi, Prediction
from sos_studio.dataset import predictions
from sos_studio.imaging import heatmaps
from sos_studio.messages import Message, message
from sos_studio.services.model_list import ModelEntry
from sos_studio.services.prediction import PredictionService, heat_of
from sos_studio.services.revealing import note_shown

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
    heat_stage, heat_method
        Whose evidence the heatmap shows (1-based), and how it was made.
    attention
        Share of that heatmap's attention inside the frame, 0 … 1; None without a frame or without attention.
    looking_for_frame
        The detector has been asked and has not answered yet.
    detector_asked, detector_fault
        It has answered in this sitting, with a frame or without; or why it could not.
    """

    prediction: Prediction
    heat01_vu: npt.NDArray[np.float32] | None
    expert_frame: PredictedRoi | None
    detector_frame: PredictedRoi | None
    shown_utc: datetime | None = None
    heat_stage: int | None = None
    heat_method: HeatMethod = HEAT_METHODS[0]
    attention: float | None = None
    looking_for_frame: bool = False
    detector_asked: bool = False
    detector_fault: Message | None = None

    @property
    def overlooked(self) -> bool:
        """Whether less of the attention lies inside the frame than if it were spread evenly."""
        if self.attention is None or self.frame is None or self.heat01_vu is None:
            return False
        height, width = self.heat01_vu.shape
        return self.frame.overlooked(self.attention, (height, width))

    @cached_property
    def mostly_elsewhere(self) -> bool:
        """Whether less than half of the attention lies inside the frame, and the strongest place outside of it."""
        if self.attention is None or self.frame is None or self.heat01_vu is None:
            return False
        return self.attention < 0.5 and not heatmaps.strongest_inside(self.heat01_vu, self.frame.roi())

    @property
    def chosen_stage(self) -> int | None:
        """The stage that the heatmap shows the evidence for, if it is another than the predicted one."""
        return None if self.heat_stage == self.prediction.stage else self.heat_stage

    @property
    def frame(self) -> PredictedRoi | None:
        """What the attention is measured in."""
        return self.expert_frame if self.expert_frame is not None else self.detector_frame


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


class Answered(NamedTuple):
    """An answer that has just come, and the map to keep with it."""

    shown: Shown
    map: KeptMap | None


class Answers:
    """Those of this sitting, heatmaps included; the oldest go first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Asked, Shown] = OrderedDict()
        self._news: dict[Asked, Answered] = {}

    def keep(self, asked: Asked, shown: Shown, news: Answered | None = None) -> None:
        """Remember an answer; `news` of it is what must go on record once somebody sees it."""
        self._kept[asked] = shown
        self._kept.move_to_end(asked)
        if news is not None:
            self._news[asked] = news
        while len(self._kept) > REMEMBERED:
            gone, _ = self._kept.popitem(last=False)
            self._news.pop(gone, None)

    def get(self, asked: Asked) -> Shown | None:
        """It, if it is remembered."""
        return self._kept.get(asked)

    def take_news(self, asked: Asked) -> Answered | None:
        """What nobody has seen of it yet; asked for once, before it is shown."""
        return self._news.pop(asked, None)

    def rename(self, named: Callable[[Asked], Asked]) -> None:
        """Whoever asked has got a name."""
        self._kept = OrderedDict((named(asked), shown) for asked, shown in self._kept.items())
        self._news = {named(asked): news for asked, news in self._news.items()}

    def clear(self) -> None:
        """Forget all (another project)."""
        self._kept.clear()
        self._news.clear()


def on_record(project: Project, case_id: str, asked: Asked, card: ModelCard, shape_vu: tuple[int, int]) -> OnRecord:
    """Worker thread: read from the project what was shown of a capture before, also in an earlier sitting.

    Parameters
    ----------
    card, shape_vu
        Of the network as it is now, and of the capture.
    """
    rows = [row for row in predictions.shown(project, case_id) if row.capture_id == asked.capture_id]
    own = [row for row in rows if (row.model_id, row.evaluator or "") == (asked.model_id, asked.evaluator)]
    if not own or len(own[-1].probabilities) != card.stages:
        return OnRecord(None, bool(rows))
    # The last one that can be shown as it was; figures alone are the last resort.
    last = next((row for row in reversed(own) if row.kept is not None), own[-1])
    again = _kept(last.kept, card, shape_vu)
    if again is not None:
        return OnRecord(replace(again, shown_utc=last.shown_utc), True)
    expected = sum(n * p for n, p in enumerate(last.probabilities, start=1))
    said = Prediction(scheme=last.scheme, stage=last.stage, probabilities=last.probabilities, expected_stage=expected, model=card)
    return OnRecord(Shown(said, None, None, None, last.shown_utc), True)


def _kept(kept: KeptPrediction | None, card: ModelCard, shape_vu: tuple[int, int]) -> Shown | None:
    """All of an answer as it was given, if it was given by the very weights that are there now."""
    if kept is None or kept.map is None or kept.weights_sha256 != (card.model_extra or {}).get("weights_sha256"):
        return None
    said = kept.prediction.model_copy(update={"model": card})
    frame, expert = said.roi, said.roi is not None and said.roi.source == "expert"
    return Shown(
        said,
        heat_of(kept.map, frame, shape_vu),
        frame if expert else None,
        kept.detector_frame if expert else frame,
        heat_stage=kept.map.stage,
        heat_method=kept.map.method,
        attention=said.attention_in_roi,
        detector_asked=kept.detector_asked,
    )


def record(project: Project, asked: Asked, answered: Answered) -> None:
    """Worker thread: note that it was shown to who asked, so that a reading made afterwards is marked; with it what shows it again."""
    shown = answered.shown
    said = shown.prediction
    looked = {"detector_asked": shown.detector_asked, "detector_frame": shown.detector_frame}
    note_shown(
        project,
        asked.capture_id,
        asked.evaluator,
        model_id=asked.model_id,
        stage=said.stage,
        probabilities=said.probabilities,
        kept=KeptPrediction.of(said, answered.map, None).model_copy(update=looked),
    )


def ask(
    service: PredictionService, capture: StoredCapture, model: ModelEntry, roi: Roi | None, *, method: HeatMethod = HEAT_METHODS[0]
) -> Answered:
    """Worker thread: the student's answer, which waits for no detector.

    Raises
    ------
    BadInputError
        ``prediction.model_gone``; and as `PredictionService.predict`.
    """
    try:
        result = service.predict(capture.full8, model_dir=model.path, roi=roi, method=method)
    except BadInputError as error:
        raise _gone(error) from error
    said = result.prediction
    shown = Shown(said, result.heat01_vu, said.roi, None, heat_stage=said.stage, heat_method=method, attention=said.attention_in_roi)
    return Answered(shown, result.map)


def with_frame(service: PredictionService, capture: StoredCapture, detector: ModelEntry, answered: Answered) -> Answered:
    """Worker thread: the same answer with the detector's frame, in which the attention is measured unless the expert drew one."""
    found, fault = None, None
    try:
        found = service.find_frame(capture.full8, detector_dir=detector.path)
    except SosError as error:
        log.info("the detector gave no frame: %s", error.code)
        told = _gone(error)
        fault = message(told.code, told.values)
    asked = fault is None
    shown = replace(answered.shown, detector_frame=found, looking_for_frame=False, detector_asked=asked, detector_fault=fault)
    if found is not None and shown.expert_frame is None and shown.heat01_vu is not None:
        inside = heatmaps.attention_inside(shown.heat01_vu, found.roi())
        said = shown.prediction.model_copy(update={"roi": found, "attention_in_roi": inside})
        shown = replace(shown, prediction=said, attention=inside)
    return Answered(shown, answered.map)


def _gone(error: SosError) -> SosError:
    """A network that was in the project's list a moment ago: nobody chose an empty folder."""
    return BadInputError("prediction.model_gone", **error.values) if error.code == "prediction.no_model" else error


def ask_all(
    service: PredictionService, capture: StoredCapture, model: ModelEntry, detector: ModelEntry | None, roi: Roi | None
) -> Answered:
    """Worker thread: student, then detector."""
    answered = ask(service, capture, model, roi)
    return answered if detector is None else with_frame(service, capture, detector, answered)


def other_heat(
    service: PredictionService, capture: StoredCapture, model: ModelEntry, shown: Shown, *, stage: int, method: HeatMethod
) -> Shown:
    """Worker thread: the same answer with the evidence for another stage, or made in another way.

    Where the figures of an earlier sitting stand without a heatmap, this brings it back.
    """
    frame = shown.frame
    result = service.predict(
        capture.full8,
        model_dir=model.path,
        roi=None if frame is None else frame.roi(),
        stage=stage or shown.prediction.stage,
        method=method,
    )
    return replace(
        shown,
        heat01_vu=result.heat01_vu,
        heat_stage=stage,
        heat_method=method,
        attention=result.prediction.attention_in_roi,
    )
