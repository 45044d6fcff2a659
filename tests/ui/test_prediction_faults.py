"""What can happen to a prediction while the real window waits for it: the window stays, says what to do, and goes on afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sos_studio.core.actions import Action
from sos_studio.core.settings import Settings
from sos_studio.dataset import predictions, readings
from sos_studio.dataset.project import Project
from sos_studio.presenters import prediction
from sos_studio.presenters.session import Session
from sos_studio.services import shown_elsewhere, worker_process
from sos_studio.ui import theme
from sos_studio.ui.background import PoolBackground
from sos_studio.ui.main_window import MainWindow
from tests.presenters.kit import open_case
from tests.presenters.models import add_model

FAKE_SERVE = Path(__file__).resolve().parents[1] / "services" / "fake_serve.py"
STUDENT = "student-a"
Opened = Callable[..., MainWindow]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, project: Project, qtbot: QtBot, qapp: QApplication) -> Iterator[Opened]:
    """Windows in Predict on the first case, with a predictor of their own that behaves as a mode of `fake_serve.py`."""
    add_model(project.directory, "student", phantom=True)
    monkeypatch.setattr(prediction, "WARM_UP_AFTER_MS", 3_600_000)
    theme.apply(qapp, "dark")
    windows: list[tuple[MainWindow, PoolBackground]] = []

    def make(*mode: str, shown: Project = project) -> MainWindow:
        monkeypatch.setattr(worker_process, "trainer_command", lambda *_: [sys.executable, str(FAKE_SERVE), *mode])
        background = PoolBackground()
        session = Session(background, Settings(evaluator="Dr Test"))
        window = MainWindow(session)
        windows.append((window, background))
        qtbot.addWidget(window)
        window.resize(1366, 768)
        window.show()
        session.set_project(shown)
        open_case(session, "case-0001")
        window.show_step("predict")
        qtbot.waitUntil(lambda: window.predict.presenter.state.phase == "ready", timeout=20_000)
        return window

    yield make
    for window, background in windows:
        window.predict.presenter.close()
        assert background.close(20_000)
        background.deleteLater()


def predict(window: MainWindow) -> None:
    handler = window.actions_of_window.handler(Action.PREDICT)
    assert handler is not None
    handler()


def phase(window: MainWindow) -> str:
    return window.predict.presenter.state.phase


def wait_for(qtbot: QtBot, window: MainWindow, wanted: str) -> None:
    qtbot.waitUntil(lambda: phase(window) == wanted, timeout=30_000)


def predictors() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if _is_predictor(child)]


def _is_predictor(process: psutil.Process) -> bool:
    try:
        return any("fake_serve" in part for part in process.cmdline())
    except psutil.Error:  # another's child that has ended, whom nobody has waited for yet
        return False


def told(window: MainWindow) -> str:
    problem = window.predict.presenter.state.problem
    assert problem is not None
    return str(problem)


def test_a_predictor_that_is_killed_while_it_thinks_is_started_again_and_answers(opened: Opened, tmp_path: Path, qtbot: QtBot) -> None:
    flag = tmp_path / "thinks"
    window = opened("slow-once", str(flag))
    predict(window)
    qtbot.waitUntil(flag.exists, timeout=20_000)
    (process,) = predictors()
    os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    wait_for(qtbot, window, "shown")
    assert window.predict.panel.stage.text() == "Stage 2"
    (other,) = predictors()
    assert other.pid != process.pid


def test_one_that_dies_each_time_is_told_with_what_to_do_and_asked_again_once_it_lives(
    opened: Opened, tmp_path: Path, qtbot: QtBot
) -> None:
    flag = tmp_path / "no memory"
    flag.touch()
    window = opened("die-while", str(flag))
    predict(window)
    wait_for(qtbot, window, "failed")
    assert told(window) == "The predictor ended unexpectedly. Try again; close other programs if memory is short."
    assert window.isVisible()
    assert window.predict.panel.predict_button.isEnabled()
    assert predictions.shown(window.session.project, "case-0001") == []  # type: ignore[arg-type]
    flag.unlink()
    predict(window)
    wait_for(qtbot, window, "shown")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("prediction.out_of_memory", "The memory is not enough for this prediction. Close other programs, then try again."),
        ("model.changed", "changed"),
        ("model.unreadable", "damaged. Train it again, or choose another."),
        ("model.missing", "is not there. Train it again, or choose another."),
        ("model.newer", "made by a newer version of SOS Studio. Update SOS Studio"),
        ("prediction.bad_answer", "makes no sense"),
    ],
)
def test_what_the_predictor_refuses_is_one_sentence_with_what_to_do(opened: Opened, qtbot: QtBot, code: str, words: str) -> None:
    window = opened("refuse", code)
    predict(window)
    wait_for(qtbot, window, "failed")
    assert words in told(window)
    assert window.predict.panel.predict_button.isEnabled()
    assert window.messages.isVisible()


def test_a_network_that_was_deleted_meanwhile_is_told_and_nothing_is_on_record(opened: Opened, project: Project, qtbot: QtBot) -> None:
    window = opened("good")
    shutil.rmtree(project.directory / "models" / STUDENT)
    predict(window)
    wait_for(qtbot, window, "no_model")  # it was the only one, and has left the list
    assert f"The files of the network {STUDENT} are missing." in window.messages.text
    assert predictions.shown(project, "case-0001") == []


def test_the_window_closes_at_once_while_the_predictor_thinks_and_leaves_no_process(opened: Opened, tmp_path: Path, qtbot: QtBot) -> None:
    flag = tmp_path / "thinks"
    window = opened("slow-once", str(flag))
    predict(window)
    qtbot.waitUntil(flag.exists, timeout=20_000)
    began = time.monotonic()
    assert window.close()
    assert time.monotonic() - began < 4
    assert not predictors()


def test_two_windows_on_a_project_predict_beside_each_other_and_only_the_one_that_writes_keeps_it(
    opened: Opened, project: Project, qtbot: QtBot
) -> None:
    with Project.open(project.directory, fall_back=True) as looking:
        assert looking.read_only
        first, second = opened("good"), opened("good", shown=looking)
        for window in (second, first):
            predict(window)
        for window in (first, second):
            wait_for(qtbot, window, "shown")
        first.session.writes.flush()
        assert [row.evaluator for row in predictions.shown(project, "case-0001")] == ["Dr Test"]
        heard: list[str] = []
        second.session.message.connect(lambda words, _: heard.append(words.code))
        second.predict.presenter.confirm()
        qtbot.waitUntil(lambda: bool(heard), timeout=20_000)
        assert heard == ["project.read_only"]
        assert second.isVisible()
        assert readings.readings(project, "case-0001") == []
        # Who looked at case-0002 there and reads it here has seen the AI.
        open_case(second.session, "case-0002")
        predict(second)
        qtbot.waitUntil(lambda: phase(second) == "shown" and shown_elsewhere.seen_by(project, "case-0002", "Dr Test"), timeout=30_000)
        open_case(first.session, "case-0002")
        first.stage.presenter.choose(3)
        qtbot.waitUntil(lambda: bool(readings.readings(project, "case-0002")), timeout=20_000)
        assert readings.readings(project, "case-0002")[0].ai_seen
        second.session.set_project(None)
