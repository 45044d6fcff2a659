"""The Orient step with real events: panes paint their planes, follow the hand, and say where they are."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QFontMetricsF, QNativeGestureEvent, QPointingDevice, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sos_studio.core.actions import Action
from sos_studio.core.captures import Window
from sos_studio.core.geometry import Plane
from sos_studio.core.slabs import Slab
from sos_studio.core.volume import Volume
from sos_studio.dataset.project import Project
from sos_studio.imaging import resample, slabs, windowing
from sos_studio.presenters.case_files import capture_into
from sos_studio.presenters.session import Session
from sos_studio.services.scans import OpenedScan
from sos_studio.ui.measure_paint import value_room
from sos_studio.ui.orient_step import EmptyPage, OrientStep
from sos_studio.ui.slice_paint import scale_bar_room
from sos_studio.ui.slice_pane import SlicePane


@pytest.fixture
def step(session: Session, scan: OpenedScan, qtbot: QtBot) -> OrientStep:
    made = OrientStep(session)
    qtbot.addWidget(made)
    made.resize(900, 700)
    made.show()
    qtbot.waitExposed(made)
    session.set_scan(scan)
    for pane in made.slices.values():
        pane.presenter.animated = False
    QApplication.processEvents()
    return made


def shown(pane: SlicePane) -> np.ndarray:
    pane.repaint()
    # On a busy machine a pane paints what it has and asks for the new picture: the next paint shows that.
    for _ in range(100):
        if pane.picture is not None and pane.geometry_now().same_picture(pane.picture.geometry):
            break
        QTest.qWait(20)
        pane.repaint()
    assert pane.picture is not None
    return pane.picture.grey_vu


def wheel(pane: SlicePane, notches: int, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    at = QPointF(pane.width() / 3, pane.height() / 3)
    event = QWheelEvent(
        at, pane.mapToGlobal(at), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton, keys, Qt.ScrollPhase.NoScrollPhase, False
    )
    QApplication.sendEvent(pane, event)


def point(xy: tuple[float, float]) -> QPoint:
    return QPoint(round(xy[0]), round(xy[1]))


def test_the_empty_step_says_what_to_do(session: Session, qtbot: QtBot) -> None:
    step = OrientStep(session)
    qtbot.addWidget(step)
    step.show()
    asked = []
    step.open_folder_wanted.connect(lambda: asked.append("folder"))
    button = next(b for b in step.findChildren(type(step._empty.folder)) if "folder" in b.text().lower() and b.isVisible())
    assert button.isVisible()
    assert "Ctrl+O" in button.toolTip()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert asked == ["folder"]


def test_without_its_scan_a_case_offers_to_open_it_and_an_imported_one_says_that_there_is_none(qtbot: QtBot) -> None:
    page = EmptyPage()
    qtbot.addWidget(page)
    page.show()
    page.show_state("case-0003", scan_known=False, other_open=False)
    assert (page.folder.text(), page.folder.isVisible(), page.case_scan.isVisible()) == ("Open its scan…", True, False)
    page.show_state("case-0003", scan_known=True, other_open=False)
    assert (page.case_scan.text(), page.case_scan.isVisible(), page.folder.isVisible()) == ("Open its scan", True, False)
    page.show_state("case-0003", scan_known=False, other_open=False, imported=True)
    assert "no scan" in page.text.text()
    assert page.folder.text() == "Open folder…"


def test_four_equal_panes_each_painting_its_own_plane(step: OrientStep, session: Session) -> None:
    sizes = {(pane.width(), pane.height()) for pane in step.panes}
    assert max(w for w, _ in sizes) - min(w for w, _ in sizes) <= 1
    assert max(h for _, h in sizes) - min(h for _, h in sizes) <= 1
    for plane, pane in step.slices.items():
        geometry = pane.geometry_now()
        expected = resample.render_slice(
            session.scan.volume, geometry.lps_from_uv, geometry.shape_vu, session.window.low, session.window.high
        )
        assert np.array_equal(shown(pane), expected), plane


def test_wheel_scrolls_one_plane_and_the_other_panes_keep_their_pixels(step: OrientStep, session: Session) -> None:
    before = {plane: shown(pane) for plane, pane in step.slices.items()}
    wheel(step.slices[Plane.AXIAL], 2)
    assert session.orientation.center_lps_mm[2] == pytest.approx(session.scan.volume.center_lps_mm[2] + 4.0)
    assert not np.array_equal(shown(step.slices[Plane.AXIAL]), before[Plane.AXIAL])
    for plane in (Plane.CORONAL, Plane.SAGITTAL):
        assert shown(step.slices[plane]) is before[plane]


def test_ctrl_wheel_zooms(step: OrientStep) -> None:
    pane = step.slices[Plane.CORONAL]
    before = pane.geometry_now().view.mm_per_px
    wheel(pane, 1, Qt.KeyboardModifier.ControlModifier)
    assert pane.geometry_now().view.mm_per_px < before


def test_dragging_a_handle_with_the_mouse_turns_all_panes_and_is_one_step_of_the_history(step: OrientStep, session: Session) -> None:
    pane = step.slices[Plane.CORONAL]
    start, before = session.orientation, shown(step.slices[Plane.AXIAL])
    axial = next(line for line in pane.geometry_now().lines if line.plane is Plane.AXIAL)
    handle = point(max(axial.handles))
    QTest.mousePress(pane, Qt.MouseButton.LeftButton, pos=handle)
    for n in range(1, 9):
        QTest.mouseMove(pane, handle + QPoint(0, 4 * n))
        QApplication.processEvents()
        assert pane.picture is not None, "never blank while dragging"
        assert pane._overlay(pane.picture).readout.startswith("Roll +"), "the live angle is beside the pointer"
        assert pane._overlay(pane.picture).pointer is not None
    assert session.orientation.roll_deg > 3
    assert step._inspector._angles["roll"].value() == pytest.approx(session.orientation.roll_deg, abs=0.05)
    QTest.mouseRelease(pane, Qt.MouseButton.LeftButton, pos=handle + QPoint(0, 32))
    assert not np.array_equal(shown(step.slices[Plane.AXIAL]), before)
    session.undo.undo()
    assert session.orientation == start


def test_keys_nudge_the_pane_that_has_them(step: OrientStep, session: Session, qtbot: QtBot) -> None:
    pane = step.slices[Plane.AXIAL]
    pane.setFocus()
    qtbot.keyClick(pane, Qt.Key.Key_Right)
    qtbot.keyClick(pane, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert session.orientation.yaw_deg == pytest.approx(1.1)
    qtbot.keyClick(pane, Qt.Key.Key_PageUp)
    assert session.orientation.center_lps_mm[2] == pytest.approx(session.scan.volume.center_lps_mm[2] + 2.0, abs=1e-6)


def test_double_click_enlarges_a_pane_and_brings_the_four_back(step: OrientStep, qtbot: QtBot) -> None:
    pane = step.slices[Plane.SAGITTAL]
    middle = QPoint(40, 120)
    qtbot.mouseDClick(pane, Qt.MouseButton.LeftButton, pos=middle)
    QApplication.processEvents()
    assert (pane.width(), pane.height()) == (step.width(), step.height())
    assert not step.volume.isVisible()
    qtbot.mouseDClick(pane, Qt.MouseButton.LeftButton, pos=middle)
    QApplication.processEvents()
    assert all(other.isVisible() for other in step.panes)
    assert abs(pane.width() - step.width() / 2) <= 1


def test_the_pointer_s_patient_position_and_value_are_told(step: OrientStep, session: Session) -> None:
    told = []
    step.pointed.connect(told.append)
    pane = step.slices[Plane.AXIAL]
    QTest.mouseMove(pane, point(pane.geometry_now().centre) + QPoint(30, 0))
    QApplication.processEvents()
    lps_mm, value = told[-1]
    assert lps_mm[2] == pytest.approx(session.orientation.center_lps_mm[2])
    assert value == pytest.approx(40, abs=1200)


def test_facing_left_mirrors_the_sagittal_pane_only(step: OrientStep, session: Session) -> None:
    before = {plane: shown(pane) for plane, pane in step.slices.items()}
    session.settings.facing = "left"
    session.save_settings()
    QApplication.processEvents()
    mirrored = shown(step.slices[Plane.SAGITTAL])
    assert np.abs(mirrored[:, ::-1].astype(int) - before[Plane.SAGITTAL]).max() <= 1
    assert np.array_equal(shown(step.slices[Plane.AXIAL]), before[Plane.AXIAL])
    assert step.slices[Plane.SAGITTAL].geometry_now().letters[:2] == ("A", "P")


def test_typed_values_turn_the_head(step: OrientStep, session: Session, qtbot: QtBot) -> None:
    inspector = step.inspector()
    qtbot.addWidget(inspector)
    inspector.show()
    box = inspector._angles["pitch"]
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "-12.3")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert session.orientation.pitch_deg == pytest.approx(-12.3)
    centre = session.orientation.center_lps_mm
    inspector._centre[1].setValue(-101.5)
    assert session.orientation.center_lps_mm == (centre[0], -101.5, centre[2])
    session.undo.undo()
    assert inspector._centre[1].value() == pytest.approx(centre[1], abs=0.05)


def test_the_checklist_shows_what_was_touched(step: OrientStep, session: Session, qtbot: QtBot) -> None:
    inspector = step.inspector()
    qtbot.addWidget(inspector)
    boxes = [box for _, box, _ in inspector._steps]
    assert [box.isChecked() for box in boxes] == [False, False, False]
    step.presenter.turn(Plane.CORONAL, 1.0)
    touched, confirmed, nothing = Qt.CheckState.PartiallyChecked, Qt.CheckState.Checked, Qt.CheckState.Unchecked
    assert [box.checkState() for box in boxes] == [touched, nothing, nothing]
    boxes[2].click()
    assert step.presenter.mark(2) == "confirmed"
    boxes[0].click()
    assert [box.checkState() for box in boxes] == [confirmed, nothing, confirmed], "the first click confirms and never unticks"
    boxes[0].click()
    assert step.presenter.mark(0) == "open"


def test_slow_pictures_come_from_the_background_and_never_blank_the_pane(
    step: OrientStep, session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    pane = step.slices[Plane.AXIAL]
    before = pane.picture
    monkeypatch.setattr("sos_studio.presenters.rendering.AT_ONCE_BELOW_S", 0.0)
    pane._renderer._seconds_per_sample = 1.0
    wheel(pane, 3)
    pane.repaint()
    assert pane.picture is before, "the last picture stays, with its own lines"
    wanted = pane.geometry_now()
    qtbot.waitUntil(lambda: pane.picture is not None and pane.picture.geometry.same_picture(wanted))


def coarse_of(scan: OpenedScan, every: int = 4) -> OpenedScan:
    volume = scan.volume
    thin = Volume(volume.array_kji[::every], volume.lps_from_ijk * np.array([1.0, 1.0, every, 1.0]))
    return replace(scan, volume=thin, coarse=True)


def test_a_coarse_picture_is_never_blanked_and_gives_way_to_the_whole(
    step: OrientStep, session: Session, scan: OpenedScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    step.pointed.connect(told.append)
    session.set_scan(coarse_of(scan))
    pane = step.slices[Plane.CORONAL]
    coarse = shown(pane).copy()
    QTest.mouseMove(pane, point(pane.geometry_now().centre) + QPoint(20, 0))
    QApplication.processEvents()
    assert math.isnan(told[-1][1]), "a value would be that of another slice"
    monkeypatch.setattr("sos_studio.presenters.rendering.AT_ONCE_BELOW_S", 0.0)
    pane._renderer._seconds_per_sample = 1.0
    session.complete_scan(scan)
    pane.repaint()
    assert pane.picture is not None
    assert np.array_equal(pane.picture.grey_vu, coarse)
    for _ in range(100):
        if pane.picture.look.volume is scan.volume:
            break
        QTest.qWait(20)
        pane.repaint()
    assert not np.array_equal(pane.picture.grey_vu, coarse)


def test_a_view_that_was_chosen_while_reading_stays(step: OrientStep, session: Session, scan: OpenedScan) -> None:
    session.set_scan(coarse_of(scan))
    chosen, fitted = step.slices[Plane.CORONAL], step.slices[Plane.SAGITTAL]
    for pane in (chosen, fitted):
        shown(pane)
    wheel(chosen, 3, Qt.KeyboardModifier.ControlModifier)
    views = [pane.geometry_now().view for pane in (chosen, fitted)]
    session.complete_scan(scan)
    assert chosen.geometry_now().view == views[0]
    assert fitted.geometry_now().view.mm_per_px > views[1].mm_per_px, "all of the whole scan is in sight"


def test_the_skull_appears_and_turns_under_the_hand(step: OrientStep, qtbot: QtBot) -> None:
    volume = step.volume
    qtbot.waitUntil(lambda: volume.presenter.picture is not None and not volume.presenter.picture.coarse, timeout=60_000)
    first = volume.presenter.picture
    assert first.rgb_vu.max() > 60
    assert first.letters[2] == "S"
    start = QPoint(100, 100)
    QTest.mousePress(volume, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(volume, start + QPoint(60, 0))
    QTest.mouseRelease(volume, Qt.MouseButton.LeftButton, pos=start + QPoint(60, 0))
    assert volume.presenter.camera.azimuth_deg == pytest.approx(6.0)
    qtbot.waitUntil(lambda: volume.presenter.picture is not first and not volume.presenter.picture.coarse)


def test_the_capture_button_says_what_it_waits_for(immediate_session: Session, scan: OpenedScan, qtbot: QtBot) -> None:
    session, step = immediate_session, OrientStep(immediate_session)
    qtbot.addWidget(step)
    qtbot.addWidget(step.inspector())
    button = step.inspector().capture_button
    session.set_scan(scan)
    ready = button.text()
    session.opening_scan = True
    session.opening_changed.emit(True)
    assert (button.isEnabled(), button.text()) == (False, "Opening another scan…")
    session.set_scan(replace(scan, coarse=True))
    assert (button.isEnabled(), button.text()) == (True, "Capture when all slices are read")
    session.opening_scan = False
    session.opening_changed.emit(False)
    session.complete_scan(scan)
    assert (button.isEnabled(), button.text()) == (True, ready)


@pytest.mark.parametrize("mode", ["mean", "max"])
def test_all_panes_show_the_slab_and_say_how_thick_it_is(step: OrientStep, session: Session, mode) -> None:
    slabs.warm_up()
    thin = {plane: shown(pane) for plane, pane in step.slices.items()}
    session.slices.set_slab(Slab(12.0, mode))
    for plane, pane in step.slices.items():
        geometry = pane.geometry_now()
        for _ in range(100):
            shown(pane)
            if pane.picture.look.slab == session.slices.slab:
                break
            QTest.qWait(20)
        expected = slabs.render_slab(
            session.scan.volume, geometry.lps_from_uv, geometry.shape_vu, session.window.low, session.window.high, slab=Slab(12.0, mode)
        )
        assert np.array_equal(pane.picture.grey_vu, expected), plane
        assert not np.array_equal(expected, thin[plane]), plane
        assert pane._overlay(pane.picture).note == ("mean 12 mm" if mode == "mean" else "MIP 12 mm")


def test_thickness_and_mode_follow_keys_and_the_inspector(step: OrientStep, session: Session) -> None:
    box = step._inspector._slab
    step.actions_by_id[Action.SLAB_THICKER]()
    assert (session.slices.slab, box.thickness.value(), box.modes["mean"].isChecked()) == (Slab(1.0), 1.0, True)
    step.actions_by_id[Action.SLAB_MODE]()
    assert (session.slices.slab.mode, box.modes["max"].isChecked(), box.modes["mean"].isChecked()) == ("max", True, False)
    box.thickness.setValue(7.5)
    assert session.slices.slab == Slab(7.5, "max")
    step.actions_by_id[Action.SLAB_THINNER]()
    assert session.slices.slab == Slab(5.0, "max")
    box.thickness.setValue(0.0)
    assert box.thickness.text() == "plane"
    box.modes["max"].click()
    assert session.slices.slab == Slab(1.0, "max"), "of a plane there is no maximum"


def test_the_capture_button_names_the_slab_that_was_chosen(step: OrientStep) -> None:
    inspector = step._inspector
    assert inspector.capture_button.text() == "Capture midsagittal slice"
    inspector._capture_slab.thickness.setValue(1.5)
    assert step.presenter.capture_slab_mm == 0.0, "off until it is ticked"
    inspector._capture_slab.chosen.click()
    inspector._capture_slab.thickness.setValue(2.5)
    assert step.presenter.capture_slab_mm == 2.5
    assert inspector.capture_button.text() == "Capture midsagittal slab, 2.5 mm"
    inspector._capture_slab.chosen.click()
    assert step.presenter.capture_slab_mm == 0.0
    assert inspector.capture_button.text() == "Capture midsagittal slice"


def test_the_grid_lies_over_the_slices_when_it_is_wanted(step: OrientStep) -> None:
    pane = step.slices[Plane.AXIAL]
    plain = pane.grab().toImage()
    step.actions_by_id[Action.GRID]()
    assert step._inspector._measure.grid.isChecked()
    assert pane.grab().toImage() != plain
    step._inspector._measure.grid.click()
    assert pane.grab().toImage() == plain


def test_measuring_with_the_mouse_leaves_the_orientation_alone(step: OrientStep, session: Session, qtbot: QtBot) -> None:
    pane, before = step.slices[Plane.SAGITTAL], session.orientation
    pane.setFocus()
    step.actions_by_id[Action.MEASURE_DISTANCE]()
    assert step._inspector._measure.tools["distance"].isChecked()
    centre = point(pane.geometry_now().centre)
    QTest.mousePress(pane, Qt.MouseButton.LeftButton, pos=centre)
    QTest.mouseMove(pane, centre + QPoint(40, 30))
    QTest.mouseRelease(pane, Qt.MouseButton.LeftButton, pos=centre + QPoint(40, 30))
    (item,) = step.presenter.measuring.items
    assert item.value == pytest.approx(50 * pane.geometry_now().view.mm_per_px, rel=0.02)
    assert session.orientation == before
    assert "Esc ends" in pane._hint(pane.geometry_now()), "said in panes of any width"
    QTest.mouseMove(pane, centre + QPoint(20, 15))
    qtbot.keyClick(pane, Qt.Key.Key_Delete)
    assert step.presenter.measuring.items == ()
    qtbot.keyClick(pane, Qt.Key.Key_Escape)
    assert step.presenter.measuring.tool is None
    session.undo.undo()
    assert step.presenter.measuring.items == (item,)
    step._inspector._measure.remove.click()
    assert step.presenter.measuring.items == ()


def test_each_click_of_an_angle_is_told(step: OrientStep) -> None:
    pane = step.slices[Plane.SAGITTAL]
    pane.setFocus()
    step.actions_by_id[Action.MEASURE_ANGLE]()
    for n, place in enumerate((QPoint(80, 60), QPoint(100, 120), QPoint(140, 100)), start=1):
        assert f"{n} of 3" in pane._hint(pane.geometry_now())
        QTest.mouseClick(pane, Qt.MouseButton.LeftButton, pos=place)
    (item,) = step.presenter.measuring.items
    assert item.in_degrees
    assert not pane.grab().isNull()


def test_values_stay_clear_of_the_scale_bar_and_of_one_another(step: OrientStep) -> None:
    geometry, size = step.slices[Plane.SAGITTAL].geometry_now(), QSizeF(50.0, 15.0)
    scale_bar = scale_bar_room(geometry, QFontMetricsF(step.font()))
    taken = [scale_bar]
    for _ in range(4):
        room = value_room(scale_bar.center(), size, geometry.size_px, taken)
        assert not any(room.intersects(other) for other in taken)
        assert QRectF(QPointF(), QSizeF(*geometry.size_px)).contains(room)
        taken.append(room)


def test_a_distance_and_an_angle_are_measured_by_keys_alone(step: OrientStep, session: Session) -> None:
    before = session.orientation
    pane = step.slices[Plane.AXIAL]
    pane.setFocus()
    geometry = pane.geometry_now()
    assert geometry is not None

    def keys(*pressed: Qt.Key) -> None:
        for key in pressed:
            far = key in (Qt.Key.Key_Right, Qt.Key.Key_Down)
            QTest.keyClick(pane, key, Qt.KeyboardModifier.ShiftModifier if far else Qt.KeyboardModifier.NoModifier)

    step.actions_by_id[Action.MEASURE_DISTANCE]()
    keys(Qt.Key.Key_Space, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Return)
    (distance,) = step.presenter.measuring.items
    assert distance.value == pytest.approx(19 * geometry.view.mm_per_px, rel=1e-6)
    step.actions_by_id[Action.MEASURE_ANGLE]()
    keys(Qt.Key.Key_Space, Qt.Key.Key_Right, Qt.Key.Key_Space, Qt.Key.Key_Down, Qt.Key.Key_Space)
    assert step.presenter.measuring.items[-1].value == pytest.approx(90.0, abs=1e-6)
    assert session.orientation == before
    keys(Qt.Key.Key_Escape, Qt.Key.Key_Up)
    assert session.orientation != before, "without a tool the arrows nudge again"


def test_with_a_tool_in_the_hand_a_double_click_measures_and_does_not_enlarge(step: OrientStep) -> None:
    pane = step.slices[Plane.AXIAL]
    step.presenter.measuring.take("distance")
    QTest.mouseDClick(pane, Qt.MouseButton.LeftButton, pos=QPoint(60, 60))
    assert step.enlarged is None


def test_middle_and_right_drags_work_as_always_while_a_tool_is_in_the_hand(step: OrientStep, session: Session) -> None:
    pane, window = step.slices[Plane.AXIAL], session.window
    step.presenter.measuring.take("angle")
    QTest.mousePress(pane, Qt.MouseButton.RightButton, pos=QPoint(60, 60))
    QTest.mouseMove(pane, QPoint(100, 60))
    QTest.mouseRelease(pane, Qt.MouseButton.RightButton, pos=QPoint(100, 60))
    assert session.window != window
    assert not pane.presenter.dragging


def test_panes_and_inspector_say_when_another_orientation_is_shown(step: OrientStep, session: Session) -> None:
    box, pane = step._inspector._compare, step.slices[Plane.AXIAL]
    assert not box.switch.isEnabled()
    step.actions_by_id[Action.REMEMBER_ORIENTATION]()
    session.set_orientation(session.orientation.turned_about(Plane.CORONAL, 2.0).moved(Plane.SAGITTAL, -3.0))
    assert (
        box.told.text() == "Yours against the remembered one:\nRoll +2.0° · Yaw 0.0° · Pitch 0.0°\nsagittal plane −3.0 mm · centre 3.0 mm"
    )
    step.actions_by_id[Action.COMPARE_ORIENTATION]()
    shown(pane)
    assert box.switch.isChecked()
    assert "Shown: the remembered one" in box.told.text()
    assert pane._overlay(pane.picture).note == "remembered"
    box.switch.click()
    assert session.orientation.roll_deg == pytest.approx(2.0)
    assert pane._overlay(pane.picture).note == ""


def test_pinching_zooms_about_the_fingers(step: OrientStep) -> None:
    pane = step.slices[Plane.SAGITTAL]
    at = QPointF(100, 80)
    before, place = pane.geometry_now(), pane.geometry_now().lps_at(100, 80)
    kind = Qt.NativeGestureType.ZoomNativeGesture
    pinch = QNativeGestureEvent(kind, QPointingDevice.primaryPointingDevice(), 2, at, at, pane.mapToGlobal(at), 0.25, QPointF())
    QApplication.sendEvent(pane, pinch)
    after = pane.geometry_now()
    assert after.view.mm_per_px == pytest.approx(before.view.mm_per_px / 1.25)
    assert after.lps_at(100, 80) == pytest.approx(place)


def test_presets_of_grey_values_follow_one_key_and_auto_leaves_padding_out(step: OrientStep, session: Session, qtbot: QtBot) -> None:
    seen = []
    for _ in range(4):
        before = session.window
        step.actions_by_id[Action.WINDOW_PRESET]()
        qtbot.waitUntil(lambda b=before: session.window != b)
        seen.append(session.window)
    auto = windowing.scan_window(session.scan.volume.array_kji)
    bone, soft = (Window(low=-500.0, high=1500.0), Window(low=-160.0, high=240.0))
    assert seen == [soft, auto, bone, soft]


def test_marks_and_comparison_of_the_open_scan_are_not_shown_for_another_case(step: OrientStep, session: Session) -> None:
    inspector = step._inspector
    step.presenter.tick(0, True)
    step.actions_by_id[Action.REMEMBER_ORIENTATION]()
    session.set_orientation(session.orientation.turned_about(Plane.AXIAL, 2.0))
    boxes = [box for _, box, _ in inspector._steps]
    before = [box.checkState() for box in boxes]
    assert Qt.CheckState.Checked in before
    told = inspector._compare.told.text()
    session.set_case("case-0145")
    assert {box.checkState() for box in boxes} == {Qt.CheckState.Unchecked}
    assert "Yours" not in inspector._compare.told.text() or inspector._compare.told.isHidden()
    assert not inspector._compare.switch.isEnabled()
    session.set_case(None)
    assert [box.checkState() for box in boxes] == before
    assert inspector._compare.told.text() == told


@pytest.mark.parametrize("width", [256, 284, 400])
def test_nothing_below_the_comparison_moves_while_the_head_is_turned(step: OrientStep, session: Session, qtbot: QtBot, width: int) -> None:
    inspector = step._inspector
    inspector.resize(width, 900)
    inspector.show()
    qtbot.waitExposed(inspector)
    slab, heights = inspector._slab, set()

    def look() -> None:
        QApplication.processEvents()
        heights.add(slab.mapTo(inspector, QPoint()).y())

    look()
    step.actions_by_id[Action.REMEMBER_ORIENTATION]()
    look()
    for _ in range(3):
        turned = session.orientation.turned_about(Plane.CORONAL, -4.2).turned_about(Plane.AXIAL, -4.2).moved(Plane.SAGITTAL, -3.0)
        session.set_orientation(turned)
        look()
    step.actions_by_id[Action.COMPARE_ORIENTATION]()
    look()
    assert len(heights) == 1
    inspector.hide()


def test_the_thickness_of_the_capture_keeps_off_the_capture_button(step: OrientStep, qtbot: QtBot) -> None:
    inspector = step._inspector
    inspector.resize(284, 700)
    inspector.show()
    qtbot.waitExposed(inspector)
    field, button = inspector._capture_slab.thickness, inspector.capture_button
    below = field.mapTo(inspector, field.rect().bottomLeft()).y()
    assert below + 6 <= button.mapTo(inspector, QPoint()).y()
    assert field.height() >= field.minimumSizeHint().height()
    inspector.hide()


def test_the_preset_in_force_is_highlighted_and_other_windows_are_named(
    step: OrientStep, session: Session, project: Project, qtbot: QtBot
) -> None:
    inspector = step._inspector

    def shown() -> tuple[list[str], str]:
        return [name for name, chip in inspector._presets.items() if chip.isChecked()], inspector._grey.text()

    inspector._presets["bone"].click()
    inspector._presets["bone"].click()
    assert shown() == (["bone"], "Grey values")
    inspector._presets["auto"].click()
    qtbot.waitUntil(lambda: shown()[0] == ["auto"])
    assert shown() == (["auto"], "Grey values")
    session.set_window(Window(low=-321.0, high=1214.0))
    assert shown() == ([], "Grey values: your own")
    done = capture_into(project, session.scan, session.orientation, session.window, None)
    session.scan_case_id = done.case_id
    session.set_case(done.case_id)
    session.set_capture(done.capture)
    assert shown() == ([], "Grey values: as captured")
    session.set_case("case-0002")
    assert shown() == ([], "Grey values"), "nothing of a scan that is not in front"


def test_a_slice_pane_is_zoomed_moved_and_windowed_by_keys(step: OrientStep, session: Session) -> None:
    pane = step.slices[Plane.AXIAL]
    pane.setFocus()
    do, before, other = step.actions_by_id, pane.geometry_now().view, step.slices[Plane.CORONAL].geometry_now().view
    do[Action.PANE_ZOOM_IN]()
    assert pane.geometry_now().view.mm_per_px == pytest.approx(before.mm_per_px / 1.2)
    do[Action.PANE_ZOOM_OUT]()
    assert pane.geometry_now().view.mm_per_px == pytest.approx(before.mm_per_px)
    start = pane.geometry_now()
    do[Action.PANE_RIGHT]()
    assert pane.geometry_now().xy_of(start.lps_at(*(side / 2 for side in start.size_px)))[0] < start.size_px[0] / 2 - 5
    do[Action.PANE_LEFT]()
    do[Action.PANE_UP]()
    do[Action.PANE_DOWN]()
    assert pane.geometry_now().view.focus_lps_mm == pytest.approx(start.view.focus_lps_mm)
    assert step.slices[Plane.CORONAL].geometry_now().view == other, "the pane with the keys only"
    window = session.window
    do[Action.MORE_CONTRAST]()
    assert session.window.high - session.window.low == pytest.approx((window.high - window.low) / 1.1)
    do[Action.LESS_CONTRAST]()
    do[Action.BRIGHTER]()
    assert session.window.high < window.high
    do[Action.DARKER]()
    assert (session.window.low, session.window.high) == (pytest.approx(window.low), pytest.approx(window.high))
    session.undo.undo()
    assert session.window == window, "presses in a row are one step of the history"
