"""Trained networks applied to cases, and the figures that go on their cards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from sos_studio.core.held_out import HeldOutRecord
from sos_studio.core.manifests import ManifestEntry
from trainer.attention import GridStage, attention_inside, picture_attention
from trainer.data import Picture, Samples, file_of, network_input, uv_from_cell
from trainer.metrics import expected_calibration_error, negative_log_likelihood, softmax, staging_figures
from trainer.networks import Network
from trainer.shortage import worked_off

_BATCH = 16


def predict_logits(network: Network, samples: Samples, device: torch.device) -> npt.NDArray[np.float64]:
    """Logits (N, K) without augmentation, in float64 (made so on the CPU, because not every device has it)."""
    network.eval()
    if len(samples) == 0:
        return np.zeros((0, network.stages))

    def attempt(parts: int) -> npt.NDArray[np.float64]:
        batches = torch.split(samples.images_NHW, max(1, _BATCH // parts))
        with torch.no_grad():
            said = [network(network_input(batch.to(device), network.channels)) for batch in batches]
            logits: npt.NDArray[np.float64] = torch.cat(said).cpu().double().numpy()
        return logits

    return worked_off(attempt, parts=1, most=_BATCH, undo=lambda: None)


def describe(network: Network, samples: Samples, device: torch.device) -> npt.NDArray[np.float64]:
    """Features (N, D) of cases, for `familiarity`: the channel means of every stage."""
    network.eval()
    rows: list[npt.NDArray[np.float64]] = []
    with torch.no_grad():
        for batch in torch.split(samples.images_NHW, _BATCH) if len(samples) else ():
            with network.described() as seen:
                network(network_input(batch.to(device), network.channels))
            rows.append(torch.cat(seen, dim=1).cpu().double().numpy())
    return np.concatenate(rows) if rows else np.zeros((0, 0))


@dataclass(frozen=True)
class Judged:
    """What a network says of cases that it was not fitted to.

    Attributes
    ----------
    figures
        `metrics.staging_figures` with calibrated probabilities, ``negative_log_likelihood`` (nats), and both ``ece_uncalibrated`` and
        ``negative_log_likelihood_uncalibrated`` without the temperature; of a student also ``attention_in_roi`` {n, mean}.
    records
        Case by case, in the order of the samples.
    """

    figures: dict[str, Any]
    records: tuple[HeldOutRecord, ...]


def judge(
    network: Network,
    samples: Samples,
    temperature: float,
    device: torch.device,
    *,
    picture: Picture,
    grid_stage: GridStage | None = None,
    on_cases: Callable[[int], None] = lambda _: None,
) -> Judged:
    """Stage cases, and see where a student looks.

    Parameters
    ----------
    picture
        Which picture of each case the samples hold.
    grid_stage
        Where attention is read off; None: it is not looked at.
    on_cases
        Hears how many cases are done; may raise to end the work.
    """
    on_cases(0)
    logits_NK, target_N = predict_logits(network, samples, device), samples.target_N.numpy()
    probabilities_NK = softmax(logits_NK, temperature)
    figures = staging_figures(probabilities_NK, target_N)
    if len(samples):
        figures["negative_log_likelihood"] = negative_log_likelihood(logits_NK, target_N, temperature)
        figures["ece_uncalibrated"] = expected_calibration_error(softmax(logits_NK), target_N)
        figures["negative_log_likelihood_uncalibrated"] = negative_log_likelihood(logits_NK, target_N)
    shares: list[float | None] = [None] * len(samples)
    if grid_stage is not None:
        shares = attention_shares(network, samples, grid_stage, device, on_cases)
        known = [share for share in shares if share is not None]
        figures["attention_in_roi"] = {"n": len(known), "mean": float(np.mean(known)) if known else None}
    return Judged(
        figures,
        tuple(_record(e, picture, p, share) for e, p, share in zip(samples.entries, probabilities_NK.tolist(), shares, strict=True)),
    )


def _record(entry: ManifestEntry, picture: Picture, probabilities: list[float], share: float | None) -> HeldOutRecord:
    file = file_of(entry, picture)
    if file is None:
        raise ValueError(f"{entry.case_id} has no {picture}, and yet was judged by one")
    return HeldOutRecord(
        case_id=entry.case_id,
        patient=entry.patient,
        capture_id=entry.capture_id,
        picture_sha256=file.sha256,
        stage=entry.stage,
        probabilities=tuple(min(max(p, 0.0), 1.0) for p in probabilities),
        attention_in_roi=None if share is None else min(max(share, 0.0), 1.0),
    )


def attention_shares(
    network: Network, samples: Samples, grid_stage: GridStage, device: torch.device, on_cases: Callable[[int], None] = lambda _: None
) -> list[float | None]:
    """Share of the attention (for the predicted stage) that lies inside the expert's frame, 0 … 1; None for a case without one.

    Parameters
    ----------
    on_cases
        Hears how many cases are done; may raise to end the work.
    """
    network.eval()
    shares: list[float | None] = [None] * len(samples)
    framed = [n for n, entry in enumerate(samples.entries) if entry.roi is not None]
    grid = network.grid(grid_stage)
    for start in range(0, len(framed), _BATCH):
        on_cases(start)
        part = framed[start : start + _BATCH]
        images_NCHW = network_input(samples.images_NHW[part].to(device), network.channels)
        _, map_NHW = picture_attention(network, images_NCHW, None, grid_stage)
        for map_HW, n in zip(map_NHW.cpu().numpy(), part, strict=True):
            entry = samples.entries[n]
            assert entry.roi is not None
            shares[n] = attention_inside(map_HW, uv_from_cell(samples.uv_from_input[n], grid), entry.roi, entry.shape_vu)
    return shares
