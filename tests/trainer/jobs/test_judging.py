"""Models that are asked about the same cases: only cases that none of them was trained on, each picture once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from sos_studio.core import jobs
from sos_studio.core.errors import BadInputError, JobFailedError
from sos_studio.core.held_out import HeldOutRecords, learned, read_records, write_records
from sos_studio.core.manifests import Manifest, ManifestEntry
from tests.trainer.tiny_project import events_of, make_job, make_project
from trainer import model_store
from trainer.context import JobContext
from trainer.control import Control
from trainer.events import EventLog, EventWriter
from trainer.jobs import judging, run
from trainer.jobs.student import run_student
from trainer.jobs.teacher import run_teacher
from trainer.predictor import Predictor


@pytest.fixture
def project_dir(tmp_path: Path) -> Path:
    make_project(tmp_path, cases=50)
    return tmp_path


@pytest.fixture
def contexts(project_dir: Path) -> Iterator[Any]:
    logs: list[EventLog] = []

    def make(job_id: str, kind: jobs.JobKind, judged: tuple[str, ...] = (), manifest: Manifest | None = None) -> JobContext:
        job_dir = make_job(project_dir, job_id, kind)
        spec = jobs.JobSpec.model_validate_json((job_dir / jobs.JOB_FILE).read_bytes()).model_copy(update={"judged_models": judged})
        logs.append(EventLog(job_dir / jobs.EVENTS_FILE))
        manifest = manifest or Manifest.read(project_dir / spec.manifest)
        return JobContext(project_dir, job_dir, spec, manifest, EventWriter(logs[-1], project_dir), Control(job_dir), torch.device("cpu"))

    yield make
    for log in logs:
        log.close()


def staged_since(project_dir: Path, manifest_id: str = "later") -> Manifest:
    """The same project when half of fold 0 had not been staged yet: the older models learned from the first manifest's other folds."""
    manifest = Manifest.read(project_dir / "manifests" / "m.json")
    later = manifest.model_copy(update={"manifest_id": manifest_id})
    (project_dir / "manifests" / f"{manifest_id}.json").write_text(later.model_dump_json())
    return later


def newcomer_of(project_dir: Path, manifest: Manifest) -> ManifestEntry:
    """A case of a patient whom nobody had met when the manifest was frozen."""
    crop = manifest.entries[0].crop
    assert crop is not None
    base = manifest.entries[0].model_dump()
    (project_dir / "captures" / "new.png").write_bytes((project_dir / manifest.entries[0].full_image.path).read_bytes() + b"\0")
    digest = hashlib.sha256((project_dir / "captures" / "new.png").read_bytes()).hexdigest()
    own = {"case_id": "case-9999", "capture_id": "k-9999", "patient": "P9999", "fold": 2}
    return ManifestEntry.model_validate(base | own | {"full_image": {"path": "captures/new.png", "sha256": digest}})


def test_what_a_model_says_of_each_held_out_case_lies_beside_it(contexts: Any, project_dir: Path) -> None:
    context = contexts("t", "teacher")
    teacher = run_teacher(context)
    student = run_student(contexts("s", "student"), teacher, {})
    for model in (teacher, student):
        records = read_records(model.directory)
        assert records is not None
        assert {r.case_id for r in records.cases} == {e.case_id for e in context.held_out_entries}
        assert sum(r.predicted == r.stage for r in records.cases) == model.held_out["correct"]
        assert all(sum(r.probabilities) == pytest.approx(1) for r in records.cases)
    shares = [r.attention_in_roi for r in (read_records(student.directory) or HeldOutRecords(model_id="")).cases]
    assert sum(s for s in shares if s is not None) / len(shares) == pytest.approx(student.held_out["attention_in_roi"]["mean"])
    # The same as the window would show of that picture.
    record = (read_records(student.directory) or HeldOutRecords(model_id="")).cases[0]
    entry = next(e for e in context.held_out_entries if e.case_id == record.case_id)
    from sos_studio.imaging.images import read_gray

    said = Predictor(student, torch.device("cpu")).predict(read_gray(project_dir / entry.full_image.path))
    assert said.probabilities == pytest.approx(record.probabilities, abs=1e-5)


