"""Uniform borders around a picture, as screenshots have them."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

_T = TypeVar("_T", bound=np.generic)

# Compression changes an even border by a few levels.
SAME = 6
# A line is border if all but these many of its pixels are of the border's brightness.
STRAY = 0.005
# A border ends at a straight edge: much of a line differs, and so many times less of the one before. Air ends little by little.
EDGE, SUDDEN = 0.3, 3.0
EDGE_LINES = 12
LEAST_LEFT_PX, LEAST_LEFT = 64, 0.3
# A frame in a frame, at most.
FRAMES = 4


class Box(NamedTuple):
    """Rows `top` … `bottom` − 1 and columns `left` … `right` − 1."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def shape_vu(self) -> tuple[int, int]:
        """Height and width."""
        return self.bottom - self.top, self.right - self.left

    def of(self, image: npt.NDArray[_T]) -> npt.NDArray[_T]:
        """The part of an image (v, u) or (v, u, c) that lies inside."""
        return image[self.top : self.bottom, self.left : self.right]


def find_picture(gray_vu: npt.NDArray[np.uint8], overlay_vu: npt.NDArray[np.bool_] | None = None) -> Box:
    """The picture inside of its borders.

    Parameters
    ----------
    overlay_vu
        Where letters and rulers are (they may stand on the border); such pixels say nothing.

    Returns
    -------
    The whole picture if it has no border, or if too little would be left.
    """
    height, width = gray_vu.shape
    whole = Box(0, 0, height, width)
    known = np.ones(gray_vu.shape, dtype=np.bool_) if overlay_vu is None else ~overlay_vu
    box = whole
    for _ in range(FRAMES):
        inner = _without_frame(gray_vu, known, box)
        if inner == box:
            break
        box = inner
    tall, wide = box.shape_vu
    enough = tall >= max(LEAST_LEFT_PX, LEAST_LEFT * height) and wide >= max(LEAST_LEFT_PX, LEAST_LEFT * width)
    return box if enough else whole


def _without_frame(gray_vu: npt.NDArray[np.uint8], known: npt.NDArray[np.bool_], box: Box) -> Box:
    gray, there = box.of(gray_vu), box.of(known)
    top, bottom = _lines(gray, there), _lines(gray[::-1], there[::-1])
    left, right = _lines(gray.T, there.T), _lines(gray.T[::-1], there.T[::-1])
    if top + bottom >= gray.shape[0] or left + right >= gray.shape[1]:
        return box
    return Box(box.top + top, box.left + left, box.bottom - bottom, box.right - right)


def _lines(gray: npt.NDArray[np.uint8], known: npt.NDArray[np.bool_]) -> int:
    """How many of the first lines are border."""
    if not known[0].any():
        return 0
    colour = int(np.median(gray[0][known[0]]))
    # Most pictures have no border: the first line says so.
    if _differing(gray[:1], known[:1], colour)[0] > STRAY:
        return 0
    differing = _differing(gray, known, colour)
    beyond = np.nonzero(differing > STRAY)[0]
    if not beyond.size:
        return 0
    # Compression lets the picture shine into the border, so the edge is looked for in the lines after the first that differs.
    for line in range(int(beyond[0]), min(int(beyond[0]) + EDGE_LINES, len(differing))):
        if differing[line] >= EDGE and differing[max(line - 2, 0)] <= differing[line] / SUDDEN:
            return line
    return 0


def _differing(gray: npt.NDArray[np.uint8], known: npt.NDArray[np.bool_], colour: int) -> npt.NDArray[np.float64]:
    """Part of each line's known pixels that are not of the colour."""
    other = (np.abs(gray.astype(np.int16) - colour) > SAME) & known
    counts = known.sum(axis=1)
    share: npt.NDArray[np.float64] = np.divide(other.sum(axis=1), counts, out=np.zeros(len(gray)), where=counts > 0)
    return share
