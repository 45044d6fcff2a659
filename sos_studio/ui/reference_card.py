"""The reference card: five stages as number, drawing and words; each row is also the button that chooses the stage."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from sos_studio.core.actions import Action
from sos_studio.core.stages import BASSED_5, Stage
from sos_studio.messages import message
from sos_studio.ui import keys
from sos_studio.ui.parts import GOOD_GREEN
from sos_studio.ui.stage_drawings import paint_stage

STAGE_ACTIONS = (Action.STAGE_1, Action.STAGE_2, Action.STAGE_3, Action.STAGE_4, Action.STAGE_5)


def _tr(text: str) -> str:
    return QCoreApplication.translate("ReferenceCard", text)


def stage_words(stage: Stage) -> str:
    """Its definition in a few words."""
    return message(stage.code).text


class StageRow(QAbstractButton):
    """One stage; checked means: this is your reading."""

    def __init__(self, stage: Stage, action: Action, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.stage = stage
        self._words = stage_words(stage)
        self._drawn = QPixmap()
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName(_tr("Stage {n}: {words}").format(n=stage.number, words=self._words))
        keys.set_tip(self, _tr("Stage {n}: {words}").format(n=stage.number, words=self._words), action)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def nextCheckState(self) -> None:
        """The reading decides what is checked, not the click."""

    def sizeHint(self) -> QSize:
        """Drawing beside two or three lines of words."""
        return QSize(260, max(56, 3 * QFontMetrics(self.font()).lineSpacing() + 8))

    def minimumSizeHint(self) -> QSize:
        """Three lines of words."""
        return QSize(200, max(50, 3 * QFontMetrics(self.font()).lineSpacing() + 8))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        """Number, drawing, words; a tick and a frame when checked."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        palette = self.palette()
        base = palette.base().color() if not self.underMouse() else palette.alternateBase().color()
        outline = GOOD_GREEN if self.isChecked() else palette.mid().color()
        painter.setBrush(base)
        painter.setPen(QPen(outline, 2.2 if self.isChecked() else 1.0))
        painter.drawRoundedRect(room, 6, 6)
        if self.hasFocus():
            painter.setPen(QPen(palette.highlight().color(), 1.5, Qt.PenStyle.DotLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(room.adjusted(3, 3, -3, -3), 4, 4)
        text = palette.text().color() if self.isEnabled() else palette.placeholderText().color()
        number = QRectF(room.left() + 4, room.top(), 24, room.height())
        font = painter.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.35)
        painter.setFont(font)
        painter.setPen(text)
        painter.drawText(number, int(Qt.AlignmentFlag.AlignCenter), str(self.stage.number))
        # In a narrow inspector the words need the room more.
        height = min(room.height() - 12, 52.0, 0.17 * room.width())
        drawing = QRectF(number.right() + 4, room.center().y() - height / 2, 2 * height, height)
        painter.drawPixmap(drawing.topLeft().toPoint(), self._drawing(drawing.size().toSize()))
        painter.setFont(self.font())
        painter.setPen(text)
        words = QRectF(drawing.right() + 8, room.top() + 2, room.right() - drawing.right() - 12, room.height() - 4)
        shown = f"✓ {self._words}" if self.isChecked() else self._words
        painter.drawText(words, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap), shown)
        if not self.isEnabled():
            painter.fillRect(drawing, QColor(base.red(), base.green(), base.blue(), 130))
        painter.end()

    def _drawing(self, size: QSize) -> QPixmap:
        """Of the stage, kept: its hundreds of strokes take milliseconds, and all rows are painted at every case that is opened."""
        ratio = self.devicePixelRatioF()
        pixels = (QSize(size) * ratio).expandedTo(QSize(1, 1))
        if self._drawn.size() != pixels:
            self._drawn = QPixmap(pixels)
            self._drawn.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._drawn)
            painter.scale(ratio, ratio)
            paint_stage(painter, QRectF(0, 0, pixels.width() / ratio, pixels.height() / ratio), self.stage.number)
            painter.end()
            self._drawn.setDevicePixelRatio(ratio)
        return self._drawn


class ReferenceCard(QWidget):
    """All stages of the scheme below one another."""

    stage_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self.rows: list[StageRow] = []
        for stage, action in zip(BASSED_5.stages, STAGE_ACTIONS, strict=True):
            row = StageRow(stage, action)
            row.clicked.connect(lambda _=False, number=stage.number: self.stage_chosen.emit(number))
            layout.addWidget(row)
            self.rows.append(row)

    def set_stage(self, stage: int | None) -> None:
        """Which stage is the evaluator's reading."""
        for row in self.rows:
            row.setChecked(row.stage.number == stage)
