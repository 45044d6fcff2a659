"""What a trained network is, in words and figures: for packages, reports and people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sos_studio.core.predictions import HeatMethod, ModelCard

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
        promised = f"{100 * stage_set['coverage']:.0f}\u00a0% promised"
        facts.append(("Stage sets", f"{promised}, from {stage_set['n']} cases (ordinal split conformal)"))
    near = extra.get("familiarity")
    if isinstance(near, Mapping):
        facts.append(("Unlike the training data", f"beyond {near['threshold']:.2f}, from {near['cases']} cases"))
    if isinstance(extra.get("weights_sha256"), str):
        facts.append(("Weights (SHA-256)", extra["weights_sha256"]))
    return facts


_METHODS: Mapping[HeatMethod, str] = {"grad-cam": "Grad-CAM", "grad-cam++": "Grad-CAM++", "hires-cam": "HiResCAM"}


def heat_words(stage: int, method: HeatMethod, predicted: int) -> str:
    """Whose evidence a heatmap shows, and how it was made; a chosen stage is never taken for the predicted one."""
    chosen = "" if stage == predicted else f", chosen by a person; the most likely stage is {predicted}"
    return f"evidence for stage {stage} ({_METHODS[method]}){chosen}"


def card_line(card: ModelCard) -> str:
    """The network in one line."""
    extra: Mapping[str, Any] = card.model_extra or {}
    digest = extra.get("weights_sha256")
    told = f", weights {digest[:12]}" if isinstance(digest, str) else ""
    return f"{card.kind} {card.model_id} ({card.network}, {card.software}{told})"


def card_text(card: ModelCard) -> str:
    """As Markdown: what it is, how it does on cases that it has not seen, how it was made. Nothing but facts of the card."""
    lines = [f"# {card.model_id}", "", f"**{RESEARCH_USE}**", ""]
    for warning in warnings_of(card):
        lines += [f"**{warning}**", ""]
    lines += [f"- {label}: {value}" for label, value in card_facts(card)]
    for title, facts in (("Cases that it has not seen", _performance(card)), ("How it was made", _origin(card))):
        if facts:
            lines += ["", f"## {title}", "", *(f"- {label}: {value}" for label, value in facts)]
    settings = (card.model_extra or {}).get("settings")
    if isinstance(settings, Mapping):
        lines += ["", "## Settings", "", *(f"- `{name}` = {_plain(value)}" for name, value in _flat(settings))]
    return "\n".join(lines) + "\n"


_FIGURES = (
    *(("accuracy", "Accuracy"), ("kappa", "Quadratic kappa"), ("macro_f1", "Macro-F1"), ("mae_stages", "Mean error in stages")),
    *(("ece", "Calibration error"), ("ece_uncalibrated", "Calibration error before the temperature")),
    *(("negative_log_likelihood", "Negative log-likelihood"), ("negative_log_likelihood_uncalibrated", "The same before the temperature")),
    *(("map50", "mAP@0.5, turned frames"), ("map50_95", "mAP@0.5:0.95, turned frames")),
    *(("upright_map50", "mAP@0.5, upright boxes"), ("upright_map50_95", "mAP@0.5:0.95, upright boxes")),
    *(("hit_rate", "Centre inside the frame"), ("miss_rate", "Missed"), ("center_error_mm", "Centre error, median (mm)")),
    ("angle_error_deg", "Angle error, median (°)"),
)


def _performance(card: ModelCard) -> list[tuple[str, str]]:
    extra: Mapping[str, Any] = card.model_extra or {}
    held_out = extra.get("held_out")
    if not isinstance(held_out, Mapping):
        return []
    facts = [("Cases", f"{held_out.get('n', 0)}" + (f" of fold {extra['held_out_fold'] + 1}" if "held_out_fold" in extra else ""))]
    facts += [(label, f"{held_out[name]:.3f}") for name, label in _FIGURES if isinstance(held_out.get(name), int | float)]
    stages = held_out.get("per_stage")
    if isinstance(stages, list):
        facts += [(f"Stage {s['stage']}", f"{s['correct']} of {s['n']} staged as labelled") for s in stages if s.get("n")]
    looks = held_out.get("attention_in_roi")
    if isinstance(looks, Mapping) and looks.get("n"):
        facts.append(("Attention inside the frame", f"{looks['mean']:.3f} on average over {looks['n']} cases"))
    return facts


def _origin(card: ModelCard) -> list[tuple[str, str]]:
    extra: Mapping[str, Any] = card.model_extra or {}
    labels = {"job_id": "Job", "preset": "Preset", "seed": "Seed", "threads": "Threads", "teacher_model": "Teacher"}
    facts = [(label, str(extra[name])) for name, label in labels.items() if extra.get(name) is not None]
    if "device" in extra:
        facts.append(("Device", str(extra.get("device_name", extra["device"]))))
    parts = extra.get("batch_parts", 1)
    if parts != 1:
        facts.append(("Memory", f"batches were worked off in {parts} parts: batch statistics are those of a part"))
    fitted = extra.get("fitted_cases")
    if fitted is not None:
        facts.append(
            ("Cases learned from", ", ".join(f"{k} {v}" for k, v in fitted.items()) if isinstance(fitted, Mapping) else str(fitted))
        )
    start = extra.get("starting_weights")
    if isinstance(start, Mapping):
        known = [f"SHA-256 {start.get('sha256')}", f"licence {start.get('licence') or 'not known: see where the file comes from'}"]
        facts.append(("Starting weights", ", ".join(known + ([str(start["source"])] if start.get("source") else []))))
    if isinstance(extra.get("data_sha256"), str):
        facts.append(("Data (SHA-256 of pictures, frames and stages)", extra["data_sha256"]))
    versions = extra.get("versions")
    if isinstance(versions, Mapping):
        facts.append(("Versions", ", ".join(f"{name} {version}" for name, version in versions.items())))
    return facts


def _flat(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in settings.items():
        found += _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else [(f"{prefix}{name}", value)]
    return found


def _plain(value: Any) -> str:
    sides = isinstance(value, list | tuple) and value and all(isinstance(v, int) for v in value)
    return " × ".join(map(str, value)) if sides else str(value)
