"""Up to three answers to one full image beside one another, under one zoom; saved as a figure."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFileDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from sos_studio.presenters.prediction import PredictionPresenter
from sos_studio.presenters.prediction_state import PredictionState, heat_rgba
from sos_studio.presenters.session import Session
from sos_studio.presenters.side_by_side import PLACES, Place, SideBySidePresenter, SideBySideState
from sos_studio.services.contenders import Contender
from sos_studio.ui import dialogs, parts
from sos_studio.ui.choice_box import ChoiceBox
from sos_studio.ui.file_dialogs import file_dialog
from sos_studio.ui.overlay_view import OverlayView
from sos_studio.ui.predict_words import brief_words, origin_words, set_words, trained_when, unlike_words


def _tr(text: str) -> str:
    return QCoreApplication.translate("SideBySide", text)


class PlaceView(QWidget):
    """Whose answer, the picture, and the answer in figures."""

    def __init__(self, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choice = ChoiceBox()
        self.choice.setAccessibleName(_tr("Network at place {n}").format(n=number + 1))
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.setMinimumContentsLength(16)
        self.view = OverlayView()
        self.view.setAccessibleName(_tr("Full image at place {n}").format(n=number + 1))
        self.said = parts.heading("")
        self.more = parts.note()
        self.warning = parts.red()
        for label in (self.more, self.warning):
            label.setMinimumHeight(2 * label.fontMetrics().lineSpacing())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.choice)
        layout.addWidget(self.view, 1)
        for label in (self.said, self.more, self.warning):
            layout.addWidget(label)


class SideBySideDialog(QDialog):
    """Zoom and place are the same in all pictures."""

    def __init__(self, session: Session, prediction: PredictionPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_tr("Networks side by side"))
        self.resize(1180, 620)
        self._prediction_state: PredictionState = prediction.state
        self.presenter = SideBySidePresenter(session, prediction)
        self.places = [PlaceView(n) for n in range(PLACES)]
        self._following = False
        self._shown: list[Place | None] = [None] * PLACES
        self._offered: tuple[Contender, ...] | None = None
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.save = QPushButton(_tr("&Save as a figure…"))
        self.save.setToolTip(_tr("The full image and these answers side by side, as PNG at 300 dpi or as PDF"))
        self.buttons.addButton(self.save, QDialogButtonBox.ButtonRole.ActionRole)
        self._lay_out(session)
        self.save.clicked.connect(self._ask_where)
        self.buttons.rejected.connect(self.reject)
        self.presenter.changed.connect(self._on_state)
        self._on_state(self.presenter.state)

    def _lay_out(self, session: Session) -> None:
        capture = self.presenter.capture
        row = QHBoxLayout()
        for n, place in enumerate(self.places):
            row.addWidget(place, 1)
            place.view.set_mirrored(session.settings.facing == "left")
            place.view.opacity = self._prediction_state.opacity
            if capture is not None:
                place.view.set_picture(capture.full8, spacing_mm=capture.record.spacing_mm)
            place.view.view_changed.connect(partial(self._follow, n))
            place.choice.activated.connect(partial(self._on_choice, n))
        caution = QLabel(dialogs.caution())
        caution.setObjectName("caution")
        layout = QVBoxLayout(self)
        layout.addLayout(row, 1)
        layout.addWidget(caution)
        layout.addWidget(self.buttons)

    def _follow(self, leader: int) -> None:
        """All pictures show the same place at the same zoom."""
        if self._following:
            return
        self._following = True
        for n, place in enumerate(self.places):
            if n != leader:
                place.view.viewport.follow(self.places[leader].view.viewport)
                place.view.refresh()
        self._following = False

    def _on_choice(self, n: int, _index: int) -> None:
        self.presenter.choose(n, self.places[n].choice.currentData())

    def _on_state(self, state: SideBySideState) -> None:
        if state.offered != self._offered:
            self._offered = state.offered
            for place in self.places:
                place.choice.clear()
                place.choice.addItem(_tr("Nothing here"), None)
                for contender in state.offered:
                    place.choice.addItem(contender_title(contender), contender)
        for n, there in enumerate(state.places):
            if there is not self._shown[n]:
                self._shown[n] = there
                self._show_place(n, there)
        self.save.setEnabled(any(one.result is not None for one in state.places))

    def _show_place(self, n: int, place: Place) -> None:
        view = self.places[n]
        index = next((i for i in range(view.choice.count()) if view.choice.itemData(i) is place.contender), 0)
        view.choice.setCurrentIndex(index)
        view.view.banner = _tr("Predicting …") if place.phase == "asking" else ""
        result = place.result
        if result is None:
            view.view.set_answer(None, None)
            view.said.setText("" if place.problem is None else _tr("No answer"))
            view.more.setText("" if place.problem is None else str(place.problem))
            view.warning.setText("")
            return
        said = result.prediction
        view.view.set_answer(heat_rgba(result.heat01_vu, self._prediction_state.colour_map), said.roi)
        view.said.setText(brief_words(said))
        told = [] if said.promised is None else [set_words(said.promised)]
        if said.attention_in_roi is not None:
            told.append(_tr("Attention inside the frame: {p}\u00a0%").format(p=round(100 * said.attention_in_roi)))
        if result.heat_stage != said.stage:
            told.append(_tr("Heatmap: evidence for stage {n}, as chosen in Predict").format(n=result.heat_stage))
        view.more.setText("\n".join(told))
        view.warning.setText(" ".join(text for text in (unlike_words(said), origin_words(said.model)) if text))

    def _ask_where(self) -> None:
        dialog = file_dialog(self, _tr("Save as a figure"), QFileDialog.FileMode.AnyFile, _tr("Figures (*.png *.pdf)"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("png")
        dialog.selectFile("figure.png")
        dialog.fileSelected.connect(lambda path: self.save_to(Path(path)))
        dialog.open()

    def save_to(self, path: Path) -> None:
        """The figure of what is shown."""
        shown = [place.contender for place in self.presenter.state.places if place.result is not None]
        self.presenter.save_figure(path, tuple(contender_title(one) for one in shown if one is not None))


def contender_title(contender: Contender) -> str:
    """As choices and figures name it."""
    first = contender.networks[0].card
    when = trained_when(first)
    if contender.how == "mean":
        return _tr("Mean of {n} networks").format(n=len(contender.networks))
    extra = first.model_extra or {}
    preset = f" ({extra['preset']})" if isinstance(extra.get("preset"), str) else ""
    return {
        "student": _tr("Network of {when}{preset}"),
        "teacher": _tr("Teacher on the crop, {when}{preset}"),
        "detector_and_teacher": _tr("Detector and teacher, {when}{preset}"),
    }[contender.how].format(when=when, preset=preset)
