"""Which patient millimetre a pixel of a full image is."""

from __future__ import annotations

import numpy as np

from sos_studio.services.captures import StoredCapture
from sos_studio.ui.viewport import Uv

Lps = tuple[float, float, float]


def pixel_position(capture: StoredCapture | None, uv: Uv | None) -> tuple[Lps | None, int] | None:
    """Patient coordinates (None for an imported image) and grey value under the pointer; None if there is no pixel."""
    if capture is None or uv is None:
        return None
    height, width = capture.full8.shape
    column, row = round(uv[0]), round(uv[1])
    if not (0 <= row < height and 0 <= column < width):
        return None
    grey = int(capture.full8[row, column])
    if capture.record.lps_from_uv is None:
        return None, grey
    x, y, z, _ = np.asarray(capture.record.lps_from_uv) @ np.array([uv[0], uv[1], 0.0, 1.0])
    return (float(x), float(y), float(z)), grey
