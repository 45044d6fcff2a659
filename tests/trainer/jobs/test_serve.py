"""How many cores an answer takes, and that their number changes no answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from sos_studio.core.predictions import HEAT_METHODS, ModelCard
from trainer import environment, model_store
from trainer.jobs.serve import Server
from trainer.networks import build

PICTURE = np.random.default_rng(0).integers(0, 255, (130, 170), dtype=np.uint8)


@pytest.fixture(autouse=True)
def _threads_as_they_were() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def ask(server: Server, **request: object) -> dict[str, object]:
    answer, _ = server.answer(json.dumps({"id": 1, **request}).encode())
    return answer


@pytest.mark.parametrize(("cores", "urgent", "usual"), [(4, 4, 3), (2, 2, 1), (1, 1, 1)])
def test_only_what_somebody_waits_for_takes_the_core_of_the_interface(
    monkeypatch: pytest.MonkeyPatch, cores: int, urgent: int, usual: int
) -> None:
    monkeypatch.setattr(environment, "cores", lambda: cores)
    server = Server()
    monkeypatch.setattr(server, "_detect", lambda _: {"threads": torch.get_num_threads()})
    assert ask(server, op="detect", urgent=True)["threads"] == urgent
    assert ask(server, op="detect")["threads"] == usual
    assert ask(server, op="detect", urgent="yes")["threads"] == usual


@pytest.mark.parametrize("method", HEAT_METHODS)
@pytest.mark.parametrize("name", ["convnext_atto", "resnet18"])
def test_the_number_of_threads_moves_an_answer_by_no_more_than_rounding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, method: str
) -> None:
    torch.manual_seed(0)
    facts = {"created_utc": "2026-11-20T10:00:00+00:00", "software": "test", "phantom": True, "from_scratch": True, "manifest_id": "m"}
    card = ModelCard(model_id="student-1", kind="student", network=name, input_shape_hw=(96, 128), **facts)  # type: ignore[arg-type]
    model = model_store.save(tmp_path, card, build(name).state_dict()).directory
    np.save(tmp_path / "full.npy", PICTURE)
    probabilities, maps = [], []
    for threads in (1, 2, 3):
        monkeypatch.setattr(environment, "cores", lambda threads=threads: threads)
        common = {"model": str(model), "image": str(tmp_path / "full.npy"), "out": str(tmp_path / f"out-{threads}")}
        answer = ask(Server(), op="predict", urgent=True, method=method, **common)
        assert answer["ok"] is True, answer
        probabilities.append(answer["probabilities"])
        maps.append(np.load(tmp_path / f"out-{threads}" / "attention.npy"))
    assert np.ptp(probabilities, axis=0).max() < 1e-5
    assert np.ptp(maps, axis=0).max() < 1e-3
