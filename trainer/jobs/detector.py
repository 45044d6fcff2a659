"""The detector: finds the expert's frame on full images."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn

from sos_studio import __version__
from sos_studio.core.errors import BadInputError
from sos_studio.core.manifests import ManifestEntry
from sos_studio.core.networks import is_oriented
from sos_studio.core.predictions import ModelCard
from sos_studio.core.readings import utc_now
from sos_studio.core.roi import Roi
from sos_studio.core.training import DetectorSettings
from trainer import detector_ultralytics, environment, model_store
from trainer.context import JobContext
from trainer.data import LEAST_TO_FIT, Samples, load_samples
from trainer.detector_data import box_of
from trainer.detector_metrics import Detection, judge
from trainer.detector_ultralytics import Detector, Hooks, Recipe
from trainer.jobs.card import data_sha256
from trainer.loop import bf16_is_native
from trainer.model_store import StoredModel
from trainer.soundness import require_frames

_log = logging.getLogger(__name__)


def run_detector(context: JobContext) -> StoredModel:
    """Train on the frames of the fitted folds, judge on the held-out fold, store the model.

    Raises
    ------
    BadInputError
        ``training.too_few_frames``; ``training.images_damaged``; ``training.unknown_network``.
    JobCancelled
        When asked to stop.
    """
    stored = _store(context, _recipe(context), fit_detector(context))
    context.events.progress(1, 1)
    shutil.rmtree(context.checkpoints_dir, ignore_errors=True)
    return stored


@dataclass(frozen=True)
class FittedDetector:
    """The weights to keep, and where they come from.

    Attributes
    ----------
    state
        Of the best epoch by the inner validation.
    frames
        To how many they were fitted.
    parts
        In how many parts batches were worked off in the end, for want of memory.
    """

    state: dict[str, torch.Tensor]
    frames: int
    parts: int


def fit_detector(context: JobContext) -> FittedDetector:
    """Fit to the frames of the fitted folds; errors as `run_detector`."""
    settings = context.settings.detector
    recipe = _recipe(context)
    fitting, judging = (_with_frame(part) for part in context.inner_parts())
    require_frames(fitting)
    fitted, judged = load_inputs(context, fitting), load_inputs(context, judging)

    def step(done: int, total: int) -> None:
        context.control.check()
        context.events.begin(done, total)  # only the first one counts: it comes with the making of the network
        context.events.progress(done, total)

    def figures(model: nn.Module) -> dict[str, float]:
        context.control.check()
        return _validation(Detector(model, context.device, settings.image_size), judged, settings)

    def epoch(number: int, values: Mapping[str, float]) -> None:
        _tell(context, number, values)

    parts = 1

    def in_parts(now: int) -> None:
        nonlocal parts
        parts = now
        context.events.warning("training.smaller_batch", network="detector", batch=settings.batch_size, parts=parts)

    state = detector_ultralytics.train(
        settings.network,
        fitted.images_NHW,
        torch.tensor([box_of(_frame(e), m) for e, m in zip(fitted.entries, fitted.uv_from_input, strict=True)], dtype=torch.float32),
        recipe,
        seed=context.spec.seed,
        device=context.device,
        checkpoints_dir=context.checkpoints_dir,
        fingerprint=_fingerprint(context, recipe, fitting),
        hooks=Hooks(step, figures, epoch, in_parts),
    )
    return FittedDetector(state, len(fitting), parts)


def load_detector(model: StoredModel, device: torch.device) -> Detector:
    """A stored detector, ready to find.

    Raises
    ------
    BadInputError
        ``model.wrong_kind``, ``model.unreadable``.
    """
    if model.card.kind != "detector":
        raise BadInputError("model.wrong_kind", model=model.model_id, kind=model.card.kind, wanted="detector")
    return detector_ultralytics.load(model.card.network, model_store.load_state(model), device, model.card.input_shape_hw[0])


def shown_confidence(model: StoredModel) -> float:
    """From which confidence on this detector's frames are shown."""
    return float((model.card.model_extra or {}).get("confidence", 0.25))


def student_frames(context: JobContext, detector: StoredModel | None) -> dict[str, Roi]:
    """`chosen_frames` with a stored detector."""
    if detector is None:
        return chosen_frames(context, None, 1.0)

    def find(entries: Sequence[ManifestEntry]) -> list[list[Detection]]:
        return find_frames(load_detector(detector, context.device), load_inputs(context, entries), context)

    return chosen_frames(context, find, shown_confidence(detector))


def chosen_frames(
    context: JobContext, find: Callable[[Sequence[ManifestEntry]], list[list[Detection]]] | None, least_confidence: float
) -> dict[str, Roi]:
    """Frames by capture id for the student's attention term, chosen by ``student.mask_source``.

    The held-out fold is left out: nothing is fitted to it. A capture that neither the expert framed nor the detector is sure of has
    no entry.

    Parameters
    ----------
    find
        What a detector finds on cases, likeliest first; asked only if its frames are needed. None: there is no detector.
    """
    source = context.settings.student.mask_source
    frames = {e.capture_id: e.roi for e in context.fitted_entries if e.roi is not None} if source != "detector" else {}
    missing = [e for e in context.fitted_entries if e.capture_id not in frames]
    if source == "expert" or find is None or not missing:
        return frames
    for entry, detections in zip(missing, find(missing), strict=True):
        if detections and detections[0].confidence >= least_confidence:
            frames[entry.capture_id] = detections[0].roi
    return frames


