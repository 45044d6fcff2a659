"""A folder of full images staged one after the other, stopped, gone on with, and written as a table."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sos_studio.core.errors import BadInputError, CancelledError, JobFailedError
from sos_studio.core.predictions import Nearness, Prediction, StageSet
from sos_studio.imaging import images
from sos_studio.services import batch, model_list
from sos_studio.services.batch import BatchReport, predict_folder
from sos_studio.services.prediction import Networks, PredictionResult
from tests.services.conftest import write_model

PICTURES = ("a.png", "Doe^Jane.png", "deep/er/=c.png")


class Answering:
    """A service that answers by the picture's mean."""

    def __init__(self) -> None:
        self.asked = 0
        self.fails_at: dict[int, Exception] = {}

    def predict(
        self, picture: np.ndarray, *, model_dir: Path, roi: Any = None, detector_dir: Any = None, cancelled: Any = None, urgent: bool
    ) -> Any:
        assert not urgent  # whoever lets a folder be predicted goes on working
        self.asked += 1
        if self.asked in self.fails_at:
            raise self.fails_at[self.asked]
        stage = 1 + int(picture.mean()) % 5
        said = Prediction(
            scheme="bassed-5",
            stage=stage,
            probabilities=tuple(0.6 if n == stage else 0.1 for n in range(1, 6)),
            expected_stage=2.5,
            stage_set=StageSet(first=stage, last=stage, coverage=0.9, cases=20),
            familiarity=Nearness(distance=1.0, threshold=2.0, cases=20),
            model=model_list.read(model_dir).card,
        )
        return PredictionResult(said, np.zeros(picture.shape, np.float32), picture)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for n, name in enumerate(PICTURES):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        images.write_png(path, np.full((70, 80), 50 + n, dtype=np.uint8))
    (tmp_path / "in" / "notes.txt").write_text("x")
    return tmp_path / "in"


@pytest.fixture
def networks(tmp_path: Path) -> Networks:
    return Networks(model_list.read(write_model(tmp_path / "models", "student-1", "student")), None)


@pytest.fixture
def go(folder: Path, networks: Networks, tmp_path: Path) -> Callable[..., BatchReport]:
    def run(service: Any, **more: Any) -> BatchReport:
        return predict_folder(folder, tmp_path / "out", more.pop("networks", networks), service, **more)

    return run


def table(report: BatchReport) -> list[dict[str, str]]:
    return list(csv.DictReader(report.table.open(encoding="utf-8")))


def test_every_picture_gets_a_line_and_its_pictures(go: Callable[..., BatchReport]) -> None:
    told: list[tuple[int, int]] = []
    report = go(Answering(), progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]
    rows = table(report)
    # By name, as a person lists them.
    assert [row["most_likely_stage"] for row in rows] == ["2", "1", "3"]
    assert rows[0] | {"n": "1", "answer": "stage 2", "p2": "0.6000", "set_first": "2", "unlike_training_data": "0"} == rows[0]
    assert rows[0]["certainty"] == "stage 2"
    assert rows[0]["model_id"] == "student-1"
    for row in report.rows:
        assert images.read_gray(report.table.parent / "pictures" / row.item / "heatmap.png").shape == (70, 80)


def test_no_name_of_a_file_is_written_unless_it_was_asked_for(go: Callable[..., BatchReport], tmp_path: Path) -> None:
    service = Answering()
    service.fails_at[1] = BadInputError("image.unreadable", file="Doe^Jane.png")
    go(service)
    for path in (tmp_path / "out").rglob("*"):
        assert "Doe" not in path.name
        assert path.is_dir() or b"Doe" not in path.read_bytes()


def test_names_are_written_if_asked_for_and_never_as_formulas(go: Callable[..., BatchReport]) -> None:
    assert [row["file"] for row in table(go(Answering(), names=True))] == ["Doe^Jane.png", "a.png", "deep/er/=c.png"]
    assert ",'=cmd()," in batch.table_text([batch.BatchRow(item="1", name="=cmd()", problem="x")])


