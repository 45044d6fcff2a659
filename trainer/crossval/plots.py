"""Confusion matrices, reliability diagrams and accuracies with intervals, as PNG and PDF."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sos_studio.core import staging_statistics as statistics
from trainer.crossval.results import ArmResult
from trainer.metrics import confusion_matrix

_DPI = 150
_ENDINGS = ("png", "pdf")
# Of a light map, cells above this are dark enough for white numbers.
_DARK = 0.55


def draw(arms: Sequence[ArmResult], directory: Path) -> list[Path]:
    """All plots: two of each arm and one of all."""
    written: list[Path] = []
    for result in arms:
        written += _saved(_confusion(result), directory / f"confusion-{result.arm.slug}")
        written += _saved(_reliability(result), directory / f"reliability-{result.arm.slug}")
    return written + _saved(_accuracies(arms), directory / "accuracy")


def _figure(width_in: float, height_in: float) -> Any:
    # Not pyplot: it keeps figures alive and asks for a display.
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), layout="constrained")


def _saved(figure: Any, stem: Path) -> list[Path]:
    paths = [stem.with_name(f"{stem.name}.{ending}") for ending in _ENDINGS]
    for path in paths:
        # Without the date a plot of the same figures is the same file.
        metadata = {"CreationDate": None} if path.suffix == ".pdf" else {"Software": None}
        figure.savefig(path, dpi=_DPI, metadata=metadata)
    return paths


def _confusion(result: ArmResult) -> Any:
    """Counts; colour is the share of the true stage, so that rare stages are as visible as common ones."""
    stages = result.probabilities_NK.shape[1]
    counts_KK = confusion_matrix(result.target_N, result.probabilities_NK.argmax(axis=1), stages)
    share_KK = counts_KK / np.maximum(counts_KK.sum(axis=1, keepdims=True), 1)
    figure = _figure(3.6, 3.4)
    axes = figure.subplots()
    axes.imshow(share_KK, vmin=0, vmax=1, cmap="Blues")
    for true in range(stages):
        for said in range(stages):
            colour = "white" if share_KK[true, said] > _DARK else "black"
            axes.text(said, true, str(counts_KK[true, said]), ha="center", va="center", color=colour)
    ticks = [str(k + 1) for k in range(stages)]
    axes.set_xticks(range(stages), ticks)
    axes.set_yticks(range(stages), ticks)
    axes.set_xlabel("Predicted stage")
    axes.set_ylabel("Stage")
    axes.set_title(f"{result.arm.name}\n{int(np.trace(counts_KK))} of {int(counts_KK.sum())} right", fontsize=8)
    return figure


def _reliability(result: ArmResult) -> Any:
    """Share staged rightly over confidence, before and after the temperature, with Wilson's limits, and how many cases are where."""
    figure = _figure(3.6, 4.4)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    above.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle=":")
    for probabilities_NK, label, colour, marker in (
        (result.uncalibrated_NK, "as trained", "0.5", "s"),
        (result.probabilities_NK, "with temperature", "tab:blue", "o"),
    ):
        bins = statistics.reliability(probabilities_NK, result.target_N)
        x, y = np.array([b["confidence"] for b in bins]), np.array([b["share"] for b in bins])
        limits = np.maximum(np.array([[b["share"] - b["low"] for b in bins], [b["high"] - b["share"] for b in bins]]), 0.0)
        error = statistics.figures(probabilities_NK, result.target_N)["ece"][0]
        above.errorbar(
            x, y, yerr=limits, marker=marker, markersize=4, linewidth=1, capsize=2, color=colour, label=f"{label}, ECE {error:.3f}"
        )
    below.hist(result.probabilities_NK.max(axis=1), bins=np.linspace(0, 1, statistics.CALIBRATION_BINS + 1), color="tab:blue")
    above.set_ylabel("Share staged rightly")
    above.set_ylim(0, 1)
    above.legend(fontsize=7, loc="upper left")
    above.set_title(result.arm.name, fontsize=8)
    below.set_xlabel("Confidence")
    below.set_ylabel("Cases")
    below.set_xlim(0, 1)
    return figure


def _accuracies(arms: Sequence[ArmResult]) -> Any:
    """Pooled accuracy with its interval, and each fold's."""
    figure = _figure(6.0, 1.2 + 0.35 * len(arms))
    axes = figure.subplots()
    for row, result in enumerate(reversed(arms)):
        found = result.pooled(repeats=2000, seed=0)["accuracy"]
        folds = [fold["accuracy"] for fold in result.by_fold() if fold["accuracy"] is not None]
        axes.scatter(folds, [row] * len(folds), s=12, color="0.6", zorder=1)
        if found.value is not None and found.low is not None and found.high is not None:
            axes.errorbar(
                [found.value],
                [row],
                xerr=[[max(0.0, found.value - found.low)], [max(0.0, found.high - found.value)]],
                marker="o",
                capsize=3,
                color="tab:blue",
                zorder=2,
            )
    axes.set_yticks(range(len(arms)), [result.arm.name for result in reversed(arms)], fontsize=8)
    axes.set_xlabel("Accuracy, pooled with 95 % interval (dots: folds)")
    axes.set_xlim(0, 1)
    return figure
