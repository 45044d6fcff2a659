"""Slabs on the screen: the exact mean and maximum to within a grey value, whatever the angle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sos_studio.core.captures import Window
from sos_studio.core.geometry import Plane
from sos_studio.core.slabs import MAX_SLAB_MM, SLAB_STEPS_MM, Slab
from sos_studio.core.volume import Volume
from sos_studio.imaging import resample, slabs
from sos_studio.imaging.windowing import apply_window
from tests.imaging.test_resample import orientations, pane

LOW, HIGH = -500.0, 1500.0
SHAPE = (40, 50)


@pytest.fixture(autouse=True, scope="module")
def _kernels() -> None:
    slabs.warm_up()
    slabs.warm_up(np.float32)


def exact(volume: Volume, lps_from_uv: np.ndarray, slab: Slab, shape_vu: tuple[int, int] = SHAPE) -> np.ndarray:
    """Plane by plane with the kernel of captures, in double precision, then the window."""
    samples = slabs.samples_of(volume, slab)
    normal = lps_from_uv[:3, 2] / np.linalg.norm(lps_from_uv[:3, 2])
    planes = []
    for distance_mm in np.linspace(-slab.thickness_mm / 2, slab.thickness_mm / 2, samples):
        moved = lps_from_uv.copy()
        moved[:3, 3] += distance_mm * normal
        planes.append(resample.reslice(volume, moved, shape_vu).astype(np.float64))
    with np.errstate(all="ignore"):
        stack = np.array(planes)
        there = np.isfinite(stack)
        total = np.where(there, stack, 0.0).sum(axis=0) / there.sum(axis=0)
        value = total if slab.mode == "mean" else np.where(there, stack, -np.inf).max(axis=0)
    value[np.isnan(resample.reslice(volume, lps_from_uv, shape_vu))] = np.nan
    return apply_window(value.astype(np.float32), Window(low=LOW, high=HIGH)).astype(int)


def differs(shown: np.ndarray, expected: np.ndarray) -> float:
    """Share of pixels that are wrong by more than rounding; those on the rim of the volume may fall to either side."""
    return float((np.abs(shown.astype(int) - expected) > 2).mean())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    orientation=orientations,
    plane=st.sampled_from(Plane),
    thickness_mm=st.sampled_from([0.4, 1.0, 3.3, 12.0]),
    mode=st.sampled_from(["mean", "max"]),
)
def test_any_slab_equals_its_planes_taken_together(tilted_volume: Volume, orientation, plane: Plane, thickness_mm: float, mode) -> None:
    lps_from_uv = pane(tilted_volume, orientation, plane)
    slab = Slab(thickness_mm, mode)
    shown = slabs.render_slab(tilted_volume, lps_from_uv, SHAPE, LOW, HIGH, slab=slab)
    assert differs(shown, exact(tilted_volume, lps_from_uv, slab)) < 0.005


@pytest.mark.parametrize("mode", ["mean", "max"])
def test_pictures_larger_than_a_tile_have_no_seams(mode) -> None:
    rng = np.random.default_rng(0)
    volume = Volume(rng.integers(-1000, 2000, (40, 60, 90)).astype(np.int16), np.diag([0.5, 0.5, 0.5, 1.0]))
    from sos_studio.core.geometry import Orientation, pane_lps_from_uv

    head = Orientation(volume.center_lps_mm, 7, 5, -11)
    grid = pane_lps_from_uv(head, Plane.CORONAL, focus_lps_mm=volume.center_lps_mm, spacing_mm=0.3, shape_vu=(90, 170))
    shown = slabs.render_slab(volume, grid, (90, 170), LOW, HIGH, slab=Slab(4.0, mode))
    assert differs(shown, exact(volume, grid, Slab(4.0, mode), (90, 170))) < 0.005


def test_floating_point_scans_are_shown_alike(tilted_volume: Volume) -> None:
    from sos_studio.core.geometry import Orientation

    lps_from_uv = pane(tilted_volume, Orientation((0.1, 0.2, 0.3), 10, 20, 30), Plane.AXIAL)
    as_float = Volume(tilted_volume.array_kji.astype(np.float32), tilted_volume.lps_from_ijk)
    a, b = (slabs.render_slab(v, lps_from_uv, SHAPE, LOW, HIGH, slab=Slab(3.0, "max")) for v in (tilted_volume, as_float))
    assert np.abs(a.astype(int) - b).max() <= 1


def test_no_thickness_is_the_plane_itself(tilted_volume: Volume) -> None:
    from sos_studio.core.geometry import Orientation

    lps_from_uv = pane(tilted_volume, Orientation((0, 0, 0), 4, 5, 6), Plane.SAGITTAL)
    plane = resample.render_slice(tilted_volume, lps_from_uv, SHAPE, LOW, HIGH)
    assert np.array_equal(slabs.render_slab(tilted_volume, lps_from_uv, SHAPE, LOW, HIGH, slab=Slab(0.0, "max")), plane)


def test_a_volume_one_voxel_thick_shows_its_only_slice() -> None:
    volume = Volume(np.full((1, 20, 30), 800, dtype=np.int16), np.eye(4))
    grey = slabs.render_slab(volume, np.eye(4), (20, 30), 0.0, 1000.0, slab=Slab(5.0, "max"))
    assert (grey == round(0.8 * 255)).all()


def test_the_slab_is_the_same_before_its_kernel_is_compiled(tilted_volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    from sos_studio.core.geometry import Orientation

    lps_from_uv = pane(tilted_volume, Orientation((0.2, 0.2, 0.1), 12, 25, -17), Plane.CORONAL)
    for mode in ("mean", "max"):
        fast = slabs.render_slab_display(tilted_volume, lps_from_uv, SHAPE, LOW, HIGH, slab=Slab(3.0, mode))
        with monkeypatch.context() as patch:
            patch.setattr(slabs, "_compiled", set())
            slow = slabs.render_slab_display(tilted_volume, lps_from_uv, SHAPE, LOW, HIGH, slab=Slab(3.0, mode))
        assert differs(fast, slow.astype(int)) < 0.005


def test_keys_walk_through_round_thicknesses_and_stop_at_the_ends() -> None:
    assert Slab(0.0).stepped(1) == Slab(1.0)
    assert Slab(4.2, "max").stepped(1) == Slab(5.0, "max")
    assert Slab(4.2, "max").stepped(-1) == Slab(3.0, "max")
    assert Slab(0.0).stepped(-1) == Slab(0.0)
    assert Slab(MAX_SLAB_MM).stepped(1) == Slab(MAX_SLAB_MM)
    assert Slab(1e9).thickness_mm == SLAB_STEPS_MM[-1]
