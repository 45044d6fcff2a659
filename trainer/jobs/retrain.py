"""Teacher, detector and student as one job, so that it goes on when the window closes."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sos_studio.core.errors import BadInputError
from trainer import model_store
from trainer.context import JobContext
from trainer.jobs.detector import run_detector, student_frames
from trainer.jobs.memory import enough_memory
from trainer.jobs.student import run_student
from trainer.jobs.teacher import run_teacher
from trainer.model_store import ModelKind, StoredModel

_log = logging.getLogger(__name__)

# Seconds of one CPU thread per image and million input pixels, forwards and backwards in fp32, as measured; only their ratios
# matter. A network that is not listed takes the last.
_COST: tuple[tuple[str, float], ...] = (
    ("convnext_atto", 1.0),
    ("convnext_femto", 1.4),
    ("convnext_pico", 2.2),
    ("convnext_nano", 3.6),
    ("convnext_tiny", 6.6),
    ("resnet18", 1.2),
    ("resnet34", 2.3),
    ("resnet50", 4.4),
    ("efficientnet_b0", 1.3),
    ("test_", 0.8),
    ("", 8.0),
)
_DETECTOR_COST: dict[str, float] = {"yolo11n-obb": 1.25, "yolo11s-obb": 3.4, "yolo11m-obb": 10.0, "yolo11l-obb": 12.0, "yolo11x-obb": 26.0}
_BF16_GAIN = 0.55


def run_retrain(context: JobContext) -> dict[str, Any]:
    """All three trainings, one after the other; a part that an earlier attempt finished is taken over.

    Returns
    -------
    Content of ``result.json``.
    """
    context = replace(context, shares=shares(context))
    seconds: dict[str, float] = {}

    def part(kind: ModelKind, train: Callable[[JobContext], StoredModel]) -> StoredModel:
        context.control.check()
        own = context.part(kind)
        began = time.monotonic()
        model = _finished(context, kind)
        if model is None:
            own.events.progress(0, 1)
            with enough_memory(own, kind):
                model = train(own)
        else:
            _log.info("%s was finished by an earlier attempt", kind)
        own.events.progress(1, 1)
        seconds[kind] = round(time.monotonic() - began, 1)
        _log.info("%s took %.1f s", kind, seconds[kind])
        return model

    teacher = part("teacher", run_teacher)
    detector = part("detector", run_detector)
    student = part("student", lambda own: run_student(own, teacher, student_frames(own, detector)))
    figures = student.held_out
    return {
        "kind": "retrain",
        "models": {"teacher": teacher.model_id, "detector": detector.model_id, "student": student.model_id},
        "held_out": {
            "student": {key: value for key, value in figures.items() if key != "attention_in_roi"},
            "teacher": teacher.held_out,
            "detector": detector.held_out,
            "attention_in_roi": figures.get("attention_in_roi", {"n": 0, "mean": None}),
        },
        "seconds": seconds,
    }


def shares(context: JobContext) -> tuple[tuple[str, float, float], ...]:
    """Which stretch of the whole job's time each part takes, 0 … 1, estimated from networks, pictures and epochs."""
    settings = context.settings
    framed = sum(e.roi is not None for e in context.fitted_entries)
    taught = sum(e.crop is not None for e in context.fitted_entries)
    teacher = _cost(settings.teacher.network, settings.teacher.input_shape_hw, settings.teacher.optimiser.precision)
    teacher *= taught * settings.teacher.optimiser.epochs
    side = settings.detector.image_size
    detector = _DETECTOR_COST.get(settings.detector.network, 1.0) * side * side * framed * settings.detector.epochs
    detector *= 1.0 if settings.detector.precision == "fp32" else _BF16_GAIN
    student = _cost(settings.student.network, settings.student.input_shape_hw, settings.student.optimiser.precision)
    student *= len(context.fitted_entries) * settings.student.optimiser.epochs
    if settings.student.teacher_logits == "cross-fitted":
        # k helpers, each of them fitted to all but a k-th.
        student += teacher * (settings.student.cross_fit_folds - 1)
    total = max(teacher + detector + student, 1e-9)
    first, second = teacher / total, (teacher + detector) / total
    return (("teacher", 0.0, first), ("detector", first, second), ("student", second, 1.0))


def _cost(network: str, input_shape_hw: tuple[int, int], precision: str) -> float:
    factor = next(cost for name, cost in _COST if network.startswith(name))
    return factor * math.prod(input_shape_hw) * (_BF16_GAIN if precision == "bf16" else 1.0)


def _finished(context: JobContext, kind: ModelKind) -> StoredModel | None:
    """The model that an earlier attempt at this very job has stored."""
    models = context.project_dir / model_store.MODELS_DIR
    for directory in sorted(models.glob(f"{kind}-*")):
        try:
            model = model_store.read(directory)
        except BadInputError:
            continue
        if model.card.kind == kind and (model.card.model_extra or {}).get("job_id") == context.spec.job_id:
            return model
    return None
