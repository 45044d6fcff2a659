# mypy: disable-error-code="no-any-return"
# ruff: noqa: E741, PLR0917
"""What is inside of the nose: septum, turbinates, the air between them, ethmoid cells above. Compiled into `kernels`.

Everything here is in the mean nose's own millimetres: u towards the face, v towards the vertex as in `landmarks`, q to the left; the
tissue row says how they lie in one head. Surfaces run nearly parallel to the midsagittal plane, so that what a plane shows changes over
millimetres, with soft borders: it runs partly within the septum, partly beside it.
"""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from sos_studio.phantom.lattice import both, cell_wall, coverage, noise3, sheet, smooth_noise3

Row = Any
MUCOSA = 25.0  # grey value of swollen lining, septum and turbinates
OPEN = -1000.0


@njit(error_model="numpy")
def nasal_value(tissue: Row, under: float, d: float, l: float, a: float, s: float) -> float:
    """Grey value at a point of the nose.

    Parameters
    ----------
    under
        What has been painted there before: the flesh of the nasal tip, or the air in front of it.
    d
        Signed distance to the outline of the cavity.
    """
    k, seed = tissue.nose_k, tissue.seed
    blur, wall, q = tissue.blur / k, d / k, l / k
    da, ds = a - tissue.nose_a, s - tissue.nose_s
    u = 55.0 + (tissue.nose_c * da + tissue.nose_n * ds) / k
    v = (tissue.nose_c * ds - tissue.nose_n * da) / k
    front = coverage(74.0 + 1.2 * v - u, 3.0)  # cartilage in front, bone behind
    middle, half = _septum(tissue, u, v, front, wall)
    side = q - middle
    # Its free edge is hollow towards the pharynx, and drawn out backwards under the sphenoid.
    edge = 30.5 - (0.09 if v > -9.0 else 0.02) * (v + 9.0) ** 2 + 2.0 * smooth_noise3(0.5, 0.5, v / 9.0, seed + 47)
    # It thins out towards its free edge behind.
    half *= min(1.0, 0.3 + max(0.0, u - edge) / 6.0)
    # A slice sees that edge obliquely, here more and there less.
    askew = 0.36 + 0.24 * smooth_noise3(0.5, 7.5, v / 5.0, seed + 62)
    septum = both(abs(side) - half, askew * (edge - u), 2.0)
    # Where the nose opens into the pharynx there is no lining, and its air is the pharynx's.
    choana = coverage(u - 28.5 - 0.25 * (1.0 - v), 3.0)
    lining = 0.8 - 2.0 * choana
    if u > 80.0:
        # Skin, cartilage and hairs of the vestibule.
        lining += min(1.0, (u - 80.0) / 6.0) * (0.9 + 1.6 * smooth_noise3(q / 4.0, u / 3.6, v / 2.8, seed + 61))
    # The floor's mucosa lies on the palate, which reaches into the outline.
    floor = -16.7 + 0.8 * smooth_noise3(q / 9.0, u / 9.0, 0.5, seed + 59) - 3.0 * max(0.0, u - 84.0) - 8.0 * choana
    air = both(max(wall + lining, floor - v), -septum, 0.6)
    beside = abs(q) - 12.8 + 0.36 * max(0.0, u - 74.0)
    air = max(air, beside)
    bone = 0.0
    if air < 2.3 * blur:
        air, bone = _beside_the_septum(tissue, air, u, v, q, side, middle, blur)
    if beside > -2.0:
        bone = max(bone, 0.6 * sheet(beside - 0.3, 0.8, blur) * coverage(u - 79.0, 2.0) * coverage(36.0 - u, 1.0))
    fine = noise3(u / 1.6, v / 1.3, q / 1.6, seed + 40)
    # Between air-filled passages flesh is darker than the brain, and mottled by what lies beside it.
    mottled = 85.0 * smooth_noise3(u / 3.6, (v + 0.3 * u) / 2.8, q / 3.2, seed + 57) + 30.0 * fine
    solid = MUCOSA - 75.0 + mottled
    outside = coverage(under + 600.0, 60.0)
    solid += (under + 0.5 * mottled * (1.0 - outside) - solid) * coverage(84.0 - u + 4.0 * (1.0 - outside), 2.5)
    # The far tails of the point spread: narrow air is never as dark as a wide hall.
    hollow = tissue.air + 140.0 * math.exp(min(0.0, air) / 1.6) * (1.0 - choana)
    hollow += (OPEN - hollow) * coverage(v + 18.0, 3.0) * coverage(84.0 - u, 2.0)
    hollow += (under - hollow) * choana
    # Mucosa is met at all angles: here an edge is soft, there it is crisp.
    askew = 1.1 + 0.9 * max(-0.1, smooth_noise3(q / 6.0, u / 8.0, v / 5.0, seed + 64))
    value = solid + (hollow - solid) * coverage(air, askew * blur)
    if septum < 0.5:
        rim = min(1.0, max(0.0, (u - edge + 0.5) / 6.0))
        bone = max(bone, rim * _septal_bone(tissue, u, v, side, half, front, blur, fine))
    return value + (700.0 * tissue.bone - value) * min(1.0, bone)


