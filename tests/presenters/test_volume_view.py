from __future__ import annotations

import math
import time

import numpy as np
import pytest

from sos_studio.core.captures import Window
from sos_studio.core.geometry import Plane
from sos_studio.core.settings import Settings
from sos_studio.imaging import raycast
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.session import Session
from sos_studio.presenters.volume_view import FIRST_AZIMUTH_DEG, VolumePresenter
from tests.presenters.scans import make_scan

COLORS = {Plane.AXIAL: (255, 0, 0), Plane.CORONAL: (0, 255, 0), Plane.SAGITTAL: (255, 200, 0)}


class ByHand(ImmediateBackground):
    """Pictures are made at once; what comes later waits until the test says so."""

    def __init__(self) -> None:
        self.later: dict[str, object] = {}
        self.asked = 0

    def run_latest(self, work, on_done, *, key):  # type: ignore[no-untyped-def]
        self.asked += 1
        super().run_latest(work, on_done, key=key)

    def after(self, milliseconds, callback, *, key):  # type: ignore[no-untyped-def]
        self.later[key] = callback


@pytest.fixture
def background() -> ByHand:
    return ByHand()


@pytest.fixture
def session(background: ByHand) -> Session:
    return Session(background, Settings())


@pytest.fixture
def presenter(session: Session) -> VolumePresenter:
    made = VolumePresenter(session, COLORS)
    made.resize(200, 300)
    session.set_scan(make_scan())
    return made


def picture(presenter: VolumePresenter) -> np.ndarray:
    assert presenter.picture is not None
    return presenter.picture.rgb_vu


def rest(background: ByHand) -> None:
    """All that was put off is done; the last of it makes the picture sharp."""
    while "skull-follows" in background.later:
        time.sleep(0.01)
        background.later.pop("skull-follows")()  # type: ignore[operator]
    background.later.pop("skull-sharp")()  # type: ignore[operator]


def test_it_is_coarse_while_it_turns_and_sharp_at_rest(presenter: VolumePresenter, background: ByHand) -> None:
    presenter._seconds_per_pixel = 1.0  # a very slow machine
    presenter.turn(10, 0)
    assert presenter.picture is not None
    assert presenter.picture.coarse
    assert picture(presenter).shape == (160, 240, 3)
    rest(background)
    assert not presenter.picture.coarse
    assert picture(presenter).shape == (200, 300, 3)


