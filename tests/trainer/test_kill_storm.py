"""Whole retrainings that are killed with -9 at random steps, again and again, and end in the very same networks."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from sos_studio.core import jobs
from tests.trainer.tiny_project import ROOT, environment, events_of, make_job, make_project
from trainer import model_store

# A checkpoint after every step, so that a kill loses little; -9 before the so-many-th step.
_WORKER = """
import os, signal, sys
from pathlib import Path
from trainer import environment
environment.prepare(1)
import trainer.loop as loop
loop.fit.__kwdefaults__["checkpoint_every_s"] = 0.0
real, left = loop._one_step, int(sys.argv[2])
def step(*given, **named):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*given, **named)
loop._one_step = step
from trainer.__main__ import run_job
sys.exit(run_job(Path(sys.argv[1])))
"""
WINDOWS_AND_HELPERS: dict[str, Any] = {
    "student.windows": [[32, 2]],
    "student.optimiser.epochs": 4,
    "student.teacher_logits": "cross-fitted",
    "student.cross_fit_folds": 2,
    "student.attention_grid_stage": "third",
    "detector.epochs": 1,
}
PLAIN_TOKENS: dict[str, Any] = {"teacher.network": "test_vit", "student.network": "test_vit", "student.attention_variant": "energy"}


def attempt(job_dir: Path, tmp_path: Path, kill_before_step: int) -> int:
    command = [sys.executable, "-c", _WORKER, str(job_dir), str(kill_before_step)]
    told = environment(tmp_path / "network.txt", tmp_path / "user") | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=told, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=300).returncode


def weights_of(project: Path, job_dir: Path) -> dict[str, torch.Tensor]:
    stored = [event.path for event in events_of(job_dir) if isinstance(event, jobs.Artifact) and event.kind == "model"]
    assert len(stored) == len({path.split("-")[0] for path in stored}) == 3  # nothing was trained twice
    return {
        f"{path.split('-')[0]}.{k}": v
        for path in stored
        for k, v in model_store.load_state(model_store.read((project / path).parent)).items()
    }


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX; Windows' TerminateProcess is the same to the file system")
@pytest.mark.parametrize("overrides", [WINDOWS_AND_HELPERS, PLAIN_TOKENS], ids=["windows and helpers", "vision transformer"])
def test_a_storm_of_kills_changes_no_bit_of_teacher_detector_and_student(overrides: dict[str, Any], tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    make_project(project, cases=40)
    whole = make_job(project, "whole", "retrain", **overrides)
    assert attempt(whole, tmp_path, -1) == 0
    seed = random.SystemRandom().randrange(1 << 30)
    draw = random.Random(seed)
    stormy = make_job(project, "stormy", "retrain", **overrides)
    killed = 0
    for _ in range(12):
        code = attempt(stormy, tmp_path, draw.randrange(1, 14) if killed < 8 else -1)
        if code == 0:
            break
        assert code == -9, f"seed {seed}"
        killed += 1
    assert killed >= 1, f"seed {seed}"
    expected, found = weights_of(project, whole), weights_of(project, stormy)
    assert expected.keys() == found.keys()
    assert [name for name in expected if not torch.equal(expected[name], found[name])] == [], f"seed {seed}"
    assert not [path for path in project.rglob("*") if ".tmp" in path.name]
