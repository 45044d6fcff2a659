"""The Predict step: the student's stage for the full image, where it looked, and the evaluator's answer to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from sos_studio.core.actions import Action
from sos_studio.core.settings import Settings
from sos_studio.core.stages import BASSED_5
from sos_studio.presenters.acquaintance import AcquaintancePresenter
from sos_studio.presenters.holding import HoldingPresenter
from sos_studio.presenters.left_out import LeftOutNetworks
from sos_studio.presenters.prediction import PredictionPresenter
from sos_studio.presenters.session import Session
from sos_studio.services.prediction import PredictionService
from sos_studio.ui import hints
from sos_studio.ui.ask_evaluator import ask_evaluator
from sos_studio.ui.heat_view import HeatView
from sos_studio.ui.pixel_position import pixel_position
from sos_studio.ui.predict_panel import PredictPanel
from sos_studio.ui.reference_card import STAGE_ACTIONS


class PredictStep(QWidget):
    """Large full image with the overlay; figures and controls are in the inspector."""

    # Patient millimetres and grey value under the pointer (see `pixel_position`), or None.
    pixel_pointed = Signal(object)
    case_scan_wanted = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None, *, service: PredictionService | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.presenter = PredictionPresenter(session, service)
        self.left_out = LeftOutNetworks(session)
        self.view = HeatView(self.presenter)
        self.view.pointer_moved.connect(lambda uv: self.pixel_pointed.emit(pixel_position(session.capture, uv)))
        self.holding = HoldingPresenter(session, self.presenter)
        self.acquaintance = AcquaintancePresenter(session, self.presenter)
        self.panel = PredictPanel(self.presenter, self.holding, self.acquaintance)
        self.panel.holding.scan_wanted.connect(self.case_scan_wanted)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        self.setFocusProxy(self.view)
        self.presenter.readings.evaluator_needed.connect(self._ask_evaluator)
        session.capture_changed.connect(self._on_capture)
        session.roi_changed.connect(self.view.set_expert_frame)
        session.settings_changed.connect(self._on_settings)
        self._on_settings(session.settings)
        self._on_capture(session.capture)
        self.view.set_expert_frame(session.roi)
        self.presenter.send_heat()
        # The process that answers ends with the step, and at the latest with the program.
        close = self.presenter.close
        self.destroyed.connect(close)
        app = QApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(close)

    def inspector(self) -> QWidget:
        """What goes into the right dock."""
        return self.panel

    @property
    def actions_by_id(self) -> Mapping[Action, Callable[[], None]]:
        """What menus and shortcuts call."""
        corrections = {
            action: (lambda number=stage.number: self.presenter.correct(number))
            for action, stage in zip(STAGE_ACTIONS, BASSED_5.stages, strict=True)
        }
        return {
            **corrections,
            Action.PREDICT: self.presenter.predict,
            Action.TOGGLE_HEATMAP: self.presenter.toggle_heat,
            Action.CONFIRM_PREDICTION: self.presenter.confirm,
        }

    def _on_capture(self, _: object) -> None:
        capture = self._session.capture
        self.view.set_picture(None if capture is None else capture.full8, spacing_mm=None if capture is None else capture.record.spacing_mm)

    def _on_settings(self, settings: Settings) -> None:
        self.view.empty_text = hints.capture_first()
        self.panel.refresh()
        self.view.update()
        self.view.set_mirrored(settings.facing == "left")

    def _ask_evaluator(self, stage: int) -> None:
        ask_evaluator(self._session, self, lambda: self.presenter.correct(stage))
