"""`crossval` by the contract: checked before anything starts, one object with ``--json``, tables for a person."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sos_studio.core.tables import Table
from sos_studio.dataset.project import Project
from sos_studio.services import jobs
from tests.cli.conftest import Run

FakeWorker = Callable[..., None]


@pytest.fixture
def folder(project: Project) -> Path:
    """A project that nobody holds open."""
    project.close()
    return project.directory


def test_it_asks_for_what_was_said_and_gives_the_jobs_result(run: Run, folder: Path, fake_worker: FakeWorker) -> None:
    fake_worker("play")
    ran = run("crossval", "--project", folder, "--table", "2", "--folds", "3", "--set", "student.alpha=0.02", "--seed", "4", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["status"] == "succeeded"
    assert "from scratch" in ran.err
    spec = jobs.list_jobs(folder)[0].spec()
    assert spec.crossval is not None
    assert (spec.kind, spec.seed, spec.settings.student.alpha) == ("crossval", 4, 0.02)
    assert (spec.crossval.tables, spec.crossval.folds) == ((2,), (0, 1, 2))
    assert "full-image:vit_large_patch16_224" in {arm.name for arm in spec.crossval.arms}


def test_arms_are_named_with_commas_or_one_by_one(run: Run, folder: Path, fake_worker: FakeWorker) -> None:
    fake_worker("play")
    run("crossval", "--project", folder, "--arms", "teacher,framework[alpha=0.1]", "--arms", "full-image:resnet18")
    asked = jobs.list_jobs(folder)[0].spec().crossval
    assert asked is not None
    assert [arm.name for arm in asked.arms] == ["teacher:convnext_atto", "full-image:resnet18", "framework:convnext_atto[alpha=0.1]"]


def test_a_person_is_shown_the_tables(run: Run, folder: Path, fake_worker: FakeWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_worker("play")
    table = Table("table-1", "Table 1", ("Model", "Paper"), (("ResNet18", "84.87"),), ("A note.",))
    monkeypatch.setattr(jobs.JobHandle, "result", lambda _self: {"kind": "crossval", "tables": [json.loads(json.dumps(table.as_data()))]})
    ran = run("crossval", "--project", folder, "--table", "1")
    assert ran.code == 0, ran.err
    assert table.as_text() in ran.out
    assert "crossval" in ran.out.splitlines()[-1]


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (["--arms", "boosting"], "crossval.unknown_arm"),
        (["--arms", "framework[teacher_logits=guessed]"], "training.bad_settings"),
        (["--set", "student.alfa=1"], "training.bad_settings"),
        (["--folds", "6"], "usage"),
        (["--table", "3"], "usage"),
        (["--weights", "missing.safetensors"], "weights.not_found"),
    ],
)
def test_what_can_not_be_done_is_refused_before_anything_starts(
    run: Run, folder: Path, fake_worker: FakeWorker, flags: list[str], code: str
) -> None:
    fake_worker("play")
    ran = run("crossval", "--project", folder, *flags, "--json")
    assert (ran.code, ran.json["error"]["code"]) == (2, code)
    assert jobs.list_jobs(folder) == []


def test_an_interrupted_one_is_resumed_and_a_training_is_none(run: Run, folder: Path, fake_worker: FakeWorker) -> None:
    fake_worker("play", "retrain-cancelled")
    assert run("crossval", "--project", folder, "--arms", "teacher").code == 130
    (job,) = jobs.list_jobs(folder)
    fake_worker("play")
    assert run("train", "all", "--project", folder, "--resume", job.job_id, "--json").json["error"]["code"] == "job.other_kind"
    ran = run("crossval", "--project", folder, "--resume", job.job_id, "--json")
    assert (ran.code, ran.json["job"]) == (0, job.job_id)
