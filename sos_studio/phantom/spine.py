"""Atlas, axis and the vertebrae below."""

from __future__ import annotations

import numpy as np

from sos_studio.phantom.landmarks import FloatArray, Frame, Point, Points, as_point
from sos_studio.phantom.outlines import rough, smooth, turned
from sos_studio.phantom.parts import Look, Part
from sos_studio.phantom.skull import cancellous
from sos_studio.phantom.solids import ARCH

# Axis: dens 15 mm high and 10-11 mm deep, whole 37 mm (adult women), with the lip that hangs down in front.
_AXIS: Points = [
    (-14.5, -18.2), (-11.4, -18.2), (-9.6, -20.5), (-9.4, -25.0), (-10.4, -29.0), (-9.2, -35), (-7.6, -42), (-6.6, -49), (-6.8, -52.5),
    (-9.2, -51.8), (-14, -49.4), (-21.0, -48.6), (-21.6, -44), (-20.2, -36), (-18.6, -30), (-18.5, -25), (-17.6, -20.4),
]  # fmt: skip
_BODIES: Points = [(-15.2, -59.6), (-17.4, -74.4), (-19.4, -89.2), (-20.8, -104.0), (-21.6, -119.0)]
# A vertebral body of unit depth and height: waisted, with hollow end plates and sharp lips in front.
_BODY: Points = [
    (0.50, 0.46), (0.20, 0.47), (-0.15, 0.46), (-0.50, 0.50), (-0.485, 0.15), (-0.485, -0.15), (-0.51, -0.48), (-0.15, -0.45),
    (0.20, -0.47),
    (0.54, -0.56), (0.49, -0.15), (0.475, 0.15),
]  # fmt: skip
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


def spine(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """Everything below the skull."""
    size, density = frame.anatomy.size, frame.anatomy.bone_density
    look = Look(cancellous(frame.anatomy) + 30.0, grain=150.0 * density, shell=760.0 * density, shell_in_mm=0.8, uneven=0.9)
    parts = [*_atlas(frame, rng, look)]
    shape = np.asarray(_AXIS)
    shape = np.column_stack([-14.4 + (shape[:, 0] + 14.4) * (1.0 + 0.06 * rng.normal()), shape[:, 1]]) + rng.normal(0.0, 0.3, shape.shape)
    axis = rough(smooth(frame.cervical(turned(shape, float(rng.normal(0.0, 3.0)), (-14.0, -35.0))), 5), rng, 0.3, 8.0)
    spinous = rough(smooth(frame.cervical(_AXIS_SPINOUS) + rng.normal(0.0, 0.35, (len(_AXIS_SPINOUS), 2))), rng, 0.4, 7.0)
    parts += [
        Part("axis", look, axis, half_width=7.0 * size, rounding=3.0, step_mm=0.35),
        Part("axis spine", look, spinous, half_width=4.5 * size, rounding=2.0, step_mm=0.35),
    ]
    child = 1.0 - frame.anatomy.grown
    for n, (a, s) in enumerate(_BODIES):
        tilt = -9.0 + frame.anatomy.neck_tilt_deg * min(1.6, (-17 - s) / 45.0) + float(rng.normal(0.0, 2.0))
        center = as_point(frame.cervical([(a, s)]))
        parts.append(Part(f"body {n + 3}", look, _body(center, rng, size, tilt, child), half_width=9.5 * size, rounding=4.0, step_mm=0.35))
        at = as_point(frame.cervical([(a - 29.0 - n + float(rng.normal(0.0, 1.0)), s + 1.5 - 1.2 * n + float(rng.normal(0.0, 1.0)))]))
        template = np.asarray(_SPINOUS[int(rng.integers(len(_SPINOUS)))])
        length = float(rng.uniform(0.75, 1.2)) * size * (1.0 - 0.25 * child)
        section = template * (length, size * float(rng.uniform(0.75, 1.1))) + rng.normal(0.0, 0.2, template.shape)
        outline = smooth(turned(section, tilt + float(rng.normal(30.0, 8.0))) + np.asarray(at))
        parts.append(Part(f"spine {n + 3}", look, rough(outline, rng, 0.3, 7.0), half_width=3.0 * size, rounding=1.5, step_mm=0.35))
    return parts


def _atlas(frame: Frame, rng: np.random.Generator, look: Look) -> list[Part]:
    """Front and back arch: in the midline two ovals, the front one flat towards the dens."""
    size = frame.anatomy.size
    front_at, back_at = as_point(frame.cervical([(-4.6, -22)])), as_point(frame.cervical([(-39.5, -24)]))
    middle_a, depth = (front_at[0] + back_at[0]) / 2, (front_at[0] - back_at[0]) / 2
    oval: Points = [(-2.4, 4.4), (-0.2, 5.2), (2.0, 3.6), (2.8, 0.0), (2.2, -3.6), (0.0, -5.0), (-2.2, -4.2), (-2.6, 0.0)]
    scale = size * (0.85 + 0.15 * frame.anatomy.grown)
    front = np.asarray(oval) * scale + rng.normal(0.0, 0.25, (8, 2))
    back = np.asarray(oval) * (scale * 0.85, scale * float(rng.uniform(0.7, 1.0))) + rng.normal(0.0, 0.4, (8, 2))
    front = rough(smooth(turned(front, float(rng.normal(4.0, 5.0))) + front_at), rng, 0.25, 6.0)
    back = rough(smooth(turned(back, float(rng.normal(12.0, 8.0))) + back_at), rng, 0.35, 6.0)
    arch = (middle_a, depth, 21.0 * size)
    return [
        Part("atlas front", look, front, ARCH, half_width=16.0 * size, arch=arch, rounding=0.0, step_mm=0.35),
        Part("atlas back", look, back, ARCH, half_width=22.0 * size, arch=(middle_a, -depth, 22.0 * size), rounding=0.0, step_mm=0.35),
    ]


def _body(center: Point, rng: np.random.Generator, size: float, tilt_deg: float, child: float) -> FloatArray:
    """A child's body is low and slopes down to the front; a grown-up's is nearly square."""
    shape = np.asarray(_BODY, dtype=np.float64) * (14.6 * size * (1.0 - 0.06 * child), 11.6 * size * (1.0 - 0.22 * child))
    front = shape[:, 0] > 0.0
    shape[front, 1] -= 1.6 * child * (shape[front, 1] > 0.0) * shape[front, 0] / 5.0
    shape += rng.normal(0.0, 0.28, shape.shape)
    outline: FloatArray = turned(shape, tilt_deg) + np.asarray(center)
    return rough(smooth(outline, 5), rng, 0.28, 6.0)
