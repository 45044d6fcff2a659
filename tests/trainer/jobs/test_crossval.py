"""A whole cross-validation of tiny networks: what it leaves, that it survives kills, and that nobody is judged by what they taught."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sos_studio.core import atomic, jobs
from sos_studio.core.crossval import Arm, CrossvalSettings, in_order, main_arms, parse_arm
from sos_studio.core.errors import BadInputError, JobFailedError
from sos_studio.core.job_state import JobStatus, fold
from sos_studio.core.manifests import Manifest
from sos_studio.core.roi import Roi
from sos_studio.core.tables import Table
from sos_studio.core.training import TrainingSettings
from tests.trainer import tiny_project
from trainer.context import JobContext
from trainer.control import Control
from trainer.crossval import folds as folds_module
from trainer.crossval.records import UnitRecord, logits_of, targets_of
from trainer.detector_metrics import Detection
from trainer.events import EventLog, EventWriter
from trainer.jobs import crossval
from trainer.metrics import expected_calibration_error, fit_temperature, negative_log_likelihood, softmax, staging_figures

# Windows, so that their baseline is there, too; one epoch of full images.
QUICK: dict[str, Any] = {"detector.confidence": 0.0, "detector.epochs": 1, "student.windows": [[32, 1]]}
FRAMEWORK = "framework:test_convnext"
# A worker gives way to whatever else the machine does; what it takes of the processor is asserted for itself.
LONGEST_S = 600.0
pytestmark = pytest.mark.timeout(2.5 * LONGEST_S)


def everything(settings: TrainingSettings) -> CrossvalSettings:
    return CrossvalSettings(arms=in_order(main_arms(settings, from_scratch=True)), tables=(1, 2), repeats=200)


def only(*names: str, folds: tuple[int, ...] = (0, 1), **more: Any) -> Callable[[TrainingSettings], CrossvalSettings]:
    return lambda settings: CrossvalSettings(arms=in_order([parse_arm(n, settings) for n in names]), folds=folds, repeats=100, **more)


def make_project(folder: Path) -> Manifest:
    """Fifty cases of 25 patients: each has two of one stage in one fold."""
    manifest = tiny_project.make_project(folder, cases=50)
    entries = tuple(e.model_copy(update={"patient": f"P{n % 25:04d}"}) for n, e in enumerate(manifest.entries))
    manifest = manifest.model_copy(update={"entries": entries})
    atomic.write_text(folder / "manifests" / "m.json", manifest.model_dump_json())
    return manifest


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@dataclass(frozen=True)
class Done:
    project: Path
    manifest: Manifest
    job_dir: Path
    result: dict[str, Any]
    cpu_s: float

    @property
    def folder(self) -> Path:
        return self.job_dir / "crossval"

    def report(self) -> dict[str, Any]:
        return json.loads((self.folder / "report.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    project = tmp_path_factory.mktemp("crossval")
    manifest = make_project(project)
    job_dir = tiny_project.make_job(project, "cv", "crossval", everything, **QUICK)
    began_s = os.times().children_user
    worker = tiny_project.start(job_dir, project)
    printed, errors = tiny_project.finished(worker, LONGEST_S)
    assert worker.returncode == 0, (job_dir / jobs.LOG_FILE).read_text()
    assert printed + errors == b""
    assert (project / "network.txt").read_text() == "watching\n"
    return Done(project, manifest, job_dir, json.loads((job_dir / jobs.RESULT_FILE).read_text()), os.times().children_user - began_s)


def test_every_arm_judges_every_case_once_in_the_fold_that_holds_it_out(done: Done) -> None:
    rows = rows_of(done.folder / "predictions.csv")
    arms = [name for name in (a.name for a in everything_asked(done)) if not name.startswith("detector")]
    assert Counter(row["arm"] for row in rows) == dict.fromkeys(arms, 50)
    entries = {entry.case_id: entry for entry in done.manifest.entries}
    for row in rows:
        entry = entries[row["case"]]
        assert (int(row["fold"]), int(row["stage"])) == (entry.fold + 1, entry.stage)
        probabilities = [float(row[f"p{k}"]) for k in range(1, 6)]
        assert sum(probabilities) == pytest.approx(1)
        assert int(row["predicted"]) == 1 + int(np.argmax(probabilities))
        assert 1 <= int(row["set_first"]) <= int(row["predicted"]) <= int(row["set_last"]) <= 5
        on_full_image = row["arm"].split(":")[0] not in ("teacher", "two-stage")
        assert (row["attention_in_roi"] != "") == on_full_image


def everything_asked(done: Done) -> tuple[Arm, ...]:
    spec = jobs.JobSpec.model_validate_json((done.job_dir / jobs.JOB_FILE).read_bytes())
    assert spec.crossval is not None
    return spec.crossval.arms


def test_pooled_figures_are_those_of_the_predictions(done: Done) -> None:
    rows, report = rows_of(done.folder / "predictions.csv"), done.report()
    for name, summary in report["arms"].items():
        own = [row for row in rows if row["arm"] == name]
        probabilities = np.array([[float(row[f"p{k}"]) for k in range(1, 6)] for row in own])
        figures = staging_figures(probabilities, np.array([int(row["stage"]) - 1 for row in own]))
        assert summary["n"] == 50
        assert summary["patients"] == 25
        assert summary["correct"] == figures["correct"]
        assert summary["confusion"] == figures["confusion"]
        for figure in ("accuracy", "macro_f1", "mae_stages", "ece", "kappa"):
            found = summary["pooled"][figure]
            assert found["value"] == (None if figures[figure] is None else pytest.approx(figures[figure]))
            assert found["value"] is None or found["low"] <= found["high"]
        by_fold = [fold["accuracy"] for fold in summary["folds"]]
        assert summary["fold_mean_sd"]["accuracy"] == [pytest.approx(np.mean(by_fold)), pytest.approx(np.std(by_fold, ddof=1))]
        assert len(summary["calibration"]["temperatures"]) == 5
        assert summary["calibration"]["ece"]["after"] == pytest.approx(figures["ece"])
        assert summary["from_scratch"]


def test_every_pair_of_arms_is_compared_on_the_same_cases(done: Done) -> None:
    report = done.report()
    arms = list(report["arms"])
    assert len(report["comparisons"]) == len(arms) * (len(arms) - 1) // 2
    for found in report["comparisons"]:
        first, second = (report["arms"][found[side]]["correct"] for side in ("first", "second"))
        assert found["n"] == 50
        assert found["differences"]["accuracy"]["value"] == pytest.approx((first - second) / 50)
        assert found["mcnemar"]["only_first"] - found["mcnemar"]["only_second"] == first - second
        assert 0 <= found["mcnemar"]["p_mid"] <= found["mcnemar"]["p_exact"] <= 1


def test_the_papers_tables_stand_beside_ours_as_csv_and_latex(done: Done) -> None:
    tables = {table["name"]: Table.of_data(table) for table in done.result["tables"]}
    assert set(tables) == {"table-1", "table-2", "arms", "figures", "stages", "calibration", "detector", "comparisons"}
    assert [row[2] for row in tables["table-1"].rows] == ["78.57", "84.87", "84.59", "84.03", "87.39", "88.24"]
    second = {(row[0], row[1]): row[2] for row in tables["table-2"].rows}
    assert second["ConvNeXt + Attn", "Proposed Framework"] == "83.75"
    assert second["ViT_Large", "Baseline"] == "64.42"
    (framework,) = (row for row in tables["arms"].rows if row[1] == "Framework")
    assert framework[3].startswith(f"{100 * done.report()['arms'][FRAMEWORK]['pooled']['accuracy']['value']:.2f} [")
    assert framework[-1] == "from scratch"
    assert "phantoms" in " ".join(tables["arms"].notes)
    assert tables["stages"].columns[2:] == tuple(f"Stage {k} (10 cases)" for k in range(1, 6))
    for name, table in tables.items():
        found = rows_of(done.folder / f"{name}.csv")
        assert [tuple(row.values()) for row in found] == list(table.rows)
        assert (done.folder / f"{name}.tex").read_text(encoding="utf-8") == table.as_latex()


def test_calibration_is_told_before_and_after_a_temperature_that_the_inner_split_alone_decided(done: Done) -> None:
    for name, summary in done.report()["arms"].items():
        records = [UnitRecord.model_validate_json(path.read_bytes()) for path in sorted(done.folder.rglob("fold-*/*.json"))]
        own = [record for record in records if record.arm.name == name]
        found = summary["calibration"]
        inner = [(logits_of(record.inner), targets_of(record.inner)) for record in own]
        assert found["temperatures"] == [pytest.approx(fit_temperature(*split)) for split in inner]
        logits, target = (np.concatenate([part(record.held_out) for record in own]) for part in (logits_of, targets_of))
        assert found["negative_log_likelihood"]["before"] == pytest.approx(negative_log_likelihood(logits, target))
        cooled = np.concatenate([logits_of(record.held_out) / record.temperature for record in own])
        assert found["negative_log_likelihood"]["after"] == pytest.approx(negative_log_likelihood(cooled, target))
        assert found["ece"]["before"] == pytest.approx(expected_calibration_error(softmax(logits), target))
        assert found["ece"]["after"] == pytest.approx(expected_calibration_error(softmax(cooled), target))
        difference = found["ece_difference"]
        assert difference["value"] == pytest.approx(found["ece"]["after"] - found["ece"]["before"])
        assert difference["low"] <= difference["high"]
    (table,) = (Table.of_data(table) for table in done.result["tables"] if table["name"] == "calibration")
    assert len(table.rows) == len(done.report()["arms"])
    assert "inner split alone" in table.notes[0]


def test_plots_are_pictures(done: Done) -> None:
    plots = done.folder / "plots"
    names = {path.name for path in plots.iterdir()}
    assert {"accuracy.png", "accuracy.pdf", "confusion-framework-test_convnext.png", "reliability-framework-test_convnext.pdf"} <= names
    for path in plots.iterdir():
        assert path.read_bytes()[:4] == {".png": b"\x89PNG", ".pdf": b"%PDF"}[path.suffix]
    assert set(done.result["files"]) == {
        p.relative_to(done.folder).as_posix() for p in done.folder.rglob("*") if "fold-" not in str(p) and p.is_file()
    }


def test_events_tell_of_folds_and_progress_that_never_goes_back(done: Done) -> None:
    events = tiny_project.events_of(done.job_dir)
    state = fold(events)
    assert state.status is JobStatus.SUCCEEDED
    assert state.parts == tuple(f"fold-{n}" for n in range(1, 6))
    progress = [event for event in events if isinstance(event, jobs.Progress)]
    shares = [event.done / event.total for event in progress]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert {event.part for event in progress} - {""} == set(state.parts)
    # One number of each arm and fold, not the curves of a hundred trainings.
    assert Counter((m.part, m.step) for m in state.metrics if m.part == FRAMEWORK) == {(FRAMEWORK, n): 1 for n in range(1, 6)}
    assert len(state.metrics) == 35


def test_the_window_is_told_the_pooled_figures(done: Done) -> None:
    held_out = done.result["held_out"]
    assert held_out["student"]["n"] == held_out["teacher"]["n"] == held_out["detector"]["n"] == held_out["attention_in_roi"]["n"] == 50
    assert done.result["models"] == {}
    assert not (done.project / "models").exists()
    assert not (done.job_dir / jobs.CHECKPOINTS_DIR).exists()


def test_no_patient_is_named_in_anything_that_is_written(done: Done) -> None:
    patients = {entry.patient.encode() for entry in done.manifest.entries}
    for path in done.job_dir.rglob("*"):
        if path.is_file() and path.suffix not in (".png", ".pdf"):
            content = path.read_bytes()
            assert not any(patient in content for patient in patients), path.name


def test_it_is_quick_enough_to_be_tried(done: Done) -> None:
    assert done.cpu_s < 60  # of one core; the clock also counts what else the machine does


@pytest.mark.slow
def test_a_kill_at_any_moment_changes_nothing_and_trains_nothing_twice(tmp_path: Path) -> None:
    make_project(tmp_path)
    asked = only("teacher", "detector", "two-stage", "full-image", "framework")
    overrides = QUICK | {"student.teacher_logits": "cross-fitted"}
    whole = tiny_project.make_job(tmp_path, "whole", "crossval", asked, **overrides)
    killed = tiny_project.make_job(tmp_path, "killed", "crossval", asked, **overrides)
    worker = tiny_project.start(whole, tmp_path)
    tiny_project.finished(worker, LONGEST_S)
    assert worker.returncode == 0, (whole / jobs.LOG_FILE).read_text()

    kept: dict[Path, bytes] = {}
    # After the detector of the first fold, and within the framework's helpers.
    for count, more_s in ((2, 0.0), (4, 0.7)):
        worker = tiny_project.start(killed, tmp_path)
        until = time.monotonic() + LONGEST_S
        while len(list((killed / "crossval").rglob("fold-*/*.json"))) < count:
            assert worker.poll() is None, (killed / jobs.LOG_FILE).read_text()
            assert time.monotonic() < until
            time.sleep(0.02)
        time.sleep(more_s)
        os.kill(worker.pid, signal.SIGKILL)
        worker.communicate()
        assert not (killed / jobs.RESULT_FILE).exists()
        found = {path: path.read_bytes() for path in (killed / "crossval").rglob("fold-*/*.json")}
        assert kept.items() <= found.items()
        kept = found
    worker = tiny_project.start(killed, tmp_path)
    tiny_project.finished(worker, LONGEST_S)
    assert worker.returncode == 0, (killed / jobs.LOG_FILE).read_text()
    assert all(path.read_bytes() == content for path, content in kept.items())
    for name in ("predictions.csv", "pooled.csv", "comparisons-all.csv", "detector.csv"):
        assert (whole / "crossval" / name).read_bytes() == (killed / "crossval" / name).read_bytes(), name


# --- in this process -------------------------------------------------------------------------------------------------


@pytest.fixture
def context_of(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., JobContext]:
    """Makes the context of a new job on a new project."""

    def make(asked: Callable[[TrainingSettings], CrossvalSettings], job_id: str = "cv", **overrides: Any) -> JobContext:
        project = tmp_path / "project"
        manifest = Manifest.read(project / "manifests" / "m.json") if project.exists() else make_project(project)
        job_dir = tiny_project.make_job(project, job_id, "crossval", asked, **(QUICK | overrides))
        spec = jobs.JobSpec.model_validate_json((job_dir / jobs.JOB_FILE).read_bytes())
        log = EventLog(job_dir / jobs.EVENTS_FILE)
        request.addfinalizer(log.close)
        return JobContext(project, job_dir, spec, manifest, EventWriter(log, project), Control(job_dir), torch.device("cpu"))

    return make


def records_of(context: JobContext) -> list[UnitRecord]:
    return [UnitRecord.model_validate_json(path.read_bytes()) for path in sorted((context.job_dir / "crossval").rglob("fold-*/*.json"))]


@pytest.mark.parametrize("logits", ["cross-fitted", "in-sample"])
def test_nothing_that_judges_a_patient_was_fitted_to_one_of_the_patients_cases(
    context_of: Callable[..., JobContext], monkeypatch: pytest.MonkeyPatch, logits: str
) -> None:
    """Watches every fit of teacher, helpers, students and detector, not what they say of themselves."""
    from trainer import detector_ultralytics
    from trainer.jobs import student, teacher

    fitted_to: list[set[str]] = []
    pictures: list[torch.Tensor] = []

    def watched(fit: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(network: Any, task: Any, *args: Any, **more: Any) -> Any:
            judges = task.inner.entries if task.inner is not None else ()
            fitted_to.append({entry.patient for entry in (*task.samples.entries, *judges)})
            return fit(network, task, *args, **more)

        return wrapped

    def watched_detector(name: str, images_NHW: torch.Tensor, *args: Any, **more: Any) -> Any:
        pictures.append(images_NHW)
        return train(name, images_NHW, *args, **more)

    train = detector_ultralytics.train
    for module in (teacher, student):
        monkeypatch.setattr(module, "fit", watched(module.fit))
    monkeypatch.setattr(detector_ultralytics, "train", watched_detector)
    context = context_of(only("teacher", "detector", "two-stage", "framework", folds=(3,)), **{"student.teacher_logits": logits})
    crossval.run_crossval(context)
    patients = {entry.case_id: entry.patient for entry in context.manifest.entries}
    judged = {entry.patient for entry in context.manifest.entries if entry.fold == 3}
    assert len(fitted_to) == (5 if logits == "cross-fitted" else 2)
    assert not any(seen & judged for seen in fitted_to)
    held_out = replace(context, manifest=context.manifest.model_copy(update={"held_out_fold": 3})).held_out_entries
    searched = folds_module.load_inputs(context, held_out).images_NHW
    assert len(pictures) == 1
    assert not any(torch.equal(a, b) for a in searched for b in pictures[0])
    for record in records_of(context):
        own = {patients[case] for case in record.fitted_cases}
        inner = {patients[case.case_id] for case in record.inner}
        answered = {patients[case.case_id] for case in (*record.held_out, *record.searched)}
        assert answered == judged
        assert not (own | inner) & answered
        assert not own & inner


@pytest.mark.slow
def test_labels_and_frames_of_the_held_out_fold_change_no_answer_temperature_or_stage_set(context_of: Callable[..., JobContext]) -> None:
    honest = context_of(lambda settings: everything(settings).model_copy(update={"folds": (0,)}), "honest")
    lied_to = context_of(lambda settings: everything(settings).model_copy(update={"folds": (0,)}), "lied-to")
    changed = tuple(
        e.model_copy(update={"stage": 1 + e.stage % 5, "roi": Roi.of((30.0, 30.0), 0.0, 24.0)}) if e.fold == 0 else e
        for e in honest.manifest.entries
    )
    lied_to = replace(lied_to, manifest=lied_to.manifest.model_copy(update={"entries": changed}))
    for context in (honest, lied_to):
        crossval.run_crossval(context)
    for true, false in zip(records_of(honest), records_of(lied_to), strict=True):
        assert true.arm == false.arm
        assert [c.logits for c in true.inner] == [c.logits for c in false.inner]
        assert [c.logits for c in true.held_out] == [c.logits for c in false.held_out]
        assert true.temperature == false.temperature
        assert true.searched == false.searched
        assert [c.stage for c in true.held_out] != [c.stage for c in false.held_out] or not true.held_out


def test_the_second_tables_vision_transformer_can_be_trained_and_looked_into(context_of: Callable[..., JobContext]) -> None:
    context = context_of(only("full-image:test_vit", "attention-only:test_vit", folds=(0,)))
    result = crossval.run_crossval(context)
    assert {name: arm["attention_in_roi"]["n"] for name, arm in result["arms"].items()} == {
        "full-image:test_vit": 10,
        "attention-only:test_vit": 10,
    }


def test_a_fold_without_a_crop_has_no_case_for_the_teacher_and_all_for_the_others(context_of: Callable[..., JobContext]) -> None:
    context = context_of(only("teacher", "detector", "full-image", folds=(0, 1)))
    bare = tuple(e.model_copy(update={"roi": None, "crop": None}) if e.fold == 0 else e for e in context.manifest.entries)
    context = replace(context, manifest=context.manifest.model_copy(update={"entries": bare}))
    result = crossval.run_crossval(context)
    assert {name: arm["n"] for name, arm in result["arms"].items()} == {"teacher:test_convnext": 10, "full-image:test_convnext": 20}
    assert result["held_out"]["detector"]["n"] == 10
    rows = rows_of(context.job_dir / "crossval" / "predictions.csv")
    assert {row["fold"] for row in rows if row["arm"].startswith("teacher")} == {"2"}
    (compared,) = json.loads((context.job_dir / "crossval" / "report.json").read_text(encoding="utf-8"))["comparisons"]
    assert compared["n"] == 10


def test_a_detector_alone_is_judged(context_of: Callable[..., JobContext]) -> None:
    result = crossval.run_crossval(context_of(only("detector", folds=(0,))))
    assert result["held_out"]["detector"]["n"] == 10
    assert [table["name"] for table in result["tables"]] == ["detector"]
    assert result["arms"] == {}


def test_arms_of_one_fold_share_teacher_detector_and_helpers(
    context_of: Callable[..., JobContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainer.jobs import student, teacher

    fits: Counter[str] = Counter()
    for module in (teacher, student):

        def counted(*args: Any, _fit: Any = module.fit, **more: Any) -> Any:
            fits[more["name"]] += 1
            return _fit(*args, **more)

        monkeypatch.setattr(module, "fit", counted)
    names = ("teacher", "kd-only", "framework", "framework[temperature=1.0]", "framework[teacher_logits=in-sample]", "attention-only")
    crossval.run_crossval(context_of(only(*names, folds=(0,)), **{"student.teacher_logits": "cross-fitted"}))
    assert fits == {"teacher": 1, "helper-0": 1, "helper-1": 1, "helper-2": 1, "student": 5}


def test_an_arm_that_goes_astray_leaves_the_others_to_be_compared(
    context_of: Callable[..., JobContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    def astray(*args: Any, **more: Any) -> Any:
        raise JobFailedError("training.diverged", epoch=1)

    monkeypatch.setattr(folds_module, "fit_student", astray)
    context = context_of(only("teacher", "full-image", folds=(0,)))
    result = crossval.run_crossval(context)
    assert list(result["arms"]) == ["teacher:test_convnext"]
    warned = [event for event in tiny_project.events_of(context.job_dir) if isinstance(event, jobs.Warned)]
    assert [(w.code, w.values) for w in warned] == [("crossval.arm_diverged", {"arm": "full-image:test_convnext", "fold": 1})]
    assert any("did not train" in note for table in result["tables"] for note in table["notes"])


def test_a_resumed_one_tells_that_it_begins_behind_the_arms_that_were_finished(
    context_of: Callable[..., JobContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = context_of(only("teacher", "full-image", folds=(0,)))
    with monkeypatch.context() as patched:

        def broken(*args: Any, **more: Any) -> Any:
            raise OSError("broken off")

        patched.setattr(folds_module, "fit_student", broken)
        with pytest.raises(OSError, match="broken off"):
            crossval.run_crossval(context)
    context.events.log.close()
    events = EventWriter(EventLog(context.job_dir / jobs.EVENTS_FILE), context.project_dir)
    crossval.run_crossval(replace(context, events=events))
    events.log.close()
    told = [event for event in tiny_project.events_of(context.job_dir) if isinstance(event, jobs.Progress)]
    begins = [event for event in told if event.unit == jobs.BEGINS]
    first, resumed = ((event.attempt, event.done / event.total) for event in begins)
    assert first == (1, 0.0)
    assert resumed[0] == 2
    # The teacher, which an earlier attempt has fitted, takes nothing of this one's time.
    assert resumed[1] == max(event.done / event.total for event in told if event.attempt == 1) > 0


def test_a_two_stage_case_without_a_frame_is_staged_by_how_frequent_stages_are(
    context_of: Callable[..., JobContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folds_module, "find_frames", lambda _network, samples, _context: [[] for _ in samples.entries])
    context = context_of(only("teacher", "two-stage", folds=(0,)))
    crossval.run_crossval(context)
    (record,) = (r for r in records_of(context) if r.arm.method == "two-stage")
    assert len(record.unfound) == len(record.held_out) == 10
    assert len({case.logits for case in record.held_out}) == 1
    assert np.exp(record.held_out[0].logits).sum() == pytest.approx(1)


@pytest.mark.parametrize("turned_deg", [0.0, 180.0])
def test_two_stages_with_the_experts_frames_say_what_the_teacher_says_of_the_experts_crops(
    context_of: Callable[..., JobContext], monkeypatch: pytest.MonkeyPatch, turned_deg: float
) -> None:
    def perfect(_network: Any, samples: Any, _context: Any) -> list[list[Detection]]:
        frames = [entry.roi for entry in samples.entries]
        return [[Detection(Roi.of(f.center_uv, f.angle_deg + turned_deg, f.width_px), 1.0)] for f in frames if f is not None]

    monkeypatch.setattr(folds_module, "find_frames", perfect)
    context = context_of(only("teacher", "two-stage", folds=(0,)), **{"teacher.optimiser.epochs": 4})
    crossval.run_crossval(context)
    teacher, two_stage = (next(r for r in records_of(context) if r.arm.method == m) for m in ("teacher", "two-stage"))
    assert not two_stage.unfound
    assert [case.case_id for case in two_stage.held_out] == [case.case_id for case in teacher.held_out]
    # The expert's crop was rounded to whole grey values; turned the wrong way it is another picture.
    same = np.allclose(logits_of(two_stage.held_out), logits_of(teacher.held_out), atol=1e-3)
    assert same == (turned_deg == 0.0)


@pytest.mark.parametrize(
    ("names", "overrides", "code"),
    [
        (("full-image:resnet_of_mine",), {}, "training.unknown_network"),
        (("framework:vit_huge_patch14_224",), {"student.input_shape_hw": (96, 96)}, "training.bad_settings"),
    ],
)
def test_what_can_not_be_trained_is_refused_before_anything_is(
    context_of: Callable[..., JobContext], names: tuple[str, ...], overrides: dict[str, Any], code: str
) -> None:
    context = context_of(only("teacher", *names), **overrides)
    with pytest.raises(BadInputError) as caught:
        crossval.run_crossval(context)
    assert caught.value.code == code
    assert not (context.job_dir / "crossval").exists()


def test_a_fold_without_cases_or_with_one_stage_to_learn_from_is_refused(context_of: Callable[..., JobContext]) -> None:
    context = context_of(only("full-image", folds=(0, 1, 2, 3, 4)))

    def code_for(entries: Any) -> str:
        with pytest.raises(BadInputError) as caught:
            crossval.run_crossval(replace(context, manifest=context.manifest.model_copy(update={"entries": tuple(entries)})))
        return caught.value.code

    assert code_for(e for e in context.manifest.entries if e.fold != 4) == "training.empty_fold"
    assert code_for(e.model_copy(update={"stage": 2}) for e in context.manifest.entries) == "training.one_stage_only"


@pytest.mark.expects_log
def test_a_record_of_something_else_is_made_again(context_of: Callable[..., JobContext]) -> None:
    context = context_of(only("teacher", folds=(0,)))
    crossval.run_crossval(context)
    (path,) = (context.job_dir / "crossval" / "fold-1").iterdir()
    good = path.read_bytes()
    for spoiled in (b"{", good.replace(b'"asked":"', b'"asked":"0')):
        path.write_bytes(spoiled)
        crossval.run_crossval(context)
        (again,) = records_of(context)
        assert again.held_out == UnitRecord.model_validate_json(good).held_out
