"""What readers leave behind is enough to measure automation bias from the exported tables alone: who changed to what after which advice."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from sos_studio.dataset import exports
from sos_studio.dataset.project import Project
from sos_studio.presenters.prediction import PredictionPresenter
from sos_studio.presenters.session import Session
from sos_studio.presenters.staging import StagingPresenter
from tests.presenters.kit import make_project, make_session, open_case
from tests.presenters.models import FakeService, add_model

TRUTH = 2
ADVICE = 3  # wrong in every case


@dataclass(frozen=True)
class Reader:
    """How a reader reads: without the AI first (0: not at all), and with its answer in sight."""

    name: str
    alone: tuple[int, ...]
    advised: tuple[int, ...]


READERS = (
    Reader("Dr Firm", (2, 2, 3), (2, 2, 3)),
    Reader("Dr Led", (2, 2, 1), (3, 3, 2)),
    Reader("Dr Late", (0, 0, 0), (3, 2, 3)),
)


def read(session: Session, presenter: PredictionPresenter, reader: Reader) -> None:
    session.set_evaluator(reader.name)
    for n, (alone, advised) in enumerate(zip(reader.alone, reader.advised, strict=True), start=1):
        open_case(session, f"case-000{n}")
        if alone:
            StagingPresenter(session).choose(alone)
        presenter.predict()
        assert presenter.state.shown is not None
        if advised == ADVICE:
            presenter.confirm()
        else:
            presenter.correct(advised)


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    with make_project(tmp_path / "p", 3) as project:
        add_model(project.directory, "student")
        add_model(project.directory, "detector")
        session = make_session(project)
        presenter = PredictionPresenter(session, FakeService(stage=ADVICE))
        for reader in READERS:
            read(session, presenter, reader)
        export(project, tmp_path / "out")
    return tmp_path / "out"


def export(project: Project, out: Path) -> None:
    exports.export(project, out, "csv")


def rows(tables: Path, name: str) -> list[dict[str, str]]:
    with (tables / f"{name}.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def when(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_who_changed_to_which_advice_is_told_by_the_tables(tables: Path) -> None:
    readings, shown = rows(tables, "readings"), rows(tables, "predictions")
    people = sorted({row["evaluator"] for row in readings})
    assert len(people) == len(READERS)
    found = []
    for person in people:
        changed_to_wrong, right_alone, taken_over, read = 0, 0, 0, 0
        for case_id in sorted({row["case_id"] for row in readings}):
            advice = [row for row in shown if (row["case_id"], row["evaluator"]) == (case_id, person)]
            first = min(when(row["shown_utc"]) for row in advice)
            told = int(advice[0]["stage"])
            own = [row for row in readings if (row["case_id"], row["evaluator"]) == (case_id, person)]
            before, after = [r for r in own if r["ai_seen"] == "0"], [r for r in own if r["ai_seen"] == "1"]
            assert all(when(row["created_utc"]) <= first for row in before)
            assert all(when(row["created_utc"]) >= first for row in after)
            stage = int(after[-1]["stage"])
            taken_over += stage == told
            read += 1
            if before and int(before[-1]["stage"]) == TRUTH:
                right_alone += 1
                changed_to_wrong += stage == told != TRUTH
        found.append((changed_to_wrong, right_alone, taken_over, read))
    # Of right answers given alone, how many were given up for wrong advice; of all, how many agree with it. In the order of first readings.
    assert found == [(0, 2, 1, 3), (2, 2, 2, 3), (0, 0, 2, 3)]


def test_the_network_its_probabilities_and_the_time_of_showing_stand_beside_each_advice(tables: Path) -> None:
    for row in rows(tables, "predictions"):
        assert row["model_id"] == "student-a"
        assert json.loads(row["probabilities"]) == pytest.approx([0.05, 0.05, 0.8, 0.05, 0.05])
        assert when(row["shown_utc"]).tzinfo is not None
