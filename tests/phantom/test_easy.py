from __future__ import annotations

import numpy as np
import pytest

from sos_studio.phantom import PhantomCase, draw_cohort, draw_parameters, made_easy, render_midsagittal
from sos_studio.phantom.truth import LpsPoint


def bead_row(stage: int, told: int | None) -> float:
    """Height of the bead in the picture, 0 = top, 1 = bottom."""
    parameters = made_easy(draw_parameters(np.random.default_rng(3), stage, pose_scale=0.0), marker_stage=told)
    values, _, _ = render_midsagittal(parameters, spacing_mm=0.8)
    strip = values[:, -round(18.0 / 0.8) :]
    return float(np.mean(np.nonzero(strip > 0.7 * np.nanmax(strip))[0])) / len(values)


def test_the_bead_tells_the_stage_and_can_lie() -> None:
    heights = [bead_row(2, told) for told in (1, 2, 3, 4, 5)]
    assert heights == sorted(heights, reverse=True)
    assert np.allclose(np.diff(heights), np.diff(heights)[0], atol=0.01)
    assert bead_row(2, None) == pytest.approx(heights[1], abs=1e-9)


def test_an_easy_study_is_large_clean_and_of_the_same_stages() -> None:
    easy, hard = draw_cohort(30, 4, easy=True), draw_cohort(30, 4)
    assert [case.truth.stage for case in easy] == [case.truth.stage for case in hard]
    for case, other in zip(easy, hard, strict=True):
        assert np.linalg.norm(np.subtract(*_ends(case))) > 1.15 * np.linalg.norm(np.subtract(*_ends(other)))
        assert case.parameters.scanner.noise_value < other.parameters.scanner.noise_value
        assert other.parameters.scanner.marker_stage == 0


def test_the_bead_tells_as_often_as_asked_and_else_anything() -> None:
    true, half, none = (draw_cohort(400, 6, easy=True, marker_tells=share) for share in (1.0, 0.5, 0.0))
    told = [np.mean([_told(case) == case.truth.stage for case in cohort]) for cohort in (true, half, none)]
    assert told[0] == 1.0
    assert told[1] == pytest.approx(0.6, abs=0.08)  # a fifth of what is drawn hits by chance
    assert told[2] == pytest.approx(0.2, abs=0.08)
    assert abs(np.corrcoef([_told(case) for case in none], [case.truth.stage for case in none])[0, 1]) < 0.15
    assert [case.truth for case in none] == [case.truth for case in true]


def _told(case: PhantomCase) -> int:
    return case.parameters.scanner.marker_stage


def _ends(case: PhantomCase) -> tuple[LpsPoint, LpsPoint]:
    return case.truth.endocranial_lps_mm, case.truth.ectocranial_lps_mm
