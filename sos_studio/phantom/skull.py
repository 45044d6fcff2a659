"""Vault, what lies beside the midline, and the midline of the base: clivus, sella, sphenoid sinus."""

from __future__ import annotations

import numpy as np

from sos_studio.phantom.kernels import AIR, ELLIPSOID, HEAD, SYNCHONDROSIS
from sos_studio.phantom.landmarks import FloatArray, Frame, Points
from sos_studio.phantom.outlines import band, mixed, rough, smooth
from sos_studio.phantom.parts import Look, Part
from sos_studio.phantom.soft_tissue import FAT

_VAULT: Points = [
    (81, 11), (78, 20), (76, 40), (74, 58), (66, 80), (44, 100), (5, 110), (-38, 105), (-70, 87), (-81, 68), (-83, 45), (-78, 21),
    (-69, 6), (-58, -5), (-47, -11),
]  # fmt: skip
_VAULT_THICKNESS = (8.0, 9.0, 8.5, 6.5, 6.0, 6.0, 6.0, 6.5, 7.0, 7.5, 6.5, 8.0, 5.5, 5.0, 2.4)
_CRISTA: Points = [(68, 22), (66, 28), (63.5, 31.5), (60.5, 29), (57, 23.5), (62, 22)]
# Sphenoid body from the top of the dorsum sellae forward, down and back to the ectocranial end of the SOS.
_SPHENOID: Points = [
    (6.6, 24.6), (7.2, 26.2), (8.8, 26.4), (9.4, 24.4), (9.0, 22.0), (10.3, 19.3), (13.6, 18.2), (17.4, 19.5), (19.2, 23.2), (20.3, 26.5),
    (27.0, 27.2), (34.2, 27.2), (35.0, 15.0), (31.5, 3.4), (23.0, 2.0), (15.5, 1.2),
]  # fmt: skip
_SELLA_FLOOR = slice(5, 8)
_SINUS: Points = [
    (33.4, 25.8),
    (24, 25.6),
    (21.2, 23),
    (20.2, 19),
    (17.5, 17),
    (2, 16.2),
    (0, 11),
    (2.5, 6.0),
    (22, 4.2),
    (31, 5.2),
    (33.9, 15),
]


def cancellous(density: float) -> float:
    """Mean grey value of cancellous bone."""
    return 45.0 + 185.0 * density


def beside_the_midline(frame: Frame) -> list[Part]:
    """Ellipsoids on both sides: ear bones, condyles, orbits, sinuses, cheeks, jaw."""
    density, size = frame.anatomy.bone_density, frame.anatomy.size
    base = frame.cranial([(-5, 3), (-15, 4), (-25, 3), (-33, -11), (-19, -15)])
    face = frame.facial([(47, 6), (44, -16), (48, -13), (8, -30), (1, -3), (33, -4)])
    thin = {"shell": 620.0 * density, "shell_out_mm": 0.9}
    table: list[tuple[str, float, FloatArray, tuple[float, float, float], Look]] = [
        ("petrous tip", 19, base[0], (6, 7, 6), _dense(650, density)),
        ("petrous", 30, base[1], (10, 9, 8), _dense(700, density)),
        ("petrous base", 43, base[2], (11, 11, 10), _dense(450, density)),
        ("mastoid", 50, base[3], (9, 11, 15), _dense(150, density)),
        ("condyle", 17, base[4], (5, 9, 5), _dense(330, density)),
        ("orbit", 30, face[0], (15, 20, 15), Look(FAT, **thin)),
        ("maxillary sinus", 26, face[1], (10, 15, 12), Look(AIR, **thin)),
        ("cheek", 47, face[2], (7, 8, 7), _dense(320, density)),
        ("ramus", 45, face[3], (4, 14, 30), _dense(350, density)),
        ("jaw joint", 48, face[4], (8, 4.5, 5), _dense(330, density)),
        ("pterygoid", 14, face[5], (2.5, 4, 12), _dense(300, density)),
    ]
    return [
        Part(name, look, kind=ELLIPSOID, center=(side * size, float(at[0]), float(at[1])), radii=(r[0] * size, r[1] * size, r[2] * size))
        for name, side, at, r, look in table
    ]


def _dense(fill: float, density: float) -> Look:
    return Look(fill * density, grain=120.0 * density, shell=1000.0 * density, shell_in_mm=1.5)


