"""Messages that don't block: a card over the lower edge of the workspace."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from sos_studio.messages import Message

# Good news goes by itself; what went wrong stays until it was read.
SHOW_MS = {"info": 6000, "success": 3500, "warning": 12000, "error": 0}
SIGNS = {"info": "•", "success": "✓", "warning": "⚠", "error": "⚠"}
WAITING = 5
MARGIN = 14


def _tr(text: str) -> str:
    return QCoreApplication.translate("MessageBar", text)


class MessageBar(QFrame):
    """One message at a time; errors wait for their turn, chatter does not."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self.setObjectName("message")
        self.setProperty("severity", "info")
        self._sign = QLabel()
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._close = QToolButton()
        self._close.setText("✕")
        self._close.setToolTip(_tr("Dismiss (Esc)"))
        self._close.setAccessibleName(_tr("Dismiss message"))
        self._close.clicked.connect(self.dismiss)
        layout = self._layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 8, 8, 8)
        layout.setSpacing(10)
        layout.addWidget(self._sign)
        self._more = QPushButton()
        self._more.setObjectName("flat")
        self._more.clicked.connect(self._on_more)
        self._then: Callable[[], None] | None = None
        layout.addWidget(self._text, 1)
        layout.addWidget(self._more)
        layout.addWidget(self._close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.dismiss)
        self._waiting: deque[tuple[Message, str]] = deque(maxlen=WAITING)
        self._severity = self._code = ""
        over.installEventFilter(self)
        self.hide()

    @property
    def text(self) -> str:
        """What is shown; empty if nothing is."""
        return self._text.text() if not self.isHidden() else ""

    def say(self, message: Message, severity: str) -> None:
        """Show a message; it waits while an error is shown."""
        if not self.isHidden() and self._severity == "error":
            if severity in ("error", "warning") and str(message) != self._text.text():
                self._waiting.append((message, severity))
            return
        self._show(message, severity)

    def offer(self, told: Message, label: str, then: Callable[[], None]) -> None:
        """A button beside a message that is on the screen: there is more to say about it."""
        if not self.isHidden() and str(told) == self._text.text():
            self._more.setText(label)
            self._then = then
            self._more.show()
            self._place()

    def dismiss(self) -> None:
        """Away with it; the next one that waits comes."""
        self._timer.stop()
        self.hide()
        if self._waiting:
            self._show(*self._waiting.popleft())

    def outdate(self, prefix: str) -> None:
        """Away with messages whose code begins with `prefix`: what they tell of is over."""
        kept = [entry for entry in self._waiting if not entry[0].code.startswith(prefix)]
        self._waiting = deque(kept, maxlen=WAITING)
        if not self.isHidden() and self._code.startswith(prefix):
            self.dismiss()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay at the lower edge when the workspace changes its size."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _on_more(self) -> None:
        if self._then is not None:
            self._then()

    def _show(self, message: Message, severity: str) -> None:
        self._then = None
        self._more.hide()
        self._severity, self._code = severity, message.code
        self._sign.setText(SIGNS.get(severity, ""))
        self._text.setText(str(message))
        self.setAccessibleName(str(message))
        self.setProperty("severity", severity)
        self.style().unpolish(self)
        self.style().polish(self)
        self.show()
        self._place()
        self.raise_()
        duration = SHOW_MS.get(severity, 0)
        if duration:
            self._timer.start(duration)
        else:
            self._timer.stop()

    def _place(self) -> None:
        over = self.parentWidget()
        if over is None or self.isHidden():
            return
        width = min(over.width() - 2 * MARGIN, 620)
        # The layout forgets the style sheet's border, which would cut the last line.
        height = self._layout.heightForWidth(width - 2) + 6
        self.setGeometry((over.width() - width) // 2, over.height() - height - MARGIN, width, height)
