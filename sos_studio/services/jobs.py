"""Start trainings as background jobs, find them again, resume them."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sos_studio.core import atomic
from sos_studio.core.consensus import Rule
from sos_studio.core.crossval import CrossvalSettings
from sos_studio.core.errors import BadInputError, ProjectError
from sos_studio.core.job_state import JobState
from sos_studio.core.jobs import (
    CANCEL_FILE,
    JOB_FILE,
    LOG_FILE,
    RESULT_FILE,
    WEIGHTS_VARIABLE,
    WORKER_FILE,
    Device,
    JobKind,
    JobSpec,
)
from sos_studio.core.readings import utc_now
from sos_studio.core.training import TrainingSettings, training_settings
from sos_studio.dataset import manifests
from sos_studio.dataset.project import JOBS_DIR, Project
from sos_studio.services import crossval, device_lock, guards, job_queue, model_list, presets, waiting, worker_process
from sos_studio.services import weights as starting_weights
from sos_studio.services.job_tail import JobTail, last_event
from sos_studio.services.waiting import Waiting

# Leaving torch takes a process a second or two.
_WAY_OUT_S = 10.0
# How ids begin: the time of asking, UTC.
_STAMP = "%Y%m%d-%H%M%S"


def default_threads() -> int:
    """One core fewer than there are: two busy threads on two busy cores are many times slower than one."""
    return max(1, (os.cpu_count() or 2) - 1)


@dataclass(frozen=True)
class JobHandle:
    """A job folder. Holds nothing open; make as many `tail` as there are who look."""

    job_dir: Path
    job_id: str
    process: subprocess.Popen[bytes] | None = field(default=None, compare=False, repr=False)
    expected_attempt: int = 0

    def spec(self) -> JobSpec:
        """What was asked; ``job.unreadable`` if its file is damaged."""
        return read_spec(self.job_dir)

    def tail(self) -> JobTail:
        """Follow the job from its first event."""
        return JobTail(self.job_dir, self.process, expected_attempt=self.expected_attempt)

    def state(self) -> JobState:
        """How the job stands now."""
        return self.tail().poll()

    def cancel(self) -> None:
        """Ask the worker to stop (a tail that is polled insists)."""
        self.tail().cancel()

    def log_text(self, most_bytes: int = 200_000) -> str:
        """The end of the worker's log."""
        try:
            with open(self.job_dir / LOG_FILE, "rb") as stream:
                stream.seek(0, os.SEEK_END)
                stream.seek(max(0, stream.tell() - most_bytes))
                return stream.read().decode("utf-8", errors="replace")
        except OSError:
            return ""

    def result(self) -> dict[str, Any] | None:
        """``result.json`` of a job that succeeded, else None."""
        return read_result(self.job_dir)


def start_training(
    project: Project,
    kind: JobKind,
    *,
    preset: str = presets.DEFAULT_PRESET,
    overrides: Mapping[str, Any] | None = None,
    weights: Path | None = None,
    device: Device = "auto",
    threads: int | None = None,
    seed: int = 0,
    rule: Rule | None = None,
    compared: CrossvalSettings | crossval.Wish | None = None,
    wait: bool = False,
) -> JobHandle:
    """Freeze what the project holds now and start a worker on it; returns at once.

    Parameters
    ----------
    overrides
        ``{"student.alpha": 0.02}``-style changes of the preset.
    weights
        Starting weights; None takes those that this computer has for the network, if any, else trains from scratch.
    threads
        Computing threads of the worker; `default_threads` if None.
    compared
        Of a cross-validation (`crossval.plan`), or what a person ticked; all methods of the preset's network if None.
    wait
        While another training has the device, wait in line for it (`job_queue`) instead of being refused.

    Raises
    ------
    BadInputError
        ``training.unknown_preset``, ``training.bad_settings``, ``training.fp16_needs_cuda``, ``training.too_few_cases`` and its fellows
        (`manifests.freeze`), ``training.no_teacher`` (of a student alone), ``weights.not_found``, ``job.device_busy``.
    ProjectError
        If the project can't be written.
    """
    settings = presets.settings(preset, overrides)
    _require_precision(settings, device)
    _require_free(device, wait)  # before a manifest is frozen for nothing
    teacher, detector = _models_to_start_from(project, kind)
    plan = _planned(kind, compared, settings, weights)
    files = _weights_files(settings.student.network, plan, weights)
    manifest = manifests.freeze(project, seed=seed, rule=rule, need_crops=_needs_crops(kind))
    spec = JobSpec(
        job_id=_new_id(kind, project.directory),
        kind=kind,
        manifest=manifest.relative_to(project.directory).as_posix(),
        seed=seed,
        device=device,
        threads=default_threads() if threads is None else threads,
        preset=preset,
        settings=settings,
        weights=files[settings.student.network].name if plan is None and files else None,
        teacher_model=teacher,
        detector_model=detector,
        crossval=plan,
    )
    return _launch_new(project.directory, spec, files, wait=wait)


