"""The list of cases: search, filter, open one, go to the next that awaits a reading."""

from __future__ import annotations

from collections.abc import Iterable

from psygnal import Signal

from sos_studio.core.settings import Visit
from sos_studio.dataset.locations import ScanLocation
from sos_studio.dataset.project import Project
from sos_studio.presenters.case_files import LoadedCase, load_case, scan_of_case
from sos_studio.presenters.case_rows import CaseRow, Filter, Seen, passing
from sos_studio.presenters.opening import Opener
from sos_studio.presenters.ports import Ticket
from sos_studio.presenters.scan_case import ScanCase
from sos_studio.presenters.session import Session, Step
from sos_studio.presenters.sitting import Sitting
from sos_studio.services.listed_cases import CaseList, ListedCase


def next_step(case: ListedCase, evaluator: str) -> Step:
    """Where this evaluator's work on a case goes on. Predict comes last: nobody is led to the AI before the own reading."""
    if not case.captured:
        return "orient"
    if not case.cropped:
        return "crop"
    return "predict" if evaluator in case.staged_here or case.excluded else "stage"


# Rows of so few are made while one waits.
AT_ONCE = 500


class CasesPresenter:
    """Keeps the list in step with the project.

    Signals
    -------
    rows_changed
        `rows` (what passes the filter) or `everything` changed.
    scan_known
        A case was opened: whether this computer knows where its scan lies.
    work_remains
        A case was opened: the step in which its work goes on (see `next_step`).
    """

    rows_changed = Signal()
    scan_known = Signal(bool)
    work_remains = Signal(str)

    def __init__(self, session: Session, opener: Opener) -> None:
        self._session = session
        self._opener = opener
        self._scan_case = ScanCase(session)
        self._opening: Ticket | None = None  # of the case that is being read
        self._next: LoadedCase | None = None  # read ahead, so that it is there when the key is let go
        self._next_project: Project | None = None
        self._to_go_back_to: Visit | None = None
        self.everything: tuple[ListedCase, ...] = ()
        self.rows: tuple[ListedCase, ...] = ()
        self._list: CaseList | None = CaseList(session.project) if session.project is not None else None
        self._sitting = Sitting()
        self._seen = self._who_sees()
        self._visible: tuple[CaseRow, ...] = ()
        self._place: dict[str, int] = {}  # of a case in `_visible`
        self._readers: tuple[str, ...] = ()
        self.filter = Filter()
        session.project_changed.connect(self._on_project)
        session.cases_changed.connect(self.refresh)
        session.evaluator_changed.connect(self._on_evaluator)
        session.blinding.changed.connect(self._on_evaluator)
        session.others_shown.connect(self._on_others_shown)
        session.case_requested.connect(self.open_case)
        session.next_unstaged_requested.connect(self.open_next_unstaged)

    @property
    def readers(self) -> tuple[str, ...]:
        """Names of those who have read here, as far as this evaluator may know."""
        return () if self._session.blinding.on else self._readers

    def case_seen(self, case_id: str | None) -> ListedCase | None:
        """A case as it may be shown, whether it passes the filter or not; None if there is none."""
        place = self._place.get(case_id or "")
        return None if place is None else self._visible[place].case

    def refresh(self) -> None:
        """Look at the project again: what changed there is read and made anew, in the background."""
        project, known = self._session.project, self._list
        if project is None or known is None:
            self._set_rows((), (), ())
            return
        seen, sitting = self._seen, self._sitting

        def look() -> tuple[tuple[ListedCase, ...], tuple[CaseRow, ...], tuple[str, ...]]:
            cases = known.look().cases
            sitting.begin(cases)
            return cases, seen.rows(cases), _readers(cases)

        def looked(found: tuple[tuple[ListedCase, ...], tuple[CaseRow, ...], tuple[str, ...]]) -> None:
            if self._session.project is not project:
                return
            cases, rows, readers = found
            if seen is not self._seen:  # another person sat down meanwhile
                self.everything = cases
                self._see_anew()
                return
            self._set_rows(cases, rows, readers)
            self._go_back(project)

        self._session.background.run(look, looked, self._session.report, key="cases")

    def _go_back(self, project: Project) -> None:
        """To where this user left the project, once."""
        session = self._session
        visit, self._to_go_back_to = self._to_go_back_to, None
        # Whoever has a scan or another case open meanwhile is not taken away from it.
        if visit is None or session.case_id is not None or session.scan is not None or visit.case_id not in self._place:
            return
        case_id, left_at = visit.case_id, visit.step

        def go_back(case: LoadedCase) -> None:
            self._show(case)
            session.step_requested.emit(left_at if left_at != "orient" else next_step(case.summary, session.evaluator))

        self._opening = session.background.run(lambda: self._load(project, case_id), go_back, session.report, key="open-case")

    def set_filter(self, wanted: Filter) -> None:
        """Show fewer or more."""
        self.filter = wanted
        self._filter()

    def open_case(self, case_id: str) -> None:
        """Read a case in the background and make it the session's."""
        project = self._session.project
        if project is None or case_id == self._session.case_id:
            return
        self._session.begun.emit()
        ahead = self._next
        if ahead is not None and ahead.summary.case_id == case_id and self._next_project is project:
            self._next = None
            if self._opening is not None:  # a case that was asked for before comes too late
                self._opening.cancel()
            self._show(ahead)
            return
        work = self._session.background
        self._opening = work.run(lambda: self._load(project, case_id), self._show, self._session.report, key="open-case")

    def _load(self, project: Project, case_id: str) -> LoadedCase:
        """Worker thread: with what was drawn of it a moment ago and is still on its way to the disk."""
        self._session.writes.drain()
        return load_case(project, case_id)

    def open_next_unstaged(self) -> None:
        """The next captured case without a reading by this evaluator, after the present one and round to the start."""
        session = self._session
        case_id = self.next_unstaged()
        if case_id is None:
            session.tell("cases.all_staged" if self.everything else "cases.none", "success" if self.everything else "info")
        else:
            self.open_case(case_id)

    def next_unstaged(self) -> str | None:
        """Its id, from the list in memory; None if every case has a reading by this evaluator."""
        here, rows = self._session.case_id, self._visible
        start = self._place.get(here or "", -1) + 1
        ring = (rows[n % len(rows)] for n in range(start, start + len(rows)))
        return next((row.case.case_id for row in ring if "to_stage" in row.statuses and row.case.case_id != here), None)

    def open_scan_of_case(self) -> None:
        """Open the scan of the present case where this computer has it, to orient it again."""
        project, case_id = self._session.project, self._session.case_id
        if project is None or case_id is None:
            return

        def found(place: ScanLocation | None) -> None:
            if place is None:
                self._session.tell("cases.scan_not_here", "info", case=self._session.blinding.name(case_id))
            else:
                self._opener.open_known(place)

        self._session.background.run(lambda: scan_of_case(project, case_id), found, self._session.report, key="scan-of-case")

    def _show(self, case: LoadedCase) -> None:
        if self._session.project is None:
            return
        case.show(self._session)
        self.scan_known.emit(case.scan is not None)
        self.work_remains.emit(next_step(case.summary, self._session.evaluator))
        self._read_ahead()

    def _read_ahead(self) -> None:
        project, case_id = self._session.project, self.next_unstaged()
        if project is None or case_id is None:
            self._next = None
            return
        if self._next is not None and self._next.summary.case_id == case_id and self._next_project is project:
            return
        pictures = self._session.crop_pictures

        def load() -> LoadedCase:
            case = self._load(project, case_id)
            if case.capture is not None and case.roi is not None:
                pictures.make(case.capture, case.roi)
            return case

        def keep(case: LoadedCase) -> None:
            self._next, self._next_project = case, project

        # A fault will be told when the case is really opened.
        self._session.background.run(load, keep, lambda _: None, key="read-ahead")

    def _on_project(self, project: Project | None) -> None:
        self._next = None
        self._to_go_back_to = self._session.visit
        self._list = CaseList(project) if project is not None else None
        self._sitting = Sitting()
        self._seen = self._who_sees()
        self._set_rows((), (), ())
        if project is not None:
            self.refresh()

    def _on_evaluator(self, _: object) -> None:
        self._next = None
        self._see_anew()

    def _on_others_shown(self, evaluator: str, capture_id: str) -> None:
        self._sitting.ask(evaluator, capture_id)
        self.refresh()

    def _see_anew(self) -> None:
        """Show the cases as another evaluator, or the same one blinded, may see them; until that is made, none."""
        seen = self._seen = self._who_sees()
        if len(self.everything) <= AT_ONCE:
            self._set_rows(self.everything, seen.rows(self.everything), _readers(self.everything))
        else:
            self._show_rows((), ())
            self.refresh()

    def _who_sees(self) -> Seen:
        blinding = self._session.blinding
        return Seen(self._session.evaluator, blinding.name if blinding.on else None, self._sitting)

    def _set_rows(self, cases: tuple[ListedCase, ...], rows: tuple[CaseRow, ...], readers: tuple[str, ...]) -> None:
        self.everything = cases
        self._show_rows(rows, readers)
        ahead = self._next
        # What was read ahead may have got a new frame meanwhile.
        if ahead is not None:
            place = self._place.get(ahead.summary.case_id)
            if place is None or rows[place].raw != ahead.summary:
                self._next = None
        if self._session.case_id is not None and rows:
            self._read_ahead()

    def _show_rows(self, rows: tuple[CaseRow, ...], readers: tuple[str, ...]) -> None:
        self._visible, self._readers = rows, readers
        self._place = {row.case.case_id: n for n, row in enumerate(rows)}
        self._filter()

    def _filter(self) -> None:
        self.rows = passing(self._visible, self.filter)
        self.rows_changed.emit()


def _readers(cases: Iterable[ListedCase]) -> tuple[str, ...]:
    return tuple(sorted({name for case in cases for name in case.staged_by}))
