"""Scrolling a form with the wheel changes nothing that stands in it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QFileDialog, QSlider, QWidget
from pytestqt.qtbot import QtBot

from sos_studio.dataset.project import Project
from sos_studio.services.scans import OpenedScan
from sos_studio.ui.choice_box import ChoiceBox, CountBox
from sos_studio.ui.main_window import MainWindow
from tests.ui.everything import open_all, surfaces


def turn(widget: QWidget, notches: int) -> bool:
    """Whether the widget kept the wheel's event for itself."""
    at = QPointF(widget.rect().center())
    event = QWheelEvent(
        *(at, widget.mapToGlobal(at), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton),
        *(Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False),
    )
    event.ignore()
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def value(widget: QWidget) -> object:
    if isinstance(widget, QComboBox):
        return widget.currentIndex(), widget.currentText()
    return widget.text() if isinstance(widget, QAbstractSpinBox) else widget.property("value")


def turned(surface: QWidget) -> list[str]:
    """What the wheel changes though nobody is at it."""
    changed = []
    boxes = [box for kind in (QComboBox, QAbstractSpinBox, QSlider) for box in surface.findChildren(kind)]
    for box in boxes:
        if box.hasFocus() or not box.isEnabled():
            continue
        before = value(box)
        turn(box, 1)
        turn(box, -2)
        if value(box) != before or box.hasFocus() or box.focusPolicy() == Qt.FocusPolicy.WheelFocus:
            changed.append(f"{type(box).__name__} {box.accessibleName()}")
    return changed


def test_no_choice_in_the_whole_program_changes_because_somebody_scrolls_over_it(
    window: MainWindow, project: Project, scan: OpenedScan, qtbot: QtBot
) -> None:
    open_all(window, project, scan, qtbot)
    found = {name: boxes for name, surface in surfaces(window, qtbot) if not isinstance(surface, QFileDialog) if (boxes := turned(surface))}
    assert found == {}


@pytest.mark.parametrize("focused", [False, True])
def test_the_wheel_goes_through_a_list_even_where_it_has_the_keys(qtbot: QtBot, focused: bool) -> None:
    box = ChoiceBox()
    qtbot.addWidget(box)
    box.addItems(["a", "b", "c"])
    box.show()
    if focused:
        box.setFocus()
        qtbot.waitUntil(box.hasFocus)
    assert not turn(box, -1)
    assert box.currentText() == "a"


def test_a_number_is_turned_only_while_it_has_the_keys(qtbot: QtBot) -> None:
    box = CountBox()
    qtbot.addWidget(box)
    box.show()
    box.clearFocus()
    turn(box, 1)
    assert box.value() == 0
    box.setFocus()
    qtbot.waitUntil(box.hasFocus)
    turn(box, 1)
    assert box.value() == 1


def test_a_choice_that_is_too_long_for_the_closed_box_ends_in_dots(qtbot: QtBot) -> None:
    long, short = ChoiceBox(), ChoiceBox()
    for box in (long, short):
        qtbot.addWidget(box)
        box.resize(120, 28)
    long.addItem("Student (2026-11-21 13:12, 151 cases), in use")
    painted = long.grab().toImage()
    alike = []
    for n in range(4, 20):
        short.clear()
        short.addItem(long.itemText(0)[:n] + "…")
        alike.append(short.grab().toImage() == painted)
    assert any(alike)
