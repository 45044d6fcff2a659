"""One training step: the student's (cached teacher, map through the head alone) beside plain cross-entropy and what others do, in one run.

Run from the project's root: ``python -m tests.benchmarks.bench_student_step [--rounds N] [--threads N] [--networks A,B] [--write]``.
Methods take turns, and in another order each round. Every step has the same augmentation, AdamW with four groups, clipped gradients and
moving average; timm's steps use timm's own task, optimiser, clipping and average. Not collected as a test: what a busy machine measures
proves nothing.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sos_studio.core.training import OptimiserSettings, StudentSettings
from tests.benchmarks import report
from trainer import loop
from trainer.attention import EPSILON, mask_to_grid
from trainer.data import Samples, network_input
from trainer.losses import student_loss
from trainer.networks import Network, build
from trainer.tasks import StudentTask, TeacherTask
from trainer.transforms import augment

BATCH, SIDE_PX, STAGES = 8, 224, 5
PLAIN = "cross-entropy alone, our loop"
Step = Callable[[], None]


def samples(count: int) -> Samples:
    """Noise with a frame: what is on a picture changes no time."""
    draw = torch.Generator().manual_seed(0)
    images_NHW = torch.randint(0, 256, (count, SIDE_PX, SIDE_PX), generator=draw, dtype=torch.uint8)
    masks_NHW = torch.zeros_like(images_NHW)
    masks_NHW[:, 90:140, 70:170] = 255
    target_N = torch.randint(0, STAGES, (count,), generator=draw)
    nobody: Any = (None,) * count  # only counted
    return Samples(nobody, images_NHW, masks_NHW, torch.ones(count, dtype=torch.bool), target_N, ())


@dataclass(frozen=True)
class _NaiveTask(StudentTask):
    """Eqs. (1)-(9) as they stand: the teacher runs in every step, and the map is differentiated through the whole network."""

    teacher: Network

    def ahead(self, index_N: Tensor, generator: torch.Generator, epoch: int = 0) -> None:
        """Nothing is made ready, and nothing paid for."""

    def losses(self, network: Network, index_N: Tensor, generator: torch.Generator, epoch: int = 0) -> dict[str, Tensor]:
        images_NHW, masks_NHW = augment(
            self.samples.images_NHW[index_N], self.samples.masks_NHW[index_N], self.settings.augmentation, generator
        )
        inputs_NCHW, target_N = network_input(images_NHW, network.channels), self.samples.target_N[index_N]
        with loop.autocast(self.device, self.settings.optimiser):
            with torch.no_grad():
                teacher_NK = self.teacher(inputs_NCHW).float()
            features_NCHW, logits_NK = network.activations_and_logits(inputs_NCHW)
        logits_NK = logits_NK.float()
        loss = torch.nn.functional.cross_entropy(logits_NK, target_N, reduction="sum")
        # As `loss.backward(create_graph=True)` does: gradients of everything, all with a graph.
        gradient_NCHW = torch.autograd.grad(loss, [features_NCHW, *network.parameters()], create_graph=True, allow_unused=True)[0]
        grid = network.grid()
        mask_NHW = mask_to_grid(masks_NHW, (features_NCHW.shape[2], features_NCHW.shape[3]), grid.stride_px, grid.first_px)
        weight_NC11 = -gradient_NCHW.float().mean(dim=(2, 3), keepdim=True)
        attention_NHW = (weight_NC11 * features_NCHW.float()).sum(dim=1).relu()
        attention_NHW = attention_NHW / (attention_NHW.amax(dim=(1, 2), keepdim=True) + EPSILON)
        valid_N = torch.ones(len(target_N), dtype=torch.bool)
        made = student_loss(
            logits_NK,
            teacher_NK,
            target_N,
            attention_NHW,
            mask_NHW,
            alpha=self.settings.alpha,
            beta=self.settings.beta,
            theta=self.settings.theta,
            temperature=self.settings.temperature,
            valid_N=valid_N,
            taught_N=valid_N,
        )
        return {"total": made.total}


def our_step(network: Network, task: loop.Task, settings: OptimiserSettings) -> Step:
    """One step of `trainer.loop` after the other."""
    run = loop._Run.begun(network, settings)
    batches = loop.batches_per_epoch(task.count, BATCH)
    return lambda: loop._one_step(run, task, settings, seed=1, name="bench", batches=batches, in_parts=lambda _parts: None)


def timms_step(network: Network, held: Samples, settings: StudentSettings, teacher: Network | None) -> Step:
    """A step as timm's own training script makes it, on the same augmented pictures."""
    from timm.optim import create_optimizer_v2
    from timm.task import ClassificationTask, DistillationTeacher, LogitDistillationTask
    from timm.utils import dispatch_clip_grad

    if teacher is None:
        task = ClassificationTask(network.backbone, verbose=False)
    else:
        taught = DistillationTeacher(teacher.backbone, num_classes=STAGES, in_chans=network.channels, device=torch.device("cpu"))
        task = LogitDistillationTask(network.backbone, taught, verbose=False, temperature=settings.temperature)
    optimiser = create_optimizer_v2(network.backbone, opt="adamw", lr=1e-4, weight_decay=0.05)
    task.setup_ema(decay=settings.optimiser.ema_decay)
    generator = torch.Generator().manual_seed(1)

    def step() -> None:
        index_N = torch.randint(0, len(held.target_N), (BATCH,), generator=generator)
        images_NHW, _ = augment(held.images_NHW[index_N], None, settings.augmentation, generator)
        task.train()
        with loop.autocast(torch.device("cpu"), settings.optimiser):
            result = task(network_input(images_NHW, network.channels), held.target_N[index_N])
        optimiser.zero_grad()
        result["loss"].backward()
        dispatch_clip_grad(task.get_clip_parameters(), settings.optimiser.clip_norm)
        optimiser.step()
        task.update_ema()

    return step


