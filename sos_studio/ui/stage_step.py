"""The Stage step: the crop large, the full image small, the reference card, and one key per reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QCoreApplication, QPointF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from sos_studio.core.actions import Action
from sos_studio.core.roi import Roi
from sos_studio.core.settings import Settings
from sos_studio.core.stages import BASSED_5
from sos_studio.imaging.magnify import magnify
from sos_studio.presenters.parasagittal import MagnifiedCrop, magnified_crop
from sos_studio.presenters.session import Session
from sos_studio.presenters.staging import CONFIDENCES, MAX_REMARK, StagingPresenter, StagingState
from sos_studio.services import staging
from sos_studio.ui import hints, keys, parts
from sos_studio.ui.ask_evaluator import ask_evaluator
from sos_studio.ui.beside_strip import UPRIGHT_HEIGHT_PX, BesideStrip
from sos_studio.ui.frame_painter import paint_frame
from sos_studio.ui.image_view import ImageView, draw_text
from sos_studio.ui.reference_card import STAGE_ACTIONS, ReferenceCard, stage_words

Gray = npt.NDArray[np.uint8]
ENLARGED_PX = 900


def _tr(text: str) -> str:
    return QCoreApplication.translate("StageStep", text)


def _factor(width_px: int) -> int:
    """How far a crop is enlarged before the screen does the rest: small crops show no pixel edges, large ones cost nothing."""
    return max(1, min(8, ENLARGED_PX // max(width_px, 1)))


def _confidence_words(confidence: str | None) -> str:
    words = {"low": _tr("low"), "medium": _tr("medium"), "high": _tr("high")}
    return words[confidence] if confidence is not None else ""


class StageStep(QWidget):
    """Shows crop and full image; the inspector holds the card, confidence and remark."""

    # Patient millimetres and grey value under the pointer (see `pixel_position`), or None.
    pixel_pointed = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.presenter = StagingPresenter(session)
        self.beside = BesideStrip(session, session.beside, upright=True)
        self.crop_view = CropPicture()
        self.full_view = FramedImage()
        self.full_view.pointer_moved.connect(lambda uv: self.pixel_pointed.emit(self.beside.position(uv)))
        self._feedback = Feedback(self.presenter)
        self._panel = StagePanel(self.presenter)
        below = QSplitter(Qt.Orientation.Horizontal)
        below.addWidget(self.full_view)
        below.addWidget(self._feedback)
        below.setStretchFactor(0, 3)
        below.setStretchFactor(1, 2)
        below.setSizes([640, 360])
        below.setChildrenCollapsible(False)
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.addWidget(self.crop_view)
        self._split.addWidget(self.beside)
        self._split.addWidget(below)
        self._split.setStretchFactor(0, 3)
        self._split.setStretchFactor(1, 0)
        self._split.setStretchFactor(2, 2)
        self._split.setSizes([580, UPRIGHT_HEIGHT_PX, 420])
        self._split.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._split)
        self.setFocusProxy(self.crop_view)
        self.presenter.evaluator_needed.connect(self._ask_evaluator)
        session.capture_changed.connect(self._on_capture)
        session.roi_changed.connect(self._on_roi)
        session.beside.chosen_changed.connect(self._show_beside)
        session.settings_changed.connect(self._on_settings)
        self._on_settings(session.settings)
        self._on_capture(session.capture)
        self._on_roi(session.roi)

    def inspector(self) -> QWidget:
        """What goes into the right dock."""
        return self._panel

    @property
    def actions_by_id(self) -> Mapping[Action, Callable[[], None]]:
        """What menus and shortcuts call."""
        stages = {
            action: (lambda number=stage.number: self.presenter.choose(number))
            for action, stage in zip(STAGE_ACTIONS, BASSED_5.stages, strict=True)
        }
        return {
            **stages,
            Action.CONFIDENCE: self.presenter.next_confidence,
            Action.AMBIGUOUS: lambda: self.presenter.set_ambiguous(not self.presenter.state.ambiguous),
            Action.REMARK: self._panel.write_remark,
            **self.beside.actions_by_id,
        }

    def _on_capture(self, _: object) -> None:
        capture = self._session.capture
        self.full_view.set_picture(
            None if capture is None else capture.full8, spacing_mm=None if capture is None else capture.record.spacing_mm
        )
        self.crop_view.set_picture(None)

    def _on_roi(self, roi: Roi | None) -> None:
        capture = self._session.capture
        self.full_view.set_roi(roi)
        if capture is None or roi is None:
            self.crop_view.set_picture(None)
            self.crop_view.explain(has_image=capture is not None)
            return
        full8, spacing_mm = capture.full8, capture.record.spacing_mm

        def cut() -> tuple[Gray, Gray]:
            crop8 = staging.crop_preview(full8, roi)
            return crop8, magnify(crop8, _factor(crop8.shape[1]))

        def show(crops: tuple[Gray, Gray]) -> None:
            if self._session.capture is capture and self._session.roi == roi:
                self.crop_view.set_picture(crops[0], spacing_mm=spacing_mm, magnified=crops[1])

        self._session.background.run(cut, show, self._crop_failed, key="stage.crop")

    def _crop_failed(self, error: Exception) -> None:
        self.crop_view.set_picture(None)
        self._session.report(error)

    def _on_settings(self, settings: Settings) -> None:
        self._panel.refresh()
        self._feedback.refresh()
        self.crop_view.explain(has_image=self._session.capture is not None)
        self.full_view.set_mirrored(settings.facing == "left")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape brings the captured plane back."""
        if event.key() != Qt.Key.Key_Escape or not self._session.beside.back():
            super().keyPressEvent(event)

    def _show_beside(self, index: int) -> None:
        session = self._session
        beside, capture, roi = session.beside.beside, session.capture, session.roi
        if beside is None or capture is None:
            return
        spacing_mm, slice8 = capture.record.spacing_mm, beside.slices8[index]
        self.full_view.set_picture(slice8, spacing_mm=spacing_mm, keep_view=True)

        def show(made: MagnifiedCrop) -> None:
            if session.beside.beside is beside and session.beside.chosen == index and session.roi == roi:
                self.crop_view.set_picture(made.crop8, spacing_mm=spacing_mm, magnified=made.magnified8, keep_view=True)

        if roi is not None:
            session.background.run(lambda: magnified_crop(slice8, roi), show, self._crop_failed, key="stage.crop")

    def _ask_evaluator(self, stage: int) -> None:
        ask_evaluator(self._session, self, lambda: self.presenter.choose(stage))


