"""The full image and what networks make of it, side by side as a figure for a paper (its figure 3); PNG or PDF."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sos_studio.core import atomic
from sos_studio.core.errors import ProjectError
from sos_studio.core.model_card import RESEARCH_USE, warnings_of
from sos_studio.imaging import heatmaps
from sos_studio.imaging.heatmaps import ColourMap
from sos_studio.services.prediction import Gray, PredictionResult

PANEL_INCHES = 3.0
DPI = 300
_INK, _RED, _FRAME = "#1c2733", "#b3261e", "#ffc14d"


@dataclass(frozen=True, eq=False)
class Panel:
    """One answer with its title."""

    title: str
    result: PredictionResult


def draw_figure(
    full8: Gray, panels: Sequence[Panel], *, opacity: float = 0.6, colour_map: ColourMap = "inferno", form: str = "png"
) -> bytes:
    """The file: the full image, then each answer over it, with letters, stages, the frame and what must be known.

    Parameters
    ----------
    form
        ``png`` (300 dpi) or ``pdf``.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height, width = full8.shape
    columns = len(panels) + 1
    below = 0.75
    figure = Figure(figsize=(PANEL_INCHES * columns, PANEL_INCHES * height / width + below), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    share = below / (PANEL_INCHES * height / width + below)
    for n in range(columns):
        axes = figure.add_axes((n / columns + 0.004, share, 1 / columns - 0.008, 1 - share - 0.004))
        axes.set_axis_off()
        letter = f"({'abcdefgh'[n]})"
        if n == 0:
            axes.imshow(full8, cmap="gray", vmin=0, vmax=255, interpolation="none")
            _words(figure, n, columns, share, [f"{letter} Full image"])
            continue
        panel = panels[n - 1]
        said = panel.result.prediction
        axes.imshow(heatmaps.overlay(full8, panel.result.heat01_vu, opacity, colour_map), interpolation="none")
        if said.roi is not None:
            corners = said.roi.roi().corners_uv
            axes.plot([*corners[:, 0], corners[0, 0]], [*corners[:, 1], corners[0, 1]], color=_FRAME, linewidth=0.9)
        lines = [f"{letter} {panel.title}", f"stage {said.stage} ({max(said.probabilities):.0%})"]
        if said.attention_in_roi is not None:
            lines[1] += f", attention in the frame {said.attention_in_roi:.0%}"
        if panel.result.heat_stage != said.stage:
            lines.append(f"heatmap: evidence for stage {panel.result.heat_stage}")
        _words(figure, n, columns, share, lines)
    warnings = dict.fromkeys(warning for panel in panels for warning in warnings_of(panel.result.prediction.model))
    unlike = ["Unlike the training data."] if any(panel.result.prediction.unlike for panel in panels) else []
    figure.text(0.006, 0.03, " ".join([*warnings, *unlike]), fontsize=6.5, color=_RED, va="bottom")
    figure.text(0.994, 0.03, RESEARCH_USE, fontsize=6.5, color=_INK, va="bottom", ha="right")
    stream = io.BytesIO()
    # No dates in the file: the same answers give the same figure.
    dates = {"CreationDate": None, "ModDate": None} if form == "pdf" else {"Software": "SOS Studio"}
    figure.savefig(stream, format=form, metadata=dates)
    return stream.getvalue()


def _words(figure: object, n: int, columns: int, share: float, lines: Sequence[str]) -> None:
    for row, text in enumerate(lines):
        figure.text(  # type: ignore[attr-defined]
            n / columns + 0.006, share * (0.96 - 0.22 * row), text, fontsize=8 if row == 0 else 7.5, color=_INK, va="top"
        )


def save_figure(path: Path, content: bytes) -> None:
    """Write it; ``prediction.folder_unwritable``."""
    try:
        atomic.write_bytes(path, content)
    except OSError as error:
        raise ProjectError(
            "prediction.folder_unwritable", folder=path.parent.name, reason=error.strerror or type(error).__name__
        ) from error
