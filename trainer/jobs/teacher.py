"""The teacher: stage from the expert's crop."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from sos_studio.core.manifests import ManifestEntry
from sos_studio.core.stages import scheme
from trainer import model_store
from trainer.checkpoints import state_of
from trainer.context import JobContext
from trainer.data import load_samples, require_learnable
from trainer.evaluation import judge
from trainer.jobs.card import classifier_card, fingerprint
from trainer.jobs.memory import enough_memory
from trainer.jobs.trust import measure_trust
from trainer.loop import Fitted, Watch, fit, generator_for
from trainer.model_store import StoredModel
from trainer.networks import Network, build
from trainer.tasks import TeacherTask


def run_teacher(context: JobContext) -> StoredModel:
    """Train the teacher on the crops of all folds but the held-out one, and store it with its figures on the held-out fold.

    Raises
    ------
    BadInputError
        ``training.too_few_cases``, ``training.one_stage_only``, ``training.images_damaged``, ``training.input_not_multiple``.
    JobFailedError
        ``training.diverged``.
    JobCancelled
        When the person asked to stop; a checkpoint is written first.
    """
    settings = context.settings.teacher
    fitting, inner = (_with_crop(part) for part in context.inner_parts())
    require_learnable(fitting)
    events = context.events
    watch = Watch(context.control.check, events.progress, events.metric, events.warning, events.begin)
    network, fitted = fit_teacher(context, fitting, inner, name="teacher", watch=watch)
    network.load_state_dict(fitted.state)
    shape = settings.input_shape_hw
    trust = measure_trust(context, network, fitting, inner, picture="crop", input_shape_hw=shape)
    held_out = load_samples(context.project_dir, _with_crop(context.held_out_entries), "crop", shape)
    judged = judge(network, held_out, trust.temperature, context.device, picture="crop")
    card = classifier_card(
        context,
        "teacher",
        fitted,
        network,
        held_out=judged.figures,
        fitted_cases=len(fitting),
        **trust.facts,
    )
    stored = model_store.save(context.project_dir, card, {**state_of(network), **trust.tensors}, judged.records)
    context.events.artifact("model", stored.directory / model_store.WEIGHTS_FILE)
    return stored


def fit_teacher(
    context: JobContext, fitting: Sequence[ManifestEntry], inner: Sequence[ManifestEntry], *, name: str, watch: Watch
) -> tuple[Network, Fitted]:
    """Fit one network to the crops of `fitting`, stopping early by `inner` if it is not empty; `name` keeps fits of one job apart."""
    settings = context.settings.teacher
    stages = scheme(context.manifest.scheme).count
    shape = settings.input_shape_hw
    network = new_network(context, settings.network, settings.channels, name)
    network.require_input(shape)
    samples = load_samples(context.project_dir, fitting, "crop", shape)
    judges = load_samples(context.project_dir, inner, "crop", shape) if inner else None
    task = TeacherTask(samples, judges, settings.optimiser, settings.augmentation, stages, context.device)
    checkpoint = context.checkpoints_dir / f"{name}.safetensors"
    mark = fingerprint(context, settings, [*fitting, *inner])
    with enough_memory(context, "teacher"):  # also when it is a helper of the student's
        fitted = fit(
            network, task, settings.optimiser, seed=context.spec.seed, name=name, checkpoint=checkpoint, fingerprint=mark, watch=watch
        )
    return network, fitted


def new_network(context: JobContext, network: str, channels: int, name: str) -> Network:
    """A network at its start: the job's starting weights if there are any, all else drawn from the job's seed and the fit's name."""
    torch.manual_seed(generator_for(context.spec.seed, f"{name}/start", 0).initial_seed())
    return build(network, stages=scheme(context.manifest.scheme).count, channels=channels, weights=context.weights).to(context.device)


def _with_crop(entries: Sequence[ManifestEntry]) -> tuple[ManifestEntry, ...]:
    return tuple(e for e in entries if e.crop is not None)
