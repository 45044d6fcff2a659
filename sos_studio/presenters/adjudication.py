"""The adjudication queue: one disputed case after another, a decision per key, saved before it is shown as decided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from psygnal import Signal

from sos_studio.core.consensus import MAJORITY, Rule
from sos_studio.dataset import consensus, readings
from sos_studio.presenters.session import Session
from sos_studio.services import adjudication

if TYPE_CHECKING:
    from sos_studio.core.readings import Reading
    from sos_studio.dataset.project import Project
    from sos_studio.services.adjudication import Dispute, Which

Phase = Literal["loading", "empty", "asking", "saving", "saved", "failed"]


@dataclass(frozen=True)
class QueueState:
    """What the dialog shows.

    Attributes
    ----------
    case_ids, index
        The queue, and which of its cases is in front; a case that was decided stays in it until the queue is looked at anew.
    dispute
        The case in front; None while it is being read or the queue is empty.
    phase
        ``saved`` only after the decision is in the database.
    evaluators
        All who have read here: one of them may be the senior reader.
    """

    which: Which = "open"
    case_ids: tuple[str, ...] = ()
    index: int = 0
    dispute: Dispute | None = None
    phase: Phase = "loading"
    rule: Rule = MAJORITY
    evaluators: tuple[str, ...] = ()
    writable: bool = True

    @property
    def case_id(self) -> str | None:
        """The case in front."""
        return self.case_ids[self.index] if self.index < len(self.case_ids) else None


class AdjudicationPresenter:
    """Drives the queue of the open project.

    Signals
    -------
    name_needed
        A decision needs a name; the view asks for it and then decides again.
    """

    changed = Signal(QueueState)
    name_needed = Signal(object)

    def __init__(self, session: Session, project: Project) -> None:
        self._session = session
        self._project = project
        self._asked = 0  # answers to older questions are dropped
        self.state = QueueState(writable=not project.read_only)
        self.show("open")

    @property
    def _blinded(self) -> bool:
        return self._session.blinding.on

    def name(self, case_id: str) -> str:
        """What a case is called on the screen."""
        return self._session.blinding.name(case_id)

    def show(self, which: Which) -> None:
        """Another part of the queue, from its start."""
        project, evaluator, blinded = self._project, self._session.evaluator, self._blinded
        self._asked += 1
        asked = self._asked
        self._set(which=which, case_ids=(), index=0, dispute=None, phase="loading")

        def read() -> tuple[tuple[str, ...], Rule, tuple[str, ...]]:
            found = adjudication.queue(project, which, evaluator, blinded=blinded)
            # Whoever reads blinded learns nothing of who else reads here.
            names = () if blinded else tuple(readings.evaluators(project))
            return tuple(case.case_id for case in found), consensus.rule(project), names

        def done(answer: tuple[tuple[str, ...], Rule, tuple[str, ...]]) -> None:
            if asked == self._asked:
                case_ids, rule, names = answer
                self._set(case_ids=case_ids, rule=rule, evaluators=names, phase="loading" if case_ids else "empty")
                self._load()

        self._session.background.run(read, done, self._session.report, key="adjudication.queue")

    def go(self, by: int) -> None:
        """The next case (1) or the one before (-1), round and round."""
        if self.state.case_ids:
            self._set(index=(self.state.index + by) % len(self.state.case_ids), dispute=None, phase="loading")
            self._load()

    def decide(self, stage: int | None, *, ambiguous: bool = False, remark: str = "") -> None:
        """Decide the case in front: a stage, ambiguous, or (neither) left open."""
        state, session, project = self.state, self._session, self._project
        case_id = state.case_id
        if case_id is None or state.dispute is None or state.phase == "saving" or not state.writable:
            return
        if not session.evaluator:
            self.name_needed.emit(lambda: self.decide(stage, ambiguous=ambiguous, remark=remark))
            return
        name = session.evaluator
        self._set(phase="saving")

        def write() -> Reading:
            return adjudication.decide(project, case_id, name, stage, ambiguous=ambiguous, remark=remark)

        session.writes.submit(write, lambda _: self._written(case_id), self._failed)

    def take_back(self) -> None:
        """Undo one's own decision on the case in front."""
        case_id, session, project = self.state.case_id, self._session, self._project
        if case_id is None or not self.can_take_back:
            return
        name = session.evaluator
        self._set(phase="saving")
        session.writes.submit(lambda: adjudication.take_back(project, case_id, name), lambda _: self._written(case_id), self._failed)

    @property
    def can_take_back(self) -> bool:
        """Whether the standing decision on the case in front is this person's."""
        dispute = self.state.dispute
        made = dispute.verdict.decision if dispute is not None else None
        return self.state.writable and made is not None and made.evaluator == self._session.evaluator

    def choose_rule(self, rule: Rule) -> None:
        """Another consensus rule for the whole project; the queue is looked at anew."""
        session, project, which = self._session, self._project, self.state.which
        if rule == self.state.rule or not self.state.writable:
            return
        if not session.evaluator:
            self.name_needed.emit(lambda: self.choose_rule(rule))
            return
        name = session.evaluator

        def done(_: None) -> None:
            session.cases_changed.emit()
            self.show(which)

        session.writes.submit(lambda: consensus.choose(project, rule, name), done, self._failed)

    def _load(self) -> None:
        case_id, project = self.state.case_id, self._project
        if case_id is None:
            return
        self._asked += 1
        asked, evaluator, blinded = self._asked, self._session.evaluator, self._blinded

        def done(dispute: Dispute) -> None:
            if asked == self._asked:
                decided = self.state.phase == "saving"
                self._set(dispute=dispute, phase="saved" if decided else "asking")

        self._session.background.run(
            lambda: adjudication.look(project, case_id, evaluator, blinded=blinded), done, self._failed, key="adjudication.case"
        )

    def _written(self, case_id: str) -> None:
        self._session.cases_changed.emit()
        if self.state.case_id == case_id:
            self._load()

    def _failed(self, error: Exception) -> None:
        self._set(phase="failed")
        self._session.report(error)

    def _set(self, **values: object) -> None:
        self.state = replace(self.state, **values)  # type: ignore[arg-type]
        self.changed.emit(self.state)
