"""A scan in memory: voxels and the one matrix that says where they are."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from sos_studio.core.corrections import Correction
from sos_studio.core.errors import BadInputError

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Volume:
    """A frozen rectangular volume.

    Parameters
    ----------
    array_kji
        Voxel values, C-contiguous, indexed ``[k, j, i]``; made read-only. int16 where the scan allows, else float32.
    lps_from_ijk
        4 x 4 affine acting on ``(i, j, k, 1)``; maps voxel *centres* to DICOM LPS millimetres. Its columns are
        orthogonal (sheared grids are resampled before they become a `Volume`).
    corrections
        What such resampling did; empty for voxels as the scanner made them.

    Raises
    ------
    BadInputError
        ``volume.bad_geometry`` if the matrix is not finite, is singular or is sheared; ``volume.bad_shape`` for anything
        but three dimensions.
    """

    array_kji: npt.NDArray[Any]
    lps_from_ijk: FloatArray
    corrections: tuple[Correction, ...] = ()

    def __post_init__(self) -> None:
        if self.array_kji.ndim != 3 or 0 in self.array_kji.shape:
            raise BadInputError("volume.bad_shape", shape=list(self.array_kji.shape))
        matrix = np.array(self.lps_from_ijk, dtype=np.float64)
        if matrix.shape != (4, 4) or not np.all(np.isfinite(matrix)):
            raise BadInputError("volume.bad_geometry", reason="not_finite")
        lengths = np.linalg.norm(matrix[:3, :3], axis=0)
        if np.any(lengths < 1e-6):
            raise BadInputError("volume.bad_geometry", reason="singular")
        unit = matrix[:3, :3] / lengths
        if np.max(np.abs(unit.T @ unit - np.eye(3))) > 1e-3:
            raise BadInputError("volume.bad_geometry", reason="sheared")
        array = np.ascontiguousarray(self.array_kji)
        # A view, so that freezing ours leaves the caller's own array writable.
        array = array.view()
        array.setflags(write=False)
        matrix.setflags(write=False)
        object.__setattr__(self, "array_kji", array)
        object.__setattr__(self, "lps_from_ijk", matrix)

    @property
    def shape_kji(self) -> tuple[int, int, int]:
        """Number of voxels along k, j, i."""
        k, j, i = self.array_kji.shape
        return int(k), int(j), int(i)

    @cached_property
    def spacing_mm_ijk(self) -> tuple[float, float, float]:
        """Distance between voxel centres along i, j, k."""
        i, j, k = (float(v) for v in np.linalg.norm(self.lps_from_ijk[:3, :3], axis=0))
        return i, j, k

    @property
    def spacing_mm_kji(self) -> tuple[float, float, float]:
        """Distance between voxel centres along k, j, i."""
        i, j, k = self.spacing_mm_ijk
        return k, j, i

    @cached_property
    def ijk_from_lps(self) -> FloatArray:
        """4 x 4 inverse of `lps_from_ijk`."""
        inverse = np.asarray(np.linalg.inv(self.lps_from_ijk), dtype=np.float64)
        inverse.setflags(write=False)
        return inverse

    @cached_property
    def center_lps_mm(self) -> tuple[float, float, float]:
        """Centre of the box of voxel centres."""
        k, j, i = self.shape_kji
        x, y, z, _ = self.lps_from_ijk @ np.array([(i - 1) / 2, (j - 1) / 2, (k - 1) / 2, 1.0])
        return float(x), float(y), float(z)

    @cached_property
    def corners_lps_mm(self) -> FloatArray:
        """8 x 3 corners of the box of voxel centres."""
        k, j, i = self.shape_kji
        ijk = np.array([[a, b, c, 1.0] for a in (0, i - 1) for b in (0, j - 1) for c in (0, k - 1)])
        corners: FloatArray = (ijk @ self.lps_from_ijk.T)[:, :3]
        return corners

    @cached_property
    def series_hash(self) -> str:
        """SHA-256 of decoded values and geometry: the scan's identity without any name or UID.

        The same scan has the same hash however its files are ordered, named or compressed without loss. Values that are
        whole numbers within int16 hash alike whatever type holds them.
        """
        digest = hashlib.sha256(b"sos-studio series 1")
        digest.update(np.asarray(self.shape_kji, dtype="<i8").tobytes())
        # Rounded, so that the last bits of a header's decimal string don't make another scan of the same one; + 0.0 folds -0.
        digest.update((np.round(self.lps_from_ijk, 5) + 0.0).astype("<f8").tobytes())
        for plane_ji in self.array_kji:
            with np.errstate(invalid="ignore"):  # NaN and out-of-range values just don't compare equal
                as_int = plane_ji.astype("<i2", copy=False)
            exact = plane_ji.dtype == np.int16 or bool(np.all(as_int == plane_ji))
            digest.update(b"i" if exact else b"f")
            # The planes' own memory: no copy of what may be a gigabyte.
            digest.update(as_int.data if exact else plane_ji.astype("<f4", copy=False).data)
        return digest.hexdigest()
