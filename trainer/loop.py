"""Epochs that can be killed at any moment and resumed to the same weights, bit for bit, on the CPU.

Everything random is a function of (seed, name of the fit, step): the order of an epoch, the augmentation of a batch and the state of
torch's global generator, which dropout draws from. So a checkpoint needs weights, optimiser, moving average and the step number, and no
generator state can be forgotten. The number of threads changes the last bits and is recorded with each model.
"""

from __future__ import annotations

import contextlib
import copy
import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from sos_studio.core.errors import JobFailedError
from sos_studio.core.training import OptimiserSettings
from trainer import checkpoints
from trainer.networks import Network
from trainer.shortage import worked_off

# A checkpoint costs a write and an fsync; losing this much work to a power cut is bearable, and more of a large network.
CHECKPOINT_EVERY_S = 20.0
_LOWEST_RATE = 0.01  # of the highest, at the end of the cosine
# Batch statistics need two samples.
_SMALLEST_PART = 2
# A loss that overflows half precision even at this scale is astray.
_LOWEST_SCALE = 1.0


@dataclass(frozen=True)
class Judgement:
    """How the moving average does on the inner validation split; a higher kappa is better, then a lower loss."""

    kappa: float
    loss: float
    accuracy: float

    def better_than(self, other: Judgement | None) -> bool:
        """Whether this is the one to keep."""
        return other is None or (self.kappa, -self.loss) > (other.kappa, -other.loss)


class Task(Protocol):
    """What is learned."""

    @property
    def count(self) -> int:
        """Number of samples to fit to."""
        ...

    def losses(self, network: Network, index_N: Tensor, generator: torch.Generator, epoch: int, /) -> dict[str, Tensor]:
        """Named scalars of a batch in an epoch (0-based); ``total`` is the one to descend."""
        ...

    def ahead(self, index_N: Tensor, generator: torch.Generator, epoch: int, /) -> None:
        """What `losses` will be asked next: time to get the processor's part of it ready while another device still computes.

        `losses` may be asked something else all the same, and says the same without it.
        """
        ...

    def judge(self, network: Network, epoch: int, /) -> Judgement | None:
        """The inner validation after an epoch (0-based); None: nothing to judge by. Without any, the last moving average is kept."""
        ...


@dataclass(frozen=True)
class Watch:
    """What a fit tells, and whom it asks whether to go on."""

    check: Callable[[], None] = lambda: None
    progress: Callable[[int, int], None] = lambda _done, _total: None
    metric: Callable[[str, str, int, float], None] = lambda _name, _split, _step, _value: None
    warn: Callable[..., None] = lambda _code, **_values: None
    begin: Callable[[int, int], None] = lambda _done, _total: None


@dataclass(frozen=True)
class Fitted:
    """The weights to keep, and where they come from.

    Attributes
    ----------
    parts
        In how many parts batches were worked off in the end, for want of memory.
    """

    state: dict[str, Tensor]
    epoch: int
    judgement: Judgement | None
    parts: int = 1