def _with_frame(entries: Sequence[ManifestEntry]) -> tuple[ManifestEntry, ...]:
    return tuple(entry for entry in entries if entry.roi is not None)


def _frame(entry: ManifestEntry) -> Roi:
    if entry.roi is None:
        raise BadInputError("training.too_few_frames", count=0, least=LEAST_TO_FIT)
    return entry.roi


def _recipe(context: JobContext) -> Recipe:
    settings = context.settings.detector
    bf16 = settings.precision == "bf16" or (settings.precision == "auto" and bf16_is_native(context.device))
    return Recipe(epochs=settings.epochs, batch_size=settings.batch_size, bf16=bf16)


def load_inputs(context: JobContext, entries: Sequence[ManifestEntry]) -> Samples:
    """Full images as the detector takes them."""
    side = context.settings.detector.image_size
    return load_samples(context.project_dir, entries, "full_image", (side, side))


def find_frames(network: Detector, samples: Samples, context: JobContext | None = None) -> list[list[Detection]]:
    """What is found on each picture, likeliest first."""
    found: list[list[Detection]] = []
    for start in range(0, len(samples), 16):
        if context is not None:
            context.control.check()
        part = slice(start, start + 16)
        shapes = [e.shape_vu for e in samples.entries[part]]
        found += network.detect_inputs(samples.images_NHW[part], samples.uv_from_input[part], shapes)
    return found


def _judge(network: Detector, samples: Samples, confidence: float) -> dict[str, Any]:
    truth = [_frame(e) for e in samples.entries]
    return judge(find_frames(network, samples), truth, [e.spacing_mm for e in samples.entries], confidence)


def _validation(network: Detector, samples: Samples, settings: DetectorSettings) -> dict[str, float]:
    """Figures on the inner validation part; without one, the latest epoch counts as the best."""
    if not len(samples):
        return {"fitness": 0.0}
    figures = _judge(network, samples, settings.confidence)
    kept = {key: float(figures[key]) for key in ("hit_rate", "iou", "map50", "map50_95")}
    # Ultralytics' fitness, of what the network was asked to draw.
    own = "" if is_oriented(settings.network) else "upright_"
    return kept | {"fitness": 0.1 * figures[f"{own}map50"] + 0.9 * figures[f"{own}map50_95"]}


def _tell(context: JobContext, number: int, values: Mapping[str, float]) -> None:
    for name, value in values.items():
        if name != "fitness":
            context.events.metric(name, "train" if name.endswith("loss") else "inner", number, value)
    _log.info("detector epoch %d: %s", number, ", ".join(f"{k} {v:.4f}" for k, v in values.items()))


def _fingerprint(context: JobContext, recipe: Recipe, fitting: Sequence[ManifestEntry]) -> str:
    asked = {
        "fitting": [entry.case_id for entry in fitting],
        "settings": context.settings.detector.model_dump(mode="json"),
        "recipe": asdict(recipe),
        "validation": context.settings.inner_validation_fraction,
        "manifest": context.manifest.model_dump(mode="json"),
        "seed": context.spec.seed,
        "versions": environment.versions(),
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _store(context: JobContext, recipe: Recipe, fitted: FittedDetector) -> StoredModel:
    settings = context.settings.detector
    network = detector_ultralytics.load(settings.network, fitted.state, context.device, settings.image_size)
    held_out = _with_frame(context.held_out_entries)
    figures = _judge(network, load_inputs(context, held_out), settings.confidence)
    extra = {
        "preset": context.spec.preset,
        "settings": settings.model_dump(mode="json"),
        "recipe": asdict(recipe),
        "confidence": settings.confidence,
        "held_out_fold": context.manifest.held_out_fold,
        "held_out": figures,
        "fitted_cases": fitted.frames,
        "batch_parts": fitted.parts,
        "data_sha256": data_sha256(context.manifest.entries),
        "fitted_sha256": sorted(e.full_image.sha256 for e in context.fitted_entries if e.roi is not None),
        "versions": environment.versions(),
        "threads": context.spec.threads,
        "device": context.device.type,
        "device_name": environment.device_name(context.device),
        "starting_weights": None,
        "parameters": sum(tensor.numel() for tensor in fitted.state.values()),
        "seed": context.spec.seed,
        "job_id": context.spec.job_id,
    }
    card = ModelCard(
        model_id=model_store.new_model_id("detector"),
        kind="detector",
        network=settings.network,
        scheme=context.manifest.scheme,
        input_shape_hw=(settings.image_size, settings.image_size),
        manifest_id=context.manifest.manifest_id,
        phantom=context.manifest.phantom,
        from_scratch=True,
        created_utc=utc_now().isoformat(timespec="seconds"),
        software=f"SOS Studio {__version__}",
        **extra,
    )
    stored = model_store.save(context.project_dir, card, fitted.state)
    context.events.artifact("model", stored.directory / model_store.WEIGHTS_FILE)
    return stored
