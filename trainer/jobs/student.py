"""The student: stage from the full image, taught by the teacher and drawn to the frame, Eq. (1) of the paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from sos_studio.core.manifests import ManifestEntry
from sos_studio.core.roi import Roi
from sos_studio.core.stages import scheme
from sos_studio.core.training_cost import epoch_costs
from trainer import checkpoints, model_store, pace
from trainer.context import JobContext
from trainer.data import load_samples, require_learnable, split_by_patient
from trainer.evaluation import judge, predict_logits
from trainer.jobs.card import classifier_card, fingerprint
from trainer.jobs.teacher import fit_teacher, new_network
from trainer.jobs.trust import measure_trust
from trainer.loop import Fitted, Watch, batches_per_epoch, fit
from trainer.model_store import StoredModel
from trainer.networks import Network, restore
from trainer.tasks import StudentTask

_FEWEST_PER_FOLD = 5
# What it takes to judge a case and see where the network looks, in cases of a step of training: whole pictures, always in fp32.
_JUDGING_COST = 2.5
# To describe a case that was fitted to.
_TRUST_COST = 0.5


@dataclass(frozen=True)
class Taught:
    """What the teacher says of the cases to fit to.

    Attributes
    ----------
    source
        ``cross-fitted``, ``in-sample`` or ``none``.
    logits_NK, taught_N
        In the order of the cases; zeros where there are none, and which cases have any.
    """

    source: str
    logits_NK: Tensor
    taught_N: Tensor


@dataclass(frozen=True)
class Work:
    """Progress of helpers and student as one, in steps on full images: a step on less costs less.

    Attributes
    ----------
    costs
        Of the student's epochs.
    trust, judging
        Steps that it takes in the end to measure how far the student is to be trusted, and to judge the held-out cases.
    """

    context: JobContext
    helper_steps: int
    helper_weight: float
    batches: int
    costs: tuple[float, ...]
    trust: float
    judging: float

    @classmethod
    def of(cls, context: JobContext, fitting: Sequence[ManifestEntry]) -> Work:
        """Of a student that is to be fitted to these cases."""
        teacher, student = context.settings.teacher, context.settings.student
        pixels = [s.input_shape_hw[0] * s.input_shape_hw[1] * s.optimiser.batch_size for s in (teacher, student)]
        folds = student.cross_fit_folds
        per_helper = batches_per_epoch(len(fitting) * (folds - 1) // folds, teacher.optimiser.batch_size) * teacher.optimiser.epochs
        batches = batches_per_epoch(len(fitting), student.optimiser.batch_size)
        helper_steps = per_helper * folds if student.teacher_logits == "cross-fitted" else 0
        held_out, found = len(context.held_out_entries), context.pace
        if found is None:
            looks = (_TRUST_COST * len(context.fitted_entries), _JUDGING_COST * held_out)
            trust, judging = (n / student.optimiser.batch_size for n in looks)
            return cls(context, helper_steps, pixels[0] / pixels[1], batches, tuple(epoch_costs(student)), trust, judging)
        inner = len(context.fitted_entries) - len(fitting)
        costs = pace.epoch_costs(found, student, len(fitting), inner)
        weight = found.teacher_step_s / max(found.student_step_s, 1e-9)
        trust, judging = pace.trust_steps(found, len(fitting), inner), pace.judging_steps(found, held_out)
        return cls(context, helper_steps, weight, batches, tuple(costs), trust, judging)

    def helper_watch(self, k: int) -> Watch:
        """Of the k-th helper."""
        before = k * self.helper_steps // self.context.settings.student.cross_fit_folds
        begin = partial(self.helper_progress, before, begins=True)
        return Watch(self.context.control.check, partial(self.helper_progress, before), warn=self.context.events.warning, begin=begin)

    def helper_progress(self, before: int, done: int, _total: int, *, begins: bool = False) -> None:
        """`done` steps of the present helper, after `before` of those ahead of it."""
        self._tell(min(before + done, self.helper_steps) * self.helper_weight, begins=begins)

    def main_progress(self, done: int, _total: int, *, begins: bool = False) -> None:
        """`done` of the student's own steps."""
        epochs, steps = divmod(done, self.batches)
        begun = self.costs[epochs] * steps if steps else 0.0
        self._tell(self.helper_steps * self.helper_weight + self.batches * sum(self.costs[:epochs]) + begun, begins=begins)

    def judging_progress(self, cases: int) -> None:
        """So many of the held-out cases were judged by the student that is complete."""
        self.context.control.check()
        self._tell(self._fitted + self.trust + self.judging * cases / max(1, len(self.context.held_out_entries)))

    @property
    def _fitted(self) -> float:
        return self.helper_steps * self.helper_weight + self.batches * sum(self.costs)

    def _tell(self, done: float, *, begins: bool = False) -> None:
        events, total = self.context.events, self._fitted + self.trust + self.judging
        (events.begin if begins else events.progress)(done, total)


