from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from sos_studio.core.errors import BadInputError
from sos_studio.core.roi import Roi
from sos_studio.imaging.crops import crop_image, roi_mask


def waves(shape_vu: tuple[int, int]) -> np.ndarray:
    v, u = np.mgrid[0 : shape_vu[0], 0 : shape_vu[1]]
    return (100 + 60 * np.sin(u / 9) + 50 * np.cos(v / 7 + u / 31)).astype(np.float32)


@settings(max_examples=60)
@given(st.floats(60, 140), st.floats(60, 100), st.floats(-180, 180), st.floats(8, 80))
def test_a_crop_equals_an_independent_bilinear_interpolation(u: float, v: float, angle_deg: float, width_px: float) -> None:
    image = waves((160, 200))
    roi = Roi.of((u, v), angle_deg, width_px)
    crop = crop_image(image, roi)
    rows, columns = roi.crop_shape_vu
    assert crop.shape == (rows, columns) == (rows, 2 * rows)
    y, x = np.mgrid[0:rows, 0:columns]
    uv = np.tensordot(roi.uv_from_crop, np.stack([x, y, np.ones_like(x)]).astype(float), 1)
    np.testing.assert_allclose(crop, map_coordinates(image, [uv[1], uv[0]], order=1, mode="nearest"), atol=1e-3)


def test_an_upright_frame_on_whole_pixels_copies_them() -> None:
    image = np.arange(40 * 60, dtype=np.uint16).reshape(40, 60)
    crop = crop_image(image, Roi.of((29.5, 19.5), 0.0, 20.0))
    np.testing.assert_array_equal(crop, image[15:25, 20:40])
    assert crop.dtype == np.uint16


def test_the_endocranial_end_is_left() -> None:
    image = np.zeros((100, 120), dtype=np.uint8)
    endocranial, ectocranial = (40.0, 35.0), (70.0, 60.0)
    image[35, 40], image[60, 70] = 255, 128
    roi = Roi.from_ends(endocranial, ectocranial)
    crop = crop_image(image, roi).astype(float)
    row, column = np.unravel_index(np.argmax(crop), crop.shape)
    other = np.unravel_index(np.argmax(np.where(np.arange(crop.shape[1]) > crop.shape[1] / 2, crop, 0)), crop.shape)
    assert column < crop.shape[1] / 2 < other[1]
    assert abs(row - (crop.shape[0] - 1) / 2) <= 1
    assert abs(other[0] - (crop.shape[0] - 1) / 2) <= 1


def test_half_a_turn_shows_the_crop_upside_down() -> None:
    image = waves((100, 100))
    a, b = (crop_image(image, Roi.of((50.0, 50.0), angle, 40.0)) for angle in (20.0, 200.0))
    np.testing.assert_allclose(a, b[::-1, ::-1], atol=1e-3)


@pytest.mark.parametrize("center_uv", [(5.0, 50.0), (50.0, 3.0), (95.0, 50.0), (50.0, 97.0), (1e9, 0.0)])
def test_a_frame_beyond_the_image_is_refused(center_uv: tuple[float, float]) -> None:
    with pytest.raises(BadInputError) as error:
        crop_image(np.zeros((100, 100), dtype=np.uint8), Roi.of(center_uv, 0.0, 20.0))
    assert error.value.code == "roi.outside_image"


def test_the_frame_may_fill_the_image_to_its_edges() -> None:
    image = waves((50, 100))
    np.testing.assert_allclose(crop_image(image, Roi.of((49.5, 24.5), 0.0, 100.0)), image, atol=1e-3)


def test_colour_pictures_are_not_cropped() -> None:
    with pytest.raises(BadInputError) as error:
        crop_image(np.zeros((100, 100, 3), dtype=np.uint8), Roi.of((50.0, 50.0), 0.0, 20.0))
    assert error.value.code == "image.not_grey"


@settings(max_examples=60)
@given(st.floats(40, 60), st.floats(40, 60), st.floats(-180, 180), st.floats(8, 60))
def test_a_mask_covers_the_area_of_its_frame(u: float, v: float, angle_deg: float, width_px: float) -> None:
    mask = roi_mask(Roi.of((u, v), angle_deg, width_px), (100, 100))
    assert 0 <= mask.min() <= mask.max() <= 1
    assert mask.sum() == pytest.approx(width_px**2 / 2, rel=0.08, abs=2)
    rows, columns = np.mgrid[0:100, 0:100]
    assert (mask * columns).sum() / mask.sum() == pytest.approx(u, abs=0.3)
    assert (mask * rows).sum() / mask.sum() == pytest.approx(v, abs=0.3)


def test_a_mask_on_whole_pixels_is_exact() -> None:
    mask = roi_mask(Roi.of((9.5, 4.0), 0.0, 10.0), (12, 20))
    expected = np.zeros((12, 20), dtype=np.float32)
    expected[2:7, 5:15] = 1
    np.testing.assert_array_equal(mask, expected)


def test_a_mask_beyond_the_image_is_empty() -> None:
    assert not roi_mask(Roi.of((500.0, 500.0), 30.0, 20.0), (100, 100)).any()
