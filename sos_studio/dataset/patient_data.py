"""What of a patient a project may keep beside the pseudonym: age and sex, each only if a person allows it.

While nobody has decided, what a table of labels says is kept, because somebody put those columns there; what a scan's header says is not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sos_studio.dataset import copies, events, sql
from sos_studio.dataset.project import Project

# So few people are older that an age would point at one of them: all of 90 and above are one group.
POOLED_AGE_YEARS = 90


@dataclass(frozen=True)
class PatientData:
    """A project's decision; None: not decided."""

    keep_age: bool | None = None
    keep_sex: bool | None = None

    @property
    def decided(self) -> bool:
        """Whether a person answered for both."""
        return self.keep_age is not None and self.keep_sex is not None


@dataclass(frozen=True)
class Kept:
    """How many cases have an age, and a sex; and how many that were captured from a scan have none."""

    ages: int
    sexes: int
    scans_without_age: int = 0
    scans_without_sex: int = 0


def patient_data(project: Project) -> PatientData:
    """What the project may keep."""
    with project.reading() as session:
        row = session.scalars(sql.select(sql.ProjectRow)).one()
        return PatientData(row.keep_age, row.keep_sex)


def kept(project: Project) -> Kept:
    """What the project holds."""
    with project.reading() as session:
        counts = sql.func.count(), sql.func.count(sql.CaseRow.age_years), sql.func.count(sql.CaseRow.sex)
        _, ages, sexes = session.execute(sql.select(*counts).select_from(sql.CaseRow)).one()
        scans, with_age, with_sex = session.execute(sql.select(*counts).select_from(sql.CaseRow).where(~sql.CaseRow.imported)).one()
        return Kept(ages, sexes, scans - with_age, scans - with_sex)


def decide(project: Project, *, keep_age: bool | None = None, keep_sex: bool | None = None, who: str = "") -> None:
    """Store a decision (None leaves it as it is); what may no longer be kept is taken out of all cases in the same write.

    The copies of every day (`copies`) go too. Databases kept at an upgrade, backups as one file and what was exported before are not
    touched.
    """
    with project.writing() as session:
        row = session.scalars(sql.select(sql.ProjectRow)).one()
        if keep_age is not None:
            row.keep_age = keep_age
            ages = sql.select(sql.CaseRow).where(sql.CaseRow.age_years.is_not(None))
            for case in session.scalars(ages):
                case.age_years = _whole(case.age_years) if keep_age else None
        if keep_sex is not None:
            row.keep_sex = keep_sex
            if not keep_sex:
                session.execute(sql.update(sql.CaseRow).values(sex=None))
        events.add(session, "patient_data_decided", who=who, keep_age=row.keep_age, keep_sex=row.keep_sex)
    if keep_age is False or keep_sex is False:
        copies.forget(project.directory)


def fill_in(project: Project, case_id: str, age_years: float | None, sex: str | None) -> bool:
    """Give a case the age and sex of its scan's header, each only if that was allowed and the case has none.

    Returns
    -------
    Whether the case changed.
    """
    if project.read_only or (age_years is None and sex is None):
        return False
    wanted = sql.select(sql.CaseRow).where(sql.CaseRow.case_id == case_id)
    with project.reading() as session:
        if not _missing(session, session.scalars(wanted).one(), age_years, sex):
            return False
    with project.writing() as session:
        row = session.scalars(wanted).one()
        for name, value in _missing(session, row, age_years, sex).items():
            setattr(row, name, value)
    return True


def _missing(session: sql.Session, row: sql.CaseRow, age_years: float | None, sex: str | None) -> dict[str, object]:
    decided = session.scalars(sql.select(sql.ProjectRow)).one()
    found: dict[str, object] = {}
    if decided.keep_age and row.age_years is None and age_years is not None:
        found["age_years"] = _whole(age_years)
    if decided.keep_sex and row.sex is None and sex is not None:
        found["sex"] = sex
    return found


def allowed_age(session: sql.Session, age_years: float | None) -> float | None:
    """What may be stored of an age: nothing, whole years, or (undecided) the years as a table gives them."""
    keep = session.scalar(sql.select(sql.ProjectRow.keep_age))
    if age_years is None or keep is False:
        return None
    return _whole(age_years) if keep else min(age_years, float(POOLED_AGE_YEARS))


def sex_allowed(session: sql.Session) -> bool:
    """Whether a sex may be stored."""
    return session.scalar(sql.select(sql.ProjectRow.keep_sex)) is not False


def _whole(age_years: float | None) -> float | None:
    return None if age_years is None else float(min(math.floor(age_years), POOLED_AGE_YEARS))
