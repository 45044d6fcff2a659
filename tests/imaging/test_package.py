from __future__ import annotations

import subprocess
import sys

import numpy as np

from sos_studio.core.volume import Volume
from sos_studio.imaging import reslice


def test_importing_the_room_imports_no_heavy_library() -> None:
    heavy = ("numba", "pydicom", "SimpleITK", "imagecodecs", "cv2", "matplotlib", "PIL", "scipy", "torch", "PySide6")
    rooms = ", ".join(f"sos_studio.imaging{name}" for name in ("", ".capture", ".crops", ".heatmaps", ".images", ".raycast", ".sources"))
    code = f"import sys, {rooms}; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_public_reslice_samples_the_volume() -> None:
    volume = Volume(np.arange(27, dtype=np.int16).reshape(3, 3, 3), np.eye(4))
    np.testing.assert_array_equal(reslice(volume, np.eye(4), (3, 3)), volume.array_kji[0])
