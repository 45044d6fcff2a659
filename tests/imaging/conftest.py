"""Small volumes with known contents."""

from __future__ import annotations

import numpy as np
import pytest

from sos_studio.core.geometry import Orientation
from sos_studio.core.volume import Volume


@pytest.fixture(scope="session")
def tilted_volume() -> Volume:
    """Random int16 voxels, three different spacings, turned out of the axes: nothing about it is symmetric."""
    rng = np.random.default_rng(7)
    array_kji = rng.integers(-1000, 3000, (24, 30, 36)).astype(np.int16)
    matrix = np.eye(4)
    matrix[:3, :3] = Orientation((0.0, 0.0, 0.0), 6.0, -9.0, 14.0).rotation * np.array([0.4, 0.5, 0.7])
    matrix[:3, 3] = (11.5, -80.25, 640.0)
    return Volume(array_kji, matrix)
