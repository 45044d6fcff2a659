"""From launch to the first paint of the empty window, in fresh processes, beside importing PyTorch in the same run.

Run from the project's root: ``python -m tests.benchmarks.bench_startup [--rounds N] [--write]``; under an X server where there is
one, offscreen otherwise. Not collected as a test: what a busy machine measures proves nothing. CPU time is the honest figure there;
wall time includes waiting for others.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks import report

ROOT = Path(__file__).resolve().parents[2]
GOAL_S = 0.6

# What `sos-studio` does until the window has been painted.
LAUNCH = """
import sos_studio.cli.main
from sos_studio.__main__ import window_module
app = window_module()
painted, first_paint = [], app.FirstPaint
app.FirstPaint = lambda window, then: first_paint(window, lambda: painted.append(True))
window = app.open_window()
while not painted:
    app.application().processEvents()
"""
MEASURED = """
import json, resource, sys, time
now, used = time.time(), resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([now, used.ru_utime, used.ru_stime]), flush=True)
import os
os._exit(0)
"""
PEERS = {
    "SOS Studio, first paint": LAUNCH,
    "import PySide6.QtWidgets": "import PySide6.QtWidgets",
    "import numpy": "import numpy",
    "import torch": "import torch",
}


def measure(code: str, environment: dict[str, str]) -> tuple[float, float, float]:
    """Wall, user and system seconds of a fresh process."""
    begin = time.time()
    done = subprocess.run(
        [sys.executable, "-c", code + MEASURED], capture_output=True, text=True, cwd=ROOT, env=environment, check=False, timeout=120
    )
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    now, user, system = json.loads(done.stdout.splitlines()[-1])
    return now - begin, user, system


def table(measured: dict[str, list[tuple[float, float, float]]]) -> list[str]:
    """Rows of the report."""
    torch_cpu = statistics.median(user + system for _, user, system in measured["import torch"])
    lines = ["| | wall s, median | least | CPU s, median | least | × importing PyTorch (CPU) |", "|---|---|---|---|---|---|"]
    for name, times in measured.items():
        wall, cpu = [wall for wall, *_ in times], [user + system for _, user, system in times]
        middle = statistics.median(cpu)
        figures = f"{statistics.median(wall):.2f} | {min(wall):.2f} | {middle:.2f} | {min(cpu):.2f} | {middle / torch_cpu:.2f}"
        lines.append(f"| {name} | {figures} |")
    return lines


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--write", action="store_true", help="put the table into the report")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "SOS_STUDIO_DATA_DIR": folder,
            "PYTHONPATH": str(ROOT),
            "PYTHONPYCACHEPREFIX": str(Path(folder) / "cache"),
        }
        # As installed: byte code is cached, and no X server means offscreen.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        if sys.platform.startswith("linux") and not ({"DISPLAY", "WAYLAND_DISPLAY"} & set(environment)):
            environment["QT_QPA_PLATFORM"] = "offscreen"
        for code in PEERS.values():
            measure(code, environment)
        measured: dict[str, list[tuple[float, float, float]]] = {name: [] for name in PEERS}
        for _ in range(chosen.rounds):
            for name, code in PEERS.items():
                measured[name].append(measure(code, environment))
    lines = table(measured)
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.write(f"goal: {GOAL_S} s on a quiet machine; load here {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    if chosen.write:
        report.write("startup", lines, report.circumstances(chosen.rounds))


if __name__ == "__main__":
    main(sys.argv[1:])
