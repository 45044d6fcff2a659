"""Vault, what lies beside the midline, and the midline of the base: clivus, sella, sphenoid sinus."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sos_studio.phantom.bone import SYNCHONDROSIS
from sos_studio.phantom.kernels import AIR, FOAM, SINUS
from sos_studio.phantom.landmarks import FloatArray, Frame, Points, as_point
from sos_studio.phantom.outlines import band, mixed, rough, smooth
from sos_studio.phantom.parameters import Anatomy
from sos_studio.phantom.parts import Fade, Look, Part, Rooms, Wall
from sos_studio.phantom.soft_tissue import FAT, SOFT
from sos_studio.phantom.solids import CAPSULE, ELLIPSOID, HEAD
from sos_studio.phantom.truth import BASILAR_HALF_WIDTH_MM

_VAULT: Points = [
    (80, 12), (78, 20), (76.5, 30), (76, 42), (74, 58), (66, 80), (44, 100), (5, 110), (-38, 105), (-70, 87), (-81, 68), (-83.5, 52),
    (-83, 40),
    (-79.5, 27), (-75, 15), (-68, 4), (-58, -5), (-49, -10.5), (-45.5, -12.5),
]  # fmt: skip
# Thickest at the forehead's base and at the occipital protuberances, a thin sheet towards the foramen magnum with a swollen rim.
_VAULT_THICKNESS = (9.0, 9.5, 8.5, 7.5, 6.5, 6.0, 6.0, 6.0, 6.5, 7.0, 7.0, 6.5, 7.6, 9.4, 7.4, 4.9, 4.0, 3.6, 4.2)
# Sphenoid body from the top of the dorsum sellae forward, down and back to the ectocranial end of the SOS.
_SPHENOID: Points = [
    (6.2, 22.0), (6.8, 24.2), (8.2, 25.0), (9.5, 24.0), (9.9, 21.8), (10.7, 19.3), (13.6, 18.2), (17.4, 19.5), (19.4, 23.0), (20.8, 25.9),
    (27.0, 27.2), (34.0, 27.0), (34.4, 15.0), (31.0, 3.4), (23.0, 1.6), (15.5, 0.6),
]  # fmt: skip
_SELLA_FLOOR = slice(5, 8)
_SINUS: Points = [
    (33.0, 25.4), (24, 25.0), (21.2, 22.4), (19.8, 18.4), (17.5, 16.8), (2, 16.0), (0, 11), (2.5, 6.0), (22, 4.0), (30, 5.2), (33.0, 14),
]  # fmt: skip


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
    # Marrow between two tables, the outer one thicker; here and there they meet, and in some heads the forehead is solid.
    tables = Look(
        (float(rng.uniform(90.0, 330.0)) + 230.0 * anatomy.grown) * density,
        grain=float(rng.uniform(40.0, 110.0)) * density,
        shell=1230.0 * density,
        shell_in_mm=float(rng.uniform(1.15, 1.65)),
        uneven=0.8,
        run_mm=20.0,
        lean=0.3,
        oblique=0.35,
        mesh=0.9,
        patch=float(rng.uniform(200.0, 620.0)) * density,
    )
    room = _frontal_room(anatomy, rng)
    parts = [
        Part("vault", tables, _two_tables(frame, rng, room), HEAD, half_width=71.0 * size, rounding=0.0, step_mm=0.5),
        _glabella(frame, rng),
    ]
    if rng.random() < 0.45:
        parts.append(_suture(frame, rng))
    return [*parts, *([_frontal_sinus(frame, rng, room)] if room is not None else [])]


def _glabella(frame: Frame, rng: np.random.Generator) -> Part:
    """Where the frontal bone meets the nose, and the nasal bones: short or long, thick or a mere line. Above it is one with the vault."""
    anatomy = frame.anatomy
    density, thick = anatomy.bone_density, anatomy.vault_thickness_mm / 6.6
    look = Look(
        float(rng.uniform(460.0, 900.0)) * density,
        grain=130.0 * density,
        shell=1080.0 * density,
        shell_in_mm=1.2,
        uneven=1.0,
        run_mm=9.0,
        oblique=0.9,
        mesh=0.9,
        patch=260.0 * density,
    )
    above = frame.cranial([(74.6, 14.6), (78.0 - 2.5 * thick, 22.0), (78.0, 26.0), (78.0 + 4.3 * thick, 21.0), (80.2 + 3.9 * thick, 13.5)])
    below = np.array([(85.0, 5.5), (89.4, -3.0), (88.8, -4.2), (84.0, 0.2), (79.0, 5.8), (73.6, 10.6)])
    slim, short = float(rng.uniform(0.3, 1.05)), float(rng.uniform(-3.0, 2.5))
    below[3:5] += (1.0 - slim) * np.array([(1.9, 1.9), (1.6, 1.8)])
    below[1:3] += short * np.array([0.5, -0.85])
    outline = np.vstack([above, frame.facial(below + rng.normal(0.0, 0.4, below.shape))])
    low, high = frame.cranial([(80.0, 12.5), (78.0, 23.0)])
    fade = Fade(as_point(low[None]), as_point(high[None]))
    return Part(
        "glabella", look, rough(smooth(outline), rng, 0.28, 9.0), half_width=6.5 * anatomy.size, rounding=2.0, step_mm=0.4, fade=fade
    )


def _two_tables(frame: Frame, rng: np.random.Generator, room: Points | None) -> FloatArray:
    """Outline of the vault: even outside, thick or thin within by the brain's impressions, ridges and steps; its end tapers or swells."""
    anatomy = frame.anatomy
    line = smooth(frame.cranial(_VAULT), 14, closed=False)
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    places = along[np.minimum(14 * np.arange(len(_VAULT)), len(along) - 1)]
    swelling = smooth(np.stack([places, np.asarray(_VAULT_THICKNESS)], axis=1), 14, closed=False)
    base = np.interp(along, swelling[:, 0], swelling[:, 1] * anatomy.vault_thickness_mm / 6.6)
    waves = np.zeros(len(line))
    for wavelength_mm, height in ((95.0, 0.16), (52.0, 0.13), (27.0, 0.09), (14.0, 0.05)):
        waves += height * rng.normal() * np.sin(2.0 * math.pi * along / wavelength_mm + rng.uniform(0.0, 2.0 * math.pi))
    inside = base * np.maximum(0.45, 1.0 + waves)
    if room is not None:
        # Around the frontal sinus the tables stand apart.
        lowest, highest, depth = room[0][1], room[2][1], room[1][0]
        share = np.clip((along + line[0, 1] - lowest * anatomy.size) / ((highest - lowest) * anatomy.size), 0.0, 1.0)
        inside = np.maximum(inside, (depth * anatomy.size + 2.6) * np.sin(math.pi * np.clip(share, 0.05, 1.0)) ** 0.42)
    # The inner protuberance, and now and then a step where one bone overlaps the other.
    at = places[13] + float(rng.normal(0.0, 6.0))
    inside += float(rng.uniform(-2.0, 2.2)) * np.exp(-0.5 * ((along - at) / float(rng.uniform(3.0, 7.0))) ** 2)
    if rng.random() < 0.5:
        step = float(rng.uniform(places[8], places[15]))
        drop = float(rng.uniform(0.5, 1.6)) * np.clip((along - step) / float(rng.uniform(0.8, 2.5)), 0.0, 1.0)
        inside -= drop * np.exp(-np.maximum(0.0, along - step) / float(rng.uniform(8.0, 25.0)))
    left = along[-1] - along
    end = float(rng.uniform(0.55, 1.35))
    inside *= 1.0 + (end - 1.0) * np.exp(-left / 6.0)
    rounded = float(rng.choice([2.6, 3.6, 9.0, 14.0]))
    begun = np.clip(0.45 + along / 12.0, 0.0, 1.0)
    cap = np.sqrt(np.clip(left / rounded, 0.0, 1.0)) if rounded < 5.0 else np.clip(left / rounded + 0.2, 0.0, 1.0)
    inside = np.maximum(1.3 * anatomy.vault_thickness_mm / 6.6, inside) * cap
    tangent = np.gradient(line, axis=0)
    inward = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1) / np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    cap, inside = cap * begun, inside * begun
    outer = line - inward * (0.5 * base * np.minimum(1.0, 0.4 + 0.6 * cap))[:, None]
    outline: FloatArray = np.vstack([outer, (outer + inward * np.maximum(inside, 0.05)[:, None])[::-1]])
    return rough(outline, rng, 0.22, 16.0)


