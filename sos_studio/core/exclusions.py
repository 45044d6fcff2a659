"""Why a case is left out of the dataset: a short list of reasons, and words of one's own beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

# Codes are stable and leave with exports; their words are made in `sos_studio.messages` (``exclusion.<code>``).
REASONS: tuple[str, ...] = ("not_shown", "motion", "metal", "quality", "pathology", "duplicate", "other")
# Says nothing without words of one's own.
OTHER = "other"
MAX_NOTE = 300


@dataclass(frozen=True)
class Exclusion:
    """A case's standing exclusion.

    Attributes
    ----------
    reason
        One of `REASONS`; what an older version or a script wrote may be anything.
    note
        The evaluator's own words; they never leave with an export.
    """

    reason: str
    note: str
    evaluator: str
    created_utc: datetime
