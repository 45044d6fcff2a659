from __future__ import annotations

from sos_studio.core.readings import Reading, standing

serial = iter(range(10**9))


def _reading(evaluator: str, stage: int | None, **more: object) -> Reading:
    return Reading(reading_id=f"r{next(serial)}", case_id="c", capture_id="k", evaluator=evaluator, stage=stage, **more)  # type: ignore[arg-type]


def test_the_latest_reading_of_an_evaluator_stands() -> None:
    assert [r.stage for r in standing([_reading("a", 2), _reading("b", 3), _reading("a", 4)])] == [3, 4]


def test_taking_back_the_latest_reading_brings_back_the_one_before() -> None:
    first, second = _reading("a", 2), _reading("a", 4)
    undo = _reading("a", None, retracts=second.reading_id)
    assert standing([first, second, undo]) == [first]


def test_an_adjudication_is_nobody_s_own_reading() -> None:
    own = _reading("a", 2)
    assert standing([own, _reading("a", 4, source="adjudication")]) == [own]
