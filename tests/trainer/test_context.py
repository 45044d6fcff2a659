from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from sos_studio.core import jobs
from sos_studio.core.manifests import Manifest
from tests.trainer.tiny_project import make_job, make_project
from trainer.context import JobContext
from trainer.control import Control
from trainer.events import EventLog, EventWriter
from trainer.jobs.retrain import shares


def a_context(project_dir: Path, job_dir: Path) -> JobContext:
    log = EventLog(job_dir / jobs.EVENTS_FILE)
    spec = jobs.JobSpec.model_validate_json((job_dir / jobs.JOB_FILE).read_bytes())
    manifest = Manifest.read(project_dir / spec.manifest)
    return JobContext(project_dir, job_dir, spec, manifest, EventWriter(log, project_dir), Control(job_dir), torch.device("cpu"))


def test_the_held_out_fold_is_kept_apart(tmp_path: Path) -> None:
    make_project(tmp_path, cases=25)
    context = a_context(tmp_path, make_job(tmp_path, "j", "teacher"))
    assert len(context.held_out_entries) == 5
    assert len(context.fitted_entries) == 20
    assert not {e.patient for e in context.held_out_entries} & {e.patient for e in context.fitted_entries}
    context.events.log.close()


def test_the_parts_of_a_retraining_fill_the_whole_job_without_gaps(tmp_path: Path) -> None:
    make_project(tmp_path, cases=25)
    context = a_context(tmp_path, make_job(tmp_path, "j", "retrain"))
    (first, a, b), (second, c, d), (third, e, f) = shares(context)
    assert (first, second, third) == ("teacher", "detector", "student")
    assert (a, f) == (0.0, 1.0)
    assert a < b == c < d == e < f
    context.events.log.close()


def test_windows_are_for_a_student_from_scratch(tmp_path: Path) -> None:
    make_project(tmp_path, cases=25)
    context = a_context(tmp_path, make_job(tmp_path, "j", "student", **{"student.windows": [[32, 1]]}))
    assert context.settings.student.windows == ((32, 1),)
    started = replace(context, spec=context.spec.model_copy(update={"weights": "convnext.safetensors"}))
    assert started.settings.student.windows == ()
    context.events.log.close()


def test_parts_keep_their_checkpoints_apart(tmp_path: Path) -> None:
    make_project(tmp_path, cases=25)
    context = a_context(tmp_path, make_job(tmp_path, "j", "retrain"))
    folders = {context.part(name).checkpoints_dir for name in ("teacher", "detector", "student")}
    assert len(folders) == 3
    context.events.log.close()
