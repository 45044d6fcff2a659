"""Small grey pictures of a slice, to tell series apart by."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sos_studio.core.captures import Window
from sos_studio.imaging.windowing import HIGH_PERCENTILE, apply_window, auto_window, without_padding

# What is darker than this share of the window is air: it does not decide how bright the rest is shown.
AIR_SHARE = 0.1


def _means(length: int, parts: int) -> npt.NDArray[np.float64]:
    """Matrix, parts x length, that averages `length` pixels over `parts` equal stretches (repeats them where there are fewer)."""
    edges = np.linspace(0.0, length, parts + 1)
    pixels = np.arange(length)
    covered = np.minimum(edges[1:, None], pixels + 1.0) - np.maximum(edges[:-1, None], pixels)
    weights: npt.NDArray[np.float64] = np.clip(covered, 0.0, None) * parts / length
    return weights


def _window(values_ji: npt.NDArray[np.generic]) -> Window:
    """As `auto_window`, but however much padding and air surround the head, they do not burn it out."""
    inside = without_padding(values_ji)
    window = auto_window(inside)
    body = inside[inside > window.low + AIR_SHARE * (window.high - window.low)]
    high = float(np.percentile(body, HIGH_PERCENTILE)) if body.size else window.high
    return Window(low=window.low, high=max(window.high, high))


def thumbnail(values_ji: npt.NDArray[np.generic], spacing_mm_vu: tuple[float, float], side_px: int) -> npt.NDArray[np.uint8]:
    """A slice as a small picture, windowed by itself, millimetres in proportion.

    Parameters
    ----------
    values_ji
        Rows x columns.
    spacing_mm_vu
        Distance between rows, between columns.
    side_px
        Length of the longer side.
    """
    rows, columns = values_ji.shape
    height_mm, width_mm = rows * spacing_mm_vu[0], columns * spacing_mm_vu[1]
    longer = max(height_mm, width_mm)
    height_px, width_px = (max(1, round(side_px * mm / longer)) for mm in (height_mm, width_mm))
    window = _window(values_ji)
    finite = np.nan_to_num(values_ji.astype(np.float32), nan=window.low, posinf=window.high, neginf=window.low)
    small = (_means(rows, height_px) @ finite @ _means(columns, width_px).T).astype(np.float32)
    return apply_window(small, window)
