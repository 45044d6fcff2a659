"""Cases as lists and the window show them: each speaks of its capture in use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from sos_studio.core.readings import Reading, standing
from sos_studio.dataset import cases, readings, sql
from sos_studio.dataset.cases import CaseSummary
from sos_studio.dataset.project import Project

_FIELDS = tuple(field.name for field in fields(CaseSummary))


@dataclass(frozen=True)
class ListedCase(CaseSummary):
    """A case whose `predicted` is that of its capture in use, whatever was done on others.

    Attributes
    ----------
    staged_here
        Those of `staged_by` whose standing reading was made on the capture in use. Label and `staged_by` are the case's, as ever.
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
        """Those whose standing reading was made on another capture."""
        return tuple(name for name in self.staged_by if name not in self.staged_here)


def listed_cases(project: Project) -> list[ListedCase]:
    """All cases in the order they were added."""
    return _listed(project, cases.cases(project))


def listed_case(project: Project, case_id: str) -> ListedCase:
    """One case; ``case.unknown`` if there is none."""
    return _listed(project, [cases.case(project, case_id)], case_id)[0]


def _listed(project: Project, summaries: Iterable[CaseSummary], only: str | None = None) -> list[ListedCase]:
    predicted = _predicted(project, only)
    rows = readings.all_readings(project) if only is None else {only: readings.readings(project, only)}
    listed = []
    for summary in summaries:
        values = {name: getattr(summary, name) for name in _FIELDS}
        values["predicted"] = summary.capture_id in predicted
        stands = tuple(standing(rows.get(summary.case_id, [])))
        here = tuple(reading.evaluator for reading in stands if reading.capture_id == summary.capture_id)
        listed.append(ListedCase(**values, staged_here=here, stands=stands))
    return listed


def _predicted(project: Project, only: str | None) -> set[str]:
    """Captures with a prediction."""
    predicted = sql.select(sql.PredictionRow.capture_id).distinct()
    if only is not None:
        predicted = predicted.where(sql.PredictionRow.case_id == only)
    with project.reading() as session:
        return set(session.scalars(predicted))
