# mypy: disable-error-code="no-any-return"
# ruff: noqa: E741, PLR0917
"""Everything that is compiled: textures, distances, painting, the scanner.

One file on purpose. Numba stores compiled code on disk and compiles it again only when *the file of that function* changes; a kernel
that calls into another file would go on using that file's old code. So: no calls to compiled code elsewhere, no constants from elsewhere.

Lengths are millimetres; (l, a, s) = to the left, towards the face, towards the vertex in the head frame.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

# mypy takes a field of a record for Any, numba for a number; l is the axis to the left; compiled functions take numbers by position.

FloatArray = npt.NDArray[np.float64]
Row = Any  # one row of a record array, whose fields only numba knows

SLAB, HEAD, ARCH, ELLIPSOID = 0, 1, 2, 3  # how an outline is carried sideways
PLAIN, SYNCHONDROSIS, NASAL = 0, 1, 2  # what else happens inside of a part
# Tiles of the sagittal plane, each with the list of parts that can matter in it; the outermost ones reach to infinity.
TILE_MM, TILES_A, TILES_S = 8.0, 30, 38
TILES_LOW_A, TILES_LOW_S = -112.0, -168.0
AIR = -1000.0
LOWEST, HIGHEST = -1000.0, 3095.0  # what the scanner can store


@njit(inline="always", cache=True, nogil=True, error_model="numpy")
def _stirred(h: Any, n: int) -> Any:
    """Fold a lattice index into a 32-bit hash. Numba widens products to 64 bits, so each is cut back by hand."""
    h = np.uint32(h ^ np.uint32(np.uint32(n) * np.uint32(0x9E3779B1)))
    h = np.uint32(np.uint32(h ^ (h >> np.uint32(15))) * np.uint32(0x85EBCA77))
    return np.uint32(h ^ (h >> np.uint32(13)))


@njit(inline="always", cache=True, nogil=True, error_model="numpy")
def _unit(h: Any) -> float:
    """Uniform number in [-1, 1) of a hash."""
    h = np.uint32(h * np.uint32(0xC2B2AE3D))
    return float(np.uint32(h ^ (h >> np.uint32(16)))) * (2.0 / 4294967296.0) - 1.0


@njit(inline="always", cache=True, nogil=True, error_model="numpy")
def _between(h: Any, k: int, w: float) -> float:
    """Numbers of the lattice points k and k + 1 on the line of a hash, blended."""
    low = _unit(_stirred(h, k))
    return low + w * (_unit(_stirred(h, k + 1)) - low)


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy")
def smooth_noise3(x: float, y: float, z: float, seed: int) -> float:
    """`noise3` with eased steps: no creases at lattice planes, for shapes rather than grain."""
    fx, fy, fz = math.floor(x), math.floor(y), math.floor(z)
    u, v, w = x - fx, y - fy, z - fz
    return noise3(fx + u * u * (3.0 - 2.0 * u), fy + v * v * (3.0 - 2.0 * v), fz + w * w * (3.0 - 2.0 * w), seed)


@njit(inline="always", cache=True, nogil=True, error_model="numpy")
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


@njit(inline="always", cache=True, nogil=True, error_model="numpy")
def sheet(distance_mm: float, thickness_mm: float, blur_mm: float) -> float:
    """Coverage of a sheet of that thickness about distance 0: thinner than the blur, it fades."""
    return coverage(distance_mm - 0.5 * thickness_mm, blur_mm) - coverage(distance_mm + 0.5 * thickness_mm, blur_mm)


@njit(cache=True, nogil=True, error_model="numpy")
def _grid_distance(part: Row, distances: npt.NDArray[np.float32], a: float, s: float) -> float:
    """Bilinear look-up; off the grid, the nearest sample plus the way to it."""
    x, y = (a - part.a0) / part.step, (s - part.s0) / part.step
    cx = min(max(x, 0.0), part.columns - 1.0001)
    cy = min(max(y, 0.0), part.rows - 1.0001)
    off = math.hypot(x - cx, y - cy) * part.step
    i, j = int(cx), int(cy)
    u, v = cx - i, cy - j
    first = part.offset + j * part.columns + i
    below = distances[first] + u * (distances[first + 1] - distances[first])
    first += part.columns
    above = distances[first] + u * (distances[first + 1] - distances[first])
    return below + v * (above - below) + off


@njit(cache=True, nogil=True, error_model="numpy")
def _head_width(s: float) -> float:
    """Half width of the head at a height, relative to the widest place: skull, cheeks, jaw, neck."""
    return min(1.0, max(0.72, 0.9 + min((s + 15.0) / 450.0, (s + 15.0) / 305.0)))


@njit(cache=True, nogil=True, error_model="numpy")
def _head_distance(part: Row, distances: npt.NDArray[np.float32], l: float, a: float, s: float) -> float:
    """Sections away from the midline are smaller copies of the midline: an egg above, an elliptic cylinder below."""
    width = part.half_width * _head_width(s)
    x = l / width
    if abs(x) > 0.985:
        return (abs(x) - 0.985) * width + 0.5
    scale = math.sqrt(1.0 - x * x)
    middle_a, middle_s = -5.0, 30.0
    # The nose is narrow: away from the midline the face recedes to the cheeks.
    if part.rounding > 0.0 and a > 30.0:
        beside = math.exp(-((s + 10.0) ** 2) / 400.0) * (1.0 - math.exp(-(l * l) / 170.0))
        a += part.rounding * beside * coverage(55.0 - a, 8.0)
    plane_a = middle_a + (a - middle_a) / scale
    plane_s = middle_s + (s - middle_s) / scale if s > middle_s else s
    return scale * _grid_distance(part, distances, plane_a, plane_s)


@njit(cache=True, nogil=True, error_model="numpy")
def _extruded(plane_distance: float, side_distance: float, rounding: float) -> float:
    """Distance to an outline carried sideways up to a width, its rims rounded."""
    x, y = plane_distance + rounding, side_distance + rounding
    return min(max(x, y), 0.0) + math.hypot(max(x, 0.0), max(y, 0.0)) - rounding


@njit(cache=True, nogil=True, error_model="numpy")
def _part_distance(part: Row, distances: npt.NDArray[np.float32], l: float, a: float, s: float) -> float:
    """Signed distance (mm, negative inside) of a point of the head to one part; a big number where it can't matter."""
    far = 1e3
    if s < part.low_s or s > part.high_s:
        return far
    if part.kind == HEAD:
        return _head_distance(part, distances, l, a, s)
    side = abs(l - part.middle_l)
    if part.kind == ELLIPSOID:
        side = abs(abs(l) - part.middle_l)
        if a < part.low_a or a > part.high_a or abs(l) > part.high_l:
            return far
        x, y, z = side / part.radius_l, (a - part.a0) / part.radius_a, (s - part.s0) / part.radius_s
        r = math.sqrt(x * x + y * y + z * z)
        if r < 1e-6:
            return -min(part.radius_l, part.radius_a, part.radius_s)
        slope = math.sqrt((x / part.radius_l) ** 2 + (y / part.radius_a) ** 2 + (z / part.radius_s) ** 2) / r
        return (r - 1.0) / slope
    if part.kind == ARCH:
        # Outlines of jaws and atlas follow an ellipse; a positive depth opens backwards.
        x, y = side / part.arch_width, (a - part.arch_a) / part.arch_depth
        if y < 0.0:
            return far
        r = math.hypot(x, y)
        if r < 1e-6:
            return far
        a = part.arch_a + part.arch_depth * r
        if a < part.low_a or a > part.high_a:
            return far
        stretch = abs(part.arch_depth) * math.hypot(x / part.arch_width, y / part.arch_depth) / r
        end = part.rounding - y * abs(part.arch_depth)
        return max(_grid_distance(part, distances, a, s) / stretch, end, side - part.half_width)
    if a < part.low_a or a > part.high_a or side > part.high_l:
        return far
    return _extruded(_grid_distance(part, distances, a, s), side - part.half_width, part.rounding)


