"""Skin, brain, pharynx and nose."""

from __future__ import annotations

import numpy as np

from sos_studio.phantom.kernels import AIR, HEAD, NASAL
from sos_studio.phantom.landmarks import Frame, Points
from sos_studio.phantom.outlines import band, rough, smooth
from sos_studio.phantom.parts import Look, Part

FAT, SOFT, BRAIN = -70.0, 45.0, 40.0

_SKIN_FRONT: Points = [
    (84, 78), (86, 48), (87, 27), (85, 12), (92, 2), (99, -7), (104, -13), (101, -20), (92, -23), (91, -31), (94, -39), (89, -45),
    (91, -51), (85, -58), (88, -66), (85, -77), (73, -83), (54, -85), (38, -88), (27, -97), (24, -115), (24, -150),
]  # fmt: skip
_SKIN_BACK: Points = [
    (-70, -150), (-68, -83), (-69, -55), (-72, -30), (-82, 2), (-90, 35), (-92, 70), (-82, 100), (-45, 119), (0, 123), (48, 113), (73, 98),
]  # fmt: skip
_BRAIN: Points = [
    (60, 46), (55, 74), (35, 90), (0, 98), (-35, 93), (-60, 76), (-68, 58), (-68, 36), (-60, 20), (-45, 16), (-25, 18), (-13, 28), (0, 38),
    (15, 40), (40, 42),
]  # fmt: skip
_NASAL: Points = [
    (31, 8), (35, 19), (44, 24), (58, 25), (68, 19), (75, 9), (82, 0), (88, -8), (90, -16), (85, -19.5), (76, -17), (60, -16), (45, -16),
    (33, -15), (29, -8), (29, 0),
]  # fmt: skip
_AIRWAY_BACK: Points = [(25, -3), (14, -13), (6, -24), (1, -38), (-4, -54), (-5, -66), (-2, -82), (4, -98), (6, -150)]
_AIRWAY_FRONT: Points = [(18, -150), (17, -98), (10, -84), (6, -68), (6, -52), (9, -40), (14, -30), (24, -19), (33, -14), (34, -6), (30, 0)]


def soft_tissue(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """The head's outside and its air ways; painted first, bones come on top."""
    size = frame.anatomy.size
    skin = smooth(np.vstack([frame.outer(_SKIN_FRONT), frame.outer(_SKIN_BACK[:4]), frame.cranial(_SKIN_BACK[4:])]))
    brain = smooth(frame.cranial(_BRAIN))
    scalp = Look(SOFT, shell=FAT + 60.0, shell_in_mm=2.5)
    return [
        Part("skin", scalp, skin, HEAD, half_width=75.0 * size, rounding=20.0 * size, step_mm=1.5),
        Part("brain", Look(BRAIN), brain, HEAD, half_width=70.0 * size, rounding=0.0, stop_inside=3.0, step_mm=3.0),
        *_airway(frame, rng),
        Part("nose", Look(AIR), smooth(frame.facial(_NASAL)), feature=NASAL, half_width=13.5 * size, rounding=5.0),
    ]


def _airway(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """Adenoids fill the roof of a child's pharynx; the tongue decides how wide it is behind the palate."""
    anatomy = frame.anatomy
    back, front = np.asarray(_AIRWAY_BACK, dtype=np.float64), np.asarray(_AIRWAY_FRONT, dtype=np.float64)
    back[:3] += np.outer([1.0, 0.8, 0.3], (0.55, -0.83)) * (anatomy.adenoid_mm - 7.0)
    tongue = (anatomy.airway_width - 1.0) * 6.0
    front[1:9, 0] += tongue - 1.5
    front[2:9] += rng.normal(0.0, 0.8, (7, 2))
    airway = rough(smooth(np.vstack([frame.outer(back), frame.outer(front)])), rng, 0.6, 20.0)
    epiglottis = band(frame.outer([(12.0 + tongue, -83), (7.5 + tongue, -76), (2.5 + tongue, -69)]), [3.4, 2.4, 1.6])
    return [
        Part("airway", Look(AIR), airway, half_width=11.0 * anatomy.size, rounding=4.0),
        Part("epiglottis", Look(SOFT), epiglottis, half_width=9.0 * anatomy.size, rounding=0.6),
    ]
