"""Augmentation of a batch, mask and picture alike. Never a flip: which end of the synchondrosis has fused makes the stage.

Shape suffixes: N samples, H and W rows and columns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias, overload

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody reads
from torch import Tensor

from sos_studio.core.training import AugmentationSettings

_BLUR_TAPS = 7


@dataclass(frozen=True)
class Draw:
    """Random numbers of one batch, −1 … 1 or 0 … 1, drawn on the CPU so that every device sees the same ones."""

    pose_N4: Tensor
    grey_N3: Tensor
    noise_NHW: Tensor

    @classmethod
    def of(cls, shape_nhw: tuple[int, int, int], generator: torch.Generator) -> Draw:
        """Draw for a batch of that shape."""
        n = shape_nhw[0]
        return cls(
            torch.rand((n, 4), generator=generator) * 2 - 1,
            torch.rand((n, 3), generator=generator),
            torch.randn(shape_nhw, generator=generator),
        )


Chance: TypeAlias = torch.Generator | Draw


@overload
def augment(images_NHW: Tensor, masks_NHW: Tensor, settings: AugmentationSettings, chance: Chance) -> tuple[Tensor, Tensor]: ...


@overload
def augment(images_NHW: Tensor, masks_NHW: None, settings: AugmentationSettings, chance: Chance) -> tuple[Tensor, None]: ...


def augment(images_NHW: Tensor, masks_NHW: Tensor | None, settings: AugmentationSettings, chance: Chance) -> tuple[Tensor, Tensor | None]:
    """Turn, move and scale pictures (and masks with them), then change grey values, blur and add noise.

    Parameters
    ----------
    images_NHW, masks_NHW
        Values 0 … 255, any number type.
    chance
        Numbers that were drawn for this batch, or what draws them.

    Returns
    -------
    float32 pictures, 0 … 255, and masks, 0 … 1 (None as given).
    """
    n, height, width = images_NHW.shape
    draw = chance if isinstance(chance, Draw) else Draw.of((n, height, width), chance)
    device = images_NHW.device
    theta_N23 = pose_matrices(draw.pose_N4, settings, height, width).to(device)
    grid_NHW2 = F.affine_grid(theta_N23, [n, 1, height, width], align_corners=False)
    layers = [images_NHW] if masks_NHW is None else [images_NHW, masks_NHW]
    stacked_NLHW = torch.stack([layer.to(torch.float32) for layer in layers], dim=1)
    moved_NLHW = F.grid_sample(stacked_NLHW, grid_NHW2, mode="bilinear", padding_mode="zeros", align_corners=False)
    images = _change_grey(moved_NLHW[:, 0], draw, settings)
    return images, None if masks_NHW is None else moved_NLHW[:, 1] / 255.0


def pose_matrices(pose_N4: Tensor, settings: AugmentationSettings, height: int, width: int) -> Tensor:
    """2 x 3 matrices for `affine_grid`: a rotation, one scale for both directions and a shift, so the determinant is positive."""
    angle_N = pose_N4[:, 0] * math.radians(settings.rotation_deg)
    scale_N = torch.exp(pose_N4[:, 1] * math.log1p(settings.scale))
    cos_N, sin_N = torch.cos(angle_N) * scale_N, torch.sin(angle_N) * scale_N
    # affine_grid works in a square of side 2: undo the picture's aspect about the rotation.
    top = torch.stack([cos_N, -sin_N * (height / width), 2 * settings.translation * pose_N4[:, 2]], dim=1)
    bottom = torch.stack([sin_N * (width / height), cos_N, 2 * settings.translation * pose_N4[:, 3]], dim=1)
    return torch.stack([top, bottom], dim=1)


def _change_grey(images_NHW: Tensor, draw: Draw, settings: AugmentationSettings) -> Tensor:
    """Blur (a scanner's), then contrast about the mean and brightness, then noise; what was black beside the head may turn grey."""
    grey_N311 = draw.grey_N3[:, :, None, None].to(images_NHW.device)
    if settings.blur_px > 0:
        images_NHW = _blur(images_NHW, draw.grey_N3[:, 0].to(images_NHW.device) * settings.blur_px)
    mean_N11 = images_NHW.mean(dim=(1, 2), keepdim=True)
    gain_N11 = torch.exp((2 * grey_N311[:, 1] - 1) * math.log1p(settings.contrast))
    shift_N11 = (2 * grey_N311[:, 2] - 1) * settings.brightness * 255.0
    changed = (images_NHW - mean_N11) * gain_N11 + mean_N11 + shift_N11
    if settings.noise > 0:
        changed = changed + draw.noise_NHW.to(images_NHW.device) * (settings.noise * 255.0)
    return changed.clamp(0.0, 255.0)


def _blur(images_NHW: Tensor, sigma_N: Tensor) -> Tensor:
    """Gaussian blur with one width per sample, rows then columns."""
    n = len(images_NHW)
    reach = torch.arange(_BLUR_TAPS, device=images_NHW.device) - _BLUR_TAPS // 2
    taps_NT = torch.exp(-0.5 * (reach / sigma_N.clamp(min=0.05)[:, None]) ** 2)
    taps_NT = taps_NT / taps_NT.sum(dim=1, keepdim=True)
    half = _BLUR_TAPS // 2
    padded = F.pad(images_NHW[None], (half, half, half, half), mode="replicate")
    rows = F.conv2d(padded, taps_NT[:, None, :, None], groups=n)
    return F.conv2d(rows, taps_NT[:, None, None, :], groups=n)[0]
