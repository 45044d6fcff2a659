"""The full image and what networks make of it, side by side as a figure for a paper (its figure 3); PNG or PDF."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from sos_studio.core import atomic
from sos_studio.core.answer_words import (
    EMPTY_HEATMAP,
    FRAMES,
    KNOWN,
    Acquaintance,
    answer_title,
    attention_sentence,
    certainty_sentence,
    held_out_sentence,
    mostly_wrong,
)
from sos_studio.core.errors import ProjectError
from sos_studio.core.model_card import RESEARCH_USE, warnings_of
from sos_studio.core.predictions import ModelCard, PredictedRoi
from sos_studio.imaging import heatmaps
from sos_studio.imaging.heatmaps import ColourMap
from sos_studio.services.prediction import Gray, PredictionResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_INCHES = 3.0
DPI = 300
# Below the pictures: the lines about each, then the colours and frames, then what must be known of the networks.
_LINE_INCHES, _SMALL_INCHES, _EDGE_INCHES = 0.155, 0.13, 0.05
_LETTERS, _SMALL_LETTERS = 49, 19  # that fit into a line of a panel, and into an inch of the small print
_INK, _RED = "#1c2733", "#b3261e"
_FRAME_LOOKS: Mapping[str, tuple[str, Literal["-", "--"]]] = {"expert": ("#ffc14d", "-"), "detector": ("#5aa9e6", "--")}

# Pixels of the full image: left, top, right, bottom; the last two are not inside.
Part = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Panel:
    """One answer with its title.

    Attributes
    ----------
    known
        What the network has seen of the case; None: not to be told.
    measured
        The card whose figures say how often such answers are right; None: nothing measured it.
    """

    title: str
    result: PredictionResult
    known: Acquaintance | None = None
    measured: ModelCard | None = None


class Line(NamedTuple):
    """Words below a picture; in red what takes trust away."""

    text: str
    grave: bool = False


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
    part: Part | None = None,
    opacity: float = 0.6,
    colour_map: ColourMap = "inferno",
    form: str = "png",
) -> bytes:
    """The file: the full image, then each answer over it, with letters, stages, the frame and what must be known.

    Parameters
    ----------
    part
        What is shown of the full image, and all that is in the file; None: the whole.
    form
        ``png`` (300 dpi) or ``pdf``.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    of = Shown() if of is None else of
    whole: Part = (0, 0, full8.shape[1], full8.shape[0])
    part = whole if part is None else part
    what = ("Full image" if part == whole else "Part of the full image") + (f" of {of.name}" if of.name else "")
    words = [_wrapped([Line(f"(a) {what}"), *([Line(of.readers)] if of.readers else [])])]
    words += [_wrapped([Line(f"({letter}) {panel.title}"), *answer_lines(panel)]) for letter, panel in zip("bcdefgh", panels, strict=False)]
    wide = PANEL_INCHES * len(words)
    warnings = dict.fromkeys(warning for panel in panels for warning in warnings_of(panel.result.prediction.model))
    small = textwrap.wrap(" ".join(warnings), int(wide * _SMALL_LETTERS))
    small_inches = _SMALL_INCHES * len(small) + _EDGE_INCHES
    below = small_inches + 0.3 + _LINE_INCHES * max(map(len, words)) + _EDGE_INCHES
    high = (PANEL_INCHES - _EDGE_INCHES) * (part[3] - part[1]) / (part[2] - part[0]) + _EDGE_INCHES + below
    figure = Figure(figsize=(wide, high), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    for n, lines in enumerate(words):
        place = ((n * PANEL_INCHES + _EDGE_INCHES / 2) / wide, below / high)
        axes = figure.add_axes((*place, (PANEL_INCHES - _EDGE_INCHES) / wide, 1 - (below + _EDGE_INCHES) / high))
        result = None if n == 0 else panels[n - 1].result
        picture = full8 if result is None else heatmaps.overlay(full8, result.heat01_vu, opacity, colour_map)
        _picture(axes, picture, part, smooth=part != whole)
        if result is None:
            _scale_bar(axes, part, of.spacing_mm)
        else:
            _frame(axes, result.prediction.roi)
        _words(figure, n, below, lines)
    _colours(figure, small_inches + 0.14, colour_map, [panel.result.prediction.roi for panel in panels])
    for row, text in enumerate(reversed(small)):
        y = (_EDGE_INCHES + _SMALL_INCHES * row) / high
        figure.text(_EDGE_INCHES / wide, y, text, fontsize=6.5, color=_RED, va="bottom")
    stream = io.BytesIO()
    # No dates in the file: the same answers give the same figure.
    dates = {"CreationDate": None, "ModDate": None} if form == "pdf" else {"Software": "SOS Studio"}
    figure.savefig(stream, format=form, metadata=dates)
    return stream.getvalue()


def answer_lines(panel: Panel) -> list[Line]:
    """What stands below an answer: the same as on the screen, with its certainty and how far to trust it."""
    result, said = panel.result, panel.result.prediction
    lines = [Line(answer_title(said), said.unlike)]
    if said.promised is not None:
        lines.append(Line(certainty_sentence(said)))
    if not result.heat01_vu.any():
        lines.append(Line(EMPTY_HEATMAP, grave=True))
    elif said.attention_in_roi is not None and said.roi is not None:
        shape_vu = (result.heat01_vu.shape[0], result.heat01_vu.shape[1])
        told = attention_sentence(said.attention_in_roi, said.roi, result.heat_stage, shape_vu)
        lines.append(Line(told, said.overlooked(shape_vu)))
    if result.heat_stage != said.stage:
        lines.append(Line(f"Heatmap: evidence for stage {result.heat_stage}, chosen by a person."))
    if panel.known is not None:
        lines.append(Line(KNOWN[panel.known], panel.known in ("learned", "patient")))
    quality = "" if panel.measured is None else held_out_sentence(panel.measured)
    if panel.measured is not None and quality:
        lines.append(Line(quality, mostly_wrong(panel.measured)))
    elif panel.known is not None:
        lines.append(Line("How often it is right in cases it had never seen was not measured."))
    return lines


def _wrapped(lines: Sequence[Line]) -> list[Line]:
    """None runs into the next panel; the title's letters are a little larger."""
    return [
        Line(text, line.grave)
        for row, line in enumerate(lines)
        for text in textwrap.wrap(line.text, _LETTERS - (3 if row == 0 else 0)) or [""]
    ]


def _picture(axes: Axes, picture: np.ndarray, part: Part, *, smooth: bool) -> None:
    """Only that part of it: what is not seen is not in the file."""
    left, top, right, bottom = part
    edges = (left - 0.5, right - 0.5, bottom - 0.5, top - 0.5)
    axes.set_axis_off()
    axes.imshow(picture[top:bottom, left:right], cmap="gray", vmin=0, vmax=255, extent=edges, interpolation="bicubic" if smooth else "none")
    axes.set_autoscale_on(False)


def _frame(axes: Axes, frame: PredictedRoi | None) -> None:
    if frame is not None:
        corners, (color, line) = frame.roi().corners_uv, _FRAME_LOOKS[frame.source]
        axes.plot([*corners[:, 0], corners[0, 0]], [*corners[:, 1], corners[0, 1]], color=color, linestyle=line, linewidth=0.9)


def _scale_bar(axes: Axes, part: Part, spacing_mm: float | None) -> None:
    """At the lower left, as on the screen; light on dark, so that it is seen on bone and on air."""
    if spacing_mm is None:
        return
    width, height = part[2] - part[0], part[3] - part[1]
    length_mm = next((mm for mm in (50, 20, 10, 5, 2, 1) if mm / spacing_mm <= width / 4), 1)
    left, low = part[0] + 0.04 * width, part[1] + 0.95 * height
    for color, thickness in (("black", 3.0), ("white", 1.4)):
        axes.plot([left, left + length_mm / spacing_mm], [low, low], color=color, linewidth=thickness, solid_capstyle="butt")
    axes.text(left, low - 0.02 * height, f"{length_mm}\u00a0mm", color="white", fontsize=6.5, va="bottom")


def _colours(figure: Figure, y_inches: float, colour_map: ColourMap, frames: Sequence[PredictedRoi | None]) -> None:
    """What the colours and the frames mean, in one line below the panels; at its end what it may be used for."""
    from matplotlib.lines import Line2D

    wide, high = figure.get_size_inches()
    y, x = y_inches / high, _EDGE_INCHES
    figure.text(x / wide, y, "little attention", fontsize=6.5, color=_INK, va="center")
    bar = figure.add_axes(((x + 0.7) / wide, y - 0.04 / high, 0.7 / wide, 0.08 / high))
    bar.set_axis_off()
    steps = np.linspace(0, 1, 64, dtype=np.float32)[None, :]
    bar.imshow(heatmaps.colourise(steps, colour_map), aspect="auto", interpolation="none")
    x += 1.45
    figure.text(x / wide, y, "most", fontsize=6.5, color=_INK, va="center")
    for source in sorted({frame.source for frame in frames if frame is not None}, reverse=True):
        x += 0.4
        color, line = _FRAME_LOOKS[source]
        figure.add_artist(Line2D([x / wide, (x + 0.22) / wide], [y] * 2, color=color, linestyle=line, linewidth=1.2))
        figure.text((x + 0.27) / wide, y, FRAMES[source], fontsize=6.5, color=_INK, va="center")
        x += 0.85
    figure.text(1 - _EDGE_INCHES / wide, y, RESEARCH_USE, fontsize=6.5, color=_INK, va="center", ha="right")


def _words(figure: Figure, n: int, below: float, lines: Sequence[Line]) -> None:
    wide, high = figure.get_size_inches()
    for row, line in enumerate(lines):
        x, y = (n * PANEL_INCHES + _EDGE_INCHES) / wide, (below - _EDGE_INCHES - _LINE_INCHES * row) / high
        figure.text(x, y, line.text, fontsize=8 if row == 0 else 7.5, color=_RED if line.grave else _INK, va="top")


def save_figure(path: Path, content: bytes) -> None:
    """Write it; ``prediction.folder_unwritable``."""
    try:
        atomic.write_bytes(path, content)
    except OSError as error:
        raise ProjectError(
            "prediction.folder_unwritable", folder=path.parent.name, reason=error.strerror or type(error).__name__
        ) from error
