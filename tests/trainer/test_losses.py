"""The loss against a restatement of Eqs. (1)-(9) in plain float64 numpy that shares no line with the trainer."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.attention import evidence_score, grad_cam, pooled_linear_weights, training_attention
from trainer.losses import attention_energy_loss, attention_loss, classification_loss, distillation_loss, student_loss

N, K, C, H, W = 5, 4, 5, 2, 3


BY_THE_LETTER: dict[str, dict[str, bool]] = {"evidence": {}, "paper-literal": {"relu": False, "normalise": False}}


def restated_softmax(z: np.ndarray, temperature: float) -> np.ndarray:
    e = np.array([math.exp(v / temperature) for v in z])
    return e / sum(e)  # Eqs. (3), (4)


def restated_distillation(teacher: np.ndarray, student: np.ndarray, temperature: float) -> float:
    per_sample = []
    for z_t, z_s in zip(teacher, student, strict=True):
        p, q = restated_softmax(z_t, temperature), restated_softmax(z_s, temperature)
        per_sample.append(temperature**2 * sum(p[k] * (math.log(p[k]) - math.log(q[k])) for k in range(len(p))))  # Eq. (2)
    return sum(per_sample) / len(per_sample)


def restated_classification(logits: np.ndarray, targets: np.ndarray) -> float:
    return sum(-math.log(restated_softmax(z, 1.0)[t]) for z, t in zip(logits, targets, strict=True)) / len(logits)  # Eq. (9)


def restated_attention_map(features: np.ndarray, head: np.ndarray, logits: np.ndarray, target: int, sign: str) -> np.ndarray:
    """One sample. Logits are W · (spatial mean of A) + b, so ∂L_cls/∂A_i^c = Σ_k (ŷ_k − y_k) W_kc / Z in every cell i."""
    cells = features.shape[1] * features.shape[2]
    y = np.eye(len(logits))[target]
    y_hat = restated_softmax(logits, 1.0)
    w = np.array([sum((y_hat[k] - y[k]) * head[k, c] / cells for k in range(len(y))) for c in range(len(features))])  # Eq. (8)
    if sign == "paper-literal":
        return sum(w[c] * features[c] for c in range(len(features)))  # Eq. (7)
    positive = np.maximum(sum(-w[c] * features[c] for c in range(len(features))), 0.0)
    return positive / (positive.max() + 1e-8)


def restated_attention_loss(maps: list[np.ndarray], masks: np.ndarray, valid: np.ndarray) -> float:
    squares = [(a - m) ** 2 for a, m, v in zip(maps, masks, valid, strict=True) if v]  # Eq. (5)
    return float(np.mean(squares)) if squares else 0.0


def a_batch(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    features, head, bias = rng.normal(size=(N, C, H, W)), rng.normal(size=(K, C)), rng.normal(size=K)
    return {
        "features": features,
        "head": head,
        "bias": bias,
        "logits": features.mean(axis=(2, 3)) @ head.T + bias,
        "teacher": rng.normal(size=(N, K)) * 2,
        "target": rng.integers(0, K, size=N),
        "mask": rng.random((N, H, W)),
        "valid": np.array([True, False, True, True, False]),
    }


def through_trainer(batch: dict[str, np.ndarray], sign: str, **weights: float):
    features = torch.tensor(batch["features"], requires_grad=True)
    logits = F.linear(features.mean(dim=(2, 3)), torch.tensor(batch["head"]), torch.tensor(batch["bias"]))
    target = torch.tensor(batch["target"])
    maps = training_attention(features, logits, target, sign, **BY_THE_LETTER[sign])  # type: ignore[arg-type]
    mask, valid = torch.tensor(batch["mask"]), torch.tensor(batch["valid"])
    return features, student_loss(logits, torch.tensor(batch["teacher"]), target, maps, mask, valid_N=valid, **weights)


@pytest.mark.parametrize("sign", ["evidence", "paper-literal"])
@pytest.mark.parametrize("weights", [{}, {"alpha": 0.7, "beta": 0.1, "theta": 1.3, "temperature": 1.7}])
def test_student_loss_is_equation_1(sign: str, weights: dict[str, float]) -> None:
    batch = a_batch(3)
    _, loss = through_trainer(batch, sign, **weights)
    alpha, beta, theta = weights.get("alpha", 0.01), weights.get("beta", 0.8), weights.get("theta", 0.2)
    maps = [
        restated_attention_map(a, batch["head"], z, t, sign)
        for a, z, t in zip(batch["features"], batch["logits"], batch["target"], strict=True)
    ]
    attention = restated_attention_loss(maps, batch["mask"], batch["valid"])
    distillation = restated_distillation(batch["teacher"], batch["logits"], weights.get("temperature", 3.0))
    classification = restated_classification(batch["logits"], batch["target"])
    assert float(loss.attention.detach()) == pytest.approx(attention, rel=1e-12)
    assert float(loss.distillation.detach()) == pytest.approx(distillation, rel=1e-12)
    assert float(loss.classification.detach()) == pytest.approx(classification, rel=1e-12)
    assert float(loss.total.detach()) == pytest.approx(alpha * attention + beta * distillation + theta * classification, rel=1e-12)


@pytest.mark.parametrize("sign", ["evidence", "paper-literal"])
def test_the_gradient_of_the_whole_loss_is_right_to_second_order(sign: str) -> None:
    batch = a_batch(8)
    head, bias = torch.tensor(batch["head"], requires_grad=True), torch.tensor(batch["bias"], requires_grad=True)
    target, mask = torch.tensor(batch["target"]), torch.tensor(batch["mask"])

    def total(features: torch.Tensor, head: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        logits = F.linear(features.mean(dim=(2, 3)), head, bias)
        maps = training_attention(features, logits, target, sign, **BY_THE_LETTER[sign])  # type: ignore[arg-type]
        return student_loss(logits, torch.tensor(batch["teacher"]), target, maps, mask, alpha=1.0).total

    features = torch.tensor(batch["features"], requires_grad=True)
    assert torch.autograd.gradcheck(total, (features, head, bias), eps=1e-6, atol=1e-7)


def test_the_energy_variant_is_the_share_of_attention_outside_the_mask() -> None:
    batch = a_batch(5)
    attention, mask = np.abs(batch["mask"]), (batch["features"][:, 0] > 0).astype(float)
    shares = [(a * m).sum() / a.sum() for a, m, v in zip(attention, mask, batch["valid"], strict=True) if v]
    told = attention_energy_loss(torch.tensor(attention), torch.tensor(mask), torch.tensor(batch["valid"]))
    assert float(told) == pytest.approx(1 - np.mean(shares), rel=1e-6)
    assert float(attention_energy_loss(torch.tensor(attention), torch.tensor(mask), torch.zeros(N))) == 0
    scaled = attention_energy_loss(torch.tensor(attention * 7), torch.tensor(mask), torch.tensor(batch["valid"]))
    assert float(scaled) == pytest.approx(float(told), rel=1e-6)


def test_a_map_without_attention_has_an_energy_but_no_gradient() -> None:
    attention = torch.zeros(2, 3, 3, requires_grad=True)
    loss = attention_energy_loss(attention, torch.zeros(2, 3, 3))
    loss.backward()
    assert float(loss.detach()) == 1
    assert float(attention.grad.abs().max()) == 0  # type: ignore[union-attr]


def test_the_energy_variant_is_right_to_second_order() -> None:
    batch = a_batch(8)
    head, bias = torch.tensor(batch["head"], requires_grad=True), torch.tensor(batch["bias"], requires_grad=True)
    target, mask = torch.tensor(batch["target"]), torch.tensor(batch["mask"])

    def total(features: torch.Tensor, head: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        logits = F.linear(features.mean(dim=(2, 3)), head, bias)
        maps = training_attention(features, logits, target)
        return student_loss(logits, torch.tensor(batch["teacher"]), target, maps, mask, alpha=1.0, variant="energy").total

    features = torch.tensor(batch["features"], requires_grad=True)
    assert torch.autograd.gradcheck(total, (features, head, bias), eps=1e-6, atol=1e-7)


def test_equation_6_is_the_gradient_with_respect_to_the_map() -> None:
    attention = torch.rand(2, 3, 3, dtype=torch.float64, requires_grad=True)
    mask = torch.rand(2, 3, 3, dtype=torch.float64)
    attention_loss(attention, mask).backward()
    assert torch.allclose(attention.grad, 2 / 18 * (attention.detach() - mask), rtol=1e-13)  # type: ignore[arg-type]


def test_the_head_only_gradient_equals_the_closed_form_through_a_whole_network() -> None:
    torch.manual_seed(0)
    body = torch.nn.Sequential(torch.nn.Conv2d(1, 8, 3, padding=1), torch.nn.GELU(), torch.nn.Conv2d(8, C, 3, padding=1)).double()
    head = torch.nn.Linear(C, K).double()
    images, mask = torch.randn(N, 1, H, W).double(), torch.rand(N, H, W).double()
    target = torch.randint(0, K, (N,))
    parameters = [*body.parameters(), *head.parameters()]

    def gradients(closed_form: bool) -> list[torch.Tensor]:
        features = body(images)
        logits = head(features.mean(dim=(2, 3)))
        if closed_form:
            weights = pooled_linear_weights(logits, target, head.weight, H * W)
            maps = torch.einsum("nc,nchw->nhw", weights, features).relu()
            maps = maps / (maps.amax(dim=(1, 2), keepdim=True) + 1e-8)
        else:
            maps = grad_cam(features, evidence_score(logits, target), create_graph=True)
        loss = attention_loss(maps, mask) + classification_loss(logits, target)
        return list(torch.autograd.grad(loss, parameters))

    for ours, oracle in zip(gradients(False), gradients(True), strict=True):
        assert torch.allclose(ours, oracle, rtol=1e-10, atol=1e-14)


def test_samples_without_a_frame_have_no_attention_term_whatever_their_mask_holds() -> None:
    attention = torch.rand(3, 2, 2, requires_grad=True)
    mask = torch.rand(3, 2, 2)
    mask[1] = math.nan
    valid = torch.tensor([True, False, True])
    loss = attention_loss(attention, mask, valid)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.equal(attention.grad[1], torch.zeros(2, 2))  # type: ignore[index]
    assert float(attention_loss(attention, mask, torch.zeros(3, dtype=torch.bool)).detach()) == 0.0


def test_samples_without_teacher_logits_are_left_out_of_the_distillation() -> None:
    student, teacher = torch.randn(4, K), torch.randn(4, K)
    taught = torch.tensor([True, False, False, True])
    empty = torch.zeros(4, 1, 1)
    loss = student_loss(student, teacher, torch.tensor([0, 1, 2, 3]), empty, empty, taught_N=taught)
    assert float(loss.distillation) == pytest.approx(float(distillation_loss(student[taught], teacher[taught], 3.0)))
    none = student_loss(student, teacher, torch.tensor([0, 1, 2, 3]), empty, empty, taught_N=torch.zeros(4, dtype=torch.bool))
    assert float(none.distillation) == 0.0


@settings(max_examples=50)
@given(
    logits=st.lists(st.lists(st.floats(-60, 60), min_size=3, max_size=3), min_size=1, max_size=4),
    shift=st.floats(-100, 100),
    temperature=st.floats(0.3, 10),
)
def test_distillation_is_zero_for_equal_teachers_positive_else_and_blind_to_a_shift(
    logits: list[list[float]], shift: float, temperature: float
) -> None:
    student = torch.tensor(logits, dtype=torch.float64)
    assert float(distillation_loss(student, student + shift, temperature)) == pytest.approx(0.0, abs=1e-9)
    other = distillation_loss(student, student.flip(1), temperature)
    assert torch.isfinite(other)
    assert float(other) >= -1e-9


def test_extreme_logits_stay_finite_in_single_precision() -> None:
    student = torch.tensor([[1e4, -1e4, 0.0]], requires_grad=True)
    loss = distillation_loss(student, torch.tensor([[-1e4, 1e4, 0.0]]), 3.0)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(student.grad).all()  # type: ignore[union-attr]


def test_no_gradient_reaches_the_teacher() -> None:
    teacher = torch.randn(2, K, requires_grad=True)
    student = torch.randn(2, K, requires_grad=True)
    distillation_loss(student, teacher, 3.0).backward()
    assert teacher.grad is None


@pytest.mark.parametrize(
    ("attention", "mask", "valid"),
    [((2, 3, 3), (2, 3, 4), None), ((2, 3, 3), (1, 3, 3), None), ((2, 3, 3), (2, 3, 3), (3,))],
)
def test_shapes_that_broadcasting_would_hide_are_refused(
    attention: tuple[int, ...], mask: tuple[int, ...], valid: tuple[int, ...] | None
) -> None:
    flags = None if valid is None else torch.ones(valid, dtype=torch.bool)
    with pytest.raises(ValueError, match=r"shape|flags"):
        attention_loss(torch.zeros(attention), torch.zeros(mask), flags)


def test_distillation_refuses_other_shapes_and_a_cold_temperature() -> None:
    with pytest.raises(ValueError, match="shape"):
        distillation_loss(torch.zeros(2, 3), torch.zeros(2, 4), 3.0)
    with pytest.raises(ValueError, match="positive"):
        distillation_loss(torch.zeros(2, 3), torch.zeros(2, 3), 0.0)
