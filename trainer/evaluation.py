"""Trained networks applied to cases, and the figures that go on their cards."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from trainer.attention import GridStage, attention_inside, picture_attention
from trainer.data import Samples, network_input, uv_from_cell
from trainer.metrics import softmax, staging_figures
from trainer.networks import Network

_BATCH = 16


def predict_logits(network: Network, samples: Samples, device: torch.device) -> npt.NDArray[np.float64]:
    """Logits (N, K) without augmentation, in float64 (made so on the CPU, because not every device has it)."""
    network.eval()
    if len(samples) == 0:
        return np.zeros((0, network.stages))
    with torch.no_grad():
        parts = [network(network_input(batch.to(device), network.channels)) for batch in torch.split(samples.images_NHW, _BATCH)]
        logits: npt.NDArray[np.float64] = torch.cat(parts).cpu().double().numpy()
    return logits


def held_out_figures(network: Network, samples: Samples, temperature: float, device: torch.device) -> dict[str, Any]:
    """`metrics.staging_figures` with calibrated probabilities."""
    probabilities = softmax(predict_logits(network, samples, device), temperature)
    return staging_figures(probabilities, samples.target_N.numpy())


def attention_figures(network: Network, samples: Samples, grid_stage: GridStage, device: torch.device) -> dict[str, Any]:
    """Mean of `attention_shares` over the cases that have a frame.

    Returns
    -------
    ``{"n": …, "mean": … or None}``
    """
    shares = [share for share in attention_shares(network, samples, grid_stage, device) if share is not None]
    return {"n": len(shares), "mean": float(np.mean(shares)) if shares else None}


def attention_shares(network: Network, samples: Samples, grid_stage: GridStage, device: torch.device) -> list[float | None]:
    """Share of the attention (for the predicted stage) that lies inside the expert's frame, 0 … 1; None for a case without one."""
    network.eval()
    shares: list[float | None] = []
    grid = network.grid(grid_stage)
    for n, entry in enumerate(samples.entries):
        if entry.roi is None:
            shares.append(None)
            continue
        images_NCHW = network_input(samples.images_NHW[n : n + 1].to(device), network.channels)
        _, map_NHW = picture_attention(network, images_NCHW, None, grid_stage)
        matrix = uv_from_cell(samples.uv_from_input[n], grid)
        shares.append(attention_inside(map_NHW[0].cpu().numpy(), matrix, entry.roi, entry.shape_vu))
    return shares
