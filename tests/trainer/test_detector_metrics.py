from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_studio.core.roi import Roi
from trainer.detector_metrics import Detection, average_precision, contains, judge, mean_average_precision, overlap, upright_overlap

frames = st.builds(
    lambda u, v, angle, width: Roi.of((u, v), angle, width), st.floats(0, 60), st.floats(0, 60), st.floats(-180, 180), st.floats(10, 60)
)
TRUE = Roi.of((50.0, 50.0), 30.0, 40.0)


def shifted(du: float, dv: float = 0.0) -> Roi:
    return Roi.of((50.0 + du, 50.0 + dv), 30.0, 40.0)


def test_overlap_of_upright_frames_by_hand() -> None:
    a = Roi.of((0.0, 0.0), 0.0, 40.0)
    assert overlap(a, a) == pytest.approx(1)
    assert overlap(a, Roi.of((20.0, 0.0), 0.0, 40.0)) == pytest.approx(1 / 3)
    assert overlap(a, Roi.of((0.0, 0.0), 90.0, 40.0)) == pytest.approx(400 / 1200)
    assert overlap(a, Roi.of((100.0, 0.0), 0.0, 40.0)) == 0


@given(frames, frames)
def test_overlap_is_symmetric_and_between_none_and_all(a: Roi, b: Roi) -> None:
    assert overlap(a, b) == pytest.approx(overlap(b, a), abs=1e-9)
    assert -1e-9 <= overlap(a, b) <= 1 + 1e-9


def test_overlap_agrees_with_counting_points() -> None:
    rng = np.random.default_rng(0)
    a, b = Roi.of((30.0, 30.0), 25.0, 40.0), Roi.of((36.0, 33.0), -10.0, 34.0)
    points = rng.uniform(0, 70, (40_000, 2))
    in_a = np.array([contains(a, (u, v)) for u, v in points])
    in_b = np.array([contains(b, (u, v)) for u, v in points])
    assert overlap(a, b) == pytest.approx((in_a & in_b).sum() / (in_a | in_b).sum(), abs=0.02)


def test_upright_boxes_overlap_by_their_outer_sides() -> None:
    level, upright = Roi.of((0.0, 0.0), 0.0, 40.0), Roi.of((0.0, 0.0), 90.0, 40.0)
    assert upright_overlap(level, upright) == pytest.approx(400 / 1200)
    # The upright box about a frame doesn't say which way the frame is turned.
    assert upright_overlap(Roi.of((0.0, 0.0), 30.0, 40.0), Roi.of((0.0, 0.0), -30.0, 40.0)) == pytest.approx(1)
    assert upright_overlap(level, Roi.of((100.0, 0.0), 0.0, 40.0)) == 0


def test_a_frame_turned_the_wrong_way_is_found_by_an_upright_measure_only() -> None:
    mirrored = Detection(Roi.of(TRUE.center_uv, -TRUE.angle_deg, 40.0), 0.9)
    figures = judge([[mirrored]], [TRUE], [None], 0.25)
    assert figures["upright_map50"] == figures["upright_map50_95"] == pytest.approx(1)
    assert figures["map50_95"] < 0.2


def test_average_precision_by_hand() -> None:
    right, wrong = Detection(TRUE, 0.9), Detection(shifted(60), 0.95)
    assert average_precision([[right]], [TRUE], 0.5) == pytest.approx(1)
    assert average_precision([[wrong]], [TRUE], 0.5) == 0
    # The wrong one is surer: precision is ½ wherever there is any recall.
    assert average_precision([[wrong, right]], [TRUE], 0.5) == pytest.approx(0.5)
    # One of two pictures found: half of the recall points have precision 1.
    assert average_precision([[right], []], [TRUE, TRUE], 0.5) == pytest.approx(51 / 101)
    # A second box on the same frame is not a second hit.
    assert average_precision([[right, Detection(TRUE, 0.8)]], [TRUE], 0.5) == pytest.approx(1)
    assert mean_average_precision([], []) == (0, 0)


def test_figures_come_with_their_counts() -> None:
    found = [[Detection(shifted(3.0, 4.0), 0.9)], [Detection(shifted(45.0), 0.8)], [Detection(TRUE, 0.1)], []]
    figures = judge(found, [TRUE] * 4, [0.5, 0.5, 0.5, None], confidence=0.25)
    assert figures["n"] == 4
    assert figures["hits"] == 1
    assert figures["hit_rate"] == 0.25
    assert figures["overlapping"] == 1
    assert (figures["missed"], figures["miss_rate"]) == (2, 0.5)
    assert figures["center_error_px"] == pytest.approx((5 + 45) / 2)
    assert figures["center_error_mm"] == pytest.approx(25 / 2)
    assert figures["angle_error_deg"] == 0


def test_a_frame_the_wrong_way_round_is_half_a_turn_off() -> None:
    figures = judge([[Detection(Roi.of(TRUE.center_uv, TRUE.angle_deg + 180, 40.0), 0.9)]], [TRUE], [None], 0.25)
    assert figures["angle_error_deg"] == pytest.approx(180)
    assert figures["center_error_mm"] is None


def test_without_cases_there_are_no_rates() -> None:
    figures = judge([], [], [], 0.25)
    assert figures["n"] == 0
    assert figures["hit_rate"] is None
    assert not any(isinstance(value, float) and math.isnan(value) for value in figures.values())
