"""A computer with too little memory is told of as a setting to change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from sos_studio.core import jobs
from sos_studio.core.errors import JobFailedError
from sos_studio.core.training import training_settings
from sos_studio.messages import message
from sos_studio.services.presets import parse_overrides
from tests.trainer.jobs.test_detector import context_of
from tests.trainer.tiny_project import QUICKEST, events_of
from trainer.failures import explain
from trainer.tasks import StudentTask, TeacherTask


def refusing(error: BaseException) -> Any:
    def step(*_: Any, **__: Any) -> Any:
        raise error

    return step


SHORTAGES = (
    torch.cuda.OutOfMemoryError("CUDA: there are 9 bytes"),
    RuntimeError("MPS backend out of memory (MPS allocated: 9.05 GB, max allowed: 9.07 GB)"),
    RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
    MemoryError(),
)


@pytest.mark.expects_log
@pytest.mark.parametrize("shortage", SHORTAGES, ids=["cuda", "mps", "cpu", "python"])
def test_a_step_without_memory_for_the_smallest_part_fails_the_job_with_smaller_pictures_to_try(
    shortage: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainer.jobs import run

    monkeypatch.setattr(TeacherTask, "losses", refusing(shortage))
    context = context_of(tmp_path, "retrain")
    with pytest.raises(JobFailedError) as caught:
        run(context)
    context.events.log.close()
    code, values = explain(caught.value)
    assert (code, values) == ("training.out_of_memory", {"part": "teacher", "setting": "teacher.input_shape_hw=[32,32]"})
    words = message(code, values)
    assert "smaller pictures" in words.hint
    assert "batch" not in words.hint  # it was worked off in the smallest parts before


@pytest.mark.expects_log
@pytest.mark.parametrize(
    ("logits", "broken", "setting"),
    [
        ("in-sample", StudentTask, "student.input_shape_hw=[32,32]"),
        ("cross-fitted", TeacherTask, "teacher.input_shape_hw=[32,32]"),  # a helper of the student's is a teacher
    ],
)
def test_the_setting_is_that_of_the_network_which_lacks_memory(
    logits: str, broken: type, setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainer.jobs import memory, student

    monkeypatch.setattr(broken, "losses", refusing(torch.cuda.OutOfMemoryError("no")))
    context = context_of(tmp_path, **{"student.teacher_logits": logits, "student.cross_fit_folds": 2})
    monkeypatch.setattr(student, "_in_sample", lambda _context, _teacher, crops: torch.zeros(len(crops), 5))
    with pytest.raises(JobFailedError) as caught, memory.enough_memory(context, "student"):
        student.run_student(context, None, {})  # type: ignore[arg-type]  # nobody asks the teacher
    context.events.log.close()
    assert caught.value.values["setting"] == setting


def test_the_detector_has_its_own_setting(tmp_path: Path) -> None:
    from trainer.jobs.memory import enough_memory

    context = context_of(tmp_path, **{"detector.image_size": 320})
    found = []
    for kind in ("detector", "teacher"):
        with pytest.raises(JobFailedError) as caught, enough_memory(context, kind):
            raise MemoryError
        found.append(caught.value.values["setting"])
    context.events.log.close()
    assert found == ["detector.image_size=160", "teacher.input_shape_hw=[32,32]"]
    # What is proposed is taken by the command line as it is written.
    settings = training_settings(json.loads(json.dumps(QUICKEST)), parse_overrides(found))
    assert (settings.detector.image_size, settings.teacher.input_shape_hw) == (160, (32, 32))


@pytest.mark.expects_log
def test_a_detector_that_was_worked_off_in_parts_says_so_in_a_warning_and_on_its_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainer import detector_ultralytics
    from trainer.jobs import run

    real = detector_ultralytics._loss

    def greedy(model: Any, images: torch.Tensor, *more: Any, **named: Any) -> Any:
        if len(images) > 4:
            raise torch.cuda.OutOfMemoryError("no")
        return real(model, images, *more, **named)

    monkeypatch.setattr(detector_ultralytics, "_loss", greedy)
    context = context_of(tmp_path, "detector", **{"detector.epochs": 1})
    model = run(context)["models"]["detector"]
    context.events.log.close()
    warned = [event for event in events_of(context.job_dir) if isinstance(event, jobs.Warned)]
    assert [(w.code, w.values) for w in warned] == [("training.smaller_batch", {"network": "detector", "batch": 8, "parts": 2})]
    folder = tmp_path / "models" / model
    assert json.loads((folder / "model.json").read_text(encoding="utf-8"))["batch_parts"] == 2
    assert "batches were worked off in 2 parts" in (folder / "model.md").read_text(encoding="utf-8")


def test_other_faults_stay_what_they_are(tmp_path: Path) -> None:
    from trainer.jobs.memory import enough_memory

    context = context_of(tmp_path)
    with pytest.raises(RuntimeError, match="shapes"), enough_memory(context, "student"):
        raise RuntimeError("shapes do not match")
    context.events.log.close()


@pytest.mark.expects_log
def test_cases_are_judged_in_smaller_batches_when_the_memory_is_not_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from trainer.data import load_samples
    from trainer.evaluation import predict_logits
    from trainer.networks import Network, build

    context = context_of(tmp_path)
    samples = load_samples(context.project_dir, context.manifest.entries, "full_image", (64, 64))
    context.events.log.close()
    network = build("test_resnet")
    expected = predict_logits(network, samples, torch.device("cpu"))
    forward, sizes = Network.forward, []

    def greedy(self: Network, images: torch.Tensor) -> torch.Tensor:
        sizes.append(len(images))
        if len(images) > 5:
            raise torch.cuda.OutOfMemoryError("no")
        return forward(self, images)

    monkeypatch.setattr(Network, "forward", greedy)
    assert predict_logits(network, samples, torch.device("cpu")) == pytest.approx(expected, abs=1e-4)
    assert sizes[:3] == [16, 8, 4]
    monkeypatch.setattr(Network, "forward", refusing(MemoryError()))
    with pytest.raises(MemoryError):
        predict_logits(network, samples, torch.device("cpu"))