@njit(cache=True, nogil=True, error_model="numpy")
def _joint_value(joint: Row, value: float, inside: float, l: float, a: float, s: float, blur: float) -> float:
    """Grey value at a point of the united bone after the joint has been cut into it.

    Parameters
    ----------
    value, inside
        Grey value as if the bone had no joint, and the bone's coverage there.
    """
    da, ds = a - joint.end_a, s - joint.end_s
    across = joint.along_a * ds - joint.along_s * da  # positive towards the sphenoid
    if abs(across) > 6.0:
        return value
    t = (da * joint.along_a + ds * joint.along_s) / joint.length
    seed = joint.seed
    mm = t * joint.length
    # The border: a bow (0 at both ends), waves and fine teeth, slightly different from side to side.
    wave = joint.wave * smooth_noise3(mm / 3.6, l / 6.0, 0.5, seed + 11) + 0.45 * joint.wave * smooth_noise3(
        mm / 1.5, l / 3.0, 0.5, seed + 12
    )
    fade = min(1.0, max(0.0, 12.0 * t * (1.0 - t)))
    offset = across - joint.bow * 4.0 * max(0.0, t * (1.0 - t)) - wave * (0.35 + 0.65 * fade)
    # Open joints widen at their mouths.
    mouth = (2.0 * t - 1.0) ** 2
    gap = joint.gap * (0.85 + 0.3 * min(mouth, 1.6) + 0.18 * smooth_noise3(mm / 2.5, l / 5.0, 7.5, seed + 13))
    rough = joint.rough * (smooth_noise3(l / 4.0, across / 1.6, mm / 2.2, seed + 14) + 0.5 * noise3(0.0, 0.0, 0.0, seed + 18))
    unfused = coverage((joint.front + rough - t) * joint.length, 0.7)
    open_gap = sheet(offset, gap, blur) * unfused
    value += (joint.cartilage - value) * open_gap
    endplate = sheet(abs(offset) - 0.5 * gap - 0.3, 0.7, blur) * unfused * inside
    value += joint.endplate * endplate * (0.7 + 0.6 * smooth_noise3(mm / 1.8, l / 3.0, 3.5, seed + 15))
    patch = 0.8 + 0.55 * smooth_noise3(mm / 2.6, l / 4.0, 9.5, seed + 16)
    scar = sheet(offset, joint.scar_mm * (1.0 + 0.35 * smooth_noise3(mm / 2.0, l / 4.0, 5.5, seed + 17)), blur)
    return value + joint.scar * scar * max(0.0, patch) * (1.0 - unfused) * inside


