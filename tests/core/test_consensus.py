from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_studio.core.consensus import MAJORITY, RULES, Rule, Verdict, standing_decision, verdict
from sos_studio.core.readings import Reading, standing

serial = iter(range(10**9))
MEDIAN = Rule(name="median")
SENIOR = Rule(name="senior", senior="a")
ALL_RULES = (MAJORITY, MEDIAN, SENIOR)
NAMES = ("a", "b", "c", "d", "e")


def _reading(evaluator: str, stage: int | None, **more: object) -> Reading:
    return Reading(reading_id=f"r{next(serial)}", case_id="c", capture_id="k", evaluator=evaluator, stage=stage, **more)


def _decision(stage: int | None, by: str = "chair", **more: object) -> Reading:
    return _reading(by, stage, source="adjudication", **more)


def _rows(*stages: int) -> list[Reading]:
    return [_reading(name, stage) for name, stage in zip(NAMES, stages, strict=False)]


@pytest.mark.parametrize(
    ("rule", "stages", "stage"),
    [
        (MAJORITY, (5, 2, 2), 2),
        (MAJORITY, (4, 2, 3), None),
        (MAJORITY, (4, 3), None),
        (MAJORITY, (2, 2, 3, 3), None),
        (MEDIAN, (4, 2, 3), 3),
        (MEDIAN, (4, 3), None),
        (MEDIAN, (1, 3, 3, 5), 3),
        (SENIOR, (5, 2, 2), 5),
    ],
)
def test_rules_give_a_label_or_leave_the_case_open(rule: Rule, stages: tuple[int, ...], stage: int | None) -> None:
    found = verdict(_rows(*stages), rule)
    assert (found.stage, found.status) == (stage, "open" if stage is None else "labelled")


def test_without_the_senior_only_agreement_counts() -> None:
    assert verdict([_reading("b", 3), _reading("c", 3)], SENIOR).stage == 3
    assert verdict([_reading("b", 3), _reading("c", 4), _reading("d", 3)], SENIOR).status == "open"


def test_a_senior_is_named_exactly_where_one_counts() -> None:
    for name, senior in (("senior", ""), ("senior", "  "), ("majority", "a")):
        with pytest.raises(ValueError, match="senior"):
            Rule(name=name, senior=senior)


def test_no_reading_no_label() -> None:
    assert verdict([]) == Verdict(None, "unread")


def test_most_who_call_it_ambiguous_leave_no_label_and_half_of_them_a_tie() -> None:
    doubt = [_reading("a", 2, ambiguous=True), _reading("b", 2, ambiguous=True), _reading("c", 2)]
    assert (verdict(doubt).stage, verdict(doubt).status) == (None, "ambiguous")
    assert verdict(doubt[1:]).status == "open"
    assert verdict([doubt[0], doubt[2], _reading("d", 2)]).stage == 2


def test_the_senior_s_doubt_is_the_case_s() -> None:
    assert verdict([_reading("a", 2, ambiguous=True), _reading("b", 2), _reading("c", 2)], SENIOR).status == "ambiguous"


def test_a_decision_is_the_label_and_nobody_s_own_reading() -> None:
    rows = [*_rows(2, 4), _decision(3, by="a")]
    found = verdict(rows)
    assert (found.stage, found.status, found.disagree, found.contested) == (3, "adjudicated", True, False)
    assert [(row.evaluator, row.stage) for row in standing(rows)] == [("a", 2), ("b", 4)]


def test_the_latest_decision_stands_and_taking_it_back_brings_back_the_one_before() -> None:
    first, second = _decision(3), _decision(4, by="other")
    rows = [*_rows(2, 4), first, second]
    assert verdict(rows).stage == 4
    assert standing_decision([*rows, _reading("other", None, retracts=second.reading_id)]) == first


def test_left_open_reopens_and_ambiguous_closes_without_a_label() -> None:
    rows = [*_rows(2, 2), _decision(None)]
    assert (verdict(rows).status, verdict(rows).stage) == ("open", None)
    assert verdict([*rows, _decision(None, ambiguous=True)]).status == "ambiguous"


def test_a_reading_after_the_decision_contests_it_only_if_it_says_something_else() -> None:
    rows = [*_rows(2, 4), _decision(4)]
    assert not verdict([*rows, _reading("c", 4)]).contested
    assert verdict([*rows, _reading("c", 5)]).contested
    assert verdict([*rows, _reading("c", 5)]).stage == 4


marks = st.lists(st.tuples(st.integers(1, 5), st.booleans()), min_size=1, max_size=5)


@given(marks, st.sampled_from(ALL_RULES), st.randoms(use_true_random=False))
def test_the_verdict_does_not_depend_on_who_read_first(given_marks: list[tuple[int, bool]], rule: Rule, random: object) -> None:
    rows = [_reading(name, stage, ambiguous=doubt) for name, (stage, doubt) in zip(NAMES, given_marks, strict=False)]
    shuffled = rows[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert verdict(rows, rule) == verdict(shuffled, rule)


@given(marks, st.sampled_from(ALL_RULES))
def test_a_label_is_a_stage_that_somebody_read_and_no_label_says_why(given_marks: list[tuple[int, bool]], rule: Rule) -> None:
    rows = [_reading(name, stage, ambiguous=doubt) for name, (stage, doubt) in zip(NAMES, given_marks, strict=False)]
    found = verdict(rows, rule)
    assert (found.stage is None) == (found.status in ("unread", "open", "ambiguous"))
    assert found.stage is None or found.stage in {stage for stage, _ in given_marks}


@given(st.lists(st.integers(1, 5), min_size=1, max_size=5), st.sampled_from(ALL_RULES))
def test_whoever_agrees_is_never_open(stages: list[int], rule: Rule) -> None:
    agreed = verdict(_rows(*[stages[0]] * len(stages)), rule)
    assert (agreed.stage, agreed.status, agreed.disagree) == (stages[0], "labelled", False)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=5))
def test_rules_keep_their_word(stages: list[int]) -> None:
    rows = _rows(*stages)
    most, count = Counter(stages).most_common(1)[0]
    assert verdict(rows).stage == (most if 2 * count > len(stages) else None)
    below, above = (
        sum(s < (verdict(rows, MEDIAN).stage or 0) for s in stages),
        sum(s > (verdict(rows, MEDIAN).stage or 9) for s in stages),
    )
    if verdict(rows, MEDIAN).stage is not None:
        assert max(below, above) * 2 <= len(stages)
    # A majority is always the median too: the two rules never contradict one another.
    if verdict(rows).stage is not None:
        assert verdict(rows, MEDIAN).stage == verdict(rows).stage
    assert verdict(rows, SENIOR).stage == stages[0]


@given(marks, st.sampled_from(ALL_RULES), st.integers(1, 5))
def test_a_decision_overrules_every_rule(given_marks: list[tuple[int, bool]], rule: Rule, stage: int) -> None:
    rows = [_reading(name, s, ambiguous=doubt) for name, (s, doubt) in zip(NAMES, given_marks, strict=False)]
    assert verdict([*rows, _decision(stage)], rule).stage == stage
    assert set(RULES) == {each.name for each in ALL_RULES}