def judge_models(project: Project, model_ids: Sequence[str], *, device: Device = "auto", wait: bool = False) -> JobHandle:
    """Ask models about all labelled cases that none of them was trained on; short, but it waits its turn as trainings do.

    Raises as `start_training`, for too few cases and a busy device.
    """
    _require_free(device, wait)
    manifest = manifests.freeze(project)
    spec = JobSpec(
        job_id=_new_id("evaluate", project.directory),
        kind="evaluate",
        manifest=manifest.relative_to(project.directory).as_posix(),
        device=device,
        threads=default_threads(),
        preset=presets.DEFAULT_PRESET,
        settings=TrainingSettings(),
        judged_models=tuple(model_ids),
    )
    return _launch_new(project.directory, spec, {}, wait=wait)


def _new_id(kind: JobKind, directory: Path) -> str:
    """An id that sorts by time and behind every job that is there, also where the clock was set back."""
    stamp = utc_now().replace(tzinfo=None)
    for entry in (directory / JOBS_DIR).glob("[0-9]*"):
        with contextlib.suppress(ValueError):
            stamp = max(stamp, datetime.strptime(entry.name[:15], _STAMP) + timedelta(seconds=1))
    return f"{stamp:{_STAMP}}-{kind}-{secrets.token_hex(2)}"


def require_startable(project: Project, kind: JobKind) -> None:
    """Raise what `start_training` would raise of this project and computer at once; nothing is begun or written."""
    _models_to_start_from(project, kind)
    manifests.require_enough(project, need_crops=_needs_crops(kind))


def _require_free(device: Device, wait: bool) -> None:
    if wait:
        return
    in_the_way = device_lock.holder(device)
    if in_the_way is not None:
        raise BadInputError("job.device_busy", job=in_the_way.job_dir.name)


def _planned(
    kind: JobKind, compared: CrossvalSettings | crossval.Wish | None, settings: TrainingSettings, weights: Path | None
) -> CrossvalSettings | None:
    if isinstance(compared, crossval.Wish):
        return compared.plan(settings, weights)
    return crossval.plan(settings, weights=weights) if kind == "crossval" and compared is None else compared


def _require_precision(settings: TrainingSettings, device: Device) -> None:
    """What an ``auto`` device computes in only the worker knows, and tells."""
    half = "fp16" in (settings.teacher.optimiser.precision, settings.student.optimiser.precision)
    if half and device in ("cpu", "mps"):
        raise BadInputError("training.fp16_needs_cuda", device=device)


def _needs_crops(kind: JobKind) -> bool:
    """A student alone can learn from cases that nobody framed; the others need crops."""
    return kind != "student"


def resume(job: JobHandle, *, weights: Path | None = None, wait: bool = False, changes: Mapping[str, Any] | None = None) -> JobHandle:
    """Start a worker again on a job that was interrupted, cancelled or failed; it goes on from its last checkpoint.

    Parameters
    ----------
    weights
        The file of starting weights if it was chosen by hand at first; the project does not know where it lies.
    wait
        As in `start_training`.
    changes
        Settings to change first, such as a smaller batch: networks that are complete stay, the others begin anew with them.

    Raises
    ------
    BadInputError
        ``job.still_running``, ``job.already_done``, ``job.device_busy``, ``weights.needed_again``.
    """
    require_gone(job)
    # Two windows may ask at once: the second finds the first one's worker.
    with guards.guard(waiting.queue_dir(), f"resume-{job.job_id}"):
        if job.result() is not None:
            raise BadInputError("job.already_done", job=job.job_id)
        if worker_process.life(job.job_dir).there:
            raise BadInputError("job.still_running", job=job.job_id)
        spec = _changed(job, changes)
        files = {} if spec.from_scratch else _weights_files(spec.settings.student.network, spec.crossval, weights)
        named = {spec.settings.student.network: spec.weights} if spec.weights is not None else {}
        for network, name in (named if spec.crossval is None else spec.crossval.weights).items():
            if network not in files:
                raise BadInputError("weights.needed_again", file=name)
        last = last_event(job.job_dir)
        attempt = 1 + (0 if last is None else last.attempt)
        if device_lock.being_started(job.job_dir, attempt):
            raise BadInputError("job.still_running", job=job.job_id)
        device_lock.let_go(job.job_dir)
        for name in (CANCEL_FILE, WORKER_FILE):
            with contextlib.suppress(FileNotFoundError):
                (job.job_dir / name).unlink()
        return _launch(job.job_dir, spec, files, expected_attempt=attempt, wait=wait)


def _changed(job: JobHandle, changes: Mapping[str, Any] | None) -> JobSpec:
    spec = job.spec()
    if changes:
        settings = training_settings(spec.settings.model_dump(), dict(changes))
        spec = spec.model_copy(update={"settings": settings})
        try:
            atomic.write_text(job.job_dir / JOB_FILE, spec.model_dump_json(indent=1) + "\n")
        except OSError as error:
            raise ProjectError("job.folder_unwritable", reason=error.strerror or type(error).__name__) from error
    return spec


