"""Opening scans and projects: what is open stays until the new one is there, and every fault is one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from sos_studio.core.errors import BadInputError, CancelledError
from sos_studio.core.scans import SeriesInfo
from sos_studio.core.settings import Settings
from sos_studio.dataset import locations
from sos_studio.dataset.project import Project
from sos_studio.presenters.opening import Opener
from sos_studio.presenters.orientation import OrientationPresenter
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.session import Session
from tests.presenters.scans import make_scan, make_volume


@pytest.fixture
def session() -> Session:
    return Session(ImmediateBackground(), Settings())


@pytest.fixture
def opener(session: Session) -> Opener:
    return Opener(session)


@pytest.fixture
def said(session: Session) -> list[tuple[str, str]]:
    heard: list[tuple[str, str]] = []
    session.message.connect(lambda message, severity: heard.append((message.code, severity)))
    return heard


@pytest.fixture
def scan_file(tmp_path: Path) -> Path:
    volume = make_volume()
    image = SimpleITK.GetImageFromArray(np.asarray(volume.array_kji))
    image.SetSpacing((2.0, 2.0, 2.0))
    image.SetOrigin([float(v) for v in volume.lps_from_ijk[:3, 3]])
    path = tmp_path / "head.mha"
    SimpleITK.WriteImage(image, str(path))
    return path


def test_a_scan_opens_with_its_own_window_and_is_remembered(session: Session, opener: Opener, scan_file: Path) -> None:
    steps, waits = [], []
    session.step_requested.connect(steps.append)
    session.busy.connect(waits.append)
    opener.open_path(scan_file)
    assert session.scan is not None
    assert np.array_equal(session.scan.volume.array_kji, make_volume().array_kji)
    assert session.window.high > 700
    assert session.orientation.center_lps_mm == session.scan.volume.center_lps_mm
    assert steps == ["orient"]
    assert waits == ["open_scan", None]
    assert session.settings.recent == (str(scan_file),)
    assert locations.find(session.scan.volume.series_hash).path == scan_file


def test_a_fault_is_told_and_the_open_scan_stays(session: Session, opener: Opener, scan_file: Path, tmp_path: Path, said: list) -> None:
    opener.open_path(scan_file)
    open_before = session.scan
    broken = tmp_path / "broken.nii"
    broken.write_bytes(b"nothing of the kind")
    opener.open_path(broken)
    empty = tmp_path / "empty"
    empty.mkdir()
    opener.open_path(empty)
    assert [severity for _, severity in said] == ["error", "error"]
    assert all(code.startswith("scan.") for code, _ in said)
    assert session.scan is open_before


def test_a_series_that_was_captured_before_finds_its_case_and_its_orientation(
    session: Session, opener: Opener, scan_file: Path, tmp_path: Path
) -> None:
    orienting = OrientationPresenter(session)
    with Project.create(tmp_path / "p") as project:
        session.set_project(project)
        opener.open_path(scan_file)
        assert session.case_id is None
        orienting.set_angle("roll", 4.5)
        orienting.capture()
        capture_id = session.capture.capture_id
        session.set_scan(None)
        session.set_case(None)
        opener.open_path(scan_file)
        assert session.case_id == "case-0001"
        assert session.capture.capture_id == capture_id
        assert session.orientation.roll_deg == 4.5


def test_a_project_is_made_opened_and_closed(session: Session, opener: Opener, tmp_path: Path) -> None:
    then = []
    opener.new_project(tmp_path / "new", lambda: then.append(session.project))
    first = session.project
    assert then == [first]
    opener.new_project(tmp_path / "other")
    assert first.closed
    opener.open_path(tmp_path / "new")
    assert session.project.directory == tmp_path / "new"
    opener.close_project()
    assert session.project is None


def test_a_project_that_somebody_else_writes_to_opens_to_look_at_and_says_why(
    session: Session, opener: Opener, tmp_path: Path, said: list
) -> None:
    with Project.create(tmp_path / "p"):
        opener.open_path(tmp_path / "p")
        assert session.project.read_only
        assert said == [("window.read_only", "warning")]
        opener.close_project()


def test_a_folder_that_is_no_project_is_refused_in_words(session: Session, opener: Opener, tmp_path: Path, said: list) -> None:
    opener.open_project(tmp_path)
    assert said == [("project.not_found", "error")]
    assert session.project is None


def test_cancelling_keeps_what_is_open(
    session: Session, opener: Opener, scan_file: Path, said: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    opener.open_path(scan_file)
    open_before = session.scan
    told = []
    session.progress.connect(told.append)

    def slow(source: Path, uid: str | None, *, progress, cancelled):
        progress(0.5)
        opener.cancel()
        if cancelled():
            raise CancelledError
        raise AssertionError("the wish to stop did not arrive")

    monkeypatch.setattr("sos_studio.presenters.opening.scans.open_scan", slow)
    opener.open_path(scan_file)
    assert session.scan is open_before
    assert said == [("cancelled", "info")]
    assert told == [-1.0, 0.5]


def test_several_series_are_offered_and_the_chosen_one_is_opened(session: Session, opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    offered, asked = [], []
    infos = [SeriesInfo("a", "CT", True), SeriesInfo("b", "CT", True)]
    opener.series_wanted.connect(lambda source, series: offered.append((source, [info.uid for info in series])))

    def choosy(source: Path, uid: str | None, *, progress, cancelled):
        asked.append(uid)
        if uid is None:
            raise BadInputError("scan.several_series", series=infos)
        return make_scan(source=source)

    monkeypatch.setattr("sos_studio.presenters.opening.scans.open_scan", choosy)
    opener.open_path(Path("disc"))
    assert offered == [(Path("disc"), ["a", "b"])]
    opener.open_scan(Path("disc"), "b")
    assert asked == [None, "b"]
    assert session.scan is not None


def test_a_scan_named_after_its_project_finds_its_case(session: Session, opener: Opener, scan_file: Path, tmp_path: Path) -> None:
    with Project.create(tmp_path / "p") as project:
        session.set_project(project)
        opener.open_path(scan_file)
        OrientationPresenter(session).capture()
        session.set_project(None)
    session.set_scan(None)
    opener.open_paths([tmp_path / "p", scan_file])
    assert session.case_id == "case-0001"
    assert session.scan_in_front
    opener.close_project()
