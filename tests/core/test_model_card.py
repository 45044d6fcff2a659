"""A network's card in words holds its facts, and nothing that isn't one."""

from __future__ import annotations

from typing import Any

from sos_studio.core.model_card import card_text
from sos_studio.core.predictions import ModelCard

FACTS: dict[str, Any] = {
    "model_id": "student-1",
    "kind": "student",
    "network": "convnext_atto",
    "input_shape_hw": (256, 384),
    "manifest_id": "m",
    "phantom": True,
    "from_scratch": False,
    "created_utc": "2026-01-01T00:00:00+00:00",
    "software": "SOS Studio 1",
}


def test_a_card_tells_cases_origin_licence_and_settings() -> None:
    held_out = {
        "n": 40,
        "correct": 30,
        "accuracy": 0.75,
        "kappa": None,
        "mae_stages": 0.3,
        "per_stage": [{"stage": 1, "n": 8, "correct": 7}, {"stage": 2, "n": 0, "correct": 0}],
        "attention_in_roi": {"n": 38, "mean": 0.41},
    }
    more = {
        "held_out": held_out,
        "held_out_fold": 2,
        "seed": 5,
        "threads": 3,
        "device": "cuda",
        "device_name": "NVIDIA A100",
        "batch_parts": 2,
        "fitted_cases": {"n": 120, "with_frame": 100},
        "data_sha256": "ab" * 32,
        "starting_weights": {"sha256": "cd" * 32, "source": "https://example.org/w", "licence": "apache-2.0"},
        "versions": {"torch": "2.9"},
        "settings": {"alpha": 0.01, "input_shape_hw": [256, 384], "optimiser": {"epochs": 30}},
    }
    text = card_text(ModelCard.model_validate(FACTS | more))
    for line in (
        "- Cases: 40 of fold 3",
        "- Accuracy: 0.750",
        "- Stage 1: 7 of 8 staged as labelled",
        "- Attention inside the frame: 0.410 on average over 38 cases",
        "- Device: NVIDIA A100",
        "- Cases learned from: n 120, with_frame 100",
        f"- Starting weights: SHA-256 {'cd' * 32}, licence apache-2.0, https://example.org/w",
        "- Versions: torch 2.9",
        "- `optimiser.epochs` = 30",
        "- `input_shape_hw` = 256 × 384",
    ):
        assert line in text.splitlines()
    assert "worked off in 2 parts" in text
    assert "Quadratic kappa" not in text  # there is none
    assert "Stage 2" not in text
    assert "phantoms" in text


def test_weights_of_unknown_origin_are_said_to_be() -> None:
    text = card_text(ModelCard.model_validate(FACTS | {"starting_weights": {"sha256": "cd" * 32, "source": None, "licence": None}}))
    assert "licence not known" in text


def test_a_card_of_another_program_has_what_it_has() -> None:
    text = card_text(ModelCard.model_validate(FACTS))
    assert "convnext_atto" in text
    assert "## " not in text
