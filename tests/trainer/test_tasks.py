from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from sos_studio.core.training import OptimiserSettings, StudentSettings
from trainer import tasks
from trainer.attention import evidence_score, training_attention
from trainer.data import Samples
from trainer.networks import build


def samples_of(count: int, side_px: int) -> Samples:
    images = torch.randint(0, 256, (count, side_px, side_px), dtype=torch.uint8)
    masks = torch.zeros_like(images)
    masks[:, : side_px // 2] = 255
    return Samples((), images, masks, torch.ones(count, dtype=torch.bool), torch.arange(count) % 5, tuple([np.eye(3)] * count))


@pytest.mark.parametrize("network", ["test_resnet", "test_convnext"])
def test_the_students_attention_term_compares_each_cases_own_evidence(network: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    leaks: list[float] = []

    def watching(features_NCHW: Tensor, logits_NK: Tensor, target_N: Tensor, *more: Any, **named: Any) -> Tensor:
        (alone,) = torch.autograd.grad(evidence_score(logits_NK, target_N)[0], features_NCHW, retain_graph=True)
        leaks.append(float(alone[1:].abs().max()))
        return training_attention(features_NCHW, logits_NK, target_N, *more, **named)

    monkeypatch.setattr(tasks, "training_attention", watching)
    settings = StudentSettings(network=network, attention_grid_stage="third", optimiser=OptimiserSettings())
    task = tasks.StudentTask(samples_of(6, 64), None, torch.zeros(6, 5), torch.ones(6, dtype=torch.bool), settings, 5, torch.device("cpu"))
    losses = task.losses(build(network).train(), torch.arange(6), torch.Generator().manual_seed(0))
    assert leaks == [0.0]
    losses["total"].backward()  # type: ignore[no-untyped-call]
    assert float(losses["attention"].detach()) > 0
