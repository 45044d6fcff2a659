"""Hard palate, jaws, front teeth, hyoid."""

from __future__ import annotations

import numpy as np

from sos_studio.phantom.landmarks import Frame, Points, as_point
from sos_studio.phantom.outlines import band, rough, rounded_box, smooth, turned
from sos_studio.phantom.parts import Look, Part, Teeth
from sos_studio.phantom.soft_tissue import SOFT
from sos_studio.phantom.solids import ARCH

# Dentine is bordered by the dark line of the periodontal gap.
ENAMEL, DENTINE, METAL = Look(3000.0), Look(1400.0, shell=150.0, shell_out_mm=0.25, uneven=0.0), Look(5000.0)

_MAXILLA: Points = [
    (28, -18.4), (36, -18.6), (45, -18.8), (60, -18.4), (70, -18.2), (77, -19.0), (83.5, -20.2), (79.5, -22.2), (77.3, -29),
    (77.8, -37.5), (75.5, -40),
    (73.0, -38.5), (70, -33), (62, -26.4), (48, -22.4), (36, -20.9), (29, -20.4),
]  # fmt: skip
_ALVEOLUS: Points = [(70, -20), (77, -22.0), (76.8, -30), (77.8, -37.5), (75.5, -40), (73.0, -38.5), (70, -33), (67, -26)]
_SYMPHYSIS: Points = [
    (64.2, -56.5), (60.0, -60), (55.5, -65), (51.5, -71), (49.6, -77), (51.6, -82.4), (57.0, -84.4), (62.4, -82.0), (65.4, -76.0),
    (64.6, -69.5),
    (65.0, -63), (67.2, -58.0),
]  # fmt: skip
# Axes of the middle incisors from the root's tip to the edge, and how thick they are (dentine, whole crown).
_UPPER_AXIS: Points = [(70.6, -29.5), (72.8, -34.5), (75.2, -39.6), (77.6, -44.6), (79.9, -50.2)]
_UPPER_THICK, _UPPER_CROWN = (1.2, 3.6, 4.6, 2.6, 0.1), (5.3, 4.6, 1.1)
_LOWER_AXIS: Points = [(62.0, -67.6), (64.8, -63.0), (67.6, -58.2), (71.2, -52.6), (74.4, -46.8)]
_LOWER_THICK, _LOWER_CROWN = (1.0, 3.2, 4.0, 2.2, 0.1), (4.6, 3.8, 0.9)


