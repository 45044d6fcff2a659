from __future__ import annotations

import numpy as np
import pytest

from sos_studio.core.errors import BadInputError
from sos_studio.phantom import PhantomParameters, draw_parameters
from sos_studio.phantom.parameters import STAGE_THRESHOLDS, stage_of


def test_one_seed_makes_one_phantom() -> None:
    first, second, other = (draw_parameters(np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert first == second
    assert hash(first) == hash(second)
    assert first != other


def test_parameters_survive_json() -> None:
    parameters = draw_parameters(np.random.default_rng(0))
    assert PhantomParameters.model_validate_json(parameters.model_dump_json()) == parameters


@pytest.mark.parametrize("stage", [1, 2, 3, 4, 5])
def test_maturity_lies_within_its_stage(stage: int) -> None:
    for seed in range(60):
        parameters = draw_parameters(np.random.default_rng(seed), stage)
        assert parameters.stage == stage
        assert stage_of(parameters.maturity) == stage
        assert 7.0 <= parameters.age_years <= 68.0


def test_stages_are_thresholds_on_maturity() -> None:
    assert [stage_of(m) for m in (-1.0, 0.0, 0.19, 0.2, 0.4, 0.6, 0.79, 0.8, 1.0, 2.0)] == [1, 1, 1, 2, 3, 4, 4, 5, 5, 5]
    assert list(STAGE_THRESHOLDS) == sorted(STAGE_THRESHOLDS)


@pytest.mark.parametrize("stage", [0, 6, -1])
def test_an_unknown_stage_is_refused(stage: int) -> None:
    with pytest.raises(BadInputError, match=r"phantom\.bad_stage"):
        draw_parameters(np.random.default_rng(0), stage)


def test_poses_spread_within_natural_limits() -> None:
    poses = [draw_parameters(np.random.default_rng(seed)).pose for seed in range(300)]
    angles = np.array([[pose.roll_deg, pose.yaw_deg, pose.pitch_deg] for pose in poses])
    assert np.all(np.abs(angles) <= [8.0, 8.0, 15.0])
    assert np.all(angles.std(axis=0) > [2.5, 2.5, 5.0])
    centers = np.array([pose.center_lps_mm for pose in poses])
    assert np.all(np.ptp(centers, axis=0) <= 30.0)
    assert np.all(centers.std(axis=0) > 4.0)


def test_extreme_poses_can_be_asked_for() -> None:
    poses = [draw_parameters(np.random.default_rng(seed), pose_scale=2.0).pose for seed in range(100)]
    angles = np.abs([[pose.roll_deg, pose.yaw_deg, pose.pitch_deg] for pose in poses])
    assert np.all(angles.max(axis=0) > [12.0, 12.0, 22.0])
    assert np.all(angles <= [16.0, 16.0, 30.0])


def test_a_straight_head_can_be_asked_for() -> None:
    pose = draw_parameters(np.random.default_rng(1), pose_scale=0.0).pose
    assert (pose.roll_deg, pose.yaw_deg, pose.pitch_deg) == (0.0, 0.0, 0.0)


def test_boys_fuse_later_and_grown_heads_are_larger() -> None:
    girls = [draw_parameters(np.random.default_rng(seed), 3, sex="female") for seed in range(80)]
    boys = [draw_parameters(np.random.default_rng(seed), 3, sex="male") for seed in range(80)]
    assert np.mean([p.age_years for p in boys]) > np.mean([p.age_years for p in girls]) + 0.8
    open_joints = [draw_parameters(np.random.default_rng(seed), 1) for seed in range(80)]
    fused = [draw_parameters(np.random.default_rng(seed), 5) for seed in range(80)]
    assert np.mean([p.anatomy.size for p in fused]) > np.mean([p.anatomy.size for p in open_joints]) + 0.02
