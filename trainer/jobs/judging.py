"""Stored models asked about cases that they were not trained on, so that any two can be compared on the same cases."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sos_studio.core.errors import BadInputError, JobFailedError
from sos_studio.core.held_out import HeldOutRecords, Learned, learned, read_records, write_records
from sos_studio.core.manifests import ManifestEntry
from trainer import model_store
from trainer.attention import GridStage
from trainer.context import JobContext
from trainer.data import Picture, file_of, load_samples
from trainer.evaluation import judge
from trainer.failures import explain, short_of_memory
from trainer.model_store import StoredModel
from trainer.networks import restore

_log = logging.getLogger(__name__)


def run_evaluate(context: JobContext) -> dict[str, Any]:
    """Judge every case of the manifest that none of the asked models was trained on.

    Returns
    -------
    Content of ``result.json``; what the models said lies beside them (`core.held_out`).

    Raises
    ------
    BadInputError
        ``compare.unknown_training``, ``compare.no_common_cases``, ``model.missing``, ``model.unreadable``, ``model.wrong_kind``.
    """
    began = time.monotonic()
    models = [model_store.find(context.project_dir, model_id) for model_id in context.spec.judged_models]
    entries = _unknown(context, context.manifest.entries, learned(context.project_dir, *(model.card for model in models)))
    if not entries:
        raise BadInputError("compare.no_common_cases")
    context.events.progress(0, 1)
    figures = {}
    for n, model in enumerate(models):
        figures[model.model_id] = _judge(context, model, entries, n / len(models), (n + 1) / len(models))
    return {
        "kind": "evaluate",
        "models": {},
        "judged": figures,
        "held_out": {},
        "seconds": {"evaluate": round(time.monotonic() - began, 1)},
    }


def judge_rivals(context: JobContext, student: StoredModel) -> None:
    """Ask the models of ``spec.judged_models`` about the new student's held-out cases, as far as they were not trained on them.

    A rival that can't be asked takes nothing from the student that is complete: it is told as a warning.
    """
    for model_id in context.spec.judged_models:
        if model_id == student.model_id:
            continue
        try:
            rival = model_store.find(context.project_dir, model_id)
            entries = _unknown(context, context.held_out_entries, learned(context.project_dir, rival.card))
            if entries:
                _judge(context, rival, entries)
        except (BadInputError, JobFailedError) as error:
            _log.info("%s could not be asked: %s", model_id, error.code)
            context.events.warning("compare.rival_not_judged", model=model_id, reason=explain(error)[0])


def _unknown(context: JobContext, entries: Sequence[ManifestEntry], by: Learned) -> list[ManifestEntry]:
    """Those of patients of whom nothing was learned."""
    known = by.patients_among((entry.patient, entry.case_id, entry.full_image.sha256) for entry in context.manifest.entries)
    return [entry for entry in entries if entry.patient not in known]


def _judge(
    context: JobContext, model: StoredModel, entries: Sequence[ManifestEntry], start: float = 0.0, stop: float = 0.0
) -> dict[str, Any]:
    """Renew the model's records of these cases; pictures that it has judged are not looked at again."""
    if model.card.kind == "detector":
        raise BadInputError("model.wrong_kind", model=model.model_id, kind="detector", wanted="student")
    picture: Picture = "crop" if model.card.kind == "teacher" else "full_image"
    judged_before = {(c.capture_id, c.picture_sha256): c for c in _records(model).cases}
    usable = [(entry, file) for entry in entries if (file := file_of(entry, picture)) is not None]
    fresh = [entry for entry, file in usable if (entry.capture_id, file.sha256) not in judged_before]
    # A label may have been corrected since; what the model says of the picture has not changed.
    renewed = [
        judged_before[key].model_copy(update={"stage": entry.stage, "patient": entry.patient})
        for entry, file in usable
        if (key := (entry.capture_id, file.sha256)) in judged_before
    ]
    if fresh:
        renewed += _ask(context, model, fresh, picture, lambda share: _tell(context, start + share * (stop - start), stop))
    write_records(model.directory, _records(model).renewed(renewed))
    _log.info("%s was asked about %d cases, %d of them new to it", model.model_id, len(usable), len(fresh))
    return {"n": len(usable), "new": len(fresh), "without_picture": len(entries) - len(usable)}


def _ask(context: JobContext, model: StoredModel, entries: Sequence[ManifestEntry], picture: Picture, tell: Callable[[float], None]) -> Any:
    extra = model.card.model_extra or {}
    grid_stage: GridStage | None = extra.get("attention_grid_stage", "last") if picture == "full_image" else None
    temperature = float(extra.get("calibration", {}).get("temperature", 1.0))
    with _memory():
        network = restore(model.card, model_store.load_state(model)).to(context.device)
        samples = load_samples(context.project_dir, entries, picture, model.card.input_shape_hw)
        return judge(
            network,
            samples,
            temperature,
            context.device,
            picture=picture,
            grid_stage=grid_stage,
            on_cases=lambda done: tell(done / len(entries)),
        ).records


@contextmanager
def _memory() -> Iterator[None]:
    """No setting of a training helps a network that is only asked."""
    try:
        yield
    except Exception as error:
        if short_of_memory(error):
            raise JobFailedError("prediction.out_of_memory") from error
        raise


def _tell(context: JobContext, done: float, stop: float) -> None:
    context.control.check()
    if stop > 0:
        context.events.progress(done, 1)


def _records(model: StoredModel) -> HeldOutRecords:
    return read_records(model.directory) or HeldOutRecords(model_id=model.model_id)
