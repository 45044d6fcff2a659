"""Hard palate, jaws, front teeth, hyoid."""

from __future__ import annotations

import numpy as np

from sos_studio.phantom.kernels import ARCH
from sos_studio.phantom.landmarks import Frame, Points, as_point
from sos_studio.phantom.outlines import band, rough, rounded_box, smooth
from sos_studio.phantom.parts import Look, Part
from sos_studio.phantom.soft_tissue import SOFT

ENAMEL, DENTINE, METAL = Look(2300.0), Look(1450.0), Look(6000.0)

_MAXILLA: Points = [
    (28, -18.6), (45, -19.4), (60, -19.2), (70, -19), (79, -23), (77, -29), (77.5, -38), (73.5, -39), (69, -33), (60, -26.5), (46, -22.8),
    (29, -21.2),
]  # fmt: skip
_ALVEOLUS: Points = [(70, -20), (77, -22.5), (76.5, -30), (77.5, -38), (73.5, -39), (69, -33), (67, -26)]
_SYMPHYSIS: Points = [
    (62, -56), (58, -62), (53, -68), (51, -75), (53.5, -80.5), (59.5, -81.3), (63, -76), (63.8, -66), (66.5, -58), (65, -55.5),
]  # fmt: skip
_UPPER: Points = [(70.5, -25.5), (74, -33), (77.5, -42), (80.5, -49.3), (78.3, -49.5), (74, -44), (70.5, -36)]
_UPPER_CROWN: Points = [(77, -40.5), (80.8, -49.3), (78.3, -49.6), (74, -42.5)]
_LOWER: Points = [(60.5, -67), (65.5, -58), (73.5, -47.5), (74.8, -47.8), (71.5, -54), (67, -61), (63, -67)]
_LOWER_CROWN: Points = [(69, -53.3), (73.5, -47.2), (75, -47.6), (72.5, -54)]


def jaws(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """Upper and lower jaw; the lower one lies back by the overjet."""
    anatomy = frame.anatomy
    density, jaw = anatomy.bone_density, anatomy.size * anatomy.face_size
    back = np.array([anatomy.overjet_mm - 3.0, 0.0])
    middle_a = float(frame.facial([(22, -30)])[0, 0])
    upper_arch, lower_arch = (middle_a, 52.0 * jaw, 31.0 * jaw), (middle_a - 8.0, 56.0 * jaw, 42.0 * jaw)
    spongy = Look(330.0 * density, grain=190.0 * density, shell=900.0 * density, shell_in_mm=1.1)
    thick = Look(330.0 * density, grain=260.0 * density, shell=1250.0 * density, shell_in_mm=2.1)
    maxilla = rough(smooth(frame.facial(_MAXILLA)), rng, 0.25, 12.0)
    symphysis = rough(smooth(frame.facial(_SYMPHYSIS) - back), rng, 0.3, 11.0)
    canal = band(frame.facial([(65.5, -18), (67.5, -24), (69.5, -31)]), [2.6, 1.8, 2.4])
    pulp = band(frame.facial([(71.5, -27), (75, -37), (77.5, -44)]), [0.7, 0.9, 0.5])
    parts = [
        Part("maxilla", spongy, maxilla, half_width=14.0 * jaw, rounding=2.0),
        Part("upper alveolus", spongy, smooth(frame.facial(_ALVEOLUS)), ARCH, rounding=1.0, half_width=30.0 * jaw, arch=upper_arch),
        Part("incisive canal", Look(SOFT), canal, half_width=1.8, rounding=0.8),
        Part("mandible", thick, symphysis, ARCH, half_width=46.0 * jaw, arch=lower_arch, rounding=4.0),
    ]
    teeth: list[tuple[str, Look, Points, bool]] = [
        ("upper teeth", DENTINE, _UPPER, True),
        ("upper crowns", ENAMEL, _UPPER_CROWN, True),
        ("lower teeth", DENTINE, _LOWER, False),
        ("lower crowns", ENAMEL, _LOWER_CROWN, False),
    ]
    for name, look, points, is_upper in teeth:
        outline = smooth(frame.facial(points) - (0.0 if is_upper else back))
        if is_upper:
            parts.append(Part(name, look, outline, ARCH, half_width=30.0 * jaw, arch=upper_arch, rounding=14.0))
        else:
            parts.append(Part(name, look, outline, ARCH, half_width=40.0 * jaw, arch=lower_arch, rounding=18.0))
    parts.append(Part("pulp", Look(SOFT), pulp, half_width=1.2, rounding=0.3))
    hyoid = rough(rounded_box(as_point(frame.outer([(14, -78)])), (7.0 * anatomy.size, 9.0 * anatomy.size), 25.0, 2.0), rng, 0.5, 9.0)
    parts.append(Part("hyoid", Look(250.0 * density, 100.0, 800.0 * density, 0.9), hyoid, half_width=11.0, rounding=1.5))
    return parts


def brackets(frame: Frame) -> list[Part]:
    """Metal on the front teeth, as orthodontists put it there."""
    size = frame.anatomy.size
    back = np.array([frame.anatomy.overjet_mm - 3.0, 0.0])
    places = (("upper bracket", frame.facial([(80.2, -44.5)])), ("lower bracket", frame.facial([(74.6, -52)]) - back))
    return [Part(name, METAL, rounded_box(as_point(at), (2.0, 3.0), 20.0, 0.5), half_width=4.0 * size, rounding=0.5) for name, at in places]
