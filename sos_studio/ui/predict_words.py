"""What is said of a network and of its answer, wherever one stands."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QCoreApplication

from sos_studio.core.predictions import ModelCard, Prediction, StageSet
from sos_studio.core.stages import BASSED_5


def _tr(text: str) -> str:
    return QCoreApplication.translate("PredictStep", text)


def trained_when(card: ModelCard) -> str:
    """Local date and time of training."""
    try:
        return local_time(datetime.fromisoformat(card.created_utc))
    except ValueError:
        return card.created_utc


def local_time(moment: datetime) -> str:
    """As a clock and a calendar on the wall show it."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


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
        return _tr("With {p}\u00a0% certainty: any stage").format(p=p)
    if found.last == found.first + 1:
        return _tr("With {p}\u00a0% certainty: stage {a} or {b}").format(p=p, a=found.first, b=found.last)
    return _tr("With {p}\u00a0% certainty: stage {a} to {b}").format(p=p, a=found.first, b=found.last)


def set_in_terms(found: StageSet) -> str:
    """The same in the words of papers."""
    return _tr(
        "Ordinal conformal set, calibrated on {n} cases that nothing was fitted to. The promise holds for patients like those of the "
        "training, on average over them."
    ).format(n=found.cases)


def unlike_words(prediction: Prediction) -> str:
    """That a picture is unlike the training data; empty if it is not, or if that can't be told."""
    near = prediction.familiarity
    if near is None or not near.unlike:
        return ""
    return _tr("Unlike the training data ({times} times as far as usual pictures at most are): do not rely on this stage.").format(
        times=f"{near.distance / max(near.threshold, 1e-9):.1f}" if near.distance < 100 * near.threshold else "> 100"
    )
