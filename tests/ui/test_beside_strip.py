"""The strip of slices beside the plane, with real events, in Crop and in Stage."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from sos_studio.core.actions import Action
from sos_studio.core.captures import Window
from sos_studio.core.geometry import Orientation
from sos_studio.core.roi import Roi
from sos_studio.core.settings import Settings
from sos_studio.dataset.project import Project
from sos_studio.presenters.case_files import capture_into
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.session import Session
from sos_studio.services import staging
from sos_studio.services.scans import OpenedScan
from sos_studio.ui.crop_step import CropStep
from sos_studio.ui.stage_step import StageStep

ROI = Roi.from_ends((200, 150), (260, 190))


@pytest.fixture
def session(project: Project, scan: OpenedScan) -> Iterator[Session]:
    made = Session(ImmediateBackground(), Settings(evaluator="Dr Test"))
    made.set_project(project)
    head = Orientation(scan.volume.center_lps_mm, 3.0, 2.0, 0.0)
    done = capture_into(project, scan, head, Window(low=-500.0, high=1500.0), None)
    made.set_case(done.case_id)
    made.set_scan(scan)
    made.set_capture(done.capture)
    return made


@pytest.fixture
def crop(session: Session, qtbot) -> CropStep:
    return shown(CropStep(session), qtbot)


@pytest.fixture
def stage(session: Session, qtbot) -> StageStep:
    session.set_roi(ROI)
    return shown(StageStep(session), qtbot)


def shown(step, qtbot):
    qtbot.addWidget(step)
    qtbot.addWidget(step.inspector())
    step.resize(1000, 720)
    step.show()
    qtbot.waitExposed(step)
    QApplication.processEvents()
    return step


def click(step, index: int) -> None:
    tiles = step.beside.tiles
    QTest.mouseClick(tiles, Qt.MouseButton.LeftButton, pos=tiles.tile_rect(index).center().toPoint())


def wheel(widget, at: QPointF, delta: int) -> None:
    none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    QApplication.sendEvent(widget, QWheelEvent(at, widget.mapToGlobal(at), QPoint(), QPoint(0, delta), *none, False))


def test_a_click_on_a_tile_shows_it_large_with_the_frame_in_place_and_esc_goes_back(crop: CropStep, session: Session) -> None:
    session.set_roi(ROI)
    crop.view.viewport.zoom(2.0)
    scale = crop.view.viewport.scale
    click(crop, 8)
    assert np.array_equal(crop.view._pixels, session.beside.beside.slices8[8])
    assert crop.view.viewport.scale == scale, "zoom and place stay"
    assert "2.0 mm to the patient's left" in crop.beside._title.text()
    QTest.keyClick(crop.view, Qt.Key.Key_Escape)
    assert np.array_equal(crop.view._pixels, session.capture.full8)
    assert "patient's" not in crop.beside._title.text()


def test_keys_step_through_and_the_places_of_other_planes_are_not_told(crop: CropStep, session: Session) -> None:
    pixel = (220.0, 160.0)
    assert crop.beside.position(pixel) is not None
    crop.actions_by_id[Action.BESIDE_RIGHT]()
    assert session.beside.offset_mm == -0.5
    assert crop.beside.position(pixel) is None
    crop.actions_by_id[Action.BESIDE_LEFT]()
    assert not session.beside.looks_aside


def test_all_tiles_look_at_the_frame_and_zoom_and_move_together(crop: CropStep, session: Session) -> None:
    session.set_roi(ROI)
    tiles = crop.beside.tiles
    for n in range(9):
        assert tiles.tile_from_uv(n).map(QPointF(*ROI.center_uv)) == tiles.tile_rect(n).center()
    off = QPointF(20, 10)
    before = [tiles.tile_from_uv(n).inverted()[0].map(tiles.tile_rect(n).center() + off) for n in range(9)]
    wheel(tiles, tiles.tile_rect(0).center() + off, 240)
    after = [tiles.tile_from_uv(n).inverted()[0].map(tiles.tile_rect(n).center() + off) for n in range(9)]
    for a, b in zip(before, after, strict=True):
        assert (b.x(), b.y()) == pytest.approx((a.x(), a.y())), "the same place stays under the pointer in all"
    center, scale = tiles.view
    start = tiles.tile_rect(1).center().toPoint()
    QTest.mousePress(tiles, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(tiles, start + QPoint(30, 0))
    QTest.mouseRelease(tiles, Qt.MouseButton.LeftButton, pos=start + QPoint(30, 0))
    assert tiles.view[0].x() == pytest.approx(center.x() - 30 / scale)
    assert not session.beside.looks_aside, "a drag chooses nothing"


def test_without_a_frame_they_show_single_pixels_where_the_planes_crossed(crop: CropStep, session: Session) -> None:
    tiles = crop.beside.tiles
    assert tiles.view[1] == 1.0
    center = tiles.tile_from_uv(4).inverted()[0].map(tiles.tile_rect(4).center())
    lps = np.array(session.capture.record.lps_from_uv) @ [center.x(), center.y(), 0, 1]
    assert lps[:3] == pytest.approx(session.capture.record.orientation.center_lps_mm, abs=0.01)


def test_a_face_to_the_left_is_mirrored_in_the_tiles_too(crop: CropStep, session: Session) -> None:
    session.set_roi(ROI)
    right = crop.beside.tiles.tile_from_uv(4).map(QPointF(ROI.center_uv[0] + 10, ROI.center_uv[1]))
    session.settings.facing = "left"
    session.settings_changed.emit(session.settings)
    left = crop.beside.tiles.tile_from_uv(4).map(QPointF(ROI.center_uv[0] + 10, ROI.center_uv[1]))
    middle = crop.beside.tiles.tile_rect(4).center().x()
    assert right.x() > middle > left.x()


def test_stage_shows_upright_crops_and_the_chosen_one_large(stage: StageStep, session: Session) -> None:
    tiles = stage.beside.tiles
    corners = [tiles.tile_from_uv(4).map(QPointF(*uv)) for uv in ROI.corners_uv]
    assert corners[0].y() == pytest.approx(corners[1].y(), abs=0.6), "upright"
    click(stage, 2)
    expected = staging.crop_preview(session.beside.beside.slices8[2], ROI)
    assert np.array_equal(stage.crop_view._pixels, expected)
    QTest.keyClick(stage.crop_view, Qt.Key.Key_Escape)
    assert np.array_equal(stage.crop_view._pixels, staging.crop_preview(session.capture.full8, ROI))


def test_it_takes_no_room_without_slices_and_can_be_put_away(crop: CropStep, session: Session) -> None:
    assert crop.beside.isVisible()
    crop.actions_by_id[Action.BESIDE_STRIP]()
    assert not crop.beside.isVisible()
    crop.actions_by_id[Action.BESIDE_STRIP]()
    assert crop.beside.isVisible()
    session.set_capture(None)
    assert not crop.beside.isVisible()
    assert Action.BESIDE_STRIP not in crop.actions_by_id


def test_the_captured_slice_stands_in_the_middle(crop: CropStep) -> None:
    strip = crop.beside
    bar, view = strip._area.horizontalScrollBar(), strip._area.viewport()
    assert bar.maximum() > 0
    middle = strip.tiles.tile_rect(strip._presenter.beside.middle).center().x() - bar.value()
    assert middle == pytest.approx(view.width() / 2, abs=2)


def test_putting_the_strip_away_brings_the_captured_plane_back(crop: CropStep, session: Session) -> None:
    click(crop, 6)
    assert session.beside.looks_aside
    crop.actions_by_id[Action.BESIDE_STRIP]()
    assert not crop.beside.isVisible()
    assert not session.beside.looks_aside
    assert np.array_equal(crop.view._pixels, session.capture.full8)


def test_looking_aside_shows_the_strip_that_tells_so(stage: StageStep, session: Session) -> None:
    stage.actions_by_id[Action.BESIDE_STRIP]()
    assert not stage.beside.isVisible()
    stage.actions_by_id[Action.BESIDE_LEFT]()
    assert stage.beside.isVisible()
    assert session.beside.looks_aside
    assert stage.beside._title.text().startswith("⚠")
