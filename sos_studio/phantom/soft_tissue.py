"""Skin, brain, pharynx, mouth and nose."""

from __future__ import annotations

import numpy as np

from sos_studio.phantom.kernels import AIR, FLESH, OPEN_AIR, SKIN
from sos_studio.phantom.landmarks import FloatArray, Frame, Points
from sos_studio.phantom.nose import cavity
from sos_studio.phantom.outlines import band, rough, smooth, softened
from sos_studio.phantom.parts import Look, Part
from sos_studio.phantom.solids import HEAD

FAT, SOFT, BRAIN = -60.0, 45.0, 40.0

_SKIN_FRONT: Points = [
    (84, 78), (86, 48), (87, 27), (85, 12), (92, 2), (99, -7), (104, -13), (101, -20), (92, -23), (91, -31), (94, -39), (89, -45),
    (91, -51), (85, -58), (88, -66), (86, -78), (75, -87.5), (56, -91), (41, -93.5), (34, -101), (32, -117), (32, -150),
]  # fmt: skip
CHIN = _SKIN_FRONT[15:18]
_NOSE, _STOMION = slice(4, 8), 11
_SKIN_BACK: Points = [
    (-70, -150), (-68, -83), (-69, -55), (-72, -30), (-82, 2), (-90, 35), (-92, 70), (-82, 100), (-45, 119), (0, 123), (48, 113), (73, 98),
]  # fmt: skip
_BRAIN: Points = [
    (60, 46), (55, 74), (35, 90), (0, 98), (-35, 93), (-60, 76), (-68, 58), (-68, 36), (-60, 20), (-45, 16), (-25, 18), (-13, 28), (0, 38),
    (15, 40), (40, 42),
]  # fmt: skip
_AIRWAY_BACK: Points = [
    (26.5, -2.2), (20.5, -6.0), (15, -11.5), (10.5, -17.5), (7, -24), (4.5, -31), (3, -38), (1.5, -46), (0, -54), (-2, -66), (-1, -74),
    (0, -82), (3, -98), (1, -150),
]  # fmt: skip
# Larynx, the hollow in front of the epiglottis, the tongue's back; then the uvula, the soft palate and the choana.
_AIRWAY_FRONT: Points = [
    (11, -150), (13, -108), (14, -98), (11.5, -86), (11, -80), (13.5, -74), (13.0, -70.5), (10.5, -65), (8.5, -58), (8.6, -52.5),
]  # fmt: skip
_PALATE: Points = [(11.5, -37), (15.5, -30.5), (19, -25.5), (24, -20.5), (30, -17.2), (36, -15.5), (38, -8), (35, -1.5), (31, -0.6)]


