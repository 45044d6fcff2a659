"""One fold: every arm is fitted to the other folds and judged on this one. What several arms need is made once.

Nothing that has to do with a case of the fold is known to anything that judges it: teacher, helpers, detector, the choice of the
epoch, the temperature and the stage sets all come from the other folds' patients.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sos_studio.core.crossval import Arm, CrossvalSettings, settings_of
from sos_studio.core.errors import BadInputError
from sos_studio.core.jobs import CHECKPOINTS_DIR
from sos_studio.core.manifests import ManifestEntry
from sos_studio.core.stages import scheme
from sos_studio.imaging.crops import crop_image
from trainer import checkpoints, detector_ultralytics, environment
from trainer.context import JobContext
from trainer.crossval.records import FoundFrame, JudgedCase, SearchedCase, UnitRecord
from trainer.data import Samples, checked_picture, letterbox, load_samples
from trainer.detector_metrics import Detection
from trainer.evaluation import attention_shares, predict_logits
from trainer.jobs.card import data_sha256
from trainer.jobs.detector import chosen_frames, find_frames, fit_detector, load_inputs
from trainer.jobs.memory import enough_memory
from trainer.jobs.student import Work, cross_fitted, fit_student, teacher_logits
from trainer.jobs.teacher import fit_teacher, new_network
from trainer.loop import Watch
from trainer.networks import Network

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Trained:
    """A network and what its record says of it."""

    network: Network
    best_epoch: int


class Fold:
    """The arms of one fold.

    Parameters
    ----------
    context
        Of the whole job; its manifest holds out this fold.
    """

    def __init__(self, context: JobContext) -> None:
        self.context = context
        self.number = context.manifest.held_out_fold
        asked = context.spec.crossval
        if asked is None:
            raise ValueError("a cross-validation's job says what it compares")
        self._asked: CrossvalSettings = asked
        self.directory = context.job_dir / CHECKPOINTS_DIR / f"fold-{self.number + 1}"

    def asked(self, arm: Arm) -> str:
        """Hash of what decides an arm's answers."""
        context = self._context(arm)
        facts = {
            "settings": context.settings.model_dump(mode="json"),
            "arm": arm.model_dump(mode="json"),
            "fold": self.number,
            "data": data_sha256(context.manifest.entries),
            "patients": [entry.patient for entry in context.manifest.entries],
            "seed": context.spec.seed,
            "weights": context.spec.weights,
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def run(self, arm: Arm) -> UnitRecord:
        """Train what is missing and judge the fold.

        Raises
        ------
        BadInputError, JobFailedError, JobCancelled
            As the trainings of `trainer.jobs`.
        """
        began = time.monotonic()
        context = self._context(arm)
        if arm.method == "teacher":
            found = self._judge_teacher(context, arm)
        elif arm.method == "detector":
            found = self._judge_detector(context, arm)
        elif arm.method == "two-stage":
            found = self._judge_two_stage(context, arm)
        else:
            with enough_memory(context, "student"):
                found = self._judge_student(context)
        return self.record(arm, seconds=round(time.monotonic() - began, 2), **found)

    def record(self, arm: Arm, **found: Any) -> UnitRecord:
        """What is kept, with how it was made."""
        context = self._context(arm)
        return UnitRecord(
            asked=self.asked(arm),
            fold=self.number,
            arm=arm,
            from_scratch=context.spec.weights is None,
            threads=context.spec.threads,
            device=context.device.type,
            versions=environment.versions(),
            **found,
        )

    def clear(self) -> None:
        """Let go of what only this fold's arms share."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def _context(self, arm: Arm) -> JobContext:
        """Of one arm: its settings, its starting weights, its checkpoints."""
        base = self.context
        weights = None if arm.method == "detector" else self._asked.weights.get(arm.network)
        settings = settings_of(base.spec.settings, arm)
        spec = base.spec.model_copy(update={"settings": settings, "weights": weights})
        return replace(base, spec=spec, part_name=f"fold-{self.number + 1}/{arm.slug}")

    # --- teacher -------------------------------------------------------------------------------------------------

    def _teacher(self, arm: Arm) -> _Trained:
        """Fitted in this fold already, or now."""
        arm = Arm(method="teacher", network=arm.network)
        context = self._context(arm)
        settings = context.settings.teacher
        path = self.directory / f"{arm.slug}.safetensors"
        kept = checkpoints.read(path)
        if kept is not None:
            network = new_network(context, settings.network, settings.channels, "teacher")
            network.load_state_dict(kept.tensors)
            return _Trained(network, int(kept.state["epoch"]))
        fitting, inner = (_with_crop(part) for part in context.inner_parts())
        events = context.events
        watch = Watch(context.control.check, events.progress, warn=events.warning, begin=events.begin)
        network, fitted = fit_teacher(context, fitting, inner, name="teacher", watch=watch)
        network.load_state_dict(fitted.state)
        checkpoints.write(path, fitted.state, {"epoch": fitted.epoch})
        shutil.rmtree(context.checkpoints_dir, ignore_errors=True)
        return _Trained(network, fitted.epoch)

    def _judge_teacher(self, context: JobContext, arm: Arm) -> dict[str, Any]:
        trained = self._teacher(arm)
        fitting, inner = (_with_crop(part) for part in context.inner_parts())
        shape = context.settings.teacher.input_shape_hw

        def judged(entries: Sequence[ManifestEntry]) -> tuple[JudgedCase, ...]:
            samples = load_samples(context.project_dir, entries, "crop", shape)
            return _judged(entries, predict_logits(trained.network, samples, context.device))

        return {
            "fitted_cases": _ids(fitting),
            "inner": judged(inner),
            "held_out": judged(_with_crop(context.held_out_entries)),
            "best_epoch": trained.best_epoch,
            "parameters": _parameters(trained.network),
        }

    # --- detector ------------------------------------------------------------------------------------------------

    def _detector(self, network: str | None = None) -> detector_ultralytics.Detector:
        """The one of that network; None: the preset's, which students and two-stage arms use."""
        arm = Arm(method="detector", network=network or self.context.spec.settings.detector.network)
        context = self._context(arm)
        settings = context.settings.detector
        path = self.directory / f"{arm.slug}.safetensors"
        kept = checkpoints.read(path)
        if kept is None:
            with enough_memory(context, "detector"):
                state = fit_detector(context).state
            checkpoints.write(path, state, {})
            shutil.rmtree(context.checkpoints_dir, ignore_errors=True)
        else:
            state = kept.tensors
        return detector_ultralytics.load(settings.network, state, context.device, settings.image_size)

    def _find(self, entries: Sequence[ManifestEntry], network: str | None = None) -> list[list[Detection]]:
        return find_frames(self._detector(network), load_inputs(self.context, entries), self.context)

    def _judge_detector(self, context: JobContext, arm: Arm) -> dict[str, Any]:
        fitting, _ = context.inner_parts()
        return {
            "fitted_cases": _ids([entry for entry in fitting if entry.roi is not None]),
            "searched": _searched(context.held_out_entries, self._find(context.held_out_entries, arm.network)),
        }

    def _judge_two_stage(self, context: JobContext, arm: Arm) -> dict[str, Any]:
        trained = self._teacher(arm)
        fitting, inner = context.inner_parts()
        crops = _with_crop(fitting)
        unsure = _log_frequencies(crops, scheme(context.manifest.scheme).count)

        def judged(entries: Sequence[ManifestEntry]) -> tuple[tuple[JudgedCase, ...], tuple[SearchedCase, ...]]:
            frames = self._find(entries)
            framed = [(e, f[0]) for e, f in zip(entries, frames, strict=True) if f]
            logits_NK = np.repeat(unsure[None], len(entries), axis=0)
            rows = [n for n, f in enumerate(frames) if f]
            if rows:
                logits_NK[rows] = predict_logits(trained.network, _turned_crops(context, framed), context.device)
            return _judged(entries, logits_NK), _searched(entries, frames)

        held_out, searched = judged(context.held_out_entries)
        return {
            "fitted_cases": _ids([e for e in fitting if e.crop is not None or e.roi is not None]),
            "inner": judged(inner)[0],
            "held_out": held_out,
            "searched": searched,
            "unfound": tuple(case.case_id for case in searched if not case.found),
            "best_epoch": trained.best_epoch,
            "parameters": _parameters(trained.network),
        }

    # --- students ------------------------------------------------------------------------------------------------

    def _judge_student(self, context: JobContext) -> dict[str, Any]:
        settings = context.settings.student
        fitting, inner = context.inner_parts()
        work = Work.of(context, fitting)
        taught = teacher_logits(context, fitting, partial(self._in_sample, context), partial(self._cross_fitted, context, work))
        # The baseline knows nothing of frames.
        uses_frames = settings.alpha > 0 or bool(settings.windows)
        frames = chosen_frames(context, self._find, context.settings.detector.confidence) if uses_frames else {}
        begin = partial(work.main_progress, begins=True)
        watch = Watch(context.control.check, work.main_progress, warn=context.events.warning, begin=begin)
        network, fitted, _ = fit_student(context, fitting, inner, taught, frames, watch=watch)
        network.load_state_dict(fitted.state)

        grid = settings.attention_grid_stage

        def judged(entries: Sequence[ManifestEntry], *, look: bool) -> tuple[JudgedCase, ...]:
            samples = load_samples(context.project_dir, entries, "full_image", settings.input_shape_hw)
            shares = attention_shares(network, samples, grid, context.device, work.judging_progress) if look else None
            return _judged(entries, predict_logits(network, samples, context.device), shares)

        found = {
            "fitted_cases": _ids(fitting),
            "inner": judged(inner, look=False),
            "held_out": judged(context.held_out_entries, look=True),
            "best_epoch": fitted.epoch,
            "parameters": _parameters(network),
            "teacher_logits": taught.source,
        }
        shutil.rmtree(context.checkpoints_dir, ignore_errors=True)
        return found

    def _in_sample(self, context: JobContext, crops: Sequence[ManifestEntry]) -> Tensor:
        trained = self._teacher(Arm(method="teacher", network=context.settings.teacher.network))
        samples = load_samples(context.project_dir, crops, "crop", context.settings.teacher.input_shape_hw)
        return torch.from_numpy(predict_logits(trained.network, samples, context.device)).float()

    def _cross_fitted(self, context: JobContext, work: Work, crops: Sequence[ManifestEntry]) -> Tensor:
        """Logits that all students of one kind of teacher share."""
        facts = [context.settings.teacher.model_dump_json(), context.settings.student.cross_fit_folds, _ids(crops), context.spec.weights]
        key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
        path = self.directory / f"taught-{key}.safetensors"
        kept = checkpoints.read(path)
        if kept is not None:
            return kept.tensors["logits_NK"]
        own = replace(context, part_name=f"fold-{self.number + 1}/helpers-{key}")
        logits_NK = cross_fitted(own, crops, work.helper_watch)
        checkpoints.write(path, {"logits_NK": logits_NK}, {})
        shutil.rmtree(own.checkpoints_dir, ignore_errors=True)
        return logits_NK


def _with_crop(entries: Sequence[ManifestEntry]) -> tuple[ManifestEntry, ...]:
    return tuple(entry for entry in entries if entry.crop is not None)


def _ids(entries: Sequence[ManifestEntry]) -> tuple[str, ...]:
    return tuple(entry.case_id for entry in entries)


def _parameters(network: Network) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def _judged(
    entries: Sequence[ManifestEntry], logits_NK: FloatArray, shares: Sequence[float | None] | None = None
) -> tuple[JudgedCase, ...]:
    shares = shares if shares is not None else [None] * len(entries)
    return tuple(
        JudgedCase(case_id=entry.case_id, stage=entry.stage, logits=tuple(map(float, row)), attention=share)
        for entry, row, share in zip(entries, logits_NK, shares, strict=True)
    )


def _searched(entries: Sequence[ManifestEntry], found: Sequence[Sequence[Detection]]) -> tuple[SearchedCase, ...]:
    return tuple(
        SearchedCase(case_id=entry.case_id, found=tuple(FoundFrame(roi=d.roi, confidence=d.confidence) for d in detections))
        for entry, detections in zip(entries, found, strict=True)
    )


def _log_frequencies(entries: Sequence[ManifestEntry], stages: int) -> FloatArray:
    """What can be said of a case that shows nothing: how frequent the stages are (each counted once more)."""
    counts_K = np.bincount([entry.stage - 1 for entry in entries], minlength=stages) + 1.0
    result: FloatArray = np.log(counts_K / counts_K.sum())
    return result


def _turned_crops(context: JobContext, framed: Sequence[tuple[ManifestEntry, Detection]]) -> Samples:
    """Crops of the detector's frames, cut and turned as the expert's are."""
    shape = context.settings.teacher.input_shape_hw
    entries = tuple(entry for entry, _ in framed)
    images = torch.zeros((len(framed), *shape), dtype=torch.uint8)
    affines = []
    for n, (entry, detection) in enumerate(framed):
        picture = checked_picture(context.project_dir, entry.full_image)
        if picture is None:
            # The detector has just read it: whoever changed it did so while this ran.
            raise BadInputError("training.images_damaged", count=1, cases=entry.case_id)
        boxed = letterbox(crop_image(picture, detection.roi), shape)
        images[n] = boxed.values_HW.round().to(torch.uint8)
        affines.append(boxed.uv_from_input)
    nothing = torch.zeros(len(framed), dtype=torch.bool)
    target = torch.tensor([entry.stage - 1 for entry in entries], dtype=torch.int64)
    return Samples(entries, images, torch.zeros_like(images), nothing, target, tuple(affines))
