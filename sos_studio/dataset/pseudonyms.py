"""Patients' pseudonyms: keyed hashes of what is known of them, made with the project's secret (`project_secret`)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import unicodedata

from sos_studio.core.errors import BadInputError
from sos_studio.dataset import project_secret
from sos_studio.dataset.project import Project

# What add_case takes for a patient. Anything that could be a name is refused at the door.
_PSEUDONYM = re.compile(r"P(\d{4,7}|-[a-z2-7]{16})")
_PHANTOM = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")


def pseudonym(project: Project, patient_text: str) -> str:
    """The pseudonym of a patient number or name, ``P-`` and 16 letters; case, accents' form and spaces at the ends don't matter.

    80 bits of HMAC-SHA-256: two of a million patients share one with a chance below 10⁻¹².

    Raises
    ------
    ProjectError
        Errors of `project_secret.secret_of`. Not inside ``project.writing()``: the first pseudonym of a project writes.
    """
    return keyed(project_secret.secret_of(project), patient_text)


def keyed(secret: bytes, patient_text: str) -> str:
    """The pseudonym that a secret makes of a text."""
    text = unicodedata.normalize("NFKC", patient_text).strip().casefold()
    digest = hmac.new(secret, text.encode("utf-8"), hashlib.sha256).digest()
    return "P-" + base64.b32encode(digest[:10]).decode("ascii").lower()


def require_pseudonym(patient: str, *, phantom: bool = False) -> str:
    """Return `patient` if it is a pseudonym; ``case.not_a_pseudonym`` if it might be a name."""
    if not (_PHANTOM if phantom else _PSEUDONYM).fullmatch(patient):
        raise BadInputError("case.not_a_pseudonym")
    return patient
