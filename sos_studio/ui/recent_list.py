"""What was opened lately, on the empty page: one click or Enter opens it again."""

from __future__ import annotations

from itertools import chain, zip_longest

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from sos_studio.core.settings import names_hidden
from sos_studio.presenters.opening import Opener
from sos_studio.presenters.recent import RecentPlace, RecentPlaces
from sos_studio.presenters.session import Session
from sos_studio.ui import parts
from sos_studio.ui.recent_menu import words_of

SHOWN = 5

# A place and its number in its own list, by which it is called where names are hidden.
Numbered = tuple[int, RecentPlace]


def _tr(text: str) -> str:
    return QCoreApplication.translate("RecentList", text)


def latest(recent: RecentPlaces) -> tuple[Numbered, ...]:
    """Projects and scans by turns, the latest of each first; shown by kind."""
    projects, scans = (list(enumerate(recent.places(kind), start=1)) for kind in ("project", "scan"))
    by_turns = [each for each in chain.from_iterable(zip_longest(projects, scans)) if each is not None]
    return tuple(sorted(by_turns[:SHOWN], key=lambda numbered: (numbered[1].kind != "project", numbered[0])))


class RecentList(QWidget):
    """Hides itself while nothing was opened yet; the disk is asked in the background each time it is shown."""

    def __init__(self, session: Session, opener: Opener) -> None:
        super().__init__()
        self._opener = opener
        self._shown: tuple[Numbered, ...] = ()
        self._nameless = names_hidden()
        self.buttons: list[QPushButton] = []
        self._title = parts.heading(_tr("Opened last"))
        self._title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._layout = QVBoxLayout(self)
        self._layout.setSpacing(2)
        self._layout.addWidget(self._title)
        opener.recent.changed.connect(self._fill)
        session.settings_changed.connect(self._fill)
        session.blinding.changed.connect(self._fill)
        self._fill()

    def showEvent(self, event: QShowEvent) -> None:
        """Disks come and go."""
        super().showEvent(event)
        if self._shown:
            self._opener.recent.check()

    def _fill(self, *_: object) -> None:
        places = latest(self._opener.recent)
        self._title.setVisible(bool(places))
        # With the same places, other names: some may be a patient's, and are hidden at times.
        if (places, names_hidden()) == (self._shown, self._nameless):
            return
        self._shown, self._nameless = places, names_hidden()
        for button in self.buttons:
            button.hide()
            button.deleteLater()
        self.buttons = [self._make(n, place) for n, place in places]
        for button in self.buttons:
            self._layout.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)

    def _make(self, n: int, place: RecentPlace) -> QPushButton:
        text, tip = words_of(place, n)
        kind = _tr("Scan") if place.kind == "scan" else _tr("Project")
        # Where names are hidden the text says the kind already.
        made = QPushButton((text if not tip else f"{kind} · {text}").replace("&", "&&"))
        made.setObjectName("flat")
        made.setAutoDefault(True)  # Enter opens it, as a click does
        made.setToolTip(tip or text)
        made.setEnabled(not place.missing)
        made.clicked.connect(lambda: self._opener.open_path(place.path))
        return made
