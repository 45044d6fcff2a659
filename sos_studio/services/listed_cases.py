"""Cases as lists and the window show them: each speaks of its newest capture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from sos_studio.core.readings import Reading, standing
from sos_studio.dataset import captures as dataset_captures
from sos_studio.dataset import cases, readings, sql
from sos_studio.dataset.cases import CaseSummary
from sos_studio.dataset.project import Project

_FIELDS = tuple(field.name for field in fields(CaseSummary))


@dataclass(frozen=True)
class ListedCase(CaseSummary):
    """A case whose capture, frame, pictures and `predicted` are those of its newest capture, whatever was done on earlier ones.

    Attributes
    ----------
    staged_here
        Those of `staged_by` whose standing reading was made on the newest capture. Label and `staged_by` are the case's, as ever.
    stands
        The standing readings themselves.
    shown_as
        What it is called for someone who reads blinded; empty for everybody else.
    """

    staged_here: tuple[str, ...] = ()
    stands: tuple[Reading, ...] = ()
    shown_as: str = ""

    @property
    def name(self) -> str:
        """What it is called on the screen."""
        return self.shown_as or self.case_id

    @property
    def staged_earlier(self) -> tuple[str, ...]:
        """Those whose standing reading was made on an earlier capture."""
        return tuple(name for name in self.staged_by if name not in self.staged_here)


def listed_cases(project: Project) -> list[ListedCase]:
    """All cases in the order they were added."""
    return _listed(project, cases.cases(project))


def listed_case(project: Project, case_id: str) -> ListedCase:
    """One case; ``case.unknown`` if there is none."""
    return _listed(project, [cases.case(project, case_id)], case_id)[0]


def _listed(project: Project, summaries: Iterable[CaseSummary], only: str | None = None) -> list[ListedCase]:
    newest, frames, predicted = _newest(project, only)
    rows = readings.all_readings(project) if only is None else {only: readings.readings(project, only)}
    listed = []
    for summary in summaries:
        values = {name: getattr(summary, name) for name in _FIELDS}
        capture_id = newest.get(summary.case_id)
        if capture_id is not None and capture_id != summary.capture_id:
            folder = dataset_captures.capture_paths(project, capture_id).folder
            n = frames.get(capture_id)
            crop = folder / dataset_captures.crop_file(n) if n is not None else None
            values |= {"capture_id": capture_id, "roi_n": n, "thumbnail": folder / dataset_captures.FULL_FILE, "crop": crop}
        values["predicted"] = capture_id in predicted
        stands = tuple(standing(rows.get(summary.case_id, [])))
        here = tuple(reading.evaluator for reading in stands if reading.capture_id == capture_id)
        listed.append(ListedCase(**values, staged_here=here, stands=stands))
    return listed


def _newest(project: Project, only: str | None) -> tuple[dict[str, str], dict[str, int], set[str]]:
    """Newest capture by case, newest frame by capture, captures with a prediction."""
    captured = sql.select(sql.CaptureRow.case_id, sql.CaptureRow.capture_id).order_by(sql.CaptureRow.number)
    framed = sql.select(sql.RoiRow.capture_id, sql.func.max(sql.RoiRow.n)).group_by(sql.RoiRow.capture_id)
    predicted = sql.select(sql.PredictionRow.capture_id).distinct()
    if only is not None:
        captured = captured.where(sql.CaptureRow.case_id == only)
        predicted = predicted.where(sql.PredictionRow.case_id == only)
    with project.reading() as session:
        newest: dict[str, str] = {row.case_id: row.capture_id for row in session.execute(captured)}
        frames: dict[str, int] = {capture_id: n for capture_id, n in session.execute(framed) if n is not None}
        return newest, frames, set(session.scalars(predicted))
