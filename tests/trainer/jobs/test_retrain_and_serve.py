"""One retraining of a tiny project in a worker that can't reach the network; what comes out of it is then served."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from sos_studio.core import jobs
from sos_studio.core.job_state import JobStatus, fold
from sos_studio.core.predictions import CoarseMap, ModelCard, Nearness, StageSet
from sos_studio.core.roi import Roi
from sos_studio.imaging import images
from tests.trainer import pictures, tiny_project


@dataclass(frozen=True)
class Done:
    project: Path
    job_dir: Path
    result: dict[str, Any]
    network: str
    printed: bytes

    def model(self, kind: str) -> Path:
        return self.project / "models" / self.result["models"][kind]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    project = tmp_path_factory.mktemp("retrain")
    tiny_project.make_project(project)
    job_dir = tiny_project.make_job(project, "all", "retrain", **{"detector.confidence": 0.0})
    worker = tiny_project.start(job_dir, project)
    printed, errors = tiny_project.finished(worker)
    log = (job_dir / jobs.LOG_FILE).read_text()
    assert worker.returncode == 0, log
    return Done(
        project, job_dir, json.loads((job_dir / jobs.RESULT_FILE).read_text()), (project / "network.txt").read_text(), printed + errors
    )


def test_nothing_reaches_for_the_network_and_nothing_is_printed(done: Done) -> None:
    assert done.network == "watching\n"
    assert done.printed == b""


def test_events_tell_of_three_parts_whose_progress_never_goes_back(done: Done) -> None:
    events = tiny_project.events_of(done.job_dir)
    state = fold(events)
    assert state.status is JobStatus.SUCCEEDED
    assert state.parts == ("teacher", "detector", "student")
    progress = [event for event in events if isinstance(event, jobs.Progress)]
    shares = [event.done / event.total for event in progress]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert list(dict.fromkeys(event.part for event in progress)) == ["teacher", "detector", "student"]
    assert {(m.part, m.name) for m in state.metrics} >= {("detector", "box_loss"), ("detector", "map50"), ("student", "attention_loss")}


def test_the_result_has_models_and_held_out_figures_with_counts(done: Done) -> None:
    assert done.result["kind"] == "retrain"
    held_out = done.result["held_out"]
    for kind in ("teacher", "student"):
        assert held_out[kind]["n"] == 10
        assert {"correct", "accuracy", "within_one", "kappa", "per_stage"} <= held_out[kind].keys()
    assert held_out["detector"]["n"] == 10
    assert held_out["detector"].keys() >= {"hits", "overlapping", "missed", "map50", "center_error_mm"}
    assert held_out["attention_in_roi"]["n"] == 10
    assert set(done.result["seconds"]) == {"teacher", "detector", "student"}


def test_each_model_is_a_card_and_safetensors_that_name_the_data(done: Done) -> None:
    for kind in ("teacher", "detector", "student"):
        folder = done.model(kind)
        records = [] if kind == "detector" else ["held_out.json"]
        assert sorted(path.name for path in folder.iterdir()) == [*records, "model.json", "model.md", "model.safetensors"]
        card = ModelCard.model_validate_json((folder / "model.json").read_bytes())
        assert (card.kind, card.manifest_id, card.phantom, card.from_scratch) == (kind, "m", True, True)
        extra = card.model_extra or {}
        assert extra["threads"] == 1
        assert extra["versions"]["torch"]
        assert extra["data_sha256"]
        assert extra["held_out"]["n"] == 10


def test_checkpoints_are_gone_once_there_is_a_result(done: Done) -> None:
    assert not (done.job_dir / jobs.CHECKPOINTS_DIR).exists()


def test_parts_that_an_earlier_attempt_finished_are_taken_over(done: Done, tmp_path: Path) -> None:
    # As after a power cut in the student's part.
    shutil.copytree(done.project, tmp_path / "p")
    job_dir = tmp_path / "p" / "jobs" / "all"
    (job_dir / jobs.RESULT_FILE).unlink()
    shutil.rmtree(tmp_path / "p" / "models" / done.result["models"]["student"])
    lines = (job_dir / jobs.EVENTS_FILE).read_bytes().splitlines(keepends=True)
    (job_dir / jobs.EVENTS_FILE).write_bytes(b"".join(lines[:-1]) + lines[-1][:10])
    worker = tiny_project.start(job_dir, tmp_path)
    tiny_project.finished(worker)
    assert worker.returncode == 0
    result = json.loads((job_dir / jobs.RESULT_FILE).read_text())
    for kind in ("teacher", "detector"):
        assert result["models"][kind] == done.result["models"][kind]
    assert result["held_out"]["student"] == done.result["held_out"]["student"]
    state = fold(tiny_project.events_of(job_dir))
    assert (state.status, state.attempt) == (JobStatus.SUCCEEDED, 2)


class Serve:
    """A predictor that is spoken to as the app does."""

    def __init__(self, project: Path, tmp_path: Path) -> None:
        self.tmp_path = tmp_path
        self.process = subprocess.Popen(
            [sys.executable, "-m", "trainer", "serve", "--project", str(project)],
            env=tiny_project.environment(tmp_path / "network.txt", tmp_path / "user"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def ask(self, **request: Any) -> dict[str, Any]:
        return self.send(json.dumps(request).encode())

    def send(self, line: bytes) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@pytest.fixture(scope="module")
def serve(done: Done, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    server = Serve(done.project, tmp_path_factory.mktemp("serve"))
    yield server
    if server.process.poll() is None:
        server.process.kill()
    server.process.communicate()


def image(done: Done) -> str:
    return str(done.project / "captures" / "case-0000" / "k" / "full.png")


def test_a_student_answers_with_probabilities_and_a_map_that_lies_on_the_picture(done: Done, serve: Serve) -> None:
    answer = serve.ask(id=1, op="predict", model=str(done.model("student")), image=image(done), stage=None, out=str(serve.tmp_path / "out"))
    assert answer["ok"] is True, answer
    assert answer["id"] == 1
    assert len(answer["probabilities"]) == 5
    assert sum(answer["probabilities"]) == pytest.approx(1)
    assert answer["model"]["model_id"] == done.result["models"]["student"]
    stage_set, nearness = StageSet.model_validate(answer["stage_set"]), Nearness.model_validate(answer["familiarity"])
    assert stage_set.first <= 1 + int(np.argmax(answer["probabilities"])) <= stage_set.last
    assert (stage_set.coverage, stage_set.cases) == (0.9, answer["model"]["calibration"]["n"])
    assert nearness.threshold == answer["model"]["familiarity"]["threshold"]
    assert not nearness.unlike  # it was learned from
    coarse = CoarseMap.model_validate(answer["map"])
    assert os.path.isabs(coarse.path)  # noqa: PTH117
    cells = np.load(coarse.path, allow_pickle=False)
    assert cells.dtype == np.float32
    assert cells.shape == coarse.shape_hw
    assert cells.min() >= 0
    assert cells.max() <= 1 + 1e-6
    # The middle of all cells is the middle of the picture, which was letterboxed in the middle.
    rows, columns = cells.shape
    middle = np.asarray(coarse.uv_from_cell) @ [(columns - 1) / 2, (rows - 1) / 2, 1]
    assert middle[:2] == pytest.approx([(tiny_project.SHAPE_VU[1] - 1) / 2, (tiny_project.SHAPE_VU[0] - 1) / 2], abs=0.6)


def test_a_network_can_be_loaded_and_tried_before_anybody_asks(done: Done, serve: Serve) -> None:
    assert serve.ask(id=12, op="warm_up", model=str(done.model("student"))) == {"id": 12, "ok": True}
    assert serve.ask(id=13, op="warm_up", model=str(done.model("detector")))["code"] == "model.wrong_kind"
    assert serve.ask(id=14, op="warm_up")["code"] == "prediction.bad_request"


@pytest.mark.parametrize("strange", [pictures.ceph, pictures.hand, pictures.knee, pictures.noise])
def test_a_ceph_a_hand_a_knee_and_noise_are_unlike_what_was_learned_from(done: Done, serve: Serve, strange: pictures.Draw) -> None:
    picture = serve.tmp_path / "strange.png"
    for seed in range(3):
        images.write_png(picture, np.clip(strange(np.random.default_rng(seed)), 0, 255).astype(np.uint8))
        answer = serve.ask(id=1, op="predict", model=str(done.model("student")), image=str(picture), out=str(serve.tmp_path / "out"))
        assert Nearness.model_validate(answer["familiarity"]).unlike


@pytest.mark.parametrize("method", ["grad-cam++", "hires-cam"])
def test_the_map_can_be_made_in_other_ways(done: Done, serve: Serve, method: str) -> None:
    common = {"op": "predict", "model": str(done.model("student")), "image": image(done), "out": str(serve.tmp_path / "out")}
    answer = serve.ask(id=1, method=method, **common)
    assert np.isfinite(np.load(answer["map"]["path"])).all()
    assert serve.ask(id=2, method="magic", **common)["code"] == "prediction.bad_request"


def test_the_map_of_another_stage_can_be_asked_for(done: Done, serve: Serve) -> None:
    common = {"op": "predict", "model": str(done.model("student")), "image": image(done), "out": str(serve.tmp_path / "out")}
    maps = []
    for stage in (1, 5):
        answer = serve.ask(id=stage, stage=stage, **common)
        maps.append(np.load(answer["map"]["path"]))
    assert not np.array_equal(*maps)
    answer = serve.ask(id=9, stage=6, **common)
    assert (answer["ok"], answer["code"], answer["values"]["highest"]) == (False, "stage.unknown", 5)


def test_a_teacher_answers_on_a_crop(done: Done, serve: Serve) -> None:
    crop = str(Path(image(done)).with_name("crop-1.png"))
    answer = serve.ask(id=2, op="predict", model=str(done.model("teacher")), image=crop, stage=None, out=str(serve.tmp_path / "out"))
    assert answer["ok"] is True, answer


def test_a_detector_answers_with_a_frame_on_the_picture(done: Done, serve: Serve) -> None:
    answer = serve.ask(id=3, op="detect", model=str(done.model("detector")), image=image(done))
    assert answer["ok"] is True, answer
    found = answer["roi"]
    if found is not None:
        confidence = found.pop("confidence")
        assert 0 <= confidence <= 1
        assert Roi.model_validate(found).inside(tiny_project.SHAPE_VU)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"op": "predict", "model": "{models}/nowhere", "image": "{image}", "out": "{out}"}, "model.missing"),
        ({"op": "predict", "model": "/elsewhere", "image": "{image}", "out": "{out}"}, "model.missing"),
        ({"op": "predict", "model": "{detector}", "image": "{image}", "out": "{out}"}, "model.wrong_kind"),
        ({"op": "detect", "model": "{student}", "image": "{image}"}, "model.wrong_kind"),
        ({"op": "predict", "model": "{student}", "image": "{out}/none.png", "out": "{out}"}, "image.unreadable"),
        ({"op": "predict", "model": "{student}"}, "prediction.bad_request"),
        ({"op": "fly"}, "prediction.bad_request"),
    ],
)
def test_a_fault_is_told_by_code_and_the_next_question_is_answered(done: Done, serve: Serve, request_: dict[str, str], code: str) -> None:
    names = {
        "models": str(done.project / "models"),
        "image": image(done),
        "out": str(serve.tmp_path),
        "student": str(done.model("student")),
        "detector": str(done.model("detector")),
    }
    answer = serve.ask(id=7, **{key: value.format(**names) for key, value in request_.items()})
    assert (answer["id"], answer["ok"], answer["code"]) == (7, False, code)
    assert serve.send(b"no json")["code"] == "prediction.bad_request"


def test_a_network_that_answers_no_numbers_is_a_fault_and_the_next_question_is_answered(done: Done, serve: Serve) -> None:
    good = done.model("student")
    damaged = good.with_name("student-of-nothing")
    damaged.mkdir()
    weights = save({name: np.full_like(value, np.nan) for name, value in load((good / "model.safetensors").read_bytes()).items()})
    (damaged / "model.safetensors").write_bytes(weights)
    card = json.loads((good / "model.json").read_text()) | {"weights_sha256": hashlib.sha256(weights).hexdigest()}
    (damaged / "model.json").write_text(json.dumps(card))
    question = {"op": "predict", "image": image(done), "stage": None, "out": str(serve.tmp_path / "out")}
    answer = serve.ask(id=10, model=str(damaged), **question)
    shutil.rmtree(damaged)
    assert (answer["id"], answer["ok"], answer["code"]) == (10, False, "prediction.bad_answer")
    assert serve.ask(id=11, model=str(good), **question)["ok"] is True
    assert serve.send(b'{"id": NaN, "op": "shut"}')["ok"] is False


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda folder: (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes() + b" "), "model.changed"),
        (lambda folder: _card(folder, schema_version=2), "model.newer"),
        (lambda folder: (folder / "model.json").write_text("{"), "model.unreadable"),
        (lambda folder: (folder / "model.safetensors").unlink(), "model.missing"),
    ],
)
def test_a_network_that_is_missing_changed_damaged_or_newer_is_refused_by_that_name_and_the_next_question_is_answered(
    done: Done, serve: Serve, change: Callable[[Path], object], code: str
) -> None:
    good = done.model("student")
    other = good.with_name(f"student-{code.removeprefix('model.')}")
    shutil.copytree(good, other)
    change(other)
    question = {"op": "predict", "image": image(done), "stage": None, "out": str(serve.tmp_path / "out")}
    answer = serve.ask(id=20, model=str(other), **question)
    shutil.rmtree(other)
    # By its folder, or by the name on its card, which is the one it was copied from.
    assert (answer["ok"], answer["code"], answer["values"]["model"] in (other.name, good.name)) == (False, code, True)
    assert serve.ask(id=21, model=str(good), **question)["ok"] is True


def _card(folder: Path, **changed: Any) -> None:
    (folder / "model.json").write_text(json.dumps(json.loads((folder / "model.json").read_text()) | changed))


def test_shutdown_ends_the_process_that_never_reached_for_the_network(serve: Serve) -> None:
    assert serve.ask(id=8, op="shutdown") == {"id": 8, "ok": True}
    assert serve.process.wait(timeout=20) == 0
    assert (serve.tmp_path / "network.txt").read_text() == "watching\n"
