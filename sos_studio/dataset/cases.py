"""Cases: one patient's one scan under a pseudonym, and what has been done with each."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from sos_studio.core.consensus import Rule, Status, verdict
from sos_studio.core.errors import BadInputError
from sos_studio.core.exclusions import MAX_NOTE, Exclusion
from sos_studio.core.making import made
from sos_studio.core.readings import ADJUDICATION, standing, utc_now
from sos_studio.dataset import sql
from sos_studio.dataset.captures import FULL_FILE, crop_file
from sos_studio.dataset.consensus import rule_in
from sos_studio.dataset.in_use import NOTHING, in_use_by_case
from sos_studio.dataset.light_readings import Light, light_readings, named, plain_rows
from sos_studio.dataset.patient_data import allowed_age, sex_allowed
from sos_studio.dataset.project import CAPTURES_DIR, Project
from sos_studio.dataset.pseudonyms import require_pseudonym

Sex = Literal["F", "M"]
MAX_AGE_YEARS = 130.0
_SEXES: dict[str, Sex] = {"F": "F", "M": "M"}


@dataclass(frozen=True)
class CaseSummary:
    """A case and its state, as lists show it.

    Attributes
    ----------
    label
        What the consensus rule makes of the standing readings, or an adjudicator's decision; None while there is none.
    status
        How that came about; see `core.consensus.Verdict`.
    disagree, contested
        Whether evaluators said different things, and whether somebody did after the decision.
    adjudicated_by
        Who decided last; empty if nobody did.
    staged_by
        Evaluators with a standing reading.
    ambiguous
        Whether it has no label because it is ambiguous: most standing readings call it that, or the adjudicator did.
    read_elsewhere
        How many of the readings (or the decision) that the label rests on were made on another capture than the one in use.
    capture_id, roi_n
        The capture and the frame in use: the newest, unless undo brought an earlier one back (`in_use`).
    room
        The folder of all captures, in which pictures lie.
    """

    case_id: str
    patient: str
    sex: Sex | None
    age_years: float | None
    imported: bool
    label: int | None
    staged_by: tuple[str, ...]
    ambiguous: bool
    excluded: bool
    exclusion_reason: str
    exclusion_note: str
    predicted: bool
    capture_id: str | None
    roi_n: int | None
    room: Path
    status: Status = "unread"
    disagree: bool = False
    contested: bool = False
    adjudicated_by: str = ""
    read_elsewhere: int = 0

    @property
    def thumbnail(self) -> Path | None:
        """Full image of `capture_id`."""
        return None if self.capture_id is None else self.room / self.case_id / self.capture_id / FULL_FILE

    @property
    def crop(self) -> Path | None:
        """Crop of `roi_n`."""
        return None if self.capture_id is None or self.roi_n is None else self.room / self.case_id / self.capture_id / crop_file(self.roi_n)

    @property
    def captured(self) -> bool:
        """Whether it has a full image."""
        return self.capture_id is not None

    @property
    def cropped(self) -> bool:
        """Whether it has a frame."""
        return self.roi_n is not None


def add_case(
    project: Project, patient: str | None = None, age_years: float | None = None, sex: Sex | None = None, *, imported: bool = False
) -> str:
    """Add a case.

    Parameters
    ----------
    patient
        Pseudonym of a known patient (`pseudonyms.pseudonym`); None makes a new patient.

    Returns
    -------
    str
        The case's id, such as ``case-0001``.

    Raises
    ------
    BadInputError
        ``case.not_a_pseudonym``, ``case.bad_age``, ``case.bad_sex``.
    ProjectError
        ``project.read_only`` and whatever the disk refuses.
    """
    with project.writing() as session:
        row = new_case(project, session, patient, age_years, sex, imported=imported)
        session.add(row)
        return row.case_id


def new_case(
    project: Project, session: sql.Session, patient: str | None, age_years: float | None, sex: Sex | None, *, imported: bool
) -> sql.CaseRow:
    """A checked row for a new case with the next free number, not yet in the session; for callers that write more in one go.

    Of age and sex it has what the project may keep (`patient_data`).
    """
    if patient is not None:
        require_pseudonym(patient, phantom=project.phantom)
    if age_years is not None and not 0 <= age_years <= MAX_AGE_YEARS:
        raise BadInputError("case.bad_age", age=age_years)
    if sex not in ("F", "M", None):
        raise BadInputError("case.bad_sex", sex=sex)
    age_years = allowed_age(session, age_years)
    if not sex_allowed(session):
        sex = None
    number = (session.scalar(sql.select(sql.func.max(sql.CaseRow.number))) or 0) + 1
    # A folder without a case was left by a crash and holds somebody else's picture.
    while project.path(CAPTURES_DIR, f"case-{number:04d}").exists():
        number += 1
    return sql.CaseRow(
        number=number,
        case_id=f"case-{number:04d}",
        patient=patient or f"P{number:04d}",
        age_years=age_years,
        sex=sex,
        imported=imported,
        created_utc=utc_now(),
    )


def withdraw(project: Project, case_id: str) -> None:
    """Take back a case that was made for a capture which could not be stored; one that has anything stays.

    Raises
    ------
    ProjectError
        Refusals of the disk.
    """
    tables = (sql.CaptureRow, sql.ExclusionRow)  # readings and predictions need a capture
    with project.writing() as session:
        row = session.scalars(sql.select(sql.CaseRow).where(sql.CaseRow.case_id == case_id)).first()
        if row is None or any(session.scalars(sql.select(table).where(table.case_id == case_id)).first() for table in tables):
            return
        session.delete(row)
    with contextlib.suppress(OSError):  # holds something after all
        project.path(CAPTURES_DIR, case_id).rmdir()


def cases(project: Project, rule: Rule | None = None, *, only: Collection[str] | None = None) -> list[CaseSummary]:
    """Cases in the order they were added.

    Parameters
    ----------
    rule
        Makes the labels; None: the project's own.
    only
        Those that are asked for, at most `light_readings.MOST_NAMED`; None: all. Unknown ones are left out.
    """
    with project.reading() as session:
        return [summary for summary, _ in summaries(project, session, rule, only=only)]


def summaries(
    project: Project, session: sql.Session, rule: Rule | None = None, *, only: Collection[str] | None = None
) -> list[tuple[CaseSummary, tuple[Light, ...]]]:
    """`cases`, each with its standing readings, in one look at the database."""
    names, values = named("case_id", only)
    rows = plain_rows(session, f"SELECT case_id, patient, sex, age_years, imported FROM cases WHERE {names} ORDER BY number", values)
    read = light_readings(session, only)
    state = _State(project, session, rule, only)
    return [state.summary(_Known(*row), read.get(row[0], ())) for row in rows]


def case(project: Project, case_id: str, rule: Rule | None = None) -> CaseSummary:
    """One case; ``case.unknown`` if there is none."""
    found = cases(project, rule, only=(case_id,))
    if not found:
        raise BadInputError("case.unknown", case=case_id)
    return found[0]


def next_unstaged(project: Project, evaluator: str, after: str | None = None) -> str | None:
    """The next captured, not excluded case without a standing reading of this evaluator; goes round to the start after the last."""
    # Asked after every key press: only this evaluator's rows are fetched.
    own = sql.select(sql.ReadingRow.reading_id, sql.ReadingRow.case_id, sql.ReadingRow.retracts).where(
        sql.ReadingRow.evaluator == evaluator, sql.ReadingRow.source != ADJUDICATION
    )
    with project.reading() as session:
        captured = session.scalars(sql.select(sql.CaptureRow.case_id).join(sql.CaseRow).distinct().order_by(sql.CaseRow.number)).all()
        rows = session.execute(own).all()
        excluded = {row.case_id: row.excluded for row in session.scalars(sql.select(sql.ExclusionRow).order_by(sql.ExclusionRow.number))}
    taken_back = {row.retracts for row in rows}
    done = {row.case_id for row in rows if row.retracts is None and row.reading_id not in taken_back}
    todo = [case_id for case_id in captured if case_id not in done and not excluded.get(case_id, False)]
    later = [case_id for case_id in todo if after is not None and _number(case_id) > _number(after)]
    found = later or [case_id for case_id in todo if case_id != after]
    return found[0] if found else None


def case_of_series(project: Project, series_hash: str) -> str | None:
    """The case whose captures came from this series; None if the series is new here."""
    with project.reading() as session:
        return session.scalar(
            sql.select(sql.CaptureRow.case_id)
            .where(sql.CaptureRow.series_hash == series_hash)
            .order_by(sql.CaptureRow.number.desc())
            .limit(1)
        )


def exclude(project: Project, case_id: str, reason: str, evaluator: str, note: str = "") -> None:
    """Leave a case out of manifests and exports from now on; ``case.unknown`` if there is none.

    Parameters
    ----------
    reason
        A code of `core.exclusions.REASONS`; it goes with exported tables.
    note
        The evaluator's own words; they stay in the project.
    """
    _set_excluded(project, case_id, True, evaluator=evaluator, reason=reason, note=note)


def include(project: Project, case_id: str, evaluator: str) -> None:
    """Take an excluded case in again; ``case.unknown`` if there is none."""
    _set_excluded(project, case_id, False, evaluator=evaluator)


def set_exclusions(project: Project, wanted: Mapping[str, tuple[str, str] | None], evaluator: str) -> dict[str, tuple[str, str] | None]:
    """Exclude many cases, or take them in, in one durable write: all or none.

    Parameters
    ----------
    wanted
        By case: reason and note, or None for a case that belongs to the dataset.

    Returns
    -------
    dict
        Reason and note that stood before, or None, of the cases that changed.

    Raises
    ------
    BadInputError
        ``case.unknown``; then nothing was written.
    ProjectError
        ``project.read_only`` and other refusals of the disk.
    """
    with project.writing() as session:
        known = set(session.scalars(sql.select(sql.CaseRow.case_id)))
        unknown = [case_id for case_id in wanted if case_id not in known]
        if unknown:
            raise BadInputError("case.unknown", case=unknown[0])
        stands = _exclusions(session)
        before = {case_id: stands.get(case_id) for case_id, wish in wanted.items() if stands.get(case_id) != wish}
        now = utc_now()
        for case_id in before:
            reason, note = wanted[case_id] or ("", "")
            session.add(
                sql.ExclusionRow(
                    case_id=case_id,
                    excluded=wanted[case_id] is not None,
                    reason=reason,
                    note=note[:MAX_NOTE],
                    evaluator=evaluator,
                    created_utc=now,
                )
            )
        return before


def exclusion(project: Project, case_id: str) -> Exclusion | None:
    """The standing exclusion of a case; None if it belongs to the dataset."""
    latest = sql.select(sql.ExclusionRow).where(sql.ExclusionRow.case_id == case_id).order_by(sql.ExclusionRow.number.desc()).limit(1)
    with project.reading() as session:
        row = session.scalars(latest).first()
    return Exclusion(row.reason, row.note, row.evaluator, row.created_utc) if row is not None and row.excluded else None


def _set_excluded(project: Project, case_id: str, excluded: bool, *, evaluator: str, reason: str = "", note: str = "") -> None:
    with project.writing() as session:
        if session.scalar(sql.select(sql.CaseRow.number).where(sql.CaseRow.case_id == case_id)) is None:
            raise BadInputError("case.unknown", case=case_id)
        session.add(
            sql.ExclusionRow(
                case_id=case_id, excluded=excluded, reason=reason, note=note[:MAX_NOTE], evaluator=evaluator, created_utc=utc_now()
            )
        )


def _number(case_id: str) -> int:
    digits = case_id.rpartition("-")[2]
    return int(digits) if digits.isdigit() else 0


def _exclusions(session: sql.Session, only: Collection[str] | None = None) -> dict[str, tuple[str, str] | None]:
    """Reason and note of the exclusions that stand."""
    names, values = named("case_id", only)
    latest = plain_rows(
        session,
        "SELECT case_id, reason, note FROM exclusions WHERE excluded AND number IN"
        f" (SELECT max(number) FROM exclusions WHERE {names} GROUP BY case_id)",
        values,
    )
    return {case_id: (reason, note) for case_id, reason, note in latest}


class _Known(NamedTuple):
    """A row of the table of cases."""

    case_id: str
    patient: str
    sex: str | None
    age_years: float | None
    imported: bool


class _State:
    """What the summaries need beside readings, fetched in a few queries however many cases there are."""

    def __init__(self, project: Project, session: sql.Session, rule: Rule | None, only: Collection[str] | None) -> None:
        self._rule = rule_in(session) if rule is None else rule
        self._room = project.path(CAPTURES_DIR)
        names, values = named("case_id", only)
        predicted = plain_rows(session, f"SELECT DISTINCT case_id FROM predictions WHERE {names}", values)
        self._in_use = in_use_by_case(session, only)
        self._exclusions = _exclusions(session, only)
        self._predicted = {case_id for (case_id,) in predicted}

    def summary(self, row: _Known, read: Sequence[Light]) -> tuple[CaseSummary, tuple[Light, ...]]:
        """One case and its standing readings."""
        capture_id, roi_n = self._in_use.get(row.case_id, NOTHING)
        exclusion = self._exclusions.get(row.case_id)
        stands = tuple(standing(read))
        found = verdict(read, self._rule, stands)
        decision = next((light for light in read if light is found.decision), None)
        rests_on = stands if decision is None else (decision,)
        summary = made(
            CaseSummary,
            case_id=row.case_id,
            patient=row.patient,
            sex=_SEXES.get(row.sex or ""),
            age_years=row.age_years,
            imported=bool(row.imported),
            label=found.stage,
            staged_by=tuple(reading.evaluator for reading in stands),
            ambiguous=found.status == "ambiguous",
            excluded=exclusion is not None,
            exclusion_reason=exclusion[0] if exclusion is not None else "",
            exclusion_note=exclusion[1] if exclusion is not None else "",
            predicted=row.case_id in self._predicted,
            capture_id=capture_id,
            roi_n=roi_n,
            room=self._room,
            status=found.status,
            disagree=found.disagree,
            contested=found.contested,
            adjudicated_by=decision.evaluator if decision is not None else "",
            read_elsewhere=sum(light.capture_id != capture_id for light in rests_on),
        )
        return summary, stands
