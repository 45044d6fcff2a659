"""From a manifest to what a network eats: checked pictures in memory, masks of the frames, splits by patient.

A picture is *letterboxed*: scaled as a whole until it fits the input, with black beside it, so that nothing is cut away and
every input pixel has a known place on the full image. Shape suffixes: N samples, H and W rows and columns of the input.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody reads
from torch import Tensor

from sos_studio.core.errors import BadInputError
from sos_studio.core.manifests import ManifestEntry, ManifestImage
from sos_studio.core.roi import Roi
from sos_studio.core.training import MaskShape
from sos_studio.imaging.crops import roi_mask
from sos_studio.imaging.images import SMALLEST_SIDE_PX, read_gray
from trainer.networks import CellGrid

FloatArray = npt.NDArray[np.float64]
Picture = Literal["crop", "full_image"]

# Whoever starts a training asks for ten labelled cases; this many of them remain to fit to at the least.
LEAST_TO_FIT = 5
# ImageNet's grey mean and spread, so that starting weights meet what they were trained on.
GREY_MEAN, GREY_SPREAD = 0.449, 0.226


@dataclass(frozen=True)
class Letterboxed:
    """A picture in a network's input.

    Attributes
    ----------
    values_HW
        float32, 0 … 255; 0 beside the picture.
    uv_from_input
        3 x 3 affine from input pixels ``(x, y, 1)`` to the picture's pixels, both with (0, 0) at the centre of the first.
    box
        Top, left, height and width of the picture inside the input.
    """

    values_HW: Tensor
    uv_from_input: FloatArray
    box: tuple[int, int, int, int]


def letterbox(image_vu: npt.NDArray[np.uint8] | npt.NDArray[np.float32], input_shape_hw: tuple[int, int]) -> Letterboxed:
    """Scale a picture (area-averaging where it shrinks) and centre it in the input."""
    rows, columns = image_vu.shape
    height, width = input_shape_hw
    scale = min(height / rows, width / columns)
    inner_h, inner_w = min(height, max(1, round(rows * scale))), min(width, max(1, round(columns * scale)))
    picture = torch.from_numpy(np.ascontiguousarray(image_vu)).to(torch.float32)[None, None]
    scaled = F.interpolate(picture, size=(inner_h, inner_w), mode="bilinear", align_corners=False, antialias=True)[0, 0]
    top, left = (height - inner_h) // 2, (width - inner_w) // 2
    values = torch.zeros(input_shape_hw)
    values[top : top + inner_h, left : left + inner_w] = scaled.clamp(0, 255)
    # Edges map to edges: u + ½ = (x + ½ − left) · columns / inner_w.
    su, sv = columns / inner_w, rows / inner_h
    uv_from_input = np.array([[su, 0.0, (0.5 - left) * su - 0.5], [0.0, sv, (0.5 - top) * sv - 0.5], [0.0, 0.0, 1.0]])
    return Letterboxed(values, uv_from_input, (top, left, inner_h, inner_w))


def uv_from_cell(uv_from_input: FloatArray, grid: CellGrid) -> FloatArray:
    """3 x 3 affine from ``(column, row, 1)`` of a cell's centre to pixels of the picture that was letterboxed."""
    input_from_cell = np.array([[grid.stride_px, 0.0, grid.first_px], [0.0, grid.stride_px, grid.first_px], [0.0, 0.0, 1.0]])
    matrix: FloatArray = uv_from_input @ input_from_cell
    return matrix


def network_input(values_NHW: Tensor, channels: int) -> Tensor:
    """Grey values 0 … 255 as the network's input (N, channels, H, W)."""
    scaled_N1HW = ((values_NHW.to(torch.float32) / 255.0 - GREY_MEAN) / GREY_SPREAD)[:, None]
    return scaled_N1HW.expand(-1, channels, -1, -1)


@dataclass(frozen=True)
class Samples:
    """Cases in memory, in the order of `entries`.

    Attributes
    ----------
    images_NHW
        uint8, letterboxed.
    masks_NHW
        uint8 coverage by the frame (255 = all), letterboxed alike; zeros without a frame.
    framed_N
        Which cases have a frame.
    target_N
        0-based stage.
    uv_from_input
        One 3 x 3 affine per case.
    """

    entries: tuple[ManifestEntry, ...]
    images_NHW: Tensor
    masks_NHW: Tensor
    framed_N: Tensor
    target_N: Tensor
    uv_from_input: tuple[FloatArray, ...]

    def __len__(self) -> int:
        return len(self.entries)


