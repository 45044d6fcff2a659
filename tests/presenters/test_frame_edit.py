import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_studio.core.roi import MIN_WIDTH_PX, Roi
from sos_studio.presenters.frame_edit import Ends, Grip, contains, dragged, grip_at, knobs_uv, moved, scaled, turned

SHAPE = (400, 600)
ROI = Roi.of((300.0, 200.0), 40.0, 120.0)
ENDS = Ends((269.4, 174.3), (330.6, 225.7))

coordinate = st.floats(-2000, 2000)


def is_two_to_one(roi: Roi) -> bool:
    return math.isclose(roi.width_px, 2 * roi.height_px, rel_tol=1e-9)


@given(
    grip=st.sampled_from(list(Grip)),
    start=st.tuples(coordinate, coordinate),
    now=st.tuples(coordinate, coordinate),
    angle=st.floats(-180, 180),
    width=st.floats(8, 200),
)
def test_no_drag_breaks_two_to_one_or_leaves_the_image(grip, start, now, angle, width):
    roi = Roi.of((300.0, 200.0), angle, width)
    edit = dragged(roi, ENDS, grip, start_uv=start, now_uv=now, shape_vu=SHAPE)
    assert is_two_to_one(edit.roi)
    assert edit.roi.inside(SHAPE)
    assert edit.roi.width_px >= MIN_WIDTH_PX - 1e-9


@given(du=coordinate, dv=coordinate)
def test_a_move_beyond_the_border_slides_along_it_and_says_so(du, dv):
    edit = moved(ROI, None, du, dv, SHAPE)
    wish = Roi.of((300 + du, 200 + dv), ROI.angle_deg, ROI.width_px)
    assert bool(edit.refused) == (not wish.inside(SHAPE))
    assert edit.roi.inside(SHAPE)
    assert edit.roi.width_px == ROI.width_px


def test_small_things_are_touched_before_the_inside():
    corner = tuple(float(x) for x in ROI.corners_uv[0])
    assert grip_at(ROI, ENDS, ENDS.endocranial_uv, 6) is Grip.ENDOCRANIAL_END
    assert grip_at(ROI, ENDS, ENDS.ectocranial_uv, 6) is Grip.ECTOCRANIAL_END
    assert grip_at(ROI, None, corner, 6) is Grip.CORNER
    assert grip_at(ROI, None, knobs_uv(ROI)[1], 6) is Grip.TURN
    assert grip_at(ROI, None, ROI.center_uv, 6) is Grip.INSIDE
    assert grip_at(ROI, ENDS, (5.0, 5.0), 6) is None


def test_inside_follows_the_rotation():
    assert contains(ROI, (300.0, 200.0))
    along = (300 + 55 * math.cos(math.radians(40)), 200 + 55 * math.sin(math.radians(40)))
    across = (300 - 55 * math.sin(math.radians(40)), 200 + 55 * math.cos(math.radians(40)))
    assert contains(ROI, along)
    assert not contains(ROI, across)


def test_a_turn_keeps_centre_and_size():
    edit = turned(ROI, ENDS, 7.5, SHAPE)
    assert edit.roi.angle_deg == pytest.approx(47.5)
    assert edit.roi.center_uv == ROI.center_uv
    assert edit.ends == ENDS


def test_scaling_beyond_the_border_stops_at_the_border():
    edit = scaled(ROI, ENDS, 50.0, SHAPE)
    assert edit.refused
    assert edit.roi.inside(SHAPE)
    assert not Roi.of(ROI.center_uv, ROI.angle_deg, edit.roi.width_px * 1.001).inside(SHAPE)


def test_an_end_that_is_corrected_takes_the_frame_along():
    edit = dragged(ROI, ENDS, Grip.ECTOCRANIAL_END, start_uv=ENDS.ectocranial_uv, now_uv=(340.0, 200.0), shape_vu=SHAPE)
    assert not edit.refused
    assert edit.ends == Ends(ENDS.endocranial_uv, (340.0, 200.0))
    over = ROI.width_px / ENDS.distance_px
    assert edit.roi.width_px == pytest.approx(over * math.dist(ENDS.endocranial_uv, (340.0, 200.0)))


def test_an_end_is_dragged_no_nearer_to_the_other_than_the_smallest_frame():
    edit = dragged(ROI, ENDS, Grip.ENDOCRANIAL_END, start_uv=ENDS.endocranial_uv, now_uv=ENDS.ectocranial_uv, shape_vu=SHAPE)
    assert edit.refused == "roi.too_small"
    assert MIN_WIDTH_PX <= edit.roi.width_px < MIN_WIDTH_PX + 1.0
    assert edit.ends.ectocranial_uv == ENDS.ectocranial_uv


@given(du=st.floats(-3000, 3000), dv=st.floats(-3000, 3000), angle=st.floats(-180, 180))
def test_a_frame_that_is_dragged_out_stops_at_the_border_and_never_springs_back(du, dv, angle):
    roi = Roi.of((300.0, 200.0), angle, 120.0)
    edit = moved(roi, None, du, dv, SHAPE)
    if edit.refused:
        corners = edit.roi.corners_uv
        at_border = [abs(edge) < 1e-3 for edge in (*(corners.min(axis=0) + 0.5), *(corners.max(axis=0) - (599.5, 399.5)))]
        assert any(at_border)
        assert edit.refused == "crop.at_border"


def test_a_turn_stops_where_a_corner_meets_the_border():
    level = Roi.of((300.0, 40.0), 0.0, 120.0)
    edit = turned(level, ENDS, 90.0, SHAPE)
    assert edit.refused == "crop.at_border"
    assert edit.roi.angle_deg > 5.0
    assert edit.roi.corners_uv.min() == pytest.approx(-0.5, abs=0.05)
    assert turned(level, ENDS, 180.0, SHAPE).refused == "", "upside down it lies where it lay"


def test_an_end_that_is_dragged_out_stops_where_the_frame_meets_the_border():
    edit = dragged(ROI, ENDS, Grip.ECTOCRANIAL_END, start_uv=ENDS.ectocranial_uv, now_uv=(2000.0, 300.0), shape_vu=SHAPE)
    assert edit.refused == "crop.at_border"
    assert edit.roi.corners_uv.max(axis=0)[0] == pytest.approx(599.5, abs=2.0) or edit.roi.corners_uv.max(axis=0)[1] == pytest.approx(
        399.5, abs=2.0
    )
    assert edit.ends != ENDS
