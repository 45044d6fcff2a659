"""Words for figures of networks: shares with their counts and intervals, differences, and what a test says of them."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication

from sos_studio.core import answer_words
from sos_studio.core.staging_statistics import Interval, McNemar
from sos_studio.presenters.judging import JudgingState
from sos_studio.services.model_results import COMPARED, Comparison, Result
from sos_studio.ui import predict_words

# Shares are shown in %, the others as numbers.
SHARES = frozenset({"accuracy", "within_one", "ece", "macro_f1"})


def _tr(text: str) -> str:
    return QCoreApplication.translate("TrainingDock", text)


def percent(share: float) -> str:
    """0.775 → "78 %"."""
    return answer_words.percent(share)


def figure_name(name: str) -> str:
    """A figure as a person calls it."""
    return {
        "accuracy": _tr("staged rightly"),
        "within_one": _tr("at most one stage off"),
        "mae_stages": _tr("mean error in stages"),
        "kappa": _tr("agreement (weighted kappa)"),
        "macro_f1": _tr("F-measure, mean over stages"),
        "ece": _tr("calibration error"),
    }.get(name, name)


def figure_terms() -> str:
    """What the figures mean, for a tooltip."""
    return "\n".join(
        (
            _tr("Agreement: 1 is complete, 0 no better than chance; far off counts more (quadratic weighted kappa)."),
            _tr("F-measure: what it finds and what it says wrongly of each stage; all stages count the same."),
            _tr("Calibration error: how far its sureness is from how often it is right; small too if it is wrong and knows it."),
            _tr("Attention: share of its attention that lies inside the evaluator's frame."),
        )
    )


def number(name: str, value: float | None, *, signed: bool = False) -> str:
    """One figure; a dash where it says nothing."""
    if value is None:
        return "–"
    shown = 100 * value if name in SHARES else value
    decimals = 0 if name in SHARES else 2
    if signed:
        return f"{shown:+.{decimals}f}".replace("-", "−")
    return percent(value) if name in SHARES else f"{value:.2f}".replace("-", "−")


def with_interval(name: str, of: Interval, *, signed: bool = False) -> str:
    """A figure with the limits of its 95 % interval; alone where there are none."""
    if of.value is None:
        return "–"
    if of.low is None or of.high is None:
        return number(name, of.value, signed=signed) + (_tr(" points") if signed and name in SHARES else "")
    low, high = number(name, of.low, signed=signed), number(name, of.high, signed=signed)
    points = _tr(" points") if signed and name in SHARES else ""
    return _tr("{value}{points} ({low} to {high})").format(value=number(name, of.value, signed=signed), points=points, low=low, high=high)


def summary(result: Result) -> str:
    """The figures of one network, one a line, with their count first."""
    lines = [_tr("{correct} of {n} cases staged rightly").format(correct=result.correct, n=result.n)]
    if result.patients != result.n:
        lines[0] += _tr(" ({n} patients)").format(n=result.patients)
    lines[0] += _tr("; guessing would give {share}").format(share=percent(1 / len(result.confusion)))
    lines += [f"{figure_name(name)}: {with_interval(name, result.figures[name])}" for name in COMPARED]
    if result.attention is not None:
        mean, n = result.attention
        lines.append(_tr("attention inside the frame: {share} (mean of {n})").format(share=percent(mean), n=n))
    lines.append(_tr("In brackets: 95 % intervals by patient. Nothing was fitted to these cases."))
    return "\n".join(lines)


def comparison_line(found: Comparison) -> str:
    """How two networks compare, in one or two sentences: first against second."""
    if found.n == 0:
        return _tr("There is no case yet that both were asked about and neither was trained on.")
    told = _tr("On the same {n} cases that neither was trained on: {first} against {second} staged rightly; difference {difference}.")
    difference = with_interval("accuracy", found.differences["accuracy"], signed=True)
    told = told.format(n=found.n, first=found.correct[0], second=found.correct[1], difference=difference)
    told += " " + mcnemar_line(found.mcnemar)
    if found.patients < found.n:
        # The test takes cases for independent; the interval was drawn by patient.
        told += " " + _tr("The cases are of {n} patients: where some have several, trust the interval, not p.").format(n=found.patients)
    return told


def mcnemar_line(test: McNemar) -> str:
    """What McNemar's test says, in words that claim no more than it does: the verdict is the exact test's, which never claims too much."""
    exact, mid = (f"= {p:.3f}" if p >= 0.001 else "< 0.001" for p in (test.p_exact, test.p_mid))
    told = _tr("Only the first right: {first}, only the second: {second} (McNemar: exact p {exact}, mid-p {mid}).").format(
        first=test.only_first, second=test.only_second, exact=exact, mid=mid
    )
    return told + " " + (_tr("That may well be chance.") if test.p_exact >= 0.05 else _tr("Chance alone would rarely do that."))


def model_titles(state: JudgingState) -> dict[str, str]:
    """Staging networks in a list, by their id: what they are called everywhere, and which one is in use."""
    titles = predict_words.network_titles(state.staging, state.names)
    return {known: _tr("{network} · in use").format(network=title) if known == state.used else title for known, title in titles.items()}


def named(told: str, state: JudgingState) -> str:
    """Words from below that call networks by their ids, with what people call them instead."""
    for model_id, title in predict_words.network_titles(state.staging, state.names).items():
        told = told.replace(model_id, title)
    return told


def detector_lines(figures: Mapping[str, object]) -> str:
    """What a detector's card says of its held-out cases."""
    lines = []
    n, hits = figures.get("n"), figures.get("hits")
    if isinstance(n, int) and isinstance(hits, int):
        lines.append(_tr("SOS found in {hits} of {n} cases").format(hits=hits, n=n))
    for key, text in (
        ("map50", _tr("frames in place (mAP 50): {value}")),
        ("map50_95", _tr("mAP 50 to 95: {value}")),
        ("iou", _tr("mean overlap: {value}")),
        ("center_error_mm", _tr("middle of the frame off by {value} mm (median)")),
    ):
        value = figures.get(key)
        if isinstance(value, int | float):
            lines.append(text.format(value=f"{value:.2f}"))
    return "\n".join(lines)
