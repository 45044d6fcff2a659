"""What is written beside a trained classifier: facts only."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import sos_studio
from sos_studio.core.jobs import SOURCE_SUFFIX
from sos_studio.core.manifests import ManifestEntry
from sos_studio.core.predictions import ModelCard
from sos_studio.core.stages import scheme
from sos_studio.core.training import StudentSettings, TeacherSettings
from trainer.context import JobContext
from trainer.data import GREY_MEAN, GREY_SPREAD
from trainer.environment import device_name, versions
from trainer.loop import Fitted
from trainer.model_store import new_model_id
from trainer.networks import Network


def fingerprint(context: JobContext, settings: TeacherSettings | StudentSettings, entries: Sequence[ManifestEntry], *more: str) -> str:
    """What must be equal for a checkpoint to be taken up: anything that changes a bit of the weights."""
    facts = {
        "settings": settings.model_dump(mode="json"),
        "data": data_sha256(entries),
        "seed": context.spec.seed,
        "threads": context.spec.threads,
        "device": context.device.type,
        "weights": _sha256_of_file(context.weights),
        "versions": versions(),
        "more": more,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def data_sha256(entries: Sequence[ManifestEntry]) -> str:
    """One hash of the pictures, frames and stages of cases, in their order."""
    lines = (e.model_dump_json(include={"case_id", "stage", "fold", "full_image", "crop", "roi"}) for e in entries)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def classifier_card(
    context: JobContext,
    kind: Literal["teacher", "student"],
    fitted: Fitted,
    network: Network,
    *,
    held_out: dict[str, Any],
    **more: Any,
) -> ModelCard:
    """The card of a teacher or a student."""
    settings = context.settings.teacher if kind == "teacher" else context.settings.student
    manifest, spec = context.manifest, context.spec
    facts: dict[str, Any] = {
        "model_id": new_model_id(kind),
        "kind": kind,
        "network": settings.network,
        "scheme": manifest.scheme,
        "stages": scheme(manifest.scheme).count,
        "input_shape_hw": settings.input_shape_hw,
        "manifest_id": manifest.manifest_id,
        "phantom": manifest.phantom,
        "from_scratch": spec.weights is None,
        "created_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "software": f"SOS Studio {sos_studio.__version__}",
        "job_id": spec.job_id,
        "preset": spec.preset,
        "settings": settings.model_dump(mode="json"),
        "channels": settings.channels,
        "grey": {"mean": GREY_MEAN, "spread": GREY_SPREAD},
        "attention_grid_stage": context.settings.student.attention_grid_stage,
        "seed": spec.seed,
        "threads": spec.threads,
        "device": context.device.type,
        "device_name": device_name(context.device),
        "versions": versions(),
        "data_sha256": data_sha256(manifest.entries),
        "held_out_fold": manifest.held_out_fold,
        "starting_weights_sha256": _sha256_of_file(context.weights),
        "starting_weights": starting_weights(context.weights),
        "parameters": sum(p.numel() for p in network.parameters()),
        "best_epoch": fitted.epoch,
        "batch_parts": fitted.parts,
        "inner": None if fitted.judgement is None else vars(fitted.judgement),
        "held_out": held_out,
        **more,
    }
    return ModelCard.model_validate(facts)


def starting_weights(path: Path | None) -> dict[str, Any] | None:
    """Hash of the file, and its source and licence if the note beside it is of these very weights; None: from scratch."""
    if path is None:
        return None
    digest = _sha256_of_file(path)
    told: Any = None
    with contextlib.suppress(OSError, ValueError):
        told = json.loads(path.with_suffix(SOURCE_SUFFIX).read_bytes())
    known = told if isinstance(told, dict) and told.get("sha256") == digest else {}
    return {"sha256": digest, "source": known.get("source"), "licence": known.get("licence")}


def _sha256_of_file(path: Path | None) -> str | None:
    if path is None:
        return None
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
