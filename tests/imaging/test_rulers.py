from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from sos_studio.imaging import overlays, rulers
from sos_studio.imaging.rulers import Ruler
from tests.imaging import screenshots


def found(rgb: np.ndarray) -> Ruler | None:
    return rulers.find_ruler(overlays.find_strokes(rgb, np.asarray(Image.fromarray(rgb).convert("L"))))


@pytest.mark.parametrize("spine", [True, False])
@pytest.mark.parametrize(("side", "axis"), [("right", "v"), ("left", "v"), ("bottom", "u")])
@pytest.mark.parametrize("tick_px", [5.13, 11.9, 20.0, 37.3])
def test_the_distance_of_ticks_is_measured(tick_px: float, side: str, axis: str, spine: bool) -> None:
    shot = screenshots.screenshot(screenshots.head(1), tick_px=tick_px, ruler=side, spine=spine)
    ruler = found(shot.rgb)
    assert ruler is not None
    assert ruler.axis == axis
    assert ruler.tick_px == pytest.approx(tick_px, abs=0.03 if ruler.ticks > 9 else 0.3)
    assert (ruler.longer_every, ruler.likely_tick_mm) == (None, 10.0)


@pytest.mark.parametrize(("every", "mm"), [(2, 5.0), (5, 2.0), (10, 1.0)])
def test_longer_ticks_are_taken_for_centimetres(every: int, mm: float) -> None:
    ruler = found(screenshots.screenshot(screenshots.head(1), tick_px=6.4, longer_every=every).rgb)
    assert ruler is not None
    assert ruler.tick_px == pytest.approx(6.4, abs=0.02)
    assert (ruler.longer_every, ruler.likely_tick_mm) == (every, mm)


def test_a_ruler_is_found_beside_letters_in_a_compressed_screenshot_with_border() -> None:
    shot = screenshots.screenshot(screenshots.head(3), border=(20, 30, 10, 40), letters="APSI", tick_px=7.37, longer_every=10)
    ruler = found(screenshots.as_jpeg(shot.rgb))
    assert ruler is not None
    assert ruler.tick_px == pytest.approx(7.37, abs=0.02)
    assert ruler.box.left >= shot.box[1] + screenshots.SHAPE_VU[1] - 40


@pytest.mark.parametrize("tick_px", [8.0, 11.3, 16.0])
@pytest.mark.parametrize("every", [None, 5, 10])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_letter_that_lies_on_the_ruler_does_not_change_its_ticks(tick_px: float, every: int | None, compressed: bool) -> None:
    shot = screenshots.screenshot(
        screenshots.head(3, (288, 384)), border=(12, 18, 9, 24), letters="AP", tick_px=tick_px, longer_every=every
    )
    ruler = found(screenshots.as_jpeg(shot.rgb, 92) if compressed else shot.rgb)
    assert ruler is not None
    assert ruler.tick_px == pytest.approx(tick_px, abs=0.05)
    assert ruler.longer_every in ({every, None} if tick_px > 8 else {every})


@pytest.mark.parametrize("seed", range(4))
def test_there_is_no_ruler_where_none_is_drawn(seed: int) -> None:
    gray = screenshots.head(seed)
    assert found(np.repeat(gray[..., None], 3, axis=2)) is None
    assert found(screenshots.screenshot(gray, letters="APSI").rgb) is None


def test_marks_that_are_not_even_are_no_ruler() -> None:
    strokes = np.zeros((300, 200), dtype=bool)
    for v in (20, 50, 75, 120, 150, 215, 240):
        strokes[v, 150:160] = True
    assert rulers.find_ruler(strokes) is None


def test_real_captures_without_a_ruler_have_none(real_data: Path) -> None:
    for path in sorted((real_data / "reference_captures").glob("*.jpg")):
        assert found(np.asarray(Image.open(path).convert("RGB"))) is None, path.name


def _labelled(gray: np.ndarray, *, words: str) -> tuple[np.ndarray, np.ndarray]:
    """A white ruler with a spine low in the picture and small words beyond its end; the picture and where the words are."""
    height, _ = gray.shape
    canvas = Image.fromarray(gray)
    draw = ImageDraw.Draw(canvas)
    line = height - 24
    draw.line((30, line, 230, line), fill=255, width=2)
    for n in range(11):
        draw.line((30 + 20 * n, line - (14 if n % 5 == 0 else 7), 30 + 20 * n, line), fill=255, width=2)
    with_ruler = np.array(canvas)
    draw.text((240, line - 10), words, fill=255, font=ImageFont.load_default(10))
    drawn = np.array(canvas)
    return drawn, drawn.astype(int) - with_ruler > 60


@pytest.mark.parametrize("ground", [20, 118])
@pytest.mark.parametrize("words", ["50 mm", "5 cm"])
def test_a_white_ruler_over_tissue_is_measured_and_its_words_are_covered(ground: int, words: str) -> None:
    tissue = np.clip(np.random.default_rng(0).normal(ground, 9, (500, 620)), 0, 255).astype(np.uint8)
    gray, letters = _labelled(tissue, words=words)
    strokes = overlays.find_strokes(None, gray)
    ruler = rulers.find_ruler(strokes)
    assert ruler is not None
    assert (ruler.tick_px, ruler.likely_tick_mm) == (pytest.approx(20.0, abs=0.05), 2.0)
    covered = overlays.covered(strokes | rulers.label_strokes(gray, strokes, ruler))
    assert (covered & letters).sum() > 0.9 * letters.sum()
    assert covered.sum() < 0.03 * covered.size


def test_bone_that_passes_beside_a_ruler_is_none_of_its_words() -> None:
    tissue = np.full((500, 620), 90, np.uint8)
    tissue[380:, 260:272] = tissue[380:, 290:302] = 240
    gray, _ = _labelled(tissue, words="")
    strokes = overlays.find_strokes(None, gray)
    ruler = rulers.find_ruler(strokes)
    assert ruler is not None
    assert not rulers.label_strokes(gray, strokes, ruler).any()


@pytest.mark.parametrize("side", ["right", "left", "bottom"])
@pytest.mark.parametrize("seed", range(4))
def test_beside_a_ruler_without_words_nothing_is_covered(side: str, seed: int) -> None:
    shot = screenshots.screenshot(screenshots.head(seed), tick_px=12.0, ruler=side, colour=screenshots.YELLOW)
    gray = np.asarray(Image.fromarray(shot.rgb).convert("L"))
    strokes = overlays.find_strokes(shot.rgb, gray)
    ruler = rulers.find_ruler(strokes)
    assert ruler is not None
    assert not (rulers.label_strokes(gray, strokes, ruler) & ~shot.drawn).any()
