"""Checkpoints: one safetensors file, whole or not there, never a pickle."""

from __future__ import annotations

import itertools
import json
import logging
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn
from torch.optim import Optimizer

from sos_studio.core import atomic

_log = logging.getLogger(__name__)

_DTYPES = {
    **{torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"},
    **{torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"},
}
_HEADER_MULTIPLE = 8


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by name, and everything else as JSON (its numbers come back exactly)."""

    tensors: dict[str, Tensor]
    state: dict[str, Any]


def write(path: Path, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
    """Write a checkpoint atomically, tensor by tensor: made as a whole first, a large network's took seconds and twice its memory.

    Raises
    ------
    OSError
        Disk full, …; the checkpoint before it is untouched.
    """
    # The largest numbers first, as the format's own writer does: each tensor then begins at a multiple of its numbers' size.
    names = sorted(tensors, key=lambda name: (-tensors[name].element_size(), name))
    header: dict[str, Any] = {"__metadata__": {"state": json.dumps(state, allow_nan=False)}}
    end = 0
    for name in names:
        start, end = end, end + tensors[name].numel() * tensors[name].element_size()
        header[name] = {"dtype": _DTYPES[tensors[name].dtype], "shape": list(tensors[name].shape), "data_offsets": [start, end]}
    told = json.dumps(header).encode()
    told += b" " * (-len(told) % _HEADER_MULTIPLE)
    atomic.write_pieces(path, itertools.chain((struct.pack("<Q", len(told)), told), (_bytes_of(tensors[name]) for name in names)))


def _bytes_of(tensor: Tensor) -> memoryview:
    content: memoryview = tensor.detach().to("cpu").contiguous().reshape(-1).view(torch.uint8).numpy().data
    return content


class Spaced:
    """When the next checkpoint is due: writing takes at most one second of every `every_s`, however large the network and slow the disk.

    Parameters
    ----------
    every_s
        Seconds between two that are written at once; 0: after every step.
    """

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._due_at = time.monotonic() + every_s

    @property
    def due(self) -> bool:
        """Whether it is time for one."""
        return time.monotonic() >= self._due_at

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Around the writing of one."""
        began = time.monotonic()
        yield
        ended = time.monotonic()
        self._due_at = ended + pause_s(ended - began, self._every_s)


def pause_s(took_s: float, every_s: float) -> float:
    """Seconds until the next checkpoint, after one that took `took_s`: longer for one of more than a second."""
    return every_s * max(1.0, took_s)


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
