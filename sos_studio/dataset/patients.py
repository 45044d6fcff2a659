"""A patient's further scans join the patient: by keyed codes of what the headers say, never by the words themselves.

A scan may carry several codes (of the patient's number, of name and birth date); any that is known leads to the patient. To join two people
by mistake costs a little variety in one fold, to split one person in two lets a network be judged on a patient it has seen: in doubt, join.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sos_studio.core.errors import BadInputError
from sos_studio.core.readings import utc_now
from sos_studio.dataset import events, sql
from sos_studio.dataset.cases import Sex, new_case
from sos_studio.dataset.project import Project

SAME_PATIENT, PATIENTS_JOINED = "same_patient", "patients_joined"


@dataclass(frozen=True)
class PatientCode:
    """A keyed code under which a patient is met.

    Attributes
    ----------
    value
        Pseudonym made of a number, or of name and birth date.
    born
        Pseudonym made of the same and the birth date; empty where that is unknown. Two people of different clinics may have one number.
    """

    value: str
    born: str = ""


@dataclass(frozen=True)
class Enrolled:
    """A case's patient.

    Attributes
    ----------
    known_from
        The patient's first other case, if the case has just joined it.
    other_patient
        Another patient who is the same person, but whose fold differs: folds never change, so the two stay two.
    """

    case_id: str
    patient: str
    known_from: str | None = None
    other_patient: str | None = None


def add_case(project: Project, codes: Sequence[PatientCode], age_years: float | None = None, sex: Sex | None = None) -> Enrolled:
    """A new case of the patient whom the codes mean, or of a new one; errors of `cases.add_case`."""
    with project.writing() as session:
        patient, other = _joined(session, known(session, codes))
        earlier = None if patient is None else _first_case(session, patient)
        row = new_case(project, session, patient or _new_name(session, codes), age_years, sex, imported=False)
        session.add(row)
        _note(session, codes, row.patient)
        return Enrolled(row.case_id, row.patient, earlier, other)


def identify(project: Project, case_id: str, codes: Sequence[PatientCode], *, name_anew: bool = False) -> Enrolled:
    """Tell a case that is there who its patient is, by codes that were not known when it was made.

    Parameters
    ----------
    name_anew
        Whether a patient who is called after a case's number is called by the code from now on, as a table that named them says; not once
        there is a fold, which was given to the old name for good.
    """
    with project.reading() as session:
        patient = session.scalars(sql.select(sql.CaseRow.patient).where(sql.CaseRow.case_id == case_id)).one()
        noted = all(session.get(sql.PatientCodeRow, (code.value, code.born)) is not None for code in codes)
        if project.read_only or (noted and set(known(session, codes)) <= {patient}):
            return Enrolled(case_id, patient)
    with project.writing() as session:
        row = session.scalars(sql.select(sql.CaseRow).where(sql.CaseRow.case_id == case_id)).one()
        before = row.patient
        _, other = _joined(session, [before, *known(session, codes)])
        session.refresh(row)
        earlier = None if row.patient == before else _first_case(session, row.patient, but=case_id)
        if name_anew:
            _name_anew(session, row.patient, codes)
            session.refresh(row)
        _note(session, codes, row.patient)
        return Enrolled(case_id, row.patient, earlier, other)


def named(session: sql.Session, code: PatientCode) -> str:
    """Pseudonym of the patient whom a table names: the known one, or the code itself for a new one."""
    found = known(session, [code])
    return found[0] if found else code.value


def known(session: sql.Session, codes: Sequence[PatientCode]) -> list[str]:
    """Patients whom the codes mean, each once; those of the first code first."""
    found: dict[str, None] = {}
    for code in codes:
        births: dict[str, set[str]] = defaultdict(set)
        rows = sql.select(sql.PatientCodeRow).where(sql.PatientCodeRow.code == code.value).order_by(sql.text("rowid"))
        for row in session.scalars(rows):
            births[row.patient] |= {row.born} - {""}
        if not births and _first_case(session, code.value) is not None:
            births[code.value] = set()  # named by a table
        found |= {patient: None for patient, born in births.items() if not (code.born and born) or code.born in born}
    return list(found)


def _new_name(session: sql.Session, codes: Sequence[PatientCode]) -> str | None:
    """The first code; with the birth date if somebody else has that number. None: the case's number will do."""
    names = [name for code in codes for name in (code.value, code.born) if name]
    return next((name for name in names if _first_case(session, name) is None), None)


