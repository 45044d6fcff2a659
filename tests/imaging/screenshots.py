"""Invented screenshots: a head-like slice as a program for orthodontists shows it, with border, letters and ruler."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SHAPE_VU = (420, 520)
YELLOW, GREEN, WHITE = (255, 220, 0), (0, 220, 90), (255, 255, 255)


def head(seed: int = 0, shape_vu: tuple[int, int] = SHAPE_VU) -> np.ndarray:
    """Noisy tissue with curved, bright bone that reaches the upper edge, and dark air at the right."""
    rng = np.random.default_rng(seed)
    height, width = shape_vu
    v, u = np.mgrid[0:height, 0:width].astype(np.float64)
    middle, reach = width * rng.uniform(0.42, 0.5), width * rng.uniform(0.34, 0.42)
    radius = np.hypot((u - middle) / reach, (v - height * 0.5) / (height * rng.uniform(0.55, 0.7)))
    image = np.where(radius < 1.0, 62.0, 1.0) + rng.normal(0, 9, shape_vu) * np.where(radius < 1.0, 1.0, 0.1)
    image += 150 * np.exp(-(((radius - 0.9) * 30) ** 2))
    for _ in range(5):
        cu, cv, turn = rng.uniform(0.2, 0.75) * width, rng.uniform(0.3, 0.95) * height, rng.uniform(0, np.pi)
        along = (u - cu) * np.cos(turn) + (v - cv) * np.sin(turn)
        across = -(u - cu) * np.sin(turn) + (v - cv) * np.cos(turn)
        image += 140 * np.exp(-((along / (0.08 * width)) ** 4) - (across / (0.015 * width)) ** 2)
    return np.clip(image, 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Screenshot:
    """The drawn picture, the clean one in it, and where what is."""

    rgb: np.ndarray
    clean: np.ndarray
    box: tuple[int, int, int, int]  # top, left, bottom, right
    drawn: np.ndarray
    tick_px: float | None


def screenshot(
    gray: np.ndarray,
    *,
    border: tuple[int, int, int, int] = (0, 0, 0, 0),
    border_gray: int = 128,
    letters: str = "",
    colour: tuple[int, int, int] = YELLOW,
    tick_px: float | None = None,
    longer_every: int | None = None,
    ruler: str = "right",
    spine: bool = True,
) -> Screenshot:
    top, left, bottom, right = border
    height, width = gray.shape
    framed = np.full((height + top + bottom, width + left + right), border_gray, np.uint8)
    framed[top : top + height, left : left + width] = gray
    canvas = Image.fromarray(framed).convert("RGB")
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(18)
    for n, letter in enumerate(letters):
        place = [
            (left + 8, top + height // 2),
            (left + width - 24, top + height // 2),
            (left + width // 2, top + 6),
            (left + width // 2, top + height - 50),
        ][n]
        draw.text(place, letter, fill=colour, font=font)
    if tick_px is not None:
        _draw_ruler(draw, (top, left, height, width), tick_px=tick_px, longer_every=longer_every, side=ruler, spine=spine, colour=colour)
    rgb = np.asarray(canvas)
    return Screenshot(rgb, framed, (top, left, top + height, left + width), (rgb != framed[..., None]).any(axis=2), tick_px)


def _draw_ruler(draw, place, *, tick_px, longer_every, side, spine, colour) -> None:
    top, left, height, width = place
    length = height if side in ("left", "right") else width
    count = int(0.7 * length / tick_px)
    begin = 0.12 * length
    for n in range(count + 1):
        at = round(begin + n * tick_px)
        long = 14 if longer_every and n % longer_every == 0 else 8
        if side == "right":
            draw.line([(left + width - 12 - long, top + at), (left + width - 12, top + at)], fill=colour)
        elif side == "left":
            draw.line([(left + 12, top + at), (left + 12 + long, top + at)], fill=colour)
        else:
            draw.line([(left + at, top + height - 12 - long), (left + at, top + height - 12)], fill=colour)
    if spine:
        end = round(begin + count * tick_px)
        if side in ("left", "right"):
            u = left + (width - 12 if side == "right" else 12)
            draw.line([(u, top + round(begin)), (u, top + end)], fill=colour)
        else:
            draw.line([(left + round(begin), top + height - 12), (left + end, top + height - 12)], fill=colour)


def as_jpeg(rgb: np.ndarray, quality: int = 85) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, "jpeg", quality=quality)
    return np.asarray(Image.open(io.BytesIO(stream.getvalue())).convert("RGB"))
