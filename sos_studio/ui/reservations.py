"""What is to be kept in mind about the open scan, in words, for as long as it is open."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout

from sos_studio.messages import message
from sos_studio.presenters.session import Session
from sos_studio.ui import parts

ZERO_WIDTH_SPACE = "\u200b"
SIGNS = {"warning": "⚠", "info": "•"}


def _tr(text: str) -> str:
    return QCoreApplication.translate("Reservations", text)


class Reservations(QFrame):
    """Hidden for a scan about which there is nothing to say."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("reservations")
        self._session = session
        self._said = ""
        self._title = parts.heading("")
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 7, 10, 8)
        layout.setSpacing(4)
        layout.addWidget(self._title)
        layout.addWidget(self._text)
        for signal in (session.scan_changed, session.scan_completed, session.case_changed):
            signal.connect(self._show)
        self._show()

    @property
    def text(self) -> str:
        """What is said; empty if nothing is."""
        return self._said

    def _show(self, _: object = None) -> None:
        scan = self._session.scan if self._session.scan_in_front else None
        found = [problem for problem in scan.info.problems if problem.severity in SIGNS] if scan is not None else []
        found.sort(key=lambda problem: problem.severity != "warning")
        self._said = "\n".join(f"{SIGNS[p.severity]} {message(p.code, p.values)}" for p in found)
        self._text.setText(_breakable(self._said))
        grave = any(problem.severity == "warning" for problem in found)
        self._title.setText(_tr("Remarks on this scan") if grave else _tr("About this scan"))
        self.setProperty("severity", "warning" if grave else "info")
        self.style().unpolish(self)
        self.style().polish(self)
        self.setAccessibleName(f"{self._title.text()}: {self._said}")
        self.setVisible(bool(found))


def _breakable(text: str) -> str:
    """Names of files may be broken every few letters: as one long word they would widen the whole inspector."""
    return re.sub(r"\S{17,}", lambda word: re.sub(r"\S{8}", lambda part: part[0] + ZERO_WIDTH_SPACE, word[0]), text)
