"""Whether a stack of slices is one evenly spaced, upright volume, and where its voxels are.

A wrong geometry that goes unnoticed costs more than a refused scan: whatever is not certain is refused with its reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sos_studio.core.corrections import Correction
from sos_studio.core.scans import Problem
from sos_studio.imaging.dicom_headers import ENHANCED_CT, UNCOMPRESSED, ImageSlice
from sos_studio.imaging.tilt import Shear

FloatArray = npt.NDArray[np.float64]

# Fewer slices leave their even spacing unproven; a staging needs more than `FEW_SLICES`, which only warns.
FEWEST_SLICES, FEW_SLICES = 3, 8
# The synchondrosis is a few millimetres wide.
THICK_MM = 2.0
# How far a slice may lie off the even grid: scanners round positions to a tenth or a hundredth of a millimetre.
POSITION_TOLERANCE_MM = 0.06
POSITION_TOLERANCE_OF_STEP = 0.05
SAME_DIRECTION = 5e-4
# How far the last slice may lie aside of the first before the stack is taken for tilted: rounded positions and directions do that.
STRAIGHT_MM = 2 * POSITION_TOLERANCE_MM
STRAIGHT_PX = 0.25
# No gantry leans further; a stack that does is something else.
MAX_TILT_DEG = 40.0

LOADABLE_MODALITIES = frozenset({"CT", "MR", "PT", "NM", "OT", ""})


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


def _error(code: str, **values: object) -> Problem:
    return Problem(code, "error", dict(values))


def _warning(code: str, **values: object) -> Problem:
    return Problem(code, "warning", dict(values))


def same_direction(a: ImageSlice, b: ImageSlice) -> bool:
    """Whether two slices lie parallel, up to rounding in the header; slices without orientation only match each other."""
    if a.row_lps is None or b.row_lps is None or a.column_lps is None or b.column_lps is None:
        return a.row_lps is None and b.row_lps is None
    difference = np.abs(np.array([*a.row_lps, *a.column_lps]) - np.array([*b.row_lps, *b.column_lps]))
    return bool(difference.max() <= SAME_DIRECTION)


def _content_problems(first: ImageSlice, count: int) -> list[Problem]:
    """What the images are, whatever their geometry."""
    layout = first.layout
    problems = []
    if layout.samples != 1 or layout.photometric not in ("MONOCHROME1", "MONOCHROME2", ""):
        problems.append(_error("scan.colour", photometric=layout.photometric or "?"))
    if layout.bits_allocated not in (8, 16, 32):
        problems.append(_error("scan.unsupported_pixels", bits=layout.bits_allocated))
    if layout.frames > 1 and first.sop_class not in ENHANCED_CT:
        problems.append(_error("scan.multiframe_unsupported", frames=layout.frames, modality=first.modality or "?"))
    if first.modality not in LOADABLE_MODALITIES:
        problems.append(_error("scan.wrong_modality", modality=first.modality))
    elif first.modality != "CT":
        problems.append(_warning("scan.not_ct", modality=first.modality or "?"))
    if first.localizer:
        problems.append(_error("scan.localizer", images=count))
    return problems


def _pixel_problems(slices: Sequence[ImageSlice]) -> list[Problem]:
    """What the headers tell about the pixel data without reading it; the first file with a fault stands for all."""
    for image in slices:
        layout = image.layout
        if layout.transfer_syntax not in UNCOMPRESSED:
            continue
        if layout.length is None:
            # Undefined length is how compressed streams are stored, whatever the header calls itself.
            return [_error("scan.syntax_mismatch", file=image.file.name, syntax=layout.transfer_syntax)]
        if layout.length < layout.frames * layout.frame_bytes:
            return [_error("scan.truncated", file=image.file.name)]
    return []


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


def _step_problems(along: FloatArray) -> tuple[float, list[Problem]]:
    """Check positions along the normal (ascending, mm); the even step comes with what is wrong."""
    steps = np.diff(along)
    same = int(np.count_nonzero(steps < 1e-3))
    if along[-1] - along[0] < 1e-3:
        return 0.0, [_error("scan.same_position", slices=len(along))]
    if same:
        return 0.0, [_error("scan.duplicate_slices", slices=same)]
    typical = float(np.median(steps))
    # Where few slices are left, the gap may be as common as the step: the smallest step is then the honest one.
    if len(steps) <= 3:
        typical = float(steps.min())
    even = float((along[-1] - along[0]) / len(steps))
    tolerance = max(POSITION_TOLERANCE_MM, POSITION_TOLERANCE_OF_STEP * typical)
    gaps = steps > 1.5 * typical
    if gaps.any():
        missing = int(np.round(steps[gaps] / typical - 1).sum())
        return even, [
            _error("scan.missing_slices", missing=max(1, missing), gap_mm=round(float(steps.max()), 2), step_mm=round(typical, 2))
        ]
    off_grid = off_even_grid(along)
    if np.abs(off_grid).max() > tolerance or np.abs(steps - even).max() > 2 * tolerance:
        return even, [_error("scan.uneven_slices", shortest_mm=round(float(steps.min()), 3), longest_mm=round(float(steps.max()), 3))]
    return even, []


def _lateral_drift(positions: FloatArray, axes: FloatArray, along: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Straight line that fits the slices' places within their plane best.

    Returns
    -------
    place of the first slice along rows and columns (mm), drift per mm along the normal, largest distance from that line
    """
    lateral = positions @ axes[:, :2]
    height = along - along.mean()
    spread = float(height @ height)
    drift = (height @ lateral) / spread if spread > 0 else np.zeros(2)
    fitted = lateral.mean(axis=0) + np.outer(height, drift)
    return fitted[0], drift, float(np.abs(lateral - fitted).max())


