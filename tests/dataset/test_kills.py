"""What was said to be saved survives kill -9, wherever it falls."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from sos_studio.dataset import captures, cases, checks, exports, readings
from sos_studio.dataset.project import Project
from tests.dataset import builders
from tests.services import kill_predictions

ROOT = Path(__file__).resolve().parents[2]

_STAGING = """
import sys
from sos_studio.dataset import cases
from sos_studio.dataset.project import Project
from tests.dataset import builders
project = Project.open(sys.argv[1])
case_id = cases.add_case(project)
capture_id = builders.add_capture(project, case_id, seed=7)
n = builders.add_roi(project, capture_id)
for stage in range(1, 6):
    reading = builders.read(project, case_id, capture_id, stage, roi_n=n)
    print("saved", case_id, capture_id, reading.reading_id, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("confirmed", [1, 3])
def test_a_reading_is_there_when_the_app_is_killed_right_after_saved(tmp_path: Path, confirmed: int) -> None:
    folder = tmp_path / "study"
    Project.create(folder).close()
    with subprocess.Popen(
        [sys.executable, "-c", _STAGING, str(folder)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline().split() for _ in range(confirmed)]
        process.kill()
    with Project.open(folder) as project:
        _, case_id, capture_id, _ = said[0]
        stored = [reading.reading_id for reading in readings.readings(project, case_id)]
        assert stored[:confirmed] == [line[3] for line in said]
        paths = captures.capture_paths(project, capture_id)
        assert paths.full.read_bytes() == builders.png(seed=7)
        assert captures.read_record(project, capture_id).capture_id == capture_id
        assert captures.crop_path(project, capture_id, 1).is_file()
        assert checks.check(project) == []


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork to be killed at every write point quickly")


@needs_fork
@pytest.mark.parametrize(
    ("story", "least"),
    [
        ("case", 30),
        ("import", 20),
        ("freeze", 8),
        ("create", 4),
        ("upgrade", 6),
        ("many", 12),
        ("export", 30),
        ("backup", 15),
        ("mend", 12),
        ("predict", 30),
    ],
)
def test_nothing_confirmed_is_lost_at_any_write_point(tmp_path: Path, story: str, least: int) -> None:
    template = tmp_path / "template"
    with Project.create(template / "study") as project:
        for n in range({"freeze": 12, "many": 4}.get(story, 1)):
            builders.staged_case(project, 1 + n % 3, seed=n)
    (template / "pictures").mkdir()
    for n in (1, 2):
        (template / "pictures" / f"{n}.png").write_bytes(builders.png(seed=n))
    (template / "pictures" / "stages.csv").write_text("image,stage\n1.png,1\n2.png,5\n")
    if story == "predict":
        kill_predictions.prepare(template)
    if story == "mend":
        _damage(template / "study")
    if story == "upgrade":
        builders.back_to_the_first_schema(template / "study" / "project.sqlite")
    _kill_everywhere(story, template, least)


@needs_fork
@pytest.mark.slow
@pytest.mark.parametrize("format", exports.FORMATS)
def test_no_export_of_any_kind_is_there_by_halves(tmp_path: Path, format: str) -> None:
    template = tmp_path / "template"
    with Project.create(template / "study") as project:
        for n in range(2):
            builders.staged_case(project, 1 + n, seed=n)
    _kill_everywhere(f"export-{format}", template, 10)


def _kill_everywhere(story: str, template: Path, least: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.dataset.kill_points", story, str(template)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["failures"] == [], done.stderr
    assert result["points"] > least, "the story has fewer write points than it had: is one not counted?"


def _damage(folder: Path) -> None:
    """A page of the database destroyed, a frame's file gone, and a reading that the copy does not have."""
    with Project.open(folder) as project:
        summary = cases.cases(project)[0]
        builders.read(project, summary.case_id, summary.capture_id or "", 5, "Ben")
        project._wrote = False
    next(folder.glob("captures/*/*/roi-1.json")).unlink()
    connection = sqlite3.connect(folder / "project.sqlite")
    page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'exclusions'").fetchone()[0]
    size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    data = bytearray((folder / "project.sqlite").read_bytes())
    data[(page - 1) * size : page * size] = b"\x55" * size
    (folder / "project.sqlite").write_bytes(bytes(data))