def _suture(frame: Frame, rng: np.random.Generator) -> Part:
    """A cranial suture that the plane happens to cut: a fine, bent cleft through the occipital or frontal bone."""
    at, out = ((-84.0, 55.0), (-1.0, 0.1)) if rng.random() < 0.7 else ((75.0, 62.0), (0.97, 0.25))
    at = (at[0], at[1] + float(rng.uniform(-14.0, 14.0)))
    steps = np.linspace(-5.0, 5.0, 9)
    along = np.array([-out[1], out[0]])
    line = np.asarray(at) + steps[:, None] * np.asarray(out) + (rng.normal(0.0, 0.8, 9) + 0.6 * steps)[:, None] * along
    cleft = band(frame.cranial(line), rng.uniform(0.15, 0.8, 9))
    return Part("suture", Look(SOFT + 30.0, oblique=0.6), cleft, half_width=9.0, rounding=0.2, step_mm=0.3)


def _frontal_room(anatomy: Anatomy, rng: np.random.Generator) -> Points | None:
    """Lowest point, (depth, height) of the widest place and highest point of the frontal sinus, if there is one in the midline."""
    grown = anatomy.frontal_sinus
    if grown <= 0.12:
        return None
    low = float(rng.normal(14.5, 1.0))
    tall = 5.0 + 27.0 * grown * float(rng.uniform(0.65, 1.15))
    # A thin forehead has a thin sinus.
    deep = (3.4 + 6.4 * grown) * float(rng.uniform(0.65, 1.2)) * min(1.1, 0.45 + 0.55 * anatomy.vault_thickness_mm / 6.2)
    return [(0.0, low), (deep, low + tall * float(rng.uniform(0.22, 0.5))), (0.0, low + tall)]


