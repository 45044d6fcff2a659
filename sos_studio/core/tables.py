"""A table of figures as data, and as text, CSV and LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

_LATEX = {character: f"\\{character}" for character in "&%_#${}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "−": "$-$",
    "–": "--",
    "α": r"$\alpha$",
    "β": r"$\beta$",
    "θ": r"$\theta$",
    "κ": r"$\kappa$",
    "°": r"$^\circ$",
    "<": "$<$",
    ">": "$>$",
}


@dataclass(frozen=True)
class Table:
    """Cells are text, ready to be read; what stands below it is part of it.

    Attributes
    ----------
    name
        Of its files, without an ending.
    notes
        Sentences without which its figures would mislead.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "name": self.name,
            "title": self.title,
            "columns": list(self.columns),
            "rows": [list(r) for r in self.rows],
            "notes": list(self.notes),
        }

    @classmethod
    def of_data(cls, data: Mapping[str, Any]) -> Self:
        """What `as_data` gave."""
        rows = tuple(tuple(str(cell) for cell in row) for row in data["rows"])
        return cls(str(data["name"]), str(data["title"]), tuple(map(str, data["columns"])), rows, tuple(map(str, data["notes"])))

    def as_text(self) -> str:
        """For a terminal: columns as wide as they must be."""
        widths = [max(len(row[n]) for row in (self.columns, *self.rows)) for n in range(len(self.columns))]

        def line(cells: Sequence[str]) -> str:
            return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()

        rule = "  ".join("─" * width for width in widths)
        return "\n".join([self.title, rule, line(self.columns), rule, *map(line, self.rows), rule, *self.notes])

    def as_latex(self) -> str:
        """A ``table`` for a paper; needs the package booktabs."""
        body = [" & ".join(map(latex, row)) + r" \\" for row in self.rows]
        lines = [
            r"\begin{table}",
            rf"\caption{{{latex(' '.join((self.title + '.', *self.notes)))}}}",
            rf"\label{{tab:{self.name}}}",
            rf"\begin{{tabular}}{{{'l' * len(self.columns)}}}",
            r"\toprule",
            " & ".join(map(latex, self.columns)) + r" \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
        return "\n".join(lines) + "\n"


def as_csv(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Comma-separated values; None is an empty field, numbers are written so that they come back exactly."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([["" if cell is None else cell for cell in row] for row in rows])
    return text.getvalue()


def latex(text: str) -> str:
    """Text with everything that LaTeX would take for a command escaped."""
    return "".join(_LATEX.get(character, character) for character in text)