def soft_tissue(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """The head's outside and its air ways; painted first, bones come on top."""
    anatomy = frame.anatomy
    size = anatomy.size
    front = np.asarray(_SKIN_FRONT, dtype=np.float64)
    # A child's nose is short and its lips are full.
    tip = (0.5 + 0.5 * anatomy.grown) * float(rng.normal(1.0, 0.12))
    front[_NOSE, 0] = 88.0 + (front[_NOSE, 0] - 88.0) * tip
    front[8:18] += rng.normal(0.0, 0.8, (10, 2))
    # Lips are round; they meet in a crease, or stay apart.
    crease, apart = float(rng.uniform(0.5, 2.6)), float(rng.uniform(1.0, 4.0)) * float(rng.random() < 0.3)
    full = float(rng.uniform(0.6, 1.3)) * (1.2 - 0.3 * anatomy.grown)
    fold = np.array([[4.2, 4.0], [3.1, 1.7], [-crease, 0.5], [-crease, -0.5], [2.2, -1.9], [3.0, -4.2]]) * (full, 1.0)
    fold[:, 1] += 0.5 * apart * np.array([1.0, 1.0, 1.0, -1.0, -1.0, -1.0])
    lips = front[_STOMION] + fold
    front = np.vstack([front[:_STOMION], lips, front[_STOMION + 1 :]])
    back = np.asarray(_SKIN_BACK, dtype=np.float64)
    back[:4, 0] += 7.0 * (1.0 - anatomy.grown) - 3.0 + float(rng.normal(0.0, 4.0))
    face = frame.outer(front)
    # However far the neck bends, its front stays before the windpipe.
    pipe = frame.outer(_AIRWAY_FRONT[:4])
    face[-4:, 0] = np.maximum(face[-4:, 0], np.interp(face[-4:, 1], pipe[:, 1], pipe[:, 0]) + np.array([17.0, 18.0, 20.0, 20.0]))
    # The forehead's skin lies over its bone, however small the face below is.
    bone = frame.cranial([(66.0, 78.0), (75.2, 48.0), (77.0, 27.0), (79.2, 13.0)])
    face[:4, 0] = np.maximum(face[:4, 0], bone[:, 0] + (0.68 * anatomy.vault_thickness_mm + 3.7) * size)
    skin = softened(rough(smooth(np.vstack([face, frame.outer(back[:4]), frame.cranial(back[4:])])), rng, 0.5, 25.0), 0.6)
    brain = smooth(frame.cranial(_BRAIN))
    return [
        Part("skin", Look(SOFT), skin, HEAD, SKIN, half_width=75.0 * size, rounding=20.0 * size, step_mm=1.2),
        Part("brain", Look(BRAIN), brain, HEAD, FLESH, half_width=70.0 * size, rounding=0.0, stop_inside=3.0, step_mm=3.0),
        *_airway(frame, rng),
        *_mouth(frame, rng),
        cavity(frame, rng, tip),
    ]


def _airway(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """Adenoids fill the roof of a child's pharynx; the tongue decides how wide it is behind the palate."""
    anatomy = frame.anatomy
    back = np.asarray(_AIRWAY_BACK, dtype=np.float64)
    # Adenoid tissue is lobed; further down muscles and vertebrae push the wall forward.
    lobes = 1.0 + rng.normal(0.0, 0.16, 5)
    back[:5] += np.outer(np.array([1.0, 1.0, 0.85, 0.6, 0.35]) * lobes, (0.55, -0.83)) * (anatomy.adenoid_mm - 7.0)
    back[5:12, 0] += _waves(rng, 7, 1.5)
    back[10, 0] += float(rng.uniform(0.0, 2.5))
    back[1:-1] = 0.25 * back[:-2] + 0.5 * back[1:-1] + 0.25 * back[2:]
    tongue = (anatomy.airway_width - 1.0) * 7.0
    front = np.vstack([np.asarray(_AIRWAY_FRONT, dtype=np.float64), _uvula(rng), np.asarray(_PALATE, dtype=np.float64)])
    front[2:16, 0] += tongue - 0.5
    front[3:, 0] += _waves(rng, len(front) - 3, 0.9)
    # The back of the tongue bulges at one height or another, and lymph tissue at its root is knobbly.
    height = float(rng.uniform(-66.0, -50.0))
    front[5:10, 0] -= float(rng.normal(1.2, 1.8)) * np.exp(-(((front[5:10, 1] - height) / 9.0) ** 2))
    # The pharynx never closes: there is always a gap between its walls.
    at_height = np.interp(-front[:18, 1], -back[:, 1], back[:, 0])
    front[:18, 0] = np.maximum(front[:18, 0], at_height + float(rng.uniform(2.6, 3.6)))
    wall = frame.outer(back)
    wall[1:-1] = 0.25 * wall[:-2] + 0.5 * wall[1:-1] + 0.25 * wall[2:]
    airway = rough(smooth(np.vstack([wall, frame.outer(front)]), 6), rng, 0.4, 17.0)
    # Mucosa rounds every corner; lymph tissue leaves it a little uneven.
    airway = rough(softened(airway, float(rng.uniform(1.5, 2.3))), rng, float(rng.uniform(0.04, 0.14)), 6.0)
    askew = float(rng.uniform(1.2, 2.6))
    return [
        Part("airway", Look(AIR, oblique=askew), airway, feature=OPEN_AIR, half_width=11.0 * anatomy.size, rounding=4.0),
        Part(
            "epiglottis",
            Look(SOFT, oblique=0.7),
            _epiglottis(frame, rng, tongue),
            feature=FLESH,
            half_width=9.0 * anatomy.size,
            rounding=0.6,
        ),
    ]


def _epiglottis(frame: Frame, rng: np.random.Generator, tongue: float) -> FloatArray:
    """A leaf that rises from the root of the tongue, bends upwards and thins out."""
    thick, bent = float(rng.uniform(0.8, 1.4)), float(rng.uniform(0.5, 1.6))
    leaf = np.array([(16.0, -87.5), (11.5, -83.0), (7.6, -77.0), (5.0, -71.0), (3.6, -65.5)])
    leaf[:, 0] += tongue + float(rng.normal(0.0, 0.6))
    leaf += np.outer([0.0, -0.9, -1.1, 0.0, 2.0], (1.0, 0.25)) * bent + np.outer([0.0, 0.0, 0.1, 0.4, 1.0], rng.normal(0.0, 1.3, 2))
    return rough(softened(band(frame.outer(leaf), np.array([5.5, 3.6, 2.7, 2.3, 1.5]) * thick), 0.8), rng, 0.12, 8.0)


def _waves(rng: np.random.Generator, count: int, amplitude_mm: float) -> FloatArray:
    """Random numbers of which neighbours are alike."""
    loose = rng.normal(0.0, 1.0, count + 2)
    waves: FloatArray = amplitude_mm * (0.45 * loose[:-2] + 0.75 * loose[1:-1] + 0.45 * loose[2:])
    return waves


def _uvula(rng: np.random.Generator) -> FloatArray:
    """The end of the soft palate in the airway's front wall: a tip that hangs more or less free, with a notch of air under it."""
    drop, bulge = float(rng.uniform(-4.0, 6.5)), float(rng.gamma(1.6, 0.9))
    notch = float(rng.uniform(0.3, 3.2)) if rng.random() < 0.62 else -0.3 * bulge
    return np.array([
        (9.7 + notch, -45.2 - 0.6 * drop), (9.0 - 0.5 * bulge, -43.4 - 0.8 * drop), (8.8 - bulge, -39.8 - 0.6 * drop)
    ])  # fmt: skip


def _mouth(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """Air between tongue and palate where the tongue lies low, and between the lips and the teeth."""
    parts: list[Part] = []
    if rng.random() < 0.16:
        depth = float(rng.uniform(0.5, 2.4))
        roof: Points = [(70, -35.5), (65, -29.8), (58, -25.6), (50, -23.2), (42, -22.4), (34, -23.2)]
        first, last = float(rng.uniform(0.0, 2.0)), float(rng.uniform(3.0, 5.0))
        at = np.linspace(first, last, 9)
        line = np.stack([np.interp(at, np.arange(6), [p[n] for p in roof]) for n in (0, 1)], axis=1)
        # A crescent under the palate's mucosa that fades at both ends.
        wide = depth * np.sin(np.pi * np.linspace(0.0, 1.0, 9) ** float(rng.uniform(0.7, 1.4))) ** 1.3
        line[:, 1] -= 0.5 * wide
        gap: FloatArray = softened(band(frame.facial(line), wide + 0.02), 0.4)
        parts.append(Part("mouth", Look(AIR, oblique=1.2), rough(gap, rng, 0.08, 12.0), feature=OPEN_AIR, half_width=14.0, rounding=2.0))
    if rng.random() < 0.3:
        at = frame.facial([(75.5, -47.0)])[0] + rng.normal(0.0, 1.0, 2)
        pocket = at + np.array([[1.6, 1.0], [0.2, 2.0], [-1.8, 0.8], [-1.2, -1.4], [0.8, -1.2]]) * float(rng.uniform(0.6, 1.2))
        parts.append(Part("pocket", Look(AIR), rough(smooth(pocket), rng, 0.3, 4.0), feature=OPEN_AIR, half_width=7.0, rounding=0.6))
    return parts
