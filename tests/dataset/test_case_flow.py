from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sos_studio.core.exclusions import REASONS
from sos_studio.dataset import cases
from sos_studio.dataset.case_flow import case_flow
from sos_studio.dataset.project import Project
from tests.dataset import builders


def test_an_empty_project_has_screened_nobody(project: Project) -> None:
    flow = case_flow(project)
    assert (flow.screened, flow.included, flow.excluded, flow.patients_screened) == (0, 0, {}, 0)
    assert flow.by_stage == dict.fromkeys(range(1, 6), 0)


def test_cases_flow_to_where_the_study_left_them(project: Project) -> None:
    cases.add_case(project)
    builders.staged_case(project, None)
    for stage, patient in ((1, None), (5, None), (5, "P0003")):
        builders.staged_case(project, stage, patient=patient)
    doubtful = cases.case(project, builders.staged_case(project, None))
    builders.read(project, doubtful.case_id, doubtful.capture_id or "", 3, ambiguous=True)
    for reason in ("motion", "metal", "motion", "my own words"):
        cases.exclude(project, builders.staged_case(project, 2), reason, "Ada")
    flow = case_flow(project)
    assert flow.screened == 10
    assert flow.excluded == {"motion": 2, "metal": 1, "other": 1}
    assert (flow.excluded_count, flow.not_captured, flow.unread, flow.ambiguous, flow.open, flow.included) == (4, 1, 1, 1, 0, 3)
    assert flow.by_stage == {1: 1, 2: 0, 3: 0, 4: 0, 5: 2}
    assert (flow.patients_screened, flow.patients_included) == (9, 2)


def test_a_case_taken_in_again_is_included_again(project: Project) -> None:
    case_id = builders.staged_case(project, 4)
    cases.exclude(project, case_id, "quality", "Ada")
    cases.include(project, case_id, "Ada")
    assert (case_flow(project).excluded, case_flow(project).included) == ({}, 1)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kinds=st.lists(
        st.tuples(st.booleans(), st.lists(st.tuples(st.integers(1, 5), st.booleans()), max_size=3), st.sampled_from(["", *REASONS, "?"])),
        max_size=4,
    )
)
def test_every_case_is_in_exactly_one_place(project: Project, kinds: list[tuple[bool, list[tuple[int, bool]], str]]) -> None:
    for captured, given_readings, reason in kinds:
        case_id = cases.add_case(project)
        if captured:
            capture_id = builders.add_capture(project, case_id)
            for evaluator, (stage, ambiguous) in zip("ABC", given_readings, strict=False):
                builders.read(project, case_id, capture_id, stage, evaluator, ambiguous=ambiguous)
        if reason:
            cases.exclude(project, case_id, reason, "Ada")
    flow = case_flow(project)
    places = flow.excluded_count + flow.not_captured + flow.unread + flow.ambiguous + flow.open + flow.included
    assert flow.screened == places == len(cases.cases(project))
    assert sum(flow.by_stage.values()) == flow.included
    assert flow.patients_included <= flow.patients_screened
