"""The history is read by people: no lists, codes and machine times of a programmer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sos_studio.dataset.audit import Entry
from sos_studio.ui.history_words import details_words

NOW = datetime(2026, 11, 21, 12, 57, tzinfo=UTC)


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"facts": ["patient", "age", "sex"]}, "filled in: patient, age, sex"),
        ({"format": "csv", "left_out": {"excluded": 5, "no_label": 16}}, "format: csv · left out: 5 excluded, 16 without an agreed stage"),
        ({"left_out": {}}, ""),
        ({"patient": "P1", "fold": 0, "seed": 0}, "patient: P1 · fold 1"),
        ({"from_scan": False}, "from a scan: no"),
        ({"made_utc": NOW.isoformat()}, f"made: {NOW.astimezone():%Y-%m-%d %H:%M}"),
    ],
)
def test_details_are_words(details: dict[str, Any], words: str) -> None:
    assert details_words(Entry(NOW, "exported", "", None, details)) == words
