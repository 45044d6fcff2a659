"""How much of a training's time the network has the threads, and what the data path and checkpoints take of it.

Run from the project's root: ``python -m tests.benchmarks.bench_data_path [--rounds N] [--threads N,N] [--networks A,B] [--write]``.
Steps are those of `trainer.loop`, with augmentation, AdamW, clipping and moving average; checkpoints are written as often as there. The
*data path* lasts from the batch's numbers to the first layer: reading from memory, augmenting, scaling. *Processor time* is that of all
threads over wall time times threads, while threads that wait for others sleep instead of turning round and round (else waiting would
count as work); *ready* adds the time for which a thread wanted a core that other programs had (Linux tells it thread by thread). Not
collected as a test: what a busy machine measures proves nothing.
"""

from __future__ import annotations

import os

# Read once, when torch starts its threads.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sos_studio.core.training import OptimiserSettings, StudentSettings
from tests.benchmarks import report
from tests.benchmarks.bench_student_step import STAGES
from trainer import checkpoints, loop
from trainer.data import Samples
from trainer.networks import Network, build
from trainer.tasks import StudentTask, TeacherTask

BATCH, CASES = 8, 64
# As the paper's presets: crops are two to one.
PARTS: dict[str, tuple[int, int]] = {"teacher": (192, 384), "student 224": (224, 224), "student 384": (384, 384)}


@dataclass(frozen=True)
class Spent:
    """Seconds of one step: by the clock, of the processor, ready but without a core (all threads), and before the first layer."""

    wall: float
    busy: float
    waiting: float
    data: float


class Watched:
    """A task that notes when a batch is asked for and when the network gets it."""

    def __init__(self, task: loop.Task, network: Network) -> None:
        self._task = task
        self._asked = 0.0
        self.data_s = 0.0
        next(network.backbone.children()).register_forward_pre_hook(self._arrived)

    @property
    def count(self) -> int:
        """As the task's."""
        return self._task.count

    def losses(self, network: Network, index_N: Tensor, generator: torch.Generator, epoch: int = 0) -> dict[str, Tensor]:
        """As the task's."""
        self._asked = time.perf_counter()
        return self._task.losses(network, index_N, generator, epoch)

    def ahead(self, index_N: Tensor, generator: torch.Generator, epoch: int = 0) -> None:
        """As the task's."""
        begin = time.perf_counter()
        self._task.ahead(index_N, generator, epoch)
        self.data_s += time.perf_counter() - begin

    def judge(self, network: Network, epoch: int = 0) -> loop.Judgement | None:
        """As the task's."""
        return self._task.judge(network, epoch)

    def _arrived(self, *_: Any) -> None:
        if self._asked:  # later passes are computing
            self.data_s += time.perf_counter() - self._asked
            self._asked = 0.0


def samples(shape_hw: tuple[int, int]) -> Samples:
    """Noise with a frame: what is on a picture changes no time."""
    draw = torch.Generator().manual_seed(0)
    images_NHW = torch.randint(0, 256, (CASES, *shape_hw), generator=draw, dtype=torch.uint8)
    masks_NHW = torch.zeros_like(images_NHW)
    masks_NHW[:, 90:140, 70:170] = 255
    nobody: Any = (None,) * CASES  # only counted
    return Samples(nobody, images_NHW, masks_NHW, torch.ones(CASES, dtype=torch.bool), torch.arange(CASES) % STAGES, ())


def task_of(part: str, network: str, precision: str) -> tuple[loop.Task, OptimiserSettings]:
    """What a step learns, of that part."""
    shape_hw, device = PARTS[part], torch.device("cpu")
    optimiser = OptimiserSettings.model_validate({"precision": precision, "batch_size": BATCH})
    held = samples(shape_hw)
    settings = StudentSettings(network=network, input_shape_hw=shape_hw, optimiser=optimiser)
    if part == "teacher":
        return TeacherTask(held, None, optimiser, settings.augmentation, STAGES, device), optimiser
    return StudentTask(held, None, torch.randn(CASES, STAGES), torch.ones(CASES, dtype=torch.bool), settings, STAGES, device), optimiser


