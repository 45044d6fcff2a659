"""Foot of the Predict panel: the evaluator's answer to the network, always in sight and always in the same place."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from sos_studio.core.actions import Action
from sos_studio.core.predictions import Prediction
from sos_studio.core.stages import BASSED_5
from sos_studio.presenters.prediction import PredictionPresenter
from sos_studio.presenters.staging import StagingState
from sos_studio.ui import parts
from sos_studio.ui.reference_card import STAGE_ACTIONS, stage_words

# What was saved may need so many lines; they are kept free, so that no key moves when it comes.
_SAVED_LINES = 2


def _tr(text: str) -> str:
    return QCoreApplication.translate("PredictStep", text)


class AnswerFoot(QWidget):
    """Confirm, correct, and what was saved of it."""

    def __init__(self, presenter: PredictionPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self.confirm = parts.button(_tr("Confirm"), _tr("Write a reading of the predicted stage"), Action.CONFIRM_PREDICTION)
        self.confirm.clicked.connect(presenter.confirm)
        self.corrections: list[QToolButton] = []
        self.saved = QLabel()
        self.saved.setWordWrap(True)
        self.saved.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._lay_out()
        presenter.readings.changed.connect(self._on_reading)
        self._on_reading(presenter.readings.state)

    def _lay_out(self) -> None:
        keys = QGridLayout()
        keys.setContentsMargins(0, 0, 0, 0)
        keys.setSpacing(4)
        keys.addWidget(self.confirm, 0, 0, 1, 5)
        for column, (stage, action) in enumerate(zip(BASSED_5.stages, STAGE_ACTIONS, strict=True)):
            made = parts.chip(
                str(stage.number), _tr("Correct to stage {n}: {words}").format(n=stage.number, words=stage_words(stage)), action
            )
            made.clicked.connect(lambda _=False, number=stage.number: self._correct(number))
            self.corrections.append(made)
            made.setMinimumWidth(made.fontMetrics().horizontalAdvance("✓ 5") + 8)  # a tick moves no key
            keys.addWidget(made, 1, column)
            keys.setColumnStretch(column, 1)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(10, 4, 10, 6)
        rows.setSpacing(4)
        rows.addWidget(parts.rule())
        rows.addWidget(parts.heading(_tr("Your answer, having seen the AI")))
        rows.addLayout(keys)
        rows.addWidget(self.saved)

    def show_answer(self, said: Prediction | None) -> None:
        """What can be confirmed or corrected now."""
        self.confirm.setEnabled(said is not None)
        self.confirm.setText(_tr("Confirm") if said is None else _tr("Confirm stage {n}").format(n=said.stage))
        for made in self.corrections:
            made.setEnabled(said is not None)
        # The theme, and with it the font, comes after the widget.
        self.saved.setMinimumHeight(_SAVED_LINES * self.saved.fontMetrics().lineSpacing())

    def _correct(self, stage: int) -> None:
        self._presenter.correct(stage)
        self._on_reading(self._presenter.readings.state)

    def _on_reading(self, state: StagingState) -> None:
        read = state.reading.stage if state.reading is not None else None
        for number, made in enumerate(self.corrections, start=1):
            made.setChecked(number == read)
            made.setText(f"✓ {number}" if number == read else str(number))
        self.saved.setText(_reading_words(state))


def _reading_words(state: StagingState) -> str:
    if state.phase == "failed":
        return _tr("✕ Not saved")
    if state.phase == "saving":
        return _tr("Saving …")
    if state.reading is None:
        return ""
    when = state.reading.created_utc.astimezone().strftime("%H:%M:%S")
    told = _tr("✓ Saved {when}: stage {n} by {name}").format(when=when, n=state.reading.stage, name=state.reading.evaluator)
    return told + (_tr(" (after seeing the AI)") if state.reading.ai_seen else _tr(" (before seeing the AI)"))
