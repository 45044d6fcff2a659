from __future__ import annotations

import json
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from sos_studio.core.errors import ProjectError
from sos_studio.dataset import captures, cases, checks, readings
from sos_studio.dataset.project import Project
from sos_studio.dataset.upgrade import SCHEMA_VERSION
from tests.dataset import builders

ROOT = Path(__file__).resolve().parents[2]


def test_a_new_project_has_its_rooms_and_remembers_what_it_is(tmp_path: Path) -> None:
    with Project.create(tmp_path / "study", phantom=True) as project:
        assert not project.read_only
        assert project.phantom
        made = project.project_id
    assert {"project.sqlite", "captures", "manifests", "jobs", "models"} <= {path.name for path in (tmp_path / "study").iterdir()}
    with Project.open(tmp_path / "study") as project:
        assert (project.project_id, project.phantom) == (made, True)


def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    with Project.create(tmp_path / "study") as project:
        case_id = builders.staged_case(project, 3)
    with Project.open(tmp_path / "study") as project:
        assert readings.labels(project) == {case_id: 3}


def test_a_project_is_not_made_over_another_or_over_files(tmp_path: Path) -> None:
    Project.create(tmp_path / "study").close()
    with pytest.raises(ProjectError, match=r"project\.exists"):
        Project.create(tmp_path / "study")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(ProjectError, match=r"project\.folder_not_empty"):
        Project.create(tmp_path / "photos")
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["holiday.jpg"]


def test_a_folder_that_is_no_project_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"project\.not_found .*'nothing'"):
        Project.open(tmp_path / "nothing")


def test_a_second_writer_is_told_who_writes(project: Project) -> None:
    with pytest.raises(ProjectError) as caught:
        Project.open(project.directory)
    assert caught.value.code == "project.locked"
    assert caught.value.values["pid"] == os.getpid()
    assert {"owner", "host", "since_utc"} <= set(caught.value.values)


def test_a_second_window_may_fall_back_to_reading_and_sees_new_readings(project: Project) -> None:
    with Project.open(project.directory, fall_back=True) as second:
        assert second.read_only
        assert second.read_only_because is not None
        assert second.read_only_because.code == "project.locked"
        case_id = builders.staged_case(project, 2)
        assert readings.labels(second) == {case_id: 2}


