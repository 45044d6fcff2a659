from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from sos_studio.imaging import overlays, windowing
from sos_studio.phantom import render_midsagittal
from sos_studio.phantom.cohort import draw_cohort
from tests.imaging import screenshots
from tests.imaging.screenshots import GREEN, WHITE, YELLOW


def luma(rgb: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(rgb).convert("L"))


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("colour", [YELLOW, GREEN])
def test_coloured_letters_and_rulers_are_covered_and_nothing_else(colour: tuple[int, int, int], compressed: bool) -> None:
    shot = screenshots.screenshot(screenshots.head(1), letters="APSI", colour=colour, tick_px=11.0)
    rgb = screenshots.as_jpeg(shot.rgb) if compressed else shot.rgb
    mask = overlays.covered(overlays.find_strokes(rgb, luma(rgb)))
    assert not (shot.drawn & ~mask).any()
    assert not (mask & ~overlays.grown(shot.drawn, 4)).any()


def test_white_letters_in_the_air_of_the_margin_are_covered() -> None:
    shot = screenshots.screenshot(screenshots.head(1), letters="AP", colour=WHITE)
    mask = overlays.covered(overlays.find_strokes(shot.rgb, luma(shot.rgb)))
    assert (shot.drawn & mask).sum() > 0.95 * shot.drawn.sum()


@pytest.mark.parametrize("seed", range(8))
def test_bone_and_tissue_are_no_overlay(seed: int) -> None:
    gray = screenshots.head(seed)
    assert not overlays.find_strokes(np.repeat(gray[..., None], 3, axis=2), gray).any()


def test_a_picture_that_is_coloured_as_a_whole_has_no_overlay() -> None:
    rgb = np.repeat(screenshots.head()[..., None], 3, axis=2).copy()
    rgb[..., 2] = 255
    assert not overlays.find_strokes(rgb, luma(rgb)).any()


def test_real_captures_without_overlays_have_none(real_data: Path) -> None:
    for path in sorted((real_data / "reference_captures").glob("*.jpg")):
        rgb = np.asarray(Image.open(path).convert("RGB"))
        assert not overlays.find_strokes(rgb, luma(rgb)).any(), path.name


def test_covered_pixels_are_filled_from_around_and_the_others_stay() -> None:
    v, u = np.mgrid[0:97, 0:131]
    gray = (40 + 0.5 * u + 0.3 * v).astype(np.uint8)
    mask = np.zeros(gray.shape, dtype=bool)
    mask[40:52, 60:75] = True
    spoiled = gray.copy()
    spoiled[mask] = 255
    filled = overlays.fill(spoiled, mask)
    assert (filled[~mask] == gray[~mask]).all()
    assert np.abs(filled[mask].astype(int) - gray[mask]).max() <= 6


def test_nothing_or_everything_covered_changes_nothing() -> None:
    gray = screenshots.head()
    for mask in (np.zeros(gray.shape, dtype=bool), np.ones(gray.shape, dtype=bool)):
        assert (overlays.fill(gray, mask) == gray).all()


def test_growing_and_shrinking_undo_one_another_for_a_square() -> None:
    mask = np.zeros((20, 30), dtype=bool)
    mask[8:12, 10:16] = True
    grown = overlays.grown(mask, 3)
    assert grown.sum() == 10 * 12
    assert (overlays.shrunk(grown, 3) == mask).all()


@settings(deadline=None, max_examples=60)
@given(
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    share=st.floats(0.0, 1.0),
    seed=st.integers(0, 2**32 - 1),
    least_px=st.integers(1, 9),
)
def test_connected_parts_are_those_of_itk(shape: tuple[int, int], share: float, seed: int, least_px: int) -> None:
    mask = np.random.default_rng(seed).random(shape) < share
    labels = SimpleITK.GetArrayFromImage(SimpleITK.ConnectedComponent(SimpleITK.GetImageFromArray(mask.astype(np.uint8)), True))
    expected = {(labels == n).tobytes() for n in range(1, labels.max() + 1) if (labels == n).sum() >= least_px}
    found = set()
    for rows, columns, part in overlays.components(mask, least_px):
        whole = np.zeros(shape, dtype=bool)
        whole[rows, columns] = part
        assert part[[0, -1]].any(axis=1).all(), "the box is no larger than the part"
        assert part[:, [0, -1]].any(axis=0).all()
        found.add(whole.tobytes())
    assert found == expected


def _phantom_capture(seed: int) -> np.ndarray:
    case = draw_cohort(1, seed)[0]
    values = render_midsagittal(case.parameters, orientation=case.orientation, spacing_mm=0.3).values_vu
    return windowing.apply_window(values, windowing.auto_window(values))


@pytest.fixture(scope="module")
def phantom_captures() -> list[np.ndarray]:
    """Three captures with bone and teeth in their margins."""
    return [_phantom_capture(seed) for seed in range(3)]


def _over_bone(gray: np.ndarray, letter: str, seed: int, size: int = 26) -> tuple[np.ndarray, np.ndarray]:
    """A white letter on bone with trabeculae in the left margin, and where it is drawn."""
    rng = np.random.default_rng(seed)
    picture = gray.copy()
    coarse = Image.fromarray(np.clip(rng.normal(128, 40, (20, 20)), 0, 255).astype(np.uint8))
    bone = np.clip(rng.uniform(150, 195) + 0.5 * (np.asarray(coarse.resize((90, 90), Image.Resampling.BICUBIC)) - 128.0), 0, 236)
    top = picture.shape[0] // 2
    picture[top : top + 90, :90] = bone.astype(np.uint8)
    canvas = Image.fromarray(picture)
    ImageDraw.Draw(canvas).text((30, top + 30), letter, fill=255, font=ImageFont.load_default(size))
    drawn = np.asarray(canvas)
    return drawn, np.abs(drawn.astype(int) - picture) > 25


@pytest.mark.parametrize("compressed", [False, True])
def test_white_letters_on_bright_bone_are_covered(phantom_captures: list[np.ndarray], compressed: bool) -> None:
    covered = []
    for n, letter in enumerate("APRLSIHF"):
        gray, drawn = _over_bone(phantom_captures[n % 3], letter, n)
        gray = luma(screenshots.as_jpeg(np.repeat(gray[..., None], 3, axis=2), quality=92)) if compressed else gray
        mask = overlays.covered(overlays.find_strokes(None, gray))
        covered.append((drawn & mask).sum() > 0.9 * drawn.sum())
        assert mask.sum() < 6 * drawn.sum(), "little else is covered"
    assert sum(covered) >= 7, covered


def test_bone_and_teeth_of_phantoms_are_no_overlay(phantom_captures: list[np.ndarray]) -> None:
    for gray in phantom_captures:
        for shown in (gray, np.clip(1.3 * gray, 0, 255).astype(np.uint8), gray[::2, ::2]):
            assert overlays.find_strokes(None, shown).sum() <= 60
        assert not overlays.find_strokes(None, gray).any()


@pytest.mark.parametrize("blur", [1.0, 1.5, 2.5])
def test_thin_white_bone_with_the_edges_of_a_scan_stays(blur: float) -> None:
    gray = np.full((500, 600), 120.0)
    gray[200:260, 30:34] = 900.0  # so bright that it is white after it was spread
    gray[300:304, 20:70] = 900.0
    scanned = np.clip(SimpleITK.GetArrayFromImage(SimpleITK.SmoothingRecursiveGaussian(SimpleITK.GetImageFromArray(gray), blur)), 0, 255)
    assert (scanned == 255).sum() > 100
    assert not overlays.find_strokes(None, scanned.astype(np.uint8)).any()
