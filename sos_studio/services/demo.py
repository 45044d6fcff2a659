"""The demo: a phantom project, and the whole journey on it without a display (training, predictions on held-out cases)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sos_studio.core.errors import CancelledError, JobFailedError, ProjectError
from sos_studio.core.job_state import JobState, JobStatus
from sos_studio.core.jobs import Device
from sos_studio.core.manifests import Manifest
from sos_studio.dataset.project import Project
from sos_studio.dataset.upgrade import DATABASE_FILE
from sos_studio.services import jobs, model_list, presets, weights
from sos_studio.services.demo_project import SCANS, first_scan, make_demo, read_truth, scans_dir
from sos_studio.services.evaluation import HeldOutFigures, predict_held_out
from sos_studio.services.jobs import JobHandle
from sos_studio.services.prediction import PredictionService

__all__ = ["DemoResult", "first_scan", "headless_demo", "make_demo", "read_truth", "scans_dir", "starts_from_scratch"]

# Shares of the whole time on two cores; only the time left depends on them.
_MADE, _TRAINED = 0.12, 0.95

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class DemoResult:
    """What the demo came to."""

    figures: HeldOutFigures
    cases: int
    fitted: int
    seconds: float
    preset: str
    from_scratch: bool
    training: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "cases": self.cases,
            "fitted": self.fitted,
            "seconds": round(self.seconds, 1),
            "preset": self.preset,
            "from_scratch": self.from_scratch,
            "held_out": self.figures.as_dict(),
            "training": self.training,
        }

    def table(self) -> str:
        """For the terminal."""
        start = "from scratch" if self.from_scratch else "from ImageNet weights"
        minutes, seconds = divmod(round(self.seconds), 60)
        return "\n".join(
            [
                self.figures.table(),
                f"{self.cases} phantom cases, {self.fitted} of them fitted to; preset {self.preset}, {start}.",
                f"{minutes} min {seconds} s in all.",
                "Phantoms are not patients: these figures show that the journey works and say nothing of clinical accuracy.",
            ]
        )


def headless_demo(
    directory: Path,
    *,
    cases: int = 200,
    seed: int = 0,
    with_scans: int = SCANS,
    preset: str = presets.DEFAULT_PRESET,
    device: Device = "auto",
    progress: Progress | None = None,
    on_job: Callable[[JobHandle], None] | None = None,
) -> DemoResult:
    """Make the demo project (or take the one that is there), train all three networks, predict the held-out cases.

    Parameters
    ----------
    progress
        Called with the share of the whole that is done, 0 … 1, and what is being done.
    on_job
        Told of the training's job once it runs, so that the caller can cancel it.

    Raises
    ------
    ProjectError
        ``demo.folder_in_use`` if the folder holds something else than a phantom project.
    JobFailedError
        If the training failed or its process died.
    CancelledError
        If the training was cancelled.
    """
    began = time.monotonic()
    tell = progress or (lambda _share, _what: None)
    with _project(directory, cases, seed, with_scans, lambda share: tell(_MADE * share, "making phantoms")) as project:
        job = jobs.start_training(project, "retrain", preset=preset, device=device, seed=seed)
        if on_job is not None:
            on_job(job)
        _wait(job, lambda state: tell(_MADE + (_TRAINED - _MADE) * state.fraction, f"training {state.part or 'starts'}"))
        spec = job.spec()
        manifest = Manifest.read(project.directory / spec.manifest)
        student = model_list.current(project, "student", manifest_id=manifest.manifest_id)
        detector = model_list.current(project, "detector", manifest_id=manifest.manifest_id)
        if student is None or detector is None:
            raise JobFailedError("job.no_models")
        with PredictionService() as service:
            figures = predict_held_out(
                project.directory,
                manifest,
                service,
                student_dir=student.path,
                detector_dir=detector.path,
                progress=lambda share: tell(_TRAINED + (1 - _TRAINED) * share, "predicting held-out cases"),
            )
        return DemoResult(
            figures=figures,
            cases=len(manifest.entries),
            fitted=sum(entry.fold != manifest.held_out_fold for entry in manifest.entries),
            seconds=time.monotonic() - began,
            preset=preset,
            from_scratch=spec.weights is None,
            training=job.result() or {},
        )


def starts_from_scratch(preset: str = presets.DEFAULT_PRESET) -> bool:
    """Whether a demo would train without starting weights, which the caller then says once."""
    return weights.find(presets.settings(preset).student.network) is None


def _project(directory: Path, cases: int, seed: int, with_scans: int, progress: Callable[[float], None]) -> Project:
    if not (directory / DATABASE_FILE).exists():
        return make_demo(directory, cases, seed, progress, with_scans=with_scans)
    project = Project.open(directory)
    if not project.phantom:
        project.close()
        raise ProjectError("demo.folder_in_use", folder=directory.name)
    progress(1.0)
    return project


def _wait(job: JobHandle, show: Callable[[JobState], None]) -> None:
    state = job.tail().wait(on_state=show)
    if state.status is JobStatus.CANCELLED:
        raise CancelledError
    if state.status is not JobStatus.SUCCEEDED:
        raise JobFailedError(state.failure_code or "job.worker_died", **state.failure_values)
