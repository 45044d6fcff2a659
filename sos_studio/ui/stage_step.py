"""The Stage step: the crop large, the full image small, the reference card, and one key per reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QCoreApplication, QPointF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
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
from sos_studio.presenters import crop_pictures
from sos_studio.presenters.crop_pictures import CropPicture as CropPixels
from sos_studio.presenters.session import Session
from sos_studio.presenters.staging import CONFIDENCES, MAX_REMARK, StagingPresenter, StagingState
from sos_studio.ui import hints, keys, parts
from sos_studio.ui.ask_evaluator import ask_evaluator
from sos_studio.ui.beside_strip import UPRIGHT_HEIGHT_PX, BesideStrip
from sos_studio.ui.blinding import BlindedSign, BlindedSwitch
from sos_studio.ui.exclusion import ExclusionBox
from sos_studio.ui.frame_painter import paint_frame
from sos_studio.ui.image_view import ImageView
from sos_studio.ui.reference_card import STAGE_ACTIONS, ReferenceCard
from sos_studio.ui.shaded_text import draw_text
from sos_studio.ui.stage_feedback import Feedback, confidence_words


def _tr(text: str) -> str:
    return QCoreApplication.translate("StageStep", text)


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
        self.exclusion = ExclusionBox(session)
        self._panel = StagePanel(self.presenter, self.exclusion, BlindedSwitch(session))
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
        layout.setSpacing(0)
        layout.addWidget(BlindedSign(session))
        layout.addWidget(self._split, 1)
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
            Action.REVEAL: self.presenter.reveal,
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
        spacing_mm, pictures = capture.record.spacing_mm, self._session.crop_pictures

        def show(made: CropPixels) -> None:
            if self._session.capture is capture and self._session.roi == roi:
                self.crop_view.set_picture(made.crop8, spacing_mm=spacing_mm, magnified=made.magnified8)

        ready = pictures.ready(capture, roi)
        if ready is not None:
            # Made ahead: the next case is on the screen with the key.
            show(ready)
        else:
            self._session.background.run(lambda: pictures.make(capture, roi), show, self._crop_failed, key="stage.crop")

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

        def show(made: CropPixels) -> None:
            if session.beside.beside is beside and session.beside.chosen == index and session.roi == roi:
                self.crop_view.set_picture(made.crop8, spacing_mm=spacing_mm, magnified=made.magnified8, keep_view=True)

        if roi is not None:
            session.background.run(lambda: crop_pictures.cut(slice8, roi), show, self._crop_failed, key="stage.crop")

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
        left, right = self.side_names()
        draw_text(painter, left, _tr("endocranial"))
        draw_text(painter, right, _tr("ectocranial"))

    def side_names(self) -> tuple[QPointF, QPointF]:
        """Where the names of the two sides begin: in the picture's upper corners, and never half on the picture and half beside it."""
        metrics = QFontMetricsF(self.font())
        picture = self.viewport.picture()
        top = max(picture.top() + 6, 8.0) + metrics.ascent()
        right = min(picture.right() - 8, self.width() - 10.0) - metrics.horizontalAdvance(_tr("ectocranial"))
        return QPointF(max(picture.left() + 8, 10.0), top), QPointF(right, top)


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


class StagePanel(QWidget):
    """Reference card, confidence, ambiguity, remark, exclusion, blinding. Who reads stands above the picture, in every step."""

    def __init__(self, presenter: StagingPresenter, exclusion: QWidget, blinded: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card = ReferenceCard()
        self.card.stage_chosen.connect(presenter.choose)
        self._chips = {}
        chips = QHBoxLayout()
        chips.setSpacing(4)
        for confidence in CONFIDENCES:
            made = parts.chip(confidence_words(confidence), _tr("How sure you are"), Action.CONFIDENCE)
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
        inner = parts.column(
            self.card, parts.heading(_tr("Confidence")), chip_row, self.ambiguous, self.remark, parts.rule(), exclusion, blinded
        )
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
            made.setText(f"✓ {confidence_words(confidence)}" if state.confidence == confidence else confidence_words(confidence))
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
