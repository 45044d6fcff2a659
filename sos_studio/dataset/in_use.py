"""Which capture and which frame of a case count.

Captures and frames are never changed or removed, so undo can't take them away: it says that an earlier one counts again. Every
capture, frame, undo and redo adds a row to a table that only grows; the last row of a case stands. A case without rows, from a project
that is older than the table, uses its newest capture and that one's newest frame.
"""

from __future__ import annotations

from typing import NamedTuple

from sos_studio.core.errors import BadInputError
from sos_studio.core.readings import utc_now
from sos_studio.dataset import sql
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


def in_use_by_case(session: sql.Session, case_id: str | None = None) -> dict[str, InUse]:
    """What counts, of every case that has a capture or a row, or of one; three queries however many cases there are."""
    captured = sql.select(sql.CaptureRow.case_id, sql.CaptureRow.capture_id).order_by(sql.CaptureRow.number)
    framed = sql.select(sql.RoiRow.capture_id, sql.func.max(sql.RoiRow.n)).group_by(sql.RoiRow.capture_id)
    chosen = sql.select(sql.InUseRow.case_id, sql.InUseRow.capture_id, sql.InUseRow.roi_n).order_by(sql.InUseRow.number)
    if case_id is not None:
        captured = captured.where(sql.CaptureRow.case_id == case_id)
        framed = framed.join(sql.CaptureRow, sql.CaptureRow.capture_id == sql.RoiRow.capture_id).where(sql.CaptureRow.case_id == case_id)
        chosen = chosen.where(sql.InUseRow.case_id == case_id)
    newest: dict[str, str] = {row.case_id: row.capture_id for row in session.execute(captured)}
    frames: dict[str, int | None] = {capture_id: n for capture_id, n in session.execute(framed) if n is not None}
    found = {owner: InUse(capture_id, frames.get(capture_id)) for owner, capture_id in newest.items()}
    return found | {owner: InUse(capture_id, n) for owner, capture_id, n in session.execute(chosen)}