def test_an_older_model_is_asked_about_the_new_ones_held_out_cases_and_no_picture_twice(
    contexts: Any, project_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = contexts("t", "teacher")
    teacher = run_teacher(first)
    old = run_student(contexts("s", "student"), teacher, {})
    known = read_records(old.directory)
    assert known is not None
    write_records(old.directory, known.model_copy(update={"cases": known.cases[:4]}))
    asked: list[int] = []
    load = judging.load_samples
    monkeypatch.setattr(judging, "load_samples", lambda folder, entries, *more: asked.append(len(entries)) or load(folder, entries, *more))
    context = contexts("s2", "student", (old.model_id,), staged_since(project_dir))
    new = run_student(context, teacher, {})
    judging.judge_rivals(context, new)
    ours, theirs = read_records(new.directory), read_records(old.directory)
    assert ours is not None
    assert theirs is not None
    assert {r.capture_id for r in ours.cases} == {r.capture_id for r in theirs.cases}
    assert asked == [len(known.cases) - 4]
    for before, after in zip(known.cases, theirs.cases, strict=True):
        assert before.probabilities == pytest.approx(after.probabilities, abs=1e-5)


def test_cases_that_one_of_them_was_trained_on_are_left_out(contexts: Any, project_dir: Path) -> None:
    teacher = run_teacher(contexts("t", "teacher"))
    other = contexts("u", "teacher").manifest.model_copy(update={"manifest_id": "fold3", "held_out_fold": 3})
    (project_dir / "manifests" / "fold3.json").write_text(other.model_dump_json())
    facts = teacher.card.model_copy(update={"model_id": "teacher-other", "manifest_id": "fold3"})
    model_store.save(project_dir, facts, model_store.load_state(teacher))
    context = contexts("e", "evaluate", (teacher.model_id, "teacher-other"))
    with pytest.raises(BadInputError, match=r"compare\.no_common_cases"):
        run(context)
    # A patient whom no manifest had then is new to both.
    manifest = context.manifest
    newcomer = newcomer_of(project_dir, manifest)
    grown = manifest.model_copy(update={"entries": (*manifest.entries, newcomer)})
    result = run(contexts("e2", "evaluate", (teacher.model_id, "teacher-other"), grown))
    assert result["judged"] == {m: {"n": 1, "new": 1, "without_picture": 0} for m in (teacher.model_id, "teacher-other")}
    assert "k-9999" in {r.capture_id for r in (read_records(teacher.directory) or HeldOutRecords(model_id="")).cases}


def test_a_patient_who_is_called_otherwise_today_and_a_picture_that_came_in_again_are_known_all_the_same(
    contexts: Any, project_dir: Path
) -> None:
    teacher = run_teacher(contexts("t", "teacher"))
    manifest = contexts("u", "teacher").manifest
    learned_from = next(e for e in manifest.entries if e.fold != manifest.held_out_fold)
    joined = learned_from.model_copy(update={"patient": "P-joined", "fold": 0})
    sibling = newcomer_of(project_dir, manifest).model_copy(update={"patient": "P-joined", "fold": 0})
    again = learned_from.model_copy(update={"case_id": "case-9998", "capture_id": "k-9998", "patient": "P9998", "fold": 0})
    today = manifest.model_copy(update={"entries": (joined, sibling, again)})
    with pytest.raises(BadInputError, match=r"compare\.no_common_cases"):
        run(contexts("e", "evaluate", (teacher.model_id,), today))


def test_a_corrected_label_is_renewed_without_looking_again(contexts: Any) -> None:
    teacher = run_teacher(contexts("t", "teacher"))
    context = contexts("e", "evaluate", (teacher.model_id,))
    corrected = tuple(e.model_copy(update={"stage": 1 + e.stage % 5}) for e in context.manifest.entries)
    result = run(contexts("e2", "evaluate", (teacher.model_id,), context.manifest.model_copy(update={"entries": corrected})))
    assert result["judged"][teacher.model_id]["new"] == 0
    stages = {e.case_id: e.stage for e in corrected}
    assert all(r.stage == stages[r.case_id] for r in (read_records(teacher.directory) or HeldOutRecords(model_id="")).cases)


def test_a_rival_that_is_gone_or_from_elsewhere_is_told_and_the_new_student_stays(contexts: Any, project_dir: Path) -> None:
    teacher = run_teacher(contexts("t", "teacher"))
    stranger = teacher.card.model_copy(update={"model_id": "student-from-elsewhere", "manifest_id": "theirs"})
    model_store.save(project_dir, stranger, model_store.load_state(teacher))
    context = contexts("s", "student", ("student-gone", "student-from-elsewhere"))
    student = run_student(context, teacher, {})
    judging.judge_rivals(context, student)
    warned = [(e.code, e.values["reason"]) for e in events_of(context.job_dir) if isinstance(e, jobs.Warned) and "reason" in e.values]
    assert warned == [
        ("compare.rival_not_judged", "model.missing"),
        ("compare.rival_not_judged", "compare.unknown_training"),
    ]
    with pytest.raises(BadInputError, match=r"compare\.unknown_training"):
        learned(project_dir, stranger)


def test_damaged_records_are_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "held_out.json").write_text(json.dumps({"schema_version": 9}))
    assert read_records(tmp_path) is None


def test_a_network_that_is_asked_with_too_little_memory_offers_no_setting_of_a_training(
    contexts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = run_teacher(contexts("t", "teacher"))
    (teacher.directory / "held_out.json").unlink()

    def short(*_: Any, **__: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(judging, "judge", short)
    with pytest.raises(JobFailedError) as failed:
        run(contexts("e", "evaluate", (teacher.model_id,)))
    assert (failed.value.code, failed.value.values) == ("prediction.out_of_memory", {})
