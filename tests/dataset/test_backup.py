"""A backup holds everything, is proven before it is called one, and never overwrites anything on its way back."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from sos_studio.core.errors import BadInputError, CancelledError, ProjectError
from sos_studio.dataset import backup, cases, checks, events, readings
from sos_studio.dataset.project import Project
from tests.dataset import builders


@pytest.fixture
def full(project: Project) -> Project:
    for n in range(3):
        builders.staged_case(project, 1 + n, seed=n)
    (project.directory / "models" / "m1").mkdir()
    (project.directory / "models" / "m1" / "weights.bin").write_bytes(bytes(range(256)) * 9)
    (project.directory / "jobs" / "j1" / "checkpoints").mkdir(parents=True)
    (project.directory / "jobs" / "j1" / "job.json").write_text("{}")
    (project.directory / "jobs" / "j1" / "checkpoints" / "last.bin").write_bytes(b"large")
    (project.directory / "captures" / ".stray.tmp").write_bytes(b"half")
    return project


def _state(project: Project) -> object:
    return cases.cases(project)[0].label, [c.case_id for c in cases.cases(project)], readings.all_readings(project)


def test_a_project_comes_back_from_one_file_as_it_was_while_it_stays_open(full: Project, tmp_path: Path) -> None:
    made = backup.back_up(full, tmp_path / "monday", who="Ada")
    assert made.file.name == "monday.sosbackup"
    assert (made.damaged, made.contents.cases, made.contents.project_id) == ((), 3, full.project_id)
    builders.staged_case(full, 5)
    backup.restore(made.file, tmp_path / "again", who="Ben")
    with Project.open(tmp_path / "again") as again:
        assert again.project_id == full.project_id
        assert [c.case_id for c in cases.cases(again)] == ["case-0001", "case-0002", "case-0003"]
        assert checks.check(again) == []
        assert [event.kind for event in events.events(again)] == ["restored"]
        for part in ("captures", "manifests", "models"):
            wanted = {k: v for k, v in builders.files_below(full.directory / part).items() if "case-0004" not in k and ".stray" not in k}
            assert builders.files_below(again.directory / part) == wanted
    assert events.events(full)[-1].who == "Ada"


def test_it_says_what_is_not_in_it(full: Project, tmp_path: Path) -> None:
    contents = backup.back_up(full, tmp_path / "b.sosbackup").contents
    assert "scans" in contents.not_included
    assert not [path for path in contents.files if "checkpoints" in path or ".stray" in path or path.startswith("backups")]
    assert backup.read_contents(tmp_path / "b.sosbackup") == contents


def test_nothing_is_overwritten_by_a_backup_or_a_restore(full: Project, tmp_path: Path) -> None:
    (tmp_path / "b.sosbackup").write_bytes(b"mine")
    with pytest.raises(BadInputError, match=r"backup\.exists"):
        backup.back_up(full, tmp_path / "b.sosbackup")
    with pytest.raises(BadInputError, match=r"backup\.inside_project"):
        backup.back_up(full, full.directory / "backups" / "b.sosbackup")
    made = backup.back_up(full, tmp_path / "c.sosbackup")
    with pytest.raises(BadInputError, match=r"backup\.folder_not_empty"):
        backup.restore(made.file, full.directory)
    assert (tmp_path / "b.sosbackup").read_bytes() == b"mine"


@pytest.mark.parametrize("place", [0.2, 0.5, 0.8, 0.999])
def test_a_flipped_byte_anywhere_is_refused_and_leaves_nothing_behind(full: Project, tmp_path: Path, place: float) -> None:
    made = backup.back_up(full, tmp_path / "b.sosbackup")
    data = bytearray(made.file.read_bytes())
    data[int(place * (len(data) - 1))] ^= 0x10
    bad = tmp_path / "bad.sosbackup"
    bad.write_bytes(bytes(data))
    try:
        # A bit of a zip's own book-keeping may mean nothing; then all files must be as they were.
        contents = backup.verify(bad)
    except BadInputError:
        with pytest.raises(BadInputError, match=r"backup\.(damaged|unreadable)"):
            backup.restore(bad, tmp_path / "again")
        assert not (tmp_path / "again").exists()
        assert not list(tmp_path.glob(".*"))
    else:
        assert contents == made.contents


@pytest.mark.parametrize("cut", [0, 1, 100, 5000])
def test_a_file_that_was_cut_off_is_no_backup(full: Project, tmp_path: Path, cut: int) -> None:
    data = backup.back_up(full, tmp_path / "b.sosbackup").file.read_bytes()
    (tmp_path / "short.sosbackup").write_bytes(data[:cut])
    with pytest.raises(BadInputError, match=r"backup\.unreadable"):
        backup.verify(tmp_path / "short.sosbackup")


@pytest.mark.parametrize("name", ["../evil", "/evil", "captures/../../evil", "C:\\evil", "captures\\..\\evil", "other/file", ""])
def test_a_backup_that_would_write_elsewhere_is_refused(full: Project, tmp_path: Path, name: str) -> None:
    made = backup.back_up(full, tmp_path / "b.sosbackup")
    evil = made.contents.model_copy(update={"files": {**made.contents.files, name: backup.BackedUpFile(sha256="0" * 64, size=1)}})
    with zipfile.ZipFile(tmp_path / "evil.sosbackup", "w") as archive:
        archive.writestr(backup.CONTENTS_FILE, evil.model_dump_json())
        archive.writestr(name or "x", b"x")
    with pytest.raises(BadInputError, match=r"backup\.unreadable"):
        backup.restore(tmp_path / "evil.sosbackup", tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_newer_program_s_backup_says_so(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "new.sosbackup", "w") as archive:
        archive.writestr(backup.CONTENTS_FILE, '{"kind": "sos-studio-backup", "schema_version": 2, "software": "SOS Studio 9"}')
    with pytest.raises(BadInputError, match=r"backup\.newer .*SOS Studio 9"):
        backup.read_contents(tmp_path / "new.sosbackup")


def test_damage_that_was_there_before_is_named(full: Project, tmp_path: Path) -> None:
    summary = cases.cases(full)[0]
    assert summary.thumbnail is not None
    assert summary.crop is not None
    summary.thumbnail.write_bytes(b"broken")
    summary.crop.unlink()
    made = backup.back_up(full, tmp_path / "b.sosbackup")
    assert made.damaged == tuple(sorted(path.relative_to(full.directory).as_posix() for path in (summary.crop, summary.thumbnail)))


def test_what_does_not_read_back_is_no_backup(full: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "_unpack", lambda *_: None)
    with pytest.raises(ProjectError, match=r"backup\.not_verified"):
        backup.back_up(full, tmp_path / "b.sosbackup")
    assert not list(tmp_path.glob("*.sosbackup*"))
    assert not list(tmp_path.glob(".*"))


def test_a_full_disk_leaves_neither_half_a_backup_nor_half_a_project(
    full: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = backup.back_up(full, tmp_path / "b.sosbackup")

    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sos_studio.dataset.backup.os.fsync", no_room)
    with pytest.raises(ProjectError, match=r"project\.disk_full"):
        backup.back_up(full, tmp_path / "c.sosbackup")
    with pytest.raises(ProjectError, match=r"project\.disk_full"):
        backup.restore(made.file, tmp_path / "again")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.sosbackup", "study"]


def test_it_can_be_stopped(full: Project, tmp_path: Path) -> None:
    with pytest.raises(CancelledError):
        backup.back_up(full, tmp_path / "b.sosbackup", cancelled=lambda: True)
    made = backup.back_up(full, tmp_path / "b.sosbackup")
    with pytest.raises(CancelledError):
        backup.restore(made.file, tmp_path / "again", cancelled=lambda: True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.sosbackup", "study"]


def test_progress_only_grows_to_the_end(full: Project, tmp_path: Path) -> None:
    told: list[float] = []
    made = backup.back_up(full, tmp_path / "b.sosbackup", progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)
    told.clear()
    backup.restore(made.file, tmp_path / "again", progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_an_only_looking_window_backs_up_without_writing(full: Project, tmp_path: Path) -> None:
    before = len(events.events(full))
    with Project.open(full.directory, read_only=True) as other:
        backup.back_up(other, tmp_path / "b.sosbackup")
    assert len(events.events(full)) == before


def test_what_is_in_a_backup_is_added_up_once_however_many_files_there_are(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builders.staged_case(project, 3)
    added: list[int] = []
    original = backup.Contents.size.fget
    monkeypatch.setattr(backup.Contents, "size", property(lambda contents: added.append(1) or original(contents)))
    backup.back_up(project, tmp_path / "b.sosbackup")
    backup.verify(tmp_path / "b.sosbackup", progress=lambda _: None)
    backup.restore(tmp_path / "b.sosbackup", tmp_path / "again")
    assert len(added) < len(backup.read_contents(tmp_path / "b.sosbackup").files)