@njit(error_model="numpy")
def _septum(tissue: Row, u: float, v: float, front: float, wall: float) -> tuple[float, float]:
    """Where its middle lies and half its thickness: bent along creases that rise to the front, held at the floor and the roof."""
    seed = tissue.seed
    along = v - tissue.crease * (u - 55.0)
    bend = smooth_noise3(0.5, u / 40.0, along / 14.0, seed + 44) + 0.42 * smooth_noise3(0.5, u / 16.0, along / 5.5, seed + 45)
    held = min(1.0, max(0.35, 0.35 + (v + 16.5) / 8.0), max(0.6, 0.6 + (25.0 - v) / 16.0))
    held *= min(1.0, max(0.3 - wall / 9.0, (70.0 - u) / 14.0))
    # The tip's skin and columella keep it near the middle.
    tip = min(1.0, max(0.0, (u - 66.0) / 18.0))
    middle = (tissue.septum_shift + 1.45 * tissue.septum * bend * held) * (1.0 - 0.75 * tip)
    middle += tissue.caudal * min(1.0, max(0.0, (u - 83.0) / 9.0))
    swell = tissue.swell * math.exp(-(((u - 67.0) / 9.0) ** 2) - ((v - 3.0) / 6.5) ** 2)
    half = 1.0 + 0.9 * front + swell + 0.25 * max(0.0, -12.5 - v) + 0.06 * max(0.0, u - 82.0)
    return middle, half * (1.0 + 0.5 * smooth_noise3(0.5, (u + 0.5 * v) / 8.0, v / 4.0, seed + 46))


@njit(error_model="numpy")
def _septal_bone(tissue: Row, u: float, v: float, side: float, half: float, front: float, blur: float, fine: float) -> float:
    """Perpendicular plate above, vomer below: thin and uneven, with fine lines from the sphenoid's rostrum down and forward."""
    seed = tissue.seed
    slope = v + (0.28 + 0.35 * tissue.crease) * (u - 27.0)  # 1 along the upper border of the vomer
    patch = smooth_noise3(0.5, u / 9.0, slope / 3.2, seed + 49)
    wave = 2.0 * smooth_noise3(0.5, u / 9.0, v / 8.0, seed + 51)
    vomer = coverage(slope - 1.0 + wave, 1.2)
    plate = sheet(side, 0.6 + 0.9 * vomer, blur) * max(0.05, 0.28 + 0.14 * vomer + 0.65 * patch + 0.2 * fine)
    # The vomer's groove has two lips, seldom both in one place.
    lip, apart = slope - 1.0 + wave, 1.1 + 0.9 * patch
    groove = max(sheet(lip - apart, 0.5, blur) * (0.6 + 1.4 * patch), sheet(lip + apart, 0.5, blur) * (0.55 - 1.2 * patch))
    # Ridges of the plate that keep to the vomer's direction.
    ridge = smooth_noise3(0.5, u / 19.0, (slope + 1.2 * wave) / 3.4, seed + 52)
    line = sheet(3.4 * ridge, 0.55, blur) * max(0.0, 0.3 + 1.7 * smooth_noise3(0.5, u / 9.0, v / 6.0, seed + 53))
    crest = 0.0
    if v < -10.0:
        high = smooth_noise3(0.5, u / 15.0, 0.5, seed + 60)
        crest = coverage(v + 15.0 - 2.0 * high + 0.4 * wave, 0.9) * max(0.0, 0.4 + 0.6 * high + 0.3 * patch) * coverage(u - 79.0, 2.0)
    within = coverage(abs(side) - 0.6 * half, blur + 0.2)
    lines = max(groove * coverage(u - 66.0, 3.0), line)
    return max((1.0 - front) * max(plate, within * lines), within * crest)


@njit(error_model="numpy")
def _concha(p: float, v: float, at_p: float, at_v: float, r_p: float, r_v: float, lean: float) -> float:
    """Distance to a turbinate's section: an egg that hangs on a stalk to the side and leans to the septum below."""
    if r_p < 0.3:
        return 1e3
    # Drawn out upwards, where it hangs.
    away = min(1.6, max(-0.6, lean * (v - at_v + 2.0)))
    x, y = (p - at_p - away) / r_p, (v - at_v) / (r_v if v < at_v else 2.0 * r_v)
    y *= abs(y)  # its faces are flat, so that their folds decide what a plane cuts
    r = math.hypot(x, y)
    steep = math.hypot(x / r_p, y / r_v)
    egg = (r - 1.0) * r / steep if steep > 1e-6 else -r_p
    return min(egg, max(abs(v - at_v - 0.55 * r_v) - 0.9, at_p - p))


@njit(error_model="numpy")
def _tapered(t: float) -> float:
    """1 in the middle of a turbinate, 0 at its ends."""
    x = 2.0 * t - 1.0
    return math.sqrt(max(0.0, 1.0 - abs(x) * x * x))


