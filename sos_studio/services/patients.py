"""Whose case a scan becomes: its patient's, recognised by keyed codes; and what of the patient the project keeps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sos_studio.core.errors import ProjectError
from sos_studio.core.scans import Problem
from sos_studio.dataset import patient_data, project_secret
from sos_studio.dataset import patients as dataset_patients
from sos_studio.dataset.patient_data import Kept, PatientData
from sos_studio.dataset.patients import Enrolled, PatientCode
from sos_studio.dataset.project import Project
from sos_studio.dataset.project_secret import State
from sos_studio.dataset.pseudonyms import pseudonym
from sos_studio.imaging.identity import PatientIdentity

_NO_SECRET = ("secret.missing", "secret.damaged")


@dataclass(frozen=True)
class Recognised:
    """A case and its patient.

    Attributes
    ----------
    note
        What a person should know about it: another scan of a known patient, a secret that is not here, age and sex that were not kept.
    """

    case_id: str
    patient: str
    note: Problem | None = None


@dataclass(frozen=True)
class Privacy:
    """What a project keeps of its patients, and whether this computer can recognise them."""

    data: PatientData
    kept: Kept
    secret: State


def new_case(project: Project, identity: PatientIdentity) -> Recognised:
    """A case for a scan that the project does not know; a repeat scan joins its patient, and so the patient's fold.

    Raises
    ------
    ProjectError
        What the disk refuses. A secret that is not on this computer is no error: the case gets a patient of its own, and `note` says so.
    """
    codes, fault = _codes(project, identity)
    data = patient_data.patient_data(project)
    enrolled = dataset_patients.add_case(
        project, codes, identity.age_years if data.keep_age else None, identity.sex if data.keep_sex else None
    )
    undecided = (data.keep_age is None and identity.age_years is not None) or (data.keep_sex is None and identity.sex is not None)
    if fault is None and undecided and _note(enrolled) is None:
        return Recognised(enrolled.case_id, enrolled.patient, Problem("patient.data_not_kept", "info", {"case": enrolled.case_id}))
    return Recognised(enrolled.case_id, enrolled.patient, fault or _note(enrolled))


def known_case(project: Project, case_id: str, identity: PatientIdentity) -> Recognised:
    """A case that was there already: its patient may become known only now, such as after the secret was imported; so may age and sex."""
    codes, fault = _codes(project, identity)
    enrolled = dataset_patients.identify(project, case_id, codes)
    fill_in(project, case_id, identity)
    return Recognised(case_id, enrolled.patient, fault or _note(enrolled))


def fill_in(project: Project, case_id: str, identity: PatientIdentity) -> bool:
    """Give a case the age and sex of its scan's header where the project may keep them and the case has none; whether it changed."""
    return patient_data.fill_in(project, case_id, identity.age_years, identity.sex)


def privacy(project: Project) -> Privacy:
    """The project's settings about patients."""
    return Privacy(patient_data.patient_data(project), patient_data.kept(project), project_secret.state(project))


def decide(project: Project, *, keep_age: bool | None = None, keep_sex: bool | None = None, who: str = "") -> Privacy:
    """Store what may be kept of a patient; what may no longer be is taken out of all cases. Errors of `patient_data.decide`."""
    patient_data.decide(project, keep_age=keep_age, keep_sex=keep_sex, who=who)
    return privacy(project)


def export_secret(project: Project, path: Path) -> None:
    """Write the project's secret for a second workstation; errors of `project_secret.export_secret`."""
    project_secret.export_secret(project, path)


def import_secret(project: Project, path: Path) -> None:
    """Take over the secret that another workstation exported; errors of `project_secret.import_secret`."""
    project_secret.import_secret(project, path)


def _codes(project: Project, identity: PatientIdentity) -> tuple[list[PatientCode], Problem | None]:
    try:
        codes = [PatientCode(pseudonym(project, text.value), pseudonym(project, text.born) if text.born else "") for text in identity.texts]
    except ProjectError as error:
        if error.code not in _NO_SECRET:
            raise
        return [], Problem(error.code, "warning", dict(error.values))
    return codes, None


def _note(enrolled: Enrolled) -> Problem | None:
    values = {"case": enrolled.case_id, "patient": enrolled.patient}
    if enrolled.other_patient is not None:
        return Problem("patient.two_folds", "warning", {**values, "other": enrolled.other_patient})
    if enrolled.known_from is not None:
        return Problem("patient.joined", "info", {**values, "first": enrolled.known_from})
    return None
