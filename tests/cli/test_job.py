"""The list of trainings on the command line: what the window's panel does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sos_studio.core.job_state import JobStatus
from sos_studio.dataset.project import Project
from sos_studio.services import job_queue, jobs, model_list, waiting
from tests.cli.conftest import Run
from tests.services.test_job_care import make_model
from tests.services.test_jobs import _wait_for

FakeWorker = Callable[..., None]


@pytest.fixture
def folder(project: Project, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that nobody holds open; whoever waits goes on waiting."""
    monkeypatch.setattr(job_queue, "ensure_keeper", lambda: None)
    project.close()
    return project.directory


def start(folder: Path) -> jobs.JobHandle:
    with Project.open(folder) as project:
        return jobs.start_training(project, "retrain", wait=True)


def test_trainings_are_listed_moved_cancelled_and_resumed(run: Run, folder: Path, fake_worker: FakeWorker) -> None:
    assert "No training yet." in run("job", "list", "--project", folder).out
    fake_worker("hang", "retrain-killed")
    first, second, third = start(folder), start(folder), start(folder)
    _wait_for(lambda: first.state().status is JobStatus.RUNNING)
    listed = run("job", "list", "--project", folder, "--json").json["jobs"]
    assert [(row["job"], row["status"], row["ahead"]) for row in listed] == [
        (first.job_id, "running", None),
        (second.job_id, "waiting", 0),
        (third.job_id, "waiting", 1),
    ]
    assert "number 2 in the line" in run("job", "list", "--project", folder).out
    assert run("job", "move", third.job_id, "-1", "--project", folder, "--json").json["ahead"] == 0
    assert run("job", "move", first.job_id, "-1", "--project", folder, "--json").json["error"]["code"] == "job.does_not_wait"
    assert run("job", "cancel", second.job_id, "--project", folder, "--json").json["status"] == "cancelled"
    assert run("job", "cancel", first.job_id, "--project", folder, "--json").json["status"] == "cancelled"
    assert [entry.path.name for entry in waiting.line()] == [third.job_id]
    again = run("job", "resume", second.job_id, "--project", folder, "--json")
    assert again.json["status"] == "waiting"
    assert run("job", "cancel", "nothing", "--project", folder, "--json").json["error"]["code"] == "job.unknown"


def test_a_training_is_named_and_deleted_with_its_networks(run: Run, folder: Path, fake_worker: FakeWorker) -> None:
    fake_worker("play")
    job = start(folder)
    job.tail().wait(20)
    with Project.open(folder) as project:
        used, teacher = make_model(project, 1, job.job_id), make_model(project, 2, job.job_id, "teacher")
    assert run("job", "name", job.job_id, " spring\tcases ", "--project", folder, "--json").json["name"] == "spring cases"
    assert "“spring cases”" in run("job", "list", "--project", folder).out
    refused = run("job", "delete", job.job_id, "--networks", "--project", folder, "--json")
    assert refused.json["error"]["code"] == "model.in_use"
    assert run("job", "delete", job.job_id, "--project", folder, "--json").json["deleted_networks"] == []
    assert jobs.list_jobs(folder) == []
    assert {entry.card.model_id for entry in model_list.models(folder / "models")} == {used, teacher}
