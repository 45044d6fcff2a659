"""Nothing is lost: kill -9 in the middle of a session in the real window, and all that it said was saved is there."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sos_studio.dataset import captures, cases, checks, readings, sql
from sos_studio.dataset.project import Project
from sos_studio.imaging import images
from tests.e2e.conftest import ROOT, journey_environment
from tests.e2e.kill_session import ACTIONS
from tests.presenters.kit import full_image, make_project

FIRST_SEED = int(os.environ.get("SOS_STUDIO_STORM_SEED", "1"))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for n in range(6):
        (folder / f"{n}.png").write_bytes(images.encode_png(full_image(100 + n)))
    return folder


def _kill_at(folder: Path, scratch: Path, pictures: Path, seed: int, last: int) -> list[str]:
    """Run the session, kill it a moment after a random action began, and give back its diary."""
    rng = random.Random(seed)
    action, moment = rng.randrange(2, last), rng.uniform(0.0, 0.08)
    diary = scratch / "diary"
    command = [sys.executable, "-m", "tests.e2e.kill_session", str(folder), str(seed), str(diary), str(pictures)]
    environment = {**journey_environment(scratch / "data"), "QT_QPA_PLATFORM": "offscreen"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        end = time.monotonic() + 120
        while f"begin {action} " not in (diary.read_text() if diary.exists() else ""):
            if process.poll() is not None or time.monotonic() > end:
                process.kill()
                raise AssertionError(f"seed {seed}: the session itself ended: {process.stderr.read() if process.stderr else ''}")
            time.sleep(0.002)
        time.sleep(moment)
        os.kill(process.pid, signal.SIGKILL)
    # A line that was not finished was not said.
    return [line for line in diary.read_text().splitlines(keepends=True) if line.endswith("\n")]


def _judge(folder: Path, said: list[str]) -> None:
    with Project.open(folder) as project:
        there = {case.case_id: case for case in cases.cases(project)}
        with project.reading() as session:
            excluded = {(row.case_id, row.created_utc.isoformat()) for row in session.scalars(sql.select(sql.ExclusionRow))}
        for line in dict.fromkeys(said):
            kind, *words = line.split()
            if kind == "case":
                assert words[0] in there, line
                assert words[1] == "None" or captures.capture_paths(project, words[1]).full.is_file(), line
            elif kind == "reading":
                assert words[1] in {reading.reading_id for reading in readings.readings(project, words[0])}, line
            elif kind == "frame":
                assert int(words[1]) in captures.rois(project, words[0]), line
                assert captures.crop_path(project, words[0], int(words[1])).is_file(), line
            elif kind == "excluded":
                assert (words[0], words[1]) in excluded, line
        taken_back = sum(line.startswith("told info staging.taken_back") for line in said)
        retracted = sum(reading.retracts is not None for case_id in there for reading in readings.readings(project, case_id))
        assert retracted >= taken_back
        problems = [problem for problem in checks.check(project) if problem.severity == "error"]
        assert not problems, problems
        assert not list(project.directory.rglob("*.tmp"))
        cases.add_case(project)  # and it can be worked in


def _storm(tmp_path: Path, pictures: Path, kills: int, last: int) -> None:
    for seed in range(FIRST_SEED, FIRST_SEED + kills):
        scratch = tmp_path / f"seed-{seed}"
        scratch.mkdir()
        make_project(scratch / "study", 4).close()
        said = _kill_at(scratch / "study", scratch, pictures, seed, last)
        try:
            _judge(scratch / "study", said)
        except Exception as error:
            raise AssertionError(f"SOS_STUDIO_STORM_SEED={seed}, after {said[-8:]}") from error
        assert not any("told error" in line for line in said), (seed, [line for line in said if "told error" in line])
        shutil.rmtree(scratch)


def test_a_killed_session_loses_at_most_the_action_in_flight(tmp_path: Path, pictures: Path) -> None:
    _storm(tmp_path, pictures, kills=3, last=60)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_fifty_kills_lose_at_most_the_action_in_flight(tmp_path: Path, pictures: Path) -> None:
    _storm(tmp_path, pictures, kills=50, last=ACTIONS)