def test_it_goes_on_where_it_was_stopped(go: Callable[..., BatchReport], tmp_path: Path) -> None:
    service = Answering()
    with pytest.raises(CancelledError):
        go(service, cancelled=lambda: service.asked >= 2)
    assert len((tmp_path / "out" / "predictions.csv").read_text().splitlines()) == 3
    report = go(service)
    assert (service.asked, report.taken_over, len(report.rows)) == (3, 2, 3)
    assert go(service).taken_over == 3
    assert service.asked == 3


def test_a_row_of_an_older_version_learns_its_picture_s_shape_when_it_is_taken_over(go: Callable[..., BatchReport], tmp_path: Path) -> None:
    assert {row.shape_vu for row in go(Answering()).rows} == {(70, 80)}
    log = tmp_path / "out" / "answers.jsonl"
    log.write_text(log.read_text().replace('"shape_vu":[70,80]', '"shape_vu":null'))
    assert "[70,80]" not in log.read_text()
    again = go(Answering())
    assert again.taken_over == 3
    assert {row.shape_vu for row in again.rows} == {(70, 80)}


def test_a_line_torn_by_a_power_cut_is_asked_again(go: Callable[..., BatchReport], tmp_path: Path) -> None:
    go(Answering())
    log = tmp_path / "out" / "answers.jsonl"
    log.write_bytes(log.read_bytes()[:-20])
    service = Answering()
    assert go(service).taken_over == 2
    assert service.asked == 1
    assert all(json.loads(line) for line in log.read_text().splitlines())


def test_a_picture_that_fails_is_a_line_with_the_reason_and_is_tried_again_the_next_time(go: Callable[..., BatchReport]) -> None:
    service = Answering()
    service.fails_at = {2: JobFailedError("prediction.worker_died")}
    report = go(service)
    assert report.failed == 1
    assert table(report)[1] | {"answer": "no answer", "problem_code": "prediction.worker_died"} == table(report)[1]
    assert table(report)[1]["problem"] == "The predictor ended unexpectedly."
    assert go(service).failed == 0


def test_a_predictor_that_can_not_be_started_ends_it_at_once(go: Callable[..., BatchReport]) -> None:
    service = Answering()
    service.fails_at = {1: JobFailedError("prediction.cant_start", reason="x")}
    with pytest.raises(JobFailedError):
        go(service)
    assert service.asked == 1


def test_answers_of_another_network_are_not_mixed_in(go: Callable[..., BatchReport], tmp_path: Path) -> None:
    go(Answering())
    other = Networks(model_list.read(write_model(tmp_path / "models", "student-2", "student")), None)
    with pytest.raises(BadInputError, match=r"batch\.other_network") as refused:
        go(Answering(), networks=other)
    assert refused.value.values["network"] == "student-1"  # the one that began there


def test_answers_of_pictures_that_were_turned_otherwise_are_not_mixed_in_nor_called_another_networks(
    go: Callable[..., BatchReport],
) -> None:
    go(Answering())
    with pytest.raises(BadInputError, match=r"batch\.other_way"):
        go(Answering(), facing="left")


def test_a_damaged_log_is_refused_and_stays(go: Callable[..., BatchReport], tmp_path: Path) -> None:
    go(Answering())
    log = tmp_path / "out" / "answers.jsonl"
    log.write_bytes(b"{}\n")
    with pytest.raises(BadInputError, match=r"batch\.unreadable"):
        go(Answering())
    assert log.read_bytes() == b"{}\n"


def test_a_folder_without_pictures_is_told(tmp_path: Path, networks: Networks) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInputError, match=r"batch\.nothing"):
        predict_folder(tmp_path / "empty", tmp_path / "out", networks, SimpleNamespace())  # type: ignore[arg-type]


def test_captures_below_the_folder_count_as_one_picture_each(tmp_path: Path, folder: Path) -> None:
    from tests.dataset.builders import record

    capture = folder / "capture-1"
    capture.mkdir()
    images.write_png(capture / "full.png", np.full((70, 80), 9, dtype=np.uint8))
    images.write_png(capture / "crop-1.png", np.full((70, 80), 9, dtype=np.uint8))
    (capture / "capture.json").write_text(record("case-0001", "capture-1", shape_vu=(70, 80)).model_dump_json())
    assert capture in batch.full_images_in(folder)
    assert len(batch.full_images_in(folder)) == len(PICTURES) + 1


