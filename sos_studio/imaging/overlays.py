"""Letters, rulers and lines that a program drew over a picture: found, and filled from what is around them.

What is drawn differs from what was scanned: it has a colour, or it is a thin bright stroke in the picture's margin, on dark ground or with
edges sharper than any scanner's.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

_T = TypeVar("_T", bound=np.generic)

Mask = npt.NDArray[np.bool_]
Gray = npt.NDArray[np.uint8]

# A CT is grey; compression colours it by a few levels at most.
DRAWN_CHROMA = 48
# With more of it coloured, the picture itself is (a photograph, a colour map): nothing is an overlay then.
MOST_COLOURED = 0.25
# How far from the edge letters and rulers stand, as a part of the picture's side.
MARGIN = 0.16
BRIGHT = 190
# Ground without a picture: air, or a border. Noise of soft tissue is above.
EVEN_SPREAD, DARK = 10, 40
# What is drawn in white is as white as can be; bone in the margin seldom is, and not most of it.
NEARLY_WHITE, WHITE_SHARE, LIGHTEST_GROUND = 240, 0.5, 120
LARGEST_LETTER, FEWEST_PX = 0.14, 5
# White strokes on any ground: measured on 913 thin white parts of bone and teeth in the margins of 200 phantoms and three real captures, of
# which none passes, and on letters drawn over bone, as they are and compressed (ADR on importing).
WHITE, FEWEST_WHITE_PX, LEAST_CONTRAST = 242, 12, 40
MOST_BESIDE, LEAST_BEYOND, MOST_BEYOND = 0.32, -0.2, 0.35
# Smoothing of letters and compression spread a stroke this far.
GROW_PX = 2


def find_strokes(rgb_vuc: npt.NDArray[np.uint8] | None, gray_vu: Gray) -> Mask:
    """The strokes that are drawn over the picture, without their soft edges (`covered` adds those).

    Parameters
    ----------
    rgb_vuc, gray_vu
        The picture in colour (v, u, 3) if it has colours, and in grey (v, u).

    Returns
    -------
    True where something is drawn; all False if nothing is found or the whole picture is coloured.
    """
    if rgb_vuc is None:
        return _bright_strokes(gray_vu)
    red, green, blue = (rgb_vuc[..., channel] for channel in range(3))  # many times quicker than along an axis of three
    coloured: Mask = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue) > DRAWN_CHROMA
    if coloured.mean() > MOST_COLOURED:
        return np.zeros(gray_vu.shape, dtype=np.bool_)
    return coloured | _bright_strokes(gray_vu)


def covered(strokes_vu: Mask) -> Mask:
    """Where the picture can't be seen: the strokes with their soft edges."""
    return grown(strokes_vu, GROW_PX) if strokes_vu.any() else strokes_vu


def grown(mask: Mask, radius: int) -> Mask:
    """The mask and everything up to `radius` pixels beside it (a square)."""
    out = mask.copy()
    for _ in range(radius):
        wider = out.copy()
        wider[:, 1:] |= out[:, :-1]
        wider[:, :-1] |= out[:, 1:]
        out = wider.copy()
        out[1:] |= wider[:-1]
        out[:-1] |= wider[1:]
    return out


def shrunk(mask: Mask, radius: int) -> Mask:
    """What is left of the mask `radius` pixels inside of it; the picture's edge counts as outside."""
    return ~grown(~np.pad(mask, radius), radius)[radius:-radius, radius:-radius]


