import json
import math
from dataclasses import replace

import pytest

from sos_studio.core.captures import OrientationRecord
from sos_studio.core.errors import ProjectError
from sos_studio.dataset import captures
from sos_studio.dataset.in_use import InUse, in_use
from sos_studio.presenters import crop as crop_module
from sos_studio.presenters.crop import CropPresenter
from sos_studio.presenters.joint import joint_uv
from sos_studio.presenters.ports import ImmediateBackground
from tests.presenters.kit import Slow, make_project, make_session, open_case


class Patient(ImmediateBackground):
    """Keeps what should happen later until it is asked for."""

    def __init__(self):
        self.later = {}

    def after(self, milliseconds, callback, *, key):
        self.later[key] = callback


@pytest.fixture
def project(tmp_path):
    with make_project(tmp_path / "p") as made:
        yield made


@pytest.fixture
def session(project):
    return make_session(project)


@pytest.fixture
def presenter(session):
    return CropPresenter(session)


def saved(session):
    return captures.rois(session.project, session.capture.capture_id)


def test_two_clicks_make_a_saved_frame_with_the_endocranial_end_left(presenter, session):
    presenter.click((160.0, 120.0))
    assert presenter.state.first_uv == (160.0, 120.0)
    presenter.click((200.0, 150.0))
    roi = presenter.state.roi
    assert roi.width_px == pytest.approx(1.5 * 50)
    assert roi.angle_deg == pytest.approx(math.degrees(math.atan2(30, 40)))
    assert presenter.state.saving == "saved"
    assert (session.roi, session.roi_n) == (roi, 1)
    assert saved(session) == {1: roi}
    folder = session.capture.folder
    assert json.loads((folder / "roi-1.json").read_text())["height_px"] == pytest.approx(37.5)
    assert (folder / "crop-1.png").is_file()


def test_a_frame_beyond_the_border_is_refused_with_a_sentence_and_the_first_click_stays(presenter, session):
    presenter.click((5.0, 5.0))
    presenter.click((60.0, 5.0))
    assert presenter.state.roi is None
    assert "beyond the border" in str(presenter.state.refusal)
    assert presenter.state.first_uv == (5.0, 5.0)
    assert saved(session) == {}


def test_ends_on_top_of_each_other_are_refused(presenter):
    presenter.click((100.0, 100.0))
    presenter.click((101.0, 100.0))
    assert presenter.state.refusal.code == "roi.ends_too_close"


def test_a_drag_is_saved_once_when_it_ends(presenter, session):
    presenter.click((160.0, 120.0))
    presenter.click((200.0, 150.0))
    center = presenter.state.roi.center_uv
    assert presenter.grab(center, 6.0)
    for step in range(1, 11):
        presenter.drag((center[0] + step, center[1]))
    assert session.roi.center_uv == center
    presenter.release()
    assert session.roi.center_uv == pytest.approx((center[0] + 10, center[1]))
    assert sorted(saved(session)) == [1, 2]
    assert presenter.state.roi_n == 2


def test_clicked_ends_stay_where_they_were_while_the_frame_moves(presenter):
    presenter.click((160.0, 120.0))
    presenter.click((200.0, 150.0))
    ends = presenter.state.ends
    presenter.nudge(du_px=5)
    assert presenter.state.ends == ends


def test_keys_are_saved_once_they_rest_and_at_the_latest_when_the_case_changes(project):
    background = Patient()
    session = make_session(project, background=background)
    presenter = CropPresenter(session)
    presenter.click((160.0, 120.0))
    presenter.click((200.0, 150.0))
    capture_id = session.capture.capture_id
    for _ in range(5):
        presenter.nudge(turn_deg=1.0)
    assert presenter.state.saving == "waiting"
    assert len(captures.rois(project, capture_id)) == 1
    turned = presenter.state.roi
    open_case(session, "case-0002")
    assert captures.rois(project, capture_id)[2] == turned
    assert presenter.state.roi is None


def test_closing_the_project_saves_what_waits(project):
    session = make_session(project, background=Patient())
    presenter = CropPresenter(session)
    presenter.click((160.0, 120.0))
    presenter.click((200.0, 150.0))
    capture_id = session.capture.capture_id
    presenter.nudge(dv_px=3)
    session.set_project(None)
    assert len(captures.rois(project, capture_id)) == 2


