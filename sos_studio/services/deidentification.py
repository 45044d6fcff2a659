"""Copies of scans without their patients, under the pseudonyms of a project or under new ones."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from pathlib import Path

from sos_studio.dataset import patient_data
from sos_studio.dataset import patients as dataset_patients
from sos_studio.dataset.patients import PatientCode
from sos_studio.dataset.project import Project
from sos_studio.dataset.project_secret import secret_of
from sos_studio.dataset.pseudonyms import keyed, pseudonym
from sos_studio.imaging.deidentified_copy import CopyReport, copy_deidentified
from sos_studio.imaging.deidentify import Copying
from sos_studio.imaging.identity import PatientIdentity

Progress = Callable[[float], None]
Cancelled = Callable[[], bool]


def deidentify(
    source: Path,
    out: Path,
    *,
    project: Project | None = None,
    keep_age: bool = False,
    keep_sex: bool = False,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> CopyReport:
    """Copy the images of a source without their patients.

    Parameters
    ----------
    project
        Its pseudonyms are used, and its secret for the UIDs: copies made at different times fit together, and it may forbid age or sex.
        None: a secret that is forgotten at the end; nobody can link this copy to another one.
    keep_age, keep_sex
        DICOM's Retain Patient Characteristics Option, for age in whole years and sex.

    Raises
    ------
    BadInputError, ProjectError, CancelledError
        Errors of `copy_deidentified`; ``secret.missing`` and its fellows.
    """
    if project is None:
        secret = secrets.token_bytes(32)

        def name(identity: PatientIdentity, study: str) -> str:
            return keyed(secret, identity.texts[0].value if identity.texts else f"study\x1f{study}")

    else:
        secret, data, opened = secret_of(project), patient_data.patient_data(project), project
        keep_age, keep_sex = keep_age and data.keep_age is not False, keep_sex and data.keep_sex is not False

        def name(identity: PatientIdentity, study: str) -> str:
            return _name_in(opened, identity, study)

    copying = Copying(hmac.new(secret, b"deidentified copies", hashlib.sha256).digest(), keep_age, keep_sex)
    return copy_deidentified(source, out, copying, _remembering(name), progress=progress, cancelled=cancelled)


def _name_in(project: Project, identity: PatientIdentity, study: str) -> str:
    codes = [PatientCode(pseudonym(project, text.value), pseudonym(project, text.born) if text.born else "") for text in identity.texts]
    with project.reading() as session:
        known = dataset_patients.known(session, codes)
    if known:
        return known[0]
    return codes[0].value if codes else pseudonym(project, f"study\x1f{study}")


def _remembering(name: Callable[[PatientIdentity, str], str]) -> Callable[[PatientIdentity, str], str]:
    """Ask once per patient and study, not once per slice."""
    known: dict[tuple[object, str], str] = {}

    def remembered(identity: PatientIdentity, study: str) -> str:
        key = (identity.texts, study)
        if key not in known:
            known[key] = name(identity, study)
        return known[key]

    return remembered
