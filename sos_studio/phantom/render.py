"""From parameters to pixels: a volume as the scanner would store it, or the midsagittal plane alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sos_studio.core.errors import BadInputError, CancelledError
from sos_studio.core.geometry import Orientation, capture_grid
from sos_studio.core.volume import Volume
from sos_studio.phantom.fields import head_field
from sos_studio.phantom.kernels import render
from sos_studio.phantom.parameters import PhantomParameters
from sos_studio.phantom.scanner import machine, noise_of

FloatArray = npt.NDArray[np.float64]


class MidsagittalRender(NamedTuple):
    """A capture without a volume.

    Attributes
    ----------
    values_vu
        float32, NaN outside the box of voxel centres.
    lps_from_uv
        The grid that a capture of the same scan with this orientation has.
    orientation
        The orientation that was used.
    """

    values_vu: npt.NDArray[np.float32]
    lps_from_uv: FloatArray
    orientation: Orientation


def render_midsagittal(
    parameters: PhantomParameters, *, orientation: Orientation | None = None, spacing_mm: float = 0.25
) -> MidsagittalRender:
    """Sample the midsagittal plane as if the scan had been rendered, loaded and captured.

    Parameters
    ----------
    orientation
        None takes the true one; an expert's is a little off (`cohort.PhantomCase.orientation`).
    spacing_mm
        Pixel size.

    Raises
    ------
    BadInputError
        ``capture.plane_misses_volume`` or ``capture.bad_spacing``.
    """
    orientation = parameters.pose if orientation is None else orientation
    lps_from_uv, shape_vu = midsagittal_grid(parameters, orientation, spacing_mm)
    values = np.empty((1, *shape_vu), dtype=np.float32)
    # What trilinear interpolation between voxels adds to the blur, on average over where a pixel falls.
    extra = parameters.scanner.voxel_mm**2 / 6
    _render_plane(parameters, lps_from_uv, extra, values)
    limit = np.asarray(parameters.scanner.size_lps_mm) / 2 + 1e-6
    v, u = np.ogrid[: shape_vu[0], : shape_vu[1]]
    for axis in range(3):
        place = lps_from_uv[axis, 0] * u + lps_from_uv[axis, 1] * v + lps_from_uv[axis, 3]
        values[0][np.abs(place) > limit[axis]] = np.nan
    return MidsagittalRender(values[0], lps_from_uv, orientation)


def render_volume(
    parameters: PhantomParameters,
    *,
    spacing_mm: float | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Volume:
    """The scan itself: int16 voxels on the scanner's axes, the head posed by `parameters.pose`.

    Parameters
    ----------
    spacing_mm
        Voxel size; None takes the scanner's own. The field of view stays the same to half a voxel.
    progress
        Called with 0 … 1.
    cancelled
        Asked between slices.

    Raises
    ------
    BadInputError
        ``phantom.bad_spacing`` outside 0.1 … 5 mm.
    CancelledError
        When `cancelled` says so.
    """
    native = parameters.scanner.voxel_mm
    step = native if spacing_mm is None else spacing_mm
    if not 0.1 <= step <= 5.0:
        raise BadInputError("phantom.bad_spacing", spacing_mm=step)
    size_lps = parameters.scanner.size_lps_mm
    shape_ijk = [max(8, math.floor(size / step + 1e-6) + 1) for size in size_lps]
    lps_from_ijk = np.diag([step, step, step, 1.0])
    lps_from_ijk[:3, 3] = [-(count - 1) / 2 * step for count in shape_ijk]
    voxels = np.empty(shape_ijk[::-1], dtype=np.int16)
    chunk = 8
    values = np.empty((chunk, *voxels.shape[1:]), dtype=np.float32)
    for k in range(0, len(voxels), chunk):
        if cancelled is not None and cancelled():
            raise CancelledError
        part = values[: min(chunk, len(voxels) - k)]
        grid = lps_from_ijk.copy()
        grid[:3, 3] += grid[:3, 2] * k
        _render_plane(parameters, grid, 0.0, part)
        voxels[k : k + len(part)] = np.rint(part)
        if progress is not None:
            progress((k + len(part)) / len(voxels))
    return Volume(voxels, lps_from_ijk)


def midsagittal_grid(parameters: PhantomParameters, orientation: Orientation, spacing_mm: float) -> tuple[FloatArray, tuple[int, int]]:
    """``lps_from_uv`` and rows and columns of a capture of this scan; errors as of `core.geometry.capture_grid`."""
    half = np.asarray(parameters.scanner.size_lps_mm) / 2
    corners = np.array([[a * half[0], b * half[1], c * half[2]] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)])
    return capture_grid(corners, orientation, spacing_mm)


def _render_plane(parameters: PhantomParameters, lps_from_uvw: FloatArray, extra_variance_mm2: float, out: npt.NDArray[np.float32]) -> None:
    field = head_field(parameters)
    tissue = field.blurred(math.sqrt(parameters.scanner.blur_mm**2 + extra_variance_mm2))
    device = machine(parameters)
    head_from_uvw = np.linalg.inv(parameters.pose.lps_from_head) @ lps_from_uvw
    render(head_from_uvw, lps_from_uvw, *field.table.arrays, field.joint, tissue, device, *noise_of(parameters), out)
