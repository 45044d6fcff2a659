"""Slices that lie askew (a tilted gantry) moved along themselves until they stand above one another.

Scanning with a tilted gantry moves each slice aside along its own plane. The slices stay parallel and evenly spaced along their
normal, so each one only has to be shifted within its plane: a linear interpolation along rows and columns, never between slices.
Nothing is cut off; the grid grows, and what no slice covers gets the lowest value there is.

Multiplications and additions are separate numpy operations in float32, so that every machine gets the same bits: a capture's
record names the scan by the hash of these voxels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

# Shifts nearer to a whole pixel than this are that pixel: no blur for the last digits of a header.
_WHOLE_PX = 1e-4
# How far a pixel reaches to either side: half a pixel, and the last digits of a header.
_REACH_PX = 0.5 + 1e-3


@dataclass(frozen=True)
class Shear:
    """How far each slice's pixel grid lies aside of that of slice 0, and the rectangular grid that takes them all.

    Attributes
    ----------
    shape_kji
        Of the slices as they are stored.
    columns_per_slice, rows_per_slice
        Shift from one slice to the next in pixels along i and along j.
    """

    shape_kji: tuple[int, int, int]
    columns_per_slice: float
    rows_per_slice: float

    @property
    def margins_ij(self) -> tuple[int, int]:
        """Columns and rows that the grid has before those of slice 0."""
        return -min(0, _first(self._shift(self.columns_per_slice, -1))), -min(0, _first(self._shift(self.rows_per_slice, -1)))

    @property
    def upright_shape_kji(self) -> tuple[int, int, int]:
        """Voxels of the rectangular grid."""
        slices, rows, columns = self.shape_kji
        before_i, before_j = self.margins_ij
        after_i = max(0, _last(self._shift(self.columns_per_slice, -1), columns) - (columns - 1))
        after_j = max(0, _last(self._shift(self.rows_per_slice, -1), rows) - (rows - 1))
        return slices, before_j + rows + after_j, before_i + columns + after_i

    def _shift(self, per_slice: float, k: int) -> float:
        """Shift of slice k in pixels; k = -1 is the last one, which lies furthest aside."""
        return per_slice * (k if k >= 0 else self.shape_kji[0] - 1)

    def _covered(self, k: int) -> tuple[slice, slice]:
        """Rows and columns of the rectangular grid that slice k covers."""
        _, rows, columns = self.shape_kji
        before_i, before_j = self.margins_ij
        shift_i, shift_j = self._shift(self.columns_per_slice, k), self._shift(self.rows_per_slice, k)
        return (
            slice(before_j + _first(shift_j), before_j + _last(shift_j, rows) + 1),
            slice(before_i + _first(shift_i), before_i + _last(shift_i, columns) + 1),
        )

    def place(self, plane_ji: npt.NDArray[Any], k: int, out_ji: npt.NDArray[Any]) -> None:
        """Write slice k where it belongs in its plane of the rectangular grid, and its lowest value around it."""
        out_ji[...] = plane_ji.min()
        moved = _moved(plane_ji, self._shift(self.rows_per_slice, k), 0)
        moved = _moved(moved, self._shift(self.columns_per_slice, k), 1)
        if np.issubdtype(out_ji.dtype, np.integer) and moved.dtype != out_ji.dtype:
            moved = np.rint(moved)
        out_ji[self._covered(k)] = moved

    def fill_outside(self, array_kji: npt.NDArray[Any]) -> None:
        """Give all voxels that no slice covers the lowest value of those that are."""
        lowest = min(plane_ji[self._covered(k)].min() for k, plane_ji in enumerate(array_kji))
        for k, plane_ji in enumerate(array_kji):
            rows, columns = self._covered(k)
            plane_ji[: rows.start] = lowest
            plane_ji[rows.stop :] = lowest
            plane_ji[rows, : columns.start] = lowest
            plane_ji[rows, columns.stop :] = lowest


def _first(shift_px: float) -> int:
    """First grid line that pixels shifted by so much cover."""
    return math.ceil(_settled(shift_px) - _REACH_PX)


def _last(shift_px: float, count: int) -> int:
    return math.floor(_settled(shift_px) + count - 1 + _REACH_PX)


def _settled(shift_px: float) -> float:
    whole = round(shift_px)
    return float(whole) if abs(shift_px - whole) < _WHOLE_PX else shift_px


def _moved(plane: npt.NDArray[Any], shift_px: float, axis: int) -> npt.NDArray[Any]:
    """Values on the grid lines from `_first` to `_last`, linear between pixels, the edge pixel's beyond its centre."""
    shift_px = _settled(shift_px)
    whole = math.floor(shift_px)
    upper = np.float32(shift_px - whole)
    if upper == 0:
        return plane
    count = plane.shape[axis]
    # Grid line t lies between the pixels t - whole - 1 and t - whole.
    lines = np.arange(_first(shift_px), _last(shift_px, count) + 1) - whole
    before = plane.take(np.clip(lines - 1, 0, count - 1), axis).astype(np.float32)
    after = plane.take(np.clip(lines, 0, count - 1), axis).astype(np.float32)
    before *= upper
    after *= np.float32(1) - upper
    before += after
    return before
