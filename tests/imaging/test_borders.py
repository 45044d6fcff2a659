from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sos_studio.imaging import borders, overlays
from tests.imaging import screenshots


@given(st.tuples(*[st.integers(0, 60)] * 4), st.sampled_from([110, 180, 240, 255]), st.integers(0, 3))
def test_a_border_is_cut_away_to_the_pixel(border: tuple[int, int, int, int], gray: int, seed: int) -> None:
    shot = screenshots.screenshot(screenshots.head(seed), border=border, border_gray=gray)
    assert tuple(borders.find_picture(shot.clean)) == shot.box


@pytest.mark.parametrize("quality", [60, 85, 95])
def test_a_border_is_found_in_a_compressed_picture(quality: int) -> None:
    shot = screenshots.screenshot(screenshots.head(2), border=(20, 33, 11, 40), border_gray=200)
    gray = screenshots.as_jpeg(shot.rgb, quality)[..., 0]
    assert np.abs(np.subtract(borders.find_picture(gray), shot.box)).max() <= 2


def test_letters_on_the_border_do_not_hide_it() -> None:
    shot = screenshots.screenshot(screenshots.head(2), border=(40, 40, 40, 40), border_gray=128)
    rgb = shot.rgb.copy()
    rgb[10:30, 100:112] = (255, 220, 0)
    gray = np.asarray(Image.fromarray(rgb).convert("L"))
    covered = overlays.covered(overlays.find_strokes(rgb, gray))
    assert borders.find_picture(gray) != borders.Box(*shot.box)
    assert borders.find_picture(gray, covered) == borders.Box(*shot.box)


def test_a_frame_within_a_frame_is_cut_away_too() -> None:
    inner = screenshots.screenshot(screenshots.head(1), border=(3, 3, 3, 3), border_gray=220)
    outer = screenshots.screenshot(inner.clean, border=(15, 20, 25, 30), border_gray=128)
    assert tuple(borders.find_picture(outer.clean)) == (18, 23, 18 + screenshots.SHAPE_VU[0], 23 + screenshots.SHAPE_VU[1])


@pytest.mark.parametrize("seed", range(6))
def test_air_around_a_head_is_no_border(seed: int) -> None:
    gray = screenshots.head(seed)
    gray[:, -60:] = 0
    assert borders.find_picture(gray) == borders.Box(0, 0, *gray.shape)


@pytest.mark.parametrize("value", [0, 128])
def test_an_empty_picture_is_left_alone(value: int) -> None:
    gray = np.full((200, 300), value, dtype=np.uint8)
    assert borders.find_picture(gray).shape_vu == (200, 300)


def test_a_small_picture_in_a_large_frame_is_not_trusted() -> None:
    gray = np.full((500, 500), 128, dtype=np.uint8)
    gray[200:260, 200:260] = np.random.default_rng(0).integers(0, 255, (60, 60))
    assert borders.find_picture(gray).shape_vu == (500, 500)


def test_real_captures_lose_no_more_than_their_black_rim(real_data: Path) -> None:
    for path in sorted((real_data / "reference_captures").glob("*.jpg")):
        gray = np.asarray(Image.open(path).convert("L"))
        box = borders.find_picture(gray)
        assert np.subtract(gray.shape, box.shape_vu).max() <= 16, path.name
