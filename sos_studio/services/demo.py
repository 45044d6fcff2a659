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
from sos_studio.core.manifests import FOLDS, Manifest
from sos_studio.core.training import TrainingSettings
from sos_studio.core.training_cost import retraining_cost
from sos_studio.dataset import cases as dataset_cases
from sos_studio.dataset.project import Project
from sos_studio.dataset.upgrade import DATABASE_FILE
from sos_studio.services import jobs, model_list, presets, weights
from sos_studio.services.demo_project import SCAN_COST, SCANS, first_scan, make_demo, read_truth, scans_dir
from sos_studio.services.evaluation import HeldOutFigures, predict_held_out
from sos_studio.services.jobs import JobHandle
from sos_studio.services.prediction import PredictionService

__all__ = ["DemoResult", "first_scan", "headless_demo", "make_demo", "read_truth", "scans_dir", "starts_from_scratch"]

# Seconds of one thread of the computer that `core.training_cost` counts in, as measured there.
_DRAWN_S, _PREDICTED_S = 0.6, 0.45  # per case
_START_S = 10.0  # of a worker that imports torch

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Plan:
    """How long the three steps take in ratio to one another: what the share of the whole is made of.

    Attributes
    ----------
    making_s
        0 where the project is there already.
    """

    making_s: float
    training_s: float
    predicting_s: float

    @classmethod
    def of(cls, cases: int, settings: TrainingSettings, *, made: bool, threads: int, with_scans: int = SCANS) -> Plan:
        """Estimate the steps from cases to draw, networks to train and cases to predict.

        Parameters
        ----------
        made
            Whether the project is there.
        threads
            Of the training; the phantoms are drawn on all cores.
        """
        held_out = cases // FOLDS
        cost = retraining_cost(settings, cases=cases - held_out, framed=cases - held_out, bf16=True)
        drawn = cases + min(with_scans, cases) * SCAN_COST
        return cls(
            making_s=0.0 if made else drawn * _DRAWN_S / (threads + 1),
            training_s=_START_S + cost.total_s / threads,
            predicting_s=_START_S + held_out * _PREDICTED_S,
        )

    def making(self, share: float) -> float:
        """Share of the whole once `share` of the phantoms is drawn."""
        return share * self.making_s / self._total_s

    def training(self, share: float) -> float:
        """Share of the whole once `share` of the training is done."""
        return (self.making_s + share * self.training_s) / self._total_s

    def predicting(self, share: float) -> float:
        """Share of the whole once `share` of the held-out cases is predicted."""
        return (self.making_s + self.training_s + share * self.predicting_s) / self._total_s

    @property
    def _total_s(self) -> float:
        return self.making_s + self.training_s + self.predicting_s


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
    settings = presets.settings(preset).starting(from_scratch=starts_from_scratch(preset))
    made, threads = (directory / DATABASE_FILE).exists(), jobs.default_threads()
    plan = Plan.of(cases, settings, made=made, threads=threads, with_scans=with_scans)
    with _project(directory, cases, seed, with_scans, lambda share: tell(plan.making(share), "making phantoms")) as project:
        if made:
            plan = Plan.of(len(dataset_cases.cases(project)), settings, made=made, threads=threads)
        job = jobs.start_training(project, "retrain", preset=preset, device=device, seed=seed)
        if on_job is not None:
            on_job(job)
        _wait(job, lambda state: tell(plan.training(state.fraction), f"training {state.part or 'starts'}"))
        spec = job.spec()
        manifest = Manifest.read(project.directory / spec.manifest)
        figures = _predict(project, manifest, lambda share: tell(plan.predicting(share), "predicting held-out cases"))
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


def _predict(project: Project, manifest: Manifest, progress: Callable[[float], None]) -> HeldOutFigures:
    student = model_list.current(project, "student", manifest_id=manifest.manifest_id)
    detector = model_list.current(project, "detector", manifest_id=manifest.manifest_id)
    if student is None or detector is None:
        raise JobFailedError("job.no_models")
    with PredictionService() as service:
        return predict_held_out(
            project.directory, manifest, service, student_dir=student.path, detector_dir=detector.path, progress=progress
        )


def _wait(job: JobHandle, show: Callable[[JobState], None]) -> None:
    state = job.tail().wait(on_state=show)
    if state.status is JobStatus.CANCELLED:
        raise CancelledError
    if state.status is not JobStatus.SUCCEEDED:
        raise JobFailedError(state.failure_code or "job.worker_died", **state.failure_values)