def contestants(name: str, precision: str) -> dict[str, Step]:
    """Steps by name, each with a network of its own."""
    device, held = torch.device("cpu"), samples(64)
    optimiser = OptimiserSettings.model_validate({"precision": precision, "class_balance": False, "batch_size": BATCH})
    settings = StudentSettings(network=name, input_shape_hw=(SIDE_PX, SIDE_PX), optimiser=optimiser)
    torch.manual_seed(0)
    teacher = build(name).eval().requires_grad_(False)
    logits_NK, taught_N = torch.randn(64, STAGES), torch.ones(64, dtype=torch.bool)
    framework = StudentTask(held, None, logits_NK, taught_N, settings, STAGES, device)
    naive = _NaiveTask(held, None, logits_NK, taught_N, settings, STAGES, device, teacher)
    plain = TeacherTask(held, None, optimiser, settings.augmentation, STAGES, device)
    return {
        PLAIN: our_step(build(name), plain, optimiser),
        "framework: cached teacher, map through the head": our_step(build(name), framework, optimiser),
        "framework, naive: teacher in each step, second order through all": our_step(build(name), naive, optimiser),
        "timm, cross-entropy (`ClassificationTask`)": timms_step(build(name), held, settings, None),
        "timm, distillation (`LogitDistillationTask`)": timms_step(build(name), held, settings, copy.deepcopy(teacher)),
    }


def timed(steps: dict[str, Step], rounds: int) -> dict[str, list[float]]:
    """Milliseconds; two rounds more are run first and not counted."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    order = np.random.default_rng(0)
    for number in range(rounds + 2):
        for n in order.permutation(len(steps)):
            name = list(steps)[n]
            begin = time.perf_counter()
            steps[name]()
            if number >= 2:
                times[name].append((time.perf_counter() - begin) * 1e3)
    return times


def rows(network: str, precision: str, times: dict[str, list[float]]) -> list[str]:
    """Rows of the report: ratios are medians of each round's ratio, which a passing disturbance doesn't shift."""
    lines = []
    for name, measured in times.items():
        ratios = np.array(measured) / np.array(times[PLAIN])
        low, middle, high = np.percentile(ratios, [25, 50, 75])
        lines.append(f"| {network}, {precision} | {name} | {np.median(measured):.0f} | {middle:.2f} ({low:.2f}-{high:.2f}) |")
    return lines


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--networks", default="convnext_atto,resnet18,efficientnet_b0,convnext_tiny")
    parser.add_argument("--precisions", default="fp32,bf16")
    parser.add_argument("--write", action="store_true", help="put the table into the report")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    lines = [f"| steps of {BATCH} at {SIDE_PX} px | method | median ms | × {PLAIN} (quartiles) |", "|---|---|---|---|"]
    for name in chosen.networks.split(","):
        for precision in chosen.precisions.split(","):
            lines += rows(name, precision, timed(contestants(name, precision), chosen.rounds))
    sys.stdout.write("\n".join(lines) + "\n")
    if chosen.write:
        report.write("student-step", lines, report.circumstances(chosen.rounds, f"{chosen.threads} threads, torch {torch.__version__}"))


if __name__ == "__main__":
    main(sys.argv[1:])
