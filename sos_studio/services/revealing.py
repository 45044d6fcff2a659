"""What is shown of a case once the evaluator's own reading is in the database: commit first, then reveal."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sos_studio.core.errors import BadInputError
from sos_studio.core.held_out import read_records
from sos_studio.core.predictions import KeptPrediction, ModelCard
from sos_studio.core.readings import Reading, standing
from sos_studio.dataset import cases, predictions, readings
from sos_studio.dataset.cases import Sex
from sos_studio.dataset.predictions import ShownPrediction
from sos_studio.dataset.project import Project
from sos_studio.services import model_list, shown_elsewhere
from sos_studio.services.model_list import ModelEntry


@dataclass(frozen=True)
class Revealed:
    """Other evaluators' standing readings, of this capture or another one, the latest prediction on record for it, and the patient.

    Attributes
    ----------
    card
        Of the network that predicted; None if nothing is known of it any more.
    """

    case_id: str
    capture_id: str
    others: tuple[Reading, ...]
    prediction: ShownPrediction | None
    patient: str
    age_years: float | None
    sex: Sex | None
    card: ModelCard | None = None


def reveal(project: Project, case_id: str, capture_id: str, evaluator: str) -> Revealed:
    """Read what was hidden. A prediction is noted as shown to this evaluator before it is handed over, so that a later reading says so.

    Raises
    ------
    BadInputError
        ``staging.read_first`` if this evaluator has no standing reading of the capture.
    ProjectError
        Refusals of the disk.
    """
    stands = standing(readings.readings(project, case_id))
    if not any(reading.evaluator == evaluator and reading.capture_id == capture_id for reading in stands):
        raise BadInputError("staging.read_first")
    summary = cases.case(project, case_id)
    on_record = [shown for shown in predictions.shown(project, case_id) if shown.capture_id == capture_id]
    latest = on_record[-1] if on_record else None
    if latest is not None and all(shown.evaluator != evaluator for shown in on_record):
        latest = predictions.record_shown(
            project,
            capture_id,
            model_id=latest.model_id,
            stage=latest.stage,
            probabilities=latest.probabilities,
            evaluator=evaluator,
            kept=latest.kept,
        )
    card = None if latest is None else _card(project, latest)
    others = tuple(reading for reading in stands if reading.evaluator != evaluator)
    return Revealed(case_id, capture_id, others, latest, summary.patient, summary.age_years, summary.sex, card)


def _card(project: Project, shown: ShownPrediction) -> ModelCard | None:
    """As it was kept with the answer, else as it stands in the project now."""
    if shown.kept is not None:
        return shown.kept.prediction.model
    known = (entry.card for entry in model_list.models(project) if entry.card.model_id == shown.model_id)
    return next(known, None)


def note_shown(
    project: Project,
    capture_id: str,
    evaluator: str,
    *,
    model_id: str,
    stage: int,
    probabilities: Sequence[float],
    kept: KeptPrediction | None = None,
) -> None:
    """Note that an answer is put before somebody, so that a reading made afterwards says so; before it is, not after.

    Of a project that can't be written the user's own application data know it.

    Parameters
    ----------
    evaluator
        Empty: nobody has given a name.
    kept
        What it takes to show it again.

    Raises
    ------
    ProjectError, OSError
        Refusals of the disk.
    """
    if project.read_only:
        shown_elsewhere.note(project, capture_id, evaluator)
    else:
        predictions.record_shown(
            project, capture_id, model_id=model_id, stage=stage, probabilities=probabilities, evaluator=evaluator or None, kept=kept
        )


def note_judged(project: Project, models: Sequence[ModelEntry], capture_ids: Collection[str], evaluator: str) -> None:
    """Note that these models' answers about their test cases were shown, so that a reading made afterwards says so.

    Raises
    ------
    ProjectError, OSError
        Refusals of the disk.
    """
    records = [(entry, found) for entry in models if (found := read_records(entry.path)) is not None]
    for entry, record in ((entry, record) for entry, found in records for record in found.cases if record.capture_id in capture_ids):
        note_shown(
            project,
            record.capture_id,
            evaluator,
            model_id=entry.card.model_id,
            stage=record.predicted,
            probabilities=record.probabilities,
        )
