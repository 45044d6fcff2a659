"""Who a scan says its patient is: read from one header, kept in memory only, as text for a keyed hash.

Nothing here is ever shown, logged or stored; `repr` says nothing on purpose.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sos_studio.core.errors import BadInputError
from sos_studio.imaging.dicom_headers import quiet_pydicom, read_dataset

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Sex = Literal["F", "M"]

# What stands in a patient's number or name when nobody wrote one: many people would share it.
_PLACEHOLDER = re.compile(
    r"[\W_0]*|x+|9+|(an|pseud)onym(i[sz]ed|ous|e|isiert)?|anon|unknown|unbekannt|none|null|n/?a|no ?(id|name)|not ?known|unnamed"
    r"|(default|test)? ?patient( ?(id|name))?|test|dummy|removed|de-?identified|phantom|qa"
)
_SEPARATOR = "\x1f"
_YEARS_PER = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}
_OLDEST_YEARS = 130


@dataclass(frozen=True, repr=False)
class IdentityText:
    """One thing to know a patient by, spelled alike in all scans; `born` is the same with the birth date, if that is known."""

    value: str
    born: str


@dataclass(frozen=True, repr=False)
class PatientIdentity:
    """What a header says of the patient.

    Attributes
    ----------
    texts
        The patient's number (with who issued it) and name with birth date, as far as the header has them; the most telling first. Empty if
        it has none, or only what anonymisers write.
    age_years
        Whole years at the time of the scan.
    """

    texts: tuple[IdentityText, ...] = ()
    age_years: int | None = None
    sex: Sex | None = None


NOBODY = PatientIdentity()


def read_identity(path: Path) -> PatientIdentity:
    """The identity in a DICOM file's header; an empty one where it can't be read."""
    try:
        dataset, _, _ = read_dataset(path)
    except BadInputError:
        return NOBODY
    return identity_of(dataset)


def identity_of(dataset: Dataset) -> PatientIdentity:
    """The identity in a header that was read already."""
    with quiet_pydicom():
        number, issuer = _text(dataset, "PatientID"), _text(dataset, "IssuerOfPatientID")
        name, born = _name(_text(dataset, "PatientName")), _date(_text(dataset, "PatientBirthDate"))
        texts = []
        if not _PLACEHOLDER.fullmatch(number):
            value = _SEPARATOR.join([number, issuer]) if issuer else number
            texts.append(_known_by(value, born))
        if born is not None and not _PLACEHOLDER.fullmatch(name.replace("^", " ").strip()):
            texts.append(_known_by(_SEPARATOR.join(["name", name]) + _SEPARATOR + born.isoformat(), None))
        sex = _text(dataset, "PatientSex").upper()
        return PatientIdentity(
            texts=tuple(texts),
            age_years=_age(dataset, born),
            sex=sex if sex in ("F", "M") else None,  # type: ignore[arg-type]  # narrowed by the condition
        )


def _known_by(value: str, born: date | None) -> IdentityText:
    return IdentityText(value, _SEPARATOR.join([value, born.isoformat()]) if born is not None else "")


def _text(dataset: Dataset, keyword: str) -> str:
    """One value as text that compares: one form of accents, no case, single spaces."""
    from pydicom.multival import MultiValue

    try:
        value = dataset.get(keyword)
        if isinstance(value, MultiValue):
            value = next(iter(value), None)
        text = "" if value is None else str(value)
    except Exception:  # pydicom raises whatever a damaged value provokes
        return ""
    return " ".join(unicodedata.normalize("NFKC", text).replace("\0", " ").split()).casefold()


def _name(text: str) -> str:
    """Family and given name of the first group that has any: titles and middle names come and go between scans."""
    for group in text.split("="):
        parts = [part.strip() for part in group.split("^")[:2]]
        if any(parts):
            return "^".join(part for part in parts if part)
    return ""


def _date(text: str) -> date | None:
    digits = text[:10].replace(".", "").replace("-", "")[:8]
    try:
        found = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None
    return found if found.year > 1850 else None


def _age(dataset: Dataset, born: date | None) -> int | None:
    if match := re.fullmatch(r"(\d{1,3})([ymwd])", _text(dataset, "PatientAge")):
        years = int(int(match[1]) * _YEARS_PER[match[2].upper()])
        return years if years <= _OLDEST_YEARS else None
    for keyword in ("AcquisitionDate", "ContentDate", "SeriesDate", "StudyDate"):
        taken = _date(_text(dataset, keyword))
        if born is not None and taken is not None:
            years = taken.year - born.year - ((taken.month, taken.day) < (born.month, born.day))
            return years if 0 <= years <= _OLDEST_YEARS else None
    return None
