"""What can stand side by side, and what each says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sos_studio.core.predictions import Prediction
from sos_studio.core.roi import Roi
from sos_studio.services import figures, model_list
from sos_studio.services.contenders import ask_contender, contenders
from sos_studio.services.figures import Panel
from sos_studio.services.prediction import PredictionResult, PredictionService
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


class Disagreeing:
    """Two students that predict other stages; remembers whose evidence was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int | None]] = []

    def predict(self, picture: Any, *, model_dir: Path, stage: int | None = None, method: Any = "grad-cam", **_: Any) -> PredictionResult:
        self.asked.append((model_dir.name, stage))
        own = 4 if model_dir.name == "student-1" else 2
        probabilities = (
            tuple(0.7 if n == own else 0.2 if n == 4 else 0.1 / 3 for n in range(1, 6)) if own == 2 else (0.05, 0.05, 0.05, 0.8, 0.05)
        )
        said = Prediction(
            scheme="bassed-5", stage=own, probabilities=probabilities, expected_stage=3.0, model=model_list.read(model_dir).card
        )
        heat = np.full(picture.shape, (stage or own) / 5, np.float32)
        return PredictionResult(said, heat, picture, chosen_stage=stage, heat_method=method)


def test_the_heatmap_of_a_mean_shows_the_evidence_for_one_stage_of_all_its_networks(entries: list[model_list.ModelEntry]) -> None:
    service = Disagreeing()
    mean = next(one for one in contenders(entries, framed=False) if one.how == "mean")
    answer = ask_contender(service, mean, FULL8, None)  # type: ignore[arg-type]
    assert (answer.prediction.stage, answer.heat_stage) == (4, 4)
    assert service.asked[2:] == [("student-2", 4)]
    np.testing.assert_allclose(answer.heat01_vu, 0.8)
    chosen = ask_contender(service, mean, FULL8, None, stage=5, method="hires-cam")  # type: ignore[arg-type]
    assert (chosen.prediction.stage, chosen.heat_stage, chosen.heat_method) == (4, 5, "hires-cam")
    np.testing.assert_allclose(chosen.heat01_vu, 1.0)


def test_a_figure_says_whose_evidence_a_heatmap_of_a_chosen_stage_shows(
    entries: list[model_list.ModelEntry], fake_serve: Callable[..., ServeProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(figures, "_words", lambda *args: lines.extend(args[-1]))
    with PredictionService(fake_serve("good")) as service:
        student = contenders(entries, framed=True)[0]
        panels = [
            Panel("a", ask_contender(service, student, FULL8, FRAME)),
            Panel("b", ask_contender(service, student, FULL8, FRAME, stage=4)),
        ]
    figures.draw_figure(FULL8, panels)
    assert [line for line in lines if "evidence" in line] == ["heatmap: evidence for stage 4"]


def test_a_figure_says_unsure_where_the_screen_does_and_whose_picture_it_is(
    entries: list[model_list.ModelEntry], fake_serve: Callable[..., ServeProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(figures, "_words", lambda *args: lines.extend(args[-1]))
    with PredictionService(fake_serve("good")) as service:
        answer = ask_contender(service, contenders(entries, framed=True)[0], FULL8, FRAME)
    said = answer.prediction.model_copy(update={"stage": 5, "probabilities": (0.2, 0.23, 0.18, 0.15, 0.24), "familiarity": None})
    readers = "Consensus of the readers: stage 5 (3 readings)."
    plain = figures.draw_figure(FULL8, [Panel("Student", replace(answer, prediction=said))])
    assert lines[:3] == ["(a) Full image", "(b) Student", "Unsure: stage 5, 24%"]
    assert lines[3].startswith("attention in the evaluator's frame ")
    lines.clear()
    of = figures.Shown("case-0003", readers, 0.25)
    named = figures.draw_figure(FULL8, [Panel("Student", replace(answer, prediction=said))], of=of)
    assert lines[:2] == ["(a) Full image of case-0003", readers]
    assert named != plain  # with a scale bar
