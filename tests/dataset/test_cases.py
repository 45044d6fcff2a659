from __future__ import annotations

import pytest

from sos_studio.core.errors import BadInputError
from sos_studio.dataset import cases, predictions, readings
from sos_studio.dataset.project import Project
from tests.dataset import builders


def test_cases_get_pseudonyms_in_order(project: Project) -> None:
    assert [cases.add_case(project) for _ in range(3)] == ["case-0001", "case-0002", "case-0003"]
    assert [c.patient for c in cases.cases(project)] == ["P0001", "P0002", "P0003"]


def test_a_known_patient_may_have_several_cases(project: Project) -> None:
    first = cases.case(project, cases.add_case(project, age_years=12.5, sex="F"))
    second = cases.case(project, cases.add_case(project, first.patient, age_years=14.0, sex="F"))
    assert (second.patient, second.age_years, second.sex) == (first.patient, 14.0, "F")


@pytest.mark.parametrize("name", ["Doe^Jane", "Jane Doe", "4711", "P-", "P1", "../P0001", "P0001\n", ""])
def test_what_might_be_a_name_is_not_taken_for_a_pseudonym(project: Project, name: str) -> None:
    with pytest.raises(BadInputError, match="not_a_pseudonym"):
        cases.add_case(project, name)
    assert cases.cases(project) == []


@pytest.mark.parametrize("age", [-1.0, 131.0, float("nan"), float("inf")])
def test_impossible_ages_are_refused(project: Project, age: float) -> None:
    with pytest.raises(BadInputError, match=r"case\.bad_age"):
        cases.add_case(project, age_years=age)


def test_a_summary_follows_the_case_from_capture_to_label(project: Project) -> None:
    case_id = cases.add_case(project)
    assert not cases.case(project, case_id).captured
    capture_id = builders.add_capture(project, case_id)
    summary = cases.case(project, case_id)
    assert (summary.captured, summary.cropped, summary.capture_id) == (True, False, capture_id)
    assert summary.thumbnail is not None
    assert summary.thumbnail.is_file()
    n = builders.add_roi(project, capture_id)
    builders.read(project, case_id, capture_id, 2, "Ada")
    builders.read(project, case_id, capture_id, 4, "Ben")
    builders.read(project, case_id, capture_id, 4, "Cleo")
    predictions.record_shown(project, capture_id, model_id="m", stage=4, probabilities=[0, 0, 0, 1, 0])
    summary = cases.case(project, case_id)
    assert (summary.cropped, summary.roi_n, summary.label, summary.predicted) == (True, n, 4, True)
    assert summary.staged_by == ("Ada", "Ben", "Cleo")
    assert summary.crop is not None
    assert summary.crop.is_file()
    assert cases.cases(project) == [summary]


def test_the_capture_in_use_is_the_newest_that_has_a_frame(project: Project) -> None:
    case_id = cases.add_case(project)
    first = builders.add_capture(project, case_id)
    second = builders.add_capture(project, case_id, seed=1)
    assert cases.case(project, case_id).capture_id == second
    builders.add_roi(project, first)
    assert cases.case(project, case_id).capture_id == first
    builders.add_roi(project, second)
    assert cases.case(project, case_id).capture_id == second


def test_a_case_called_ambiguous_by_most_has_no_label_and_says_so(project: Project) -> None:
    case_id = cases.add_case(project)
    capture_id = builders.add_capture(project, case_id)
    builders.read(project, case_id, capture_id, 2, "Ada", ambiguous=True)
    builders.read(project, case_id, capture_id, 2, "Ben", ambiguous=True)
    builders.read(project, case_id, capture_id, 2, "Cleo")
    summary = cases.case(project, case_id)
    assert (summary.ambiguous, summary.label) == (True, None)


def test_excluding_and_including_are_remembered_with_the_reason(project: Project) -> None:
    case_id = builders.staged_case(project, 3)
    cases.exclude(project, case_id, "metal artefact", "Ada")
    assert (cases.case(project, case_id).excluded, cases.case(project, case_id).exclusion_reason) == (True, "metal artefact")
    cases.include(project, case_id, "Ada")
    assert (cases.case(project, case_id).excluded, cases.case(project, case_id).exclusion_reason) == (False, "")
    assert readings.labels(project) == {case_id: 3}


def test_next_unstaged_skips_what_is_done_and_goes_round(project: Project) -> None:
    a, b, c = (builders.staged_case(project, None) for _ in range(3))
    cases.add_case(project)  # not captured: nothing to stage yet
    assert cases.next_unstaged(project, "Ada") == a
    assert cases.next_unstaged(project, "Ada", after=a) == b
    builders.read(project, b, cases.case(project, b).capture_id or "", 2, "Ada")
    assert cases.next_unstaged(project, "Ada", after=a) == c
    assert cases.next_unstaged(project, "Ben", after=a) == b
    assert cases.next_unstaged(project, "Ada", after=c) == a
    builders.read(project, a, cases.case(project, a).capture_id or "", 2, "Ada")
    cases.exclude(project, c, "cut off", "Ada")
    assert cases.next_unstaged(project, "Ada") is None


def test_a_series_is_found_again_by_its_hash(project: Project) -> None:
    case_id = cases.add_case(project)
    builders.add_capture(project, case_id, series_hash="f" * 64)
    assert cases.case_of_series(project, "f" * 64) == case_id
    assert cases.case_of_series(project, "0" * 64) is None


def test_a_number_whose_folder_a_crash_left_behind_is_not_used_again(project: Project) -> None:
    (project.directory / "captures" / "case-0001" / "capture-00000000").mkdir(parents=True)
    assert cases.add_case(project) == "case-0002"


def test_an_unknown_case_is_named(project: Project) -> None:
    for ask in (lambda: cases.case(project, "case-0042"), lambda: cases.exclude(project, "case-0042", "", "Ada")):
        with pytest.raises(BadInputError, match=r"case\.unknown .*case-0042"):
            ask()


def test_a_case_that_came_to_nothing_is_taken_back_with_its_number_and_one_with_a_capture_stays(project: Project) -> None:
    kept = cases.add_case(project)
    builders.add_capture(project, kept)
    empty = cases.add_case(project)
    (project.directory / "captures" / empty).mkdir()
    for case_id in (kept, empty, "case-0099"):
        cases.withdraw(project, case_id)
    assert [summary.case_id for summary in cases.cases(project)] == [kept]
    assert cases.add_case(project) == empty


def test_an_excluded_case_is_not_taken_back(project: Project) -> None:
    case_id = cases.add_case(project)
    cases.exclude(project, case_id, "cut off", "Ada")
    cases.withdraw(project, case_id)
    assert cases.case(project, case_id).excluded
