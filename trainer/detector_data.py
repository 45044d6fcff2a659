"""Pictures and frames as the detector sees them, and what it says. Numpy and torch only; nothing of ultralytics.

A `Box` is ``(u, v, width, height, radians)`` in pixels of the network's input, with the *corner* of the top-left pixel at (0, 0), as
ultralytics counts; `Roi` and `trainer.data.letterbox` count from that pixel's centre.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from sos_studio.core.roi import MIN_WIDTH_PX, Roi

FloatArray = npt.NDArray[np.float64]
Box = tuple[float, float, float, float, float]

# Ranges of the augmentation. Never a flip: endocranial and ectocranial ends define the frame's direction and stages 2 and 3.
ROTATION_DEG = 12.0
SCALE = 0.15
TRANSLATION = 0.08
CONTRAST = 0.25
BRIGHTNESS = 0.12
NOISE = 0.03

# The head of the network speaks angles from -45° to 135°; frames are labelled in the same range.
_LOWEST_ANGLE = -math.pi / 4


def box_of(roi: Roi, uv_from_input: FloatArray) -> Box:
    """Box parameters of a frame in full-image pixels.

    Parameters
    ----------
    uv_from_input
        3 x 3 affine of `trainer.data.letterbox`: both sides count from pixel centres, the scale is the same both ways.
    """
    u, v, _ = np.linalg.inv(uv_from_input) @ np.array([*roi.center_uv, 1.0])
    scale = _scale(uv_from_input)
    angle = (math.radians(roi.angle_deg) - _LOWEST_ANGLE) % math.pi + _LOWEST_ANGLE
    return float(u) + 0.5, float(v) + 0.5, roi.width_px / scale, roi.height_px / scale, angle


def roi_of(box: Box, uv_from_input: FloatArray) -> Roi:
    """The frame in full-image pixels that a box stands for.

    A box says nothing of which end is which, and its sides may be swapped: the long side becomes the width, made 2:1 with the mean
    of what both sides say. Its direction is taken from -45° … 135°, the half turn about down-and-right: that is the way from the
    endocranial to the ectocranial end on a face-right picture, however far the head is pitched.
    """
    u, v, width, height, angle = box
    if height > width:
        width, height, angle = height, width, angle + math.pi / 2
    degrees = math.degrees((angle - _LOWEST_ANGLE) % math.pi + _LOWEST_ANGLE)
    center_u, center_v, _ = uv_from_input @ np.array([u - 0.5, v - 0.5, 1.0])
    return Roi.of((float(center_u), float(center_v)), degrees, max((width + 2 * height) / 2 * _scale(uv_from_input), 1e-3))


def bounding_boxes(boxes_N5: Tensor) -> Tensor:
    """The upright boxes (N, 4: u, v, width, height) about turned ones: what a detector of upright boxes learns."""
    cos_N, sin_N = torch.cos(boxes_N5[:, 4]).abs(), torch.sin(boxes_N5[:, 4]).abs()
    width_N, height_N = boxes_N5[:, 2], boxes_N5[:, 3]
    sides = (cos_N * width_N + sin_N * height_N, sin_N * width_N + cos_N * height_N)
    return torch.stack([boxes_N5[:, 0], boxes_N5[:, 1], *sides], dim=1)


def turned(center_u: float, center_v: float, width: float, height: float) -> Box:
    """The 2:1 frame that an upright box was drawn about, directed as `roi_of` says.

    An upright box has the frame's angle θ in its sides: they are ``w·cos θ + w/2·sin θ`` and ``w·sin θ + w/2·cos θ`` for a frame of
    width w between level (θ = 0) and upright (θ = 90°), where face-right pictures have it. Sides that no frame has (more than twice as
    long as the other) are those of the level or the upright one.
    """
    along, across = max(width - height / 2, 0.0), max(height - width / 2, 0.0)
    frame_width = math.hypot(along, across) / 0.75
    return center_u, center_v, frame_width, frame_width / 2, math.atan2(across, along)


def _scale(uv_from_input: FloatArray) -> float:
    """Full-image pixels per input pixel."""
    return math.sqrt(abs(float(np.linalg.det(uv_from_input[:2, :2]))))


def fitted_inside(roi: Roi, shape_vu: tuple[int, int]) -> Roi:
    """The same frame, moved (and, only if it must be, shrunk) until it lies on the picture; a crop needs that."""
    height, width = shape_vu
    width_px = max(roi.width_px, MIN_WIDTH_PX)
    roi = Roi.of(roi.center_uv, roi.angle_deg, width_px)
    if roi.inside(shape_vu):
        return roi
    extent = np.ptp(roi.corners_uv, axis=0)
    # A thousandth of a pixel of room keeps rounding from putting a corner back outside.
    shrink = min(1.0, (width - 1e-3) / extent[0], (height - 1e-3) / extent[1])
    half_u, half_v = extent * shrink / 2 + 5e-4
    u = min(max(roi.center_uv[0], half_u - 0.5), width - 0.5 - half_u)
    v = min(max(roi.center_uv[1], half_v - 0.5), height - 0.5 - half_v)
    return Roi.of((float(u), float(v)), roi.angle_deg, float(width_px * shrink))


def augment(images_N1HW: Tensor, boxes_N5: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Turn, scale, move and change the grey values of a batch, together with its boxes. Boxes stay 2:1, and nothing is ever flipped.

    Parameters
    ----------
    images_N1HW
        float32, 0 … 1.
    boxes_N5
        As in the module's docstring.
    generator
        The only source of chance.
    """
    n, _, height, width = images_N1HW.shape

    def draw(span: float) -> Tensor:
        return (torch.rand(n, generator=generator) * 2 - 1) * span

    turn, scale = torch.deg2rad(draw(ROTATION_DEG)), 1 + draw(SCALE)
    move_u, move_v = draw(TRANSLATION) * width, draw(TRANSLATION) * height
    contrast, brightness = 1 + draw(CONTRAST), draw(BRIGHTNESS)
    cos, sin = torch.cos(turn), torch.sin(turn)
    # new = c + m + s·R·(old - c); grid_sample wants old from new, in units of half the side about the middle.
    relative_u, relative_v = move_u / (width / 2), move_v / (height / 2)
    old_from_new = torch.stack([torch.stack([cos, sin], -1), torch.stack([-sin, cos], -1)], 1) / scale[:, None, None]
    shift = -(old_from_new @ torch.stack([relative_u, relative_v], -1)[..., None])
    grid = functional.affine_grid(torch.cat([old_from_new, shift], -1), list(images_N1HW.shape), align_corners=False)
    moved = functional.grid_sample(images_N1HW, grid.to(images_N1HW), mode="bilinear", padding_mode="zeros", align_corners=False)
    boxes = boxes_N5.clone()
    du, dv = boxes_N5[:, 0] - width / 2, boxes_N5[:, 1] - height / 2
    boxes[:, 0] = width / 2 + move_u + scale * (cos * du - sin * dv)
    boxes[:, 1] = height / 2 + move_v + scale * (sin * du + cos * dv)
    boxes[:, 2:4] = boxes_N5[:, 2:4] * scale[:, None]
    boxes[:, 4] = torch.remainder(boxes_N5[:, 4] + turn - _LOWEST_ANGLE, math.pi) + _LOWEST_ANGLE
    column = (-1, 1, 1, 1)
    grey = (moved - 0.5) * contrast.view(column) + 0.5 + brightness.view(column)
    noise = torch.randn(moved.shape, generator=generator) * (torch.rand(n, generator=generator) * NOISE).view(column)
    # Black beyond the scan stays black: it is not a grey value.
    return torch.where(moved > 0, (grey + noise).clamp(0, 1), moved), boxes


def weigh_heads(model: Any, epoch: int) -> None:
    """YOLO26 learns from all boxes that fit and, more and more, from the best one of each picture: as ultralytics after those epochs."""
    criterion = model.criterion
    if hasattr(criterion, "o2m"):
        criterion.o2m = criterion.decay(epoch)
        criterion.o2o = max(criterion.total - criterion.o2m, 0)


def in_full(said: Any) -> Any:
    """What a network said, however nested, in float32."""
    if isinstance(said, dict):
        return {key: in_full(value) for key, value in said.items()}
    return [in_full(value) for value in said] if isinstance(said, list) else said.float()
