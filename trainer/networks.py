"""Classifiers by their timm names, and the ``+attn`` variant.

A name is a timm model of a family of `sos_studio.core.networks` (ConvNeXt, ResNet, EfficientNet, ViT, Swin), such as
``convnext_tiny``; ``+attn`` appended to a ConvNeXt adds a convolutional attention after the last stage. The paper's "ConvNeXt+Attn"
has no public code: this is our reading of it. Shape suffixes: N samples, C channels, K stages, H and W rows and columns.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor, nn

from sos_studio.core.errors import BadInputError
from sos_studio.core.networks import ATTENTION_SUFFIX, Family, base_of, family_of
from sos_studio.core.predictions import ModelCard
from trainer.attention import GridStage
from trainer.weights import load_starting_weights

_GROUP_WIDTH = 32
# Where the head begins among a timm model's children.
_HEADS = ("global_pool", "head")


@dataclass(frozen=True)
class CellGrid:
    """Where the cells of a feature grid lie on the input: cell n is centred on pixel ``first_px + n · stride_px``."""

    stride_px: int
    first_px: float


class ConvolutionalAttention(nn.Module):
    """``A + γ · A ⊙ σ(conv1×1(GELU(BN(grouped k×k conv(A)))))`` with γ = 0 at the start, so that training begins at the plain network."""

    def __init__(self, channels: int, kernel_px: int = 3) -> None:
        super().__init__()
        groups = channels // _GROUP_WIDTH if channels % _GROUP_WIDTH == 0 else 1
        self.local = nn.Conv2d(channels, channels, kernel_px, padding=kernel_px // 2, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.gelu = nn.GELU()
        self.mix = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, features_NCHW: Tensor) -> Tensor:
        """Return features of the same shape."""
        gate_NCHW = torch.sigmoid(self.mix(self.gelu(self.norm(self.local(features_NCHW)))))
        return features_NCHW + self.gamma * features_NCHW * gate_NCHW


class Network(nn.Module):
    """A backbone whose last activations and whose head can be reached separately, as Grad-CAM needs.

    Parameters
    ----------
    name
        As in the module's docstring.
    stages
        Number of stages K.
    channels
        Of the input: 1, or 3 (a grey image repeated).
    """

    def __init__(self, name: str, *, stages: int = 5, channels: int = 1) -> None:
        super().__init__()
        base, family = _family(name)
        self.name, self.stages, self.channels = name, stages, channels
        # timm's models share no base class that names forward_features, forward_head and feature_info.
        more = {"dynamic_img_size": True} if family.tokens else {"strict_img_size": False} if family.windowed else {}
        self.backbone: Any = timm.create_model(base, pretrained=False, num_classes=stages, in_chans=channels, **more)
        third, last = [i for i in self.backbone.feature_info if i["reduction"] >= 16][-2:]
        self.attend: nn.Module = nn.Identity()
        if name.endswith(ATTENTION_SUFFIX):
            self.attend = ConvolutionalAttention(last["num_chs"])
        self._third_name = str(third["module"])
        self._strides: dict[GridStage, int] = {"third": third["reduction"], "last": last["reduction"]}
        # "Averaging" ResNets halve their shortcuts by 2 × 2 means, centred between pixels, and shortcuts carry most of the signal.
        self._averaging = not family.patchify and any(isinstance(m, nn.AvgPool2d) for m in self.backbone.modules())
        self._patchify = family.patchify
        # A third to a half faster on CPUs, and never slower.
        self.to(memory_format=torch.channels_last)

    def features(self, images_NCHW: Tensor) -> Tensor:
        """Activations A of the last stage (N, C, H, W)."""
        features: Tensor = self.attend(self.backbone.forward_features(images_NCHW))
        return features

    def head(self, features_NCHW: Tensor) -> Tensor:
        """Logits (N, K): global average pooling, normalisation if the family has one, linear."""
        logits: Tensor = self.backbone.forward_head(features_NCHW)
        return logits

    def forward(self, images_NCHW: Tensor) -> Tensor:
        """Logits (N, K)."""
        return self.head(self.features(images_NCHW))

    def activations_and_logits(
        self, images_NCHW: Tensor, grid_stage: GridStage = "last", *, body_graph: bool = True
    ) -> tuple[Tensor, Tensor]:
        """Activations to draw a map of, and the logits that were computed from them, in one graph.

        ``third`` gives the stage of twice the resolution; Grad-CAM then also crosses the last stage.

        Parameters
        ----------
        body_graph
            False: the graph begins at the activations, which is all that a picture needs. Nothing of what made them is kept, which is a
            tenth quicker and saves hundreds of MB with large inputs.
        """
        with _graph(body_graph):
            if grid_stage == "last":
                features_NCHW = _on(self.features(images_NCHW), body_graph)
                return features_NCHW, self.head(features_NCHW)
            seen: list[Tensor] = []

            def through_the_grid(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
                seen.append(_on(output, body_graph))
                return seen[0]

            hook = self.backbone.get_submodule(self._third_name).register_forward_hook(through_the_grid)
            try:
                logits_NK = self(images_NCHW)
            finally:
                hook.remove()
            return seen[0], logits_NK

    @contextmanager
    def described(self) -> Iterator[list[Tensor]]:
        """While it lasts, every forward pass puts what it saw into the list: per stage the mean of each channel (N, C), without a graph."""
        seen: list[Tensor] = []

        def note(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
            seen.append(output.detach().float().mean(dim=self._places(output)))

        names = dict.fromkeys(str(stage["module"]) for stage in self.backbone.feature_info)
        hooks = [self.backbone.get_submodule(name).register_forward_hook(note) for name in names]
        try:
            yield seen
        finally:
            for hook in hooks:
                hook.remove()

    def _places(self, output: Tensor) -> tuple[int, ...]:
        """Which axes of a stage's output run over places: tokens come as (N, L, C), grids as (N, C, H, W)."""
        return (1,) if output.ndim == 3 else (2, 3)

    def evidence_logits(self, features_NCHW: Tensor, logits_NK: Tensor, grid_stage: GridStage = "last") -> Tensor:
        """Logits for the evidence that a map is drawn of: each sample's depend on that sample's activations alone.

        Batch statistics between activations and logits tie the samples of a training batch together: their gradients would add up to
        nothing over the batch, and a case that is staged surely would show where the others' evidence lies. So what follows the
        activations is computed once more, with the running statistics that a person's map is drawn with.

        Parameters
        ----------
        features_NCHW, logits_NK
            From `activations_and_logits`.

        Returns
        -------
        `logits_NK` itself where there are no such statistics.
        """
        tail = self._after(grid_stage)
        norms = [m for part in tail for m in part.modules() if isinstance(m, nn.BatchNorm2d) and m.training]
        if not norms:
            return logits_NK
        try:
            for norm in norms:
                norm.eval()
            for part in tail:
                features_NCHW = part(features_NCHW)
            return self.head(features_NCHW)
        finally:
            for norm in norms:
                norm.train()

    def _after(self, grid_stage: GridStage) -> tuple[nn.Module, ...]:
        """What lies between the activations of that stage and the head, in order."""
        if grid_stage == "last":
            return ()
        # timm runs the parts of these families in the order in which they are registered.
        container, _, index = self._third_name.partition(".")
        parts = itertools.dropwhile(lambda part: part[0] != container, self.backbone.named_children())
        _, stage = next(parts)
        later = itertools.takewhile(lambda part: part[0] not in _HEADS, parts)
        within = list(stage.children())[int(index) + 1 :] if index else []
        return (*within, *(module for _, module in later), self.attend)

    def grid(self, grid_stage: GridStage = "last") -> CellGrid:
        """Where the cells of that stage lie on the input."""
        stride = self._strides[grid_stage]
        if self._patchify:
            return CellGrid(stride, (stride - 1) / 2)
        # The first stage, at stride 4, is not reached through a halving shortcut: ½ · (4 + 8 + … + stride / 2) = stride / 2 − 2.
        return CellGrid(stride, stride / 2 - 2 if self._averaging else 0.0)

    def head_parameters(self) -> list[nn.Parameter]:
        """The final linear layer, which learns at its own rate."""
        classifier = self.backbone.get_classifier()
        return list(classifier.parameters())

    def require_input(self, input_shape_hw: tuple[int, int]) -> None:
        """Raise ``training.input_not_multiple`` unless cells of the last stage fill the input: border cells would see less."""
        multiple = self._strides["last"]
        if any(side % multiple for side in input_shape_hw):
            height, width = input_shape_hw
            raise BadInputError("training.input_not_multiple", network=self.name, multiple=multiple, height=height, width=width)


