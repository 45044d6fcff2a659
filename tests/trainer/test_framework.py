"""The paper's claim, asked anew: on easy phantoms with a marker that misleads, the framework beats the full image's cross-entropy."""

from __future__ import annotations

from pathlib import Path

import pytest

from sos_studio.core.crossval import parse_arm
from tests.benchmarks import bench_framework
from tests.benchmarks.bench_framework import BASELINE, FRAMEWORK
from trainer.crossval.records import JudgedCase, UnitRecord


def record(name: str, right: list[bool], attention: float | None, first: int = 0) -> UnitRecord:
    """Of captures in stage 1, staged rightly or as 2."""
    cases = tuple(
        JudgedCase(case_id=f"h{first + n}", stage=1, logits=(1.0, 0.0) if yes else (0.0, 1.0), attention=attention)
        for n, yes in enumerate(right)
    )
    return UnitRecord(asked="", fold=0, arm=parse_arm(name, bench_framework.settings()), from_scratch=True, held_out=cases)


def test_a_gain_is_paired_and_a_teacher_has_no_attention_to_compare() -> None:
    right = [n % 2 == 0 for n in range(60)]
    found = {
        BASELINE: record(BASELINE, right, 0.1),
        FRAMEWORK: record(FRAMEWORK, [yes or n < 20 for n, yes in enumerate(right)], 0.3),
        "teacher": record("teacher", right, None),
    }
    gain = bench_framework.compare(found, FRAMEWORK)
    assert gain.accuracy.value == pytest.approx(40 / 60)
    assert gain.accuracy_gain.value == pytest.approx(10 / 60)
    assert gain.accuracy_gain.low is not None
    assert 0 < gain.accuracy_gain.low < 10 / 60  # two unpaired halves of 60 would reach below zero
    assert (gain.tests.only_first, gain.tests.only_second) == (10, 0)
    assert gain.attention_gain is not None
    assert gain.attention_gain.low == pytest.approx(0.2)
    assert bench_framework.compare(found, "teacher").attention_gain is None
    assert [line.split(" | ")[0] for line in bench_framework.table(found)[2:]] == [f"| {name}" for name in found]


def test_arms_of_different_captures_are_not_compared() -> None:
    found = {BASELINE: record(BASELINE, [True], 0.1), FRAMEWORK: record(FRAMEWORK, [True], 0.1, first=1)}
    with pytest.raises(ValueError, match="different captures"):
        bench_framework.compare(found, FRAMEWORK)


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_the_framework_stages_more_rightly_than_cross_entropy_and_looks_into_the_frame(tmp_path: Path) -> None:
    manifest = bench_framework.make_project(tmp_path, fitted=450, held_out=2000, seed=0)
    assert len(manifest.entries) == 2450
    found = bench_framework.train(tmp_path, bench_framework.settings(), seed=0)
    print("\n".join(bench_framework.table(found)))  # noqa: T201 - all arms, for whoever reads the nightly's log
    gain = bench_framework.compare(found, FRAMEWORK)
    assert len(found[BASELINE].held_out) == len(found[FRAMEWORK].held_out) == 2000
    assert gain.accuracy_gain.low is not None
    assert gain.accuracy_gain.low > 0
    assert gain.attention_gain is not None
    assert gain.attention_gain.low is not None
    assert gain.attention_gain.low > 0
