"""A datasheet as PDF on A4, by reportlab: flowing text and tables, numbered pages, fonts within."""

from __future__ import annotations

import io
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from sos_studio.services.datasheet.parts import Beside, Fields, Heading, Paragraph, Part, Plot, Table

REGULAR, BOLD, OBLIQUE = "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique"
INK, FAINT, LINE, TODO = "#1c2733", "#55626f", "#c9d0d7", "#a03c2e"
_MARGIN_MM = 20.0
# Above and below, where that spares a last page with hardly anything on it; the footer still has air.
_CLOSE_MARGIN_MM = 16.5
_NEARLY_EMPTY = 0.2
# A table of more rows may go on on the next page, but not begin where less room (points) is left than its heading and some rows need.
_LONG_TABLE, _BEGUN = 20, 170.0
_CELL_SIZE = 8.2


def render(title: str, parts: Sequence[Part], footer: str) -> bytes:
    """The whole file; the same bytes for the same datasheet."""
    _use_fonts()
    made, pages, used = _build(title, parts, footer, _MARGIN_MM)
    if pages > 1 and used < _NEARLY_EMPTY:
        closer, fewer, _ = _build(title, parts, footer, _CLOSE_MARGIN_MM)
        if fewer < pages:
            return closer
    return made


def _build(title: str, parts: Sequence[Part], footer: str, high_mm: float) -> tuple[bytes, int, float]:
    """The file with margins of `high_mm` above and below, its number of pages, and how much of the last one is used (0 … 1)."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.platypus import SimpleDocTemplate

    stream = io.BytesIO()
    margin = _MARGIN_MM * mm
    document = SimpleDocTemplate(
        stream,
        pagesize=A4,
        title=title,
        author="",
        creator="SOS Studio",
        subject="Datasheet",
        invariant=1,
        leftMargin=margin,
        rightMargin=margin,
        topMargin=high_mm * mm,
        bottomMargin=high_mm * mm,
    )

    def foot(canvas: Any, page: Any) -> None:
        canvas.saveState()
        canvas.setFont(REGULAR, 7.5)
        canvas.setFillColor(FAINT)
        canvas.drawString(margin, 12 * mm, footer)
        canvas.drawRightString(A4[0] - margin, 12 * mm, str(page.page))
        canvas.restoreState()

    left = 0.0  # of the page, below the last thing on it so far

    def measure(_: Any) -> None:
        nonlocal left
        if document.frame is not None:  # there is none between two pages
            left = document.frame._y - document.frame._y1

    document.afterFlowable = measure
    document.build(_story(title, parts, A4[0] - 2 * margin), onFirstPage=foot, onLaterPages=foot)
    return stream.getvalue(), document.page, 1 - left / (A4[1] - 2 * high_mm * mm)


def _story(title: str, parts: Sequence[Part], width: float) -> list[Any]:
    """All that flows: a heading and the sentences under it stay with the table or plot that they lead to, a caption with its plot."""
    from reportlab.platypus import CondPageBreak, KeepTogether

    story: list[Any] = [_words(title, 17, bold=True, after=4)]
    held: list[Any] = []
    for part in parts:
        if isinstance(part, Heading) and held:
            story.append(KeepTogether(held))
            held = []
        held = [*held, *_part(part, width)]
        if not isinstance(part, (Heading, Paragraph)):
            long = isinstance(part, Table) and len(part.rows) > _LONG_TABLE
            story += [CondPageBreak(_BEGUN), *held] if long else [KeepTogether(held)]
            held = []
    return [*story, KeepTogether(held)] if held else story


def _use_fonts() -> None:
    """Matplotlib's own DejaVu: the fonts of PDF itself have neither – nor →, nor most names of people."""
    import matplotlib
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for name in (REGULAR, BOLD, OBLIQUE):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))


