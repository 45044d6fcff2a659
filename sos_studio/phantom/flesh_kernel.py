# mypy: disable-error-code="no-any-return"
# ruff: noqa: E741
"""Soft tissue at a place: fat under the skin, muscles and their planes near the midline. Compiled into `kernels`.

Lengths are millimetres; (l, a, s) = to the left, towards the face, towards the vertex in the head frame.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from sos_studio.phantom.flesh import MAP_COLUMNS, MAP_LOW_A, MAP_LOW_S, MAP_ROWS
from sos_studio.phantom.lattice import coverage, smooth_noise3

Row = Any
MIDLINE_MM = 14.0  # the map is true up to here
AIR, HOLLOW = -1000.0, -300.0


@njit(error_model="numpy")
def flesh_value(tissue: Row, d: float, l: float, a: float, s: float) -> float:
    """Grey value to add to soft tissue.

    Parameters
    ----------
    d
        Signed distance to the skin (negative inside).
    """
    x = min(max(a - MAP_LOW_A, 0.0), MAP_COLUMNS - 1.001)
    y = min(max(s - MAP_LOW_S, 0.0), MAP_ROWS - 1.001)
    i, j = int(x), int(y)
    u, v = x - i, y - j
    field = tissue.flesh
    p, q, r, t = (1.0 - u) * (1.0 - v), u * (1.0 - v), (1.0 - u) * v, u * v
    value = p * field[j, i, 0] + q * field[j, i + 1, 0] + r * field[j + 1, i, 0] + t * field[j + 1, i + 1, 0]
    midline = coverage(abs(l) - MIDLINE_MM, 2.5)
    if midline < 1.0:
        value = value * midline + (1.0 - midline) * 34.0 * smooth_noise3(l / 9.0, a / 9.0, s / 14.0, tissue.seed + 23)
    if d > -16.0:
        depth = p * field[j, i, 1] + q * field[j, i + 1, 1] + r * field[j + 1, i, 1] + t * field[j + 1, i + 1, 1]
        fat = coverage(d + tissue.skin, 0.4) * coverage(-d - tissue.skin - depth, 0.6)
        value += fat * (tissue.fat - value)
    return value


@njit(error_model="numpy")
def lifted_air(tissue: Row, value: float, a: float, s: float) -> float:
    """Grey value of what is hollow: scattered rays lift air deep in the skull, hardly that of the throat and behind the forehead's skin."""
    front, up = a / tissue.size, s / tissue.size
    skin = min(1.0, max(0.0, (front - 58.0) / 18.0))
    lift = min(1.0, max(0.06, (up + 96.0) / 90.0)) * (1.0 - 0.7 * skin * skin * (3.0 - 2.0 * skin))
    return value - (tissue.air - AIR) * (1.0 - lift) * min(1.0, (HOLLOW - value) / 350.0)
