"""The midsagittal capture: pixels, and the record from which the same pixels can be made again.

Captures are always made by `resample.reslice` and nothing else: another resampler would round differently and a record could
not be replayed bit for bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sos_studio.core.captures import DEFAULT_SPACING_MM, CaptureRecord, OrientationRecord, ValueFromPng, Window, matrix4
from sos_studio.core.corrections import Correction
from sos_studio.core.errors import BadInputError
from sos_studio.core.geometry import Orientation, capture_grid
from sos_studio.core.volume import Volume
from sos_studio.imaging.resample import reslice
from sos_studio.imaging.windowing import apply_window, auto_window

FloatArray = npt.NDArray[np.float64]

# A head at 0.05 mm; a finer grid would take gigabytes and hold nothing that the voxels don't.
MAX_PIXELS = 40_000_000
MAX_SLAB_MM = 50.0
_LARGEST_PNG_VALUE = 65535


@dataclass(frozen=True, eq=False)
class CaptureImage:
    """A capture in memory.

    Attributes
    ----------
    values_vu
        float32 scan values, NaN outside the volume.
    full16_vu
        uint16: ``value = slope · png + intercept`` by `value_from_png`; 0 = outside, inside uses 1 … 65535.
    full8_vu
        uint8: the decoded `full16_vu` under `window`.
    lps_from_uv
        4 x 4, see `core.geometry.capture_grid`.
    series_hash
        Identity of the scan it was made from.
    corrections
        What was done to that scan's voxels when it was loaded.
    """

    values_vu: npt.NDArray[np.float32]
    full16_vu: npt.NDArray[np.uint16]
    full8_vu: npt.NDArray[np.uint8]
    lps_from_uv: FloatArray
    spacing_mm: float
    slab_mm: float
    orientation: Orientation
    window: Window
    value_from_png: ValueFromPng
    series_hash: str
    corrections: tuple[Correction, ...] = ()

    @property
    def shape_vu(self) -> tuple[int, int]:
        """Rows and columns."""
        height, width = self.full8_vu.shape
        return int(height), int(width)


def value_scale(values_vu: npt.NDArray[np.float32]) -> ValueFromPng:
    """The finest power-of-two step by which all values fit 1 … 65535, so that decoding is exact arithmetic."""
    finite = values_vu[np.isfinite(values_vu)].astype(np.float64)
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if high <= low:
        return ValueFromPng(slope=1.0, intercept=math.floor(low) - 1.0)
    slope = 2.0 ** math.ceil(math.log2((high - low) / (_LARGEST_PNG_VALUE - 2)))
    return ValueFromPng(slope=slope, intercept=(math.floor(low / slope) - 1) * slope)


def encode_values(values_vu: npt.NDArray[np.float32], scale: ValueFromPng) -> npt.NDArray[np.uint16]:
    """Scan values to PNG values; what is not finite is outside (0)."""
    png = np.rint((values_vu.astype(np.float64) - scale.intercept) / scale.slope)
    return np.where(np.isfinite(png), np.clip(png, 1, _LARGEST_PNG_VALUE), 0).astype(np.uint16)


def decode_values(full16_vu: npt.NDArray[np.uint16], scale: ValueFromPng) -> npt.NDArray[np.float32]:
    """PNG values to scan values; 0 becomes NaN."""
    values = full16_vu.astype(np.float64) * scale.slope + scale.intercept
    return np.where(full16_vu > 0, values, np.nan).astype(np.float32)


def _checked_slab(slab_mm: float) -> float:
    if not 0.0 <= slab_mm <= MAX_SLAB_MM:
        raise BadInputError("capture.bad_slab", slab_mm=slab_mm, highest=MAX_SLAB_MM)
    return float(slab_mm)


def _checked_window(window: Window | None) -> Window | None:
    if window is not None and not (math.isfinite(window.low) and math.isfinite(window.high)):
        raise BadInputError("capture.bad_window")
    return window


def capture_midsagittal(
    volume: Volume,
    orientation: Orientation | None,
    *,
    spacing_mm: float = DEFAULT_SPACING_MM,
    slab_mm: float = 0.0,
    window: Window | None = None,
) -> CaptureImage:
    """Make the capture of an orientation.

    Parameters
    ----------
    orientation
        None: the volume's centre and no angles.
    spacing_mm
        Isotropic pixel size.
    slab_mm
        Thickness of the mean, 0 … 50 mm.
    window
        None: chosen from the values by `auto_window`.

    Raises
    ------
    BadInputError
        ``capture.plane_misses_volume``, ``capture.bad_spacing``, ``capture.bad_slab``, ``capture.bad_window``,
        ``capture.too_fine`` (over 40 million pixels).
    """
    slab_mm, window = _checked_slab(slab_mm), _checked_window(window)
    orientation = Orientation(volume.center_lps_mm) if orientation is None else orientation
    lps_from_uv, shape_vu = capture_grid(volume.corners_lps_mm, orientation, spacing_mm)
    if shape_vu[0] * shape_vu[1] > MAX_PIXELS:
        raise BadInputError("capture.too_fine", spacing_mm=spacing_mm, width=shape_vu[1], height=shape_vu[0])
    values_vu = reslice(volume, lps_from_uv, shape_vu, slab_mm=slab_mm)
    scale = value_scale(values_vu)
    full16_vu = encode_values(values_vu, scale)
    decoded_vu = decode_values(full16_vu, scale)
    window = auto_window(decoded_vu) if window is None else window
    return CaptureImage(
        values_vu=values_vu,
        full16_vu=full16_vu,
        full8_vu=apply_window(decoded_vu, window),
        lps_from_uv=lps_from_uv,
        spacing_mm=spacing_mm,
        slab_mm=slab_mm,
        orientation=orientation,
        window=window,
        value_from_png=scale,
        series_hash=volume.series_hash,
        corrections=volume.corrections,
    )


def record(capture: CaptureImage, case: str, capture_id: str, software: str) -> CaptureRecord:
    """What is stored beside a capture's pictures (`capture.json`).

    Parameters
    ----------
    case, capture_id
        Pseudonymous ids of the project.
    software
        Name and version of the program.
    """
    return CaptureRecord(
        software=software,
        case=case,
        capture_id=capture_id,
        series_hash=capture.series_hash,
        orientation=OrientationRecord.of(capture.orientation),
        lps_from_uv=matrix4(capture.lps_from_uv),
        shape_vu=capture.shape_vu,
        spacing_mm=capture.spacing_mm,
        slab_mm=capture.slab_mm,
        interpolation="trilinear",
        window=capture.window,
        value_from_png=capture.value_from_png,
        corrections=capture.corrections,
    )


def replay(volume: Volume, record: CaptureRecord) -> CaptureImage:
    """Make a capture again from its record and its scan: the same full16 and full8, bit for bit.

    Raises
    ------
    BadInputError
        ``capture.not_replayable`` for an imported picture (no scan behind it), ``capture.other_series`` if the volume is not
        the one that the record names.
    """
    parts = (record.orientation, record.lps_from_uv, record.spacing_mm, record.window, record.value_from_png)
    orientation, matrix, spacing_mm, window, scale = parts
    if orientation is None or matrix is None or spacing_mm is None or window is None or scale is None:
        raise BadInputError("capture.not_replayable")
    if record.series_hash != volume.series_hash:
        raise BadInputError("capture.other_series")
    lps_from_uv = np.array(matrix, dtype=np.float64)
    values_vu = reslice(volume, lps_from_uv, record.shape_vu, slab_mm=record.slab_mm)
    full16_vu = encode_values(values_vu, scale)
    return CaptureImage(
        values_vu=values_vu,
        full16_vu=full16_vu,
        full8_vu=apply_window(decode_values(full16_vu, scale), window),
        lps_from_uv=lps_from_uv,
        spacing_mm=spacing_mm,
        slab_mm=record.slab_mm,
        orientation=orientation.orientation(),
        window=window,
        value_from_png=scale,
        series_hash=volume.series_hash,
        corrections=volume.corrections,
    )
