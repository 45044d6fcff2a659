from __future__ import annotations

import numpy as np
import pytest

from sos_studio.core.volume import Volume
from sos_studio.imaging import raycast_copy


def test_a_large_volume_is_made_small_without_moving_it() -> None:
    k, j, i = np.mgrid[0:333, 0:20, 0:401]
    values = (3 * i - 2 * k + 40 * j).astype(np.int16)
    matrix = np.diag([0.5, 2.0, 0.5, 1.0])
    matrix[:3, 3] = (7.0, -8.0, 9.0)
    volume = Volume(values, matrix)
    made = raycast_copy.prepare(volume)
    small = made.copy
    assert max(small.shape_kji) == raycast_copy.MAX_SIDE
    np.testing.assert_allclose(small.center_lps_mm, volume.center_lps_mm, atol=1e-9)
    # A ramp stays the same ramp: every voxel has the value of the scan where it lies.
    sizes = np.array(small.shape_kji)
    for at in (np.zeros(3, int), sizes // 2, sizes - 1):
        lps = small.lps_from_ijk @ [*at[::-1], 1.0]
        ijk = volume.ijk_from_lps @ lps
        assert small.array_kji[tuple(at)] == pytest.approx(3 * ijk[0] - 2 * ijk[2] + 40 * ijk[1], abs=0.51)


def test_a_small_volume_is_kept_as_it_is() -> None:
    volume = Volume(np.random.default_rng(0).integers(-1000, 3000, (30, 40, 50)).astype(np.int16), np.eye(4))
    made = raycast_copy.prepare(volume)
    np.testing.assert_array_equal(made.copy.array_kji, volume.array_kji)
    assert made.value_range == (volume.array_kji.min(), volume.array_kji.max())


def test_values_that_are_not_whole_numbers_keep_their_scale() -> None:
    rng = np.random.default_rng(1)
    values = rng.uniform(0.0, 0.02, (20, 20, 20)).astype(np.float32)
    values[0, 0, 0] = np.nan
    made = raycast_copy.prepare(Volume(values, np.eye(4)))
    back = made.copy.array_kji * made.slope + made.intercept
    np.testing.assert_allclose(back[1:], values[1:], atol=1e-6)
    assert back[0, 0, 0] == pytest.approx(np.nanmin(values), abs=1e-6)
    assert made.voxel_of(0.01) == pytest.approx((0.01 - made.intercept) / made.slope)


@pytest.mark.parametrize("level", [100.0, 900.0])
def test_a_leap_never_passes_a_block_that_reaches_the_level(level: float) -> None:
    values = np.zeros((64, 48, 40), dtype=np.int16)
    for k, j, i, value in ((3, 4, 5, 200), (40, 30, 20, 1000), (60, 40, 39, 1000)):
        values[k, j, i] = value
    made = raycast_copy.prepare(Volume(values, np.eye(4)))
    leaps = made.leaps(level)
    occupied = np.argwhere(made.block_max_kji >= level)
    for at in np.ndindex(*leaps.shape):
        assert leaps[at] == np.abs(occupied - at).max(axis=1).min()


def test_leaps_are_found_once_for_a_level() -> None:
    made = raycast_copy.prepare(Volume(np.arange(1000, dtype=np.int16).reshape(10, 10, 10), np.eye(4)))
    assert made.leaps(500.0) is made.leaps(500.0)
    assert made.leaps(990.0) is not made.leaps(500.0)
