"""The parts of one head, in painting order: soft tissue and air, vault and base, face and jaws, spine."""

from __future__ import annotations

from typing import Any

import numpy as np

from sos_studio.phantom.kernels import AIR, ARCH, ELLIPSOID, HEAD, NASAL, SYNCHONDROSIS
from sos_studio.phantom.landmarks import FloatArray, Frame, Point, Points, make_frame
from sos_studio.phantom.outlines import band, rounded_box, smooth
from sos_studio.phantom.parameters import PhantomParameters
from sos_studio.phantom.parts import Part

FAT, SOFT, BRAIN = -70.0, 45.0, 40.0
ENAMEL, DENTINE = 2300.0, 1500.0

_SKIN_FRONT: Points = [
    (84, 78), (86, 48), (87, 27), (85, 12), (92, 2), (99, -7), (104, -13), (101, -20), (92, -23), (91, -31), (94, -39), (89, -45),
    (91, -51), (85, -58), (88, -66), (85, -77), (73, -83), (54, -85), (38, -88), (27, -97), (24, -115), (24, -150),
]  # fmt: skip
_SKIN_BACK: Points = [
    (-70, -150), (-68, -83), (-69, -55), (-72, -30), (-82, 2), (-90, 35), (-92, 70), (-82, 100), (-45, 119), (0, 123), (48, 113), (73, 98),
]  # fmt: skip
_VAULT: Points = [
    (81, 11), (78, 20), (76, 40), (74, 58), (66, 80), (44, 100), (5, 110), (-38, 105), (-70, 87), (-81, 68), (-83, 45), (-78, 21),
    (-69, 6), (-58, -5), (-47, -11),
]  # fmt: skip
_VAULT_THICKNESS = [8.0, 9.0, 8.5, 6.5, 6.0, 6.0, 6.0, 6.5, 7.0, 7.5, 6.5, 8.0, 5.5, 5.0, 4.0]
_BRAIN: Points = [
    (60, 46), (55, 74), (35, 90), (0, 98), (-35, 93), (-60, 76), (-68, 58), (-68, 36), (-60, 20), (-45, 16), (-25, 18), (-13, 28), (0, 38),
    (15, 40), (40, 42),
]  # fmt: skip
_NASAL: Points = [
    (31, 8), (35, 19), (44, 24), (58, 25), (68, 20), (76, 9), (83, 0), (90, -8), (92, -17), (86, -20), (76, -17), (60, -16), (45, -16),
    (33, -15), (29, -8), (29, 0),
]  # fmt: skip
_AIRWAY_BACK: Points = [(25, -3), (14, -13), (6, -24), (1, -38), (-4, -54), (-5, -66), (-2, -82), (4, -98), (6, -150)]
_AIRWAY_FRONT: Points = [(18, -150), (17, -98), (10, -84), (6, -68), (6, -52), (9, -40), (14, -30), (24, -19), (33, -14), (34, -6), (30, 0)]
_MAXILLA: Points = [
    (28, -18.6), (45, -19.4), (60, -19.2), (70, -19), (79, -23), (77, -29), (77.5, -38), (73.5, -39), (69, -33), (60, -26.5), (46, -22.8), (29, -21.2),
]  # fmt: skip
_SYMPHYSIS: Points = [
    (62, -56),
    (58, -62),
    (53, -68),
    (51, -75),
    (53.5, -80.5),
    (59.5, -81.3),
    (63, -76),
    (63.8, -66),
    (66.5, -58),
    (65, -55.5),
]
_AXIS: Points = [
    (-14, -19.6), (-10.5, -19.6), (-8.9, -24), (-9.6, -29), (-9, -35), (-8.4, -43), (-8.4, -49), (-14, -48.6), (-21.5, -47.3), (-21, -40), (-18.5, -33),
    (-16.2, -28), (-15.7, -23),
]  # fmt: skip


def build_parts(parameters: PhantomParameters) -> tuple[list[Part], Frame]:
    """All parts of one head in painting order, and its frame."""
    frame = make_frame(parameters.anatomy, parameters.seed)
    density = parameters.anatomy.bone_density
    rng = np.random.default_rng((parameters.seed, 72))
    parts = [
        *_soft_tissue(parameters, frame),
        *_sides(frame, density),
        *_vault(parameters, frame, density),
        *_base(parameters, frame, density, rng),
        *_jaws(parameters, frame, density),
        *_spine(frame, density, rng),
    ]
    return parts, frame


