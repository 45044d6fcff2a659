from __future__ import annotations

import pytest

from sos_studio.core.errors import BadInputError
from sos_studio.core.stages import BASSED_5
from sos_studio.dataset import label_values


@pytest.mark.parametrize(
    ("text", "stage"),
    [("3", 3), ("3.0", 3), ("3,0", 3), ("III", 3), ("iv", 4), ("Stage 3", 3), ("Stadium IV", 4), ("S5", 5), ("SOS-2", 2), (" ", None)],
)
def test_stages_as_people_write_them(text: str, stage: int | None) -> None:
    assert label_values.stage(text, BASSED_5) == stage


@pytest.mark.parametrize("text", ["0", "6", "2.5", "2-3", "2/3", "3 4", "open", "IIX", "three", "-3", "VI", "1e0", "²", "Stage"])
def test_what_is_no_stage_or_two_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match=r"stage\.unknown"):
        label_values.stage(text, BASSED_5)


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("12.6", 12.6),
        ("12,6", 12.6),
        ("0", 0),
        ("12 years", 12),
        ("12y", 12),
        ("12 Jahre", 12),
        ("14岁", 14),
        ("12;6", 12.5),
        ("9y 3m", 9.25),
        ("", None),
    ],
)
def test_ages_as_people_write_them(text: str, years: float | None) -> None:
    assert label_values.age_years(text) == years


@pytest.mark.parametrize("text", ["131", "-1", "old", "12:6", "12;13", "nan", "inf", "2020-06-12", "1e1", "12.6.1"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match=r"case\.bad_age"):
        label_values.age_years(text)


@pytest.mark.parametrize(
    ("text", "sex"),
    [("F", "F"), ("female", "F"), ("Weiblich", "F"), ("女", "F"), ("M", "M"), ("Homme", "M"), ("男", "M"), ("", None)],
)
def test_sexes_as_people_write_them(text: str, sex: str | None) -> None:
    assert label_values.sex(text) == sex


@pytest.mark.parametrize("text", ["1", "x", "F/M", "unknown"])
def test_what_says_no_sex_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match=r"case\.bad_sex"):
        label_values.sex(text)
