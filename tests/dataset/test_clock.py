"""The clock goes backwards: order comes from numbers that only grow, never from times."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sos_studio.core.readings
from sos_studio.dataset import audit, cases, in_use, manifests, patients, readings, splits
from sos_studio.dataset.in_use import InUse
from sos_studio.dataset.patients import PatientCode
from sos_studio.dataset.project import Project
from sos_studio.services.listed_cases import CaseList
from tests.dataset import builders

_MODULES = ("cases", "captures", "in_use", "patients", "splits", "manifests", "events", "consensus")


@pytest.fixture
def backwards(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each moment is a day before the one before."""
    moment = [datetime(2026, 6, 1, tzinfo=UTC)]

    def earlier() -> datetime:
        moment[0] -= timedelta(days=1)
        return moment[0]

    for name in _MODULES:
        module = __import__(f"sos_studio.dataset.{name}", fromlist=["utc_now"])
        if hasattr(module, "utc_now"):
            monkeypatch.setattr(module, "utc_now", earlier)
    monkeypatch.setattr(sos_studio.core.readings.Reading.model_fields["created_utc"], "default_factory", earlier)
    return iter(())


@pytest.mark.usefixtures("backwards")
def test_the_last_reading_capture_frame_and_exclusion_count(project: Project) -> None:
    case_id = cases.add_case(project)
    captures_made = [builders.add_capture(project, case_id, seed=n) for n in range(3)]
    frames = [builders.add_roi(project, captures_made[2]) for _ in range(2)]
    for stage in (1, 2, 5):
        builders.read(project, case_id, captures_made[2], stage)
    known = CaseList(project)
    assert known.look().cases[0].label == 5
    cases.exclude(project, case_id, "motion", "Ada")
    cases.include(project, case_id, "Ada")
    found = cases.case(project, case_id)
    assert (found.capture_id, found.roi_n, found.label, found.excluded) == (captures_made[2], frames[-1], 5, False)
    in_use.use(project, case_id, InUse(captures_made[2], 1))
    assert cases.case(project, case_id).roi_n == 1
    assert known.look().cases[0].roi_n == 1
    last = builders.read(project, case_id, captures_made[2], 3)
    assert known.look().cases[0].label == 3
    readings.retract(project, last.reading_id, "Ada")
    assert known.look().cases[0].label == 5, "the one before it stands again"


@pytest.mark.usefixtures("backwards")
def test_folds_and_patients_stay_what_they_were(project: Project) -> None:
    first = patients.add_case(project, [PatientCode("P-aaaaaaaaaaaaaaaa")])
    for n in range(14):
        builders.staged_case(project, 1 + n % 5, seed=n)
    manifests.freeze(project)
    folds = splits.folds_given(project)
    again = patients.add_case(project, [PatientCode("P-aaaaaaaaaaaaaaaa")])
    assert again.patient == first.patient
    manifests.freeze(project)
    assert splits.folds_given(project) == folds


@pytest.mark.usefixtures("backwards")
def test_the_history_is_told_in_the_order_in_which_it_was_made(project: Project) -> None:
    made = [builders.staged_case(project, 1 + n % 5, seed=n) for n in range(12)]
    frozen = [manifests.freeze(project).stem for _ in range(3)]
    for case_id in made[:3]:
        cases.exclude(project, case_id, "motion", "Ada")
    entries = audit.history(project)
    assert [entry.case_id for entry in entries if entry.what == "read"] == made
    assert [entry.case_id for entry in entries if entry.what == "framed"] == made
    assert [entry.case_id for entry in entries if entry.what == "excluded"] == made[:3]
    assert [entry.details["manifest"] for entry in entries if entry.what == "manifest_frozen"] == frozen


@settings(max_examples=10, deadline=None)
@given(stages=st.lists(st.integers(1, 5), min_size=1, max_size=6), days=st.lists(st.integers(-500, 500), min_size=6, max_size=6))
def test_whatever_the_clock_says_the_reading_written_last_is_the_label(
    tmp_path_factory: pytest.TempPathFactory, stages: list[int], days: list[int]
) -> None:
    folder: Path = tmp_path_factory.mktemp("clock") / "study"
    with Project.create(folder) as project:
        case_id = builders.staged_case(project, None)
        capture_id = cases.case(project, case_id).capture_id or ""
        for stage, day in zip(stages, days, strict=False):
            made = sos_studio.core.readings.Reading(
                reading_id=readings.new_reading_id(),
                case_id=case_id,
                capture_id=capture_id,
                evaluator="Ada",
                stage=stage,
                created_utc=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day),
            )
            readings.append(project, made)
        assert cases.case(project, case_id).label == stages[-1]
        assert [reading.stage for reading in readings.readings(project, case_id)] == stages
