"""The journey from a captured case to its stage in the real window, by keys as the system delivers them."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from sos_studio.core.readings import standing
from sos_studio.dataset import captures, readings
from sos_studio.dataset.project import Project
from sos_studio.ui.main_window import MainWindow

NONE, SHIFT, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def press(window: MainWindow, key: Qt.Key, modifier: Qt.KeyboardModifier = NONE, times: int = 1) -> None:
    """Through the shortcuts of the window, then to whoever has the keys."""
    handle = window.windowHandle()
    assert handle is not None
    for _ in range(times):
        QTest.keyClick(handle, key, modifier)  # type: ignore[call-overload]


def test_open_a_capture_frame_it_and_stage_it(window: MainWindow, project: Project, qtbot: QtBot) -> None:
    session = window.session
    session.set_project(project)
    qtbot.waitUntil(lambda: len(window.cases.everything) == 2)
    window.activateWindow()
    press(window, Qt.Key.Key_F, CTRL)
    qtbot.waitUntil(window.cases_dock.search.hasFocus)
    press(window, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: session.capture is not None)
    case_id, capture = session.case_id, session.capture
    assert case_id is not None
    assert capture is not None

    press(window, Qt.Key.Key_2, CTRL)
    assert window.crop.view.hasFocus()
    press(window, Qt.Key.Key_Space)
    press(window, Qt.Key.Key_Left, SHIFT, 2)
    press(window, Qt.Key.Key_Up, SHIFT, 2)
    press(window, Qt.Key.Key_Space)
    press(window, Qt.Key.Key_Right, SHIFT, 4)
    press(window, Qt.Key.Key_Down, SHIFT, 3)
    press(window, Qt.Key.Key_Down, NONE, 5)
    press(window, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.crop.presenter.state.saving == "saved")
    ends = window.crop.presenter.state.ends
    assert ends is not None
    assert (ends.endocranial_uv, ends.ectocranial_uv) == ((179.5, 129.5), (219.5, 164.5))
    assert captures.rois(project, capture.capture_id) == {1: session.roi}

    press(window, Qt.Key.Key_3, CTRL)
    press(window, Qt.Key.Key_4)
    qtbot.waitUntil(lambda: window.stage.presenter.state.phase == "saved")
    assert [reading.stage for reading in standing(readings.readings(project, case_id))] == [4]


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_each_of_the_keys_sets_an_end(window: MainWindow, project: Project, qtbot: QtBot, key: Qt.Key) -> None:
    window.session.set_project(project)
    qtbot.waitUntil(lambda: len(window.cases.everything) == 2)
    window.cases.open_case("case-0001")
    qtbot.waitUntil(lambda: window.session.capture is not None)
    window.show_step("crop")
    press(window, Qt.Key.Key_Left)
    press(window, key)
    assert window.crop.presenter.state.first_uv == (198.5, 149.5)


def test_the_key_of_the_step_in_front_gives_it_the_keys_that_the_list_had(window: MainWindow, project: Project, qtbot: QtBot) -> None:
    window.session.set_project(project)
    qtbot.waitUntil(lambda: len(window.cases.everything) == 2)
    window.cases.open_case("case-0001")
    qtbot.waitUntil(lambda: window.session.capture is not None)
    window.show_step("crop")
    window.cases_dock.search.setFocus()
    press(window, Qt.Key.Key_2, CTRL)
    assert window.crop.view.hasFocus()
