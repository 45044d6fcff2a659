from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sos_studio.core.captures import CaptureRecord, Window
from sos_studio.core.errors import BadInputError
from sos_studio.core.geometry import Orientation
from sos_studio.core.roi import Roi
from sos_studio.core.volume import Volume
from sos_studio.imaging import capture as captures
from sos_studio.imaging.resample import reslice


def head(volume: Volume, roll: float = 4.0, yaw: float = -3.0, pitch: float = 9.0) -> Orientation:
    return Orientation(volume.center_lps_mm, roll, yaw, pitch)


def test_the_capture_shows_the_values_of_the_plane(tilted_volume: Volume) -> None:
    made = captures.capture_midsagittal(tilted_volume, head(tilted_volume), spacing_mm=0.3)
    np.testing.assert_array_equal(made.values_vu, reslice(tilted_volume, made.lps_from_uv, made.shape_vu))
    inside = np.isfinite(made.values_vu)
    assert 0.1 < inside.mean() <= 1
    np.testing.assert_array_equal(made.full16_vu > 0, inside)
    decoded = captures.decode_values(made.full16_vu, made.value_from_png)
    np.testing.assert_allclose(decoded[inside], made.values_vu[inside], atol=made.value_from_png.slope)


def test_without_an_orientation_it_cuts_the_middle_along_the_scanner() -> None:
    volume = Volume(np.zeros((9, 11, 13), dtype=np.int16), np.diag([1.0, 1.0, 1.0, 1.0]))
    made = captures.capture_midsagittal(volume, None, spacing_mm=1.0)
    assert made.shape_vu == (9, 11)
    # Face to the right (u = anterior), top up (v = inferior), from the top back corner.
    np.testing.assert_allclose(made.lps_from_uv, [[0, 0, 1, 6], [-1, 0, 0, 10], [0, -1, 0, 8], [0, 0, 0, 1]], atol=1e-12)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    angles=st.tuples(st.floats(-30, 30), st.floats(-30, 30), st.floats(-180, 180)),
    spacing_mm=st.floats(0.2, 1.0),
    slab_mm=st.sampled_from([0.0, 0.8, 3.0]),
)
def test_a_record_that_went_through_json_makes_the_same_pixels_again(
    tilted_volume: Volume, angles: tuple[float, float, float], spacing_mm: float, slab_mm: float
) -> None:
    made = captures.capture_midsagittal(tilted_volume, head(tilted_volume, *angles), spacing_mm=spacing_mm, slab_mm=slab_mm)
    written = captures.record(made, "case-0001", "c1", "SOS Studio 0.1").model_dump_json()
    again = captures.replay(tilted_volume, CaptureRecord.model_validate_json(written))
    np.testing.assert_array_equal(again.full16_vu, made.full16_vu)
    np.testing.assert_array_equal(again.full8_vu, made.full8_vu)
    assert again.orientation == made.orientation


def test_a_record_is_only_replayed_on_its_own_scan(tilted_volume: Volume) -> None:
    made = captures.capture_midsagittal(tilted_volume, None)
    other = Volume(tilted_volume.array_kji + np.int16(1), tilted_volume.lps_from_ijk)
    with pytest.raises(BadInputError) as error:
        captures.replay(other, captures.record(made, "case-0001", "c1", "x"))
    assert error.value.code == "capture.other_series"


def test_an_imported_picture_has_nothing_to_replay(tilted_volume: Volume) -> None:
    made = captures.record(captures.capture_midsagittal(tilted_volume, None), "case-0001", "c1", "x")
    with pytest.raises(BadInputError) as error:
        captures.replay(tilted_volume, made.model_copy(update={"lps_from_uv": None}))
    assert error.value.code == "capture.not_replayable"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"spacing_mm": 0.0}, "capture.bad_spacing"),
        ({"spacing_mm": float("nan")}, "capture.bad_spacing"),
        ({"slab_mm": -1.0}, "capture.bad_slab"),
        ({"slab_mm": float("nan")}, "capture.bad_slab"),
        ({"slab_mm": 1e9}, "capture.bad_slab"),
    ],
)
def test_what_can_not_be_captured_is_refused(tilted_volume: Volume, arguments: dict[str, float], code: str) -> None:
    with pytest.raises(BadInputError) as error:
        captures.capture_midsagittal(tilted_volume, None, **arguments)
    assert error.value.code == code


def test_a_plane_beside_the_head_is_refused(tilted_volume: Volume) -> None:
    with pytest.raises(BadInputError) as error:
        captures.capture_midsagittal(tilted_volume, Orientation((500.0, 0.0, 0.0)))
    assert error.value.code == "capture.plane_misses_volume"


def test_a_picture_of_gigabytes_is_refused() -> None:
    volume = Volume(np.zeros((300, 300, 3), dtype=np.int16), np.eye(4))
    with pytest.raises(BadInputError) as error:
        captures.capture_midsagittal(volume, None, spacing_mm=0.02)
    assert error.value.code == "capture.too_fine"


def test_a_chosen_window_is_kept(tilted_volume: Volume) -> None:
    window = Window(low=-200.0, high=900.0)
    assert captures.capture_midsagittal(tilted_volume, None, window=window).window == window


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=30))
def test_the_scale_brings_any_values_into_sixteen_bits_and_back(numbers: list[float]) -> None:
    values = np.array([numbers], dtype=np.float32)
    scale = captures.value_scale(values)
    png = captures.encode_values(values, scale)
    assert png.min() >= 1
    assert png.max() < 65535 or len(set(numbers)) > 1
    decoded = captures.decode_values(png, scale).astype(np.float64)
    np.testing.assert_allclose(decoded, values, atol=scale.slope * 0.51 + 1e-7 * np.abs(values).max())


def test_whole_grey_values_are_stored_exactly() -> None:
    values = np.arange(-1024, 3072, dtype=np.float32).reshape(64, 64)
    scale = captures.value_scale(values)
    np.testing.assert_array_equal(captures.decode_values(captures.encode_values(values, scale), scale), values)


def test_nothing_but_outside_stays_outside() -> None:
    values = np.full((2, 2), np.nan, dtype=np.float32)
    assert not captures.encode_values(values, captures.value_scale(values)).any()


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_point_keeps_its_place_from_the_crop_back_to_the_patient(tilted_volume: Volume, data: st.DataObject) -> None:
    roll, yaw, pitch = (data.draw(st.floats(-40, 40)) for _ in range(3))
    made = captures.capture_midsagittal(tilted_volume, head(tilted_volume, roll, yaw, pitch), spacing_mm=0.25)
    roi = Roi.of((data.draw(st.floats(0, 60)), data.draw(st.floats(0, 60))), data.draw(st.floats(-180, 180)), 24.0)
    xy1 = np.array([data.draw(st.floats(0, 23)), data.draw(st.floats(0, 11)), 1.0])
    uv1 = roi.uv_from_crop @ xy1
    lps = made.lps_from_uv @ np.array([uv1[0], uv1[1], 0.0, 1.0])
    ijk = tilted_volume.ijk_from_lps @ lps
    uvw1 = np.linalg.inv(made.lps_from_uv) @ (tilted_volume.lps_from_ijk @ ijk)
    back = np.linalg.inv(roi.uv_from_crop) @ np.array([uvw1[0], uvw1[1], 1.0])
    assert np.linalg.norm(back - xy1) * made.spacing_mm < 1e-6
    assert abs(uvw1[2]) * made.spacing_mm < 1e-6
