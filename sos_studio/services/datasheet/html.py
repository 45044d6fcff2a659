"""A datasheet as one HTML file that needs nothing else: no network, no scripts; fields are typed into where they lie."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

from sos_studio.services.datasheet.parts import Beside, Fields, Heading, Paragraph, Part, Plot, Table

_CSS = """
:root { color-scheme: light; }
body { font: 15px/1.55 system-ui, "Segoe UI", "Helvetica Neue", "DejaVu Sans", sans-serif; color: #1c2733; background: #fff;
  max-width: 52rem; margin: 2.5rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; padding-top: .7rem; border-top: 1px solid #d5dbe1; }
p { margin: .5rem 0; max-width: 46rem; }
table { border-collapse: collapse; margin: .8rem 0 1.1rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .28rem .8rem .28rem 0; border-bottom: 1px solid #e6eaee; vertical-align: top; }
td { white-space: nowrap; }
th:first-child, td:first-child { text-align: left; font-weight: 400; }
thead th, thead th:first-child { font-weight: 600; border-bottom: 1.5px solid #8894a0; }
.alarm { color: #a03c2e; font-weight: 600; }
figure { margin: 1rem 0 1.2rem; }
figure img { max-width: 100%; height: auto; }
.beside { display: flex; gap: 1rem; }
figcaption, footer, .note { color: #55626f; font-size: .88rem; }
dl { display: grid; grid-template-columns: minmax(12rem, 17rem) 1fr; gap: .1rem 1rem; }
dt, dd { margin: 0; padding: .3rem 0; border-bottom: 1px solid #e6eaee; }
dd { white-space: pre-wrap; }
dd:empty::before { content: "to be filled in"; color: #a03c2e; font-style: italic; }
dd:focus { outline: 2px solid #35618f; outline-offset: 2px; }
footer { margin: 2.5rem 0 1rem; padding-top: .6rem; border-top: 1px solid #d5dbe1; }
@media print { body { margin: 0; max-width: none; } h2 { break-after: avoid; } table, figure { break-inside: avoid; } }
"""


def render(title: str, parts: Sequence[Part], footer: str) -> str:
    """The whole file."""
    # The policy keeps the promise even if somebody types HTML into a field.
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_CSS}</style>\n</head>\n<body>\n<main>\n<h1>{escape(title)}</h1>\n"
        + "\n".join(map(_part, parts))
        + f"\n</main>\n<footer>{escape(footer)}</footer>\n</body>\n</html>\n"
    )


def _part(part: Part) -> str:
    if isinstance(part, Heading):
        return f"<h2>{escape(part.text)}</h2>"
    if isinstance(part, Paragraph):
        return f'<p class="alarm">{escape(part.text)}</p>' if part.alarm else f"<p>{escape(part.text)}</p>"
    if isinstance(part, Table):
        return _table(part)
    if isinstance(part, Fields):
        typed = 'contenteditable="plaintext-only" role="textbox"'
        rows = "\n".join(
            f'<dt id="f{n}">{escape(label)}</dt><dd {typed} aria-labelledby="f{n}">{escape(words)}</dd>'
            for n, (label, words) in enumerate(part.rows)
        )
        return f'<p class="note">Click into a field to fill it in, then save the page.</p>\n<dl>\n{rows}\n</dl>'
    if isinstance(part, Beside):
        return '<div class="beside">' + "\n".join(map(_plot, part.plots)) + "</div>"
    return _plot(part)


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.header)
    rows = "\n".join(
        f'<tr><th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
        for first, *cells in table.rows
    )
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"


def _plot(plot: Plot) -> str:
    data = base64.b64encode(plot.svg).decode("ascii")
    caption = escape(plot.caption)
    width = f"{plot.width_mm:g}mm"
    return (
        f'<figure><img style="width:{width}" alt="{caption}" src="data:image/svg+xml;base64,{data}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )
