"""One small phantom project, made by the command line, shared by the journeys (each works on its own copy)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

Run = Callable[..., dict[str, Any]]

ROOT = Path(__file__).resolve().parents[2]
CASES = 25

# The smallest trainings that still go through every step of the real ones.
SMALLEST = {
    "teacher.input_shape_hw": [32, 64],
    "teacher.optimiser.epochs": 1,
    "detector.image_size": 64,
    "detector.epochs": 1,
    "student.input_shape_hw": [64, 64],
    "student.optimiser.epochs": 1,
    "student.windows": [],
    "student.teacher_logits": "in-sample",
}


def journey_environment(user_data: Path) -> dict[str, str]:
    """A process of its own: own settings, no network."""
    path = os.pathsep.join([str(ROOT / "tests" / "support" / "no_network"), str(ROOT)])
    return {**os.environ, "PYTHONPATH": path, "SOS_STUDIO_DATA_DIR": str(user_data)}


@pytest.fixture(scope="session")
def demo_project(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """`CASES` phantom cases with readings, three of them with their DICOM series. Not to be written to."""
    # All workers' folders lie in one: what takes the better part of a minute is made once for all of them.
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "demo"
    folder, made = shared / "projekt ä", shared / "made"
    shared.mkdir(exist_ok=True)
    with FileLock(shared / "lock"):
        if not made.exists():
            _make_demo(folder, tmp_path_factory.mktemp("user-data"))
            made.touch()
    return folder


def _make_demo(folder: Path, user_data: Path) -> None:
    command = [sys.executable, "-m", "sos_studio", "demo", str(folder), "--cases", str(CASES), "--seed", "3", "--json"]
    environment = journey_environment(user_data)
    result = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False, env=environment, cwd=ROOT)
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="module")
def own_project(demo_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that a module may do with as it likes."""
    return Path(shutil.copytree(demo_project, tmp_path_factory.mktemp("copy") / demo_project.name))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Type one command and read the one object that it prints."""
    environment = journey_environment(tmp_path_factory.mktemp("user-data"))

    def run(*arguments: str | Path, code: int = 0) -> dict[str, Any]:
        command = [sys.executable, "-m", "sos_studio", *map(str, arguments), "--json"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False, env=environment, cwd=ROOT)
        assert result.returncode == code, result.stderr + result.stdout
        assert "Traceback" not in result.stderr
        answer = json.loads(result.stdout)
        assert isinstance(answer, dict)
        return answer

    return run
