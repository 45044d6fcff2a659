"""What is shown over the window while something is dragged onto it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from sos_studio.presenters.drops import Drop
from sos_studio.ui.language import plural

INSET_PX = 14.0
SHADE = QColor(8, 12, 17, 185)
EDGE, TEXT, QUIET = QColor("#3d8fe0"), QColor("#ffffff"), QColor("#c3ccd6")
CARD = QColor(23, 26, 31, 245)


def _tr(text: str) -> str:
    return QCoreApplication.translate("DropOverlay", text)


def drop_words(drop: Drop) -> tuple[str, str]:
    """What letting go will do, and what of it is left out."""
    n = len(drop.paths)
    title = {
        "images": plural("DropOverlay", "Drop to import this full image", "Drop to import {n} full images and tables", n),
        "scan": _tr("Drop to open this folder's scan") if drop.whole_folder else _tr("Drop to open this scan"),
        "project": _tr("Drop to open this project"),
        "both": _tr("Drop to open this project and this scan"),
    }[drop.meaning]
    if drop.whole_folder:
        return title, _tr("All files of the folder are read, not only these {n}").format(n=drop.dropped)
    if drop.left_out:
        return title, _tr("Only the first of the {n} things is opened").format(n=drop.dropped)
    return title, ""


class DropOverlay(QWidget):
    """Covers the whole window; the pointer goes through it."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._words = ("", "")
        window.installEventFilter(self)
        self.hide()

    @property
    def words(self) -> tuple[str, str]:
        """What it says while it is shown."""
        return self._words

    def offer(self, drop: Drop) -> None:
        """Say what letting go will do."""
        self._words = drop_words(drop)
        self.setAccessibleName(" ".join(self._words).strip())
        self.setGeometry(self._window.rect())
        self.show()
        self.raise_()
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Cover the window in whatever size."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.setGeometry(self._window.rect())
        return super().eventFilter(watched, event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Shade, a dashed frame, and the words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), SHADE)
        frame = QRectF(self.rect()).adjusted(INSET_PX, INSET_PX, -INSET_PX, -INSET_PX)
        painter.setPen(QPen(EDGE, 2.5, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(frame, 12, 12)
        title, more = self._words
        large = QFont(self.font())
        large.setPointSizeF(large.pointSizeF() * 1.7)
        large.setBold(True)
        painter.setFont(large)
        height = painter.fontMetrics().height()
        middle = frame.center().y()
        width = min(frame.width() - 2 * INSET_PX, painter.fontMetrics().horizontalAdvance(title) + 6 * height)
        card = QRectF(0, 0, width, 4.2 * height)
        card.moveCenter(frame.center())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(CARD)
        painter.drawRoundedRect(card, 12, 12)
        painter.setPen(TEXT)
        wrap = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap)
        painter.drawText(QRectF(frame.left(), middle - (1.1 if more else 0.55) * height, frame.width(), 2 * height), wrap, title)
        painter.setFont(self.font())
        painter.setPen(QUIET)
        painter.drawText(QRectF(frame.left(), middle + 0.45 * height, frame.width(), 2 * height), wrap, more)
        painter.end()
