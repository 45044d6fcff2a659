"""What lets a person judge how far to trust a trained classifier: calibration, stage sets, and what its own kind of picture looks like.

All of it comes from the inner validation split: cases that nothing was fitted to. The same cases chose the epoch and the temperature,
which ADR 0018 accepts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from sos_studio.core.manifests import ManifestEntry
from trainer import conformal
from trainer.context import JobContext
from trainer.data import Picture, load_samples
from trainer.evaluation import describe, predict_logits
from trainer.familiarity import fit_familiarity
from trainer.metrics import fit_temperature, softmax
from trainer.model_store import FAMILIARITY
from trainer.networks import Network


@dataclass(frozen=True)
class Trust:
    """Facts for the card, and tensors that are stored with the weights.

    Attributes
    ----------
    temperature
        Probabilities are ``softmax(logits / temperature)``.
    """

    temperature: float
    facts: dict[str, Any]
    tensors: Mapping[str, torch.Tensor]


def measure_trust(
    context: JobContext,
    network: Network,
    fitting: Sequence[ManifestEntry],
    inner: Sequence[ManifestEntry],
    *,
    picture: Picture,
    input_shape_hw: tuple[int, int],
) -> Trust:
    """Measure it for a network at its final weights; errors of `load_samples`."""
    judges = load_samples(context.project_dir, inner, picture, input_shape_hw)
    logits_NK, target_N = predict_logits(network, judges, context.device), judges.target_N.numpy()
    temperature = fit_temperature(logits_NK, target_N)
    at_most = conformal.threshold(softmax(logits_NK, temperature), target_N) if len(inner) else math.inf
    fitted = load_samples(context.project_dir, fitting, picture, input_shape_hw)
    familiarity = fit_familiarity(describe(network, fitted, context.device), describe(network, judges, context.device))
    facts: dict[str, Any] = {
        "calibration": {"temperature": temperature, "n": len(inner)},
        # JSON has no infinity: too few cases for the promise, so that every set holds all stages.
        "stage_set": {"coverage": conformal.COVERAGE, "at_most": at_most if math.isfinite(at_most) else None, "n": len(inner)},
        "familiarity": None if familiarity is None else familiarity.figures(),
    }
    tensors = {} if familiarity is None else familiarity.tensors()
    return Trust(temperature, facts, {FAMILIARITY + name: torch.from_numpy(np.asarray(value)) for name, value in tensors.items()})
