"""Orienting: typed values, the protocol's checklist, window presets and the capture."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sos_studio.core.captures import CaptureRecord, Window
from sos_studio.core.geometry import Orientation, Plane
from sos_studio.core.readings import Reading
from sos_studio.core.roi import Roi
from sos_studio.core.settings import Settings
from sos_studio.dataset import captures as dataset_captures
from sos_studio.dataset import cases, readings
from sos_studio.dataset.project import Project
from sos_studio.imaging import capture as imaging_capture
from sos_studio.imaging import images
from sos_studio.presenters.orientation import OrientationPresenter
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.session import Session
from sos_studio.services import staging
from sos_studio.services.listed_cases import listed_case
from tests.presenters.kit import add_captured_case, make_project
from tests.presenters.scans import make_scan


@pytest.fixture
def session() -> Session:
    made = Session(ImmediateBackground(), Settings())
    made.set_scan(make_scan())
    return made


@pytest.fixture
def presenter(session: Session) -> OrientationPresenter:
    return OrientationPresenter(session)


def test_typed_angles_and_centre_are_taken_exactly_and_undone_one_by_one(session: Session, presenter: OrientationPresenter) -> None:
    start = session.orientation
    presenter.set_angle("roll", 1.25)
    presenter.set_angle("yaw", -2.0)
    presenter.set_angle("pitch", 90.0)
    presenter.set_centre((1.0, -120.0, 740.0))
    assert session.orientation == Orientation((1.0, -120.0, 740.0), 1.25, -2.0, 90.0)
    for _ in range(4):
        session.undo.undo()
    assert session.orientation == start


def test_the_checklist_ticks_itself_step_by_step(session: Session, presenter: OrientationPresenter) -> None:
    heard = []
    presenter.checklist_changed.connect(lambda: heard.append([presenter.step_done(n) for n in range(3)]))
    presenter.turn(Plane.CORONAL, 2.0)
    presenter.turn(Plane.AXIAL, 2.0)
    presenter.scroll(Plane.SAGITTAL, 1.0)
    assert heard == [[True, False, False], [True, True, False], [True, True, True]]


def test_pitch_and_looking_around_do_no_step_of_the_protocol(session: Session, presenter: OrientationPresenter) -> None:
    presenter.turn(Plane.SAGITTAL, 5.0)
    presenter.scroll(Plane.AXIAL, 4.0)
    presenter.scroll(Plane.CORONAL, 4.0)
    x, y, z = session.orientation.center_lps_mm
    presenter.place_centre((x + 3.0, y - 3.0, z))
    presenter.set_centre((session.orientation.center_lps_mm[0], y, z + 1.0))
    assert not any(presenter.step_done(n) for n in range(3))


def ticks(presenter: OrientationPresenter) -> list[bool]:
    return [presenter.step_done(n) for n in range(3)]


def test_undo_and_redo_take_the_ticks_with_them(session: Session, presenter: OrientationPresenter) -> None:
    for degrees in (1.0, 2.0, 3.0):
        presenter.turn(Plane.CORONAL, degrees, start=Orientation(session.scan.volume.center_lps_mm), merge_key="drag")
    session.undo.seal()
    presenter.set_angle("roll", 0.0)
    presenter.tick(1, True)
    session.undo.undo()
    assert ticks(presenter) == [True, True, False]
    session.undo.undo()
    assert ticks(presenter) == [False, True, False]
    session.undo.redo()
    assert ticks(presenter) == [True, True, False]


def test_reset_unticks_all_and_its_undo_brings_the_ticks_back(session: Session, presenter: OrientationPresenter) -> None:
    presenter.turn(Plane.AXIAL, 2.0)
    presenter.set_centre((session.orientation.center_lps_mm[0] + 2.0, *session.orientation.center_lps_mm[1:]))
    assert ticks(presenter) == [False, True, True]
    presenter.reset()
    assert ticks(presenter) == [False, False, False]
    session.undo.undo()
    assert ticks(presenter) == [False, True, True]


def test_a_step_that_needed_nothing_is_ticked_by_hand_and_a_new_scan_starts_afresh(
    session: Session, presenter: OrientationPresenter
) -> None:
    presenter.tick(0, True)
    assert presenter.step_done(0)
    presenter.tick(0, False)
    assert not presenter.step_done(0)
    presenter.turn(Plane.CORONAL, 1.0)
    assert presenter.step_done(0)
    session.set_scan(make_scan(1))
    assert not presenter.step_done(0)


def test_a_nudge_touches_a_step_and_only_a_person_confirms_it(session: Session, presenter: OrientationPresenter) -> None:
    presenter.turn(Plane.CORONAL, 0.1)
    assert presenter.mark(0) == "touched"
    presenter.tick(0, True)
    assert presenter.mark(0) == "confirmed"
    session.undo.undo()
    assert presenter.mark(0) == "confirmed"
    assert presenter.mark(1) == "open"


def test_the_marks_come_back_with_a_case_as_it_was_captured(session: Session, presenter: OrientationPresenter, tmp_path: Path) -> None:
    with Project.create(tmp_path / "p") as project:
        session.set_project(project)
        presenter.turn(Plane.CORONAL, 2.0)
        presenter.scroll(Plane.SAGITTAL, 1.5)
        presenter.scroll(Plane.AXIAL, 4.0)
        presenter.capture()
        captured, capture = session.orientation, session.capture
        session.set_case(None)
        session.set_scan(make_scan(1))
        assert ticks(presenter) == [False, False, False]
        session.set_case("case-0001")
        session.set_capture(capture)
        session.set_scan(make_scan(), captured)
        assert [presenter.mark(n) for n in range(3)] == ["touched", "open", "touched"]


def test_a_capture_names_the_steps_that_were_not_touched(session: Session, presenter: OrientationPresenter, tmp_path: Path) -> None:
    said = []
    session.message.connect(lambda message, severity: said.append((str(message), severity)))
    with Project.create(tmp_path / "p") as project:
        session.set_project(project)
        presenter.turn(Plane.CORONAL, 2.0)
        presenter.capture()
        assert said.pop() == (
            "Captured as case-0001 and saved. Protocol steps not yet touched: yaw (axial pane), sagittal plane.",
            "success",
        )
        presenter.tick(1, True)
        presenter.tick(2, True)
        presenter.capture()
        assert said == [("Captured as case-0001 and saved.", "success")]


def test_reset_can_be_undone(session: Session, presenter: OrientationPresenter) -> None:
    presenter.set_angle("roll", 4.0)
    presenter.reset()
    assert session.orientation.roll_deg == 0.0
    session.undo.undo()
    assert session.orientation.roll_deg == 4.0


def test_window_presets(session: Session, presenter: OrientationPresenter) -> None:
    presenter.presets.choose("soft_tissue")
    assert session.window == Window(low=-160.0, high=240.0)
    presenter.presets.choose("auto")
    assert session.window.low < -900
    assert session.window.high > 700


def test_a_capture_without_a_project_asks_for_one_and_without_a_scan_says_so(session: Session, presenter: OrientationPresenter) -> None:
    asked, said = [], []
    presenter.project_needed.connect(lambda: asked.append(True))
    session.message.connect(lambda message, severity: said.append(message.code))
    presenter.capture()
    assert asked == [True]
    session.set_scan(None)
    presenter.capture()
    assert said == ["window.no_scan"]


def test_a_capture_makes_a_case_stores_the_full_image_and_goes_to_crop(
    session: Session, presenter: OrientationPresenter, tmp_path: Path
) -> None:
    steps, refreshed = [], []
    session.step_requested.connect(steps.append)
    session.cases_changed.connect(lambda: refreshed.append(True))
    with Project.create(tmp_path / "p") as project:
        session.set_project(project)
        presenter.set_angle("roll", 3.0)
        presenter.capture()
        assert session.case_id == "case-0001"
        assert session.capture is not None
        record = dataset_captures.read_record(project, session.capture.capture_id)
        assert record.orientation.orientation() == session.orientation
        assert record.window == session.window
        assert (session.capture.folder / "full16.png").is_file()
        assert np.ptp(session.capture.full8) > 100
        assert steps == ["crop"]
        assert refreshed
        session.undo.undo()
        assert session.capture is None
        assert listed_case(project, "case-0001").capture_id is None
        session.undo.redo()
        assert session.capture.record == record
        assert listed_case(project, "case-0001").capture_id == record.capture_id


def test_undo_of_a_second_capture_brings_back_the_first_with_its_frame_until_tomorrow(
    session: Session, presenter: OrientationPresenter, tmp_path: Path
) -> None:
    said = []
    session.message.connect(lambda message, _: said.append(message.code))
    with Project.create(tmp_path / "p") as project:
        session.set_project(project)
        presenter.capture()
        first, roi = session.capture, Roi.of((20.0, 20.0), 10.0, 12.0)
        n, _ = staging.store_roi(project, first.capture_id, roi)
        session.set_roi(roi, n)
        presenter.turn(Plane.CORONAL, 2.0)
        presenter.capture()
        second = session.capture
        assert "captured_again" in said[-1] or said[-1] == "orient.untouched"
        assert listed_case(project, "case-0001").capture_id == second.capture_id
        session.undo.undo()
        assert (session.capture, session.roi, session.roi_n) == (first, roi, n)
        listed = listed_case(project, "case-0001")
        assert (listed.capture_id, listed.roi_n) == (first.capture_id, n)
        session.undo.redo()
        assert (session.capture, session.roi) == (second, None)
        listed = listed_case(project, "case-0001")
        assert (listed.capture_id, listed.roi_n) == (second.capture_id, None)


def test_captures_of_one_series_share_a_case_and_another_series_gets_its_own(
    session: Session, presenter: OrientationPresenter, tmp_path: Path
) -> None:
    with Project.create(tmp_path / "p") as project:
        session.set_project(project)
        presenter.capture()
        presenter.turn(Plane.CORONAL, 2.0)
        presenter.capture()
        assert len(cases.cases(project)) == 1
        assert len(dataset_captures.captures(project, "case-0001")) == 2
        session.set_scan(make_scan(7))
        presenter.capture()
        assert session.case_id == "case-0002"


def test_a_scan_is_not_captured_while_another_case_is_in_front(session: Session, presenter: OrientationPresenter, tmp_path: Path) -> None:
    said = []
    session.message.connect(lambda message, severity: said.append(message.code))
    with Project.create(tmp_path / "p") as project:
        imported = add_captured_case(project)
        session.set_project(project)
        session.set_case(imported)
        presenter.capture()
        assert said == ["window.scan_of_other_case"]
        assert len(cases.cases(project)) == 1
        session.set_case(None)
        presenter.capture()
        assert session.case_id == "case-0002"
        assert session.scan_in_front
        session.undo.undo()
        assert session.scan_in_front, "the scan is a new one again"


def test_a_capture_that_fails_is_told_and_can_be_tried_again(session: Session, presenter: OrientationPresenter, tmp_path: Path) -> None:
    said = []
    session.message.connect(lambda message, severity: said.append((message.code, severity)))
    with Project.create(tmp_path / "p") as project:
        session.set_project(project)
        # Beyond the scan's box: typed, because dragging can't get there.
        presenter.set_centre((9000.0, 0.0, 0.0))
        presenter.capture()
        assert said == [("capture.plane_misses_volume", "error")]
        assert not presenter.capturing
        assert cases.cases(project) == []
        session.undo.undo()
        presenter.capture()
        assert session.capture is not None


def test_a_capture_may_be_the_mean_of_a_slab_and_comes_out_of_its_record_bit_for_bit(tmp_path: Path) -> None:
    with make_project(tmp_path / "p", count=1) as project:
        session = Session(ImmediateBackground(), Settings(evaluator="Dr Test"))
        session.set_project(project)
        scan = make_scan()
        presenter = OrientationPresenter(session)
        session.set_scan(scan, Orientation(scan.volume.center_lps_mm, 3.0, -2.0, 5.0))
        assert presenter.capture_slab_mm == 0.0, "off unless it was chosen"
        presenter.capture()
        plane = session.capture
        presenter.set_capture_slab(6.0)
        presenter.capture()
        slab = session.capture
        assert (plane.record.slab_mm, slab.record.slab_mm) == (0.0, 6.0)
        assert not np.array_equal(plane.full8, slab.full8)
        for capture in (plane, slab):
            record = CaptureRecord.model_validate_json((capture.folder / "capture.json").read_bytes())
            again = imaging_capture.replay(scan.volume, record)
            assert np.array_equal(again.full16_vu, images.read_png16(capture.folder / "full16.png"))
            assert np.array_equal(again.full8_vu, capture.full8)
        # A record from before there was a choice says nothing of it, and means the plane.
        old = json.loads((plane.folder / "capture.json").read_bytes())
        old.pop("slab_mm")
        assert np.array_equal(imaging_capture.replay(scan.volume, CaptureRecord.model_validate(old)).full8_vu, plane.full8)


def test_a_capture_that_was_read_gives_way_only_when_asked_for_twice(
    session: Session, presenter: OrientationPresenter, tmp_path: Path
) -> None:
    said = []
    session.settings.evaluator = "Dr Test"
    session.message.connect(lambda message, severity: said.append(message.code))
    with Project.create(tmp_path / "p") as project:
        session.set_project(project)
        presenter.capture()
        case_id, first = session.case_id, session.capture
        read = Reading(
            reading_id=readings.new_reading_id(),
            case_id=case_id,
            evaluator="Dr Other",
            stage=3,
            shown="full_image",
            capture_id=first.capture_id,
        )
        readings.append(project, read)
        presenter.capture()
        assert said[-1] == "window.capture_same_plane"
        presenter.turn(Plane.CORONAL, 2.0)
        presenter.capture()
        assert said[-1] == "window.capture_was_read", "another plane is another wish"
        assert session.capture is first
        presenter.capture()
        assert session.capture is not first
        assert len(dataset_captures.captures(project, case_id)) == 2
        presenter.capture()
        assert len(dataset_captures.captures(project, case_id)) == 3, "nobody read the second one"


def test_who_reads_blinded_does_not_hear_that_others_read(session: Session, presenter: OrientationPresenter, tmp_path: Path) -> None:
    session.settings.evaluator = "Dr Test"
    with Project.create(tmp_path / "p") as project:
        session.set_project(project)
        presenter.capture()
        case_id, first = session.case_id, session.capture
        readings.append(
            project,
            Reading(
                reading_id=readings.new_reading_id(),
                case_id=case_id,
                evaluator="Dr Other",
                stage=3,
                shown="full_image",
                capture_id=first.capture_id,
            ),
        )
        session.blinding.set_on(True)
        presenter.capture()
        assert session.capture is not first
