"""The queue of cases that would teach the student most: made in the background, and the way to each case."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from psygnal import Signal

from sos_studio.core.errors import CancelledError, SosError
from sos_studio.messages import Message, message
from sos_studio.presenters.prediction import PredictionPresenter
from sos_studio.presenters.session import Session
from sos_studio.services.listed_cases import CaseList
from sos_studio.services.teaching import Teaching, teaching_order

Phase = Literal["asking", "shown", "failed", "stopped"]


@dataclass(frozen=True)
class TeachingState:
    """What is shown: the queue, or how far it is."""

    phase: Phase = "asking"
    share: float = 0.0
    queue: tuple[Teaching, ...] = ()
    networks: int = 0
    problem: Message | None = None


class TeachingPresenter:
    """Cases that this evaluator has not staged yet, ordered by what they would teach."""

    changed = Signal(TeachingState)

    def __init__(self, session: Session, prediction: PredictionPresenter) -> None:
        self._session, self._prediction = session, prediction
        self._stopped = False
        self.state = TeachingState()

    def start(self) -> None:
        """Ask the networks about every case that is left to stage."""
        session, state, project = self._session, self._prediction.state, self._session.project
        chosen = state.chosen
        if project is None or chosen is None:
            self._show(phase="failed", problem=message("prediction.no_student"))
            return
        others = [entry for entry in state.students if entry != chosen and entry.card.scheme == chosen.card.scheme]
        networks, evaluator, service = [chosen, *others], session.evaluator, self._prediction.service
        self._show(phase="asking", networks=len(networks))

        def told(share: float) -> None:
            session.background.post(lambda: self._show(share=share))

        def work() -> list[Teaching]:
            left = [case for case in CaseList(project).look().cases if not case.excluded and evaluator not in case.staged_here]
            return teaching_order(project, left, networks, service, progress=told, cancelled=lambda: self._stopped)

        def failed(error: Exception) -> None:
            if isinstance(error, CancelledError):
                self._show(phase="stopped")
            else:
                known = message(error.code, error.values) if isinstance(error, SosError) else message("prediction.failed")
                self._show(phase="failed", problem=known)

        session.background.run(work, lambda queue: self._show(phase="shown", queue=tuple(queue)), failed)

    def stop(self) -> None:
        """Nobody looks any more."""
        self._stopped = True

    def _show(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)
        self.changed.emit(self.state)
