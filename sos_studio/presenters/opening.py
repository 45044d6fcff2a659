"""Opening scans and projects: off the GUI thread, with progress, cancel and words for what went wrong."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from psygnal import Signal

from sos_studio.core.captures import Window
from sos_studio.core.errors import BadInputError
from sos_studio.dataset import cases, locations
from sos_studio.dataset.locations import ScanLocation
from sos_studio.dataset.project import Project
from sos_studio.imaging import resample, windowing
from sos_studio.messages import Message, message
from sos_studio.presenters.case_files import LoadedCase, load_case
from sos_studio.presenters.session import Session
from sos_studio.services import projects, scans
from sos_studio.services.scans import OpenedScan

RECENT = 8
TELL_EVERY_S = 0.05
# Finds out in the worker thread which series is meant; asks its argument whether to stop.
_Which = Callable[[Callable[[], bool]], str | None]


@dataclass(frozen=True, eq=False)
class _Opened:
    """A scan, how to show it first, and the case of the project that knows this series."""

    scan: OpenedScan
    window: Window
    project: Project | None
    case: LoadedCase | None


class Opener:
    """What File ▸ Open, drag and drop and the command line's paths do.

    Signals
    -------
    series_wanted
        ``(source, series)``: several series can be loaded; call `open_scan` again with one's uid.
    held_elsewhere
        ``(directory, words)``: the project was opened to look at, because a process of another computer left its lock; call
        `take_over` if the person knows that it is gone.
    """

    series_wanted = Signal(object, list)
    held_elsewhere = Signal(object, Message)

    def __init__(self, session: Session) -> None:
        self._session = session
        self._stop: threading.Event | None = None
        self._to_open: list[Path] = []

    def open_paths(self, paths: Sequence[Path]) -> None:
        """One after the other, so that a scan finds its case in the project named before it."""
        self._to_open = list(paths)
        self._open_next()

    def _open_next(self) -> None:
        if self._to_open:
            self.open_path(self._to_open.pop(0))

    def open_path(self, path: Path) -> None:
        """A project folder or a scan, whichever it is."""
        if is_project(path):
            self.open_project(path)
        else:
            self.open_scan(path)

    # --- scans --------------------------------------------------------------------------------------------------------------

    def open_scan(self, source: Path, series_uid: str | None = None) -> None:
        """Load a series; the scan that is open stays until the new one is there.

        A series that the project knows opens its case; any other becomes a case with its first capture.
        """
        self._load_scan(source, lambda _cancelled: series_uid)

    def open_known(self, place: ScanLocation) -> None:
        """Load a series from where it was opened last."""
        self._load_scan(place.path, lambda cancelled: scans.uid_at(place, cancelled=cancelled))

    def _load_scan(self, source: Path, which: _Which) -> None:
        session = self._session
        self.cancel()
        project, stop, told = session.project, threading.Event(), [0.0]

        def progress(fraction: float) -> None:
            now = time.monotonic()
            if now - told[0] >= TELL_EVERY_S and not stop.is_set():
                told[0] = now
                session.background.post(lambda: None if stop.is_set() else session.progress.emit(fraction))

        def end(answer: Callable[[], None]) -> None:
            stop.set()
            self._stop = None
            session.busy.emit(None)
            answer()
            self._open_next()

        self._stop = stop
        session.busy.emit("open_scan")
        session.progress.emit(-1.0)
        session.background.run(
            lambda: _load(source, which, project, progress, stop.is_set),
            lambda opened: end(lambda: self._opened(opened)),
            lambda error: end(lambda: self._failed(error, source)),
            key="open-scan",
        )

    def cancel(self) -> None:
        """Stop loading; what is open stays."""
        if self._stop is not None:
            self._stop.set()

    def _opened(self, opened: _Opened) -> None:
        session, scan = self._session, opened.scan
        case = opened.case if opened.project is session.project else None
        if case is None:
            session.set_case(None)
        else:
            case.show(session)
        record = case.capture.record if case is not None and case.capture is not None else None
        # A series that was captured before comes back as it was oriented then.
        known = record.orientation.orientation() if record is not None and record.orientation is not None else None
        session.set_scan(scan, known, opened.window)
        self._remember(scan.source)
        for problem in scan.info.problems:
            if problem.severity == "warning":
                session.tell(problem.code, "warning", **problem.values)
        session.step_requested.emit("orient")

    def _failed(self, error: Exception, source: Path) -> None:
        if isinstance(error, BadInputError) and error.code == "scan.several_series":
            self.series_wanted.emit(source, list(error.values["series"]))
        else:
            self._session.report(error)

    # --- projects -----------------------------------------------------------------------------------------------------------

    def open_project(self, directory: Path) -> None:
        """Open for writing; if somebody else writes to it, to look at, and say who."""
        self._run_project(lambda: projects.open(directory, fall_back=True))

    def take_over(self, directory: Path) -> None:
        """Open for writing although another computer's lock lies there."""
        self._run_project(lambda: projects.open(directory, take_over=True))

    def new_project(self, directory: Path, then: Callable[[], None] | None = None) -> None:
        """Make an empty project in a new or empty folder; `then` goes on with what it was needed for."""
        self._run_project(lambda: projects.create(directory), then)

    def close_project(self) -> None:
        """Let others write."""
        project = self._session.project
        if project is not None:
            self._session.set_project(None)
            project.close()

    def _run_project(self, work: Callable[[], Project], then: Callable[[], None] | None = None) -> None:
        session = self._session

        def done(project: Project) -> None:
            session.busy.emit(None)
            before = session.project
            session.set_project(project)
            if before is not None:
                before.close()
            self._remember(project.directory)
            because = project.read_only_because
            if because is not None:
                words = message(because.code, because.values)
                session.tell("window.read_only", "warning", reason=str(words))
                if because.values.get("elsewhere"):
                    self.held_elsewhere.emit(project.directory, words)
            if then is not None:
                then()
            self._open_next()

        def failed(error: Exception) -> None:
            session.busy.emit(None)
            session.report(error)
            self._open_next()

        session.busy.emit("open_project")
        session.progress.emit(-1.0)
        session.background.run(work, done, failed, key="open-project")

    def _remember(self, path: Path) -> None:
        settings = self._session.settings
        text = str(path.absolute())
        settings.recent = (text, *(other for other in settings.recent if other != text))[:RECENT]
        self._session.save_settings()


def is_project(path: Path) -> bool:
    """Whether a folder is a project of SOS Studio."""
    try:
        return (path / "project.sqlite").is_file()
    except OSError:  # not even that may be asked; opening it as a scan will say so
        return False


def _load(
    source: Path, which: _Which, project: Project | None, progress: Callable[[float], None], cancelled: Callable[[], bool]
) -> _Opened:
    """Everything slow about opening a scan; runs in a worker thread."""
    scan = scans.open_scan(source, which(cancelled), progress=progress, cancelled=cancelled)
    window = windowing.auto_window(scan.volume.array_kji)
    resample.warm_up(scan.volume.array_kji.dtype)
    # Hashed here and kept by the volume: the capture needs it, and a person should not wait for it then.
    series_hash = scan.volume.series_hash
    with contextlib.suppress(OSError):  # a full disk: the scan opens all the same, it only isn't found by itself next time
        locations.remember(series_hash, scan.source, scan.info.uid)
    case_id = cases.case_of_series(project, series_hash) if project is not None else None
    return _Opened(scan, window, project, load_case(project, case_id) if project is not None and case_id is not None else None)
