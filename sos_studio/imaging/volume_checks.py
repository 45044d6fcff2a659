"""What volumes from all kinds of files have to pass: types, handedness, shear, and reservations."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import numpy.typing as npt

from sos_studio.core.corrections import Correction
from sos_studio.core.errors import BadInputError
from sos_studio.core.scans import Problem
from sos_studio.core.volume import Volume
from sos_studio.imaging.geometry_checks import LARGEST_MM, MAX_TILT_DEG, SMALLEST_MM, STRAIGHT_PX, THICK_MM, small_field
from sos_studio.imaging.tilt import Shear

FloatArray = npt.NDArray[np.float64]

# No deflate stream expands further; a small file that claims more lies about its size.
MAX_EXPANSION = 1100
FEWEST_VOXELS = 3
FEW_VOXELS = 8
INT16 = np.iinfo(np.int16)
_RIGHT_ANGLE = 1e-3


def compact(array_kji: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """int16 if all values are whole and fit, else float32."""
    if array_kji.dtype == np.int16:
        return array_kji
    low, high = array_kji.min(), array_kji.max()
    if np.isfinite(low) and np.isfinite(high) and low >= INT16.min and high <= INT16.max:
        as_int = array_kji.astype(np.int16)
        if np.issubdtype(array_kji.dtype, np.integer) or all(np.array_equal(a, b) for a, b in zip(as_int, array_kji, strict=True)):
            return as_int
    return array_kji.astype(np.float32, copy=False)


def right_handed(array_kji: npt.NDArray[Any], matrix: FloatArray) -> tuple[npt.NDArray[Any], FloatArray]:
    """The same scan with k ascending along row x column direction, as everywhere in this program."""
    if np.linalg.det(matrix[:3, :3]) > 0:
        return array_kji, matrix
    flipped = matrix.copy()
    flipped[:3, 3] += matrix[:3, 2] * (array_kji.shape[0] - 1)
    flipped[:3, 2] *= -1
    return array_kji[::-1], flipped


def upright(array_kji: npt.NDArray[Any], matrix: FloatArray, name: str) -> tuple[Volume, tuple[Problem, ...]]:
    """A volume out of any grid whose slices are rectangles; slices that lean are moved until they stand above one another.

    Parameters
    ----------
    matrix
        4 x 4, LPS mm from ijk, of either hand.
    name
        Bare file name for messages.

    Raises
    ------
    BadInputError
        ``scan.bad_matrix`` if it is not finite or singular, ``scan.sheared`` if rows and columns are not at right angles or the
        slices lean further than any gantry, ``scan.implausible_spacing``.
    """
    lengths = np.linalg.norm(matrix[:3, :3], axis=0)
    if not np.isfinite(matrix).all() or lengths.min() < 1e-6 or abs(np.linalg.det(matrix[:3, :3] / lengths)) < 1e-3:
        raise BadInputError("scan.bad_matrix", file=name)
    array_kji, matrix = right_handed(array_kji, matrix)
    spacing_i, spacing_j, _ = lengths
    row, column = matrix[:3, 0] / spacing_i, matrix[:3, 1] / spacing_j
    if abs(float(row @ column)) > _RIGHT_ANGLE:
        raise BadInputError("scan.sheared", file=name)
    normal = np.cross(row, column)
    normal /= np.linalg.norm(normal)
    per_slice = matrix[:3, 2]
    step, aside_i, aside_j = float(per_slice @ normal), float(per_slice @ row), float(per_slice @ column)
    if min(spacing_i, spacing_j, step) < SMALLEST_MM or max(spacing_i, spacing_j, step) > LARGEST_MM:
        ends = {"smallest_mm": round(min(spacing_i, spacing_j, step), 6), "largest_mm": round(max(spacing_i, spacing_j, step), 3)}
        raise BadInputError("scan.implausible_spacing", **ends)
    tilt_deg = float(np.degrees(np.arctan(np.hypot(aside_i, aside_j) / step)))
    leans = np.hypot(aside_i / spacing_i, aside_j / spacing_j) * (array_kji.shape[0] - 1) > STRAIGHT_PX
    if not leans and abs(tilt_deg) < np.degrees(_RIGHT_ANGLE / 2):
        return Volume(np.ascontiguousarray(array_kji), matrix), ()
    if tilt_deg > MAX_TILT_DEG:
        raise BadInputError("scan.sheared", file=name)
    return _straightened(array_kji, matrix, Shear(array_kji.shape, aside_i / spacing_i, aside_j / spacing_j), normal * step, tilt_deg)


def _straightened(
    array_kji: npt.NDArray[Any], matrix: FloatArray, shear: Shear, step: FloatArray, tilt_deg: float
) -> tuple[Volume, tuple[Problem, ...]]:
    straight_kji = np.empty(shear.upright_shape_kji, array_kji.dtype)
    for k, plane_ji in enumerate(array_kji):
        shear.place(plane_ji, k, straight_kji[k])
    shear.fill_outside(straight_kji)
    before_i, before_j = shear.margins_ij
    straight = matrix.copy()
    straight[:3, 2] = step
    straight[:3, 3] -= matrix[:3, 0] * before_i + matrix[:3, 1] * before_j
    tilt_deg = round(tilt_deg, 2)
    corrections = (Correction(kind="gantry_tilt", tilt_deg=tilt_deg),)
    return Volume(straight_kji, straight, corrections), (Problem("scan.tilt_corrected", "warning", {"tilt_deg": tilt_deg}),)


def file_problems(volume: Volume) -> tuple[Problem, ...]:
    """Reservations about a volume from a file that says nothing of its making."""
    problems = []
    if max(volume.spacing_mm_ijk) > THICK_MM:
        problems.append(Problem("scan.thick_slices", "warning", {"step_mm": round(max(volume.spacing_mm_ijk), 2)}))
    if min(volume.shape_kji) < FEW_VOXELS:
        problems.append(Problem("scan.few_slices", "warning", {"slices": min(volume.shape_kji)}))
    problems += small_field(volume.shape_kji, volume.spacing_mm_kji)
    with contextlib.suppress(TypeError):
        if not np.isfinite(volume.array_kji.sum(dtype=np.float64)):
            problems.append(Problem("scan.not_finite", "warning"))
    return tuple(problems)
