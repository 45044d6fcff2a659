"""Whether the network whose answer is on the screen learned from the case that it is of: looked up once an answer is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal

from sos_studio.presenters.prediction import PredictionPresenter
from sos_studio.presenters.session import Session
from sos_studio.services.acquaintance import acquaintance

if TYPE_CHECKING:
    from sos_studio.core.answer_words import Acquaintance
    from sos_studio.presenters.prediction_state import PredictionState


class AcquaintancePresenter:
    """Tells it, or None while nothing is shown or nothing is known yet."""

    changed = Signal(object)

    def __init__(self, session: Session, prediction: PredictionPresenter) -> None:
        self._session = session
        self._of: tuple[str, str] | None = None
        self.known: Acquaintance | None = None
        prediction.changed.connect(self._on_prediction)
        self._on_prediction(prediction.state)

    def _on_prediction(self, state: PredictionState) -> None:
        capture, project, model = self._session.capture, self._session.project, state.chosen
        if state.shown is None or capture is None or project is None or model is None:
            self._of = None
            self._tell(None)
            return
        of = (capture.case_id, model.card.model_id)
        if of == self._of:
            return
        self._of = of
        self._tell(None)
        self._session.background.run(
            lambda: acquaintance(project, model.card, capture.case_id),
            lambda known: self._tell(known) if self._of == of else None,
            self._session.report,
            key="predict.acquaintance",
        )

    def _tell(self, known: Acquaintance | None) -> None:
        if known != self.known:
            self.known = known
            self.changed.emit(known)
