from __future__ import annotations

import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest

from sos_studio.phantom import PhantomParameters, draw_parameters, values_at
from sos_studio.phantom.landmarks import make_frame
from tests.phantom.conftest import without_noise


def at_stage(maturity: float, head: int = 11) -> PhantomParameters:
    return without_noise(draw_parameters(np.random.default_rng(head), 3)).model_copy(update={"maturity": maturity})


def across_the_joint(parameters: PhantomParameters, share: float, reach_mm: float = 3.0) -> npt.NDArray[np.float32]:
    """Grey values on a line across the joint, at a share of its length from the endocranial end; mean over some lateral places."""
    frame = make_frame(parameters.anatomy, parameters.seed)
    e, f = np.asarray(frame.endocranial), np.asarray(frame.ectocranial)
    along = (f - e) / np.linalg.norm(f - e)
    a, s = (e + share * (f - e))[:, None] + np.array([-along[1], along[0]])[:, None] * np.linspace(-reach_mm, reach_mm, 61)
    lines = [values_at(parameters, np.stack([np.full(61, side), -a, s], axis=-1)) for side in np.linspace(-4.0, 4.0, 9)]
    return np.mean(lines, axis=0)


def contrast(parameters: PhantomParameters, share: float) -> float:
    """Middle of the line against its two ends: negative = a gap, positive = a scar."""
    line = across_the_joint(parameters, share)
    return float(line[27:34].mean() - np.concatenate([line[:8], line[-8:]]).mean())


def test_tissues_have_their_grey_values(quiet: PhantomParameters) -> None:
    frame = make_frame(quiet.anatomy, quiet.seed)
    basilar = (np.asarray(frame.basion) + frame.endocranial + frame.ectocranial) / 3
    points = [[0.0, -150.0, 0.0], [0.0, 20.0, 60.0], [0.0, -basilar[0], basilar[1]], [0.0, -40.0, -50.0]]
    air, brain, bone, tongue = values_at(quiet, points)
    assert air == -1000.0
    assert brain == pytest.approx(40.0, abs=30.0)
    assert tongue == pytest.approx(45.0, abs=30.0)
    assert 150.0 < bone < 500.0


def test_values_come_in_the_shape_of_the_points(quiet: PhantomParameters) -> None:
    points = np.random.default_rng(0).uniform(-60, 60, (4, 5, 3))
    grid = values_at(quiet, points)
    assert grid.shape == (4, 5)
    assert grid.dtype == np.float32
    assert np.array_equal(grid.reshape(-1), values_at(quiet, points.reshape(-1, 3)))
    assert values_at(quiet, points[0, 0]).shape == ()


def middle(parameters: PhantomParameters, share: float) -> float:
    """Grey value in the middle of the joint."""
    return float(across_the_joint(parameters, share)[27:34].mean())


def test_stage_1_is_open_from_end_to_end() -> None:
    assert all(contrast(at_stage(0.03), share) < -60.0 for share in (0.3, 0.5, 0.7))
    assert all(middle(at_stage(0.03), share) < 150.0 for share in (0.1, 0.3, 0.5, 0.7, 0.9))


def test_stage_2_is_bridged_at_the_endocranial_end_only() -> None:
    parameters = at_stage(0.25)
    assert middle(parameters, 0.08) > 250.0
    assert all(middle(parameters, share) < 150.0 for share in (0.4, 0.55, 0.7, 0.9))


def test_stage_3_is_half_way() -> None:
    parameters = at_stage(0.48)
    assert all(middle(parameters, share) > 250.0 for share in (0.1, 0.2, 0.35))
    assert all(middle(parameters, share) < 150.0 for share in (0.75, 0.9))


def test_stage_4_shows_a_bright_scar_throughout() -> None:
    assert all(contrast(at_stage(0.66), share) > 80.0 for share in (0.3, 0.5, 0.7))
    assert all(middle(at_stage(0.66), share) > 250.0 for share in (0.1, 0.3, 0.5, 0.7, 0.9))


def test_stage_5_is_even() -> None:
    # Of one head marrow is uneven anyway; what all have in common must not show where the joint was.
    shares = (0.3, 0.4, 0.5, 0.6, 0.7)
    contrasts = np.array([[contrast(at_stage(1.0, head), share) for share in shares] for head in range(9)])
    assert np.all(np.abs(np.median(contrasts, axis=0)) < 15.0)


def test_fusion_proceeds_with_maturity_and_the_scar_fades() -> None:
    profile = [np.mean([middle(at_stage(m), share) for share in np.linspace(0.1, 0.9, 9)]) for m in (0.05, 0.25, 0.45, 0.64)]
    assert profile == sorted(profile)
    fading = [np.mean([contrast(at_stage(m), share) for share in np.linspace(0.3, 0.7, 5)]) for m in (0.66, 0.76, 0.82, 0.95)]
    assert fading == sorted(fading, reverse=True)


def test_head_is_about_symmetric(quiet: PhantomParameters) -> None:
    points = np.random.default_rng(0).uniform([2, -85, -80], [70, 90, 90], (4000, 3))
    mirrored = points * [-1.0, 1.0, 1.0]
    same = np.abs(values_at(quiet, points) - values_at(quiet, mirrored)) < 150.0
    assert same.mean() > 0.95


def test_drawing_a_study_does_not_wait_for_the_compiler() -> None:
    code = "import sys, sos_studio.phantom as p; p.draw_cohort(2, 0); assert 'numba' not in sys.modules, 'numba was imported'"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
