"""The student's loss, Eqs. (1)-(5) and (9) of the paper: attention, distillation, classification.

Shape suffixes: N samples, K stages, H and W rows and columns of the feature grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody reads
from torch import Tensor

from sos_studio.core.training import AttentionVariant

# Keeps a map without any attention from being divided by nothing.
_EPSILON = 1e-8


def distillation_loss(student_logits_NK: Tensor, teacher_logits_NK: Tensor, temperature: float) -> Tensor:
    """``T² · KL(softmax(z_t / T) ‖ softmax(z_s / T))``, Eqs. (2)-(4), averaged over the batch; 0 for an empty batch.

    No gradient reaches the teacher.

    Raises
    ------
    ValueError
        If the shapes differ or the temperature is not positive.
    """
    if student_logits_NK.shape != teacher_logits_NK.shape:
        raise ValueError(f"student and teacher logits differ in shape: {tuple(student_logits_NK.shape)}, {tuple(teacher_logits_NK.shape)}")
    if not temperature > 0:
        raise ValueError("the temperature must be positive")
    log_p_NK = F.log_softmax(teacher_logits_NK.detach() / temperature, dim=1)
    log_q_NK = F.log_softmax(student_logits_NK / temperature, dim=1)
    divergence_N = (log_p_NK.exp() * (log_p_NK - log_q_NK)).sum(dim=1)
    return temperature**2 * divergence_N.sum() / max(len(divergence_N), 1)


def attention_loss(attention_NHW: Tensor, mask_NHW: Tensor, valid_N: Tensor | None = None) -> Tensor:
    """``mean (Â − M)²``, Eq. (5): over the cells of the valid samples; 0 if there are none.

    Parameters
    ----------
    attention_NHW
        Grad-CAM maps Â.
    mask_NHW
        Share of each cell that lies inside the frame, 0 … 1. Rows of invalid samples are not read and may hold anything.
    valid_N
        Which samples have a frame; None: all.

    Raises
    ------
    ValueError
        If the shapes don't agree: broadcasting would hide a misaligned grid.
    """
    attention_NHW, mask_NHW = _valid(attention_NHW, mask_NHW, valid_N)
    squares_NHW = (attention_NHW - mask_NHW) ** 2
    return squares_NHW.sum() / max(squares_NHW.numel(), 1)


def attention_energy_loss(attention_NHW: Tensor, mask_NHW: Tensor, valid_N: Tensor | None = None) -> Tensor:
    """``1 − Σ Â·M / Σ Â``: the share of each valid sample's attention that lies outside the mask, averaged; 0 if there are none.

    Where `attention_loss` wants the whole frame filled, this one is content with any place inside it (the *energy-based pointing game*
    of Wang et al. 2020 as a loss). A map without attention counts as all outside, and has no gradient.

    Parameters
    ----------
    attention_NHW
        Grad-CAM maps, nowhere below zero.
    mask_NHW, valid_N
        As in `attention_loss`, with its errors.
    """
    attention_NHW, mask_NHW = _valid(attention_NHW, mask_NHW, valid_N)
    inside_N = (attention_NHW * mask_NHW).sum(dim=(1, 2)) / (attention_NHW.sum(dim=(1, 2)) + _EPSILON)
    return (1 - inside_N).sum() / max(len(inside_N), 1)


def _valid(attention_NHW: Tensor, mask_NHW: Tensor, valid_N: Tensor | None) -> tuple[Tensor, Tensor]:
    """Maps and masks of the samples that have a frame."""
    if attention_NHW.shape != mask_NHW.shape:
        raise ValueError(f"attention and mask differ in shape: {tuple(attention_NHW.shape)}, {tuple(mask_NHW.shape)}")
    if valid_N is None:
        return attention_NHW, mask_NHW
    if valid_N.shape != attention_NHW.shape[:1]:
        raise ValueError(f"{tuple(valid_N.shape)} flags for {len(attention_NHW)} samples")
    keep_N = valid_N.to(torch.bool)
    return attention_NHW[keep_N], mask_NHW[keep_N]


def classification_loss(
    logits_NK: Tensor, target_N: Tensor, *, stage_weight_K: Tensor | None = None, label_smoothing: float = 0.0
) -> Tensor:
    """Cross-entropy, Eq. (9), averaged over the batch.

    Parameters
    ----------
    target_N
        Stage indices, 0-based (stage − 1).
    stage_weight_K
        Class balance; the average is then a weighted one.
    """
    return F.cross_entropy(logits_NK, target_N, weight=stage_weight_K, label_smoothing=label_smoothing)


@dataclass(frozen=True)
class StudentLoss:
    """The unweighted terms of Eq. (1) and their weighted sum."""

    attention: Tensor
    distillation: Tensor
    classification: Tensor
    total: Tensor


def student_loss(
    student_logits_NK: Tensor,
    teacher_logits_NK: Tensor,
    target_N: Tensor,
    attention_NHW: Tensor,
    mask_NHW: Tensor,
    *,
    alpha: float = 0.01,
    beta: float = 0.8,
    theta: float = 0.2,
    temperature: float = 3.0,
    variant: AttentionVariant = "mse",
    valid_N: Tensor | None = None,
    taught_N: Tensor | None = None,
    stage_weight_K: Tensor | None = None,
    label_smoothing: float = 0.0,
) -> StudentLoss:
    """``α · attention + β · distillation + θ · classification``, Eq. (1).

    Parameters
    ----------
    target_N
        Stage indices, 0-based.
    attention_NHW, mask_NHW, valid_N
        As in `attention_loss`.
    variant
        ``mse``: `attention_loss`; ``energy``: `attention_energy_loss`.
    taught_N
        Which samples have teacher logits (a case without a crop has none); None: all.
    """
    student_KD_NK, teacher_KD_NK = student_logits_NK, teacher_logits_NK
    if taught_N is not None:
        keep_N = taught_N.to(torch.bool)
        student_KD_NK, teacher_KD_NK = student_logits_NK[keep_N], teacher_logits_NK[keep_N]
    attention = (attention_loss if variant == "mse" else attention_energy_loss)(attention_NHW, mask_NHW, valid_N)
    distillation = distillation_loss(student_KD_NK, teacher_KD_NK, temperature)
    classification = classification_loss(student_logits_NK, target_N, stage_weight_K=stage_weight_K, label_smoothing=label_smoothing)
    total = alpha * attention + beta * distillation + theta * classification
    return StudentLoss(attention, distillation, classification, total)
