"""The ruler that a program drew beside a picture: how many pixels lie between its ticks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from sos_studio.imaging.borders import Box
from sos_studio.imaging.overlays import Mask, components, grown

FEWEST_TICKS = 4
# A ruler is at least this long, and at most this thick with its numbers, as a part of the picture's side.
SHORTEST, THICKEST = 0.12, 0.12
FINEST_PX = 3.0
# Ticks without a line stand at most this far apart, as a part of the picture's side.
CLOSED = 0.1
# By how much ticks may stand off their places, in pixels: they are drawn on whole ones.
OFF_PX = 1.0
# Words stand this far from a ruler at most, as a part of the picture's side, and are this bright between their ground and white.
LABEL_REACH, LABEL_CONTRAST, LABEL_WHITE, LEAST_LABEL_PX = 0.08, 0.35, 225, 12
# With so many marks, so large a part of them has to be in place.
MANY_TICKS, MOST_IN_PLACE = 8, 0.7


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


def label_strokes(gray_vu: npt.NDArray[np.uint8], strokes_vu: Mask, ruler: Ruler) -> Mask:
    """The words beside a ruler ("50 mm"), which on tissue are too small and too soft to be told from bone anywhere else.

    Parts that are bright against their surroundings, no larger than the ruler is thick, stand alone beyond one of its ends or beside it,
    and are at least two in one line: what reaches out of that strip, as bone does, is none.
    """
    found = np.zeros(gray_vu.shape, dtype=np.bool_)
    box = ruler.box
    thick = max(min(box.shape_vu), LEAST_LABEL_PX)
    reach = round(LABEL_REACH * max(gray_vu.shape))
    wide = (thick, reach) if ruler.axis == "u" else (reach, thick)
    strip = Box(
        *(max(0, box.top - wide[0]), max(0, box.left - wide[1])),
        *(min(gray_vu.shape[0], box.bottom + wide[0]), min(gray_vu.shape[1], box.right + wide[1])),
    )
    gray = strip.of(gray_vu)
    known = grown(strip.of(strokes_vu), 1)
    ground = float(np.median(gray[~known])) if not known.all() else 255.0
    parts = [
        (rows, columns, part)
        for rows, columns, part in components((gray >= ground + LABEL_CONTRAST * (255.0 - ground)) & ~known, 3)
        if max(part.shape) <= 1.5 * thick
        and gray[rows, columns][part].max() >= LABEL_WHITE
        and rows.start > 0
        and columns.start > 0
        and rows.stop < gray.shape[0]
        and columns.stop < gray.shape[1]
    ]
    for rows, columns, part in parts:
        beside = [other for other in parts if other[0] != rows or other[1] != columns]
        if any(min(rows.stop, other[0].stop) - max(rows.start, other[0].start) > part.shape[0] / 2 for other in beside):
            strip.of(found)[rows, columns] |= part
    return found


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
    lines = np.flatnonzero(mask.any(axis=0))  # nothing can be closed in the others
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
    multiples = Counter(round(comb.spacing / finest.spacing) for comb in combs if comb.count < finest.count)
    # Longer ticks are seen in several lines; a letter beside the ruler makes marks in one or two.
    every = max((n for n in (2, 5, 10) if multiples[n]), key=lambda n: multiples[n], default=None)
    placed = box if axis == "v" else Box(box.left, box.top, box.right, box.bottom)
    return Ruler(axis, finest.spacing, finest.count, every, placed)


def _comb(line: npt.NDArray[np.bool_]) -> _Comb | None:
    """Marks that stand evenly; None if they don't or are too few. Of many a few may be hidden or joined by a letter that lies on them."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], line.astype(np.int8), [0]))))
    starts, ends = edges[::2], edges[1::2]
    count = len(starts)
    if count < FEWEST_TICKS - 1:
        return None
    centers, widths = (starts + ends - 1) / 2, ends - starts
    regular = _regular(centers)
    if regular is None or regular.sum() < (count if count < MANY_TICKS else MOST_IN_PLACE * count):
        return None
    gap = float(np.median(np.diff(centers)))
    numbers = np.cumsum(np.concatenate(([0], np.round(np.diff(centers[regular]) / gap))))
    spacing, first = np.polyfit(numbers, centers[regular], 1)
    gaps = np.diff(centers[regular])[np.diff(numbers) == 1]
    even = np.abs(centers[regular] - (first + spacing * numbers)).max() <= OFF_PX and np.ptp(gaps) <= 2 * OFF_PX
    alike = widths[regular].max() <= max(spacing / 2, 2 + widths[regular].min())
    whole = len(numbers) >= MOST_IN_PLACE * (numbers[-1] + 1)
    return _Comb(float(spacing), len(numbers)) if even and alike and whole and spacing >= FINEST_PX else None


def _regular(centers: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_] | None:
    """The marks that stand where the usual distance puts them, seen from the longest run of marks that do; None if none does."""
    gaps = np.diff(centers)
    usual = np.abs(gaps - np.median(gaps)) <= OFF_PX
    bounds = np.flatnonzero(np.diff(np.concatenate(([0], usual.astype(np.int8), [0]))))
    if not bounds.size:
        return None
    longest = int(np.argmax(bounds[1::2] - bounds[::2]))
    begin, end = int(bounds[::2][longest]), int(bounds[1::2][longest]) + 1
    spacing, first = np.polyfit(np.arange(end - begin), centers[begin:end], 1)
    off = (centers - first) / spacing
    in_place: npt.NDArray[np.bool_] = np.abs(off - np.round(off)) * spacing <= OFF_PX
    return in_place
