"""Which of several series is most like a CBCT of the head, judged by its header alone."""

from __future__ import annotations

import math

from sos_studio.core.scans import SeriesInfo

# What a head CBCT is like: voxels, field of view and number of slices.
VOXEL_MM = (0.1, 1.0)
FIELD_MM = (120.0, 300.0)
ENOUGH_SLICES = 150
# Share that each reservation leaves: two of them cost as much as slices twice too thick.
PER_RESERVATION = 0.8
# Volume files ("?") don't say what they are, and are mostly exported from CBCT.
BY_MODALITY = {"CT": 1.0, "?": 0.8, "OT": 0.6, "": 0.6, "MR": 0.2}
OTHER_MODALITY = 0.1


def head_likeness(info: SeriesInfo) -> float:
    """How much a series looks like a CBCT of a head, 0 (can't be loaded) … 1.

    A product of independent shares: fine and even voxels, a field of view of a head, CT, many slices, nothing to reserve.
    """
    shape, spacing = info.shape_kji, info.spacing_mm_kji
    if not info.loadable or shape is None or spacing is None or min(spacing) <= 0 or min(shape) < 1:
        return 0.0
    share = BY_MODALITY.get(info.modality, OTHER_MODALITY)
    # A stack of 3 mm slices is a head CT too, but the synchondrosis is narrower than that.
    share *= _inside(max(spacing), *VOXEL_MM) ** 2
    share *= _inside(min(spacing), *VOXEL_MM)
    share *= math.sqrt(min(spacing) / max(spacing))
    for length_mm in field_of_view_mm_kji(shape, spacing):
        share *= _inside(length_mm, *FIELD_MM)
    share *= min(shape[0] / ENOUGH_SLICES, 1.0)
    share *= PER_RESERVATION ** sum(problem.severity == "warning" for problem in info.problems)
    return share


def field_of_view_mm_kji(shape_kji: tuple[int, int, int], spacing_mm_kji: tuple[float, float, float]) -> tuple[float, float, float]:
    """Edge lengths of the scanned box along k, j, i, voxels counted whole."""
    k, j, i = (n * mm for n, mm in zip(shape_kji, spacing_mm_kji, strict=True))
    return k, j, i


def _inside(value: float, low: float, high: float) -> float:
    """1 between the limits, falling off with the ratio outside of them: half at half of the lower or twice the upper."""
    if value < low:
        return value / low
    return min(high / value, 1.0)
