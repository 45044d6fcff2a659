"""Networks are tried out for a moment, so that each part of a training has its share of the bar; the training itself stays the same."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch

from sos_studio.core import jobs
from sos_studio.core.manifests import Manifest
from sos_studio.core.training import training_settings
from tests.trainer.tiny_project import QUICKEST, make_job, make_project
from trainer import pace
from trainer.context import JobContext
from trainer.control import Control
from trainer.events import EventLog, EventWriter
from trainer.jobs.retrain import shares
from trainer.jobs.student import Work
from trainer.pace import Pace

# Windows that are no whole cells of a ConvNeXt would be refused.
RESNET = {"teacher.network": "test_resnet", "student.network": "test_resnet"}
MEASURED = Pace(
    teacher_step_s=0.5,
    teacher_look_s=0.01,
    student_step_s=2.0,
    student_look_s=0.1,
    window_step_s=0.25,
    window_px=32,
    detector_step_s=1.0,
)


@pytest.fixture
def context(tmp_path: Path) -> Any:
    make_project(tmp_path, cases=50)
    job_dir = make_job(tmp_path, "j", "retrain", **RESNET, **{"student.windows": [[32, 3], [48, 2]], "student.optimiser.epochs": 8})
    spec = jobs.JobSpec.model_validate_json((job_dir / jobs.JOB_FILE).read_bytes())
    log = EventLog(job_dir / jobs.EVENTS_FILE)
    manifest = Manifest.read(tmp_path / spec.manifest)
    yield JobContext(tmp_path, job_dir, spec, manifest, EventWriter(log, tmp_path), Control(job_dir), torch.device("cpu"))
    log.close()


def test_every_network_of_the_job_is_timed_and_chance_stays_as_it_was(context: JobContext) -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    found = pace.pace_of(context, detector=True)
    assert torch.equal(torch.rand(4), expected)
    for name in ("teacher_step_s", "teacher_look_s", "student_step_s", "student_look_s", "window_step_s", "detector_step_s"):
        assert getattr(found, name) > 0, name
    assert found.window_px == 32
    assert found.window_step_s <= found.student_step_s


def test_a_resumed_job_keeps_the_bar_that_it_began_with(context: JobContext, monkeypatch: pytest.MonkeyPatch) -> None:
    found = pace.pace_of(context, detector=False)
    monkeypatch.setattr(pace, "_measure", lambda *_args, **_more: pytest.fail("it was measured again"))
    assert pace.pace_of(context, detector=False) == found


def test_damaged_notes_are_measured_again(context: JobContext, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = context.job_dir / jobs.CHECKPOINTS_DIR
    folder.mkdir()
    (folder / pace.PACE_FILE).write_text("{")
    monkeypatch.setattr(pace, "_measure", lambda *_args, **_more: MEASURED)
    assert pace.pace_of(context, detector=False) == MEASURED


def test_steps_on_windows_cost_between_the_smallest_and_full_images() -> None:
    settings = training_settings(QUICKEST, RESNET | {"student.windows": [[32, 1], [48, 1]], "student.optimiser.epochs": 3}).student
    steps = [MEASURED.student_step(settings, epoch) for epoch in range(3)]
    assert steps[0] == pytest.approx(0.25)
    assert steps[1] == pytest.approx(0.25 + (48**2 - 32**2) / (64**2 - 32**2) * 1.75)
    assert steps[2] == pytest.approx(2.0)


def test_shares_follow_what_was_measured(context: JobContext) -> None:
    from dataclasses import replace

    measured = replace(context, pace=MEASURED)
    slow_detector = replace(context, pace=MEASURED.model_copy(update={"detector_step_s": 50.0}))
    usual, slow = shares(measured), shares(slow_detector)
    for found in (usual, slow):
        assert [name for name, _, _ in found] == ["teacher", "detector", "student"]
        assert found[0][1] == 0.0
        assert found[-1][2] == 1.0
        assert all(a[2] == b[1] for a, b in itertools.pairwise(found))
    assert slow[1][2] - slow[1][1] > 0.8 > usual[1][2] - usual[1][1]


def test_the_students_bar_goes_with_its_seconds(context: JobContext) -> None:
    from dataclasses import replace

    measured = replace(context, pace=MEASURED)
    fitting, inner = measured.inner_parts()
    work = Work.of(measured, fitting)
    assert work.helper_weight == pytest.approx(0.25)
    settings = measured.settings.student
    # In seconds: windows, windows, full images with the inner split after each epoch, and the held-out cases in the end.
    seconds = [MEASURED.student_step(settings, epoch) * work.batches for epoch in range(8)]
    seconds = [s + (len(inner) * 0.1 if epoch >= 5 else 0.0) for epoch, s in enumerate(seconds)]
    assert [cost * work.batches * 2.0 for cost in work.costs] == pytest.approx(seconds)
    assert work.judging * 2.0 == pytest.approx(3 * 0.1 * len(measured.held_out_entries))
