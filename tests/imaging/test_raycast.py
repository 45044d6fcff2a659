from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sos_studio.core.captures import Window
from sos_studio.core.geometry import Orientation
from sos_studio.core.volume import Volume
from sos_studio.imaging import raycast
from sos_studio.imaging.raycast import Camera, CutFace, RenderVolume, ShownPlane, camera_rotation


@pytest.fixture(scope="module")
def ball() -> Volume:
    """Soft tissue with a ball of bone (20 mm radius) that lies to the left (+x) of the middle."""
    k, j, i = np.mgrid[0:60, 0:60, 0:60] - 29.5
    inside = (i - 6) ** 2 + j**2 + k**2 < 20**2
    head = i**2 + j**2 + k**2 < 29**2
    return Volume(np.where(inside, 1200, np.where(head, 40, -1000)).astype(np.int16), np.diag([1.0, 1.0, 1.0, 1.0]))


def lit(rgb: np.ndarray) -> np.ndarray:
    return rgb.any(axis=2)


def draw(
    rendered: RenderVolume, camera: np.ndarray, size: int | tuple[int, int], threshold: float | None = None, **more: object
) -> np.ndarray:
    picture = raycast.render(rendered, Camera(camera), size, threshold, **more)
    assert picture is not None
    return picture


def test_the_threshold_lies_between_soft_tissue_and_bone(ball: Volume) -> None:
    rendered = raycast.prepare(ball)
    assert 40 < rendered.threshold < 1200
    assert rendered.tissue == pytest.approx(40, abs=5)


def test_the_picture_shows_the_surface_in_true_size_and_place(ball: Volume) -> None:
    rendered = raycast.prepare(ball)
    shown = lit(draw(rendered, camera_rotation(0, 0), 200, 600.0))
    pixel_mm = rendered.diagonal_mm / 200
    assert shown.sum() * pixel_mm**2 == pytest.approx(np.pi * 20**2, rel=0.03)
    v, u = np.argwhere(shown).mean(axis=0)
    # Looking at the face, the patient's left is on the right of the screen.
    assert (u - 99.5) * pixel_mm == pytest.approx(6, abs=0.5)
    assert (v - 99.5) * pixel_mm == pytest.approx(0, abs=0.5)


def test_what_the_camera_looks_at_lies_in_the_middle(ball: Volume) -> None:
    rendered = raycast.prepare(ball)
    x, y, z = ball.center_lps_mm
    picture = raycast.render(rendered, Camera(camera_rotation(0, 0), 1.0, (x + 6, y - 50, z)), 200, 600.0)
    assert picture is not None
    assert np.argwhere(lit(picture)).mean(axis=0) == pytest.approx([99.5, 99.5], abs=1.0)


def test_a_smooth_picture_is_one_of_twice_the_size_averaged(ball: Volume) -> None:
    rendered, camera = raycast.prepare(ball), camera_rotation(20, 0)
    large = draw(rendered, camera, (120, 160), 600.0).astype(float)
    smooth = draw(rendered, camera, (60, 80), 600.0, smooth=True)
    np.testing.assert_allclose(smooth, large.reshape(60, 2, 80, 2, 3).mean(axis=(1, 3)), atol=0.51)


def test_threads_draw_the_same_picture(ball: Volume) -> None:
    rendered, camera = raycast.prepare(ball), camera_rotation(30, 10)
    np.testing.assert_array_equal(draw(rendered, camera, 150), draw(rendered, camera, 150, threads=3))


@pytest.mark.parametrize("threads", [1, 2])
def test_a_picture_that_nobody_wants_any_more_is_given_up(ball: Volume, threads: int) -> None:
    asked: list[int] = []

    def wanted() -> bool:
        asked.append(1)
        return len(asked) < 3

    rendered = raycast.prepare(ball)
    assert raycast.render(rendered, Camera(np.eye(3)), 400, smooth=True, threads=threads, wanted=wanted) is None
    assert len(asked) < 10


def test_from_behind_left_is_left(ball: Volume) -> None:
    shown = lit(draw(raycast.prepare(ball), camera_rotation(180, 0), 100, 600.0))
    assert np.argwhere(shown)[:, 1].mean() < 49


def test_from_the_left_side_the_face_is_on_the_left() -> None:
    array_kji = np.full((40, 40, 40), -1000, dtype=np.int16)
    array_kji[15:25, :8, 15:25] = 1000  # a nose: low j is anterior
    shown = lit(draw(raycast.prepare(Volume(array_kji, np.eye(4))), camera_rotation(90, 0), 100, 0.0))
    assert np.argwhere(shown)[:, 1].mean() < 40


def test_a_camera_is_a_rotation_and_up_is_up() -> None:
    for azimuth in range(0, 360, 45):
        camera = camera_rotation(azimuth, 20, Orientation((0, 0, 0), 3, 4, 5).rotation)
        np.testing.assert_allclose(camera.T @ camera, np.eye(3), atol=1e-12)
        assert np.linalg.det(camera) == pytest.approx(1)
        assert camera[2, 1] < -0.8


def test_a_plane_is_drawn_where_it_cuts_the_surface(ball: Volume) -> None:
    plane = ShownPlane((0.0, 0.0, 1.0), ball.center_lps_mm, (255, 0, 0))
    rgb = draw(raycast.prepare(ball), camera_rotation(0, 0), 200, 600.0, planes=[plane]).astype(int)
    rows = np.argwhere(rgb[..., 0] > rgb[..., 1] + 100)[:, 0]
    assert len(rows) > 50
    assert np.abs(rows - 99.5).max() <= 2


