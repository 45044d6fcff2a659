"""Small pictures enlarged for the eye. For display only: nothing that is stored or learned from passes through here."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def magnify(image_vu: npt.NDArray[np.uint8], factor: int) -> npt.NDArray[np.uint8]:
    """Enlarge by a whole factor with Catmull-Rom splines, which show no pixel edges and pass through the pixel values.

    Parameters
    ----------
    image_vu
        One channel.
    factor
        Samples per pixel and direction; 1 returns the picture as it is.

    Returns
    -------
    uint8 of ``factor`` times the shape, covering the same area: pixel (0, 0) of the picture is the first
    ``factor`` x ``factor`` samples.
    """
    if factor <= 1:
        return image_vu
    rows = _weights(image_vu.shape[0], factor)
    columns = _weights(image_vu.shape[1], factor)
    enlarged = rows @ image_vu.astype(np.float64) @ columns.T
    result: npt.NDArray[np.uint8] = np.clip(np.floor(enlarged + 0.5), 0, 255).astype(np.uint8)
    return result


def _weights(length: int, factor: int) -> FloatArray:
    """Matrix (factor * length, length) of one direction; border pixels are continued outwards."""
    at = (np.arange(length * factor) + 0.5) / factor - 0.5
    first = np.floor(at).astype(np.intp)
    t = at - first
    matrix = np.zeros((length * factor, length))
    taps: list[tuple[int, Any]] = [
        (-1, -0.5 * t + t**2 - 0.5 * t**3),
        (0, 1.0 - 2.5 * t**2 + 1.5 * t**3),
        (1, 0.5 * t + 2.0 * t**2 - 1.5 * t**3),
        (2, -0.5 * t**2 + 0.5 * t**3),
    ]
    for offset, weight in taps:
        np.add.at(matrix, (np.arange(length * factor), np.clip(first + offset, 0, length - 1)), weight)
    return matrix