@njit(cache=True, nogil=True, error_model="numpy")
def fill_values(
    points: npt.NDArray[np.float64],
    parts: npt.NDArray[np.void],
    distances: npt.NDArray[np.float32],
    starts: npt.NDArray[np.int32],
    items: npt.NDArray[np.int32],
    joints: npt.NDArray[np.void],
    tissue: npt.NDArray[np.void],
    out: npt.NDArray[np.float32],
) -> None:
    """Grey values at ``(n, 3)`` head coordinates L, P, S."""
    for n in range(points.shape[0]):
        out[n] = _value_at(parts, distances, starts, items, joints[0], tissue[0], points[n, 0], -points[n, 1], points[n, 2])


@njit(cache=True, nogil=True, error_model="numpy")
def _value_at(
    parts: npt.NDArray[np.void],
    distances: npt.NDArray[np.float32],
    starts: npt.NDArray[np.int32],
    items: npt.NDArray[np.int32],
    joint: Row,
    tissue: Row,
    l: float,
    a: float,
    s: float,
) -> float:
    """Paint all parts at one point: to the left, towards the face, towards the vertex (mm)."""
    blur, seed = tissue.blur, tissue.seed
    value = AIR
    column = min(TILES_A - 1, max(0, int((a - TILES_LOW_A) / TILE_MM)))
    tile = min(TILES_S - 1, max(0, int((s - TILES_LOW_S) / TILE_MM))) * TILES_A + column
    reach = 2.3 * blur
    for place in range(starts[tile], starts[tile + 1]):
        n = items[place]
        part = parts[n]
        d = _part_distance(part, distances, l, a, s)
        if n == 0 and d > reach:
            return AIR
        if d > part.shell_out + reach:
            continue
        fill, shell, shell_in, shell_out = part.fill, part.shell, part.shell_in, part.shell_out
        core_depth = d + shell_in
        if shell != 0.0:
            # Cortex is nowhere even: it thins out and thickens over a few millimetres.
            uneven = smooth_noise3(l / 3.5, a / 3.5, s / 3.5, seed + 21 + n)
            if part.feature == SYNCHONDROSIS:
                # Thick at the basion, thin towards the dorsum sellae.
                across = joint.along_a * (s - joint.end_s) - joint.along_s * (a - joint.end_a)
                shell_in *= min(1.8, max(0.55, 1.0 - 0.03 * across))
            core_depth = d + shell_in * (1.0 + 0.55 * uneven)
            shell_out *= 1.0 + 0.4 * uneven
            shell *= 1.0 + 0.15 * noise3(l / 1.3, a / 1.3, s / 1.3, seed + 22)
        inside = coverage(d, blur)
        outside = coverage(d - shell_out, blur) if shell_out > 0.0 else inside
        core = coverage(core_depth, blur) if shell_in > 0.0 else inside
        if core > 0.0:
            if part.grain > 0.0:
                fill += part.grain * _trabeculae(l, a, s, seed)
            elif part.feature == NASAL:
                fill = _nasal_value(tissue, l, a, s)
            elif fill > AIR:
                fill += 14.0 * smooth_noise3(l / 7.0, a / 7.0, s / 7.0, seed + 23)
        painted = value * (1.0 - outside) + shell * (outside - core) + fill * core
        if part.feature == SYNCHONDROSIS:
            painted = _joint_value(joint, painted, inside, l, a, s, blur)
            # The joint only exists where there is bone to join; its mouths end with the outline.
            painted = value + (painted - value) * min(1.0, coverage(d - 0.6, blur))
        value = painted
        if d < -part.stop_inside:
            return value
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def _trabeculae(l: float, a: float, s: float, seed: int) -> float:
    """Meshwork of cancellous bone, about -1 … 1: coarse marrow spaces with finer ones in between."""
    coarse = smooth_noise3(l / 2.6, a / 2.6, s / 2.6, seed + 31)
    fine = noise3(l / 1.15, a / 1.15, s / 1.15, seed + 32)
    return 0.9 * coarse + 0.8 * fine


