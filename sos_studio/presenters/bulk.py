"""What is done with many cases at once: exclude them, take them in, predict. Each is one step of the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psygnal import Signal

from sos_studio.core.errors import CancelledError, SosError
from sos_studio.core.predictions import Prediction
from sos_studio.dataset import events
from sos_studio.messages import Message, message
from sos_studio.presenters.answers import Asked, ask_all, record
from sos_studio.presenters.case_files import load_case
from sos_studio.presenters.session import Session
from sos_studio.presenters.undo import PERSON_SCOPE, Change
from sos_studio.services import exclusions
from sos_studio.services.exclusions import Wish

if TYPE_CHECKING:
    from sos_studio.dataset.project import Project
    from sos_studio.presenters.prediction import PredictionPresenter
    from sos_studio.services.model_list import ModelEntry


@dataclass(frozen=True)
class PredictedCase:
    """What was said of one case, or why nothing was."""

    case_id: str
    said: Prediction | None = None
    problem: Message | None = None


class BulkPresenter:
    """Drives actions on the cases that are selected in the list.

    Signals
    -------
    predicting
        How many cases are going to be predicted, before the first.
    predicted
        A `PredictedCase`, one after the other.
    finished
        All are done, or it was stopped.
    """

    predicting = Signal(int)
    predicted = Signal(PredictedCase)
    finished = Signal()

    def __init__(self, session: Session, prediction: PredictionPresenter) -> None:
        self._session = session
        self._prediction = prediction
        self._run = 0  # answers of an older run are dropped
        self._running = False
        session.project_changed.connect(lambda _: self.stop())

    # --- the dataset ---------------------------------------------------------------------------------------------------------

    def exclude(self, case_ids: Sequence[str], reason: str, note: str = "") -> None:
        """Leave cases out, all for one reason."""
        self._put({case_id: Wish(reason, note) for case_id in case_ids})

    def include(self, case_ids: Sequence[str]) -> None:
        """Take cases in again; those that are not excluded stay as they are."""
        self._put(dict.fromkeys(case_ids))

    def find_last_import(self, then: Callable[[tuple[str, ...]], None]) -> None:
        """Hand over the cases of the last import, so that they can be selected and excluded together; say so if there are none."""
        session, project = self._session, self._session.project
        if project is None:
            return
        session.begun.emit()
        if session.blinding.on:
            session.tell("bulk.import_blinded", "info")
            return

        def found(case_ids: tuple[str, ...]) -> None:
            if session.project is not project:
                return
            if not case_ids:
                session.tell("bulk.no_import", "info")
                return
            then(case_ids)
            session.tell("bulk.import_selected", "info", count=len(case_ids))

        session.background.run(lambda: events.last_import(project), found, session.report, key="last-import")

    def _put(self, wishes: Mapping[str, Wish | None]) -> None:
        session, project, evaluator = self._session, self._session.project, self._session.evaluator
        if project is None or not wishes:
            return
        session.begun.emit()

        def done(before: dict[str, Wish | None]) -> None:
            after = {case_id: wishes[case_id] for case_id in before}
            if not before:
                session.tell("exclusion.none_changed", "info")
                return
            self._push_history(project, evaluator, before, after)
            self._told(project, after)

        session.writes.submit(lambda: exclusions.put_many(project, wishes, evaluator), done, session.report)

    def _push_history(self, project: Project, evaluator: str, before: Mapping[str, Wish | None], after: Mapping[str, Wish | None]) -> None:
        def put(wishes: Mapping[str, Wish | None]) -> None:
            self._session.writes.flush()
            exclusions.put_many(project, wishes, evaluator)
            self._told(project, wishes)

        self._session.undo.push(Change("exclusions", lambda: put(before), lambda: put(after), scope=PERSON_SCOPE, case_ids=tuple(before)))

    def _told(self, project: Project, wishes: Mapping[str, Wish | None]) -> None:
        if self._session.project is not project:
            return
        out = [case_id for case_id, wish in wishes.items() if wish is not None]
        taken_in = [case_id for case_id, wish in wishes.items() if wish is None]
        for code, case_ids in (("exclusion.many_done", out), ("exclusion.many_taken_in", taken_in)):
            if case_ids:
                self._session.tell(code, "info", count=len(case_ids), cases=self._session.blinding.names(case_ids))
        self._session.cases_changed.emit()

    # --- predictions ---------------------------------------------------------------------------------------------------------

    def predict(self, case_ids: Sequence[str]) -> None:
        """Ask the chosen student about each, one after the other; what is shown is noted as shown."""
        session, state, project = self._session, self._prediction.state, self._session.project
        if project is None or not case_ids:
            return
        session.begun.emit()
        if session.blinding.on:
            session.tell("bulk.blinded", "info")
        elif state.chosen is None:
            session.tell("bulk.no_student", "warning")
        else:
            self.stop()
            self._running = True
            self.predicting.emit(len(case_ids))
            session.busy.emit("predict")
            self._next(self._run, project, (state.chosen, state.detector), tuple(case_ids), 0)

    def stop(self) -> None:
        """The one that is being asked about is the last."""
        self._run += 1
        if self._running:
            self._running = False
            self._session.busy.emit(None)
            self.finished.emit()

    def _next(self, run: int, project: Project, networks: tuple[ModelEntry, ModelEntry | None], case_ids: Sequence[str], n: int) -> None:
        """The same networks for all, whatever is chosen in Predict meanwhile."""
        session = self._session
        if run != self._run:
            return
        session.progress.emit(n / len(case_ids))
        if n == len(case_ids):
            self.stop()
            return
        case_id, evaluator = case_ids[n], session.evaluator
        service, (model, detector) = self._prediction.service, networks

        def work() -> PredictedCase:
            case = load_case(project, case_id)
            if case.capture is None:
                return PredictedCase(case_id, None, message("predict.no_image"))
            answered = ask_all(service, case.capture, model, detector, case.roi)
            if run == self._run:  # else nobody will see it
                record(project, Asked(case.capture.capture_id, model.card.model_id, evaluator), answered)
            return PredictedCase(case_id, answered.shown.prediction)

        def arrived(answer: PredictedCase) -> None:
            if run == self._run:
                if answer.said is not None:
                    session.blinding.saw_ai(answer.case_id)
                self.predicted.emit(answer)
                self._next(run, project, networks, case_ids, n + 1)
                if n + 1 == len(case_ids):
                    session.cases_changed.emit()

        def failed(error: Exception) -> None:
            known = isinstance(error, SosError) and not isinstance(error, CancelledError)
            problem = message(error.code, error.values) if known and isinstance(error, SosError) else message("prediction.failed")
            arrived(PredictedCase(case_id, None, problem))

        session.background.run(work, arrived, failed)
