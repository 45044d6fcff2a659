"""Up to three answers to one full image beside one another, under one zoom; saved as a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QPointF, QSize, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from sos_studio.core.answer_words import mostly_wrong
from sos_studio.core.predictions import PredictedRoi
from sos_studio.core.settings import names_hidden
from sos_studio.presenters.prediction import PredictionPresenter
from sos_studio.presenters.prediction_state import PredictionState, heat_rgba
from sos_studio.presenters.session import Session
from sos_studio.presenters.side_by_side import PLACES, Place, SideBySidePresenter, SideBySideState
from sos_studio.services.contenders import Contender
from sos_studio.services.figures import Part
from sos_studio.ui import dialogs, parts
from sos_studio.ui.choice_box import ChoiceBox
from sos_studio.ui.file_dialogs import file_dialog
from sos_studio.ui.heat_legend import HeatLegend
from sos_studio.ui.overlay_view import OverlayView
from sos_studio.ui.predict_words import (
    acquaintance_words,
    attention_words,
    brief_words,
    network_title,
    origin_words,
    quality_words,
    set_words,
    unlike_words,
)

# How many times as wide as the frame is what the zoom shows.
ROOM_ABOUT_THE_FRAME = 2.5


def _tr(text: str) -> str:
    return QCoreApplication.translate("SideBySide", text)


class PlaceView:
    """Whose answer, the picture, and the answer in figures: a column of a grid, so that pictures are alike however much is said below."""

    def __init__(self, number: int) -> None:
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
            label.setAlignment(Qt.AlignmentFlag.AlignTop)

    def stand_in(self, grid: QGridLayout, column: int) -> None:
        """Fill a column of it."""
        for row, widget in enumerate((self.choice, self.view, self.said, self.more, self.warning)):
            grid.addWidget(widget, row, column)
        grid.setColumnStretch(column, 1)
        grid.setRowStretch(1, 1)


class SideBySideDialog(QDialog):
    """Zoom and place are the same in all pictures.

    Parameters
    ----------
    before
        What stood there the last time (`SideBySidePresenter.chosen`).
    """

    def __init__(
        self,
        session: Session,
        prediction: PredictionPresenter,
        parent: QWidget | None = None,
        *,
        before: Sequence[str | None] = (),
    ) -> None:
        super().__init__(parent)
        self._session = session
        self.setWindowTitle(_tr("Networks side by side"))
        dialogs.take_room(self, QSize(1180, 620))
        self._prediction_state: PredictionState = prediction.state
        self.presenter = SideBySidePresenter(session, prediction, before)
        self.places = [PlaceView(n) for n in range(PLACES)]
        self._following = False
        self._shown: list[Place | None] = [None] * PLACES
        self._offered: tuple[Contender, ...] | None = None
        self.readers = QLabel()
        self.legend = HeatLegend(prediction.state.colour_map)
        self.zoom = parts.button(_tr("&Zoom to the SOS"), _tr("The frame and what is around it, in all pictures; again: the whole picture"))
        self.zoom.setAutoDefault(False)
        self.zoom.setCheckable(True)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.save = QPushButton(_tr("&Save as a figure…"))
        self.save.setToolTip(_tr("The full image and these answers side by side, as PNG at 300 dpi or as PDF"))
        self.buttons.addButton(self.save, QDialogButtonBox.ButtonRole.ActionRole)
        self.as_shown = QCheckBox(_tr("Save &only the part that is shown"))
        self.as_shown.setChecked(True)
        self._lay_out(session)
        self._offer_part()
        self.save.clicked.connect(self._ask_where)
        self.zoom.clicked.connect(self._zoom)
        self.buttons.rejected.connect(self.reject)
        self.presenter.changed.connect(self._on_state)
        self._on_state(self.presenter.state)

    def _lay_out(self, session: Session) -> None:
        capture = self.presenter.capture
        grid = QGridLayout()
        for n, place in enumerate(self.places):
            place.stand_in(grid, n)
            place.view.set_mirrored(session.settings.facing == "left")
            place.view.opacity = self._prediction_state.opacity
            if capture is not None:
                place.view.set_picture(capture.full8, spacing_mm=capture.record.spacing_mm)
            place.view.view_changed.connect(partial(self._follow, n))
            place.choice.activated.connect(partial(self._on_choice, n))
        caution = QLabel(dialogs.caution())
        caution.setObjectName("caution")
        above, below = QHBoxLayout(), QHBoxLayout()
        above.addWidget(self.readers, 1)
        above.addWidget(self.zoom)
        below.addWidget(self.legend, 1)
        below.addWidget(caution)
        layout = QVBoxLayout(self)
        layout.addLayout(above)
        layout.addLayout(grid, 1)
        layout.addLayout(below)
        layout.addWidget(self.words)
        last = QHBoxLayout()
        last.addWidget(self.as_shown)
        last.addWidget(self.buttons, 1)
        layout.addLayout(last)

    def _zoom(self) -> None:
        """To the frame that an evaluator drew, else to one that a detector found; or back."""
        view, frames = self.places[0].view, self._frames()
        frame = next((one for one in frames if one.source == "expert"), frames[0] if frames else None)
        if self.zoom.isChecked() and frame is not None:
            view.viewport.show_around(frame.center_uv, ROOM_ABOUT_THE_FRAME * frame.width_px)
        else:
            view.viewport.fit()
        self.zoom.setText(_tr("&Whole picture") if self.zoom.isChecked() else _tr("&Zoom to the SOS"))
        view.refresh()

    def _frames(self) -> list[PredictedRoi]:
        shown = (place.result.prediction.roi for place in self.presenter.state.places if place.result is not None)
        return [frame for frame in shown if frame is not None]

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
        self._offer_part()

    def _on_choice(self, n: int, _index: int) -> None:
        self.presenter.choose(n, self.places[n].choice.currentData())

    def _on_state(self, state: SideBySideState) -> None:
        if state.offered != self._offered:
            self._offered = state.offered
            for place in self.places:
                place.choice.clear()
                place.choice.addItem(_tr("Nothing here"), None)
                for contender, title in zip(state.offered, self._titles(), strict=True):
                    place.choice.addItem(title, contender)
        for n, there in enumerate(state.places):
            if there is not self._shown[n]:
                self._shown[n] = there
                self._show_place(n, there)
        self.save.setEnabled(not state.saving and any(one.result is not None for one in state.places))
        frames = self._frames()
        self.legend.set_frames(frames)
        self.zoom.setEnabled(bool(frames))
        self.readers.setText(self._readers_words(state))
        told = _tr("The figure is being written …") if state.saving else "" if state.saved is None else _saved_words(state.saved)
        self.words.setText(told if state.problem is None else str(state.problem))
        self.words.setVisible(bool(self.words.text()))
        parts.set_alarm(self.words, state.problem is not None)

    def _titles(self) -> list[str]:
        """Of all that is offered; the time of day where the day leaves two alike."""
        offered, names = self.presenter.state.offered, self._prediction_state.names
        titles = [contender_title(one, names) for one in offered]
        return [
            title if titles.count(title) == 1 else contender_title(one, names, time=True)
            for one, title in zip(offered, titles, strict=True)
        ]

    def _readers_words(self, state: SideBySideState) -> str:
        capture, case = self.presenter.capture, state.case
        if capture is None:
            return ""
        told = [self._session.blinding.name(capture.case_id)]
        if case is not None and case.label is not None:
            words = _tr("decided: stage {n}") if case.adjudicated_by else _tr("consensus of the readers: stage {n}")
            told.append(words.format(n=case.label))
        elif case is not None:
            told.append(_tr("no consensus of the readers yet"))
        return " · ".join(told)

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
        trust = _trust_words(place)
        grave = [text for text, takes_away in trust if takes_away]
        told = [] if said.promised is None else [set_words(said.promised)]
        if said.attention_in_roi is not None and said.roi is not None:
            height, width = result.heat01_vu.shape
            words = attention_words(said.attention_in_roi, said.roi, result.heat_stage, said.stage, (height, width))
            (grave if said.roi.overlooked(said.attention_in_roi, (height, width)) else told).append(words)
        if result.heat_stage != said.stage:
            told.append(_tr("Heatmap: evidence for stage {n}, as chosen in Predict").format(n=result.heat_stage))
        view.more.setText("\n".join([*told, *(text for text, takes_away in trust if not takes_away)]))
        view.warning.setText("\n".join(text for text in (*grave, unlike_words(said), origin_words(said.model)) if text))

    def _ask_where(self) -> None:
        dialog = file_dialog(self, _tr("Save as a figure"), QFileDialog.FileMode.AnyFile, _tr("Figures (*.png *.pdf)"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("png")
        capture = self.presenter.capture
        dialog.selectFile("figure.png" if capture is None else f"{self._session.blinding.name(capture.case_id)}-networks.png")
        dialog.fileSelected.connect(lambda path: self.save_to(Path(path)))
        dialog.open()

    def save_to(self, path: Path) -> None:
        """The figure of what is shown."""
        titles = {id(one): title for one, title in zip(self.presenter.state.offered, self._titles(), strict=True)}
        shown = [place.contender for place in self.presenter.state.places if place.result is not None]
        part = self._shown_part() if self.as_shown.isChecked() else None
        self.presenter.save_figure(path, tuple(titles[id(one)] for one in shown if one is not None), part)

    def _shown_part(self) -> Part | None:
        """The pixels of the full image that are on the screen, the same in all pictures; None: all, or none."""
        capture, view = self.presenter.capture, self.places[0].view
        if capture is None:
            return None
        high, wide = capture.shape_vu
        corners = [view.viewport.to_uv(QPointF(at)) for at in (view.rect().topLeft(), view.rect().bottomRight())]
        (left, right), (top, bottom) = (sorted(at) for at in zip(*corners, strict=True))
        part = max(0, round(left)), max(0, round(top)), min(wide, round(right) + 1), min(high, round(bottom) + 1)
        return None if part == (0, 0, wide, high) or part[0] >= part[2] or part[1] >= part[3] else part

    def _offer_part(self) -> None:
        """Whether only what is seen goes into the figure is asked where something is not seen."""
        self.as_shown.setVisible(self._shown_part() is not None)


def _trust_words(place: Place) -> list[tuple[str, bool]]:
    """Whether it knows this case and how often it is right in others, each with whether that takes trust away."""
    told = [] if place.known is None else [(acquaintance_words(place.known)[0], place.known in ("learned", "patient"))]
    card = None if place.contender is None else place.contender.measured
    quality = "" if card is None else quality_words(card)
    if card is not None and quality:
        return [*told, (quality, mostly_wrong(card))]
    return [*told, (_tr("How often it is right in cases it had never seen was not measured."), False)]


def _saved_words(path: Path) -> str:
    place = path.name if names_hidden() else str(path)
    return _tr("The figure is {file}. It names the case by its pseudonym.").format(file=place)


def contender_title(contender: Contender, names: Mapping[str, str], *, time: bool = False) -> str:
    """As choices and figures name it.

    Parameters
    ----------
    names
        What people called the trainings of networks, by model id.
    """
    first = contender.networks[0].card
    if contender.how == "mean":
        return _tr("Mean of {n} students").format(n=len(contender.networks))
    roles = {"student": "", "teacher": _tr("Teacher on the crop"), "detector_and_teacher": _tr("Detector and teacher")}
    return network_title(first, names.get(first.model_id, ""), time=time, role=roles[contender.how])
