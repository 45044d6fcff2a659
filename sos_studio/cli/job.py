"""``sos-studio job list | cancel | resume | name | move | delete``: the training panel's list on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sos_studio.cli.options import PATH, json_option
from sos_studio.cli.output import emit, emit_json

if TYPE_CHECKING:
    from sos_studio.services.job_watch import Seen

_PROJECT = click.option("--project", "directory", type=PATH, required=True, metavar="DIR", help="Project folder.")
_JOB = click.argument("job_id", metavar="JOB")


@click.group("job")
def command() -> None:
    """Trainings of a project: how they stand, stop them, go on with them, name, reorder and delete them."""


@command.command("list")
@_PROJECT
@json_option
def list_(*, directory: Path, as_json: bool) -> None:
    """All trainings: those that run, those that wait in the order of the line, the rest with the newest first."""
    from sos_studio.services import projects
    from sos_studio.services.job_watch import JobWatch

    with projects.open(directory, read_only=True) as project:
        rows = JobWatch(project.directory).look()
    if as_json:
        emit_json({"jobs": [_content(seen) for seen in rows]})
        return
    for seen in rows:
        emit(_line(seen))
    if not rows:
        emit("No training yet.")


@command.command("cancel")
@_JOB
@_PROJECT
@json_option
def cancel(*, job_id: str, directory: Path, as_json: bool) -> None:
    """Stop a training, or take it out of the line; it can be resumed."""
    from sos_studio.services import jobs, projects

    with projects.open(directory, read_only=True) as project:
        job = jobs.find(project, job_id)
    tail = job.tail()
    tail.cancel()
    _tell(as_json, job=job_id, status=str(tail.wait().status))


@command.command("resume")
@_JOB
@_PROJECT
@click.option("--weights", type=PATH, metavar="FILE", help="Starting weights, if a file was chosen by hand at first.")
@json_option
def resume(*, job_id: str, directory: Path, weights: Path | None, as_json: bool) -> None:
    """Go on with a training in the background, at once or when its device is free (in the foreground: train --resume)."""
    from sos_studio.services import jobs, projects

    with projects.open(directory, read_only=True) as project:
        job = jobs.resume(jobs.find(project, job_id), weights=weights, wait=True)
    _tell(as_json, job=job_id, status=str(job.state().status))


@command.command("name")
@_JOB
@click.argument("name")
@_PROJECT
@json_option
def name(*, job_id: str, name: str, directory: Path, as_json: bool) -> None:
    """Call a training something; "" for date and time. The name stays in the project: no patient's name."""
    from sos_studio.services import job_care, jobs, projects

    with projects.open(directory) as project:
        job = jobs.find(project, job_id)
        job_care.rename(job.job_dir, name)
    _tell(as_json, job=job_id, name=job_care.name_of(job.job_dir))


@command.command("move", context_settings={"ignore_unknown_options": True})
@_JOB
@click.argument("by", type=int, metavar="PLACES")
@_PROJECT
@json_option
def move(*, job_id: str, by: int, directory: Path, as_json: bool) -> None:
    """Move a training that waits: -1 is one place earlier, 1 one place later."""
    from sos_studio.core.errors import BadInputError
    from sos_studio.services import jobs, projects, waiting

    with projects.open(directory, read_only=True) as project:
        job = jobs.find(project, job_id)
    waiting.move(job.job_dir, by)
    place = waiting.place(job.job_dir)
    if place is None:
        raise BadInputError("job.does_not_wait", job=job_id)
    _tell(as_json, job=job_id, ahead=place)


@command.command("delete")
@_JOB
@_PROJECT
@click.option("--networks", is_flag=True, help="Its networks, too; refused while predictions are made with one of them.")
@json_option
def delete(*, job_id: str, directory: Path, networks: bool, as_json: bool) -> None:
    """Delete a training with its log and checkpoints, for good."""
    from sos_studio.services import job_care, jobs, projects

    with projects.open(directory) as project:
        job = jobs.find(project, job_id)
        models = job_care.models_of(job) if networks else []
        job_care.delete(job, models)
    _tell(as_json, job=job_id, deleted_networks=[entry.card.model_id for entry in models])


def _content(seen: Seen) -> dict[str, object]:
    state = seen.state
    return {
        "job": seen.handle.job_id,
        "name": seen.name,
        "kind": None if seen.spec is None else seen.spec.kind,
        "status": str(state.status),
        "part": state.part,
        "fraction": state.fraction,
        "seconds_left": state.seconds_left,
        "ahead": seen.ahead,
        "failure": state.failure_code or None,
    }


def _line(seen: Seen) -> str:
    state = seen.state
    told = [seen.handle.job_id, str(state.status)]
    if seen.ahead is not None:
        told.append(f"number {seen.ahead + 1} in the line")
    elif not state.status.ended:
        told.append(f"{100 * state.fraction:.0f} %")
    if seen.name:
        told.append(f"“{seen.name}”")
    return "  ".join(told)


def _tell(as_json: bool, **content: object) -> None:
    if as_json:
        emit_json(content)
    else:
        emit("  ".join(f"{key}: {value}" for key, value in content.items()))
