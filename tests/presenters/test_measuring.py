"""Distances and angles: right in millimetres and degrees, drawn by drag or clicks, undone, and gone with the scan."""

from __future__ import annotations

import math

import pytest

from sos_studio.core.geometry import Orientation, Plane
from sos_studio.core.settings import Settings
from sos_studio.core.slabs import Slab
from sos_studio.presenters.measuring import Measurement, Measuring
from sos_studio.presenters.pane_geometry import PaneGeometry, PaneView
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.session import Session
from tests.presenters.scans import make_scan

MM_PER_PX = 0.25


@pytest.fixture
def session() -> Session:
    made = Session(ImmediateBackground(), Settings())
    scan = make_scan()
    made.set_scan(scan, Orientation(scan.volume.center_lps_mm, 8.0, -5.0, 12.0))
    return made


@pytest.fixture
def measuring(session: Session) -> Measuring:
    return Measuring(session)


def pane(session: Session, plane: Plane = Plane.SAGITTAL) -> PaneGeometry:
    head = session.orientation
    return PaneGeometry(plane, head, PaneView(head.center_lps_mm, MM_PER_PX), "right", (400, 300))


def drag(measuring: Measuring, geometry: PaneGeometry, start: tuple[float, float], end: tuple[float, float]) -> None:
    measuring.press(geometry, *start)
    measuring.move(geometry, *end)
    measuring.release(geometry, *end)


def click(measuring: Measuring, geometry: PaneGeometry, at: tuple[float, float]) -> None:
    measuring.press(geometry, *at)
    measuring.release(geometry, *at)


@pytest.mark.parametrize("plane", list(Plane))
def test_a_drag_measures_patient_millimetres_live(session: Session, measuring: Measuring, plane: Plane) -> None:
    geometry = pane(session, plane)
    measuring.take("distance")
    measuring.press(geometry, 100, 100)
    measuring.move(geometry, 130, 140)
    assert measuring.draft.value == pytest.approx(50 * MM_PER_PX)
    measuring.move(geometry, 160, 180)
    measuring.release(geometry, 160, 180)
    (item,) = measuring.items
    assert item.value == pytest.approx(100 * MM_PER_PX)
    assert measuring.draft is None
    assert measuring.tool == "distance", "the next one can be drawn at once"


def test_two_clicks_do_as_well_as_a_drag(session: Session, measuring: Measuring) -> None:
    geometry = pane(session)
    measuring.take("distance")
    click(measuring, geometry, (50, 50))
    measuring.move(geometry, 90, 80)
    assert measuring.draft.value == pytest.approx(50 * MM_PER_PX)
    click(measuring, geometry, (90, 80))
    assert [item.value for item in measuring.items] == [pytest.approx(50 * MM_PER_PX)]


def arms(degrees: float) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float]]:
    """End of an arm, apex, end of the other arm."""
    x, y, arm = 200.0, 150.0, 80.0
    return (x + arm, y), (x, y), (x + arm * math.cos(math.radians(degrees)), y + arm * math.sin(math.radians(degrees)))


@pytest.mark.parametrize("degrees", [0.0, 37.5, 90.0, 179.9])
def test_an_angle_is_three_clicks_with_the_apex_second(session: Session, measuring: Measuring, degrees: float) -> None:
    geometry = pane(session, Plane.CORONAL)
    measuring.take("angle")
    first, apex, second = arms(degrees)
    click(measuring, geometry, first)
    measuring.move(geometry, *apex)
    assert measuring.draft.value == pytest.approx(80.0 * MM_PER_PX), "the length of the arm, until there is an angle"
    click(measuring, geometry, apex)
    assert measuring.items == ()
    measuring.move(geometry, *second)
    assert measuring.draft.value == pytest.approx(degrees, abs=1e-6), "live"
    click(measuring, geometry, second)
    (item,) = measuring.items
    assert item.in_degrees
    assert item.value == pytest.approx(degrees, abs=1e-6)


def test_an_angle_is_one_drag_to_the_apex_and_one_click(session: Session, measuring: Measuring) -> None:
    geometry = pane(session)
    measuring.take("angle")
    first, apex, second = arms(37.5)
    drag(measuring, geometry, first, apex)
    assert measuring.items == ()
    click(measuring, geometry, second)
    assert [item.value for item in measuring.items] == [pytest.approx(37.5)]
    assert measuring.under(geometry, (first[0] + apex[0]) / 2, apex[1]) is measuring.items[0]
    assert measuring.under(geometry, (first[0] + second[0]) / 2 + 12.0, (first[1] + second[1]) / 2) is None, (
        "between the ends there is no line"
    )