@dataclass
class _Run:
    """Everything that a checkpoint holds."""

    network: Network
    average: Network
    optimiser: torch.optim.AdamW
    scaler: torch.amp.GradScaler
    step: int = 0
    parts: int = 1
    best: Judgement | None = None
    best_epoch: int = -1
    best_state: dict[str, Tensor] = field(default_factory=dict)
    sums: dict[str, float] = field(default_factory=dict)
    stopped: bool = False

    @classmethod
    def begun(cls, network: Network, settings: OptimiserSettings) -> _Run:
        device = next(network.parameters()).device
        scaler = torch.amp.GradScaler(device.type, enabled=settings.precision == "fp16")
        return cls(network, copy.deepcopy(network).requires_grad_(False), _optimiser(network, settings), scaler)

    def write(self, path: Path, fingerprint: str) -> None:
        tensors = {
            **checkpoints.prefixed("network", self.network.state_dict()),
            **checkpoints.prefixed("average", self.average.state_dict()),
            **checkpoints.prefixed("best", self.best_state),
            **checkpoints.prefixed("optimiser", checkpoints.optimiser_tensors(self.optimiser)),
        }
        best = None if self.best is None else vars(self.best)
        state = {
            "fingerprint": fingerprint,
            "step": self.step,
            "best": best,
            "best_epoch": self.best_epoch,
            "sums": self.sums,
            "stopped": self.stopped,
            "parts": self.parts,
            "scaler": self.scaler.state_dict(),
        }
        checkpoints.write(path, tensors, state)

    def fitted(self, batches: int) -> Fitted:
        """What to keep: the best by the inner validation, without one the last moving average."""
        if self.best is None:
            return Fitted(checkpoints.state_of(self.average), self.step // batches, None, self.parts)
        return Fitted(self.best_state, self.best_epoch, self.best, self.parts)

    def restore(self, path: Path, fingerprint: str) -> None:
        """Take up a checkpoint of the same fit; one of other settings or data is as good as none."""
        found = checkpoints.read(path)
        if found is None or found.state.get("fingerprint") != fingerprint:
            return
        self.network.load_state_dict(checkpoints.under("network", found.tensors))
        self.average.load_state_dict(checkpoints.under("average", found.tensors))
        device = next(self.network.parameters()).device
        self.best_state = {name: tensor.to(device) for name, tensor in checkpoints.under("best", found.tensors).items()}
        checkpoints.restore_optimiser(self.optimiser, checkpoints.under("optimiser", found.tensors))
        state: dict[str, Any] = found.state
        self.step, self.best_epoch, self.stopped = state["step"], state["best_epoch"], state["stopped"]
        self.best = None if state["best"] is None else Judgement(**state["best"])
        self.sums, self.parts = dict(state["sums"]), state["parts"]
        if self.scaler.is_enabled():
            self.scaler.load_state_dict(state["scaler"])


def fit(
    network: Network,
    task: Task,
    settings: OptimiserSettings,
    *,
    seed: int,
    name: str,
    checkpoint: Path,
    fingerprint: str,
    watch: Watch | None = None,
    checkpoint_every_s: float = CHECKPOINT_EVERY_S,
) -> Fitted:
    """Fit a network, or go on where a checkpoint of the same fit left off.

    Parameters
    ----------
    network
        At its starting weights, on its device; is changed.
    seed, name
        Decide everything random.
    checkpoint, fingerprint
        The file, and what must be equal for it to be taken up (settings, data, versions, threads).
    watch
        ``check`` may raise to stop; a checkpoint is written first, so nothing is lost.

    Raises
    ------
    JobFailedError
        ``training.diverged`` when the loss is no longer a number.
    """
    watch = watch or Watch()
    batches = batches_per_epoch(task.count, settings.batch_size)
    total = batches * settings.epochs
    run = _Run.begun(network, settings)
    run.restore(checkpoint, fingerprint)

    def in_parts(parts: int) -> None:
        run.parts = parts
        # Whoever goes on from here must not need the shortage again to go the same way.
        run.write(checkpoint, fingerprint)
        watch.warn("training.smaller_batch", network=name, batch=settings.batch_size, parts=parts)

    spaced = checkpoints.Spaced(checkpoint_every_s)
    if run.step < total and not run.stopped:
        watch.begin(run.step, total)
    while run.step < total and not run.stopped:
        try:
            watch.check()
        except BaseException:
            run.write(checkpoint, fingerprint)
            raise
        _one_step(run, task, settings, seed=seed, name=name, batches=batches, in_parts=in_parts)
        if run.step % batches == 0:
            _end_epoch(run, task, settings, watch, batches)
        watch.progress(run.step, total)
        if spaced.due or run.step == total or run.stopped:
            with spaced.writing():
                run.write(checkpoint, fingerprint)
    watch.progress(total, total)
    return run.fitted(batches)


def trial_step(network: Network, task: Task, settings: OptimiserSettings) -> Callable[[], None]:
    """One step on all samples of a task, again with every call: to see how long it takes. The network is spoiled by it."""
    run = _Run.begun(network, settings)

    def step() -> None:
        # Noise must not end it: what is not finite takes as long.
        with contextlib.suppress(JobFailedError):
            _one_step(run, task, settings, seed=0, name="trial", batches=1, in_parts=lambda parts: setattr(run, "parts", parts))

    return step


def batches_per_epoch(count: int, batch_size: int) -> int:
    """Batches of nearly equal size, none above `batch_size`, so that no tiny one upsets batch statistics."""
    return max(1, math.ceil(count / batch_size))


def epoch_order(count: int, seed: int, name: str, epoch: int) -> Tensor:
    """Order of the samples in an epoch."""
    return torch.randperm(count, generator=generator_for(seed, f"{name}/order", epoch))


def generator_for(seed: int, name: str, step: int) -> torch.Generator:
    """A generator that depends on nothing but these."""
    return torch.Generator().manual_seed(_mixed(seed, name, step))


def rate_factor(step: int, batches: int, settings: OptimiserSettings) -> float:
    """Share of the highest rate at a step: linear warm-up, then cosine down to a hundredth."""
    warmup = settings.warmup_epochs * batches
    total = settings.epochs * batches
    if step < warmup:
        return (step + 1) / (warmup + 1)
    along = (step - warmup) / max(1.0, total - warmup)
    return _LOWEST_RATE + (1 - _LOWEST_RATE) * 0.5 * (1 + math.cos(math.pi * min(1.0, along)))


def bf16_is_native(device: torch.device) -> bool:
    """Whether bfloat16 saves time there; on a CPU without its instructions it is emulated and slower than float32."""
    if device.type != "cpu":
        return device.type == "cuda" and torch.cuda.is_bf16_supported()
    checks = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(check() for check in checks if check is not None)


def autocast(device: torch.device, settings: OptimiserSettings) -> torch.autocast:
    """Mixed precision if it is asked for; bfloat16 only where it pays."""
    if settings.precision == "fp16":
        return torch.autocast(device.type, torch.float16)
    return torch.autocast(device.type, torch.bfloat16, enabled=settings.precision == "bf16" and bf16_is_native(device))


def _mixed(seed: int, name: str, step: int) -> int:
    return int(np.random.SeedSequence([seed, zlib.crc32(name.encode()), step]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _optimiser(network: Network, settings: OptimiserSettings) -> torch.optim.AdamW:
    """AdamW, head and backbone at their own rates; biases, norms and scales (fewer than two axes) don't decay."""
    head = {id(p) for p in network.head_parameters()}
    groups: list[dict[str, Any]] = []
    for rate, of_head in ((settings.backbone_rate, False), (settings.head_rate, True)):
        for decays in (True, False):
            chosen = [p for p in network.parameters() if (id(p) in head) == of_head and (p.ndim >= 2) == decays]
            if chosen:
                decay = settings.weight_decay if decays else 0.0
                groups.append({"params": chosen, "lr": rate, "highest_rate": rate, "weight_decay": decay})
    return torch.optim.AdamW(groups)


def _one_step(
    run: _Run, task: Task, settings: OptimiserSettings, *, seed: int, name: str, batches: int, in_parts: Callable[[int], None]
) -> None:
    epoch, index_N = _batch_of(run.step, task, seed=seed, name=name, batches=batches)
    factor = rate_factor(run.step, batches, settings)
    for group in run.optimiser.param_groups:
        group["lr"] = group["highest_rate"] * factor
    run.network.train()
    statistics = [buffer.clone() for buffer in run.network.buffers()]

    def undo() -> None:
        run.optimiser.zero_grad(set_to_none=True)
        for buffer, before in zip(run.network.buffers(), statistics, strict=True):
            buffer.copy_(before)

    def look_ahead() -> None:
        if run.parts == 1 and run.step + 1 < batches * settings.epochs:
            next_epoch, next_N = _batch_of(run.step + 1, task, seed=seed, name=name, batches=batches)
            task.ahead(next_N, generator_for(seed, f"{name}/augment", run.step + 1), next_epoch)

    losses = worked_off(
        lambda parts: _gradients(run, task, torch.tensor_split(index_N, parts), look_ahead, seed=seed, name=name, epoch=epoch),
        parts=run.parts,
        most=max(1, len(index_N) // _SMALLEST_PART),
        undo=undo,
        tell=in_parts,
    )
    run.scaler.unscale_(run.optimiser)
    norm = torch.nn.utils.clip_grad_norm_(run.network.parameters(), settings.clip_norm)
    # A step along it would spoil the weights, and after the last one nobody would notice. Scaled half precision overflows now and then:
    # the scaler leaves such a step out and halves its scale.
    if not bool(torch.isfinite(norm)) and (not run.scaler.is_enabled() or run.scaler.get_scale() <= _LOWEST_SCALE):
        raise JobFailedError("training.diverged", epoch=epoch + 1)
    run.scaler.step(run.optimiser)
    run.scaler.update()
    run.step += 1
    _move_average(run.average, run.network, min(settings.ema_decay, run.step / (run.step + 9.0)))
    for key, value in losses.items():
        run.sums[key] = run.sums.get(key, 0.0) + value


def _batch_of(step: int, task: Task, *, seed: int, name: str, batches: int) -> tuple[int, Tensor]:
    """Epoch and samples of a step."""
    epoch, batch = divmod(step, batches)
    return epoch, torch.tensor_split(epoch_order(task.count, seed, name, epoch), batches)[batch]


def _gradients(
    run: _Run, task: Task, parts: Sequence[Tensor], look_ahead: Callable[[], None], *, seed: int, name: str, epoch: int
) -> dict[str, float]:
    """Losses of a batch, and their gradients in the network.

    Parameters
    ----------
    look_ahead
        Called once the last backward pass is under way: a GPU computes it while the processor draws the next batch's noise, which on large
        pictures takes as long.
    """
    torch.manual_seed(_mixed(seed, f"{name}/global", run.step))
    generator = generator_for(seed, f"{name}/augment", run.step)
    run.optimiser.zero_grad(set_to_none=True)
    count = sum(map(len, parts))
    sums: dict[str, float] = {}
    for number, index_N in enumerate(parts, start=1):
        share = len(index_N) / count
        losses = task.losses(run.network, index_N, generator, epoch)
        if not bool(torch.isfinite(losses["total"])):
            raise JobFailedError("training.diverged", epoch=epoch + 1)
        run.scaler.scale(losses["total"] * share).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        if number == len(parts):
            look_ahead()
        for key, value in losses.items():
            sums[key] = sums.get(key, 0.0) + share * float(value.detach())
    return sums


@torch.no_grad()
def _move_average(average: Network, network: Network, decay: float) -> None:
    """Weights and running statistics follow slowly; counts are copied. `decay` is small at first, or the start would linger."""
    current: Mapping[str, Tensor] = network.state_dict()
    for name, tensor in average.state_dict().items():
        if tensor.is_floating_point():
            tensor.lerp_(current[name], 1.0 - decay)
        else:
            tensor.copy_(current[name])


def _end_epoch(run: _Run, task: Task, settings: OptimiserSettings, watch: Watch, batches: int) -> None:
    epoch = run.step // batches
    for key, value in run.sums.items():
        watch.metric("loss" if key == "total" else f"{key}_loss", "train", epoch, value / batches)
    run.sums = {}
    judgement = task.judge(run.average.eval(), epoch - 1)
    if judgement is None:
        return
    for key, value in vars(judgement).items():
        watch.metric(key, "inner", epoch, value)
    if judgement.better_than(run.best):
        run.best, run.best_epoch, run.best_state = judgement, epoch, checkpoints.state_of(run.average)
    run.stopped = epoch - run.best_epoch >= settings.patience
