"""Starting weights from a file that the user has: safetensors only, because a pickle can run code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from sos_studio.core.errors import BadInputError

# A file that misses more of the backbone than this is another network's.
_LEAST_SHARE_FITTING = 0.95


def load_starting_weights(backbone: Any, path: Path) -> int:
    """Copy the weights of a timm safetensors file into a timm model; its classifier keeps its random start.

    The first convolution is adapted to the input's channels: for grey input the kernels are summed over red, green and blue, which
    gives the same answer as the grey image repeated three times.

    Returns
    -------
    Number of tensors taken.

    Raises
    ------
    BadInputError
        ``training.weights_unreadable`` if it is no safetensors file; ``training.weights_do_not_fit`` if it is of another network.
    """
    try:
        found = load_file(path)
    except (OSError, SafetensorError, ValueError) as error:
        raise BadInputError("training.weights_unreadable", file=path.name) from error
    classifier = {id(p) for p in backbone.get_classifier().parameters()}
    wanted = {name: tensor for name, tensor in backbone.state_dict(keep_vars=True).items() if id(tensor) not in classifier}
    fitting = {}
    for name, tensor in wanted.items():
        candidate = _with_channels(found[name], tensor) if name in found else None
        if candidate is not None and candidate.shape == tensor.shape:
            fitting[name] = candidate
    if len(fitting) < _LEAST_SHARE_FITTING * len(wanted):
        raise BadInputError("training.weights_do_not_fit", file=path.name, fitting=len(fitting), wanted=len(wanted))
    backbone.load_state_dict(fitting, strict=False)
    return len(fitting)


def _with_channels(weight: Tensor, like: Tensor) -> Tensor:
    """A first convolution's RGB kernels for grey input, summed; anything else as it is."""
    if weight.ndim == 4 and like.ndim == 4 and weight.shape[1] == 3 and like.shape[1] == 1:
        return weight.to(torch.float32).sum(dim=1, keepdim=True)
    return weight
