"""Trainings outlive the window, its crash and a restart of the machine: found again, interrupted at worst, and one click resumes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from sos_studio.core.job_state import JobStatus
from sos_studio.core.jobs import WORKER_FILE
from sos_studio.dataset.project import Project
from sos_studio.presenters.session import Session
from sos_studio.services import jobs, presets, worker_process
from sos_studio.services.worker_process import Life
from sos_studio.ui.background import PoolBackground
from sos_studio.ui.main_window import MainWindow
from tests.services.conftest import FAKE_WORKER, TRANSCRIPTS, filled_project_folder  # noqa: F401  a fixture

ROOT = Path(__file__).resolve().parents[2]
# The real window, offscreen: Retrain all by its button; once the worker has told of progress, the window dies like in a crash.
WINDOW = """
import os, signal, sys
from pathlib import Path
from sos_studio.core.job_state import JobStatus
from sos_studio.core.settings import Settings
from sos_studio.presenters.session import Session
from sos_studio.services import presets, projects, worker_process
from sos_studio.ui import app as studio
folder, worker, transcript = sys.argv[1:4]
worker_process.trainer_command = lambda *a: [sys.executable, worker, "hang", transcript, a[-1]]
presets.load = lambda _: {}
app = studio.application()
from PySide6.QtCore import QTimer
window = studio.open_window()
window.session.settings.from_scratch_told = True
window.session.set_project(projects.open(Path(folder)))
window.training_dock.show()
window.training_dock.retrain.click()
def look():
    job = window.training_dock.presenter.state.job
    if job is not None and job.state.status is JobStatus.RUNNING and job.state.fraction > 0:
        print(job.handle.job_id, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
timer = QTimer(); timer.timeout.connect(look); timer.start(50)
app.exec()
"""


@pytest.fixture
def folder(filled_project_folder: Path, tmp_path: Path) -> Iterator[Path]:  # noqa: F811
    """Fifteen staged cases; whoever still works on them afterwards is killed."""
    copy = tmp_path / "project"
    shutil.copytree(filled_project_folder, copy)
    yield copy
    for record_file in copy.rglob(WORKER_FILE):
        record = worker_process.worker_record(record_file.parent)
        process = worker_process.same_process(record.pid, record.started_at) if record is not None else None
        if process is not None:
            process.kill()


def crash_while_it_trains(folder: Path) -> Path:
    """The job's folder, once the window that started it is dead."""
    transcript = TRANSCRIPTS / "retrain-killed.jsonl"
    command = [sys.executable, "-c", WINDOW, str(folder), str(FAKE_WORKER), str(transcript)]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    told = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=120)
    assert told.returncode == -signal.SIGKILL, told.stderr
    return folder / "jobs" / told.stdout.split()[-1]


def open_window(session: Session, folder: Path, qtbot: QtBot) -> MainWindow:
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.resize(1366, 768)
    window.show()
    qtbot.waitExposed(window)
    session.settings.from_scratch_told = True
    session.set_project(Project.open(folder))
    window.training_dock.show()
    return window


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    background = PoolBackground()
    made = Session(background)
    yield made
    if made.project is not None:
        made.project.close()
    assert background.close(60_000)
    background.deleteLater()


def status(window: MainWindow) -> JobStatus | None:
    job = window.training_dock.presenter.state.job
    return None if job is None else job.state.status


def play(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on workers go on to the end."""
    transcript = str(TRANSCRIPTS / "retrain-resumed.jsonl")
    monkeypatch.setattr(worker_process, "trainer_command", lambda *a: [sys.executable, str(FAKE_WORKER), "play", transcript, a[-1]])
    monkeypatch.setattr(presets, "load", lambda _: {})


def test_a_training_survives_the_crash_of_its_window_and_its_own_is_one_click(
    folder: Path, session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_dir = crash_while_it_trains(folder)
    assert worker_process.life(job_dir) is Life.ALIVE
    window = open_window(session, folder, qtbot)
    told: list[str] = []
    session.message.connect(lambda message, _: told.append(message.code))
    qtbot.waitUntil(lambda: status(window) is JobStatus.RUNNING, timeout=10_000)
    dock = window.training_dock
    assert "all three networks" in dock.jobs.item(0).text()
    record = worker_process.worker_record(job_dir)
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: status(window) is JobStatus.INTERRUPTED, timeout=10_000)
    qtbot.waitUntil(lambda: "job.worker_died" in told)
    assert "interrupted" in dock.jobs.item(0).text()
    assert dock.resume.isVisible()
    play(monkeypatch)
    QTest.mouseClick(dock.resume, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: status(window) is JobStatus.SUCCEEDED, timeout=20_000)
    assert "training.done" in told
    assert dock.jobs.count() == 1


def test_after_a_restart_of_the_machine_it_is_found_as_interrupted_and_one_click_resumes(
    folder: Path, session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_dir = crash_while_it_trains(folder)
    record = worker_process.worker_record(job_dir)
    assert record is not None
    psutil.Process(record.pid).kill()
    qtbot.waitUntil(lambda: worker_process.life(job_dir) is Life.GONE, timeout=10_000)
    # The machine is new: another process has the worker's pid.
    stranger = record.model_copy(update={"pid": os.getpid(), "started_at": psutil.Process().create_time() - 86_400})
    (job_dir / WORKER_FILE).write_text(json.dumps(stranger.model_dump()))
    window = open_window(session, folder, qtbot)
    qtbot.waitUntil(lambda: status(window) is JobStatus.INTERRUPTED, timeout=10_000)
    assert "Resume" in window.training_dock.pages.overview.problem.text()
    play(monkeypatch)
    QTest.mouseClick(window.training_dock.resume, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: status(window) is JobStatus.SUCCEEDED, timeout=20_000)


def test_two_windows_see_the_same_training_and_only_one_of_them_begins_any(
    folder: Path, session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    transcript = str(TRANSCRIPTS / "retrain-killed.jsonl")
    monkeypatch.setattr(worker_process, "trainer_command", lambda *a: [sys.executable, str(FAKE_WORKER), "hang", transcript, a[-1]])
    monkeypatch.setattr(presets, "load", lambda _: {})
    window = open_window(session, folder, qtbot)
    QTest.mouseClick(window.training_dock.retrain, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: status(window) is JobStatus.RUNNING, timeout=10_000)
    with Project.open(folder, read_only=True) as looked_at:
        (job,) = jobs.list_jobs(looked_at)
        assert job.state().status is JobStatus.RUNNING
        # Stopping is no change of the dataset: any window may.
        job.cancel()
        qtbot.waitUntil(lambda: status(window) is JobStatus.CANCELLED, timeout=20_000)
