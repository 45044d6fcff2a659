"""One module per kind of job."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from sos_studio.core.errors import BadInputError
from trainer import model_store
from trainer.context import JobContext
from trainer.model_store import StoredModel


def run(context: JobContext) -> dict[str, Any]:
    """Do the job that was asked for.

    Returns
    -------
    Content of ``result.json``: ``kind``, ``models`` {kind: id}, ``held_out`` figures with counts, ``seconds`` of this attempt. A
    cross-validation adds ``tables``, ``arms`` and the place of its ``report``.
    """
    if context.spec.kind not in ("crossval", "evaluate"):
        from trainer.soundness import require_sound

        require_sound(context)
    if context.spec.kind == "retrain":
        from trainer.jobs.retrain import run_retrain

        return run_retrain(context)
    if context.spec.kind == "crossval":
        from trainer.jobs.crossval import run_crossval

        return run_crossval(context)
    if context.spec.kind == "evaluate":
        from trainer.jobs.judging import run_evaluate

        return run_evaluate(context)
    from trainer.jobs.memory import enough_memory

    began = time.monotonic()
    context.events.progress(0, 1)
    with enough_memory(context, context.spec.kind):
        if context.spec.kind == "student":
            from trainer.pace import pace_of

            context = replace(context, pace=pace_of(context, detector=False))
        model = _one(context)
    if model.card.kind == "student":
        from trainer.jobs.judging import judge_rivals

        judge_rivals(context, model)
    return {
        "kind": context.spec.kind,
        "models": {context.spec.kind: model.model_id},
        "held_out": {context.spec.kind: model.held_out},
        "seconds": {context.spec.kind: round(time.monotonic() - began, 1)},
    }


def _one(context: JobContext) -> StoredModel:
    if context.spec.kind == "teacher":
        from trainer.jobs.teacher import run_teacher

        return run_teacher(context)
    if context.spec.kind == "detector":
        from trainer.jobs.detector import run_detector

        return run_detector(context)
    from trainer.jobs.detector import student_frames
    from trainer.jobs.student import run_student

    if context.spec.teacher_model is None:
        raise BadInputError("training.no_teacher")
    teacher = _found(context, context.spec.teacher_model)
    detector = None if context.spec.detector_model is None else _found(context, context.spec.detector_model)
    return run_student(context, teacher, student_frames(context, detector))


def _found(context: JobContext, model_id: str) -> StoredModel:
    """A model of the project that may teach: one that held out another fold was fitted to the cases that judge now."""
    model = model_store.find(context.project_dir, model_id)
    fold = (model.card.model_extra or {}).get("held_out_fold", context.manifest.held_out_fold)
    if fold != context.manifest.held_out_fold:
        raise BadInputError("training.other_fold", model=model_id, fold=fold + 1, wanted=context.manifest.held_out_fold + 1)
    return model