def test_a_project_that_an_older_version_has_open_is_no_riddle(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sos_studio.dataset.project.SCHEMA_VERSION", SCHEMA_VERSION + 1)
    with pytest.raises(ProjectError, match=r"project\.locked_older") as caught:
        Project.open(project.directory, fall_back=True)
    assert {"owner", "host", "since_utc"} <= set(caught.value.values)
    with pytest.raises(ProjectError, match=r"project\.older_version"):
        Project.open(project.directory, read_only=True)


def test_a_read_only_window_writes_nothing_and_says_so(project: Project) -> None:
    case_id = builders.staged_case(project, 2)
    capture_id = captures.captures(project, case_id)[0].capture_id
    before = builders.files_below(project.directory)
    with Project.open(project.directory, read_only=True) as second:
        for write in (
            lambda: cases.add_case(second),
            lambda: builders.add_capture(second, case_id),
            lambda: builders.add_roi(second, capture_id),
            lambda: builders.read(second, case_id, capture_id, 4),
        ):
            with pytest.raises(ProjectError, match=r"project\.read_only"):
                write()
    assert builders.files_below(project.directory) == before


def test_after_closing_another_may_write(project: Project) -> None:
    project.close()
    project.close()
    with pytest.raises(ProjectError, match=r"project\.closed"):
        cases.cases(project)
    with Project.open(project.directory) as again:
        cases.add_case(again)


def test_the_lock_of_a_crashed_process_of_this_computer_does_not_stand_in_the_way(tmp_path: Path) -> None:
    code = "import sys, os; from sos_studio.dataset.project import Project; Project.create(sys.argv[1]); os._exit(9)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "study")], cwd=ROOT, check=False, timeout=60)
    assert json.loads((tmp_path / "study" / "project.lock").read_text())["pid"] != os.getpid()
    with Project.open(tmp_path / "study") as project:
        assert not project.read_only


def test_the_lock_of_another_computer_stands_until_it_is_taken_over(project: Project) -> None:
    project.close()
    _leave_lock(project.directory, "reading-room-2")
    with pytest.raises(ProjectError, match=r"'Grace'.*'reading-room-2'"):
        Project.open(project.directory)
    with Project.open(project.directory, take_over=True) as taken:
        assert not taken.read_only


def test_a_project_of_a_newer_version_is_refused_and_left_alone(project: Project) -> None:
    project.close()
    _sql(project.directory, "UPDATE alembic_version SET version_num = '0099'", "UPDATE project SET software = 'SOS Studio 9.1'")
    before = (project.directory / "project.sqlite").read_bytes()
    for read_only in (False, True):
        with pytest.raises(ProjectError, match=r"project\.newer_version .*'SOS Studio 9\.1'"):
            Project.open(project.directory, read_only=read_only)
    assert (project.directory / "project.sqlite").read_bytes() == before
    assert not (project.directory / "backups").exists()


def test_a_refused_project_is_not_left_locked(project: Project) -> None:
    project.close()
    _sql(project.directory, "UPDATE alembic_version SET version_num = '0099'")
    with pytest.raises(ProjectError):
        Project.open(project.directory)
    _sql(project.directory, f"UPDATE alembic_version SET version_num = '{SCHEMA_VERSION:04d}'")
    Project.open(project.directory).close()


@pytest.mark.parametrize("damage", ["garbage", "cut", "flipped"])
def test_a_damaged_database_is_named_as_such(project: Project, damage: str) -> None:
    for stage in range(1, 6):
        builders.staged_case(project, stage)
    project.close()
    path = project.directory / "project.sqlite"
    data = bytearray(path.read_bytes())
    if damage == "garbage":
        path.write_bytes(b"not a database" * 500)
    elif damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    else:
        data[4096 : 4096 + 64] = bytes(64)
        path.write_bytes(data)
    with pytest.raises(ProjectError, match=r"project\.damaged"):
        Project.open(project.directory)


def test_leftovers_of_interrupted_writes_are_swept_away_at_the_next_opening(project: Project) -> None:
    case_id = builders.staged_case(project, 2)
    folder = project.directory / "captures" / case_id
    (folder / ".capture-00000000.tmp").mkdir()
    (folder / ".capture-00000000.tmp" / "full.png").write_bytes(b"half")
    (project.directory / ".project.sqlite.99.tmp").write_bytes(b"half")
    project.close()
    _leave_lock(project.directory, platform.node())
    with Project.open(project.directory) as again:
        assert not list(project.directory.rglob("*.tmp"))
        assert checks.check(again) == []


def test_many_threads_write_and_read_at_once(project: Project) -> None:
    case_id = cases.add_case(project)
    capture_id = builders.add_capture(project, case_id)
    builders.add_roi(project, capture_id)
    barrier = threading.Barrier(8)

    def work(n: int) -> None:
        barrier.wait()
        for turn in range(5):
            builders.read(project, case_id, capture_id, 1 + turn, evaluator=f"evaluator {n}")
            cases.cases(project)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert len(readings.readings(project, case_id)) == 40
    assert len(cases.case(project, case_id).staged_by) == 8


def test_a_full_database_disk_says_so_and_saves_nothing(project: Project) -> None:
    case_id = builders.staged_case(project, 1)
    capture_id = captures.captures(project, case_id)[0].capture_id
    with project.reading() as session:
        session.execute(text("PRAGMA max_page_count=1"))  # SQLite's own way to a full disk; never below what is used
    before = readings.readings(project, case_id)
    saved = 0
    fault = ""
    while not fault:
        try:
            builders.read(project, case_id, capture_id, 2, evaluator=f"{'x' * 60} {saved}")
            saved += 1
        except ProjectError as error:
            fault = error.code
    assert fault == "project.disk_full"
    assert len(readings.readings(project, case_id)) == len(before) + saved


def test_a_picture_that_does_not_fit_on_the_disk_leaves_nothing_behind(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    case_id = cases.add_case(project)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ProjectError, match=r"project\.disk_full"):
        builders.add_capture(project, case_id)
    monkeypatch.undo()
    assert not list((project.directory / "captures" / case_id).iterdir())
    assert not cases.case(project, case_id).captured


_SMALL_DISK = """
import sys
from pathlib import Path
from sos_studio.core.errors import ProjectError
from sos_studio.dataset import cases, checks
from sos_studio.dataset.project import Project
from tests.dataset import builders
folder = Path(sys.argv[1]) / "study"
saved = []
with Project.create(folder) as project:
    try:
        for n in range(1000):
            saved.append(builders.staged_case(project, 1 + n % 5, seed=n))
    except ProjectError as error:
        print(error.code)
with Project.open(folder) as project:
    there = {c.case_id for c in cases.cases(project) if c.label}
    assert set(saved) <= there, (saved, there)
    assert not [p for p in checks.check(project) if p.severity == "error"]
print("whole")
"""

_PROTECTED = """
import sys
from pathlib import Path
from sos_studio.core.errors import ProjectError
from sos_studio.dataset import cases
from sos_studio.dataset.project import Project
folder = Path(sys.argv[1]) / "study"
try:
    Project.open(folder)
except ProjectError as error:
    print(error.code)
with Project.open(folder, fall_back=True) as project:
    print(project.read_only_because.code, len(cases.cases(project)))
try:
    Project.create(folder.parent / "new")
except ProjectError as error:
    print(error.code)
"""


def test_a_really_full_disk_loses_nothing_that_was_saved(tmp_path: Path) -> None:
    out = _in_own_mount(tmp_path, "mount -t tmpfs -o size=2M tmpfs {folder} && {python} {script} {folder}", _SMALL_DISK)
    assert out.split() == ["project.disk_full", "whole"]


def test_a_write_protected_disk_is_opened_for_reading(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    with Project.create(folder / "study") as project:
        builders.staged_case(project, 4)
    out = _in_own_mount(
        tmp_path, "mount --bind {folder} {folder} && mount -o remount,ro,bind {folder} && {python} {script} {folder}", _PROTECTED
    )
    assert out.split() == ["project.unwritable", "project.unwritable", "1", "project.unwritable"]


def _in_own_mount(tmp_path: Path, command: str, script: str) -> str:
    """Run a script where mounts may be made that nobody else sees."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-Urm", "true"], check=False, capture_output=True).returncode:
        pytest.skip("needs user namespaces (unshare -Urm) to mount a small or write-protected disk")
    folder = tmp_path / "disk"
    folder.mkdir(exist_ok=True)
    path = tmp_path / "script.py"
    path.write_text(script)
    line = command.format(folder=folder, python=sys.executable, script=path)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": "/tmp"}
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", line], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _leave_lock(directory: Path, host: str) -> None:
    left = {"owner": "Grace", "host": host, "pid": 1, "started": 0.0, "since_utc": "2026-01-01T08:00:00+00:00"}
    (directory / "project.lock").write_text(json.dumps(left))


def _sql(directory: Path, *statements: str) -> None:
    connection = sqlite3.connect(directory / "project.sqlite")
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
