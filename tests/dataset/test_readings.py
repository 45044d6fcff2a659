from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sos_studio.core.consensus import Rule, verdict
from sos_studio.core.errors import BadInputError
from sos_studio.core.readings import Reading, standing
from sos_studio.dataset import cases, readings
from sos_studio.dataset.project import Project
from tests.dataset import builders


@pytest.fixture
def shown(project: Project) -> tuple[str, str]:
    case_id = cases.add_case(project)
    return case_id, builders.add_capture(project, case_id)


def test_a_reading_comes_back_as_it_was_given(project: Project, shown: tuple[str, str]) -> None:
    case_id, capture_id = shown
    given_reading = Reading(
        reading_id="r1",
        case_id=case_id,
        capture_id=capture_id,
        roi_n=builders.add_roi(project, capture_id),
        evaluator="Dr. Ödön Ő",
        stage=4,
        confidence="low",
        ambiguous=True,
        remark="scar\n\"faint\"; 'thin'",
        shown="crop",
        ai_seen=True,
        source="phantom",
    )
    readings.append(project, given_reading)
    assert readings.readings(project, case_id) == [given_reading]
    assert readings.all_readings(project) == {case_id: [given_reading]}
    assert readings.evaluators(project) == ["Dr. Ödön Ő"]


def test_taking_back_is_a_new_row_and_the_reading_before_stands_again_only_for_others(project: Project, shown: tuple[str, str]) -> None:
    case_id, capture_id = shown
    builders.read(project, case_id, capture_id, 2, "Ada")
    wrong = builders.read(project, case_id, capture_id, 5, "Ben")
    taken = readings.retract(project, wrong.reading_id, "Ben")
    assert (taken.retracts, taken.stage) == (wrong.reading_id, None)
    rows = readings.readings(project, case_id)
    assert len(rows) == 3
    assert [(row.evaluator, row.stage) for row in standing(rows)] == [("Ada", 2)]
    assert readings.labels(project) == {case_id: 2}


def test_only_the_evaluator_takes_a_reading_back_and_only_once(project: Project, shown: tuple[str, str]) -> None:
    reading = builders.read(project, *shown, 2, "Ada")
    with pytest.raises(BadInputError, match=r"reading\.not_yours .*'Ada'"):
        readings.retract(project, reading.reading_id, "Ben")
    taken = readings.retract(project, reading.reading_id, "Ada")
    with pytest.raises(BadInputError, match="already_taken_back"):
        readings.retract(project, reading.reading_id, "Ada")
    with pytest.raises(BadInputError, match=r"reading\.unknown"):
        readings.retract(project, taken.reading_id, "Ada")


def test_readings_of_what_is_not_there_are_refused(project: Project, shown: tuple[str, str]) -> None:
    case_id, capture_id = shown
    other = cases.add_case(project)
    faults = {
        r"capture\.unknown": {"case_id": other},
        r"roi\.unknown": {"roi_n": 7},
        r"stage\.unknown": {"stage": 6},
        r"reading\.scheme": {"scheme": "three-stages"},
        r"reading\.unknown": {"stage": None, "retracts": "nothing"},
    }
    for code, changed in faults.items():
        values = {"reading_id": "r", "case_id": case_id, "capture_id": capture_id, "evaluator": "Ada", "stage": 3} | changed
        with pytest.raises(BadInputError, match=code):
            readings.append(project, Reading(**values))
    assert readings.all_readings(project) == {}


def test_many_readings_are_written_all_or_none(project: Project, shown: tuple[str, str]) -> None:
    case_id, capture_id = shown

    def reading(name: str, stage: int) -> Reading:
        return Reading(reading_id=name, case_id=case_id, capture_id=capture_id, evaluator=name, stage=stage)

    with pytest.raises(BadInputError):
        readings.append_many(project, [reading("a", 1), reading("b", 9)])
    assert readings.readings(project, case_id) == []
    readings.append_many(project, [reading("a", 1), reading("b", 3)])
    assert len(readings.readings(project, case_id)) == 2


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(["Ada", "Ben", "Cleo"]), st.integers(0, 5), st.booleans()), max_size=12))
def test_labels_are_the_consensus_of_what_stands_however_it_came_about(project: Project, steps: list[tuple[str, int, bool]]) -> None:
    """Stage 0 means: take the latest reading back."""
    case_id = cases.add_case(project)
    capture_id = builders.add_capture(project, case_id)
    stands: dict[str, list[Reading]] = {}
    for evaluator, stage, ambiguous in steps:
        own = stands.setdefault(evaluator, [])
        if stage:
            own.append(builders.read(project, case_id, capture_id, stage, evaluator, ambiguous=ambiguous))
        elif own:
            readings.retract(project, own.pop().reading_id, evaluator)
    expected = [own[-1] for own in stands.values() if own]
    assert {r.reading_id for r in standing(readings.readings(project, case_id))} == {r.reading_id for r in expected}
    median = Rule(name="median")
    assert readings.labels(project).get(case_id) == verdict(expected).stage
    assert readings.labels(project, median).get(case_id) == verdict(expected, median).stage
    assert cases.case(project, case_id).label == verdict(expected).stage
