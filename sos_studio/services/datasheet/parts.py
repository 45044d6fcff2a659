"""What a datasheet is made of, before it becomes HTML or PDF, and how counts are spelled in it.

A datasheet is a document for journals and repositories: it is in English whatever the window speaks.
"""

from __future__ import annotations

from dataclasses import dataclass

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Heading:
    """A section begins."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """Running words; an `alarm` must not be overlooked."""

    text: str
    alarm: bool = False


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Fields:
    """What a person fills in: label and words; empty words are shown as still to be filled in."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Plot:
    """A drawing with its words for those who can't see it. `width_mm` is its width on paper."""

    name: str
    caption: str
    svg: bytes
    png: bytes
    width_mm: float


@dataclass(frozen=True)
class Beside:
    """Drawings beside one another; together they are no wider than the page."""

    plots: tuple[Plot, ...]


Part = Heading | Paragraph | Table | Fields | Plot | Beside


def counted(n: int, one: str, many: str | None = None) -> str:
    """``1 case``, ``1,234 cases``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def share(n: int, of: int) -> str:
    """``12 (34 %)``; the share is left out where there is nothing to share."""
    return f"{n:,} ({round(100 * n / of)}\u202f%)" if of else f"{n:,}"


def listed(words: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def mm(value: float | None) -> str:
    """A pixel size; three decimals at most."""
    return UNKNOWN if value is None else f"{value:.3f}".rstrip("0").rstrip(".") + " mm"
