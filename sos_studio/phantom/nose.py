"""The nose's cavity and the bones around it: cribriform plate, crista galli, underside of the sphenoid."""

from __future__ import annotations

import numpy as np

from sos_studio.phantom.kernels import AIR, NASAL
from sos_studio.phantom.landmarks import FloatArray, Frame, Points, as_point
from sos_studio.phantom.outlines import band, rough, smooth
from sos_studio.phantom.parts import Look, Part

_CAVITY: Points = [
    (20.5, 1.5), (33.5, 8), (34.5, 16), (36, 23.6), (46, 24.2), (58, 24.6), (66, 22.6), (70.2, 16.5), (75.5, 9.0), (80.5, 4.0),
    (85.8, -2.2), (90.5, -7.5), (96, -13.8), (98.8, -19), (98.6, -26), (92.8, -26), (91.4, -20.0), (88, -18.2),
    (80, -18.8), (62, -18.9), (45, -18.9), (35, -19.0), (28, -18.0), (21.5, -12.5), (18.5, -6.0), (18.5, -1.5),
]  # fmt: skip
_TIP = slice(11, 18)
_CRISTA: Points = [(68.5, 22.5), (68.5, 25.5), (66.5, 28.2), (63.0, 27.0), (59.5, 24.4), (63.0, 23.4)]
_ROOF: Points = [(33, 25.6), (40, 24.9), (46, 24.6), (55, 24.2), (62, 24.6), (66, 23.8), (70, 21.0), (73.5, 16.5)]


def cavity(frame: Frame, rng: np.random.Generator, tip: float) -> Part:
    """The hollow of the nose from the choanae to the nostrils.

    Parameters
    ----------
    tip
        How far the nasal tip stands out of the face, relative to a grown-up's.
    """
    points = np.asarray(_CAVITY, dtype=np.float64)
    points[_TIP, 0] = 88.0 + (points[_TIP, 0] - 88.0) * tip
    outline = rough(smooth(frame.facial(points + rng.normal(0.0, 0.35, points.shape))), rng, 0.35, 14.0)
    return Part("nose", Look(AIR), outline, feature=NASAL, half_width=13.5 * frame.anatomy.size, rounding=5.0)


def placement(frame: Frame) -> dict[str, float]:
    """Where the mean nose's millimetres lie in this head: a point, cosine and sine of its turn, its scale."""
    middle, ahead = (np.asarray(as_point(frame.facial([at]))) for at in ((55.0, 0.0), (80.0, 0.0)))
    along = (ahead - middle) / 25.0
    scale = float(np.hypot(*along))
    return {
        "nose_a": float(middle[0]),
        "nose_s": float(middle[1]),
        "nose_c": float(along[0]) / scale,
        "nose_n": float(along[1]) / scale,
        "nose_k": scale,
    }


def habit(seed: int) -> dict[str, float]:
    """What differs from nose to nose beside its size: slope of the septum's creases, its swelling, width of the olfactory cleft,
    and how far its end lies in one nostril.
    """
    rng = np.random.default_rng((seed, 73, 0))
    return {
        "crease": float(rng.normal(0.16, 0.12)),
        "swell": float(rng.uniform(0.2, 1.9)),
        "cleft": float(rng.uniform(-0.8, 2.0)),
        "caudal": float(rng.normal(0.0, 1.7)),
    }


def nasal_bones(frame: Frame) -> list[Part]:
    """Roof of the cavity, crista galli, and the bone under the sphenoid."""
    rng = np.random.default_rng((frame.seed, 73, 1))
    return [*_roof(frame, rng), *_crista(frame, rng), *_underside(frame, rng)]


def _roof(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """Planum of the sphenoid, then the cribriform plate: so thin and full of holes that a plane shows dots in a line."""
    density = frame.anatomy.bone_density
    planum: FloatArray = np.vstack([frame.sphenoid([(28.0, 26.7), (33, 26.4)]), frame.facial([(39, 25.2)])])
    line = smooth(frame.facial(np.asarray(_ROOF) + rng.normal(0.0, 0.4, (len(_ROOF), 2))), 5, closed=False)
    dots = np.clip(rng.normal(0.5, 0.6, len(line)), 0.02, 1.5)
    dots[-6:] += 0.5  # towards the frontal bone it thickens
    line[1:-1] += rng.normal(0.0, 0.16, (len(line) - 2, 2))
    return [
        Part(
            "planum",
            Look(620.0 * density),
            rough(band(planum, [0.2, 1.0, 0.6]), rng, 0.2, 7.0),
            half_width=10.0 * frame.anatomy.size,
            rounding=0.3,
            step_mm=0.35,
        ),
        Part(
            "cribriform plate", Look(560.0 * density), band(line, dots, 2), half_width=5.0 * frame.anatomy.size, rounding=0.3, step_mm=0.3
        ),
    ]


def _crista(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """A small ridge behind the frontal bone, beside the plane as often as in it."""
    density = frame.anatomy.bone_density
    points = np.asarray(_CRISTA) + rng.normal(0.0, 0.6, (len(_CRISTA), 2))
    points = np.array([66.0, 23.5]) + (points - [66.0, 23.5]) * rng.uniform([0.5, 0.3], [1.3, 1.1])
    look = Look(110.0 * density, grain=130.0 * density, shell=float(rng.uniform(250.0, 600.0)) * density, shell_in_mm=0.5, uneven=1.8)
    outline = rough(smooth(frame.facial(points)), rng, 0.55, 4.0)
    shift = float(rng.normal(0.0, 1.4))
    return [Part("crista galli", look, outline, half_width=0.9, rounding=0.6, middle_l=shift, step_mm=0.3)]


def _underside(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """Wings of the vomer, which hug the sphenoid, and its rostrum between them."""
    density = frame.anatomy.bone_density
    wing = frame.sphenoid([(17.5, 0.8), (21.0, 1.1), (25.5, 1.5), (29.5, 1.6)]) + rng.normal(0.0, 0.3, (4, 2))
    beak = frame.sphenoid([(25.0, 2.4), (28.5, 2.8), (30.5, 2.6), (32.0, 2.0), (34.0, 0.8)]) + rng.normal(0.0, 0.4, (5, 2))
    shift = frame.anatomy.septum_shift_mm
    width = np.array([0.3, 0.8, 1.0, 0.4]) * rng.uniform(0.5, 1.2)
    return [
        Part(
            "vomer wing",
            Look(520.0 * density),
            rough(band(wing, width), rng, 0.12, 4.0),
            half_width=7.0,
            rounding=0.3,
            middle_l=shift,
            step_mm=0.3,
        ),
        Part(
            "rostrum",
            Look(430.0 * density),
            rough(band(beak, [0.8, 2.0, 2.4, 1.5, 0.2]), rng, 0.15, 4.0),
            half_width=1.0,
            rounding=0.5,
            middle_l=shift,
            step_mm=0.3,
        ),
    ]
