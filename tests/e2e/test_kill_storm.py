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

from sos_studio.imaging import images
from tests.e2e.conftest import ROOT, journey_environment
from tests.e2e.kill_judge import Course, courses, judge
from tests.e2e.kill_session import ACTIONS, NEW
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


def _storm(tmp_path: Path, pictures: Path, kills: int, last: int) -> None:
    for seed in range(FIRST_SEED, FIRST_SEED + kills):
        scratch = tmp_path / f"seed-{seed}"
        scratch.mkdir()
        make_project(scratch / "study", 4).close()
        said = _kill_at(scratch / "study", scratch, pictures, seed, last)
        try:
            judge(scratch / "study", said)
        except Exception as error:
            raise AssertionError(f"SOS_STUDIO_STORM_SEED={seed}, after {said[-8:]}") from error
        assert not any("told error" in line for line in said), (seed, [line for line in said if "told error" in line])
        shutil.rmtree(scratch)


def _course(*lines: str) -> Course:
    found, _ = courses(lines)
    return found["excluded", "case-0001"]


def test_the_judge_misses_nothing_that_was_said_or_written() -> None:
    before, first = "said excluded case-0001 null", 'writing 0 excluded case-0001 ["metal", "a"]'
    written, shown = 'written 0 ["metal", "a"]', 'said excluded case-0001 ["metal", "a"]'
    for told in ((before, first), (before, first, written), (before, first, written, shown), (before, first, shown)):
        _course(*told).judge(["metal", "a"])
    _course(before, first).judge(None)  # in flight, and not there yet
    for told in ((before, first, written), (before, first, written, shown), (before, first, shown)):
        with pytest.raises(AssertionError):
            _course(*told).judge(None)
    with pytest.raises(AssertionError):
        _course(before, first).judge(["metal", "b"])
    with pytest.raises(AssertionError, match="nobody wrote"):
        _course(before, first, written, 'said excluded case-0001 ["metal", "b"]')
    with pytest.raises(AssertionError, match="fell back"):
        _course(before, first, written, shown, before)
    _course(before, first, written, shown, "writing 1 excluded case-0001 null", "written 1 null", before).judge(None)
    with pytest.raises(AssertionError):
        _course(before, first, "refused 0").judge(["metal", "a"])


def test_the_judge_knows_a_frame_that_was_to_get_its_number() -> None:
    begun = ('said in_use case-0001 ["c", 1]', f'writing 0 in_use case-0001 ["c", "{NEW}"]')
    found, _ = courses(begun)
    for there in (["c", 1], ["c", 2]):
        found["in_use", "case-0001"].judge(there)
    for wrong in (["c", None], ["d", 2]):
        with pytest.raises(AssertionError):
            found["in_use", "case-0001"].judge(wrong)


def test_a_killed_session_loses_at_most_the_action_in_flight(tmp_path: Path, pictures: Path) -> None:
    _storm(tmp_path, pictures, kills=3, last=60)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_fifty_kills_lose_at_most_the_action_in_flight(tmp_path: Path, pictures: Path) -> None:
    _storm(tmp_path, pictures, kills=50, last=ACTIONS)
