"""Looking at a project takes as many questions to its database with many cases as with few."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sos_studio.dataset import audit, cases, exports, leakage, manifests, readings
from sos_studio.dataset.export_facts import gather
from sos_studio.dataset.export_files import Writer
from sos_studio.dataset.export_people import evaluator_names
from sos_studio.dataset.project import Project
from sos_studio.services import adjudication
from sos_studio.services.listed_cases import CaseList, listed_cases
from tests.benchmarks import scale_project

LOOKS: dict[str, Callable[[Project], Any]] = {
    "the list": listed_cases,
    "the list, kept": lambda project: CaseList(project).look(),
    "labels": readings.labels,
    "next unstaged": lambda project: cases.next_unstaged(project, scale_project.EVALUATORS[0]),
    "cases to decide": lambda project: adjudication.queue(project, "disagree", scale_project.EVALUATORS[0], blinded=False),
    "cases to decide, blinded": lambda project: adjudication.queue(project, "disagree", scale_project.EVALUATORS[0], blinded=True),
    "history": audit.history,
    "what an export takes": lambda project: exports.export_items(project, cases.cases(project)),
    "leaks": manifests.find_leaks,
    "facts of the datasheet": lambda project: gather(project, evaluator_names(project, by_name=False), Writer(project, project.directory)),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A project of few cases, and one of six times as many."""
    room = tmp_path_factory.mktemp("many")
    return scale_project.make(room / "few", 20, 100), scale_project.make(room / "many", 120, 600)


@pytest.mark.parametrize("look", LOOKS)
def test_as_many_questions_are_asked_of_many_cases_as_of_few(
    folders: tuple[Path, Path], look: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    connect = sqlite3.connect

    def heard(*given: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*given, **named)
        connection.set_trace_callback(asked.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", heard)
    counts = []
    for folder in folders:
        with Project.open(folder, read_only=True) as project:
            asked.clear()
            assert LOOKS[look](project) is not None
            counts.append(len(asked))
    assert 0 < counts[0] == counts[1], f"{look}: {counts}"


def test_leaks_are_listed_up_to_as_many_as_anybody_reads(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leakage, "MOST_LEAKS", 7)
    with Project.open(folders[1], read_only=True) as project:
        assert len(manifests.find_leaks(project)) == 7
