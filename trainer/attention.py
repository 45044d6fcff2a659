"""Grad-CAM as a training signal and as a picture, Eqs. (7)-(8) of the paper, and masks on its grid.

Sign: ∂L_cls/∂A points *against* the evidence for the stage, so the weights are taken from the evidence (the stage's
log-probability, = −L_cls of that sample) unless the letter of the equations is asked for. Shape suffixes: N samples, C channels,
K stages, H and W rows and columns of the feature grid.
"""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody reads
from torch import Tensor

from sos_studio.core.predictions import HeatMethod
from sos_studio.core.roi import Roi
from sos_studio.imaging.crops import bilinear, roi_mask

EPSILON = 1e-8
_HALF_SCALE = 1024.0
Sign = Literal["evidence", "paper-literal"]
GridStage = Literal["last", "third"]


class MappableNetwork(Protocol):
    """What a map is drawn of; `networks.Network` is one."""

    def activations_and_logits(
        self, images_NCHW: Tensor, grid_stage: GridStage = "last", *, body_graph: bool = True
    ) -> tuple[Tensor, Tensor]:
        """Activations (N, C, H, W) and the logits (N, K) computed from them, in one graph, with or without what made the activations."""
        ...


def evidence_score(logits_NK: Tensor, target_N: Tensor) -> Tensor:
    """Log-probability of each sample's stage (0-based index): the evidence whose gradient weighs the channels."""
    return F.log_softmax(logits_NK, dim=1).gather(1, target_N[:, None])[:, 0]


def grad_cam(features_NCHW: Tensor, score_N: Tensor, create_graph: bool, relu: bool = True, normalise: bool = True) -> Tensor:
    """``Â = Σ_c w_c A^c`` with ``w_c`` = spatial mean of ∂score/∂A^c, per sample.

    Parameters
    ----------
    features_NCHW
        Activations A that `score_N` was computed from (in the graph).
    score_N
        One evidence per sample, e.g. `evidence_score`; no sample's score may depend on another's features.
    create_graph
        True while training on the map. Only the operations between the features and the score are differentiated twice: with a
        pooled linear head that is the exact second-order gradient at the price of the head.
    relu
        Keep only what speaks for the stage.
    normalise
        Divide by the per-sample maximum + 1e-8. The maximum is *not* detached: detached, training on it is unstable.

    Returns
    -------
    attention_NHW, still in the graph of `features_NCHW`.
    """
    # Half precision ends at 6e-8, which a sure sample's gradient may be below.
    scale = _HALF_SCALE if features_NCHW.dtype == torch.float16 else 1.0
    (gradient_NCHW,) = torch.autograd.grad(score_N.sum() * scale, features_NCHW, create_graph=create_graph, retain_graph=True)
    if features_NCHW.dtype in (torch.bfloat16, torch.float16):
        gradient_NCHW, features_NCHW = gradient_NCHW.float() / scale, features_NCHW.float()
    weight_NC = gradient_NCHW.mean(dim=(2, 3))
    map_NHW = torch.einsum("nc,nchw->nhw", weight_NC, features_NCHW)
    if relu:
        map_NHW = map_NHW.relu()
    if normalise:
        map_NHW = map_NHW / (map_NHW.amax(dim=(1, 2), keepdim=True) + EPSILON)
    return map_NHW


def training_attention(
    features_NCHW: Tensor, logits_NK: Tensor, target_N: Tensor, sign: Sign = "evidence", *, relu: bool = True, normalise: bool = True
) -> Tensor:
    """The map that the attention loss compares with the mask.

    Parameters
    ----------
    sign
        ``evidence``: channels weighted by −∂L_cls/∂A, per sample; ``paper-literal``: by ∂L_cls/∂A, as Eq. (8) is written.
    relu, normalise
        As in `grad_cam`. Eqs. (7)-(8) by their letter have neither.
    """
    score_N = evidence_score(logits_NK, target_N)
    return grad_cam(features_NCHW, score_N if sign == "evidence" else -score_N, create_graph=True, relu=relu, normalise=normalise)


def picture_attention(
    network: MappableNetwork,
    images_NCHW: Tensor,
    stage_N: Tensor | None = None,
    grid_stage: GridStage = "last",
    method: HeatMethod = "grad-cam",
) -> tuple[Tensor, Tensor]:
    """Logits and normalised evidence maps for a person to look at; detached.

    Parameters
    ----------
    stage_N
        0-based stages whose evidence is shown; None: the predicted ones.
    method
        See `evidence_map`.

    Returns
    -------
    logits_NK, attention_NHW (0 … 1).
    """
    with torch.enable_grad():
        features_NCHW, logits_NK = network.activations_and_logits(images_NCHW.detach(), grid_stage, body_graph=False)
        target_N = logits_NK.argmax(dim=1) if stage_N is None else stage_N
        score_N = evidence_score(logits_NK.float(), target_N)
        (gradient_NCHW,) = torch.autograd.grad(score_N.sum(), features_NCHW)
    return logits_NK.detach().float(), evidence_map(features_NCHW.detach().float(), gradient_NCHW.detach().float(), method)


