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
    assert "stage 2" in ran.out
    assert "not a medical device" in ran.out
    assert "trained on phantoms" in ran.out


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
