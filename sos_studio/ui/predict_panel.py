"""Inspector of the Predict step: the answer in figures, the heatmap's controls, confirm or correct, and what the student is."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from sos_studio.core.actions import Action
from sos_studio.core.answer_words import Acquaintance, mostly_wrong, told_apart
from sos_studio.core.predictions import ModelCard, Prediction
from sos_studio.core.stages import BASSED_5
from sos_studio.presenters.acquaintance import AcquaintancePresenter
from sos_studio.presenters.answers import Shown
from sos_studio.presenters.holding import HoldingPresenter
from sos_studio.presenters.prediction import PredictionPresenter
from sos_studio.presenters.prediction_state import PredictionState
from sos_studio.ui import keys, parts
from sos_studio.ui.answer_foot import AnswerFoot
from sos_studio.ui.choice_box import ChoiceBox
from sos_studio.ui.heat_controls import HeatControls
from sos_studio.ui.holding_row import HoldingRow
from sos_studio.ui.language import local_time
from sos_studio.ui.predict_words import (
    acquaintance_words,
    attention_in_terms,
    attention_words,
    certainty_words,
    frame_doubt_words,
    network_titles,
    origin_words,
    quality_words,
    set_in_terms,
    title_words,
    trained_when,
    unlike_words,
)
from sos_studio.ui.probability_bars import ProbabilityBars
from sos_studio.ui.reference_card import stage_words
from sos_studio.ui.steady_scroll import SteadyScroll


def _tr(text: str) -> str:
    return QCoreApplication.translate("PredictStep", text)


class PredictPanel(QWidget):
    """Right dock while Predict is in front."""

    def __init__(
        self,
        presenter: PredictionPresenter,
        holding: HoldingPresenter,
        acquaintance: AcquaintancePresenter,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self.predict_button = parts.button(_tr("Predict stage"), _tr("Let the trained network stage this full image"), Action.PREDICT)
        self.predict_button.setObjectName("primary")
        self.predict_button.clicked.connect(presenter.predict)
        self._models = ChoiceBox()
        self._models.setAccessibleName(_tr("Trained network"))
        self._models.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._models.setMinimumContentsLength(12)
        self._models.activated.connect(lambda _: presenter.choose_model(str(self._models.currentData())))
        self._offered: dict[str, str] = {}
        self._used: str | None = None
        self.quality = QLabel()
        self.quality.setWordWrap(True)
        self.phantom = parts.red()
        self.unlike = parts.red()
        self.frame_doubt = parts.red()
        self.known = QLabel()
        self.known.setWordWrap(True)
        self.stage = QLabel()
        font = self.stage.font()
        font.setPointSizeF(font.pointSizeF() * 1.6)
        font.setBold(True)
        self.stage.setFont(font)
        self._words = QLabel()
        self._words.setWordWrap(True)
        self.bars = ProbabilityBars()
        self.stage_set = QLabel()
        self.stage_set.setWordWrap(True)
        self.expected = QLabel()
        self.attention = QLabel()
        self.attention.setWordWrap(True)
        self.holding = HoldingRow(holding)
        self.heat = HeatControls(presenter)
        self.foot = AnswerFoot(presenter)
        self._lay_out()
        presenter.changed.connect(self._on_state)
        acquaintance.changed.connect(self._on_known)
        self._on_known(acquaintance.known)
        self._on_state(presenter.state)

    def _lay_out(self) -> None:
        column = parts.column(
            self.predict_button,
            self._models,
            self.quality,
            self.phantom,
            self.unlike,
            self.stage,
            self._words,
            self.known,
            self.bars,
            self.stage_set,
            self.expected,
            self.holding,
            self.heat,
            # What comes after the stage stands last: nothing that is clicked moves when it is there.
            self.attention,
            self.frame_doubt,
        )
        rows = column.layout()
        if rows is not None:
            rows.setSpacing(3)  # so that all of it fits on a laptop
            rows.setContentsMargins(10, 8, 10, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(SteadyScroll(column), 1)
        layout.addWidget(self.foot)

    def refresh(self) -> None:
        """Say it anew: keys that it names may have changed."""
        self._on_state(self._presenter.state)

    def _on_state(self, state: PredictionState) -> None:
        self._show_models(state)
        self.predict_button.setEnabled(state.phase in ("ready", "shown", "failed"))
        card = state.chosen.card if state.chosen is not None else None
        self.phantom.setText("" if card is None else origin_words(card))
        self.phantom.setVisible(bool(self.phantom.text()))
        aside = card is not None and state.used is not None and card.model_id != state.used
        told = (_tr("Not the network in use.") if aside else "", "" if card is None else quality_words(card))
        self.quality.setText(" ".join(filter(None, told)))
        self.quality.setToolTip("" if card is None else _about_in_terms(card))
        self.quality.setVisible(bool(self.quality.text()))
        parts.set_alarm(self.quality, card is not None and mostly_wrong(card))
        prediction = state.shown.prediction if state.shown is not None else None
        self.unlike.setText(unlike_words(prediction) if prediction is not None else "")
        self.unlike.setVisible(bool(self.unlike.text()))
        self.frame_doubt.setText("" if state.shown is None else _frame_words(state.shown))
        self.frame_doubt.setVisible(bool(self.frame_doubt.text()))
        self.bars.set_probabilities(prediction.probabilities if prediction is not None else ())
        held = prediction.promised if prediction is not None else None
        self.bars.set_stage_set(held)
        self.stage_set.setText("" if prediction is None else certainty_words(prediction))
        self.stage_set.setToolTip("" if held is None else set_in_terms(held))
        self.stage_set.setVisible(prediction is not None)
        self.stage.setText(_title(prediction))
        self._words.setText(_answer_words(prediction) if prediction is not None else _what_next(state))
        self.expected.setText(_mean_words(prediction) if prediction is not None else "")
        self.expected.setToolTip(_tr("Mean of the stages, each weighted by its probability"))
        self.expected.setVisible(prediction is not None)
        self.attention.setText(_attention_words(state.shown, state.heat_coming) if state.shown is not None else "")
        self.attention.setToolTip(attention_in_terms())
        self.attention.setVisible(prediction is not None)
        parts.set_alarm(self.attention, state.heat_coming is None and state.shown is not None and state.shown.overlooked)
        self.foot.show_answer(prediction)
        self._show_known(state)
        self.heat.show_state(state)

    def _show_models(self, state: PredictionState) -> None:
        offered = network_titles(state.students, state.names)
        if (offered, state.used) != (self._offered, self._used):
            self._offered, self._used = offered, state.used
            self._models.clear()
            for entry in state.students:
                title = offered[entry.card.model_id]
                if entry.card.model_id == state.used and len(state.students) > 1:
                    title = _tr("{network}, in use").format(network=title)
                self._models.addItem(title, entry.card.model_id)
                told = (quality_words(entry.card), _about_in_terms(entry.card))
                self._models.setItemData(self._models.count() - 1, "\n".join(filter(None, told)), Qt.ItemDataRole.ToolTipRole)
            # The list may be wider than the box: no title is cut there.
            self._models.view().setMinimumWidth(self._models.view().sizeHintForColumn(0) + 24)
        if state.chosen is not None:
            self._models.setCurrentIndex(self._models.findData(state.chosen.card.model_id))
        self._models.setToolTip(
            "\n".join(filter(None, (self._models.currentText(), _tr("Which trained network is asked (a student: it stages full images)"))))
        )
        self._models.setVisible(bool(state.students))

    def _show_known(self, state: PredictionState) -> None:
        """Its line is kept free until it is found out, so that nothing below moves then."""
        self.known.setMinimumHeight(self.known.fontMetrics().lineSpacing())
        self.known.setVisible(state.shown is not None)

    def _on_known(self, known: Acquaintance | None) -> None:
        told, meaning = ("", "") if known is None else acquaintance_words(known)
        self.known.setText(told)
        self.known.setToolTip(meaning)
        self._show_known(self._presenter.state)
        parts.set_alarm(self.known, known in ("learned", "patient"))


def _title(prediction: Prediction | None) -> str:
    if prediction is None:
        return _tr("No prediction shown")
    return title_words(prediction)


def _answer_words(prediction: Prediction) -> str:
    """The stage's definition; of an unsure answer first that it is one, with the runner-up."""
    if prediction.unlike:  # why stands above in red
        return _tr("The most likely stage would be {n}. Judge the image yourself.").format(n=prediction.stage)
    if not prediction.unsure:
        return stage_words(BASSED_5.stages[prediction.stage - 1])
    first, second = prediction.stage, prediction.runner_up
    top, next_ = told_apart(prediction.probabilities[first - 1], prediction.probabilities[second - 1])
    return _tr("Stage {first} leads with only {top}\u00a0%, before {second} with {next}\u00a0%. Judge the image yourself.").format(
        first=first, top=top, second=second, next=next_
    )


