"""One scan on its way into the window: a coarse picture first, then the whole of it; or back to what was open before."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sos_studio.core.captures import Window
from sos_studio.core.errors import CancelledError
from sos_studio.core.geometry import Orientation
from sos_studio.core.roi import Roi
from sos_studio.core.scans import PART, SeriesInfo
from sos_studio.dataset import cases, locations
from sos_studio.dataset.project import Project
from sos_studio.imaging import resample, windowing
from sos_studio.messages import Message
from sos_studio.presenters.case_files import LoadedCase, load_case
from sos_studio.presenters.session import Session
from sos_studio.services import scans
from sos_studio.services.captures import StoredCapture
from sos_studio.services.scans import OpenedScan, SourceReader

TELL_EVERY_S = 0.05
# Share of the progress bar for unpacking and reading headers.
HEADERS_SHARE = 0.15
# Finds out in the worker thread which series is meant; None: the only one.
Which = Callable[[SourceReader], str | None]


@dataclass(frozen=True, eq=False)
class Arrived:
    """A scan, how to show it first, and the case of the project that knows this series (if it was asked).

    Attributes
    ----------
    left_out
        How many other series lie there, where this was taken without asking because none of them can be opened.
    """

    scan: OpenedScan
    window: Window
    project: Project | None
    case: LoadedCase | None
    left_out: int = 0

    @property
    def orientation(self) -> Orientation | None:
        """As it was captured before; None for a scan that is new to the project."""
        record = self.case.capture.record if self.case is not None and self.case.capture is not None else None
        return record.orientation.orientation() if record is not None and record.orientation is not None else None


@dataclass(frozen=True, eq=False)
class _Before:
    """What the session showed before a coarse picture took its place."""

    project: Project | None
    scan: OpenedScan | None
    scan_case_id: str | None
    orientation: Orientation
    window: Window
    case_id: str | None
    capture: StoredCapture | None
    roi: Roi | None
    roi_n: int | None

    @classmethod
    def of(cls, session: Session) -> _Before:
        return cls(
            session.project,
            session.scan,
            session.scan_case_id,
            session.orientation,
            session.window,
            session.case_id,
            session.capture,
            session.roi,
            session.roi_n,
        )

    def put_back(self, session: Session) -> None:
        same_project = session.project is self.project
        # Whoever went to another case meanwhile stays there.
        if same_project and session.scan_in_front and session.case_id != self.case_id:
            session.set_case(self.case_id)
            if self.capture is not None:
                session.set_capture(self.capture)
                session.set_roi(self.roi, self.roi_n)
        session.set_scan(self.scan, self.orientation, self.window)
        session.scan_case_id = self.scan_case_id if same_project else None
        # Told again, because whose scan it is decides whether it is shown.
        session.scan_completed.emit(self.scan)


class ScanLoading:
    """One attempt; make a new one for the next.

    Parameters
    ----------
    which
        Which series, asked in the worker thread.
    reader
        The source, if it was looked into already.
    expected
        The orientation in which the present case's scan was captured, if it is that scan which is being opened again.
    """

    def __init__(
        self, session: Session, source: Path, which: Which, *, reader: SourceReader | None = None, expected: Orientation | None = None
    ) -> None:
        self._session = session
        self._which = which
        self._reader = reader
        self._expected = expected
        self._of_present_case = expected is not None
        self._project = session.project
        self._stop = threading.Event()
        self._told = 0.0
        self._previewed = False
        self._before: _Before | None = None
        self._coarse: OpenedScan | None = None
        self._first: tuple[Orientation, Window] | None = None
        self.source = source
        self.uid: str | None = None

    @property
    def refused(self) -> tuple[SeriesInfo, ...]:
        """After a failure: the series that can't be loaded, as far as that was found out."""
        if self._reader is None:
            return ()
        return tuple(info for info in self._reader.series if self.uid == info.uid or (self.uid is None and not info.loadable))

    # --- in the worker thread -----------------------------------------------------------------------------------------------

    def work(self) -> Arrived | SourceReader:
        """Everything slow; the reader if several series can be loaded and nobody said which.

        Raises
        ------
        SosError, OSError, MemoryError
            Whatever stands in the way; the reader is closed then.
        """
        try:
            reader = self._looked()
            self.uid = self._which(reader)
            if self.uid is None and len(reader.loadable) > 1:
                return reader
            arrived = self._load(reader)
            if self._stop.is_set():
                raise CancelledError
        except BaseException:
            self.let_go()
            raise
        self.let_go()
        return arrived

    def look(self) -> SourceReader:
        """Only open the source; errors of `SourceReader`."""
        return self._looked()

    def _looked(self) -> SourceReader:
        if self._reader is None:
            self._reader = SourceReader(self.source, progress=self._progress(0.0, HEADERS_SHARE), cancelled=self._stop.is_set)
        return self._reader

    def _load(self, reader: SourceReader) -> Arrived:
        scan = reader.open(self.uid, progress=self._progress(HEADERS_SHARE, 1.0), cancelled=self._stop.is_set, preview=self._preview)
        window = windowing.scan_window(scan.volume.array_kji)
        if not self._previewed:  # else the kernels are prepared while the slices are read, and nobody waits for them
            resample.warm_up(scan.volume.array_kji.dtype)
        project = self._project
        case_id = cases.case_of_series(project, scan.volume.series_hash) if project is not None else None
        case = load_case(project, case_id) if project is not None and case_id is not None else None
        captured = case.capture.record.window if case is not None and case.capture is not None else None
        # Captured again without a change, it gives the same picture again.
        series = {info.uid.partition(PART)[0] for info in reader.series}
        unasked = self.uid is None and len(reader.loadable) == 1
        return Arrived(scan, captured or window, project, case, len(series) - 1 if unasked else 0)

    def _preview(self, coarse: OpenedScan) -> None:
        self._previewed = True
        window = windowing.scan_window(coarse.volume.array_kji)
        self._session.background.post(lambda: self._show_coarse(coarse, window))

    def _progress(self, low: float, high: float) -> Callable[[float], None]:
        def tell(share: float) -> None:
            now = time.monotonic()
            if now - self._told >= TELL_EVERY_S and not self._stop.is_set():
                self._told = now
                fraction = low + (high - low) * share
                self._session.background.post(lambda: None if self._stop.is_set() else self._session.progress.emit(fraction))

        return tell

    def let_go(self) -> None:
        """Close the source; may be called again."""
        if self._reader is not None:
            self._reader.close()

    def files(self, uid: str) -> tuple[str, ...]:
        """Names of a series' files."""
        return self._reader.files(uid) if self._reader is not None else ()

    # --- on the GUI thread --------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Ask the worker to stop; what it still shows or tells is dropped."""
        self._stop.set()

    def put_back(self) -> None:
        """What was open before the coarse picture came is shown again."""
        before, self._before, self._coarse = self._before, None, None
        if before is not None:
            before.put_back(self._session)

    def _show_coarse(self, coarse: OpenedScan, window: Window) -> None:
        session = self._session
        if self._stop.is_set():
            return
        self._before = _Before.of(session)
        if not self._of_present_case:
            session.set_case(None)
        session.set_scan(coarse, self._expected, window)
        self._coarse, self._first = coarse, (session.orientation, session.window)
        kind = coarse.volume.array_kji.dtype
        session.background.run(lambda: resample.warm_up(kind), lambda _: None, lambda _: None)
        session.step_requested.emit("orient")

    def arrive(self, arrived: Arrived) -> None:
        """Show the whole scan, in the case that knows it."""
        session = self._session
        self._stop.set()
        case = arrived.case if arrived.project is session.project else None
        if self._coarse is None or session.scan is not self._coarse:
            if case is None:
                session.set_case(None)
            else:
                case.show(session)
            session.set_scan(arrived.scan, arrived.orientation if case is not None else None, arrived.window)
            session.step_requested.emit("orient")
        else:
            self._complete(arrived, case)
        self._before = self._coarse = None

    def _complete(self, arrived: Arrived, case: LoadedCase | None) -> None:
        session, whole = self._session, arrived.scan.volume
        owner = case.summary.case_id if case is not None else None
        in_front = session.scan_in_front
        session.scan_case_id = owner
        if in_front and session.case_id != owner:
            if case is None:
                session.set_case(None)
            else:
                case.show(session)
        orientation = None
        if self._first is not None and session.orientation == self._first[0]:
            orientation = arrived.orientation if case is not None else Orientation(whole.center_lps_mm)
        elif self._coarse is not None and session.orientation.center_lps_mm == self._coarse.volume.center_lps_mm:
            # The middle of every n-th slice is not quite the middle of all.
            orientation = session.orientation.centered_at(whole.center_lps_mm)
        untouched = self._first is not None and session.window == self._first[1]
        session.complete_scan(arrived.scan, orientation, arrived.window if untouched else None)


def note_location(scan: OpenedScan) -> None:
    """Keep where a scan was opened from, in the user's own data. Takes its hash, so call it off the GUI thread."""
    with contextlib.suppress(OSError):  # a full disk: the scan opens all the same, it only isn't found by itself next time
        locations.remember(scan.volume.series_hash, scan.source, scan.info.uid)


@dataclass(frozen=True)
class Refusal:
    """Why nothing was opened, in detail.

    Attributes
    ----------
    told
        The message that was shown.
    series
        What can't be loaded, each with its own problems; empty if nothing could be listed.
    files
        Names of each series' files by its uid, in the order of its slices; under "" what else lies there. For this screen only:
        they may hold a patient's name.
    """

    told: Message
    series: tuple[SeriesInfo, ...]
    files: Mapping[str, tuple[str, ...]]


def details_of(loading: ScanLoading, told: Message) -> Refusal:
    """The details of a failed attempt; looks into the folder, so call it off the GUI thread."""
    files = {info.uid: loading.files(info.uid) for info in loading.refused}
    if not files:
        with contextlib.suppress(OSError):
            files[""] = scans.files_below(loading.source)
    return Refusal(told, loading.refused, files)
