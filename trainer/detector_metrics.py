"""How well frames were found, with counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

import numpy as np
import numpy.typing as npt

from sos_studio.core.roi import Roi

FloatArray = npt.NDArray[np.float64]
# COCO's thresholds: 0.5, 0.55 … 0.95.
_THRESHOLDS = tuple(0.5 + 0.05 * n for n in range(10))


@dataclass(frozen=True)
class Detection:
    """A frame in full-image pixels and how sure the detector is, 0 … 1."""

    roi: Roi
    confidence: float


def _area(polygon: FloatArray) -> float:
    u, v = polygon[:, 0], polygon[:, 1]
    return 0.5 * float(np.dot(u, np.roll(v, -1)) - np.dot(v, np.roll(u, -1)))


def overlap(a: Roi, b: Roi) -> float:
    """Intersection over union of two turned frames, exact (Sutherland-Hodgman)."""
    polygon = a.corners_uv
    corners = b.corners_uv
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        edge = end - start
        side = edge[0] * (polygon[:, 1] - start[1]) - edge[1] * (polygon[:, 0] - start[0])
        kept: list[FloatArray] = []
        for n, point in enumerate(polygon):
            m = (n + 1) % len(polygon)
            if side[n] >= 0:
                kept.append(point)
            if side[n] * side[m] < 0:
                kept.append(point + (polygon[m] - point) * side[n] / (side[n] - side[m]))
        if len(kept) < 3:
            return 0.0
        polygon = np.array(kept)
    shared = abs(_area(polygon))
    return shared / (a.width_px * a.height_px + b.width_px * b.height_px - shared)


def upright_overlap(a: Roi, b: Roi) -> float:
    """Intersection over union of the upright boxes about two frames: what a detector of upright boxes, as the paper's, is measured by."""
    low_a, high_a = a.corners_uv.min(axis=0), a.corners_uv.max(axis=0)
    low_b, high_b = b.corners_uv.min(axis=0), b.corners_uv.max(axis=0)
    sides = np.minimum(high_a, high_b) - np.maximum(low_a, low_b)
    if (sides <= 0).any():
        return 0.0
    shared = float(np.prod(sides))
    return shared / (float(np.prod(high_a - low_a)) + float(np.prod(high_b - low_b)) - shared)


def contains(frame: Roi, point_uv: tuple[float, float]) -> bool:
    """Whether a point lies inside a turned frame."""
    angle = math.radians(frame.angle_deg)
    du, dv = point_uv[0] - frame.center_uv[0], point_uv[1] - frame.center_uv[1]
    along, across = math.cos(angle) * du + math.sin(angle) * dv, math.cos(angle) * dv - math.sin(angle) * du
    return abs(along) <= frame.width_px / 2 and abs(across) <= frame.height_px / 2


def average_precision(
    found: Sequence[Sequence[Detection]], truth: Sequence[Roi], threshold: float, overlapping: Callable[[Roi, Roi], float] = overlap
) -> float:
    """Area under precision over recall (101 points, as COCO) with one true frame per picture.

    Parameters
    ----------
    found
        Detections of each picture.
    truth
        The expert's frame of each picture.
    threshold
        Overlap from which a detection is right.
    overlapping
        How it is measured.
    """
    ranked = sorted(((d.confidence, n, d.roi) for n, detections in enumerate(found) for d in detections), key=lambda item: -item[0])
    taken: set[int] = set()
    right = np.zeros(len(ranked))
    for rank, (_, n, roi) in enumerate(ranked):
        if n not in taken and overlapping(roi, truth[n]) >= threshold:
            taken.add(n)
            right[rank] = 1
    if not ranked or not truth:
        return 0.0
    recall, precision = np.cumsum(right) / len(truth), np.cumsum(right) / np.arange(1, len(ranked) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    positions = np.searchsorted(recall, np.linspace(0, 1, 101), side="left")
    return float(np.mean(np.append(precision, 0.0)[positions]))


def mean_average_precision(
    found: Sequence[Sequence[Detection]], truth: Sequence[Roi], overlapping: Callable[[Roi, Roi], float] = overlap
) -> tuple[float, float]:
    """Mean average precision at overlap 0.5, and its mean over 0.5 … 0.95."""
    values = [average_precision(found, truth, threshold, overlapping) for threshold in _THRESHOLDS]
    return values[0], fmean(values)


def judge(
    found: Sequence[Sequence[Detection]], truth: Sequence[Roi], spacing_mm: Sequence[float | None], confidence: float
) -> dict[str, Any]:
    """Figures of a detector, with counts.

    Parameters
    ----------
    found
        Detections of each picture, the surest first, down to a low confidence (mAP needs them).
    truth, spacing_mm
        The expert's frame and the pixel size of each picture.
    confidence
        From which on a detection is shown to a person; the surest one above it is *the* detection.

    Returns
    -------
    ``n`` pictures; ``hits`` (centre inside the expert's frame), ``overlapping`` (overlap ≥ 0.5) and ``missed`` (nothing shown) with
    ``hit_rate``, ``miss_rate``, mean ``iou`` (a miss counts 0), ``map50``, ``map50_95`` of the turned frames and ``upright_map50``,
    ``upright_map50_95`` of the upright boxes about them, so that detectors of either kind can be compared; of those shown: median
    ``center_error_px``, ``center_error_mm`` (where the pixel size is known) and ``angle_error_deg``, None if none was shown.
    """
    best = [next((d for d in detections if d.confidence >= confidence), None) for detections in found]
    pairs = [(d.roi, t, s) for d, t, s in zip(best, truth, spacing_mm, strict=True) if d is not None]
    errors_px = [math.dist(roi.center_uv, t.center_uv) for roi, t, _ in pairs]
    errors_mm = [e * s for e, (_, _, s) in zip(errors_px, pairs, strict=True) if s is not None]
    angles = [abs(math.remainder(roi.angle_deg - t.angle_deg, 360.0)) for roi, t, _ in pairs]
    overlaps = [overlap(roi, t) for roi, t, _ in pairs]
    n, hits = len(truth), sum(contains(t, roi.center_uv) for roi, t, _ in pairs)
    map50, map50_95 = mean_average_precision(found, truth)
    upright50, upright50_95 = mean_average_precision(found, truth, upright_overlap)
    return {
        "n": n,
        "hits": hits,
        "hit_rate": hits / n if n else None,
        "overlapping": sum(o >= 0.5 for o in overlaps),
        "missed": n - len(pairs),
        "miss_rate": (n - len(pairs)) / n if n else None,
        "iou": sum(overlaps) / n if n else None,
        "map50": map50 if n else None,
        "map50_95": map50_95 if n else None,
        "upright_map50": upright50 if n else None,
        "upright_map50_95": upright50_95 if n else None,
        "center_error_px": median(errors_px) if errors_px else None,
        "center_error_mm": median(errors_mm) if errors_mm else None,
        "angle_error_deg": median(angles) if angles else None,
        "confidence": confidence,
    }
