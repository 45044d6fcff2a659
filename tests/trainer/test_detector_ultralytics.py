from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sos_studio.core.errors import BadInputError, JobFailedError
from tests.trainer.tiny_project import SHAPE_VU, picture
from trainer.data import letterbox
from trainer.detector_data import box_of

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def adapter() -> Any:
    # Imported here: ultralytics writes its settings where the user data of the first test that imports it lie.
    from trainer import detector_ultralytics

    return detector_ultralytics


@pytest.fixture(scope="module")
def samples() -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(1)
    pictures = [picture(rng, 1 + n % 5) for n in range(12)]
    boxed = [letterbox(image, (64, 64)) for image, _ in pictures]
    images = torch.stack([b.values_HW.round().to(torch.uint8) for b in boxed])
    return images, torch.tensor([box_of(roi, b.uv_from_input) for (_, roi), b in zip(pictures, boxed, strict=True)], dtype=torch.float32)


class StopError(Exception):
    pass


def trained(
    adapter: Any,
    samples: Any,
    folder: Path,
    *,
    network: str = "yolo11n-obb",
    stop_at: int = 0,
    fingerprint: str = "f",
    told: list[int] | None = None,
    in_parts: list[int] | None = None,
) -> Any:
    def step(done: int, _total: int) -> None:
        if stop_at and done > stop_at:
            raise StopError

    def epoch(number: int, values: dict[str, float]) -> None:
        assert set(values) >= {"loss", "box_loss", "cls_loss", "fitness"}
        assert ("angle_loss" in values) == network.endswith("-obb")
        if told is not None:
            told.append(number)

    folder.mkdir(exist_ok=True)
    torch.set_num_threads(1)
    return adapter.train(
        network,
        *samples,
        adapter.Recipe(epochs=3, batch_size=8),
        seed=3,
        device=CPU,
        checkpoints_dir=folder,
        fingerprint=fingerprint,
        hooks=adapter.Hooks(step, lambda _network: {"fitness": 0.0}, epoch, (in_parts if in_parts is not None else []).append),
        checkpoint_every_s=0.0,
    )


@pytest.fixture(scope="module")
def whole(adapter: Any, samples: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, torch.Tensor]]:
    folder = tmp_path_factory.mktemp("whole")
    return folder, trained(adapter, samples, folder)


def test_a_stopped_training_goes_on_at_its_last_epoch_to_the_same_weights(adapter: Any, samples: Any, whole: Any, tmp_path: Path) -> None:
    first: list[int] = []
    with pytest.raises(StopError):
        trained(adapter, samples, tmp_path, stop_at=4, told=first)
    second: list[int] = []
    resumed = trained(adapter, samples, tmp_path, told=second)
    assert (first, second) == ([1, 2], [3])
    assert whole[1].keys() == resumed.keys()
    assert all(torch.equal(whole[1][key], resumed[key]) for key in resumed)


@pytest.mark.parametrize("network", ["yolo11n", "yolo26n-obb", pytest.param("yolo26n", marks=pytest.mark.slow)])
def test_every_kind_of_detector_resumes_to_the_same_weights_and_finds_frames_on_the_picture(
    adapter: Any, samples: Any, tmp_path: Path, network: str
) -> None:
    samples = tuple(part[:4] for part in samples)
    with pytest.raises(StopError):
        trained(adapter, samples, tmp_path, network=network, stop_at=2)
    resumed = trained(adapter, samples, tmp_path, network=network)
    (tmp_path / "whole").mkdir()
    once = trained(adapter, samples, tmp_path / "whole", network=network)
    assert all(torch.equal(once[key], resumed[key]) for key in once)
    detector = adapter.load(network, once, CPU, 64)
    found = detector.detect(picture(np.random.default_rng(1), 1)[0], 0.0)
    assert found
    assert [d.confidence for d in found] == sorted((d.confidence for d in found), reverse=True)
    assert all(d.roi.inside(SHAPE_VU) and d.roi.width_px == 2 * d.roi.height_px for d in found)