@njit(cache=True, nogil=True, error_model="numpy")
def _nasal_value(tissue: Row, l: float, a: float, s: float) -> float:
    """Inside of the nose: a septum that bends about the midline, turbinates with mucosa, ethmoid cells above."""
    blur, seed = tissue.blur, tissue.seed
    value = AIR
    # 0 in the nasal passage, 1 among the ethmoid cells behind and above.
    ethmoid = coverage(6.0 - s + 0.25 * max(0.0, a - 55.0), 1.5)
    fold = smooth_noise3(l / 5.5, a / 15.0, s / 5.0, seed + 41) + 0.4 * smooth_noise3(l / 2.5, a / 5.0, s / 2.6, seed + 42)
    mucosa = coverage((0.22 + 0.35 * ethmoid - fold) * 4.0, max(blur, 0.4))
    value += mucosa * (10.0 - value)
    value += 330.0 * tissue.bone * sheet((fold - 0.5) * 5.0, 0.6, blur) * (1.0 - ethmoid)
    if ethmoid > 0.0:
        cell = smooth_noise3(l / 6.5, a / 7.5, s / 7.0, seed + 43) + 0.25 * smooth_noise3(l / 3.0, a / 3.5, s / 3.5, seed + 47)
        wall = ethmoid * sheet(cell * 6.5, 1.3, blur)
        value += (430.0 * tissue.bone - value) * wall
    # The septum leaves the midline in places, so that a midsagittal plane cuts it here and air there.
    bend = tissue.septum * (smooth_noise3(0.5, a / 17.0, s / 13.0, seed + 44) + 0.4 * smooth_noise3(0.5, a / 7.0, s / 6.0, seed + 45))
    thick = (2.6 - 1.3 * ethmoid) * (1.0 + 0.4 * smooth_noise3(0.5, a / 9.0, s / 9.0, seed + 46))
    value += (25.0 - value) * sheet(l - bend, thick, blur)
    behind = coverage(0.3 * (a - 62.0), 1.0)
    return value + 380.0 * tissue.bone * sheet(l - bend, 0.7, blur) * behind


