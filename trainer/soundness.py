"""Everything that can be known to be wrong before hours are spent, told at once."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from sos_studio.core.errors import BadInputError, SosError
from sos_studio.core.manifests import ManifestEntry, ManifestImage
from sos_studio.core.stages import scheme
from sos_studio.core.training import OptimiserSettings, StudentSettings, TeacherSettings
from sos_studio.imaging.images import SMALLEST_SIDE_PX
from trainer.context import JobContext
from trainer.data import LEAST_TO_FIT, checked_picture, require_learnable
from trainer.failures import explain
from trainer.networks import network_of
from trainer.weights import require_fitting

_log = logging.getLogger(__name__)
_MOST_NAMED = 10


class Faults:
    """Collects what is wrong, each once."""

    def __init__(self) -> None:
        self.found: list[SosError] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Take note of a fault that is raised in the block, instead of ending at it."""
        try:
            yield
        except SosError as error:
            if (error.code, error.values) not in [(known.code, known.values) for known in self.found]:
                self.found.append(error)

    def raise_any(self) -> None:
        """Raise the only fault, or ``training.several_faults`` with `faults`, a list of ``{"code", "values"}``."""
        for fault in self.found:
            _log.info("this training can't be done: %s %s", fault.code, fault.values)
        if len(self.found) == 1:
            raise self.found[0]
        if self.found:
            told = [dict(zip(("code", "values"), explain(fault), strict=True)) for fault in self.found]
            raise BadInputError("training.several_faults", count=len(told), faults=told)


def require_sound(context: JobContext) -> None:
    """Look at networks, starting weights, precision, cases and every picture of a job before any of its networks is trained.

    A crop or full image that only the held-out fold needs would else be missed when the training is over.

    Raises
    ------
    BadInputError
        ``training.unknown_network``, ``training.input_not_multiple``, ``training.weights_unreadable``, ``training.weights_do_not_fit``,
        ``training.fp16_needs_cuda``, ``training.too_few_cases``, ``training.one_stage_only``, ``training.too_few_frames``,
        ``training.images_damaged``; ``training.several_faults`` with all of them.
    JobCancelled
        When asked to stop.
    """
    faults, kind, settings = Faults(), context.spec.kind, context.settings
    fitting, _ = context.inner_parts()
    crops = [entry for entry in fitting if entry.crop is not None]
    # A student alone asks a teacher that is complete, but its helpers are teachers of its own.
    if kind in ("teacher", "retrain") or (kind == "student" and settings.student.teacher_logits == "cross-fitted"):
        look_at_network(context, settings.teacher, faults)
    if kind in ("student", "retrain"):
        look_at_network(context, settings.student, faults)
        with faults.noted():
            require_learnable(fitting)
    if kind in ("teacher", "retrain"):
        with faults.noted():
            require_learnable(crops)
    if kind in ("detector", "retrain"):
        with faults.noted():
            require_frames(fitting)
    with faults.noted():
        require_pictures(context, full_images=kind != "teacher", crops=kind != "detector")
    faults.raise_any()


def look_at_network(context: JobContext, part: TeacherSettings | StudentSettings, faults: Faults) -> None:
    """Whether a network can be had, takes its input, begins with its starting weights and computes in its precision here."""
    with faults.noted():
        with torch.device("meta"):
            network = network_of(part.network, stages=scheme(context.manifest.scheme).count, channels=part.channels)
        network.require_input(part.input_shape_hw)
        if context.weights is not None:
            require_fitting(network.backbone, context.weights)
    with faults.noted():
        require_precision(part.optimiser, context.device)


def require_precision(settings: OptimiserSettings, device: torch.device) -> None:
    """Raise ``training.fp16_needs_cuda`` where half precision has no scaled loss, or is slower than float32."""
    if settings.precision == "fp16" and device.type != "cuda":
        raise BadInputError("training.fp16_needs_cuda", device=device.type)


def require_frames(fitting: Sequence[ManifestEntry], least: int = LEAST_TO_FIT) -> None:
    """Raise ``training.too_few_frames``: so few teach a detector from scratch nothing at all."""
    count = sum(entry.roi is not None for entry in fitting)
    if count < least:
        raise BadInputError("training.too_few_frames", count=count, least=least)


def require_pictures(context: JobContext, *, full_images: bool, crops: bool) -> None:
    """Raise ``training.images_damaged`` with all cases whose pictures are missing, unreadable or not those of the manifest."""
    damaged: dict[str, None] = {}

    def look_at(entry: ManifestEntry, file: ManifestImage | None, smallest_px: int) -> None:
        if file is not None and checked_picture(context.project_dir, file, smallest_px) is None:
            damaged[entry.case_id] = None

    for entry in context.manifest.entries:
        context.control.check()
        if full_images:
            look_at(entry, entry.full_image, SMALLEST_SIDE_PX)
        if crops:
            look_at(entry, entry.crop, 1)
    if damaged:
        raise BadInputError("training.images_damaged", count=len(damaged), cases=", ".join([*damaged][:_MOST_NAMED]))
