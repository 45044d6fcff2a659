"""Every preset goes through all three networks and predicts, with everything that takes time made small."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sos_studio.core.predictions import ModelCard
from sos_studio.services import presets
from tests.e2e.conftest import ROOT, journey_environment


def reduced(preset: str) -> dict[str, Any]:
    """Small pictures and one epoch; networks, losses, precision and whatever else is the preset's own stay."""
    settings = presets.settings(preset)
    windows = [[32, 1]] if settings.student.windows else []
    small: dict[str, Any] = {
        "teacher.input_shape_hw": [32, 64],
        "teacher.optimiser.epochs": 1,
        "teacher.optimiser.batch_size": 8,
        "detector.image_size": 64,
        "detector.epochs": 1,
        "detector.confidence": 0.0,  # one epoch finds nothing that it is sure of, but masks may have to come from it
        "student.input_shape_hw": [64, 64],
        "student.windows": windows,
        "student.optimiser.epochs": 1 + len(windows),
        "student.optimiser.batch_size": 8,
        "student.cross_fit_folds": 2,
    }
    return small


def typed(user_data: Path, *arguments: str | Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "sos_studio", *map(str, arguments), "--json"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=280, check=False, env=journey_environment(user_data), cwd=ROOT, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr + done.stdout
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer


@pytest.mark.slow
@pytest.mark.parametrize("preset", presets.names())
def test_a_preset_starts_trains_saves_and_predicts(preset: str, demo_project: Path, tmp_path: Path) -> None:
    project = Path(shutil.copytree(demo_project, tmp_path / "study"))
    changes = [part for key, value in reduced(preset).items() for part in ("--set", f"{key}={json.dumps(value)}")]
    result = typed(tmp_path / "user", "train", "all", "--project", project, "--preset", preset, *changes)
    asked = presets.settings(preset, reduced(preset))
    for kind in ("teacher", "detector", "student"):
        card = ModelCard.model_validate_json((project / "models" / result["models"][kind] / "model.json").read_bytes())
        extra = card.model_extra or {}
        assert (card.kind, card.network, extra["preset"]) == (kind, getattr(asked, kind).network, preset)
        assert extra["settings"] == getattr(asked, kind).model_dump(mode="json")
        assert extra["held_out"]["n"] > 0
    assert result["held_out"]["attention_in_roi"]["mean"] is not None
    picture = next((project / "captures").glob("case-0005/*/full.png"))
    said = typed(tmp_path / "user", "predict", picture, "--project", project, "--out", tmp_path / "out")
    assert sum(said["probabilities"]) == pytest.approx(1)
    assert said["model"]["model_id"] == result["models"]["student"]
    assert said["roi"]["source"] == "detector"
    assert 0 <= said["attention_in_roi"] <= 1
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"heatmap.png", "overlay.png"}
