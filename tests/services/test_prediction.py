"""From a full image to stage, frame, heatmap and files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sos_studio.core.errors import BadInputError, ProjectError
from sos_studio.core.roi import Roi
from sos_studio.imaging import images
from sos_studio.services import prediction
from sos_studio.services.prediction import PredictionService
from sos_studio.services.serve_process import ServeProcess
from tests.services.conftest import write_model

FakeServe = Callable[..., ServeProcess]
FULL8 = np.random.default_rng(0).integers(0, 255, (96, 120), dtype=np.uint8)
FRAME = Roi.of((60.0, 60.0), 0.0, 48.0)


def test_a_student_stages_the_full_image(fake_serve: FakeServe, tmp_path: Path) -> None:
    student = write_model(tmp_path / "models", "student-1", "student")
    with PredictionService(fake_serve("good")) as service:
        result = service.predict(FULL8, model_dir=student, roi=FRAME)
    said = result.prediction
    assert (said.stage, said.expected_stage) == (2, pytest.approx(2.5))
    assert said.roi is not None
    assert said.roi.source == "expert"
    assert result.heat01_vu.shape == FULL8.shape
    v, u = np.unravel_index(int(np.argmax(result.heat01_vu)), FULL8.shape)
    # Cell (2, 2) of 24-pixel cells has its centre at 59.5.
    assert (abs(v - 59.5), abs(u - 59.5)) <= (0.5, 0.5)
    assert said.attention_in_roi is not None
    assert 0.5 < said.attention_in_roi <= 1.0


def test_warming_up_starts_the_process_and_lets_it_load_the_network(fake_serve: FakeServe, tmp_path: Path) -> None:
    student = write_model(tmp_path, "student-1", "student")
    serve = fake_serve("good")
    with PredictionService(serve) as service:
        service.warm_up()
        assert serve.running
        service.warm_up(student)
    with PredictionService(fake_serve("refuse")) as service, pytest.raises(BadInputError):
        service.warm_up(student)


def test_without_an_experts_frame_the_detector_looks_for_one(fake_serve: FakeServe, tmp_path: Path) -> None:
    student = write_model(tmp_path, "student-1", "student")
    detector = write_model(tmp_path, "detector-1", "detector")
    with PredictionService(fake_serve("good")) as service:
        said = service.predict(FULL8, model_dir=student, detector_dir=detector).prediction
        assert said.roi is not None
        assert (said.roi.source, said.roi.confidence, said.roi.width_px) == ("detector", 0.8, 40.0)
        alone = service.predict(FULL8, model_dir=student).prediction
        assert (alone.roi, alone.attention_in_roi) == (None, None)


def test_a_teacher_looks_at_the_crop_and_its_map_stays_inside_the_frame(fake_serve: FakeServe, tmp_path: Path) -> None:
    teacher = write_model(tmp_path, "teacher-1", "teacher")
    with PredictionService(fake_serve("good")) as service:
        result = service.predict(FULL8, model_dir=teacher, roi=FRAME)
        with pytest.raises(BadInputError, match=r"prediction\.needs_frame"):
            service.predict(FULL8, model_dir=teacher)
    assert result.prediction.attention_in_roi == pytest.approx(1.0)
    assert result.heat01_vu[:40].max() == 0.0


def test_a_picture_of_ten_pixels_is_refused(fake_serve: FakeServe, tmp_path: Path) -> None:
    images.write_png(tmp_path / "tiny.png", np.zeros((10, 10), dtype=np.uint8))
    student = write_model(tmp_path, "student-1", "student")
    with PredictionService(fake_serve("good")) as service, pytest.raises(BadInputError, match=r"image\.too_small"):
        service.predict(tmp_path / "tiny.png", model_dir=student)


def test_files_are_written_as_the_contract_says(fake_serve: FakeServe, tmp_path: Path) -> None:
    student = write_model(tmp_path, "student-1", "student")
    with PredictionService(fake_serve("good")) as service:
        result = service.predict(FULL8, model_dir=student, roi=FRAME)
    files = prediction.write_prediction(result, tmp_path / "out")
    assert images.read_gray(files["heatmap"]).shape == FULL8.shape
    assert images.read_gray(files["overlay"]).shape == FULL8.shape
    assert json.loads(files["prediction"].read_text())["stage"] == 2
    (tmp_path / "file").touch()
    with pytest.raises(ProjectError, match=r"prediction\.folder_unwritable"):
        prediction.write_prediction(result, tmp_path / "file")


def test_models_are_listed_newest_first_and_damaged_ones_left_out(tmp_path: Path) -> None:
    write_model(tmp_path, "student-1", "student")
    write_model(tmp_path, "student-2", "student", created="2025-03-02T09:00:00+00:00")
    write_model(tmp_path, "detector-1", "detector")
    write_model(tmp_path, ".student-3.tmp", "student", created="2026-03-02T09:00:00+00:00")
    (write_model(tmp_path, "student-4", "student") / "model.json").write_text("{")
    assert [entry.card.model_id for entry in prediction.models(tmp_path)] == ["student-2", "student-1", "detector-1"]
    newest = prediction.current(tmp_path, "student")
    assert newest is not None
    assert newest.card.model_id == "student-2"


def test_a_network_is_paired_with_the_detector_of_its_own_manifest(tmp_path: Path) -> None:
    (tmp_path / "project.sqlite").touch()
    models = tmp_path / "models"
    write_model(models, "student-1", "student", manifest_id="m1")
    write_model(models, "detector-1", "detector", manifest_id="m1")
    later = write_model(models, "detector-2", "detector", manifest_id="m2", created="2025-03-02T09:00:00+00:00")
    found = prediction.choose_networks(tmp_path, None)
    assert found.detector is not None
    assert (found.model.card.model_id, found.detector.card.model_id) == ("student-1", "detector-1")
    chosen = prediction.choose_networks(tmp_path, None, later).detector
    assert chosen is not None
    assert chosen.card.model_id == "detector-2"
    with pytest.raises(BadInputError, match=r"prediction\.not_a_classifier"):
        prediction.choose_networks(None, later)


def test_a_project_without_a_student_says_so(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"project\.not_found"):
        prediction.choose_networks(tmp_path, None)
    (tmp_path / "project.sqlite").touch()
    with pytest.raises(BadInputError, match=r"prediction\.no_student"):
        prediction.choose_networks(tmp_path, None)
    with pytest.raises(BadInputError, match=r"prediction\.no_model"):
        prediction.choose_networks(None, tmp_path)


def test_a_project_whose_only_student_is_of_a_newer_version_says_that_and_not_that_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "project.sqlite").touch()
    card = write_model(tmp_path / "models", "student-1", "student") / "model.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"schema_version": 2}))
    with pytest.raises(BadInputError, match=r"model\.newer"):
        prediction.choose_networks(tmp_path, None)


def test_a_full_disk_for_temporary_files_is_told_in_words(fake_serve: FakeServe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    student = write_model(tmp_path, "student-1", "student")
    monkeypatch.setattr(prediction.np, "save", full)
    with PredictionService(fake_serve("good")) as service:
        for ask in (lambda: service.predict(FULL8, model_dir=student), lambda: service.find_frame(FULL8, detector_dir=student)):
            with pytest.raises(ProjectError, match=r"prediction\.folder_unwritable") as caught:
                ask()
            assert caught.value.values["reason"] == "No space left on device"
