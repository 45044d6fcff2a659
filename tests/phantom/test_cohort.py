from __future__ import annotations

import numpy as np
import pytest

from sos_studio.core.errors import BadInputError
from sos_studio.phantom import EVALUATORS, PhantomCase, draw_cohort
from sos_studio.phantom.cohort import read_stage, stage_counts
from sos_studio.phantom.parameters import PAPER_STAGE_COUNTS
from sos_studio.phantom.render import midsagittal_grid


def test_the_papers_cohort_has_the_papers_stages() -> None:
    assert stage_counts(714) == list(PAPER_STAGE_COUNTS)


@pytest.mark.parametrize("cases", [1, 2, 5, 97, 200, 723])
def test_stage_counts_add_up(cases: int) -> None:
    counts = stage_counts(cases)
    assert sum(counts) == cases
    assert all(abs(count - cases * paper / 714) < 1.0 for count, paper in zip(counts, PAPER_STAGE_COUNTS, strict=True))


def test_one_seed_makes_one_study() -> None:
    assert draw_cohort(30, 7) == draw_cohort(30, 7)
    assert draw_cohort(30, 7) != draw_cohort(30, 8)


def test_cases_are_other_people_in_random_order() -> None:
    cohort = draw_cohort(60, 0)
    assert len({case.patient for case in cohort}) == 60
    assert len({case.parameters.seed for case in cohort}) == 60
    stages = [case.truth.stage for case in cohort]
    assert stages != sorted(stages)
    assert np.bincount(stages, minlength=6)[1:].tolist() == stage_counts(60)


def test_readings_are_stages_near_the_truth() -> None:
    cohort = draw_cohort(200, 1)
    off = np.array([[reading - case.truth.stage for reading in case.readings.values()] for case in cohort])
    assert all(tuple(case.readings) == EVALUATORS for case in cohort)
    assert all(1 <= reading <= 5 for case in cohort for reading in case.readings.values())
    assert np.abs(off).max() <= 1
    assert np.mean(off == 0) > 0.6
    assert np.any(off[:, 0] != off[:, 1])


@pytest.fixture(scope="module")
def paper_cohort() -> list[PhantomCase]:
    return draw_cohort(714, 5)


def test_the_papers_cohort_has_the_papers_people(paper_cohort: list[PhantomCase]) -> None:
    """260 men, 370 women, 93 unknown of 723; ages 7-68; each stage older than the one before; boys later."""
    sexes = [case.sex for case in paper_cohort]
    assert [sexes.count(sex) for sex in ("female", "male", "unknown")] == [365, 257, 92]
    ages = np.array([case.age_years for case in paper_cohort])
    assert 7.0 <= ages.min() < 8.0
    assert 55.0 < ages.max() <= 68.0
    stages = np.array([case.truth.stage for case in paper_cohort])
    assert np.bincount(stages)[1:].tolist() == list(PAPER_STAGE_COUNTS)
    means = [ages[stages == stage].mean() for stage in range(1, 6)]
    assert means == sorted(means)
    for stage in (1, 2, 3, 4):
        mean = {sex: np.mean([c.age_years for c in paper_cohort if c.truth.stage == stage and c.sex == sex]) for sex in ("female", "male")}
        assert mean["male"] > mean["female"] + 0.5


def test_maturity_is_continuous_within_stages(paper_cohort: list[PhantomCase]) -> None:
    maturity = np.array([case.parameters.maturity for case in paper_cohort])
    assert len(np.unique(maturity[maturity < 0.99])) > 0.95 * np.sum(maturity < 0.99)
    for low, high in ((0.2, 0.4), (0.4, 0.6), (0.6, 0.8)):
        inside = maturity[(maturity >= low) & (maturity < high)]
        assert np.histogram(inside, bins=4, range=(low, high))[0].min() > 0.1 * len(inside)


def test_two_evaluators_agree_as_the_papers_do(paper_cohort: list[PhantomCase]) -> None:
    """Mean Cronbach's alpha over 200 draws of 97 cases: the paper's is 0.945."""
    rng = np.random.default_rng(0)
    alphas = []
    for _ in range(200):
        drawn = rng.choice(len(paper_cohort), 97, replace=False)
        read = np.array([[read_stage(rng, paper_cohort[n].parameters.maturity) for _ in range(2)] for n in drawn])
        alphas.append(2.0 * (1.0 - read.var(axis=0, ddof=1).sum() / read.sum(axis=1).var(ddof=1)))
    assert np.mean(alphas) == pytest.approx(0.945, abs=0.005)


def test_evaluators_confuse_neighbours_only(paper_cohort: list[PhantomCase]) -> None:
    rng = np.random.default_rng(1)
    off = [read_stage(rng, case.parameters.maturity) - case.truth.stage for case in paper_cohort for _ in range(10)]
    assert max(np.abs(off)) == 1
    assert 0.15 < np.mean(np.abs(off)) < 0.4
    # A joint that has long been open, or long been closed, is never mistaken.
    sure = [read_stage(rng, maturity) for maturity in 50 * [0.0]] + [6 - read_stage(rng, maturity) for maturity in 50 * [1.0]]
    assert set(sure) == {1}


def test_the_experts_plane_and_clicks_are_near_the_truth() -> None:
    for case in draw_cohort(60, 2):
        true = case.truth.true_orientation
        assert abs(case.orientation.roll_deg - true.roll_deg) < 5.0
        assert abs(case.orientation.yaw_deg - true.yaw_deg) < 5.0
        offset = np.subtract(case.orientation.center_lps_mm, true.center_lps_mm)
        assert np.linalg.norm(offset) < 2.5
        for click, end in zip(case.clicked_lps_mm, (case.truth.endocranial_lps_mm, case.truth.ectocranial_lps_mm), strict=True):
            assert np.linalg.norm(np.subtract(click, end)) < 4.0


def test_true_and_clicked_frames_lie_on_every_capture_and_face_right() -> None:
    for case in draw_cohort(120, 3):
        lps_from_uv, shape_vu = midsagittal_grid(case.parameters, case.orientation, 0.25)
        assert case.truth.roi(lps_from_uv).inside(shape_vu)
        assert case.clicked_roi(lps_from_uv).inside(shape_vu)
        assert case.truth.roi(lps_from_uv).width_px > 30.0
        endocranial, ectocranial = case.truth.ends_uv(lps_from_uv)
        assert ectocranial[0] > endocranial[0], "the ectocranial end is nearer to the face"
        assert ectocranial[1] > endocranial[1], "the endocranial end is higher"


@pytest.mark.parametrize("cases", [0, -3, 10**6])
def test_an_impossible_number_of_cases_is_refused(cases: int) -> None:
    with pytest.raises(BadInputError, match=r"phantom\.bad_cases"):
        draw_cohort(cases, 0)
