"""Whether a stack of slices is one evenly spaced, upright volume, and where its voxels are.

A wrong geometry that goes unnoticed costs more than a refused scan: whatever is not certain is refused with its reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from sos_studio.core.corrections import Correction
from sos_studio.core.scans import Problem
from sos_studio.imaging.content_checks import as_error, as_warning, content_problems
from sos_studio.imaging.dicom_headers import ImageSlice
from sos_studio.imaging.tilt import Shear
from sos_studio.imaging.variants import SAME_POSITION_MM

FloatArray = npt.NDArray[np.float64]

# Fewer slices leave their even spacing unproven; a staging needs more than `FEW_SLICES`, which only warns.
FEWEST_SLICES, FEW_SLICES = 3, 8
# The synchondrosis is a few millimetres wide.
THICK_MM = 2.0
# Scanners make square pixels; far from square is what somebody resampled.
OBLONG = 1.5
# A skull base does not fit into less.
SMALL_FIELD_MM = 40.0
# How far a slice may lie off the even grid: scanners round positions to a tenth or a hundredth of a millimetre.
POSITION_TOLERANCE_MM = 0.06
POSITION_TOLERANCE_OF_STEP = 0.05
SAME_DIRECTION = 5e-4
SAME_SPACING = 1e-3
# How far the last slice may lie aside of the first before the stack is taken for tilted: rounded positions and directions do that.
# Voxels that no scan of a head has: their header counts in other units.
SMALLEST_MM, LARGEST_MM = 0.01, 20.0
STRAIGHT_MM = 2 * POSITION_TOLERANCE_MM
STRAIGHT_PX = 0.25
# No gantry leans further; a stack that does is something else.
MAX_TILT_DEG = 40.0


@dataclass(frozen=True)
class Stack:
    """Slices in ascending order of k with their common geometry (None where there is none) and what is wrong with them.

    Attributes
    ----------
    lps_from_ijk
        Of the volume as it will be loaded: of the rectangular grid where there is a `shear`.
    shear
        How slices of a tilted gantry come to stand above one another (`Shear.place` for each, then `Shear.fill_outside`);
        None for those that do already.
    """

    slices: tuple[ImageSlice, ...]
    spacing_mm_kji: tuple[float, float, float] | None
    lps_from_ijk: FloatArray | None
    problems: tuple[Problem, ...]
    shear: Shear | None = None
    corrections: tuple[Correction, ...] = ()

    @property
    def loadable(self) -> bool:
        """Whether nothing forbids to load it."""
        return not any(problem.severity == "error" for problem in self.problems)

    @property
    def shape_kji(self) -> tuple[int, int, int]:
        """Number of voxels of the volume as it will be loaded."""
        if self.shear is not None:
            return self.shear.upright_shape_kji
        layout = self.slices[0].layout
        return len(self.slices), layout.rows, layout.columns


def same_direction(a: ImageSlice, b: ImageSlice) -> bool:
    """Whether two slices lie parallel, up to rounding in the header; slices without orientation only match each other."""
    if a.row_lps == b.row_lps and a.column_lps == b.column_lps:
        return True
    if a.row_lps is None or b.row_lps is None or a.column_lps is None or b.column_lps is None:
        return a.row_lps is None and b.row_lps is None
    difference = np.abs(np.array([*a.row_lps, *a.column_lps]) - np.array([*b.row_lps, *b.column_lps]))
    return bool(difference.max() <= SAME_DIRECTION)


def _axes(first: ImageSlice) -> FloatArray | None:
    """3 x 3 with unit columns row direction, column direction, normal; None if the header's directions are no such thing.

    Scanners round the cosines; Gram-Schmidt makes them exactly orthogonal again.
    """
    row, column = np.array(first.row_lps, dtype=np.float64), np.array(first.column_lps, dtype=np.float64)
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if abs(lengths[0] - 1) > 1e-2 or abs(lengths[1] - 1) > 1e-2:
        return None
    row, column = row / lengths[0], column / lengths[1]
    if abs(row @ column) > 1e-3:
        return None
    column = column - row * (row @ column)
    column = column / np.linalg.norm(column)
    return np.stack([row, column, np.cross(row, column)], axis=1)


def _missing(slices: Sequence[ImageSlice]) -> list[str]:
    missing = []
    if any(s.spacing_mm_vu is None for s in slices):
        missing.append("PixelSpacing")
    if any(s.position_lps_mm is None for s in slices):
        missing.append("ImagePositionPatient")
    if any(s.row_lps is None for s in slices):
        missing.append("ImageOrientationPatient")
    return missing


def off_even_grid(along: FloatArray) -> FloatArray:
    """How far ascending positions (mm) lie off the even grid that fits them best at the worst place."""
    grid = np.linspace(along[0], along[-1], len(along))
    off = along - grid
    centered: FloatArray = off - (off.max() + off.min()) / 2
    return centered


def _between(along: FloatArray, step: int) -> dict[str, object]:
    """Where a step is: the numbers of the slices before and behind it, from 1, and their places along the stack in mm."""
    return {
        "before": step + 1,
        "behind": step + 2,
        "before_mm": round(float(along[step]), 2),
        "behind_mm": round(float(along[step + 1]), 2),
    }


def _step_problems(along: FloatArray) -> tuple[float, list[Problem]]:
    """Check positions along the normal (ascending, mm); the even step comes with what is wrong."""
    steps = np.diff(along)
    same = int(np.count_nonzero(steps < SAME_POSITION_MM))
    if along[-1] - along[0] < SAME_POSITION_MM:
        return 0.0, [as_error("scan.same_position", slices=len(along))]
    if same:
        return 0.0, [as_error("scan.duplicate_slices", slices=same, at_mm=round(float(along[int(np.argmin(steps))]), 2))]
    typical = float(np.median(steps))
    # Where few slices are left, the gap may be as common as the step: the smallest step is then the honest one.
    if len(steps) <= 3:
        typical = float(steps.min())
    even = float((along[-1] - along[0]) / len(steps))
    tolerance = max(POSITION_TOLERANCE_MM, POSITION_TOLERANCE_OF_STEP * typical)
    gaps = steps > 1.5 * typical
    if gaps.any():
        missing = max(1, int(np.round(steps[gaps] / typical - 1).sum()))
        found = {"missing": missing, "gap_mm": round(float(steps.max()), 2), "step_mm": round(typical, 2)}
        return even, [as_error("scan.missing_slices", **found, **_between(along, int(np.argmax(steps))))]
    off_grid = off_even_grid(along)
    if np.abs(off_grid).max() > tolerance or np.abs(steps - even).max() > 2 * tolerance:
        found = {"shortest_mm": round(float(steps.min()), 3), "longest_mm": round(float(steps.max()), 3)}
        return even, [as_error("scan.uneven_slices", **found, **_between(along, int(np.argmax(np.abs(steps - typical)))))]
    return even, []


@dataclass(frozen=True)
class _Lean:
    """The straight line on which the slices' places within their plane lie best.

    Attributes
    ----------
    start_mm
        Place of the first slice along rows and columns.
    drift
        How far it moves along rows and columns per mm along the normal.
    scatter_mm, worst
        Largest distance of a slice from that line, and which slice it is.
    extent_mm
        Of the stack along the normal.
    """

    start_mm: FloatArray
    drift: FloatArray
    scatter_mm: float
    worst: int
    extent_mm: float

    @classmethod
    def of(cls, positions: FloatArray, axes: FloatArray, along: FloatArray) -> Self:
        """Least squares."""
        lateral = positions @ axes[:, :2]
        height = along - along.mean()
        spread = float(height @ height)
        drift = (height @ lateral) / spread if spread > 0 else np.zeros(2)
        fitted = lateral.mean(axis=0) + np.outer(height, drift)
        off = np.abs(lateral - fitted).max(axis=1)
        return cls(fitted[0], drift, float(off.max()), int(off.argmax()), float(along[-1] - along[0]))

    @property
    def tilt_deg(self) -> float:
        """How far the stack leans out of the normal."""
        return round(float(np.degrees(np.arctan(np.linalg.norm(self.drift)))), 2)

    def is_straight(self, pixel_mm: float) -> bool:
        """Whether the last slice stands above the first, but for rounding in the headers."""
        return float(np.linalg.norm(self.drift)) * self.extent_mm <= max(STRAIGHT_MM, STRAIGHT_PX * pixel_mm)

    def problems(self, count: int, pixel_mm: float) -> list[Problem]:
        """Whether the slices stand straight above one another, or lean evenly as a tilted gantry makes them."""
        if self.extent_mm <= 0:
            return []
        if self.scatter_mm > STRAIGHT_MM + 0.01 * self.extent_mm / max(1, count - 1):
            return [as_error("scan.scattered_slices", offset_mm=round(self.scatter_mm, 2), slice=self.worst + 1)]
        if self.is_straight(pixel_mm):
            return []
        if self.tilt_deg > MAX_TILT_DEG:
            return [as_error("scan.gantry_tilt", tilt_deg=self.tilt_deg)]
        return [as_warning("scan.tilt_corrected", tilt_deg=self.tilt_deg)]


def _single_geometry(only: ImageSlice, axes: FloatArray) -> tuple[tuple[float, float, float] | None, FloatArray | None]:
    """Geometry of fewer slices than make a volume, for the record: the thickness stands in for the step."""
    if only.thickness_mm is None or only.spacing_mm_vu is None or only.position_lps_mm is None:
        return None, None
    rows_mm, columns_mm = only.spacing_mm_vu
    matrix = np.eye(4)
    matrix[:3, :3] = axes * np.array([columns_mm, rows_mm, only.thickness_mm])
    matrix[:3, 3] = only.position_lps_mm
    return (only.thickness_mm, rows_mm, columns_mm), matrix


def check_stack(slices: Sequence[ImageSlice]) -> Stack:
    """Order a group of parallel slices by position and find everything that is wrong with it.

    Parameters
    ----------
    slices
        At least one; of one series, one size and one direction, in any order.

    Returns
    -------
    Stack whose k ascends along row x column direction.
    """
    problems = tuple(content_problems(slices))
    missing = _missing(slices)
    if missing:
        no_geometry = as_error("scan.no_geometry", missing=", ".join(missing), file=slices[0].file.name)
        return Stack(tuple(slices), None, None, (*problems, no_geometry))
    axes = _axes(slices[0])
    if axes is None:
        return Stack(tuple(slices), None, None, (*problems, as_error("scan.bad_orientation", file=slices[0].file.name)))
    positions = np.array([s.position_lps_mm for s in slices], dtype=np.float64)
    order = np.argsort(positions @ axes[:, 2], kind="stable")
    ordered = tuple(slices[n] for n in order)
    if len(ordered) == 1:
        spacing, matrix = _single_geometry(slices[0], axes)
        return Stack(ordered, spacing, matrix, (*problems, as_error("scan.too_few_slices", slices=1, fewest=FEWEST_SLICES)))
    spacings = np.array([s.spacing_mm_vu for s in ordered])
    if np.ptp(spacings, axis=0).max() > SAME_SPACING * spacings.min():
        return Stack(ordered, None, None, (*problems, as_error("scan.mixed_spacing")))
    rows_mm, columns_mm = (float(v) for v in np.median(spacings, axis=0))
    return _placed(ordered, problems, positions[order], axes, (rows_mm, columns_mm))


def _placed(
    ordered: tuple[ImageSlice, ...],
    problems: tuple[Problem, ...],
    positions: FloatArray,
    axes: FloatArray,
    pixel_mm_vu: tuple[float, float],
) -> Stack:
    """The stack with its grid, if its slices are evenly spaced and stand above one another or lean evenly."""
    along = positions @ axes[:, 2]
    step_mm, step_problems = _step_problems(along)
    lean = _Lean.of(positions, axes, along)
    problems = (
        *problems,
        *step_problems,
        *lean.problems(len(ordered), min(pixel_mm_vu)),
        *_size_problems(len(ordered), step_mm, pixel_mm_vu),
        *_field_problems(ordered, step_mm, pixel_mm_vu),
    )
    if any(p.code in _NO_GRID for p in problems) or step_mm <= 0:
        return Stack(ordered, None, None, problems)
    rows_mm, columns_mm = pixel_mm_vu
    spacing = (step_mm, rows_mm, columns_mm)
    matrix = np.eye(4)
    matrix[:3, :3] = axes * np.array([columns_mm, rows_mm, step_mm])
    # The first slice's own position may be rounded; where it belongs on the even grid is nearer the truth.
    matrix[:3, 3] = axes @ np.array([*lean.start_mm, along[0] - off_even_grid(along)[0]])
    if lean.is_straight(min(pixel_mm_vu)):
        # What little drift there is within rounding is shared between both ends.
        matrix[:3, 3] += axes[:, :2] @ lean.drift * lean.extent_mm / 2
        return Stack(ordered, spacing, matrix, problems)
    layout = ordered[0].layout
    per_slice = lean.drift * step_mm / (columns_mm, rows_mm)
    shear = Shear((len(ordered), layout.rows, layout.columns), float(per_slice[0]), float(per_slice[1]))
    before_i, before_j = shear.margins_ij
    matrix[:3, 3] -= matrix[:3, 0] * before_i + matrix[:3, 1] * before_j
    return Stack(ordered, spacing, matrix, problems, shear, (Correction(kind="gantry_tilt", tilt_deg=lean.tilt_deg),))


def _size_problems(count: int, step_mm: float, pixel_mm_vu: tuple[float, float]) -> list[Problem]:
    problems = []
    if count < FEWEST_SLICES:
        problems.append(as_error("scan.too_few_slices", slices=count, fewest=FEWEST_SLICES))
    elif count < FEW_SLICES:
        problems.append(as_warning("scan.few_slices", slices=count))
    smallest, largest = min(*pixel_mm_vu, step_mm or pixel_mm_vu[0]), max(*pixel_mm_vu, step_mm)
    if smallest < SMALLEST_MM or largest > LARGEST_MM:
        problems.append(as_error("scan.implausible_spacing", smallest_mm=round(smallest, 6), largest_mm=round(largest, 3)))
    if step_mm > THICK_MM:
        problems.append(as_warning("scan.thick_slices", step_mm=round(step_mm, 2)))
    return problems


def small_field(shape_kji: tuple[int, int, int], spacing_mm_kji: tuple[float, float, float]) -> list[Problem]:
    """The reservation about a box into which no skull base fits, if it is one."""
    k_mm, j_mm, i_mm = (n * mm for n, mm in zip(shape_kji, spacing_mm_kji, strict=True))
    if min(k_mm, j_mm, i_mm) >= SMALL_FIELD_MM:
        return []
    return [as_warning("scan.small_field", i_mm=_short(i_mm), j_mm=_short(j_mm), k_mm=_short(k_mm))]


def _short(mm: float) -> float | int:
    return round(mm, 1) if mm < 10 else round(mm)


def _field_problems(ordered: Sequence[ImageSlice], step_mm: float, pixel_mm_vu: tuple[float, float]) -> list[Problem]:
    """Reservations about pixels, and about how much of a head there is."""
    problems = []
    rows_mm, columns_mm = pixel_mm_vu
    if max(pixel_mm_vu) > THICK_MM:
        problems.append(as_warning("scan.coarse_pixels", i_mm=round(columns_mm, 2), j_mm=round(rows_mm, 2)))
    if max(pixel_mm_vu) > OBLONG * min(pixel_mm_vu):
        problems.append(as_warning("scan.oblong_pixels", i_mm=round(columns_mm, 2), j_mm=round(rows_mm, 2)))
    layout = ordered[0].layout
    if step_mm > 0 and len(ordered) >= FEWEST_SLICES:
        problems += small_field((len(ordered), layout.rows, layout.columns), (step_mm, rows_mm, columns_mm))
    return problems


# With these there is no one matrix that tells where the voxels are.
_NO_GRID = frozenset(
    {
        "scan.same_position",
        "scan.duplicate_slices",
        "scan.missing_slices",
        "scan.uneven_slices",
        "scan.gantry_tilt",
        "scan.scattered_slices",
    }
)