@njit(error_model="numpy")
def _beside_the_septum(
    tissue: Row, air: float, u: float, v: float, q: float, side: float, middle: float, blur: float
) -> tuple[float, float]:
    """Distance to air, and share of bone, once turbinates and ethmoid cells are in place."""
    seed = tissue.seed
    z = 40.5 if side < 0.0 else 0.5  # left and right differ
    p = abs(q - 0.6 * middle)
    fold = smooth_noise3(z, (u + 0.6 * v) / 15.0, v / 6.5, seed + 41)
    fine = smooth_noise3(z + 0.2 * q, (u + 0.4 * v) / 6.0, v / 2.6, seed + 42)
    uneven = fold + 0.5 * fine
    broad = smooth_noise3(z, (u + 0.8 * v) / 19.0, v / 10.0, seed + 54)
    cleft = tissue.cleft * (1.0 + 0.55 * smooth_noise3(z, u / 10.0, v / 9.0, seed + 48))
    # From the septum's middle to the turbinates, which come near it in front on one side, behind on the other.
    askew = 2.6 * smooth_noise3(z, 3.5, 7.5, seed + 55) * (u - 52.0) / 20.0
    gap = max(0.3, 0.9 * tissue.meatus * (1.0 + 0.6 * fold) + 0.4 + 1.9 * broad + 1.1 * fold + 0.5 * fine + askew)
    lean = min(0.4, max(-0.05, 0.16 + 0.45 * smooth_noise3(z, 9.5, 2.5, seed + 56)))
    low = _tapered((u - 33.5 - 2.0 * fold) / 46.0)
    at_v = -9.5 + 0.6 * tissue.crease * (u - 55.0) + 1.8 * fold
    concha = _concha(p, v, gap + 4.4, at_v, (4.4 + 1.1 * uneven) * low, (5.0 + 1.2 * uneven) * low, lean)
    curl = abs(v - at_v + 1.2 + 1.3 * fine)
    mid = _tapered((u - 32.0 - 3.0 * fold) / 38.0)
    gap = 0.5 * (gap + max(cleft, 0.0) + 0.4)
    at_v = 3.0 + (0.12 + 0.7 * tissue.crease) * (u - 50.0) + 1.8 * fold
    concha = min(concha, _concha(p, v, gap + 2.4, at_v, (2.5 + 0.8 * uneven) * mid, (6.4 + 1.5 * uneven) * mid, lean))
    high = _tapered((u - 33.0) / 20.0)
    curl = min(curl, abs(v - at_v + 3.0 + 1.3 * fine))
    concha = min(concha, _concha(p, v, gap + 1.6, 13.0 + 0.2 * (u - 43.0), (1.7 + 0.5 * uneven) * high, (3.6 + uneven) * high, lean))
    air = both(air, -concha, 0.5)
    # Their bone: a lamella within, which the plane grazes, and its curled edge, which the plane cuts.
    bone = 0.6 * sheet(concha + 1.4 + 0.7 * fine, 0.5, blur) * max(0.0, 0.3 + 1.1 * fine + 0.3 * fold)
    bone = max(bone, sheet(curl, 0.5, blur) * coverage(concha + 0.7, blur) * max(0.0, 0.5 + 0.6 * fold + broad))
    # The labyrinth lies beside a cleft under the cribriform plate, which may be as thin as a hair.
    below = 9.5 + (0.1 + 0.6 * tissue.crease) * (u - 50.0) + 3.5 * broad + 2.5 * fold + 1.2 * fine - v
    cells = max(below, 0.82 * (u + 0.7 * v) - 60.0 - 4.0 * broad, cleft - p)
    if cells > 0.9 + 2.3 * blur:
        return air, bone
    hollow, walls = _cells(tissue, cells, u, v, q + 3.0 * z, fine, blur)
    return min(both(air, 0.7 - cells, 0.6), hollow), max(bone * coverage(-cells, blur), walls)


@njit(error_model="numpy")
def _cells(tissue: Row, inside: float, u: float, v: float, q: float, fine: float, blur: float) -> tuple[float, float]:
    """Air cells of very different sizes with thin, broken walls, and a lining that fills some of them."""
    size, seed = 1.25 * tissue.cell, tissue.seed
    warp = 0.45 * smooth_noise3(u / 10.0, v / 8.0, q / 9.0, seed + 58)
    wall, own = cell_wall(q / size + warp, u / (1.2 * size) - warp, (v + 0.2 * u) / size + 0.6 * warp, seed + 43)
    wall *= size
    patch = smooth_noise3(u / 4.0, v / 4.0, q / 4.0, seed + 50)
    lining = 0.25 + tissue.lining * max(0.0, 0.5 + 1.3 * own + 0.7 * fine)
    bone = max(sheet(wall, 0.4 + 0.25 * patch, blur), 0.5 * sheet(inside, 0.45, blur)) * max(0.05, 0.5 + 1.1 * patch)
    return max(lining - wall, inside + 0.3 + 0.35 * lining), bone * coverage(inside - 0.3, blur)
