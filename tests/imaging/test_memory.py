"""Opening takes one copy of the volume and a small constant, measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sos_studio.core.volume import Volume
from sos_studio.imaging.dicom_write import Syntax, write_series

SLICES, SIDE = 128, 512
COPY_MB = SLICES * SIDE * SIDE * 2 / 1e6
# A few slices on their way, the coarse first picture (at most 64 slices), and the allocator's slack.
CONSTANT_MB = 30

OPEN = """
import re, sys
from pathlib import Path
from sos_studio.imaging.sources import ScanSource

def opened(folder):
    seen = []
    with ScanSource(folder) as source:
        loaded = source.load(preview=seen.append)
    assert seen and loaded.volume.array_kji.dtype == "int16"
    return loaded

def peak_kb():  # not ru_maxrss: that begins with what the parent had
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

opened(Path(sys.argv[1]))
before = peak_kb()
kept = opened(Path(sys.argv[2]))
print(kept.volume.shape_kji[0], peak_kb() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("syntax", ["explicit", "rle"])
def test_opening_takes_one_copy_of_the_volume_and_little_more(tmp_path: Path, syntax: Syntax) -> None:
    plane_ji = np.random.default_rng(0).integers(-1000, 2000, (SIDE, SIDE)).astype(np.int16)
    plane_ji[:, : SIDE // 2] = -1000
    array_kji = np.broadcast_to(plane_ji, (SLICES, SIDE, SIDE))
    write_series(Volume(array_kji[:16], np.eye(4)), tmp_path / "small", transfer_syntax=syntax)
    write_series(Volume(array_kji, np.eye(4)), tmp_path / "large", transfer_syntax=syntax)
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(tmp_path / "small"), str(tmp_path / "large")],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    slices, grown = (int(word) for word in done.stdout.split())
    assert slices == SLICES
    assert COPY_MB * 0.9 < grown * 1024 / 1e6 < COPY_MB + CONSTANT_MB
