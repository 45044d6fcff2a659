from __future__ import annotations

import os
import random
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sos_studio.core.errors import JobFailedError
from sos_studio.core.training import OptimiserSettings, StudentSettings
from sos_studio.messages import message
from trainer.attention import training_attention
from trainer.data import Samples
from trainer.loop import Fitted, Judgement, Watch, batches_per_epoch, bf16_is_native, epoch_order, fit, rate_factor
from trainer.losses import attention_loss, classification_loss
from trainer.metrics import negative_log_likelihood, softmax, staging_figures
from trainer.networks import Network, build
from trainer.tasks import StudentTask, TeacherTask, _Ahead

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = OptimiserSettings(epochs=5, batch_size=8, backbone_rate=0.01, head_rate=0.02, ema_decay=0.9)


class Tiny(nn.Module):
    """Convolution, batch statistics, dropout and a head: everything that a resume can get wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.classifier = nn.Linear(4, 3)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.body(images))
        return logits

    def head_parameters(self) -> list[nn.Parameter]:
        return list(self.classifier.parameters())


@dataclass
class TinyTask:
    images: Tensor
    target: Tensor
    judges: bool = True
    explode_at: int = -1
    spoil_at: int = -1
    calls: int = 0
    announced: list[Any] = field(default_factory=list)

    @classmethod
    def make(cls, **more: Any) -> TinyTask:
        draw = torch.Generator().manual_seed(11)
        target = torch.arange(29) % 3
        images = torch.randn(29, 1, 6, 6, generator=draw) + target[:, None, None, None]
        return cls(images, target, **more)

    @property
    def count(self) -> int:
        return len(self.target)

    def losses(self, network: nn.Module, index_N: Tensor, generator: torch.Generator, epoch: int) -> dict[str, Tensor]:
        self.calls += 1
        noise = torch.randn(self.images[index_N].shape, generator=generator)
        loss = nn.functional.cross_entropy(network(self.images[index_N] + 0.1 * noise), self.target[index_N])
        if self.calls == self.spoil_at:  # finite, but its gradient is not: d√x / dx at 0
            loss = loss + torch.sqrt(0.0 * next(network.parameters()).sum())
        return {"total": loss * (torch.nan if self.calls == self.explode_at else 1.0), "half": loss / 2}

    def ahead(self, index_N: Tensor, generator: torch.Generator, epoch: int) -> None:
        self.announced.append((index_N.tolist(), generator.initial_seed(), epoch))

    def judge(self, network: nn.Module, epoch: int) -> Judgement | None:
        if not self.judges:
            return None
        with torch.no_grad():
            logits = network(self.images).numpy()
        figures = staging_figures(softmax(logits), self.target.numpy())
        return Judgement(figures["kappa"] or 0.0, negative_log_likelihood(logits, self.target.numpy()), figures["accuracy"])


def fitted(folder: Path, *, task: TinyTask | None = None, settings: OptimiserSettings = SETTINGS, name: str = "t", **more: Any) -> Fitted:
    torch.manual_seed(1)
    more = {"seed": 7, "checkpoint": folder / "c.safetensors", "fingerprint": "f", "checkpoint_every_s": 0.0} | more
    return fit(Tiny(), task or TinyTask.make(), settings, name=name, **more)  # type: ignore[arg-type]


def same(first: Fitted, second: Fitted) -> bool:
    return all(torch.equal(first.state[k], second.state[k]) for k in first.state) and first.judgement == second.judgement


class Stop(Exception):  # noqa: N818
    pass


def stop_at(step: int) -> Watch:
    asked = iter(range(10_000))

    def check() -> None:
        if next(asked) == step:
            raise Stop

    return Watch(check=check)


@pytest.mark.parametrize("judges", [True, False])
def test_stopped_at_any_step_and_resumed_ends_in_the_same_weights(tmp_path: Path, judges: bool) -> None:
    (tmp_path / "whole").mkdir()
    whole = fitted(tmp_path / "whole", task=TinyTask.make(judges=judges))
    draw = random.Random(3)
    for n in range(4):
        folder = tmp_path / str(n)
        folder.mkdir()
        for step in (draw.randrange(0, 10), draw.randrange(0, 8)):  # stopped twice
            with pytest.raises(Stop):
                fitted(folder, task=TinyTask.make(judges=judges), watch=stop_at(step), checkpoint_every_s=1e9)
        torch.rand(n + 1), np.random.rand(n + 1)  # noqa: NPY002 - other random numbers in between must not matter
        assert same(whole, fitted(folder, task=TinyTask.make(judges=judges)))


class MapTask:
    """Attention and stage on noise, through a real network: its memory layout must survive a resume too."""

    count = 16
    images = torch.randn(16, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    target = torch.arange(16) % 5

    def losses(self, network: Network, index_N: Tensor, generator: torch.Generator, epoch: int) -> dict[str, Tensor]:
        features, logits = network.activations_and_logits(self.images[index_N], "third")
        maps = training_attention(features, logits, self.target[index_N])
        return {"total": classification_loss(logits, self.target[index_N]) + attention_loss(maps, torch.zeros_like(maps))}

    def ahead(self, index_N: Tensor, generator: torch.Generator, epoch: int) -> None: ...

    def judge(self, network: Network, epoch: int) -> Judgement | None:
        return None


@pytest.mark.parametrize("name", ["test_resnet", "test_convnext+attn"])
def test_real_networks_resume_to_the_same_weights(tmp_path: Path, name: str) -> None:
    def run(folder: str, watch: Watch | None = None) -> Fitted:
        (tmp_path / folder).mkdir(exist_ok=True)
        torch.manual_seed(1)
        checkpoint = tmp_path / folder / "c.safetensors"
        settings = SETTINGS.model_copy(update={"epochs": 2})
        return fit(build(name), MapTask(), settings, seed=1, name="t", checkpoint=checkpoint, fingerprint="", watch=watch)

    with pytest.raises(Stop):
        run("stopped", stop_at(2))
    assert same(run("whole"), run("stopped"))


def test_the_next_batch_is_announced_once_it_is_known_and_none_after_the_last(tmp_path: Path) -> None:
    class Noting(TinyTask):
        asked: ClassVar[list[Any]] = []

        def losses(self, network: nn.Module, index_N: Tensor, generator: torch.Generator, epoch: int) -> dict[str, Tensor]:
            self.asked.append((index_N.tolist(), generator.initial_seed(), epoch))
            assert len(self.announced) == len(self.asked) - 1  # not before this one is under way
            return super().losses(network, index_N, generator, epoch)

    task = Noting.make()
    fitted(tmp_path, task=task)
    assert len(task.asked) > 8
    assert task.announced == task.asked[1:]


@pytest.mark.parametrize("kind", ["teacher", "student"])
@pytest.mark.parametrize("windows", [(), ((32, 1),)])
def test_looking_ahead_changes_no_bit(
    kind: str, windows: tuple[tuple[int, int], ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = torch.Generator().manual_seed(3)
    images = torch.randint(0, 256, (12, 64, 64), generator=draw, dtype=torch.uint8)
    masks = torch.zeros_like(images)
    masks[:, 20:36, 16:48] = 255
    seen, target = torch.ones(12, dtype=torch.bool), torch.arange(12) % 5
    samples = Samples((None,) * 12, images, masks, seen, target, ())  # type: ignore[arg-type]  # only counted
    settings = StudentSettings(network="test_resnet", input_shape_hw=(64, 64), windows=windows, optimiser=SETTINGS)
    logits = torch.randn(12, 5, generator=draw)
    taken: list[bool] = []
    real = _Ahead.take

    def noting(self: _Ahead, generator: torch.Generator, index_N: Tensor) -> Any:
        taken.append((found := real(self, generator, index_N)) is not None)
        return found

    def run(folder: str) -> Fitted:
        teacher = TeacherTask(samples, None, SETTINGS, settings.augmentation, 5, torch.device("cpu"))
        student = StudentTask(samples, None, logits, seen, settings, 5, torch.device("cpu"))
        (tmp_path / folder).mkdir()
        torch.manual_seed(1)
        task = teacher if kind == "teacher" else student
        return fit(build("test_resnet"), task, SETTINGS, seed=1, name="t", checkpoint=tmp_path / folder / "c", fingerprint="")

    monkeypatch.setattr(_Ahead, "take", noting)
    ahead = run("ahead")
    assert taken == [False, *[True] * (len(taken) - 1)]
    monkeypatch.setattr(_Ahead, "keep", lambda *_: None)
    assert same(ahead, run("inline"))


@dataclass
class GreedyTask(TinyTask):
    """There is memory for so many samples."""

    room: int = 4
    refused: int = 0

    def losses(self, network: nn.Module, index_N: Tensor, generator: torch.Generator, epoch: int) -> dict[str, Tensor]:
        found = super().losses(network, index_N, generator, epoch)
        if len(index_N) > self.room:
            self.refused += 1
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return found


@pytest.mark.expects_log
def test_a_batch_that_the_memory_can_not_hold_is_worked_off_in_parts_and_said_once(tmp_path: Path) -> None:
    told: list[tuple[str, dict[str, Any]]] = []
    task = GreedyTask.make()
    result = fitted(tmp_path, task=task, watch=Watch(warn=lambda code, **values: told.append((code, values))))
    assert told == [("training.smaller_batch", {"network": "t", "batch": 8, "parts": 2})]
    assert (task.refused, result.parts) == (1, 2)
    assert message(*told[0]).text
    # The failed attempt left no trace: the same parts from the start give the same weights.
    (tmp_path / "b").mkdir()
    again = GreedyTask.make()
    assert same(result, fitted(tmp_path / "b", task=again))
    assert not same(result, fitted(tmp_path, task=TinyTask.make(), checkpoint=tmp_path / "c"))


@pytest.mark.expects_log
def test_parts_survive_a_resume_to_the_same_weights_even_where_there_is_more_memory_then(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    whole = fitted(tmp_path / "whole", task=GreedyTask.make())
    with pytest.raises(Stop):
        fitted(tmp_path, task=GreedyTask.make(), watch=stop_at(7))
    task = GreedyTask.make(room=8)
    assert same(whole, fitted(tmp_path, task=task))


class PlainTask(TinyTask):
    """Nothing that ties the samples of a batch together, nor chance."""

    def losses(self, network: nn.Module, index_N: Tensor, generator: torch.Generator, epoch: int) -> dict[str, Tensor]:
        self.calls += 1
        network.eval()
        if self.calls == self.explode_at:
            raise MemoryError
        return {"total": nn.functional.cross_entropy(network(self.images[index_N]), self.target[index_N])}


@pytest.mark.expects_log
def test_gradients_of_parts_add_up_to_those_of_the_batch(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    whole = fitted(tmp_path, task=PlainTask.make())
    parts = fitted(tmp_path / "b", task=PlainTask.make(explode_at=1))
    assert parts.parts == 2
    assert all(torch.allclose(whole.state[k], parts.state[k], atol=1e-4) for k in whole.state if whole.state[k].is_floating_point())


@pytest.mark.expects_log
def test_a_shortage_that_no_part_can_help_is_raised(tmp_path: Path) -> None:
    with pytest.raises(torch.cuda.OutOfMemoryError):
        fitted(tmp_path, task=GreedyTask.make(room=1))


HALF = SETTINGS.model_copy(update={"precision": "fp16"})


def test_half_precision_is_scaled_learns_and_resumes_with_its_scale(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    whole = fitted(tmp_path / "whole", settings=HALF)
    plain = fitted(tmp_path, settings=SETTINGS)
    # A scale that is a power of two changes no bit of what float32 computed.
    assert all(torch.allclose(whole.state[k], plain.state[k], atol=1e-5) for k in plain.state if plain.state[k].is_floating_point())
    checkpoint = tmp_path / "half.safetensors"
    with pytest.raises(Stop):
        fitted(tmp_path, settings=HALF, checkpoint=checkpoint, watch=stop_at(9))
    assert same(whole, fitted(tmp_path, settings=HALF, checkpoint=checkpoint))


@pytest.mark.parametrize(("spoils", "ends"), [(1, False), (40, True)])
def test_an_overflow_of_half_precision_leaves_a_step_out_until_no_scale_helps(tmp_path: Path, spoils: int, ends: bool) -> None:
    class Spoilt(TinyTask):
        def losses(self, network: nn.Module, index_N: Tensor, generator: torch.Generator, epoch: int) -> dict[str, Tensor]:
            found = super().losses(network, index_N, generator, epoch)
            if self.calls <= spoils:
                found["total"] = found["total"] + torch.sqrt(0.0 * next(network.parameters()).sum())
            return found

    def run() -> Fitted:
        return fitted(tmp_path, task=Spoilt.make(), settings=HALF)

    if ends:
        with pytest.raises(JobFailedError, match=r"training\.diverged"):
            run()
    else:
        assert all(bool(torch.isfinite(value).all()) for value in run().state.values())


_KILLED = """
import os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from tests.trainer.test_loop import Watch, fitted
step = int(sys.argv[2])
def progress(done, total):
    if done == step:
        os.kill(os.getpid(), signal.SIGKILL)
