from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from sos_studio.core.predictions import HEAT_METHODS, HeatMethod
from sos_studio.core.roi import Roi
from sos_studio.imaging.crops import roi_mask
from sos_studio.imaging.heatmaps import attention_inside as inside_heatmap
from sos_studio.imaging.heatmaps import upsample
from trainer.attention import attention_inside, evidence_map, evidence_score, grad_cam, mask_to_grid, picture_attention
from trainer.data import letterbox, network_input, uv_from_cell
from trainer.networks import CellGrid, build

STRIDE = 16


class KnownAttention(torch.nn.Module):
    """Its only feature is the mean brightness of each 16-pixel square and its only evidence is brightness: attention is known."""

    def activations_and_logits(self, images_NCHW: Tensor, grid_stage: str = "last", *, body_graph: bool = True) -> tuple[Tensor, Tensor]:
        assert not body_graph
        brightness = torch.nn.functional.avg_pool2d(images_NCHW[:, :1] * 0.226 + 0.449, STRIDE).requires_grad_()
        score = brightness.mean(dim=(2, 3))
        return brightness, torch.cat([score * 50, torch.zeros_like(score)], dim=1)


def spot(shape_vu: tuple[int, int], u: float, v: float, sigma: float) -> np.ndarray:
    rows, columns = np.mgrid[0 : shape_vu[0], 0 : shape_vu[1]]
    return (250 * np.exp(-((rows - v) ** 2 + (columns - u) ** 2) / (2 * sigma**2))).astype(np.uint8)


@pytest.mark.parametrize("shape_vu", [(700, 950), (951, 640), (512, 512), (333, 777), (160, 200)])
@pytest.mark.parametrize("place", [(0.3, 0.4), (0.72, 0.55), (0.5, 0.25)])
def test_the_peak_of_a_known_attention_lands_on_the_right_pixel_of_the_full_image(
    shape_vu: tuple[int, int], place: tuple[float, float]
) -> None:
    input_shape = (320, 384)
    u, v = place[0] * shape_vu[1], place[1] * shape_vu[0]
    boxed = letterbox(spot(shape_vu, u, v, 0.06 * min(shape_vu)), input_shape)
    _, maps = picture_attention(KnownAttention(), network_input(boxed.values_HW[None], 1), torch.tensor([0]))  # type: ignore[arg-type]
    matrix = uv_from_cell(boxed.uv_from_input, CellGrid(STRIDE, (STRIDE - 1) / 2))
    heat = upsample(maps[0].numpy(), matrix, shape_vu)
    # Only near the spot: the map is cut to a small window so that rounding far away has no lever.
    rows, columns = np.mgrid[0 : shape_vu[0], 0 : shape_vu[1]]
    weights = np.clip(heat - 0.05, 0, None)
    found = ((weights * columns).sum() / weights.sum(), (weights * rows).sum() / weights.sum())
    # A tenth of a cell; half a cell is what a wrong centre convention costs.
    assert found == pytest.approx((u, v), abs=0.1 * matrix[0, 0])
    assert np.hypot(*(np.array(np.unravel_index(heat.argmax(), shape_vu)) - (v, u))) < 0.75 * matrix[0, 0]