def _soft_tissue(parameters: PhantomParameters, frame: Frame) -> list[Part]:
    anatomy = parameters.anatomy
    size = anatomy.size
    brain = frame.cranial(_BRAIN)
    skin = smooth(np.vstack([frame.outer(_SKIN_FRONT), frame.outer(_SKIN_BACK[:4]), frame.cranial(_SKIN_BACK[4:])]))
    back, front = np.asarray(_AIRWAY_BACK, dtype=np.float64), np.asarray(_AIRWAY_FRONT, dtype=np.float64)
    # Adenoids fill the roof of the pharynx of children; the tongue decides how wide it is behind the palate.
    back[:3] += np.outer([1.0, 0.8, 0.3], (0.55, -0.83)) * (anatomy.adenoid_mm - 7.0)
    middle = slice(2, 9)
    front[middle, 0] += (anatomy.airway_width - 1.0) * 6.0
    airway = smooth(np.vstack([frame.outer(back), frame.outer(front)]))
    epiglottis = band(frame.outer([(9.5, -80), (6, -73), (2.0, -67)]), [3.0, 2.2, 1.6])
    return [
        Part("skin", SOFT, skin, HEAD, half_width=75.0 * size, rounding=20.0 * size, shell=FAT + 60.0, shell_in=2.5, step_mm=1.0),
        Part("brain", BRAIN, smooth(brain), HEAD, half_width=70.0 * size, rounding=0.0, stop_inside=3.0, step_mm=2.0),
        Part("airway", AIR, airway, half_width=11.0 * size, rounding=4.0),
        Part("epiglottis", SOFT, epiglottis, half_width=9.0 * size, rounding=1.0),
        Part("nose", AIR, smooth(frame.facial(_NASAL)), feature=NASAL, half_width=13.5 * size, rounding=5.0),
    ]


def _sides(frame: Frame, density: float) -> list[Part]:
    """What is off the midline, as ellipsoids on both sides: ear bones, condyles, orbits, sinuses, cheeks."""
    size = frame.anatomy.size

    def pair(
        name: str, l: float, at: FloatArray, radii: tuple[float, float, float], fill: float, shell: tuple[float, float, float]
    ) -> Part:
        value, inwards, outwards = shell
        r = (radii[0] * size, radii[1] * size, radii[2] * size)
        center = (l * size, float(at[0]), float(at[1]))
        return Part(
            name, fill, center=center, radii=r, kind=ELLIPSOID, grain=120.0 * density, shell=value, shell_in=inwards, shell_out=outwards
        )

    base = frame.cranial([(-5, 3), (-15, 4), (-25, 3), (-33, -11), (-19, -15)])
    face = frame.facial([(61, 6), (52, -21), (56, -12), (8, -30), (1, -3), (33, -4)])
    dense = (1000.0 * density, 1.5, 0.0)
    thin = (620.0 * density, 0.0, 0.9)
    return [
        pair("petrous tip", 19, base[0], (6, 7, 6), 650 * density, dense),
        pair("petrous", 30, base[1], (10, 9, 8), 700 * density, dense),
        pair("petrous base", 43, base[2], (11, 11, 10), 450 * density, dense),
        pair("mastoid", 50, base[3], (9, 11, 15), 150 * density, dense),
        pair("condyle", 17, base[4], (5, 9, 5), 330 * density, dense),
        pair("orbit", 31, face[0], (16, 21, 16), FAT, thin),
        pair("maxillary sinus", 27, face[1], (11, 15, 15), AIR, thin),
        pair("cheek", 47, face[2], (7, 8, 7), 320 * density, dense),
        pair("ramus", 45, face[3], (4, 14, 30), 350 * density, dense),
        pair("jaw joint", 48, face[4], (8, 4.5, 5), 330 * density, dense),
        pair("pterygoid", 14, face[5], (2.5, 4, 12), 300 * density, dense),
    ]


