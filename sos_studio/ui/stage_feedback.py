"""What has been read, whether it is saved and, once it is, what was hidden until then."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from sos_studio.core.actions import Action
from sos_studio.core.predictions import UNSURE_BELOW
from sos_studio.core.readings import Reading
from sos_studio.core.stages import BASSED_5
from sos_studio.dataset.predictions import ShownPrediction
from sos_studio.presenters.staging import StagingPresenter, StagingState
from sos_studio.services.revealing import Revealed
from sos_studio.ui import keys, parts
from sos_studio.ui.language import local_time
from sos_studio.ui.predict_words import origin_words
from sos_studio.ui.reference_card import STAGE_ACTIONS, stage_words


def _tr(text: str) -> str:
    return QCoreApplication.translate("StageFeedback", text)


def confidence_words(confidence: str | None) -> str:
    """How sure, in a word."""
    words = {"low": _tr("low"), "medium": _tr("medium"), "high": _tr("high")}
    return words[confidence] if confidence is not None else ""


class Feedback(QWidget):
    """Large enough to be seen from the corner of the eye."""

    def __init__(self, presenter: StagingPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._stage = QLabel()
        font = self._stage.font()
        font.setPointSizeF(font.pointSizeF() * 1.7)
        font.setBold(True)
        self._stage.setFont(font)
        self._words = QLabel()
        self._words.setWordWrap(True)
        self.saved = QLabel()
        self.saved.setWordWrap(True)
        self.revealed = parts.note()
        self.origin = parts.red()
        self.next = parts.button(_tr("Next unstaged"), _tr("Open the next case without a reading by you"), Action.NEXT_UNSTAGED)
        self.next.clicked.connect(presenter.next_case)
        self.reveal = parts.button(
            _tr("Other readings"), _tr("Show what others read and what was predicted, once your own reading is saved"), Action.REVEAL
        )
        self.reveal.clicked.connect(presenter.reveal)
        buttons = QHBoxLayout()
        buttons.addWidget(self.next)
        buttons.addWidget(self.reveal)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        for widget in (self._stage, self._words, self.saved, self.revealed, self.origin):
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addLayout(buttons)
        layout.setAlignment(buttons, Qt.AlignmentFlag.AlignLeft)
        presenter.changed.connect(self._on_state)
        self._on_state(presenter.state)

    def refresh(self) -> None:
        """Say it anew: keys may be other ones now."""
        self._on_state(self._presenter.state)

    def _on_state(self, state: StagingState) -> None:
        if state.stage is None:
            self._stage.setText(_tr("No reading yet") if state.can_stage else _tr("No case open"))
            self._words.setText(_unread_words(state))
        else:
            stage = BASSED_5.stages[state.stage - 1]
            self._stage.setText(_tr("Stage {n}").format(n=stage.number))
            self._words.setText(stage_words(stage))
        self.saved.setText(_saved_words(state))
        parts.set_alarm(self.saved, state.phase == "failed")
        self.reveal.setEnabled(state.read_here)
        self.revealed.setVisible(state.revealed is not None)
        # Emptied, not only hidden: the next case's reader must find nothing of this one.
        self.revealed.setText(revealed_words(state.revealed) if state.revealed is not None else "")
        card = state.revealed.card if state.revealed is not None else None
        self.origin.setText(origin_words(card) if card is not None else "")
        self.origin.setVisible(bool(self.origin.text()))


def revealed_words(revealed: Revealed) -> str:
    """Other readings, prediction and patient, a line each."""
    readings = " · ".join(_reading_words(reading, revealed.capture_id) for reading in revealed.others)
    lines = [_tr("Others: {readings}").format(readings=readings) if readings else _tr("Nobody else has read this case.")]
    shown = revealed.prediction
    if shown is not None:
        lines.append(_prediction_words(shown))
    else:
        lines.append(_tr("No prediction yet; Predict makes one."))
    patient = [_tr("Patient {name}").format(name=revealed.patient)]
    if revealed.age_years is not None:
        patient.append(_tr("{age} years").format(age=f"{revealed.age_years:g}"))
    if revealed.sex is not None:
        patient.append({"F": _tr("female"), "M": _tr("male")}[revealed.sex])
    lines.append(" · ".join(patient))
    return "\n".join(lines)


def _prediction_words(shown: ShownPrediction) -> str:
    """No surer than it stood in Predict."""
    told = _tr("Prediction: stage {n} ({percent} %)")
    if shown.kept is not None and shown.kept.prediction.unlike:
        told = _tr("Prediction: not reliable (stage {n}, {percent} %), the image is unlike the training data")
    elif max(shown.probabilities) < UNSURE_BELOW:
        told = _tr("Prediction: unsure (stage {n}, {percent} %)")
    return told.format(n=shown.stage, percent=round(100 * shown.probabilities[shown.stage - 1]))


def _reading_words(reading: Reading, capture_id: str) -> str:
    words = _tr("{name} stage {n}").format(name=reading.evaluator, n=reading.stage)
    more = [confidence_words(reading.confidence)] if reading.confidence is not None else []
    if reading.ambiguous:
        more.append(_tr("ambiguous"))
    if reading.capture_id != capture_id:
        more.append(_tr("earlier capture"))
    return f"{words} ({', '.join(more)})" if more else words


def _unread_words(state: StagingState) -> str:
    if not state.can_stage:
        return _tr("{key} opens the next case without a reading by you.").format(key=keys.named(Action.NEXT_UNSTAGED))
    stages = keys.span(*STAGE_ACTIONS)
    if state.earlier is None:
        return _tr("Press {stages}.").format(stages=stages)
    when = local_time(state.earlier.created_utc)
    words = _tr("Press {stages} to read this capture. On {when} you read stage {n} on another capture of this case; that reading stays.")
    return words.format(stages=stages, when=when, n=state.earlier.stage)


def _saved_words(state: StagingState) -> str:
    match state.phase:
        case "saved" if state.reading is not None:
            when = state.reading.created_utc.astimezone().strftime("%H:%M:%S")
            told = [_tr("✓ Saved {when} by {name}").format(when=when, name=state.reading.evaluator)]
            if state.reading.confidence is not None:
                told.append(_tr("confidence {confidence}").format(confidence=confidence_words(state.reading.confidence)))
            if state.reading.ambiguous:
                told.append(_tr("ambiguous"))
            if state.reading.ai_seen:
                told.append(_tr("prediction seen before"))
            if state.reading.blinded:
                told.append(_tr("blinded"))
            if state.unblinded:
                told.append(_tr("not blinded: changed after the reveal"))
            return " · ".join(told)
        case "saving":
            return _tr("Saving …")
        case "failed":
            return _tr("✕ Not saved")
        case _:
            return ""