def evidence_map(features_NCHW: Tensor, gradient_NCHW: Tensor, method: HeatMethod = "grad-cam") -> Tensor:
    """What speaks for a stage, cell by cell: ReLU, divided by each sample's maximum.

    Parameters
    ----------
    gradient_NCHW
        ∂score/∂A of a log-probability.
    method
        ``grad-cam``: channels weighted by their mean gradient (Selvaraju et al. 2017). ``grad-cam++``: by the positive gradients, each cell
        weighted by its share α of the channel's evidence (Chattopadhay et al. 2018, Eqs. 10 and 19; exp of the score is the stage's
        probability), so that several small places count as one large one. ``hires-cam``: gradient times activation in each cell
        (Draelos and Carin 2021), equal to Grad-CAM where a head averages and is linear.

    Returns
    -------
    attention_NHW, 0 … 1; all zero without evidence.
    """
    if method == "hires-cam":
        map_NHW = (gradient_NCHW * features_NCHW).sum(dim=1)
    else:
        weight_NC = gradient_NCHW.mean(dim=(2, 3))
        if method == "grad-cam++":
            # α = g² / (2g² + g³ ΣA), reduced by g². It is made for activations above zero; a sum below counts as none, or α had a pole.
            held_NC11 = features_NCHW.sum(dim=(2, 3), keepdim=True).relu()
            gain_NCHW = gradient_NCHW.relu()
            weight_NC = (gain_NCHW / (2 + held_NC11 * gain_NCHW)).sum(dim=(2, 3))
        map_NHW = torch.einsum("nc,nchw->nhw", weight_NC, features_NCHW)
    map_NHW = map_NHW.relu()
    peak_N11 = map_NHW.amax(dim=(1, 2), keepdim=True)
    # A sure network's gradients are tiny; its picture must not fade for that, as `EPSILON` would let it.
    return map_NHW / torch.where(peak_N11 > 0, peak_N11, torch.ones_like(peak_N11))


def attention_inside(map_HW: npt.NDArray[np.floating], uv_from_cell: npt.NDArray[np.float64], roi: Roi, shape_vu: tuple[int, int]) -> float:
    """Share of a coarse map's attention that lies inside a frame once it is spread over the full image, 0 … 1; 0 without attention.

    Bilinear between cell centres and constant beyond the outermost ones, as the heatmap that a person sees.
    """
    cell_from_uv = np.linalg.inv(uv_from_cell)
    v, u = np.mgrid[0 : shape_vu[0], 0 : shape_vu[1]].astype(np.float64)
    spread_vu = bilinear(
        np.clip(map_HW, 0.0, None), cell_from_uv[0, 0] * u + cell_from_uv[0, 2], cell_from_uv[1, 1] * v + cell_from_uv[1, 2]
    )
    total = float(spread_vu.sum())
    return min(1.0, float((spread_vu * roi_mask(roi, shape_vu)).sum()) / total) if total > 0 else 0.0


def mask_to_grid(mask_NHW: Tensor, grid_hw: tuple[int, int], cell_stride_px: int, first_cell_px: float) -> Tensor:
    """Area-average masks at input resolution onto the feature grid.

    Parameters
    ----------
    mask_NHW
        Coverage 0 … 1 of each input pixel.
    cell_stride_px, first_cell_px
        Input pixels from one cell's centre to the next, and where the first cell's centre is (see `networks.Network`).

    Returns
    -------
    Mean of the mask over the square of side `cell_stride_px` about each cell's centre; outside the input there is no mask.
    """
    height, width = grid_hw
    # Area covered by the first cell begins at this pixel edge; whole pixels, because a stride is at least 4 of them.
    start = round(first_cell_px - (cell_stride_px - 1) / 2)
    rows, columns = mask_NHW.shape[1:]
    pads = (-start, width * cell_stride_px + start - columns, -start, height * cell_stride_px + start - rows)
    return F.avg_pool2d(F.pad(mask_NHW[:, None], pads), cell_stride_px)[:, 0]


def pooled_linear_weights(logits_NK: Tensor, target_N: Tensor, weight_KC: Tensor, cells: int) -> Tensor:
    """Grad-CAM weights in closed form for a GAP → linear head: the oracle that tests hold `grad_cam` to.

    ∂ log p_y / ∂A^c is the same in every cell: ``Σ_k (1[k = y] − p_k) W_kc / cells``.
    """
    one_hot_NK = F.one_hot(target_N, logits_NK.shape[1]).to(logits_NK.dtype)
    return (one_hot_NK - logits_NK.softmax(dim=1)) @ weight_KC / cells