def load_samples(
    project_dir: Path,
    entries: Sequence[ManifestEntry],
    picture: Picture,
    input_shape_hw: tuple[int, int],
    frames: Mapping[str, Roi] | None = None,
    *,
    mask_shape: MaskShape = "frame",
) -> Samples:
    """Read, check and letterbox the pictures of `entries`.

    Parameters
    ----------
    picture
        ``crop`` (every entry must have one) or ``full_image``.
    frames
        Frame by capture id, for masks on full images.
    mask_shape
        The frame itself, or the upright box about it.

    Raises
    ------
    BadInputError
        ``training.images_damaged`` with the cases whose picture is missing, unreadable or not the one that was frozen in the
        manifest: all of them at once.
    """
    frames = frames or {}
    height, width = input_shape_hw
    images = torch.zeros((len(entries), height, width), dtype=torch.uint8)
    masks = torch.zeros((len(entries), height, width), dtype=torch.uint8)
    affines: list[FloatArray] = []
    damaged: list[str] = []
    for n, entry in enumerate(entries):
        image_vu = checked_picture(project_dir, file_of(entry, picture), 1 if picture == "crop" else SMALLEST_SIDE_PX)
        if image_vu is None:
            damaged.append(entry.case_id)
            continue
        boxed = letterbox(image_vu, input_shape_hw)
        images[n] = boxed.values_HW.round().to(torch.uint8)
        affines.append(boxed.uv_from_input)
        roi = frames.get(entry.capture_id)
        if roi is not None:
            rows, columns = image_vu.shape
            covered = roi_mask(roi, (rows, columns)) if mask_shape == "frame" else box_mask(roi, (rows, columns))
            masks[n] = letterbox(covered * np.float32(255), input_shape_hw).values_HW.round().to(torch.uint8)
    if damaged:
        raise BadInputError("training.images_damaged", count=len(damaged), cases=", ".join(damaged[:10]))
    framed = torch.tensor([e.capture_id in frames for e in entries], dtype=torch.bool)
    target = torch.tensor([e.stage - 1 for e in entries], dtype=torch.int64)
    return Samples(tuple(entries), images, masks, framed, target, tuple(affines))


def box_mask(roi: Roi, shape_vu: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Share of each pixel that lies in the upright box about a frame, 0 … 1; what lies beside the picture is cut off."""
    low, high = roi.corners_uv.min(axis=0), roi.corners_uv.max(axis=0)
    covered: list[npt.NDArray[np.float64]] = []
    for axis, count in ((0, shape_vu[1]), (1, shape_vu[0])):
        centres = np.arange(count)  # a pixel reaches half a pixel about its own
        covered.append(np.clip(np.minimum(high[axis], centres + 0.5) - np.maximum(low[axis], centres - 0.5), 0, 1))
    return np.outer(covered[1], covered[0]).astype(np.float32)


def file_of(entry: ManifestEntry, picture: Picture) -> ManifestImage | None:
    """The file of that picture; None: nobody drew a frame."""
    return entry.crop if picture == "crop" else entry.full_image


def checked_picture(
    project_dir: Path, file: ManifestImage | None, smallest_side_px: int = SMALLEST_SIDE_PX
) -> npt.NDArray[np.uint8] | None:
    """Its pixels, or None if it is not the very file that the manifest names."""
    if file is None:
        return None
    path = project_dir / file.path
    try:
        if hashlib.sha256(path.read_bytes()).hexdigest() != file.sha256:
            return None
        return read_gray(path, smallest_side_px)
    except (OSError, BadInputError):
        return None


def split_by_patient(entries: Sequence[ManifestEntry], parts: int, seed: int) -> npt.NDArray[np.int64]:
    """Part 0 … `parts` − 1 of each entry: a patient in one part only, stages spread evenly, the same for the same seed.

    Patients of a stage are dealt out in turn; dealing goes on where the stage before stopped, so that parts also end up alike in size.
    """
    stage_of: dict[str, int] = {}
    for entry in entries:
        stage_of[entry.patient] = max(entry.stage, stage_of.get(entry.patient, 0))
    draw = np.random.default_rng([seed, parts])
    part_of: dict[str, int] = {}
    dealt = 0
    for stage in sorted(set(stage_of.values())):
        patients = sorted(p for p, s in stage_of.items() if s == stage)
        for n in draw.permutation(len(patients)):
            part_of[patients[n]] = dealt % parts
            dealt += 1
    return np.array([part_of[e.patient] for e in entries], dtype=np.int64)


def inner_split(
    entries: Sequence[ManifestEntry], fraction: float, seed: int
) -> tuple[tuple[ManifestEntry, ...], tuple[ManifestEntry, ...]]:
    """Entries to fit to, and about `fraction` of them (by patient, stage by stage) for early stopping and temperature.

    A stage that only one patient has stays on the fitting side.
    """
    parts = max(2, round(1 / fraction))
    part = split_by_patient(entries, parts, seed)
    judges = {e.patient for e, p in zip(entries, part, strict=True) if p == 0}
    for stage in {e.stage for e in entries}:
        having = {e.patient for e in entries if e.stage == stage}
        if having <= judges:
            judges -= having
    fitting = tuple(e for e in entries if e.patient not in judges)
    return fitting, tuple(e for e in entries if e.patient in judges)


def require_learnable(entries: Sequence[ManifestEntry], least: int = LEAST_TO_FIT) -> None:
    """Refuse to train on next to nothing.

    Raises
    ------
    BadInputError
        ``training.too_few_cases`` with `count` and `least`; ``training.one_stage_only`` with `stage`.
    """
    stages = sorted({e.stage for e in entries})
    if len(entries) < least:
        raise BadInputError("training.too_few_cases", count=len(entries), least=least)
    if len(stages) < 2:
        raise BadInputError("training.one_stage_only", stage=stages[0], count=len(entries))
