"""What a cross-validation is to compare, and where its networks' starting weights come from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sos_studio.core.crossval import METHODS
from sos_studio.core.errors import BadInputError
from sos_studio.core.job_state import JobStatus
from sos_studio.core.jobs import WEIGHTS_VARIABLE, paths_told
from sos_studio.core.training import TrainingSettings
from sos_studio.dataset.project import Project
from sos_studio.services import crossval, jobs, presets, weights
from tests.services.conftest import safetensors_bytes

FakeWorker = Callable[..., None]


@pytest.fixture
def weights_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts starting weights of a network on this computer."""
    monkeypatch.setattr(weights, "cache_dir", lambda: tmp_path / "weights")

    def put(network: str) -> Path:
        path = weights.cache_file(network)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(safetensors_bytes())
        return path

    return put


def test_without_anything_asked_all_methods_of_the_presets_network_are_compared() -> None:
    plan = crossval.plan(TrainingSettings())
    assert {arm.method for arm in plan.arms} == {
        "teacher", "detector", "two-stage", "full-image", "kd-only", "attention-only", "framework",
    }  # fmt: skip
    assert plan.folds == (0, 1, 2, 3, 4)
    assert plan.weights == {}


def test_tables_and_ablation_add_up_and_arms_stand_alone() -> None:
    settings = TrainingSettings()
    both = crossval.plan(settings, tables=(1, 2), ablation=True)
    for part in (crossval.plan(settings, tables=(1,)), crossval.plan(settings, tables=(2,)), crossval.plan(settings, ablation=True)):
        assert set(part.arms) <= set(both.arms)
    assert (both.tables, both.ablation) == ((1, 2), True)
    alone = crossval.plan(settings, tables=(2,), arms=("framework", "full-image:resnet18"), folds=2)
    assert [arm.name for arm in alone.arms] == ["full-image:resnet18", "framework:convnext_atto"]
    assert (alone.tables, alone.folds) == ((2,), (0, 1))
    with pytest.raises(BadInputError, match=r"crossval\.unknown_arm"):
        crossval.plan(settings, arms=("nonsense",))


def test_what_a_person_ticks_adds_up() -> None:
    settings = presets.settings("quick")
    wish = crossval.Wish(methods=("teacher", "framework"), tables=(1,), folds=2)
    asked = wish.plan(settings)
    assert (asked.tables, asked.folds, asked.ablation) == ((1,), (0, 1), False)
    own = settings.student.network
    assert {f"teacher:{own}", f"framework:{own}", "teacher:resnet18"} <= {arm.name for arm in asked.arms}
    assert len(asked.arms) == 8
    assert len(crossval.Wish(methods=("framework",), ablation=True).arms(settings)) > 3
    assert set(crossval.methods_of(settings)) == set(METHODS)
    with pytest.raises(BadInputError, match="nothing_to_compare"):
        crossval.Wish().plan(settings)


def test_each_network_begins_with_its_own_starting_weights(weights_of: Callable[[str], Path]) -> None:
    for network in ("resnet18", "convnext_tiny"):
        weights_of(network)
    plan = crossval.plan(TrainingSettings(), tables=(1,))
    # The attention of "+attn" is ours and begins from scratch; the backbone below it does not.
    assert plan.weights == {
        "resnet18": "resnet18.safetensors",
        "convnext_tiny": "convnext_tiny.safetensors",
        "convnext_tiny+attn": "convnext_tiny.safetensors",
    }


def test_the_worker_is_told_where_weights_lie_and_the_project_is_not(
    project: Project, fake_worker: FakeWorker, weights_of: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_worker("play", "retrain-cancelled")
    path = weights_of("convnext_atto")
    told: list[dict[str, str]] = []
    spawn = jobs.worker_process.spawn
    monkeypatch.setattr(
        jobs.worker_process, "spawn", lambda command, folder, more: (told.append(dict(more)), spawn(command, folder, more))[1]
    )
    job = jobs.start_training(project, "crossval")
    assert job.tail().wait(20).status is JobStatus.CANCELLED
    spec = job.spec()
    assert spec.crossval is not None
    assert not spec.from_scratch
    assert spec.crossval.weights == {"convnext_atto": "convnext_atto.safetensors"}
    assert paths_told(told[0][WEIGHTS_VARIABLE]) == {"convnext_atto": str(path)}
    assert str(path.parent) not in (job.job_dir / "job.json").read_text()
    path.unlink()
    with pytest.raises(BadInputError, match=r"weights\.needed_again"):
        jobs.resume(job)
    weights_of("convnext_atto")
    fake_worker("play")
    assert jobs.resume(job).tail().wait(20).status is JobStatus.SUCCEEDED
    assert json.loads(told[1][WEIGHTS_VARIABLE]) == {"convnext_atto": str(path)}


def test_a_cross_validation_without_weights_is_from_scratch(project: Project, fake_worker: FakeWorker) -> None:
    fake_worker("play")
    job = jobs.start_training(project, "crossval", compared=crossval.plan(TrainingSettings(), arms=("teacher",), folds=1))
    assert job.tail().wait(20).status is JobStatus.SUCCEEDED
    spec = job.spec()
    assert spec.from_scratch
    assert spec.weights is None
    assert spec.crossval is not None
    assert [arm.name for arm in spec.crossval.arms] == ["teacher:convnext_atto"]
