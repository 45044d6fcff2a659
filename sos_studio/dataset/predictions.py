"""Which predictions were shown, and to whom: append-only, so that a reading made after seeing one can be told from one made before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sos_studio.core.errors import BadInputError
from sos_studio.core.readings import utc_now
from sos_studio.dataset import sql
from sos_studio.dataset.project import Project


@dataclass(frozen=True)
class ShownPrediction:
    """A model's answer for a capture that was on the screen."""

    case_id: str
    capture_id: str
    model_id: str
    scheme: str
    stage: int
    probabilities: tuple[float, ...]
    evaluator: str | None
    shown_utc: datetime


def record_shown(
    project: Project, capture_id: str, *, model_id: str, stage: int, probabilities: Sequence[float], evaluator: str | None = None
) -> ShownPrediction:
    """Note that a prediction was shown.

    Parameters
    ----------
    probabilities
        In stage order.

    Raises
    ------
    BadInputError
        ``capture.unknown``, ``stage.unknown``.
    ProjectError
        ``project.read_only`` and whatever the disk refuses.
    """
    project.scheme.check(stage)
    with project.writing() as session:
        case_id = session.scalar(sql.select(sql.CaptureRow.case_id).where(sql.CaptureRow.capture_id == capture_id))
        if case_id is None:
            raise BadInputError("capture.unknown", capture=capture_id)
        row = sql.PredictionRow(
            case_id=case_id,
            capture_id=capture_id,
            model_id=model_id,
            scheme=project.scheme.id,
            stage=stage,
            probabilities=[float(p) for p in probabilities],
            evaluator=evaluator,
            shown_utc=utc_now(),
        )
        session.add(row)
        session.flush()
        return _shown(row)


def shown(project: Project, case_id: str) -> list[ShownPrediction]:
    """All predictions shown for a case, in the order of showing."""
    with project.reading() as session:
        return [
            _shown(row)
            for row in session.scalars(
                sql.select(sql.PredictionRow).where(sql.PredictionRow.case_id == case_id).order_by(sql.PredictionRow.number)
            )
        ]


def seen_by(project: Project, case_id: str, evaluator: str) -> bool:
    """Whether this evaluator was shown a prediction for the case (`Reading.ai_seen`)."""
    query = (
        sql.select(sql.PredictionRow.number).where(sql.PredictionRow.case_id == case_id, sql.PredictionRow.evaluator == evaluator).limit(1)
    )
    with project.reading() as session:
        return session.scalar(query) is not None


def _shown(row: sql.PredictionRow) -> ShownPrediction:
    return ShownPrediction(
        row.case_id, row.capture_id, row.model_id, row.scheme, row.stage, tuple(row.probabilities), row.evaluator, row.shown_utc
    )
