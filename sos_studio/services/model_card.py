"""What a trained network is, in words and figures: for packages, reports and people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sos_studio.core.predictions import ModelCard

RESEARCH_USE = "Research use only — not a medical device."
_KINDS = {
    "student": "stages full images (midsagittal slices)",
    "teacher": "stages crops of the spheno-occipital synchondrosis",
    "detector": "finds the spheno-occipital synchondrosis on full images",
}


def warnings_of(card: ModelCard) -> list[str]:
    """What must stand in red wherever an answer of this network stands; English, because files travel."""
    told = []
    if card.phantom:
        told.append("Trained on phantoms, not on patients: its answers mean nothing for a patient.")
    if card.from_scratch:
        told.append("Trained from scratch, without learned starting weights.")
    return told


def card_facts(card: ModelCard) -> list[tuple[str, str]]:
    """Label and value, in the order in which a person asks."""
    extra: Mapping[str, Any] = card.model_extra or {}
    height, width = card.input_shape_hw
    facts = [
        ("Network", f"{card.model_id} ({card.kind}: {_KINDS[card.kind]})"),
        ("Architecture", f"{card.network}, input {width} x {height} px"),
        ("Stages", f"{card.stages}, scheme {card.scheme}"),
        ("Trained", f"{card.created_utc} by {card.software}"),
        ("Data", ("phantoms" if card.phantom else "patients") + f", manifest {card.manifest_id}"),
        ("Start", "from scratch" if card.from_scratch else "from learned weights"),
    ]
    held_out = extra.get("held_out")
    if isinstance(held_out, Mapping) and held_out.get("n") and "correct" in held_out:
        facts.append(("Held-out cases", f"{held_out['correct']} of {held_out['n']} staged as labelled"))
    calibration = extra.get("calibration")
    if isinstance(calibration, Mapping) and "temperature" in calibration:
        facts.append(("Calibration", f"temperature {calibration['temperature']:.3f}, fitted to {calibration.get('n', 0)} cases"))
    stage_set = extra.get("stage_set")
    if isinstance(stage_set, Mapping):
        facts.append(("Stage sets", f"{stage_set['coverage']:.0%} promised, from {stage_set['n']} cases (ordinal split conformal)"))
    near = extra.get("familiarity")
    if isinstance(near, Mapping):
        facts.append(("Unlike the training data", f"beyond {near['threshold']:.2f}, from {near['cases']} cases"))
    if isinstance(extra.get("weights_sha256"), str):
        facts.append(("Weights (SHA-256)", extra["weights_sha256"]))
    return facts


def card_line(card: ModelCard) -> str:
    """The network in one line."""
    extra: Mapping[str, Any] = card.model_extra or {}
    digest = extra.get("weights_sha256")
    told = f", weights {digest[:12]}" if isinstance(digest, str) else ""
    return f"{card.kind} {card.model_id} ({card.network}, {card.software}{told})"


def card_text(card: ModelCard) -> str:
    """As Markdown."""
    lines = [f"# {card.model_id}", "", f"**{RESEARCH_USE}**", ""]
    for warning in warnings_of(card):
        lines += [f"**{warning}**", ""]
    lines += [f"- {label}: {value}" for label, value in card_facts(card)]
    return "\n".join(lines) + "\n"
