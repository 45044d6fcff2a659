"""Drawings of the datasheet, by matplotlib without its global state: black on white, and never told by colour alone."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from sos_studio.dataset.export_facts import Facts, PairFacts
from sos_studio.services.datasheet import methods
from sos_studio.services.datasheet.parts import Plot, counted

MM_PER_INCH = 25.4
PNG_DPI = 220
INK, FAINT, FILL, SIDE_FILL = "#1c2733", "#8894a0", "#e8f1f6", "#f6f1e7"
# Light to dark, told apart without colour too; after matplotlib's cividis.
SEX_COLOURS = {"F": "#35618f", "M": "#c9b35b", "": "#c4c9ce"}
SEX_WORDS = {"F": "female", "M": "male", "": "sex unknown"}
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.fonttype": "path",
}


class Canvas:
    """A figure that ends as SVG and PNG, the same bytes each time."""

    def __init__(self, name: str, width_mm: float, height_mm: float) -> None:
        import matplotlib

        self._name, self._width_mm = name, width_mm
        self._style: dict[Any, Any] = {**_STYLE, "svg.hashsalt": name}
        with matplotlib.rc_context(self._style):
            from matplotlib.figure import Figure

            self.figure = Figure(figsize=(width_mm / MM_PER_INCH, height_mm / MM_PER_INCH), layout="constrained")
            self.axes: Any = self.figure.add_subplot()

    def plot(self, caption: str) -> Plot:
        """The finished drawing."""
        import matplotlib

        svg, png = io.BytesIO(), io.BytesIO()
        with matplotlib.rc_context(self._style):
            self.figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
            self.figure.savefig(png, format="png", dpi=PNG_DPI, metadata={"Software": None})
        return Plot(self._name, caption, svg.getvalue(), png.getvalue(), self._width_mm)


def flow_diagram(facts: Facts) -> Plot:
    """From screened to included, as STARD draws it: what goes on down the left, what drops out to the right."""
    flow = facts.flow
    after = flow.screened - flow.excluded_count
    unfinished = [
        (flow.not_captured, "without a full image"),
        (flow.unread, "not read"),
        (flow.ambiguous, "called ambiguous"),
        (flow.open, "no agreed stage"),
    ]
    left = [f"{words} ({n:,})" for n, words in unfinished if n]
    stages = [f"stage {stage}: {n:,}" for stage, n in flow.by_stage.items()]
    boxes = [
        _lines("Cases screened", flow.screened, [counted(flow.patients_screened, "patient")]),
        _lines("Cases not excluded", after, []),
        _lines("Cases included", flow.included, [counted(flow.patients_included, "patient"), *stages]),
    ]
    sides = [_lines("Excluded", flow.excluded_count, methods.reasons(facts)), _lines("Not included", after - flow.included, left)]
    heights = [_height(box) for box in boxes]
    gaps = [max(_height(side) + 6.0, 14.0) for side in sides]
    total = sum(heights) + sum(gaps) + 4
    canvas = Canvas("flow", 150.0, total)
    axes = canvas.axes
    axes.set_xlim(0, 150)
    axes.set_ylim(total, 0)
    axes.axis("off")
    canvas.figure.set_layout_engine("none")
    axes.set_position((0, 0, 1, 1))
    top = 2.0
    for n, box in enumerate(boxes):
        _box(axes, (2, top), (66, heights[n]), box, FILL)
        bottom = top + heights[n]
        if n < len(sides):
            _arrow(axes, (33, bottom), (33, bottom + gaps[n]))
            middle = bottom + gaps[n] / 2
            height = _height(sides[n])
            _arrow(axes, (33, middle), (80, middle))
            _box(axes, (80, middle - height / 2), (69, height), sides[n], SIDE_FILL)
        top = bottom + (gaps[n] if n < len(gaps) else 0)
    words = [f"{counted(flow.screened, 'case')} screened", f"{flow.excluded_count:,} excluded", f"{flow.included:,} included"]
    return canvas.plot(f"Flow of cases: {', '.join(words)}.")


def stages(facts: Facts) -> Plot:
    """Cases by stage and sex."""
    canvas = Canvas("stages", 110.0, 62.0)
    sexes = [sex for sex in SEX_WORDS if any(count[sex] for count in facts.sexes_by_stage.values())]
    bottom = np.zeros(len(facts.stages))
    for sex in sexes:
        counts = np.array([facts.sexes_by_stage[stage][sex] for stage in facts.stages])
        hatch = {"M": "////"}.get(sex, "")
        canvas.axes.bar(
            facts.stages, counts, 0.68, bottom, label=SEX_WORDS[sex], color=SEX_COLOURS[sex], edgecolor="white", hatch=hatch, linewidth=0.6
        )
        bottom += counts
    for stage, n in zip(facts.stages, bottom, strict=True):
        canvas.axes.annotate(f"{int(n):,}", (stage, n), (0, 2), textcoords="offset points", ha="center", va="bottom")
    _whole_numbers(canvas.axes, "Stage", "Cases", facts.stages)
    canvas.axes.margins(y=0.12)
    if sexes != [""]:
        canvas.axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return canvas.plot("Included cases by stage" + (" and sex." if sexes != [""] else "."))


def ages(facts: Facts) -> Plot:
    """Each age as a dot, and quartiles, by stage."""
    canvas = Canvas("ages", 110.0, 62.0)
    shown = [stage for stage in facts.stages if facts.ages_by_stage[stage]]
    canvas.axes.boxplot(
        [facts.ages_by_stage[stage] for stage in shown],
        positions=shown,
        widths=0.55,
        showfliers=False,
        medianprops={"color": INK, "linewidth": 1.6},
        boxprops={"color": FAINT},
        whiskerprops={"color": FAINT},
        capprops={"color": FAINT},
    )
    rng = np.random.default_rng(0)
    for stage in shown:
        found = np.array(facts.ages_by_stage[stage])
        spread = rng.uniform(-0.2, 0.2, len(found))
        canvas.axes.plot(stage + spread, found, "o", markersize=2.4, color=SEX_COLOURS["F"], alpha=0.55, markeredgewidth=0)
    _whole_numbers(canvas.axes, "Stage", "Age in years", facts.stages)
    return canvas.plot("Age by stage: every case (dots), quartiles (boxes) and median (line).")


def agreement(pairs: Sequence[PairFacts], stages: Sequence[int]) -> Plot:
    """All pairs of readings of one case, the earlier numbered evaluator's stage across."""
    canvas = Canvas("agreement", 84.0, 72.0)
    matrix = np.sum([pair.matrix for pair in pairs], axis=0)
    canvas.axes.imshow(matrix, cmap="Blues", vmin=0, vmax=max(int(matrix.max()), 1) * 1.25)
    for row, column in np.ndindex(matrix.shape):
        dark = matrix[row, column] > 0.6 * matrix.max()
        canvas.axes.text(column, row, f"{matrix[row, column]:,}", ha="center", va="center", color="white" if dark else INK)
    canvas.axes.set_xticks(range(len(stages)), list(map(str, stages)))
    canvas.axes.set_yticks(range(len(stages)), list(map(str, stages)))
    canvas.axes.set_xlabel("Stage by the second of a pair")
    canvas.axes.set_ylabel("Stage by the first")
    canvas.axes.tick_params(length=0)
    canvas.axes.spines[:].set_visible(False)
    return canvas.plot(f"Stages of {counted(int(matrix.sum()), 'pair')} of readings of the same case.")


def _whole_numbers(axes: Any, across: str, up: str, stages: Sequence[int]) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xticks(list(stages))
    axes.set_xlim(min(stages) - 0.6, max(stages) + 0.6)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(bottom=0)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.tick_params(length=2.5)


def _lines(words: str, n: int, below: list[str]) -> list[str]:
    return [f"{words} (n = {n:,})", *below]


def _height(lines: list[str]) -> float:
    return 5.0 + 4.4 * len(lines)


def _box(axes: Any, corner: tuple[float, float], size: tuple[float, float], lines: list[str], fill: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    style = "round,pad=0,rounding_size=1.2"
    axes.add_patch(FancyBboxPatch(corner, *size, boxstyle=style, facecolor=fill, edgecolor=FAINT, linewidth=0.8))
    for n, line in enumerate(lines):
        axes.text(corner[0] + 3, corner[1] + 4.7 + 4.4 * n, line, va="center", weight="bold" if n == 0 else "normal")


def _arrow(axes: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": FAINT, "linewidth": 1.0, "shrinkA": 0, "shrinkB": 0})
