"""A card whose figures make no sense is a damaged network, and not a question that nobody understands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sos_studio.core.errors import BadInputError
from sos_studio.core.predictions import ModelCard
from trainer import model_store
from trainer.model_store import StoredModel
from trainer.networks import build
from trainer.predictor import Predictor

PICTURE = np.random.default_rng(0).integers(0, 255, (120, 160), dtype=np.uint8)


@pytest.fixture
def stored(tmp_path: Path) -> StoredModel:
    card = ModelCard.model_validate(
        {
            "model_id": "student-1",
            "kind": "student",
            "network": "test_resnet",
            "input_shape_hw": (96, 128),
            "manifest_id": "m",
            "phantom": True,
            "from_scratch": True,
            "created_utc": "2026-11-20T10:00:00+00:00",
            "software": "test",
            "calibration": {"temperature": 1.5, "n": 20},
            "stage_set": {"coverage": 0.9, "at_most": 0.7, "n": 20},
        }
    )
    torch.manual_seed(0)
    return model_store.save(tmp_path, card, build("test_resnet").state_dict())


def changed(stored: StoredModel, **facts: Any) -> StoredModel:
    file = stored.directory / "model.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | facts))
    return model_store.read(stored.directory)


def test_a_whole_card_answers_with_its_promise(stored: StoredModel) -> None:
    said = Predictor(stored, torch.device("cpu")).predict(PICTURE)
    assert said.stage_set is not None
    assert (said.stage_set.coverage, said.stage_set.cases) == (0.9, 20)
    assert sum(said.probabilities) == pytest.approx(1)


@pytest.mark.parametrize(
    "facts",
    [
        {"calibration": {"temperature": 0}},
        {"calibration": {"temperature": -1.0}},
        {"calibration": {"temperature": "warm"}},
        {"calibration": "none"},
        {"stage_set": {"coverage": 0.9}},
        {"stage_set": [1, 2]},
        {"input_shape_hw": [0, 0]},
    ],
)
def test_figures_that_no_training_measures_are_damage(stored: StoredModel, facts: dict[str, Any]) -> None:
    with pytest.raises(BadInputError) as caught:
        Predictor(changed(stored, **facts), torch.device("cpu"))
    assert (caught.value.code, caught.value.values) == ("model.unreadable", {"model": "student-1"})
