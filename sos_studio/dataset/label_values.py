"""What people write into the cells of a table: stages, ages, sexes, in several languages."""

from __future__ import annotations

import math
import re

from sos_studio.core.errors import BadInputError
from sos_studio.core.stages import StageScheme
from sos_studio.dataset.cases import MAX_AGE_YEARS, Sex

_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7}
# "h" is homme and hombre; hers in those languages begin with f or m(ujer), so a bare "m" stays male.
_FEMALE = (
    "f", "female", "fem", "w", "weiblich", "frau", "girl", "woman", "femme", "féminin", "feminin", "femenino", "feminino", "mujer",
    "femmina", "femminile", "vrouw", "kvinna", "kvinde", "nő", "kobieta", "žena", "kadın", "женский", "ж", "女", "여", "여자",
)  # fmt: skip
_MALE = (
    "m", "male", "männlich", "mann", "boy", "man", "homme", "h", "masculin", "masculino", "hombre", "maschio", "maschile", "mężczyzna",
    "muž", "erkek", "мужской", "м", "男", "남", "남자",
)  # fmt: skip
_FEMALES: dict[str, Sex] = dict.fromkeys(_FEMALE, "F")
_SEXES: dict[str, Sex] = {**_FEMALES, **dict.fromkeys(_MALE, "M")}
_YEARS = r"(?:y|yr|yrs|year|years|a|j|jahr|jahre|an|ans|años|anni|anos|lat|år|jaar|yaş|л|лет|歳|岁|세)"
_AGE = re.compile(rf"(\d+(?:[.,]\d+)?)\s*{_YEARS}?\.?", re.IGNORECASE)
# As dentists write it (12;6), and in words (12y 6m).
_YEARS_AND_MONTHS = re.compile(
    rf"(\d+)\s*(?:;|{_YEARS}\.?)\s*(\d{{1,2}})\s*(?:m|mo|mon|months?|monate?|mois|meses|mesi)?\.?", re.IGNORECASE
)
# A word before the number is a name for "stage"; two numbers are never one stage.
_STAGE = re.compile(r"(?:[^\W\d_]+[\s._:#-]*)?(\d+(?:[.,]\d+)?)", re.IGNORECASE)
_ROMAN_STAGE = re.compile(r"(?:[^\W\d_]+[\s._:#-]+)?([ivx]+)", re.IGNORECASE)


def stage(text: str, scheme: StageScheme) -> int | None:
    """``3``, ``3.0``, ``III``, ``Stage 3``; None if empty; ``stage.unknown`` if it is no stage of the scheme."""
    text = text.strip()
    if not text:
        return None
    number: float | None = None
    if (match := _STAGE.fullmatch(text)) is not None:
        number = float(match[1].replace(",", "."))
    elif (match := _ROMAN_STAGE.fullmatch(text)) is not None:
        number = _ROMAN.get(match[1].lower())
    if number is None or number != round(number):
        raise BadInputError("stage.unknown", stage=text, highest=scheme.count, scheme=scheme.id)
    return scheme.check(round(number))


def age_years(text: str) -> float | None:
    """``12.6``, ``12,6``, ``12 years``, ``12;6`` (years and months); None if empty; ``case.bad_age`` if it is no age."""
    text = text.strip()
    if not text:
        return None
    years: float | None = None
    if (match := _AGE.fullmatch(text)) is not None:
        years = float(match[1].replace(",", "."))
    elif (match := _YEARS_AND_MONTHS.fullmatch(text)) is not None and int(match[2]) < 12:
        years = round(int(match[1]) + int(match[2]) / 12, 2)
    if years is None or not math.isfinite(years) or not 0 <= years <= MAX_AGE_YEARS:
        raise BadInputError("case.bad_age", age=text)
    return years


def sex(text: str) -> Sex | None:
    """A letter or a word; None if empty; ``case.bad_sex`` if it is neither's."""
    text = text.strip()
    if not text:
        return None
    found = _SEXES.get(text.casefold().rstrip("."))
    if found is None:
        raise BadInputError("case.bad_sex", sex=text)
    return found
