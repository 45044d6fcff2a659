from __future__ import annotations

import numpy as np
import pytest

from sos_studio.core.errors import BadInputError, CancelledError
from sos_studio.core.geometry import Orientation
from sos_studio.core.volume import Volume
from sos_studio.phantom import PhantomParameters, draw_cohort, draw_parameters, render_midsagittal, render_volume
from tests.phantom.conftest import small_field, without_noise


@pytest.fixture(scope="module")
def scan() -> tuple[PhantomParameters, Volume]:
    parameters = small_field(draw_parameters(np.random.default_rng(5), 1), (150, 170, 70))
    # The rim of the field is a step, which voxels and a plane sample differently.
    parameters = parameters.model_copy(update={"scanner": parameters.scanner.model_copy(update={"margin_mm": 0.0})})
    return parameters, render_volume(parameters)


def test_the_same_parameters_give_the_same_pixels() -> None:
    parameters = draw_cohort(3, 0)[0].parameters
    again = PhantomParameters.model_validate_json(parameters.model_dump_json())
    first, second = (render_midsagittal(p, spacing_mm=0.8).values_vu for p in (parameters, again))
    assert np.array_equal(first, second, equal_nan=True)


def test_a_capture_is_float32_with_nan_outside_of_the_scan() -> None:
    parameters = draw_parameters(np.random.default_rng(1))
    parameters = parameters.model_copy(update={"pose": Orientation((0.0, 10.0, 10.0), 5.0, -6.0, 12.0)})
    values, lps_from_uv, orientation = render_midsagittal(parameters, spacing_mm=0.5)
    assert values.dtype == np.float32
    assert orientation == parameters.pose
    v, u = np.mgrid[: values.shape[0], : values.shape[1]]
    lps = np.stack([u, v, 0 * u, 0 * u + 1], axis=-1) @ lps_from_uv.T
    half = np.asarray(parameters.scanner.size_lps_mm) / 2
    inside = np.all(np.abs(lps[..., :3]) <= half + 1e-6, axis=-1)
    assert np.array_equal(np.isfinite(values), inside)
    assert not inside.all()
    assert values[inside].min() >= -1000.0


@pytest.mark.parametrize("spacing_mm", [0.0, 0.001, 50.0])
def test_senseless_spacings_are_refused(spacing_mm: float) -> None:
    parameters = draw_parameters(np.random.default_rng(1))
    with pytest.raises(BadInputError, match=r"capture\.bad_spacing"):
        render_midsagittal(parameters, spacing_mm=spacing_mm)
    with pytest.raises(BadInputError, match=r"phantom\.bad_spacing"):
        render_volume(parameters, spacing_mm=spacing_mm)


def test_a_plane_beside_the_scan_is_refused() -> None:
    parameters = draw_parameters(np.random.default_rng(1))
    with pytest.raises(BadInputError, match=r"capture\.plane_misses_volume"):
        render_midsagittal(parameters, orientation=Orientation((500.0, 0.0, 0.0)))


def test_a_volume_is_int16_centred_on_the_scanner(scan: tuple[PhantomParameters, Volume]) -> None:
    parameters, volume = scan
    assert volume.array_kji.dtype == np.int16
    assert volume.shape_kji == parameters.scanner.shape_kji
    assert volume.spacing_mm_ijk == pytest.approx((parameters.scanner.voxel_mm,) * 3)
    assert volume.center_lps_mm == pytest.approx((0.0, 0.0, 0.0), abs=1e-9)
    assert volume.array_kji.min() >= -1000


def test_other_voxels_keep_the_field_of_view(scan: tuple[PhantomParameters, Volume]) -> None:
    parameters, native = scan
    coarse = render_volume(parameters, spacing_mm=1.1)
    assert np.allclose(coarse.corners_lps_mm, native.corners_lps_mm, atol=1.1)
    assert coarse.spacing_mm_ijk == pytest.approx((1.1, 1.1, 1.1))


def test_rendering_tells_how_far_it_is_and_can_be_stopped() -> None:
    parameters = small_field(draw_parameters(np.random.default_rng(5), 2), (40, 30, 30))
    shares: list[float] = []
    render_volume(parameters, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) > 3
    with pytest.raises(CancelledError):
        render_volume(parameters, cancelled=lambda: True)


