from __future__ import annotations

from typing import Any, Literal

import pytest
import timm
import torch

from sos_studio.core.crossval import CROP_NETWORKS, FULL_IMAGE_NETWORKS
from sos_studio.core.errors import BadInputError
from sos_studio.core.networks import family_of, input_multiple
from sos_studio.core.predictions import ModelCard
from sos_studio.core.training import OptimiserSettings, StudentSettings
from trainer.attention import GridStage, evidence_score, grad_cam, picture_attention
from trainer.data import Samples, network_input
from trainer.loop import trial_step
from trainer.networks import CellGrid, Network, build, network_of, restore
from trainer.tasks import StudentTask


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("name", ["test_resnet", "test_convnext", "test_efficientnet", "test_convnext+attn"])
@pytest.mark.parametrize(("grid_stage", "stride"), [("last", 32), ("third", 16)])
def test_features_come_before_the_head_and_fill_the_grid(name: str, grid_stage: str, stride: int) -> None:
    network = build(name, stages=4, channels=1).eval()
    images = torch.randn(2, 1, 64, 96)
    features, logits = network.activations_and_logits(images, grid_stage)  # type: ignore[arg-type]
    assert features.shape[2:] == (64 // stride, 96 // stride)
    assert logits.shape == (2, 4)
    assert torch.allclose(logits, network.head(network.features(images)), atol=1e-5)
    maps = grad_cam(features, evidence_score(logits, torch.tensor([0, 3])), create_graph=True)
    assert maps.shape == (2, 64 // stride, 96 // stride)


FAMILIES = ["test_resnet", "resnet18", "test_efficientnet", "test_convnext", "test_convnext+attn"]


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("grid_stage", ["last", "third"])
def test_a_training_map_shows_the_evidence_of_one_sample_alone(name: str, grid_stage: GridStage) -> None:
    network = build(name).train()
    images, target = torch.randn(6, 1, 64, 64), torch.tensor([0, 1, 2, 3, 4, 0])
    features, logits = network.activations_and_logits(images, grid_stage)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    score = evidence_score(network.evidence_logits(features, logits, grid_stage), target)
    (alone,) = torch.autograd.grad(score[0], features, retain_graph=True)
    assert float(alone[0].abs().max()) > 0
    assert float(alone[1:].abs().max()) == 0  # no sample draws another's map
    # Computing once more leaves no trace in the network that learns.
    assert all(module.training for module in network.modules())
    assert all(torch.equal(value, network.state_dict()[key]) for key, value in before.items())


@pytest.mark.parametrize("name", [*FAMILIES, "test_vit", "swin_tiny_patch4_window7_224"])
@pytest.mark.parametrize("grid_stage", ["last", "third"])
def test_a_graph_that_begins_at_the_activations_says_the_same_and_keeps_nothing_of_the_body(name: str, grid_stage: GridStage) -> None:
    network, images = build(name).eval(), torch.randn(2, 1, 64, 64)
    features, logits = network.activations_and_logits(images, grid_stage)
    alone, same = network.activations_and_logits(images, grid_stage, body_graph=False)
    assert torch.equal(features, alone)
    assert torch.equal(logits, same)
    assert alone.is_leaf
    first = next(parameter for parameter in network.parameters() if parameter.ndim > 1)
    assert torch.autograd.grad(logits.sum(), first, retain_graph=True)[0].any()
    assert torch.autograd.grad(same.sum(), first, allow_unused=True, retain_graph=True) == (None,)
    gradients = [torch.autograd.grad(last[:, 1].sum(), first)[0] for last, first in ((logits, features), (same, alone))]
    assert torch.equal(*gradients)
    assert torch.is_grad_enabled()
    with torch.no_grad():
        network.activations_and_logits(images, grid_stage, body_graph=False)
        assert not torch.is_grad_enabled()


@pytest.mark.parametrize("name", FAMILIES)
def test_what_follows_the_third_stage_is_all_that_follows(name: str) -> None:
    network = build(name).eval()
    features, logits = network.activations_and_logits(torch.randn(2, 1, 64, 64), "third")
    for part in network._after("third"):
        features = part(features)
    assert torch.equal(network.head(features), logits)


def _seen_center(network: Network, row: int, column: int, side_px: int) -> tuple[float, float]:
    """Centroid of what one cell of the last stage sees, every weight made positive so that nothing cancels out."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_()
    images = torch.full((1, 1, side_px, side_px), 0.5, requires_grad=True)
    network.eval().features(images)[0, :, row, column].sum().backward()
    assert images.grad is not None
    seen = images.grad[0, 0].abs().double()
    ticks = torch.arange(side_px, dtype=torch.float64)
    return float((seen.sum(dim=1) * ticks).sum() / seen.sum()), float((seen.sum(dim=0) * ticks).sum() / seen.sum())


@pytest.mark.parametrize("name", ["convnext_atto", "test_convnext", "resnet18", "test_resnet"])
def test_a_cell_is_centred_where_the_grid_says(name: str) -> None:
    network = build(name)
    grid = network.grid()
    row, column = _seen_center(network, 5, 7, 448)
    # Both conventions are half a cell (15.5 px) apart; border effects of wide kernels move the centroid by a pixel or two.
    assert row == pytest.approx(grid.first_px + 5 * grid.stride_px, abs=3.0)
    assert column == pytest.approx(grid.first_px + 7 * grid.stride_px, abs=3.0)


def test_a_vision_transformer_has_a_map_of_its_patches_that_can_be_trained_on() -> None:
    network = build("test_vit", stages=5, channels=1).train()
    images, target = torch.randn(3, 1, 64, 96), torch.tensor([0, 4, 2])
    features, logits = network.activations_and_logits(images, "third")
    assert features.shape[2:] == (4, 6)
    assert torch.allclose(logits, network(images), atol=1e-5)
    attention = grad_cam(features, evidence_score(network.evidence_logits(features, logits), target), create_graph=True)
    (attention - torch.rand(3, 4, 6)).square().mean().backward()
    first = network.backbone.blocks[0].attn.qkv.weight.grad
    assert first is not None
    assert float(first.abs().max()) > 0
    assert network.grid("third") == network.grid("last") == CellGrid(16, 7.5)
    with pytest.raises(BadInputError):
        network.require_input((64, 72))


def test_a_cell_of_a_vision_transformer_is_its_patch() -> None:
    network = build("test_vit").eval()
    network.backbone.blocks = network.backbone.blocks[-1:]  # what enters the last block is then each patch alone
    images = torch.full((1, 1, 64, 96), 0.5, requires_grad=True)
    network.features(images)[0, :, 2, 4].sum().backward()
    assert images.grad is not None
    rows, columns = torch.nonzero(images.grad[0, 0], as_tuple=True)
    assert (int(rows.min()), int(rows.max()), int(columns.min()), int(columns.max())) == (32, 47, 64, 79)


SWIN = "swin_tiny_patch4_window7_224"


@pytest.fixture
def small_swin(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Swin of the same build, but made and run in a blink."""
    create = timm.create_model

    def smaller(name: str, **more: Any) -> Any:
        return create(name, embed_dim=16, depths=(2, 2, 2, 2), num_heads=(1, 2, 4, 8), **more)

    monkeypatch.setattr(timm, "create_model", smaller)


@pytest.mark.usefixtures("small_swin")
@pytest.mark.parametrize(("grid_stage", "stride"), [("last", 32), ("third", 16)])
def test_a_swin_of_any_input_has_a_grid_that_can_be_trained_on(grid_stage: GridStage, stride: int) -> None:
    network = build(SWIN, stages=4, channels=1).eval()
    assert network.grid(grid_stage) == CellGrid(stride, (stride - 1) / 2)
    for height, width in ((64, 96), (256, 320)):
        images = torch.randn(2, 1, height, width)
        features, logits = network.activations_and_logits(images, grid_stage)
        assert features.shape[2:] == (height // stride, width // stride)
        assert torch.allclose(logits, network.head(network.features(images)), atol=1e-5)
        score = evidence_score(network.evidence_logits(features, logits, grid_stage), torch.tensor([0, 3]))
        maps = grad_cam(features, score, create_graph=True)
        network.zero_grad()
        (maps - torch.rand(maps.shape)).square().mean().backward()
        first = network.backbone.layers[0].blocks[0].attn.qkv.weight.grad
        assert first is not None
        assert float(first.abs().max()) > 0
    with pytest.raises(BadInputError):
        network.require_input((64, 80))


@pytest.mark.usefixtures("small_swin")
@pytest.mark.parametrize("shape_hw", [(224, 224), (160, 288)])
def test_a_swin_says_what_timm_says_of_that_input(shape_hw: tuple[int, int]) -> None:
    network = build(SWIN, channels=3).eval()
    of_that_size = timm.create_model(SWIN, num_classes=5, in_chans=3, img_size=shape_hw, window_size=7).eval()
    # A window that timm shrinks to a small grid has a smaller table of places; at full size nothing differs.
    if shape_hw == (224, 224):
        of_that_size.load_state_dict(network.backbone.state_dict())
        images = torch.randn(1, 3, *shape_hw)
        assert torch.allclose(network(images), of_that_size(images), atol=1e-5)
    network(torch.randn(1, 3, *shape_hw))
    ours = [tuple(block.shift_size) for layer in network.backbone.layers for block in layer.blocks]
    theirs = [tuple(block.shift_size) for layer in of_that_size.layers for block in layer.blocks]
    assert ours == theirs


@pytest.mark.usefixtures("small_swin")
def test_a_cell_of_a_swin_is_its_patch() -> None:
    network = build(SWIN).eval()
    for layer in network.backbone.layers:
        layer.blocks = layer.blocks[:0]  # nothing but merged patches
    images = torch.rand(1, 1, 96, 128, requires_grad=True)
    network.features(images)[0, 5, 2, 1].backward()
    assert images.grad is not None
    rows, columns = torch.nonzero(images.grad[0, 0], as_tuple=True)
    assert (int(rows.min()), int(rows.max()), int(columns.min()), int(columns.max())) == (64, 95, 32, 63)


@pytest.mark.usefixtures("small_swin")
def test_what_a_swin_saw_is_described_by_channels() -> None:
    network = build(SWIN).eval()
    with network.described() as seen, torch.no_grad():
        network(torch.randn(2, 1, 64, 96))
    assert [tuple(row.shape) for row in seen] == [(2, 16), (2, 32), (2, 64), (2, 128)]


def test_every_network_of_the_papers_tables_and_its_sizes_can_be_had() -> None:
    names = ("efficientnet_b0", "resnet50", "vit_large_patch16_224", "vit_small_patch32_224", "convnext_base+attn", "swin_s3_tiny_224")
    for name in names:
        with torch.device("meta"):
            network = network_of(name, stages=5, channels=1)
        multiple = input_multiple(name)
        network.require_input((7 * multiple, 9 * multiple))
        with pytest.raises(BadInputError):
            network.require_input((7 * multiple, 9 * multiple - multiple // 2))
        assert network.grid().stride_px == multiple


# Of both tables by their timm names, and larger, smaller and windowed ones.
OF_THE_TABLES = dict.fromkeys((*CROP_NETWORKS, *FULL_IMAGE_NETWORKS))
OTHERS = (
    *("convnext_atto", "convnext_nano", "convnext_base", "convnext_base+attn"),
    *(
        "vit_tiny_patch16_224",
        "vit_small_patch16_224",
        "vit_base_patch16_224",
        "swin_tiny_patch4_window7_224",
        "swin_base_patch4_window7_224",
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", [*OF_THE_TABLES, *OTHERS])
def test_every_network_takes_a_step_of_the_framework_on_an_input_of_another_size_and_shows_a_map(
    name: str, channels: Literal[1, 3]
) -> None:
    shape_hw, count = (96, 160), 2
    images = torch.randint(0, 256, (count, *shape_hw), dtype=torch.uint8)
    masks = torch.zeros_like(images)
    masks[:, 32:64, 64:128] = 255
    seen = torch.ones(count, dtype=torch.bool)
    samples = Samples((None,) * count, images, masks, seen, torch.tensor([0, 3]), ())  # type: ignore[arg-type]  # only counted
    settings = StudentSettings(
        network=name,
        channels=channels,
        input_shape_hw=shape_hw,
        alpha=1.0,
        optimiser=OptimiserSettings(batch_size=count, backbone_rate=0.01),
    )
    network = build(name, stages=5, channels=channels)
    before = {key: value.clone() for key, value in network.named_parameters()}
    task = StudentTask(samples, None, torch.randn(count, 5), seen, settings, 5, torch.device("cpu"))
    trial_step(network, task, settings.optimiser)()
    # A step that came to nothing would leave the first layer and the last as they were.
    moved = [key for key, value in network.named_parameters() if not torch.equal(value, before[key])]
    assert next(iter(before)) in moved
    assert {id(p) for p in network.head_parameters()} <= {id(p) for key, p in network.named_parameters() if key in moved}
    logits, attention = picture_attention(network.eval(), network_input(images, channels))
    stride = network.grid().stride_px
    assert logits.shape == (count, 5)
    assert attention.shape == (count, shape_hw[0] // stride, shape_hw[1] // stride)
    assert torch.isfinite(attention).all()
    assert float(attention.min()) >= 0
    assert float(attention.max()) <= 1


def test_the_app_knows_every_network_that_timm_has_of_these_families() -> None:
    offered = [name for name in timm.list_models() if family_of(name) is not None]
    assert {"resnet18", "convnext_atto", "test_vit", "swin_s3_base_224"} <= set(offered)
    assert not {name for name in offered if name.startswith(("swinv2", "vit_relpos", "coatnet"))}


def test_convolutional_attention_begins_as_the_plain_network() -> None:
    plain, attending = build("test_convnext").eval(), build("test_convnext+attn").eval()
    attending.backbone.load_state_dict(plain.backbone.state_dict())
    images = torch.randn(2, 1, 64, 64)
    assert torch.equal(plain(images), attending(images))
    attending(images).sum().backward()
    assert float(attending.attend.gamma.grad) != 0.0  # type: ignore[arg-type,union-attr]


@pytest.mark.parametrize(
    "name",
    [
        "swinv2_tiny_window8_256",
        "swin_tiny_patch4_window7_224+attn",
        "vit_relpos_small_patch16_224",
        "test_vit+attn",
        "convnext_colossal",
        "resnet18+attn",
        "",
        "../convnext_atto",
    ],
)
def test_a_network_that_is_not_offered_is_refused(name: str) -> None:
    with pytest.raises(BadInputError) as caught:
        build(name)
    assert caught.value.code == "training.unknown_network"


def test_inputs_that_leave_border_cells_short_are_refused() -> None:
    network = build("test_resnet")
    network.require_input((64, 96))
    with pytest.raises(BadInputError) as caught:
        network.require_input((64, 100))
    assert caught.value.code == "training.input_not_multiple"


def test_the_head_learns_at_its_own_rate() -> None:
    network = build("test_resnet", stages=5)
    assert [tuple(p.shape) for p in network.head_parameters()] == [(5, 96), (5,)]


def test_a_network_comes_back_from_its_card_and_weights() -> None:
    network = build("test_convnext+attn", stages=5, channels=3).eval()
    facts = {"network": "test_convnext+attn", "channels": 3, "input_shape_hw": (64, 64), "manifest_id": "m", "phantom": True}
    card = ModelCard.model_validate(
        {"model_id": "a", "kind": "student", "from_scratch": True, "created_utc": "2025-01-01T00:00:00+00:00", "software": "x", **facts}
    )
    again = restore(card, network.state_dict())
    images = torch.randn(1, 3, 64, 64)
    assert torch.equal(network(images), again(images))
    with pytest.raises(BadInputError) as caught:
        restore(card, build("test_resnet").state_dict())
    assert caught.value.code == "model.unreadable"