def test_nothing_above_the_threshold_is_black(ball: Volume) -> None:
    assert not draw(raycast.prepare(ball), np.eye(3), (30, 50), 1e6).any()


@pytest.fixture(scope="module")
def hollow() -> Volume:
    """A tube of bone along z with marrow in it, 12 mm wide inside, in soft tissue."""
    k, j, i = np.mgrid[0:60, 0:60, 0:60] - 29.5
    radius = np.hypot(i, j)
    values = np.where((radius < 9) & (radius >= 6), 1200, np.where(radius < 25, 40, -1000))
    return Volume(np.where(abs(k) < 20, values, -1000).astype(np.int16), np.eye(4))


def cut_of(volume: Volume, side: float, scan: Volume | None = None, window: Window | None = None) -> CutFace:
    return CutFace((side, 0.0, 0.0), volume.center_lps_mm, window or Window(low=-1000.0, high=1200.0), scan)


def test_a_cut_takes_away_one_half_and_leaves_the_other(ball: Volume) -> None:
    rendered = raycast.prepare(ball)
    whole = lit(draw(rendered, camera_rotation(0, 0), 200, 600.0))
    for side in (-1.0, 1.0):
        # From the front; the side that is taken away is empty, the other looks as before (the plane is the middle of the picture).
        left = lit(draw(rendered, camera_rotation(0, 0), 200, 600.0, cut=cut_of(ball, side)))
        gone, kept = (slice(101, None), slice(None, 99)) if side > 0 else (slice(None, 99), slice(101, None))
        assert not left[:, gone].any()
        assert (left[:, kept] == whole[:, kept]).mean() > 0.995


def test_the_cut_face_shows_the_scans_grey_values_where_it_is_bone(ball: Volume) -> None:
    rendered = raycast.prepare(ball)
    # Seen squarely from the right, whose half is taken away: a disc of the ball at x = 0, radius sqrt(20² − 6²).
    for scan in (None, ball):
        rgb = draw(rendered, camera_rotation(270, 0), 200, 600.0, cut=cut_of(ball, -1.0, scan, Window(low=0.0, high=2400.0)))
        pixel_mm = rendered.diagonal_mm / 200
        radius = np.hypot(*(np.mgrid[0:200, 0:200] - 99.5)) * pixel_mm
        face = rgb[radius < 18]
        assert np.abs(face[:, 0].astype(int) - 127).max() <= 3
        assert lit(rgb)[radius < 18.5].all()


def test_marrow_between_bone_is_solid_on_the_cut_face_and_soft_tissue_is_not(hollow: Volume) -> None:
    rendered = raycast.prepare(hollow)
    rgb = draw(rendered, camera_rotation(270, 0), 200, 600.0, cut=cut_of(hollow, -1.0, window=Window(low=0.0, high=80.0)))
    v, u = (np.mgrid[0:200, 0:200] - 99.5) * rendered.diagonal_mm / 200
    marrow = rgb[(abs(u) < 5) & (abs(v) < 15)]
    assert np.abs(marrow[:, 0].astype(int) - 127).max() < 12
    assert not rgb[(abs(u) > 12) & (abs(v) < 15)].any()


def test_a_cut_seen_from_behind_changes_nothing_of_the_outside(ball: Volume) -> None:
    rendered, camera = raycast.prepare(ball), camera_rotation(90, 0)
    np.testing.assert_array_equal(draw(rendered, camera, 120, 600.0), draw(rendered, camera, 120, 600.0, cut=cut_of(ball, -1.0)))


def test_no_line_of_the_cutting_plane_is_drawn_on_its_own_face(ball: Volume) -> None:
    plane = ShownPlane((1.0, 0.0, 0.0), ball.center_lps_mm, (255, 0, 0))
    other = ShownPlane((0.0, 0.0, 1.0), ball.center_lps_mm, (0, 255, 0))
    rgb = draw(raycast.prepare(ball), camera_rotation(270, 0), 200, 600.0, planes=[plane, other], cut=cut_of(ball, -1.0)).astype(int)
    assert (rgb[..., 0] > rgb[..., 1] + 60).sum() == 0
    assert (rgb[..., 1] > rgb[..., 0] + 60).sum() > 50


@pytest.mark.parametrize("shape", [(3, 3, 3), (1, 40, 40), (2, 200, 3)])
def test_odd_shapes_are_drawn(shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(0)
    volume = Volume(rng.integers(0, 100, shape).astype(np.float32), np.eye(4))
    cut = cut_of(volume, 1.0, volume)
    assert draw(raycast.prepare(volume), camera_rotation(30, 30), 40, 20.0, cut=cut, smooth=True).shape == (40, 40, 3)


def test_leaping_over_air_misses_nothing() -> None:
    rng = np.random.default_rng(3)
    array_kji = np.zeros((50, 50, 50), dtype=np.int16)
    for k, j, i in rng.integers(3, 47, (25, 3)):
        array_kji[k - 1 : k + 2, j - 1 : j + 2, i - 1 : i + 2] = 1000
    rendered = raycast.prepare(Volume(array_kji, np.eye(4)))
    everywhere = dataclasses.replace(rendered, block_max_kji=np.full_like(rendered.block_max_kji, 32000))
    for camera in (camera_rotation(33, 17), camera_rotation(0, 0), camera_rotation(200, -40)):
        a, b = (lit(draw(r, camera, 120, 500.0)) for r in (rendered, everywhere))
        assert (a != b).mean() < 0.003
        assert b.sum() > 300
