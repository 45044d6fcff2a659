"""Attention maps on the full image."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sos_studio.core.roi import Roi
from sos_studio.imaging.crops import bilinear, roi_mask

ColourMap = Literal["inferno", "viridis"]


def upsample(coarse_hw: npt.NDArray[Any], uv_from_cell: npt.ArrayLike, shape_vu: tuple[int, int]) -> npt.NDArray[np.float32]:
    """A coarse map at the resolution of the full image.

    Parameters
    ----------
    coarse_hw
        Attention per cell, 0 … 1; negative and NaN count as none.
    uv_from_cell
        3 x 3 affine from ``(column, row, 1)`` of a cell's *centre* to full-image pixels.
    shape_vu
        Rows and columns of the full image.

    Returns
    -------
    float32 in 0 … 1, bilinear between cell centres, constant beyond the outermost ones.
    """
    coarse = np.clip(np.nan_to_num(np.asarray(coarse_hw, dtype=np.float64), nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)
    cell_from_uv = np.linalg.inv(np.asarray(uv_from_cell, dtype=np.float64))
    if cell_from_uv[0, 1] == 0 and cell_from_uv[1, 0] == 0:
        # Not turned, as every map of a full image: one axis after the other takes a twentieth of the time.
        rows = _weights(cell_from_uv[1, 1] * np.arange(shape_vu[0]) + cell_from_uv[1, 2], coarse.shape[0])
        columns = _weights(cell_from_uv[0, 0] * np.arange(shape_vu[1]) + cell_from_uv[0, 2], coarse.shape[1])
        return (rows @ coarse.astype(np.float32)) @ columns.T
    v, u = np.arange(shape_vu[0])[:, None], np.arange(shape_vu[1])[None, :]
    column = cell_from_uv[0, 0] * u + cell_from_uv[0, 1] * v + cell_from_uv[0, 2]
    row = cell_from_uv[1, 0] * u + cell_from_uv[1, 1] * v + cell_from_uv[1, 2]
    return bilinear(coarse, column, row).astype(np.float32)


def _weights(at: npt.NDArray[np.float64], cells: int) -> npt.NDArray[np.float32]:
    """How much each cell counts at each place (places, cells): linear between centres, clamped beyond the outermost."""
    at = np.clip(at, 0, cells - 1)
    first = np.minimum(at.astype(np.intp), max(cells - 2, 0))
    made = np.zeros((len(at), cells), dtype=np.float32)
    places, part = np.arange(len(at)), (at - first).astype(np.float32)
    made[places, first] = 1 - part
    made[places, np.minimum(first + 1, cells - 1)] += part
    return made


@cache
def _table(colour_map: ColourMap) -> npt.NDArray[np.uint8]:
    """256 x 3 colours."""
    from matplotlib import colormaps

    rgba = np.asarray(colormaps[colour_map](np.linspace(0.0, 1.0, 256)), dtype=np.float64)
    return (rgba[:, :3] * 255 + 0.5).astype(np.uint8)


def colourise(map01_vu: npt.NDArray[Any], colour_map: ColourMap = "inferno") -> npt.NDArray[np.uint8]:
    """RGB of a map in 0 … 1 by a perceptually uniform colour map."""
    rgb: npt.NDArray[np.uint8] = _table(colour_map)[to_grey(map01_vu)]
    return rgb


@cache
def _layers(colour_map: ColourMap) -> npt.NDArray[np.uint32]:
    """256 pixels of four bytes, R, G, B and how opaque, to be looked up as one number each: ten times as quick as byte by byte."""
    table = np.empty((256, 4), dtype=np.uint8)
    table[:, :3] = _table(colour_map)
    table[:, 3] = np.arange(256)
    return table.view(np.uint32)[:, 0]


def layer(map01_vu: npt.NDArray[Any], colour_map: ColourMap = "inferno") -> npt.NDArray[np.uint8]:
    """A map in 0 … 1 as a picture to lay over another: uint8 ``[v, u, RGBA]``, more opaque where there is more of it."""
    grey = to_grey(map01_vu)
    return np.take(_layers(colour_map), grey).view(np.uint8).reshape(*grey.shape, 4)


def to_grey(map01_vu: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """The map as an 8-bit picture: 0 is none, 255 the most."""
    grey: npt.NDArray[np.uint8] = np.clip(np.nan_to_num(map01_vu, nan=0.0) * 255 + 0.5, 0, 255).astype(np.uint8)
    return grey


def overlay(
    full8_vu: npt.NDArray[np.uint8], map01_vu: npt.NDArray[Any], opacity: float, colour_map: ColourMap = "inferno"
) -> npt.NDArray[np.uint8]:
    """The full image with the map over it.

    A pixel's share of colour is opacity x map, so that the bone stays visible where the network did not look.

    Returns
    -------
    uint8 RGB of the full image's size.
    """
    share = (np.clip(np.nan_to_num(map01_vu, nan=0.0), 0.0, 1.0) * float(np.clip(opacity, 0.0, 1.0)))[..., None].astype(np.float32)
    grey = full8_vu[..., None].astype(np.float32)
    blended = grey + share * (colourise(map01_vu, colour_map).astype(np.float32) - grey) + 0.5
    rgb: npt.NDArray[np.uint8] = blended.astype(np.uint8)
    return rgb


def outline(map01_vu: npt.NDArray[Any], level: float) -> npt.NDArray[np.float32]:
    """Where a map crosses a level, by marching squares.

    Parameters
    ----------
    level
        0 … 1; above it is inside.

    Returns
    -------
    float32 (n, 4): line segments ``u0, v0, u1, v1`` in pixels, linear between pixel centres; open where a region leaves the picture.
    """
    values = np.nan_to_num(np.asarray(map01_vu, dtype=np.float64), nan=0.0)
    inside = values > level
    corners_in = inside[:-1, :-1].astype(np.int8) + inside[:-1, 1:] + inside[1:, 1:] + inside[1:, :-1]
    v, u = np.nonzero((corners_in > 0) & (corners_in < 4))
    if not len(v):
        return np.zeros((0, 4), dtype=np.float32)
    # Corners clockwise from the top left; side n runs from corner n to corner n + 1.
    du, dv = np.array([0, 1, 1, 0]), np.array([0, 0, 1, 1])
    corner_n4 = values[v[:, None] + dv, u[:, None] + du]
    next_n4 = np.roll(corner_n4, -1, axis=1)
    crossed_n4 = (corner_n4 > level) != (next_n4 > level)
    along_n4 = np.divide(level - corner_n4, next_n4 - corner_n4, out=np.zeros_like(corner_n4), where=crossed_n4)
    at_u = u[:, None] + du + along_n4 * (np.roll(du, -1) - du)
    at_v = v[:, None] + dv + along_n4 * (np.roll(dv, -1) - dv)
    points_n42 = np.stack([at_u, at_v], axis=2)
    saddle_n = crossed_n4.all(axis=1)
    sides_n2 = np.argsort(~crossed_n4[~saddle_n], axis=1, kind="stable")[:, :2]
    plain_n4 = np.take_along_axis(points_n42[~saddle_n], sides_n2[:, :, None], axis=1).reshape(-1, 4)
    # Of two ways through a saddle the one that keeps its middle on the right side.
    middle_as_first_n = (corner_n4[saddle_n].mean(axis=1) > level) == (corner_n4[saddle_n, 0] > level)
    first_n = np.where(middle_as_first_n[:, None], [0, 1], [3, 0])
    ways = [np.take_along_axis(points_n42[saddle_n], way[:, :, None], axis=1).reshape(-1, 4) for way in (first_n, (first_n + 2) % 4)]
    return np.concatenate([plain_n4, *ways]).astype(np.float32)


def strongest_inside(map01_vu: npt.NDArray[Any], roi: Roi) -> bool:
    """Whether the highest attention lies inside a frame; the first of several places that are as high counts."""
    row, column = np.unravel_index(int(np.argmax(map01_vu)), map01_vu.shape)
    across, down, _ = np.linalg.inv(roi.uv_from_crop) @ (float(column), float(row), 1.0)
    height, width = roi.crop_shape_vu
    return bool(-0.5 <= across <= width - 0.5 and -0.5 <= down <= height - 0.5)


def attention_inside(map01_vu: npt.NDArray[Any], roi: Roi) -> float | None:
    """Share of the non-negative attention that lies inside a frame, 0 … 1; None if there is no attention at all."""
    attention = np.clip(np.nan_to_num(np.asarray(map01_vu, dtype=np.float64), nan=0.0), 0.0, None)
    total = float(attention.sum())
    if total <= 0.0:
        return None
    height, width = attention.shape
    return float(min(1.0, (attention * roi_mask(roi, (height, width))).sum() / total))