def _vault(parameters: PhantomParameters, frame: Frame, density: float) -> list[Part]:
    anatomy = parameters.anatomy
    size = anatomy.size
    vault = band(frame.cranial(_VAULT), np.asarray(_VAULT_THICKNESS) * anatomy.vault_thickness_mm / 6.6, per_span=7)
    tables = (1150.0 * density, 1.3, 0.0)
    parts = [
        Part("vault", 480.0 * density, vault, HEAD, half_width=71.0 * size, rounding=0.0, grain=150.0, shell=tables[0], shell_in=1.3),
        Part("nasal bone", 900.0 * density, band(frame.facial([(80.5, 12), (85, 5), (90, -3)]), [4.5, 2.5, 1.5]), half_width=6.0 * size),
        Part(
            "crista galli",
            520.0 * density,
            smooth(frame.facial([(67, 23), (64, 33), (60, 29), (58, 23)])),
            half_width=2.5,
            shell=800 * density,
            shell_in=0.8,
        ),
    ]
    if anatomy.frontal_sinus > 0.12:
        grown = anatomy.frontal_sinus
        points = np.asarray(
            [(78.5, 18 + 26 * grown), (81, 24 + 8 * grown), (80, 17), (75, 12), (69, 14), (71, 19), (75.5, 24 + 8 * grown)],
            dtype=np.float64,
        )
        sinus = smooth(frame.cranial(points))
        parts.append(
            Part("frontal sinus", AIR, sinus, half_width=18.0 * size, rounding=3.0, middle_l=2.0, shell=900 * density, shell_out=1.1)
        )
    return parts


def _base(parameters: PhantomParameters, frame: Frame, density: float, rng: np.random.Generator) -> list[Part]:
    """Clivus with the joint, sella, sinus, planum, vomer."""
    size = frame.anatomy.size
    cancellous = 45.0 + 230.0 * density
    bone = Part(
        "clivus", cancellous, _clivus_outline(frame), feature=SYNCHONDROSIS, half_width=12.5 * size, rounding=3.0,
        grain=210.0 * density * parameters.anatomy.trabecular_contrast, shell=830.0 * density, shell_in=1.0, step_mm=0.35,
    )  # fmt: skip
    planum = np.vstack([frame.sphenoid([(20.0, 26.6), (33, 27)]), frame.facial([(50, 24.5), (62, 25), (69, 24)])])
    vomer = np.vstack([frame.sphenoid([(25, 2.2), (32, 3)]), frame.facial([(40, -5), (52, -13), (60, -17)])])
    return [
        Part("planum", 700.0 * density, band(planum, [1.3, 1.0, 0.9, 1.0, 1.5]), half_width=10.0 * size, rounding=0.3),
        Part("vomer", 420.0 * density, band(vomer, [2.0, 1.6, 1.2, 1.2, 1.5]), half_width=1.2, rounding=0.3),
        bone,
        *_sphenoid_sinus(parameters, frame, density, rng),
    ]


def _clivus_outline(frame: Frame) -> FloatArray:
    """Basilar part and sphenoid body as one bone; its corners at the joint are the ends of the SOS."""
    b, e, f = (np.asarray(p) for p in (frame.basion, frame.endocranial, frame.ectocranial))
    up, down = (e - b) / np.linalg.norm(e - b), (f - b) / np.linalg.norm(f - b)
    length = frame.anatomy.basilar_length_mm
    left = np.array([-up[1], up[0]])
    depth = frame.anatomy.sella_depth_mm - 8.0
    sella: Points = [
        (6.8, 25.3), (8.6, 26.2), (9.2, 24.5), (9.0, 22.0), (10.3, 19.3 - depth), (13.6, 18.2 - depth), (17.4, 19.5 - depth), (19.2, 23.2), (20.3, 26.5),
        (27.0, 27.2), (34.2, 27.2), (35.0, 15.0), (31.5, 3.4), (23.0, 2.0), (15.5, 1.2),
    ]  # fmt: skip
    back_of_dorsum = e * 0.5 + frame.sphenoid([(6.8, 25.3)])[0] * 0.5 + 0.4 * left
    behind = [b + 0.9 * left + 1.2 * up, b + 0.33 * length * up + 0.5 * left, b + 0.72 * length * up + 0.1 * left]
    inward = np.array([-down[1], down[0]])
    below = [b + 0.66 * length * down + 0.9 * inward, b + 0.35 * length * down + 0.5 * inward, b + 1.4 * down - 0.8 * inward]
    points = np.vstack([b - 0.4 * up, *behind, e, back_of_dorsum, frame.sphenoid(sella), f, *below])
    return smooth(points, 5)