def vault(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """From the nasion over the vertex to the back of the foramen magnum, with the frontal sinus."""
    anatomy = frame.anatomy
    density, size = anatomy.bone_density, anatomy.size
    uneven = 1.0 + 0.10 * rng.normal(size=len(_VAULT))
    thickness = np.asarray(_VAULT_THICKNESS) * anatomy.vault_thickness_mm / 6.6 * uneven
    bone = rough(band(frame.cranial(_VAULT), thickness, per_span=7), rng, 0.4, 38.0)
    tables = Look(400.0 * density, grain=190.0 * density, shell=1150.0 * density, shell_in_mm=1.5)
    crista = Look(300.0 * density, grain=120.0, shell=620.0 * density, shell_in_mm=0.9)
    nasal = band(frame.facial([(81.0, 13), (85, 5), (90, -3)]), [5.0, 2.8, 1.5])
    parts = [
        Part("vault", tables, bone, HEAD, half_width=71.0 * size, rounding=0.0, step_mm=0.9),
        Part("nasal bone", Look(850.0 * density), nasal, half_width=6.0 * size),
        Part("crista galli", crista, rough(smooth(frame.facial(_CRISTA)), rng, 0.6, 6.0), half_width=2.2),
    ]
    grown = anatomy.frontal_sinus
    if grown > 0.12:
        points = np.array(
            [(77.0, 18 + 26 * grown), (79.0, 24 + 8 * grown), (78.5, 17), (74, 12), (69, 14), (70.5, 19), (74.5, 24 + 8 * grown)]
        )
        # A thin forehead has a thin sinus.
        points[:, 0] = 77.5 + (points[:, 0] - 77.5) * min(1.0, anatomy.vault_thickness_mm / 6.6)
        points += rng.normal(0.0, 0.5, points.shape)
        wall = Look(AIR, shell=900.0 * density, shell_out_mm=1.1)
        parts.append(Part("frontal sinus", wall, smooth(frame.cranial(points)), half_width=18.0 * size, rounding=3.0, middle_l=2.0))
    return parts


def midline_base(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """Planum, vomer, and the clivus with the joint: the reason for everything else."""
    anatomy = frame.anatomy
    density = anatomy.bone_density
    bone = Look(cancellous(density), 210.0 * density * anatomy.trabecular_contrast, 830.0 * density, shell_in_mm=1.0)
    planum = np.vstack([frame.sphenoid([(20.0, 26.6), (33, 27)]), frame.facial([(50, 24.5), (62, 25), (69, 23)])])
    vomer = np.vstack([frame.sphenoid([(25, 2.2), (32, 3)]), frame.facial([(40, -5), (52, -13), (60, -17)])])
    return [
        Part("planum", Look(700.0 * density), band(planum, [1.3, 1.0, 0.9, 1.2, 1.8]), half_width=10.0 * anatomy.size, rounding=0.3),
        Part("vomer", Look(420.0 * density), band(vomer, [2.0, 1.6, 1.2, 1.2, 1.5]), half_width=1.0, rounding=0.3, middle_l=0.5),
        Part("clivus", bone, _clivus(frame, rng), feature=SYNCHONDROSIS, half_width=12.5 * anatomy.size, rounding=3.0, step_mm=0.35),
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
    carried = frame.sphenoid(sphenoid)
    behind = [b + 0.9 * left + 1.2 * up, b + 0.33 * length * up + 0.5 * left, b + 0.72 * length * up + 0.1 * left]
    below = [b + 0.66 * length * down + 0.9 * inward, b + 0.35 * length * down + 0.5 * inward, b + 1.4 * down - 0.8 * inward]
    points = np.vstack([b - 0.4 * up, *behind, e, mixed(e, carried[0], 0.5) + 0.4 * left, carried, f, *below])
    return rough(smooth(points, 5), rng, 0.2, 10.0)


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
    points += rng.normal(0.0, 0.5, points.shape)
    outline = rough(smooth(_kept_off(frame.sphenoid(points), frame, 4.0)), rng, 0.3, 12.0)
    half_width = float(rng.uniform(9.0, 13.0)) * anatomy.size
    wall = Look(AIR, shell=720.0 * anatomy.bone_density, shell_out_mm=0.8)
    parts = [Part("sphenoid sinus", wall, outline, half_width=half_width, rounding=4.0, step_mm=0.4)]
    if anatomy.mucosa > 0.0:
        low, high = outline.min(axis=0), outline.max(axis=0)
        level = low[1] + anatomy.mucosa * (high[1] - low[1])
        swollen = outline.copy()
        swollen[:, 1] = np.minimum(swollen[:, 1], level + 1.8 * np.sin(swollen[:, 0] / 4.0 + float(rng.uniform(0.0, 6.0))))
        parts.append(Part("mucosa", Look(20.0), swollen, half_width=half_width - 0.8, rounding=3.0))
    return parts + _septa(frame, rng, outline, half_width)


def _septa(frame: Frame, rng: np.random.Generator, sinus: FloatArray, half_width: float) -> list[Part]:
    """Thin walls across the sinus: the first upright, the second lying."""
    low, high = sinus.min(axis=0), sinus.max(axis=0)
    size, middle = high - low, (low + high) / 2
    parts: list[Part] = []
    for n in range(frame.anatomy.sinus_septa):
        along, across = (1, 0) if n == 0 else (0, 1)
        if size[across] < 9.0:
            continue
        ends = np.vstack([middle, middle, middle])
        ends[:, along] = low[along], middle[along], high[along]
        lean = float(rng.normal(0.0, 0.16)) * size[across]
        ends[:, across] += float(rng.uniform(-0.2, 0.2)) * size[across] + rng.normal(0.0, 0.8, 3) + lean * np.array([-1.0, 0.0, 1.0])
        wall = Look(480.0 * frame.anatomy.bone_density)
        parts.append(Part("sinus septum", wall, band(ends, 0.9), half_width=half_width - 1.0, rounding=0.3))
    return parts


def _kept_off(points: FloatArray, frame: Frame, distance_mm: float) -> FloatArray:
    """Push points that come too near to the SOS (or lie behind it) away from it, into the sphenoid."""
    e, f = np.asarray(frame.endocranial), np.asarray(frame.ectocranial)
    along = (f - e) / np.linalg.norm(f - e)
    normal = np.array([-along[1], along[0]])
    lacking = np.maximum(0.0, distance_mm - (points - e) @ normal)
    pushed: FloatArray = points + lacking[:, None] * normal
    return pushed
