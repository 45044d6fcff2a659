"""Which capture and which frame of a case count.

Captures and frames are never changed or removed, so undo can't take them away: it says that an earlier one counts again. Every
capture, frame, undo and redo adds a row to a table that only grows; the last row of a case stands. A case without rows, from a project
that is older than the table, uses its newest capture and that one's newest frame.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sos_studio.core.errors import BadInputError
from sos_studio.core.readings import utc_now
from sos_studio.dataset import sql
from sos_studio.dataset.light_readings import named, plain_rows
from sos_studio.dataset.project import Project


class InUse(NamedTuple):
    """What of a case counts; both None where everything was taken back or nothing was made."""

    capture_id: str | None
    roi_n: int | None


NOTHING = InUse(None, None)


def row_for(case_id: str, capture_id: str | None, roi_n: int | None) -> sql.InUseRow:
    """The row that lets these count, for a write that is under way."""
    return sql.InUseRow(case_id=case_id, capture_id=capture_id, roi_n=roi_n, created_utc=utc_now())


def use(project: Project, case_id: str, chosen: InUse) -> None:
    """Let a capture and one of its frames count from now on (undo, redo).

    Raises
    ------
    BadInputError
        ``case.unknown``; ``capture.unknown`` if the case has no such capture or that one no such frame.
    ProjectError
        ``project.read_only``, ``project.disk_full`` and other refusals of the disk.
    """
    capture_id, roi_n = chosen
    with project.writing() as session:
        if session.scalar(sql.select(sql.CaseRow.number).where(sql.CaseRow.case_id == case_id)) is None:
            raise BadInputError("case.unknown", case=case_id)
        owner = session.scalar(sql.select(sql.CaptureRow.case_id).where(sql.CaptureRow.capture_id == capture_id))
        frame = None if roi_n is None else session.get(sql.RoiRow, (capture_id, roi_n))
        if (capture_id is not None and owner != case_id) or (roi_n is not None and frame is None):
            raise BadInputError("capture.unknown", capture=capture_id)
        if in_use_by_case(session, case_id).get(case_id, NOTHING) != chosen:
            session.add(row_for(case_id, capture_id, roi_n))


def in_use(project: Project, case_id: str) -> InUse:
    """What of one case counts."""
    with project.reading() as session:
        return in_use_by_case(session, case_id).get(case_id, NOTHING)


def in_use_by_case(session: sql.Session, only: str | Collection[str] | None = None) -> dict[str, InUse]:
    """What counts, of every case that has a capture or a row.

    Parameters
    ----------
    only
        One case, or at most `light_readings.MOST_NAMED`; None: all, in two queries however many there are.
    """
    names, values = named("case_id", (only,) if isinstance(only, str) else only)
    chosen = plain_rows(
        session,
        f"SELECT case_id, capture_id, roi_n FROM in_use WHERE number IN (SELECT max(number) FROM in_use WHERE {names} GROUP BY case_id)",
        values,
    )
    newest = plain_rows(
        session,
        "SELECT case_id, capture_id, (SELECT max(n) FROM rois WHERE rois.capture_id = captures.capture_id) FROM captures"
        f" WHERE number IN (SELECT max(number) FROM captures WHERE {names} AND case_id NOT IN (SELECT case_id FROM in_use)"
        " GROUP BY case_id)",
        values,
    )
    return {case_id: InUse(capture_id, n) for case_id, capture_id, n in (*newest, *chosen)}