def _sphenoid_sinus(parameters: PhantomParameters, frame: Frame, density: float, rng: np.random.Generator) -> list[Part]:
    anatomy = parameters.anatomy
    if anatomy.pneumatisation < 0.12:
        return []
    depth = anatomy.sella_depth_mm - 8.0
    back = 27.0 - 19.0 * (anatomy.pneumatisation - 0.12) / 0.88
    points = np.array(
        [(33.4, 25.8), (24, 25.6), (21.2, 23), (20.2, 19 - depth), (17.5, 17 - depth), (back + 2, 16.2 - depth), (back, 11), (back + 2.5, 6.0), (22, 4.2), (31, 5.2), (33.9, 15)]
    )  # fmt: skip
    points[1:-1, 0] = np.maximum(points[1:-1, 0], back + np.array([2.5, 1.5, 1.0, 0.8, 0.5, 0.0, 0.5, 2.0, 4.0]))
    points += rng.normal(0.0, 0.6, points.shape)
    outline = smooth(_kept_off(frame.sphenoid(points), frame, 4.0))
    half_width = float(rng.uniform(9.0, 13.0)) * anatomy.size
    wall = (720.0 * density, 0.0, 0.8)
    parts = [Part("sphenoid sinus", AIR, outline, half_width=half_width, rounding=4.0, shell=wall[0], shell_out=wall[2], step_mm=0.4)]
    low, high = outline.min(axis=0), outline.max(axis=0)
    if anatomy.mucosa > 0.0:
        level = low[1] + anatomy.mucosa * (high[1] - low[1])
        swollen = outline.copy()
        swollen[:, 1] = np.minimum(swollen[:, 1], level + 1.5 * np.sin(swollen[:, 0] / 4.0 + parameters.seed))
        parts.append(Part("mucosa", 20.0, swollen, half_width=half_width - 0.8, rounding=3.0))
    for _ in range(anatomy.sinus_septa):
        at = float(rng.uniform(low[0] + 3, high[0] - 3)) if high[0] - low[0] > 8 else float(low[0] + high[0]) / 2
        lean = float(rng.normal(0.0, 5.0))
        line = [
            (at - lean, float(low[1]) - 0.5),
            (at + rng.normal(0.0, 1.5), float(low[1] + high[1]) / 2),
            (at + lean, float(high[1]) + 0.5),
        ]
        parts.append(_septum(line, outline, half_width, density))
    return parts


def _septum(line: Points, sinus: FloatArray, half_width: float, density: float) -> Part:
    """A thin wall across the sinus; what would stick out of it is drawn in."""
    low, high = sinus.min(axis=0), sinus.max(axis=0)
    clipped = [(float(np.clip(a, low[0], high[0])), float(np.clip(s, low[1], high[1]))) for a, s in line]
    return Part("sinus septum", 520.0 * density, band(clipped, 0.9), half_width=half_width - 1.0, rounding=0.3)


def _kept_off(points: FloatArray, frame: Frame, distance_mm: float) -> FloatArray:
    """Push points that come too near to the SOS (or lie behind it) away from it, into the sphenoid."""
    e, f = np.asarray(frame.endocranial), np.asarray(frame.ectocranial)
    along = (f - e) / np.linalg.norm(f - e)
    normal = np.array([-along[1], along[0]])
    lacking = np.maximum(0.0, distance_mm - (points - e) @ normal)
    pushed: FloatArray = points + lacking[:, None] * normal
    return pushed


def _jaws(parameters: PhantomParameters, frame: Frame, density: float) -> list[Part]:
    size = frame.anatomy.size
    jaw = size * frame.anatomy.face_size
    overjet = parameters.anatomy.overjet_mm - 3.0
    maxilla, symphysis = smooth(frame.facial(_MAXILLA)), smooth(frame.facial(_SYMPHYSIS) - np.array([overjet, 0.0]))
    upper = smooth(frame.facial([(70.5, -25.5), (74, -33), (77.5, -42), (80.5, -49.3), (78.3, -49.5), (74, -44), (70.5, -36)]))
    crown = smooth(frame.facial([(77, -40.5), (80.8, -49.3), (78.3, -49.6), (74, -42.5)]))
    lower = smooth(
        frame.facial([(60.5, -67), (65.5, -58), (73.5, -47.5), (74.8, -47.8), (71.5, -54), (67, -61), (63, -67)]) - np.array([overjet, 0.0])
    )
    lower_crown = smooth(frame.facial([(69, -53.3), (73.5, -47.2), (75, -47.6), (72.5, -54)]) - np.array([overjet, 0.0]))
    middle_a = float(frame.facial([(22, -30)])[0, 0])
    upper_arch = (middle_a, 52.0 * jaw, 31.0 * jaw)
    lower_arch = (middle_a - 8.0, 56.0 * jaw, 42.0 * jaw)
    cortex = (950.0 * density, 1.1)
    thick = (1250.0 * density, 2.0)
    hyoid = rounded_box(tuple_of(frame.outer([(14, -78)])), (7.0 * size, 9.0 * size), 25.0, 2.0)
    palate: dict[str, Any] = {"grain": 140.0, "shell": cortex[0], "shell_in": cortex[1], "rounding": 2.0}
    return [
        Part("maxilla", 330.0 * density, maxilla, half_width=14.0 * jaw, **palate),
        Part(
            "upper alveolus",
            330.0 * density,
            _alveolus(frame),
            ARCH,
            half_width=30.0 * jaw,
            arch=upper_arch,
            grain=140.0,
            shell=cortex[0],
            shell_in=1.0,
        ),
        Part("upper teeth", DENTINE, upper, ARCH, half_width=30.0 * jaw, arch=upper_arch, rounding=14.0),
        Part("upper crowns", ENAMEL, crown, ARCH, half_width=30.0 * jaw, arch=upper_arch, rounding=14.0),
        Part(
            "mandible",
            330.0 * density,
            symphysis,
            ARCH,
            half_width=46.0 * jaw,
            arch=lower_arch,
            rounding=4.0,
            grain=200.0,
            shell=thick[0],
            shell_in=thick[1],
        ),
        Part("lower teeth", DENTINE, lower, ARCH, half_width=40.0 * jaw, arch=lower_arch, rounding=18.0),
        Part("lower crowns", ENAMEL, lower_crown, ARCH, half_width=40.0 * jaw, arch=lower_arch, rounding=18.0),
        Part("hyoid", 350.0 * density, hyoid, half_width=11.0, rounding=1.5, shell=800.0 * density, shell_in=0.9),
    ]


