"""Slices parallel to a capture: what the same picture would be with the plane a little to the side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sos_studio.core.captures import CaptureRecord
from sos_studio.core.errors import BadInputError
from sos_studio.core.volume import Volume
from sos_studio.imaging.resample import reslice
from sos_studio.imaging.windowing import apply_window


def parallel_slices(volume: Volume, record: CaptureRecord, offsets_mm: Sequence[float]) -> npt.NDArray[np.uint8]:
    """One picture per offset on the capture's own pixel grid, with its window and slab; uint8 ``[n, v, u]``.

    Parameters
    ----------
    offsets_mm
        Towards the patient's left (the third column of ``lps_from_uv``).

    Raises
    ------
    BadInputError
        ``capture.not_replayable`` for an imported picture, ``capture.other_series`` if the volume is not the record's.
    """
    if record.lps_from_uv is None or record.window is None:
        raise BadInputError("capture.not_replayable")
    if record.series_hash != volume.series_hash:
        raise BadInputError("capture.other_series")
    lps_from_uv = np.array(record.lps_from_uv, dtype=np.float64)
    normal = lps_from_uv[:3, 2] / np.linalg.norm(lps_from_uv[:3, 2])
    slices = np.empty((len(offsets_mm), *record.shape_vu), dtype=np.uint8)
    for n, offset_mm in enumerate(offsets_mm):
        beside = lps_from_uv.copy()
        beside[:3, 3] += offset_mm * normal
        slices[n] = apply_window(reslice(volume, beside, record.shape_vu, slab_mm=record.slab_mm), record.window)
    return slices
