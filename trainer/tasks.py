"""What teacher and student learn, one batch at a time. Shape suffixes: N samples, K stages, H and W rows and columns."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from sos_studio.core.training import AugmentationSettings, OptimiserSettings, StudentSettings
from sos_studio.core.training_cost import side_at
from trainer.attention import mask_to_grid, training_attention
from trainer.data import Samples, network_input
from trainer.evaluation import predict_logits
from trainer.loop import Judgement, autocast
from trainer.losses import classification_loss, student_loss
from trainer.metrics import negative_log_likelihood, softmax, staging_figures
from trainer.networks import Network
from trainer.transforms import Draw, augment
from trainer.windows import cut_windows


def stage_weights(target_N: Tensor, stages: int) -> Tensor:
    """Weights that let each stage that occurs count the same, averaging 1 over the samples."""
    counts_K = torch.bincount(target_N, minlength=stages).to(torch.float32)
    occurring = int((counts_K > 0).sum())
    return torch.where(counts_K > 0, len(target_N) / (occurring * counts_K.clamp(min=1)), torch.zeros(stages))


def judge(network: Network, samples: Samples | None, device: torch.device) -> Judgement | None:
    """The inner validation split; None without one."""
    if samples is None or len(samples) == 0:
        return None
    logits_NK = predict_logits(network, samples, device)
    target_N = samples.target_N.numpy()
    figures = staging_figures(softmax(logits_NK), target_N)
    kappa = figures["kappa"]
    return Judgement(0.0 if kappa is None else kappa, negative_log_likelihood(logits_NK, target_N), figures["accuracy"])


@dataclass(frozen=True)
class _Batch:
    """What a batch needs of the processor: pictures (and masks) out of memory, and everything random."""

    index_N: Tensor
    images_NHW: Tensor
    masks_NHW: Tensor | None
    draw: Draw

    @classmethod
    def of(cls, index_N: Tensor, images_NHW: Tensor, masks_NHW: Tensor | None, generator: torch.Generator) -> _Batch:
        """With what chance does to these pictures."""
        n, height, width = images_NHW.shape
        return cls(index_N, images_NHW, masks_NHW, Draw.of((n, height, width), generator))


class _Ahead:
    """Holds the batch that was made ready for the next step. The seed of its generator, another one each step, says which it is."""

    def __init__(self) -> None:
        self._seed = -1
        self._batch: _Batch | None = None

    def keep(self, generator: torch.Generator, batch: _Batch) -> None:
        """The one for the step that has a generator of this seed."""
        self._seed, self._batch = generator.initial_seed(), batch

    def take(self, generator: torch.Generator, index_N: Tensor) -> _Batch | None:
        """The one of that step, once; None where none was made, or of other samples (a part of the batch)."""
        batch, self._batch = self._batch, None
        if batch is None or self._seed != generator.initial_seed() or not torch.equal(batch.index_N, index_N):
            return None
        return batch


@dataclass(frozen=True)
class TeacherTask:
    """Stage from the crop, by cross-entropy."""

    samples: Samples
    inner: Samples | None
    optimiser: OptimiserSettings
    augmentation: AugmentationSettings
    stages: int
    device: torch.device
    _ahead: _Ahead = field(default_factory=_Ahead, init=False, repr=False, compare=False)

    @property
    def count(self) -> int:
        """Number of samples to fit to."""
        return len(self.samples)

    def ahead(self, index_N: Tensor, generator: torch.Generator, _epoch: int = 0) -> None:
        """Make the batch of the next step ready."""
        self._ahead.keep(generator, self._made(index_N, generator))

    def _made(self, index_N: Tensor, generator: torch.Generator) -> _Batch:
        return _Batch.of(index_N, self.samples.images_NHW[index_N], None, generator)

    def losses(self, network: Network, index_N: Tensor, generator: torch.Generator, _epoch: int = 0) -> dict[str, Tensor]:
        """``total`` only."""
        batch = self._ahead.take(generator, index_N) or self._made(index_N, generator)
        images_NHW, _ = augment(batch.images_NHW.to(self.device), None, self.augmentation, batch.draw)
        with autocast(self.device, self.optimiser):
            logits_NK = network(network_input(images_NHW, network.channels))
        weight_K = stage_weights(self.samples.target_N, self.stages).to(self.device) if self.optimiser.class_balance else None
        target_N = self.samples.target_N[index_N].to(self.device)
        loss = classification_loss(logits_NK.float(), target_N, stage_weight_K=weight_K, label_smoothing=self.optimiser.label_smoothing)
        return {"total": loss}

    def judge(self, network: Network, _epoch: int = 0) -> Judgement | None:
        """The inner validation split."""
        return judge(network, self.inner, self.device)


@dataclass(frozen=True)
class StudentTask:
    """Stage from the full image, by Eq. (1).

    Attributes
    ----------
    teacher_logits_NK, taught_N
        The frozen teacher's logits in the order of `samples`, and which cases have any.
    """

    samples: Samples
    inner: Samples | None
    teacher_logits_NK: Tensor
    taught_N: Tensor
    settings: StudentSettings
    stages: int
    device: torch.device
    _ahead: _Ahead = field(default_factory=_Ahead, init=False, repr=False, compare=False)

    @property
    def count(self) -> int:
        """Number of samples to fit to."""
        return len(self.samples)

    def ahead(self, index_N: Tensor, generator: torch.Generator, epoch: int = 0) -> None:
        """Make the batch of the next step ready."""
        self._ahead.keep(generator, self._made(index_N, generator, epoch))

    def _made(self, index_N: Tensor, generator: torch.Generator, epoch: int) -> _Batch:
        images_NHW, masks_NHW = self.samples.images_NHW[index_N], self.samples.masks_NHW[index_N]
        side_px = side_at(self.settings.windows, epoch)
        if side_px is not None:
            images_NHW, masks_NHW = cut_windows(images_NHW, masks_NHW, side_px, generator)
        return _Batch.of(index_N, images_NHW, masks_NHW, generator)

    def losses(self, network: Network, index_N: Tensor, generator: torch.Generator, epoch: int = 0) -> dict[str, Tensor]:
        """``total`` and the unweighted terms ``attention``, ``distillation`` and ``classification``."""
        settings, device = self.settings, self.device
        batch = self._ahead.take(generator, index_N) or self._made(index_N, generator, epoch)
        assert batch.masks_NHW is not None
        images_NHW, masks_NHW = augment(batch.images_NHW.to(device), batch.masks_NHW.to(device), settings.augmentation, batch.draw)
        target_N = self.samples.target_N[index_N].to(device)
        with autocast(device, settings.optimiser):
            features_NCHW, logits_NK = network.activations_and_logits(
                network_input(images_NHW, network.channels), settings.attention_grid_stage
            )
            evidence_NK = logits_NK
            if settings.alpha > 0:
                evidence_NK = network.evidence_logits(features_NCHW, logits_NK, settings.attention_grid_stage)
        logits_NK = logits_NK.float()
        grid = network.grid(settings.attention_grid_stage)
        grid_hw = (features_NCHW.shape[2], features_NCHW.shape[3])
        mask_NHW = mask_to_grid(masks_NHW, grid_hw, grid.stride_px, grid.first_px)
        attention_NHW = mask_NHW  # a term that is not asked for is not paid for
        if settings.alpha > 0:
            attention_NHW = training_attention(
                features_NCHW,
                evidence_NK.float(),
                target_N,
                settings.attention_sign,
                relu=settings.attention_relu,
                normalise=settings.attention_normalisation == "max",
            )
        weight_K = stage_weights(self.samples.target_N, self.stages).to(device) if settings.optimiser.class_balance else None
        loss = student_loss(
            logits_NK,
            self.teacher_logits_NK[index_N].to(device),
            target_N,
            attention_NHW,
            mask_NHW,
            alpha=settings.alpha,
            beta=settings.beta,
            theta=settings.theta,
            temperature=settings.temperature,
            variant=settings.attention_variant,
            valid_N=self.samples.framed_N[index_N].to(device),
            taught_N=self.taught_N[index_N].to(device),
            stage_weight_K=weight_K,
            label_smoothing=settings.optimiser.label_smoothing,
        )
        return {
            "total": loss.total,
            "attention": loss.attention,
            "distillation": loss.distillation,
            "classification": loss.classification,
        }

    def judge(self, network: Network, epoch: int = 0) -> Judgement | None:
        """The inner validation split, once full images are shown."""
        if side_at(self.settings.windows, epoch) is not None:
            return None
        return judge(network, self.inner, self.device)
