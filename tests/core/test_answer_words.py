"""Files say of an answer what the window says of it, an unsure one first of all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_studio.core import answer_words
from sos_studio.core.predictions import ModelCard, Nearness, PredictedRoi, Prediction, StageSet
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
        "Unsure: the most likely stage, 5, reaches only 24\u00a0%, followed by stage 2 with 23\u00a0%. Judge the image yourself."
    )
    assert answer_words.answer_title(found) == "Unsure: stage 5, 24\u00a0%"


@pytest.mark.parametrize(("top", "unsure"), [(0.5, False), (0.49, True)])
def test_an_answer_is_unsure_when_the_others_together_are_likelier(top: float, unsure: bool) -> None:
    rest = (1 - top) / 4
    assert said(rest, rest, top, rest, rest).unsure is unsure


def test_a_sure_answer_is_a_stage() -> None:
    found = said(0.05, 0.05, 0.05, 0.8, 0.05)
    assert answer_words.answer_sentence(found) == "Most likely stage: 4 (80\u00a0%)."
    assert answer_words.answer_title(found) == "Stage 4, 80\u00a0%"


def test_of_two_equal_runners_up_the_lower_one_is_named_and_never_the_answer_itself() -> None:
    assert said(0.05, 0.05, 0.05, 0.8, 0.05).runner_up == 1
    assert said(0.8, 0.05, 0.05, 0.05, 0.05).runner_up == 2


def test_held_out_figures_stand_beside_what_guessing_gives() -> None:
    told = answer_words.held_out_sentence(card(held_out={"n": 40, "correct": 12}))
    assert told == "Right in 12 of 40 cases it had never seen (30\u00a0%; guessing: 20\u00a0%)."
    assert answer_words.held_out(card(held_out={"n": 40, "correct": 12})) == (12, 40)
    assert answer_words.held_out_sentence(card()) == ""
    assert answer_words.held_out_sentence(card(held_out={"n": 0, "correct": 0})) == ""


def test_a_network_learned_from_the_cases_it_was_fitted_to_and_those_that_chose_its_epoch() -> None:
    assert answer_words.trained_cases(card(fitted_cases={"n": 137, "with_frame": 130}, calibration={"n": 23})) == 160
    assert answer_words.trained_cases(card(fitted_cases=50)) == 50
    assert answer_words.trained_cases(card()) is None


def test_attention_is_told_with_whose_frame_and_which_stage() -> None:
    frame = PredictedRoi.of(Roi.of((40, 40), 0, 20), "expert")
    told = "Attention for stage 5 inside the evaluator's frame: 29\u00a0% (spread evenly: 2.0\u00a0%)."
    assert answer_words.attention_sentence(0.29, frame, 5, (100, 100)) == told


def test_a_network_that_looked_elsewhere_and_a_doubtful_frame_are_told() -> None:
    frame = PredictedRoi.of(Roi.of((40, 40), 0, 20), "detector", 0.37)
    assert answer_words.attention_sentence(0.004, frame, 1, (100, 100)) == (
        "The network did not look at the SOS. Attention for stage 1 inside the detector's frame: 0.4\u00a0% (spread evenly: 2.0\u00a0%). "
        "The detector is only 37\u00a0% sure of this frame."
    )


def test_a_picture_unlike_the_training_data_gets_no_firm_stage_and_no_promise() -> None:
    far = Nearness(distance=9.0, threshold=2.0, cases=23)
    held = StageSet(first=1, last=2, coverage=0.9, cases=23)
    found = said(0.9, 0.04, 0.02, 0.02, 0.02).model_copy(update={"familiarity": far, "stage_set": held})
    assert found.promised is None
    assert answer_words.answer_title(found) == "Not reliable: stage 1, 90\u00a0%"
    assert answer_words.answer_sentence(found).startswith("Not reliable: this picture is unlike the training data.")
    assert answer_words.certainty_sentence(found) == "No certainty is promised for a picture unlike the training data."


@pytest.mark.parametrize(
    ("probabilities", "told", "expected"),
    [
        ((0.235, 0.21, 0.129, 0.167, 0.259), (2, 5), (1, 5)),  # stage 1 is likelier than three of those inside
        ((0.05, 0.1, 0.6, 0.2, 0.05), (3, 4), (3, 4)),
        ((0.3, 0.05, 0.05, 0.2, 0.4), (4, 5), (1, 5)),
        ((0.2, 0.2, 0.2, 0.2, 0.2), (1, 2), (1, 2)),
    ],
)
def test_a_set_never_leaves_out_a_stage_that_is_likelier_than_one_inside(
    probabilities: tuple[float, ...], told: tuple[int, int], expected: tuple[int, int]
) -> None:
    held = StageSet(first=told[0], last=told[1], coverage=0.9, cases=23)
    promised = said(*probabilities).model_copy(update={"stage_set": held}).promised
    assert promised is not None
    assert (promised.first, promised.last) == expected


@given(st.lists(st.floats(0.01, 1.0), min_size=5, max_size=5), st.integers(1, 5), st.integers(0, 4))
def test_what_is_promised_holds_the_measured_set_and_contradicts_no_probability(weights: list[float], first: int, more: int) -> None:
    probabilities = tuple(w / sum(weights) for w in weights)
    held = StageSet(first=first, last=min(first + more, 5), coverage=0.9, cases=23)
    promised = said(*probabilities).model_copy(update={"stage_set": held}).promised
    assert promised is not None
    assert promised.first <= held.first <= held.last <= promised.last
    inside = probabilities[promised.first - 1 : promised.last]
    outside = probabilities[: promised.first - 1] + probabilities[promised.last :]
    assert not outside or max(outside) <= min(inside)


def test_certainty_is_told_in_words() -> None:
    def told(first: int, last: int) -> str:
        held = StageSet(first=first, last=last, coverage=0.9, cases=23)
        return answer_words.certainty_sentence(said(0.05, 0.05, 0.05, 0.8, 0.05).model_copy(update={"stage_set": held}))

    assert told(4, 4) == "With 90\u00a0% certainty: stage 4 (calibrated on 23 cases)."
    assert told(3, 4) == "With 90\u00a0% certainty: stages 3 to 4 (calibrated on 23 cases)."
    assert told(1, 5) == "With 90\u00a0% certainty no stage can be ruled out (calibrated on 23 cases)."
    assert "trained without" in answer_words.certainty_sentence(said(0.05, 0.05, 0.05, 0.8, 0.05))


def test_halves_of_a_per_cent_are_rounded_alike() -> None:
    shares = {17 / 40: 43, 11 / 40: 28, 0.145: 15, 0.5: 50, 0.004: 0, 1.0: 100, 0.2849999: 28}
    assert {share: answer_words.whole_percent(share) for share in shares} == shares
    assert answer_words.percent(17 / 40) == "43\u00a0%"
    assert answer_words.percent(17 / 40, 1) == "42.5\u00a0%"
