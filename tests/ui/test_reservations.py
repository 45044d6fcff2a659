"""Reservations of the open scan stay in sight."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QScrollArea
from pytestqt.qtbot import QtBot

from sos_studio.core.scans import Problem
from sos_studio.presenters.session import Session
from sos_studio.services.scans import OpenedScan
from sos_studio.ui.main_window import MainWindow
from sos_studio.ui.reservations import Reservations

# Narrowest inspector, less its margins.
INSIDE = 256 - 2 * 12
NAME = "A_VERY_LONG_NAME_OF_A_FILE_" * 4


@pytest.fixture
def note(immediate_session: Session, qtbot: QtBot) -> Reservations:
    made = Reservations(immediate_session)
    qtbot.addWidget(made)
    return made


def with_problems(scan: OpenedScan, *problems: Problem) -> OpenedScan:
    return replace(scan, info=replace(scan.info, problems=problems))


def test_there_is_nothing_to_say_about_a_plain_scan(note: Reservations, immediate_session: Session, scan: OpenedScan) -> None:
    assert note.isHidden()
    immediate_session.set_scan(scan)
    assert note.isHidden()


def test_every_reservation_is_said_in_full_the_graver_first(note: Reservations, immediate_session: Session, scan: OpenedScan) -> None:
    copies = Problem("scan.copies_ignored", "info", {"files": 3})
    immediate_session.set_scan(with_problems(scan, copies, Problem("scan.lossy", "warning")))
    assert not note.isHidden()
    first, second = note.text.split("\n")
    assert (
        first == "⚠ The images were compressed with loss: fine detail may be missing. Staging can go on; use the original if there is one."
    )
    assert second.startswith("• 3 files are exact copies")
    assert note.property("severity") == "warning"


def test_they_go_with_the_scan_and_with_another_case_in_front(note: Reservations, immediate_session: Session, scan: OpenedScan) -> None:
    immediate_session.set_scan(with_problems(scan, Problem("scan.lossy", "warning")))
    immediate_session.set_case("case-0009")
    assert note.isHidden()
    immediate_session.set_case(None)
    assert not note.isHidden()
    immediate_session.set_scan(None)
    assert note.isHidden()


def test_a_long_name_does_not_widen_the_inspector(note: Reservations, immediate_session: Session, scan: OpenedScan) -> None:
    for name in (NAME, "W" * 120):
        immediate_session.set_scan(with_problems(scan, Problem("scan.unreadable_file", "warning", {"file": name})))
        assert note.minimumSizeHint().width() <= INSIDE
        assert name in note.text


def test_with_many_remarks_the_button_below_them_is_as_wide_as_they_are(window: MainWindow, session: Session, scan: OpenedScan) -> None:
    window.resize(1366, 600)
    window.resizeDocks([window.inspector_dock], [300], Qt.Orientation.Horizontal)
    codes = ("scan.few_slices", "scan.thick_slices", "scan.lossy")
    problems = tuple(Problem(code, "warning", {"slices": 4, "step_mm": 5.0}) for code in codes)
    session.set_scan(replace(scan, info=replace(scan.info, problems=problems * 3)))
    for _ in range(3):
        QApplication.processEvents()
    inspector = window.orient.inspector()
    (area,) = [each for each in inspector.findChildren(QScrollArea) if each.isVisible()]
    assert area.verticalScrollBar().isVisible()
    box, button = inspector.findChild(Reservations), inspector.capture_button
    left, right = (box.mapTo(inspector, QPoint(x, 0)).x() for x in (0, box.width()))
    assert (button.mapTo(inspector, QPoint(0, 0)).x(), button.mapTo(inspector, QPoint(button.width(), 0)).x()) == (left, right)
