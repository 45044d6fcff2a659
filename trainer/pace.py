"""How long a step of each network takes on this computer: tried out for a moment before a long training, so that its time left is right.

A table can't know it: the same network is two or three times as dear with small pictures, where the optimiser weighs most, and bfloat16
gains on one processor what it costs on another. Only the bar and the time left depend on it.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict, ValidationError

from sos_studio.core import atomic
from sos_studio.core.errors import BadInputError, JobFailedError
from sos_studio.core.jobs import CHECKPOINTS_DIR
from sos_studio.core.stages import scheme
from sos_studio.core.training import StudentSettings, TeacherSettings
from sos_studio.core.training_cost import TrainingCost, side_at
from trainer.context import JobContext
from trainer.data import Samples, load_samples
from trainer.detector_ultralytics import Hooks, Recipe, train
from trainer.evaluation import predict_logits
from trainer.jobs.memory import enough_memory
from trainer.loop import Task, batches_per_epoch, bf16_is_native, trial_step
from trainer.networks import build
from trainer.tasks import StudentTask, TeacherTask

_log = logging.getLogger(__name__)

PACE_FILE = "pace.json"
# A step that takes this long is timed once; of shorter ones a few, the first of which makes kernels and buffers.
_LONG_S = 2.0
_FEW = 3
# As many as are staged at once: of fewer each takes half as long, because all fit into the processor's cache.
_LOOKED_AT = 16
_READ = 4
# To stage a case and to see where the network looks, in times of staging it: forwards twice and backwards.
_LOOK_CLOSELY = 3.0
# The detector finds frames on a picture, in times of a picture of a step.
_FINDING = 0.4


class Pace(BaseModel):
    """Seconds on the computer that trains.

    Attributes
    ----------
    teacher_step_s, student_step_s, detector_step_s
        A step of a whole batch; the student's on full images.
    window_step_s, window_px
        The student's on its smallest windows, and their side; 0 without windows.
    teacher_look_s, student_look_s
        To stage one picture.
    student_read_s
        To read one full image.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    teacher_step_s: float
    teacher_look_s: float
    student_step_s: float
    student_look_s: float
    window_step_s: float = 0.0
    window_px: int = 0
    detector_step_s: float = 0.0
    student_read_s: float = 0.0

    def student_step(self, settings: StudentSettings, epoch: int) -> float:
        """Seconds of a step of the student's in an epoch (0-based): between windows and full images it goes with the pixels."""
        side_px = side_at(settings.windows, epoch)
        if side_px is None:
            return self.student_step_s
        full_px, least_px = settings.input_shape_hw[0] * settings.input_shape_hw[1], self.window_px**2
        if not least_px or full_px <= least_px:
            return self.student_step_s
        share = (min(side_px**2, full_px) - least_px) / (full_px - least_px)
        return self.window_step_s + share * (self.student_step_s - self.window_step_s)


def pace_of(context: JobContext, *, detector: bool) -> Pace:
    """Try every network that the job trains out, or read what an earlier attempt found: a bar must not jump when a job is resumed."""
    path = context.job_dir / CHECKPOINTS_DIR / PACE_FILE
    try:
        return Pace.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        pass
    began = time.monotonic()
    with torch.random.fork_rng():
        found = _measure(context, detector=detector)
    _log.info("tried the networks out in %.1f s: %s", time.monotonic() - began, found)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_text(path, found.model_dump_json() + "\n")
    return found


def epoch_costs(pace: Pace, settings: StudentSettings, fitting: int, inner: int) -> list[float]:
    """Time of each of a student's epochs, in steps on full images; the inner split is judged once full images are shown."""
    batches = batches_per_epoch(fitting, settings.optimiser.batch_size)
    step_s = max(pace.student_step_s, 1e-9)
    judged = inner * pace.student_look_s / step_s
    return [
        pace.student_step(settings, epoch) / step_s + (judged / batches if side_at(settings.windows, epoch) is None else 0.0)
        for epoch in range(settings.optimiser.epochs)
    ]


def trust_steps(pace: Pace, fitting: int, inner: int) -> float:
    """What it takes to measure how far the student is to be trusted (`trainer.jobs.trust`), in steps on full images."""
    seconds = pace.student_read_s * (fitting + inner) + pace.student_look_s * (fitting + 2 * inner)
    return seconds / max(pace.student_step_s, 1e-9)


def judging_steps(pace: Pace, cases: int) -> float:
    """What it takes to judge so many cases in the end, in steps on full images."""
    return cases * (pace.student_read_s + _LOOK_CLOSELY * pace.student_look_s) / max(pace.student_step_s, 1e-9)


def cost(context: JobContext, pace: Pace) -> TrainingCost:
    """Seconds of the three parts of a retraining."""
    settings = context.settings
    fitting, inner = context.inner_parts()
    framed, framed_inner = (sum(e.crop is not None for e in part) for part in (fitting, inner))
    teacher, student, detector = settings.teacher.optimiser, settings.student, settings.detector
    teacher_s = pace.teacher_step_s * batches_per_epoch(framed, teacher.batch_size) * teacher.epochs
    helpers_s = 0.0
    if student.teacher_logits == "cross-fitted" and student.beta > 0:
        helpers_s = teacher_s * (student.cross_fit_folds - 1)
    teacher_s += pace.teacher_look_s * framed_inner * teacher.epochs
    pictures = framed + _FINDING * framed_inner
    detector_s = pace.detector_step_s * pictures / detector.batch_size * detector.epochs
    batches = batches_per_epoch(len(fitting), student.optimiser.batch_size)
    steps = batches * sum(epoch_costs(pace, student, len(fitting), len(inner)))
    steps += trust_steps(pace, len(fitting), len(inner)) + judging_steps(pace, len(context.held_out_entries))
    return TrainingCost(teacher_s, detector_s, helpers_s + pace.student_step_s * steps)


