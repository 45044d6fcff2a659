"""Starting weights from a file that the user has: safetensors only, because a pickle can run code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
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
    taken = {}
    for name, tensor in _wanted(backbone).items():
        candidate = _with_channels(found[name], tensor) if name in found else None
        if candidate is not None and candidate.shape == tensor.shape:
            taken[name] = candidate
    _require_enough(path, len(taken), len(_wanted(backbone)))
    backbone.load_state_dict(taken, strict=False)
    return len(taken)


def require_fitting(backbone: Any, path: Path) -> None:
    """Raise what `load_starting_weights` would raise, from the file's header alone; `backbone` may have shapes only (meta)."""
    try:
        with safe_open(path, framework="pt") as file:
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118  no mapping
    except (OSError, SafetensorError, ValueError) as error:
        raise BadInputError("training.weights_unreadable", file=path.name) from error
    wanted = _wanted(backbone)
    fitting = sum(name in shapes and _fits(shapes[name], tuple(tensor.shape)) for name, tensor in wanted.items())
    _require_enough(path, fitting, len(wanted))


def _wanted(backbone: Any) -> dict[str, Tensor]:
    classifier = {id(p) for p in backbone.get_classifier().parameters()}
    return {name: tensor for name, tensor in backbone.state_dict(keep_vars=True).items() if id(tensor) not in classifier}


def _fits(found: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """As `_with_channels` makes it."""
    grey = len(found) == len(wanted) == 4 and (found[1], wanted[1]) == (3, 1)
    return found == wanted or (grey and (found[0], *found[2:]) == (wanted[0], *wanted[2:]))


def _require_enough(path: Path, fitting: int, wanted: int) -> None:
    if fitting < _LEAST_SHARE_FITTING * wanted:
        raise BadInputError("training.weights_do_not_fit", file=path.name, fitting=fitting, wanted=wanted)


def _with_channels(weight: Tensor, like: Tensor) -> Tensor:
    """A first convolution's RGB kernels for grey input, summed; anything else as it is."""
    if weight.ndim == 4 and like.ndim == 4 and weight.shape[1] == 3 and like.shape[1] == 1:
        return weight.to(torch.float32).sum(dim=1, keepdim=True)
    return weight
