"""How long a training will take is known roughly before it begins."""

from __future__ import annotations

import pytest

from sos_studio.core.training import TrainingSettings, training_settings
from sos_studio.core.training_cost import epoch_cost, retraining_cost, side_at
from sos_studio.services import presets


def test_windows_come_in_their_order_and_full_images_at_last() -> None:
    windows = ((48, 2), (64, 1))
    assert [side_at(windows, epoch) for epoch in range(5)] == [48, 48, 64, None, None]
    assert side_at((), 0) is None


def test_epochs_on_windows_cost_less_and_never_nothing() -> None:
    costs = [epoch_cost(((32, 1), (64, 1), (500, 1)), epoch, (64, 128)) for epoch in range(4)]
    assert costs == sorted(costs)
    assert costs[0] > 0.1
    assert costs[2:] == [1.0, 1.0]


def quick(**overrides: object) -> TrainingSettings:
    return presets.settings("quick", overrides)


def test_the_quick_preset_takes_as_long_as_was_measured() -> None:
    # resources/docs/results/quick-preset.md: 20 s, 115 s and 212 s of one thread in bf16.
    cost = retraining_cost(quick(), cases=159, framed=159, bf16=True)
    parts = [part / cost.total_s for part in (cost.teacher_s, cost.detector_s, cost.student_s)]
    assert parts == pytest.approx([20 / 347, 115 / 347, 212 / 347], abs=0.02)


def test_a_larger_detector_takes_longer_of_whichever_kind_it_is() -> None:
    def seconds(network: str) -> float:
        return retraining_cost(quick(**{"detector.network": network}), cases=10, framed=10, bf16=False).detector_s

    assert seconds("yolo11n") == seconds("yolo11n-obb") == seconds("yolo26n-obb") < seconds("yolo26s") < seconds("yolo11x-obb")


def test_windows_and_helpers_change_the_students_time_alone() -> None:
    whole, windowed = (
        retraining_cost(quick(**{"student.windows": windows}), cases=100, framed=100, bf16=True) for windows in ([], [[48, 48]])
    )
    assert (whole.teacher_s, whole.detector_s) == (windowed.teacher_s, windowed.detector_s)
    assert 0.5 < windowed.student_s / whole.student_s < 0.65  # half of the 96 epochs cost a ninth
    alone = retraining_cost(quick(**{"student.teacher_logits": "in-sample"}), cases=100, framed=100, bf16=True)
    helped = retraining_cost(quick(), cases=100, framed=100, bf16=True)
    assert helped.student_s - alone.student_s == pytest.approx(2 * helped.teacher_s)


def test_bfloat16_brings_nothing_where_the_device_can_not() -> None:
    slow, fast = (retraining_cost(quick(), cases=10, framed=10, bf16=bf16) for bf16 in (False, True))
    assert slow.total_s > 1.5 * fast.total_s
    single = quick(**{f"{part}.precision": "fp32" for part in ("teacher.optimiser", "detector", "student.optimiser")})
    assert retraining_cost(single, cases=10, framed=10, bf16=True) == slow


def test_starting_weights_make_windows_needless_unless_they_are_wanted_always() -> None:
    settings = quick()
    assert settings.starting(from_scratch=True).student.windows == settings.student.windows != ()
    assert settings.starting(from_scratch=False).student.windows == ()
    wanted = quick(**{"student.windows_when": "always"})
    assert wanted.starting(from_scratch=False) == wanted
    assert training_settings({}).starting(from_scratch=False) == training_settings({})
