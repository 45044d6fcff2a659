"""Which setting to change when a network's training needs more memory than there is."""

from __future__ import annotations

from contextlib import AbstractContextManager

from trainer.context import JobContext
from trainer.failures import memory_for
from trainer.model_store import ModelKind


def enough_memory(context: JobContext, kind: ModelKind) -> AbstractContextManager[None]:
    """For the training of one network: what it lacks becomes ``training.out_of_memory`` with the setting that needs less."""
    if kind == "detector":
        return memory_for(kind, ("detector.image_size", (context.settings.detector.image_size,)))
    settings = context.settings.teacher if kind == "teacher" else context.settings.student
    return memory_for(kind, (f"{kind}.input_shape_hw", settings.input_shape_hw))
