"""What a cross-validation trains: arms by name, their settings, and those of tables and ablation."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from sos_studio.core.crossval import (
    METHODS,
    Arm,
    CrossvalSettings,
    ablation_arms,
    in_order,
    main_arms,
    parse_arm,
    settings_of,
    table_arms,
)
from sos_studio.core.errors import BadInputError
from sos_studio.core.training import TrainingSettings, training_settings

WITH_WINDOWS = training_settings({"student": {"windows": [[64, 3]]}})


@pytest.mark.parametrize("settings", [TrainingSettings(), WITH_WINDOWS])
def test_every_arm_is_read_back_from_its_name(settings: TrainingSettings) -> None:
    arms = [*main_arms(settings, from_scratch=True), *ablation_arms(settings), *table_arms(1, settings), *table_arms(2, settings)]
    for arm in arms:
        assert parse_arm(arm.name, settings) == arm
    assert len({arm.slug for arm in arms}) == len({arm.name for arm in arms})
    assert not any(set(arm.slug) & set('/\\:*?"<>|[]= ') for arm in arms)


def test_an_arm_without_a_network_is_of_the_presets() -> None:
    settings = TrainingSettings()
    assert parse_arm("framework", settings).network == settings.student.network
    assert parse_arm("detector", settings).network == settings.detector.network
    assert parse_arm("oracle-crop", settings) == parse_arm("teacher", settings)


@pytest.mark.parametrize(
    "text", ["", "frame work", "student:", "boosting:resnet18", "framework[seed=3]", "teacher[alpha=1]", "framework[alpha]"]
)
def test_what_is_no_arm_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match=r"crossval\.unknown_arm"):
        parse_arm(text, TrainingSettings())


def test_each_baseline_lacks_what_its_name_says() -> None:
    def student(method: str, setting: str = "", value: str | float = "") -> tuple[float, float, float, int]:
        found = settings_of(WITH_WINDOWS, Arm(method=method, network="resnet18", setting=setting, value=value))  # type: ignore[arg-type]
        assert found.teacher.network == found.student.network == "resnet18"
        return found.student.alpha, found.student.beta, found.student.theta, len(found.student.windows)

    assert student("framework") == (0.01, 0.8, 0.2, 1)
    assert student("kd-only") == (0, 0.8, 0.2, 1)
    assert student("attention-only") == (0.01, 0, 0.2, 1)
    assert student("windows-only") == (0, 0, 1, 1)
    assert student("full-image") == (0, 0, 1, 0)  # the paper's baseline: nothing of a frame
    assert student("framework", "beta", 1.6) == (0.01, 1.6, 0.2, 1)


def test_a_change_that_can_not_be_trained_is_refused() -> None:
    with pytest.raises(BadInputError, match=r"training\.bad_settings"):
        settings_of(TrainingSettings(), Arm(method="framework", network="resnet18", setting="teacher_logits", value="guessed"))


def test_windows_are_compared_only_where_there_are_any() -> None:
    def methods(settings: TrainingSettings, *, from_scratch: bool) -> set[str]:
        return {arm.method for arm in main_arms(settings, from_scratch=from_scratch)}

    assert methods(WITH_WINDOWS, from_scratch=True) == set(METHODS)
    assert methods(WITH_WINDOWS, from_scratch=False) == methods(TrainingSettings(), from_scratch=True) == set(METHODS) - {"windows-only"}


def test_the_papers_tables_have_its_networks() -> None:
    first, second = ({(a.method, a.network) for a in table_arms(n, TrainingSettings())} for n in (1, 2))
    assert len(first) == 6
    assert {network for method, network in second if method == "full-image"} == {n for _, n in first} | {"vit_large_patch16_224"}
    assert {("framework", "convnext_tiny+attn"), ("two-stage", "convnext_tiny+attn"), ("detector", "yolo11n-obb")} <= second


def test_the_ablation_turns_each_term_off_and_changes_one_thing_at_a_time() -> None:
    base = TrainingSettings()
    arms = ablation_arms(base)
    changed = {arm.setting for arm in arms} - {""}
    assert changed == {"alpha", "beta", "theta", "temperature", "teacher_logits"}
    assert {arm.method for arm in arms} == {"framework", "kd-only", "attention-only"}
    assert Arm(method="framework", network=base.student.network, setting="theta", value=0.0) in arms
    for arm in arms:
        if arm.setting:
            assert getattr(base.student, arm.setting) != arm.value
            assert getattr(settings_of(base, arm).student, arm.setting) == arm.value


def test_what_others_need_is_trained_first_and_nothing_twice() -> None:
    settings = TrainingSettings()
    arms = in_order([*reversed(main_arms(settings, from_scratch=True)), *table_arms(2, settings), *main_arms(settings, from_scratch=True)])
    assert len(arms) == len(set(arms))
    ranks = [METHODS.index(arm.method) for arm in arms]
    assert ranks == sorted(ranks)


def test_arms_and_folds_are_named_once() -> None:
    arm = Arm(method="teacher", network="resnet18")
    with pytest.raises(ValidationError):
        CrossvalSettings(arms=(arm, arm))
    with pytest.raises(ValidationError):
        CrossvalSettings(arms=(arm,), folds=(0, 0))
    assert CrossvalSettings.model_validate_json(CrossvalSettings(arms=(arm,)).model_dump_json()) == CrossvalSettings(arms=(arm,))


def test_windows_of_a_preset_are_rounded_up_to_another_networks_whole_cells() -> None:
    base = training_settings(
        {},
        {
            "teacher.network": "resnet18",
            "student.network": "resnet18",
            "student.windows": [[48, 3], [64, 2]],
            "student.optimiser.epochs": 9,
        },
    )
    assert settings_of(base, parse_arm("framework", base)).student.windows == ((48, 3), (64, 2))
    assert settings_of(base, parse_arm("framework:convnext_atto", base)).student.windows == ((64, 3), (64, 2))
    assert settings_of(base, parse_arm("full-image:convnext_atto", base)).student.windows == ()


def test_a_detector_is_compared_by_its_own_network_alone() -> None:
    base = TrainingSettings()
    changed = settings_of(base, parse_arm("detector:yolo26n", base))
    assert changed.detector.network == "yolo26n"
    assert (changed.student, changed.teacher) == (base.student, base.teacher)
    with pytest.raises(BadInputError, match="bad_settings"):
        settings_of(base, parse_arm("detector:yolo9", base))
