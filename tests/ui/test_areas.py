"""F6 goes round the window, and docks come and go by a key."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from sos_studio.core.actions import Action
from sos_studio.dataset.project import Project
from sos_studio.services.scans import OpenedScan
from sos_studio.ui.areas import stops
from sos_studio.ui.main_window import MainWindow
from tests.ui.everything import STEPS, open_all


def area_with_keys(window: MainWindow) -> QWidget | None:
    focused = QApplication.focusWidget()
    areas = (window.cases_dock, window.step, window.inspector_dock, window.training_dock, window.messages, window.status)
    return next((area for area in areas if focused is not None and (area is focused or area.isAncestorOf(focused))), None)


def activate(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)


def test_f6_goes_round_cases_step_and_inspector_and_back(window: MainWindow, scan: OpenedScan, qtbot: QtBot) -> None:
    activate(window, qtbot)
    window.session.set_scan(scan)
    window.cases_dock.search.setEnabled(True)
    window.cases_dock.search.setFocus()
    seen = []
    for _ in range(3):
        qtbot.keyClick(window, Qt.Key.Key_F6)
        seen.append(area_with_keys(window))
    assert seen == [window.step, window.inspector_dock, window.cases_dock]
    qtbot.keyClick(window, Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    assert area_with_keys(window) is window.inspector_dock


def test_f6_comes_back_to_where_an_area_was_left(window: MainWindow, qtbot: QtBot) -> None:
    activate(window, qtbot)
    last = list(stops(window.step))[-1]
    last.setFocus()
    for _ in range(8):
        qtbot.keyClick(window, Qt.Key.Key_F6)
        if area_with_keys(window) is window.step:
            break
    assert QApplication.focusWidget() is last


def test_docks_come_and_go_by_a_key_and_the_menu_tells(window: MainWindow, qtbot: QtBot) -> None:
    activate(window, qtbot)
    docks = (
        (Action.CASES_PANEL, Qt.Key.Key_F7, window.cases_dock),
        (Action.INSPECTOR_PANEL, Qt.Key.Key_F8, window.inspector_dock),
        (Action.TRAINING_PANEL, Qt.Key.Key_F9, window.training_dock),
    )
    for action, key, dock in docks:
        before = dock.isVisible()
        assert window.keymap[action].isChecked() == before
        for shown in (not before, before):
            qtbot.keyClick(window, key)
            assert dock.isVisible() == shown
            assert window.keymap[action].isChecked() == shown


def test_a_key_finds_a_case_even_when_the_list_is_hidden(window: MainWindow, qtbot: QtBot) -> None:
    activate(window, qtbot)
    window.cases_dock.search.setEnabled(True)
    window.cases_dock.hide()
    qtbot.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert window.cases_dock.isVisible()
    assert window.cases_dock.search.hasFocus()


def test_f6_leaves_out_an_area_where_nothing_can_be_done(window: MainWindow, qtbot: QtBot) -> None:
    activate(window, qtbot)
    assert not list(stops(window.inspector_dock))
    window.cases_dock.search.setEnabled(True)
    window.cases_dock.search.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_F6)
    assert area_with_keys(window) is window.step
    qtbot.keyClick(window, Qt.Key.Key_F6)
    assert area_with_keys(window) is window.cases_dock


def test_tab_reaches_every_control_of_every_step(window: MainWindow, scan: OpenedScan, qtbot: QtBot) -> None:
    activate(window, qtbot)
    window.session.set_scan(scan)
    for n in range(4):
        window.tabs.setCurrentIndex(n)
        wanted = {*stops(window.step), *stops(window.inspector_dock), *stops(window.cases_dock)}
        reached: set[QWidget] = set()
        for _ in range(200):
            qtbot.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Tab)
            focused = QApplication.focusWidget()
            if focused is None or (focused in reached and wanted <= reached):
                break
            reached.add(focused)
        assert wanted <= reached, [widget.objectName() or widget.accessibleName() for widget in wanted - reached]


def looks(widget: QWidget, qtbot: QtBot) -> QImage:
    qtbot.wait(5)
    return widget.grab().toImage()


def test_everywhere_it_is_seen_who_has_the_keys(window: MainWindow, project: Project, scan: OpenedScan, qtbot: QtBot) -> None:
    open_all(window, project, scan, qtbot)
    activate(window, qtbot)
    unseen, seen = [], 0
    for step in STEPS:
        window.show_step(step)
        qtbot.wait(50)
        everywhere = [*stops(window.cases_dock), *stops(window.tabs), *stops(window.inspector_dock), *stops(window.training_dock)]
        for widget in everywhere:
            window.setFocus()
            without = looks(widget, qtbot)
            widget.setFocus(Qt.FocusReason.TabFocusReason)
            if not widget.hasFocus():
                continue
            seen += 1
            if looks(widget, qtbot) == without:
                unseen.append(f"{step}: {type(widget).__name__} {widget.objectName() or widget.accessibleName()}")
    assert unseen == []
    assert seen > 60
