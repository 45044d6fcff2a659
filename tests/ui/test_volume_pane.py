"""The volume pane with real events."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sos_studio.core.actions import Action
from sos_studio.imaging import raycast
from sos_studio.presenters.session import Session
from sos_studio.services.scans import OpenedScan
from sos_studio.ui.main_window import MainWindow
from sos_studio.ui.volume_pane import VolumePane


@pytest.fixture
def pane(window: MainWindow, session: Session, scan: OpenedScan, qtbot: QtBot) -> VolumePane:
    session.set_scan(scan)
    volume = window.orient.volume
    qtbot.waitUntil(lambda: volume.presenter.picture is not None and not volume.presenter.picture.coarse, timeout=60_000)
    return volume


def wheel(pane: VolumePane, at: QPoint, notches: int) -> None:
    turned = QWheelEvent(
        QPointF(at),
        pane.mapToGlobal(QPointF(at)),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(pane, turned)


def test_its_buttons_cut_the_head_open_and_change_the_side(pane: VolumePane, session: Session) -> None:
    assert not pane._flip.isVisible()
    QTest.mouseClick(pane._cut, Qt.MouseButton.LeftButton)
    assert session.settings.volume_cut == "right"
    assert pane._cut.isChecked()
    assert pane._flip.isVisible()
    QTest.mouseClick(pane._flip, Qt.MouseButton.LeftButton)
    assert session.settings.volume_cut == "left"
    QTest.mouseClick(pane._cut, Qt.MouseButton.LeftButton)
    assert session.settings.volume_cut == "off"
    assert not pane._flip.isVisible()


def test_a_skull_that_can_not_be_drawn_is_said_where_it_would_be(
    window: MainWindow, session: Session, scan: OpenedScan, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(raycast, "prepare", fail)
    session.set_scan(scan)
    pane = window.orient.volume
    qtbot.waitUntil(lambda: "can't be drawn" in pane.accessibleName(), timeout=20_000)
    assert window.messages.text == ""
    QApplication.processEvents()
    drawn = pane.grab().toImage()
    middle = {drawn.pixelColor(x, drawn.height() // 2 + dy).lightness() for x in range(40, drawn.width() - 40) for dy in range(-12, 12)}
    assert max(middle) > 120, "words stand in the middle"


def test_keys_cut_the_head_open_and_change_the_side(window: MainWindow, pane: VolumePane, session: Session) -> None:
    QTest.keyClick(window, Qt.Key.Key_K)
    assert session.settings.volume_cut == "right"
    assert pane._cut.isChecked()
    QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ShiftModifier)
    assert session.settings.volume_cut == "left"
    QTest.keyClick(window, Qt.Key.Key_K)
    assert session.settings.volume_cut == "off"


def test_the_buttons_lie_within_the_pane_beside_one_another(pane: VolumePane) -> None:
    QTest.mouseClick(pane._cut, Qt.MouseButton.LeftButton)
    cut, flip = pane._cut.geometry(), pane._flip.geometry()
    assert pane.rect().contains(cut)
    assert pane.rect().contains(flip)
    assert not cut.intersects(flip)
    for button, action in ((pane._cut, Action.CUT_HEAD), (pane._flip, Action.FLIP_CUT)):
        assert button.accessibleName()
        assert button.toolTip(), action


def test_middle_drag_moves_and_the_wheel_zooms_at_the_pointer(pane: VolumePane) -> None:
    middle = pane.rect().center()
    QTest.mousePress(pane, Qt.MouseButton.MiddleButton, pos=middle)
    QTest.mouseMove(pane, middle + QPoint(30, 10))
    QTest.mouseRelease(pane, Qt.MouseButton.MiddleButton, pos=middle + QPoint(30, 10))
    moved = pane.presenter.camera
    assert moved.focus_lps_mm is not None
    assert moved.azimuth_deg == pytest.approx(30.0)
    wheel(pane, middle + QPoint(60, 0), 2)
    assert pane.presenter.camera.zoom == pytest.approx(moved.zoom * 1.15**2)
    assert pane.presenter.camera.focus_lps_mm != moved.focus_lps_mm


def test_plus_and_minus_zoom_and_arrows_turn(pane: VolumePane) -> None:
    pane.setFocus()
    before = pane.presenter.camera
    QTest.keyClick(pane, Qt.Key.Key_Plus)
    assert pane.presenter.camera.zoom > before.zoom
    QTest.keyClick(pane, Qt.Key.Key_Minus)
    QTest.keyClick(pane, Qt.Key.Key_Minus)
    assert pane.presenter.camera.zoom < before.zoom
    QTest.keyClick(pane, Qt.Key.Key_Left)
    assert pane.presenter.camera.azimuth_deg == pytest.approx(before.azimuth_deg + 5.0)


def test_a_hidden_pane_is_not_drawn(window: MainWindow, pane: VolumePane, qtbot: QtBot) -> None:
    window.orient.enlarge(next(iter(window.orient.slices.values())))
    before = pane.presenter.picture
    pane.presenter.turn(40, 0)
    qtbot.wait(300)
    assert pane.presenter.picture is before
    window.orient.enlarge(next(iter(window.orient.slices.values())))
    qtbot.waitUntil(lambda: pane.presenter.picture is not before)