def _tilt_deg(drift: FloatArray) -> float:
    return round(float(np.degrees(np.arctan(np.linalg.norm(drift)))), 2)


def _is_straight(drift: FloatArray, extent_mm: float, pixel_mm: float) -> bool:
    return float(np.linalg.norm(drift)) * extent_mm <= max(STRAIGHT_MM, STRAIGHT_PX * pixel_mm)


def _lateral_problems(drift: FloatArray, scatter_mm: float, along: FloatArray, pixel_mm: float) -> list[Problem]:
    """Whether the slices stand straight above one another, or lean evenly as a tilted gantry makes them."""
    extent = float(along[-1] - along[0])
    if extent <= 0:
        return []
    if scatter_mm > STRAIGHT_MM + 0.01 * extent / max(1, len(along) - 1):
        return [_error("scan.scattered_slices", offset_mm=round(scatter_mm, 2))]
    if _is_straight(drift, extent, pixel_mm):
        return []
    tilt_deg = _tilt_deg(drift)
    if tilt_deg > MAX_TILT_DEG:
        return [_error("scan.gantry_tilt", tilt_deg=tilt_deg)]
    return [_warning("scan.tilt_corrected", tilt_deg=tilt_deg)]


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
    first = slices[0]
    problems = [*_content_problems(first, len(slices)), *_pixel_problems(slices)]
    if any(s.lossy for s in slices):
        problems.append(_warning("scan.lossy"))
    missing = _missing(slices)
    if missing:
        return Stack(tuple(slices), None, None, (*problems, _error("scan.no_geometry", missing=", ".join(missing))))
    axes = _axes(first)
    if axes is None:
        return Stack(tuple(slices), None, None, (*problems, _error("scan.bad_orientation")))
    positions = np.array([s.position_lps_mm for s in slices], dtype=np.float64)
    order = np.argsort(positions @ axes[:, 2], kind="stable")
    ordered = tuple(slices[n] for n in order)
    positions = positions[order]
    if len(ordered) == 1:
        spacing, matrix = _single_geometry(first, axes)
        return Stack(ordered, spacing, matrix, (*problems, _error("scan.too_few_slices", slices=1, fewest=FEWEST_SLICES)))
    spacings = np.array([s.spacing_mm_vu for s in ordered])
    if np.ptp(spacings, axis=0).max() > 1e-3 * spacings.min():
        return Stack(ordered, None, None, (*problems, _error("scan.mixed_spacing")))
    along = positions @ axes[:, 2]
    step_mm, step_problems = _step_problems(along)
    problems += step_problems
    rows_mm, columns_mm = (float(v) for v in np.median(spacings, axis=0))
    lateral, drift, scatter_mm = _lateral_drift(positions, axes, along)
    problems += _lateral_problems(drift, scatter_mm, along, min(rows_mm, columns_mm))
    if len(ordered) < FEWEST_SLICES:
        problems.append(_error("scan.too_few_slices", slices=len(ordered), fewest=FEWEST_SLICES))
    elif len(ordered) < FEW_SLICES:
        problems.append(_warning("scan.few_slices", slices=len(ordered)))
    if step_mm > THICK_MM:
        problems.append(_warning("scan.thick_slices", step_mm=round(step_mm, 2)))
    if any(p.code in _NO_GRID for p in problems) or step_mm <= 0:
        return Stack(ordered, None, None, tuple(problems))
    matrix = np.eye(4)
    matrix[:3, :3] = axes * np.array([columns_mm, rows_mm, step_mm])
    # The first slice's own position may be rounded; where it belongs on the even grid is nearer the truth.
    matrix[:3, 3] = axes @ np.array([*lateral, along[0] - off_even_grid(along)[0]])
    spacing = (step_mm, rows_mm, columns_mm)
    if not any(p.code == "scan.tilt_corrected" for p in problems):
        # What little drift there is within rounding is shared between both ends.
        matrix[:3, 3] += axes[:, :2] @ drift * (along[-1] - along[0]) / 2
        return Stack(ordered, spacing, matrix, tuple(problems))
    shape_kji = (len(ordered), first.layout.rows, first.layout.columns)
    shear = Shear(shape_kji, *(float(v) for v in drift * step_mm / (columns_mm, rows_mm)))
    before_i, before_j = shear.margins_ij
    matrix[:3, 3] -= matrix[:3, 0] * before_i + matrix[:3, 1] * before_j
    correction = Correction(kind="gantry_tilt", tilt_deg=_tilt_deg(drift))
    return Stack(ordered, spacing, matrix, tuple(problems), shear, (correction,))


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