class TokenNetwork(Network):
    """A vision transformer of plain patches; its places are scaled to the input's size.

    Its activations are the patch tokens that enter the last block, as a grid. Behind that block only the class token is read, so that
    the tokens that leave it have no gradient: the map is drawn where patches last speak (token-gradient Grad-CAM). A ViT has one
    resolution, so ``third`` and ``last`` are the same.
    """

    def __init__(self, name: str, *, stages: int = 5, channels: int = 1) -> None:
        super().__init__(name, stages=stages, channels=channels)
        # Fused attention can't be differentiated twice, as training on the map does.
        self.backbone.blocks[-1].attn.fused_attn = False

    def features(self, images_NCHW: Tensor) -> Tensor:
        """Patch tokens that enter the last block (N, C, H, W)."""
        return self.activations_and_logits(images_NCHW)[0]

    def head(self, features_NCHW: Tensor) -> Tensor:
        """Not from the grid alone: the class token is not on it; ask `activations_and_logits`."""
        raise NotImplementedError

    def forward(self, images_NCHW: Tensor) -> Tensor:
        """Logits (N, K)."""
        logits: Tensor = self.backbone(images_NCHW)
        return logits

    def activations_and_logits(
        self,
        images_NCHW: Tensor,
        grid_stage: GridStage = "last",  # noqa: ARG002
        *,
        body_graph: bool = True,
    ) -> tuple[Tensor, Tensor]:
        """The tokens' grid and the logits computed from it."""
        stride = self._strides["last"]
        shape_hw = (images_NCHW.shape[2] // stride, images_NCHW.shape[3] // stride)
        seen: list[Tensor] = []

        def through_the_grid(_module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            tokens_NLC = inputs[0]
            first = tokens_NLC.shape[1] - shape_hw[0] * shape_hw[1]
            others_NLC, patches_NLC = tokens_NLC[:, :first], tokens_NLC[:, first:]
            seen.append(_on(patches_NLC.transpose(1, 2).reshape(len(patches_NLC), -1, *shape_hw), body_graph))
            return (torch.cat([others_NLC, seen[0].flatten(2).transpose(1, 2)], dim=1), *inputs[1:])

        hook = self.backbone.blocks[-1].register_forward_pre_hook(through_the_grid)
        try:
            with _graph(body_graph):
                logits_NK = self(images_NCHW)
        finally:
            hook.remove()
        return seen[0], logits_NK

    def evidence_logits(self, features_NCHW: Tensor, logits_NK: Tensor, grid_stage: GridStage = "last") -> Tensor:  # noqa: ARG002
        """`logits_NK`: no statistics tie the samples of a batch together."""
        return logits_NK


class WindowNetwork(Network):
    """A Swin transformer: its stages speak grids (N, H, W, C), and its windows of attention fit any input.

    Where the grid of a stage is no larger than a window there is nothing to shift, as in the published networks at their own size;
    a grid that windows don't fill is padded.
    """

    def __init__(self, name: str, *, stages: int = 5, channels: int = 1) -> None:
        super().__init__(name, stages=stages, channels=channels)
        for block in self.backbone.layers[-1].blocks:
            # As in `TokenNetwork`: between the third stage's grid and the logits.
            block.attn.fused_attn = False

    def features(self, images_NCHW: Tensor) -> Tensor:
        """Activations of the last stage, normalised cell by cell (N, C, H, W)."""
        self._shift_windows(images_NCHW)
        features: Tensor = self.backbone.forward_features(images_NCHW).permute(0, 3, 1, 2)
        return features

    def head(self, features_NCHW: Tensor) -> Tensor:
        """Logits (N, K): global average pooling, linear."""
        logits: Tensor = self.backbone.forward_head(features_NCHW.permute(0, 2, 3, 1))
        return logits

    def activations_and_logits(
        self, images_NCHW: Tensor, grid_stage: GridStage = "last", *, body_graph: bool = True
    ) -> tuple[Tensor, Tensor]:
        """As `Network`'s."""
        if grid_stage == "last":
            return super().activations_and_logits(images_NCHW, grid_stage, body_graph=body_graph)
        seen: list[Tensor] = []

        def through_the_grid(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
            seen.append(_on(output.permute(0, 3, 1, 2), body_graph))
            return seen[0].permute(0, 2, 3, 1)

        hook = self.backbone.get_submodule(self._third_name).register_forward_hook(through_the_grid)
        try:
            with _graph(body_graph):
                logits_NK = self(images_NCHW)
        finally:
            hook.remove()
        return seen[0], logits_NK

    def evidence_logits(self, features_NCHW: Tensor, logits_NK: Tensor, grid_stage: GridStage = "last") -> Tensor:  # noqa: ARG002
        """`logits_NK`: no statistics tie the samples of a batch together."""
        return logits_NK

    def _places(self, output: Tensor) -> tuple[int, ...]:  # noqa: ARG002
        return (1, 2)

    def _shift_windows(self, images_NCHW: Tensor) -> None:
        strides = (stage["reduction"] for stage in self.backbone.feature_info)
        for layer, stride in zip(self.backbone.layers, strides, strict=True):
            grid_hw = [-(-side // stride) for side in images_NCHW.shape[2:]]
            for block in layer.blocks:
                sides = zip(grid_hw, block.window_size, block.target_shift_size, strict=True)
                block.shift_size = tuple(0 if cells <= window else shift for cells, window, shift in sides)


def _graph(of_body: bool) -> AbstractContextManager[Any]:
    """Where the part of a network before its activations runs; `_on` begins the graph again."""
    return nullcontext() if of_body else torch.no_grad()


def _on(features_NCHW: Tensor, body_graph: bool) -> Tensor:
    """The activations as they go on into the rest of the network: without a graph of the body they are the first in one."""
    if body_graph:
        return features_NCHW
    # Until the end of `_graph`, which knows what was before.
    torch.set_grad_enabled(True)
    return features_NCHW.detach().requires_grad_()


def network_of(name: str, *, stages: int, channels: int) -> Network:
    """The network of that name, drawn from torch's global generator; ``training.unknown_network``."""
    family = _family(name)[1]
    kind = TokenNetwork if family.tokens else WindowNetwork if family.windowed else Network
    return kind(name, stages=stages, channels=channels)


def _family(name: str) -> tuple[str, Family]:
    """The timm name and the family; ``training.unknown_network`` if there is none."""
    base, family = base_of(name), family_of(name)
    if family is None or not timm.is_model(base):
        raise BadInputError("training.unknown_network", network=name)
    return base, family


def build(name: str, *, stages: int = 5, channels: int = 1, weights: Path | None = None) -> Network:
    """Make a network, from scratch (drawn from torch's global generator) or from a file of starting weights. Never downloads.

    Raises
    ------
    BadInputError
        ``training.unknown_network``; ``training.weights_unreadable`` or ``training.weights_do_not_fit``.
    """
    network = network_of(name, stages=stages, channels=channels)
    if weights is not None:
        load_starting_weights(network.backbone, weights)
    return network


def restore(card: ModelCard, state: Mapping[str, Tensor]) -> Network:
    """The trained classifier that a card and its weights describe.

    Raises
    ------
    BadInputError
        ``model.unreadable`` if the weights are not that network's.
    """
    network = network_of(card.network, stages=card.stages, channels=int((card.model_extra or {}).get("channels", 1)))
    try:
        network.load_state_dict(dict(state))
    except RuntimeError as error:
        raise BadInputError("model.unreadable", model=card.model_id) from error
    return network.eval()
