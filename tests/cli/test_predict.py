"""`predict` by the contract."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sos_studio.core.roi import Roi
from sos_studio.imaging import images
from sos_studio.services import worker_process
from tests.cli.conftest import ROOT_OF_TESTS, Run
from tests.services.conftest import write_model

KEYS = {"scheme", "stage", "probabilities", "expected_stage", "roi", "attention_in_roi", "model"}


@pytest.fixture(autouse=True)
def _fake_predictor(monkeypatch: pytest.MonkeyPatch) -> None:
    serve = str(ROOT_OF_TESTS / "services" / "fake_serve.py")
    monkeypatch.setattr(worker_process, "trainer_command", lambda *_: [sys.executable, serve, "good"])


@pytest.fixture
def networks(tmp_path: Path) -> Path:
    """A project folder with a student and a detector."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "project.sqlite").touch()
    write_model(folder / "models", "student-1", "student")
    write_model(folder / "models", "detector-1", "detector")
    return folder


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A full image."""
    path = tmp_path / "full image ä.png"
    images.write_png(path, np.random.default_rng(0).integers(0, 255, (96, 120), dtype=np.uint8))
    return path


def test_a_picture_gives_every_key_and_both_files(run: Run, networks: Path, picture: Path, tmp_path: Path) -> None:
    ran = run("predict", picture, "--project", networks, "--out", tmp_path / "out", "--json")
    assert ran.code == 0, ran.err
    content = ran.json
    assert set(content) >= KEYS
    assert (content["scheme"], content["stage"], len(content["probabilities"])) == ("bassed-5", 2, 5)
    assert sum(content["probabilities"]) == pytest.approx(1.0)
    assert content["expected_stage"] == pytest.approx(2.5)
    roi = content["roi"]
    assert set(roi) >= {"center_uv", "angle_deg", "width_px", "height_px", "source"}
    assert (roi["source"], roi["height_px"]) == ("detector", roi["width_px"] / 2)
    assert 0 <= content["attention_in_roi"] <= 1
    assert content["model"]["model_id"] == "student-1"
    heatmap = images.read_gray(tmp_path / "out" / "heatmap.png")
    assert (heatmap.shape, heatmap.dtype) == ((96, 120), np.uint8)
    assert images.read_gray(tmp_path / "out" / "overlay.png").shape == (96, 120)


def test_without_a_detector_there_is_no_frame(run: Run, picture: Path, tmp_path: Path) -> None:
    model = write_model(tmp_path / "alone", "student-1", "student")
    content = run("predict", picture, "--model", model, "--out", tmp_path / "out", "--json").json
    assert (content["roi"], content["attention_in_roi"]) == (None, None)


def test_a_capture_folder_brings_the_experts_frame(run: Run, networks: Path, scan_folder: Path, tmp_path: Path) -> None:
    capture = tmp_path / "capture"
    assert run("capture", scan_folder, "--out", capture, "--spacing", "1").code == 0
    for n, width in ((9, 20.0), (10, 30.0)):
        (capture / f"roi-{n}.json").write_text(Roi.of((45.0, 40.0), 10.0, width).model_dump_json())
    roi = run("predict", capture, "--project", networks, "--out", tmp_path / "out", "--json").json["roi"]
    assert (roi["source"], roi["width_px"]) == ("expert", 30.0)
    assert run("predict", capture / "capture.json", "--project", networks, "--out", tmp_path / "out2").code == 0


def test_a_volume_takes_captures_flags(run: Run, networks: Path, scan_folder: Path, tmp_path: Path) -> None:
    ran = run("predict", scan_folder, "--center", "-1,2,3", "--spacing", "1", "--project", networks, "--out", tmp_path / "out", "--json")
    assert ran.code == 0, ran.err
    assert images.read_gray(tmp_path / "out" / "heatmap.png").shape == (79, 95)


def test_a_left_facing_picture_is_flipped_and_says_so(run: Run, networks: Path, picture: Path, tmp_path: Path) -> None:
    ran = run("predict", picture, "--facing", "left", "--project", networks, "--out", tmp_path / "out", "--json")
    assert ran.json["mirrored"] is True
    assert "mirrored" in run("predict", picture, "--facing", "left", "--project", networks, "--out", tmp_path / "out").err


def test_for_a_person_it_says_what_it_is_not(run: Run, networks: Path, picture: Path, tmp_path: Path) -> None:
    ran = run("predict", picture, "--project", networks, "--out", tmp_path / "out")
    assert "Most likely stage: 2 (" in ran.out or "Unsure: the most likely stage, 2," in ran.out
    assert "not a medical device" in ran.out
    assert "Trained on phantoms" in ran.out


Case = Callable[[Path, Path, Path], list[object]]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (lambda p, n, t: [p], "usage"),
        (lambda p, n, t: [p, "--project", n, "--model", n], "usage"),
        (lambda p, n, t: [p, "--project", t / "nowhere"], "project.not_found"),
        (lambda p, n, t: [p, "--model", t], "prediction.no_model"),
        (lambda p, n, t: [p, "--model", n / "models" / "detector-1"], "prediction.not_a_classifier"),
        (lambda p, n, t: [p, "--project", n, "--roll", "3"], "prediction.view_without_volume"),
        (lambda p, n, t: [t / "nothing.png", "--project", n], "scan.not_found"),
    ],
)
def test_bad_input_is_one_error_object(run: Run, networks: Path, picture: Path, tmp_path: Path, *, arguments: Case, code: str) -> None:
    ran = run("predict", *arguments(picture, networks, tmp_path), "--out", tmp_path / "out", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (2, code)
    assert not (tmp_path / "out").exists()


def test_ten_pixels_are_too_few(run: Run, networks: Path, tmp_path: Path) -> None:
    images.write_png(tmp_path / "tiny.png", np.zeros((10, 10), dtype=np.uint8))
    ran = run("predict", tmp_path / "tiny.png", "--project", networks, "--out", tmp_path / "out", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (2, "image.too_small")


def test_a_file_of_networks_is_used_without_a_project(run: Run, networks: Path, picture: Path, tmp_path: Path) -> None:
    packed = run("model", "export", "--project", networks, "--out", tmp_path / "both.sosmodel", "--json")
    assert packed.json["models"] == ["student-1", "detector-1"]
    ran = run("predict", picture, "--model", tmp_path / "both.sosmodel", "--out", tmp_path / "out", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["model"]["model_id"] == "student-1"
    assert ran.json["roi"]["source"] == "detector"


def test_networks_travel_from_project_to_project(run: Run, networks: Path, tmp_path: Path) -> None:
    run("model", "export", "--model", networks / "models" / "student-1", "--out", tmp_path / "one.sosmodel")
    other = tmp_path / "other"
    other.mkdir()
    assert run("model", "import", tmp_path / "one.sosmodel", "--project", other).code == 2
    (other / "project.sqlite").touch()
    ran = run("model", "import", tmp_path / "one.sosmodel", "--project", other, "--json")
    assert ran.code == 0, ran.err
    assert (other / "models" / "student-1" / "model.json").is_file()
    shown = run("model", "show", tmp_path / "one.sosmodel")
    assert "# student-1" in shown.out
    assert run("model", "show", other / "models" / "student-1", "--json").json["models"][0]["model_id"] == "student-1"


def test_a_folder_is_staged_in_batch_and_again_at_no_cost(run: Run, networks: Path, picture: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for n in range(3):
        images.write_png(folder / f"Doe {n}.png", np.full((96, 120), 10 * n, dtype=np.uint8))
    ran = run("predict", folder, "--batch", "--project", networks, "--out", tmp_path / "out", "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["total"], ran.json["failed"], ran.json["taken_over"]) == (3, 0, 0)
    assert "Doe" not in ran.out
    again = run("predict", folder, "--batch", "--names", "--project", networks, "--out", tmp_path / "out", "--json")
    assert again.json["taken_over"] == 3
    assert "Doe 0.png" in (tmp_path / "out" / "predictions.csv").read_text()
    (folder / "broken.png").write_bytes(b"no picture")
    ran = run("predict", folder, "--batch", "--project", networks, "--out", tmp_path / "out")
    assert ran.code == 3
    assert "3 of 4 full images staged" in ran.out


def test_the_heatmap_of_another_stage_and_method_can_be_asked_for(run: Run, networks: Path, picture: Path, tmp_path: Path) -> None:
    ran = run("predict", picture, "--project", networks, "--out", tmp_path / "out", "--stage", "4", "--method", "hires-cam", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["stage"] == 2
    assert run("predict", picture, "--project", networks, "--out", tmp_path / "out", "--method", "magic").code == 2
