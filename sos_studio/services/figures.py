"""The full image and what networks make of it, side by side as a figure for a paper (its figure 3); PNG or PDF."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from sos_studio.core import atomic
from sos_studio.core.answer_words import FRAMES, answer_title
from sos_studio.core.errors import ProjectError
from sos_studio.core.model_card import RESEARCH_USE, warnings_of
from sos_studio.core.predictions import PredictedRoi
from sos_studio.imaging import heatmaps
from sos_studio.imaging.heatmaps import ColourMap
from sos_studio.services.prediction import Gray, PredictionResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_INCHES = 3.0
DPI = 300
# Below the pictures: up to four lines about each, then the colours and frames, then what must be known.
_BELOW_INCHES, _LINE_INCHES = 1.12, 0.155
_INK, _RED = "#1c2733", "#b3261e"
_FRAME_LOOKS: Mapping[str, tuple[str, Literal["-", "--"]]] = {"expert": ("#ffc14d", "-"), "detector": ("#5aa9e6", "--")}


@dataclass(frozen=True, eq=False)
class Panel:
    """One answer with its title."""

    title: str
    result: PredictionResult


@dataclass(frozen=True)
class Shown:
    """Of whom a figure is.

    Attributes
    ----------
    name
        What the case is called: its pseudonym, or the number that a blinded reader knows it by; empty: nobody's.
    readers
        What the readers made of it, in a sentence; empty where that is not to be told.
    spacing_mm
        Edge of a pixel, for a scale bar; None: unknown.
    """

    name: str = ""
    readers: str = ""
    spacing_mm: float | None = None


def draw_figure(
    full8: Gray,
    panels: Sequence[Panel],
    *,
    of: Shown | None = None,
    opacity: float = 0.6,
    colour_map: ColourMap = "inferno",
    form: str = "png",
) -> bytes:
    """The file: the full image, then each answer over it, with letters, stages, the frame and what must be known.

    Parameters
    ----------
    form
        ``png`` (300 dpi) or ``pdf``.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    of = Shown() if of is None else of
    height, width = full8.shape
    columns = len(panels) + 1
    high = PANEL_INCHES * height / width + _BELOW_INCHES
    figure = Figure(figsize=(PANEL_INCHES * columns, high), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    share = _BELOW_INCHES / high
    for n in range(columns):
        axes = figure.add_axes((n / columns + 0.004, share, 1 / columns - 0.008, 1 - share - 0.004))
        axes.set_axis_off()
        letter = f"({'abcdefgh'[n]})"
        if n == 0:
            axes.imshow(full8, cmap="gray", vmin=0, vmax=255, interpolation="none")
            _scale_bar(axes, full8.shape, of.spacing_mm)
            _words(
                figure, n, columns, [f"{letter} Full image" + (f" of {of.name}" if of.name else ""), *([of.readers] if of.readers else [])]
            )
            continue
        result = panels[n - 1].result
        axes.imshow(heatmaps.overlay(full8, result.heat01_vu, opacity, colour_map), interpolation="none")
        _frame(axes, result.prediction.roi)
        _words(figure, n, columns, [f"{letter} {panels[n - 1].title}", *answer_lines(result)])
    _colours(figure, colour_map, [panel.result.prediction.roi for panel in panels])
    warnings = dict.fromkeys(warning for panel in panels for warning in warnings_of(panel.result.prediction.model))
    figure.text(0.006, 0.03 / high, " ".join(warnings), fontsize=6.5, color=_RED, va="bottom")
    figure.text(0.994, 0.03 / high, RESEARCH_USE, fontsize=6.5, color=_INK, va="bottom", ha="right")
    stream = io.BytesIO()
    # No dates in the file: the same answers give the same figure.
    dates = {"CreationDate": None, "ModDate": None} if form == "pdf" else {"Software": "SOS Studio"}
    figure.savefig(stream, format=form, metadata=dates)
    return stream.getvalue()


def answer_lines(result: PredictionResult) -> list[str]:
    """What stands below an answer: the same as on the screen, with its certainty."""
    said = result.prediction
    lines = [answer_title(said)]
    if said.attention_in_roi is not None and said.roi is not None:
        lines.append(f"attention in the {FRAMES[said.roi.source]} {said.attention_in_roi:.0%}")
    if result.heat_stage != said.stage:
        lines.append(f"heatmap: evidence for stage {result.heat_stage}")
    return lines


def _frame(axes: Axes, frame: PredictedRoi | None) -> None:
    if frame is not None:
        corners, (color, line) = frame.roi().corners_uv, _FRAME_LOOKS[frame.source]
        axes.plot([*corners[:, 0], corners[0, 0]], [*corners[:, 1], corners[0, 1]], color=color, linestyle=line, linewidth=0.9)


def _scale_bar(axes: Axes, shape_vu: tuple[int, ...], spacing_mm: float | None) -> None:
    """At the lower left, as on the screen; light on dark, so that it is seen on bone and on air."""
    if spacing_mm is None:
        return
    height, width = shape_vu
    length_mm = next((mm for mm in (50, 20, 10, 5, 2, 1) if mm / spacing_mm <= width / 4), 1)
    left, low = 0.04 * width, 0.95 * height
    for color, thickness in (("black", 3.0), ("white", 1.4)):
        axes.plot([left, left + length_mm / spacing_mm], [low, low], color=color, linewidth=thickness, solid_capstyle="butt")
    axes.text(left, low - 0.02 * height, f"{length_mm} mm", color="white", fontsize=6.5, va="bottom")


def _colours(figure: Figure, colour_map: ColourMap, frames: Sequence[PredictedRoi | None]) -> None:
    """What the colours and the frames mean, in one line below the panels."""
    from matplotlib.lines import Line2D

    wide, high = figure.get_size_inches()
    y, x = 0.24, 0.02
    figure.text(x / wide, y / high, "attention: little", fontsize=6.5, color=_INK, va="center")
    bar = figure.add_axes(((x + 0.72) / wide, (y - 0.04) / high, 0.7 / wide, 0.08 / high))
    bar.set_axis_off()
    steps = np.linspace(0, 1, 64, dtype=np.float32)[None, :]
    bar.imshow(heatmaps.colourise(steps, colour_map), aspect="auto", interpolation="none")
    x += 1.47
    figure.text(x / wide, y / high, "most", fontsize=6.5, color=_INK, va="center")
    for source in sorted({frame.source for frame in frames if frame is not None}, reverse=True):
        x += 0.4
        color, line = _FRAME_LOOKS[source]
        figure.add_artist(Line2D([x / wide, (x + 0.22) / wide], [y / high] * 2, color=color, linestyle=line, linewidth=1.2))
        figure.text((x + 0.27) / wide, y / high, FRAMES[source], fontsize=6.5, color=_INK, va="center")
        x += 0.85


def _words(figure: Figure, n: int, columns: int, lines: Sequence[str]) -> None:
    high = figure.get_size_inches()[1]
    for row, text in enumerate(lines):
        y = (_BELOW_INCHES - 0.05 - _LINE_INCHES * row) / high
        figure.text(n / columns + 0.006, y, text, fontsize=8 if row == 0 else 7.5, color=_INK, va="top")


def save_figure(path: Path, content: bytes) -> None:
    """Write it; ``prediction.folder_unwritable``."""
    try:
        atomic.write_bytes(path, content)
    except OSError as error:
        raise ProjectError(
            "prediction.folder_unwritable", folder=path.parent.name, reason=error.strerror or type(error).__name__
        ) from error