@pytest.mark.parametrize("part", ["prepare", "render"])
def test_a_skull_that_can_not_be_drawn_says_so_and_the_next_scan_has_one(
    session: Session, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    presenter, told = VolumePresenter(session, COLORS), []
    presenter.resize(200, 300)
    session.message.connect(lambda message, _: told.append(message))

    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(raycast, part, fail)
        session.set_scan(make_scan())
    assert not presenter.preparing
    assert presenter.failure is not None
    assert str(presenter.failure).startswith("The skull can't be drawn. The computer's memory is not enough")
    assert told == [], "the slices are there: it is said in the pane alone"
    session.set_scan(make_scan(seed=2))
    assert presenter.failure is None
    assert presenter.picture is not None


def test_a_large_pane_is_sharp_first_and_smooth_after(presenter: VolumePresenter, background: ByHand) -> None:
    presenter.resize(600, 800)
    seen: list[np.ndarray] = []
    presenter.changed.connect(lambda: seen.append(picture(presenter)))
    rest(background)
    assert [drawn.shape for drawn in seen] == [(600, 800, 3), (600, 800, 3)]
    assert (seen[0] != seen[1]).any()
    assert not background.later


def test_a_quick_machine_turns_all_pixels(presenter: VolumePresenter) -> None:
    presenter._seconds_per_pixel = 1e-9
    presenter.turn(10, 0)
    assert picture(presenter).shape == (200, 300, 3)


def test_a_pane_that_nobody_sees_is_not_drawn(presenter: VolumePresenter, background: ByHand) -> None:
    presenter.set_shown(False)
    asked = background.asked
    presenter.turn(10, 0)
    assert background.asked == asked
    presenter.set_shown(True)
    assert background.asked == asked + 1


def test_the_cut_is_seen_as_in_the_sagittal_pane(presenter: VolumePresenter, session: Session) -> None:
    presenter.toggle_cut()
    assert presenter.cut == "right"
    assert presenter.picture is not None
    left, right, *_ = presenter.picture.letters
    assert (left, right) == ("P", "A")
    presenter.toggle_cut()
    assert presenter.cut == "off"
    session.settings.facing = "left"
    presenter.toggle_cut()
    assert presenter.cut == "left"
    assert presenter.picture.letters[:2] == ("A", "P")


def test_the_other_side_is_cut_away_and_walked_to(presenter: VolumePresenter) -> None:
    presenter.toggle_cut()
    azimuth = presenter.camera.azimuth_deg
    presenter.flip_cut()
    assert presenter.cut == "left"
    assert presenter.camera.azimuth_deg == pytest.approx(-azimuth % 360.0)
    assert presenter.picture is not None
    assert presenter.picture.letters[:2] == ("A", "P")


def test_flipping_a_whole_head_cuts_it(presenter: VolumePresenter) -> None:
    presenter.flip_cut()
    assert presenter.cut == "right"


def test_a_cut_that_is_seen_already_leaves_the_camera_alone(presenter: VolumePresenter) -> None:
    presenter.turn_by(280.0 - FIRST_AZIMUTH_DEG, 10.0)
    before = presenter.camera
    presenter.toggle_cut()
    assert presenter.camera == before


def test_whether_it_is_cut_is_kept_for_the_next_start(presenter: VolumePresenter) -> None:
    told: list[bool] = []
    presenter.cut_changed.connect(lambda: told.append(True))
    presenter.toggle_cut()
    assert told == [True]
    assert Settings.load().volume_cut == "right"


def test_the_cut_follows_the_midsagittal_plane_and_the_window(presenter: VolumePresenter, session: Session, background: ByHand) -> None:
    presenter.toggle_cut()
    rest(background)
    before = picture(presenter)
    session.set_orientation(session.orientation.moved(Plane.SAGITTAL, -8.0), label="scroll")
    rest(background)
    moved = picture(presenter)
    assert (moved != before).mean() > 0.02
    session.set_window(Window(low=0.0, high=5000.0))
    rest(background)
    assert picture(presenter).mean() < moved.mean()


def test_while_slices_are_dragged_it_follows_now_and_then_and_ends_where_they_do(
    presenter: VolumePresenter, session: Session, background: ByHand
) -> None:
    asked = background.asked
    for n in range(20):
        session.set_orientation(session.orientation.turned_about(Plane.CORONAL, 1.0), label="turn", merge_key=f"drag-{n}")
    assert background.asked - asked <= 2
    rest(background)
    last = picture(presenter)
    presenter.turn_by(0.0, 0.0)
    rest(background)
    np.testing.assert_array_equal(picture(presenter), last)


def test_zooming_keeps_what_lies_under_the_pointer(presenter: VolumePresenter, session: Session) -> None:
    def place(right_px: float, down_px: float) -> np.ndarray:
        prepared, camera = presenter._prepared, presenter.camera
        assert prepared is not None
        axes = camera.axes(session.orientation)
        focus = np.asarray(camera.focus_lps_mm or prepared.copy.center_lps_mm)
        return np.asarray(focus + prepared.diagonal_mm / 200 / camera.zoom * (right_px * axes[:, 0] + down_px * axes[:, 1]))

    before = place(60.0, -30.0)
    presenter.zoom(3.0, 60.0, -30.0)
    assert presenter.camera.zoom == pytest.approx(1.45 * 1.15**3)
    np.testing.assert_allclose(place(60.0, -30.0), before, atol=1e-9)
    presenter.pan(25.0, 5.0)
    np.testing.assert_allclose(place(85.0, -25.0), before, atol=1e-9)
    presenter.reset()
    assert presenter.camera.focus_lps_mm is None


def test_the_threshold_stays_within_the_scans_values(presenter: VolumePresenter) -> None:
    for _ in range(300):
        presenter.change_threshold(-50.0)
    assert presenter.threshold is not None
    assert math.isclose(presenter.threshold, 1208.0, abs_tol=30.0)
    presenter.reset()
    assert presenter.threshold is None


def test_another_scan_is_looked_at_as_a_whole(presenter: VolumePresenter, session: Session) -> None:
    presenter.pan(50.0, 0.0)
    session.set_scan(make_scan(seed=2))
    assert presenter.camera.focus_lps_mm is None
    session.set_scan(None)
    assert presenter.picture is None
    assert not presenter.preparing
