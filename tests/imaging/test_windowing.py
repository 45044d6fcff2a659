from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sos_studio.core.captures import Window
from sos_studio.imaging.windowing import apply_window, auto_window, scan_window


def test_low_is_black_high_is_white_and_between_is_linear() -> None:
    window = Window(low=-100.0, high=155.0)
    np.testing.assert_array_equal(apply_window(np.array([-500.0, -100.0, -99.0, 0.0, 155.0, 9e9]), window), [0, 0, 1, 100, 255, 255])


def test_outside_is_black() -> None:
    assert apply_window(np.array([np.nan]), Window(low=-2.0, high=-1.0))[0] == 0


@given(arrays(np.float32, st.integers(0, 40), elements=st.floats(width=32)))
def test_any_values_get_a_window(values: np.ndarray) -> None:
    window = auto_window(values)
    assert window.high > window.low


def test_a_metal_streak_does_not_darken_the_bone() -> None:
    rng = np.random.default_rng(0)
    head = np.concatenate([rng.normal(-1000, 20, 5000), rng.normal(40, 30, 4500), rng.normal(1200, 200, 500)])
    plain = auto_window(head)
    with_metal = auto_window(np.concatenate([head, np.full(10, 30000.0)]))
    assert with_metal.high == pytest.approx(plain.high, rel=0.05)
    assert plain.low < -950
    assert 1200 < plain.high < 2000


@pytest.mark.parametrize("padding", [-32768, -3024, 32767])
def test_padding_around_the_field_does_not_burn_out_the_head(padding: int) -> None:
    rng = np.random.default_rng(0)
    head = np.concatenate([rng.normal(-1000, 20, 5000), rng.normal(40, 30, 4500), rng.normal(1200, 200, 500)]).round().astype(np.int16)
    window, alone = scan_window(np.concatenate([head, np.full(9000, padding, np.int16)])), scan_window(head)
    assert (window.low, window.high) == pytest.approx((alone.low, alone.high))


def test_a_scan_without_padding_is_shown_as_its_values_are() -> None:
    values = np.random.default_rng(0).normal(0, 100, 9000)
    assert scan_window(values) == auto_window(values)


def test_one_value_everywhere_is_mid_grey() -> None:
    window = auto_window(np.full(10, 7, dtype=np.int16))
    assert apply_window(np.array([7]), window)[0] == 128


def test_nothing_but_nan_still_has_a_window() -> None:
    assert auto_window(np.full(3, np.nan)) == Window(low=0.0, high=1.0)