@njit(cache=True, nogil=True, error_model="numpy")
def _scanned(machine: Row, value: float, x: float, y: float, z: float) -> float:
    """Grey value that the machine reports at a place of the field of view (LPS mm from its middle)."""
    radius = math.hypot(x, y)
    if radius > machine.radius:
        return LOWEST
    seed = machine.seed
    value = _with_supports(machine, value, x, y, z)
    # Beam hardening and truncation: darker in the middle of the field, uneven at its rim.
    r = radius / 100.0
    shade = 1.0 - machine.cupping * (1.0 - r * r) + 0.012 * math.sin(0.06 * y + 0.02 * z + machine.phase)
    value = (value - AIR) * shade + AIR
    # White noise of voxels (its lattice is theirs), and noise with a grain of two voxels that reconstruction leaves behind.
    v, g = machine.voxel, 2.3 * machine.voxel
    white = noise3((x + machine.half_l) / v, (y + machine.half_p) / v, (z + machine.half_s) / v, seed + 52)
    grain = noise3(x / g + 0.37, y / g + 0.11, z / g + 0.73, seed + 53)
    # A uniform number on [-1, 1] has a variance of 1/3, of which interpolation leaves 8/27.
    noise = 3.18 * (white * math.sqrt(1.0 - machine.grain**2) + grain * machine.grain)
    # Rays through the shoulders and the thick of the head are starved: noise grows towards the lower end.
    noise *= 1.0 + 0.25 * max(0.0, -z / machine.half_s)
    value += machine.noise * noise
    if machine.banding > 1.0:
        near = math.exp(-(((z - machine.teeth_s) / 9.0) ** 2))
        value += machine.banding * (0.35 + 2.0 * near) * noise3(0.3, y / 55.0, z / (1.6 * v), seed + 54)
    value = machine.gain * (value - AIR) + AIR + machine.offset
    return min(max(value, LOWEST), HIGHEST)


@njit(cache=True, nogil=True, error_model="numpy")
def _with_supports(machine: Row, value: float, x: float, y: float, z: float) -> float:
    """Plastic that holds the head: a cup under the chin on a foot, a plate behind the occiput."""
    if abs(x) < 45.0 and abs(y - machine.rest_p - 0.06 * z) < 1.6:
        return max(value, -420.0)
    if machine.chin_a > 1e5:
        return value
    a, s = -y - machine.chin_a, z - machine.chin_s
    plate = -7.0 < s < -3.5 and -22.0 < a < 24.0
    foot = -60.0 < s <= -7.0 and 0.0 < a < 15.0
    if abs(x) < 28.0 and (plate or foot):
        return max(value, -130.0 if plate else -380.0)
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def render(
    head_from_uvw: FloatArray,
    lps_from_uvw: FloatArray,
    parts: npt.NDArray[np.void],
    distances: npt.NDArray[np.float32],
    starts: npt.NDArray[np.int32],
    items: npt.NDArray[np.int32],
    joints: npt.NDArray[np.void],
    tissue: npt.NDArray[np.void],
    device: npt.NDArray[np.void],
    out: npt.NDArray[np.float32],
) -> None:
    """Fill ``out[w, v, u]``."""
    h, m = head_from_uvw, lps_from_uvw
    for w in range(out.shape[0]):
        for v in range(out.shape[1]):
            for u in range(out.shape[2]):
                left = h[0, 0] * u + h[0, 1] * v + h[0, 2] * w + h[0, 3]
                back = h[1, 0] * u + h[1, 1] * v + h[1, 2] * w + h[1, 3]
                up = h[2, 0] * u + h[2, 1] * v + h[2, 2] * w + h[2, 3]
                x = m[0, 0] * u + m[0, 1] * v + m[0, 2] * w + m[0, 3]
                y = m[1, 0] * u + m[1, 1] * v + m[1, 2] * w + m[1, 3]
                z = m[2, 0] * u + m[2, 1] * v + m[2, 2] * w + m[2, 3]
                value = _value_at(parts, distances, starts, items, joints[0], tissue[0], left, -back, up)
                out[w, v, u] = _scanned(device[0], value, x, y, z)
