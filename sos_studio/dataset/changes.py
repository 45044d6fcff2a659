"""Which cases changed since one looked last: nearly all tables only grow, so their last numbers tell.

Numbers, never times: a clock may go backwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sos_studio.dataset import sql
from sos_studio.dataset.light_readings import plain_rows

# Every frame brings a row of `in_use`, so `rois` needs no number of its own.
_GROWING = ("readings", "captures", "in_use", "exclusions", "predictions")


@dataclass(frozen=True)
class Mark:
    """How far each table was read; the default: nothing yet."""

    last: Mapping[str, int] = field(default_factory=dict)


def now(session: sql.Session) -> Mark:
    """How far the tables have grown."""
    return Mark({table: plain_rows(session, f"SELECT coalesce(max(number), 0) FROM {table}")[0][0] for table in _GROWING})


def since(session: sql.Session, mark: Mark) -> set[str]:
    """Cases that got a reading, capture, frame, exclusion or prediction, or another capture in use, after `mark`."""
    found: set[str] = set()
    for table in _GROWING:
        rows = plain_rows(session, f"SELECT DISTINCT case_id FROM {table} WHERE number > ?", (mark.last.get(table, 0),))
        found.update(case_id for (case_id,) in rows)
    return found