def test_undo_and_redo_bring_frames_back_and_save_them(presenter, session):
    presenter.click((160.0, 120.0))
    presenter.click((200.0, 150.0))
    first = presenter.state.roi
    presenter.nudge(factor=1.2)
    second = presenter.state.roi
    assert session.undo.undo()
    assert session.roi == first
    assert presenter.state.roi == first
    assert session.undo.redo()
    assert session.roi == second
    assert saved(session)[session.roi_n] == second


def test_clicking_again_keeps_the_saved_frame_until_there_is_another(presenter, session):
    presenter.click((160.0, 120.0))
    presenter.click((200.0, 150.0))
    first = session.roi
    presenter.click_again()
    assert presenter.state.roi is None
    assert session.roi == first
    presenter.escape()
    assert presenter.state.roi == first
    presenter.click_again()
    presenter.click((170.0, 120.0))
    presenter.escape()
    assert presenter.state.first_uv is None
    presenter.click((170.0, 120.0))
    presenter.click((210.0, 150.0))
    assert session.roi != first


def test_an_earlier_frame_comes_back_with_its_case(project, session, presenter):
    presenter.click((160.0, 120.0))
    presenter.click((200.0, 150.0))
    roi = session.roi
    open_case(session, "case-0002")
    assert presenter.state.roi is None
    open_case(session, "case-0001")
    assert presenter.state.roi == roi
    assert presenter.state.saving == "saved"
    assert presenter.state.roi_n == 1


def test_what_could_not_be_saved_is_not_shown_as_the_frame(presenter, session, monkeypatch):
    presenter.click((160.0, 120.0))
    presenter.click((200.0, 150.0))
    first = session.roi
    told = []
    session.message.connect(lambda message, severity: told.append((message.code, severity)))

    def full(*args):
        raise ProjectError("project.disk_full", project="p")

    monkeypatch.setattr(crop_module.staging, "store_roi", full)
    presenter.nudge(du_px=4)
    assert presenter.state.saving == "failed"
    assert presenter.state.roi == first
    assert (session.roi, session.roi_n) == (first, 1)
    assert told == [("project.disk_full", "error")]


def test_typed_values_beyond_the_border_are_refused(presenter, session):
    presenter.click((160.0, 120.0))
    presenter.click((200.0, 150.0))
    before = session.roi
    presenter.set_values((2.0, 2.0), 0.0, 80.0)
    assert presenter.state.refusal.code == "crop.not_changed"
    assert session.roi == before
    presenter.set_values((150.0, 140.0), 12.5, 60.0)
    assert presenter.state.refusal is None
    assert session.roi.angle_deg == 12.5


def test_without_an_image_clicks_do_nothing():
    presenter = CropPresenter(make_session(None))
    presenter.click((1.0, 1.0))
    presenter.nudge(du_px=1)
    presenter.click_again()
    assert not presenter.state.has_image
    assert presenter.state.first_uv is None


def test_undo_of_the_first_frame_holds_until_tomorrow(presenter, session):
    presenter.click((160.0, 120.0))
    presenter.click((200.0, 150.0))
    case_id = session.case_id
    assert in_use(session.project, case_id).roi_n == 1
    assert session.undo.undo()
    assert presenter.state.roi is None
    assert in_use(session.project, case_id) == InUse(session.capture.capture_id, None)
    assert session.undo.redo()
    assert in_use(session.project, case_id) == InUse(session.capture.capture_id, session.roi_n)


def test_undo_takes_a_nudge_back_that_was_not_saved_yet(project):
    session = make_session(project, background=Patient())
    presenter = CropPresenter(session)
    presenter.click((160.0, 120.0))
    presenter.click((200.0, 150.0))
    first = presenter.state.roi
    presenter.nudge(du_px=3.0)
    session.undo.undo()
    assert presenter.state.roi == first == session.roi
    session.undo.redo()
    assert presenter.state.roi.center_uv[0] == first.center_uv[0] + 3.0


def test_a_frame_that_is_saved_after_another_case_opened_still_refreshes_the_list(project):
    background = Slow()
    session = make_session(project, background=background)
    presenter = CropPresenter(session)
    presenter.click((160.0, 120.0))
    presenter.click((200.0, 150.0))
    heard = []
    session.cases_changed.connect(lambda: heard.append(True))
    open_case(session, "case-0002")
    background.go_on()
    assert heard


