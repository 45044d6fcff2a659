"""Grey-value windows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sos_studio.core.captures import Window

# Percentiles shown black and white. A head's capture is mostly air and soft tissue; cortical bone and enamel are its last
# percents, so the upper one is close to the top, yet below the streaks of a metal filling.
LOW_PERCENTILE, HIGH_PERCENTILE = 0.5, 99.7
_ENOUGH = 1_000_000
# One value at an end of the grey scale that fills more than this is padding, or air that was cut off.
PADDING_SHARE = 0.1


def _sample(values: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    """At most a million finite values, the same ones each time."""
    flat = np.asarray(values).reshape(-1)
    if flat.size > _ENOUGH:
        flat = flat[:: flat.size // _ENOUGH + 1]
    numbers: npt.NDArray[np.float64] = flat.astype(np.float64)
    finite: npt.NDArray[np.float64] = numbers[np.isfinite(numbers)]
    return finite


def without_padding(values: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    """A sample of the finite values, flat, without a value at either end that fills much of the whole and is no measurement."""
    everything = inside = _sample(values)
    for end in (everything.min(), everything.max()) if everything.size else ():
        rest = inside[inside != end]
        if inside.size - rest.size > PADDING_SHARE * everything.size and rest.size and rest.min() < rest.max():
            inside = rest
    return inside


def auto_window(values: npt.NDArray[np.generic]) -> Window:
    """A window that shows air dark and bone bright, whatever the scanner's grey scale is.

    Parameters
    ----------
    values
        Any shape; NaN and infinite values are ignored, and a lone extreme (metal, padding) does not matter.

    Returns
    -------
    Window from the 0.5th to the 99.7th percentile; wider if these coincide, (0, 1) if there is no finite value.
    """
    flat = _sample(values)
    if flat.size == 0:
        return Window(low=0.0, high=1.0)
    low, high = (float(v) for v in np.percentile(flat, [LOW_PERCENTILE, HIGH_PERCENTILE]))
    if high <= low:
        low, high = float(flat.min()), float(flat.max())
    if high <= low:
        low, high = low - 0.5, low + 0.5
    if high <= low:  # beyond 2⁵³ half a grey value is lost in rounding
        high = float(np.nextafter(low, np.inf))
    return Window(low=low, high=high)


def scan_window(values: npt.NDArray[np.generic]) -> Window:
    """As `auto_window`, for a whole scan: what lies outside the scanner's field is no part of the head and decides nothing."""
    return auto_window(without_padding(values))


def apply_window(values: npt.NDArray[np.generic], window: Window) -> npt.NDArray[np.uint8]:
    """Values to 0 … 255, linear between the window's ends, rounded half up; NaN becomes 0."""
    scale = np.float32(255.0 / (window.high - window.low))
    grey = (np.asarray(values, dtype=np.float32) - np.float32(window.low)) * scale + np.float32(0.5)
    shown: npt.NDArray[np.uint8] = np.nan_to_num(np.clip(grey, 0.0, 255.0), nan=0.0).astype(np.uint8)
    return shown
