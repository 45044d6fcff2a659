"""The ruler that a program drew beside a picture: how many pixels lie between its ticks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from sos_studio.imaging.borders import Box
from sos_studio.imaging.overlays import Mask, components

FEWEST_TICKS = 4
# A ruler is at least this long, and at most this thick with its numbers, as a part of the picture's side.
SHORTEST, THICKEST = 0.12, 0.12
FINEST_PX = 3.0
# Ticks without a line stand at most this far apart, as a part of the picture's side.
CLOSED = 0.1
# By how much ticks may stand off their places, in pixels: they are drawn on whole ones.
OFF_PX = 1.0


@dataclass(frozen=True)
class Ruler:
    """A ruler in a picture.

    Attributes
    ----------
    axis
        The direction in which the ticks follow one another.
    tick_px
        Pixels between neighbouring ticks, fitted to all of them.
    ticks
        How many there are.
    longer_every
        Every how many ticks a longer one stands; None if all are alike.
    box
        Where it is.
    """

    axis: Literal["u", "v"]
    tick_px: float
    ticks: int
    longer_every: int | None
    box: Box

    @property
    def likely_tick_mm(self) -> float:
        """What the ticks most likely mean: longer ones a centimetre; a person confirms it."""
        return 10.0 if self.longer_every is None else 10.0 / self.longer_every


@dataclass(frozen=True)
class _Comb:
    """Evenly spaced marks along one line."""

    spacing: float
    count: int


def find_ruler(strokes_vu: Mask) -> Ruler | None:
    """The ruler with the most ticks among what is drawn over a picture; None if there is none.

    Parameters
    ----------
    strokes_vu
        `overlays.find_strokes`.
    """
    if not strokes_vu.any():
        return None
    found = [
        *(ruler for box in _candidates(strokes_vu) if (ruler := _ruler(strokes_vu, box, "v")) is not None),
        *(ruler for box in _candidates(strokes_vu.T) if (ruler := _ruler(strokes_vu.T, box, "u")) is not None),
    ]
    return max(found, key=lambda ruler: ruler.ticks, default=None)


def _candidates(strokes: Mask) -> list[Box]:
    """Long, thin parts along the first axis; gaps between ticks are closed first."""
    height, width = strokes.shape
    closed = _closed(strokes, max(4, round(CLOSED * height)))
    boxes = (Box(rows.start, columns.start, rows.stop, columns.stop) for rows, columns, _ in components(closed))
    return [
        box
        for box in boxes
        if box.shape_vu[0] >= SHORTEST * height and box.shape_vu[1] <= THICKEST * width and box.shape_vu[0] >= 2 * box.shape_vu[1]
    ]


def _closed(mask: Mask, gap: int) -> Mask:
    """The mask with gaps of up to `gap` pixels along the first axis closed."""
    closed = np.zeros_like(mask)
    (lines,) = mask.any(axis=0).nonzero()  # nothing can be closed in the others
    part = mask[:, lines]
    at = np.arange(len(mask), dtype=np.int32)[:, None]
    before = np.maximum.accumulate(np.where(part, at, -(10**6)), axis=0, dtype=np.int32)
    after = np.minimum.accumulate(np.where(part, at, 10**6)[::-1], axis=0, dtype=np.int32)[::-1]
    closed[:, lines] = after - before <= gap + 1
    return closed


def _ruler(strokes: Mask, box: Box, axis: Literal["u", "v"]) -> Ruler | None:
    """Every line along the ruler is asked for even marks: the one with most has all ticks, one with a multiple of them the longer ones."""
    part = box.of(strokes)
    combs = [comb for line in part.T if (comb := _comb(line)) is not None]
    if not combs:
        return None
    finest = max(combs, key=lambda comb: (comb.count, -comb.spacing))
    multiples = [round(comb.spacing / finest.spacing) for comb in combs if comb.count < finest.count]
    every = next((n for n in sorted(set(multiples)) if n in (2, 5, 10)), None)
    placed = box if axis == "v" else Box(box.left, box.top, box.right, box.bottom)
    return Ruler(axis, finest.spacing, finest.count, every, placed)


def _comb(line: npt.NDArray[np.bool_]) -> _Comb | None:
    """Marks that stand evenly, all of them; None if they don't or are too few."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], line.astype(np.int8), [0]))))
    starts, ends = edges[::2], edges[1::2]
    count = len(starts)
    if count < FEWEST_TICKS - 1:
        return None
    centers = (starts + ends - 1) / 2
    gaps = np.diff(centers)
    numbers = np.arange(count)
    spacing, first = np.polyfit(numbers, centers, 1)
    even = np.abs(centers - (first + spacing * numbers)).max() <= OFF_PX and gaps.max() - gaps.min() <= 2 * OFF_PX
    alike = (ends - starts).max() <= max(spacing / 2, 2 + (ends - starts).min())
    return _Comb(float(spacing), count) if even and alike and spacing >= FINEST_PX else None