def components(mask: Mask, least_px: int = 1) -> list[tuple[slice, slice, Mask]]:
    """Connected parts (with corners) of at least `least_px` pixels, each as its rows, columns, and mask therein; the uppermost first.

    Made of the runs of each row, joined where they touch those of the row above: in a mask that is mostly empty many times quicker than to
    label every pixel.
    """
    height, width = mask.shape
    flat = np.zeros((height, width + 1), dtype=np.bool_)
    flat[:, :-1] = mask
    steps = np.flatnonzero(flat.ravel()[1:] != flat.ravel()[:-1]) + 1
    if mask.size and mask[0, 0]:
        steps = np.concatenate(([0], steps))
    row_of, starts = np.divmod(steps[::2], width + 1)
    ends = steps[1::2] - row_of * (width + 1)
    count = len(row_of)
    if not count:
        return []
    # Keys that grow with row and column let one search find the runs above that a run touches.
    stride = width + 3
    first = np.searchsorted(row_of * stride + ends, (row_of - 1) * stride + starts, "left")
    last = np.searchsorted(row_of * stride + starts, (row_of - 1) * stride + ends, "right")
    touching = np.maximum(last - first, 0)
    below = np.repeat(np.arange(count), touching)
    above = np.arange(touching.sum()) - np.repeat(np.cumsum(touching) - touching, touching) + np.repeat(first, touching)
    label = _joined(count, above, below)
    large = np.bincount(label, ends - starts, count)[label] >= least_px
    order = np.nonzero(large)[0][np.argsort(label[large], kind="stable")]
    if not order.size:
        return []
    found = []
    for runs in np.split(order, np.nonzero(np.diff(label[order]))[0] + 1):
        top, bottom = int(row_of[runs[0]]), int(row_of[runs[-1]]) + 1
        left, right = int(starts[runs].min()), int(ends[runs].max())
        edges = np.zeros((bottom - top, right - left + 1), dtype=np.int8)
        edges[row_of[runs] - top, starts[runs] - left] += 1
        edges[row_of[runs] - top, ends[runs] - left] -= 1
        found.append((slice(top, bottom), slice(left, right), np.cumsum(edges, axis=1, dtype=np.int8)[:, :-1] > 0))
    return found


