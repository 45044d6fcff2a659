# ruff: noqa: PLR0917 - compiled functions take plain numbers, and numba passes by position fastest.
"""Compiled loops of `sos_studio.imaging.raycast`: the colours of what rays have met. The legend is that of `raycast_kernels`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from sos_studio.imaging.raycast_kernels import value_at

Array = npt.NDArray[Any]

_BONE = (250.0, 238.0, 214.0)
_CUT = (255.0, 248.0, 236.0)
_AMBIENT, _SHINE = 0.22, 0.18
# What stands in front keeps light from what is close behind it: rings on the screen on which that is looked for, in
# millimetres, and the step in depth that keeps away all it can.
_RINGS_MM = (1.2, 4.0)
_HIDING_MM = 7.0
_SHADOW = 0.75
_DEPTH_CUE = 0.25
# Half the width of a plane's line, in pixels, and how steep a surface may get before its line stops getting wider.
_HALF_LINE_PX = 0.75
_STEEP = 0.25


@njit(cache=True, nogil=True)
def _axes(lps_from_ijk: Array, frame: Array) -> Array:
    """Screen right, screen down and into the screen as rows, unit length, in LPS."""
    axes = np.empty((3, 3))
    for n in range(3):
        for axis in range(3):
            along = 0.0
            for c in range(3):
                along += lps_from_ijk[axis, c] * frame[n + 1, c]
            axes[n, axis] = along
        axes[n] /= math.sqrt(axes[n, 0] ** 2 + axes[n, 1] ** 2 + axes[n, 2] ** 2)
    return axes


@njit(cache=True, nogil=True, inline="always")
def _place(frame: Array, u: int, v: int, t: float) -> tuple[float, float, float]:
    """Where the ray of a pixel is after t steps, in voxels."""
    x = frame[0, 0] + u * frame[1, 0] + v * frame[2, 0] + t * frame[3, 0]
    y = frame[0, 1] + u * frame[1, 1] + v * frame[2, 1] + t * frame[3, 1]
    z = frame[0, 2] + u * frame[1, 2] + v * frame[2, 2] + t * frame[3, 2]
    return x, y, z


@njit(cache=True, nogil=True, inline="always")
def _openness(t_hit: Array, v: int, u: int, steps_per_mm: float, pixel_mm: float) -> float:
    """1 where nothing stands in front beside a pixel, towards 0 in pits and behind edges."""
    height, width = t_hit.shape
    hidden = 0.0
    for ring in range(2):
        reach = max(_RINGS_MM[ring] / pixel_mm, 1.0)
        slant = 0.7071 * reach
        for n in range(8):
            du = reach if n == 0 else -reach if n == 1 else 0.0 if n < 4 else slant if n < 6 else -slant
            dv = reach if n == 2 else -reach if n == 3 else 0.0 if n < 2 else slant if n % 2 == 0 else -slant
            a, b = v + round(dv), u + round(du)
            if 0 <= a < height and 0 <= b < width:
                other = t_hit[a, b]
                if other >= 0.0:
                    deeper_mm = (t_hit[v, u] - other) / steps_per_mm
                    # A slope of one in one hides nothing.
                    deeper_mm -= reach * pixel_mm
                    if deeper_mm > 0.0:
                        hidden += min(deeper_mm / _HIDING_MM, 1.0)
    return 1.0 - _SHADOW * (hidden / 16.0)


@njit(cache=True, nogil=True, error_model="numpy")
def shade(
    pairs: Array,
    ni: int,
    nj: int,
    nk: int,
    frame: Array,
    lps_from_ijk: Array,
    scale: tuple[float, float, float, float, float],
    rows: tuple[int, int],
    t_hit: Array,
    planes: Array,
    colours: Array,
    rgb: Array,
) -> None:
    """Colour the hits of some rows: light from the eye, shadow in pits, and a line where a plane cuts the surface.

    `scale` is the nearest and the farthest t, steps per millimetre, millimetres per pixel and per pixel of the screen; `planes`
    has rows (normal x, y, z, distance) in LPS millimetres, `colours` rows of RGB.
    """
    width = t_hit.shape[1]
    nearest, farthest, steps_per_mm, pixel_mm, line_mm = scale
    m = lps_from_ijk
    # What turns a gradient in voxels into one in millimetres: the transposed inverse, which is the matrix over squared edges.
    edge_i = m[0, 0] ** 2 + m[1, 0] ** 2 + m[2, 0] ** 2
    edge_j = m[0, 1] ** 2 + m[1, 1] ** 2 + m[2, 1] ** 2
    edge_k = m[0, 2] ** 2 + m[1, 2] ** 2 + m[2, 2] ** 2
    axes = _axes(m, frame)
    for v in range(rows[0], rows[1]):
        for u in range(width):
            t = t_hit[v, u]
            if t < 0.0:
                continue
            x, y, z = _place(frame, u, v, t)
            gx = (value_at(pairs, ni, nj, nk, x + 1, y, z) - value_at(pairs, ni, nj, nk, x - 1, y, z)) / edge_i
            gy = (value_at(pairs, ni, nj, nk, x, y + 1, z) - value_at(pairs, ni, nj, nk, x, y - 1, z)) / edge_j
            gz = (value_at(pairs, ni, nj, nk, x, y, z + 1) - value_at(pairs, ni, nj, nk, x, y, z - 1)) / edge_k
            nx = m[0, 0] * gx + m[0, 1] * gy + m[0, 2] * gz
            ny = m[1, 0] * gx + m[1, 1] * gy + m[1, 2] * gz
            nz = m[2, 0] * gx + m[2, 1] * gy + m[2, 2] * gz
            length = math.sqrt(nx * nx + ny * ny + nz * nz)
            if length > 0.0:
                nx, ny, nz = nx / length, ny / length, nz / length
            right = nx * axes[0, 0] + ny * axes[0, 1] + nz * axes[0, 2]
            down = nx * axes[1, 0] + ny * axes[1, 1] + nz * axes[1, 2]
            into = nx * axes[2, 0] + ny * axes[2, 1] + nz * axes[2, 2]
            # The gradient points into bone, which is away from the eye; light comes from a little above and left of it.
            facing = max(0.86 * into + 0.36 * down + 0.36 * right, 0.0)
            near = 1.0 - (t - nearest) / max(farthest - nearest, 1e-6)
            light = (_AMBIENT + (1.0 - _AMBIENT) * facing) * (1.0 - _DEPTH_CUE + _DEPTH_CUE * near)
            light *= _openness(t_hit, v, u, steps_per_mm, pixel_mm)
            shine = _SHINE * max(facing, 0.0) ** 24 * 255.0
            for channel in range(3):
                rgb[v, u, channel] = min(_BONE[channel] * light + shine, 255.0)
            _draw_planes(m, x, y, z, nx, ny, nz, axes, into, line_mm, planes, colours, rgb, v, u)


@njit(cache=True, nogil=True)
def _draw_planes(
    m: Array,
    x: float,
    y: float,
    z: float,
    nx: float,
    ny: float,
    nz: float,
    axes: Array,
    into: float,
    pixel_mm: float,
    planes: Array,
    colours: Array,
    rgb: Array,
    v: int,
    u: int,
) -> None:
    """Blend the planes' lines over a pixel: equally wide on the screen however the surface leans, with soft edges."""
    px = m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3]
    py = m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3]
    pz = m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3]
    lean = math.copysign(max(abs(into), _STEEP), into)
    for n in range(planes.shape[0]):
        a, b, c = planes[n, 0], planes[n, 1], planes[n, 2]
        height_mm = a * px + b * py + c * pz - planes[n, 3]
        if abs(height_mm) > 8.0 * pixel_mm:
            continue
        # How the height over the plane changes from pixel to pixel along the surface.
        ahead = a * axes[2, 0] + b * axes[2, 1] + c * axes[2, 2]
        slope = 0.0
        for axis in range(2):
            sideways = nx * axes[axis, 0] + ny * axes[axis, 1] + nz * axes[axis, 2]
            change = a * axes[axis, 0] + b * axes[axis, 1] + c * axes[axis, 2] - sideways / lean * ahead
            slope += change * change
        slope = max(math.sqrt(slope), 0.2)
        cover = min(max(_HALF_LINE_PX + 0.5 - abs(height_mm) / (slope * pixel_mm), 0.0), 1.0)
        for channel in range(3):
            rgb[v, u, channel] += cover * (colours[n, channel] - rgb[v, u, channel])