class CropPicture(ImageView):
    """The upright crop, as large as it goes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.show_letters = False
        self.setMinimumSize(240, 90)
        self.setAccessibleName(_tr("Crop"))
        self.explain(has_image=False)

    def explain(self, *, has_image: bool) -> None:
        """What to do while there is no crop."""
        self.empty_text = hints.crop_first() if has_image else hints.capture_first()
        self.update()

    def paint_over(self, painter: QPainter) -> None:
        """Which side is which."""
        font = painter.font()
        font.setBold(False)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        right = _tr("ectocranial")
        y = 20.0
        draw_text(painter, QPointF(10, y), _tr("endocranial"))
        draw_text(painter, QPointF(self.width() - metrics.horizontalAdvance(right) - 10, y), right)


class FramedImage(ImageView):
    """The full image with the frame drawn in."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._roi: Roi | None = None
        self.setMinimumSize(160, 90)
        self.setAccessibleName(_tr("Full image with the frame"))

    def set_roi(self, roi: Roi | None) -> None:
        """Another frame."""
        self._roi = roi
        self.update()

    def paint_over(self, painter: QPainter) -> None:
        """The frame."""
        if self._roi is not None:
            paint_frame(painter, self._roi, self.viewport.to_widget)


class Feedback(QWidget):
    """What has been read and whether it is saved, large enough to be seen from the corner of the eye."""

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
        self.next = parts.button(_tr("Next unstaged"), _tr("Open the next case without a reading by you"), Action.NEXT_UNSTAGED)
        self.next.clicked.connect(presenter.next_case)
        layout = QVBoxLayout(self)
        layout.addWidget(self._stage)
        layout.addWidget(self._words)
        layout.addWidget(self.saved)
        layout.addStretch(1)
        layout.addWidget(self.next, alignment=Qt.AlignmentFlag.AlignLeft)
        presenter.changed.connect(self._on_state)
        self._on_state(presenter.state)

    def refresh(self) -> None:
        """Name the keys that are in force now."""
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
        self.saved.setStyleSheet(f"color: {parts.WARNING_RED.name()}; font-weight: 600;" if state.phase == "failed" else "")


