"""Atlas, axis and the vertebrae below."""

from __future__ import annotations

import numpy as np

from sos_studio.phantom.landmarks import FloatArray, Frame, Point, Points, as_point
from sos_studio.phantom.outlines import band, rough, smooth, turned
from sos_studio.phantom.parts import Fade, Look, Part
from sos_studio.phantom.skull import cancellous
from sos_studio.phantom.soft_tissue import SOFT
from sos_studio.phantom.solids import ARCH

# Axis: dens 15 mm high and 10-11 mm deep, whole 37 mm (adult women), with the lip that hangs down in front.
_AXIS: Points = [
    (-14.5, -18.2), (-11.6, -18.4), (-9.8, -20.5), (-9.4, -25.0), (-10.2, -29.5), (-9.6, -35), (-8.2, -42), (-7.0, -48.4), (-6.6, -51.6),
    (-9.2, -51.4), (-14, -49.6), (-20.6, -48.4), (-21.2, -44), (-20.0, -36), (-18.8, -30), (-18.4, -25), (-17.4, -20.4),
]  # fmt: skip
_DENS, _WAIST, _LIP = (0, 1, 2, 3, 15, 16), (4, 5, 13, 14), (7, 8)
_BODIES: Points = [(-15.2, -59.6), (-17.4, -74.4), (-19.4, -89.2), (-20.8, -104.0), (-21.6, -119.0)]
# Sections of spinous processes: arch to the right (front), tip to the left, 14 mm long.
_SPINOUS: tuple[Points, ...] = (
    [(5.6, 3.6), (6.6, 1.0), (4.8, -2.2), (0.0, -3.0), (-5.0, -3.2), (-7.4, -1.6), (-6.6, 0.2), (-2.0, 0.6), (2.0, 1.4)],
    [(6.4, 2.6), (6.4, -1.0), (3.4, -3.6), (-2.0, -3.4), (-6.4, -2.2), (-7.0, 0.4), (-3.0, 1.8), (2.0, 3.0)],
    [(5.2, 4.4), (6.8, 2.0), (5.6, -1.4), (1.0, -2.2), (-4.6, -1.8), (-7.0, -0.2), (-5.6, 1.2), (-1.0, 1.6), (2.6, 3.2)],
    [(4.6, 2.2), (5.4, 0.0), (3.6, -2.4), (-1.0, -2.8), (-4.6, -1.6), (-4.8, 0.8), (-1.0, 2.0)],
)  # fmt: skip
_AXIS_SPINOUS: Points = [
    (-37.6, -32.6), (-36.0, -36.0), (-36.2, -41.0), (-38.2, -45.0), (-41.0, -45.6), (-45.5, -43.6), (-50.6, -41.6), (-51.4, -39.6),
    (-47.0, -38.2),
    (-42.0, -34.8), (-39.6, -32.4),
]  # fmt: skip


# Front arch of the atlas, and its back one: an oval, a D flat towards the dens, a drop.
_RINGS: tuple[Points, ...] = (
    [(-2.4, 4.4), (-0.2, 5.2), (2.0, 3.6), (2.8, 0.0), (2.2, -3.6), (0.0, -5.0), (-2.2, -4.2), (-2.6, 0.0)],
    [(-2.6, 4.8), (0.2, 4.9), (2.6, 2.6), (3.1, -0.6), (2.0, -3.2), (-0.4, -4.4), (-2.5, -4.0), (-2.3, 0.2)],
    [(-1.6, 4.0), (0.4, 4.9), (2.2, 3.4), (2.9, 0.8), (2.4, -2.8), (0.4, -5.2), (-1.8, -4.6), (-2.4, -0.4)],
)  # fmt: skip
_BACK_RINGS: tuple[Points, ...] = (
    [(-2.0, 3.6), (0.0, 4.6), (1.9, 3.4), (2.4, 0.0), (1.8, -3.2), (0.0, -4.4), (-2.0, -3.6), (-2.4, 0.0)],
    [(-3.4, 2.4), (-0.4, 3.8), (2.0, 3.6), (2.6, 0.8), (1.6, -2.6), (-0.6, -3.4), (-3.6, -1.8), (-4.6, 0.4)],
    [(-1.2, 4.4), (0.6, 3.6), (1.9, 0.6), (2.2, -2.6), (0.8, -4.2), (-1.4, -3.2), (-2.2, -0.2), (-2.0, 2.8)],
)  # fmt: skip


