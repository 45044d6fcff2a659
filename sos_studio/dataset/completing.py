"""What a table says of a picture that is there already: empty facts are filled in, a contradiction is refused, nothing overwritten."""

from __future__ import annotations

from sos_studio.core.errors import BadInputError
from sos_studio.core.readings import Reading, standing
from sos_studio.dataset import events, patients, pixel_sizes, readings, sql
from sos_studio.dataset.label_table import LabelRow
from sos_studio.dataset.patient_data import allowed_age, sex_allowed
from sos_studio.dataset.patients import PatientCode
from sos_studio.dataset.project import Project
from sos_studio.dataset.pseudonyms import pseudonym

FACTS_FILLED_IN = "facts_filled_in"


def complete(
    project: Project, case_id: str, capture_id: str, row: LabelRow | None, spacing_mm: float | None = None, *, who: str = ""
) -> tuple[str, ...]:
    """Give a case and its capture the patient, age, sex and pixel size that they lack, and note that in the history.

    Of age and sex only what the project may keep (`patient_data`) is compared and filled in.

    Returns
    -------
    Names of what was filled in: ``patient``, ``age``, ``sex``, ``pixel size``; empty if nothing was new.

    Raises
    ------
    BadInputError
        ``import.contradicts`` (field, stored, given) and ``import.other_patient``; then nothing was changed.
    ProjectError
        ``project.read_only`` and other refusals of the disk.
    """
    code = PatientCode(pseudonym(project, row.patient)) if row is not None and row.patient else None
    with project.reading() as session:
        names = _patient(session, case_id, code)
        filled = [*(["patient"] if names else []), *_missing(session, case_id, capture_id, row, spacing_mm)]
    if code is not None and names:
        patients.identify(project, case_id, [code], name_anew=True)
    if not filled:
        return ()
    with project.writing() as session:
        missing = _missing(session, case_id, capture_id, row, spacing_mm)
        case = session.scalars(sql.select(sql.CaseRow).where(sql.CaseRow.case_id == case_id)).one()
        if "age" in missing and row is not None:
            case.age_years = allowed_age(session, row.age_years)
        if "sex" in missing and row is not None:
            case.sex = row.sex
        if "pixel size" in missing and spacing_mm is not None:
            pixel_sizes.give(session, case_id, capture_id, spacing_mm, who=who)
        # Which facts, not what they are: what a project may no longer keep must not stay in its history.
        if of_case := [name for name in filled if name != "pixel size"]:
            events.add(session, FACTS_FILLED_IN, who=who, case_id=case_id, facts=of_case)
    return tuple(filled)


def news(project: Project, said: list[Reading]) -> list[Reading]:
    """Those of a table's readings of one case that say something new.

    What a table said before is no news, whatever its evaluator read or took back here since: the same table imported again must not undo
    that. A table that changed its mind is believed as long as what stands of that evaluator came from a table too.

    Raises
    ------
    BadInputError
        ``import.contradicts`` (field, stored, given) where the evaluator's own reading, made here, says something else.
    """
    if not said:
        return []
    rows = readings.readings(project, said[0].case_id)
    before = {row.evaluator: row.stage for row in rows if row.source == "imported" and row.retracts is None}
    stands = {row.evaluator: row.stage for row in standing(rows)}
    fresh = [r for r in said if r.stage not in (before.get(r.evaluator), stands.get(r.evaluator))]
    require_no_contradiction(project, fresh)
    return fresh


def require_no_contradiction(project: Project, said: list[Reading]) -> None:
    """Raise ``import.contradicts`` (field, stored, given) if an evaluator's own reading of the case, made here, says another stage."""
    if not said:
        return
    own = {row.evaluator: row.stage for row in standing(readings.readings(project, said[0].case_id)) if row.source != "imported"}
    for reading in said:
        if own.get(reading.evaluator, reading.stage) != reading.stage:
            raise BadInputError("import.contradicts", field="stage", stored=str(own[reading.evaluator]), given=str(reading.stage))


def _patient(session: sql.Session, case_id: str, code: PatientCode | None) -> bool:
    """Whether a code names a patient whom nobody has named yet; refused if the case is another one's."""
    if code is None:
        return False
    patient = session.scalars(sql.select(sql.CaseRow.patient).where(sql.CaseRow.case_id == case_id)).one()
    if patient in (code.value, *patients.known(session, [code])):
        return False
    met = session.scalar(sql.select(sql.PatientCodeRow.code).where(sql.PatientCodeRow.patient == patient).limit(1))
    if met is not None or patient.startswith("P-"):
        raise BadInputError("import.other_patient")
    return True


def _missing(session: sql.Session, case_id: str, capture_id: str, row: LabelRow | None, spacing_mm: float | None) -> list[str]:
    """What is given and not stored; ``import.contradicts`` if something else is stored."""
    case = session.scalars(sql.select(sql.CaseRow).where(sql.CaseRow.case_id == case_id)).one()
    pixel_mm = session.scalars(sql.select(sql.CaptureRow.pixel_mm).where(sql.CaptureRow.capture_id == capture_id)).one()
    age = None if row is None else allowed_age(session, row.age_years)
    sex = row.sex if row is not None and sex_allowed(session) else None
    missing = []
    if spacing_mm is not None and pixel_mm is not None and pixel_sizes.alike(spacing_mm, pixel_mm):
        spacing_mm = pixel_mm
    facts = (("age", case.age_years, age), ("sex", case.sex, sex), ("pixel size", pixel_mm, spacing_mm))
    for name, stored, given in facts:
        if given is None or given == stored:
            continue
        if stored is not None:
            raise BadInputError("import.contradicts", field=name, stored=_shown(stored), given=_shown(given))
        missing.append(name)
    return missing


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"
