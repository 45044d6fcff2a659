"""What a screenshot would show: no word of a patient in titles, labels, tooltips or messages, while the scan is open and captured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from sos_studio.core.settings import Settings
from sos_studio.dataset.project import Project
from sos_studio.messages import Message
from sos_studio.presenters.session import Session
from sos_studio.ui import theme
from sos_studio.ui.background import PoolBackground
from sos_studio.ui.main_window import MainWindow
from tests.e2e import planted
from tests.e2e.planted import FOLDER, PLACES, PROJECTS


@pytest.fixture
def window(qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    theme.apply(qapp, "dark")
    background = PoolBackground()
    made = MainWindow(Session(background, Settings(evaluator="Dr Test")))
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    yield made
    # A skull may still be on its way, its kernels compiled for the first time.
    assert background._pool.waitForDone(60_000)
    made.close()
    assert background.close()


def _titles() -> list[str]:
    return [widget.windowTitle() for widget in QApplication.topLevelWidgets()]


def _everything_said(window: QWidget) -> list[str]:
    said = _titles()
    for widget in window.findChildren(QWidget):
        said += [widget.toolTip(), widget.statusTip(), widget.whatsThis(), widget.accessibleName(), widget.accessibleDescription()]
        if isinstance(widget, (QLabel, QAbstractButton)):
            said.append(widget.text())
    for action in window.findChildren(QAction):
        said += [action.text(), action.toolTip()]
    return said


def test_nothing_on_the_screen_tells_of_the_patient(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    session, told = window.session, list[Message]()
    session.message.connect(lambda message, _: told.append(message))
    (tmp_path / PROJECTS).mkdir()
    Project.create(tmp_path / PROJECTS / "study").close()
    for scan in (0, 1):
        (tmp_path / FOLDER / str(scan)).mkdir(parents=True)
        planted.write_planted_series(tmp_path / FOLDER / str(scan), scan)
    window.opener.open_path(tmp_path / PROJECTS / "study")
    qtbot.waitUntil(lambda: session.project is not None, timeout=20000)
    for scan in (0, 1):
        cases = scan + 1
        window.opener.open_path(tmp_path / FOLDER / str(scan))
        qtbot.waitUntil(
            lambda: session.scan is not None and not session.scan.coarse and session.scan.source.name == str(scan),  # noqa: B023
            timeout=30000,
        )
        window.orient.presenter.capture()
        qtbot.waitUntil(lambda: session.case_id == f"case-{cases:04d}" and session.capture is not None, timeout=30000)  # noqa: B023
        assert planted.found_in("\n".join(_titles()).encode()) == set()
        # The menu of recent places is the user's own, as File ▸ Open is.
        assert planted.found_in("\n".join(_everything_said(window)).encode()) <= PLACES
    words = "\n".join(f"{message.text} {message.hint}" for message in told)
    assert planted.found_in(words.encode()) == set()
    assert "it joins that patient" in words
    assert session.project is not None
    window.opener.close_project()