def spine(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """Everything below the skull."""
    parts = [*_atlas(frame, rng), *_axis(frame, rng)]
    size = frame.anatomy.size
    child = 1.0 - frame.anatomy.grown
    # How far the shape of the bodies has come is personal, and much the same along one neck.
    square = float(np.clip(1.15 - 3.4 * child + rng.normal(0.0, 0.16), 0.0, 1.0))
    habit = rng.random(7)
    for n, (a, s) in enumerate(_BODIES):
        tilt = -9.0 + frame.anatomy.neck_tilt_deg * min(1.6, (-17 - s) / 45.0) + float(rng.normal(0.0, 0.8))
        center = as_point(frame.cervical([(a, s)]))
        outline = rough(_body(center, rng, size, (tilt, square), habit), rng, 0.2, 6.0)
        walls = _bone(frame, rng, ends=-0.3, lean_deg=90.0 + tilt)
        parts.append(Part(f"body {n + 3}", walls, outline, half_width=9.5 * size, rounding=4.0, step_mm=0.35))
        at = as_point(frame.cervical([(a - 29.0 - n + float(rng.normal(0.0, 1.0)), s + 1.5 - 1.2 * n + float(rng.normal(0.0, 1.0)))]))
        template = np.asarray(_SPINOUS[int(rng.integers(len(_SPINOUS)))])
        length = float(rng.uniform(0.75, 1.3)) * size * (1.0 - 0.25 * child)
        section = template * (length, size * float(rng.uniform(0.85, 1.3))) + rng.normal(0.0, 0.45, template.shape)
        turn = tilt + float(rng.normal(30.0, 10.0))
        process = rough(smooth(turned(section, turn) + np.asarray(at)), rng, 0.35, 5.0)
        tip = turned(np.array([[-7.5 * length, 0.0], [float(rng.uniform(-5.5, 2.0)) * length, 0.0]]), turn) + np.asarray(at)
        # Few processes lie in one plane to their tips.
        fade = Fade(as_point(tip[1:]), as_point(tip[:1]), float(rng.uniform(0.1, 1.0)))
        look = _bone(frame, rng, lean=0.3, lean_deg=turn)
        parts.append(Part(f"spine {n + 3}", look, process, half_width=3.0 * size, rounding=1.5, step_mm=0.35, fade=fade))
    return parts


def _bone(frame: Frame, rng: np.random.Generator, *, lean: float = 0.0, ends: float = 0.0, lean_deg: float = 0.0) -> Look:
    """Cortex and marrow of one vertebra: thinner or thicker, closed or in pieces, evenly grained or patchy."""
    density = frame.anatomy.bone_density
    return Look(
        cancellous(frame.anatomy) + float(rng.normal(95.0, 45.0)),
        grain=float(rng.uniform(170.0, 330.0)) * density,
        shell=float(rng.uniform(680.0, 960.0)) * density,
        shell_in_mm=float(rng.uniform(0.65, 1.0)),
        uneven=float(rng.uniform(0.8, 1.05)),
        run_mm=float(rng.uniform(6.0, 9.0)),
        lean=lean,
        ends=ends,
        lean_deg=lean_deg,
        oblique=0.6,
        mesh=float(rng.uniform(0.6, 0.9)),
        patch=float(rng.uniform(50.0, 170.0)) * density,
    )


def _axis(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """Body and dens, between them what is left of their joint; and the spinous process."""
    anatomy = frame.anatomy
    size, density = anatomy.size, anatomy.bone_density
    shape = np.asarray(_AXIS, dtype=np.float64)
    middle = np.interp(shape[:, 1], [-51.0, -18.0], [-14.2, -14.4])
    wide = np.full(len(shape), 1.0 + 0.06 * float(rng.normal()))
    wide[list(_DENS)] *= float(rng.uniform(0.88, 1.06))
    wide[list(_WAIST)] *= float(rng.uniform(0.9, 1.04))
    shape[:, 0] = middle + (shape[:, 0] - middle) * wide
    shape[list(_DENS), 1] += float(rng.normal(0.0, 1.0))
    shape[list(_LIP)] += np.array([float(rng.normal(-0.2, 0.6)), float(rng.normal(0.5, 0.8))])
    shape += rng.normal(0.0, 0.28, shape.shape)
    turn, pivot = float(rng.normal(0.0, 3.0)), (-14.0, -35.0)
    outline = rough(smooth(frame.cervical(turned(shape, turn, pivot)), 5), rng, 0.32, 6.0)
    spinous = rough(smooth(frame.cervical(_AXIS_SPINOUS) + rng.normal(0.0, 0.6, (len(_AXIS_SPINOUS), 2))), rng, 0.4, 6.0)
    tip = frame.cervical([(float(rng.uniform(-44.0, -38.0)), -40.0), (-52.0, -40.5)])
    fade = Fade(as_point(tip[:1]), as_point(tip[1:]), float(rng.uniform(0.1, 1.0)))
    wide_look = _bone(frame, rng, ends=-0.35, lean_deg=90.0 + anatomy.neck_tilt_deg)
    parts = [
        Part("axis", wide_look, outline, half_width=7.0 * size, rounding=3.0, step_mm=0.35),
        Part("axis spine", _bone(frame, rng, lean=0.35), spinous, half_width=4.5 * size, rounding=2.0, step_mm=0.35, fade=fade),
    ]
    # The joint of dens and body: a dark gap in the young, then a bright line, in most grown-ups nothing.
    left = (0.80 - anatomy.grown) / 0.12 + float(rng.normal(0.0, 0.5))
    if left > -0.4:
        height = -34.5 + float(rng.normal(0.0, 1.2))
        ends = np.array([(-19.4, height - 0.6), (-15.5, height + 0.5), (-12.5, height), (-9.8, height - 0.4)]) + rng.normal(
            0.0, 0.4, (4, 2)
        )
        line = band(frame.cervical(turned(ends, turn, pivot)), rng.uniform(0.6, 1.2, 4))
        gap = left > 0.6
        value = SOFT + 60.0 if gap else cancellous(anatomy) + float(rng.uniform(110.0, 250.0)) * density
        look = Look(value, shell=(cancellous(anatomy) + 260.0 * density) if gap else 0.0, shell_out_mm=0.7 if gap else 0.0, run_mm=4.0)
        span = frame.cervical([(-10.5, height), (-19.0, height)])[:: int(rng.choice([-1, 1]))]
        seen = Fade(as_point(span[:1]), as_point(span[1:]), float(rng.uniform(0.1, 0.9)))
        parts.append(Part("axis joint", look, rough(line, rng, 0.2, 4.0), half_width=5.0, rounding=0.6, step_mm=0.3, fade=seen))
    return parts


def _atlas(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """Front and back arch: in the midline two small rings or specks, the front one flat towards the dens."""
    size = frame.anatomy.size
    front_at, back_at = as_point(frame.cervical([(-4.6, -22)])), as_point(frame.cervical([(-39.5, -24)]))
    middle_a, depth = (front_at[0] + back_at[0]) / 2, (front_at[0] - back_at[0]) / 2
    scale = size * (0.8 + 0.2 * frame.anatomy.grown)
    rings = []
    for choice, wobble in ((_RINGS, 0.22), (_BACK_RINGS, 0.3)):
        ring = np.asarray(choice[int(rng.integers(len(choice)))]) * scale * rng.uniform(0.8, 1.15, 2)
        rings.append(smooth(ring + rng.normal(0.0, wobble, ring.shape)))
    front = rough(turned(rings[0], float(rng.normal(4.0, 8.0))) + front_at, rng, 0.25, 5.0)
    back = rough(turned(rings[1], float(rng.normal(12.0, 14.0))) + back_at, rng, 0.35, 5.0)
    arch = (middle_a, depth, 21.0 * size)
    looks = [_bone(frame, rng, lean=lean, lean_deg=180.0) for lean in (0.3, -0.3)]
    return [
        Part("atlas front", looks[0], front, ARCH, half_width=16.0 * size, arch=arch, rounding=0.0, step_mm=0.35),
        Part("atlas back", looks[1], back, ARCH, half_width=22.0 * size, arch=(middle_a, -depth, 22.0 * size), rounding=0.0, step_mm=0.35),
    ]


def _body(center: Point, rng: np.random.Generator, size: float, stance: tuple[float, float], habit: FloatArray) -> FloatArray:
    """A body's outline: a wedge with a round upper front corner in children, then a lying, later an upright rectangle.

    Parameters
    ----------
    stance
        Its tilt (degrees), and how far its shape has come, 0 … 1. Its lower side is flat in children and hollow later.
    habit
        Seven numbers from 0 to 1: what the bodies of this neck have in common.
    """
    tilt_deg, square = stance
    own = np.clip(habit + rng.normal(0.0, 0.1, 7), 0.0, 1.0)
    depth = 14.4 * size * (0.95 + 0.1 * own[0])
    behind = size * (9.0 + 3.6 * square) * (0.94 + 0.12 * own[1])
    front = behind * float(np.clip(0.58 + 0.34 * square + 0.15 * own[2], 0.55, 1.05))
    round_top = 3.6 * (1.0 - square) ** 1.3 + 1.0 + 1.2 * own[3]
    hollow, waist, lip = 0.3 * own[4] + (0.1 + 0.8 * own[4]) * square, 0.6 * own[5], (1.0 * own[6] - 0.1) * square
    x0, x1, low = -depth / 2, depth / 2, -behind / 2
    slope = (front - behind) / depth
    top = [(x, behind / 2 + slope * (x - x0) - dip) for x, dip in ((x1 - round_top, 0.1), (0.25 * x1, 0.35), (0.45 * x0, 0.45))]
    corner = (x1 + 0.1, low + front - round_top)
    shape = np.array(
        [
            *top, (x0 + 1.4, behind / 2), (x0 + 0.1, behind / 2 - 1.6), (x0 + waist, 0.0), (x0 + 0.1, low + 1.8), (x0 + 1.5, low + 0.1),
            (0.4 * x0, low + 0.7 * hollow), (0.3 * x1, low + hollow), (x1 - 1.7, low - 0.3 * lip), (x1 - 0.1, low + 0.8 - lip),
            (x1 - 0.8 * waist, low + 0.45 * front), corner, (x1 - 0.35 * round_top, low + front - 0.3 * round_top),
        ]
    )  # fmt: skip
    shape += rng.normal(0.0, 0.2, shape.shape)
    outline: FloatArray = turned(shape, tilt_deg) + np.asarray(center)
    return smooth(outline, 5)
