"""Back and forth between one's own orientation and another one, and what the difference is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sos_studio.core.captures import Window
from sos_studio.core.geometry import Orientation, Plane
from sos_studio.core.settings import Settings
from sos_studio.presenters.case_files import capture_into
from sos_studio.presenters.comparing import Comparing, Difference
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.session import Session
from tests.presenters.kit import make_project
from tests.presenters.scans import make_scan

SCAN = make_scan()
CAPTURED = Orientation(SCAN.volume.center_lps_mm, 3.0, -2.0, 5.0)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    made = Session(ImmediateBackground(), Settings(evaluator="Dr Test"))
    with make_project(tmp_path / "p", count=1) as project:
        made.set_project(project)
        made.set_scan(SCAN, CAPTURED)
        yield made


@pytest.fixture
def comparing(session: Session) -> Comparing:
    made = Comparing(session)
    session.set_capture(capture_into(session.project, SCAN, CAPTURED, Window(low=-500.0, high=1500.0), None).capture)
    return made


def test_differences_are_told_in_degrees_and_millimetres(comparing: Comparing, session: Session) -> None:
    moved = CAPTURED.moved(Plane.SAGITTAL, 1.5).moved(Plane.AXIAL, 2.0)
    session.set_orientation(replace(moved, roll_deg=3.4, pitch_deg=2.0))
    difference = comparing.difference
    assert (difference.roll_deg, difference.yaw_deg, difference.pitch_deg) == pytest.approx((0.4, 0.0, -3.0))
    assert (difference.plane_mm, difference.centre_mm) == pytest.approx((1.5, 2.5))


def test_angles_differ_by_the_shorter_way_round() -> None:
    assert Difference.between(Orientation(roll_deg=179.0), Orientation(roll_deg=-179.0)).roll_deg == pytest.approx(-2.0)


def test_one_key_switches_back_and_forth(comparing: Comparing, session: Session) -> None:
    mine = CAPTURED.turned_about(Plane.CORONAL, 4.0)
    session.set_orientation(mine)
    told = comparing.difference
    for _ in range(3):
        comparing.switch()
        assert (session.orientation, comparing.shows_other) == (CAPTURED, True)
        assert comparing.difference == told, "mine against the other, whichever is shown"
        comparing.switch()
        assert (session.orientation, comparing.shows_other) == (mine, False)
    session.undo.undo()
    assert session.orientation == mine, "however often it was switched, it is one step of the history"


def test_undo_brings_mine_back_too(comparing: Comparing, session: Session) -> None:
    mine = CAPTURED.turned_about(Plane.AXIAL, 4.0)
    session.set_orientation(mine)
    comparing.switch()
    session.undo.undo()
    assert (session.orientation, comparing.shows_other) == (mine, False)


def test_going_on_from_the_other_makes_it_mine(comparing: Comparing, session: Session) -> None:
    session.set_orientation(CAPTURED.turned_about(Plane.AXIAL, 4.0))
    comparing.switch()
    turned = CAPTURED.turned_about(Plane.CORONAL, 1.0)
    session.set_orientation(turned)
    assert not comparing.shows_other
    comparing.switch()
    comparing.switch()
    assert session.orientation == turned


def test_the_newer_of_capture_and_remembered_is_compared_with(comparing: Comparing, session: Session) -> None:
    assert comparing.source == "capture"
    remembered = CAPTURED.turned_about(Plane.SAGITTAL, 9.0)
    session.set_orientation(remembered)
    comparing.remember()
    assert (comparing.source, comparing.other) == ("remembered", remembered)
    again = CAPTURED.turned_about(Plane.CORONAL, 2.0)
    session.set_capture(capture_into(session.project, SCAN, again, session.window, session.case_id).capture)
    assert comparing.source == "capture"
    assert comparing.other.roll_deg == pytest.approx(again.roll_deg)


def test_nothing_to_compare_with_does_nothing(session: Session) -> None:
    comparing = Comparing(session)
    comparing.switch()
    assert (session.orientation, comparing.difference) == (CAPTURED, None)


def test_another_scan_starts_afresh_and_a_capture_of_another_series_is_no_match(comparing: Comparing, session: Session) -> None:
    comparing.remember()
    session.set_scan(make_scan(seed=5))
    assert (comparing.source, comparing.other, comparing.shows_other) == (None, None, False)


def test_a_case_without_the_open_scan_is_compared_with_nothing(comparing: Comparing, session: Session) -> None:
    comparing.remember()
    session.set_orientation(session.orientation.turned_about(Plane.CORONAL, 2.0))
    mine, told = session.orientation, []
    comparing.changed.connect(lambda: told.append(comparing.difference))
    session.set_case("case-0145")
    assert told[-1] is None
    comparing.switch()
    assert session.orientation == mine
    session.set_case(None)
    assert told[-1] is not None