class StagePanel(QWidget):
    """Reference card, confidence, ambiguity, remark. Who reads stands above the picture, in every step."""

    def __init__(self, presenter: StagingPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card = ReferenceCard()
        self.card.stage_chosen.connect(presenter.choose)
        self._chips = {}
        chips = QHBoxLayout()
        chips.setSpacing(4)
        for confidence in CONFIDENCES:
            made = parts.chip(_confidence_words(confidence), _tr("How sure you are"), Action.CONFIDENCE)
            made.clicked.connect(lambda checked, value=confidence: presenter.set_confidence(value if checked else None))
            self._chips[confidence] = made
            chips.addWidget(made)
        chip_row = QWidget()
        chip_row.setLayout(chips)
        chips.setContentsMargins(0, 0, 0, 0)
        self.ambiguous = QCheckBox(_tr("Ambiguous"))
        keys.set_tip(self.ambiguous, _tr("This case can't be staged with good conscience"), Action.AMBIGUOUS)
        self.ambiguous.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.ambiguous.toggled.connect(presenter.set_ambiguous)
        self.remark = RemarkLine()
        self.remark.setMaxLength(MAX_REMARK)
        keys.set_tip(self.remark, _tr("A remark about this reading; Enter saves it"), Action.REMARK)
        self.remark.setAccessibleName(_tr("Remark"))
        self.remark.editingFinished.connect(lambda: presenter.set_remark(self.remark.text()))
        inner = parts.column(self.card, parts.heading(_tr("Confidence")), chip_row, self.ambiguous, self.remark, stretch=True)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area)
        presenter.changed.connect(self._on_state)
        self._on_state(presenter.state)

    def refresh(self) -> None:
        """Name the keys that are in force now."""
        self.remark.setPlaceholderText(keys.after(_tr("Remark"), Action.REMARK))

    def write_remark(self) -> None:
        """Put the cursor into the remark."""
        self.remark.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _on_state(self, state: StagingState) -> None:
        self.card.setEnabled(state.can_stage)
        self.card.set_stage(state.stage if state.phase in ("saved", "saving") else (state.reading.stage if state.reading else None))
        for confidence, made in self._chips.items():
            made.setChecked(state.confidence == confidence)
            made.setText(f"✓ {_confidence_words(confidence)}" if state.confidence == confidence else _confidence_words(confidence))
            made.setEnabled(state.can_stage)
        with QSignalBlocker(self.ambiguous):
            self.ambiguous.setChecked(state.ambiguous)
        self.ambiguous.setEnabled(state.can_stage)
        self.remark.setEnabled(state.can_stage)
        if not self.remark.hasFocus() and self.remark.text() != state.remark:
            self.remark.setText(state.remark)


class RemarkLine(QLineEdit):
    """Enter and Esc give the keys 1-5 back to staging."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave on Enter or Esc (the text is kept)."""
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape):
            self.clearFocus()


def _unread_words(state: StagingState) -> str:
    if not state.can_stage:
        return _tr("{key} opens the next case without a reading by you.").format(key=keys.named(Action.NEXT_UNSTAGED))
    stages = keys.span(*STAGE_ACTIONS)
    if state.earlier is None:
        return _tr("Press {stages}.").format(stages=stages)
    when = state.earlier.created_utc.astimezone().strftime("%Y-%m-%d %H:%M")
    words = _tr("Press {stages} to read this capture. On {when} you read stage {n} on another capture of this case; that reading stays.")
    return words.format(stages=stages, when=when, n=state.earlier.stage)


def _saved_words(state: StagingState) -> str:
    match state.phase:
        case "saved" if state.reading is not None:
            when = state.reading.created_utc.astimezone().strftime("%H:%M:%S")
            told = [_tr("✓ Saved {when} by {name}").format(when=when, name=state.reading.evaluator)]
            if state.reading.confidence is not None:
                told.append(_tr("confidence {confidence}").format(confidence=_confidence_words(state.reading.confidence)))
            if state.reading.ambiguous:
                told.append(_tr("ambiguous"))
            if state.reading.ai_seen:
                told.append(_tr("prediction seen before"))
            return " · ".join(told)
        case "saving":
            return _tr("Saving …")
        case "failed":
            return _tr("✕ Not saved")
        case _:
            return ""
