"""What is said of a network and of its answer, wherever one stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from PySide6.QtCore import QCoreApplication

from sos_studio.core.answer_words import Acquaintance, held_out, trained_cases, whole_percent
from sos_studio.core.predictions import ModelCard, PredictedRoi, Prediction, StageSet
from sos_studio.core.stages import BASSED_5
from sos_studio.services.model_list import ModelEntry
from sos_studio.ui.language import local_time, plural


def _tr(text: str) -> str:
    return QCoreApplication.translate("PredictStep", text)


def trained_when(card: ModelCard) -> str:
    """Local date and time of training."""
    try:
        return local_time(datetime.fromisoformat(card.created_utc))
    except ValueError:
        return card.created_utc


def network_titles(entries: Sequence[ModelEntry], names: Mapping[str, str]) -> dict[str, str]:
    """What networks are called in a choice, by model id; the time of day stands there only where the day leaves two alike.

    Parameters
    ----------
    names
        What people called their trainings, by model id.
    """
    by_day = {entry.card.model_id: network_title(entry.card, names.get(entry.card.model_id, "")) for entry in entries}
    alike = Counter(by_day.values())
    return {
        entry.card.model_id: by_day[entry.card.model_id]
        if alike[by_day[entry.card.model_id]] == 1
        else network_title(entry.card, names.get(entry.card.model_id, ""), time=True)
        for entry in entries
    }


def network_title(card: ModelCard, name: str = "", *, time: bool = False, role: str = "") -> str:
    """What a network is: its kind, when it was trained and on how many cases, behind the name that somebody gave its training.

    Parameters
    ----------
    role
        What it is here instead of its kind.
    """
    kind = role or {"student": _tr("Student"), "teacher": _tr("Teacher"), "detector": _tr("Detector")}[card.kind]
    when = trained_when(card)
    told = [when if time else when.partition(" ")[0]]
    # A detector's card counts only frames that were fitted: beside a student's it would read as another training.
    cases = None if card.kind == "detector" else trained_cases(card)
    if cases is not None:
        told.append(plural("PredictStep", "1 case", "{n} cases", cases))
    title = _tr("{kind} ({facts})").format(kind=kind, facts=", ".join(told))
    return _tr("{name}: {network}").format(name=name, network=title) if name else title


def quality_words(card: ModelCard) -> str:
    """How often it is right, beside what guessing would give; empty where that was not measured."""
    found = held_out(card)
    if found is None:
        return ""
    correct, n = found
    return _tr("Right in {correct} of {n} cases it had never seen ({p}\u00a0%; guessing: {chance}\u00a0%).").format(
        correct=correct, n=n, p=whole_percent(correct / n), chance=whole_percent(1 / card.stages)
    )


def acquaintance_words(known: Acquaintance) -> tuple[str, str]:
    """Whether the network learned from this case, in few words, and what that means."""
    said = _tr("A right answer here says nothing about how it does on other patients.")
    return {
        "learned": (_tr("It learned from this very case."), said),
        "patient": (_tr("It learned from this patient's other picture."), said),
        "held_out": (_tr("It never learned from this patient."), _tr("The case was set aside to judge the network by.")),
        "new": (
            _tr("It never learned from this patient."),
            _tr("The case was not there yet when the network was trained, or had no stage."),
        ),
        "unknown": (
            _tr("Unknown if it learned from this case."),
            _tr("It was trained elsewhere: the list of its cases is not in this project."),
        ),
    }[known]


def frame_words(frame: PredictedRoi) -> str:
    """Whose frame it is; one word for it everywhere."""
    return _tr("evaluator's frame") if frame.source == "expert" else _tr("detector's frame")


def attention_words(share: float, frame: PredictedRoi, stage: int, predicted: int, shape_vu: tuple[int, int]) -> str:
    """How much of the attention lies inside of a frame, and what an even spread would have there.

    Of a stage that somebody chose, that it is of that one; `shape_vu` is the full image's.
    """
    told = (
        _tr("Attention inside the {frame}: {p}\u00a0%")
        if stage == predicted
        else _tr("Attention for stage {n} inside the {frame}: {p}\u00a0%")
    )
    told = told.format(n=stage, frame=frame_words(frame), p=_percent(share))
    if frame.overlooked(share, shape_vu):
        told = overlooked_words(stage, predicted) + ". " + told
    return told + _tr(" (spread evenly: {p}\u00a0%)").format(p=_percent(frame.share_of(shape_vu)))


def overlooked_words(stage: int, predicted: int) -> str:
    """That a network did not look at the SOS; of a stage that somebody chose, that it is said of that one."""
    if stage == predicted:
        return _tr("The network did not look at the SOS")
    return _tr("For stage {n} the network did not look at the SOS").format(n=stage)


def attention_in_terms() -> str:
    """What the number means, and what it is compared with."""
    return _tr(
        "How much of the whole heatmap lies inside the frame, faint attention that cannot be seen included. "
        "Attention that is spread evenly over the image has as much there as the frame covers of it: a network that has less did not look."
    )


def _percent(share: float) -> str:
    """A tenth of small ones: none of two that differ may read as the other."""
    return f"{100 * share:.1f}" if share < 0.1 else f"{100 * share:.0f}"


def frame_doubt_words(frame: PredictedRoi | None, *, asked: bool) -> str:
    """That a detector found nothing (if it was asked), or is hardly sure of what it found; else empty."""
    if frame is None and asked:
        told = _tr("The detector found no SOS in this image.")
    elif frame is not None and frame.doubtful and frame.confidence is not None:
        told = _tr("The detector is only {p}\u00a0% sure of its frame.").format(p=round(100 * frame.confidence))
    else:
        return ""
    return told + " " + _tr("Is it an upright midsagittal image with the face at the letter A?")


def origin_words(card: ModelCard) -> str:
    """What must be known of where a network comes from; empty where there is nothing to warn of."""
    if card.phantom and card.from_scratch:
        return _tr("Trained on phantoms, not on patients, and from scratch: for trying out only.")
    if card.phantom:
        return _tr("Trained on phantoms, not on patients: for trying out only.")
    return _tr("Trained from scratch, without learned starting weights.") if card.from_scratch else ""


def set_words(found: StageSet) -> str:
    """The stages that hold the true one with the promised certainty."""
    p = round(100 * found.coverage)
    if found.first == found.last:
        return _tr("With {p}\u00a0% certainty: stage {n}").format(p=p, n=found.first)
    if (found.first, found.last) == (1, len(BASSED_5.stages)):
        return _tr("With {p}\u00a0% certainty no stage can be ruled out").format(p=p)
    if found.last == found.first + 1:
        return _tr("With {p}\u00a0% certainty: stage {a} or {b}").format(p=p, a=found.first, b=found.last)
    return _tr("With {p}\u00a0% certainty: stage {a} to {b}").format(p=p, a=found.first, b=found.last)


def set_cell_words(found: StageSet) -> str:
    """The same in a table's cell, below a heading that says what it is."""
    if found.first == found.last:
        return str(found.first)
    if (found.first, found.last) == (1, len(BASSED_5.stages)):
        return _tr("none ruled out")
    return (_tr("{a} or {b}") if found.last == found.first + 1 else _tr("{a} to {b}")).format(a=found.first, b=found.last)


