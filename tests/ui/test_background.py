"""Work off the GUI thread: delivered on it, in order, never stale, never after closing."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sos_studio.core.errors import CancelledError
from sos_studio.ui.background import PoolBackground


@pytest.fixture
def background(qapp: QApplication) -> Iterator[PoolBackground]:
    made = PoolBackground()
    yield made
    assert made.close()
    made.deleteLater()


def test_answers_come_on_the_gui_thread_and_work_does_not_run_there(background: PoolBackground, qtbot: QtBot) -> None:
    threads = []
    background.run(lambda: threads.append(threading.get_ident()), lambda _: threads.append(threading.get_ident()))
    qtbot.waitUntil(lambda: len(threads) == 2)
    assert threads[1] == threading.get_ident() != threads[0]


def test_a_newer_run_with_the_same_key_makes_the_older_one_stale(background: PoolBackground, qtbot: QtBot) -> None:
    gate, answers = threading.Event(), []
    first = background.run(lambda: gate.wait(5), lambda _: answers.append("old"), key="k")
    background.run(lambda: None, lambda _: answers.append("new"), key="k")
    background.run(lambda: None, lambda _: answers.append("other"), key="other")
    assert first.cancelled
    gate.set()
    qtbot.waitUntil(lambda: len(answers) == 2)
    qtbot.wait(30)
    assert sorted(answers) == ["new", "other"]


def test_a_stream_does_the_first_and_the_newest_in_order(background: PoolBackground, qtbot: QtBot) -> None:
    gate, done, answers = threading.Event(), [], []

    def work(n: int) -> int:
        gate.wait(5)
        done.append(n)
        return n

    for n in range(50):
        background.run_latest(lambda n=n: work(n), answers.append, key="pane")
    gate.set()
    qtbot.waitUntil(lambda: answers == [0, 49])
    assert done == [0, 49]


def test_faults_are_handed_over(background: PoolBackground, qtbot: QtBot) -> None:
    faults = []

    def fail() -> None:
        raise CancelledError

    background.run(fail, lambda _: None, faults.append)
    qtbot.waitUntil(lambda: len(faults) == 1)
    assert isinstance(faults[0], CancelledError)


@pytest.mark.expects_log
def test_a_fault_that_nobody_takes_is_logged_and_the_stream_goes_on(
    background: PoolBackground, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    answers = []
    background.run_latest(lambda: 1 // 0, answers.append, key="pane")
    background.run_latest(lambda: 2, answers.append, key="pane")
    qtbot.waitUntil(lambda: answers == [2])
    assert "ZeroDivisionError" in caplog.text


def test_waiting_again_under_a_key_starts_the_wait_anew(background: PoolBackground, qtbot: QtBot) -> None:
    fired = []
    for n in range(5):
        background.after(20, lambda n=n: fired.append(n), key="save")
    qtbot.waitUntil(lambda: fired != [])
    qtbot.wait(40)
    assert fired == [4]


def test_nothing_is_delivered_after_closing(qapp: QApplication, qtbot: QtBot) -> None:
    background, answers = PoolBackground(), []
    background.after(1, lambda: answers.append("timer"), key="t")
    for _ in range(20):
        background.run(lambda: 1, answers.append)
    assert background.close()
    qtbot.wait(30)
    assert answers == []
    background.deleteLater()
