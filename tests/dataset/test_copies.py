"""Copies of the database that nobody has to think of."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from sos_studio.dataset import checks, copies, patient_data
from sos_studio.dataset.project import Project
from tests.dataset import builders


@pytest.fixture
def worked_in(tmp_path: Path) -> Path:
    with Project.create(tmp_path / "study") as project:
        builders.staged_case(project, 3)
    return tmp_path / "study"


def _flip(database: Path, table: str, column: str, value: object) -> None:
    """What a byte that changes on the disk does to a row: SQLite finds nothing wrong with it."""
    connection = sqlite3.connect(database)
    with connection:
        connection.execute(f"DROP TRIGGER {table}_no_update")
        connection.execute(f"UPDATE {table} SET {column} = ?", (value,))
    connection.close()


def test_a_day_of_work_leaves_one_copy_and_looking_leaves_none(worked_in: Path) -> None:
    (first,) = copies.copies(worked_in)
    Project.open(worked_in).close()
    Project.open(worked_in, read_only=True).close()
    assert copies.copies(worked_in) == [first]
    with Project.open(worked_in) as project:
        builders.staged_case(project, 2)
    (second,) = copies.copies(worked_in)
    assert second != first
    assert list(copies.changed_rows(worked_in / "project.sqlite", second)) == []


def test_the_copies_of_seven_days_are_kept(worked_in: Path) -> None:
    (today,) = copies.copies(worked_in)
    for day in range(1, 12):
        other = today.with_name(f"daily-202001{day:02d}-{today.stem.rpartition('-')[2]}.sqlite")
        other.write_bytes(today.read_bytes())
    with Project.open(worked_in) as project:
        builders.staged_case(project, 2)
    assert len(copies.copies(worked_in)) == copies.KEPT_DAYS
    assert not [path for path in copies.copies(worked_in) if "20200105" in path.name]


def test_a_copy_that_changed_is_not_trusted(worked_in: Path) -> None:
    (copy,) = copies.copies(worked_in)
    data = bytearray(copy.read_bytes())
    data[-40] ^= 1
    copy.write_bytes(bytes(data))
    assert copies.copies(worked_in) == []


def test_a_damaged_database_replaces_no_copy(worked_in: Path) -> None:
    (copy,) = copies.copies(worked_in)
    database = worked_in / "project.sqlite"
    data = bytearray(database.read_bytes())
    data[4096:8192] = b"\x55" * 4096
    database.write_bytes(bytes(data))
    assert copies.keep(worked_in) is None
    assert copies.copies(worked_in) == [copy]


def test_a_row_that_changed_by_itself_is_named(worked_in: Path) -> None:
    (copy,) = copies.copies(worked_in)
    _flip(worked_in / "project.sqlite", "readings", "stage", 5)
    (changed,) = copies.changed_rows(worked_in / "project.sqlite", copy)
    assert (changed.table, changed.number, changed.case_id, changed.missing) == ("readings", 1, "case-0001", False)


def test_what_is_taken_out_of_a_project_does_not_go_on_in_its_copies(worked_in: Path) -> None:
    with Project.open(worked_in) as project:
        patient_data.decide(project, keep_age=False, who="Ada")
        assert copies.copies(worked_in) == []


def test_a_copy_that_can_t_be_made_does_not_stand_in_the_way(worked_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sos_studio.dataset.upgrade.copy_database", no_room)
    with Project.open(worked_in) as project:
        builders.staged_case(project, 2)
    assert project.closed


def test_the_check_names_rows_that_changed_by_themselves(worked_in: Path) -> None:
    _flip(worked_in / "project.sqlite", "readings", "stage", 5)
    with Project.open(worked_in) as project:
        (problem,) = checks.check(project)
        assert (problem.code, problem.case_id, problem.values["table"]) == ("check.row_changed", "case-0001", "readings")