def test_a_capture_of_the_scan_is_the_direct_capture(scan: tuple[PhantomParameters, Volume]) -> None:
    """Loading, reslicing and capturing agrees with rendering the plane alone: grid, borders, anatomy, even the noise."""
    from sos_studio.imaging.capture import capture_midsagittal

    parameters, volume = scan
    for orientation in (parameters.pose, Orientation((0.0, 1.0, 2.0), 3.0, -4.0, 0.0)):
        captured = capture_midsagittal(volume, orientation, spacing_mm=0.25)
        values, lps_from_uv, _ = render_midsagittal(parameters, orientation=orientation, spacing_mm=0.25)
        assert np.allclose(lps_from_uv, captured.lps_from_uv, atol=1e-9)
        assert values.shape == captured.values_vu.shape
        both = np.isfinite(values) & np.isfinite(captured.values_vu)
        assert np.mean(np.isfinite(values) == np.isfinite(captured.values_vu)) > 0.999
        assert np.corrcoef(values[both], captured.values_vu[both])[0, 1] > 0.995
        assert np.median(np.abs(values[both] - captured.values_vu[both])) < 12.0


def test_a_capture_shows_a_head_that_looks_to_the_right() -> None:
    case = draw_cohort(5, 6)[0]
    values, _, _ = render_midsagittal(case.parameters, orientation=case.orientation, spacing_mm=1.0)
    known = np.nan_to_num(values, nan=-1000.0)
    # Teeth and metal are the brightest and lie in front and below; air in front of the face is more than behind the head.
    rows, columns = np.nonzero(known > np.percentile(known, 99.8))
    assert columns.mean() > 0.55 * values.shape[1]
    assert rows.mean() > 0.45 * values.shape[0]
    assert np.mean(known < -500) > 0.05


def test_a_head_that_moved_is_seen_twice() -> None:
    parameters = without_noise(draw_parameters(np.random.default_rng(8), 5))
    moved = parameters.model_copy(update={"scanner": parameters.scanner.model_copy(update={"motion_share": 0.5, "motion_mm": (0.0, 2.0)})})
    still, shaken = (render_midsagittal(p, spacing_mm=0.5).values_vu for p in (parameters, moved))
    shifted = 0.5 * (still[4:] + still[:-4])
    inside = np.isfinite(shifted) & np.isfinite(shaken[4:])
    assert np.corrcoef(shifted[inside], shaken[4:][inside])[0, 1] > 0.97
    assert np.nanmean(np.abs(np.diff(shaken, axis=0))) < np.nanmean(np.abs(np.diff(still, axis=0)))


def test_metal_sends_rays_through_its_slices_only() -> None:
    parameters = draw_parameters(np.random.default_rng(2), 4)
    anatomy = parameters.anatomy.model_copy(update={"brackets": True})
    with_metal, without = (
        parameters.model_copy(update={"anatomy": anatomy, "scanner": parameters.scanner.model_copy(update={"streak_value": value})})
        for value in (400.0, 0.0)
    )
    first, second = (render_midsagittal(p, spacing_mm=0.8).values_vu for p in (with_metal, without))
    changed = np.max(np.abs(np.nan_to_num(first) - np.nan_to_num(second)), axis=1)
    assert changed.max() > 100.0
    assert np.mean(changed < 1.0) > 0.5


def test_the_field_ends_in_an_empty_bowl() -> None:
    parameters = draw_parameters(np.random.default_rng(2), 4, pose_scale=0.0)
    parameters = parameters.model_copy(update={"scanner": parameters.scanner.model_copy(update={"margin_mm": 4.0})})
    values, _, _ = render_midsagittal(parameters, spacing_mm=0.5)
    assert np.all(values[:3] < -900.0)
    assert np.mean(values[15] > -900.0) > 0.3


@pytest.mark.slow
def test_speed_of_captures_and_volumes() -> None:
    """A capture in half a second and 512³ voxels in a minute on one core (processor time), here an eighth of them."""
    import time

    cohort = draw_cohort(12, 9)
    render_midsagittal(cohort[0].parameters, orientation=cohort[0].orientation)
    start = time.process_time()
    for case in cohort:
        render_midsagittal(case.parameters, orientation=case.orientation)
    assert (time.process_time() - start) / 12 <= 0.5 * 1.5
    parameters = cohort[0].parameters
    parameters = parameters.model_copy(
        update={"scanner": parameters.scanner.model_copy(update={"voxel_mm": 0.8, "shape_kji": (256, 256, 256), "cylinder": True})}
    )
    render_volume(parameters, spacing_mm=4.0)
    start = time.process_time()
    render_volume(parameters)
    assert (time.process_time() - start) * 8 <= 60.0 * 1.5
