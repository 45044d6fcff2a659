import numpy as np
import pytest

from sos_studio.imaging.magnify import magnify


def test_flat_pictures_stay_flat_and_slopes_stay_slopes():
    flat = np.full((5, 9), 77, dtype=np.uint8)
    assert (magnify(flat, 4) == 77).all()
    slope = np.tile(np.arange(0, 200, 10, dtype=np.uint8), (6, 1))
    row = magnify(slope, 4)[12].astype(float)
    assert np.diff(row[12:-12]) == pytest.approx(2.5, abs=0.51)


def test_it_covers_the_same_area():
    spot = np.zeros((7, 9), dtype=np.uint8)
    spot[3, 5] = 255
    large = magnify(spot, 5).astype(float)
    assert large.shape == (35, 45)
    v, u = np.mgrid[0:35, 0:45]
    assert (large * u).sum() / large.sum() == pytest.approx(5 * 5 + 2, abs=0.05)
    assert (large * v).sum() / large.sum() == pytest.approx(3 * 5 + 2, abs=0.05)


def test_an_odd_factor_passes_through_the_pixel_values():
    image = np.random.default_rng(1).integers(0, 256, (6, 8)).astype(np.uint8)
    assert (magnify(image, 3)[1::3, 1::3] == image).all()


def test_factor_one_is_the_picture_itself():
    image = np.zeros((3, 4), dtype=np.uint8)
    assert magnify(image, 1) is image
