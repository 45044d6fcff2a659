"""A repeat scan joins its patient, and two people stay two."""

from __future__ import annotations

import sqlite3

import pytest

from sos_studio.dataset import cases, patients, splits, sql
from sos_studio.dataset.patients import PatientCode
from sos_studio.dataset.project import Project
from tests.dataset import builders


def code(letter: str, born: str = "") -> PatientCode:
    return PatientCode("P-" + letter * 16, born and "P-" + (letter + born) * 8)


A, B = code("a"), code("b")


def _patient(project: Project, case_id: str) -> str:
    return cases.case(project, case_id).patient


def test_the_first_scan_makes_a_patient_under_its_code(project: Project) -> None:
    found = patients.add_case(project, [A, B])
    assert (found.patient, found.known_from, found.other_patient) == (A.value, None, None)


@pytest.mark.parametrize("codes", [[A, B], [A], [B], [B, A], [code("c"), B]])
def test_a_further_scan_joins_by_any_code_that_is_known(project: Project, codes: list[PatientCode]) -> None:
    first = patients.add_case(project, [A, B])
    again = patients.add_case(project, codes)
    assert again.case_id != first.case_id
    assert (again.patient, again.known_from) == (first.patient, first.case_id)


def test_scans_that_say_nothing_of_their_patient_are_patients_of_their_own(project: Project) -> None:
    one, two = patients.add_case(project, []), patients.add_case(project, [])
    assert {one.patient, two.patient} == {"P0001", "P0002"}


def test_one_number_with_two_birth_dates_is_two_people(project: Project) -> None:
    one = patients.add_case(project, [code("a", "x")])
    two = patients.add_case(project, [code("a", "y")])
    assert one.patient != two.patient
    assert two.known_from is None
    assert patients.add_case(project, [code("a", "y")]).patient == two.patient
    assert patients.add_case(project, [code("a", "x")]).patient == one.patient


def test_a_number_without_a_birth_date_joins_whoever_has_it(project: Project) -> None:
    one = patients.add_case(project, [code("a", "x")])
    assert patients.add_case(project, [code("a")]).patient == one.patient
    assert patients.add_case(project, [code("a", "y")]).patient != one.patient


def test_a_patient_named_by_a_table_is_joined_by_a_scan_of_the_same_number(project: Project) -> None:
    imported = cases.add_case(project, A.value, imported=True)
    scan = patients.add_case(project, [code("a", "x"), B])
    assert (scan.patient, scan.known_from) == (A.value, imported)


def test_a_scan_that_knows_two_codes_makes_one_patient_of_two(project: Project) -> None:
    by_number, by_name = patients.add_case(project, [A]), patients.add_case(project, [B])
    assert by_number.patient != by_name.patient
    both = patients.add_case(project, [A, B])
    assert {_patient(project, case.case_id) for case in (by_number, by_name, both)} == {both.patient}
    assert patients.add_case(project, [B]).patient == both.patient


def test_a_case_whose_patient_was_unknown_joins_when_its_scan_tells(project: Project) -> None:
    first = patients.add_case(project, [A])
    nameless = patients.add_case(project, [])
    told = patients.identify(project, nameless.case_id, [A])
    assert (told.patient, told.known_from) == (first.patient, first.case_id)
    assert _patient(project, nameless.case_id) == first.patient
    assert patients.identify(project, nameless.case_id, [A]) == patients.Enrolled(nameless.case_id, first.patient)


def test_a_case_keeps_its_pseudonym_when_its_code_is_new(project: Project) -> None:
    nameless = patients.add_case(project, [])
    assert patients.identify(project, nameless.case_id, [A]).patient == nameless.patient
    assert patients.add_case(project, [A]).patient == nameless.patient


def test_a_repeat_scan_is_in_the_fold_of_its_patient(project: Project) -> None:
    ids = [patients.add_case(project, [code(letter)]).case_id for letter in "abcdefghij"]
    folds = splits.assign(project, dict.fromkeys(ids, 2))
    again = patients.add_case(project, [A])
    after = splits.assign(project, {**dict.fromkeys(ids, 2), again.case_id: 5})
    assert after == folds
    assert after[_patient(project, again.case_id)] == folds[A.value]


def test_patients_with_a_fold_each_are_joined_only_if_it_is_the_same(project: Project) -> None:
    one, two, three = (patients.add_case(project, [code(letter)]) for letter in "abc")
    connection = sqlite3.connect(project.directory / "project.sqlite")
    with connection:
        for patient, fold in ((one.patient, 0), (two.patient, 0), (three.patient, 3)):
            connection.execute("INSERT INTO folds VALUES (?, ?, 0, '2026-01-01T00:00:00+00:00')", (patient, fold))
    connection.close()
    assert patients.identify(project, one.case_id, [A, B]).other_patient is None
    assert _patient(project, two.case_id) == one.patient
    told = patients.identify(project, one.case_id, [A, code("c")])
    assert told.other_patient == three.patient
    assert _patient(project, three.case_id) == three.patient


def test_a_patient_with_a_fold_takes_in_one_without(project: Project) -> None:
    nameless = cases.add_case(project)
    number = _patient(project, nameless)
    splits.assign(project, {nameless: 1})
    keyed = patients.add_case(project, [A])
    joined = patients.identify(project, nameless, [A])
    assert joined.patient == number
    assert _patient(project, keyed.case_id) == number


def test_a_patient_of_a_table_who_was_joined_to_another_is_that_one_in_later_tables_too(project: Project) -> None:
    one, two = cases.add_case(project, A.value, imported=True), cases.add_case(project, B.value, imported=True)
    splits.assign(project, {one: 2})
    assert patients.say_same(project, one, two)
    with project.writing() as session:
        assert {patients.named(session, told) for told in (A, B)} == {A.value}
    assert patients.add_case(project, [B]).patient == A.value


def test_a_read_only_opener_changes_nothing(project: Project) -> None:
    nameless = patients.add_case(project, [])
    patients.add_case(project, [A])
    project.close()
    before = builders.files_below(project.directory)
    with Project.open(project.directory, read_only=True) as looking:
        assert patients.identify(looking, nameless.case_id, [A]).patient == nameless.patient
        with looking.reading() as session:
            assert session.scalar(sql.select(sql.func.count()).select_from(sql.PatientCodeRow)) == 1
    assert builders.files_below(project.directory) == before
