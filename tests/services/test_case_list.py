"""The list that is looked at again and again: always what a full look finds, and only what changed is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sos_studio.core.roi import Roi
from sos_studio.dataset import cases, predictions, readings, sql
from sos_studio.dataset.in_use import InUse, use
from sos_studio.dataset.project import Project
from sos_studio.services import listed_cases, staging
from sos_studio.services.listed_cases import CaseList
from tests.dataset import builders


@pytest.fixture
def project(tmp_path: Path) -> Any:
    with Project.create(tmp_path / "study") as made:
        for n in range(4):
            builders.staged_case(made, 1 + n)
        yield made


def _captures(project: Project) -> dict[str, str]:
    return {case.case_id: case.capture_id or "" for case in cases.cases(project)}


def test_each_thing_that_is_written_shows_at_the_next_look_and_only_its_case_is_fresh(project: Project) -> None:
    known = CaseList(project)
    assert known.look().fresh == {f"case-000{n}" for n in range(1, 5)}
    assert known.look().fresh == frozenset()
    capture = _captures(project)

    def written(case_id: str) -> None:
        look = known.look()
        assert look.fresh == {case_id}
        assert list(look.cases) == listed_cases.listed_cases(project)

    reading = builders.read(project, "case-0001", capture["case-0001"], 5, "Ben")
    written("case-0001")
    readings.retract(project, reading.reading_id, "Ben")
    written("case-0001")
    cases.exclude(project, "case-0002", "motion", "Ben")
    written("case-0002")
    cases.include(project, "case-0002", "Ben")
    written("case-0002")
    predictions.record_shown(project, capture["case-0003"], model_id="m", stage=1, probabilities=[1, 0, 0, 0, 0])
    written("case-0003")
    builders.add_roi(project, capture["case-0003"], Roi.of((50.0, 45.0), 10.0, 40.0))
    written("case-0003")
    use(project, "case-0003", InUse(capture["case-0003"], 1))
    written("case-0003")
    builders.add_capture(project, "case-0004", seed=9)
    written("case-0004")
    written(cases.add_case(project))


def test_what_leaves_no_number_is_seen_too(project: Project) -> None:
    known = CaseList(project)
    known.look()
    with project.writing() as session:
        session.execute(sql.update(sql.CaseRow).where(sql.CaseRow.case_id == "case-0002").values(patient="P0001"))
    look = known.look()
    assert (look.fresh, look.cases[1].patient) == ({"case-0002"}, "P0001")
    new = cases.add_case(project)
    known.look()
    cases.withdraw(project, new)
    assert [case.case_id for case in known.look().cases] == [f"case-000{n}" for n in range(1, 5)]


def test_a_write_of_a_second_window_is_seen(project: Project) -> None:
    with Project.open(project.directory, read_only=True) as other:
        known = CaseList(other)
        known.look()
        staging.stage(project, "case-0003", _captures(project)["case-0003"], 1, "Cleo", 2)
        assert known.look().fresh == {"case-0003"}


def test_after_one_reading_no_other_case_is_made_again(project: Project) -> None:
    known = CaseList(project)
    before = known.look().cases
    builders.read(project, "case-0002", _captures(project)["case-0002"], 5, "Ben")
    after = known.look().cases
    assert [old is new for old, new in zip(before, after, strict=True)] == [True, False, True, True]
