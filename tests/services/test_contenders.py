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
    monkeypatch.setattr(figures, "_words", lambda *args: lines.extend(line.text for line in args[-1]))
    with PredictionService(fake_serve("good")) as service:
        student = contenders(entries, framed=True)[0]
        panels = [
            Panel("a", ask_contender(service, student, FULL8, FRAME)),
            Panel("b", ask_contender(service, student, FULL8, FRAME, stage=4)),
        ]
    figures.draw_figure(FULL8, panels)
    assert [line for line in lines if "evidence" in line] == [
        "Heatmap: evidence for stage 4, chosen by a",
    ]


def test_a_figure_says_unsure_where_the_screen_does_and_whose_picture_it_is(
    entries: list[model_list.ModelEntry], fake_serve: Callable[..., ServeProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(figures, "_words", lambda *args: lines.extend(line.text for line in args[-1]))
    with PredictionService(fake_serve("good")) as service:
        answer = ask_contender(service, contenders(entries, framed=True)[0], FULL8, FRAME)
    said = answer.prediction.model_copy(update={"stage": 5, "probabilities": (0.2, 0.23, 0.18, 0.15, 0.24), "familiarity": None})
    readers = "Consensus of the readers: stage 5 (3 readings)."
    plain = figures.draw_figure(FULL8, [Panel("Student", replace(answer, prediction=said))])
    assert lines[:3] == ["(a) Full image", "(b) Student", "Unsure: stage 5, 24\u00a0%"]
    assert lines[3].startswith("Attention for stage ")
    lines.clear()
    of = figures.Shown("case-0003", readers, 0.25)
    named = figures.draw_figure(FULL8, [Panel("Student", replace(answer, prediction=said))], of=of)
    assert lines[:2] == ["(a) Full image of case-0003", readers]
    assert named != plain  # with a scale bar


def test_a_figure_says_in_red_what_takes_trust_away(
    entries: list[model_list.ModelEntry], fake_serve: Callable[..., ServeProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[figures.Line] = []
    monkeypatch.setattr(figures, "_words", lambda *args: lines.extend(args[-1]))
    with PredictionService(fake_serve("good")) as service:
        answer = ask_contender(service, contenders(entries, framed=True)[0], FULL8, FRAME)
    card = answer.prediction.model.model_copy(update={"held_out": {"n": 40, "correct": 12}})
    empty = replace(answer, heat01_vu=np.zeros_like(answer.heat01_vu))
    figures.draw_figure(FULL8, [Panel("a", answer, "learned", card), Panel("b", empty, "new", None)])
    split = next(n for n, line in enumerate(lines) if line.text == "(c) b")
    red = " ".join(line.text for line in lines[:split] if line.grave)
    assert "It learned from this very case. Right in 12 of 40 cases it had never seen (30\u00a0%; guessing: 20\u00a0%)." in red
    told = " ".join(line.text for line in lines[split:])
    assert "The heatmap is empty: the network marks no place in this image." in told
    assert "Attention" not in told
    assert "It never learned from this patient. How often it is right in cases it had never seen was not measured." in told


def test_a_figure_of_a_part_holds_that_part_only_with_a_scale_bar_of_its_own(
    entries: list[model_list.ModelEntry], fake_serve: Callable[..., ServeProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[int, ...]] = []
    bars: list[tuple[object, ...]] = []
    draw, bar = figures._picture, figures._scale_bar
    monkeypatch.setattr(
        figures, "_picture", lambda axes, *args, **named: (draw(axes, *args, **named), shown.append(axes.images[0].get_size()))
    )
    monkeypatch.setattr(
        figures, "_scale_bar", lambda axes, *args: (bar(axes, *args), bars.append((axes.get_xlim(), axes.texts[0].get_text())))
    )
    with PredictionService(fake_serve("good")) as service:
        answer = ask_contender(service, contenders(entries, framed=True)[0], FULL8, FRAME)
    of = figures.Shown("case-0003", "", 1.0)
    figures.draw_figure(FULL8, [Panel("a", answer)], of=of)
    figures.draw_figure(FULL8, [Panel("a", answer)], of=of, part=(40, 30, 80, 60))
    assert shown == [(96, 120), (96, 120), (30, 40), (30, 40)]
    assert bars == [((-0.5, 119.5), "20\u00a0mm"), ((39.5, 79.5), "10\u00a0mm")]


def test_no_words_of_a_figure_lie_outside_of_it_or_on_one_another(
    entries: list[model_list.ModelEntry], fake_serve: Callable[..., ServeProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib.figure import Figure

    drawn: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: drawn.append(figure))
    with PredictionService(fake_serve("good")) as service:
        answer = ask_contender(service, contenders(entries, framed=True)[0], FULL8, FRAME)
    poor = answer.prediction.model_copy(
        update={"model": answer.prediction.model.model_copy(update={"phantom": True, "from_scratch": True})}
    )
    title = "A training with quite a long name: Student (2026-11-21 13:06, 151 cases)"
    figures.draw_figure(FULL8, [Panel(title, replace(answer, prediction=poor), "patient", None)], of=figures.Shown("case-0003"))
    (figure,) = drawn
    boxes = [text.get_window_extent() for text in figure.texts]
    wide = figure.bbox.width
    for n, box in enumerate(boxes):
        assert box.x0 >= 0.02 * figure.dpi, figure.texts[n].get_text()
        assert box.x1 <= wide, figure.texts[n].get_text()
        assert box.y0 >= 0, figure.texts[n].get_text()
        assert not any(box.overlaps(other) for other in boxes[:n]), figure.texts[n].get_text()
