"""What is read from and written to a project for one case. Slow parts run in worker threads; they touch no session."""

from __future__ import annotations

from dataclasses import dataclass

from sos_studio.core.captures import Window
from sos_studio.core.errors import ProjectError
from sos_studio.core.geometry import Orientation
from sos_studio.core.roi import Roi
from sos_studio.core.scans import Problem
from sos_studio.dataset import captures as dataset_captures
from sos_studio.dataset import cases, locations
from sos_studio.dataset.in_use import NOTHING, InUse, in_use
from sos_studio.dataset.locations import ScanLocation
from sos_studio.dataset.project import Project
from sos_studio.presenters.session import Session
from sos_studio.services import captures, patients
from sos_studio.services.captures import StoredCapture
from sos_studio.services.listed_cases import ListedCase, listed_case
from sos_studio.services.scans import OpenedScan


@dataclass(frozen=True, eq=False)
class LoadedCase:
    """A case as it is opened: its capture and frame in use, and where its scan lies on this computer.

    Attributes
    ----------
    problem
        Why the frame in use is not shown.
    """

    summary: ListedCase
    capture: StoredCapture | None
    roi: Roi | None
    roi_n: int | None
    scan: ScanLocation | None
    problem: ProjectError | None = None

    def show(self, session: Session) -> None:
        """Make it the session's case, and say what of it can't be shown."""
        session.set_case(self.summary.case_id)
        if self.capture is not None:
            session.set_capture(self.capture)
        if self.roi is not None:
            session.set_roi(self.roi, self.roi_n)
        if self.problem is not None:
            session.report(self.problem)


def load_case(project: Project, case_id: str) -> LoadedCase:
    """Read a case, its capture in use and its frame in use."""
    summary = listed_case(project, case_id)
    if summary.capture_id is None:
        return LoadedCase(summary, None, None, None, None)
    capture = captures.load_capture(project, summary.capture_id)
    roi, problem = None, None
    if summary.roi_n is not None:
        try:
            roi = dataset_captures.frame(project, summary.capture_id, summary.roi_n)
        except ProjectError as error:
            problem = error
    return LoadedCase(summary, capture, roi, summary.roi_n if roi is not None else None, scan_of_case(project, case_id), problem)


def scan_of_case(project: Project, case_id: str) -> ScanLocation | None:
    """Where this computer has the scan of a case; None if the case was imported or the scan is not here."""
    for info in reversed(dataset_captures.captures(project, case_id)):
        if info.series_hash is not None:
            found = locations.find(info.series_hash)
            if found is not None:
                return found
    return None


@dataclass(frozen=True, eq=False)
class Shown:
    """What the window shows of a case."""

    case_id: str | None
    capture: StoredCapture | None
    roi: Roi | None
    roi_n: int | None

    @classmethod
    def now(cls, session: Session) -> Shown:
        """What it shows at this moment."""
        return cls(session.case_id, session.capture, session.roi, session.roi_n)

    def show(self, session: Session) -> None:
        """Show it again."""
        if session.case_id != self.case_id:
            session.set_case(self.case_id)
        session.set_capture(self.capture)
        if self.roi is not None:
            session.set_roi(self.roi, self.roi_n)


@dataclass(frozen=True, eq=False)
class Captured:
    """A capture on disk, whose case it is, what of the case counted before, and what a person should know about the case's patient."""

    case_id: str
    capture: StoredCapture
    before: InUse
    note: Problem | None


def capture_into(
    project: Project, scan: OpenedScan, orientation: Orientation, window: Window, case_id: str | None, *, slab_mm: float = 0.0
) -> Captured:
    """Make the capture and store it; the answer's case is on disk with it.

    It goes to the case that knows this series; else to `case_id` if that has no capture of another series; else to a new case, of the
    patient whom the scan's header names.
    """
    image = captures.make_capture(scan.volume, orientation, window=window, slab_mm=slab_mm)
    captures.require_usable(image)  # before a case is made for it
    owner = cases.case_of_series(project, image.series_hash)
    if owner is None and case_id is not None and not dataset_captures.captures(project, case_id):
        owner = case_id
    if owner is not None:
        known = patients.known_case(project, owner, scan.identity)
        before = in_use(project, owner)
        return Captured(owner, captures.store_capture(project, owner, image), before, known.note)
    new = patients.new_case(project, scan.identity)
    with captures.case_for_capture(project, new.case_id):
        return Captured(new.case_id, captures.store_capture(project, new.case_id, image), NOTHING, new.note)
