# mypy: disable-error-code="no-any-return"
"""Noise on lattices and blurred edges: the compiled arithmetic that all fields are made of.

Functions here are compiled into the entry points of `kernels`, which alone are cached on disk.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

# Noise of a scanner: two blocks whose sides share no factor, so that their sum repeats only after 12,000 voxels.
BLOCK_SIDES = (96, 125)
WEIGHT = 0.24  # how unlike in size the cells of a foam are
BLOCK_UNIT = 30.0  # standard deviation of a block's int8 numbers


@njit(inline="always", error_model="numpy")
def _stirred(h: Any, n: int) -> Any:
    """Fold a lattice index into a 32-bit hash. Numba widens products to 64 bits, so each is cut back by hand."""
    h = np.uint32(h ^ np.uint32(np.uint32(n) * np.uint32(0x9E3779B1)))
    h = np.uint32(np.uint32(h ^ (h >> np.uint32(15))) * np.uint32(0x85EBCA77))
    return np.uint32(h ^ (h >> np.uint32(13)))


@njit(inline="always", error_model="numpy")
def _unit(h: Any) -> float:
    """Uniform number in [-1, 1) of a hash."""
    h = np.uint32(h * np.uint32(0xC2B2AE3D))
    return float(np.uint32(h ^ (h >> np.uint32(16)))) * (2.0 / 4294967296.0) - 1.0


@njit(inline="always", error_model="numpy")
def _between(h: Any, k: int, w: float) -> float:
    """Numbers of the lattice points k and k + 1 on the line of a hash, blended."""
    low = _unit(_stirred(h, k))
    return low + w * (_unit(_stirred(h, k + 1)) - low)


@njit(error_model="numpy")
def noise3(x: float, y: float, z: float, seed: int) -> float:
    """Trilinear noise on the unit lattice, uniform in [-1, 1] at lattice points; equal on every machine."""
    fx, fy, fz = math.floor(x), math.floor(y), math.floor(z)
    i, j, k = int(fx), int(fy), int(fz)
    u, v, w = x - fx, y - fy, z - fz
    near, far = _stirred(np.uint32(seed), i), _stirred(np.uint32(seed), i + 1)
    c00 = _between(_stirred(near, j), k, w)
    c01 = _between(_stirred(near, j + 1), k, w)
    c10 = _between(_stirred(far, j), k, w)
    c11 = _between(_stirred(far, j + 1), k, w)
    c0 = c00 + v * (c01 - c00)
    return c0 + u * (c10 + v * (c11 - c10) - c0)


@njit(error_model="numpy")
def smooth_noise3(x: float, y: float, z: float, seed: int) -> float:
    """`noise3` with eased steps: no creases at lattice planes, for shapes rather than grain."""
    fx, fy, fz = math.floor(x), math.floor(y), math.floor(z)
    u, v, w = x - fx, y - fy, z - fz
    return noise3(fx + u * u * (3.0 - 2.0 * u), fy + v * v * (3.0 - 2.0 * v), fz + w * w * (3.0 - 2.0 * w), seed)


@njit(error_model="numpy")
def cell_wall(x: float, y: float, z: float, seed: int) -> tuple[float, float]:
    """Distance (in cells) to the nearest wall of a foam with round corners, and the cell's own number in [-1, 1).

    Cells push their neighbours with weights of their own (a power diagram), so that some are large and some are slivers.
    """
    fx, fy, fz = math.floor(x), math.floor(y), math.floor(z)
    i, j, k = int(fx), int(fy), int(fz)
    best, bx, by, bz, own = 1e9, 0.0, 0.0, 0.0, 0.0
    for n in range(27):
        di, dj, dk = n % 3 - 1, (n // 3) % 3 - 1, n // 9 - 1
        h = _stirred(_stirred(_stirred(np.uint32(seed), i + di), j + dj), k + dk)
        cx = fx + di + 0.5 + 0.42 * _unit(_stirred(h, 1))
        cy = fy + dj + 0.5 + 0.42 * _unit(_stirred(h, 2))
        cz = fz + dk + 0.5 + 0.42 * _unit(_stirred(h, 3))
        d = (x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2 - WEIGHT * _unit(_stirred(h, 5))
        if d < best:
            best, bx, by, bz, own = d, cx, cy, cz, _unit(_stirred(h, 4))
    total = 0.0
    sharp = 10.0
    for n in range(27):
        di, dj, dk = n % 3 - 1, (n // 3) % 3 - 1, n // 9 - 1
        h = _stirred(_stirred(_stirred(np.uint32(seed), i + di), j + dj), k + dk)
        cx = fx + di + 0.5 + 0.42 * _unit(_stirred(h, 1))
        cy = fy + dj + 0.5 + 0.42 * _unit(_stirred(h, 2))
        cz = fz + dk + 0.5 + 0.42 * _unit(_stirred(h, 3))
        apart = math.sqrt((cx - bx) ** 2 + (cy - by) ** 2 + (cz - bz) ** 2)
        if apart > 1e-9:
            d = (x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2 - WEIGHT * _unit(_stirred(h, 5))
            total += math.exp(-sharp * (d - best) / (2.0 * apart))
    return -math.log(max(total, 1e-12)) / sharp, own


@njit(inline="always", error_model="numpy")
def coverage(distance_mm: float, blur_mm: float) -> float:
    """Share of a blurred point that lies inside, from its signed distance (negative inside) to a smooth surface.

    A cubic with the variance of a Gaussian edge of standard deviation `blur_mm`, so that the scanner's blur is exact for
    planes and close for anything that bends slowly, at no cost of a convolution.
    """
    t = 0.5 - distance_mm / (4.48 * blur_mm)
    if t <= 0.0:
        return 0.0
    if t >= 1.0:
        return 1.0
    return t * t * (3.0 - 2.0 * t)


@njit(inline="always", error_model="numpy")
def sheet(distance_mm: float, thickness_mm: float, blur_mm: float) -> float:
    """Coverage of a sheet of that thickness about distance 0: thinner than the blur, it fades."""
    return coverage(distance_mm - 0.5 * thickness_mm, blur_mm) - coverage(distance_mm + 0.5 * thickness_mm, blur_mm)


@njit(inline="always", error_model="numpy")
def both(d1: float, d2: float, rounding_mm: float) -> float:
    """Distance to what lies inside of both, with the edge between them rounded."""
    h = max(0.0, 1.0 - abs(d1 - d2) / rounding_mm)
    return max(d1, d2) + 0.25 * rounding_mm * h * h


@lru_cache(maxsize=8)
def noise_blocks(sigma_voxels: float, sigma_rows_voxels: float) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int8]]:
    """Two periodic blocks of Gaussian noise, blurred by so many voxels within and across the scanner's slices.

    Noise of a reconstruction that was smoothed, as in the captures that the phantom is held to: a Gaussian power spectrum.
    """
    blocks = []
    for n, side in enumerate(BLOCK_SIDES):
        white = np.random.default_rng((17, n)).standard_normal((side, side, side), dtype=np.float32)
        across, along = np.fft.fftfreq(side) ** 2, np.fft.rfftfreq(side) ** 2
        square = sigma_rows_voxels**2 * across[:, None, None] + sigma_voxels**2 * (across[None, :, None] + along[None, None, :])
        field = np.fft.irfftn(np.fft.rfftn(white) * np.exp(-2.0 * math.pi**2 * square), s=white.shape, axes=(0, 1, 2))
        field *= BLOCK_UNIT / field.std()
        blocks.append(np.clip(np.rint(field), -127, 127).astype(np.int8))
    return blocks[0], blocks[1]


@njit(error_model="numpy")
def block_noise(block: npt.NDArray[np.int8], x: float, y: float, z: float) -> float:
    """Trilinear look-up in a periodic block indexed (z, y, x), in its own units."""
    side = block.shape[0]
    fx, fy, fz = math.floor(x), math.floor(y), math.floor(z)
    u, v, w = x - fx, y - fy, z - fz
    i0, j0, k0 = int(fx) % side, int(fy) % side, int(fz) % side
    i1 = i0 + 1 if i0 + 1 < side else 0
    j1 = j0 + 1 if j0 + 1 < side else 0
    k1 = k0 + 1 if k0 + 1 < side else 0
    c00 = block[k0, j0, i0] + u * (float(block[k0, j0, i1]) - block[k0, j0, i0])
    c01 = block[k0, j1, i0] + u * (float(block[k0, j1, i1]) - block[k0, j1, i0])
    c10 = block[k1, j0, i0] + u * (float(block[k1, j0, i1]) - block[k1, j0, i0])
    c11 = block[k1, j1, i0] + u * (float(block[k1, j1, i1]) - block[k1, j1, i0])
    c0, c1 = c00 + v * (c01 - c00), c10 + v * (c11 - c10)
    return c0 + w * (c1 - c0)