@pytest.mark.parametrize("method", HEAT_METHODS)
@given(
    shape_vu=st.tuples(st.integers(150, 500), st.integers(150, 500)),
    input_shape=st.tuples(st.integers(18, 26), st.integers(18, 26)),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
@settings(max_examples=12, deadline=None)
def test_the_peak_lies_within_half_a_cell_by_each_method_at_any_size_and_aspect(
    method: HeatMethod, shape_vu: tuple[int, int], input_shape: tuple[int, int], place: tuple[float, float]
) -> None:
    height, width = input_shape[0] * STRIDE, input_shape[1] * STRIDE
    shrunk = max(shape_vu[0] / height, shape_vu[1] / width)  # picture pixels per input pixel
    # Two cells from the border: cells that are half in the black beside the picture see half of it.
    margin = 2 * STRIDE * shrunk
    v, u = (margin + part * (side - 1 - 2 * margin) for part, side in zip(place, shape_vu, strict=True))
    boxed = letterbox(spot(shape_vu, u, v, STRIDE * shrunk), (height, width))
    _, maps = picture_attention(
        KnownAttention(),  # type: ignore[arg-type]
        network_input(boxed.values_HW[None], 1),
        torch.tensor([0]),
        method=method,
    )
    matrix = uv_from_cell(boxed.uv_from_input, CellGrid(STRIDE, (STRIDE - 1) / 2))
    heat = upsample(maps[0].numpy(), matrix, shape_vu)
    row, column = np.unravel_index(heat.argmax(), shape_vu)
    # Half a cell, and half of the pixel whose middle the peak is told by.
    assert abs(column - u) <= 0.5 * matrix[0, 0] + 0.5
    assert abs(row - v) <= 0.5 * matrix[1, 1] + 0.5


def test_methods_are_the_published_ones_by_hand() -> None:
    features = torch.tensor([[[[1.0, 3.0]], [[2.0, 0.0]]]], dtype=torch.float64)
    gradient = torch.tensor([[[[0.5, 0.1]], [[-0.4, 0.2]]]], dtype=torch.float64)
    mean = [0.3 * 1.0, 0.3 * 3.0]  # the second channel's mean is below zero: -0.1
    by_hand = {
        "grad-cam": [mean[0] - 0.1 * 2, mean[1] - 0.1 * 0],
        # Σ α relu(g), α = g² / (2 g² + g³ ΣA): 4 and 2 are the channels' sums.
        "grad-cam++": [
            (0.25 / (0.5 + 0.125 * 4) * 0.5 + 0.01 / (0.02 + 0.001 * 4) * 0.1) * a + (0.04 / (0.08 + 0.008 * 2) * 0.2) * b
            for a, b in ((1, 2), (3, 0))
        ],
        "hires-cam": [0.5 * 1 - 0.4 * 2, 0.1 * 3 + 0.2 * 0],
    }
    for method in HEAT_METHODS:
        expected = np.clip(by_hand[method], 0, None)
        found = evidence_map(features, gradient, method)
        assert found[0, 0].tolist() == pytest.approx(list(expected / expected.max()), rel=1e-6)


@pytest.mark.parametrize("name", ["test_convnext", "test_resnet"])
def test_hires_cam_equals_grad_cam_behind_an_averaging_head_and_differs_before_the_last_stage(name: str) -> None:
    torch.manual_seed(3)
    network, images = build(name).eval(), torch.randn(1, 1, 96, 128)
    target = torch.tensor([2])
    last = [picture_attention(network, images, target, "last", method)[1] for method in ("grad-cam", "hires-cam")]  # type: ignore[arg-type]
    assert torch.allclose(*last, atol=1e-5)
    third = [picture_attention(network, images, target, "third", method)[1] for method in HEAT_METHODS]
    assert not torch.allclose(third[0], third[2], atol=1e-2)
    assert all(float(found.max()) == pytest.approx(1, abs=1e-4) or not found.any() for found in third)


@pytest.mark.parametrize("method", HEAT_METHODS)
def test_a_vision_transformers_map_is_drawn_from_its_tokens_gradients(method: HeatMethod) -> None:
    torch.manual_seed(4)
    network = build("test_vit", stages=5, channels=1).eval()
    _, maps = picture_attention(network, torch.randn(1, 1, 96, 160), torch.tensor([1]), "last", method)
    assert maps.shape == (1, 6, 10)
    assert torch.isfinite(maps).all()
    assert float(maps.max()) == pytest.approx(1, abs=1e-4)


def test_weights_are_the_hand_computed_ones_of_a_linear_head() -> None:
    features = torch.tensor([[[[1.0, 2.0]], [[3.0, 5.0]]]], dtype=torch.float64, requires_grad=True)
    head = torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64)
    logits = features.mean(dim=(2, 3)) @ head.T  # (1.5, 8)
    p1 = 1 / (1 + np.exp(8 - 1.5))
    expected = [(1 - p1) / 2 * 1.0, -(1 - p1) / 2 * 2.0]  # Σ_k (y_k − p_k) W_kc / Z for stage 0
    found = grad_cam(features, evidence_score(logits, torch.tensor([0])), create_graph=False, relu=False, normalise=False)
    by_hand = [expected[0] * 1 + expected[1] * 3, expected[0] * 2 + expected[1] * 5]
    assert found[0, 0].tolist() == pytest.approx(by_hand, rel=1e-12)


