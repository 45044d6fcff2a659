from __future__ import annotations

import numpy as np
import pytest

from sos_studio.core.roi import Roi
from sos_studio.phantom import PhantomTruth, draw_cohort, draw_parameters, render_midsagittal, truth_of
from sos_studio.phantom.render import midsagittal_grid
from tests.phantom.conftest import without_noise


def test_truth_survives_json() -> None:
    known = truth_of(draw_parameters(np.random.default_rng(0)))
    assert PhantomTruth.model_validate_json(known.model_dump_json()) == known


def test_the_ends_lie_in_the_midsagittal_plane_about_the_centre() -> None:
    for case in draw_cohort(40, 0):
        rotation = case.truth.true_orientation.rotation
        corners = np.array([case.truth.basion_lps_mm, case.truth.endocranial_lps_mm, case.truth.ectocranial_lps_mm])
        head = (corners - case.truth.orientation.center_lps_mm) @ rotation
        assert np.allclose(head[:, 0], 0.0, atol=1e-9)
        # Mid-depth and mid-height of the basilar part.
        assert np.allclose(head.min(axis=0) + head.max(axis=0), 0.0, atol=1e-9)


def test_crop_of_a_known_phantom_has_its_ends_on_the_horizontal_midline() -> None:
    for case in draw_cohort(60, 4):
        lps_from_uv, _ = midsagittal_grid(case.parameters, case.truth.true_orientation, 0.25)
        roi = case.truth.roi(lps_from_uv)
        height, width = roi.crop_shape_vu
        crop_from_uv = np.linalg.inv(roi.uv_from_crop)
        ends = np.array([crop_from_uv @ (*end, 1.0) for end in case.truth.ends_uv(lps_from_uv)])
        assert np.allclose(ends[:, 1], (height - 1) / 2, atol=0.5)
        assert ends[0, 0] + ends[1, 0] == pytest.approx(width - 1, abs=0.5)
        assert ends[0, 0] < ends[1, 0]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_joint_is_seen_where_truth_says(seed: int) -> None:
    """In the pixels of a quiet, straight, open joint the cartilage runs along the line between the true ends."""
    from sos_studio.imaging.crops import crop_image

    parameters = without_noise(draw_parameters(np.random.default_rng(seed), 1)).model_copy(update={"maturity": 0.02})
    values, lps_from_uv, _ = render_midsagittal(parameters, spacing_mm=0.25)
    ends = truth_of(parameters).ends_uv(lps_from_uv)
    roi = Roi.from_ends(*ends)
    crop = crop_image(np.nan_to_num(values, nan=-1000.0), roi)
    height, width = crop.shape
    rows = np.arange(height)[:, None]
    columns = crop[:, width // 6 + 3 : 5 * width // 6 - 3]
    near = np.abs(rows - (height - 1) / 2) < 1.6 / 0.25
    # Centre of darkness per column, among the rows about the midline.
    darkness = np.where(near, np.maximum(0.0, np.median(columns[near[:, 0]]) - columns), 0.0)
    middle = (darkness * rows).sum() / darkness.sum()
    assert middle == pytest.approx((height - 1) / 2, abs=0.5)


def test_plane_and_borders_are_those_of_the_pose() -> None:
    for case in draw_cohort(20, 1):
        known = case.truth
        rotation = known.true_orientation.rotation
        assert np.allclose(known.plane.normal_lps, rotation[:, 0])
        assert np.allclose(known.plane.point_lps_mm, known.orientation.center_lps_mm)
        for side_to_side in (known.borders.inferior_lps_mm, known.borders.anterior_lps_mm):
            along = np.subtract(*side_to_side)
            assert np.allclose(along / np.linalg.norm(along), rotation[:, 0])
        for border, end in (
            (known.borders.endocranial_lps_mm, known.endocranial_lps_mm),
            (known.borders.ectocranial_lps_mm, known.ectocranial_lps_mm),
        ):
            assert border == (known.basion_lps_mm, end)