def _frontal_sinus(frame: Frame, rng: np.random.Generator, room: Points) -> Part:
    """One room that rises between the tables, scalloped, leaning with them; `frontal_cell` may lie below it."""
    anatomy = frame.anatomy
    low, (deep, widest), high = room[0][1], room[1], room[2][1]
    heights = np.array([0.0, 0.1, 0.25, 0.42, 0.6, 0.78, 0.92, 1.0])
    up = low + (high - low) * heights
    middle_share = (widest - low) / (high - low)
    profile = np.sin(np.pi * np.clip(heights, 0.03, 0.97) ** (math.log(0.5) / math.log(middle_share))) ** 0.45
    profile *= 1.0 + rng.normal(0.0, 0.14, 8)
    # Its front wall keeps to the outer table, its back one bulges.
    line = np.asarray(_VAULT[:6])
    thick = np.asarray(_VAULT_THICKNESS[:6]) * anatomy.vault_thickness_mm / 6.6
    front = np.interp(up, line[:, 1], line[:, 0] + 0.5 * thick) - float(rng.uniform(1.8, 3.0))
    front -= 2.6 * np.clip((24.0 - up) / 10.0, 0.0, 1.0)
    edges = front - 0.16 * deep * (1.0 - profile)
    back = front - deep * np.maximum(0.16, profile)
    outline = smooth(frame.cranial(np.vstack([np.stack([edges, up], axis=1), np.stack([back, up], axis=1)[::-1]])))
    outline = rough(outline, rng, float(rng.uniform(0.25, 0.5)), float(rng.uniform(6.0, 11.0)))
    wall = Look(
        AIR,
        shell=900.0 * anatomy.bone_density,
        shell_out_mm=float(rng.uniform(0.5, 1.0)),
        uneven=1.1,
        run_mm=6.0,
        lean=-0.25,
        oblique=0.3,
    )
    walls: tuple[Wall, ...] = ()
    if rng.random() < 0.4:
        tilt = float(rng.normal(1.2, 0.5))
        place = int(rng.integers(2, 5))
        at = frame.cranial([(0.5 * float(front[place] + back[place]), float(up[place]))])[0]
        normal = (math.cos(tilt), math.sin(tilt))
        offset, thin = float(normal[0] * at[0] + normal[1] * at[1]), float(rng.uniform(0.5, 1.0))
        walls = ((normal[0], normal[1], float(rng.normal(0.0, 0.3)), offset, thin),)
    rooms = Rooms(0.8 * anatomy.lining_mm, wall_value=500.0 * anatomy.bone_density, walls=walls)
    shift, half = float(rng.normal(0.0, 4.0)), 15.0 * anatomy.size
    return Part("frontal sinus", wall, outline, feature=SINUS, half_width=half, rounding=3.0, middle_l=shift, step_mm=0.35, rooms=rooms)