def _joined(count: int, ones: npt.NDArray[np.intp], others: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """The lowest member of each group, by member, where pairs say who belongs together."""
    label = np.arange(count)
    while True:
        lowest = np.minimum(label[ones], label[others])
        before = label.copy()
        np.minimum.at(label, before[ones], lowest)
        np.minimum.at(label, before[others], lowest)
        while not np.array_equal(label, followed := label[label]):
            label = followed
        if np.array_equal(label, before):
            return label


def fill(gray_vu: Gray, mask_vu: Mask) -> Gray:
    """The picture with the masked pixels filled smoothly from around, coarse to fine (push-pull); the others stay."""
    if not mask_vu.any() or mask_vu.all():
        return gray_vu.copy()
    filled = _pull(gray_vu.astype(np.float32), (~mask_vu).astype(np.float32))
    out = gray_vu.copy()
    out[mask_vu] = np.clip(np.floor(filled[mask_vu] + 0.5), 0, 255).astype(np.uint8)
    return out


def _pull(values: npt.NDArray[np.float32], weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    if weights.all():
        return values
    height, width = values.shape
    even = ((0, height % 2), (0, width % 2))
    weighted, known = np.pad(values * weights, even), np.pad(weights, even)
    sums = weighted[::2, ::2] + weighted[1::2, ::2] + weighted[::2, 1::2] + weighted[1::2, 1::2]
    counts = known[::2, ::2] + known[1::2, ::2] + known[::2, 1::2] + known[1::2, 1::2]
    means = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)
    coarse = _pull(means, (counts > 0).astype(np.float32))
    out = values.copy()
    holes = (weights == 0).nonzero()
    out[holes] = _enlarged(coarse, *holes)
    return out


def _enlarged(coarse: npt.NDArray[np.float32], rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
    """Pixels of the picture of twice the size: of each axis three parts of the nearest and one of the next, so that there are no steps."""
    height, width = coarse.shape
    near_v, near_u = rows // 2, columns // 2
    next_v = np.clip(near_v + 2 * (rows % 2) - 1, 0, height - 1)
    next_u = np.clip(near_u + 2 * (columns % 2) - 1, 0, width - 1)
    quarter = np.float32(0.25)
    near = (1 - quarter) * coarse[near_v, near_u] + quarter * coarse[next_v, near_u]
    beside = (1 - quarter) * coarse[near_v, next_u] + quarter * coarse[next_v, next_u]
    enlarged: npt.NDArray[np.float32] = (1 - quarter) * near + quarter * beside
    return enlarged


def _bright_strokes(gray_vu: Gray) -> Mask:
    """Thin strokes in the margin: bright ones on dark ground, and white ones with the edges of a drawn line on any, bone included."""
    height, width = gray_vu.shape
    margin = np.ones(gray_vu.shape, dtype=np.bool_)
    margin[round(MARGIN * height) : height - round(MARGIN * height), round(MARGIN * width) : width - round(MARGIN * width)] = False
    out = np.zeros(gray_vu.shape, dtype=np.bool_)
    for level, fewest_px, is_drawn in ((BRIGHT, FEWEST_PX, _on_dark_ground), (WHITE, FEWEST_WHITE_PX, _with_drawn_edges)):
        bright = gray_vu >= level
        for rows, columns, part in components(bright & margin, fewest_px):
            if not _is_stroke(part, gray_vu.shape):
                continue
            # What goes on beyond the margin is no letter.
            if (grown(np.pad(part, 1), 1) & _around(bright & ~margin, rows, columns, 1)).any():
                continue
            if is_drawn(gray_vu, rows, columns, part):
                out[rows, columns] |= part
    return out


def _is_stroke(part: Mask, shape_vu: tuple[int, int]) -> bool:
    """Whether a part is thin, and of a size that letters and rulers have."""
    side = max(shape_vu)
    largest = LARGEST_LETTER * side
    tall, wide = part.shape
    ruler_like = min(tall, wide) < 0.5 * largest
    return (max(tall, wide) <= largest or ruler_like) and not shrunk(part, max(2, round(side / 250))).any()


def _on_dark_ground(gray_vu: Gray, rows: slice, columns: slice, part: Mask) -> bool:
    reach = 2 * GROW_PX + 3
    padded = np.pad(part, reach)
    ring = grown(padded, reach) & ~grown(padded, GROW_PX + 1) & _around(np.ones(gray_vu.shape, dtype=np.bool_), rows, columns, reach)
    ground = _around(gray_vu, rows, columns, reach)[ring]
    if not ground.size:
        return False
    low, high = np.percentile(ground, (10, 80))
    if high - low <= EVEN_SPREAD and high <= DARK:
        return True
    white = bool((gray_vu[rows, columns][part] >= NEARLY_WHITE).mean() >= WHITE_SHARE and high <= LIGHTEST_GROUND)
    return white and _with_drawn_edges(gray_vu, rows, columns, part)


def _with_drawn_edges(gray_vu: Gray, rows: slice, columns: slice, part: Mask) -> bool:
    """Whether a part ends within a pixel or two all around: what was scanned is spread by scanner and sampling, ink is not."""
    reach = 7
    padded = np.pad(part, reach)
    there = _around(np.ones(gray_vu.shape, dtype=np.bool_), rows, columns, reach)
    gray = _around(gray_vu, rows, columns, reach).astype(np.float64)
    discs = [grown(padded, radius) for radius in (0, 1, 2, 5, reach)]
    first, second, far = (outer & ~inner & there for outer, inner in ((discs[1], discs[0]), (discs[2], discs[1]), (discs[4], discs[3])))
    if min(first.sum(), second.sum(), far.sum()) < FEWEST_WHITE_PX:
        return False
    ground = float(np.median(gray[far]))
    contrast = float(np.median(gray[padded])) - ground
    if contrast < LEAST_CONTRAST:
        return False
    # How much of the stroke's brightness is left one and two pixels beside it.
    beside, beyond = (float(np.median(gray[ring]) - ground) / contrast for ring in (first, second))
    brightest = float(np.percentile(gray[second], 85) - ground) / contrast
    return beside <= MOST_BESIDE and beyond >= LEAST_BEYOND and brightest <= MOST_BEYOND


def _around(image: npt.NDArray[_T], rows: slice, columns: slice, reach: int) -> npt.NDArray[_T]:
    """A part of the picture with `reach` more pixels on each side; zeros beyond the edge."""
    height, width = image.shape
    top, left = rows.start - reach, columns.start - reach
    bottom, right = rows.stop + reach, columns.stop + reach
    inside = image[max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
    return np.pad(inside, ((max(-top, 0), max(bottom - height, 0)), (max(-left, 0), max(right - width, 0))))
