"""Skin, brain, pharynx, mouth and nose."""

from __future__ import annotations

import numpy as np

from sos_studio.phantom.kernels import AIR, FLESH, NASAL, OPEN_AIR
from sos_studio.phantom.landmarks import FloatArray, Frame, Points
from sos_studio.phantom.outlines import band, rough, smooth
from sos_studio.phantom.parts import Look, Part
from sos_studio.phantom.solids import HEAD

FAT, SOFT, BRAIN = -60.0, 45.0, 40.0

_SKIN_FRONT: Points = [
    (84, 78), (86, 48), (87, 27), (85, 12), (92, 2), (99, -7), (104, -13), (101, -20), (92, -23), (91, -31), (94, -39), (89, -45),
    (91, -51), (85, -58), (88, -66), (85, -77), (73, -83), (54, -85), (38, -88), (27, -97), (24, -115), (24, -150),
]  # fmt: skip
_NOSE = slice(4, 8)
_SKIN_BACK: Points = [
    (-70, -150), (-68, -83), (-69, -55), (-72, -30), (-82, 2), (-90, 35), (-92, 70), (-82, 100), (-45, 119), (0, 123), (48, 113), (73, 98),
]  # fmt: skip
_BRAIN: Points = [
    (60, 46), (55, 74), (35, 90), (0, 98), (-35, 93), (-60, 76), (-68, 58), (-68, 36), (-60, 20), (-45, 16), (-25, 18), (-13, 28), (0, 38),
    (15, 40), (40, 42),
]  # fmt: skip
_NASAL: Points = [
    (30, 6), (33.5, 15), (36, 23.5), (46, 24.2), (58, 24.5), (68, 18), (75, 8), (82, -1), (88, -8), (90, -16), (85, -19.5), (76, -17.3),
    (60, -16.3), (45, -16), (33, -15), (28.5, -8), (28.5, 0),
]  # fmt: skip
_AIRWAY_BACK: Points = [(25, -3), (14, -13), (7, -24), (3, -38), (0, -54), (-2, -66), (0, -82), (5, -98), (7, -150)]
_AIRWAY_FRONT: Points = [
    (17, -150), (16, -98), (11.5, -86), (11, -79), (13.5, -72), (11, -65), (8.5, -58), (8, -50), (10, -40), (15, -29.5), (23, -21),
    (31, -15), (33, -6), (29, 0),
]  # fmt: skip


def soft_tissue(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """The head's outside and its air ways; painted first, bones come on top."""
    anatomy = frame.anatomy
    size = anatomy.size
    front = np.asarray(_SKIN_FRONT, dtype=np.float64)
    # A child's nose is short and its lips are full.
    front[_NOSE, 0] = 88.0 + (front[_NOSE, 0] - 88.0) * (0.5 + 0.5 * anatomy.grown) * float(rng.normal(1.0, 0.12))
    front[8:18] += rng.normal(0.0, 0.9, (10, 2))
    back = np.asarray(_SKIN_BACK, dtype=np.float64)
    back[:4, 0] += 7.0 * (1.0 - anatomy.grown) - 3.0 + float(rng.normal(0.0, 4.0))
    skin = smooth(np.vstack([frame.outer(front), frame.outer(back[:4]), frame.cranial(back[4:])]))
    brain = smooth(frame.cranial(_BRAIN))
    scalp = Look(SOFT, shell=FAT + 30.0, shell_in_mm=3.0)
    return [
        Part("skin", scalp, rough(skin, rng, 0.5, 25.0), HEAD, FLESH, half_width=75.0 * size, rounding=20.0 * size, step_mm=1.2),
        Part("brain", Look(BRAIN), brain, HEAD, half_width=70.0 * size, rounding=0.0, stop_inside=3.0, step_mm=3.0),
        *_airway(frame, rng),
        *_mouth(frame, rng),
        Part("nose", Look(AIR), rough(smooth(frame.facial(_NASAL)), rng, 0.5, 14.0), feature=NASAL, half_width=13.5 * size, rounding=5.0),
    ]


def _airway(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """Adenoids fill the roof of a child's pharynx; the tongue decides how wide it is behind the palate."""
    anatomy = frame.anatomy
    back, front = np.asarray(_AIRWAY_BACK, dtype=np.float64), np.asarray(_AIRWAY_FRONT, dtype=np.float64)
    back[:3] += np.outer([1.0, 0.85, 0.35], (0.55, -0.83)) * (anatomy.adenoid_mm - 7.0)
    back[3:8, 0] += rng.normal(0.0, 1.3, 5)
    tongue = (anatomy.airway_width - 1.0) * 7.0
    front[1:11, 0] += tongue - 0.5
    front[2:11] += rng.normal(0.0, 0.9, (9, 2))
    # The pharynx never closes: there is always a gap between its walls.
    at_height = np.interp(-front[:12, 1], -back[:, 1], back[:, 0])
    front[:12, 0] = np.maximum(front[:12, 0], at_height + 2.2)
    airway = rough(smooth(np.vstack([frame.outer(back), frame.outer(front)]), 8), rng, 0.5, 15.0)
    tip = float(rng.normal(0.0, 1.5))
    leaf: Points = [(12.0 + tongue, -86), (11.0 + tongue, -79), (7.0 + tongue, -72), (3.0 + 0.8 * tongue + tip, -66)]
    epiglottis = rough(band(frame.outer(leaf), [4.5, 3.0, 2.2, 1.8]), rng, 0.25, 8.0)
    return [
        Part("airway", Look(AIR), airway, feature=OPEN_AIR, half_width=11.0 * anatomy.size, rounding=4.0),
        Part("epiglottis", Look(SOFT), epiglottis, half_width=9.0 * anatomy.size, rounding=0.6),
    ]


def _mouth(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """Air between tongue and palate where the tongue lies low, and between the lips and the teeth."""
    parts: list[Part] = []
    if rng.random() < 0.25:
        depth = float(rng.uniform(0.4, 3.6))
        line: Points = [(72, -41), (66, -34 - 0.3 * depth), (55, -27.5 - 0.5 * depth), (43, -25 - 0.5 * depth), (33, -25.5 - 0.3 * depth)]
        span = slice(*((0, 3), (0, 4), (0, 5), (1, 4), (2, 5))[int(rng.integers(5))])
        wide = depth * rng.uniform(0.2, 1.0, 5) * np.array([0.6, 0.9, 1.0, 0.8, 0.3]) + 0.15
        gap: FloatArray = band(frame.facial(line[span]), wide[span])
        parts.append(Part("mouth", Look(AIR), rough(gap, rng, 0.5, 9.0), feature=OPEN_AIR, half_width=14.0, rounding=2.0))
    if rng.random() < 0.5:
        at = frame.facial([(75.5, -47.0)])[0] + rng.normal(0.0, 1.0, 2)
        pocket = at + np.array([[1.6, 1.0], [0.2, 2.0], [-1.8, 0.8], [-1.2, -1.4], [0.8, -1.2]]) * float(rng.uniform(0.6, 1.2))
        parts.append(Part("pocket", Look(AIR), smooth(pocket), feature=OPEN_AIR, half_width=7.0, rounding=0.6))
    return parts
