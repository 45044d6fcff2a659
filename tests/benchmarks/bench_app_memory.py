"""Memory of the real application: from the empty window to a large scan with all four panes painted.

Run from the project's root under an X server (or offscreen): ``python -m tests.benchmarks.bench_app_memory [512 768] [--write]``. A
DICOM series is opened in a fresh process as *File ▸ Open scan* does, then a handle is dragged; VmHWM is the peak of that process, VmRSS
what stays. The empty window is measured twice: at its first paint, and at rest, when libraries and kernels that wait for a scan are loaded.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from sos_studio.core.settings import DATA_DIR_VARIABLE
from tests.benchmarks import bench_open, report

GOAL_MB = 300

# What the fresh process does: an empty window, then the scan, then some turning with everything painted each time.
RUN = """
import json, re, sys, time
from pathlib import Path
from sos_studio.core.geometry import Plane
from sos_studio.imaging import resample
from sos_studio.ui import app as studio

def memory_kb(what):
    return int(re.search(what + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

def wait(until, patience=180.0):
    end = time.monotonic() + patience
    while not until():
        if time.monotonic() > end:
            raise SystemExit("the window did not get there")
        app.processEvents()
        time.sleep(0.005)

def rest(seconds):
    end = time.monotonic() + seconds
    wait(lambda: time.monotonic() >= end)

app = studio.application()
painted, first_paint = [], studio.FirstPaint
studio.FirstPaint = lambda window, then: first_paint(window, lambda: (painted.append(memory_kb("VmHWM")), then()))
window = studio.open_window()
wait(lambda: painted)
wait(resample.numba_ready)
rest(1.5)
empty = memory_kb("VmHWM")
session, volume = window.session, window.orient.volume.presenter
if sys.argv[1] != "nothing":
    window.opener.open_path(Path(sys.argv[1]))
    wait(lambda: session.scan is not None and not session.scan.coarse)
    wait(lambda: volume.picture is not None and not volume.picture.coarse)
    volume.toggle_cut()
    for n in range(20):
        session.set_orientation(session.orientation.turned_about(Plane.CORONAL, 0.5), label="turn")
        rest(0.05)
    rest(1.0)
    wait(lambda: not volume.picture.coarse)
print(json.dumps({"painted": painted[0], "empty": empty, "peak": memory_kb("VmHWM"), "stays": memory_kb("VmRSS")}), flush=True)
window.close()
import os
os._exit(0)
"""


def measure(folder: Path | None) -> dict[str, float]:
    """MB of one fresh process."""
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, DATA_DIR_VARIABLE: scratch, "PYTHONPATH": str(report.ROOT)}
        if "DISPLAY" not in environment:
            environment["QT_QPA_PLATFORM"] = "offscreen"
        command = [sys.executable, "-c", RUN, str(folder or "nothing")]
        done = subprocess.run(command, capture_output=True, text=True, cwd=report.ROOT, env=environment, check=False, timeout=400)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return {name: kb * 1024 / 1e6 for name, kb in told.items()}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", choices=["512", "768"], metavar="SIZE", help="512 768 (default: both)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scratch", type=Path, default=Path("/tmp/sos-studio-bench"), help="where the series are kept")
    parser.add_argument("--write", action="store_true", help="put the table into the report")
    chosen = parser.parse_args(arguments)
    head = "| MB | one int16 copy | first paint | window at rest | peak | stays | peak above rest and copy | above first paint and copy |"
    lines = [head, "|---|---|---|---|---|---|---|---|"]
    measure(None)
    for size in chosen.sizes or ("512", "768"):
        folder = bench_open.series(chosen.scratch, size, "explicit")
        copy_mb = float(np.prod(bench_open.SHAPES[size])) * 2 / 1e6
        rounds = [measure(folder) for _ in range(chosen.rounds)]
        painted, empty, peak, stays = (float(np.median([told[name] for told in rounds])) for name in ("painted", "empty", "peak", "stays"))
        above, above_paint = peak - empty - copy_mb, peak - painted - copy_mb
        slices, rows, columns = bench_open.SHAPES[size]
        figures = " | ".join(f"{mb:.0f}" for mb in (copy_mb, painted, empty, peak, stays, above, above_paint))
        lines.append(f"| {columns} × {rows} × {slices} | {figures} |")
        sys.stdout.write(f"{size}: {above:.0f} MB above window and copy; goal {GOAL_MB}: {'met' if above <= GOAL_MB else 'missed'}\n")
    sys.stdout.write("\n".join(lines) + "\n")
    if chosen.write:
        report.write("appmemory", lines, report.circumstances(chosen.rounds))


if __name__ == "__main__":
    main(sys.argv[1:])
