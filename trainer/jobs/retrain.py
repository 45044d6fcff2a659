"""Teacher, detector and student as one job, so that it goes on when the window closes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sos_studio.core.errors import BadInputError
from sos_studio.core.training_cost import retraining_cost
from trainer import model_store
from trainer.context import JobContext
from trainer.jobs.detector import run_detector, student_frames
from trainer.jobs.judging import judge_rivals
from trainer.jobs.memory import enough_memory
from trainer.jobs.student import run_student
from trainer.jobs.teacher import run_teacher
from trainer.loop import bf16_is_native
from trainer.model_store import ModelKind, StoredModel
from trainer.pace import cost as measured_cost
from trainer.pace import pace_of

_log = logging.getLogger(__name__)


def run_retrain(context: JobContext) -> dict[str, Any]:
    """All three trainings, one after the other; a part that an earlier attempt finished is taken over.

    Returns
    -------
    Content of ``result.json``.
    """
    with enough_memory(context, "student"):
        context = replace(context, pace=pace_of(context, detector=True))
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
    judge_rivals(context, student)
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
    """Which stretch of the whole job's time each part takes, 0 … 1, as it was measured (`pace`), else estimated."""
    if context.pace is not None:
        cost = measured_cost(context, context.pace)
    else:
        cost = retraining_cost(
            context.settings,
            cases=len(context.fitted_entries),
            framed=sum(e.crop is not None for e in context.fitted_entries),
            bf16=bf16_is_native(context.device),
        )
    total_s = max(cost.total_s, 1e-9)
    first, second = cost.teacher_s / total_s, (cost.teacher_s + cost.detector_s) / total_s
    return (("teacher", 0.0, first), ("detector", first, second), ("student", second, 1.0))


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
