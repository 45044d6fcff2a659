from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from sos_studio.core.captures import Window
from sos_studio.core.geometry import Orientation, Plane, capture_grid, pane_lps_from_uv
from sos_studio.core.volume import Volume
from sos_studio.imaging import resample
from sos_studio.imaging.windowing import apply_window

angles = st.floats(-180, 180)
orientations = st.builds(
    lambda x, y, z, roll, yaw, pitch: Orientation((x, y, z), roll, yaw, pitch),
    st.floats(-5, 5),
    st.floats(-5, 5),
    st.floats(-5, 5),
    angles,
    st.floats(-89, 89),
    angles,
)


def ijk_of_pixels(volume: Volume, lps_from_uv: np.ndarray, shape_vu: tuple[int, int], offset_w: float = 0.0) -> np.ndarray:
    """Voxel coordinates of every pixel, by the book: uv → LPS → ijk."""
    v, u = np.mgrid[0 : shape_vu[0], 0 : shape_vu[1]].astype(np.float64)
    uvw1 = np.stack([u, v, np.full_like(u, offset_w), np.ones_like(u)])
    return np.tensordot(np.linalg.inv(volume.lps_from_ijk), np.tensordot(lps_from_uv, uvw1, 1), 1)[:3]


def oracle(volume: Volume, lps_from_uv: np.ndarray, shape_vu: tuple[int, int], offset_w: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """scipy's trilinear values, and which pixels are safely inside or outside."""
    ijk = ijk_of_pixels(volume, lps_from_uv, shape_vu, offset_w)
    sizes = np.array(volume.shape_kji[::-1]).reshape(3, 1, 1)
    margin = np.minimum(ijk, sizes - 1 - ijk).min(axis=0)
    values = map_coordinates(volume.array_kji.astype(np.float64), ijk[::-1], order=1, mode="nearest")
    return values, margin


def pane(volume: Volume, orientation: Orientation, plane: Plane, shape_vu: tuple[int, int] = (40, 50)) -> np.ndarray:
    around = tuple(np.add(volume.center_lps_mm, orientation.center_lps_mm))
    return pane_lps_from_uv(orientation.centered_at(around), plane, focus_lps_mm=around, spacing_mm=0.45, shape_vu=shape_vu)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orientation=orientations, plane=st.sampled_from(Plane))
def test_any_oblique_plane_equals_an_independent_trilinear_interpolation(
    tilted_volume: Volume, orientation: Orientation, plane: Plane
) -> None:
    lps_from_uv = pane(tilted_volume, orientation, plane)
    values = resample.reslice(tilted_volume, lps_from_uv, (40, 50))
    expected, margin = oracle(tilted_volume, lps_from_uv, (40, 50))
    np.testing.assert_allclose(values[margin > 1e-5], expected[margin > 1e-5], atol=2e-2)
    assert np.isnan(values[margin < -1e-5]).all()
    assert np.isfinite(values[margin > 1e-5]).all()


def test_simple_itk_sees_the_same_plane(tilted_volume: Volume) -> None:
    image = SimpleITK.GetImageFromArray(tilted_volume.array_kji.astype(np.float32))
    image.SetSpacing(tilted_volume.spacing_mm_ijk)
    image.SetDirection((tilted_volume.lps_from_ijk[:3, :3] / np.array(tilted_volume.spacing_mm_ijk)).reshape(-1))
    image.SetOrigin(tilted_volume.lps_from_ijk[:3, 3])
    lps_from_uv = pane(tilted_volume, Orientation((0.3, 0.2, 0.1), 12, 25, -17), Plane.SAGITTAL, (30, 31))
    spacing_mm = float(np.linalg.norm(lps_from_uv[:3, 0]))
    axes = lps_from_uv[:3, :3] / spacing_mm
    axes[:, 2] = np.cross(axes[:, 0], axes[:, 1])  # SimpleITK wants a right-handed grid
    theirs = SimpleITK.Resample(
        image,
        [31, 30, 1],
        SimpleITK.Transform(),
        SimpleITK.sitkLinear,
        lps_from_uv[:3, 3],
        [spacing_mm] * 3,
        axes.reshape(-1),
        float("nan"),
    )
    ours = resample.reslice(tilted_volume, lps_from_uv, (30, 31))
    theirs_vu = SimpleITK.GetArrayFromImage(theirs)[0]
    both = np.isfinite(ours) & np.isfinite(theirs_vu)
    assert both.sum() > 300
    np.testing.assert_allclose(ours[both], theirs_vu[both], atol=0.05)


