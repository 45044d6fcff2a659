from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainer import checkpoints


def test_a_checkpoint_comes_back_bit_for_bit(tmp_path: Path) -> None:
    tensors = {"a.x": torch.randn(3, 4), "a.n": torch.tensor(7), "b.y": torch.randn(2).to(torch.bfloat16)}
    state = {"step": 3, "sums": {"total": 0.1 + 0.2}, "best": None}
    checkpoints.write(tmp_path / "c", tensors, state)
    found = checkpoints.read(tmp_path / "c")
    assert found is not None
    assert found.state == state
    assert all(torch.equal(found.tensors[k], tensors[k]) for k in tensors)
    assert set(checkpoints.under("a", found.tensors)) == {"x", "n"}
    assert checkpoints.read(tmp_path / "none") is None


def test_a_full_disk_leaves_the_checkpoint_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints.write(tmp_path / "c", {"a": torch.zeros(1)}, {"step": 1})

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        checkpoints.write(tmp_path / "c", {"a": torch.ones(1)}, {"step": 2})
    monkeypatch.undo()
    found = checkpoints.read(tmp_path / "c")
    assert found is not None
    assert found.state == {"step": 1}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c"]


SHAPES = st.lists(st.integers(0, 3), max_size=3)
TENSORS = st.builds(
    lambda shape, dtype: (torch.randn(shape) * 100).to(dtype), SHAPES, st.sampled_from(sorted(checkpoints._DTYPES, key=str))
)


@given(tensors=st.dictionaries(st.text(max_size=4).filter(lambda name: name != "__metadata__"), TENSORS, max_size=5), step=st.integers())
def test_the_formats_own_reader_reads_what_is_written(
    tensors: dict[str, torch.Tensor], step: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("c") / "c"
    checkpoints.write(path, tensors, {"step": step})
    theirs = safetensors.torch.load(path.read_bytes())
    assert theirs.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert theirs[name].dtype == tensor.dtype
        assert torch.equal(theirs[name], tensor)
    found = checkpoints.read(path)
    assert found is not None
    assert found.state == {"step": step}


def test_a_transposed_and_a_channels_last_tensor_come_back_as_they_are_read(tmp_path: Path) -> None:
    tensors = {"t": torch.randn(3, 4).T, "c": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last), "v": torch.randn(9)[2:5]}
    checkpoints.write(tmp_path / "c", tensors, {})
    found = checkpoints.read(tmp_path / "c")
    assert found is not None
    assert all(torch.equal(found.tensors[name], tensor) for name, tensor in tensors.items())


def test_writing_takes_a_twentieth_of_the_time_at_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    spaced = checkpoints.Spaced(20.0)
    assert not spaced.due
    now += 20
    assert spaced.due
    with spaced.writing():
        now += 0.3
    now += 19.9
    assert not spaced.due
    now += 0.2
    assert spaced.due
    with spaced.writing():
        now += 6.0  # a large network on a slow disk
    now += 119.9
    assert not spaced.due
    now += 0.2
    assert spaced.due


def test_a_checkpoint_after_every_step_can_be_asked_for() -> None:
    spaced = checkpoints.Spaced(0.0)
    assert spaced.due
    with spaced.writing():
        pass
    assert spaced.due
