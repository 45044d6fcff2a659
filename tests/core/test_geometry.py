from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_studio.core.errors import BadInputError
from sos_studio.core.geometry import (
    NORMAL_AXIS,
    Orientation,
    Plane,
    capture_grid,
    direction_letters,
    pane_lps_from_uv,
    plane_axes,
)
from sos_studio.core.volume import Volume

LEFT, POSTERIOR, SUPERIOR = np.eye(3)
angles = st.floats(-89, 89)
millimetres = st.floats(-200, 200)
orientations = st.builds(Orientation, st.tuples(millimetres, millimetres, millimetres), st.floats(-179, 179), angles, st.floats(-179, 179))


def _volume(spacing: float = 1.0) -> Volume:
    matrix = np.diag([spacing, spacing, spacing, 1.0])
    matrix[:3, 3] = [-20, -30, -40]
    return Volume(np.zeros((60, 50, 40), np.int16), matrix)


@pytest.mark.parametrize(
    ("orientation", "head_axis", "towards"),
    [
        (Orientation(roll_deg=10), 2, LEFT),  # vertex to the patient's left
        (Orientation(yaw_deg=10), 1, -LEFT),  # head's P to the right, so the face to the left
        (Orientation(pitch_deg=10), 1, SUPERIOR),  # head's P up, so the face down
    ],
)
def test_positive_angles_turn_as_the_contract_says(orientation: Orientation, head_axis: int, towards: np.ndarray) -> None:
    assert orientation.rotation[:, head_axis] @ towards == pytest.approx(np.sin(np.radians(10)))


