"""What can go wrong with a training ends in one clear event, and leaves nothing half-written behind."""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from sos_studio.core import atomic, jobs
from sos_studio.core.crossval import Arm, CrossvalSettings
from sos_studio.core.errors import BadInputError, SosError
from sos_studio.core.manifests import Manifest
from sos_studio.messages import message
from tests.trainer.test_context import a_context
from tests.trainer.tiny_project import events_of, make_job, make_project
from trainer import model_store
from trainer.context import JobContext
from trainer.failures import explain
from trainer.jobs import run
from trainer.jobs.card import starting_weights
from trainer.networks import network_of
from trainer.soundness import require_sound
from trainer.tasks import StudentTask, TeacherTask
from trainer.weights import load_starting_weights, require_fitting

Begin = Callable[..., JobContext]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    make_project(tmp_path, cases=25)
    return tmp_path


@pytest.fixture
def begin(project: Path) -> Iterator[Begin]:
    """A job's context; its log is closed in the end."""
    begun: list[JobContext] = []

    def make(job_id: str, kind: jobs.JobKind, **overrides: Any) -> JobContext:
        job_dir = project / "jobs" / job_id
        begun.append(a_context(project, job_dir if job_dir.exists() else make_job(project, job_id, kind, **overrides)))
        return begun[-1]

    yield make
    for context in begun:
        context.events.log.close()


def with_entries(context: JobContext, entries: Any) -> JobContext:
    return replace(context, manifest=context.manifest.model_copy(update={"entries": tuple(entries)}))


def fault_of(context: JobContext) -> SosError:
    with pytest.raises(SosError) as caught:
        run(context)
    return caught.value


def nothing_is_left(project: Path) -> bool:
    models = project / "models"
    unfinished = [path for path in project.rglob("*") if ".tmp" in path.name]
    return not unfinished and (not models.exists() or not any(models.iterdir()))


@pytest.mark.expects_log
def test_everything_that_is_wrong_is_told_at_once_before_anything_is_trained(begin: Begin, project: Path) -> None:
    context = begin("a", "retrain", **{"teacher.optimiser.precision": "fp16", "student.channels": 3})
    first, second = context.held_out_entries[0], context.fitted_entries[0]
    (project / first.full_image.path).unlink()
    assert second.crop is not None
    (project / second.crop.path).write_bytes(b"another picture")
    unframed = [e.model_copy(update={"roi": None}) for e in context.manifest.entries]
    error = fault_of(with_entries(context, unframed))
    assert error.code == "training.several_faults"
    told = {fault["code"]: fault["values"] for fault in error.values["faults"]}
    assert told.keys() == {"training.fp16_needs_cuda", "training.too_few_frames", "training.images_damaged"}
    assert told["training.images_damaged"]["cases"] == ", ".join(sorted([first.case_id, second.case_id]))
    words = message(*explain(error)).text
    assert "CUDA" in words
    assert first.case_id in words
    assert nothing_is_left(project)
    assert not (context.job_dir / "checkpoints").exists()


@pytest.mark.expects_log
@pytest.mark.parametrize("spoil", ["missing", "changed", "cut short", "a byte flipped", "no picture"])
def test_a_picture_that_only_the_held_out_fold_needs_is_missed_before_the_training_not_after_it(
    spoil: str, begin: Begin, project: Path
) -> None:
    context = begin("a", "teacher")
    entry = context.held_out_entries[-1]
    assert entry.crop is not None
    path = project / entry.crop.path
    if spoil == "missing":
        path.unlink()
    elif spoil == "changed":
        path.write_bytes(path.read_bytes() + b" ")
    else:  # damaged before it was frozen: its hash is right
        content = path.read_bytes()
        middle = len(content) // 2
        flipped = content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]
        path.write_bytes({"cut short": content[:60], "a byte flipped": flipped, "no picture": b"GIF89a, or so it says"}[spoil])
        frozen = entry.crop.model_copy(update={"sha256": hashlib.sha256(path.read_bytes()).hexdigest()})
        others = [e for e in context.manifest.entries if e != entry]
        context = with_entries(context, [*others, entry.model_copy(update={"crop": frozen})])
    error = fault_of(context)
    assert (error.code, error.values) == ("training.images_damaged", {"count": 1, "cases": entry.case_id})
    assert nothing_is_left(project)


