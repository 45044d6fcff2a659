"""The one door to ultralytics: YOLO11 and YOLO26 with oriented or upright boxes, always from a yaml, never from a download or a pickle.

An upright box, as the paper's, is drawn about the expert's turned frame, which its sides give back (`trainer.detector_data.turned`).
Network, loss, moving average and non-maximum suppression (YOLO26 needs none) are ultralytics'. The loop is ours, because theirs writes
pickles, flips, draws, asks the network and can't be stopped or resumed between two steps: this one stops at any step and goes on to the
same weights bit for bit (CPU, same versions, same threads).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from sos_studio.core.errors import BadInputError, JobFailedError
from sos_studio.core.networks import is_detector, is_oriented
from trainer import checkpoints, environment
from trainer.data import letterbox
from trainer.detector_data import FloatArray, augment, bounding_boxes, fitted_inside, in_full, roi_of, turned, weigh_heads
from trainer.detector_metrics import Detection
from trainer.loop import generator_for
from trainer.shortage import worked_off

environment.prepare()  # before the import below, whoever imports this module first

from ultralytics import settings as ultralytics_settings  # noqa: E402
from ultralytics.cfg import get_cfg  # noqa: E402
from ultralytics.nn.tasks import DetectionModel, OBBModel  # noqa: E402
from ultralytics.utils.nms import non_max_suppression  # noqa: E402
from ultralytics.utils.torch_utils import ModelEMA  # noqa: E402

if any(ultralytics_settings.get(key) is not value for key, value in environment.ULTRALYTICS_SETTINGS.items()):
    ultralytics_settings.update(environment.ULTRALYTICS_SETTINGS)

CHECKPOINT_FILE = "detector.safetensors"
# Fifty megabytes: quick epochs share one.
CHECKPOINT_EVERY_S = 10.0
# Below this a detection is not even listed.
LISTED_CONFIDENCE = 0.01
_SAME_OBJECT_OVERLAP, _MOST_DETECTIONS = 0.3, 20
_LARGEST_NORM = 10.0
# What a checkpoint says beside the tensors.
_KEPT = ("epoch", "parts", "best_epoch", "best_fitness")


@dataclass(frozen=True)
class Recipe:
    """What one training of the detector does; defaults measured on phantom captures."""

    epochs: int
    batch_size: int
    learning_rate: float = 2e-3
    final_rate: float = 0.02
    weight_decay: float = 5e-4
    warmup_epochs: float = 2.0
    ema_decay: float = 0.999
    ema_steps: float = 100.0
    # How fast running means and variances follow. Ultralytics' 0.03 suits thousands of steps: in a short training they lag so far
    # behind that nothing is found for the first 30 of 40 epochs, though the loss falls all the while (0.2: found from epoch 8 on).
    norm_momentum: float = 0.2
    # From scratch the figures stay at zero for the first epochs: patience must outlast that.
    patience: int = 60
    bf16: bool = False


@dataclass
class Hooks:
    """What a training calls while it runs.

    Attributes
    ----------
    step
        After each batch, with steps done and in all; raises to stop.
    judge
        Figures of the averaged network after an epoch: must have ``fitness``, higher is better.
    epoch
        After each epoch, with its number (from 1) and mean loss terms and figures.
    in_parts
        When batches are worked off in so many parts from now on, or were by the attempt before, for want of memory.
    """

    step: Callable[[int, int], None]
    judge: Callable[[nn.Module], dict[str, float]]
    epoch: Callable[[int, dict[str, float]], None]
    in_parts: Callable[[int], None] = lambda _parts: None


@dataclass
class _Run:
    """Everything that a resumed training needs to go on as if nothing had happened."""

    model: nn.Module
    ema: ModelEMA
    optimizer: torch.optim.AdamW
    epoch: int = 0
    parts: int = 1
    best_fitness: float = -1.0
    best_epoch: int = 0
    best_state: dict[str, Tensor] = field(default_factory=dict)
    told: Callable[[int], None] = lambda _parts: None


def build(name: str) -> nn.Module:
    """A network for one class on grey pictures, drawn from torch's global generator.

    Raises
    ------
    BadInputError
        ``training.unknown_network``.
    """
    if not is_detector(name):
        raise BadInputError("training.unknown_network", network=name)
    kind: Any = OBBModel if is_oriented(name) else DetectionModel
    made: Any = kind(f"{name}.yaml", ch=1, nc=1, verbose=False)
    made.names = {0: "sos"}
    made.args = get_cfg()
    model: nn.Module = made
    for key, parameter in model.named_parameters():
        # The weights that turn a distribution into a distance are constants.
        parameter.requires_grad_(".dfl" not in key)
    return model


def load(name: str, state: Mapping[str, Tensor], device: torch.device, size_px: int) -> Detector:
    """A detector from stored weights.

    Raises
    ------
    BadInputError
        ``training.unknown_network``; ``model.unreadable`` if the weights are not that network's.
    """
    model = build(name)
    try:
        model.load_state_dict(dict(state))
    except RuntimeError as error:
        raise BadInputError("model.unreadable", model=name) from error
    return Detector(_placed(model, device).eval(), device, size_px)


def _placed(model: nn.Module, device: torch.device) -> nn.Module:
    """On the device, channels last: a sixth less time per step on one CPU thread, a third on two."""
    return model.to(device).to(memory_format=torch.channels_last)


class Detector:
    """Finds the frame on full images.

    Parameters
    ----------
    model
        In evaluation mode, on `device`.
    size_px
        Side of the square input.
    """

    def __init__(self, model: nn.Module, device: torch.device, size_px: int) -> None:
        self._model, self._device, self._size_px = model, device, size_px

    @property
    def size_px(self) -> int:
        """Side of the square input."""
        return self._size_px

    def detect(self, image_vu: npt.NDArray[np.uint8], confidence: float = LISTED_CONFIDENCE) -> list[Detection]:
        """Frames in full-image pixels, the surest first; each lies on the picture.

        Parameters
        ----------
        image_vu
            Grey full image of any size.
        confidence
            Detections below are left out.
        """
        boxed = letterbox(image_vu, (self._size_px, self._size_px))
        height, width = image_vu.shape
        return self.detect_inputs(boxed.values_HW.round()[None], [boxed.uv_from_input], [(height, width)], confidence)[0]

    @torch.inference_mode()
    def detect_inputs(
        self,
        images_NHW: Tensor,
        uv_from_input: Sequence[FloatArray],
        shapes_vu: Sequence[tuple[int, int]],
        confidence: float = LISTED_CONFIDENCE,
    ) -> list[list[Detection]]:
        """`detect` for pictures that were letterboxed already (values 0 … 255)."""
        found: list[list[Detection]] = []
        for start in range(0, len(images_NHW), 16):
            batch_N1HW = images_NHW[start : start + 16, None].to(self._device, torch.float32) / 255
            rows = non_max_suppression(
                self._model(batch_N1HW),
                confidence,
                _SAME_OBJECT_OVERLAP,
                nc=1,
                max_det=_MOST_DETECTIONS,
                rotated=isinstance(self._model, OBBModel),
                max_time_img=10.0,
                end2end=bool(getattr(self._model, "end2end", False)),
            )
            for n, boxes in enumerate(rows, start=start):
                found.append([_detection(row, uv_from_input[n], shapes_vu[n]) for row in boxes.cpu().double().tolist()])
        return found


def _detection(row: list[float], uv_from_input: FloatArray, shape_vu: tuple[int, int]) -> Detection:
    a, b, c, d, confidence, _, *angle = row
    # Oriented: centre, sides, angle; upright: two corners.
    box = (a, b, c, d, angle[0]) if angle else turned((a + c) / 2, (b + d) / 2, c - a, d - b)
    return Detection(fitted_inside(roi_of(box, uv_from_input), shape_vu), confidence)


def train(
    name: str,
    images_NHW: Tensor,
    boxes_N5: Tensor,
    recipe: Recipe,
    *,
    seed: int,
    device: torch.device,
    checkpoints_dir: Path,
    fingerprint: str,
    hooks: Hooks,
    checkpoint_every_s: float = CHECKPOINT_EVERY_S,
) -> dict[str, Tensor]:
    """Train from scratch, or go on from the last epoch in `checkpoints_dir`.

    Parameters
    ----------
    images_NHW
        uint8, as `trainer.data.load_samples` makes them.
    boxes_N5
        One box per picture, as `trainer.detector_data.box_of` makes them.
    fingerprint
        Says what is trained on what; a checkpoint with another one is left alone.

    Returns
    -------
    Weights of the best epoch by `Hooks.judge`, on the CPU.

    Raises
    ------
    JobFailedError
        ``training.diverged`` if the loss or its gradients are no longer numbers.
    """
    run = _start(name, recipe, seed, device)
    _resume(run, checkpoints_dir / CHECKPOINT_FILE, fingerprint)
    run.told = hooks.in_parts
    if run.parts > 1:  # an attempt before this one ran short
        run.told(run.parts)
    steps = math.ceil(len(images_NHW) / recipe.batch_size)
    spaced = checkpoints.Spaced(checkpoint_every_s)
    while run.epoch < recipe.epochs and run.epoch - run.best_epoch < recipe.patience:
        losses = _one_epoch(
            run, images_NHW, boxes_N5, recipe, seed=seed, device=device, on_step=lambda done: hooks.step(done, steps * recipe.epochs)
        )
        run.epoch += 1
        figures = hooks.judge(run.ema.ema.eval())
        # While nothing is found at all, no epoch is the best one.
        if figures["fitness"] > run.best_fitness or run.best_fitness <= 0:
            run.best_fitness, run.best_epoch = figures["fitness"], run.epoch
            run.best_state = {key: value.detach().to("cpu", copy=True) for key, value in run.ema.ema.state_dict().items()}
        hooks.epoch(run.epoch, losses | figures)
        if spaced.due or run.epoch == recipe.epochs:
            with spaced.writing():
                _save(run, checkpoints_dir / CHECKPOINT_FILE, fingerprint)
    return run.best_state


def _start(name: str, recipe: Recipe, seed: int, device: torch.device) -> _Run:
    torch.manual_seed(seed)
    made: Any = _placed(build(name), device).train()
    made.args.epochs = recipe.epochs
    made.criterion = made.init_criterion()
    model: nn.Module = made
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = recipe.norm_momentum
    decayed = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    others = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=recipe.learning_rate)
    ema = ModelEMA(model, decay=recipe.ema_decay, tau=recipe.ema_steps)
    return _Run(model, ema, optimizer)


def _rate(step: int, steps_per_epoch: int, recipe: Recipe) -> float:
    """Linear warm-up, then half a cosine down to `final_rate` of the learning rate."""
    warmup = recipe.warmup_epochs * steps_per_epoch
    if step < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    done = (step - warmup) / max(recipe.epochs * steps_per_epoch - warmup, 1)
    return recipe.learning_rate * (recipe.final_rate + (1 - recipe.final_rate) * (1 + math.cos(math.pi * min(done, 1.0))) / 2)


def _one_epoch(
    run: _Run, images_NHW: Tensor, boxes_N5: Tensor, recipe: Recipe, *, seed: int, device: torch.device, on_step: Callable[[int], None]
) -> dict[str, float]:
    """All pictures once, in a new order; mean loss terms by name."""
    run.model.train()
    weigh_heads(run.model, run.epoch)
    # Chance depends on seed and epoch alone, so that a resumed training needs no generator's state.
    generator = generator_for(seed, "detector", run.epoch)
    order = torch.randperm(len(images_NHW), generator=generator)
    batches = torch.split(order, recipe.batch_size)
    sums: dict[str, float] = {}
    for n, chosen in enumerate(batches):
        step = run.epoch * len(batches) + n
        for group in run.optimizer.param_groups:
            group["lr"] = _rate(step, len(batches), recipe)
        images_N1HW, boxes = augment(images_NHW[chosen, None].float() / 255, boxes_N5[chosen], generator)
        terms = _gradients(run, images_N1HW, boxes, device=device, bf16=recipe.bf16)
        # A step along it would spoil the weights, and after the last one nobody would notice.
        if not bool(torch.isfinite(nn.utils.clip_grad_norm_(run.model.parameters(), _LARGEST_NORM))):
            raise JobFailedError("training.diverged", epoch=run.epoch + 1)
        run.optimizer.step()
        run.ema.update(run.model)
        for key, value in terms.items():
            sums[key] = sums.get(key, 0.0) + float(value)
        on_step(step + 1)
    return {key: value / len(batches) for key, value in sums.items()}


def _gradients(run: _Run, images_N1HW: Tensor, boxes_N5: Tensor, *, device: torch.device, bf16: bool) -> dict[str, float]:
    """Mean loss terms of a batch, and its gradients in the network; a batch that the memory can't hold goes in parts."""
    statistics = [buffer.clone() for buffer in run.model.buffers()]

    def undo() -> None:
        for buffer, before in zip(run.model.buffers(), statistics, strict=True):
            buffer.copy_(before)

    def attempt(parts: int) -> dict[str, float]:
        run.optimizer.zero_grad(set_to_none=True)
        sums: dict[str, float] = {}
        for chosen in torch.tensor_split(torch.arange(len(boxes_N5)), parts):
            loss, terms = _loss(run.model, images_N1HW[chosen], boxes_N5[chosen], device=device, bf16=bf16)
            if not torch.isfinite(loss):
                raise JobFailedError("training.diverged", epoch=run.epoch + 1)
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            for key, value in terms.items():
                sums[key] = sums.get(key, 0.0) + float(value) * len(chosen) / len(boxes_N5)
        return sums

    def in_parts(parts: int) -> None:
        run.parts = parts
        run.told(parts)

    return worked_off(attempt, parts=run.parts, most=max(1, len(boxes_N5)), undo=undo, tell=in_parts)


