"""The staging loop in the real window with real keys: few presses, no mouse; excluding and blinded reading by keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from sos_studio.core.actions import Action
from sos_studio.core.readings import standing
from sos_studio.core.roi import Roi
from sos_studio.dataset import cases, readings
from sos_studio.dataset.project import Project
from sos_studio.services import staging
from sos_studio.services.listed_cases import listed_cases
from sos_studio.ui.exclusion import ExclusionDialog
from sos_studio.ui.main_window import MainWindow
from tests.presenters.kit import make_project

CASES = 20


@pytest.fixture
def prepared(tmp_path: Path) -> Iterator[Project]:
    """Twenty captured and cropped cases."""
    with make_project(tmp_path / "p", CASES) as made:
        for n, case in enumerate(listed_cases(made)):
            assert case.capture_id is not None
            staging.store_roi(made, case.capture_id, Roi.of((180.0 + n, 150.0), 30.0, 90.0))
        yield made


@pytest.fixture
def at_first(window: MainWindow, prepared: Project, qtbot: QtBot) -> MainWindow:
    """In Stage, at the first case."""
    window.session.set_project(prepared)
    qtbot.waitUntil(lambda: len(window.cases.everything) == CASES)
    window.cases.open_case(window.cases.rows[0].case_id)
    qtbot.waitUntil(lambda: window.session.roi is not None)
    window.show_step("stage")
    qtbot.waitUntil(lambda: window.stage.crop_view.value_at((0.0, 0.0)) is not None)
    return window


def press(window: MainWindow, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """A key as the system delivers it: through the shortcuts of the window."""
    handle = window.windowHandle()
    assert handle is not None
    QTest.keyClick(handle, key, modifier)  # type: ignore[call-overload]


def test_twenty_cases_take_two_keys_each_and_no_mouse(at_first: MainWindow, prepared: Project, qtbot: QtBot) -> None:
    session = at_first.session
    presses = 0
    for n in range(CASES):
        case_id = session.case_id
        press(at_first, [Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4, Qt.Key.Key_5][n % 5])
        qtbot.waitUntil(lambda: at_first.stage.presenter.state.phase == "saved")
        press(at_first, Qt.Key.Key_N)
        presses += 2
        if n < CASES - 1:
            qtbot.waitUntil(lambda before=case_id: session.case_id != before and session.roi is not None)
    made = [row for case in listed_cases(prepared) for row in standing(readings.readings(prepared, case.case_id))]
    assert len(made) == CASES
    assert {reading.shown for reading in made} == {"crop_and_full_image"}
    assert presses <= 3 * CASES


def test_the_next_case_s_crop_is_made_before_the_key(at_first: MainWindow, qtbot: QtBot) -> None:
    session = at_first.session
    qtbot.waitUntil(lambda: at_first.cases._next is not None)
    press(at_first, Qt.Key.Key_N)
    # No event loop has run since: the crop can only have been there.
    assert session.roi is not None
    assert at_first.stage.crop_view.value_at((0.0, 0.0)) is not None


def test_a_case_is_excluded_and_taken_in_again_by_keys(at_first: MainWindow, prepared: Project, qtbot: QtBot) -> None:
    case_id = at_first.session.case_id
    assert case_id is not None
    press(at_first, Qt.Key.Key_X)
    dialog = at_first.findChild(ExclusionDialog)
    assert isinstance(dialog, ExclusionDialog)
    assert not dialog.ok.isEnabled()
    QTest.keyClick(dialog, Qt.Key.Key_3)
    assert dialog.reason == "metal"
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: cases.case(prepared, case_id).excluded)
    qtbot.waitUntil(lambda: "metal" in at_first.stage.exclusion.words.text())
    at_first.activateWindow()
    qtbot.waitUntil(at_first.isActiveWindow)
    press(at_first, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not cases.case(prepared, case_id).excluded
    qtbot.waitUntil(lambda: not at_first.stage.exclusion.words.isVisible())


def test_blinded_the_window_shows_numbers_and_keeps_predict_closed_until_the_own_reading(at_first: MainWindow, qtbot: QtBot) -> None:
    case_id = at_first.session.case_id
    press(at_first, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    assert at_first.session.blinding.on
    assert at_first.keymap[Action.BLINDED].isChecked()
    signs = [label for label in at_first.findChildren(object) if type(label).__name__ == "BlindedSign"]
    assert [sign.isVisible() for sign in signs] == [True, True]
    assert case_id not in at_first.windowTitle()
    names = [at_first.cases_dock.model.index(n).data() for n in range(CASES)]
    assert not any(name.startswith("case-") for name in names)
    press(at_first, Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
    assert at_first.step is at_first.stage
    press(at_first, Qt.Key.Key_2)
    qtbot.waitUntil(lambda: at_first.stage.presenter.state.phase == "saved")
    press(at_first, Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
    assert at_first.step is at_first.predict
    press(at_first, Qt.Key.Key_N)
    qtbot.waitUntil(lambda: at_first.session.case_id != case_id and at_first.step is at_first.stage)
