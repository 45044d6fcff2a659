"""What is read from and written to a project for one case. Slow parts run in worker threads; they touch no session."""

from __future__ import annotations

from dataclasses import dataclass

from sos_studio.core.captures import Window
from sos_studio.core.geometry import Orientation
from sos_studio.core.roi import Roi
from sos_studio.core.scans import Problem
from sos_studio.dataset import captures as dataset_captures
from sos_studio.dataset import cases, locations
from sos_studio.dataset.locations import ScanLocation
from sos_studio.dataset.project import Project
from sos_studio.presenters.session import Session
from sos_studio.services import captures, patients
from sos_studio.services.captures import StoredCapture
from sos_studio.services.listed_cases import ListedCase, listed_case
from sos_studio.services.scans import OpenedScan


@dataclass(frozen=True, eq=False)
class LoadedCase:
    """A case as it is opened: its newest capture, that one's newest frame, and where its scan lies on this computer."""

    summary: ListedCase
    capture: StoredCapture | None
    roi: Roi | None
    roi_n: int | None
    scan: ScanLocation | None

    def show(self, session: Session) -> None:
        """Make it the session's case."""
        session.set_case(self.summary.case_id)
        if self.capture is not None:
            session.set_capture(self.capture)
        if self.roi is not None:
            session.set_roi(self.roi, self.roi_n)


def load_case(project: Project, case_id: str) -> LoadedCase:
    """Read a case, its newest capture and that one's newest frame."""
    summary = listed_case(project, case_id)
    if summary.capture_id is None:
        return LoadedCase(summary, None, None, None, None)
    capture = captures.load_capture(project, summary.capture_id)
    latest = dataset_captures.latest_roi(project, summary.capture_id)
    n, roi = latest if latest is not None else (None, None)
    return LoadedCase(summary, capture, roi, n, scan_of_case(project, case_id))


def scan_of_case(project: Project, case_id: str) -> ScanLocation | None:
    """Where this computer has the scan of a case; None if the case was imported or the scan is not here."""
    for info in reversed(dataset_captures.captures(project, case_id)):
        if info.series_hash is not None:
            found = locations.find(info.series_hash)
            if found is not None:
                return found
    return None


@dataclass(frozen=True, eq=False)
class Captured:
    """A capture on disk, whose case it is, and what a person should know about the case's patient."""

    case_id: str
    capture: StoredCapture
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
        return Captured(owner, captures.store_capture(project, owner, image), known.note)
    new = patients.new_case(project, scan.identity)
    with captures.case_for_capture(project, new.case_id):
        return Captured(new.case_id, captures.store_capture(project, new.case_id, image), new.note)
