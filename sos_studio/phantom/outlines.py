"""Closed curves in the sagittal plane.

A curve is an array of (a, s) points: millimetres towards the face and towards the vertex from the origin of the head frame.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Curve = FloatArray  # (n, 2)


def smooth(points: Curve | list[tuple[float, float]], per_span: int = 6, *, closed: bool = True) -> Curve:
    """Centripetal Catmull-Rom spline through the points: no overshoot at uneven distances."""
    p = np.asarray(points, dtype=np.float64)
    p = np.vstack([p[-1], p, p[0], p[1]]) if closed else np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.linspace(0.0, 1.0, per_span, endpoint=False)[:, None]
    step = np.maximum(np.sqrt(np.hypot(*np.diff(p, axis=0).T)), 1e-6)[:, None]
    d1, d2, d3 = step[:-2, None], step[1:-1, None], step[2:, None]
    p0, p1, p2, p3 = p[:-3, None], p[1:-2, None], p[2:-1, None], p[3:, None]
    m1 = d2 * ((p1 - p0) / d1 - (p2 - p0) / (d1 + d2) + (p2 - p1) / d2)
    m2 = d2 * ((p2 - p1) / d2 - (p3 - p1) / (d2 + d3) + (p3 - p2) / d3)
    spans = (2 * t**3 - 3 * t**2 + 1) * p1 + (t**3 - 2 * t**2 + t) * m1 + (3 * t**2 - 2 * t**3) * p2 + (t**3 - t**2) * m2
    curve: Curve = spans.reshape(-1, 2)
    return curve if closed else np.vstack([curve, p[-2]])


def band(points: Curve | list[tuple[float, float]], thickness_mm: npt.ArrayLike, per_span: int = 4) -> Curve:
    """A closed curve around an open one: a sheet of that thickness (one number, or one per control point)."""
    line = np.asarray(points, dtype=np.float64)
    widths = np.broadcast_to(np.asarray(thickness_mm, dtype=np.float64), (len(line),))
    curve = smooth(line, per_span, closed=False)
    width = np.interp(np.linspace(0, 1, len(curve)), np.linspace(0, 1, len(line)), widths)[:, None]
    tangent = np.gradient(curve, axis=0)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1) / np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    return np.vstack([curve + normal * width / 2, (curve - normal * width / 2)[::-1]])


def rounded_box(center: tuple[float, float], size: tuple[float, float], angle_deg: float, radius_mm: float) -> Curve:
    """A turned rectangle with round corners, as a polygon."""
    half_a, half_s = size[0] / 2 - radius_mm, size[1] / 2 - radius_mm
    corners = [(half_a, half_s, 0), (-half_a, half_s, 90), (-half_a, -half_s, 180), (half_a, -half_s, 270)]
    angles = [np.radians(np.linspace(start, start + 90, 5)) for _, _, start in corners]
    points = np.vstack(
        [np.stack([a + radius_mm * np.cos(t), s + radius_mm * np.sin(t)], axis=1) for (a, s, _), t in zip(corners, angles, strict=True)]
    )
    placed: Curve = turned(points, angle_deg) + np.asarray(center)
    return placed


def turned(points: FloatArray, angle_deg: float, about: tuple[float, float] = (0.0, 0.0)) -> FloatArray:
    """Turn counter-clockwise as seen with the face to the right."""
    c, s = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    center = np.asarray(about)
    moved: FloatArray = (np.asarray(points, dtype=np.float64) - center) @ np.array([[c, s], [-s, c]]) + center
    return moved


def rough(curve: Curve, rng: np.random.Generator, amplitude_mm: float, wavelength_mm: float = 7.0) -> Curve:
    """Push a closed curve in and out along its normal, by a random series of waves of about that length."""
    steps = np.linalg.norm(np.roll(curve, -1, axis=0) - curve, axis=1)
    length = float(steps.sum())
    along = 2.0 * math.pi * np.concatenate([[0.0], np.cumsum(steps)[:-1]]) / length
    tangent = np.roll(curve, -1, axis=0) - np.roll(curve, 1, axis=0)
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], axis=1) / np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    middle = max(2.0, length / wavelength_mm)
    waves = np.unique(np.round(middle * np.array([0.3, 0.45, 0.7, 1.0, 1.45])).astype(int))
    offset = np.zeros(len(curve))
    for wave in waves[waves > 0]:
        offset += rng.normal() * (0.6 * middle / wave) ** 0.8 * np.sin(wave * along + rng.uniform(0.0, 2.0 * math.pi))
    pushed: Curve = curve + normal * (amplitude_mm / math.sqrt(len(waves) / 2.0) * offset)[:, None]
    return pushed


def softened(curve: Curve, sigma_mm: float, step_mm: float = 0.5) -> Curve:
    """A closed curve without corners, as mucosa covers them: evenly sampled, then averaged along itself over about that length."""
    closed = np.vstack([curve, curve[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    count = max(16, round(float(along[-1]) / step_mm))
    at = np.arange(count) * (along[-1] / count)
    even = np.stack([np.interp(at, along, closed[:, n]) for n in (0, 1)], axis=1)
    waves = np.fft.rfftfreq(count, along[-1] / count)[:, None]
    eased: Curve = np.fft.irfft(np.fft.rfft(even, axis=0) * np.exp(-2.0 * (math.pi * sigma_mm * waves) ** 2), n=count, axis=0)
    return eased


def mixed(a: FloatArray | tuple[float, float], b: FloatArray | tuple[float, float], share: float) -> FloatArray:
    """The point that share of the way from a to b."""
    p: FloatArray = np.asarray(a, dtype=np.float64) * (1.0 - share) + np.asarray(b, dtype=np.float64) * share
    return p
