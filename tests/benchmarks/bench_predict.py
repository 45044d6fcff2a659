"""From the key to the heatmap: a warm worker, ConvNeXt-Tiny, no GPU; the goals are 150 ms at 224 px and 500 ms at 384 px on two cores.

``python -m tests.benchmarks.bench_predict [--repeats N] [--write]``; ``--write`` puts the table into
`resources/docs/results/performance.md`. Weights are drawn at random, which costs what trained ones cost. The processor time of both
processes is told too: on a busy machine it is the figure that means something.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from sos_studio.services.prediction import PredictionService
from tests.benchmarks import report

GOALS_MS = {224: 150.0, 384: 500.0}
FULL_IMAGE_VU = (760, 900)

# In a process of its own: this one has no torch, as the application has none.
_MAKE = """
import sys, torch
from pathlib import Path
from sos_studio.core.predictions import ModelCard
from trainer import model_store
from trainer.familiarity import fit_familiarity
from trainer.networks import build
import numpy as np
folder, side = Path(sys.argv[1]), int(sys.argv[2])
torch.manual_seed(0)
network = build("convnext_tiny").eval()
with torch.no_grad(), network.described() as seen:
    network(torch.randn(12, 1, 64, 64))
features = torch.cat(seen, dim=1).numpy()
known = fit_familiarity(features, features)
card = ModelCard(model_id=f"student-{side}", kind="student", network="convnext_tiny", input_shape_hw=(side, side), manifest_id="m",
    phantom=True, from_scratch=True, created_utc="2026-11-20T10:00:00+00:00", software="bench",
    stage_set={"coverage": 0.9, "at_most": 0.8, "n": 20}, familiarity=known.figures())
beside = {model_store.FAMILIARITY + name: torch.from_numpy(np.asarray(value)) for name, value in known.tensors().items()}
model_store.save(folder, card, {**network.state_dict(), **beside})
"""


def measure(side: int, repeats: int, folder: Path) -> tuple[list[float], float]:
    """Milliseconds from the question to the heatmap of the full image's size, with the network in memory; processor time, mean."""
    subprocess.run([sys.executable, "-c", _MAKE, str(folder), str(side)], check=True)
    model = folder / "models" / f"student-{side}"
    draw = np.random.default_rng(0)
    times, spent = [], 0.0
    with PredictionService() as service:
        for n in range(repeats + 2):
            full8 = draw.integers(0, 255, FULL_IMAGE_VU, dtype=np.uint8)
            begun = time.perf_counter()
            service.predict(full8, model_dir=model)
            if n == 1:  # the first ones load and warm up
                spent = _processor_s()
            elif n > 1:
                times.append((time.perf_counter() - begun) * 1e3)
        return times, (_processor_s() - spent) * 1e3 / repeats


def _processor_s() -> float:
    """Of this process and its worker."""
    here = psutil.Process()
    return sum(sum(process.cpu_times()[:2]) for process in (here, *here.children()))


def main() -> int:
    """Print the figures, write them into the results, and fail beyond a goal."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    repeats, write = given.repeats, given.write
    rows, met = [], True
    with tempfile.TemporaryDirectory() as folder:
        for side, goal in GOALS_MS.items():
            times, processor = measure(side, repeats, Path(folder))
            times.sort()
            median, p95 = statistics.median(times), times[min(len(times) - 1, round(0.95 * len(times)))]
            met = met and median <= goal
            rows.append((side, median, p95, processor, goal))
            sys.stdout.write(
                f"ConvNeXt-Tiny {side} px: median {median:.0f} ms, p95 {p95:.0f} ms, processor {processor:.0f} ms, goal {goal:.0f} ms\n"
            )
    if write:
        lines = ["| input | median | p95 | processor time | goal (median) |", "|---|---|---|---|---|"]
        lines += [f"| {side} px | {a:.0f} ms | {b:.0f} ms | {c:.0f} ms | {goal:.0f} ms |" for side, a, b, c, goal in rows]
        report.write("predict", lines, report.circumstances(repeats, report.commit()))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
