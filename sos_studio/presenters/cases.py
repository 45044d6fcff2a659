"""The list of cases: search, filter, open one, go to the next that awaits a reading."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from psygnal import Signal

from sos_studio.core.settings import Visit
from sos_studio.dataset.locations import ScanLocation
from sos_studio.dataset.project import Project
from sos_studio.presenters.case_files import LoadedCase, load_case, scan_of_case
from sos_studio.presenters.opening import Opener
from sos_studio.presenters.scan_case import ScanCase
from sos_studio.presenters.session import Session, Step
from sos_studio.services.listed_cases import ListedCase, listed_cases

Status = Literal["all", "to_capture", "to_crop", "to_stage", "staged", "predicted", "excluded"]
STATUSES: tuple[Status, ...] = ("all", "to_capture", "to_crop", "to_stage", "staged", "predicted", "excluded")


@dataclass(frozen=True)
class Filter:
    """What of the list is shown."""

    text: str = ""
    status: Status = "all"
    stage: int | None = None


def matches(case: ListedCase, wanted: Filter, evaluator: str) -> bool:
    """Whether a case passes a filter; `to_stage` and `staged` are meant for this evaluator and the newest capture."""
    text = wanted.text.strip().lower()
    if text and text not in case.name.lower() and text not in case.patient.lower():
        return False
    if wanted.stage is not None and case.label != wanted.stage:
        return False
    staged = evaluator in case.staged_here
    return {
        "all": True,
        "to_capture": not case.captured,
        "to_crop": case.captured and not case.cropped,
        "to_stage": case.captured and not staged and not case.excluded,
        "staged": staged,
        "predicted": case.predicted,
        "excluded": case.excluded,
    }[wanted.status]


def as_seen_by(case: ListedCase, evaluator: str) -> ListedCase:
    """A case without the consensus until this evaluator has read it: a list must not whisper the answer."""
    return case if evaluator in case.staged_by else replace(case, label=None, ambiguous=False)


def blinded_to(case: ListedCase, evaluator: str, name: str) -> ListedCase:
    """A case without its patient, other evaluators' readings and predictions; its label is the evaluator's own stage."""
    own = next((reading for reading in case.stands if reading.evaluator == evaluator), None)
    return replace(
        case,
        shown_as=name,
        patient="",
        age_years=None,
        sex=None,
        label=own.stage if own is not None and not own.ambiguous else None,
        ambiguous=own is not None and own.ambiguous,
        staged_by=(evaluator,) if own is not None else (),
        staged_here=tuple(reader for reader in case.staged_here if reader == evaluator),
        stands=(own,) if own is not None else (),
        predicted=False,
        exclusion_note="",
    )


def next_step(case: ListedCase, evaluator: str) -> Step:
    """Where this evaluator's work on a case goes on. Predict comes last: nobody is led to the AI before the own reading."""
    if not case.captured:
        return "orient"
    if not case.cropped:
        return "crop"
    return "predict" if evaluator in case.staged_here or case.excluded else "stage"


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
        self._next: LoadedCase | None = None  # read ahead, so that it is there when the key is let go
        self._next_project: Project | None = None
        self._to_go_back_to: Visit | None = None
        self.everything: tuple[ListedCase, ...] = ()
        self.rows: tuple[ListedCase, ...] = ()
        self._visible: tuple[ListedCase, ...] = ()
        self.filter = Filter()
        session.project_changed.connect(self._on_project)
        session.cases_changed.connect(self.refresh)
        session.evaluator_changed.connect(self._on_evaluator)
        session.blinding.changed.connect(self._on_evaluator)
        session.case_requested.connect(self.open_case)
        session.next_unstaged_requested.connect(self.open_next_unstaged)

    @property
    def evaluators(self) -> int:
        """How many evaluators have read in this project, as far as this one may know."""
        return 1 if self._session.blinding.on else len({name for case in self.everything for name in case.staged_by})

    def refresh(self) -> None:
        """Read the project again."""
        project = self._session.project
        if project is None:
            self._set_rows(())
            return
        self._session.background.run(
            lambda: tuple(listed_cases(project)),
            lambda rows: self._read(project, rows),
            self._session.report,
            key="cases",
        )

    def _read(self, project: Project, rows: tuple[ListedCase, ...]) -> None:
        session = self._session
        if session.project is not project:
            return
        self._set_rows(rows)
        visit, self._to_go_back_to = self._to_go_back_to, None
        # Whoever has a scan or another case open meanwhile is not taken away from it.
        if visit is None or session.case_id is not None or session.scan is not None or visit.case_id not in {row.case_id for row in rows}:
            return
        case_id, left_at = visit.case_id, visit.step

        def go_back(case: LoadedCase) -> None:
            self._show(case)
            session.step_requested.emit(left_at if left_at != "orient" else next_step(case.summary, session.evaluator))

        session.background.run(lambda: load_case(project, case_id), go_back, session.report, key="open-case")

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
            self._show(ahead)
            return
        self._session.background.run(lambda: load_case(project, case_id), self._show, self._session.report, key="open-case")

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
        here, evaluator = self._session.case_id, self._session.evaluator
        cases = self._visible
        ids = [case.case_id for case in cases]
        start = ids.index(here) + 1 if here in ids else 0
        ring = (*cases[start:], *cases[:start])
        wanted = Filter(status="to_stage")
        return next((case.case_id for case in ring if case.case_id != here and matches(case, wanted, evaluator)), None)

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
            case = load_case(project, case_id)
            if case.capture is not None and case.roi is not None:
                pictures.make(case.capture, case.roi)
            return case

        def keep(case: LoadedCase) -> None:
            self._next, self._next_project = case, project

        # A fault will be told when the case is really opened.
        self._session.background.run(load, keep, lambda _: None, key="read-ahead")

    def _on_project(self, _: object) -> None:
        self._next = None
        self._to_go_back_to = self._session.visit
        self._set_rows(())
        self.refresh()

    def _on_evaluator(self, _: object) -> None:
        self._next = None
        self._filter()

    def _set_rows(self, rows: tuple[ListedCase, ...]) -> None:
        self.everything = rows
        ahead = self._next
        # What was read ahead may have got a new frame meanwhile.
        if ahead is not None and ahead.summary not in rows:
            self._next = None
        self._filter()
        if self._session.case_id is not None and rows:
            self._read_ahead()

    def _filter(self) -> None:
        evaluator = self._session.evaluator
        self._visible = self._seen()
        self.rows = tuple(case for case in self._visible if matches(case, self.filter, evaluator))
        self.rows_changed.emit()

    def _seen(self) -> tuple[ListedCase, ...]:
        """All cases as this evaluator may see them; blinded in an order of their own, because the order of import tells something too."""
        evaluator, blinding = self._session.evaluator, self._session.blinding
        if not blinding.on:
            return tuple(as_seen_by(case, evaluator) for case in self.everything)
        hidden = (blinded_to(case, evaluator, blinding.name(case.case_id)) for case in self.everything)
        return tuple(sorted(hidden, key=lambda case: case.shown_as))
