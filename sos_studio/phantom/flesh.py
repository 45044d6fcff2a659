"""What soft tissue looks like near the midline: muscles, fat between them, the brain's hollows; faint, and mostly drowned in noise.

A map of the sagittal plane (grey values to add, and how thick the fat under the skin is), laid out once per head and read by the
kernel at any place; away from the midline it gives way to formless noise.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from sos_studio.phantom.landmarks import FloatArray, Frame, Points
from sos_studio.phantom.outlines import smooth

MAP_STEP_MM, MAP_LOW_A, MAP_LOW_S, MAP_COLUMNS, MAP_ROWS = 1.0, -112.0, -152.0, 236, 284

# Strokes: points, thickness, grey value (against muscle).
Stroke = tuple[Points, float, float]
_NECK: tuple[Stroke, ...] = (
    # Fat between the layers of the nape, from the skin inwards; then the fat under the skull.
    ([(-76, 2), (-66, -16), (-59, -38), (-57, -70), (-58, -110), (-58, -150)], 1.6, -58.0),
    ([(-66, -2), (-57, -18), (-51, -36), (-50, -60), (-51, -100), (-52, -150)], 1.2, -48.0),
    ([(-55, -6), (-48, -18), (-45, -27), (-40, -31)], 2.4, -50.0),
    ([(-44, -13), (-41, -18), (-38, -19)], 3.0, -42.0),
    # Spinal canal: fat and fluid around the cord.
    ([(-27, -12), (-28, -30), (-30, -55), (-33, -90), (-36, -150)], 13.0, -20.0),
    ([(-27, -6), (-28, -30), (-30, -55), (-33, -90), (-36, -150)], 6.5, 22.0),
    # In front of the vertebrae: muscle, and the fat that the pharynx glides on.
    ([(4, -14), (-1, -28), (-4, -44), (-6, -70), (-8, -110), (-9, -150)], 4.0, 14.0),
    ([(9, -13), (3, -26), (0, -44), (-3, -70), (-4, -110), (-5, -150)], 0.9, -46.0),
)
_MOUTH: tuple[Stroke, ...] = (
    ([(48, -75), (40, -77), (30, -78), (21, -79)], 1.4, -62.0),
    ([(54, -87), (44, -85.5), (33, -85), (23, -86)], 6.0, -66.0),
    ([(47, -71), (36, -60), (28, -48), (26, -38)], 2.4, -26.0),
    ([(31, -21), (23, -25.5), (16, -32), (11, -40)], 5.5, -32.0),
    ([(31, -24.5), (24, -29), (18, -35.5), (14, -43)], 1.0, -105.0),
    ([(15, -67), (16, -72), (15.5, -79), (14.5, -84)], 4.2, -62.0),
    ([(88, -27), (90, -34), (88, -40)], 1.6, -34.0),
    ([(85, -54), (80, -60), (80, -66)], 1.6, -34.0),
    ([(80, -70), (76, -76), (68, -80)], 2.2, -44.0),
)
_BRAIN: tuple[Stroke, ...] = (
    ([(26, 57), (27, 64), (14, 71), (-8, 71), (-24, 65), (-29, 57)], 5.5, 9.0),  # corpus callosum
    ([(20, 61), (8, 65), (-8, 65), (-20, 59)], 5.0, -26.0),  # ventricles
    ([(8, 44), (2, 50), (-6, 52), (-12, 47)], 3.0, -22.0),
    ([(-15, 36), (-21, 26), (-26, 14), (-27, 6), (-30, -2)], 3.4, -26.0),
    ([(8, 33), (-2, 28), (-7, 16), (-12, 2), (-16, -10)], 3.6, -26.0),  # fluid in front of the brain stem, and under the cerebellum
    ([(-30, -6), (-38, -8), (-48, -3)], 5.0, -26.0),
    ([(18, 33), (10, 36), (2, 40)], 5.0, -22.0),
    ([(-20, 36), (-26, 40), (-31, 44)], 4.5, -24.0),
    ([(-28, 42), (-45, 33), (-62, 25), (-76, 20)], 2.0, 30.0),  # tentorium
    ([(-76, 22), (-83, 45), (-80, 70), (-62, 92), (-25, 106), (15, 106), (45, 95), (66, 76), (73, 55)], 5.0, 16.0),  # sinus along the vault
)
# How deep the fat under the skin is: (a, s), reach, depth in mm.
_FAT = (
    ((-72.0, -20.0), 30.0, 4.0),
    ((-68.0, -75.0), 34.0, 4.5),
    ((62.0, -86.0), 20.0, 4.2),
    ((35.0, -92.0), 18.0, 4.0),
    ((88.0, -66.0), 12.0, 3.0),
    ((90.0, 20.0), 30.0, 0.6),
    ((94.0, -38.0), 12.0, -1.0),
)


def flesh_map(frame: Frame, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Map (s, a, channel): grey value to add, and depth of the fat under the skin."""
    anatomy = frame.anatomy
    values: FloatArray = np.zeros((MAP_ROWS, MAP_COLUMNS))
    scratch = np.zeros_like(values)
    shown = float(rng.uniform(0.6, 1.5))
    fatty = float(np.clip(rng.lognormal(0.0, 0.4), 0.4, 2.2))
    groups = ((_NECK, frame.cervical, 1.6, 1.5), (_MOUTH, frame.outer, 0.9, 1.5), (_BRAIN, frame.cranial, 1.2, 1.0))
    for strokes, place, wander, seen in groups:
        for points, thick, value in strokes:
            line = np.asarray(points, dtype=np.float64) + rng.normal(0.0, wander, (len(points), 2))
            strength = value * seen * shown * float(rng.uniform(0.3, 1.3)) * (fatty if value < -30.0 else 1.0) ** 0.5
            _draw(values, scratch, smooth(place(line), 5, closed=False), thick * float(rng.uniform(0.7, 1.4)) * anatomy.size, strength)
    _tongue(frame, rng, values, scratch, shown)
    _cerebellum(frame, rng, values, scratch, shown)
    # Planes come and go; nothing is drawn with one pen.
    values *= np.clip(0.75 + 0.9 * _texture(rng, 11.0, 13.0), 0.1, 1.5)
    values += _texture(rng, 9.0, 11.0) * 9.0 + _texture(rng, 4.0, 5.0) * 9.0
    grid_a = MAP_LOW_A + MAP_STEP_MM * np.arange(MAP_COLUMNS)[None, :]
    grid_s = MAP_LOW_S + MAP_STEP_MM * np.arange(MAP_ROWS)[:, None]
    # Muscles of the nape run upwards, with fat between their bundles.
    nape = frame.cervical([(-34.0, -18.0)])[0]
    neck = _eased((nape[0] - grid_a) / 14.0) * _eased((nape[1] - grid_s) / 14.0)
    values += neck * float(rng.uniform(10.0, 34.0)) * (_texture(rng, 5.0, 36.0) - 0.25)
    depth = np.full_like(values, 1.2 + 0.6 * fatty)
    for (a, s), reach, more in _FAT:
        at = frame.outer([(a, s)])[0]
        depth += fatty * more * np.exp(-((grid_a - at[0]) ** 2)[0] / reach**2)[None, :] * np.exp(-((grid_s - at[1]) ** 2) / reach**2)
    depth *= 1.0 + 0.35 * _texture(rng, 14.0, 18.0)
    return np.stack([values, np.maximum(depth, 0.2)], axis=-1).astype(np.float32)


