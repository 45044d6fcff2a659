"""What a machine adds: noise that differs from place to place, bands of what the chin rests on, borders of the field."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from sos_studio.phantom import PhantomParameters, draw_parameters, render_midsagittal
from sos_studio.phantom.scanner import machine

NO_HEAD_MOVED = {"motion_share": 0.0, "streak_value": 0.0}


def with_scanner(parameters: PhantomParameters, **values: object) -> PhantomParameters:
    return parameters.model_copy(update={"scanner": parameters.scanner.model_copy(update={**NO_HEAD_MOVED, **values})})


def wide(seed: int) -> PhantomParameters:
    """A scan of the whole head, straight in a machine of the commonest kind."""
    parameters = draw_parameters(np.random.default_rng(seed), 4, pose_scale=0.0)
    shape = {"voxel_mm": 0.4, "shape_kji": (430, 560, 560), "cylinder": True, "margin_mm": 3.0, "edge_glow": 0.25, "banding_value": 30.0}
    return with_scanner(parameters, **shape)


def picture(parameters: PhantomParameters) -> npt.NDArray[np.float32]:
    return render_midsagittal(parameters, spacing_mm=0.5).values_vu


def noise_alone(parameters: PhantomParameters) -> npt.NDArray[np.float32]:
    return picture(parameters) - picture(with_scanner(parameters, noise_value=0.0))


def test_noise_differs_from_place_to_place() -> None:
    for seed in range(3):
        noise = noise_alone(wide(seed))
        height, width = noise.shape
        tiles = [
            noise[y : y + 24, x : x + 24].std() for y in range(height // 8, height - 60, 24) for x in range(width // 5, 3 * width // 5, 24)
        ]
        assert max(tiles) > 1.35 * min(tiles)
        brain = noise[height // 10 : height // 4, width // 3 : width // 2].std()
        tongue = noise[int(0.62 * height) : int(0.72 * height), int(0.55 * width) : int(0.62 * width)].std()
        assert brain > 1.1 * tongue


def test_a_chin_rest_bands_the_slices_that_it_lies_in() -> None:
    parameters = wide(1)
    level = machine(with_scanner(parameters, chin_rest=True))[0]["chin_s"]
    with_rest, without = (picture(with_scanner(parameters, chin_rest=value, noise_value=0.0)) for value in (True, False))
    # Behind the spine, far from the rest itself.
    change = np.abs(with_rest - without)[:, 60:200].mean(axis=1)
    half_s = parameters.scanner.size_lps_mm[2] / 2
    height = half_s - 0.5 * np.arange(len(change))
    near = np.abs(height - level) < 9.0
    assert change[near].max() > 5.0
    assert change[height > level + 40.0].max() < 2.0


def test_the_middle_of_the_uppermost_slices_is_darker() -> None:
    darker = []
    for seed in range(6):
        values = picture(with_scanner(wide(seed), noise_value=0.0, shading=0.0, banding_value=0.0))
        middle = slice(int(0.35 * values.shape[1]), int(0.6 * values.shape[1]))
        darker.append(np.median(values[14:22, middle]) < np.median(values[50:80, middle]))
    assert sum(darker) >= 5


@pytest.mark.parametrize("what", ["noise_value", "haze_value", "banding_value", "edge_glow"])
def test_a_machine_without_a_fault_shows_none(what: str) -> None:
    clean = {"noise_value": 0.0, "haze_value": 0.0, "banding_value": 0.0, "edge_glow": 0.0, "shading": 0.0, "cupping": 0.0}
    parameters = with_scanner(wide(2), chin_rest=False, head_rest=False, scatter=0.0, **clean)
    still, faulty = picture(parameters), picture(with_scanner(parameters, **{what: 0.2 if what == "edge_glow" else 80.0}))
    air = still == still.min()
    assert np.nanstd(still[air]) == 0.0
    assert np.nanmax(np.abs(faulty - still)) > 20.0
