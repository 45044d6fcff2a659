"""Damage of every kind: mended where that can be proven, named and set aside where it can't, and nothing is deleted."""

from __future__ import annotations

import hashlib
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sos_studio.core.errors import BadInputError, CancelledError, ProjectError
from sos_studio.core.roi import Roi
from sos_studio.core.volume import Volume
from sos_studio.dataset import backup, cases, checks, events, locations, manifests, readings
from sos_studio.dataset.project import Project
from sos_studio.dataset.repair import Finding
from sos_studio.services import captures, repairing, staging
from tests.dataset import builders


def _volume() -> Volume:
    values = np.random.default_rng(5).integers(-1000, 3000, (40, 44, 48)).astype(np.int16)
    return Volume(values, np.diag([0.5, 0.6, 0.7, 1.0]))


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Project]:
    """Two captured cases with frames and readings."""
    with Project.create(tmp_path / "study") as project:
        for n in range(2):
            stored = captures.store_capture(project, cases.add_case(project), captures.make_capture(_volume(), None))
            k, _ = staging.store_roi(project, stored.capture_id, Roi.of((50.0, 50.0), 20.0 * n, 40.0))
            staging.stage(project, stored.case_id, stored.capture_id, k, "Ada", 2 + n)
        yield project


def _folder(project: Project, n: int = 0) -> Path:
    thumbnail = cases.cases(project)[n].thumbnail
    assert thumbnail is not None
    return thumbnail.parent


def _errors(project: Project) -> list[checks.Problem]:
    return [problem for problem in checks.check(project) if problem.severity == "error"]


def _all_bytes(directory: Path) -> set[str]:
    return {hashlib.sha256(path.read_bytes()).hexdigest() for path in directory.rglob("*") if path.is_file() and path.suffix != ".sqlite"}


@pytest.mark.parametrize("harm", ["missing", "changed"])
@pytest.mark.parametrize(("name", "source"), [("crop-1.png", "full"), ("roi-1.json", "database"), ("full.png", "full16")])
def test_what_can_be_made_again_is_as_it_was(study: Project, harm: str, name: str, source: str) -> None:
    path = _folder(study) / name
    before = path.read_bytes()
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes(b"spoiled")
    report = repairing.mend_open(study, who="Ada")
    assert path.read_bytes() == before
    file = path.relative_to(study.directory).as_posix()
    assert report.findings == (Finding("restored", "case-0001", file, source),)
    assert report.left == ()
    spoiled = [p.read_bytes() for p in study.directory.glob("set-aside/*/**/*") if p.is_file()]
    assert spoiled == ([b"spoiled"] if harm == "changed" else [])
    assert [(e.kind, e.who, e.case_id) for e in events.events(study)] == [("repaired", "Ada", "case-0001")]


def test_a_whole_chain_is_made_again_from_its_last_sound_link(study: Project) -> None:
    folder = _folder(study)
    before = builders.files_below(folder)
    for name in ("full.png", "crop-1.png", "roi-1.json"):
        (folder / name).unlink()
    assert repairing.mend_open(study).count("restored") == 3
    assert builders.files_below(folder) == before