def _loss(model: nn.Module, images_N1HW: Tensor, boxes_N5: Tensor, *, device: torch.device, bf16: bool) -> tuple[Tensor, dict[str, Tensor]]:
    """Ultralytics' loss (sum over the batch) and its terms for one box per picture."""
    n, _, height, width = images_N1HW.shape
    images = images_N1HW.to(device, memory_format=torch.channels_last)
    oriented = isinstance(model, OBBModel)
    sides = [width, height, width, height]
    boxes = boxes_N5 / boxes_N5.new_tensor([*sides, 1.0]) if oriented else bounding_boxes(boxes_N5) / boxes_N5.new_tensor(sides)
    batch = {
        "img": images,
        "batch_idx": torch.arange(n, dtype=torch.float32, device=device),
        "cls": torch.zeros(n, 1, device=device),
        "bboxes": boxes.to(device, torch.float32),
    }
    with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
        said = model(images)
    # Distances and angles lose tenths of a pixel in bf16: only the convolutions compute in it.
    with_loss: Any = model
    total, terms = with_loss.loss(batch, in_full(said))
    return total.sum(), {"loss": total.detach().sum() / n, **terms}


def _save(run: _Run, path: Path, fingerprint: str) -> None:
    tensors = {
        **checkpoints.prefixed("network", run.model.state_dict()),
        **checkpoints.prefixed("average", run.ema.ema.state_dict()),
        **checkpoints.prefixed("best", run.best_state),
        **checkpoints.prefixed("optimiser", checkpoints.optimiser_tensors(run.optimizer)),
    }
    state = {"fingerprint": fingerprint, "updates": run.ema.updates}
    state |= {name: getattr(run, name) for name in _KEPT}
    checkpoints.write(path, tensors, state)


def _resume(run: _Run, path: Path, fingerprint: str) -> None:
    """Take up where the last whole epoch ended; a checkpoint of another training is as good as none."""
    found = checkpoints.read(path)
    if found is None or found.state.get("fingerprint") != fingerprint:
        return
    run.model.load_state_dict(checkpoints.under("network", found.tensors))
    run.ema.ema.load_state_dict(checkpoints.under("average", found.tensors))
    run.best_state = checkpoints.under("best", found.tensors)
    checkpoints.restore_optimiser(run.optimizer, checkpoints.under("optimiser", found.tensors))
    run.ema.updates = found.state["updates"]
    vars(run).update({name: found.state[name] for name in _KEPT})
