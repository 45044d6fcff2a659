"""What a training takes, estimated from networks, pictures and epochs before it begins: only the time left depends on it.

Seconds are those of one CPU thread of the computer that was measured on; another computer, or a GPU, is quicker or slower as a whole, so
that ratios stay about right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sos_studio.core.training import StudentSettings, TeacherSettings, TrainingSettings

# Seconds per picture and million input pixels, forwards and backwards in fp32. A network that is not listed takes the last.
_NETWORK_S: tuple[tuple[str, float], ...] = (
    ("convnext_atto", 1.0),
    ("convnext_femto", 1.4),
    ("convnext_pico", 2.2),
    ("convnext_nano", 3.6),
    ("convnext_tiny", 6.6),
    ("resnet18", 1.2),
    ("resnet34", 2.3),
    ("resnet50", 4.4),
    ("efficientnet_b0", 1.3),
    ("test_", 0.8),
    ("", 8.0),
)
# By size: upright boxes and the newer generation cost about the same.
_DETECTOR_S: dict[str, float] = {"n": 1.45, "s": 3.9, "m": 11.6, "l": 13.9, "x": 30.0}
# Seconds per picture however small it is: augmentation, the step of the optimiser.
_PICTURE_S = 0.0015
_BF16_GAIN = 0.55
# Of a step on windows, what does not shrink with them.
_FIXED_SHARE = 0.1


@dataclass(frozen=True)
class TrainingCost:
    """Seconds of each part of a retraining; the student's helpers are part of `student_s`."""

    teacher_s: float
    detector_s: float
    student_s: float

    @property
    def total_s(self) -> float:
        """Of the three."""
        return self.teacher_s + self.detector_s + self.student_s


def retraining_cost(settings: TrainingSettings, *, cases: int, framed: int, bf16: bool) -> TrainingCost:
    """Estimate a retraining.

    Parameters
    ----------
    cases, framed
        How many cases are fitted to, and how many of them have a frame.
    bf16
        Whether the device computes in bfloat16; elsewhere it brings nothing.
    """
    one_teacher_s = _epoch_s(settings.teacher, framed, bf16) * settings.teacher.optimiser.epochs
    side_px = settings.detector.image_size
    picture_s = _DETECTOR_S[settings.detector.network.removesuffix("-obb")[-1]] * side_px * side_px / 1e6
    picture_s *= _BF16_GAIN if bf16 and settings.detector.precision != "fp32" else 1.0
    detector_s = (picture_s + _PICTURE_S) * framed * settings.detector.epochs
    student = settings.student
    student_s = _epoch_s(student, cases, bf16) * sum(epoch_costs(student))
    if student.teacher_logits == "cross-fitted" and student.beta > 0:
        # k helpers, each of them fitted to all but a k-th.
        student_s += one_teacher_s * (student.cross_fit_folds - 1)
    return TrainingCost(one_teacher_s, detector_s, student_s)


def epoch_costs(settings: StudentSettings) -> list[float]:
    """Time of each of a student's epochs over that of an epoch on full images."""
    return [epoch_cost(settings.windows, epoch, settings.input_shape_hw) for epoch in range(settings.optimiser.epochs)]


def epoch_cost(windows: Sequence[tuple[int, int]], epoch: int, input_shape_hw: tuple[int, int]) -> float:
    """Time of an epoch over that of an epoch on full images, roughly: a tenth goes with the step, the rest with its pixels."""
    side_px = side_at(windows, epoch)
    if side_px is None:
        return 1.0
    return _FIXED_SHARE + (1 - _FIXED_SHARE) * min(1.0, side_px**2 / (input_shape_hw[0] * input_shape_hw[1]))


def side_at(windows: Sequence[tuple[int, int]], epoch: int) -> int | None:
    """Side in input pixels of the windows of an epoch (0-based), or None once full images are shown.

    Parameters
    ----------
    windows
        Side and number of epochs of each step, in order.
    """
    for side_px, epochs in windows:
        if epoch < epochs:
            return side_px
        epoch -= epochs
    return None


def _epoch_s(settings: TeacherSettings | StudentSettings, cases: int, bf16: bool) -> float:
    """Seconds of an epoch on whole pictures."""
    factor = next(seconds for name, seconds in _NETWORK_S if settings.network.startswith(name))
    gain = _BF16_GAIN if bf16 and settings.optimiser.precision == "bf16" else 1.0
    return (factor * math.prod(settings.input_shape_hw) / 1e6 * gain + _PICTURE_S) * cases
