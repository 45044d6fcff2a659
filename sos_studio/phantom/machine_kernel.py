# mypy: disable-error-code="no-any-return"
# ruff: noqa: PLR0917
"""What a machine makes of a grey value: shading, noise, streaks, supports, borders of the field. Compiled into `kernels`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from sos_studio.phantom.lattice import BLOCK_UNIT, block_noise, coverage, noise3, smooth_noise3

Row = Any
Block = npt.NDArray[np.int8]
AIR = -1000.0
LOWEST, HIGHEST = -1000.0, 3095.0  # what the scanner can store


@njit(error_model="numpy")
def scanned(machine: Row, block_a: Block, block_b: Block, value: float, x: float, y: float, z: float) -> float:
    """Grey value that the machine reports at a place of the field of view (LPS mm from its middle)."""
    radius = math.hypot(x, y)
    rim = machine.radius - radius
    top = machine.half_s - abs(z)
    # Beyond the cone of rays there is nothing: a shallow bowl at the top and the bottom of the field.
    reach = top - machine.margin * (0.55 + 0.45 * (radius / machine.half_p) ** 2)
    if rim < 0.0 or reach < 0.0:
        return LOWEST + (machine.edge_glow * 8.0 if machine.margin > 0.0 and -0.35 < reach < -0.1 and radius < 25.0 else 0.0)
    seed = machine.seed
    value = _with_supports(machine, value, x, y, z)
    outside = coverage(value + 650.0, 120.0)
    if value > 60.0:
        value = 60.0 + machine.bone_gain * (value - 60.0)
    # Beam hardening, scatter and truncation: darker in the middle of the field, brighter at its rim.
    r = radius / 100.0
    uneven = smooth_noise3(x / 60.0, y / 55.0, z / 34.0, seed + 51) + 0.6 * smooth_noise3(x / 90.0, y / 70.0, z / 9.0, seed + 52)
    uneven = machine.shading * (uneven + 0.9 * machine.tilt_p * y / machine.half_p + 0.9 * machine.tilt_s * z / machine.half_s)
    shade = 1.0 - machine.cupping * (1.0 - r * r) + uneven
    edge = math.exp(-reach / 5.0)
    shade += machine.edge_glow * (math.exp(-rim / 6.0) + 0.9 * edge)
    value = (value - AIR) * shade + AIR
    if outside > 0.0:
        haze = smooth_noise3(x / 30.0, y / 16.0, z / 45.0, seed + 55) + 0.5 * smooth_noise3(x / 12.0, y / 4.0, z / 30.0, seed + 56)
        value += outside * machine.haze * max(0.0, haze)
    v = machine.voxel
    i, j, k = (x + machine.half_l) / v, (y + machine.half_p) / v, (z + machine.half_s) / v
    noise = block_noise(block_a, i + machine.phase, j, k) + block_noise(block_b, j, i + 2.0 * machine.phase, k)
    noise *= machine.noise * 0.7071 / BLOCK_UNIT
    # Rays through the skull and the shoulders are starved; the air around hardly attenuates.
    skull = coverage(machine.base_s - z, 14.0)
    noise *= (0.62 + 0.38 * skull + 0.2 * max(0.0, -z / machine.half_s)) * (1.0 + 0.9 * edge) * (1.0 - 0.45 * outside)
    # Rows smear where the cone of rays ends, across head and air alike, more at the shoulders than at the vertex.
    smear = machine.edge_glow * edge * (1.0 if z < 0.0 else 0.35)
    value += noise + smear * 330.0
    value += (machine.banding * (0.25 + 1.5 * edge) + 900.0 * smear) * noise3(x / 90.0, y / 50.0, z / (1.7 * v), seed + 54)
    if machine.streaks > 0.0:
        value += _streaks(machine, x, y, z)
    value = machine.gain * (value - AIR) + AIR + machine.offset
    return min(max(value, LOWEST), HIGHEST)


@njit(error_model="numpy")
def _streaks(machine: Row, x: float, y: float, z: float) -> float:
    """Rays of bright and dark that leave metal at the teeth within its slices."""
    total = 0.0
    for n in range(6):
        dz = z - machine.metal[n, 2]
        if abs(dz) > 9.0 or machine.metal[n, 3] <= 0.0:
            continue
        dx, dy = x - machine.metal[n, 0], y - machine.metal[n, 1]
        near = math.hypot(dx, dy)
        angle = math.atan2(dy, dx)
        rays = noise3(angle * 9.0 + 30.0, dz / 1.2, 0.5, machine.seed + 57 + n) + 0.6 * noise3(
            angle * 23.0 + 90.0, dz / 0.8, 0.5, machine.seed + 67
        )
        total += machine.metal[n, 3] * rays * math.exp(-(dz * dz) / 7.0) / (1.0 + near / 18.0)
    return machine.streaks * total


@njit(error_model="numpy")
def _with_supports(machine: Row, value: float, x: float, y: float, z: float) -> float:
    """Plastic that holds the head: a cup under the chin on a foot, a plate or rod behind the occiput."""
    if abs(x) < machine.rest_half and abs(y - machine.rest_p - machine.rest_lean * z) < machine.rest_thick:
        edge = coverage(abs(y - machine.rest_p - machine.rest_lean * z) - machine.rest_thick + 0.4, 0.4)
        value = max(value, AIR + (machine.rest_value - AIR) * edge)
    if machine.bead_p < 1e5 and abs(x) < 20.0:
        bead = math.hypot(y - machine.bead_p, z - machine.bead_s) - 4.0
        value = max(value, AIR + 3500.0 * coverage(bead, 0.4))
    if machine.chin_a > 1e5 or abs(x) > 28.0:
        return value
    a, s = -y - machine.chin_a, z - machine.chin_s
    plate = max(abs(s + 3.5 + machine.plate) - machine.plate, abs(a - 4.0) - machine.plate_half)
    half = machine.foot_half if s < -3.5 - 4.0 * machine.plate else 0.8 * machine.plate_half
    foot = max(abs(s + 34.0) - 28.0, abs(a - machine.foot_a) - half)
    lip = max(abs(s + 2.5) - 3.5, abs(a - 2.5 - machine.plate_half) - 1.8) if machine.lip > 0.0 else 1e3
    value = max(value, AIR + 760.0 * coverage(foot, 0.4))
    return max(value, AIR + 870.0 * coverage(min(plate, lip), 0.4))
