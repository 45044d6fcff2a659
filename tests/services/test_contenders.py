"""What can stand side by side, and what each says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sos_studio.core.roi import Roi
from sos_studio.services import figures, model_list
from sos_studio.services.contenders import ask_contender, contenders
from sos_studio.services.figures import Panel
from sos_studio.services.prediction import PredictionService
from sos_studio.services.serve_process import ServeProcess
from tests.services.conftest import write_model

FULL8 = np.random.default_rng(0).integers(0, 255, (96, 120), dtype=np.uint8)
FRAME = Roi.of((60.0, 60.0), 0.0, 48.0)


@pytest.fixture
def entries(tmp_path: Path) -> list[model_list.ModelEntry]:
    for name in ("student-1", "student-2"):
        write_model(tmp_path, name, "student")
    write_model(tmp_path, "teacher-1", "teacher")
    write_model(tmp_path, "detector-1", "detector")
    return model_list.models(tmp_path)


def test_students_teachers_and_means_are_offered_as_far_as_there_are_any(entries: list[model_list.ModelEntry]) -> None:
    assert [one.how for one in contenders(entries, framed=True)] == ["student", "student", "teacher", "detector_and_teacher", "mean"]
    assert [one.how for one in contenders(entries, framed=False)] == ["student", "student", "detector_and_teacher", "mean"]
    no_detector = [entry for entry in entries if entry.card.kind != "detector"]
    assert "detector_and_teacher" not in [one.how for one in contenders(no_detector, framed=True)]
    assert contenders([], framed=True) == []


def test_each_is_asked_in_its_own_way(entries: list[model_list.ModelEntry], fake_serve: Callable[..., ServeProcess]) -> None:
    with PredictionService(fake_serve("good")) as service:
        answers = {one.how: ask_contender(service, one, FULL8, FRAME) for one in contenders(entries, framed=True)}
    assert answers["teacher"].prediction.roi.source == "expert"  # type: ignore[union-attr]
    found = answers["detector_and_teacher"].prediction.roi
    assert found is not None
    assert (found.source, found.confidence) == ("detector", 0.8)
    assert answers["detector_and_teacher"].heat01_vu[:20].max() == 0
    mean = answers["mean"]
    assert mean.prediction.probabilities == pytest.approx(answers["student"].prediction.probabilities)
    assert mean.prediction.stage_set is None
    np.testing.assert_allclose(mean.heat01_vu, answers["student"].heat01_vu, atol=1e-6)


def test_a_figure_is_made_of_any_answers_and_says_what_must_be_known(
    entries: list[model_list.ModelEntry], fake_serve: Callable[..., ServeProcess], tmp_path: Path
) -> None:
    with PredictionService(fake_serve("good")) as service:
        answer = ask_contender(service, contenders(entries, framed=True)[0], FULL8, FRAME)
    png = figures.draw_figure(FULL8, [Panel("with", answer), Panel("without", answer)])
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20], "big") == round(3 * figures.PANEL_INCHES * figures.DPI)
    assert figures.draw_figure(FULL8, [Panel("with", answer), Panel("without", answer)]) == png
    pdf = figures.draw_figure(FULL8, [Panel("with", answer)], form="pdf")
    assert pdf.startswith(b"%PDF")
    figures.save_figure(tmp_path / "figure.pdf", pdf)
    assert (tmp_path / "figure.pdf").read_bytes() == pdf
