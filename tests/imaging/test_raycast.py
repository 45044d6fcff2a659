from __future__ import annotations

import numpy as np
import pytest

from sos_studio.core.geometry import Orientation
from sos_studio.core.volume import Volume
from sos_studio.imaging import raycast


@pytest.fixture(scope="module")
def ball() -> Volume:
    """Soft tissue with a ball of bone (20 mm radius) that lies to the left (+x) of the middle."""
    k, j, i = np.mgrid[0:60, 0:60, 0:60] - 29.5
    inside = (i - 6) ** 2 + j**2 + k**2 < 20**2
    head = i**2 + j**2 + k**2 < 29**2
    return Volume(np.where(inside, 1200, np.where(head, 40, -1000)).astype(np.int16), np.diag([1.0, 1.0, 1.0, 1.0]))


def lit(rgb: np.ndarray) -> np.ndarray:
    return rgb.any(axis=2)


def test_the_threshold_lies_between_soft_tissue_and_bone(ball: Volume) -> None:
    assert 40 < raycast.prepare(ball).threshold < 1200


def test_the_picture_shows_the_surface_in_true_size_and_place(ball: Volume) -> None:
    rendered = raycast.prepare(ball)
    shown = lit(raycast.render(rendered, raycast.camera_rotation(0, 0), 200, 600.0))
    pixel_mm = rendered.diagonal_mm / 200
    assert shown.sum() * pixel_mm**2 == pytest.approx(np.pi * 20**2, rel=0.03)
    v, u = np.argwhere(shown).mean(axis=0)
    # Looking at the face, the patient's left is on the right of the screen.
    assert (u - 99.5) * pixel_mm == pytest.approx(6, abs=0.5)
    assert (v - 99.5) * pixel_mm == pytest.approx(0, abs=0.5)


def test_from_behind_left_is_left(ball: Volume) -> None:
    shown = lit(raycast.render(raycast.prepare(ball), raycast.camera_rotation(180, 0), 100, 600.0))
    assert np.argwhere(shown)[:, 1].mean() < 49


def test_from_the_left_side_the_face_is_on_the_left() -> None:
    array_kji = np.full((40, 40, 40), -1000, dtype=np.int16)
    array_kji[15:25, :8, 15:25] = 1000  # a nose: low j is anterior
    shown = lit(raycast.render(raycast.prepare(Volume(array_kji, np.eye(4))), raycast.camera_rotation(90, 0), 100, 0.0))
    assert np.argwhere(shown)[:, 1].mean() < 40


def test_a_camera_is_a_rotation_and_up_is_up() -> None:
    for azimuth in range(0, 360, 45):
        camera = raycast.camera_rotation(azimuth, 20, Orientation((0, 0, 0), 3, 4, 5).rotation)
        np.testing.assert_allclose(camera.T @ camera, np.eye(3), atol=1e-12)
        assert np.linalg.det(camera) == pytest.approx(1)
        assert camera[2, 1] < -0.8


def test_a_plane_is_drawn_where_it_cuts_the_surface(ball: Volume) -> None:
    plane = raycast.ShownPlane((0.0, 0.0, 1.0), ball.center_lps_mm, (255, 0, 0))
    rgb = raycast.render(raycast.prepare(ball), raycast.camera_rotation(0, 0), 200, 600.0, [plane])
    rows = np.argwhere((rgb == (255, 0, 0)).all(axis=2))[:, 0]
    assert len(rows) > 50
    assert np.abs(rows - 99.5).max() <= 3


def test_nothing_above_the_threshold_is_black(ball: Volume) -> None:
    assert not raycast.render(raycast.prepare(ball), np.eye(3), (30, 50), 1e6).any()


def test_a_large_volume_is_made_small_without_moving_it() -> None:
    volume = Volume(np.zeros((333, 20, 401), dtype=np.int16), np.diag([0.5, 2.0, 0.5, 1.0]))
    rendered = raycast.prepare(volume)
    assert max(rendered.voxels_kji.shape) <= raycast.MAX_SIDE
    np.testing.assert_allclose(rendered.center_lps_mm, volume.center_lps_mm, atol=1.0)


@pytest.mark.parametrize("shape", [(3, 3, 3), (1, 40, 40), (2, 200, 3)])
def test_odd_shapes_are_drawn(shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(0)
    volume = Volume(rng.integers(0, 100, shape).astype(np.float32), np.eye(4))
    assert raycast.render(raycast.prepare(volume), raycast.camera_rotation(30, 30), 40, 20.0).shape == (40, 40, 3)


def test_leaping_over_air_misses_nothing() -> None:
    rng = np.random.default_rng(3)
    array_kji = np.zeros((50, 50, 50), dtype=np.int16)
    for k, j, i in rng.integers(3, 47, (25, 3)):
        array_kji[k - 1 : k + 2, j - 1 : j + 2, i - 1 : i + 2] = 1000
    rendered = raycast.prepare(Volume(array_kji, np.eye(4)))
    everywhere = raycast.RenderVolume(
        rendered.voxels_kji, np.full_like(rendered.block_max_kji, 1e9), rendered.lps_from_ijk, rendered.threshold
    )
    camera = raycast.camera_rotation(33, 17)
    a, b = (lit(raycast.render(r, camera, 120, 500.0)) for r in (rendered, everywhere))
    assert (a != b).mean() < 0.003
    assert b.sum() > 400
