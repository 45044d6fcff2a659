"""A small synthetic scan, for tests of opening, orienting and capturing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sos_studio.core.scans import SeriesInfo
from sos_studio.core.volume import Volume
from sos_studio.services.scans import OpenedScan

SHAPE_KJI = (48, 56, 64)
SPACING_MM = 2.0
ORIGIN_LPS_MM = (-60.0, -150.0, 700.0)


def make_volume(seed: int = 0) -> Volume:
    """Air, a ball of soft tissue with a shell of bone, and a denser rod to the patient's left front."""
    k, j, i = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in SHAPE_KJI), indexing="ij")
    middle = [(n - 1) / 2 for n in SHAPE_KJI]
    radius = np.sqrt((k - middle[0]) ** 2 + (j - middle[1]) ** 2 + (i - middle[2]) ** 2)
    values = np.full(SHAPE_KJI, -1000, dtype=np.int16)
    values[radius < 21] = 40
    values[(radius >= 18) & (radius < 21)] = 1200
    values[(abs(i - middle[2] - 6) < 2) & (abs(j - middle[1] + 6) < 2) & (radius < 18)] = 800
    values += np.random.default_rng(seed).integers(-8, 9, SHAPE_KJI, dtype=np.int16)
    matrix = np.diag([SPACING_MM, SPACING_MM, SPACING_MM, 1.0])
    matrix[:3, 3] = ORIGIN_LPS_MM
    return Volume(values, matrix)


def make_scan(seed: int = 0, source: Path = Path("scan")) -> OpenedScan:
    """As if it had been opened from `source`."""
    volume = make_volume(seed)
    spacing = volume.spacing_mm_kji
    info = SeriesInfo("1", "CT", True, volume.shape_kji, spacing, value_range=(-1008.0, 1208.0))
    return OpenedScan(volume, info, source)
