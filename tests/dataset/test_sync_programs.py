"""What programs that keep a folder in step with a cloud do to a project: hold, rename, double or empty its files."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from sos_studio.core import atomic
from sos_studio.core.errors import ProjectError
from sos_studio.dataset import cases, checks, readings, repair, seal
from sos_studio.dataset.project import Project
from sos_studio.messages import message
from tests.dataset import builders
from tests.dataset.builders import NoPictures


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


_MARKS = [
    "{stem} (Ada's conflicted copy 2026-11-21){suffix}",
    "{stem} (conflicted copy){suffix}",
    "{stem} (Konfliktkopie von Ada 2026-11-21){suffix}",
    "{stem}-WORKSTATION{suffix}",
    "{stem}-PC{suffix}",
    "{stem} (1){suffix}",
    "{stem} 2{suffix}",
    "Copy of {stem}{suffix}",
    "Kopie von {stem}{suffix}",
    "{stem}.sync-conflict-20261121-101010-ABCDEFG{suffix}",
    "{stem}_conflict-20261121-101010{suffix}",
]


def _marked(path: Path, mark: str) -> Path:
    return path.with_name(mark.format(stem=path.stem, suffix=path.suffix))


@pytest.mark.parametrize("mark", _MARKS)
@pytest.mark.parametrize(
    "file",
    ["captures/*/*/full.png", "captures/*/*/capture.json", "captures/*/*/roi-1.json", "captures/*/*", "captures/*", "datasheet.json"],
)
def test_a_doubled_file_is_told_by_name_and_called_nothing_else(study: Path, file: str, mark: str) -> None:
    (study / "datasheet.json").write_text("{}")
    (original,) = study.glob(file)
    double = _marked(original, mark)
    (shutil.copytree if original.is_dir() else shutil.copy)(original, double)
    with Project.open(study) as project:
        (problem,) = checks.check(project)
    assert (problem.code, problem.severity) == ("check.conflicted_file", "info")
    assert problem.file == double.relative_to(study).as_posix()
    words = message(problem.code, problem.values)
    assert double.name in words.text
    assert original.name in words.text


@pytest.mark.parametrize("file", ["captures/*/*/full.png", "captures/*/*/crop-1.png", "captures/*/*", "captures/*"])
def test_a_renamed_file_is_brought_back_by_a_repair(study: Path, file: str) -> None:
    before = builders.files_below(study / "captures")
    (original,) = study.glob(file)
    original.rename(_marked(original, "{stem}-WORKSTATION{suffix}"))
    with Project.open(study) as project:
        assert "check.file_missing" in {problem.code for problem in checks.check(project)}
        report = repair.repair(project, NoPictures())
        assert {(finding.action, finding.source) for finding in report.findings} == {("restored", "copy")}
        assert [problem.code for problem in report.left] == ["check.conflicted_file"]
    after = builders.files_below(study / "captures")
    assert {name: after[name] for name in before} == before


def test_own_names_that_begin_alike_are_no_copies(study: Path) -> None:
    with Project.open(study) as project:
        case = cases.cases(project)[0]
        for _ in range(11):
            builders.add_roi(project, case.capture_id or "")
        assert checks.check(project) == []


def test_what_is_only_in_the_cloud_is_said_so(study: Path) -> None:
    (full,) = study.glob("captures/*/*/full.png")
    full.rename(full.with_name(".full.png.icloud"))
    with Project.open(study) as project:
        (problem,) = checks.check(project)
    assert problem.code == "check.file_in_cloud"
    assert "cloud" in message(problem.code, problem.values).text


def test_a_file_that_is_held_on_and_on_is_said_in_one_sentence(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def held(source: Path, target: Path) -> Path:
        error = PermissionError(13, "The process cannot access the file")
        error.winerror = 32  # type: ignore[attr-defined]
        raise error

    monkeypatch.setattr(atomic, "HELD_FOR_S", 0.05)
    with Project.open(study) as project:
        case = cases.cases(project)[0]
        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", held)
            patched.setattr(Path, "rename", held)
            for write in (
                lambda: builders.add_capture(project, case.case_id, seed=8),
                lambda: builders.add_roi(project, case.capture_id or ""),
            ):
                with pytest.raises(ProjectError) as caught:
                    write()
                assert caught.value.code == "project.held"
                words = message(caught.value.code, caught.value.values)
                assert str(study.parent) not in str(words)
        assert checks.check(project) == [], "nothing half-written stays"
        builders.add_capture(project, case.case_id, seed=8)


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
