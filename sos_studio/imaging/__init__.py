"""Scans to volumes, and volumes to pictures.

Importing this package costs nothing: the libraries that read and reslice are imported by the first call that needs them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sos_studio.core.volume import Volume

__all__ = ["Volume", "load_volume", "reslice"]


def load_volume(
    path: Path | str,
    series_uid: str | None = None,
    *,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Volume:
    """Load one series as a volume; see `sos_studio.imaging.sources.load_volume`."""
    from sos_studio.imaging.sources import load_volume as load

    return load(path, series_uid, progress=progress, cancelled=cancelled)


def reslice(
    volume: Volume, lps_from_uv: npt.NDArray[np.float64], shape_vu: tuple[int, int], *, slab_mm: float = 0.0
) -> npt.NDArray[np.float32]:
    """Sample a volume on a plane's pixel grid; see `sos_studio.imaging.resample.reslice`."""
    from sos_studio.imaging.resample import reslice as sample

    return sample(volume, lps_from_uv, shape_vu, slab_mm=slab_mm)
