"""Checkpoints: one safetensors file, whole or not there, never a pickle."""

from __future__ import annotations

import json
import logging
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.optim import Optimizer

from sos_studio.core import atomic

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by name, and everything else as JSON (its numbers come back exactly)."""

    tensors: dict[str, Tensor]
    state: dict[str, Any]


def write(path: Path, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
    """Write a checkpoint atomically.

    Raises
    ------
    OSError
        Disk full, …; the checkpoint before it is untouched.
    """
    plain = {name: tensor.detach().to("cpu").contiguous().clone() for name, tensor in tensors.items()}
    atomic.write_bytes(path, save(plain, metadata={"state": json.dumps(state, allow_nan=False)}))


def read(path: Path) -> Checkpoint | None:
    """The checkpoint, or None if there is none that can be read: training then starts over, which ends in the same weights."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        (header_bytes,) = struct.unpack("<Q", content[:8])
        state = json.loads(json.loads(content[8 : 8 + header_bytes])["__metadata__"]["state"])
        return Checkpoint(load(content), state)
    except (SafetensorError, struct.error, ValueError, KeyError):
        _log.warning("a checkpoint can't be read; its training starts over")
        return None


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors under ``prefix.name``."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with ``prefix.``, without it."""
    return {name.removeprefix(f"{prefix}."): tensor for name, tensor in tensors.items() if name.startswith(f"{prefix}.")}


def optimiser_tensors(optimiser: Optimizer) -> dict[str, Tensor]:
    """AdamW's moments and step counts by parameter number."""
    state = optimiser.state_dict()["state"]
    return {f"{number}.{key}": value for number, values in state.items() for key, value in values.items()}


def restore_optimiser(optimiser: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `optimiser_tensors` took out; rates are not restored because the schedule sets them every step."""
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        number, _, key = name.partition(".")
        value = tensor
        if key != "step":
            # Laid out in memory as the parameter is: another layout takes another loop, which rounds differently.
            value = torch.empty_like(parameters[int(number)], dtype=tensor.dtype).copy_(tensor)
        state.setdefault(int(number), {})[key] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def state_of(network: nn.Module) -> dict[str, Tensor]:
    """A copy of weights and buffers."""
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
