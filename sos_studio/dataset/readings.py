"""Readings: appended, never changed. When `append` returns, the reading survives kill -9 and a power cut."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sos_studio.core.consensus import Rule, verdict
from sos_studio.core.errors import BadInputError
from sos_studio.core.readings import ADJUDICATION, Reading
from sos_studio.core.stages import scheme
from sos_studio.dataset import sql
from sos_studio.dataset.consensus import rule_in
from sos_studio.dataset.light_readings import light_readings
from sos_studio.dataset.project import Project

_FIELDS = tuple(Reading.model_fields)
_ALL_SET = set(_FIELDS)


def new_reading_id() -> str:
    """An id that no other reading has."""
    return f"reading-{secrets.token_hex(8)}"


def append(project: Project, reading: Reading) -> Reading:
    """Store a reading durably; what it says is on the disk when this returns.

    Raises
    ------
    BadInputError
        ``capture.unknown`` (or of another case), ``roi.unknown``, ``stage.unknown``, ``reading.scheme`` and, for a reading that takes one
        back, ``reading.unknown``, ``reading.not_yours`` or ``reading.already_taken_back``.
    ProjectError
        ``project.read_only`` and whatever the disk refuses: then nothing was saved.
    """
    append_many(project, [reading])
    return reading


def append_many(project: Project, rows: Sequence[Reading]) -> None:
    """Store many readings in one durable write: all or none. Errors as `append`."""
    with project.writing() as session:
        for reading in rows:
            add(project, session, reading)


def add(project: Project, session: sql.Session, reading: Reading) -> None:
    """Check a reading and add it to a write that is under way; for callers that write more in one go. Errors as `append`."""
    _check(project, session, reading)
    session.add(sql.ReadingRow(**{name: getattr(reading, name) for name in _FIELDS}))
    session.flush()


def retract(project: Project, reading_id: str, evaluator: str) -> Reading:
    """Take a reading back (undo): a new row that names it.

    Raises
    ------
    BadInputError
        ``reading.unknown``, ``reading.not_yours``, ``reading.already_taken_back``.
    """
    with project.reading() as session:
        row = session.scalars(sql.select(sql.ReadingRow).where(sql.ReadingRow.reading_id == reading_id)).first()
    if row is None or row.retracts is not None:
        raise BadInputError("reading.unknown", reading=reading_id)
    return append(
        project,
        Reading(
            reading_id=new_reading_id(),
            case_id=row.case_id,
            capture_id=row.capture_id,
            roi_n=row.roi_n,
            evaluator=evaluator,
            scheme=row.scheme,
            stage=None,
            retracts=reading_id,
        ),
    )


def readings(project: Project, case_id: str) -> list[Reading]:
    """All readings of a case in the order of writing, those taken back and their takers included."""
    with project.reading() as session:
        return [_reading(row) for row in session.execute(_select().where(sql.ReadingRow.case_id == case_id)).all()]


def all_readings(project: Project) -> dict[str, list[Reading]]:
    """All readings by case, each case's in the order of writing."""
    with project.reading() as session:
        rows = session.execute(_select()).all()
    by_case: dict[str, list[Reading]] = defaultdict(list)
    for row in rows:
        reading = _reading(row)
        by_case[reading.case_id].append(reading)
    return dict(by_case)


def labels(project: Project, rule: Rule | None = None) -> dict[str, int]:
    """The stage of every case that has a label under this rule (None: the project's own), excluded cases too."""
    with project.reading() as session:
        rule = rule_in(session) if rule is None else rule
        read = light_readings(session)
    found = ((case_id, verdict(rows, rule).stage) for case_id, rows in read.items())
    return {case_id: stage for case_id, stage in found if stage is not None}


def evaluators(project: Project) -> list[str]:
    """Names of all who have read here, sorted; who only decided is not among them."""
    own = sql.select(sql.ReadingRow.evaluator).where(sql.ReadingRow.source != ADJUDICATION).distinct()
    with project.reading() as session:
        names: Iterable[str] = session.scalars(own).all()
    return sorted(names)


def _select() -> Any:
    return sql.select(*(getattr(sql.ReadingRow, name) for name in _FIELDS)).order_by(sql.ReadingRow.number)


def _reading(row: Any) -> Reading:
    # The row was validated when it was written; validating 60,000 of them again would take a second.
    return Reading.model_construct(_ALL_SET, **dict(zip(_FIELDS, row, strict=True)))


def _check(project: Project, session: sql.Session, reading: Reading) -> None:
    if reading.scheme != project.scheme.id:
        raise BadInputError("reading.scheme", scheme=reading.scheme, expected=project.scheme.id)
    owner = session.scalar(sql.select(sql.CaptureRow.case_id).where(sql.CaptureRow.capture_id == reading.capture_id))
    if owner != reading.case_id:
        raise BadInputError("capture.unknown", capture=reading.capture_id)
    if reading.roi_n is not None and session.get(sql.RoiRow, (reading.capture_id, reading.roi_n)) is None:
        raise BadInputError("roi.unknown", n=reading.roi_n)
    if reading.stage is not None:
        scheme(reading.scheme).check(reading.stage)
    if reading.retracts is not None:
        _check_retraction(session, reading)
    elif reading.stage is None and reading.source != ADJUDICATION:
        raise ValueError("a reading has a stage or takes one back")


def _check_retraction(session: sql.Session, reading: Reading) -> None:
    if reading.stage is not None:
        raise ValueError("a reading has a stage or takes one back, not both")
    target = session.scalars(sql.select(sql.ReadingRow).where(sql.ReadingRow.reading_id == reading.retracts)).first()
    if target is None or target.retracts is not None or target.case_id != reading.case_id:
        raise BadInputError("reading.unknown", reading=reading.retracts)
    if target.evaluator != reading.evaluator:
        raise BadInputError("reading.not_yours", evaluator=target.evaluator)
    if session.scalar(sql.select(sql.ReadingRow.number).where(sql.ReadingRow.retracts == reading.retracts)) is not None:
        raise BadInputError("reading.already_taken_back")
