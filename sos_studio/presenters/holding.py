"""Whether the stage on the screen holds when the plane is set a little otherwise: asked for, shown, and forgotten with the answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from psygnal import Signal

from sos_studio.core.errors import CancelledError
from sos_studio.presenters.prediction import PredictionPresenter
from sos_studio.presenters.session import Session
from sos_studio.services.sensitivity import Sensitivity, sensitivity

if TYPE_CHECKING:
    from sos_studio.core.predictions import Prediction
    from sos_studio.presenters.prediction_state import PredictionState

Phase = Literal["nothing", "ready", "testing", "tested"]
Farther = Literal["open", "again"]


@dataclass(frozen=True)
class HoldingState:
    """What the step shows; `share` of the views has been looked at while it is ``testing``.

    Attributes
    ----------
    unsure
        The answer itself is: that it stays the same then makes it no surer.
    farther
        The plane itself was not moved, and could be: ``open`` its scan first, or ask ``again`` because that is open now.
    """

    phase: Phase = "nothing"
    share: float = 0.0
    found: Sensitivity | None = None
    unsure: bool = False
    farther: Farther | None = None


class HoldingPresenter:
    """Asks the student that gave the answer on the screen about pictures of moved planes."""

    changed = Signal(HoldingState)

    def __init__(self, session: Session, prediction: PredictionPresenter) -> None:
        self._session = session
        self._prediction = prediction
        self._of: Prediction | None = None
        self.state = HoldingState()
        prediction.changed.connect(self._on_prediction)
        session.scan_changed.connect(self._on_scan)
        session.scan_completed.connect(self._on_scan)
        self._on_prediction(prediction.state)

    def test(self) -> None:
        """Ask about every variation of the capture."""
        capture, model, said = self._session.capture, self._prediction.state.chosen, self._of
        if capture is None or model is None or said is None or self.state.phase == "testing":
            return
        volume = None if self._session.scan is None else self._session.scan.volume
        service, background = self._prediction.service, self._session.background

        def told(share: float) -> None:
            background.post(lambda: self._show(share=share) if self._of is said and self.state.phase == "testing" else None)

        def work() -> Sensitivity:
            return sensitivity(
                service,
                capture,
                model_dir=model.path,
                stage=said.stage,
                volume=volume,
                progress=told,
                cancelled=lambda: self._of is not said,
            )

        def done(found: Sensitivity) -> None:
            if self._of is said:
                self._show(phase="tested", found=found, farther=self._farther(found))

        def failed(error: Exception) -> None:
            if self._of is said:
                self._show(phase="ready", share=0.0)
            if not isinstance(error, CancelledError):
                self._session.report(error)

        self._show(phase="testing", share=0.0, found=None, farther=None)
        self._session.background.run(work, done, failed, key="predict.holding")

    def _on_prediction(self, state: PredictionState) -> None:
        said = None if state.shown is None else state.shown.prediction
        if said is not self._of:
            self._of = said
            phase: Phase = "nothing" if said is None else "ready"
            self._show(phase=phase, share=0.0, found=None, unsure=said is not None and (said.unsure or said.unlike), farther=None)

    def _on_scan(self, _: object) -> None:
        if self.state.found is not None:
            self._show(farther=self._farther(self.state.found))

    def _farther(self, found: Sensitivity) -> Farther | None:
        capture, scan = self._session.capture, self._session.scan
        if found.reach == "plane" or capture is None or capture.record.series_hash is None or capture.record.orientation is None:
            return None
        return "again" if scan is not None and not scan.coarse and scan.volume.series_hash == capture.record.series_hash else "open"

    def _show(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)
        self.changed.emit(self.state)
