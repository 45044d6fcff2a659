"""Opening scans and projects: off the GUI thread, with progress, cancel and words for what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from psygnal import Signal

from sos_studio.core.errors import BadInputError, CancelledError, ProjectError
from sos_studio.core.geometry import Orientation
from sos_studio.dataset.locations import ScanLocation
from sos_studio.dataset.project import Project
from sos_studio.messages import Message, message
from sos_studio.presenters.opening_words import not_opened, remarks, why_none
from sos_studio.presenters.recent import RecentPlaces
from sos_studio.presenters.scan_loading import Arrived, Refusal, ScanLoading, Which, details_of, note_location
from sos_studio.presenters.series_picker import SeriesPicker
from sos_studio.presenters.session import Session, fault
from sos_studio.services import projects
from sos_studio.services.scans import SourceReader

T = TypeVar("T")


class Opener:
    """What File ▸ Open, drag and drop and the command line's paths do.

    Attributes
    ----------
    recent
        What was opened lately.

    Signals
    -------
    series_wanted
        A `SeriesPicker`: several series can be loaded; it opens the one that is chosen.
    refused
        A `Refusal`: the details of why nothing was opened, after that was told in a message.
    held_elsewhere
        ``(directory, words)``: the project was opened to look at, because a process of another computer left its lock; call
        `take_over` if the person knows that it is gone.
    damaged
        ``(directory, words)``: the project's database is too damaged to be opened.
    """

    series_wanted = Signal(SeriesPicker)
    refused = Signal(Refusal)
    held_elsewhere = Signal(object, Message)
    damaged = Signal(object, Message)

    def __init__(self, session: Session) -> None:
        self._session = session
        self._loading: ScanLoading | None = None
        self._picker: SeriesPicker | None = None
        self._to_open: list[Path] = []
        self._closing: list[Project] = []
        self.recent = RecentPlaces(session)

    def open_paths(self, paths: Sequence[Path]) -> None:
        """One after the other, so that a scan finds its case in the project named before it."""
        self._to_open = list(paths)
        self._session.begun.emit()
        self._open_next()

    def _open_next(self) -> None:
        """What is said of the one before stays: both were asked for at once."""
        if not self._to_open:
            return
        path = self._to_open.pop(0)
        if is_project(path):
            self._open_project(path)
        else:
            self._load(path, lambda _reader: None)

    def open_path(self, path: Path) -> None:
        """A project folder or a scan, whichever it is."""
        self.open_paths([path])

    # --- scans --------------------------------------------------------------------------------------------------------------

    def open_scan(self, source: Path, series_uid: str | None = None) -> None:
        """Load a series; a coarse picture comes first, and if the rest does not, the scan that was open comes back.

        A series that the project knows opens its case; any other becomes a case with its first capture.
        """
        self._session.begun.emit()
        self._load(source, lambda _reader: series_uid)

    def open_known(self, place: ScanLocation) -> None:
        """Load the present case's series from where it was opened last, oriented as it was captured."""
        self._session.begun.emit()
        capture = self._session.capture
        record = capture.record.orientation if capture is not None else None
        self._load(place.path, lambda reader: reader.uid_of(place), expected=record.orientation() if record is not None else None)

    def other_series(self) -> None:
        """Choose again among the series that lie where the open scan came from."""
        session, scan = self._session, self._session.scan
        session.begun.emit()
        if scan is None:
            session.tell("window.no_scan", "warning")
            return
        loading = self._begin(ScanLoading(session, scan.source, lambda _reader: None))
        self._run(loading, loading.look, lambda reader: self._offer(reader, scan.info.uid))

    def cancel(self) -> None:
        """Stop loading; what is open stays."""
        if self._loading is not None:
            self._loading.stop()

    def close(self) -> None:
        """Let go of everything; call it once no worker runs any more."""
        if self._loading is not None:
            self._loading.let_go()
        if self._picker is not None:
            self._picker.close()

    def _load(self, source: Path, which: Which, *, reader: SourceReader | None = None, expected: Orientation | None = None) -> None:
        loading = self._begin(ScanLoading(self._session, source, which, reader=reader, expected=expected))
        self._run(loading, loading.work, lambda answer: self._answered(loading, answer))

    def _begin(self, loading: ScanLoading) -> ScanLoading:
        """Nothing else is being opened any more, and what was open before that is in front again."""
        if self._picker is not None:
            self._picker.dismiss()
        stale, self._loading = self._loading, loading
        if stale is not None:
            stale.stop()
            stale.put_back()
            self._session.background.run(stale.let_go, lambda _: None, lambda _: None)
        return loading

    def _run(self, loading: ScanLoading, work: Callable[[], T], then: Callable[[T], None]) -> None:
        session = self._session

        def end() -> None:
            loading.stop()
            if self._loading is loading:
                self._loading = None
                self._say_opening(False)
            session.busy.emit(None)

        def done(answer: T) -> None:
            end()
            then(answer)
            self._open_next()

        def failed(error: Exception) -> None:
            end()
            loading.put_back()
            self._refuse(error, loading)
            self._open_next()

        self._say_opening(True)
        session.busy.emit("open_scan")
        session.progress.emit(-1.0)
        session.background.run(work, done, failed, key="open-scan")

    def _say_opening(self, opening: bool) -> None:
        self._session.opening_scan = opening
        self._session.opening_changed.emit(opening)

    def _answered(self, loading: ScanLoading, answer: Arrived | SourceReader) -> None:
        if not isinstance(answer, Arrived):
            self._offer(answer)
            return
        scan = answer.scan
        loading.arrive(answer)
        self.recent.remember(scan.source, "scan")
        told = remarks(scan, answer.left_out)
        if told is not None:  # in passing; what they say stays in sight where the scan is oriented
            self._session.message.emit(*told)
        self._session.background.run(lambda: note_location(scan), lambda _: None)

    def _offer(self, reader: SourceReader, open_uid: str | None = None) -> None:
        picker = SeriesPicker(self._session.background, reader, self._open_chosen, open_uid)
        self._picker = picker
        picker.gone.connect(self._forget_picker)
        self.series_wanted.emit(picker)

    def _open_chosen(self, reader: SourceReader, uid: str) -> None:
        self._load(reader.path, lambda _reader: uid, reader=reader)

    def _forget_picker(self) -> None:
        self._picker = None

    def _refuse(self, error: Exception, loading: ScanLoading) -> None:
        session = self._session
        if isinstance(error, CancelledError):
            session.report(error)
            return
        code, values = fault(error)
        if isinstance(error, BadInputError) and len(loading.refused) > 1:
            code, values = why_none(error, loading.refused)
        told = not_opened(code, values, loading.source, session)
        session.message.emit(told, "error")
        if isinstance(error, BadInputError):
            session.background.run(lambda: details_of(loading, told), self.refused.emit, lambda _: None)

    # --- projects -----------------------------------------------------------------------------------------------------------

    def open_project(self, directory: Path) -> None:
        """Open for writing; if somebody else writes to it, to look at, and say who."""
        self._session.begun.emit()
        self._open_project(directory)

    def _open_project(self, directory: Path) -> None:
        self._run_project(lambda: projects.open(directory, fall_back=True), directory=directory)

    def take_over(self, directory: Path) -> None:
        """Open for writing although another computer's lock lies there."""
        self._session.begun.emit()
        self._run_project(lambda: projects.open(directory, take_over=True))

    def new_project(self, directory: Path, then: Callable[[], None] | None = None) -> None:
        """Make an empty project in a new or empty folder; `then` goes on with what it was needed for."""
        self._session.begun.emit()
        self._run_project(lambda: projects.create(directory), then)

    def close_project(self) -> None:
        """Let others write, as soon as its database was copied and sealed, which takes a while in the background (`finish_closing`)."""
        project = self._session.project
        if project is not None:
            self._session.set_project(None)
            self._let_go(project)

    def finish_closing(self) -> None:
        """Wait until projects that were closed are free for others; from any thread, and also when no worker runs any more."""
        for project in tuple(self._closing):
            project.close()  # waits for who is at it, and does it if nobody came to it

    def _let_go(self, project: Project) -> None:
        self._closing.append(project)

        def failed(error: Exception) -> None:
            self._closing.remove(project)
            self._session.report(error)

        self._session.background.run(project.close, lambda _: self._closing.remove(project), failed)

    def _run_project(self, work: Callable[[], Project], then: Callable[[], None] | None = None, *, directory: Path | None = None) -> None:
        session = self._session

        def done(project: Project) -> None:
            session.busy.emit(None)
            before = session.project
            session.set_project(project)
            if before is not None:
                self._let_go(before)
            self.recent.remember(project.directory, "project")
            if project.conflicted_copies:
                files = ", ".join(project.conflicted_copies)
                session.tell("project.conflicted_copies", "warning", project=project.directory.name, files=files)
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
            if directory is not None and isinstance(error, ProjectError) and error.code == "project.damaged":
                self.damaged.emit(directory, message(error.code, error.values))
            self._open_next()

        def opened() -> Project:
            self.finish_closing()  # it may be the same one
            return work()

        session.busy.emit("open_project")
        session.progress.emit(-1.0)
        session.background.run(opened, done, failed, key="open-project")


def is_project(path: Path) -> bool:
    """Whether a folder is a project of SOS Studio."""
    try:
        # Without its database it is one too: a sync program may have renamed it, and opening says so.
        return (path / "project.sqlite").is_file() or ((path / "project.lock").is_file() and (path / "captures").is_dir())
    except OSError:  # not even that may be asked; opening it as a scan will say so
        return False