def test_its_own_heatmaps_are_no_full_images_where_the_results_lie_among_the_pictures(folder: Path, networks: Networks) -> None:
    for out in (folder / "out", folder):
        service = Answering()
        assert predict_folder(folder, out, networks, service).total == len(PICTURES)
        # As a run leaves it that was killed before its answer was whole.
        torn = out / "pictures" / "0123456789abcdef"
        torn.mkdir()
        images.write_png(torn / "heatmap.png", np.zeros((70, 80), dtype=np.uint8))
        again = predict_folder(folder, out, networks, service)
        assert (again.total, again.taken_over, service.asked) == (len(PICTURES), len(PICTURES), len(PICTURES))
    # Pictures of one's own in a folder of that name are looked at.
    images.write_png(folder / "pictures" / "mine.png", np.full((70, 80), 99, dtype=np.uint8))
    assert predict_folder(folder, folder, networks, Answering()).total == len(PICTURES) + 1


def test_pictures_among_which_one_answer_was_written_are_full_images_still(folder: Path, networks: Networks, tmp_path: Path) -> None:
    for name in ("heatmap.png", "overlay.png"):
        images.write_png(folder / name, np.zeros((70, 80), dtype=np.uint8))
    (folder / "prediction.json").write_text("{}")
    assert predict_folder(folder, tmp_path / "out", networks, Answering()).total == len(PICTURES)


def test_a_file_that_can_not_be_read_is_a_line_and_the_others_are_staged(go: Callable[..., BatchReport], folder: Path) -> None:
    (folder / "Doe^gone.png").symlink_to(folder / "nowhere.png")
    report = go(Answering())
    assert (report.total, report.failed) == (4, 1)
    (row,) = [row for row in table(report) if row["problem"]]
    assert (row["n"], row["item"], row["problem_code"]) == ("2", "unreadable-2", "image.unreadable")
    assert row["problem"] == "The file can't be read as a picture."
    assert "Doe" not in report.table.read_text()
    assert "Doe" not in (report.table.parent / "answers.jsonl").read_text()
    images.write_png(folder / "nowhere.png", np.full((70, 80), 77, dtype=np.uint8))
    assert go(Answering()).failed == 0


def test_a_second_run_that_is_stopped_leaves_the_table_as_long_as_it_was(go: Callable[..., BatchReport], tmp_path: Path) -> None:
    first = table(go(Answering(), names=True))
    rows: list[batch.BatchRow] = []
    with pytest.raises(CancelledError):
        go(Answering(), cancelled=lambda: len(rows) >= 1, on_row=lambda row, _: rows.append(row))
    text = (tmp_path / "out" / "predictions.csv").read_text()
    left = list(csv.DictReader(text.splitlines()))
    assert sorted(row["item"] for row in left) == sorted(row["item"] for row in first)
    assert "Doe" not in text


@pytest.mark.parametrize("code", ["model.changed", "model.newer", "prediction.no_model", "prediction.folder_unwritable"])
def test_what_stands_in_the_way_of_every_picture_ends_it_at_once_with_its_words(
    go: Callable[..., BatchReport], tmp_path: Path, code: str
) -> None:
    service = Answering()
    service.fails_at = {2: BadInputError(code, model="student-1")}
    with pytest.raises(BadInputError) as caught:
        go(service)
    assert (caught.value.values, service.asked) == ({"model": "student-1"}, 2)
    assert len((tmp_path / "out" / "predictions.csv").read_text().splitlines()) == 2
    assert go(Answering()).taken_over == 1


def test_numbers_of_a_fault_stand_in_its_words_also_where_names_do_not(go: Callable[..., BatchReport]) -> None:
    service = Answering()
    service.fails_at = {1: JobFailedError("prediction.timeout", seconds=180, file="Doe^Jane.png")}
    assert go(service).rows[0].values == {"seconds": 180}