result = fitted(Path(sys.argv[1]), watch=Watch(progress=progress))
print(sum(int(t.double().abs().sum().item() * 2**40) for t in result.state.values()))
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX; Windows' TerminateProcess is the same to the file system")
def test_killed_with_no_warning_and_resumed_ends_in_the_same_weights(tmp_path: Path) -> None:
    def run(folder: str, step: int) -> subprocess.CompletedProcess[str]:
        (tmp_path / folder).mkdir(exist_ok=True)
        command = [sys.executable, "-c", _KILLED, str(tmp_path / folder), str(step)]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)

    whole = run("whole", -1)
    assert whole.returncode == 0, whole.stderr
    assert run("killed", random.Random().randrange(2, 19)).returncode == -9
    assert run("killed", -1).stdout == whole.stdout


def test_a_finished_fit_is_not_done_again(tmp_path: Path) -> None:
    first, task = fitted(tmp_path), TinyTask.make()
    assert same(first, fitted(tmp_path, task=task))
    assert task.calls == 0


def test_a_checkpoint_of_other_settings_or_data_is_not_taken_up(tmp_path: Path) -> None:
    fitted(tmp_path)
    task = TinyTask.make()
    fitted(tmp_path, task=task, fingerprint="other")
    assert task.calls == 5 * 4