def _alveolus(frame: Frame) -> FloatArray:
    return smooth(frame.facial([(70, -20), (77, -22.5), (76.5, -30), (77.5, -38), (73.5, -39), (69, -33), (67, -26)]))


def tuple_of(point: FloatArray) -> Point:
    """The only row of a 1 x 2 array as a point."""
    return float(point[0, 0]), float(point[0, 1])


def _spine(frame: Frame, density: float, rng: np.random.Generator) -> list[Part]:
    size = frame.anatomy.size
    cancellous = 45.0 + 230.0 * density
    look: dict[str, Any] = {"grain": 170.0 * density, "shell": 820.0 * density, "shell_in": 0.9}

    def bone(name: str, outline: FloatArray, half_width: float, rounding: float = 2.0) -> Part:
        return Part(name, cancellous, outline, half_width=half_width * size, rounding=rounding, **look)

    arch_front, arch_back = tuple_of(frame.cervical([(-4.0, -23)])), tuple_of(frame.cervical([(-40, -25.5)]))
    middle_a = (arch_front[0] + arch_back[0]) / 2
    depth = (arch_front[0] - arch_back[0]) / 2
    front = rounded_box(arch_front, (4.8 * size, 9.0 * size), 8.0, 2.2 * size)
    back = rounded_box(arch_back, (5.0 * size, 7.5 * size), 15.0, 2.3 * size)
    parts = [
        Part("atlas front", cancellous, front, ARCH, half_width=16.0 * size, arch=(middle_a, depth, 21.0 * size), rounding=0.0, **look),
        Part("atlas back", cancellous, back, ARCH, half_width=22.0 * size, arch=(middle_a, -depth, 22.0 * size), rounding=0.0, **look),
        bone("axis", smooth(frame.cervical(_AXIS), 5), 7.0, 3.0),
        bone(
            "axis spine", smooth(frame.cervical([(-39, -35), (-38.5, -43.5), (-43, -44.5), (-51, -43.5), (-52.5, -40), (-46, -37.5)])), 4.5
        ),
    ]
    for n, (a, s) in enumerate([(-18.0, -57.6), (-20.4, -72.0), (-22.2, -86.4), (-23.4, -100.8), (-24.2, -115.0)]):
        tilt = -6.0 + frame.anatomy.neck_tilt_deg * min(1.6, (-17 - s) / 45.0) + float(rng.normal(0.0, 2.0))
        center = tuple_of(frame.cervical([(a, s)]))
        parts.append(bone(f"body {n + 3}", rounded_box(center, (14.0 * size, 11.5 * size), tilt, 1.6 * size), 8.5))
        center = tuple_of(frame.cervical([(a - 28.0 - n, s + 0.5 - 1.2 * n)]))
        parts.append(
            bone(f"spine {n + 3}", rounded_box(center, (14.5 * size, 5.2 * size), tilt + 28.0 + float(rng.normal(0, 4)), 2.2 * size), 3.0)
        )
    return parts
