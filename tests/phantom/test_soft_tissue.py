"""What soft tissue shows: fat under the skin, planes of muscle, an airway that winds and never closes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sos_studio.phantom import PhantomParameters, draw_cohort, draw_parameters, values_at
from sos_studio.phantom.outlines import softened
from tests.phantom.conftest import without_noise


def midsagittal(
    parameters: PhantomParameters, a: npt.NDArray[np.float64], s: npt.NDArray[np.float64], left: float = 0.0
) -> npt.NDArray[np.float32]:
    grid_a, grid_s = np.meshgrid(a, s)
    return values_at(parameters, np.stack([np.full_like(grid_a, left), -grid_a, grid_s], axis=-1))


def test_fat_lies_under_the_skin_of_the_nape() -> None:
    a = np.arange(-105.0, -40.0, 0.25)
    for seed in range(4):
        rows = midsagittal(without_noise(draw_parameters(np.random.default_rng(seed), 5)), a, np.arange(-70.0, -40.0, 5.0))
        for row in rows:
            skin = int(np.argmax(row > -500.0))
            under, muscle = row[skin + 6 : skin + 22], row[skin + 60 : skin + 110]
            assert under.min() < np.median(muscle) - 20.0
            assert row[skin + 1 : skin + 7].max() > under.min() + 20.0


def test_soft_tissue_of_the_neck_is_not_of_one_grey() -> None:
    spread = []
    for seed in range(6):
        values = midsagittal(
            without_noise(draw_parameters(np.random.default_rng(seed), 4)), np.arange(-70.0, -20.0, 0.5), np.arange(-110.0, -30.0, 0.5)
        )
        flesh = values[(values > -200.0) & (values < 130.0)]
        spread.append(np.percentile(flesh, 95) - np.percentile(flesh, 5))
    assert min(spread) > 25.0
    assert max(spread) < 260.0


def test_planes_differ_from_head_to_head() -> None:
    region = np.arange(20.0, 50.0, 1.0), np.arange(-70.0, -40.0, 1.0)
    first, second = (midsagittal(without_noise(draw_parameters(np.random.default_rng(seed), 4)), *region) for seed in (0, 1))
    soft = (np.abs(first) < 150.0) & (np.abs(second) < 150.0)
    assert abs(np.corrcoef(first[soft], second[soft])[0, 1]) < 0.6


def test_the_airway_is_open_from_the_palate_to_the_larynx() -> None:
    a = np.arange(-20.0, 45.0, 0.25)
    for case in draw_cohort(12, 4):
        parameters = without_noise(case.parameters)
        for row in midsagittal(parameters, a, np.arange(-62.0, -35.0, 3.0) * parameters.anatomy.size):
            assert np.sum(row < -400.0) * 0.25 > 0.8


def test_airways_are_of_many_widths() -> None:
    a = np.arange(-20.0, 45.0, 0.25)
    widths = [
        [np.sum(row < -700.0) * 0.25 for row in midsagittal(without_noise(case.parameters), a, np.arange(-62.0, -35.0, 3.0))]
        for case in draw_cohort(8, 4)
    ]
    assert np.std(np.mean(widths, axis=1)) > 1.0
    assert np.median(np.std(widths, axis=1)) > 0.5


def test_scattered_rays_lift_air_deep_in_the_skull_more_than_that_of_the_throat() -> None:
    a = np.arange(-25.0, 40.0, 0.25)
    for seed in range(4):
        parameters = without_noise(draw_parameters(np.random.default_rng(seed), 5))
        parameters = parameters.model_copy(update={"scanner": parameters.scanner.model_copy(update={"scatter": 0.3})})
        high, low = (
            np.min(midsagittal(parameters, a, s * parameters.anatomy.size)) for s in (np.arange(-22.0, -12.0), np.arange(-80.0, -70.0))
        )
        assert -1000.0 < low < high - 60.0


def test_softening_a_curve_rounds_its_corners_and_keeps_its_place() -> None:
    square = np.array([(0.0, 0.0), (20.0, 0.0), (20.0, 20.0), (0.0, 20.0)])
    soft = softened(square, 1.5)
    assert np.allclose(soft.mean(axis=0), 10.0, atol=0.1)
    steps = np.diff(np.vstack([soft, soft[:2]]), axis=0)
    turns = np.abs(np.diff(np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))))
    assert turns.max() < np.radians(20.0)
    assert soft.min() > -0.1
    assert np.hypot(*soft.T).min() > 0.6
