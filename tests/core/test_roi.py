from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from sos_studio.core.errors import BadInputError
from sos_studio.core.roi import Roi

coordinates = st.floats(50, 500)
rois = st.builds(Roi.of, st.tuples(coordinates, coordinates), st.floats(-180, 180), st.floats(10, 300))


@given(st.tuples(coordinates, coordinates), st.floats(0, 2 * math.pi), st.floats(8, 150))
def test_both_ends_lie_on_the_crops_horizontal_midline_endocranial_left(
    end: tuple[float, float], direction: float, distance: float
) -> None:
    ectocranial = (end[0] + distance * math.cos(direction), end[1] + distance * math.sin(direction))
    roi = Roi.from_ends(end, ectocranial)
    height, width = roi.crop_shape_vu
    crop_from_uv = np.linalg.inv(roi.uv_from_crop)
    (x0, y0), (x1, y1) = ((crop_from_uv @ [*p, 1.0])[:2] for p in (end, ectocranial))
    assert y0 == pytest.approx((height - 1) / 2, abs=1e-6)
    assert y1 == pytest.approx((height - 1) / 2, abs=1e-6)
    assert x0 < x1
    assert x1 - x0 == pytest.approx(distance, abs=1e-6)
    assert roi.width_px == pytest.approx(1.5 * distance)
    assert width == 2 * height


@given(rois, st.floats(0, 1), st.floats(0, 1))
def test_crop_to_full_image_and_back_is_exact(roi: Roi, x: float, y: float) -> None:
    height, width = roi.crop_shape_vu
    point = np.array([x * (width - 1), y * (height - 1), 1.0])
    again = np.linalg.inv(roi.uv_from_crop) @ (roi.uv_from_crop @ point)
    assert np.allclose(again, point, atol=1e-8)


@given(rois)
def test_a_frame_is_two_to_one_and_its_corners_say_so(roi: Roi) -> None:
    a, b, c, _ = roi.corners_uv
    assert np.linalg.norm(b - a) == pytest.approx(2 * np.linalg.norm(c - b))


@given(rois)
def test_mirroring_twice_gives_the_same_frame(roi: Roi) -> None:
    again = roi.mirrored(640).mirrored(640)
    assert np.allclose(again.center_uv, roi.center_uv)
    assert math.remainder(again.angle_deg - roi.angle_deg, 360) == pytest.approx(0, abs=1e-9)


@given(rois)
def test_a_record_of_a_frame_reads_back_equal(roi: Roi) -> None:
    assert Roi.model_validate_json(roi.model_dump_json()) == roi


@pytest.mark.parametrize(
    "fields",
    [
        {"center_uv": (1, 1), "angle_deg": 0, "width_px": 10, "height_px": 6},
        {"center_uv": (1, 1), "angle_deg": 0, "width_px": -10, "height_px": -5},
        {"center_uv": (float("nan"), 1), "angle_deg": 0, "width_px": 10, "height_px": 5},
        {"center_uv": (1, 1), "angle_deg": float("inf"), "width_px": 10, "height_px": 5},
    ],
)
def test_no_record_can_hold_anything_but_a_finite_two_to_one_frame(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Roi.model_validate(fields)


def test_two_clicks_on_one_spot_are_refused() -> None:
    with pytest.raises(BadInputError) as error:
        Roi.from_ends((10, 10), (12, 10))
    assert error.value.code == "roi.ends_too_close"


@pytest.mark.parametrize(("center", "inside"), [((50, 50), True), ((5, 50), False), ((96, 50), False), ((50, 2), False)])
def test_a_frame_beyond_the_border_is_known(center: tuple[float, float], inside: bool) -> None:
    roi = Roi.of(center, 0, 20)
    assert roi.inside((100, 100)) is inside
    if not inside:
        with pytest.raises(BadInputError, match=r"roi\.outside_image"):
            roi.require_inside((100, 100))


@given(rois)
def test_of_a_frame_and_its_reverse_exactly_one_is_against_anatomy(roi: Roi) -> None:
    assume(abs(math.cos(math.radians(roi.angle_deg - 45.0))) > 1e-6)
    assert roi.against_anatomy != roi.reversed().against_anatomy


@pytest.mark.parametrize(
    ("angle_deg", "against"), [(24.3, False), (72.3, False), (0.0, False), (90.0, False), (-117.8, True), (-90.0, True), (180.0, True)]
)
def test_the_endocranial_end_is_expected_up_and_back(angle_deg: float, against: bool) -> None:
    assert Roi.of((100.0, 100.0), angle_deg, 60.0).against_anatomy is against