def run_student(context: JobContext, teacher: StoredModel, masks: Mapping[str, Roi]) -> StoredModel:
    """Train the student on the full images of all folds but the held-out one, and store it with its held-out figures.

    Parameters
    ----------
    teacher
        Frozen; asked for its logits when they are taken in sample, and named on the card.
    masks
        Frame by capture id, chosen by ``settings.student.mask_source``; a case without one has no attention term.

    Raises
    ------
    BadInputError, JobFailedError, JobCancelled
        As `run_teacher`.
    """
    settings = context.settings.student
    fitting, inner = context.inner_parts()
    require_learnable(fitting)
    work = Work.of(context, fitting)
    taught = teacher_logits(
        context, fitting, partial(_in_sample, context, teacher), lambda crops: cross_fitted(context, crops, work.helper_watch)
    )
    events = context.events
    watch = Watch(context.control.check, work.main_progress, events.metric, events.warning, partial(work.main_progress, begins=True))
    network, fitted, framed = fit_student(context, fitting, inner, taught, masks, watch=watch)
    shape = settings.input_shape_hw
    network.load_state_dict(fitted.state)
    trust = measure_trust(context, network, fitting, inner, picture="full_image", input_shape_hw=shape)
    held_out = load_samples(context.project_dir, context.held_out_entries, "full_image", shape)
    judged = judge(
        network,
        held_out,
        trust.temperature,
        context.device,
        picture="full_image",
        grid_stage=settings.attention_grid_stage,
        on_cases=work.judging_progress,
    )
    work.judging_progress(len(held_out))
    card = classifier_card(
        context,
        "student",
        fitted,
        network,
        held_out=judged.figures,
        fitted_cases={"n": len(fitting), "with_frame": framed, "with_teacher_logits": int(taught.taught_N.sum())},
        teacher_model=teacher.model_id,
        teacher_logits=taught.source,
        manifests=sorted({context.manifest.manifest_id, teacher.card.manifest_id}),
        **trust.facts,
    )
    stored = model_store.save(context.project_dir, card, {**checkpoints.state_of(network), **trust.tensors}, judged.records)
    context.events.artifact("model", stored.directory / model_store.WEIGHTS_FILE)
    return stored


