from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from sos_studio.core.errors import BadInputError
from trainer.networks import build


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def _plain(backbone: torch.nn.Module) -> dict[str, torch.Tensor]:
    """As files hold weights, whatever the layout in memory."""
    return {name: tensor.contiguous() for name, tensor in backbone.state_dict().items()}


def test_starting_weights_for_colour_are_summed_for_grey(tmp_path: Path) -> None:
    colour = build("test_resnet", stages=7, channels=3).eval()
    save_file(_plain(colour.backbone), tmp_path / "w.safetensors")
    grey = build("test_resnet", stages=5, channels=1, weights=tmp_path / "w.safetensors").eval()
    images = torch.randn(2, 1, 64, 64)
    assert torch.allclose(grey.features(images), colour.features(images.expand(-1, 3, -1, -1)), atol=1e-4)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    save_file(_plain(build("test_convnext").backbone), tmp_path / "other.safetensors")
    with pytest.raises(BadInputError) as caught:
        build("test_resnet", weights=tmp_path / "other.safetensors")
    assert caught.value.code == "training.weights_do_not_fit"


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(1)}, tmp_path / "w.pth")
    with pytest.raises(BadInputError) as caught:
        build("test_resnet", weights=tmp_path / "w.pth")
    assert caught.value.code == "training.weights_unreadable"
    with pytest.raises(BadInputError):
        build("test_resnet", weights=tmp_path / "missing.safetensors")