@njit(cache=True, nogil=True, inline="always")
def _between(image: Array, v: float, u: float) -> Any:
    """Bilinear value; nothing outside."""
    height, width = image.shape
    if v < 0.0 or u < 0.0 or v >= height - 1.0 or u >= width - 1.0:
        return 0.0
    a, b = int(v), int(u)
    dv, du = v - a, u - b
    upper = image[a, b] + du * (image[a, b + 1] - image[a, b])
    lower = image[a + 1, b] + du * (image[a + 1, b + 1] - image[a + 1, b])
    return upper + dv * (lower - upper)


@njit(cache=True, nogil=True, error_model="numpy")
def paint_face(
    pairs: Array,
    ni: int,
    nj: int,
    nk: int,
    frame: Array,
    lps_from_ijk: Array,
    window: tuple[float, float, float, float],
    rows: tuple[int, int],
    t_face: Array,
    fill_from_ijk: Array,
    fill: Array,
    normal: Array,
    line_mm: float,
    planes: Array,
    colours: Array,
    rgb: Array,
) -> None:
    """Lay the cut face over some rows: grey values of the scan, clear below one value and solid from another and where `fill` says.

    `window` is (clear, solid, low, high); `pairs` and `frame` may be those of the whole scan, `t_face` counts steps of `frame`;
    `fill_from_ijk` (2 x 4) leads from voxels to (u, v) in `fill`.
    """
    width = t_face.shape[1]
    clear, solid, low, high = window
    m, f = lps_from_ijk, fill_from_ijk
    axes = _axes(m, frame)
    into = normal[0] * axes[2, 0] + normal[1] * axes[2, 1] + normal[2] * axes[2, 2]
    for v in range(rows[0], rows[1]):
        for u in range(width):
            t = t_face[v, u]
            if t < 0.0:
                continue
            x, y, z = _place(frame, u, v, t)
            value = value_at(pairs, ni, nj, nk, x, y, z)
            cover = min(max((value - clear) / (solid - clear), 0.0), 1.0)
            fu = f[0, 0] * x + f[0, 1] * y + f[0, 2] * z + f[0, 3]
            fv = f[1, 0] * x + f[1, 1] * y + f[1, 2] * z + f[1, 3]
            cover = max(cover, _between(fill, fv, fu))
            if cover <= 0.0:
                continue
            grey = min(max((value - low) / (high - low), 0.0), 1.0)
            for channel in range(3):
                rgb[v, u, channel] += cover * (_CUT[channel] * grey - rgb[v, u, channel])
            _draw_planes(m, x, y, z, normal[0], normal[1], normal[2], axes, into, line_mm, planes, colours, rgb, v, u)


@njit(cache=True, nogil=True)
def halve(rgb: Array, rows: tuple[int, int], small: Array) -> None:
    """Average each four pixels into some rows of a picture of half the size: edges come out smooth."""
    for v in range(rows[0], rows[1]):
        for u in range(small.shape[1]):
            for channel in range(3):
                total = 2
                for n in range(4):
                    total += int(rgb[2 * v + n // 2, 2 * u + n % 2, channel])
                small[v, u, channel] = total // 4