def _tongue(frame: Frame, rng: np.random.Generator, values: FloatArray, scratch: FloatArray, shown: float) -> None:
    """A fan of muscle and fat from the chin's inner side to the tongue's back."""
    root = np.array([49.0, -70.0]) + rng.normal(0.0, 1.5, 2)
    for share in np.linspace(0.0, 1.0, int(rng.integers(6, 11))):
        angle = np.radians(165.0 - 100.0 * share + float(rng.normal(0.0, 4.0)))
        reach = (34.0 + 8.0 * np.sin(np.pi * share)) * float(rng.uniform(0.75, 1.0))
        along = np.array([0.16, 0.45, 0.75, 1.0])[:, None] * reach
        bent = angle + np.array([0.0, 0.05, 0.12, 0.22])[:, None] * (1.0 - 1.4 * share)
        line = root + along * np.hstack([np.cos(bent), np.sin(bent)])
        curve = smooth(frame.facial(line), 4, closed=False)
        _draw(values, scratch, curve, float(rng.uniform(0.8, 2.4)), -36.0 * shown * float(rng.uniform(0.2, 1.0)))


def _cerebellum(frame: Frame, rng: np.random.Generator, values: FloatArray, scratch: FloatArray, shown: float) -> None:
    """Folds that meet at the roof of the fourth ventricle."""
    for angle in np.linspace(95.0, 250.0, 8) + rng.normal(0.0, 5.0, 8):
        direction = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
        line = np.array([-33.0, 11.0]) + np.array([6.0, 14.0, 22.0])[:, None] * direction * (1.25, 0.85)
        _draw(values, scratch, smooth(frame.cranial(line), 4, closed=False), 1.3, -15.0 * shown * float(rng.uniform(0.2, 1.0)))


