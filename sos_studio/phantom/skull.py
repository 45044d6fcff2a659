"""Vault, what lies beside the midline, and the midline of the base: clivus, sella, sphenoid sinus."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sos_studio.phantom.kernels import AIR, FOAM, SINUS, SYNCHONDROSIS
from sos_studio.phantom.landmarks import FloatArray, Frame, Points
from sos_studio.phantom.outlines import band, mixed, rough, smooth
from sos_studio.phantom.parameters import Anatomy
from sos_studio.phantom.parts import Look, Part, Rooms, Wall
from sos_studio.phantom.soft_tissue import FAT, SOFT
from sos_studio.phantom.solids import CAPSULE, ELLIPSOID, HEAD
from sos_studio.phantom.truth import BASILAR_HALF_WIDTH_MM

_VAULT: Points = [
    (80, 12), (78, 20), (76.5, 30), (76, 42), (74, 58), (66, 80), (44, 100), (5, 110), (-38, 105), (-70, 87), (-81, 68), (-83.5, 52),
    (-83, 40),
    (-79.5, 27), (-75, 15), (-68, 4), (-58, -5), (-49, -10.5), (-45.5, -12.5),
]  # fmt: skip
# Thickest at the forehead's base and at the occipital protuberances, a thin sheet towards the foramen magnum with a swollen rim.
_VAULT_THICKNESS = (9.0, 9.5, 8.5, 7.5, 6.5, 6.0, 6.0, 6.0, 6.5, 7.0, 7.0, 6.5, 7.0, 10.5, 7.0, 4.8, 4.0, 3.6, 4.2)
_GLABELLA: Points = [
    (70.5, 13.5),
    (75.5, 17.5),
    (81.5, 16),
    (83.5, 10.5),
    (86, 4.5),
    (90.5, -3.0),
    (89.6, -4.4),
    (84.5, 1.0),
    (79.5, 6.5),
    (74.5, 9.5),
]
# Sphenoid body from the top of the dorsum sellae forward, down and back to the ectocranial end of the SOS.
_SPHENOID: Points = [
    (6.2, 22.0), (6.8, 24.2), (8.2, 25.0), (9.5, 24.0), (9.9, 21.8), (10.7, 19.3), (13.6, 18.2), (17.4, 19.5), (19.4, 23.0), (20.8, 25.9),
    (27.0, 27.2), (34.0, 27.0), (34.4, 15.0), (31.0, 3.4), (23.0, 1.6), (15.5, 0.6),
]  # fmt: skip
_SELLA_FLOOR = slice(5, 8)
_SINUS: Points = [
    (33.0, 25.4),
    (24, 25.0),
    (21.2, 22.4),
    (19.8, 18.4),
    (17.5, 16.8),
    (2, 16.0),
    (0, 11),
    (2.5, 6.0),
    (22, 4.0),
    (30, 5.2),
    (33.0, 14),
]


def cancellous(anatomy: Anatomy) -> float:
    """Mean grey value of cancellous bone."""
    return SOFT + anatomy.marrow_value * anatomy.bone_density


def beside_the_midline(frame: Frame) -> list[Part]:
    """What stands on both sides: ear bones, condyles, orbits, sinuses, cheeks, jaw."""
    density, size = frame.anatomy.bone_density, frame.anatomy.size
    ear = frame.cranial([(-4, 4), (-26, 5), (-30, -2), (-36, -20), (-19, -15)])
    face = frame.facial([(47, 6), (44, -16), (48, -13), (6, -13), (16, -56), (2, -8), (31, 0), (27, -24)])
    thin = Look(FAT, shell=620.0 * density, shell_out_mm=0.9)
    hollow = Look(AIR, shell=620.0 * density, shell_out_mm=0.9)
    rooms = Rooms(lining_mm=frame.anatomy.lining_mm)

    def egg(name: str, side: float, at: FloatArray, r: tuple[float, float, float], look: Look, **more: Any) -> Part:
        center = (side * size, float(at[0]), float(at[1]))
        return Part(name, look, None, ELLIPSOID, center=center, radii=(r[0] * size, r[1] * size, r[2] * size), **more)

    def rod(name: str, sides: tuple[float, float], ends: FloatArray, r: tuple[float, float, float], look: Look, **more: Any) -> Part:
        start, end = ((side * size, float(a), float(s)) for side, (a, s) in zip(sides, ends, strict=True))
        return Part(name, look, None, CAPSULE, center=start, end=end, radii=(r[0] * size, r[1] * size, r[2]), **more)

    return [
        rod("petrous", (17, 44), ear[[0, 1]], (4.5, 9.0, 0.9), _dense(620, density)),
        rod("petrous base", (44, 57), ear[[1, 2]], (9.0, 12.0, 1.0), _dense(300, density)),
        rod("mastoid", (56, 54), ear[[2, 3]], (12.0, 6.0, 1.0), Look(300.0, shell=900.0 * density, shell_in_mm=1.4), feature=FOAM),
        egg("inner ear", 33, 0.5 * (ear[0] + ear[1]), (7, 4, 4), _dense(1100, density)),
        egg("condyle", 17, ear[4], (5, 9, 5), _dense(330, density)),
        egg("orbit", 30, face[0], (15, 20, 15), thin),
        egg("maxillary sinus", 26, face[1], (10, 15, 12), hollow, feature=SINUS, rooms=rooms),
        rod("cheek arch", (45, 62), face[[2, 3]], (5.5, 2.6, 1.4), _dense(320, density)),
        rod("ramus", (45, 48), face[[4, 5]], (5.0, 4.5, 1.0), _dense(350, density)),
        egg("jaw joint", 49, face[5], (8, 4.5, 5), _dense(330, density)),
        rod("pterygoid", (13, 15), face[[6, 7]], (3.2, 1.8, 1.0), _dense(300, density)),
    ]


def lateral_extras(frame: Frame) -> list[Part]:
    """More of both sides: body of the jaw, wings of the sphenoid, joint pillars of the neck."""
    density, size = frame.anatomy.bone_density, frame.anatomy.size
    wing, neck = frame.sphenoid([(22, 8), (34, 14)]), frame.cervical([(-18, -40), (-30, -118)])
    body = frame.facial([(44, -68), (17, -57)])
    table = (
        ("jaw body", (30.0, 45.0), body, (6.5, 6.0, 1.7), _dense(330, density)),
        ("greater wing", (15.0, 48.0), wing, (3.5, 4.0, 0.9), _dense(260, density)),
        ("joint pillar", (20.0, 23.0), neck, (6.0, 6.5, 1.0), _dense(180, density)),
    )
    parts = []
    for name, sides, ends, (start_r, end_r, flat), look in table:
        start, end = ((side * size, float(a), float(s)) for side, (a, s) in zip(sides, ends, strict=True))
        parts.append(Part(name, look, None, CAPSULE, center=start, end=end, radii=(start_r * size, end_r * size, flat)))
    return parts


def clinoids(frame: Frame) -> list[Part]:
    """The four processes at the corners of the sella, on both sides of the midline."""
    density, size = frame.anatomy.bone_density, frame.anatomy.size
    look = Look(300.0 * density, grain=120.0 * density, shell=850.0 * density, shell_in_mm=0.9)
    back, front = frame.sphenoid([(7.6, 24.6), (17.0, 27.0)])
    table = (("posterior clinoid", 7.0, back, (2.4, 2.0, 2.6)), ("anterior clinoid", 12.5, front, (2.6, 5.5, 2.0)))
    return [
        Part(
            name,
            look,
            kind=ELLIPSOID,
            center=(side * size, float(at[0]), float(at[1])),
            radii=(radii[0] * size, radii[1] * size, radii[2] * size),
        )
        for name, side, at, radii in table
    ]


def _dense(fill: float, density: float) -> Look:
    return Look(fill * density, grain=120.0 * density, shell=1000.0 * density, shell_in_mm=1.5)


def vault(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """From the nasion over the vertex to the back of the foramen magnum, with the frontal sinus."""
    anatomy = frame.anatomy
    density, size = anatomy.bone_density, anatomy.size
    uneven = 1.0 + 0.13 * rng.normal(size=len(_VAULT))
    thickness = np.asarray(_VAULT_THICKNESS) * anatomy.vault_thickness_mm / 6.6 * uneven
    bone = rough(rough(band(frame.cranial(_VAULT), thickness, per_span=9), rng, 0.45, 34.0), rng, 0.28, 11.0)
    tables = Look(330.0 * density, grain=210.0 * density, shell=1180.0 * density, shell_in_mm=1.25, uneven=0.8)
    solid = Look(640.0 * density, grain=220.0 * density, shell=1150.0 * density, shell_in_mm=1.4)
    glabella = rough(smooth(frame.facial(_GLABELLA) + rng.normal(0.0, 0.4, (len(_GLABELLA), 2))), rng, 0.3, 9.0)
    parts = [
        Part("vault", tables, bone, HEAD, half_width=71.0 * size, rounding=0.0, step_mm=0.6),
        Part("glabella", solid, glabella, half_width=6.5 * size, rounding=2.0),
    ]
    if rng.random() < 0.55:
        parts.append(_suture(frame, rng))
    return parts + _frontal_sinus(frame, rng)


def _suture(frame: Frame, rng: np.random.Generator) -> Part:
    """A cranial suture that the plane happens to cut: a fine, bent cleft through the occipital or frontal bone."""
    at, out = ((-84.0, 55.0), (-1.0, 0.1)) if rng.random() < 0.7 else ((75.0, 62.0), (0.97, 0.25))
    at = (at[0], at[1] + float(rng.uniform(-14.0, 14.0)))
    steps = np.linspace(-5.0, 5.0, 7)
    along = np.array([-out[1], out[0]])
    line = np.asarray(at) + steps[:, None] * np.asarray(out) + (rng.normal(0.0, 0.9, 7) + 0.5 * steps)[:, None] * along
    cleft = band(frame.cranial(line), float(rng.uniform(0.35, 0.8)))
    return Part("suture", Look(160.0), cleft, half_width=9.0, rounding=0.2, step_mm=0.3)


def _frontal_sinus(frame: Frame, rng: np.random.Generator) -> list[Part]:
    anatomy = frame.anatomy
    grown = anatomy.frontal_sinus
    if grown <= 0.12:
        return []
    points = np.array(
        [(76.2, 18 + 26 * grown), (78.4, 24 + 8 * grown), (78.2, 17), (74, 12.5), (69.5, 14), (70.0, 19), (73.0, 24 + 8 * grown)]
    )
    # A thin forehead has a thin sinus.
    points[:, 0] = 77.3 + (points[:, 0] - 77.3) * min(1.0, anatomy.vault_thickness_mm / 6.2)
    points += rng.normal(0.0, 0.6, points.shape)
    wall = Look(AIR, shell=950.0 * anatomy.bone_density, shell_out_mm=1.2)
    walls: tuple[Wall, ...] = ()
    if rng.random() < 0.5:
        tilt = float(rng.normal(1.2, 0.4))
        low = frame.cranial([(73.0, 17.0 + 8.0 * grown)])[0]
        normal = (math.cos(tilt), math.sin(tilt))
        walls = (
            (
                normal[0],
                normal[1],
                float(rng.normal(0.0, 0.3)),
                float(normal[0] * low[0] + normal[1] * low[1]),
                float(rng.uniform(0.6, 1.1)),
            ),
        )
    rooms = Rooms(0.8 * anatomy.lining_mm, wall_value=500.0 * anatomy.bone_density, walls=walls)
    outline = rough(smooth(frame.cranial(points)), rng, 0.35, 10.0)
    shift = float(rng.normal(0.0, 4.0))
    return [Part("frontal sinus", wall, outline, feature=SINUS, half_width=15.0 * anatomy.size, rounding=3.0, middle_l=shift, rooms=rooms)]


def midline_base(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """The clivus with the joint, the reason for everything else, and the sphenoid sinus."""
    anatomy = frame.anatomy
    density = anatomy.bone_density
    bone = Look(cancellous(anatomy), 125.0 * density * anatomy.trabecular_contrast, 820.0 * density, shell_in_mm=1.0)
    return [
        Part(
            "clivus",
            bone,
            _clivus(frame, rng),
            feature=SYNCHONDROSIS,
            half_width=BASILAR_HALF_WIDTH_MM * anatomy.size,
            rounding=3.0,
            step_mm=0.3,
        ),
        *_sphenoid_sinus(frame, rng),
    ]


def _clivus(frame: Frame, rng: np.random.Generator) -> FloatArray:
    """Basilar part and sphenoid body as one bone; its corners at the joint are the ends of the SOS."""
    b, e, f = (np.asarray(p) for p in (frame.basion, frame.endocranial, frame.ectocranial))
    up, down = (e - b) / np.linalg.norm(e - b), (f - b) / np.linalg.norm(f - b)
    length = frame.anatomy.basilar_length_mm
    left, inward = np.array([-up[1], up[0]]), np.array([-down[1], down[0]])
    sphenoid = np.asarray(_SPHENOID, dtype=np.float64)
    sphenoid[_SELLA_FLOOR, 1] -= frame.anatomy.sella_depth_mm - 8.0
    # The dorsum leans, is high or low, thick or thin; its top may end in a hook.
    sphenoid[:5] += np.array([float(rng.normal(0.0, 0.8)), float(rng.normal(0.0, 1.2))]) + rng.normal(0.0, 0.25, (5, 2))
    sphenoid[8:12] += rng.normal(0.0, 0.5, (4, 2))
    sphenoid[13:] += rng.normal(0.0, 0.6, (3, 2))
    carried = frame.sphenoid(sphenoid)
    hollow = float(rng.normal(0.4, 0.5))
    behind = [b + 0.9 * left + 1.2 * up, b + 0.33 * length * up + (0.1 - hollow) * left, b + 0.72 * length * up - 0.6 * hollow * left]
    bulge = float(rng.normal(0.6, 0.6))
    below = [b + 0.66 * length * down + bulge * inward, b + 0.35 * length * down + (0.2 + bulge) * inward, b + 1.4 * down - 0.8 * inward]
    points = np.vstack([b - 0.4 * up, *behind, e, mixed(e, carried[0], 0.5) + 0.2 * left, carried, f, *below])
    return rough(smooth(points, 6), rng, 0.22, 9.0)


def _sphenoid_sinus(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """Air (and sometimes swollen mucosa) with thin walls; the more pneumatised, the farther it reaches back under the sella."""
    anatomy = frame.anatomy
    if anatomy.pneumatisation < 0.12:
        return []
    back = 27.0 - 19.0 * (anatomy.pneumatisation - 0.12) / 0.88
    points = np.asarray(_SINUS, dtype=np.float64)
    points[5:8, 0] += back
    points[3:6, 1] -= anatomy.sella_depth_mm - 8.0
    points[1:-1, 0] = np.maximum(points[1:-1, 0], back + np.array([2.5, 1.5, 1.0, 0.8, 0.5, 0.0, 0.5, 2.0, 4.0]))
    points += rng.normal(0.0, 0.9, points.shape)
    outline = rough(smooth(_kept_off(frame.sphenoid(points), frame, 3.2)), rng, 0.5, 9.0)
    low, high = outline.min(axis=0), outline.max(axis=0)
    level = float(low[1] + anatomy.mucosa * (high[1] - low[1])) if anatomy.mucosa > 0.0 else -1e9
    walls = tuple(_septum(rng, low, high) for _ in range(anatomy.sinus_septa))
    rooms = Rooms(anatomy.lining_mm, level, 520.0 * anatomy.bone_density, walls)
    shell = Look(AIR, shell=600.0 * anatomy.bone_density, shell_out_mm=0.65, uneven=1.5)
    half_width = float(rng.uniform(9.0, 13.0)) * anatomy.size
    return [Part("sphenoid sinus", shell, outline, feature=SINUS, half_width=half_width, rounding=4.0, step_mm=0.4, rooms=rooms)]


def _septum(rng: np.random.Generator, low: FloatArray, high: FloatArray) -> Wall:
    """A wall through the sinus: upright and across, lying, or nearly in the midline, where a midsagittal plane grazes it."""
    kind = rng.random()
    at = low + (high - low) * rng.uniform(0.3, 0.7, 2)
    if kind < 0.45:
        angle, side = float(rng.normal(0.0, 0.45)), float(rng.normal(0.0, 0.35))
    elif kind < 0.65:
        angle, side = float(rng.normal(math.pi / 2, 0.4)), float(rng.normal(0.0, 0.35))
    else:
        angle, side = float(rng.uniform(0.0, math.pi)), float(rng.choice([-1.0, 1.0])) * float(rng.uniform(1.2, 2.6))
    normal = np.array([math.cos(angle), math.sin(angle), side])
    normal /= np.linalg.norm(normal)
    offset = float(normal[0] * at[0] + normal[1] * at[1] + normal[2] * rng.normal(0.0, 2.0))
    return float(normal[0]), float(normal[1]), float(normal[2]), offset, float(rng.uniform(0.6, 1.3))


def _kept_off(points: FloatArray, frame: Frame, distance_mm: float) -> FloatArray:
    """Push points that come too near to the SOS (or lie behind it) away from it, into the sphenoid."""
    e, f = np.asarray(frame.endocranial), np.asarray(frame.ectocranial)
    along = (f - e) / np.linalg.norm(f - e)
    normal = np.array([-along[1], along[0]])
    lacking = np.maximum(0.0, distance_mm - (points - e) @ normal)
    pushed: FloatArray = points + lacking[:, None] * normal
    return pushed
