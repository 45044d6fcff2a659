"""One byte of the database is not what it was: the project opens right or is refused in words, and nothing confirmed is lost for good."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sos_studio.core.errors import SosError
from sos_studio.dataset import captures, cases, checks, copies, manifests, patients, predictions, readings, recovery
from sos_studio.dataset.project import Project
from sos_studio.messages import catalogue
from sos_studio.services.listed_cases import CaseList
from tests.dataset import builders


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flip") / "study"
    with Project.create(folder) as project:
        for n in range(12):
            builders.staged_case(project, 1 + n % 5, seed=n)
        known = cases.cases(project)
        cases.exclude(project, known[0].case_id, "motion", "Ada", "words")
        builders.read(project, known[1].case_id, known[1].capture_id or "", 4, "Ben")
        predictions.record_shown(project, known[2].capture_id or "", model_id="m", stage=1, probabilities=[1, 0, 0, 0, 0])
        patients.say_same(project, known[3].case_id, known[4].case_id, "Ada")
        manifests.freeze(project)
    assert len(copies.copies(folder)) == 1
    return folder


@pytest.fixture(scope="module")
def right(study: Path) -> list[Any]:
    with Project.open(study, read_only=True) as project:
        return _everything(project)


def _everything(project: Project) -> list[Any]:
    """All that the window asks for."""
    asked: list[Callable[[], Any]] = [
        lambda: CaseList(project).look().cases,
        lambda: readings.all_readings(project),
        lambda: [predictions.shown(project, case.case_id) for case in cases.cases(project)],
        lambda: [captures.captures(project, case.case_id) for case in cases.cases(project)],
        lambda: [captures.rois(project, case.capture_id or "") for case in cases.cases(project)],
        lambda: [cases.exclusion(project, case.case_id) for case in cases.cases(project)],
    ]
    return [ask() for ask in asked]


def _in_words(error: SosError) -> None:
    assert error.code in catalogue(), error.code


@settings(max_examples=10, deadline=None, phases=(Phase.generate,), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_it_opens_right_or_is_refused_in_words_and_comes_back_from_the_copy(
    study: Path, right: list[Any], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("flipped") / "study"
    shutil.copytree(study, folder)
    database = folder / "project.sqlite"
    content = bytearray(database.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1), label="place")
    content[place] ^= data.draw(st.integers(1, 255), label="flipped bits")
    database.write_bytes(content)
    refused = False
    try:
        with Project.open(folder) as project:
            told = _everything(project)
            found = checks.check(project)
            if _same(told, right, study, folder):
                return
            refused = bool([problem for problem in found if problem.severity == "error"]) or recovery.is_damaged(folder)
    except SosError as error:
        _in_words(error)
        refused = True
    assert refused, "another answer, and nobody says so"
    recovered = recovery.recover(folder)
    with Project.open(folder) as project:
        if recovered.copy:  # else its indexes were made again
            assert recovered.certain
        assert _same(_everything(project), right, study, folder)
        assert [problem for problem in checks.check(project) if problem.severity == "error"] == []
    shutil.rmtree(folder.parent)


def _same(told: list[Any], right: list[Any], study: Path, folder: Path) -> bool:
    return repr(told).replace(str(folder), str(study)) == repr(right)
