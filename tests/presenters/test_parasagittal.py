"""Slices beside the captured plane: made in the background, kept with the capture, and never in the capture's way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sos_studio.core.captures import Window
from sos_studio.core.geometry import Orientation
from sos_studio.core.parasagittal import OFFSETS_MM
from sos_studio.core.settings import Settings
from sos_studio.dataset import captures, checks
from sos_studio.dataset.project import Project
from sos_studio.imaging import capture as imaging_capture
from sos_studio.presenters.case_files import capture_into
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.session import Session
from sos_studio.services.captures import StoredCapture, load_capture
from tests.presenters.kit import make_project
from tests.presenters.scans import make_scan

SCAN = make_scan()
HEAD = Orientation(SCAN.volume.center_lps_mm, 4.0, -3.0, 8.0)
WINDOW = Window(low=-500.0, high=1500.0)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with make_project(tmp_path / "p") as made:
        yield made


@pytest.fixture
def session(project: Project) -> Session:
    made = Session(ImmediateBackground(), Settings(evaluator="Dr Test"))
    made.set_project(project)
    return made


def captured(project: Project) -> StoredCapture:
    return capture_into(project, SCAN, HEAD, WINDOW, None).capture


def test_a_capture_of_the_open_scan_gets_neighbours_every_half_millimetre(session: Session, project: Project) -> None:
    session.set_scan(SCAN)
    capture = captured(project)
    session.set_capture(capture)
    beside = session.beside.beside
    assert beside is not None
    assert beside.offsets_mm == OFFSETS_MM
    assert np.array_equal(beside.slices8[beside.middle], capture.full8)
    # The neighbour is what a capture of the plane moved by as much would show (its grid may begin elsewhere).
    moved = imaging_capture.replay(
        SCAN.volume,
        capture.record.model_copy(update={"lps_from_uv": shifted(capture, 2.0)}),
    )
    assert np.abs(beside.slices8[-1].astype(int) - moved.full8_vu).max() <= 1
    assert not np.array_equal(beside.slices8[-1], beside.slices8[0])


def shifted(capture: StoredCapture, left_mm: float):
    matrix = np.array(capture.record.lps_from_uv)
    matrix[:3, 3] += left_mm * HEAD.rotation[:, 0]
    return tuple(tuple(float(x) for x in row) for row in matrix)


def test_they_are_kept_with_the_capture_and_there_without_the_scan(session: Session, project: Project) -> None:
    session.set_scan(SCAN)
    capture = captured(project)
    session.set_capture(capture)
    made = session.beside.beside
    later = Session(ImmediateBackground(), Settings())
    later.set_project(project)
    later.set_capture(load_capture(project, capture.capture_id))
    assert later.scan is None
    assert np.array_equal(later.beside.beside.slices8, made.slices8)


def test_capturing_itself_writes_nothing_of_them(project: Project) -> None:
    folder = captures.capture_paths(project, captured(project).capture_id).folder
    assert sorted(path.name for path in folder.iterdir()) == ["capture.json", "full.png", "full16.png"]


def test_an_older_capture_gets_them_when_its_scan_is_opened(session: Session, project: Project) -> None:
    capture = captured(project)
    session.set_capture(capture)
    assert session.beside.beside is None
    session.set_scan(SCAN)
    assert session.beside.beside is not None


def test_another_scan_makes_none(session: Session, project: Project) -> None:
    session.set_scan(make_scan(seed=7))
    session.set_capture(captured(project))
    assert session.beside.beside is None


def test_an_imported_picture_has_none(session: Session) -> None:
    session.set_scan(SCAN)
    session.set_capture(load_capture(session.project, listed_first(session.project)))
    assert session.beside.beside is None


def listed_first(project: Project) -> str:
    return captures.captures(project, "case-0001")[0].capture_id


def test_a_read_only_window_shows_them_and_keeps_nothing(tmp_path: Path) -> None:
    with make_project(tmp_path / "p") as project:
        capture = captured(project)
        with Project.open(tmp_path / "p", read_only=True) as reader:
            session = Session(ImmediateBackground(), Settings())
            session.set_project(reader)
            session.set_scan(SCAN)
            session.set_capture(load_capture(reader, capture.capture_id))
            assert session.beside.beside is not None
    assert not (capture.folder / "beside.png").exists()


def test_damage_is_told_by_the_check_and_they_are_made_again(session: Session, project: Project) -> None:
    session.set_scan(SCAN)
    capture = captured(project)
    session.set_capture(capture)
    assert checks.check(project) == []
    picture = capture.folder / "beside.png"
    whole = hashlib.sha256(picture.read_bytes()).hexdigest()
    data = bytearray(picture.read_bytes())
    data[len(data) // 2] ^= 1
    picture.write_bytes(data)
    (problem,) = checks.check(project)
    assert (problem.code, problem.severity, problem.values["file"]) == ("check.file_changed", "error", "beside.png")
    session.set_capture(None)
    session.set_capture(capture)
    assert session.beside.beside is not None
    assert hashlib.sha256(picture.read_bytes()).hexdigest() == whole
    assert checks.check(project) == []


def test_what_a_crash_left_without_its_record_is_not_counted(session: Session, project: Project) -> None:
    capture = captured(project)
    (capture.folder / "beside.png").write_bytes(b"half")
    session.set_capture(capture)
    assert session.beside.beside is None
    assert [problem for problem in checks.check(project) if problem.severity == "error"] == []


def test_looking_aside_stops_at_the_ends_and_comes_back(session: Session, project: Project) -> None:
    session.set_scan(SCAN)
    session.set_capture(captured(project))
    beside, seen = session.beside, []
    beside.chosen_changed.connect(seen.append)
    beside.step(1)
    assert (beside.offset_mm, beside.looks_aside) == (0.5, True)
    for _ in range(9):
        beside.step(1)
    assert beside.offset_mm == 2.0
    assert beside.back()
    assert not beside.looks_aside
    assert not beside.back()
    beside.step(-1)
    session.set_capture(None)
    assert not beside.looks_aside
