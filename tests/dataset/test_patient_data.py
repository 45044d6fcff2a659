"""Age and sex are kept as a person decided, and taken out again when a person changes that."""

from __future__ import annotations

import pytest

from sos_studio.dataset import cases, patient_data
from sos_studio.dataset.patient_data import Kept, PatientData
from sos_studio.dataset.project import Project


def _case(project: Project, age_years: float | None = 12.75, sex: cases.Sex | None = "F") -> tuple[float | None, str | None]:
    summary = cases.case(project, cases.add_case(project, None, age_years, sex))
    return summary.age_years, summary.sex


def test_nothing_is_decided_in_a_new_project(project: Project) -> None:
    assert patient_data.patient_data(project) == PatientData(None, None)
    assert not patient_data.patient_data(project).decided
    assert _case(project) == (12.75, "F")


@pytest.mark.parametrize(
    ("keep_age", "keep_sex", "stored"),
    [(True, True, (12.0, "F")), (False, True, (None, "F")), (True, False, (12.0, None)), (False, False, (None, None))],
)
def test_a_new_case_has_what_was_allowed(project: Project, keep_age: bool, keep_sex: bool, stored: tuple[float | None, str | None]) -> None:
    patient_data.decide(project, keep_age=keep_age, keep_sex=keep_sex)
    assert patient_data.patient_data(project) == PatientData(keep_age, keep_sex)
    assert _case(project) == stored


@pytest.mark.parametrize("decided", [None, True])
def test_very_old_people_are_one_group(project: Project, decided: bool | None) -> None:
    patient_data.decide(project, keep_age=decided)
    assert _case(project, 97.2)[0] == 90.0


def test_what_may_no_longer_be_kept_is_taken_out_of_every_byte(project: Project) -> None:
    cases.add_case(project, None, 12.640625, "F")
    cases.add_case(project, None, None, "M")
    assert patient_data.kept(project) == Kept(1, 2, 1, 0)
    pattern = b"\x40\x29\x48"  # 12.640625 as SQLite writes it
    database = project.directory / "project.sqlite"
    assert pattern in database.read_bytes()
    patient_data.decide(project, keep_age=False, keep_sex=False)
    assert patient_data.kept(project) == Kept(0, 0, 2, 2)
    assert pattern not in database.read_bytes()


def test_ages_of_a_table_become_whole_years_once_that_is_decided(project: Project) -> None:
    case_id = cases.add_case(project, None, 12.75, "F")
    patient_data.decide(project, keep_age=True)
    assert cases.case(project, case_id).age_years == 12.0
    assert patient_data.patient_data(project) == PatientData(True, None)
