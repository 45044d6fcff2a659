"""The whole journey as a person types it: demo → inspect → capture → train → predict, each command a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sos_studio.core.captures import CaptureRecord

ROOT = Path(__file__).resolve().parents[2]
SMALLEST = {
    "teacher.input_shape_hw": "[32,64]",
    "teacher.optimiser.epochs": "1",
    "detector.image_size": "64",
    "detector.epochs": "1",
    "student.input_shape_hw": "[64,64]",
    "student.optimiser.epochs": "1",
    "student.teacher_logits": "in-sample",
}


def _run(*arguments: str | Path, code: int = 0) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "tests" / "support" / "no_network"), str(ROOT)])}
    result = subprocess.run(
        [sys.executable, "-m", "sos_studio", *map(str, arguments), "--json"],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        env=environment,
        cwd=ROOT,
    )
    assert result.returncode == code, result.stderr + result.stdout
    assert "Traceback" not in result.stderr
    answer = json.loads(result.stdout)
    assert isinstance(answer, dict)
    return answer


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("journey") / "projekt ä"
    os.environ["SOS_STUDIO_DATA_DIR"] = str(tmp_path_factory.mktemp("user-data"))
    answer = _run("demo", folder, "--cases", "25", "--seed", "3")
    assert answer["cases"] == 25
    return folder


def test_the_demo_has_captures_readings_and_three_dicom_series(project: Path) -> None:
    assert len(list((project / "captures").glob("*/*/capture.json"))) == 25
    assert len(list((project / "scans").iterdir())) == 3
    assert _run("project", "check", project)["problems"] == []


def test_a_demo_series_is_inspected_and_captured_where_its_truth_says(project: Path, tmp_path: Path) -> None:
    scan = project / "scans" / "case-0001"
    (series,) = _run("inspect", scan)["series"]
    assert series["loadable"]
    truth = json.loads((project / "phantom-truth.json").read_text())["case-0001"]
    orientation = truth["orientation"]
    center = ",".join(str(v) for v in orientation["center_lps_mm"])
    angles = [part for name in ("roll", "yaw", "pitch") for part in (f"--{name}", str(orientation[f"{name}_deg"]))]
    _run("capture", scan, "--out", tmp_path, "--center", center, *angles)
    record = CaptureRecord.model_validate_json((tmp_path / "capture.json").read_text())
    uv_from_lps = np.linalg.inv(np.array(record.lps_from_uv))
    for end in ("endocranial_lps_mm", "ectocranial_lps_mm"):
        u, v, w, _ = uv_from_lps @ [*truth[end], 1.0]
        assert abs(w) * record.spacing_mm < 0.5  # the joint lies in the captured plane …
        assert 0 < u < record.shape_vu[1]  # … and on the picture
        assert 0 < v < record.shape_vu[0]


def test_all_three_networks_train_and_the_student_predicts(project: Path, tmp_path: Path) -> None:
    settings = [part for key, value in SMALLEST.items() for part in ("--set", f"{key}={value}")]
    trained = _run("train", "all", "--project", project, *settings)
    assert trained["status"] == "succeeded"
    assert set(trained["models"]) == {"teacher", "detector", "student"}
    assert trained["held_out"]["student"]["n"] >= 4

    capture = next((project / "captures").glob("*/*"))
    answer = _run("predict", capture, "--project", project, "--out", tmp_path / "p")
    assert answer["scheme"] == "bassed-5"
    assert len(answer["probabilities"]) == 5
    assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-3)
    assert answer["stage"] == 1 + int(np.argmax(answer["probabilities"]))
    assert answer["roi"]["source"] == "expert"
    assert 0 <= answer["attention_in_roi"] <= 1
    assert answer["model"]["phantom"] is True
    assert {p.name for p in (tmp_path / "p").iterdir()} >= {"heatmap.png", "overlay.png"}

    from_volume = _run("predict", project / "scans" / "case-0002", "--project", project, "--out", tmp_path / "v")
    assert len(from_volume["probabilities"]) == 5


def test_a_folder_without_dicom_is_one_clear_sentence(tmp_path: Path) -> None:
    error = _run("inspect", tmp_path, code=2)["error"]
    assert set(error) == {"code", "message", "hint"}
    assert error["message"].endswith(".")
