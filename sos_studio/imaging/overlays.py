"""Letters, rulers and lines that a program drew over a picture: found, and filled from what is around them.

What is drawn differs from what was scanned: it has a colour, or it is a thin bright stroke in the picture's margin.
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
WHITE, WHITE_SHARE, LIGHTEST_GROUND = 240, 0.5, 120
LARGEST_LETTER = 0.14
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


def components(mask: Mask) -> list[tuple[slice, slice, Mask]]:
    """Connected parts (with corners), each as its rows, columns, and mask therein."""
    if not mask.any():
        return []
    import SimpleITK

    image = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
    labels = SimpleITK.ConnectedComponent(image, True)
    shapes = SimpleITK.LabelShapeStatisticsImageFilter()
    shapes.Execute(labels)
    of_pixel = SimpleITK.GetArrayFromImage(labels)
    found = []
    for label in shapes.GetLabels():
        u, v, width, height = shapes.GetBoundingBox(label)
        where = slice(v, v + height), slice(u, u + width)
        found.append((*where, of_pixel[where] == label))
    return found


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
    return np.where(weights > 0, values, _enlarged(coarse)[:height, :width])


def _enlarged(coarse: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Twice as large, three parts of the nearest and one of the next: no steps."""
    for axis in (0, 1):
        before = np.concatenate((coarse.take([0], axis), coarse.take(range(coarse.shape[axis] - 1), axis)), axis)
        after = np.concatenate((coarse.take(range(1, coarse.shape[axis]), axis), coarse.take([-1], axis)), axis)
        pair = np.stack((0.75 * coarse + 0.25 * before, 0.75 * coarse + 0.25 * after), axis + 1)
        shape = list(coarse.shape)
        shape[axis] *= 2
        coarse = pair.reshape(shape)
    return coarse


def _bright_strokes(gray_vu: Gray) -> Mask:
    """Thin, bright strokes in the margin white or on even ground."""
    height, width = gray_vu.shape
    margin = np.ones(gray_vu.shape, dtype=np.bool_)
    margin[round(MARGIN * height) : height - round(MARGIN * height), round(MARGIN * width) : width - round(MARGIN * width)] = False
    bright = gray_vu >= BRIGHT
    out = np.zeros(gray_vu.shape, dtype=np.bool_)
    stroke = max(2, round(max(height, width) / 250))
    largest = LARGEST_LETTER * max(height, width)
    for rows, columns, part in components(bright & margin):
        if part.sum() < 5:
            continue
        tall, wide = part.shape
        ruler_like = min(tall, wide) < 0.5 * largest
        if (max(tall, wide) > largest and not ruler_like) or shrunk(part, stroke).any():
            continue
        # What goes on beyond the margin is no letter.
        if (grown(np.pad(part, 1), 1) & _around(bright & ~margin, rows, columns, 1)).any():
            continue
        if _drawn(gray_vu, rows, columns, part):
            out[rows, columns] |= part
    return out


def _drawn(gray_vu: Gray, rows: slice, columns: slice, part: Mask) -> bool:
    reach = 2 * GROW_PX + 3
    padded = np.pad(part, reach)
    ring = grown(padded, reach) & ~grown(padded, GROW_PX + 1) & _around(np.ones(gray_vu.shape, dtype=np.bool_), rows, columns, reach)
    ground = _around(gray_vu, rows, columns, reach)[ring]
    if not ground.size:
        return False
    low, high = np.percentile(ground, (10, 80))
    if high - low <= EVEN_SPREAD and high <= DARK:
        return True
    return bool((gray_vu[rows, columns][part] >= WHITE).mean() >= WHITE_SHARE and high <= LIGHTEST_GROUND)


def _around(image: npt.NDArray[_T], rows: slice, columns: slice, reach: int) -> npt.NDArray[_T]:
    """A part of the picture with `reach` more pixels on each side; zeros beyond the edge."""
    height, width = image.shape
    top, left = rows.start - reach, columns.start - reach
    bottom, right = rows.stop + reach, columns.stop + reach
    inside = image[max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
    return np.pad(inside, ((max(-top, 0), max(bottom - height, 0)), (max(-left, 0), max(right - width, 0))))