@pytest.mark.expects_log
def test_a_job_that_needs_no_crops_does_not_look_at_them(begin: Begin, project: Path) -> None:
    context = begin("a", "detector")
    for entry in context.manifest.entries:
        assert entry.crop is not None
        (project / entry.crop.path).unlink()
    require_sound(context)


@pytest.mark.expects_log
@pytest.mark.parametrize(("kind", "code"), [("student", "training.one_stage_only"), ("teacher", "training.one_stage_only")])
def test_one_stage_is_nothing_to_learn_from(kind: jobs.JobKind, code: str, begin: Begin) -> None:
    context = begin("a", kind)
    alike = [e.model_copy(update={"stage": 3}) for e in context.manifest.entries]
    with pytest.raises(BadInputError) as caught:
        require_sound(with_entries(context, alike))
    assert caught.value.code == code
    with pytest.raises(BadInputError, match="too_few"):
        require_sound(with_entries(context, alike[:5]))


@pytest.mark.expects_log
@pytest.mark.parametrize("judging", ["nobody", "one stage"])
def test_a_fold_that_can_not_judge_leaves_figures_empty_and_the_networks_trained(judging: str, begin: Begin, project: Path) -> None:
    context = begin("a", "retrain", **{"detector.epochs": 1})
    held_out = {entry.case_id for entry in context.held_out_entries}
    kept = [e for e in context.manifest.entries if e.case_id not in held_out or (judging == "one stage" and e.stage == 3)]
    result = run(with_entries(context, kept))
    student = result["held_out"]["student"]
    assert student["n"] == sum(entry.case_id in held_out for entry in kept)
    assert student["kappa"] in (None, 0.0)  # with one stage there is nothing to agree on
    assert (student["accuracy"] is None) == (judging == "nobody")
    words = (project / "models" / result["models"]["student"] / "model.md").read_text(encoding="utf-8")
    assert "nan" not in words.lower()
    json.dumps(result, allow_nan=False)