def _what_next(state: PredictionState) -> str:
    ask = keys.named(Action.PREDICT)
    if state.phase == "ready" and state.others:
        return _tr("Predicted before, by another network or for another evaluator. Press {key} to ask now.").format(key=ask)
    return {
        "no_project": _tr("Open a project first (File menu)."),
        "no_model": _tr(
            "This project has no network that can be used. Stage some cases, then {train}; or take in a network from elsewhere: {take_in}."
        ).format(
            train=keys.after(_tr("Train ▸ Retrain all"), Action.RETRAIN_ALL),
            take_in=keys.after(_tr("Predict ▸ Import network"), Action.IMPORT_NETWORK),
        ),
        "no_image": _tr("Capture a full image in Orient, or choose a captured case."),
        "ready": _tr("Press {key}: the trained network stages this full image and shows where it looked.").format(key=ask),
        "failed": _tr("Try again, or choose another network."),
    }.get(state.phase, "")


def _mean_words(prediction: Prediction) -> str:
    """Not "expected stage": clinicians would read that as expected at this age."""
    return _tr("Probability-weighted mean: stage {x}").format(x=f"{prediction.expected_stage:.2f}")


def _attention_words(shown: Shown, coming: int | None) -> str:
    """`coming`: the stage whose heatmap is being made, and has no figure yet."""
    since = "" if shown.shown_utc is None else _tr("As you saw it on {when}.").format(when=local_time(shown.shown_utc)) + " "
    if coming is not None:
        return _tr("Attention for stage {n} inside the frame: making its heatmap …").format(n=coming)
    if shown.heat01_vu is None:
        return since + _tr("The heatmap was not kept; {key} makes it again.").format(key=keys.named(Action.PREDICT))
    if shown.looking_for_frame:
        return since + _tr("Attention inside the frame: looking for it …")
    if shown.frame is not None and shown.attention is None:
        return since + _tr("The heatmap is empty: nothing in this image speaks for this stage in particular.")
    if shown.attention is None or shown.frame is None:
        return since + _tr("Attention inside the frame: unknown, there is none. Draw one in {crop}.").format(
            crop=keys.after(_tr("Crop"), Action.STEP_CROP)
        )
    said = shown.prediction
    height, width = shown.heat01_vu.shape
    told = attention_words(shown.attention, shown.frame, shown.heat_stage or said.stage, said.stage, (height, width))
    if shown.mostly_elsewhere and not shown.overlooked:
        told += ". " + _tr("Its strongest place lies elsewhere.")
    return since + told


def _frame_words(shown: Shown) -> str:
    """What is doubtful of the detector's frame, or why there is none."""
    if shown.detector_fault is not None:
        return _tr("The detector could not look for the SOS: {reason}").format(reason=shown.detector_fault.text)
    return frame_doubt_words(shown.detector_frame, asked=shown.detector_asked)


def _about_in_terms(card: ModelCard) -> str:
    """The same in the words of papers."""
    start = _tr("no ImageNet weights") if card.from_scratch else _tr("ImageNet weights, learned on everyday pictures")
    return _tr("Student {network}, trained {when}; {start}").format(network=card.network, when=trained_when(card), start=start)