def test_a_plane_through_voxel_centres_shows_the_voxels_themselves(tilted_volume: Volume) -> None:
    lps_from_uv = tilted_volume.lps_from_ijk.copy()
    lps_from_uv[:3, 3] = (tilted_volume.lps_from_ijk @ [0, 0, 11, 1])[:3]
    values = resample.reslice(tilted_volume, lps_from_uv, (30, 36))
    np.testing.assert_allclose(values, tilted_volume.array_kji[11], atol=1e-2)


def test_the_faces_of_the_box_of_voxel_centres_are_inside(tilted_volume: Volume) -> None:
    for k in (0, 23):
        lps_from_uv = tilted_volume.lps_from_ijk.copy()
        lps_from_uv[:3, 3] = (tilted_volume.lps_from_ijk @ [0, 0, k, 1])[:3]
        assert np.isfinite(resample.reslice(tilted_volume, lps_from_uv, (30, 36))).all()


def test_beyond_the_faces_is_nan(tilted_volume: Volume) -> None:
    lps_from_uv = tilted_volume.lps_from_ijk.copy()
    lps_from_uv[:3, 3] = (tilted_volume.lps_from_ijk @ [-1, -1, 5, 1])[:3]
    values = resample.reslice(tilted_volume, lps_from_uv, (32, 38))
    assert np.isnan(values[0]).all()
    assert np.isnan(values[-1]).all()
    assert np.isnan(values[:, 0]).all()
    assert np.isnan(values[:, -1]).all()
    assert np.isfinite(values[1:-1, 1:-1]).all()


def test_every_pixel_of_a_capture_grid_along_the_axes_is_inside() -> None:
    volume = Volume(np.ones((20, 20, 20), dtype=np.int16), np.diag([0.3, 0.3, 0.3, 1.0]))
    lps_from_uv, shape_vu = capture_grid(volume.corners_lps_mm, Orientation(volume.center_lps_mm), 0.3)
    assert shape_vu == (20, 20)
    assert np.isfinite(resample.reslice(volume, lps_from_uv, shape_vu)).all()


@pytest.mark.parametrize("slab_mm", [0.1, 1.0, 3.3])
def test_a_slab_is_the_mean_of_planes_along_the_normal(tilted_volume: Volume, slab_mm: float) -> None:
    lps_from_uv = pane(tilted_volume, Orientation((0, 0, 0), 5, 6, 7), Plane.SAGITTAL, (20, 20))
    samples = resample.slab_samples(tilted_volume, slab_mm)
    assert slab_mm / (samples - 1) <= min(tilted_volume.spacing_mm_ijk) + 1e-9
    pixel_mm = float(np.linalg.norm(lps_from_uv[:3, 2]))
    planes, margins = [], []
    for distance_mm in np.linspace(-slab_mm / 2, slab_mm / 2, samples):
        values, margin = oracle(tilted_volume, lps_from_uv, (20, 20), distance_mm / pixel_mm)
        planes.append(values)
        margins.append(margin)
    inside = np.min(margins, axis=0) > 1e-5
    assert inside.sum() > 100
    ours = resample.reslice(tilted_volume, lps_from_uv, (20, 20), slab_mm=slab_mm)
    np.testing.assert_allclose(ours[inside], np.mean(planes, axis=0)[inside], atol=2e-2)


def test_the_length_of_the_normal_does_not_change_a_slab(tilted_volume: Volume) -> None:
    lps_from_uv = pane(tilted_volume, Orientation(), Plane.CORONAL, (20, 20))
    longer = lps_from_uv.copy()
    longer[:3, 2] *= 7.0
    a, b = (resample.reslice(tilted_volume, m, (20, 20), slab_mm=2.0) for m in (lps_from_uv, longer))
    np.testing.assert_array_equal(a, b)


