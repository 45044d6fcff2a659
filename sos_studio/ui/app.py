"""The application: starts Qt, makes the session and the window, and opens what the command line names."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from sos_studio import __version__
from sos_studio.imaging import resample
from sos_studio.presenters.session import Session
from sos_studio.ui import faults, icons, language, theme
from sos_studio.ui.background import PoolBackground
from sos_studio.ui.main_window import MainWindow

# A window that starts minimised is not painted, but has work to do all the same.
AT_THE_LATEST_MS = 1000


class FirstPaint(QObject):
    """Calls back once, when the window has been painted for the first time; belongs to the window."""

    def __init__(self, window: QWidget, then: Callable[[], None]) -> None:
        super().__init__(window)
        self._then = then
        self._window = window
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._go)
        self._timer.start(AT_THE_LATEST_MS)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The paint is under way: what is left of it comes before a timer of no time."""
        if event.type() == QEvent.Type.Paint:
            self._window.removeEventFilter(self)
            self._timer.start(0)
        return super().eventFilter(watched, event)

    def _go(self) -> None:
        self._window.removeEventFilter(self)
        self._then()


def application(arguments: Sequence[str] = ()) -> QApplication:
    """The one QApplication, made if there is none."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    app = QApplication([sys.argv[0] if sys.argv else "sos-studio", *arguments])
    app.setApplicationName("sos-studio")
    app.setApplicationDisplayName("SOS Studio")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("sos-studio")
    language.speak(app)
    return app


def open_window(paths: Sequence[Path] = ()) -> MainWindow:
    """Make and show the window; what takes time starts after the first paint."""
    app = application()
    background = PoolBackground()
    session = Session(background)
    theme.follow_system(app, session.settings.theme)
    theme.apply(app, session.settings.theme)
    app.setWindowIcon(icons.app_icon())
    window = MainWindow(session)
    # The window waits for its workers when it is closed: a running QThreadPool must not outlive the application.
    background.setParent(window)

    def after_first_paint() -> None:
        background.run(_warm_up, lambda _: None, lambda _: None)
        window.opener.open_paths(paths)

    FirstPaint(window, after_first_paint)
    window.show()
    return window


def _warm_up() -> None:
    from sos_studio.imaging import dicom_read, slabs
    from sos_studio.services import projects

    resample.warm_up()
    dicom_read.warm_up()
    slabs.warm_up()
    projects.warm_up()


def run(paths: Sequence[Path | str] = ()) -> int:
    """Open the window and stay until it is closed.

    Parameters
    ----------
    paths
        A project folder, a scan, or both.

    Returns
    -------
    The exit code of Qt's event loop.
    """
    app = application()
    window = open_window([Path(path).absolute() for path in paths])
    with faults.caught(window.session):
        return app.exec()
