"""``sos-studio train``: the same job as the menu's, watched from the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from sos_studio.cli.options import PATH, json_option, training_options
from sos_studio.cli.output import ProgressBar, emit, emit_json, say
from sos_studio.core.consensus import Rule
from sos_studio.core.errors import BadInputError, CancelledError, JobFailedError
from sos_studio.core.job_state import JobState, JobStatus
from sos_studio.core.jobs import Device, JobKind
from sos_studio.messages import message

if TYPE_CHECKING:
    from sos_studio.services.job_tail import JobTail
    from sos_studio.services.jobs import JobHandle

_KINDS: dict[str, JobKind] = {"teacher": "teacher", "detector": "detector", "student": "student", "all": "retrain"}


@click.command("train")
@click.argument("what", type=click.Choice(list(_KINDS)))
@click.option("--project", "directory", type=PATH, required=True, metavar="DIR")
@training_options
@click.option("--download-weights", is_flag=True, help="Fetch ImageNet weights from the public network first.")
@json_option
def command(
    *,
    what: str,
    directory: Path,
    preset: str,
    assignments: tuple[str, ...],
    weights: Path | None,
    download_weights: bool,
    device: Device,
    threads: int | None,
    seed: int,
    resumed: str | None,
    waits: bool,
    consensus: Literal["majority", "median"] | None,
    as_json: bool,
) -> None:
    """Train in the foreground with progress. Ctrl+C cancels; closing the terminal does not."""
    from sos_studio.services import jobs, presets, projects

    if resumed is not None:
        job = resume_as(directory, resumed, _KINDS[what], weights, wait=waits)
    else:
        overrides = presets.parse_overrides(assignments)
        network = presets.settings(preset, overrides).student.network
        with projects.open(directory) as project:
            if download_weights and weights is None:
                _download(network)
            job = jobs.start_training(
                project,
                _KINDS[what],
                preset=preset,
                overrides=overrides,
                weights=weights,
                device=device,
                threads=threads,
                seed=seed,
                rule=None if consensus is None else Rule(name=consensus),
                wait=waits,
            )
        if job.spec().weights is None:
            say(str(message("weights.from_scratch")))
    state = watch(job.tail(), "Training")
    if state.status is not JobStatus.SUCCEEDED:
        say(f"The same command with --resume {job.job_id} goes on with it.")
    raise_unless_done(state)
    content: dict[str, Any] = {"job": job.job_id, "folder": str(job.job_dir), "status": str(state.status), **(job.result() or {})}
    if as_json:
        emit_json(content)
    else:
        for line in result_lines(content):
            emit(line)


def resume_as(directory: Path, job_id: str, kind: JobKind, weights: Path | None, *, wait: bool = False) -> JobHandle:
    """Go on with a job of that kind; ``job.unknown``, ``job.other_kind`` and what `services.jobs.resume` raises."""
    from sos_studio.services import jobs, projects

    with projects.open(directory, read_only=True) as project:
        job = jobs.find(project, job_id)
    asked = job.spec().kind
    if asked != kind:
        word = next((word for word, known in _KINDS.items() if known == asked), asked)
        raise BadInputError("job.other_kind", job=job_id, kind=word)
    return jobs.resume(job, weights=weights, wait=wait)


def watch(tail: JobTail, label: str) -> JobState:
    """Follow a job to its end with a bar; Ctrl+C asks the worker to stop and waits for it, a second one leaves at once."""
    from sos_studio.services import job_queue, waiting

    told, ahead = 0, -1

    def show(state: JobState) -> None:
        nonlocal told, ahead
        if state.status is JobStatus.WAITING:
            job_queue.ensure_keeper()
            now = waiting.place(tail.job_dir)
            if now is not None and now != ahead:
                ahead = now
                say(f"Waits until another training has ended; {ahead} ahead of it in the line.")
        for warning in state.warnings[told:]:
            say(str(message(warning.code, warning.values)))
        told = len(state.warnings)
        bar.show(state.fraction, state.part, state.seconds_left)

    with ProgressBar(label) as bar:
        try:
            state = tail.wait(on_state=show)
        except KeyboardInterrupt:
            say("Stopping …")
            tail.cancel()
            tail.wait(on_state=show)
            raise CancelledError from None
    return state


def raise_unless_done(state: JobState) -> None:
    """Turn the end of a job that has no result into its fault."""
    if state.status is JobStatus.CANCELLED:
        raise CancelledError
    if state.status is not JobStatus.SUCCEEDED:
        setting = state.failure_values.get("setting")
        if state.failure_code == "training.out_of_memory" and isinstance(setting, str):
            say(f"What needs less memory: --set {setting}")
        raise JobFailedError(state.failure_code or "job.worker_died", **state.failure_values)


def result_lines(content: dict[str, Any]) -> list[str]:
    """What a training came to, for a person."""
    lines = [f"{kind}: {model}" for kind, model in dict(content.get("models", {})).items()]
    for kind, figures in dict(content.get("held_out", {})).items():
        if isinstance(figures, dict):
            numbers = ", ".join(f"{name} {_number(value)}" for name, value in figures.items() if isinstance(value, int | float))
            lines.append(f"held-out {kind}: {numbers}")
    return lines or ["Done."]


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.3g}"


def _download(network: str) -> None:
    from sos_studio.services import weights

    with ProgressBar("Downloading starting weights") as bar:
        weights.download_weights(network, progress=bar.update)
