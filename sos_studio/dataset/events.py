"""What was done in a project and no other table tells: imports, exports, backups, repairs, settings of patient data, looks at readings.

Rows only grow. They hold codes, counts, pseudonyms and evaluators' names; no file names, paths or patient text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sos_studio.core.readings import utc_now
from sos_studio.dataset import sql
from sos_studio.dataset.project import Project

READINGS_SHOWN = "readings_shown"
IMPORTED = "imported"
TO = " – "  # between the first and the last of a stretch of cases


@dataclass(frozen=True)
class Event:
    """One thing that was done.

    Attributes
    ----------
    who
        An evaluator's name; empty where the program was not told.
    """

    kind: str
    case_id: str | None
    who: str
    details: dict[str, Any]
    created_utc: datetime


def record(project: Project, kind: str, *, who: str = "", case_id: str | None = None, **details: Any) -> None:
    """Append an event in a write of its own; ``project.read_only`` and refusals of the disk."""
    with project.writing() as session:
        add(session, kind, who=who, case_id=case_id, **details)


def add(session: sql.Session, kind: str, *, who: str = "", case_id: str | None = None, **details: Any) -> None:
    """Append an event to a write that is under way, so that what was done and its trace are there or not there together."""
    session.add(sql.EventRow(kind=kind, case_id=case_id, who=who.strip()[:80], details=details, created_utc=utc_now()))


def events(project: Project) -> list[Event]:
    """All events, oldest first."""
    with project.reading() as session:
        rows = session.scalars(sql.select(sql.EventRow).order_by(sql.EventRow.number)).all()
    return [Event(row.kind, row.case_id, row.who, dict(row.details), row.created_utc) for row in rows]


def readings_shown_to(project: Project, case_id: str, who: str) -> bool:
    """Whether this person has been shown all evaluators' readings of a case: a reading by them is then not a blinded one."""
    found = sql.select(sql.EventRow.number).where(
        sql.EventRow.kind == READINGS_SHOWN, sql.EventRow.case_id == case_id, sql.EventRow.who == who
    )
    with project.reading() as session:
        return session.scalar(found.limit(1)) is not None


def note_import(project: Project, case_ids: Iterable[str], *, who: str = "", **counts: int | bool) -> None:
    """Append that an import ended, with the stretches of cases that it made; errors as of `record`."""
    wanted = set(case_ids)
    with project.writing() as session:
        known = session.execute(sql.select(sql.CaseRow.number, sql.CaseRow.case_id).order_by(sql.CaseRow.number)) if wanted else ()
        made = [(number, case_id) for number, case_id in known if case_id in wanted]
        details: dict[str, Any] = {"cases": len(made), "new_cases": _stretches(made), **counts}
        add(session, IMPORTED, who=who, **details)


def last_import(project: Project) -> tuple[str, ...]:
    """Cases that the last import made, in the order of import; none if no import made any.

    Of an import that was stopped, and so has no event, these are the imported cases younger than the last event.
    """
    with project.reading() as session:
        rows = session.scalars(sql.select(sql.EventRow).where(sql.EventRow.kind == IMPORTED).order_by(sql.EventRow.number.desc()))
        last = next((row for row in rows if row.details.get("cases")), None)
        cases = session.scalars(sql.select(sql.CaseRow).order_by(sql.CaseRow.number)).all()
    if last is None and project.phantom:
        return ()
    stopped = tuple(case.case_id for case in cases if case.imported and (last is None or case.created_utc > last.created_utc))
    if stopped or last is None:
        return stopped
    place = {case.case_id: n for n, case in enumerate(cases)}
    found: list[str] = []
    for stretch in last.details.get("new_cases", ()):
        first, _, end = str(stretch).partition(TO)
        if first in place:
            found += [case.case_id for case in cases[place[first] : place.get(end or first, place[first]) + 1]]
    return tuple(found)


def _stretches(made: Sequence[tuple[int, str]]) -> list[str]:
    """Cases whose numbers follow one another as the first and the last of them."""
    found: list[list[str]] = []
    before = None
    for number, case_id in made:
        if before is not None and number == before + 1:
            found[-1][1:] = [case_id]
        else:
            found.append([case_id])
        before = number
    return [TO.join(stretch) for stretch in found]
