"""A predictor that runs out of memory says so and answers the next question."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from trainer.jobs.serve import Server


@pytest.mark.expects_log
@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory"),
        OSError(12, "Cannot allocate memory"),
    ],
)
def test_a_shortage_of_memory_is_told_as_one_and_the_next_question_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    server = Server(tmp_path)

    def short(_: object) -> dict[str, object]:
        raise error

    monkeypatch.setattr(server, "_predict", short)
    answer, go_on = server.answer(json.dumps({"id": 3, "op": "predict"}).encode())
    assert (answer["id"], answer["ok"], answer["code"], go_on) == (3, False, "prediction.out_of_memory", True)
    monkeypatch.undo()
    answer, _ = server.answer(json.dumps({"id": 4, "op": "predict", "model": str(tmp_path / "none"), "image": "x", "out": "y"}).encode())
    assert answer["code"] == "model.missing"