def test_a_double_click_makes_no_arm_without_a_length(session: Session, measuring: Measuring) -> None:
    geometry = pane(session)
    measuring.take("angle")
    first, apex, second = arms(90.0)
    for at in (first, first, apex, apex, second):
        click(measuring, geometry, at)
    assert [item.value for item in measuring.items] == [pytest.approx(90.0)]


def test_a_click_that_goes_nowhere_measures_nothing(session: Session, measuring: Measuring) -> None:
    geometry = pane(session)
    measuring.take("distance")
    click(measuring, geometry, (50, 50))
    click(measuring, geometry, (50, 50))
    assert measuring.items == ()


def test_undo_takes_back_drawing_and_removing(session: Session, measuring: Measuring) -> None:
    geometry = pane(session)
    measuring.take("distance")
    drag(measuring, geometry, (10, 10), (60, 10))
    drag(measuring, geometry, (10, 90), (60, 90))
    both = measuring.items
    assert measuring.remove(both[0])
    assert measuring.items == both[1:]
    session.undo.undo()
    assert measuring.items == both
    session.undo.undo()
    assert measuring.items == both[:1]
    session.undo.redo()
    measuring.remove_all()
    assert measuring.items == ()
    session.undo.undo()
    assert measuring.items == both
    assert measuring.remove()
    assert measuring.items == both[:1], "without a choice the newest goes"


def test_escape_drops_the_draft_then_the_tool(session: Session, measuring: Measuring) -> None:
    measuring.take("angle")
    measuring.press(pane(session), 10, 10)
    assert measuring.escape()
    assert (measuring.draft, measuring.tool) == (None, "angle")
    assert measuring.escape()
    assert measuring.tool is None
    assert not measuring.escape()
    measuring.take("distance")
    measuring.take("distance")
    assert measuring.tool is None, "the same key puts it down"


def test_they_are_shown_where_they_were_drawn_and_only_in_their_slice(session: Session, measuring: Measuring) -> None:
    geometry = pane(session)
    measuring.take("distance")
    drag(measuring, geometry, (10, 10), (60, 10))
    assert measuring.shown_in(geometry) == list(measuring.items)
    assert measuring.shown_in(pane(session, Plane.AXIAL)) == []
    session.set_orientation(session.orientation.moved(Plane.SAGITTAL, 3.0))
    assert measuring.shown_in(pane(session)) == []
    session.slices.set_slab(Slab(8.0))
    assert len(measuring.shown_in(pane(session))) == 1, "it lies within the slab"
    session.slices.set_slab(Slab())
    session.set_orientation(session.orientation.moved(Plane.SAGITTAL, -3.0))
    zoomed = PaneGeometry(Plane.SAGITTAL, session.orientation, PaneView(session.orientation.center_lps_mm, 0.1), "left", (400, 300))
    (item,) = measuring.shown_in(zoomed)
    assert item.value == pytest.approx(50 * MM_PER_PX)


def test_the_one_under_the_pointer_is_found(session: Session, measuring: Measuring) -> None:
    geometry = pane(session)
    measuring.take("distance")
    drag(measuring, geometry, (10, 10), (110, 10))
    drag(measuring, geometry, (10, 200), (110, 200))
    assert measuring.under(geometry, 60, 13) is measuring.items[0]
    assert measuring.under(geometry, 60, 197) is measuring.items[1]
    assert measuring.under(geometry, 60, 100) is None
    assert measuring.under(geometry, 130, 10) is None


def test_they_stay_when_the_rest_of_the_scan_arrives_and_go_with_the_scan(session: Session, measuring: Measuring) -> None:
    measuring.take("distance")
    drag(measuring, pane(session), (10, 10), (110, 10))
    session.complete_scan(make_scan())
    assert len(measuring.items) == 1
    session.set_scan(make_scan(seed=3))
    assert (measuring.items, measuring.tool) == ((), None)


def test_no_scan_no_tool() -> None:
    measuring = Measuring(Session(ImmediateBackground(), Settings()))
    measuring.take("distance")
    assert measuring.tool is None


def test_half_an_angle_tells_the_length_of_its_arm() -> None:
    assert Measurement("angle", Plane.AXIAL, ((0, 0, 0), (3, 4, 0))).value == 5.0
