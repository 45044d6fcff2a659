"""What a training is given, and the seams between the three of them.

``jobs.teacher.run_teacher(context) -> StoredModel``, ``jobs.detector.run_detector(context) -> StoredModel`` and
``jobs.student.run_student(context, teacher, masks) -> StoredModel``. `masks` maps capture ids to the frames that the attention
term may use, already chosen by ``settings.student.mask_source``; a capture without one has no attention term. Each training
keeps its checkpoints in `JobContext.checkpoints_dir`, stores its model through `trainer.model_store` and puts its figures on the
held-out fold, with counts, on the card as ``held_out``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sos_studio.core import jobs
from sos_studio.core.jobs import JobSpec
from sos_studio.core.manifests import Manifest, ManifestEntry
from sos_studio.core.training import TrainingSettings
from trainer.control import Control
from trainer.data import inner_split
from trainer.events import EventWriter

if TYPE_CHECKING:
    import torch

    from trainer.pace import Pace


@dataclass(frozen=True)
class JobContext:
    """One job, or one part of it.

    Attributes
    ----------
    project_dir
        Images of the manifest and new models lie below it.
    job_dir
        Folder of the job.
    spec, manifest
        What was asked, and the data; both frozen.
    events, control
        ``events.progress(done, total)`` and its fellows are scaled to this part's share; ``control.check()`` every step.
    device
        Where to compute.
    shares
        ``{part: (start, stop)}`` of the whole job's time, 0 … 1; empty in a job of one part.
    part_name
        "" for the whole job.
    pace
        How long steps take here; None: estimated from a table (`core.training_cost`).
    """

    project_dir: Path
    job_dir: Path
    spec: JobSpec
    manifest: Manifest
    events: EventWriter
    control: Control
    device: torch.device
    shares: tuple[tuple[str, float, float], ...] = ()
    part_name: str = ""
    pace: Pace | None = None

    @property
    def settings(self) -> TrainingSettings:
        """Settings of all three trainings, as they are obeyed by networks that start as these do."""
        return self.spec.settings.starting(from_scratch=self.spec.weights is None)

    @property
    def weights(self) -> Path | None:
        """The file of starting weights; None: from scratch."""
        if self.spec.weights is None:
            return None
        # The job's own file has its name only: projects hold no paths of a computer.
        told = os.environ.get(jobs.WEIGHTS_VARIABLE) or self.spec.weights
        if self.spec.kind == "crossval":
            told = jobs.paths_told(told).get(self.settings.student.network, self.spec.weights)
        return Path(told)

    @property
    def checkpoints_dir(self) -> Path:
        """Folder for this part's checkpoints; made if it is not there."""
        directory = self.job_dir / jobs.CHECKPOINTS_DIR / (self.part_name or self.spec.kind)
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    @property
    def fitted_entries(self) -> tuple[ManifestEntry, ...]:
        """Entries that may be fitted to (inner validation included)."""
        return tuple(e for e in self.manifest.entries if e.fold != self.manifest.held_out_fold)

    @property
    def held_out_entries(self) -> tuple[ManifestEntry, ...]:
        """Entries that judge and are never fitted to."""
        return tuple(e for e in self.manifest.entries if e.fold == self.manifest.held_out_fold)

    def inner_parts(self) -> tuple[tuple[ManifestEntry, ...], tuple[ManifestEntry, ...]]:
        """Entries to fit to, and those of the inner validation: one split of all cases for the three networks.

        Whoever can't use a case (no crop, no frame) leaves it out of its part; the split itself knows nothing of that. So no network
        has fitted to a patient who chooses another one's epoch.
        """
        return inner_split(self.fitted_entries, self.settings.inner_validation_fraction, self.spec.seed)

    def part(self, name: str) -> JobContext:
        """The context of one part: its share of the progress, its own checkpoint folder."""
        start, stop = next(((a, b) for n, a, b in self.shares if n == name), (0.0, 1.0))
        return replace(self, events=self.events.within(name, start, stop), part_name=name)