@pytest.mark.expects_log
def test_a_damaged_checkpoint_means_starting_over_to_the_same_end(tmp_path: Path) -> None:
    first = fitted(tmp_path)
    (tmp_path / "c.safetensors").write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00rubbish")
    assert same(first, fitted(tmp_path))


def test_a_loss_that_is_no_number_ends_the_job_with_its_own_code(tmp_path: Path) -> None:
    with pytest.raises(JobFailedError) as caught:
        fitted(tmp_path, task=TinyTask.make(explode_at=6))
    assert caught.value.code == "training.diverged"
    assert caught.value.values == {"epoch": 2}


@pytest.mark.parametrize("judges", [True, False])
def test_a_gradient_that_is_no_number_spoils_no_weights_not_even_in_the_last_step(tmp_path: Path, judges: bool) -> None:
    last = SETTINGS.epochs * batches_per_epoch(29, SETTINGS.batch_size)
    with pytest.raises(JobFailedError, match=r"training\.diverged"):
        fitted(tmp_path, task=TinyTask.make(spoil_at=last, judges=judges))


def test_another_seed_gives_other_weights(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    assert not same(fitted(tmp_path), fitted(tmp_path / "b", seed=8))


def test_it_learns_and_keeps_the_best_epoch(tmp_path: Path) -> None:
    told: list[tuple[str, str, int, float]] = []
    result = fitted(tmp_path, settings=SETTINGS.model_copy(update={"epochs": 30}), watch=Watch(metric=lambda *m: told.append(m)))
    losses = [value for name, split, _, value in told if (name, split) == ("loss", "train")]
    assert losses[-1] < 0.7 * losses[0]
    assert {name for name, split, _, _ in told if split == "train"} == {"loss", "half_loss"}
    kappas = {step: value for name, split, step, value in told if (name, split) == ("kappa", "inner")}
    assert result.judgement is not None
    assert kappas[result.epoch] == max(kappas.values()) == result.judgement.kappa


def test_patience_ends_a_fit_that_no_longer_gets_better(tmp_path: Path) -> None:
    task = TinyTask.make()
    task.judge = lambda _network, _epoch: Judgement(0.5, 1.0, 0.5)  # type: ignore[method-assign]
    result = fitted(tmp_path, task=task, settings=SETTINGS.model_copy(update={"epochs": 50, "patience": 3}))
    assert result.epoch == 1
    assert task.calls == 4 * 4


def test_without_a_judge_the_last_average_is_the_result(tmp_path: Path) -> None:
    result = fitted(tmp_path, task=TinyTask.make(judges=False))
    assert (result.epoch, result.judgement) == (5, None)


def test_progress_counts_steps_to_the_end_even_after_stopping_early(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    fitted(tmp_path, watch=Watch(progress=lambda done, total: told.append((done, total))))
    assert told[0] == (1, 20)
    assert told[-1] == (20, 20)


def test_batches_are_nearly_equal_and_an_epoch_visits_each_sample_once() -> None:
    assert batches_per_epoch(29, 8) == 4
    assert batches_per_epoch(3, 8) == 1
    parts = torch.tensor_split(epoch_order(29, 0, "t", 3), 4)
    assert sorted(len(p) for p in parts) == [7, 7, 7, 8]
    assert sorted(torch.cat(parts).tolist()) == list(range(29))
    assert not torch.equal(epoch_order(29, 0, "t", 3), epoch_order(29, 0, "t", 4))


def test_the_rate_warms_up_and_falls_as_a_cosine() -> None:
    settings = OptimiserSettings(epochs=10, warmup_epochs=2)
    factors = [rate_factor(step, 5, settings) for step in range(50)]
    assert factors[0] == pytest.approx(1 / 11)
    assert factors[10] == 1.0
    assert factors[30] == pytest.approx(0.01 + 0.99 * 0.5)
    assert factors[-1] < 0.02
    assert factors[10:] == sorted(factors[10:], reverse=True)


def test_better_means_a_higher_kappa_and_then_a_lower_loss() -> None:
    assert Judgement(0.5, 9.0, 0.1).better_than(None)
    assert Judgement(0.6, 9.0, 0.1).better_than(Judgement(0.5, 1.0, 0.9))
    assert Judgement(0.5, 0.9, 0.1).better_than(Judgement(0.5, 1.0, 0.9))
    assert not Judgement(0.5, 1.0, 0.1).better_than(Judgement(0.5, 1.0, 0.9))


def test_native_bf16_is_found_out_without_failing() -> None:
    assert isinstance(bf16_is_native(torch.device("cpu")), bool)
    assert bf16_is_native(torch.device("mps")) is False
