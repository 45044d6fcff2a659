"""The whole journey as a person types it: demo → inspect → capture → train → predict, each command a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sos_studio.core.captures import CaptureRecord
from tests.e2e.conftest import CASES, SMALLEST, Run


def test_the_demo_has_captures_readings_and_three_dicom_series(run: Run, own_project: Path) -> None:
    assert len(list((own_project / "captures").glob("*/*/capture.json"))) == CASES
    assert len(list((own_project / "scans").iterdir())) == 3
    assert run("project", "check", own_project)["problems"] == []


def test_a_demo_series_is_inspected_and_captured_where_its_truth_says(run: Run, own_project: Path, tmp_path: Path) -> None:
    scan = own_project / "scans" / "case-0001"
    (series,) = run("inspect", scan)["series"]
    assert series["loadable"]
    truth = json.loads((own_project / "phantom-truth.json").read_text())["case-0001"]
    orientation = truth["orientation"]
    center = ",".join(str(v) for v in orientation["center_lps_mm"])
    angles = [part for name in ("roll", "yaw", "pitch") for part in (f"--{name}", str(orientation[f"{name}_deg"]))]
    run("capture", scan, "--out", tmp_path, "--center", center, *angles)
    record = CaptureRecord.model_validate_json((tmp_path / "capture.json").read_text())
    uv_from_lps = np.linalg.inv(np.array(record.lps_from_uv))
    for end in ("endocranial_lps_mm", "ectocranial_lps_mm"):
        u, v, w, _ = uv_from_lps @ [*truth[end], 1.0]
        assert abs(w) * record.spacing_mm < 0.5  # the joint lies in the captured plane …
        assert 0 < u < record.shape_vu[1]  # … and on the picture
        assert 0 < v < record.shape_vu[0]


def test_all_three_networks_train_and_the_student_predicts(run: Run, own_project: Path, tmp_path: Path) -> None:
    settings = [part for key, value in SMALLEST.items() for part in ("--set", f"{key}={json.dumps(value)}")]
    trained = run("train", "all", "--project", own_project, *settings)
    assert trained["status"] == "succeeded"
    assert set(trained["models"]) == {"teacher", "detector", "student"}
    assert trained["held_out"]["student"]["n"] >= 4

    capture = next((own_project / "captures").glob("*/*"))
    answer = run("predict", capture, "--project", own_project, "--out", tmp_path / "p")
    assert answer["scheme"] == "bassed-5"
    assert len(answer["probabilities"]) == 5
    assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-3)
    assert answer["stage"] == 1 + int(np.argmax(answer["probabilities"]))
    assert answer["roi"]["source"] == "expert"
    assert 0 <= answer["attention_in_roi"] <= 1
    assert answer["model"]["phantom"] is True
    assert {p.name for p in (tmp_path / "p").iterdir()} >= {"heatmap.png", "overlay.png"}

    from_volume = run("predict", own_project / "scans" / "case-0002", "--project", own_project, "--out", tmp_path / "v")
    assert len(from_volume["probabilities"]) == 5


def test_a_folder_without_dicom_is_one_clear_sentence(run: Run, tmp_path: Path) -> None:
    error = run("inspect", tmp_path, code=2)["error"]
    assert set(error) == {"code", "message", "hint"}
    assert error["message"].endswith(".")