def _name_anew(session: sql.Session, patient: str, codes: Sequence[PatientCode]) -> None:
    """The name that the patient would have if the codes had been known at once."""
    name = _new_name(session, codes)
    if patient.startswith("P-") or name is None:
        return
    if session.scalar(sql.select(sql.FoldRow.fold).where(sql.FoldRow.patient == patient).limit(1)) is None:
        _rename(session, patient, name)


def _rename(session: sql.Session, patient: str, name: str) -> None:
    """All that was the one's is the other's from now on: cases, codes, what tables call them, and who they were said to be."""
    for table in (sql.CaseRow, sql.PatientCodeRow):
        session.execute(sql.update(table).where(table.patient == patient).values(patient=name))
    if patient.startswith("P-"):  # a code itself: tables that name it go on doing so
        _note(session, [PatientCode(patient)], name)
    if any(patient in people for people in same_people(session)):
        _note_same(session, name, patient)


def _note(session: sql.Session, codes: Sequence[PatientCode], patient: str) -> None:
    """From now on codes that are new mean this patient."""
    for code in dict.fromkeys(codes):
        if session.get(sql.PatientCodeRow, (code.value, code.born)) is None:
            session.add(sql.PatientCodeRow(code=code.value, born=code.born, patient=patient, created_utc=utc_now()))


def _joined(session: sql.Session, patients: Sequence[str]) -> tuple[str | None, str | None]:
    """Make one patient of several who turned out to be one person.

    Returns
    -------
    The patient who stays, and one who could not be joined because both have folds and they differ.
    """
    if not patients:
        return None, None
    given = sql.select(sql.FoldRow.patient, sql.FoldRow.fold).where(sql.FoldRow.patient.in_(patients))
    folds = dict(session.execute(given).all())
    # One with a fold keeps it; else one that is known by more than a number.
    stays = min(patients, key=lambda patient: (patient not in folds, not patient.startswith("P-")))
    apart = None
    for patient in patients:
        if patient == stays:
            continue
        if folds.get(patient, folds.get(stays)) != folds.get(stays):
            apart = patient
            _note_same(session, stays, patient)
            continue
        _rename(session, patient, stays)
    return stays, apart


def _note_same(session: sql.Session, patient: str, other: str) -> None:
    """Once for each two: who stays two although they are one must not be learned from and judged on (`leakage`)."""
    if not any({patient, other} <= people for people in same_people(session)):
        events.add(session, SAME_PATIENT, patient=patient, other_patient=other)


def same_people(session: sql.Session) -> set[frozenset[str]]:
    """Patients who are one person and stay several, because each has a fold and folds never change.

    Whoever is one with two others makes one of these: excluding the one in the middle does not part them.
    """
    rows = session.scalars(sql.select(sql.EventRow.details).where(sql.EventRow.kind == SAME_PATIENT))
    people: set[frozenset[str]] = set()
    for details in rows:
        said = frozenset((str(details["patient"]), str(details["other_patient"])))
        together = {known for known in people if known & said}
        people = (people - together) | {said.union(*together)}
    return people


def say_same(project: Project, case_id: str, other_case_id: str, who: str = "") -> bool:
    """A person says that two cases are of one patient: from now on they are.

    Returns
    -------
    bool
        True: the patients were joined. False: they stay two, because their folds differ and folds never change; that they are one person
        is noted, and one of the cases has to be excluded before a training.

    Raises
    ------
    BadInputError
        ``case.unknown``.
    ProjectError
        ``project.read_only`` and other refusals of the disk.
    """
    with project.writing() as session:
        patients = []
        for name in (case_id, other_case_id):
            patient = session.scalar(sql.select(sql.CaseRow.patient).where(sql.CaseRow.case_id == name))
            if patient is None:
                raise BadInputError("case.unknown", case=name)
            patients.append(patient)
        if patients[0] == patients[1]:
            return True
        _, apart = _joined(session, patients)
        if apart is None:
            events.add(session, PATIENTS_JOINED, who=who, case_id=case_id, other_case=other_case_id)
        return apart is None


def _first_case(session: sql.Session, patient: str, but: str = "") -> str | None:
    query = sql.select(sql.CaseRow.case_id).where(sql.CaseRow.patient == patient, sql.CaseRow.case_id != but)
    return session.scalar(query.order_by(sql.CaseRow.number).limit(1))
