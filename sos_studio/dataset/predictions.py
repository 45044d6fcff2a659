"""Which predictions were shown, and to whom: append-only, so that a reading made after seeing one can be told from one made before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from sos_studio.core.errors import BadInputError
from sos_studio.core.predictions import KeptPrediction
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
    kept: KeptPrediction | None = None


def record_shown(
    project: Project,
    capture_id: str,
    *,
    model_id: str,
    stage: int,
    probabilities: Sequence[float],
    evaluator: str | None = None,
    kept: KeptPrediction | None = None,
) -> ShownPrediction:
    """Note that a prediction was shown.

    Parameters
    ----------
    probabilities
        In stage order.
    kept
        What it takes to show it again. The hash of the full image is filled in from the database.

    Raises
    ------
    BadInputError
        ``capture.unknown``, ``stage.unknown``.
    ProjectError
        ``project.read_only`` and whatever the disk refuses.
    """
    project.scheme.check(stage)
    with project.writing() as session:
        found = session.execute(
            sql.select(sql.CaptureRow.case_id, sql.CaptureRow.full_sha256).where(sql.CaptureRow.capture_id == capture_id)
        ).one_or_none()
        if found is None:
            raise BadInputError("capture.unknown", capture=capture_id)
        case_id, full_sha256 = found
        if kept is not None:
            kept = kept.model_copy(update={"full_sha256": full_sha256})
        row = sql.PredictionRow(
            case_id=case_id,
            capture_id=capture_id,
            model_id=model_id,
            scheme=project.scheme.id,
            stage=stage,
            probabilities=[float(p) for p in probabilities],
            evaluator=evaluator,
            shown_utc=utc_now(),
            kept=None if kept is None else kept.model_dump(mode="json"),
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
    """Whether this evaluator may have seen a prediction for the case (`Reading.ai_seen`).

    One that was shown while nobody had given a name may have been seen by anybody.
    """
    return any(seen.evaluator in (None, "", evaluator) for seen in shown(project, case_id))


def _shown(row: sql.PredictionRow) -> ShownPrediction:
    return ShownPrediction(
        row.case_id,
        row.capture_id,
        row.model_id,
        row.scheme,
        row.stage,
        tuple(row.probabilities),
        row.evaluator,
        row.shown_utc,
        _kept(row),
    )


def _kept(row: sql.PredictionRow) -> KeptPrediction | None:
    """Of a newer version or damaged: as good as none, because it can be made again."""
    if row.kept is None:
        return None
    try:
        return KeptPrediction.model_validate(row.kept)
    except ValidationError:
        return None