@pytest.mark.expects_log
@pytest.mark.parametrize("content", [b"", b"not weights", b"\x80\x02}q\x00.", b"\x10\x00\x00\x00\x00\x00\x00\x00rubbish rubbish"])
def test_a_file_that_holds_no_weights_is_refused_at_once(
    content: bytes, begin: Begin, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project / "w.safetensors"
    path.write_bytes(content)
    monkeypatch.setenv(jobs.WEIGHTS_VARIABLE, str(path))
    context = begin("a", "teacher")
    error = fault_of(replace(context, spec=context.spec.model_copy(update={"weights": path.name})))
    assert (error.code, error.values) == ("training.weights_unreadable", {"file": "w.safetensors"})


@pytest.mark.parametrize(
    ("network", "channels", "fits"), [("test_convnext", 1, True), ("test_convnext", 3, True), ("test_resnet", 3, False)]
)
def test_weights_are_known_to_fit_from_their_header_as_they_do_when_they_are_loaded(
    network: str, channels: int, fits: bool, tmp_path: Path
) -> None:
    made = network_of(network, stages=1000, channels=channels)
    save_file({name: tensor.contiguous() for name, tensor in made.backbone.state_dict().items()}, tmp_path / "w.safetensors")
    backbone = network_of("test_convnext", stages=5, channels=1).backbone
    for look in (require_fitting, load_starting_weights):
        if fits:
            look(backbone, tmp_path / "w.safetensors")
        else:
            with pytest.raises(BadInputError, match="weights_do_not_fit"):
                look(backbone, tmp_path / "w.safetensors")


def test_a_licence_is_believed_of_the_very_weights_that_it_was_noted_for(tmp_path: Path) -> None:
    path, note = tmp_path / "w.safetensors", tmp_path / "w.source.json"
    path.write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    assert starting_weights(None) is None
    assert starting_weights(path) == {"sha256": digest, "source": None, "licence": None}
    note.write_text(json.dumps({"source": "there", "licence": "mit", "sha256": digest}))
    assert starting_weights(path) == {"sha256": digest, "source": "there", "licence": "mit"}
    for other in (json.dumps({"licence": "mit", "sha256": "0"}), "rubbish", "[]"):
        note.write_text(other)
        assert starting_weights(path) == {"sha256": digest, "source": None, "licence": None}


@pytest.mark.expects_log
def test_a_graphics_card_that_vanishes_ends_the_job_in_words_and_the_next_attempt_in_the_same_weights(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(begin("whole", "teacher"))["models"]["teacher"]
    real, calls = TeacherTask.losses, iter(range(1000))

    def vanishing(self: TeacherTask, *more: Any) -> Any:
        if next(calls) == 2:
            raise RuntimeError("CUDA error: unspecified launch failure")
        return real(self, *more)

    monkeypatch.setattr(TeacherTask, "losses", vanishing)
    context = begin("a", "teacher")
    with pytest.raises(RuntimeError) as caught:
        run(context)
    assert explain(caught.value) == ("training.device_lost", {})
    assert "Resume" in message("training.device_lost").hint
    again = run(begin("a", "teacher"))["models"]["teacher"]
    first, second = (model_store.load_state(model_store.find(context.project_dir, model)) for model in (whole, again))
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.expects_log
def test_a_loss_that_is_no_number_stores_no_model(begin: Begin, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = TeacherTask.losses
    monkeypatch.setattr(TeacherTask, "losses", lambda self, *more: {k: v * torch.nan for k, v in real(self, *more).items()})
    error = fault_of(begin("a", "teacher"))
    assert (error.code, error.values) == ("training.diverged", {"epoch": 1})
    assert nothing_is_left(project)


def half_of(pieces: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
    """What a disk takes that is full after the first of them."""
    for piece in pieces:
        yield piece[: len(piece) // 2]
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.expects_log
def test_a_student_that_goes_astray_leaves_the_networks_before_it_and_nothing_of_its_own(
    begin: Begin, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = StudentTask.losses

    def astray(self: StudentTask, *more: Any) -> Any:
        # The pace is tried out on noise; only pictures of cases go astray.
        spoiled = torch.nan if self.inner is not None else 1.0
        return {name: loss * spoiled for name, loss in real(self, *more).items()}

    monkeypatch.setattr(StudentTask, "losses", astray)
    error = fault_of(begin("a", "retrain", **{"detector.epochs": 1}))
    assert (error.code, error.values) == ("training.diverged", {"epoch": 1})
    assert sorted(path.name.split("-")[0] for path in (project / "models").iterdir()) == ["detector", "teacher"]
    assert not [path for path in project.rglob("*") if ".tmp" in path.name]


@pytest.mark.expects_log
def test_a_detector_that_finds_nothing_is_said_and_the_student_learns_without_frames(begin: Begin, project: Path) -> None:
    settings = {"detector.epochs": 1, "detector.confidence": 1.0, "student.mask_source": "detector"}
    result = run(begin("a", "retrain", **settings))
    warnings = [event.code for event in events_of(project / "jobs" / "a") if isinstance(event, jobs.Warned)]
    assert warnings == ["training.no_frames"]
    found = result["held_out"]["detector"]
    assert (found["n"], found["missed"], found["miss_rate"], found["center_error_mm"]) == (5, 5, 1.0, None)
    assert result["held_out"]["student"]["n"] == 5


@pytest.mark.expects_log
@pytest.mark.parametrize("where", ["fold-1", "report.json", "predictions.csv"])
def test_a_cross_validation_on_a_full_disk_goes_on_to_the_same_answers(
    where: str, project: Path, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(job_id: str) -> JobContext:
        if not (project / "jobs" / job_id).exists():
            arms = (Arm(method="teacher", network="test_convnext"), Arm(method="full-image", network="test_convnext"))
            make_job(project, job_id, "crossval", lambda _: CrossvalSettings(arms=arms, folds=(0,), repeats=100))
        return begin(job_id, "crossval")

    run(asked("whole"))
    real = atomic.write_pieces

    def full(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
        real(path, half_of(pieces) if where in path.parts and "crossval" in path.parts else pieces)

    monkeypatch.setattr(atomic, "write_pieces", full)
    with pytest.raises(OSError, match="No space") as caught:
        run(asked("a"))
    assert explain(caught.value) == ("training.disk_full", {})
    written = project / "jobs" / "a" / "crossval"
    assert not (written / where).is_file()
    assert not [path for path in project.rglob("*") if ".tmp" in path.name]
    monkeypatch.setattr(atomic, "write_pieces", real)
    run(asked("a"))
    whole = project / "jobs" / "whole" / "crossval"
    assert (written / "predictions.csv").read_bytes() == (whole / "predictions.csv").read_bytes()


@pytest.mark.expects_log
def test_a_cross_validation_misses_a_damaged_picture_before_anything_is_trained(project: Path, begin: Begin) -> None:
    arms = (Arm(method="teacher", network="test_convnext"), Arm(method="full-image", network="test_convnext"))
    make_job(project, "a", "crossval", lambda _: CrossvalSettings(arms=arms, repeats=100))
    context = begin("a", "crossval")
    first, last = context.manifest.entries[0], context.manifest.entries[-1]
    (project / first.full_image.path).unlink()
    assert last.crop is not None
    (project / last.crop.path).write_bytes(b"another picture")
    error = fault_of(context)
    assert (error.code, error.values) == ("training.images_damaged", {"count": 2, "cases": f"{first.case_id}, {last.case_id}"})
    assert not (context.job_dir / "crossval").exists()
    assert not (context.job_dir / "checkpoints").exists()


@pytest.mark.expects_log
@pytest.mark.parametrize("where", ["checkpoints", "models"])
def test_a_full_disk_leaves_nothing_half_written_and_the_resumed_job_is_as_if_nothing_had_been(
    where: str, begin: Begin, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(begin("whole", "teacher"))["models"]["teacher"]
    expected = model_store.load_state(model_store.find(project, whole))
    real = atomic.write_pieces

    def full(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
        # Half of it fits.
        real(path, half_of(pieces) if where in path.parts and "whole" not in path.parts else pieces)

    monkeypatch.setattr(atomic, "write_pieces", full)
    with pytest.raises(OSError, match="No space") as caught:
        run(begin("a", "teacher"))
    assert explain(caught.value) == ("training.disk_full", {})
    assert [path.name for path in (project / "models").iterdir()] == [whole]
    assert not [path for path in project.rglob("*") if ".tmp" in path.name]
    monkeypatch.setattr(atomic, "write_pieces", real)
    resumed = model_store.load_state(model_store.find(project, run(begin("a", "teacher"))["models"]["teacher"]))
    assert all(torch.equal(expected[name], resumed[name]) for name in expected)


@pytest.mark.expects_log
def test_a_student_that_no_frame_guides_is_told_of_and_trained(begin: Begin, project: Path) -> None:
    from trainer.jobs.student import run_student

    teacher = model_store.find(project, run(begin("t", "teacher"))["models"]["teacher"])
    run_student(begin("s", "student"), teacher, {})
    warnings = [event.code for event in events_of(project / "jobs" / "s") if isinstance(event, jobs.Warned)]
    assert warnings == ["training.no_frames"]
    assert message("training.no_frames").text


@pytest.mark.slow
def test_two_jobs_at_once_on_one_project_keep_out_of_each_others_way(project: Path, tmp_path: Path) -> None:
    from tests.trainer.tiny_project import finished, start

    job_dirs = [make_job(project, job_id, "teacher", **{"teacher.optimiser.epochs": 6}) for job_id in ("a", "b")]
    workers = [start(job_dir, tmp_path) for job_dir in job_dirs]
    for worker in workers:
        finished(worker, 280)
    assert [worker.returncode for worker in workers] == [0, 0]
    models = [next(e.path for e in events_of(job_dir) if isinstance(e, jobs.Artifact)) for job_dir in job_dirs]
    assert len(set(models)) == 2
    first, second = (model_store.load_state(model_store.read((project / path).parent)) for path in models)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert Manifest.read(project / "manifests" / "m.json").entries
