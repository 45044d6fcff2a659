"""Cases as lists and the window show them: each speaks of its capture in use."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sos_studio.core.collecting import made_to_stay
from sos_studio.core.consensus import Rule
from sos_studio.core.errors import BadInputError
from sos_studio.core.making import made
from sos_studio.dataset import cases, changes, sql
from sos_studio.dataset.cases import CaseSummary
from sos_studio.dataset.consensus import rule_in
from sos_studio.dataset.light_readings import MOST_NAMED, Light, named, plain_rows
from sos_studio.dataset.project import Project


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
    stands: tuple[Light, ...] = ()
    shown_as: str = ""

    @property
    def name(self) -> str:
        """What it is called on the screen."""
        return self.shown_as or self.case_id

    @property
    def staged_earlier(self) -> tuple[str, ...]:
        """Those whose standing reading was made on another capture."""
        return tuple(name for name in self.staged_by if name not in self.staged_here)


@dataclass(frozen=True)
class Listing:
    """What a project lists.

    Attributes
    ----------
    cases
        In the order they were added.
    fresh
        Those of `cases` that are not as they were at the look before, by id; all of them at the first.
    """

    cases: tuple[ListedCase, ...] = ()
    fresh: frozenset[str] = frozenset()


class CaseList:
    """The cases of a project, looked at again and again: what did not change is not read again. For any thread."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._one_at_a_time = threading.Lock()
        self._known: dict[str, ListedCase] = {}
        self._people: dict[str, tuple[object, ...]] = {}
        self._mark: changes.Mark | None = None
        self._rule: Rule | None = None

    def look(self) -> Listing:
        """All cases as they are now; errors of `Project.reading`."""
        with self._one_at_a_time, self.project.reading() as session:
            mark, rule = changes.now(session), rule_in(session)
            # Patients are joined and their data taken out without leaving a number, but there is little of it: it is always read.
            people = {row[0]: row for row in plain_rows(session, _PEOPLE)}
            if self._mark is None or rule != self._rule:  # another rule may make other labels of all cases
                with made_to_stay():
                    fresh = list(_listed(self.project, session, None))
            else:
                touched = changes.since(session, self._mark) & people.keys()
                touched |= {case_id for case_id, row in people.items() if self._people.get(case_id) != row}
                fresh = list(_listed(self.project, session, touched if len(touched) <= MOST_NAMED else None)) if touched else []
            changed = {listed.case_id: listed for listed in fresh if self._known.get(listed.case_id) != listed}
            known = {**self._known, **changed}
            self._known = {case_id: known[case_id] for case_id in people if case_id in known}
            self._mark, self._people, self._rule = mark, people, rule
            return Listing(tuple(self._known.values()), frozenset(changed))


_PEOPLE = "SELECT case_id, patient, sex, age_years, imported FROM cases ORDER BY number"


def listed_cases(project: Project) -> list[ListedCase]:
    """All cases in the order they were added."""
    with project.reading() as session:
        return list(_listed(project, session, None))


def listed_case(project: Project, case_id: str) -> ListedCase:
    """One case; ``case.unknown`` if there is none."""
    with project.reading() as session:
        found = list(_listed(project, session, (case_id,)))
    if not found:
        raise BadInputError("case.unknown", case=case_id)
    return found[0]


def _listed(project: Project, session: sql.Session, only: Collection[str] | None) -> Iterable[ListedCase]:
    predicted = _predicted(session, only)
    for summary, stands in cases.summaries(project, session, only=only):
        here = tuple(reading.evaluator for reading in stands if reading.capture_id == summary.capture_id)
        values = {**summary.__dict__, "predicted": summary.capture_id in predicted}
        yield made(ListedCase, **values, staged_here=here, stands=stands, shown_as="")


def _predicted(session: sql.Session, only: Collection[str] | None) -> set[str]:
    """Captures with a prediction."""
    names, values = named("case_id", only)
    return {row[0] for row in plain_rows(session, f"SELECT DISTINCT capture_id FROM predictions WHERE {names}", values)}
