"""Fixtures of the window's tests: sessions on a small synthetic scan and project, and no widget or timer left behind."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from sos_studio.core.settings import Settings
from sos_studio.dataset.project import Project
from sos_studio.imaging import resample
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.session import Session
from sos_studio.services.scans import OpenedScan
from sos_studio.ui import theme
from sos_studio.ui.background import PoolBackground
from sos_studio.ui.main_window import MainWindow
from tests.presenters.kit import make_project
from tests.presenters.scans import make_scan


def _settle() -> None:
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QCoreApplication.processEvents()
    gc.collect()


@pytest.fixture(autouse=True)
def _nothing_left_behind(qapp: QApplication, qtbot: QtBot) -> Iterator[None]:
    """A visible window or a running timer that outlives its test is a leak (qtbot closes what it was given)."""
    _settle()
    # Torch and the tests before have made a million objects; looking through them twice a test took most of the time of these tests.
    gc.freeze()
    yield
    # qtbot's own clean-up comes after this fixture: do it here, so that what is left is really left.
    for widget, *_ in qtbot._request.node.__dict__.pop("qt_widgets", []):
        alive = widget()
        if alive is not None and shiboken6.isValid(alive):
            alive.close()
            alive.deleteLater()
    _settle()
    windows = [w for w in QApplication.topLevelWidgets() if shiboken6.isValid(w) and w.isVisible()]
    timers = [t for t in gc.get_objects() if issubclass(type(t), QTimer) and shiboken6.isValid(t) and t.isActive()]
    assert not windows, f"windows left open: {windows}"
    assert not timers, f"timers left running: {timers}"


@pytest.fixture(scope="session", autouse=True)
def _kernels() -> None:
    """Panes paint at once from the first test on."""
    resample.warm_up()
    resample.warm_up(np.float32)


@pytest.fixture
def scan() -> OpenedScan:
    """A head-like ball with a bone shell, 48 x 56 x 64 voxels of 2 mm, away from the origin."""
    return make_scan()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Two captured cases."""
    with make_project(tmp_path / "project") as made:
        yield made


@pytest.fixture
def immediate_session() -> Session:
    """Nothing open; all work is done at once in the calling thread."""
    return Session(ImmediateBackground(), Settings(evaluator="Dr Test"))


@pytest.fixture
def session(qapp: QApplication) -> Iterator[Session]:
    """Nothing open; work runs in threads as in the real window."""
    background = PoolBackground()
    yield Session(background, Settings(evaluator="Dr Test"))
    # A skull may still be on its way, its kernels compiled for the first time.
    assert background.close(60_000)
    background.deleteLater()


@pytest.fixture
def window(session: Session, qapp: QApplication, qtbot: QtBot) -> MainWindow:
    """The real window, shown, with nothing open."""
    theme.apply(qapp, "dark")
    made = MainWindow(session)
    qtbot.addWidget(made)
    made.resize(1366, 768)
    made.show()
    qtbot.waitExposed(made)
    return made