def test_rendering_is_reslicing_and_windowing_in_one(tilted_volume: Volume) -> None:
    lps_from_uv = pane(tilted_volume, Orientation((0, 0, 0), 8, -3, 21), Plane.AXIAL)
    grey = resample.render_slice(tilted_volume, lps_from_uv, (40, 50), -400.0, 1800.0)
    expected = apply_window(resample.reslice(tilted_volume, lps_from_uv, (40, 50)), Window(low=-400.0, high=1800.0))
    np.testing.assert_array_equal(grey, expected)


def test_a_given_picture_is_filled_in_place(tilted_volume: Volume) -> None:
    out = np.full((40, 50), 99, dtype=np.uint8)
    lps_from_uv = pane(tilted_volume, Orientation(), Plane.AXIAL)
    assert resample.render_slice(tilted_volume, lps_from_uv, (40, 50), 0.0, 1.0, out=out) is out
    far = lps_from_uv.copy()
    far[:3, 3] += 1e4
    resample.render_slice(tilted_volume, far, (40, 50), 0.0, 1.0, out=out)
    assert not out.any()


def test_the_display_is_the_same_before_the_kernels_are_compiled(tilted_volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    lps_from_uv = pane(tilted_volume, Orientation((0, 0, 0), 8, -3, 21), Plane.SAGITTAL)
    fast = resample.render_slice_display(tilted_volume, lps_from_uv, (40, 50), -400.0, 1800.0)
    monkeypatch.setattr(resample, "_compiled", set())
    assert not resample.numba_ready(tilted_volume)
    slow = resample.render_slice_display(tilted_volume, lps_from_uv, (40, 50), -400.0, 1800.0)
    assert np.abs(slow.astype(int) - fast).max() <= 1


def test_warming_up_makes_the_fast_way_ready(tilted_volume: Volume) -> None:
    resample.warm_up()
    assert resample.numba_ready(tilted_volume)
    assert resample.numba_ready()


def test_a_volume_one_voxel_thick_shows_its_only_slice() -> None:
    volume = Volume(np.arange(12, dtype=np.int16).reshape(1, 3, 4), np.eye(4))
    np.testing.assert_array_equal(resample.reslice(volume, np.eye(4), (3, 4)), volume.array_kji[0])


def test_nan_voxels_are_black() -> None:
    array_kji = np.ones((5, 5, 5), dtype=np.float32)
    array_kji[2, 2, 2] = np.nan
    matrix = np.eye(4)
    matrix[2, 3] = 2.0
    grey = resample.render_slice(Volume(array_kji, np.eye(4)), matrix, (5, 5), 0.0, 1.0)
    assert grey[2, 2] == 0
    assert grey[0, 0] == 255


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orientation=orientations, spacing_mm=st.floats(0.1, 2.0), data=st.data())
def test_world_voxel_and_capture_coordinates_go_round_within_a_nanometre(
    tilted_volume: Volume, orientation: Orientation, spacing_mm: float, data: st.DataObject
) -> None:
    centered = orientation.centered_at(tuple(np.add(tilted_volume.center_lps_mm, orientation.center_lps_mm)))
    lps_from_uv, shape_vu = capture_grid(tilted_volume.corners_lps_mm, centered, spacing_mm)
    uv = np.array([data.draw(st.floats(0, shape_vu[1] - 1)), data.draw(st.floats(0, shape_vu[0] - 1)), 0.0, 1.0])
    lps = lps_from_uv @ uv
    ijk = tilted_volume.ijk_from_lps @ lps
    back = np.linalg.inv(lps_from_uv) @ tilted_volume.lps_from_ijk @ ijk
    assert np.linalg.norm((back - uv)[:3]) * spacing_mm < 1e-6
    assert np.linalg.norm(tilted_volume.lps_from_ijk @ ijk - lps) < 1e-6
