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
# Of the tables in `shading`.
TABLE_MM = 0.25


@njit(error_model="numpy")
def scanned(machine: Row, block_a: Block, block_b: Block, value: float, x: float, y: float, z: float) -> float:
    """Grey value that the machine reports at a place of the field of view (LPS mm from its middle)."""
    radius = math.hypot(x, y)
    rim = machine.radius - radius
    # Beyond the cone of rays there is nothing: a straight border at the top and the bottom of the field, or a shallow bowl.
    reach = machine.half_s - abs(z) - machine.margin * (1.0 - machine.bowl + machine.bowl * (radius / machine.half_p) ** 2)
    if rim < 0.0 or reach < 0.0:
        return _beyond(machine, radius, reach) if rim >= 0.0 else LOWEST
    value = _with_supports(machine, value, x, y, z)
    outside = coverage(value + 650.0, 120.0)
    if value > 60.0:
        value = 60.0 + machine.bone_gain * (value - 60.0)
    shade, grain, glow, streaky = _smooth_at(machine, x, y, z)
    value = (value - AIR) * shade + AIR + glow
    if outside > 0.0:
        value += outside * _haze(machine, x, y, z)
    v = machine.voxel
    i, j, k = (x + machine.half_l) / v, (y + machine.half_p) / v, (z + machine.half_s) / v
    noise = block_noise(block_a, i + machine.phase, j, k) + block_noise(block_b, j, i + 2.0 * machine.phase, k)
    noise *= 0.7071
    if streaky > 0.05:
        # Starved rays leave streaks across the slices' rows.
        noise += 0.75 * streaky * block_noise(block_b, 0.16 * i, 0.09 * j + machine.phase, 0.8 * k)
    value += noise * machine.noise / BLOCK_UNIT * grain * (1.0 - 0.45 * outside)
    row = (z + machine.half_s) / TABLE_MM
    n = int(row)
    w = row - n
    even = machine.rows[n, 0] + w * (machine.rows[n + 1, 0] - machine.rows[n, 0])
    leaning = machine.rows[n, 1] + w * (machine.rows[n + 1, 1] - machine.rows[n, 1])
    ring = radius / TABLE_MM
    n = min(int(ring), machine.rings.shape[0] - 2)
    circle = machine.rings[n] + (ring - n) * (machine.rings[n + 1] - machine.rings[n])
    value += (even + leaning * y / machine.half_p + circle) * (1.0 - 0.6 * outside)
    if reach < 9.0:
        value += _border_lines(machine, reach, radius, y, z)
    if machine.streaks > 0.0:
        value += _streaks(machine, x, y, z)
    value = machine.gain * (value - AIR) + AIR + machine.offset
    return min(max(value, LOWEST), HIGHEST)


@njit(error_model="numpy")
def _smooth_at(machine: Row, x: float, y: float, z: float) -> tuple[float, float, float, float]:
    """Trilinear look-up in the lattice of what changes slowly: shade, grain, glow, streaky."""
    field = machine.smooth
    nz, ny, nx = field.shape[0], field.shape[1], field.shape[2]
    fx = min(max((x / machine.half_l + 1.0) * (0.5 * (nx - 1)), 0.0), nx - 1.001)
    fy = min(max((y / machine.half_p + 1.0) * (0.5 * (ny - 1)), 0.0), ny - 1.001)
    fz = min(max((z / machine.half_s + 1.0) * (0.5 * (nz - 1)), 0.0), nz - 1.001)
    i, j, k = int(fx), int(fy), int(fz)
    u, v, w = fx - i, fy - j, fz - k
    a, b, c, d = (1.0 - w) * (1.0 - v), (1.0 - w) * v, w * (1.0 - v), w * v
    s0 = s1 = s2 = s3 = 0.0
    for side in range(2):
        m = u if side == 1 else 1.0 - u
        p, q, r, t = m * a, m * b, m * c, m * d
        n = i + side
        s0 += p * field[k, j, n, 0] + q * field[k, j + 1, n, 0] + r * field[k + 1, j, n, 0] + t * field[k + 1, j + 1, n, 0]
        s1 += p * field[k, j, n, 1] + q * field[k, j + 1, n, 1] + r * field[k + 1, j, n, 1] + t * field[k + 1, j + 1, n, 1]
        s2 += p * field[k, j, n, 2] + q * field[k, j + 1, n, 2] + r * field[k + 1, j, n, 2] + t * field[k + 1, j + 1, n, 2]
        s3 += p * field[k, j, n, 3] + q * field[k, j + 1, n, 3] + r * field[k + 1, j, n, 3] + t * field[k + 1, j + 1, n, 3]
    return s0, s1, s2, s3


@njit(error_model="numpy")
def _beyond(machine: Row, radius: float, reach: float) -> float:
    """Past the border: nothing, but for crumbs of the cone's tip around the axis."""
    if machine.crumbs <= 0.0 or radius > 2.0 * machine.crumb_mm:
        return LOWEST
    arc = machine.margin * (radius / machine.crumb_mm) ** 1.4
    off = abs(-reach - arc)
    second = abs(-reach - 0.5 * arc - 0.5)
    if off > 0.45 and second > 0.3:
        return LOWEST
    dots = noise3(radius / 0.7, reach / 0.6, 0.5, machine.seed + 58)
    bright = machine.crumbs * max(0.0, 0.45 + dots) * (coverage(off - 0.25, 0.15) + 0.35 * coverage(second - 0.1, 0.12))
    return LOWEST + bright


