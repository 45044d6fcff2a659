from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from sos_studio.phantom import PhantomParameters, draw_parameters, values_at
from sos_studio.phantom.landmarks import make_frame
from sos_studio.phantom.lattice import cell_wall
from tests.phantom.conftest import without_noise

FloatArray = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def heads() -> list[PhantomParameters]:
    return [without_noise(draw_parameters(np.random.default_rng(100 + n))) for n in range(16)]


def in_the_nose(parameters: PhantomParameters, u: FloatArray, v: FloatArray, left_mm: float) -> npt.NDArray[np.float32]:
    """Grey values on a grid of a sagittal plane, in mean millimetres of the face."""
    frame = make_frame(parameters.anatomy, parameters.seed)
    grid = np.stack(np.meshgrid(u, v), axis=-1)
    a, s = frame.facial(grid.reshape(-1, 2)).T
    return values_at(parameters, np.stack([np.full(len(a), left_mm), -a, s], axis=-1)).reshape(grid.shape[:2])


def air_share(parameters: PhantomParameters, left_mm: float) -> float:
    """Of the cavity between turbinates, septum and floor."""
    return float(np.mean(in_the_nose(parameters, np.arange(36.0, 74.0, 0.8), np.arange(-13.0, 8.0, 0.8), left_mm) < -400.0))


def test_the_plane_runs_within_the_septum_in_some_heads_and_beside_it_in_others(heads: list[PhantomParameters]) -> None:
    shares = np.array([air_share(head, 0.0) for head in heads])
    assert shares.min() < 0.08
    assert shares.max() > 0.3
    assert 0.08 < shares.mean() < 0.5


def test_air_passes_on_both_sides_of_every_septum(heads: list[PhantomParameters]) -> None:
    for head in heads:
        for side in (-1.0, 1.0):
            assert max(air_share(head, side * left) for left in (2.0, 3.5, 5.0, 7.0)) > 0.12


def test_the_septum_has_bone_behind_and_none_in_front(heads: list[PhantomParameters]) -> None:
    def brightest(u: FloatArray, v: FloatArray) -> float:
        planes = [np.percentile(in_the_nose(head, u, v, left), 98) for head in heads for left in (-1.0, 0.0, 1.0)]
        return float(np.median(planes))

    behind = brightest(np.arange(34.0, 50.0, 0.5), np.arange(-10.0, 0.0, 0.5))
    in_front = brightest(np.arange(76.0, 82.0, 0.5), np.arange(-9.0, -3.0, 0.5))
    assert behind > in_front + 60.0


def test_the_roof_of_the_nose_is_a_line_of_dots(heads: list[PhantomParameters]) -> None:
    along = np.arange(42.0, 62.0, 0.4)
    unlike = []
    for head in heads:
        line = in_the_nose(head, along, np.arange(22.5, 27.0, 0.25), 0.0).max(axis=0)
        unlike.append(float(np.percentile(line, 90) - np.percentile(line, 10)))
    assert np.median(unlike) > 120.0


def test_air_cells_are_of_very_different_sizes() -> None:
    x, y = np.meshgrid(np.arange(0.0, 12.0, 0.1), np.arange(0.0, 12.0, 0.1))
    owners = np.array([cell_wall(a, b, 0.3, 5)[1] for a, b in zip(x.ravel(), y.ravel(), strict=True)])
    _, sizes = np.unique(owners, return_counts=True)
    assert np.percentile(sizes, 85) > 4.0 * np.percentile(sizes, 15)
