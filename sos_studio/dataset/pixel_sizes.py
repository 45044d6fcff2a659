"""The size of an imported picture's pixels, learned after it was stored.

A capture's record never changes, so what is learned later is an event of the project's history: `schema.CaptureRow.pixel_mm`
reads it wherever the record says nothing.
"""

from __future__ import annotations

from sos_studio.core.captures import PIXEL_SIZE_GIVEN
from sos_studio.dataset import events, sql

# Two measurements of one ruler differ by less, two pixel sizes that people mean by more.
SAME = 0.005


def alike(one_mm: float, other_mm: float) -> bool:
    """Whether two sizes are the same but for the way they were measured."""
    return abs(one_mm - other_mm) <= SAME * max(one_mm, other_mm)


def give(session: sql.Session, case_id: str, capture_id: str, spacing_mm: float, *, who: str = "") -> None:
    """Note the size in a write that is under way; only for captures that have none."""
    events.add(session, PIXEL_SIZE_GIVEN, who=who, case_id=case_id, capture=capture_id, spacing_mm=spacing_mm)
