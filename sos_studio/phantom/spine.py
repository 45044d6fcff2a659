"""Atlas, axis and the vertebrae below."""

from __future__ import annotations

import numpy as np

from sos_studio.phantom.kernels import ARCH
from sos_studio.phantom.landmarks import FloatArray, Frame, Point, Points, as_point
from sos_studio.phantom.outlines import rough, rounded_box, smooth, turned
from sos_studio.phantom.parts import Look, Part
from sos_studio.phantom.skull import cancellous

_AXIS: Points = [
    (-14, -19.6), (-10.5, -19.6), (-8.9, -24), (-9.6, -29), (-9, -35), (-8.4, -43), (-8.4, -49), (-14, -48.6), (-21.5, -47.3), (-21, -40),
    (-18.5, -33), (-16.2, -28), (-15.7, -23),
]  # fmt: skip
_AXIS_SPINE: Points = [(-39, -35), (-38.5, -43.5), (-43, -44.5), (-51, -43.5), (-52.5, -40), (-46, -37.5)]
_BODIES: Points = [(-18.0, -57.6), (-20.4, -72.0), (-22.2, -86.4), (-23.4, -100.8), (-24.2, -115.0)]
# A vertebral body of unit width and height: waisted, with hollow end plates and sharp lips in front.
_BODY: Points = [
    (0.52, 0.50), (0.20, 0.44), (-0.15, 0.42), (-0.50, 0.48), (-0.46, 0.15), (-0.46, -0.15), (-0.50, -0.50), (-0.15, -0.44), (0.20, -0.46),
    (0.54, -0.53), (0.45, -0.15), (0.45, 0.15),
]  # fmt: skip


def spine(frame: Frame, rng: np.random.Generator) -> list[Part]:
    """Everything below the skull."""
    size, density = frame.anatomy.size, frame.anatomy.bone_density
    look = Look(cancellous(density), grain=190.0 * density, shell=800.0 * density, shell_in_mm=0.9)
    front_at, back_at = as_point(frame.cervical([(-4.0, -23)])), as_point(frame.cervical([(-40, -25.5)]))
    middle_a, depth = (front_at[0] + back_at[0]) / 2, (front_at[0] - back_at[0]) / 2
    front = rough(rounded_box(front_at, (4.8 * size, 9.0 * size), 8.0, 2.2 * size), rng, 0.4)
    back = rough(rounded_box(back_at, (5.0 * size, 7.5 * size), 15.0, 2.3 * size), rng, 0.5)
    arch, axis, axis_spine = (middle_a, depth, 21.0 * size), smooth(frame.cervical(_AXIS), 5), smooth(frame.cervical(_AXIS_SPINE))
    parts = [
        Part("atlas front", look, front, ARCH, half_width=16.0 * size, arch=arch, rounding=0.0),
        Part("atlas back", look, back, ARCH, half_width=22.0 * size, arch=(middle_a, -depth, 22.0 * size), rounding=0.0),
        Part("axis", look, rough(axis, rng, 0.25), half_width=7.0 * size, rounding=3.0),
        Part("axis spine", look, rough(axis_spine, rng, 0.4), half_width=4.5 * size, rounding=2.0),
    ]
    for n, (a, s) in enumerate(_BODIES):
        tilt = -8.0 + frame.anatomy.neck_tilt_deg * min(1.6, (-17 - s) / 45.0) + float(rng.normal(0.0, 2.0))
        body = _body(as_point(frame.cervical([(a, s)])), size, tilt)
        parts.append(Part(f"body {n + 3}", look, rough(body, rng, 0.22, 7.0), half_width=8.5 * size, rounding=2.0))
        at = as_point(frame.cervical([(a - 28.0 - n + float(rng.normal(0.0, 1.0)), s + 0.5 - 1.2 * n)]))
        shape = (float(rng.uniform(12.0, 16.5)) * size, float(rng.uniform(4.4, 6.6)) * size)
        bar = rounded_box(at, shape, tilt + 28.0 + float(rng.normal(0.0, 5.0)), 2.2 * size)
        parts.append(Part(f"spine {n + 3}", look, rough(bar, rng, 0.5, 10.0), half_width=3.0 * size, rounding=1.5))
    return parts


def _body(center: Point, size: float, tilt_deg: float) -> FloatArray:
    outline: FloatArray = turned(np.asarray(_BODY) * (14.0 * size, 12.5 * size), tilt_deg) + np.asarray(center)
    return smooth(outline, 4)
