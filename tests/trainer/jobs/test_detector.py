from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sos_studio.core import jobs
from sos_studio.core.errors import BadInputError
from sos_studio.core.manifests import Manifest
from sos_studio.core.roi import Roi
from tests.trainer.test_context import a_context
from tests.trainer.tiny_project import make_job, make_project
from trainer.context import JobContext


def context_of(project: Path, kind: jobs.JobKind = "student", *, unframed: int = 0, **overrides: Any) -> JobContext:
    """A job on 25 cases, the first `unframed` of the fitted ones without the expert's frame."""
    manifest = make_project(project, cases=25)
    without = {e.case_id for e in [e for e in manifest.entries if e.fold != 0][:unframed]}
    entries = tuple(e.model_copy(update={"roi": None, "crop": None}) if e.case_id in without else e for e in manifest.entries)
    (project / "manifests" / "m.json").write_text(Manifest(**{**manifest.model_dump(), "entries": entries}).model_dump_json())
    return a_context(project, make_job(project, "j", kind, **overrides))


def test_too_few_frames_are_refused_with_their_count(tmp_path: Path) -> None:
    from trainer.jobs.detector import run_detector

    context = context_of(tmp_path, "detector", unframed=16)
    with pytest.raises(BadInputError, match="too_few_frames") as caught:
        run_detector(context)
    assert caught.value.values == {"count": 3, "least": 5}  # of four frames, one is for judging
    context.events.log.close()


def test_all_three_networks_are_judged_within_on_the_same_patients_though_frames_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainer.jobs import detector, student, teacher

    class EnoughError(Exception):
        pass

    def refuse(*_: Any, **__: Any) -> Any:
        raise EnoughError

    fitted: dict[str, set[str]] = {}

    def loading(kind: str, real: Any) -> Any:
        def load(project_dir: Path, entries: Any, *more: Any, **named: Any) -> Any:
            fitted.setdefault(kind, {e.patient for e in entries})  # the first to be loaded are those to fit to
            return real(project_dir, entries, *more, **named)

        return load

    for module in (teacher, detector, student):
        monkeypatch.setattr(module, "load_samples", loading(module.__name__.rpartition(".")[2], module.load_samples))
    monkeypatch.setattr(teacher, "fit", refuse)
    monkeypatch.setattr(student, "fit", refuse)
    monkeypatch.setattr(detector.detector_ultralytics, "train", refuse)
    context = context_of(tmp_path, unframed=7, **{"student.beta": 0.0})
    for run in (teacher.run_teacher, detector.run_detector, lambda c: student.run_student(c, None, {})):  # type: ignore[arg-type]
        with pytest.raises(EnoughError):
            run(context)
    context.events.log.close()
    framed = {e.patient for e in context.fitted_entries if e.roi is not None}
    assert len(framed) == 13
    assert fitted["student"] - framed  # some of those without a frame are fitted to by the student alone
    assert fitted["teacher"] == fitted["detector"] == fitted["student"] & framed
    assert framed - fitted["detector"]  # and some of those with a frame judge


@pytest.mark.parametrize(("source", "expected"), [("expert", 17), ("expert-then-detector", 17), ("detector", 0)])
def test_without_a_detector_only_the_experts_frames_guide_the_student(tmp_path: Path, source: str, expected: int) -> None:
    from trainer.jobs.detector import student_frames

    context = context_of(tmp_path, unframed=3, **{"student.mask_source": source})
    assert len(student_frames(context, None)) == expected
    context.events.log.close()


@pytest.mark.parametrize(("source", "asked"), [("expert", 0), ("expert-then-detector", 3), ("detector", 20)])
def test_the_detector_is_asked_for_what_the_expert_left_out_and_never_for_the_held_out_fold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, asked: int
) -> None:
    from trainer.detector_metrics import Detection
    from trainer.jobs import detector as job

    context = context_of(tmp_path, unframed=3, **{"student.mask_source": source})
    found = Roi.of((60.0, 50.0), 30.0, 40.0)
    seen: list[str] = []

    class Pretended:
        def detect_inputs(self, images: Any, affines: Any, shapes: Any) -> list[list[Detection]]:
            return [[Detection(found, 0.9)] if n % 2 == 0 else [Detection(found, 0.1)] for n in range(len(shapes))]

    def load(context: JobContext, entries: Any) -> Any:
        seen.extend(e.capture_id for e in entries)
        return real(context, entries)

    real = job.load_inputs
    monkeypatch.setattr(job, "load_inputs", load)
    monkeypatch.setattr(job, "load_detector", lambda *_: Pretended())
    monkeypatch.setattr(job, "shown_confidence", lambda *_: 0.25)
    frames = job.student_frames(context, object())  # type: ignore[arg-type]  # stands for a stored model
    assert len(seen) == asked
    held_out = {e.capture_id for e in context.held_out_entries}
    assert not held_out & frames.keys()
    sure = (asked + 1) // 2
    assert sum(frame == found for frame in frames.values()) == sure
    context.events.log.close()