@njit(error_model="numpy")
def _border_lines(machine: Row, reach: float, radius: float, y: float, z: float) -> float:
    """The last slice glows in head and air alike; below it, thin bright and dark arcs."""
    total = 0.0
    if reach < 0.5:
        total += machine.line * coverage(reach - 0.3, 0.1) * (0.6 + 0.5 * smooth_noise3(y / 14.0, radius / 25.0, 0.5, machine.seed + 59))
    if z > 0.0:
        return total
    for n in range(machine.arcs.shape[0]):
        bend = machine.arcs[n, 1]
        off = abs(reach - machine.arcs[n, 0] - bend * radius - machine.arcs[n, 2] * y)
        width = machine.arcs[n, 3]
        if off < 2.0 * width:
            along = 0.25 + smooth_noise3(y / 20.0, n + 0.5, 0.5, machine.seed + 60)
            total += machine.arcs[n, 4] * max(0.0, along) * coverage(off - 0.5 * width, 0.3 * width)
    return total


@njit(error_model="numpy")
def _haze(machine: Row, x: float, y: float, z: float) -> float:
    """Shadows in the air around the head; strands of hair behind the neck."""
    haze = smooth_noise3(x / 30.0, y / 16.0, z / 45.0, machine.seed + 55) + 0.5 * noise3(x / 12.0, y / 4.0, z / 30.0, machine.seed + 56)
    total = machine.haze * max(0.0, haze)
    if machine.hair > 0.0 and y > machine.hair_p:
        lean = y + machine.hair_lean * z
        lock = 0.2 + smooth_noise3(lean / 13.0, z / 24.0, x / 14.0, machine.seed + 62)
        if lock > 0.0:
            # Locks curl about each other.
            strand = 0.3 + smooth_noise3((lean + 5.0 * lock) / 3.6, z / 21.0, x / 8.0, machine.seed + 63)
            total += machine.hair * lock * max(0.0, strand) * coverage(z - machine.hair_s, 12.0)
    return total


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
        # Hardly a ray passes the metal: dark beside it and behind it, and what is left of the rays fans out.
        dark = 1.1 * math.exp(-(dz * dz) / 4.0) * math.exp(-near / 16.0)
        glare = 2.2 * math.exp(-(near * near + dz * dz) / 9.0)
        total += machine.metal[n, 3] * (1.5 * rays * math.exp(-(dz * dz) / 7.0) / (1.0 + near / 18.0) - dark + glare)
    return machine.streaks * total


@njit(error_model="numpy")
def _with_supports(machine: Row, value: float, x: float, y: float, z: float) -> float:
    """Plastic that holds the head: a cup under the chin on a foot, a plate or rod behind the occiput."""
    if y > machine.rest_p - 40.0 and abs(x) < machine.rest_half:
        value = _with_head_rest(machine, value, y - machine.rest_p - machine.rest_lean * z, z)
    if machine.bead_p < 1e5 and abs(x) < 20.0:
        bead = math.hypot(y - machine.bead_p, z - machine.bead_s) - 4.0
        value = max(value, AIR + 3500.0 * coverage(bead, 0.4))
    if machine.chin_a > 1e5 or abs(x) > 28.0:
        return value
    a, s = -y - machine.chin_a, z - machine.chin_s
    if s > 3.0 or s < -64.0 or abs(a - 4.0) > 40.0:
        return value
    plate = max(abs(s + 3.5 + machine.plate) - machine.plate, abs(a - 4.0) - machine.plate_half, -8.0 - a)  # not into the neck
    half = machine.foot_half if s < -3.5 - 4.0 * machine.plate else 0.8 * machine.plate_half
    foot = max(abs(s + 34.0) - 28.0, abs(a - machine.foot_a) - half, -8.0 - a)
    lip = max(abs(s + 2.5) - 3.5, abs(a - 2.5 - machine.plate_half) - 1.8) if machine.lip > 0.0 else 1e3
    stuff = 1.0 + 0.10 * smooth_noise3(a / 5.0, s / 1.6, 0.5, machine.seed + 64)
    value = max(value, AIR + 0.87 * machine.plate_value * stuff * coverage(foot, 0.4))
    return max(value, AIR + machine.plate_value * stuff * coverage(min(plate, lip), 0.4))


@njit(error_model="numpy")
def _with_head_rest(machine: Row, value: float, behind: float, z: float) -> float:
    """A plate that tapers upwards, foam in front of it, and a block that it stands in."""
    if abs(behind) > 18.0:
        return value
    down = 0.5 - 0.5 * z / machine.half_s
    half = machine.rest_thick * (0.7 + 0.6 * down)
    ends = max(z - machine.rest_top, machine.rest_low - z)
    plate = max(abs(behind) - half, ends)
    shell = 1.0 + 0.16 * coverage(half - abs(behind) - 1.0, 0.3) * (1.0 if machine.rest_thick > 2.0 else 0.0)
    value = max(value, AIR + (machine.rest_value - AIR) * shell * coverage(plate, 0.4))
    if machine.foam > 0.0:
        soft = max(abs(behind + half + 3.0) - 3.0, ends + 2.0)
        value = max(value, AIR + machine.foam * coverage(soft, 0.7))
    block = max(abs(behind) - 1.3 * half - 0.8, abs(z - machine.rest_low) - 4.0)
    return max(value, AIR + 1.35 * (machine.rest_value - AIR) * coverage(block, 0.4))
