"""Messages that don't block: a line of their own below the workspace, where keys are told while nothing else is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from sos_studio.messages import Message

# Good news goes by itself; what went wrong stays until it was read.
SHOW_MS = {"info": 6000, "success": 3500, "warning": 12000, "error": 0}
# Good news of work that took long: one looks elsewhere meanwhile, so it stays until it is read or something new is begun.
LASTING = ("window.exported", "window.imported", "care.", "predict.report_saved")
SIGNS = {"info": "•", "success": "✓", "warning": "⚠", "error": "⚠"}
# So many that were covered unread come back.
COVERED = 5
# What tells of unsaved work stays until it was read, whatever is begun meanwhile.
OF_LOST_WORK = (
    "project.disk_full",
    "project.unwritable",
    "project.io_error",
    "project.busy",
    "project.read_only",
    "staging.frame_not_saved",
    "settings.unwritable",
    "disk.full",
    "file.refused",
    "system.refused",
)
# While there is no message: the style sheet draws no frame around a hint.
IDLE = "none"


@dataclass(eq=False)
class _Entry:
    """A message that is shown or covered by a newer one, and the button beside it."""

    message: Message
    severity: str
    label: str = ""
    then: Callable[[], None] | None = None


def _tr(text: str) -> str:
    return QCoreApplication.translate("MessageBar", text)


class MessageBar(QFrame):
    """One message at a time, the newest; an error that it covers comes back when it goes, chatter does not.

    It keeps one line of room for good, so that it covers nothing and nothing moves under the hand when it speaks. Only a message
    too long for the line takes more.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("message")
        self._hint = ""
        self._sign = QLabel()
        # Signs come from fonts with higher lines than the words beside them: they don't decide how high the line is.
        self._sign.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._close = QToolButton()
        self._close.setText("✕")
        self._close.setToolTip(_tr("Dismiss (Esc)"))
        self._close.setAccessibleName(_tr("Dismiss message"))
        self._close.clicked.connect(self.dismiss)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 2, 4, 2)
        layout.setSpacing(8)
        layout.addWidget(self._sign)
        self._more = QPushButton()
        self._more.clicked.connect(self._on_more)
        self._shown: _Entry | None = None
        layout.addWidget(self._text, 1)
        layout.addWidget(self._more)
        layout.addWidget(self._close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.dismiss)
        self._covered: deque[_Entry] = deque(maxlen=COVERED)
        self._severity = IDLE
        # The room of the button stays when it goes: the line is as high with a message as without one.
        keeping = self._close.sizePolicy()
        keeping.setRetainSizeWhenHidden(True)
        self._close.setSizePolicy(keeping)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self._rest()

    def below(self, workspace: QWidget) -> QWidget:
        """The workspace with this line below it."""
        column = QWidget()
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(workspace, 1)
        layout.addWidget(self)
        return column

    def set_hint(self, hint: str) -> None:
        """What is told quietly while there is no message; cut where there is no room for it."""
        self._hint = hint
        if not self.text:
            self._rest()

    @property
    def text(self) -> str:
        """What is shown; empty if nothing is."""
        return self._text.text() if self._severity != IDLE else ""

    def say(self, message: Message, severity: str) -> None:
        """Show a message at once; an error that was not dismissed yet comes back after it."""
        before = self._shown
        if before is not None and _lasts(before.message, before.severity):
            self._covered.append(before)
        # Said again, it stands at the top only.
        again = str(message)
        self._covered = deque((entry for entry in self._covered if str(entry.message) != again), maxlen=COVERED)
        self._show(_Entry(message, severity))

    def offer(self, told: Message, label: str, then: Callable[[], None]) -> None:
        """A button beside a message that is shown, or covered and comes back: there is more to say about it."""
        for entry in (self._shown, *self._covered):
            if entry is not None and entry.message is told:
                entry.label, entry.then = label, then
        self._show_button()

    def dismiss(self) -> None:
        """Away with it; the error that it covered comes back."""
        self._timer.stop()
        if self._covered:
            self._show(self._covered.pop())
        else:
            self._rest()

    def outdate(self, prefix: str) -> None:
        """Away with messages whose topic or code begins with `prefix`: what they tell of is over."""

        self._leave_out(lambda message: (message.topic or message.code).startswith(prefix))

    def begin(self) -> None:
        """The person begins something new: away with what was said before, unless it tells of unsaved work."""
        self._leave_out(lambda message: message.code not in OF_LOST_WORK)

    def _leave_out(self, over: Callable[[Message], bool]) -> None:
        self._covered = deque((entry for entry in self._covered if not over(entry.message)), maxlen=COVERED)
        if self._shown is not None and over(self._shown.message):
            self.dismiss()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More or less of the hint."""
        super().resizeEvent(event)
        if not self.text:
            self._cut_hint()

    def _on_more(self) -> None:
        if self._shown is not None and self._shown.then is not None:
            self._shown.then()

    def _show_button(self) -> None:
        label = self._shown.label if self._shown is not None else ""
        self._more.setText(label)
        self._more.setVisible(bool(label))

    def _show(self, entry: _Entry) -> None:
        message, severity = entry.message, entry.severity
        self._shown = entry
        self._show_button()
        self._sign.setText(SIGNS.get(severity, ""))
        self._sign.show()
        self._close.show()
        self._text.setText(str(message))
        self.setAccessibleName(str(message))
        self._look(severity)
        duration = 0 if _lasts(message, severity) else SHOW_MS.get(severity, 0)
        if duration:
            self._timer.start(duration)
        else:
            self._timer.stop()

    def _rest(self) -> None:
        """No message: the hint."""
        self._shown = None
        for part in (self._sign, self._more, self._close):
            part.hide()
        self._look(IDLE)
        self._cut_hint()
        self.setAccessibleName("")

    def _cut_hint(self) -> None:
        room = self.width() - self._close.sizeHint().width() - 48
        self._text.setText(self._text.fontMetrics().elidedText(self._hint, Qt.TextElideMode.ElideRight, max(room, 0)))

    def _look(self, severity: str) -> None:
        self._severity = severity
        self.setProperty("severity", severity)
        for part in (self, self._text):
            part.style().unpolish(part)
            part.style().polish(part)


def _lasts(message: Message, severity: str) -> bool:
    return not SHOW_MS.get(severity, 0) or message.code.startswith(LASTING)