def _words(text: str, size: float = 9.0, *, bold: bool = False, colour: str = INK, before: float = 0, after: float = 5) -> Any:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph as Flowing

    style = ParagraphStyle(
        f"{size}{bold}{colour}{before}{after}",
        fontName=BOLD if bold else REGULAR,
        fontSize=size,
        leading=size * 1.42,
        textColor=colour,
        spaceBefore=before,
        spaceAfter=after,
    )
    return Flowing(escape(text, quote=False).replace("\n", "<br/>"), style)


def _part(part: Part, width: float) -> list[Any]:
    if isinstance(part, Heading):
        return [_words(part.text, 11.5, bold=True, before=10, after=5)]
    if isinstance(part, Paragraph):
        return [_words(part.text, bold=True, colour=TODO) if part.alarm else _words(part.text)]
    if isinstance(part, Table):
        return [_table(part, width)]
    if isinstance(part, Fields):
        return [_fields(part, width)]
    if isinstance(part, Beside):
        return [_beside(part, width)]
    return _plot(part, width)


def _table(table: Table, width: float) -> Any:
    from reportlab.platypus import Table as Grid

    cells = [[_cell(cell, n, bold=True) for n, cell in enumerate(table.header)]]
    cells += [[_cell(cell, n) for n, cell in enumerate(row)] for row in table.rows]
    grid = Grid(cells, colWidths=_column_widths(table, width), repeatRows=1, hAlign="LEFT", spaceBefore=3, spaceAfter=8)
    grid.setStyle([("LINEBELOW", (0, 0), (-1, 0), 0.9, FAINT), *_ROWS])
    return grid


def _column_widths(table: Table, width: float) -> list[float]:
    """As wide as the longest cell, or as a heading needs in two lines; the first column gives way where the page is too narrow."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    pad = 14.0
    found = []
    for column, name in enumerate(table.header):
        # A space that doesn't break holds what belongs together.
        words = [stringWidth(word, BOLD, _CELL_SIZE) for word in name.split(" ")]
        words.append(stringWidth(name, BOLD, _CELL_SIZE) * 0.55)
        cells = [stringWidth(row[column], REGULAR, _CELL_SIZE) for row in table.rows]
        found.append(max([*words, *cells, 20.0]) + pad)
    others = sum(found[1:])
    return [max(min(found[0], width - others), 0.2 * width), *found[1:]]


# Thin lines below rows, little air.
_ROWS: list[tuple[Any, ...]] = [
    ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 6),
    ("TOPPADDING", (0, 0), (-1, -1), 2.2),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2.6),
]


def _cell(text: str, column: int, *, bold: bool = False) -> Any:
    words = _words(text, _CELL_SIZE, bold=bold, after=0)
    words.style.alignment = 0 if column == 0 else 2
    return words


def _fields(fields: Fields, width: float) -> Any:
    from reportlab.platypus import Table as Grid

    rows = [
        [
            _words(label, _CELL_SIZE, bold=True, after=0),
            _words(words, _CELL_SIZE, after=0) if words else _words("to be filled in", _CELL_SIZE, colour=TODO, after=0),
        ]
        for label, words in fields.rows
    ]
    grid = Grid(rows, colWidths=[0.36 * width, 0.64 * width], hAlign="LEFT", spaceAfter=8)
    grid.setStyle([("LINEBELOW", (0, 0), (-1, 0), 0.4, LINE), *_ROWS])
    return grid


def _plot(plot: Plot, width: float) -> list[Any]:
    from reportlab.lib.units import mm
    from reportlab.lib.utils import ImageReader
    from reportlab.platypus import Image

    wide, high = ImageReader(io.BytesIO(plot.png)).getSize()
    across = min(plot.width_mm * mm, width)
    picture = Image(io.BytesIO(plot.png), across, across * high / wide, hAlign="LEFT")
    return [picture, _words(plot.caption, 8, colour=FAINT, before=2, after=7)]


def _beside(beside: Beside, width: float) -> Any:
    from reportlab.platypus import Table as Grid

    room = width / len(beside.plots)
    grid = Grid([[_plot(plot, room - 6) for plot in beside.plots]], colWidths=[room] * len(beside.plots), hAlign="LEFT")
    grid.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 6)])
    return grid