def frontal_cell(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """A small, uneven cell below and behind the frontal sinus, as some grown heads have one near the midline."""
    anatomy = frame.anatomy
    if anatomy.frontal_sinus < 0.3 or rng.random() < 0.8:
        return []
    at = np.array([75.8, 12.8]) + rng.normal(0.0, 0.7, 2)
    radius = float(rng.uniform(1.5, 2.9)) * anatomy.size
    angles = np.linspace(0.0, 2.0 * math.pi, 9)[:-1]
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radius * rng.uniform(0.65, 1.25, (8, 1)) * rng.uniform(0.6, 1.3, 2)
    outline = smooth(frame.cranial(at[None]) + ring, 4)
    look = Look(AIR, shell=520.0 * anatomy.bone_density, shell_out_mm=0.45, uneven=1.6, run_mm=4.0, oblique=0.6)
    rooms = Rooms(0.5 * anatomy.lining_mm)
    middle = float(rng.normal(0.0, 1.5))
    return [Part("frontal cell", look, outline, feature=SINUS, half_width=3.4, rounding=2.4, middle_l=middle, step_mm=0.3, rooms=rooms)]


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
            stream=22,
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
    sphenoid[11:14] += _front_lean(frame)
    carried = frame.sphenoid(sphenoid)
    hollow = float(rng.normal(0.4, 0.5))
    behind = [b + 0.9 * left + 1.2 * up, b + 0.33 * length * up + (0.1 - hollow) * left, b + 0.72 * length * up - 0.6 * hollow * left]
    bulge = float(rng.normal(0.6, 0.6))
    below = [b + 0.66 * length * down + bulge * inward, b + 0.35 * length * down + (0.2 + bulge) * inward, b + 1.4 * down - 0.8 * inward]
    points = np.vstack([b - 0.4 * up, *behind, e, mixed(e, carried[0], 0.5) + 0.2 * left, carried, f, *below])
    return rough(smooth(points, 6), rng, 0.22, 9.0)


def _front_lean(frame: Frame) -> FloatArray:
    """How the sphenoid's front wall lies: top, middle and foot, before or behind the mean; the sinus follows it."""
    rng = np.random.default_rng((frame.seed, 73, 2))
    places: FloatArray = np.stack([rng.normal(0.0, (1.3, 1.2, 1.6)), rng.normal(0.0, 0.5, 3)], axis=1)
    return places


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
    points[[0, 10, 9]] += _front_lean(frame)
    # A young sinus is a small bubble behind the front wall, not a slit from roof to floor.
    points[:, 1] = 13.5 + (points[:, 1] - 13.5) * min(1.0, 0.42 + 0.8 * anatomy.pneumatisation) * float(rng.uniform(0.88, 1.0))
    outline = rough(smooth(_kept_off(frame.sphenoid(points), frame, 3.2)), rng, 0.5, 9.0)
    low, high = outline.min(axis=0), outline.max(axis=0)
    level = float(low[1] + anatomy.mucosa * (high[1] - low[1])) if anatomy.mucosa > 0.0 else -1e9
    walls = tuple(_septum(rng, low, high) for _ in range(anatomy.sinus_septa))
    rooms = Rooms(anatomy.lining_mm, level, 520.0 * anatomy.bone_density, walls)
    shell = Look(AIR, shell=470.0 * anatomy.bone_density, shell_out_mm=0.5, uneven=1.5, run_mm=7.0, oblique=0.4)
    half_width = float(rng.uniform(9.0, 13.0)) * anatomy.size
    return [Part("sphenoid sinus", shell, outline, feature=SINUS, half_width=half_width, rounding=4.0, step_mm=0.4, rooms=rooms, stream=24)]


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