def certainty_words(said: Prediction) -> str:
    """The stages that hold the true one with the promised certainty, or why none are named."""
    held = said.promised
    if held is not None:
        return set_words(held)
    if said.unlike:
        return _tr("No certainty is promised for a picture unlike the training data.")
    if isinstance((said.model.model_extra or {}).get("stage_set"), Mapping):
        return _tr("Stages with 90\u00a0% certainty: not kept with this answer.")
    return _tr("Stages with 90\u00a0% certainty: unknown for this network; one trained anew has them.")


def set_in_terms(found: StageSet) -> str:
    """The same in the words of papers."""
    return _tr(
        "Ordinal conformal set, calibrated on {n} cases that nothing was fitted to. The promise holds for patients like those of the "
        "training, on average over them."
    ).format(n=found.cases)


def title_words(said: Prediction) -> str:
    """The answer in a word or two: a stage only where it may be read as one."""
    if said.unlike:
        return _tr("Not reliable")
    return _tr("Unsure") if said.unsure else _tr("Stage {n}").format(n=said.stage)


def brief_words(said: Prediction) -> str:
    """The answer in a line, with its probability."""
    told = _tr("Stage {n}, {p}\u00a0%")
    if said.unlike:
        told = _tr("Not reliable: stage {n}, {p}\u00a0%")
    elif said.unsure:
        told = _tr("Unsure: stage {n}, {p}\u00a0%")
    return told.format(n=said.stage, p=whole_percent(max(said.probabilities)))


def cell_words(said: Prediction) -> str:
    """The answer in a table's cell."""
    if said.unlike:
        return _tr("not reliable: {n}").format(n=said.stage)
    return _tr("unsure: {n}").format(n=said.stage) if said.unsure else str(said.stage)


def unlike_words(prediction: Prediction) -> str:
    """That a picture is unlike the training data; empty if it is not, or if that can't be told."""
    near = prediction.familiarity
    if near is None or not near.unlike:
        return ""
    return _tr(
        "Unlike the training data ({times} times as far from its pictures as theirs are at most): do not rely on this stage."
    ).format(times=f"{near.distance / max(near.threshold, 1e-9):.1f}" if near.distance < 100 * near.threshold else "> 100")
