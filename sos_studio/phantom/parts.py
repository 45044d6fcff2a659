"""The table of parts that a head is painted from, and how far a point is from each.

A part is a sagittal outline carried sideways in one of a few ways (`SLAB`, `HEAD`, `ARCH`) or an ellipsoid. Parts are painted in
order: a later one covers an earlier one. Each has a filling and a shell (cortical bone, or the wall of a sinus).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sos_studio.phantom.kernels import ARCH, HEAD, PLAIN, SLAB
from sos_studio.phantom.outlines import Curve, DistanceGrid, distance_grid

PART = np.dtype(
    [
        ("kind", "i4"),
        ("feature", "i4"),
        ("offset", "i8"),  # first sample of the distance grid in the shared array
        ("columns", "i8"),
        ("rows", "i8"),
        ("a0", "f8"),
        ("s0", "f8"),
        ("step", "f8"),
        ("low_a", "f8"),  # box outside of which the part adds nothing
        ("high_a", "f8"),
        ("low_s", "f8"),
        ("high_s", "f8"),
        ("high_l", "f8"),
        ("middle_l", "f8"),
        ("half_width", "f8"),
        ("rounding", "f8"),
        ("arch_a", "f8"),  # centre of the arch in a, and its half axes
        ("arch_depth", "f8"),
        ("arch_width", "f8"),
        ("radius_l", "f8"),
        ("radius_a", "f8"),
        ("radius_s", "f8"),
        ("fill", "f8"),
        ("grain", "f8"),  # amplitude of the trabecular texture
        ("shell", "f8"),
        ("shell_in", "f8"),
        ("shell_out", "f8"),
        ("stop_inside", "f8"),  # deeper than this, nothing that follows can matter
    ]
)


@dataclass(frozen=True)
class Part:
    """One entry of the table before packing; see `PART` for the meaning of the numbers (millimetres, grey values).

    `outline` is closed, in the sagittal plane; an ellipsoid has a `center` (l, a, s) and `radii` instead, on both sides.
    """

    name: str
    fill: float
    outline: Curve | None = None
    kind: int = SLAB
    feature: int = PLAIN
    half_width: float = 10.0
    rounding: float = 1.0
    middle_l: float = 0.0
    arch: tuple[float, float, float] = (0.0, 1.0, 1.0)
    center: tuple[float, float, float] = (0.0, 0.0, 0.0)
    radii: tuple[float, float, float] = (1.0, 1.0, 1.0)
    grain: float = 0.0
    shell: float = 0.0
    shell_in: float = 0.0
    shell_out: float = 0.0
    stop_inside: float = 1e9
    step_mm: float = 0.5


@dataclass(frozen=True, eq=False)
class PartTable:
    """All parts in painting order, packed for the kernel."""

    rows: npt.NDArray[np.void]
    distances: npt.NDArray[np.float32]
    names: tuple[str, ...] = field(default=())


def pack(parts: list[Part], margin_mm: float = 2.5) -> PartTable:
    """Sample every outline's distances and lay the numbers out for the kernel."""
    rows = np.zeros(len(parts), dtype=PART)
    pieces: list[npt.NDArray[np.float32]] = []
    offset = 0
    for row, part in zip(rows, parts, strict=True):
        for name in (
            "kind",
            "feature",
            "half_width",
            "rounding",
            "middle_l",
            "fill",
            "grain",
            "shell",
            "shell_in",
            "shell_out",
            "stop_inside",
        ):
            row[name] = getattr(part, name)
        row["arch_a"], row["arch_depth"], row["arch_width"] = part.arch
        row["radius_l"], row["radius_a"], row["radius_s"] = part.radii
        reach = margin_mm + part.shell_out
        if part.outline is None:
            (middle_l, a, s), (rl, ra, rs) = part.center, part.radii
            row["middle_l"], row["a0"], row["s0"] = middle_l, a, s
            _set_box(row, (a - ra - reach, s - rs - reach), (a + ra + reach, s + rs + reach), middle_l + rl + reach)
            continue
        grid = distance_grid(part.outline, part.step_mm, reach)
        _set_grid(row, grid, offset)
        pieces.append(grid.values_sa.ravel())
        offset += grid.values_sa.size
        (low_a, low_s), (high_a, high_s) = part.outline.min(axis=0) - reach, part.outline.max(axis=0) + reach
        wide = 1e9 if part.kind in (HEAD, ARCH) else part.half_width + reach
        _set_box(row, (low_a, low_s), (high_a, high_s), wide)
    return PartTable(rows, np.concatenate(pieces), tuple(part.name for part in parts))


def _set_grid(row: np.void, grid: DistanceGrid, offset: int) -> None:
    row["offset"] = offset
    row["rows"], row["columns"] = grid.values_sa.shape
    row["a0"], row["s0"], row["step"] = grid.a0_mm, grid.s0_mm, grid.step_mm


def _set_box(row: np.void, low_as: tuple[float, float], high_as: tuple[float, float], high_l: float) -> None:
    row["low_a"], row["low_s"] = low_as
    row["high_a"], row["high_s"] = high_as
    row["high_l"] = high_l
