"""Presets and overrides."""

from __future__ import annotations

import pytest

from sos_studio.core.errors import BadInputError
from sos_studio.services import presets


def test_every_preset_is_valid_and_the_quick_one_comes_first() -> None:
    names = presets.names()
    assert names[:4] == ("quick", "clinic", "paper", "paper-literal")
    for name in names:
        presets.settings(name)


def test_the_paper_preset_has_the_papers_weights() -> None:
    student = presets.settings("paper").student
    assert (student.alpha, student.beta, student.theta, student.temperature) == (0.01, 0.8, 0.2, 3.0)


def test_the_literal_preset_takes_the_equations_by_the_letter() -> None:
    settings = presets.settings("paper-literal")
    student = settings.student
    assert (student.attention_sign, student.attention_relu, student.attention_normalisation) == ("paper-literal", False, "none")
    assert (student.attention_variant, student.mask_source, student.mask_shape) == ("mse", "detector", "box")
    assert (student.teacher_logits, settings.detector.network) == ("in-sample", "yolo11n")
    for part in (settings.teacher, settings.student):  # Eq. (9) weighs every case alike
        assert (part.optimiser.class_balance, part.optimiser.label_smoothing) == (False, 0.0)


@pytest.mark.parametrize("name", ["quick", "clinic"])
def test_a_student_on_a_cpu_from_scratch_begins_with_growing_windows_of_whole_cells(name: str) -> None:
    student = presets.settings(name).student
    sides = [side for side, _ in student.windows]
    assert sides == sorted(set(sides))
    assert sides[-1] < min(student.input_shape_hw)
    whole = student.optimiser.epochs - sum(epochs for _, epochs in student.windows)
    assert whole >= 0.2 * student.optimiser.epochs
    if student.network.startswith("convnext"):  # its cells are patches of 32 pixels; a part of one is dropped
        assert all(side % 32 == 0 for side in sides)


def test_overrides_are_toml_values_or_bare_words() -> None:
    items = [
        "student.alpha=0.02",
        "student.network = resnet18",
        "teacher.input_shape_hw=[64, 128]",
        "student.optimiser.class_balance=false",
    ]
    assert presets.parse_overrides(items) == {
        "student.alpha": 0.02,
        "student.network": "resnet18",
        "teacher.input_shape_hw": [64, 128],
        "student.optimiser.class_balance": False,
    }


@pytest.mark.parametrize("item", ["student.alpha", "=1", "student.alpha="])
def test_an_override_without_name_or_value_is_refused(item: str) -> None:
    with pytest.raises(BadInputError, match=r"training\.bad_override"):
        presets.parse_overrides([item])


def test_unknown_presets_and_settings_are_told() -> None:
    with pytest.raises(BadInputError) as caught:
        presets.settings("fast")
    assert (caught.value.code, caught.value.values["presets"][:5]) == ("training.unknown_preset", "quick")
    with pytest.raises(BadInputError) as caught:
        presets.settings("quick", {"student.alfa": 1, "teacher.optimiser.epochs": 0})
    assert {fault["where"] for fault in caught.value.values["faults"]} == {"student.alfa", "teacher.optimiser.epochs"}
