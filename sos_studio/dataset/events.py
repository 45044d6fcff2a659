"""What was done in a project and no other table tells: imports, exports, backups, repairs, settings of patient data, looks at readings.

Rows only grow. They hold codes, counts, pseudonyms and evaluators' names; no file names, paths or patient text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sos_studio.core.readings import utc_now
from sos_studio.dataset import sql
from sos_studio.dataset.project import Project

READINGS_SHOWN = "readings_shown"


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
