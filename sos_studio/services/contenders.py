"""What can stand side by side over one full image: students, a teacher on the crop, detector and teacher, the mean of several students."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from sos_studio.core.errors import BadInputError
from sos_studio.core.predictions import HEAT_METHODS, HeatMethod, ModelCard, Prediction
from sos_studio.core.roi import Roi
from sos_studio.imaging import heatmaps
from sos_studio.services.model_list import ModelEntry, detector_for
from sos_studio.services.prediction import FloatMap, Gray, PredictionResult, PredictionService

How = Literal["student", "teacher", "detector_and_teacher", "mean"]


@dataclass(frozen=True)
class Contender:
    """One way to stage a full image.

    Attributes
    ----------
    how
        ``teacher`` looks at the expert's crop, ``detector_and_teacher`` at the one that the detector finds, ``mean`` averages students.
    networks
        One; of a mean all of them, the newest first.
    detector
        Finds the frame where there is no expert's.
    """

    how: How
    networks: tuple[ModelEntry, ...]
    detector: ModelEntry | None = None

    @property
    def key(self) -> str:
        """Stands for it in records."""
        first = self.networks[0].card.model_id
        return {
            "student": first,
            "teacher": first,
            "detector_and_teacher": f"{first} in the frame of {'' if self.detector is None else self.detector.card.model_id}",
            "mean": "mean of " + ", ".join(entry.card.model_id for entry in self.networks),
        }[self.how]

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """Of all networks whose having learned from a case would make the stage right."""
        found = self.detector if self.how == "detector_and_teacher" else None
        return tuple(entry.card for entry in (*self.networks, *(() if found is None else (found,))))

    @property
    def measured(self) -> ModelCard | None:
        """The card whose figures are of this way to answer; None where several networks answer together, which no training measures."""
        return self.networks[0].card if self.how in ("student", "teacher") else None


def contenders(entries: Sequence[ModelEntry], *, framed: bool) -> list[Contender]:
    """All that a project's networks allow, students first.

    Parameters
    ----------
    entries
        Newest first.
    framed
        Whether there is an expert's frame, without which no teacher looks at the expert's crop.
    """
    students = [entry for entry in entries if entry.card.kind == "student"]
    teachers = [entry for entry in entries if entry.card.kind == "teacher"]
    found = [Contender("student", (entry,), detector_for(entry, entries)) for entry in students]
    if framed:
        found += [Contender("teacher", (entry,)) for entry in teachers]
    pairs = [(entry, detector_for(entry, entries)) for entry in teachers]
    found += [Contender("detector_and_teacher", (entry,), detector) for entry, detector in pairs if detector is not None]
    alike = [entry for entry in students if entry.card.scheme == students[0].card.scheme]
    if len(alike) > 1:
        found.append(Contender("mean", tuple(alike), detector_for(alike[0], entries)))
    return found


def ask_contender(
    service: PredictionService,
    contender: Contender,
    picture: Gray | Path,
    roi: Roi | None,
    *,
    stage: int | None = None,
    method: HeatMethod = HEAT_METHODS[0],
) -> PredictionResult:
    """Its answer; errors as `PredictionService.predict`.

    Raises
    ------
    BadInputError
        ``prediction.no_frame_found`` if the detector that a teacher relies on sees nothing.
    """
    detector_dir = None if contender.detector is None else contender.detector.path
    if contender.how == "detector_and_teacher" and detector_dir is not None:
        frame = service.find_frame(picture, detector_dir=detector_dir)
        if frame is None:
            raise BadInputError("prediction.no_frame_found")
        said = service.predict(picture, model_dir=contender.networks[0].path, roi=frame.roi(), stage=stage, method=method)
        prediction = said.prediction.model_copy(update={"roi": frame})
        return replace(said, prediction=prediction)

    def answer(n: int, of: int | None) -> PredictionResult:
        detector = detector_dir if n == 0 else None
        return service.predict(picture, model_dir=contender.networks[n].path, roi=roi, detector_dir=detector, stage=of, method=method)

    answers = [answer(n, stage) for n in range(len(contender.networks))]
    if len(answers) == 1:
        return answers[0]
    # One heatmap shows the evidence for one stage, also of networks that would have predicted another.
    of = _mean_stage(answers) if stage is None else stage
    answers = [one if one.heat_stage == of else answer(n, of) for n, one in enumerate(answers)]
    return replace(_mean(answers), chosen_stage=stage, heat_method=method)


def _mean_stage(answers: Sequence[PredictionResult]) -> int:
    return int(np.argmax(np.mean([answer.prediction.probabilities for answer in answers], axis=0))) + 1


def _mean(answers: Sequence[PredictionResult]) -> PredictionResult:
    """Mean probabilities and mean attention; sets and distances belong to single networks and are left out, a warning stays."""
    first = answers[0].prediction
    probabilities = np.mean([answer.prediction.probabilities for answer in answers], axis=0)
    heat01_vu: FloatMap = np.mean([answer.heat01_vu for answer in answers], axis=0, dtype=np.float32)
    roi = first.roi
    farthest = max(
        (answer.prediction.familiarity for answer in answers if answer.prediction.familiarity is not None),
        key=lambda near: near.distance / max(near.threshold, 1e-9),
        default=None,
    )
    cards = [answer.prediction.model for answer in answers]
    card = first.model.model_copy(
        update={"phantom": any(one.phantom for one in cards), "from_scratch": any(one.from_scratch for one in cards)}
    )
    prediction = Prediction(
        scheme=first.scheme,
        stage=_mean_stage(answers),
        probabilities=tuple(float(p) for p in probabilities),
        expected_stage=float(probabilities @ np.arange(1, len(probabilities) + 1)),
        roi=roi,
        attention_in_roi=None if roi is None else heatmaps.attention_inside(heat01_vu, roi.roi()),
        familiarity=farthest,
        model=card,
    )
    return PredictionResult(prediction, heat01_vu, answers[0].full8)
