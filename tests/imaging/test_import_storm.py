"""No bytes bring the reader down: not by a crash, a hang, a memory hog or an error without words."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.imaging.import_storm import storm

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is watched through Linux's /proc")

# The reader, broken: its third answer is an error without words, its fourth a crash, its fifth a hog, its sixth slow.
BROKEN = """
import os, time
import numpy as np
from sos_studio.imaging import sources
own, asked = sources.load_series, []
def load_series(*arguments, **more):
    asked.append(1)
    faults = {13: lambda: 1 / 0, 14: lambda: np.ones(50_000_000).sum(), 15: lambda: time.sleep(5.2), 16: lambda: os._exit(7)}
    faults.get(len(asked), lambda: None)()
    return own(*arguments, **more)
sources.load_series = load_series
"""


@pytest.mark.parametrize("count", [150, pytest.param(30_000, marks=[pytest.mark.slow, pytest.mark.timeout(3000)])])
def test_any_bytes_load_or_are_refused_in_words_quickly_and_within_memory(tmp_path: Path, count: int) -> None:
    (tmp_path / "seeds").mkdir()
    outcome = storm(count, 11, tmp_path / "seeds")
    print(f"{outcome.inputs} inputs, longest {outcome.longest_s:.2f} s, most {outcome.most_mb} MB, {dict(outcome.ends)}")  # noqa: T201
    assert outcome.inputs == count
    assert outcome.faults == []
    assert outcome.ends["loaded"] > 0


@pytest.mark.slow
def test_the_storm_notices_errors_without_words_hogs_hangs_and_crashes(tmp_path: Path) -> None:
    (tmp_path / "seeds").mkdir()
    faults = " ".join(storm(25, 1, tmp_path / "seeds", BROKEN).faults)
    for fault in ("ZeroDivisionError", "touched", "took 5.", "the process died with 7"):
        assert fault in faults
