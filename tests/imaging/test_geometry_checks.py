"""Stacks of headers alone: what is accepted, what is refused, and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_studio.core.geometry import Orientation
from sos_studio.imaging.dicom_headers import EXPLICIT, ImageSlice, PixelLayout
from sos_studio.imaging.geometry_checks import Stack, check_stack

LAYOUT = PixelLayout(EXPLICIT, 20, 30, 16, 16, 15, True, 1, "MONOCHROME2", 1, 1000, 1200)
PLAIN = ImageSlice(
    file=Path("a"),
    frame=0,
    series_uid="1",
    sop_instance_uid="1.1",
    frame_of_reference="1",
    modality="CT",
    sop_class="",
    layout=LAYOUT,
    slope=1.0,
    intercept=0.0,
    position_lps_mm=(0.0, 0.0, 0.0),
    row_lps=(1.0, 0.0, 0.0),
    column_lps=(0.0, 1.0, 0.0),
    spacing_mm_vu=(0.4, 0.3),
    thickness_mm=0.5,
    localizer=False,
    lossy=False,
    padding=None,
)


def stack(heights_mm: object, **changes: object) -> Stack:
    images = [replace(PLAIN, position_lps_mm=(0.0, 0.0, float(z)), **changes) for z in np.asarray(heights_mm, dtype=float)]  # type: ignore[arg-type]  # test helper
    return check_stack(images)


def errors(checked: Stack) -> list[str]:
    return [problem.code for problem in checked.problems if problem.severity == "error"]


@given(
    st.permutations(range(12)),
    st.floats(0.1, 1.9),
    st.floats(-180, 180),
    st.floats(-89, 89),
    st.floats(-180, 180),
)
def test_even_slices_in_any_order_and_direction_are_one_volume(
    order: list[int], step_mm: float, roll: float, yaw: float, pitch: float
) -> None:
    rotation = Orientation((0, 0, 0), roll, yaw, pitch).rotation
    origin = np.array([10.0, -20.0, 30.0])
    images = [
        replace(
            PLAIN,
            # As a header has them: six decimals.
            position_lps_mm=tuple(np.round(origin + rotation[:, 2] * step_mm * n, 6)),
            row_lps=tuple(np.round(rotation[:, 0], 6)),
            column_lps=tuple(np.round(rotation[:, 1], 6)),
        )
        for n in order
    ]
    checked = check_stack(images)
    assert checked.loadable, checked.problems
    assert checked.lps_from_ijk is not None
    expected = np.eye(4)
    expected[:3, :3] = rotation * np.array([0.3, 0.4, step_mm])
    expected[:3, 3] = origin
    np.testing.assert_allclose(checked.lps_from_ijk, expected, atol=1e-4)
    unit = checked.lps_from_ijk[:3, :3] / np.linalg.norm(checked.lps_from_ijk[:3, :3], axis=0)
    np.testing.assert_allclose(unit.T @ unit, np.eye(3), atol=1e-12)


@pytest.mark.parametrize(
    ("heights_mm", "code"),
    [
        ([0, 1, 2, 4, 5, 6, 7, 8], "scan.missing_slices"),
        ([0, 1, 3], "scan.missing_slices"),
        ([0, 2, 3, 4], "scan.missing_slices"),
        ([0, 0.5, 1, 1.5, 100, 100.5, 101], "scan.missing_slices"),
        ([0, 1, 1, 2, 3, 4, 5, 6], "scan.duplicate_slices"),
        ([5, 5, 5, 5], "scan.same_position"),
        ([0, 1, 2, 3.3, 4, 5, 6, 7], "scan.uneven_slices"),
        (np.cumsum(np.linspace(0.5, 0.7, 20)), "scan.uneven_slices"),
        ([0, 1], "scan.too_few_slices"),
        ([0], "scan.too_few_slices"),
    ],
)
def test_stacks_that_are_no_even_volume_are_refused(heights_mm: object, code: str) -> None:
    assert code in errors(stack(heights_mm))


def test_positions_rounded_to_a_tenth_of_a_millimetre_are_even_enough() -> None:
    checked = stack(np.round(np.arange(60) * 0.33, 1))
    assert checked.loadable
    assert checked.spacing_mm_kji is not None
    assert checked.spacing_mm_kji[0] == pytest.approx(0.33, abs=0.002)


def test_rows_and_columns_are_not_mixed_up() -> None:
    checked = stack(range(10))
    assert checked.spacing_mm_kji == (1.0, 0.4, 0.3)
    assert checked.shape_kji == (10, 20, 30)


@pytest.mark.parametrize("tilt_deg", [0.5, 5.0, 25.0])
def test_tilted_stacks_are_corrected_with_their_angle(tilt_deg: float) -> None:
    aside = np.tan(np.radians(tilt_deg))
    checked = check_stack([replace(PLAIN, position_lps_mm=(0.0, n * aside, float(n))) for n in range(30)])
    (tilt,) = [problem for problem in checked.problems if problem.code == "scan.tilt_corrected"]
    assert tilt.values["tilt_deg"] == pytest.approx(tilt_deg, abs=0.006)
    assert checked.loadable
    assert checked.shear is not None
    assert checked.shear.rows_per_slice * 0.4 == pytest.approx(aside)
    assert checked.shear.columns_per_slice == 0


def test_directions_rounded_to_four_decimals_are_no_tilt() -> None:
    rotation = Orientation((0, 0, 0), 3.0, -5.0, 11.0).rotation
    row, column = (tuple(np.round(rotation[:, n], 4)) for n in (0, 1))
    images = [replace(PLAIN, position_lps_mm=tuple(rotation[:, 2] * 0.3 * n), row_lps=row, column_lps=column) for n in range(600)]
    checked = check_stack(images)
    assert checked.shear is None
    assert checked.lps_from_ijk is not None
    # The drift that rounding makes is shared between both ends.
    for k, image in ((0, images[0]), (599, images[599])):
        np.testing.assert_allclose((checked.lps_from_ijk @ [0, 0, k, 1])[:3], image.position_lps_mm, atol=0.1)


def test_a_slice_that_lies_aside_is_refused() -> None:
    images = [replace(PLAIN, position_lps_mm=(3.0 if n == 7 else 0.0, 0.0, float(n))) for n in range(15)]
    assert errors(check_stack(images)) == ["scan.scattered_slices"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"modality": "US"}, "scan.wrong_modality"),
        ({"modality": "RTDOSE"}, "scan.wrong_modality"),
        ({"localizer": True}, "scan.localizer"),
        ({"layout": replace(LAYOUT, samples=3, photometric="RGB", length=3600)}, "scan.colour"),
        ({"layout": replace(LAYOUT, photometric="PALETTE COLOR")}, "scan.colour"),
        ({"layout": replace(LAYOUT, bits_allocated=1)}, "scan.unsupported_pixels"),
        ({"layout": replace(LAYOUT, length=1199)}, "scan.truncated"),
        ({"layout": replace(LAYOUT, length=None)}, "scan.syntax_mismatch"),
        ({"layout": replace(LAYOUT, frames=9, length=99999)}, "scan.multiframe_unsupported"),
        ({"spacing_mm_vu": None}, "scan.no_geometry"),
        ({"row_lps": None, "column_lps": None}, "scan.no_geometry"),
        ({"row_lps": (1.0, 0.0, 0.0), "column_lps": (0.5, 0.866, 0.0)}, "scan.bad_orientation"),
        ({"row_lps": (0.0, 0.0, 0.0)}, "scan.bad_orientation"),
    ],
)
def test_images_that_are_no_ct_volume_are_refused(changes: dict[str, object], code: str) -> None:
    assert errors(stack(range(10), **changes)) == [code]


def test_different_pixel_sizes_in_one_stack_are_refused() -> None:
    images = [replace(PLAIN, position_lps_mm=(0.0, 0.0, float(n)), spacing_mm_vu=(0.4, 0.3 + 0.1 * (n == 4))) for n in range(10)]
    assert errors(check_stack(images)) == ["scan.mixed_spacing"]


def test_reservations_do_not_forbid_to_load() -> None:
    checked = stack(np.arange(5) * 3.0, modality="MR", lossy=True)
    assert checked.loadable
    reservations = {"scan.not_ct", "scan.lossy", "scan.few_slices", "scan.thick_slices", "scan.small_field"}
    assert {problem.code for problem in checked.problems} == reservations


@pytest.mark.parametrize(
    ("spacing_mm_vu", "side_px", "slices", "reservations"),
    [
        ((0.5, 0.5), 100, 50, set()),
        ((2.5, 2.5), 100, 50, {"scan.coarse_pixels"}),
        ((0.5, 0.9), 100, 50, {"scan.oblong_pixels"}),
        ((4.0, 6.4), 64, 50, {"scan.coarse_pixels", "scan.oblong_pixels"}),
        ((0.5, 0.5), 16, 50, {"scan.small_field"}),
        ((0.5, 0.5), 100, 20, {"scan.small_field"}),
    ],
    ids=["as usual", "coarse", "oblong", "coarse and oblong", "few pixels", "few slices"],
)
def test_pixels_and_field_that_no_skull_base_is_judged_in_are_remarked_on(
    spacing_mm_vu: tuple[float, float], side_px: int, slices: int, reservations: set[str]
) -> None:
    layout = replace(PLAIN.layout, rows=side_px, columns=side_px, length=2 * side_px**2)
    checked = stack(np.arange(slices), spacing_mm_vu=spacing_mm_vu, layout=layout)
    assert checked.loadable
    assert {problem.code for problem in checked.problems} == reservations