def _draw(values: FloatArray, scratch: FloatArray, curve: FloatArray, thick: float, value: float) -> None:
    _stroke(values, scratch, np.ascontiguousarray(curve), 0.5 * thick, value)


@njit(cache=True, nogil=True, error_model="numpy")
def _stroke(values: FloatArray, scratch: FloatArray, curve: FloatArray, half: float, value: float) -> None:
    """Add a line with soft sides and ends that fade; `scratch` is zero before and after."""
    soft = 0.9 + 0.25 * half
    reach = half + soft
    rows, columns = values.shape
    low_j, high_j, low_i, high_i = rows, -1, columns, -1
    last = curve.shape[0] - 1
    for p in range(last):
        x0, y0 = curve[p, 0] - MAP_LOW_A, curve[p, 1] - MAP_LOW_S
        dx, dy = curve[p + 1, 0] - MAP_LOW_A - x0, curve[p + 1, 1] - MAP_LOW_S - y0
        length2 = max(dx * dx + dy * dy, 1e-9)
        i0, i1 = max(0, int(min(x0, x0 + dx) - reach)), min(columns - 1, int(max(x0, x0 + dx) + reach) + 1)
        j0, j1 = max(0, int(min(y0, y0 + dy) - reach)), min(rows - 1, int(max(y0, y0 + dy) + reach) + 1)
        low_i, high_i, low_j, high_j = min(low_i, i0), max(high_i, i1), min(low_j, j0), max(high_j, j1)
        for j in range(j0, j1 + 1):
            for i in range(i0, i1 + 1):
                t = min(1.0, max(0.0, ((i - x0) * dx + (j - y0) * dy) / length2))
                ex, ey = i - x0 - t * dx, j - y0 - t * dy
                d = (ex * ex + ey * ey) ** 0.5
                if d < reach:
                    along = (p + t) / last
                    fade = min(1.0, 6.0 * along + 0.15, 6.0 * (1.0 - along) + 0.15)
                    w = min(1.0, 0.5 * (reach - d) / soft) * fade
                    scratch[j, i] = max(scratch[j, i], w)
    for j in range(low_j, high_j + 1):
        for i in range(low_i, high_i + 1):
            values[j, i] += value * scratch[j, i]
            scratch[j, i] = 0.0


def _eased(x: FloatArray) -> FloatArray:
    t = np.clip(x, 0.0, 1.0)
    eased: FloatArray = t * t * (3.0 - 2.0 * t)
    return eased


def _texture(rng: np.random.Generator, along_a_mm: float, along_s_mm: float) -> FloatArray:
    """Smooth noise over the map, uniform in [-1, 1] at points so far apart."""
    field: FloatArray = rng.uniform(-1.0, 1.0, (int(MAP_ROWS / along_s_mm) + 3, int(MAP_COLUMNS / along_a_mm) + 3))
    for axis, (step, nodes) in enumerate(((along_s_mm, MAP_ROWS), (along_a_mm, MAP_COLUMNS))):
        at = np.arange(nodes) / step
        low = at.astype(int)
        t = at - low
        t = t * t * (3.0 - 2.0 * t)
        t = t[:, None] if axis == 0 else t[None, :]
        field = np.take(field, low, axis=axis) * (1.0 - t) + np.take(field, low + 1, axis=axis) * t
    return field