def test_ends_in_the_wrong_order_are_saved_and_can_be_swapped_and_swapped_back(presenter, session):
    presenter.click((200.0, 150.0))
    presenter.click((160.0, 120.0))
    wrong = presenter.state.roi
    assert wrong.against_anatomy
    presenter.swap_ends()
    now = presenter.state
    assert not now.roi.against_anatomy
    assert (now.roi.center_uv, now.roi.width_px) == (wrong.center_uv, wrong.width_px)
    assert (now.ends.endocranial_uv, now.ends.ectocranial_uv) == ((160.0, 120.0), (200.0, 150.0))
    assert saved(session)[2] == now.roi
    session.undo.undo()
    assert presenter.state.roi == wrong


def test_there_is_nothing_to_swap_before_there_is_a_frame(presenter):
    presenter.click((200.0, 150.0))
    presenter.swap_ends()
    assert presenter.state.roi is None


def test_the_cross_hair_starts_where_the_joint_is_expected_and_stays_on_the_image(presenter):
    presenter.move_cross()
    assert presenter.state.cross_uv == (199.5, 149.5), "the middle of an image without planes"
    presenter.move_cross(-1000.0, 1000.0)
    assert presenter.state.cross_uv == (0.0, 299.0)


def test_the_joint_is_expected_where_the_planes_crossed(project, session):
    matrix = ((0.0, 0.0, 0.25, 1.0), (-0.25, 0.0, 0.0, 50.0), (0.0, -0.25, 0.0, 80.0), (0.0, 0.0, 0.0, 1.0))
    planes = OrientationRecord(center_lps_mm=(1.0, 25.0, 70.0), roll_deg=0.0, yaw_deg=0.0, pitch_deg=0.0)
    record = session.capture.record.model_copy(update={"lps_from_uv": matrix, "orientation": planes})
    assert joint_uv(replace(session.capture, record=record)) == pytest.approx((100.0, 40.0))


def test_both_ends_are_set_with_the_cross_hair(presenter, session):
    assert presenter.place_cross()
    assert presenter.state.first_uv is None, "the first press only shows it"
    presenter.move_cross(-20.0, -20.0)
    presenter.place_cross()
    assert presenter.state.first_uv == (179.5, 129.5)
    presenter.place_cross()
    assert presenter.state.refusal.code == "roi.ends_too_close"
    presenter.move_cross(40.0, 30.0)
    assert presenter.state.refusal is None
    presenter.place_cross()
    assert presenter.state.ends.ectocranial_uv == (219.5, 159.5)
    assert presenter.state.cross_uv is None
    assert saved(session)[1] == presenter.state.roi
    assert not presenter.place_cross(), "with a frame the keys are for others"


def test_the_cross_hair_gives_way_to_the_mouse_and_comes_back_where_it_was(presenter):
    presenter.move_cross(7.0, 3.0)
    at = presenter.state.cross_uv
    presenter.hide_cross()
    assert presenter.state.cross_uv is None
    presenter.move_cross(1.0)
    assert presenter.state.cross_uv == (at[0] + 1.0, at[1])
    assert presenter.escape()
    assert presenter.state.cross_uv is None
    assert not presenter.escape()


def test_a_frame_that_was_dragged_to_the_border_stays_there_with_no_warning(presenter, session):
    presenter.click((160.0, 120.0))
    presenter.click((200.0, 150.0))
    center = presenter.state.roi.center_uv
    presenter.grab(center, 6.0)
    presenter.drag((center[0] - 900.0, center[1]))
    assert presenter.state.refusal.code == "crop.at_border"
    at_border = presenter.state.roi
    assert at_border.corners_uv.min(axis=0)[0] == pytest.approx(-0.5, abs=1e-3)
    presenter.release()
    assert presenter.state.refusal is None
    assert session.roi == at_border
    presenter.grab(at_border.center_uv, 6.0)
    presenter.drag((at_border.center_uv[0] - 50.0, at_border.center_uv[1]))
    presenter.release()
    assert presenter.state.refusal is None, "also when nothing could be moved"
