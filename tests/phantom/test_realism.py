"""Phantoms look like real captures in figures: histogram, noise power spectrum, edges (methods in `picture_figures`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from sos_studio.phantom import draw_cohort, render_midsagittal
from tests.phantom.picture_figures import WIDTH_PX, as_screenshot, figures

# How far the phantoms' median may lie beyond the range of the three references, as a factor: three pictures don't span a population.
SLACK = {"soft": 1.15, "air": 1.25, "bone": 1.25, "dense": 1.6, "noise": 1.25, "power_low": 1.25, "power_high": 1.4, "edge": 1.25}


@pytest.fixture(scope="module")
def of_references(real_data: Path) -> dict[str, npt.NDArray[np.float64]]:
    found = sorted((real_data / "reference_captures").glob("*.jpg"))
    if len(found) < 3:
        pytest.skip("the reference captures are not here")
    pictures = []
    for path in found:
        with Image.open(path) as picture:
            grey = picture.convert("L")
            pictures.append(np.asarray(grey.resize((WIDTH_PX, round(grey.height * WIDTH_PX / grey.width)), Image.Resampling.BILINEAR)))
    return _columns(pictures)


@pytest.fixture(scope="module")
def of_phantoms() -> dict[str, npt.NDArray[np.float64]]:
    cohort = draw_cohort(24, 3)
    return _columns([as_screenshot(render_midsagittal(case.parameters, orientation=case.orientation).values_vu) for case in cohort])


def _columns(pictures: list[npt.NDArray[np.uint8]]) -> dict[str, npt.NDArray[np.float64]]:
    rows = [figures(picture) for picture in pictures]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


@pytest.mark.parametrize("name", sorted(SLACK))
def test_the_usual_phantom_lies_within_the_spread_of_real_captures(
    name: str, of_phantoms: dict[str, npt.NDArray[np.float64]], of_references: dict[str, npt.NDArray[np.float64]]
) -> None:
    """Histogram (soft, air, bone, dense), noise and its power spectrum (power_low, power_high), edge sharpness."""
    real = of_references[name]
    assert real.min() / SLACK[name] <= np.nanmedian(of_phantoms[name]) <= real.max() * SLACK[name]


@pytest.mark.parametrize("name", sorted(SLACK))
def test_real_captures_lie_within_the_spread_of_phantoms(
    name: str, of_phantoms: dict[str, npt.NDArray[np.float64]], of_references: dict[str, npt.NDArray[np.float64]]
) -> None:
    low, high = np.nanmin(of_phantoms[name]) / SLACK[name], np.nanmax(of_phantoms[name]) * SLACK[name]
    assert np.all((of_references[name] >= low) & (of_references[name] <= high))