def list_jobs(project: Project | Path) -> list[JobHandle]:
    """All jobs of a project, newest first, also those that ran while no window was open."""
    root = (project if isinstance(project, Path) else project.directory) / JOBS_DIR
    if not root.is_dir():
        return []
    # Hidden ones are being deleted.
    found = [entry for entry in root.iterdir() if not entry.name.startswith(".") and (entry / JOB_FILE).is_file()]
    # Ids start with the time of creation in UTC.
    return [JobHandle(entry, entry.name) for entry in sorted(found, key=lambda entry: entry.name, reverse=True)]


def find(project: Project | Path, job_id: str) -> JobHandle:
    """A job by its id; ``job.unknown`` with the ids that there are."""
    found = list_jobs(project)
    for job in found:
        if job.job_id == job_id:
            return job
    raise BadInputError("job.unknown", job=job_id, jobs=", ".join(job.job_id for job in found) or "none")


def running(project: Project | Path) -> JobHandle | None:
    """The newest job whose worker lives, if any: what a window shows when it comes back."""
    return next((job for job in list_jobs(project) if worker_process.life(job.job_dir).there), None)


def read_spec(job_dir: Path) -> JobSpec:
    """``job.json``; ``job.unreadable`` if it is damaged."""
    try:
        return JobSpec.model_validate_json((job_dir / JOB_FILE).read_bytes())
    except (OSError, ValidationError) as error:
        raise BadInputError("job.unreadable", job=job_dir.name) from error


def read_result(job_dir: Path) -> dict[str, Any] | None:
    """``result.json``, None while there is none (or a damaged one)."""
    try:
        content = json.loads((job_dir / RESULT_FILE).read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def require_gone(job: JobHandle) -> None:
    """Raise ``job.still_running`` while a job has a worker; one that has written its last event is on its way out and is waited for."""
    until = time.monotonic() + _WAY_OUT_S
    while worker_process.life(job.job_dir).there:
        if not job.state().status.ended or time.monotonic() > until:
            raise BadInputError("job.still_running", job=job.job_id)
        time.sleep(0.05)


def _models_to_start_from(project: Project, kind: JobKind) -> tuple[str | None, str | None]:
    if kind != "student":
        return None, None
    teacher, detector = model_list.current(project, "teacher"), model_list.current(project, "detector")
    if teacher is None:
        raise BadInputError("training.no_teacher")
    return teacher.card.model_id, None if detector is None else detector.card.model_id


def _create(project_dir: Path, spec: JobSpec) -> Path:
    job_dir = project_dir / JOBS_DIR / spec.job_id
    try:
        job_dir.mkdir(parents=True)
        atomic.write_text(job_dir / JOB_FILE, spec.model_dump_json(indent=1) + "\n")
    except OSError as error:
        shutil.rmtree(job_dir, ignore_errors=True)
        raise ProjectError("job.folder_unwritable", reason=error.strerror or type(error).__name__) from error
    return job_dir


def _launch_new(project_dir: Path, spec: JobSpec, weights: Mapping[str, Path], *, wait: bool) -> JobHandle:
    job_dir = _create(project_dir, spec)
    try:
        return _launch(job_dir, spec, weights, expected_attempt=1, wait=wait)
    except BaseException:
        shutil.rmtree(job_dir, ignore_errors=True)  # else it would be listed as a training that failed
        raise


def _weights_files(network: str, compared: CrossvalSettings | None, chosen: Path | None) -> dict[str, Path]:
    """Files of starting weights by network; a network that is not named begins from scratch."""
    if compared is not None:
        return crossval.weights_files(compared, network, chosen)
    found = starting_weights.find(network, chosen)
    return {} if found is None else {network: found}


def _launch(job_dir: Path, spec: JobSpec, weights: Mapping[str, Path], *, expected_attempt: int, wait: bool) -> JobHandle:
    job_dir = job_dir.resolve()  # the worker has another current folder
    paths = {network: str(path) for network, path in weights.items()}
    told = {WEIGHTS_VARIABLE: json.dumps(paths) if spec.crossval is not None else next(iter(paths.values()))} if paths else {}
    entry = Waiting(job_dir=str(job_dir), device=spec.device, attempt=expected_attempt, told=told)
    if not (wait and job_queue.must_wait(entry)):
        try:
            return JobHandle(job_dir, spec.job_id, job_queue.launch(entry), expected_attempt)
        except BadInputError as error:
            # Somebody was quicker, between the look and the start.
            if not wait or error.code != "job.device_busy":
                raise
    waiting.join(entry)
    job_queue.ensure_keeper()
    return JobHandle(job_dir, spec.job_id, None, expected_attempt)
