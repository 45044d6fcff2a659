from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from sos_studio.core.errors import BadInputError
from sos_studio.core.predictions import ModelCard
from sos_studio.services import model_list
from trainer import model_store


def card(**more: Any) -> ModelCard:
    facts: dict[str, Any] = {
        "model_id": "student-1",
        "kind": "student",
        "network": "test_convnext",
        "input_shape_hw": (64, 64),
        "manifest_id": "m",
        "phantom": True,
        "from_scratch": True,
        "created_utc": "2025-01-01T00:00:00+00:00",
        "software": "test",
    }
    return ModelCard.model_validate(facts | more)


def test_a_model_comes_back_with_its_weights_and_card(tmp_path: Path) -> None:
    state = {"a": torch.randn(3, 4), "count": torch.tensor(7)}
    stored = model_store.save(tmp_path, card(held_out={"n": 3}), state)
    again = model_store.find(tmp_path, "student-1")
    assert again.card == stored.card
    assert again.held_out == {"n": 3}
    loaded = model_store.load_state(again)
    assert torch.equal(loaded["a"], state["a"])
    assert torch.equal(loaded["count"], state["count"])


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(model_store.atomic, "write_json", full)
    with pytest.raises(OSError, match="No space"):
        model_store.save(tmp_path, card(), {"a": torch.zeros(1)})
    assert list((tmp_path / "models").iterdir()) == []


def test_weights_of_another_model_are_noticed(tmp_path: Path) -> None:
    stored = model_store.save(tmp_path, card(), {"a": torch.zeros(1)})
    other = model_store.save(tmp_path, card(model_id="student-2"), {"a": torch.ones(1)})
    (stored.directory / model_store.WEIGHTS_FILE).write_bytes((other.directory / model_store.WEIGHTS_FILE).read_bytes())
    with pytest.raises(BadInputError, match=r"model\.changed"):
        model_store.load_state(stored)


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    stored = model_store.save(tmp_path, card(), {"a": torch.zeros(1)})
    (stored.directory / model_store.WEIGHTS_FILE).write_bytes(b"\x80\x04K\x01.")
    (stored.directory / model_store.CARD_FILE).write_text(card().model_dump_json())
    with pytest.raises(BadInputError, match=r"model\.unreadable"):
        model_store.load_state(model_store.read(stored.directory))


@pytest.mark.parametrize("model_id", ["nowhere", "../models", "..", ""])
def test_a_model_that_is_not_there_is_named(tmp_path: Path, model_id: str) -> None:
    with pytest.raises(BadInputError, match=r"model\.missing"):
        model_store.find(tmp_path, model_id)


def test_a_damaged_card_is_refused(tmp_path: Path) -> None:
    stored = model_store.save(tmp_path, card(), {"a": torch.zeros(1)})
    (stored.directory / model_store.CARD_FILE).write_text("{")
    with pytest.raises(BadInputError, match=r"model\.unreadable"):
        model_store.read(stored.directory)


def test_a_network_of_a_newer_version_is_refused_in_words_of_its_own(tmp_path: Path) -> None:
    stored = model_store.save(tmp_path, card(), {"a": torch.zeros(1)})
    newer = card().model_dump() | {"schema_version": 2, "unheard_of": [1]}
    (stored.directory / model_store.CARD_FILE).write_text(json.dumps(newer))
    with pytest.raises(BadInputError, match=r"model\.newer"):
        model_store.read(stored.directory)


def test_what_is_stored_beside_the_weights_is_no_weight(tmp_path: Path) -> None:
    beside = torch.arange(3.0)
    stored = model_store.save(tmp_path, card(), {"a": torch.zeros(1), model_store.FAMILIARITY + "mean_D": beside})
    assert set(model_store.load_state(stored)) == {"a"}
    assert torch.equal(model_store.load_tensors(stored)[1]["mean_D"], beside)


def test_the_model_stored_last_is_the_newest_whatever_the_clock_said(tmp_path: Path) -> None:
    for day, model_id in ((9, "teacher-a"), (5, "teacher-b"), (1, "teacher-c")):  # the clock was set back twice
        facts = {"model_id": model_id, "kind": "teacher", "created_utc": f"2026-01-0{day}T00:00:00+00:00"}
        model_store.save(tmp_path, card(**facts), {"a": torch.zeros(1)})
    (tmp_path / "models" / "broken").mkdir()
    (tmp_path / "models" / "broken" / "model.json").write_text("{}")
    listed = model_list.models(tmp_path / "models")
    assert [entry.card.model_id for entry in listed] == ["teacher-c", "teacher-b", "teacher-a"]
    newest = model_list.current(tmp_path / "models", "teacher")
    assert newest is not None
    assert newest.card.model_id == "teacher-c"
