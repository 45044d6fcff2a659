"""Files say of an answer what the window says of it, an unsure one first of all."""

from __future__ import annotations

from typing import Any

import pytest

from sos_studio.core import answer_words
from sos_studio.core.predictions import ModelCard, PredictedRoi, Prediction
from sos_studio.core.roi import Roi


def card(**more: Any) -> ModelCard:
    facts = {
        "model_id": "student-1", "kind": "student", "network": "n", "input_shape_hw": (8, 8), "manifest_id": "m", "phantom": False,
        "from_scratch": False, "created_utc": "2026-01-01T00:00:00+00:00", "software": "s",
    }  # fmt: skip
    return ModelCard.model_validate({**facts, **more})


def said(*probabilities: float) -> Prediction:
    stage = 1 + max(range(5), key=probabilities.__getitem__)
    return Prediction(scheme="bassed-5", stage=stage, probabilities=probabilities, expected_stage=3.0, model=card())


def test_an_unsure_answer_says_so_names_the_runner_up_and_sends_back_to_the_image() -> None:
    found = said(0.2, 0.23, 0.18, 0.15, 0.24)
    assert found.unsure
    assert answer_words.answer_sentence(found) == (
        "Unsure: the most likely stage, 5, reaches only 24%, followed by stage 2 with 23%. Judge the image yourself."
    )
    assert answer_words.answer_title(found) == "Unsure: stage 5, 24%"


@pytest.mark.parametrize(("top", "unsure"), [(0.5, False), (0.49, True)])
def test_an_answer_is_unsure_when_the_others_together_are_likelier(top: float, unsure: bool) -> None:
    rest = (1 - top) / 4
    assert said(rest, rest, top, rest, rest).unsure is unsure


def test_a_sure_answer_is_a_stage() -> None:
    found = said(0.05, 0.05, 0.05, 0.8, 0.05)
    assert answer_words.answer_sentence(found) == "Most likely stage: 4 (80%)."
    assert answer_words.answer_title(found) == "Stage 4, 80%"


def test_of_two_equal_runners_up_the_lower_one_is_named_and_never_the_answer_itself() -> None:
    assert said(0.05, 0.05, 0.05, 0.8, 0.05).runner_up == 1
    assert said(0.8, 0.05, 0.05, 0.05, 0.05).runner_up == 2


def test_held_out_figures_stand_beside_what_guessing_gives() -> None:
    told = answer_words.held_out_sentence(card(held_out={"n": 40, "correct": 12}))
    assert told == "Right in 12 of 40 held-out cases (30%; guessing: 20%)."
    assert answer_words.held_out(card(held_out={"n": 40, "correct": 12})) == (12, 40)
    assert answer_words.held_out_sentence(card()) == ""
    assert answer_words.held_out_sentence(card(held_out={"n": 0, "correct": 0})) == ""


def test_a_network_learned_from_the_cases_it_was_fitted_to_and_those_that_chose_its_epoch() -> None:
    assert answer_words.trained_cases(card(fitted_cases={"n": 137, "with_frame": 130}, calibration={"n": 23})) == 160
    assert answer_words.trained_cases(card(fitted_cases=50)) == 50
    assert answer_words.trained_cases(card()) is None


def test_attention_is_told_with_whose_frame_and_which_stage() -> None:
    frame = PredictedRoi.of(Roi.of((40, 40), 0, 20), "expert")
    assert answer_words.attention_sentence(0.29, frame, 5) == "Attention for stage 5 inside the evaluator's frame: 29%."
