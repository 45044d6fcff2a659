from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sos_studio.core.readings import Reading, consensus, standing

serial = iter(range(10**9))


def _reading(evaluator: str, stage: int | None, **more: object) -> Reading:
    return Reading(reading_id=f"r{next(serial)}", case_id="c", capture_id="k", evaluator=evaluator, stage=stage, **more)  # type: ignore[arg-type]


def test_the_latest_reading_of_an_evaluator_stands() -> None:
    assert [r.stage for r in standing([_reading("a", 2), _reading("b", 3), _reading("a", 4)])] == [3, 4]


def test_taking_back_the_latest_reading_brings_back_the_one_before() -> None:
    first, second = _reading("a", 2), _reading("a", 4)
    undo = _reading("a", None, retracts=second.reading_id)
    assert standing([first, second, undo]) == [first]


def test_a_majority_wins() -> None:
    assert consensus([_reading("a", 5), _reading("b", 2), _reading("c", 2)]) == 2


def test_three_different_stages_give_the_middle_one() -> None:
    assert consensus([_reading("a", 4), _reading("b", 2), _reading("c", 3)]) == 3


def test_two_that_differ_give_the_lower() -> None:
    assert consensus([_reading("a", 4), _reading("b", 3)]) == 3


def test_no_reading_no_label() -> None:
    assert consensus([]) is None


def test_a_case_that_most_call_ambiguous_has_no_label() -> None:
    assert consensus([_reading("a", 2, ambiguous=True), _reading("b", 2, ambiguous=True), _reading("c", 2)]) is None
    assert consensus([_reading("a", 2, ambiguous=True), _reading("b", 2)]) == 2


@given(st.lists(st.integers(1, 5), min_size=1, max_size=7), st.randoms(use_true_random=False))
def test_the_label_does_not_depend_on_who_read_first(stages: list[int], random: object) -> None:
    rows = [_reading(f"e{n}", stage) for n, stage in enumerate(stages)]
    shuffled = rows[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert consensus(rows) == consensus(shuffled)
    assert consensus(rows) in stages
