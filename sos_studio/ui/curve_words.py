"""Words for the curves of a training: what each is called, where it stands, and what it means to somebody who stages cases."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from sos_studio.presenters.curves import Curve, Curves
from sos_studio.presenters.training_state import Followed
from sos_studio.ui import result_words

_SHARES = frozenset({"accuracy", "hit_rate"})


def _tr(text: str) -> str:
    return QCoreApplication.translate("TrainingDock", text)


def name(curve: Curve) -> str:
    """A curve as a person calls it."""
    names = {
        "loss": _tr("total"),
        "attention_loss": _tr("attention"),
        "distillation_loss": _tr("unlike the teacher"),
        "classification_loss": _tr("stage"),
        "accuracy": _tr("staged rightly"),
        "kappa": _tr("agreement with labels"),
        "hit_rate": _tr("SOS found"),
        "map50": _tr("frames in place"),
        "cls_loss": _tr("recognition"),
        "box_loss": _tr("frame"),
        "dfl_loss": _tr("frame edges"),
        "angle_loss": _tr("angle"),
    }
    known = names.get(curve.name, curve.name.removesuffix("_loss"))
    return _tr("{name}, check cases").format(name=known) if _checks(curve) else known


def text(curve: Curve) -> str:
    """Its name and its newest value."""
    value = result_words.percent(curve.last) if curve.name in _SHARES else f"{curve.last:.3g}".replace("-", "−")
    return f"{name(curve)} {value}"


def term(curve: Curve) -> str:
    """What it measures, in a plain sentence."""
    terms = {
        "loss": _tr("what the training brings down, all its parts together"),
        "attention_loss": _tr("how far its attention (Grad-CAM) lies from the frame of the SOS"),
        "distillation_loss": _tr("how far its answers are from those of the teacher, which sees the crop (distillation)"),
        "classification_loss": _tr("how far its answers are from the labels"),
        "accuracy": _tr("share of the cases staged as labelled"),
        "kappa": _tr("1 is complete, 0 is no better than chance (quadratic weighted kappa)"),
        "hit_rate": _tr("share of the cases in which the middle of its frame lies inside the evaluator's"),
        "map50": _tr("how well its frames cover the evaluators', 1 is best (mAP 50)"),
        "cls_loss": _tr("how surely it tells the SOS from all else"),
        "box_loss": _tr("how far its frames are from the evaluators'"),
        "dfl_loss": _tr("how sharply it sets their edges"),
        "angle_loss": _tr("by how much they are turned wrongly"),
    }
    told = terms.get(curve.name, "")
    if curve.weight not in (0.0, 1.0):
        raw = f"{curve.last / curve.weight:.3g}"
        told += " " + _tr("({raw} measured, counted {weight} times)").format(raw=raw, weight=f"{curve.weight:g}")
    return told


def begins_late(shown: Curves) -> str:
    """Why a student's first epochs have no figures on check cases; nothing where all have."""
    if shown.whole_from == 1:
        return ""
    return _tr("Checked from epoch {n} on: before, it learns from windows about the frame").format(n=shown.whole_from)


def about(job: Followed, shown: Curves) -> str:
    """What a person must know to read both charts."""
    if job.spec is not None and job.spec.kind == "crossval":
        return ""
    told = []
    if sum(curve.split == "train" for curve in shown.losses) > 1:
        told.append(_tr("The parts add up to the total, each as much as it counts."))
    if job.data is not None and job.spec is not None and shown.losses:
        kept = job.data.checking(job.spec.settings.inner_validation_fraction)
        checks = _tr("Check cases (about {kept} of the {fitted} to learn from) choose the best epoch and so flatter it; test cases don't.")
        told.append(checks.format(kept=kept, fitted=job.data.fitted))
    return " ".join(told)


def _checks(curve: Curve) -> bool:
    return curve.name.endswith("loss") and curve.split != "train"
