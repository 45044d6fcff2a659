from __future__ import annotations

import math

import pytest
import torch

from sos_studio.core.training import AugmentationSettings
from trainer.transforms import augment, pose_matrices

STILL = AugmentationSettings(rotation_deg=0, translation=0, scale=0, brightness=0, contrast=0, blur_px=0, noise=0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_no_flip_ever_even_at_the_widest_settings() -> None:
    widest = AugmentationSettings(rotation_deg=15, translation=1, scale=0.5)
    pose = torch.rand(2000, 4, generator=generator()) * 2 - 1
    theta = pose_matrices(pose, widest, 96, 192)
    determinant = theta[:, 0, 0] * theta[:, 1, 1] - theta[:, 0, 1] * theta[:, 1, 0]
    assert float(determinant.min()) > 0
    assert float(theta[:, 0, 0].min()) > 0  # left stays left
    assert float(theta[:, 1, 1].min()) > 0


def test_the_rotation_is_one_in_pixels_and_not_in_the_square() -> None:
    only = AugmentationSettings(rotation_deg=15, translation=0, scale=0)
    height, width = 64, 192
    (theta,) = pose_matrices(torch.tensor([[1.0, 0.0, 0.0, 0.0]]), only, height, width)
    # From the matrix of the square of side 2 back to pixels.
    half = torch.diag(torch.tensor([width / 2, height / 2]))
    in_pixels = half @ theta[:, :2] @ torch.linalg.inv(half)
    c, s = math.cos(math.radians(15)), math.sin(math.radians(15))
    assert in_pixels.flatten().tolist() == pytest.approx([c, -s, s, c], abs=1e-6)


def test_nothing_asked_for_changes_nothing() -> None:
    images = (torch.rand(3, 32, 48, generator=generator()) * 255).to(torch.uint8)
    changed, mask = augment(images, images, STILL, generator())
    assert torch.allclose(changed, images.float(), atol=0.01)
    assert mask is not None
    assert torch.allclose(mask, images / 255.0, atol=1e-4)


def test_picture_and_mask_move_together() -> None:
    images = torch.zeros(8, 64, 64)
    images[:, 20:30, 35:50] = 255
    moving = AugmentationSettings(rotation_deg=15, translation=0.1, scale=0.2, brightness=0, contrast=0, blur_px=0, noise=0)
    changed, mask = augment(images, images, moving, generator(3))
    assert mask is not None
    assert torch.allclose(changed / 255, mask, atol=1e-5)
    assert not torch.allclose(mask[0], mask[1])


def test_grey_values_stay_in_range_and_the_mask_keeps_its_own() -> None:
    images = torch.full((4, 32, 32), 250.0)
    loud = AugmentationSettings(brightness=1, contrast=0.9, blur_px=5, noise=1)
    changed, mask = augment(images, torch.full((4, 32, 32), 255.0), loud, generator())
    assert float(changed.min()) >= 0
    assert float(changed.max()) <= 255
    assert mask is not None
    assert float(mask[:, 10:20, 10:20].min()) == pytest.approx(1.0, abs=1e-5)


def test_blur_takes_away_detail_and_keeps_the_mean() -> None:
    images = (torch.rand(4, 64, 64, generator=generator()) * 255).round()
    changed, _ = augment(images, None, STILL.model_copy(update={"blur_px": 2.0}), generator(1))
    assert float(changed.std()) < 0.7 * float(images.std())
    assert float(changed.mean()) == pytest.approx(float(images.mean()), rel=0.01)


def test_the_same_generator_gives_the_same_batch_and_another_one_another() -> None:
    images = torch.rand(2, 32, 32) * 255
    first, _ = augment(images, None, AugmentationSettings(), generator(5))
    again, _ = augment(images, None, AugmentationSettings(), generator(5))
    other, _ = augment(images, None, AugmentationSettings(), generator(6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
