"""``project leaks``: what keeps a training from starting is listed, and settled on the command line too."""

from __future__ import annotations

from pathlib import Path

import pytest

from sos_studio.dataset import cases
from sos_studio.dataset.project import Project
from tests.cli.conftest import Run
from tests.dataset import builders


@pytest.fixture
def study(tmp_path: Path) -> Path:
    with Project.create(tmp_path / "study") as project:
        for n in range(11):
            for _ in range(2):
                builders.staged_case(project, 1 + n % 5, seed=n)
    return tmp_path / "study"


def test_pairs_are_listed_with_folds_and_reason(run: Run, study: Path) -> None:
    done = run("project", "leaks", study, "--json")
    pairs = done.json["leaks"]
    assert done.code == 3
    assert pairs
    assert all(pair["kind"] == "same_picture" and pair["folds"][0] != pair["folds"][1] and pair["mergeable"] for pair in pairs)
    assert "The same picture." in run("project", "leaks", study).out


def test_training_is_refused_in_words_with_exit_code_2(run: Run, study: Path) -> None:
    done = run("train", "teacher", "--project", study, "--json")
    error = done.json["error"]
    assert (done.code, error["code"]) == (2, "training.leak")
    assert "case-00" in error["message"]
    assert "project leaks" in error["hint"]


def test_one_of_a_pair_is_excluded_or_both_are_one_patient(run: Run, study: Path) -> None:
    pairs = run("project", "leaks", study, "--json").json["leaks"]
    one, other = pairs[0]["cases"]
    assert "is excluded" in run("project", "leaks", study, "--exclude", other, "--evaluator", "Ada").out
    assert "one patient" in run("project", "leaks", study, "--same-patient", *pairs[1]["cases"]).out
    with Project.open(study, read_only=True) as project:
        assert cases.case(project, other).exclusion_reason == "duplicate"
        assert cases.case(project, pairs[1]["cases"][0]).patient == cases.case(project, pairs[1]["cases"][1]).patient
    left = [pair["cases"] for pair in run("project", "leaks", study, "--json").json["leaks"]]
    assert [one, other] not in left
    assert pairs[1]["cases"] not in left


def test_a_project_without_any_says_so(run: Run, tmp_path: Path) -> None:
    run("project", "new", tmp_path / "new")
    done = run("project", "leaks", tmp_path / "new")
    assert (done.code, done.out.strip()) == (0, "No case in one fold is the patient, scan or picture of a case in another.")