def test_normalisation_runs_the_gradient_through_the_maximum() -> None:
    features = torch.rand(2, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    score = (features.mean(dim=(2, 3)) * torch.tensor([1.0, 2.0, 0.5])).sum(dim=1)
    maps = grad_cam(features, score, create_graph=True)
    assert maps.amax(dim=(1, 2)).tolist() == pytest.approx([1.0, 1.0], abs=1e-6)
    # The largest cell is 1 whatever the features are; with a detached maximum its gradient would be 1 / maximum.
    (gradient,) = torch.autograd.grad(maps.amax(dim=(1, 2)).sum(), features)
    assert float(gradient.abs().max()) < 1e-6


def test_each_samples_map_depends_on_that_sample_only() -> None:
    torch.manual_seed(1)
    features, head = torch.rand(3, 4, 2, 2, dtype=torch.float64), torch.rand(5, 4, dtype=torch.float64)
    target = torch.tensor([0, 3, 4])

    def maps(chosen: slice) -> Tensor:
        part = features[chosen].clone().requires_grad_()
        return grad_cam(part, evidence_score(part.mean(dim=(2, 3)) @ head.T, target[chosen]), create_graph=False).detach()

    assert torch.allclose(maps(slice(0, 3))[1:2], maps(slice(1, 2)), rtol=1e-12)


def test_a_map_without_evidence_is_zero_and_finite() -> None:
    features = torch.rand(1, 2, 3, 3, requires_grad=True)
    maps = grad_cam(features, -(features**2).sum(dim=(1, 2, 3)), create_graph=True)
    assert torch.equal(maps, torch.zeros(1, 3, 3))
    maps.sum().backward()
    assert torch.isfinite(features.grad).all()  # type: ignore[union-attr]


def test_half_precision_features_give_a_single_precision_map() -> None:
    features = torch.rand(1, 2, 3, 3).to(torch.bfloat16).requires_grad_()
    assert grad_cam(features, features.mean(dim=(1, 2, 3)).float(), create_graph=True).dtype == torch.float32


def test_a_mask_is_area_averaged_onto_cells_that_are_patches() -> None:
    mask = torch.zeros(1, 64, 96)
    mask[0, 0:32, 0:48] = 1.0
    grid = mask_to_grid(mask, (2, 3), 32, 15.5)
    assert grid[0].tolist() == [[1.0, 0.5, 0.0], [0.0, 0.0, 0.0]]


def test_a_mask_is_area_averaged_onto_cells_centred_on_every_32nd_pixel() -> None:
    mask = torch.zeros(1, 64, 64)
    mask[0, 16:48, 16:48] = 1.0  # the square about pixel (32, 32): rows 16 … 47
    grid = mask_to_grid(mask, (2, 2), 32, 0.0)
    assert grid[0].tolist() == [[0.0, 0.0], [0.0, 1.0]]


def test_the_share_inside_the_frame_is_the_one_of_the_heatmap_that_a_person_sees() -> None:
    shape_vu = (90, 120)
    boxed = letterbox(np.zeros(shape_vu, dtype=np.uint8), (64, 64))
    matrix = uv_from_cell(boxed.uv_from_input, CellGrid(16, 7.5))
    coarse = np.random.default_rng(0).random((4, 4)).astype(np.float32)
    roi = Roi.of((60.0, 40.0), 30.0, 50.0)
    expected = inside_heatmap(upsample(coarse, matrix, shape_vu), roi)
    assert attention_inside(coarse, matrix, roi, shape_vu) == pytest.approx(expected, abs=1e-6)
    even = attention_inside(np.ones((4, 4)), matrix, roi, shape_vu)
    assert even == pytest.approx(float(roi_mask(roi, shape_vu).mean()), rel=1e-6)
    assert attention_inside(np.zeros((4, 4)), matrix, roi, shape_vu) == 0.0
