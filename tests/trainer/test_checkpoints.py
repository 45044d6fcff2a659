from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

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
