"""The queue of cases that would teach the student most: which cases, made in the background, and the way through them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from psygnal import Signal

from sos_studio.core.errors import CancelledError, SosError
from sos_studio.messages import Message, message
from sos_studio.presenters.prediction import PredictionPresenter
from sos_studio.presenters.session import Session
from sos_studio.services.listed_cases import CaseList, ListedCase
from sos_studio.services.teaching import WHICH, Teaching, Which, offered, teaching_order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sos_studio.dataset.project import Project
    from sos_studio.services.model_list import ModelEntry

Phase = Literal["looking", "choosing", "asking", "shown", "failed", "stopped"]


@dataclass(frozen=True)
class TeachingState:
    """What is shown: the choice, how far it is, or the queue.

    Attributes
    ----------
    counts
        How many cases each choice has; the one to begin with is `which`.
    seconds_left
        None while that is not known.
    done
        Cases of the queue that this evaluator has staged since.
    """

    phase: Phase = "looking"
    counts: Mapping[Which, int] = field(default_factory=dict)
    which: Which = "nobody"
    share: float = 0.0
    seconds_left: float | None = None
    queue: tuple[Teaching, ...] = ()
    done: frozenset[str] = frozenset()
    networks: int = 0
    problem: Message | None = None

    @property
    def next_case(self) -> str | None:
        """The first of the queue that is left."""
        return next((one.case_id for one in self.queue if one.case_id not in self.done), None)


class TeachingPresenter:
    """Cases ordered by what they would teach, for the evaluator that asked."""

    changed = Signal(TeachingState)

    def __init__(self, session: Session, prediction: PredictionPresenter) -> None:
        self._session, self._prediction = session, prediction
        self._project, self._evaluator = session.project, session.evaluator
        self._offered: dict[Which, list[ListedCase]] = {}
        self._queued: list[ListedCase] = []  # of whom the queue is: another choice may be on the screen by now
        self._stopped = False
        self.state = TeachingState()
        session.cases_changed.connect(self._on_cases)

    def look(self) -> None:
        """Count what there is to choose from."""
        project, networks, evaluator = self._project, self.networks, self._evaluator
        if project is None or not networks:
            self._show(phase="failed", problem=message("prediction.no_student"))
            return

        def found(by: dict[Which, list[ListedCase]]) -> None:
            # Which cases others have staged is hidden from who reads blinded, and so is what the network learned from their stages.
            kinds: tuple[Which, ...] = ("mine",) if self._session.blinding.on else WHICH
            self._offered = by = {one: by[one] for one in kinds}
            which = next((one for one in kinds if by[one]), kinds[0])
            self._show(phase="choosing", counts={one: len(cases) for one, cases in by.items()}, which=which, networks=len(networks))

        card = networks[0].card
        self._session.background.run(
            lambda: offered(project, CaseList(project).look().cases, card, evaluator), found, self._failed, key="teaching.look"
        )

    def choose(self, which: Which) -> None:
        """Other cases."""
        if self.state.phase != "asking":
            self._show(which=which)

    def start(self) -> None:
        """Ask the networks about every case of the choice."""
        project, networks, service = self._project, self.networks, self._prediction.service
        if project is None or not networks or self.state.phase in ("looking", "asking"):
            return
        cases = self._queued = self._offered.get(self.state.which, [])
        self._stopped = False
        self._show(phase="asking", networks=len(networks), share=0.0, seconds_left=None, queue=(), done=frozenset(), problem=None)
        began, background, tasks = time.monotonic(), self._session.background, self._session.tasks
        # In sight in the status bar, where the list may be closed meanwhile.
        task = tasks.begin("teaching")
        share_out = tasks.progress_of(task)

        def told(share: float) -> None:
            share_out(share)
            left = (time.monotonic() - began) / share * (1 - share) if share else None
            background.post(lambda: self._show(share=share, seconds_left=left) if self.state.phase == "asking" else None)

        def done(queue: list[Teaching]) -> None:
            tasks.end(task)
            self._show(phase="shown", queue=tuple(queue))
            self._on_cases()

        def failed(error: Exception) -> None:
            tasks.end(task)
            self._failed(error)

        def stopped() -> bool:
            return self._stopped or task.cancelled

        background.run(lambda: teaching_order(project, cases, networks, service, progress=told, cancelled=stopped), done, failed)

    def stop(self) -> None:
        """Nobody waits for it any more."""
        self._stopped = True

    @property
    def networks(self) -> list[ModelEntry]:
        """The student in use first, then the others of its scheme."""
        state = self._prediction.state
        chosen = state.chosen
        if chosen is None:
            return []
        return [chosen, *(entry for entry in state.students if entry != chosen and entry.card.scheme == chosen.card.scheme)]

    def _on_cases(self) -> None:
        """Somebody read a case: those of the queue that are done are ticked."""
        project, evaluator, asked = self._project, self._evaluator, frozenset(one.case_id for one in self.state.queue)
        if project is None or not asked or self._session.project is not project:
            return
        before = {case.case_id for case in self._queued if evaluator in case.staged_here}
        self._session.background.run(
            lambda: _staged(project, evaluator) & asked - before,
            lambda done: self._show(done=done) if done != self.state.done else None,
            self._session.report,
            key="teaching.done",
        )

    def _failed(self, error: Exception) -> None:
        if isinstance(error, CancelledError):
            self._show(phase="stopped")
        else:
            known = message(error.code, error.values) if isinstance(error, SosError) else message("prediction.failed")
            self._show(phase="failed", problem=known)

    def _show(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)
        self.changed.emit(self.state)


def _staged(project: Project, evaluator: str) -> frozenset[str]:
    return frozenset(case.case_id for case in CaseList(project).look().cases if evaluator in case.staged_here)
