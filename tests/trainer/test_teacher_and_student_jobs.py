"""Whole jobs on little pictures: what they store, what they refuse, and that a cancelled one goes on where it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from sos_studio.core import jobs
from sos_studio.core.errors import BadInputError
from sos_studio.core.manifests import Manifest
from sos_studio.core.roi import Roi
from tests.trainer.tiny_project import events_of, make_job, make_project
from trainer import model_store
from trainer.context import JobContext
from trainer.control import Control, JobCancelled
from trainer.data import load_samples
from trainer.evaluation import predict_logits
from trainer.events import EventLog, EventWriter
from trainer.jobs import run
from trainer.jobs.student import run_student
from trainer.jobs.teacher import run_teacher
from trainer.metrics import expected_calibration_error, fit_temperature, negative_log_likelihood, softmax
from trainer.networks import restore


@pytest.fixture
def project_dir(tmp_path: Path) -> Path:
    make_project(tmp_path, cases=50)
    return tmp_path


@pytest.fixture
def contexts(project_dir: Path) -> Iterator[Any]:
    """Makes contexts and closes their event logs."""
    logs: list[EventLog] = []

    def make(job_id: str, kind: jobs.JobKind, **overrides: Any) -> JobContext:
        job_dir = project_dir / "jobs" / job_id
        if not job_dir.exists():
            make_job(project_dir, job_id, kind, **overrides)
        spec = jobs.JobSpec.model_validate_json((job_dir / jobs.JOB_FILE).read_bytes())
        logs.append(EventLog(job_dir / jobs.EVENTS_FILE))
        manifest = Manifest.read(project_dir / spec.manifest)
        writer = EventWriter(logs[-1], project_dir)
        return JobContext(project_dir, job_dir, spec, manifest, writer, Control(job_dir), torch.device("cpu"))

    yield make
    for log in logs:
        log.close()


def frames_of(context: JobContext) -> dict[str, Roi]:
    return {e.capture_id: e.roi for e in context.fitted_entries if e.roi is not None}


def test_a_teacher_and_its_student_are_stored_with_figures_and_facts(contexts: Any, project_dir: Path) -> None:
    context = contexts("t", "teacher")
    teacher = run_teacher(context)
    card = teacher.card.model_dump()
    assert (card["kind"], card["network"], card["from_scratch"], card["phantom"]) == ("teacher", "test_convnext", True, True)
    assert teacher.held_out["n"] == len(context.held_out_entries) == 10
    assert sum(stage["n"] for stage in teacher.held_out["per_stage"]) == 10
    assert card["calibration"]["n"] + card["fitted_cases"] == len(context.fitted_entries)
    assert len(card["data_sha256"]) == 64
    student = run_student(contexts("s", "student"), teacher, frames_of(context))
    assert student.held_out["attention_in_roi"]["n"] == 10
    assert 0 <= student.held_out["attention_in_roi"]["mean"] <= 1
    assert (student.card.model_extra or {})["teacher_model"] == teacher.model_id
    assert (student.card.model_extra or {})["teacher_logits"] == "in-sample"
    for model, job in ((teacher, "t"), (student, "s")):
        told = [e for e in events_of(project_dir / "jobs" / job) if isinstance(e, jobs.Artifact)]
        assert [(e.kind, e.path) for e in told] == [("model", f"models/{model.model_id}/model.safetensors")]
        assert told[0].sha256 == (model.card.model_extra or {})["weights_sha256"]
    names = {(m.name, m.split) for m in events_of(project_dir / "jobs" / "s") if isinstance(m, jobs.Metric)}
    assert {(n, "train") for n in ("loss", "attention_loss", "distillation_loss", "classification_loss")} <= names
    assert ("kappa", "inner") in names
    assert not {"teacher", "helper"} & {name.split(".")[0] for name in model_store.load_state(student)}
    network = restore(student.card, model_store.load_state(student))
    assert network(torch.zeros(1, 1, 64, 64)).shape == (1, 5)


def test_a_temperature_is_fitted_to_the_inner_split_and_told_before_and_after_on_held_out_cases(contexts: Any, project_dir: Path) -> None:
    context = contexts("t", "teacher")
    teacher = run_teacher(context)
    network = restore(teacher.card, model_store.load_state(teacher))

    def said(entries: Any) -> tuple[Any, Any]:
        samples = load_samples(project_dir, entries, "crop", (32, 64))
        return predict_logits(network, samples, torch.device("cpu")), samples.target_N.numpy()

    _, inner = context.inner_parts()
    temperature = (teacher.card.model_extra or {})["calibration"]["temperature"]
    assert temperature == pytest.approx(fit_temperature(*said(inner)))
    logits, target = said(context.held_out_entries)
    assert teacher.held_out["negative_log_likelihood_uncalibrated"] == pytest.approx(negative_log_likelihood(logits, target))
    assert teacher.held_out["negative_log_likelihood"] == pytest.approx(negative_log_likelihood(logits, target, temperature))
    assert teacher.held_out["ece_uncalibrated"] == pytest.approx(expected_calibration_error(softmax(logits), target))
    assert teacher.held_out["ece"] == pytest.approx(expected_calibration_error(softmax(logits, temperature), target))
    words = (teacher.directory / "model.md").read_text(encoding="utf-8")
    assert "Calibration error before the temperature" in words


def test_cross_fitted_logits_come_from_helpers_that_never_saw_the_patient(contexts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from trainer.jobs import student as module

    context = contexts("s", "student", **{"student.teacher_logits": "cross-fitted"})
    seen: list[set[str]] = []
    asked: list[set[str]] = []
    fit_teacher, load_samples = module.fit_teacher, module.load_samples

    def recording_fit(context: JobContext, entries: Any, inner: Any, **more: Any) -> Any:
        seen.append({e.patient for e in entries})
        assert inner == ()
        return fit_teacher(context, entries, inner, **more)

    def recording_load(folder: Path, entries: Any, picture: str, *more: Any, **named: Any) -> Any:
        if picture == "crop":
            asked.append({e.patient for e in entries})
        return load_samples(folder, entries, picture, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "fit_teacher", recording_fit)
    monkeypatch.setattr(module, "load_samples", recording_load)
    teacher = run_teacher(contexts("t", "teacher"))
    student = run_student(context, teacher, frames_of(context))
    assert (student.card.model_extra or {})["teacher_logits"] == "cross-fitted"
    assert len(seen) == len(asked) == 3
    assert all(not trained & judged for trained, judged in zip(seen, asked, strict=True))
    held_out = {e.patient for e in context.held_out_entries}
    assert not held_out & set().union(*seen)
    assert len(set().union(*asked)) == sum(len(a) for a in asked)


@pytest.mark.parametrize("of", ["teacher_model", "detector_model"])
def test_who_was_fitted_to_the_cases_that_judge_now_may_not_teach(contexts: Any, of: str) -> None:
    teacher = run_teacher(contexts("t", "teacher"))
    context = contexts("s", "student")
    other = model_store.save(
        context.project_dir, teacher.card.model_copy(update={"model_id": "other", "held_out_fold": 3}), model_store.load_state(teacher)
    )
    spec = context.spec.model_copy(update={"teacher_model": teacher.model_id, of: other.model_id})
    with pytest.raises(BadInputError, match=r"training\.other_fold") as caught:
        run(replace(context, spec=spec))
    assert caught.value.values == {"model": "other", "fold": 4, "wanted": 1}


def test_too_few_crops_to_cross_fit_is_said_and_the_teacher_asked_instead(contexts: Any, project_dir: Path) -> None:
    context = contexts("s", "student", **{"student.teacher_logits": "cross-fitted", "student.cross_fit_folds": 10})
    student = run_student(context, run_teacher(contexts("t", "teacher")), frames_of(context))
    assert (student.card.model_extra or {})["teacher_logits"] == "in-sample"
    warnings = [e for e in events_of(project_dir / "jobs" / "s") if isinstance(e, jobs.Warned)]
    assert [w.code for w in warnings] == ["training.too_few_to_cross_fit"]


def test_cases_without_a_frame_train_the_student_without_attention_or_teacher(contexts: Any) -> None:
    context = contexts("s", "student")
    teacher = run_teacher(contexts("t", "teacher"))
    bare = tuple(e.model_copy(update={"roi": None, "crop": None}) if n % 2 else e for n, e in enumerate(context.manifest.entries))
    context = replace(context, manifest=context.manifest.model_copy(update={"entries": bare}))
    student = run_student(context, teacher, frames_of(context))
    counted = (student.card.model_extra or {})["fitted_cases"]
    assert 0 < counted["with_frame"] < counted["n"]
    assert counted["with_teacher_logits"] == counted["with_frame"]
    assert student.held_out["attention_in_roi"]["n"] == 5


@pytest.mark.parametrize(
    "option",
    [
        {"student.attention_sign": "paper-literal", "student.attention_relu": False, "student.attention_normalisation": "none"},
        {"student.attention_variant": "energy", "student.mask_shape": "box"},
        {"student.attention_grid_stage": "third"},
        {"student.alpha": 0},
    ],
)
def test_every_reading_of_the_attention_term_trains(contexts: Any, option: dict[str, Any]) -> None:
    context = contexts("s", "student", **option)
    student = run_student(context, run_teacher(contexts("t", "teacher")), frames_of(context))
    assert student.held_out["n"] == 10


def test_a_student_that_begins_with_windows_is_judged_on_full_images_only(contexts: Any, project_dir: Path) -> None:
    windows = {"student.windows": [[32, 2]], "student.optimiser.epochs": 4}
    student = run_student(contexts("s", "student", **windows), run_teacher(contexts("t", "teacher")), frames_of(contexts("s", "student")))
    events = events_of(project_dir / "jobs" / "s")
    assert [e.step for e in events if isinstance(e, jobs.Metric) and e.name == "kappa"] == [3, 4]
    assert (student.card.model_extra or {})["best_epoch"] in (3, 4)
    told = [e.done / e.total for e in events if isinstance(e, jobs.Progress)]
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_windows_must_leave_epochs_for_full_images(contexts: Any) -> None:
    with pytest.raises(BadInputError) as caught:
        contexts("s", "student", **{"student.windows": [[32, 2]], "student.optimiser.epochs": 2})
    assert caught.value.code == "training.bad_settings"


def test_a_cancelled_job_goes_on_to_the_same_weights(contexts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def weights_of(context: JobContext) -> dict[str, torch.Tensor]:
        return model_store.load_state(run_teacher(context))

    whole = weights_of(contexts("a", "teacher"))
    context = contexts("b", "teacher")
    checks = iter(range(1000))
    monkeypatch.setattr(
        context.control, "check", lambda: context.control.ask_to_stop() if next(checks) == 7 else Control.check(context.control)
    )
    with pytest.raises(JobCancelled):
        weights_of(context)
    resumed = weights_of(contexts("b", "teacher"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_one_stage_too_few_cases_and_a_bad_input_size_are_refused(contexts: Any) -> None:
    context = contexts("t", "teacher")

    def code_for(entries: Any) -> str:
        with pytest.raises(BadInputError) as caught:
            run_teacher(replace(context, manifest=context.manifest.model_copy(update={"entries": tuple(entries)})))
        return caught.value.code

    assert code_for(context.manifest.entries[:5]) == "training.too_few_cases"
    assert code_for(e.model_copy(update={"stage": 3}) for e in context.manifest.entries) == "training.one_stage_only"
    with pytest.raises(BadInputError) as caught:
        contexts("u", "teacher", **{"teacher.input_shape_hw": (40, 80)})
    assert caught.value.code == "training.bad_settings"


def test_a_picture_that_changed_after_the_manifest_was_frozen_stops_the_job(contexts: Any, project_dir: Path) -> None:
    context = contexts("t", "teacher")
    crop = context.fitted_entries[0].crop
    assert crop is not None
    (project_dir / crop.path).write_bytes(b"other")
    with pytest.raises(BadInputError) as caught:
        run_teacher(context)
    assert caught.value.code == "training.images_damaged"