def test_the_scan_makes_the_sixteen_bit_image_again(study: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import SimpleITK

    monkeypatch.setenv("SOS_STUDIO_DATA_DIR", str(tmp_path / "data"))
    volume = _volume()
    image = SimpleITK.GetImageFromArray(np.asarray(volume.array_kji))
    image.SetSpacing((0.5, 0.6, 0.7))
    SimpleITK.WriteImage(image, str(tmp_path / "scan.nrrd"))
    locations.remember(volume.series_hash, tmp_path / "scan.nrrd")
    folder = _folder(study)
    before = builders.files_below(folder)
    for name in ("full16.png", "full.png", "crop-1.png"):
        (folder / name).write_bytes(b"")
    report = repairing.mend_open(study)
    assert [finding.source for finding in report.findings] == ["scan", "full16", "full"]
    assert builders.files_below(folder) == before


def test_what_cannot_be_made_again_is_named_and_set_aside(study: Project) -> None:
    folder = _folder(study)
    (folder / "full16.png").write_bytes(b"spoiled")
    (folder / "capture.json").write_bytes(b"{}")
    before = _all_bytes(study.directory)
    report = repairing.mend_open(study)
    assert [(finding.action, finding.file.rpartition("/")[2]) for finding in report.findings] == [
        ("lost", "capture.json"),
        ("lost", "full16.png"),
    ]
    assert [problem.code for problem in report.left] == ["check.file_missing", "check.file_missing"]
    assert before <= _all_bytes(study.directory)


def test_a_backup_gives_back_what_nothing_else_can(study: Project, tmp_path: Path) -> None:
    made = backup.back_up(study, tmp_path / "b.sosbackup")
    folder = _folder(study)
    before = builders.files_below(folder)
    for path in folder.iterdir():
        path.unlink()
    report = repairing.mend_open(study, backup_file=made.file)
    assert {finding.source for finding in report.findings} == {"backup"}
    assert builders.files_below(folder) == before
    with pytest.raises(BadInputError, match=r"backup\.unreadable"):
        repairing.mend_open(study, backup_file=folder / "full.png")


def test_captures_that_the_database_does_not_know_are_taken_in_and_replace_nothing(tmp_path: Path) -> None:
    """A copy of the database from before the second capture, the third case and a frame was put back."""
    folder = tmp_path / "study"
    with Project.create(folder) as project:
        builders.staged_case(project, 2)
    old = (folder / "project.sqlite").read_bytes()
    with Project.open(folder) as project:
        first = cases.cases(project)[0].capture_id
        builders.add_roi(project, first or "", Roi.of((55.0, 45.0), 10.0, 40.0))
        builders.add_capture(project, "case-0001", seed=9)
        for n in range(12):
            builders.staged_case(project, 1 + n % 3, seed=20 + n)
        manifests.freeze(project)
    (folder / "project.sqlite").write_bytes(old)
    shutil.rmtree(folder / "backups")
    with Project.open(folder) as project:
        report = repairing.mend_open(project)
        assert (report.count("taken_in"), report.count("set_aside"), report.left) == (2 + 3 + 12 * 5 + 1, 0, ())
        there = cases.cases(project)
        assert [case.case_id for case in there] == [f"case-{n:04d}" for n in range(1, 14)]
        assert (there[0].capture_id, there[0].roi_n, there[0].label) == (first, 1, 2)
        assert all(case.captured and case.cropped and case.label is None for case in there[1:])
        assert len({case.patient for case in there}) == 13
        builders.staged_case(project, 3)
    assert not (folder / "set-aside").exists()


def test_half_a_capture_and_half_written_files_are_set_aside(study: Project) -> None:
    stray = study.path("captures", "case-0002", "capture-deadbeef")
    stray.mkdir()
    (stray / "full.png").write_bytes(builders.png())
    (_folder(study) / "crop-7.png").write_bytes(builders.png())
    (_folder(study) / ".crop-8.png.abcd.tmp").write_bytes(b"half")
    (study.path("manifests") / "manifest-x.json").write_text("{}")
    before = _all_bytes(study.directory)
    report = repairing.mend_open(study)
    assert report.count("set_aside") == 4
    assert report.left == ()
    assert before <= _all_bytes(study.directory)
    assert not list(study.path("captures").rglob("*.tmp"))


def test_slices_beside_the_plane_are_set_aside_to_be_made_again(study: Project) -> None:
    (_folder(study) / "beside.json").write_text("{}")
    report = repairing.mend_open(study)
    assert [finding.action for finding in report.findings] == ["set_aside"]
    assert report.left == ()


def test_a_sound_project_is_left_alone(study: Project) -> None:
    before = builders.files_below(study.path("captures"))
    report = repairing.mend_open(study)
    assert (report.findings, report.left) == ((), ())
    assert builders.files_below(study.path("captures")) == before
    assert not study.path("set-aside").exists()


def test_a_damaged_database_and_damaged_files_are_mended_in_one_go(study: Project) -> None:
    study.close()
    directory = study.directory
    data = bytearray((directory / "project.sqlite").read_bytes())
    data[4096 * 2 : 4096 * 3] = b"\x77" * 4096
    (directory / "project.sqlite").write_bytes(bytes(data))
    crop = next(directory.glob("captures/*/*/crop-1.png"))
    crop.unlink()
    mended = repairing.mend(directory)
    assert mended.recovered is not None
    assert (mended.report.count("restored"), mended.report.left) == (1, ())
    with Project.open(directory) as project:
        assert sorted(readings.labels(project).values()) == [2, 3]
        assert _errors(project) == []


def test_only_a_writer_repairs_and_it_can_be_stopped(study: Project) -> None:
    with Project.open(study.directory, read_only=True) as other, pytest.raises(ProjectError, match=r"project\.read_only"):
        repairing.mend_open(other)
    with pytest.raises(CancelledError):
        repairing.mend_open(study, cancelled=lambda: True)
    with pytest.raises(ProjectError, match=r"project\.not_found"):
        repairing.mend(study.directory / "nowhere")


def _with_an_age_that_changed_by_itself(folder: Path) -> None:
    """Of all rows only those that may change: no copy of them has to be the same, and SQLite looks into no values."""
    with Project.create(folder) as project:
        cases.add_case(project, age_years=12.5, sex="F")
    data = bytearray((folder / "project.sqlite").read_bytes())
    place = data.find(struct.pack(">d", 12.5))
    data[place + 1] ^= 1
    (folder / "project.sqlite").write_bytes(data)
    with pytest.raises(ProjectError, match=r"project\.damaged"):
        Project.open(folder)


def test_an_age_that_changed_by_itself_comes_back_from_the_copy_of_that_very_state(tmp_path: Path) -> None:
    _with_an_age_that_changed_by_itself(tmp_path / "study")
    recovered = repairing.mend(tmp_path / "study").recovered
    assert recovered is not None
    assert recovered.copy.startswith("daily-")
    assert (recovered.saved, recovered.unreadable, recovered.certain) == ({}, 0, True)
    with Project.open(tmp_path / "study") as project:
        assert cases.cases(project)[0].age_years == 12.5


def test_without_a_copy_a_database_that_changed_by_itself_opens_again_and_nobody_says_that_all_is_well(tmp_path: Path) -> None:
    _with_an_age_that_changed_by_itself(tmp_path / "study")
    shutil.rmtree(tmp_path / "study" / "backups")
    recovered = repairing.mend(tmp_path / "study").recovered
    assert recovered is not None
    assert (recovered.copy, recovered.certain) == ("", False)
    with Project.open(tmp_path / "study") as project:
        assert len(cases.cases(project)) == 1
