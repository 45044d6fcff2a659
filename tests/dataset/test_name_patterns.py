from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_studio.core.errors import BadInputError
from sos_studio.core.stages import BASSED_5
from sos_studio.dataset.name_patterns import KNOWN_PATTERNS, NamePattern, suggested

PAPER = ["Female 12.6_5.jpg", "Female 7.6_1.jpg", "Male 8.7_3.jpg"]


def test_the_papers_names_are_recognised() -> None:
    pattern = suggested(PAPER, BASSED_5)
    assert pattern is not None
    assert pattern.text == "{sex} {age}_{stage}"
    assert pattern.facts(PAPER[0]) == {"sex": "Female", "age": "12.6", "stage": "5"}


def test_names_that_only_look_like_it_are_not() -> None:
    pattern = suggested(["Room 12.6_5.jpg", "Roof 7_1.jpg"], BASSED_5)
    assert pattern is not None
    assert "sex" not in pattern.text
    assert suggested(["IMG_0001.png", "IMG_0002.png"], BASSED_5) is None
    assert suggested([], BASSED_5) is None


def test_a_pattern_of_ones_own_takes_the_whole_name() -> None:
    pattern = NamePattern("{patient}-{}-s{stage}")
    assert pattern.facts("4711-left-late-s3.png") == {"patient": "4711", "stage": "3"}
    assert pattern.facts("4711-left.png") is None
    assert NamePattern("a.b {stage}").facts("aXb 3.png") is None


@pytest.mark.parametrize("text", ["", "plain", "{}", "{stage}{stage}", "{bone} {stage}"])
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match=r"import\.pattern_bad"):
        NamePattern(text)


@given(
    st.sampled_from(KNOWN_PATTERNS),
    st.sampled_from(["F", "male"]),
    st.decimals(min_value=1, max_value=99, places=1),
    st.integers(1, 5),
    st.from_regex(r"[A-Z][0-9]{1,5}", fullmatch=True),
)
def test_what_was_written_by_a_pattern_is_read_by_it(text: str, sex: str, age: object, stage: int, patient: str) -> None:
    written = {"sex": sex, "age": str(age), "stage": str(stage), "patient": patient}
    facts = NamePattern(text).facts(text.format(**written) + ".jpg")
    assert facts == {name: value for name, value in written.items() if f"{{{name}}}" in text}
