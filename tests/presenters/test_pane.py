"""Mouse and keys in a slice pane: what is dragged follows the hand, the rest stays, and all of it is undone."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sos_studio.core.geometry import Orientation, Plane
from sos_studio.core.settings import Settings
from sos_studio.presenters.orientation import OrientationPresenter
from sos_studio.presenters.pane import PanePresenter
from sos_studio.presenters.pane_geometry import PaneGeometry
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.session import Session
from tests.presenters.scans import make_scan

SIZE = (420, 330)


class Pane:
    """A pane with a scan, and a hand."""

    def __init__(self, plane: Plane, orientation: Orientation | None = None) -> None:
        self.session = Session(ImmediateBackground(), Settings())
        scan = make_scan()
        self.orienting = OrientationPresenter(self.session)
        self.presenter = PanePresenter(plane, self.orienting)
        self.session.set_scan(scan, orientation or Orientation(scan.volume.center_lps_mm))

    @property
    def now(self) -> PaneGeometry:
        geometry = self.presenter.geometry(SIZE)
        assert geometry is not None
        return geometry

    @property
    def orientation(self) -> Orientation:
        return self.session.orientation

    def drag(
        self, start: tuple[float, float], end: tuple[float, float], button: str = "left", *, let_go: bool = True, **keys: bool
    ) -> None:
        self.presenter.press(self.now, *start, button, **keys)
        for part in (0.3, 0.7, 1.0):
            self.presenter.move(start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1]))
        if let_go:
            self.presenter.release()

    def line(self, plane: Plane):
        return next(line for line in self.now.lines if line.plane is plane)


@pytest.mark.parametrize(
    ("plane", "line", "angle"),
    [
        (Plane.CORONAL, Plane.AXIAL, "roll_deg"),
        (Plane.AXIAL, Plane.CORONAL, "yaw_deg"),
        (Plane.SAGITTAL, Plane.AXIAL, "pitch_deg"),
    ],
)
def test_dragging_a_handle_turns_the_head_by_the_angle_of_the_hand(plane: Plane, line: Plane, angle: str) -> None:
    pane = Pane(plane)
    cx, cy = pane.now.centre
    hx, hy = max(pane.line(line).handles)
    radius = hx - cx
    end = (cx + radius * math.cos(math.radians(7.0)), cy + radius * math.sin(math.radians(7.0)))
    before = pane.now
    pane.drag((hx, hy), end, let_go=False)
    # Clockwise on the screen is positive in all three (face to the right).
    assert getattr(pane.orientation, angle) == pytest.approx(7.0, abs=1e-6)
    assert pane.presenter.readout[:2] == (angle.removesuffix("_deg"), pytest.approx(7.0, abs=1e-6))
    assert pane.now.same_picture(before), "the picture stays still under the hand"
    assert max(pane.line(line).handles)[1] > hy, "the line follows the hand"
    pane.presenter.release()
    assert pane.line(line).start[1] == pytest.approx(pane.line(line).end[1]), "let go, it straightens out"
    assert pane.now.centre == pytest.approx((cx, cy)), "about the crosshair"


def test_a_whole_drag_is_undone_at_once_and_redone() -> None:
    pane = Pane(Plane.CORONAL)
    start = pane.orientation
    hx, hy = max(pane.line(Plane.AXIAL).handles)
    pane.drag((hx, hy), (hx, hy + 30))
    turned = pane.orientation
    assert turned != start
    assert pane.session.undo.undo()
    assert pane.orientation == start
    assert not pane.session.undo.undo()
    assert pane.session.undo.redo()
    assert pane.orientation == turned


def test_turning_back_and_forth_within_a_drag_gathers_no_error() -> None:
    pane = Pane(Plane.AXIAL, Orientation(make_scan().volume.center_lps_mm, 3.0, -2.0, 5.0))
    start = pane.orientation
    hx, hy = max(pane.line(Plane.CORONAL).handles)
    pane.presenter.press(pane.now, hx, hy, "left")
    for n in range(200):
        pane.presenter.move(hx, hy + 40 * math.sin(n))
    pane.presenter.move(hx, hy + 1e-9)
    pane.presenter.release()
    assert np.allclose(pane.orientation.rotation, start.rotation, atol=1e-9)


def test_dragging_a_line_moves_its_plane_by_the_millimetres_under_the_hand_and_no_other() -> None:
    pane = Pane(Plane.CORONAL, Orientation(make_scan().volume.center_lps_mm, 6.0, 4.0, -3.0))
    start, mm_per_px = pane.orientation, pane.now.view.mm_per_px
    cx, cy = pane.now.centre
    before = pane.now
    pane.drag((cx + 90, cy), (cx + 95, cy - 24))
    moved = np.array(pane.orientation.center_lps_mm) - start.center_lps_mm
    assert moved @ start.rotation == pytest.approx([0.0, 0.0, 24 * mm_per_px], abs=1e-6)
    assert pane.now.same_picture(before)
    assert pane.presenter.selected is Plane.AXIAL


def test_a_plane_can_t_be_scrolled_out_of_the_scan() -> None:
    pane = Pane(Plane.AXIAL)
    pane.presenter.wheel(pane.now, 500, 100, 100, zoom=False, fast=True)
    volume = pane.session.scan.volume
    assert pane.orientation.center_lps_mm[2] == pytest.approx(volume.corners_lps_mm[:, 2].max())


@pytest.mark.parametrize(("plane", "axis", "sign"), [(Plane.AXIAL, 2, 1), (Plane.CORONAL, 1, -1), (Plane.SAGITTAL, 0, 1)])
def test_the_wheel_goes_one_voxel_a_notch(plane: Plane, axis: int, sign: int) -> None:
    pane = Pane(plane)
    start = pane.orientation.center_lps_mm[axis]
    for _ in range(4):
        # A touch pad's quarters of a notch add up.
        pane.presenter.wheel(pane.now, 0.25, 10, 10, zoom=False, fast=False)
    assert pane.orientation.center_lps_mm[axis] - start == pytest.approx(sign * 2.0)


def test_zooming_keeps_the_patient_under_the_pointer() -> None:
    pane = Pane(Plane.SAGITTAL)
    under = pane.now.lps_at(300, 80)
    scale = pane.now.view.mm_per_px
    pane.presenter.wheel(pane.now, 3, 300, 80, zoom=True, fast=False)
    assert pane.now.view.mm_per_px < scale
    assert pane.now.lps_at(300, 80) == pytest.approx(under, abs=1e-6)
    assert pane.session.undo.undo_label is None, "looking is not a deed"


def test_panning_takes_the_patient_along_and_fit_brings_it_back() -> None:
    pane = Pane(Plane.AXIAL)
    first = pane.now
    under = first.lps_at(100, 100)
    pane.drag((100, 100), (160, 70), "middle")
    assert pane.now.lps_at(160, 70) == pytest.approx(under, abs=1e-6)
    pane.presenter.fit()
    assert pane.now.same_picture(first)


def test_right_drag_changes_contrast_and_brightness_and_is_undone() -> None:
    pane = Pane(Plane.AXIAL)
    start = pane.session.window
    pane.drag((100, 100), (150, 100), "right")
    wider = pane.session.window
    assert wider.high - wider.low > start.high - start.low
    pane.drag((100, 100), (100, 60), "right")
    assert pane.session.window.high < wider.high, "up is brighter"
    pane.session.undo.undo()
    pane.session.undo.undo()
    assert pane.session.window == start


def test_arrow_keys_nudge_by_a_tenth_of_a_degree_and_a_voxel_with_shift_ten_times() -> None:
    pane = Pane(Plane.CORONAL)
    z = pane.orientation.center_lps_mm[2]
    pane.presenter.key(pane.now, "right")
    assert pane.orientation.roll_deg == pytest.approx(0.1)
    pane.presenter.key(pane.now, "left", fast=True)
    assert pane.orientation.roll_deg == pytest.approx(-0.9)
    pane.presenter.key(pane.now, "right", fast=True)
    pane.presenter.key(pane.now, "left")
    pane.presenter.key(pane.now, "up")
    assert pane.orientation.center_lps_mm[2] - z == pytest.approx(2.0)
    pane.presenter.key(pane.now, "down", fast=True)
    assert pane.orientation.center_lps_mm[2] - z == pytest.approx(-18.0)


def test_left_and_right_move_the_upright_line_once_it_was_clicked() -> None:
    pane = Pane(Plane.CORONAL)
    cx, cy = pane.now.centre
    x = pane.orientation.center_lps_mm[0]
    pane.drag((cx, cy - 60), (cx, cy - 60))
    assert pane.presenter.selected is Plane.SAGITTAL
    pane.presenter.key(pane.now, "right")
    assert pane.orientation.center_lps_mm[0] - x == pytest.approx(2.0)
    assert pane.orientation.roll_deg == 0.0


def test_shift_click_lets_the_planes_cross_there() -> None:
    pane = Pane(Plane.SAGITTAL)
    there = pane.now.lps_at(250, 90)
    pane.drag((250, 90), (250, 90), shift=True)
    assert pane.orientation.center_lps_mm == pytest.approx(there)


def test_a_turn_in_another_pane_keeps_the_crosshair_where_it_is_on_the_screen() -> None:
    pane = Pane(Plane.SAGITTAL)
    pane.presenter.zoom(pane.now, 2.0, 300, 80)
    before = pane.now.centre
    pane.orienting.turn(Plane.CORONAL, 11.0)
    pane.orienting.set_angle("pitch", 8.0)
    assert pane.now.centre == pytest.approx(before, abs=1e-6)


def test_a_chosen_view_survives_a_new_size_and_a_fitted_one_fits_again() -> None:
    pane = Pane(Plane.AXIAL)
    small = pane.now.view.mm_per_px
    large = pane.presenter.geometry((840, 660)).view.mm_per_px
    assert large == pytest.approx(small / 2)
    pane.presenter.zoom(pane.presenter.geometry((840, 660)), 1.5, 10, 10)
    chosen = pane.presenter.geometry((840, 660)).view.mm_per_px
    assert pane.now.view.mm_per_px == chosen