def waited_s() -> float:
    """For how long threads of this process were ready and had no core, all together; NaN where the system doesn't tell."""
    total = 0
    for thread in Path("/proc/self/task").glob("*/schedstat"):
        try:
            total += int(thread.read_text().split()[1])
        except OSError:  # it has ended meanwhile
            continue
    return total / 1e9 if total else float("nan")


def measured(part: str, name: str, precision: str, rounds: int) -> tuple[list[Spent], float]:
    """Each step's seconds, and those of writing a checkpoint of it."""
    network = build(name)
    task, settings = task_of(part, name, precision)
    watched = Watched(task, network)
    run = loop._Run.begun(network, settings)
    batches = loop.batches_per_epoch(task.count, BATCH)
    spent = []
    for number in range(rounds + 2):  # two more are run first and not counted
        watched.data_s = 0.0
        waiting, busy, begin = waited_s(), time.process_time(), time.perf_counter()
        loop._one_step(run, watched, settings, seed=1, name="bench", batches=batches, in_parts=lambda _parts: None)
        wall = time.perf_counter() - begin
        if number >= 2:
            spent.append(Spent(wall, time.process_time() - busy, waited_s() - waiting, watched.data_s))
    run.best_state = checkpoints.state_of(run.average)
    with tempfile.TemporaryDirectory(dir=report.ROOT) as folder:
        took = []
        for _ in range(3):
            begin = time.perf_counter()
            run.write(Path(folder) / "c.safetensors", "bench")
            took.append(time.perf_counter() - begin)
    return spent, min(took)


def row(part: str, network: str, threads: int, spent: Sequence[Spent], checkpoint_s: float) -> str:
    """One line of the report: medians over the steps; `network` also says the precision."""
    allotted = [step.wall * threads for step in spent]
    busy = np.median([step.busy / whole for step, whole in zip(spent, allotted, strict=True)])
    ready = np.median([min(1.0, (step.busy + step.waiting) / whole) for step, whole in zip(spent, allotted, strict=True)])
    data = np.median([step.data / step.wall for step in spent])
    wall_ms = 1e3 * np.median([step.wall for step in spent])
    # As `trainer.loop` spaces them.
    writing = checkpoint_s / (checkpoints.pause_s(checkpoint_s, loop.CHECKPOINT_EVERY_S) + checkpoint_s)
    told = f"{100 * data:.1f} | {100 * writing:.1f} | **{100 * (1 - data) * (1 - writing):.1f}** | {100 * busy:.0f} | {100 * ready:.0f}"
    return f"| {network}, {part.split(maxsplit=1)[0]} | {PARTS[part][0]} × {PARTS[part][1]} | {threads} | {wall_ms:.0f} | {told} |"


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--networks", default="resnet18,convnext_tiny")
    parser.add_argument("--precision", default="bf16", help="as the presets'; fp32 computes longer, and the data path weighs less")
    parser.add_argument("--write", action="store_true", help="put the table into the report")
    chosen = parser.parse_args(arguments)
    lines = [
        f"| steps of {BATCH} | input | threads | median ms | data path, % | checkpoints, % | network, % | processor time, % | ready, % |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in chosen.networks.split(","):
        for threads in map(int, chosen.threads.split(",")):
            torch.set_num_threads(threads)
            for part in PARTS:
                lines.append(row(part, f"{name}, {chosen.precision}", threads, *measured(part, name, chosen.precision, chosen.rounds)))
                sys.stdout.write(lines[-1] + "\n")
                sys.stdout.flush()
    if chosen.write:
        report.write("data-path", lines, report.circumstances(chosen.rounds, f"torch {torch.__version__}, {report.commit()}"))


if __name__ == "__main__":
    main(sys.argv[1:])