def jaws(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """Upper and lower jaw; the lower one lies back by the overjet."""
    anatomy = frame.anatomy
    density, jaw = anatomy.bone_density, anatomy.size * anatomy.face_size
    back = np.array([anatomy.overjet_mm - 3.0, float(rng.normal(0.0, 0.8))])
    middle_a = float(frame.facial([(22, -30)])[0, 0])
    upper_arch, lower_arch = (middle_a, 52.0 * jaw, 31.0 * jaw), (middle_a - 8.0, 56.0 * jaw, 42.0 * jaw)
    spongy = Look(360.0 * density, grain=200.0 * density, shell=820.0 * density, shell_in_mm=0.85)
    thick = Look(300.0 * density, grain=420.0 * density, shell=1280.0 * density, shell_in_mm=2.0, uneven=0.8)
    maxilla = rough(smooth(frame.facial(_MAXILLA) + rng.normal(0.0, 0.35, (len(_MAXILLA), 2))), rng, 0.3, 10.0)
    symphysis = rough(smooth(frame.facial(_SYMPHYSIS) - back + rng.normal(0.0, 0.5, (len(_SYMPHYSIS), 2))), rng, 0.35, 10.0)
    canal = band(frame.facial([(66.0, -17.5), (68.0, -23), (70.8, -30.5)]), [2.4, 1.5, 2.6])
    parts = [
        Part("maxilla", spongy, maxilla, half_width=14.0 * jaw, rounding=2.0, step_mm=0.4),
        Part("upper alveolus", spongy, smooth(frame.facial(_ALVEOLUS)), ARCH, rounding=1.0, half_width=30.0 * jaw, arch=upper_arch),
        Part("incisive canal", Look(SOFT + 30.0), canal, half_width=1.6, rounding=0.8, middle_l=float(rng.normal(0.0, 1.8))),
        Part("mandible", thick, symphysis, ARCH, half_width=46.0 * jaw, arch=lower_arch, rounding=4.0, step_mm=0.4),
    ]
    parts += _teeth(frame, rng, back, upper_arch, lower_arch)
    parts.append(_hyoid(frame, rng))
    return parts


def _teeth(
    frame: Frame, rng: np.random.Generator, back: np.ndarray, upper_arch: tuple[float, float, float], lower_arch: tuple[float, float, float]
) -> list[Part]:
    """Single teeth: which of them, and how much of it, the midline cuts depends on where the gap between the middle ones lies."""
    anatomy = frame.anatomy
    jaw = anatomy.size * anatomy.face_size
    turn = float(rng.normal(0.0, 5.0))
    root, crown = float(frame.facial([(69, -26)])[0, 1]), float(frame.facial([(79, -42)])[0, 1])
    upper = Teeth(8.4 * jaw, anatomy.tooth_shift_mm, root, crown)
    low_root, low_crown = float(frame.facial([(62, -68)])[0, 1]), float(frame.facial([(72, -54)])[0, 1])
    lower = Teeth(5.5 * jaw, anatomy.tooth_shift_mm + float(rng.normal(0.0, 1.0)), low_root, low_crown)
    parts: list[Part] = []
    for is_upper in (True, False):
        axis, thick, crown_thick = (_UPPER_AXIS, _UPPER_THICK, _UPPER_CROWN) if is_upper else (_LOWER_AXIS, _LOWER_THICK, _LOWER_CROWN)
        pivot: tuple[float, float] = (75.0, -41.0) if is_upper else (69.0, -56.0)
        line = frame.facial(turned(np.asarray(axis), turn if is_upper else -turn, pivot)) - (0.0 if is_upper else back)
        whole, cap = (smooth(band(p, np.asarray(t) * jaw), 1) for p, t in ((line, thick), (line[2:], crown_thick)))
        arch, teeth, reach, end = (upper_arch, upper, 30.0, 14.0) if is_upper else (lower_arch, lower, 40.0, 18.0)
        name = "upper" if is_upper else "lower"
        for what, look, outline in (("crowns", ENAMEL, cap), ("teeth", DENTINE, whole)):
            parts.append(
                Part(f"{name} {what}", look, outline, ARCH, half_width=reach * jaw, arch=arch, rounding=end, step_mm=0.3, teeth=teeth)
            )
    pulp = band(frame.facial(turned(np.array([(70.6, -29.2), (74.2, -37), (77.2, -43.5)]), turn, (75.0, -41.0))), [0.7, 1.0, 0.4])
    middle = 0.5 * 8.4 * jaw - anatomy.tooth_shift_mm
    parts.append(Part("pulp", Look(SOFT + 100.0), pulp, half_width=0.9, rounding=0.3, middle_l=middle, step_mm=0.3))
    return parts


def _hyoid(frame: Frame, rng: np.random.Generator) -> Part:
    """Its body in the midline: a small wedge, hollow behind."""
    anatomy = frame.anatomy
    shape = (
        np.array([(-3.0, 3.6), (2.6, 4.2), (3.4, 1.0), (2.2, -4.4), (0.4, -5.0), (-0.4, -1.0)]) * anatomy.size * (0.7 + 0.3 * anatomy.grown)
    )
    at = as_point(frame.outer([(17, -80)]))
    outline = turned(shape + rng.normal(0.0, 0.5, shape.shape), float(rng.normal(10.0, 12.0))) + np.asarray(at)
    density = anatomy.bone_density
    return Part(
        "hyoid",
        Look(230.0 * density, 120.0, 820.0 * density, 0.75),
        rough(smooth(outline), rng, 0.3, 6.0),
        half_width=11.0,
        rounding=1.5,
        step_mm=0.3,
    )


def brackets(frame: Frame) -> list[Part]:
    """Metal on the front teeth, as orthodontists put it there."""
    size = frame.anatomy.size
    back = np.array([frame.anatomy.overjet_mm - 3.0, 0.0])
    places = (("upper bracket", frame.facial([(80.2, -44.5)])), ("lower bracket", frame.facial([(74.6, -52)]) - back))
    return [Part(name, METAL, rounded_box(as_point(at), (1.6, 3.0), 20.0, 0.5), half_width=4.0 * size, rounding=0.5) for name, at in places]
