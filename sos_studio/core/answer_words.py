"""What a network says of a picture, and how good it is, in English sentences: for reports, figures and the command line.

Whatever the window says of an answer a file says too: paper must never sound surer than the screen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from sos_studio.core.predictions import ModelCard, PredictedRoi, Prediction

JUDGE_YOURSELF = "Judge the image yourself."
# Whose a frame is, by where it came from; the window has the same words.
FRAMES: Mapping[str, str] = {"expert": "evaluator's frame", "detector": "detector's frame"}

# What a network has seen of a case (`services.acquaintance`).
Acquaintance = Literal["learned", "patient", "held_out", "new", "unknown"]
ACQUAINTANCE: Mapping[Acquaintance, str] = {
    "learned": "The network learned from this very case: that it is right here says nothing about others.",
    "patient": "The network learned from another picture of this patient: that it is right here says little about others.",
    "held_out": "Held-out case: the network never learned from this patient.",
    "new": "The network never learned from this patient.",
    "unknown": "Whether the network learned from this case is not known: it was trained elsewhere.",
}


# The same in a few words, as the window has them beside an answer.
KNOWN: Mapping[Acquaintance, str] = {
    "learned": "It learned from this very case.",
    "patient": "It learned from this patient's other picture.",
    "held_out": "It never learned from this patient.",
    "new": "It never learned from this patient.",
    "unknown": "Unknown if it learned from this case.",
}
EMPTY_HEATMAP = "The heatmap is empty: the network marks no place in this image."


def percent(share: float, decimals: int = 0) -> str:
    """0.24 → ``24 %``, held together, as the window shows it."""
    return f"{100 * share:.{decimals}f}\u00a0%" if decimals else f"{whole_percent(share)}\u00a0%"


def whole_percent(share: float) -> int:
    """0 … 1 in whole per cent; halves go up, so that 17 of 40 and 11 of 40 are rounded alike."""
    # What multiplying adds or takes in the fifteenth place makes no half of something else.
    return math.floor(round(100 * share, 9) + 0.5)


def answer_title(said: Prediction) -> str:
    """In a few words: ``Stage 4, 80 %``, ``Unsure: stage 5, 24 %``, or ``Not reliable: stage 1, 90 %``."""
    top = f"stage {said.stage}, {percent(max(said.probabilities))}"
    return f"Not reliable: {top}" if said.unlike else f"Unsure: {top}" if said.unsure else top.capitalize()


def answer_sentence(said: Prediction) -> str:
    """The stage; of an answer that must not be read as one that it is none, why, and what to do."""
    top = max(said.probabilities)
    if said.unlike:
        return (
            f"Not reliable: this picture is unlike the training data. The most likely stage would be {said.stage} ({percent(top)}). "
            f"{JUDGE_YOURSELF}"
        )
    if not said.unsure:
        return f"Most likely stage: {said.stage} ({percent(top)})."
    second = said.runner_up
    first, next_ = told_apart(top, said.probabilities[second - 1])
    return (
        f"Unsure: the most likely stage, {said.stage}, reaches only {first}\u00a0%, followed by stage {second} with {next_}\u00a0%. "
        f"{JUDGE_YOURSELF}"
    )


def told_apart(high: float, low: float) -> tuple[str, str]:
    """Two probabilities in per cent, with a tenth where the whole numbers would be the same."""
    digits = 1 if round(100 * high) == round(100 * low) else 0
    return f"{100 * high:.{digits}f}", f"{100 * low:.{digits}f}"


def certainty_sentence(said: Prediction) -> str:
    """The stages that hold the true one with the promised certainty, or why none can be named."""
    held = said.promised
    if held is None and said.unlike:
        return "No certainty is promised for a picture unlike the training data."
    if held is None:
        return "Stages with 90\u00a0% certainty: unknown, the network was trained without them or they were not kept."
    if (held.first, held.last) == (1, len(said.probabilities)):
        return f"With {percent(held.coverage)} certainty no stage can be ruled out (calibrated on {held.cases} cases)."
    which = f"stage {held.first}" if held.first == held.last else f"stages {held.first} to {held.last}"
    return f"With {percent(held.coverage)} certainty: {which} (calibrated on {held.cases} cases)."


def attention_sentence(share: float, frame: PredictedRoi, stage: int, shape_vu: tuple[int, int]) -> str:
    """How much of the attention for a stage lies inside of a frame, beside what an even spread would have there.

    Parameters
    ----------
    shape_vu
        Of the full image.
    """
    told = f"Attention for stage {stage} inside the {FRAMES[frame.source]}: {_percent(share)} (spread evenly: "
    told += f"{_percent(frame.share_of(shape_vu))})."
    if frame.overlooked(share, shape_vu):
        told = f"The network did not look at the SOS. {told}"
    if frame.doubtful and frame.confidence is not None:
        told += f" The detector is only {percent(frame.confidence)} sure of this frame."
    return told


def _percent(share: float) -> str:
    """Whole per cent, of small shares a tenth: none of two that differ may read as the other."""
    return percent(share, 1 if share < 0.1 else 0)


def held_out(card: ModelCard) -> tuple[int, int] | None:
    """``(correct, n)`` on the held-out cases as the card has it; None if it was not measured."""
    figures: Any = (card.model_extra or {}).get("held_out")
    if not isinstance(figures, dict):
        return None
    correct, n = figures.get("correct"), figures.get("n")
    return (correct, n) if isinstance(correct, int) and isinstance(n, int) and n > 0 else None


def mostly_wrong(card: ModelCard) -> bool:
    """Whether it named another stage in more than half of the cases that it had never seen."""
    found = held_out(card)
    return found is not None and 2 * found[0] < found[1]


def held_out_sentence(card: ModelCard) -> str:
    """How often it is right, beside what guessing would give; empty if that was not measured."""
    found = held_out(card)
    if found is None:
        return ""
    correct, n = found
    return f"Right in {correct} of {n} cases it had never seen ({percent(correct / n)}; guessing: {percent(1 / card.stages)})."


def trained_cases(card: ModelCard) -> int | None:
    """How many cases a network that stages learned from, those that chose its epoch included; None if its card does not say."""
    extra: Mapping[str, Any] = card.model_extra or {}
    fitted, inner = extra.get("fitted_cases"), extra.get("calibration")
    n = fitted.get("n") if isinstance(fitted, Mapping) else fitted
    if not isinstance(n, int):
        return None
    chosen_by = inner.get("n") if isinstance(inner, Mapping) else 0
    return n + (chosen_by if isinstance(chosen_by, int) else 0)
