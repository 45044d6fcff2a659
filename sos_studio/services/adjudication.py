"""Cases whose evaluators disagree: which they are, what each evaluator saw, and the decision of a named adjudicator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from sos_studio.core.consensus import Rule, Verdict, standing_decision, verdict
from sos_studio.core.errors import BadInputError, SosError
from sos_studio.core.readings import ADJUDICATION, Reading, standing
from sos_studio.core.roi import Roi
from sos_studio.dataset import captures as dataset_captures
from sos_studio.dataset import cases, consensus, events, predictions, readings
from sos_studio.dataset.cases import CaseSummary
from sos_studio.dataset.in_use import in_use
from sos_studio.dataset.light_readings import Light
from sos_studio.dataset.project import Project
from sos_studio.imaging import crops, images
from sos_studio.services import shown_elsewhere

Which = Literal["open", "disagree", "decided"]
WHICH: tuple[Which, ...] = ("open", "disagree", "decided")


@dataclass(frozen=True, eq=False)
class View:
    """What was in front of an evaluator: a capture, and the frame drawn on it then.

    Attributes
    ----------
    full8, crop8
        uint8 ``[v, u]``; None where the file is damaged, or no frame was drawn.
    """

    capture_id: str
    roi_n: int | None
    full8: npt.NDArray[np.uint8] | None
    roi: Roi | None
    crop8: npt.NDArray[np.uint8] | None
    spacing_mm: float | None


@dataclass(frozen=True, eq=False)
class Opinion:
    """One evaluator's standing reading with what it was made on.

    Attributes
    ----------
    elsewhere
        Whether that was another capture than the one in use.
    """

    reading: Reading
    view: View
    elsewhere: bool


@dataclass(frozen=True, eq=False)
class Dispute:
    """A case in the queue with everything that its adjudicator looks at.

    Attributes
    ----------
    decisions
        All adjudications that were not taken back, oldest first.
    """

    summary: CaseSummary
    rule: Rule
    verdict: Verdict
    opinions: tuple[Opinion, ...]
    decisions: tuple[Reading, ...]


def waits(case: CaseSummary, which: Which) -> bool:
    """Whether a case belongs to this part of the queue.

    ``open``: it has no label because the rule gives none or the adjudicator left it open, or a later reading contests the decision.
    ``disagree``: its evaluators said different things, whatever became of it. ``decided``: somebody decided.
    """
    if not case.captured or case.excluded:
        return False
    if which == "open":
        return case.status == "open" or case.contested
    return case.disagree if which == "disagree" else bool(case.adjudicated_by)


def queue(project: Project, which: Which, evaluator: str, *, blinded: bool) -> list[CaseSummary]:
    """The cases that wait, oldest first; whoever reads blinded sees only those that they have read themselves."""
    with project.reading() as session:
        found = cases.summaries(project, session)
    return [case for case, stands in found if waits(case, which) and (not blinded or _is_among(evaluator, case, stands))]


def _is_among(evaluator: str, case: CaseSummary, stands: Iterable[Reading | Light]) -> bool:
    """Whether this person's reading of the capture in use stands."""
    return any(reading.evaluator == evaluator and reading.capture_id == case.capture_id for reading in stands)


def look(project: Project, case_id: str, evaluator: str, *, blinded: bool) -> Dispute:
    """Everything about a case in the queue. That this person was shown the readings is noted first: no later one of theirs is blinded.

    Raises
    ------
    BadInputError
        ``case.unknown``; ``adjudication.read_first`` to somebody who reads blinded and has not read the capture in use.
    ProjectError
        Refusals of the disk.
    """
    summary = cases.case(project, case_id)
    if blinded and not _has_read(project, summary, evaluator):
        raise BadInputError("adjudication.read_first")
    if not project.read_only and evaluator and not events.readings_shown_to(project, case_id, evaluator):
        events.record(project, events.READINGS_SHOWN, who=evaluator, case_id=case_id)
    rows = readings.readings(project, case_id)
    retracted = {row.retracts for row in rows}
    views: dict[tuple[str, int | None], View] = {}
    opinions = []
    for reading in standing(rows):
        key = (reading.capture_id, reading.roi_n)
        if key not in views:
            views[key] = _view(project, *key)
        opinions.append(Opinion(reading, views[key], reading.capture_id != summary.capture_id))
    rule = consensus.rule(project)
    decisions = tuple(row for row in rows if row.source == ADJUDICATION and row.retracts is None and row.reading_id not in retracted)
    return Dispute(summary, rule, verdict(rows, rule), tuple(opinions), decisions)


def decide(project: Project, case_id: str, adjudicator: str, stage: int | None, *, ambiguous: bool = False, remark: str = "") -> Reading:
    """Write a decision; when this returns it is the case's label and survives a power cut.

    Parameters
    ----------
    stage
        None leaves the case open or, with `ambiguous`, says that nobody can tell its stage; neither has a label.

    Raises
    ------
    BadInputError
        ``adjudication.no_name``, ``stage.unknown``, ``capture.unknown`` (the case has no capture in use).
    ProjectError
        If it could not be written; it is then not decided, and must not be shown as decided.
    """
    name = adjudicator.strip()[:80]
    if not name:
        raise BadInputError("adjudication.no_name")
    capture_id, roi_n = in_use(project, case_id)
    if capture_id is None:
        raise BadInputError("capture.unknown", capture="")
    return readings.append(
        project,
        Reading(
            reading_id=readings.new_reading_id(),
            case_id=case_id,
            capture_id=capture_id,
            roi_n=roi_n,
            evaluator=name,
            scheme=project.scheme.id,
            stage=None if stage is None else project.scheme.check(stage),
            ambiguous=ambiguous,
            remark=remark.strip(),
            ai_seen=predictions.seen_by(project, case_id, name) or shown_elsewhere.seen_by(project, case_id, name),
            source=ADJUDICATION,
        ),
    )


def take_back(project: Project, case_id: str, adjudicator: str) -> bool:
    """Undo the standing decision by a new row, if it is this adjudicator's; tells whether it was."""
    made = standing_decision(readings.readings(project, case_id))
    if made is None or made.evaluator != adjudicator:
        return False
    readings.retract(project, made.reading_id, adjudicator)
    return True


def _has_read(project: Project, case: CaseSummary, evaluator: str) -> bool:
    if evaluator not in case.staged_by:
        return False
    return _is_among(evaluator, case, standing(readings.readings(project, case.case_id)))


def _view(project: Project, capture_id: str, roi_n: int | None) -> View:
    info = dataset_captures.capture(project, capture_id)
    roi = dataset_captures.rois(project, capture_id).get(roi_n) if roi_n is not None else None
    try:
        full8 = images.read_gray(dataset_captures.capture_paths(project, capture_id).full)
        crop8 = crops.crop_image(full8, roi) if roi is not None else None
    except SosError:  # a damaged picture must not keep a case from being decided by what is there
        full8, crop8 = None, None
    return View(capture_id, roi_n, full8, roi, crop8, info.spacing_mm)
