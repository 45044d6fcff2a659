from __future__ import annotations

import pytest

from sos_studio.core.errors import BadInputError
from sos_studio.core.training import training_settings


def test_the_defaults_are_the_papers_weights() -> None:
    student = training_settings({}).student
    assert (student.alpha, student.beta, student.theta, student.temperature) == (0.01, 0.8, 0.2, 3.0)


def test_an_override_reaches_its_setting_and_leaves_the_preset_alone() -> None:
    preset = {"student": {"alpha": 0.5}}
    assert training_settings(preset, {"student.alpha": 0.02, "teacher.optimiser.epochs": 3}).teacher.optimiser.epochs == 3
    assert preset == {"student": {"alpha": 0.5}}


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(BadInputError) as error:
        training_settings({}, {"student.alpha": -1, "teacher.optimiser.epochs": 0, "detector.imagesize": 3})
    assert {fault["where"] for fault in error.value.values["faults"]} == {
        "student.alpha",
        "teacher.optimiser.epochs",
        "detector.imagesize",
    }


def test_settings_that_contradict_each_other_are_all_told_beside_those_that_are_wrong_by_themselves() -> None:
    with pytest.raises(BadInputError) as error:
        training_settings(
            {},
            {
                "teacher.network": "convnex_tiny",
                "detector.network": "yolo12n",
                "detector.image_size": 330,
                "student.network": "vit_small_patch16_224",
                "student.input_shape_hw": [250, 256],
                "student.attention_variant": "energy",
                "student.attention_relu": False,
            },
        )
    told = {fault["where"]: fault["what"] for fault in error.value.values["faults"]}
    assert told.keys() == {"teacher.network", "detector.network", "detector.image_size", "student", ""}
    assert "multiples of 16" in told["student"]
    assert "attention_relu" in told["student"]
    assert told[""].endswith("must be the same")


@pytest.mark.parametrize("network", ["yolo11n", "yolo11x-obb", "yolo26s", "yolo26n-obb"])
def test_every_detector_of_both_kinds_can_be_asked_for(network: str) -> None:
    assert training_settings({}, {"detector.network": network}).detector.network == network


@pytest.mark.parametrize("overrides", [{"student.network": "resnet18"}, {"student.alpha": 0, "student.beta": 0, "student.theta": 0}])
def test_settings_that_contradict_each_other_are_refused(overrides: dict[str, object]) -> None:
    with pytest.raises(BadInputError, match="bad_settings"):
        training_settings({}, overrides)


def test_a_misspelt_setting_is_named_in_plain_words() -> None:
    with pytest.raises(BadInputError) as caught:
        training_settings({}, {"teacher.epochs": 1, "student.alpha": -1})
    words = {fault["where"]: fault["what"] for fault in caught.value.values["faults"]}
    assert words["teacher.epochs"] == "no such setting"
    assert words["student.alpha"].startswith("input should be greater")


def test_a_path_through_a_value_is_a_fault_not_a_crash() -> None:
    with pytest.raises(BadInputError, match="bad_settings"):
        training_settings({"seed": 1}, {"seed.deeper": 2})