@pytest.mark.expects_log
def test_a_batch_that_the_memory_can_not_hold_is_worked_off_in_parts_also_after_a_resume(
    adapter: Any, samples: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, refused = adapter._loss, []

    def greedy(model: Any, images: torch.Tensor, *more: Any, **named: Any) -> Any:
        found = real(model, images, *more, **named)
        if len(images) > 2:
            refused.append(len(images))
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return found

    monkeypatch.setattr(adapter, "_loss", greedy)
    samples = tuple(part[:4] for part in samples)
    with pytest.raises(StopError):
        trained(adapter, samples, tmp_path, stop_at=2, in_parts=(first := []))
    resumed = trained(adapter, samples, tmp_path, in_parts=(second := []))
    assert refused == [4]
    assert (first, second) == ([2], [2])  # the second attempt is told what the first one found
    once = trained(adapter, samples, tmp_path / "whole")
    assert all(torch.equal(once[key], resumed[key]) for key in once)


@pytest.mark.parametrize("spoiled", ["loss", "gradient"])
def test_a_step_that_is_no_number_ends_the_training_before_it_spoils_a_weight(
    adapter: Any, samples: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoiled: str
) -> None:
    real = adapter._loss

    def astray(model: Any, *more: Any, **named: Any) -> Any:
        loss, terms = real(model, *more, **named)
        if spoiled == "loss":
            return loss * torch.nan, terms
        # A finite loss with a gradient that is none: half precision does that.
        return loss + (next(model.parameters()) * 0).abs().sqrt().sum(), terms

    monkeypatch.setattr(adapter, "_loss", astray)
    with pytest.raises(JobFailedError, match=r"training\.diverged") as caught:
        trained(adapter, samples, tmp_path)
    assert caught.value.values == {"epoch": 1}
    assert not list(tmp_path.glob("*.safetensors"))


def test_an_upright_box_becomes_the_turned_frame_that_it_was_drawn_about(adapter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = adapter.Detector(adapter.build("yolo11n").eval(), CPU, 64)
    # Two corners, confidence, class: the box about a frame of 16 × 8 at 45° has sides of 24 · √½.
    half = 12 * np.sqrt(0.5)
    row = torch.tensor([[32 - half, 32 - half, 32 + half, 32 + half, 0.8, 0.0]])
    monkeypatch.setattr(adapter, "non_max_suppression", lambda *_a, **_k: [row])
    (found,) = detector.detect(np.zeros(SHAPE_VU, np.uint8))
    assert found.roi.center_uv == pytest.approx((63.5, 47.5), abs=1e-4)
    assert found.roi.width_px == pytest.approx(32, abs=1e-4)
    assert found.roi.angle_deg == pytest.approx(45, abs=1e-4)


def test_a_checkpoint_of_another_training_is_left_alone(adapter: Any, samples: Any, whole: Any) -> None:
    told: list[int] = []
    trained(adapter, samples, whole[0], told=told)
    assert told == []
    with pytest.raises(StopError):
        trained(adapter, samples, whole[0], fingerprint="other", stop_at=1)


def test_zero_figures_do_not_end_a_training_and_the_latest_epoch_is_kept(adapter: Any, samples: Any, whole: Any) -> None:
    judged: list[dict[str, torch.Tensor]] = []

    def judge(network: torch.nn.Module) -> dict[str, float]:
        judged.append({key: value.clone() for key, value in network.state_dict().items()})
        return {"fitness": 0.0}

    folder = whole[0] / "again"
    folder.mkdir()
    recipe = adapter.Recipe(epochs=2, batch_size=12, patience=1)
    hooks = adapter.Hooks(lambda _done, _total: None, judge, lambda _number, _values: None)
    state = adapter.train("yolo11n-obb", *samples, recipe, seed=3, device=CPU, checkpoints_dir=folder, fingerprint="f", hooks=hooks)
    assert len(judged) == 2
    assert all(torch.equal(state[key], judged[-1][key]) for key in state)


def test_checkpoints_hold_no_pickle(whole: Any) -> None:
    assert [path.suffix for path in whole[0].iterdir() if path.is_file()] == [".safetensors"]


def test_frames_are_found_and_mapped_to_full_image_pixels(adapter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = adapter.Detector(adapter.build("yolo11n-obb").eval(), CPU, 64)
    # What non-maximum suppression hands over: u, v, width, height, confidence, class, radians; here with its sides swapped.
    row = torch.tensor([[32.0, 32.0, 8.0, 16.0, 0.8, 0.0, np.deg2rad(-60.0)]])
    monkeypatch.setattr(adapter, "non_max_suppression", lambda *_a, **_k: [row])
    (found,) = detector.detect(np.zeros(SHAPE_VU, np.uint8))
    assert found.confidence == pytest.approx(0.8)
    assert found.roi.center_uv == pytest.approx((63.5, 47.5))
    assert found.roi.width_px == pytest.approx(32)
    assert found.roi.angle_deg == pytest.approx(30)


def test_weights_of_another_network_are_refused(adapter: Any) -> None:
    with pytest.raises(BadInputError, match=r"model\.unreadable"):
        adapter.load("yolo11n-obb", {"a": torch.zeros(1)}, CPU, 64)
    with pytest.raises(BadInputError, match="unknown_network"):
        adapter.build("yolo11n-obb.pt")


@pytest.mark.slow
@pytest.mark.parametrize(("network", "epochs"), [("yolo11n-obb", 16), ("yolo11n", 16), ("yolo26n", 30), ("yolo26n-obb", 30)])
def test_a_bar_in_noise_is_learned_from_scratch(adapter: Any, tmp_path: Path, network: str, epochs: int) -> None:
    from trainer.detector_metrics import judge

    rng = np.random.default_rng(2)
    pictures = [picture(rng, 1 + n % 5) for n in range(48)]
    boxed = [letterbox(image, (128, 128)) for image, _ in pictures]
    images = torch.stack([b.values_HW.round().to(torch.uint8) for b in boxed[:32]])
    boxes = torch.tensor([box_of(roi, b.uv_from_input) for (_, roi), b in zip(pictures[:32], boxed, strict=False)], dtype=torch.float32)
    state = adapter.train(
        network,
        images,
        boxes,
        adapter.Recipe(epochs=epochs, batch_size=8),
        seed=0,
        device=CPU,
        checkpoints_dir=tmp_path,
        fingerprint="f",
        hooks=adapter.Hooks(lambda _d, _t: None, lambda _n: {"fitness": 0.0}, lambda _n, _v: None),
    )
    detector = adapter.load(network, state, CPU, 128)
    figures = judge([detector.detect(image) for image, _ in pictures[32:]], [roi for _, roi in pictures[32:]], [0.5] * 16, 0.25)
    assert figures["hits"] >= 14
    assert figures["angle_error_deg"] < 10
