"""Figures of a capture as one sees it on a screen: what phantoms and real captures are compared by.

Every figure is taken from a picture of 8 bits, face to the right, about 760 pixels wide, whose grey values run from air (0) to enamel.
"""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

Picture = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float64]

WIDTH_PX = 760
TILE = 48
_LOW, _HIGH, _SHOWN_HIGH = 0.5, 99.9, 243.0


def as_screenshot(values_vu: npt.NDArray[np.float32], quality: int = 88) -> Picture:
    """A phantom's capture as if it had been shown, windowed from air to enamel, snipped from a screen and saved as JPEG."""
    low, high = np.nanpercentile(values_vu, [_LOW, _HIGH])
    high = low + (high - low) * 255.0 / _SHOWN_HIGH
    grey = np.nan_to_num(np.clip((values_vu - low) / (high - low) * 255.0, 0.0, 255.0)).astype(np.uint8)
    height = round(grey.shape[0] * WIDTH_PX / grey.shape[1])
    shown = Image.fromarray(grey).resize((WIDTH_PX, height), Image.Resampling.BILINEAR, reducing_gap=None)
    stored = io.BytesIO()
    shown.save(stored, "JPEG", quality=quality)
    return np.asarray(Image.open(stored).convert("L"))


def soft_grey(picture: Picture) -> float:
    """Grey value of soft tissue: the commonest one that isn't air."""
    counts = np.bincount(picture.ravel(), minlength=256).astype(np.float64)
    smooth = np.convolve(counts, np.ones(7) / 7.0, mode="same")
    return float(25 + np.argmax(smooth[25:200]))


def grey_figures(picture: Picture) -> dict[str, float]:
    """Histogram: where soft tissue lies between black and white, how much is air, bone and bright bone."""
    soft = soft_grey(picture)
    bone = soft + 0.28 * (245.0 - soft)
    dense = soft + 0.55 * (245.0 - soft)
    return {
        "soft": soft,
        "air": float(np.mean(picture < 0.35 * soft)),
        "bone": float(np.mean(picture > bone)),
        "dense": float(np.mean(picture > dense)),
    }


def noise_figures(picture: Picture) -> dict[str, float]:
    """Noise of the brain (upper left of the middle): strength against soft tissue, and how its power spreads over frequencies.

    ``power_low`` and ``power_high`` are shares of the power below 0.1 and above 0.2 cycles per pixel, of the flattest tiles.
    """
    height, width = picture.shape
    region = picture[int(0.07 * height) : int(0.36 * height), int(0.16 * width) : int(0.52 * width)].astype(np.float64)
    v, u = np.mgrid[:TILE, :TILE] / TILE
    trend = np.stack([np.ones_like(u), u, v, u * u, v * v, u * v], axis=-1).reshape(-1, 6)
    window = np.hanning(TILE)[:, None] * np.hanning(TILE)
    tiles = []
    for y in range(0, region.shape[0] - TILE + 1, TILE // 2):
        for x in range(0, region.shape[1] - TILE + 1, TILE // 2):
            values = region[y : y + TILE, x : x + TILE].ravel()
            left = (values - trend @ np.linalg.lstsq(trend, values, rcond=None)[0]).reshape(TILE, TILE)
            tiles.append((float(left.std()), np.abs(np.fft.fft2(left * window)) ** 2, float(values.mean())))
    tiles.sort(key=lambda tile: tile[0])
    tiles = tiles[: max(1, len(tiles) // 2)]
    power = np.mean([tile[1] for tile in tiles], axis=0)
    frequency = np.hypot(np.fft.fftfreq(TILE)[:, None], np.fft.fftfreq(TILE)[None])
    total = power[frequency > 0.02].sum()
    return {
        "noise": float(np.mean([tile[0] / max(tile[2], 1.0) for tile in tiles])),
        "power_low": float(power[(frequency > 0.02) & (frequency < 0.1)].sum() / total),
        "power_high": float(power[frequency > 0.2].sum() / total),
    }


def edge_width_px(picture: Picture) -> float:
    """Distance over which the border of the face rises from 20 to 80 %, along rows: median over rows."""
    soft = soft_grey(picture)
    grey = picture.astype(np.float64)
    widths = []
    for row in range(int(0.1 * picture.shape[0]), int(0.8 * picture.shape[0])):
        line = grey[row]
        inside = np.nonzero(line > 0.55 * soft)[0]
        if len(inside) == 0 or inside[-1] > picture.shape[1] - 14 or inside[-1] < 20:
            continue
        at = int(inside[-1])
        part = grey[max(0, row - 2) : row + 3, at - 9 : at + 10].mean(axis=0)
        top = np.median(part[:5])
        if not 0.6 * soft < top < 1.5 * soft or part[-3:].mean() > 0.3 * soft:
            continue
        fall = np.minimum.accumulate(part / top)
        high, low = (float(np.interp(-level, -fall, np.arange(len(fall)))) for level in (0.8, 0.2))
        widths.append(low - high)
    return float(np.median(widths)) if widths else float("nan")


def figures(picture: Picture) -> dict[str, float]:
    """All of them."""
    return {**grey_figures(picture), **noise_figures(picture), "edge": edge_width_px(picture)}
