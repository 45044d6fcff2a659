"""What programs that keep a folder in step with a cloud do to a project: hold, rename, double or empty its files."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from sos_studio.core.errors import ProjectError
from sos_studio.dataset import cases, checks, readings, seal
from sos_studio.dataset.project import Project
from sos_studio.messages import message
from tests.dataset import builders


@pytest.fixture
def study(project: Project) -> Path:
    builders.staged_case(project, 3)
    project.close()
    return project.directory


def _refused(folder: Path, *, read_only: bool = False) -> str:
    with pytest.raises(ProjectError) as caught:
        Project.open(folder, read_only=read_only)
    words = message(caught.value.code, caught.value.values)
    assert words.text
    assert words.hint
    return caught.value.code


@pytest.mark.parametrize(
    "name",
    [
        "project (Ada's conflicted copy 2026-11-21).sqlite",
        "project-WORKSTATION.sqlite",
        "project (1).sqlite",
        "project.sync-conflict-20261121-101010-ABCDEFG.sqlite",
    ],
)
def test_a_doubled_database_is_told_and_touched_by_nobody(study: Path, name: str) -> None:
    shutil.copy(study / "project.sqlite", study / name)
    before = (study / name).read_bytes()
    with Project.open(study) as project:
        assert project.conflicted_copies == (name,)
        assert [problem.values["file"] for problem in checks.check(project) if problem.code == "check.conflicted_copy"] == [name]
        builders.staged_case(project, 2)
    assert (study / name).read_bytes() == before


def test_a_renamed_database_is_named(study: Path) -> None:
    (study / "project.sqlite").rename(study / "project (conflicted copy).sqlite")
    assert _refused(study) == "project.renamed"
    assert not (study / "project.sqlite").exists(), "no empty one is made in its place"


@pytest.mark.parametrize("read_only", [True, False])
def test_a_place_holder_of_no_bytes_is_left_alone(study: Path, read_only: bool) -> None:
    (study / "project.sqlite").write_bytes(b"")
    assert _refused(study, read_only=read_only) == "project.not_fetched"
    assert (study / "project.sqlite").read_bytes() == b""


def test_a_picture_of_no_bytes_is_told_by_case(study: Path) -> None:
    with Project.open(study) as project:
        case = cases.cases(project)[0]
        assert case.thumbnail is not None
        case.thumbnail.write_bytes(b"")
        assert [problem.case_id for problem in checks.check(project) if problem.severity == "error"] == [case.case_id]


def test_a_database_that_is_held_for_a_moment_is_waited_for(study: Path) -> None:
    with Project.open(study) as project:
        case = cases.cases(project)[0]
        holder = sqlite3.connect(study / "project.sqlite", isolation_level=None, check_same_thread=False)
        holder.execute("BEGIN EXCLUSIVE")
        threading.Timer(0.7, lambda: (holder.execute("ROLLBACK"), holder.close())).start()
        begin = time.monotonic()
        builders.read(project, case.case_id, case.capture_id or "", 5, "Ben")
        assert time.monotonic() - begin > 0.3
        assert [reading.evaluator for reading in readings.readings(project, case.case_id)] == ["Ada", "Ben"]


def test_a_byte_that_changed_while_nobody_looked_is_noticed(study: Path) -> None:
    content = bytearray((study / "project.sqlite").read_bytes())
    place = content.rindex(b"Ada")
    content[place] = ord("I")
    (study / "project.sqlite").write_bytes(content)
    assert _refused(study) == "project.damaged"
    assert _refused(study, read_only=True) == "project.damaged"


def test_another_program_may_write_and_a_crash_breaks_no_seal(study: Path) -> None:
    connection = sqlite3.connect(study / "project.sqlite")
    with connection:
        connection.execute("UPDATE cases SET age_years = 30")
    connection.close()
    with Project.open(study) as project:
        assert cases.cases(project)[0].age_years == 30
        left = Path(shutil.copytree(study, study.parent / "crashed"))  # as kill -9 would leave it
        builders.staged_case(project, 1)
        shutil.copy(study / "project.sqlite", left / "project.sqlite")
    with Project.open(left, take_over=True) as project:
        assert len(cases.cases(project)) == 2


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"size": "many"}', "\x00"])
def test_a_seal_that_says_nothing_is_no_seal(study: Path, text: str) -> None:
    (study / seal.SEAL_FILE).write_text(text)
    Project.open(study).close()