@given(orientations)
def test_rotation_is_proper_and_decomposes_into_the_same_angles(orientation: Orientation) -> None:
    rotation = orientation.rotation
    assert np.allclose(rotation.T @ rotation, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    again = Orientation.from_rotation(rotation, orientation.center_lps_mm)
    assert np.allclose(again.rotation, rotation, atol=1e-9)
    assert again.yaw_deg == pytest.approx(orientation.yaw_deg, abs=1e-7)


@pytest.mark.parametrize("yaw", [90.0, -90.0])
@given(roll=st.floats(-170, 170), pitch=st.floats(-170, 170))
def test_gimbal_lock_still_gives_the_same_rotation(yaw: float, roll: float, pitch: float) -> None:
    rotation = Orientation((0, 0, 0), roll, yaw, pitch).rotation
    assert np.allclose(Orientation.from_rotation(rotation, (0, 0, 0)).rotation, rotation, atol=1e-6)


@given(orientations, st.floats(-90, 90))
def test_pitch_never_moves_the_midsagittal_plane(orientation: Orientation, pitch: float) -> None:
    other = Orientation(orientation.center_lps_mm, orientation.roll_deg, orientation.yaw_deg, pitch)
    assert np.allclose(other.rotation[:, 0], orientation.rotation[:, 0], atol=1e-12)


@given(orientations, st.sampled_from(list(Plane)), st.floats(-30, 30))
def test_turning_in_a_pane_keeps_that_pane_and_can_be_turned_back(orientation: Orientation, plane: Plane, degrees: float) -> None:
    turned = orientation.turned_about(plane, degrees)
    axis = NORMAL_AXIS[plane]
    assert np.allclose(turned.rotation[:, axis], orientation.rotation[:, axis], atol=1e-9)
    assert np.allclose(turned.turned_about(plane, -degrees).rotation, orientation.rotation, atol=1e-9)


@given(orientations, st.sampled_from(list(Plane)), st.floats(-50, 50))
def test_scrolling_moves_along_the_planes_normal_only(orientation: Orientation, plane: Plane, distance: float) -> None:
    moved = orientation.moved(plane, distance)
    step = np.subtract(moved.center_lps_mm, orientation.center_lps_mm)
    assert np.allclose(step, distance * orientation.rotation[:, NORMAL_AXIS[plane]], atol=1e-9)


def test_axial_and_coronal_panes_show_the_patients_right_on_the_left() -> None:
    for plane in (Plane.AXIAL, Plane.CORONAL):
        assert np.allclose(plane_axes(Orientation(), plane)[0], LEFT)


def test_the_sagittal_pane_faces_right_and_can_face_left() -> None:
    assert np.allclose(plane_axes(Orientation(), Plane.SAGITTAL)[0], -POSTERIOR)
    assert np.allclose(plane_axes(Orientation(), Plane.SAGITTAL, "left")[0], POSTERIOR)


@given(orientations, st.sampled_from(list(Plane)), st.sampled_from(["left", "right"]))
def test_a_panes_middle_pixel_shows_the_focus_projected_on_the_plane(orientation: Orientation, plane: Plane, facing: str) -> None:
    focus = (5.0, -3.0, 7.0)
    matrix = pane_lps_from_uv(orientation, plane, focus_lps_mm=focus, spacing_mm=0.5, shape_vu=(101, 201), facing=facing)  # type: ignore[arg-type]
    middle = (matrix @ [100, 50, 0, 1])[:3]
    normal = orientation.rotation[:, NORMAL_AXIS[plane]]
    assert (middle - orientation.center_lps_mm) @ normal == pytest.approx(0, abs=1e-8)
    assert np.allclose(np.cross(middle - np.array(focus), normal), 0, atol=1e-7)


def test_the_capture_without_an_orientation_covers_the_whole_middle_slice() -> None:
    volume = _volume()
    matrix, shape_vu = capture_grid(volume.corners_lps_mm, Orientation(volume.center_lps_mm), 1.0)
    assert shape_vu == (60, 50)
    # Top left: most posterior, most superior; columns run towards the face, rows down.
    assert np.allclose(matrix[:3, 3], [volume.center_lps_mm[0], -30 + 49, -40 + 59])
    assert np.allclose(matrix[:3, :3], np.column_stack([-POSTERIOR, -SUPERIOR, LEFT]))


@given(st.floats(-15, 15), st.floats(-15, 15), st.floats(-40, 40), st.sampled_from([0.2, 0.25, 0.4, 1.0]))
def test_the_capture_grid_lies_on_the_plane_and_within_the_bounding_rectangle(
    roll: float, yaw: float, pitch: float, spacing: float
) -> None:
    volume = _volume()
    orientation = Orientation(volume.center_lps_mm, roll, yaw, pitch)
    matrix, (height, width) = capture_grid(volume.corners_lps_mm, orientation, spacing)
    assert np.allclose(matrix[:3, 2], spacing * orientation.rotation[:, 0], atol=1e-12)
    uv_from_lps = np.linalg.inv(matrix)
    corners = (np.c_[volume.corners_lps_mm, np.ones(8)] @ uv_from_lps.T)[:, :2]
    assert np.all(corners.min(axis=0) <= [1e-6, 1e-6])  # the box reaches at least to pixel (0, 0) …
    assert np.all(corners.max(axis=0) >= [width - 1 - 1e-2, height - 1 - 1e-2])  # … and to the last one


@given(orientations, st.floats(-500, 500), st.floats(-500, 500))
def test_world_to_capture_pixels_and_back_is_exact(orientation: Orientation, u: float, v: float) -> None:
    axes = plane_axes(orientation, Plane.SAGITTAL)
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = 0.25 * axes[0], 0.25 * axes[1], 0.25 * orientation.rotation[:, 0]
    matrix[:3, 3] = orientation.center_lps_mm
    world = matrix @ [u, v, 0, 1]
    assert np.allclose(np.linalg.inv(matrix) @ world, [u, v, 0, 1], atol=4e-6)
    assert np.linalg.norm((matrix @ np.linalg.inv(matrix) @ world - world)[:3]) < 1e-6


def test_a_plane_outside_the_volume_is_refused() -> None:
    with pytest.raises(BadInputError) as error:
        capture_grid(_volume().corners_lps_mm, Orientation((500, 0, 0)), 0.25)
    assert error.value.code == "capture.plane_misses_volume"


@pytest.mark.parametrize("spacing", [0.0, -1.0, 0.001, 50.0])
def test_an_absurd_pixel_size_is_refused(spacing: float) -> None:
    with pytest.raises(BadInputError) as error:
        capture_grid(_volume().corners_lps_mm, Orientation(_volume().center_lps_mm), spacing)
    assert error.value.code == "capture.bad_spacing"


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_an_orientation_is_finite(bad: float) -> None:
    with pytest.raises(BadInputError):
        Orientation((0, 0, 0), bad)


@pytest.mark.parametrize(
    ("direction", "letters"),
    [((1, 0, 0), "L"), ((-1, 0, 0), "R"), ((0, 1, 0), "P"), ((0, -1, 0), "A"), ((0, 0, 1), "S"), ((0, 0, -1), "I"), ((0, -1, 0.8), "AS")],
)
def test_letters_name_where_a_direction_points(direction: tuple[float, float, float], letters: str) -> None:
    assert direction_letters(np.array(direction)) == letters


def test_an_orientations_rotation_is_worked_out_once_and_cannot_be_changed() -> None:
    orientation = Orientation((1.0, 2.0, 3.0), 4.0, 5.0, 6.0)
    assert orientation.rotation is orientation.rotation
    with pytest.raises(ValueError, match="read-only"):
        orientation.rotation[0, 0] = 2.0
    assert orientation == Orientation((1.0, 2.0, 3.0), 4.0, 5.0, 6.0)
    assert hash(orientation) == hash(Orientation((1.0, 2.0, 3.0), 4.0, 5.0, 6.0))