def _measure(context: JobContext, *, detector: bool) -> Pace:
    settings, device, stages = context.settings, context.device, scheme(context.manifest.scheme).count
    teacher, student = settings.teacher, settings.student

    def samples(shape_hw: tuple[int, int], count: int) -> Samples:
        noise_NHW = torch.randint(0, 256, (count, *shape_hw), dtype=torch.uint8)
        entries = tuple(itertools.islice(itertools.cycle(context.manifest.entries), count))
        masks_NHW = torch.full_like(noise_NHW, 255)
        return Samples(entries, noise_NHW, masks_NHW, torch.ones(count, dtype=torch.bool), torch.arange(count) % stages, ())

    def try_out(task: Task, of: TeacherSettings | StudentSettings) -> tuple[float, float]:
        with enough_memory(context, "teacher" if isinstance(of, TeacherSettings) else "student"):
            network = build(of.network, stages=stages, channels=of.channels).to(device)
            step_s = _timed(trial_step(network, task, of.optimiser))
            looked_at = samples(of.input_shape_hw, _LOOKED_AT)
            return step_s, _timed(lambda: predict_logits(network, looked_at, device)) / _LOOKED_AT

    def student_task(of: StudentSettings) -> StudentTask:
        count = of.optimiser.batch_size
        nothing_NK = torch.zeros(count, stages)
        return StudentTask(samples(of.input_shape_hw, count), None, nothing_NK, torch.ones(count, dtype=torch.bool), of, stages, device)

    teacher_samples = samples(teacher.input_shape_hw, teacher.optimiser.batch_size)
    teacher_task = TeacherTask(teacher_samples, None, teacher.optimiser, teacher.augmentation, stages, device)
    teacher_step_s, teacher_look_s = try_out(teacher_task, teacher)
    student_step_s, student_look_s = try_out(student_task(student.model_copy(update={"windows": ()})), student)
    window_px = min((side for side, _ in student.windows), default=0)
    window_step_s = 0.0
    if window_px:
        window_step_s, _ = try_out(student_task(student.model_copy(update={"windows": ((window_px, 1),)})), student)
    return Pace(
        teacher_step_s=teacher_step_s,
        teacher_look_s=teacher_look_s,
        student_step_s=student_step_s,
        student_look_s=student_look_s,
        window_step_s=min(window_step_s, student_step_s),
        window_px=window_px,
        detector_step_s=_detector_step_s(context) if detector else 0.0,
        student_read_s=_read_s(context),
    )


def _read_s(context: JobContext) -> float:
    some = context.fitted_entries[:_READ]
    began = time.perf_counter()
    # A picture that is damaged is told when the training comes to it.
    with contextlib.suppress(BadInputError):
        load_samples(context.project_dir, some, "full_image", context.settings.student.input_shape_hw)
    return (time.perf_counter() - began) / max(1, len(some))


class _SeenEnoughError(Exception):
    """Of the detector's steps."""


def _detector_step_s(context: JobContext) -> float:
    settings, device = context.settings.detector, context.device
    bf16 = settings.precision == "bf16" or (settings.precision == "auto" and bf16_is_native(device))
    recipe = Recipe(epochs=1, batch_size=settings.batch_size, bf16=bf16)
    count, side_px = _FEW * settings.batch_size, settings.image_size
    box = torch.tensor([0.5 * side_px, 0.5 * side_px, 0.2 * side_px, 0.1 * side_px, 0.0])
    noise_NHW = torch.randint(0, 256, (count, side_px, side_px), dtype=torch.uint8)
    ended: list[float] = []

    def step(_done: int, _total: int) -> None:
        ended.append(time.perf_counter())
        context.control.check()
        if len(ended) == _FEW or ended[-1] - ended[0] > _LONG_S:
            raise _SeenEnoughError

    hooks = Hooks(step, lambda _model: {"fitness": 0.0}, lambda _number, _values: None)
    began = time.perf_counter()
    with (
        enough_memory(context, "detector"),
        tempfile.TemporaryDirectory() as nowhere,
        contextlib.suppress(_SeenEnoughError, JobFailedError),
    ):
        boxes_N5 = box.repeat(count, 1)
        where = Path(nowhere)
        train(settings.network, noise_NHW, boxes_N5, recipe, seed=0, device=device, checkpoints_dir=where, fingerprint="", hooks=hooks)
    # The first one comes with the making of the network.
    later = [b - a for a, b in itertools.pairwise(ended)]
    return min(later) if later else time.perf_counter() - began


def _timed(work: Callable[[], object]) -> float:
    """Seconds of one go: the quickest of a few, because whatever else the computer does only adds."""
    taken: list[float] = []
    while len(taken) < _FEW:
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
        if taken[-1] > _LONG_S:
            break
    return min(taken)
