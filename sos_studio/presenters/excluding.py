"""Leaving a case out of the dataset with a reason, and taking it in again: a row in the database first, then shown as done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from psygnal import Signal

from sos_studio.core.exclusions import Exclusion
from sos_studio.dataset import cases
from sos_studio.presenters.session import Session, bring
from sos_studio.presenters.undo import PERSON_SCOPE, Change
from sos_studio.services import exclusions

if TYPE_CHECKING:
    from sos_studio.dataset.project import Project


@dataclass(frozen=True)
class ExclusionState:
    """What is shown.

    Attributes
    ----------
    possible
        Whether a case is open that can be excluded or taken in.
    standing
        The case's exclusion as the database has it; of another evaluator's, who reads blinded learns no more than that it stands.
    """

    possible: bool = False
    standing: Exclusion | None = None


class ExclusionPresenter:
    """Drives the exclusion of the session's case."""

    changed = Signal(ExclusionState)

    def __init__(self, session: Session) -> None:
        self._session = session
        self._asked = 0  # answers to older questions are dropped
        self.state = ExclusionState()
        session.case_changed.connect(self._on_case)
        session.project_changed.connect(self._on_case)
        session.cases_changed.connect(self._look_up)
        session.blinding.changed.connect(self._on_case)
        session.evaluator_changed.connect(self._on_case)
        self._on_case()

    def exclude(self, reason: str, note: str = "") -> None:
        """Leave the present case out."""
        self._write(exclusions.Wish(reason, note))

    def include(self) -> None:
        """Take the present case in again."""
        if self.state.standing is not None:
            self._write(None)

    def _write(self, wish: exclusions.Wish | None) -> None:
        session, project, case_id, evaluator = self._session, self._session.project, self._session.case_id, self._session.evaluator
        if project is None or case_id is None:
            return

        def done(before: Exclusion | None) -> None:
            self._push_history(project, case_id, evaluator, wish, before)
            self._tell(case_id, wish is not None)
            self._written(project)

        session.writes.submit(lambda: exclusions.put(project, case_id, wish, evaluator), done, session.report)

    def _push_history(self, project: Project, case_id: str, evaluator: str, wish: exclusions.Wish | None, before: Exclusion | None) -> None:
        earlier = exclusions.Wish(before.reason, before.note) if before is not None else None

        def put(what: exclusions.Wish | None) -> None:
            self._session.writes.flush()
            exclusions.put(project, case_id, what, evaluator)
            bring(self._session, case_id)
            self._tell(case_id, what is not None)
            self._written(project)

        self._session.undo.push(Change("exclusion", lambda: put(earlier), lambda: put(wish), scope=PERSON_SCOPE, case_id=case_id))

    def _tell(self, case_id: str, excluded: bool) -> None:
        self._session.tell("exclusion.done" if excluded else "exclusion.taken_in", "info", case=self._session.blinding.name(case_id))

    def _written(self, project: Project) -> None:
        if self._session.project is project:
            self._session.cases_changed.emit()

    def _on_case(self, _: object = None) -> None:
        self._asked += 1
        self._show(None)
        self._look_up()

    def _look_up(self) -> None:
        project, case_id = self._session.project, self._session.case_id
        if project is None or case_id is None:
            return
        self._asked += 1
        asked = self._asked

        def found(standing: Exclusion | None) -> None:
            if asked == self._asked:
                self._show(standing)

        self._session.background.run(lambda: cases.exclusion(project, case_id), found, self._session.report, key=f"exclusion.{id(self)}")

    def _show(self, standing: Exclusion | None) -> None:
        if standing is not None and self._session.blinding.on and standing.evaluator != self._session.evaluator:
            standing = replace(standing, reason="", note="", evaluator="")
        project = self._session.project
        possible = project is not None and not project.read_only and self._session.case_id is not None
        state = ExclusionState(possible, standing)
        if state != self.state:
            self.state = state
            self.changed.emit(state)
