"""Windows about the frame: where a student begins to look before it is shown whole full images.

On a full image the synchondrosis is a hundredth of what there is to see; from scratch, with a hundred cases, a student then learns the
commonest stage and nothing else. At the scale of its own input it learns stages in small windows that hold the frame, then in larger
ones, and at last on the full image. Only training is cut; whatever is judged or predicted is the full image.
Shape suffixes: N samples, H and W rows and columns of the input.
"""

from __future__ import annotations

import torch
from torch import Tensor


def frame_boxes(masks_NHW: Tensor) -> Tensor:
    """First row, first column, last row, last column of each mask (N, 4); the whole input where there is no mask."""
    height, width = masks_NHW.shape[1:]
    covered_NHW = masks_NHW > 127
    boxes = torch.tensor([0, 0, height - 1, width - 1]).repeat(len(masks_NHW), 1)
    for n, covered_HW in enumerate(covered_NHW):
        rows, columns = torch.nonzero(covered_HW.any(dim=1))[:, 0], torch.nonzero(covered_HW.any(dim=0))[:, 0]
        if len(rows):
            boxes[n] = torch.stack([rows[0], columns[0], rows[-1], columns[-1]])
    return boxes


def cut_windows(images_NHW: Tensor, masks_NHW: Tensor, side_px: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """A window of each picture and of its mask, drawn evenly from those that hold the whole frame.

    Where the frame is larger than the window, from those that lie within it; a picture without a frame gives one from anywhere.
    """
    height, width = images_NHW.shape[1:]
    rows, columns = min(side_px, height), min(side_px, width)
    draw_N2 = torch.rand((len(images_NHW), 2), generator=generator)
    images, masks = [], []
    for n, (top, left, bottom, right) in enumerate(frame_boxes(masks_NHW).tolist()):
        y = _start(top, bottom, rows, height, float(draw_N2[n, 0]))
        x = _start(left, right, columns, width, float(draw_N2[n, 1]))
        images.append(images_NHW[n, y : y + rows, x : x + columns])
        masks.append(masks_NHW[n, y : y + rows, x : x + columns])
    return torch.stack(images), torch.stack(masks)


def _start(first: int, last: int, length: int, limit: int, draw: float) -> int:
    """First pixel of a window along one direction; `draw` is 0 … 1."""
    ends = sorted((last + 1 - length, first))
    low, high = max(0, ends[0]), min(limit - length, ends[1])
    low = min(low, limit - length)
    return low + round(draw * max(0, high - low))
