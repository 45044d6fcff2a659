"""Hard palate, jaws, front teeth, hyoid."""

from __future__ import annotations

import numpy as np

from sos_studio.phantom.landmarks import FloatArray, Frame, Points, as_point
from sos_studio.phantom.outlines import band, rough, smooth, turned
from sos_studio.phantom.parts import Fade, Look, Part
from sos_studio.phantom.soft_tissue import SOFT
from sos_studio.phantom.solids import ARCH
from sos_studio.phantom.teeth import teeth

# The bone behind the upper incisors: floor of the nose, nasal spine, front wall, rim of the sockets, the palate's slope.
_PREMAXILLA: Points = [
    (67.2, -20.0), (70.5, -19.4), (75.4, -19.7), (78.6, -20.9), (76.7, -24.6), (76.2, -30), (77.6, -37.4), (76.0, -41.4),
    (73.8, -39.6), (71.6, -34.5), (70.3, -30.0), (69.0, -25.5), (68.0, -22.0),
]  # fmt: skip
_SLOPE, _SLOPED = [0, 12, 11, 10, 9], [(60.5, -20.2), (61.0, -22.4), (65.4, -25.4), (69.0, -30.4), (71.3, -35.0)]
_PALATE: Points = [(27.0, -19.4), (34, -19.4), (45, -19.5), (56, -19.9), (63.0, -20.8), (67.6, -24.2), (70.6, -29.5)]
# Thickness of the palate along these points: a wedge, even, swollen behind, thin in the middle.
_PALATES = (
    (0.7, 1.6, 2.0, 3.0, 5.2, 4.6, 1.8), (1.6, 2.2, 2.6, 3.2, 4.2, 4.4, 2.4), (2.2, 4.0, 3.2, 2.2, 4.0, 4.4, 2.0),
    (1.4, 3.6, 2.4, 1.8, 3.0, 3.4, 1.4), (0.8, 1.4, 1.5, 1.8, 3.4, 4.6, 2.8),
)  # fmt: skip
_ALVEOLUS: Points = [(70, -20), (77, -22.0), (76.8, -30), (77.8, -37.5), (75.5, -40), (73.0, -38.5), (70, -33), (67, -26)]
# From the rim of the sockets down the tongue's side, round the chin, up in front.
_SYMPHYSIS: Points = [
    (68.2, -55.2), (65.2, -59.0), (62.4, -63.6), (58.6, -68.6), (55.4, -74.0), (53.7, -79.7), (55.5, -84.6),
    (60.8, -86.5), (66.2, -84.5), (68.9, -78.9), (68.2, -71.9), (68.4, -64.8), (70.2, -58.6), (70.2, -55.4),
]  # fmt: skip
_NARROWS, _BULGES = (1, 2, 3, 11, 12), (4, 5, 6, 7, 8, 9, 10)


