"""The table of a folder says what the screen says, explains its columns, and leaves out those that nothing can fill."""

from __future__ import annotations

import csv
from typing import Any

import pytest

from sos_studio.core.predictions import KeptPrediction, ModelCard, Nearness, PredictedRoi, Prediction, StageSet
from sos_studio.core.roi import Roi
from sos_studio.services.batch_table import BatchRow, table_text, words_text

CARD = ModelCard.model_validate(
    {
        "model_id": "student-1", "kind": "student", "network": "n", "input_shape_hw": (8, 8), "manifest_id": "m", "phantom": False,
        "from_scratch": False, "created_utc": "2026-01-01T00:00:00+00:00", "software": "s",
    }
)  # fmt: skip
SETS = ("certainty", "set_first", "set_last", "set_coverage")
DISTANCES = ("unlike_training_data", "distance", "usual_up_to")
FRAMES = ("frame_source", "frame_confidence", "attention_in_frame")


def row(*probabilities: float, n: int = 1, more: dict[str, Any] | None = None, **of_row: Any) -> BatchRow:
    stage = 1 + max(range(5), key=probabilities.__getitem__)
    said = Prediction(scheme="bassed-5", stage=stage, probabilities=probabilities, expected_stage=3.0, model=CARD)
    kept = KeptPrediction.of(said.model_copy(update=more or {}), None, None)
    return BatchRow(n=n, item=f"item-{n}", said=kept, **of_row)


SURE, UNSURE = (0.05, 0.05, 0.05, 0.8, 0.05), (0.2, 0.23, 0.18, 0.15, 0.24)
FAR = {"familiarity": Nearness(distance=9.0, threshold=2.0, cases=9)}


def told(*rows: BatchRow) -> list[dict[str, str]]:
    return list(csv.DictReader(table_text(rows).splitlines()))


@pytest.mark.parametrize(
    ("made", "answer", "likely"),
    [(row(*SURE), "stage 4", "4"), (row(*UNSURE), "unsure", "5"), (row(*SURE, more=FAR), "not reliable", "4")],
)
def test_an_answer_is_a_stage_only_where_the_screen_gives_one(made: BatchRow, answer: str, likely: str) -> None:
    (line,) = told(made)
    assert (line["answer"], line["most_likely_stage"]) == (answer, likely)
    assert "stage" not in line


def test_a_set_of_all_stages_is_not_told_as_a_certainty() -> None:
    (line,) = told(row(*UNSURE, more={"stage_set": StageSet(first=1, last=5, coverage=0.9, cases=20)}))
    assert (line["certainty"], line["set_first"], line["set_last"]) == ("no stage ruled out", "1", "5")


def test_a_frame_that_the_detector_is_hardly_sure_of_is_noted() -> None:
    frame = PredictedRoi.of(Roi.of((40, 40), 0, 20), "detector", 0.3)
    (line,) = told(row(*SURE, more={"roi": frame, "attention_in_roi": 0.6}))
    assert line["to_be_noted"] == "the detector is only 30% sure of its frame"


@pytest.mark.parametrize(
    ("share", "note"), [(0.0, "the network did not look at the synchondrosis"), (0.4, None), (None, "the heatmap is empty")]
)
def test_a_network_that_did_not_look_at_the_synchondrosis_is_noted(share: float | None, note: str | None) -> None:
    frame = PredictedRoi.of(Roi.of((40, 40), 0, 20), "detector", 0.8)
    (line,) = told(row(*SURE, more={"roi": frame, "attention_in_roi": share}, shape_vu=(100, 120)))
    assert line.get("to_be_noted") == note


def test_rows_carry_the_place_of_the_picture_because_names_may_be_off() -> None:
    assert [line["n"] for line in told(row(*SURE), row(*UNSURE, n=7))] == ["1", "7"]
    words = words_text([row(*SURE)])
    assert "n: place of the picture in the folder, by name from 1" in words
    assert "file: names of files may name patients" in words


def test_columns_that_nothing_can_fill_are_left_out_and_the_words_say_why() -> None:
    (line,) = told(row(*SURE))
    assert not {*SETS, *DISTANCES, *FRAMES, "file", "problem", "to_be_noted"} & line.keys()
    words = words_text([row(*SURE)])
    for name in (*SETS, *DISTANCES, *FRAMES):
        assert f"\n{name}: " in words.partition("Left out")[2]
    assert "trained without stage sets" in words
    assert "Research use only" in words


def test_every_column_of_the_table_is_explained() -> None:
    held = StageSet(first=3, last=4, coverage=0.9, cases=9)
    near = Nearness(distance=1.0, threshold=2.0, cases=9)
    frame = PredictedRoi.of(Roi.of((40, 40), 0, 20), "detector", 0.8)
    full = row(*SURE, more={"stage_set": held, "familiarity": near, "roi": frame, "attention_in_roi": 0.3}, name="a.png", like_a_crop=True)
    rows = [full, BatchRow(n=2, item="x", problem="image.unreadable")]
    (first, second), words = told(*rows), words_text(rows)
    assert first | {"certainty": "stage 3 to 4", "set_first": "3", "frame_source": "detector's", "attention_in_frame": "0.3000"} == first
    assert (second["answer"], second["most_likely_stage"]) == ("no answer", "")
    for name in first:
        assert f"\n{name}: " in words
    assert "Left out" not in words


def test_what_is_to_be_noted_stands_in_words() -> None:
    (line,) = told(row(*SURE, more=FAR, like_a_crop=True, no_frame=True))
    assert line["to_be_noted"] == "looks like a crop, not like a full image; unlike the training data; the detector found no synchondrosis"


@pytest.mark.parametrize("code", ["image.unreadable", "image.too_small", "prediction.worker_died", "never.heard.of"])
def test_a_problem_is_a_sentence_without_names_and_a_code(code: str) -> None:
    (line,) = told(BatchRow(item="x", problem=code, values={"file": "Doe^Jane.png"}))
    assert line["problem_code"] == code
    assert line["problem"].endswith(".")
    assert "Doe" not in line["problem"]
    assert "{" not in line["problem"]