def fit_student(
    context: JobContext,
    fitting: Sequence[ManifestEntry],
    inner: Sequence[ManifestEntry],
    taught: Taught,
    masks: Mapping[str, Roi],
    *,
    watch: Watch,
) -> tuple[Network, Fitted, int]:
    """Fit a network to full images by the student's settings, stopping early by `inner`; also says how many cases have a frame."""
    settings = context.settings.student
    shape = settings.input_shape_hw
    network = new_network(context, settings.network, settings.channels, "student")
    network.require_input(shape)
    samples = load_samples(context.project_dir, fitting, "full_image", shape, masks, mask_shape=settings.mask_shape)
    judges = load_samples(context.project_dir, inner, "full_image", shape)
    if settings.alpha > 0 and not bool(samples.framed_N.any()):
        watch.warn("training.no_frames")
    frames = sorted((capture, frame.model_dump_json()) for capture, frame in masks.items())
    stages = scheme(context.manifest.scheme).count
    fitted = fit(
        network,
        StudentTask(samples, judges, taught.logits_NK, taught.taught_N, settings, stages, context.device),
        settings.optimiser,
        seed=context.spec.seed,
        name="student",
        checkpoint=context.checkpoints_dir / "student.safetensors",
        fingerprint=fingerprint(context, settings, [*fitting, *inner], str(taught.logits_NK.tolist()), str(frames)),
        watch=watch,
    )
    return network, fitted, int(samples.framed_N.sum())


def teacher_logits(
    context: JobContext,
    fitting: Sequence[ManifestEntry],
    in_sample: Callable[[Sequence[ManifestEntry]], Tensor],
    cross_fitted: Callable[[Sequence[ManifestEntry]], Tensor],
) -> Taught:
    """Logits for the cases that have a crop, as the student's settings ask for them.

    Parameters
    ----------
    in_sample, cross_fitted
        Give the logits (N, K) of crops; only the one that is asked for is called.
    """
    taught = [n for n, entry in enumerate(fitting) if entry.crop is not None]
    crops = [fitting[n] for n in taught]
    logits_NK = torch.zeros(len(fitting), scheme(context.manifest.scheme).count)
    taught_N = torch.zeros(len(fitting), dtype=torch.bool)
    if context.settings.student.beta == 0 or not crops:
        return Taught("none", logits_NK, taught_N)
    source = context.settings.student.teacher_logits
    if source == "cross-fitted" and not _can_cross_fit(crops, context.settings.student.cross_fit_folds, context.spec.seed):
        context.events.warning("training.too_few_to_cross_fit", count=len(crops))
        source = "in-sample"
    taught_N[taught] = True
    logits_NK[taught] = cross_fitted(crops) if source == "cross-fitted" else in_sample(crops)
    return Taught(source, logits_NK, taught_N)


def _can_cross_fit(crops: Sequence[ManifestEntry], folds: int, seed: int) -> bool:
    part = split_by_patient(crops, folds, seed)
    return all(
        int((part == k).sum()) >= _FEWEST_PER_FOLD and len({e.stage for e, p in zip(crops, part, strict=True) if p != k}) >= 2
        for k in range(folds)
    )


def _in_sample(context: JobContext, teacher: StoredModel, crops: Sequence[ManifestEntry]) -> Tensor:
    network = restore(teacher.card, model_store.load_state(teacher)).to(context.device)
    samples = load_samples(context.project_dir, crops, "crop", teacher.card.input_shape_hw)
    return torch.from_numpy(predict_logits(network, samples, context.device)).float()


def cross_fitted(context: JobContext, crops: Sequence[ManifestEntry], watch_of: Callable[[int], Watch]) -> Tensor:
    """Each case's logits from a helper of the teacher's kind that never saw that patient.

    A teacher is too sure of what it was fitted to: its in-sample logits say little more than the label. A helper has no early
    stopping, because the inner split must not choose what teaches.
    """
    folds = context.settings.student.cross_fit_folds
    part = split_by_patient(crops, folds, context.spec.seed)
    logits_NK = torch.zeros(len(crops), scheme(context.manifest.scheme).count)
    for k in range(folds):
        seen = [e for e, p in zip(crops, part, strict=True) if p != k]
        unseen = [n for n, p in enumerate(part) if p == k]
        network, fitted = fit_teacher(context, seen, (), name=f"helper-{k}", watch=watch_of(k))
        network.load_state_dict(fitted.state)
        samples = load_samples(context.project_dir, [crops[n] for n in unseen], "crop", context.settings.teacher.input_shape_hw)
        logits_NK[unseen] = torch.from_numpy(predict_logits(network, samples, context.device)).float()
    return logits_NK
