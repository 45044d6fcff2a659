"""A database with a flipped byte, wherever it lies: said, and brought back without losing what can be read."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from sos_studio.core.errors import ProjectError
from sos_studio.dataset import cases, checks, readings, recovery
from sos_studio.dataset.patient_data import decide
from sos_studio.dataset.project import Project
from tests.dataset import builders


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Thirty cases and a copy of them; then ten more readings that only the database has."""
    folder = tmp_path / "study"
    with Project.create(folder) as project:
        for n in range(30):
            builders.staged_case(project, 1 + n % 5, seed=n)
    with Project.open(folder) as project:
        project._wrote = False
        for summary in cases.cases(project)[:10]:
            builders.read(project, summary.case_id, summary.capture_id or "", 5, "Ben")
        project._wrote = False
    return folder


def _readings(folder: Path) -> list[tuple[str, str, int | None]]:
    with Project.open(folder, read_only=True) as project:
        return [(r.case_id, r.evaluator, r.stage) for rows in readings.all_readings(project).values() for r in rows]


def test_a_sound_project_is_not_called_damaged(study: Path) -> None:
    assert not recovery.is_damaged(study)


def test_broken_indexes_are_made_again_and_nothing_is_lost(study: Path) -> None:
    before = _readings(study)
    connection = sqlite3.connect(study / "project.sqlite")
    with connection:
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_readings_evaluator'").fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    data = bytearray((study / "project.sqlite").read_bytes())
    middle = page * size - 60
    data[middle] ^= 0x41
    (study / "project.sqlite").write_bytes(bytes(data))
    assert recovery.is_damaged(study)
    result = recovery.recover(study)
    assert (result.copy, result.unreadable) == ("", 0)
    assert _readings(study) == before
    assert not recovery.is_damaged(study)
    assert (study / result.set_aside).read_bytes() == bytes(data)


def test_a_stage_that_changed_by_itself_is_brought_back_and_newer_readings_stay(study: Path) -> None:
    before = _readings(study)
    connection = sqlite3.connect(study / "project.sqlite")
    with connection:
        connection.execute("DROP TRIGGER readings_no_update")
        connection.execute("UPDATE readings SET stage = 4 WHERE number = 1")
    connection.close()
    assert _readings(study) != before
    assert recovery.is_damaged(study)
    result = recovery.recover(study)
    assert result.saved == {"readings": 10}
    assert _readings(study) == before
    with Project.open(study) as project:
        assert checks.check(project) == []
        builders.staged_case(project, 2)


def test_what_was_taken_out_since_the_copy_stays_out(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    with Project.create(folder) as project:
        cases.add_case(project, age_years=12.0, sex="F")
        builders.staged_case(project, 2)
    with Project.open(folder) as project:
        with project.writing() as session:
            session.connection().exec_driver_sql("UPDATE cases SET age_years = NULL")
        project._wrote = False
    connection = sqlite3.connect(folder / "project.sqlite")
    with connection:
        connection.execute("DROP TRIGGER readings_no_update")
        connection.execute("UPDATE readings SET stage = 4")
    connection.close()
    recovery.recover(folder)
    with Project.open(folder) as project:
        assert cases.cases(project)[0].age_years is None
        assert cases.cases(project)[0].sex == "F"
        decide(project, keep_age=True)


def test_wherever_a_page_is_destroyed_nothing_of_the_copy_is_lost(study: Path) -> None:
    good = (study / "project.sqlite").read_bytes()
    first = [row for row in _readings(study) if row[1] == "Ada"]
    chance = random.Random(7)
    told: list[tuple[int, bool]] = []
    for page in range(0, len(good) // 4096, 6):
        data = bytearray(good)
        data[page * 4096 : (page + 1) * 4096] = chance.randbytes(4096)
        (study / "project.sqlite").write_bytes(bytes(data))
        assert recovery.is_damaged(study), page
        result = recovery.recover(study)
        rows = _readings(study)
        assert [row for row in rows if row[1] == "Ada"] == first, page
        assert len(rows) - len(first) >= 10 - result.unreadable or not result.certain, page
        told.append((len(rows) - len(first), result.certain))
        with Project.open(study) as project:
            assert [p for p in checks.check(project) if p.severity == "error"] == [], page
            project._wrote = False
    # A single page of many: nearly always all the newer readings are saved, the first page included.
    assert told[0] == (10, True)
    assert sum(saved == 10 for saved, _ in told) >= 0.8 * len(told)


def test_without_a_copy_it_says_so_and_changes_nothing(study: Path) -> None:
    for copy in (study / "backups").iterdir():
        copy.unlink()
    data = bytearray((study / "project.sqlite").read_bytes())
    data[4096 * 3 : 4096 * 6] = b"\x99" * (4096 * 3)
    (study / "project.sqlite").write_bytes(bytes(data))
    before = builders.files_below(study)
    with pytest.raises(ProjectError, match=r"repair\.no_copy"):
        recovery.recover(study)
    assert builders.files_below(study) == before


def test_a_project_that_is_open_elsewhere_is_not_recovered(study: Path) -> None:
    with Project.open(study), pytest.raises(ProjectError, match=r"project\.locked"):
        recovery.recover(study)
