from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sos_studio.core.roi import Roi
from trainer.data import letterbox
from trainer.detector_data import augment, bounding_boxes, box_of, fitted_inside, roi_of, turned

frames = st.builds(
    lambda u, v, angle, width: Roi.of((u, v), angle, width),
    st.floats(100, 700),
    st.floats(100, 500),
    st.floats(-44.9, 134.9),
    st.floats(20, 200),
)


def same(a: Roi, b: Roi, tolerance: float) -> bool:
    return (
        math.dist(a.center_uv, b.center_uv) < tolerance
        and abs(a.width_px - b.width_px) < tolerance
        and abs(math.remainder(a.angle_deg - b.angle_deg, 360)) < 1e-6
    )


@given(frames)
def test_a_frame_comes_back_from_the_networks_input(roi: Roi) -> None:
    matrix = letterbox(np.zeros((600, 800), np.uint8), (320, 320)).uv_from_input
    assert same(roi_of(box_of(roi, matrix), matrix), roi, 1e-9)


@given(frames, st.booleans(), st.integers(-2, 2))
def test_whichever_way_a_box_is_written_it_is_the_same_frame(roi: Roi, swapped: bool, half_turns: int) -> None:
    identity = np.eye(3)
    u, v, width, height, angle = box_of(roi, identity)
    angle += half_turns * math.pi
    box = (u, v, height, width, angle + math.pi / 2) if swapped else (u, v, width, height, angle)
    assert same(roi_of(box, identity), roi, 1e-9)


@given(frames.filter(lambda roi: 0 <= roi.angle_deg <= 90))
def test_a_frame_comes_back_from_the_upright_box_about_it(roi: Roi) -> None:
    identity = np.eye(3)
    low, high = roi.corners_uv.min(axis=0), roi.corners_uv.max(axis=0)
    drawn = bounding_boxes(torch.tensor([box_of(roi, identity)], dtype=torch.float64))[0].tolist()
    assert drawn == pytest.approx([*((low + high) / 2 + 0.5), *(high - low)])
    again = roi_of(turned(*drawn), identity)
    assert math.dist(again.center_uv, roi.center_uv) < 1e-9
    assert again.width_px == pytest.approx(roi.width_px)
    assert math.remainder(again.angle_deg - roi.angle_deg, 360) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(("width", "height", "degrees"), [(50.0, 10.0, 0.0), (10.0, 50.0, 90.0), (30.0, 30.0, 45.0)])
def test_an_upright_box_that_no_frame_has_is_the_nearest_ones(width: float, height: float, degrees: float) -> None:
    found = roi_of(turned(50.0, 50.0, width, height), np.eye(3))
    assert found.angle_deg == pytest.approx(degrees)
    assert found.width_px > 0


def test_a_frame_points_down_and_to_the_face_however_far_the_head_is_pitched() -> None:
    for degrees in range(-179, 181):
        found = roi_of(box_of(Roi.of((50, 50), degrees, 40), np.eye(3)), np.eye(3))
        assert math.cos(math.radians(found.angle_deg - 45)) > -1e-9, degrees
        assert abs(math.remainder(found.angle_deg - degrees, 180)) < 1e-6, degrees


@given(frames)
def test_labels_lie_in_the_range_that_the_network_can_say(roi: Roi) -> None:
    angle = box_of(roi, np.eye(3))[4]
    assert -math.pi / 4 <= angle < 3 * math.pi / 4 + 1e-12


def test_pixels_and_boxes_agree_on_where_the_frame_is() -> None:
    image = np.zeros((500, 900), np.uint8)
    roi = Roi.of((610.0, 130.0), 35.0, 120.0)
    v, u = np.mgrid[0:500, 0:900]
    image[np.hypot(u - 610, v - 130) < 12] = 255
    boxed = letterbox(image, (320, 320))
    rows, columns = np.mgrid[0:320, 0:320]
    values = boxed.values_HW.numpy()
    center = (values * columns).sum() / values.sum() + 0.5, (values * rows).sum() / values.sum() + 0.5
    assert math.dist(center, box_of(roi, boxed.uv_from_input)[:2]) < 0.05


@given(
    st.builds(
        lambda u, v, angle, width: Roi.of((u, v), angle, width),
        st.floats(-50, 250),
        st.floats(-50, 150),
        st.floats(-90, 90),
        st.floats(2, 400),
    )
)
def test_a_detected_frame_always_lies_on_the_picture(roi: Roi) -> None:
    fitted = fitted_inside(roi, (120, 200))
    assert fitted.inside((120, 200))
    assert fitted.angle_deg == roi.angle_deg


def test_a_frame_that_lies_inside_is_left_alone() -> None:
    roi = Roi.of((60, 60), 30, 50)
    assert fitted_inside(roi, (120, 200)) == roi


@pytest.mark.parametrize("seed", range(8))
def test_augmentation_moves_picture_and_box_together_and_never_flips(seed: int) -> None:
    roi = Roi.of((70.0, 60.0), 40.0, 48.0)
    rows, columns = np.mgrid[0:128, 0:128].astype(np.float64)
    angle = math.radians(roi.angle_deg)
    along = np.array([math.cos(angle), math.sin(angle)])
    across = np.array([-along[1], along[0]])
    # Three spots fix position, direction and handedness.
    spots = {"center": np.zeros(2), "end": along * 20, "side": across * 10}
    images = torch.zeros(3, 1, 128, 128)
    for n, offset in enumerate(spots.values()):
        spot = np.asarray(roi.center_uv) + offset
        images[n, 0] = torch.from_numpy(np.exp(-((columns - spot[0]) ** 2 + (rows - spot[1]) ** 2) / 8)).float()
    found, boxes = [], torch.zeros(0)
    for n in range(3):
        moved, boxes = augment(images[n : n + 1], torch.tensor([box_of(roi, np.eye(3))]), torch.Generator().manual_seed(seed))
        # Brightness may lift what is left of the spot's tails: only its peak is the spot.
        peak = moved[0, 0].numpy() - np.quantile(moved[0, 0].numpy(), 0.995)
        peak = np.clip(peak, 0, None)
        found.append(np.array([(peak * columns).sum(), (peak * rows).sum()]) / peak.sum())
    u, v, width, height, turned = (float(x) for x in boxes[0])
    assert math.dist(found[0], (u - 0.5, v - 0.5)) < 1.0
    assert width == pytest.approx(2 * height, rel=1e-5)
    direction, side = found[1] - found[0], found[2] - found[0]
    difference = math.remainder(math.degrees(turned) - math.degrees(math.atan2(direction[1], direction[0])), 180)
    assert abs(difference) < 5
    assert direction[0] * side[1] - direction[1] * side[0] > 0, "flipped"


def test_augmentation_is_decided_by_the_generator_alone() -> None:
    images, boxes = torch.rand(4, 1, 64, 64), torch.tensor([[32.0, 32.0, 20.0, 10.0, 0.5]]).repeat(4, 1)
    torch.manual_seed(1)
    first = augment(images, boxes, torch.Generator().manual_seed(5))
    torch.manual_seed(2)
    second = augment(images, boxes, torch.Generator().manual_seed(5))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