def jaws(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """Upper and lower jaw; the lower one lies back by the overjet."""
    anatomy = frame.anatomy
    jaw = anatomy.size * anatomy.face_size
    back = np.array([anatomy.overjet_mm - 3.0, float(rng.normal(0.0, 1.0))])
    middle_a = float(frame.facial([(22, -30)])[0, 0])
    upper_arch, lower_arch = (middle_a, 52.0 * jaw, 31.0 * jaw), (middle_a - 8.0, 56.0 * jaw, 42.0 * jaw)
    return [
        *_upper_jaw(frame, rng, upper_arch),
        *_lower_jaw(frame, rng, back, lower_arch),
        *teeth(frame, rng, back, upper_arch, lower_arch),
        _hyoid(frame, rng),
    ]


def _upper_jaw(frame: Frame, rng: np.random.Generator, arch: tuple[float, float, float]) -> list[Part]:
    """Two plates with marrow between them, the block that holds the incisors, the canal between both, the nasal spine."""
    anatomy = frame.anatomy
    density, jaw = anatomy.bone_density, anatomy.size * anatomy.face_size
    plate = Look(
        float(rng.uniform(340.0, 600.0)) * density, 260.0 * density, 860.0 * density, 0.8, uneven=1.0, run_mm=7.0, lean=0.25,
        lean_deg=90.0, oblique=0.8, mesh=0.65, patch=190.0 * density,
    )  # fmt: skip
    spongy = Look(
        float(rng.uniform(360.0, 640.0)) * density, 320.0 * density, 760.0 * density, 0.75, uneven=1.1, run_mm=7.0, lean=0.5,
        lean_deg=160.0, oblique=1.0, mesh=0.75, flat=-0.8, patch=170.0 * density,
    )  # fmt: skip
    block = np.asarray(_PREMAXILLA, dtype=np.float64)
    if rng.random() < 0.6:
        # Where the plane misses the canal, block and palate are one slope.
        block[_SLOPE] += float(rng.uniform(0.25, 1.0)) * (np.asarray(_SLOPED) - block[_SLOPE])
    block += rng.normal(0.0, 0.45, block.shape)
    block[[1, 2, 3], 1] += float(rng.normal(0.0, 0.7))
    block[[8, 9, 10, 11]] += np.array([float(rng.normal(-0.4, 0.9)), 0.0])
    block[[3, 4, 5]] += np.array([float(rng.normal(0.0, 0.7)), 0.0])
    # The plates diverge towards the front, by one millimetre or by five, and sag or rise on the way.
    kinds = np.asarray(_PALATES)
    share, sag = float(rng.uniform(0.0, 0.5)), float(rng.normal(0.0, 1.2))
    thick = (1.0 - share) * kinds[int(rng.integers(len(kinds)))] + share * kinds[int(rng.integers(len(kinds)))]
    thick *= rng.uniform(0.85, 1.5, 7) * (0.75 + 0.25 * anatomy.grown)
    palate = np.asarray(_PALATE, dtype=np.float64)
    palate[:, 1] += sag * np.array([-0.6, 0.5, 1.0, 0.8, 0.3, 0.0, 0.0]) + rng.normal(0.0, 0.3, 7)
    palate[:5, 1] -= 0.5 * (thick[:5] - 2.0)
    palate[6] += rng.uniform(-0.8, 0.2) * np.array([1.6, -4.0])
    palate[0, 0] += float(rng.normal(0.0, 2.0))
    plates = rough(band(frame.facial(palate), thick * jaw, per_span=6), rng, 0.25, 9.0)
    tip, end = frame.facial(palate[[0, 1]])
    vanishing = Fade(tuple(end + 0.5 * (end - tip) * rng.uniform(0.2, 2.0)), tuple(tip - 0.25 * (end - tip)))
    parts = [
        Part("upper alveolus", spongy, smooth(frame.facial(_ALVEOLUS)), ARCH, rounding=1.0, half_width=30.0 * jaw, arch=arch),
        Part("palate", plate, plates, half_width=14.0 * jaw, rounding=1.0, step_mm=0.35, fade=vanishing),
        Part("premaxilla", spongy, rough(smooth(frame.facial(block)), rng, 0.3, 8.0), half_width=11.0 * jaw, rounding=2.0, step_mm=0.35),
    ]
    return [*parts, _nasal_spine(frame, rng), _incisive_canal(frame, rng)]


def _nasal_spine(frame: Frame, rng: np.random.Generator) -> Part:
    """The thorn in front, long or hardly there."""
    anatomy = frame.anatomy
    length = float(rng.uniform(1.0, 8.5)) * (0.6 + 0.4 * anatomy.grown)
    root = np.array([75.0, -20.7]) + rng.normal(0.0, 0.4, 2)
    rise = float(rng.normal(-0.05, 0.16))
    spike = root + np.array([[-3.5, 0.2], [0.0, 0.0], [0.55 * length, rise * length], [length + 2.5, 1.4 * rise * length]])
    spine = frame.facial(spike)
    hard = Look(float(rng.uniform(560.0, 980.0)) * anatomy.bone_density, oblique=0.3)
    return Part(
        "nasal spine",
        hard,
        band(spine, [0.6, 2.0 + 0.16 * length, 1.4, 0.5]),
        half_width=1.8,
        rounding=0.6,
        step_mm=0.3,
        middle_l=float(rng.normal(0.0, 0.6)),
        fade=Fade(tuple(spine[1]), tuple(spine[3]), 0.1),
    )


def _incisive_canal(frame: Frame, rng: np.random.Generator) -> Part:
    """From the floor of the nose down through the block, bent and of uneven width."""
    density = frame.anatomy.bone_density
    lean, wide = float(rng.normal(1.4, 1.8)), rng.uniform(0.3, 1.3, 3)
    at = np.array([(66.2 - lean, -17.8), (67.4, -22.2), (68.6 + lean, -26.0), (70.2 + 1.4 * lean, -31.0)]) + rng.normal(0.0, 0.7, (4, 2))
    canal = band(frame.facial(at), np.array([1.2, 1.5, 1.8, 2.6]) * np.append(wide, wide[2]))
    wall = Look(SOFT + 40.0, shell=420.0 * density, shell_out_mm=0.5, run_mm=5.0, oblique=0.8)
    middle = float(rng.normal(0.0, 1.5))
    return Part("incisive canal", wall, rough(canal, rng, 0.3, 7.0), half_width=1.5, rounding=0.8, middle_l=middle, step_mm=0.35)


def _lower_jaw(frame: Frame, rng: np.random.Generator, back: FloatArray, arch: tuple[float, float, float]) -> list[Part]:
    """Thick cortex below and towards the tongue, thin in front of the roots; few, strong plates with wide spaces."""
    anatomy = frame.anatomy
    density, jaw = anatomy.bone_density, anatomy.size * anatomy.face_size
    shape = np.asarray(_SYMPHYSIS, dtype=np.float64)
    middle = np.array([62.6, -72.6])
    axis, side = np.array([0.40, 0.92]), np.array([0.92, -0.40])
    along, across = (shape - middle) @ axis, (shape - middle) @ side
    across[list(_NARROWS)] *= float(rng.uniform(0.72, 1.12))
    across[list(_BULGES)] *= float(rng.uniform(0.82, 1.14))
    along *= float(rng.uniform(0.93, 1.06))
    shape = middle + along[:, None] * axis + across[:, None] * side
    shape[[8, 9]] += np.array([float(rng.normal(0.0, 1.4)), 0.0])  # the chin's prominence
    shape += rng.normal(0.0, 0.4, shape.shape)
    if rng.random() < 0.6:
        # Genial spines: a small step on the tongue's side.
        shape[5] += np.array([-float(rng.uniform(0.4, 1.6)), float(rng.uniform(0.0, 1.5))])
    outline = turned(shape, float(rng.normal(0.0, 4.0)), (67.5, -56.0))
    symphysis = rough(smooth(frame.facial(outline) - back), rng, 0.35, 9.0)
    look = Look(
        float(rng.uniform(160.0, 380.0)) * density + SOFT, grain=float(rng.uniform(300.0, 520.0)) * density, shell=1330.0 * density,
        shell_in_mm=float(rng.uniform(1.3, 2.0)) * jaw, uneven=0.7, run_mm=7.0, lean=0.35, lean_deg=float(rng.normal(-125.0, 20.0)),
        oblique=0.8, mesh=float(rng.uniform(0.75, 1.35)), flat=float(rng.uniform(-0.2, 1.0)), patch=190.0 * density,
    )  # fmt: skip
    low, rim = frame.facial([(59.6, -77.0), (68.3, -57.8)]) - back
    thins = Fade(as_point(low[None]), as_point(rim[None]), float(rng.uniform(0.2, 0.4)))
    return [Part("mandible", look, symphysis, ARCH, half_width=46.0 * jaw, arch=arch, rounding=4.0, step_mm=0.4, thins=thins)]


def _hyoid(frame: Frame, rng: np.random.Generator) -> Part:
    """Its body in the midline: a small wedge, hollow behind; a thin rim about darker marrow, or a solid speck."""
    anatomy = frame.anatomy
    scale = anatomy.size * (0.62 + 0.38 * anatomy.grown)
    shape = np.array([(-3.0, 3.4), (0.2, 4.4), (2.6, 3.6), (3.0, 0.6), (2.4, -4.2), (0.8, -5.4), (-0.2, -2.4), (-0.9, 0.6)]) * scale
    at = as_point(frame.outer([(17, -80)]))
    shape *= (float(rng.uniform(0.7, 1.15)), float(rng.uniform(0.75, 1.1)))
    outline = turned(shape + rng.normal(0.0, 0.5, shape.shape), float(rng.normal(10.0, 14.0))) + np.asarray(at)
    density = anatomy.bone_density
    look = Look(
        float(rng.uniform(60.0, 300.0)) * density, 90.0, float(rng.uniform(600.0, 900.0)) * density, 0.65, uneven=1.0, run_mm=5.0,
        oblique=0.8, mesh=0.8,
    )  # fmt: skip
    return Part("hyoid", look, rough(smooth(outline), rng, 0.3, 5.0), half_width=11.0, rounding=1.5, step_mm=0.3)
