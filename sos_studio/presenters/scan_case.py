"""The open scan and its case: found by the series when a project comes after the scan, and given the age and sex that it lacks."""

from __future__ import annotations

from sos_studio.core.geometry import Orientation
from sos_studio.dataset import cases
from sos_studio.dataset.project import Project
from sos_studio.presenters.case_files import LoadedCase, load_case
from sos_studio.presenters.session import Session
from sos_studio.services import patients
from sos_studio.services.scans import OpenedScan


class ScanCase:
    """Listens to the session. Opening a scan while its project is open is `ScanLoading`'s own; this is what comes later."""

    def __init__(self, session: Session) -> None:
        self._session = session
        session.project_changed.connect(self._on_change)
        session.scan_changed.connect(self._on_change)
        session.scan_completed.connect(self._on_change)

    def _on_change(self, _: object) -> None:
        session = self._session
        project, scan = session.project, session.scan
        if project is None or scan is None or scan.coarse:
            return
        if session.scan_case_id is not None:
            self._fill_in(project, scan, session.scan_case_id)
        elif session.case_id is None:
            self._find(project, scan)

    def _fill_in(self, project: Project, scan: OpenedScan, case_id: str) -> None:
        """The decision to keep age or sex may be younger than the case."""
        session, identity = self._session, scan.identity

        def filled(changed: bool) -> None:
            if changed and session.project is project:
                session.cases_changed.emit()

        session.background.run(lambda: patients.fill_in(project, case_id, identity), filled, session.report, key="fill-in")

    def _find(self, project: Project, scan: OpenedScan) -> None:
        session = self._session

        def look() -> LoadedCase | None:
            case_id = cases.case_of_series(project, scan.volume.series_hash)
            return load_case(project, case_id) if case_id is not None else None

        def found(case: LoadedCase | None) -> None:
            # Whoever went to a case, or captured, in the meantime stays there.
            here = session.project is project and session.scan is scan and session.scan_case_id is None and session.case_id is None
            if case is not None and here:
                self._take(scan, case)

        session.background.run(look, found, session.report, key="case-of-scan")

    def _take(self, scan: OpenedScan, case: LoadedCase) -> None:
        session = self._session
        untouched = session.orientation == Orientation(scan.volume.center_lps_mm)
        record = case.capture.record.orientation if case.capture is not None else None
        session.scan_case_id = case.summary.case_id
        case.show(session)
        window = case.capture.record.window if untouched and case.capture is not None else None
        session.complete_scan(scan, record.orientation() if untouched and record is not None else None, window)
