"""Names of trainings, their deletion, and which student is in use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sos_studio.core.errors import BadInputError
from sos_studio.core.jobs import JobSpec
from sos_studio.core.training import TrainingSettings
from sos_studio.dataset.project import Project
from sos_studio.services import job_care, jobs, model_choice, model_list, worker_process
from sos_studio.services.jobs import JobHandle
from sos_studio.services.worker_process import Life


def make_job(project: Project, n: int = 0) -> JobHandle:
    job_id = f"20261120-10000{n}-retrain-ab12"
    folder = project.directory / "jobs" / job_id
    (folder / "checkpoints").mkdir(parents=True)
    spec = JobSpec(job_id=job_id, kind="retrain", manifest="manifests/m.json", preset="quick", settings=TrainingSettings())
    (folder / "job.json").write_text(spec.model_dump_json())
    (folder / "checkpoints" / "student.safetensors").write_bytes(b"0" * 5000)
    return JobHandle(folder, job_id)


def make_model(project: Project, n: int, job_id: str = "", kind: str = "student") -> str:
    model_id = f"{kind}-20261120-10000{n}-ab12"
    folder = project.directory / "models" / model_id
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"w")
    card = {
        "model_id": model_id,
        "kind": kind,
        "network": "test_resnet",
        "input_shape_hw": [64, 64],
        "manifest_id": "m",
        "phantom": True,
        "from_scratch": True,
        "created_utc": f"2026-11-20T10:00:0{n}+00:00",
        "software": "test",
        "job_id": job_id,
    }
    (folder / "model.json").write_text(json.dumps(card))
    return model_id


def used(project: Project) -> str | None:
    entry = model_list.current(project, "student")
    return None if entry is None else entry.card.model_id


def test_a_training_keeps_the_name_that_it_was_given(project: Project) -> None:
    job = make_job(project)
    assert job_care.name_of(job.job_dir) == ""
    job_care.rename(job.job_dir, "  with the\nnew   frames ")
    assert job_care.name_of(jobs.find(project, job.job_id).job_dir) == "with the new frames"
    job_care.rename(job.job_dir, "x" * 500)
    assert len(job_care.name_of(job.job_dir)) == job_care.LONGEST_NAME
    (job.job_dir / job_care.NAME_FILE).write_text("[")
    assert job_care.name_of(job.job_dir) == ""


def test_a_deleted_training_is_gone_with_the_networks_that_were_named(project: Project) -> None:
    job, other = make_job(project), make_job(project, 1)
    kept, teacher = make_model(project, 1, job.job_id), make_model(project, 2, job.job_id, "teacher")
    make_model(project, 3, other.job_id)
    assert job_care.size_bytes(job) > 5000
    mine = {entry.card.model_id: entry for entry in job_care.models_of(job)}
    assert set(mine) == {kept, teacher}
    job_care.delete(job, [mine[teacher]])
    assert [handle.job_id for handle in jobs.list_jobs(project)] == [other.job_id]
    assert teacher not in {entry.card.model_id for entry in model_list.models(project)}
    assert kept in {entry.card.model_id for entry in model_list.models(project)}
    assert not list(project.directory.rglob(".deleted-*"))


def test_what_a_crash_left_of_a_deletion_is_not_listed_and_swept_up_by_the_next(project: Project) -> None:
    job, other = make_job(project), make_job(project, 1)
    job.job_dir.replace(job.job_dir.with_name(f".deleted-{job.job_id}"))
    assert [handle.job_id for handle in jobs.list_jobs(project)] == [other.job_id]
    job_care.delete(other)
    assert not list(project.directory.rglob(".deleted-*"))


def test_a_running_training_and_the_network_in_use_are_not_deleted(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job(project)
    make_model(project, 1, job.job_id)
    with pytest.raises(BadInputError, match=r"model\.in_use"):
        job_care.delete(job, job_care.models_of(job))
    assert jobs.list_jobs(project)
    monkeypatch.setattr(worker_process, "life", lambda _: Life.ALIVE)
    with pytest.raises(BadInputError, match=r"job\.still_running"):
        job_care.delete(job)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Größe 5 µm “spring”", "Größe 5 µm “spring”"),
        ("春のケース 👩\u200d⚕️", "春のケース 👩\u200d⚕️"),
        ("<b>bold</b> & co", "<b>bold</b> & co"),
        ("evil\u202egnirts", "evilgnirts"),
        ("nul\x00 and \ud800 half", "nul and half"),
        ("../../etc/passwd", "../../etc/passwd"),
        ("\u202e \x07", ""),
    ],
)
def test_odd_names_are_kept_without_what_nobody_sees(project: Project, typed: str, kept: str) -> None:
    job = make_job(project)
    job_care.rename(job.job_dir, typed)
    assert job_care.name_of(job.job_dir) == kept


def test_a_teacher_that_an_unfinished_student_starts_from_is_not_deleted(project: Project) -> None:
    job, waits, done = make_job(project), make_job(project, 1), make_job(project, 2)
    teacher, detector = make_model(project, 1, job.job_id, "teacher"), make_model(project, 2, job.job_id, "detector")
    for other in (waits, done):
        facts = {"kind": "student", "teacher_model": teacher, "detector_model": detector}
        (other.job_dir / "job.json").write_text(other.spec().model_copy(update=facts).model_dump_json())
    (done.job_dir / "result.json").write_text("{}")
    job_care.rename(waits.job_dir, "the night's")
    with pytest.raises(BadInputError, match=r"model\.needed") as refused:
        job_care.delete(job, job_care.models_of(job))
    assert refused.value.values["job"] == "the night's"
    assert len(job_care.models_of(job)) == 2
    job_care.delete(waits)
    job_care.delete(job, job_care.models_of(job))
    assert [handle.job_id for handle in jobs.list_jobs(project)] == [done.job_id]
    assert model_list.models(project) == []


def test_without_a_choice_the_newest_student_is_in_use(project: Project) -> None:
    assert used(project) is None
    first = make_model(project, 1)
    assert used(project) == first
    make_model(project, 2, kind="teacher")
    assert used(project) == first
    newest = make_model(project, 3)
    assert used(project) == newest


def test_a_student_that_comes_later_takes_over_only_when_somebody_says_so_and_the_one_before_is_one_choice_away(project: Project) -> None:
    first = make_model(project, 1)
    model_list.settle(project)
    second = make_model(project, 2)
    assert used(project) == first
    assert model_list.before_current(project) is None
    models_dir = project.directory / "models"
    model_choice.choose(models_dir, second)
    assert used(project) == second
    before = model_list.before_current(project)
    assert before is not None
    assert before.card.model_id == first
    model_choice.choose(models_dir, first)
    again = model_list.before_current(project)
    assert again is not None
    assert again.card.model_id == second
    assert [choice.model_id for choice in model_choice.choices(models_dir)] == [first, second, first]
    model_choice.choose(models_dir, first)
    assert len(model_choice.choices(models_dir)) == 3


def test_a_chosen_student_that_is_gone_or_damaged_gives_way_to_the_one_before(project: Project) -> None:
    first, second = make_model(project, 1), make_model(project, 2)
    make_model(project, 3)
    models_dir = project.directory / "models"
    model_choice.choose(models_dir, first)
    model_choice.choose(models_dir, second)
    (models_dir / second / "model.json").write_text("{")
    assert used(project) == first
    (models_dir / model_choice.CHOICE_FILE).write_text("?")
    assert used(project) == "student-20261120-100003-ab12"


def test_a_choice_survives_on_the_disk_whole(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = make_model(project, 1), make_model(project, 2)
    models_dir = project.directory / "models"
    model_choice.choose(models_dir, first)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sos_studio.services.model_choice.atomic.write_text", full)
    with pytest.raises(Exception, match=r"job\.folder_unwritable"):
        model_choice.choose(models_dir, second)
    assert used(project) == first
    assert not list(Path(models_dir).glob("*.tmp"))
