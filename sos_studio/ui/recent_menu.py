"""File ▸ Open recent: scans and projects apart, what is gone greyed, paths shortened."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMenu, QWidget

from sos_studio.core.settings import names_hidden
from sos_studio.presenters.opening import Opener
from sos_studio.presenters.recent import KINDS, RecentPlace

# Folders of a path that are shown: enough to tell two of the same name apart.
SHOWN_FOLDERS = 2


def _tr(text: str) -> str:
    return QCoreApplication.translate("RecentMenu", text)


class RecentMenu(QMenu):
    """Filled anew each time it is opened; the disk is asked in the background meanwhile."""

    def __init__(self, opener: Opener, parent: QWidget | None = None) -> None:
        super().__init__(_tr("Open &recent"), parent)
        self._opener = opener
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self._on_show)
        opener.recent.changed.connect(self._fill)

    def _on_show(self) -> None:
        self._fill()
        self._opener.recent.check()

    def _fill(self) -> None:
        self.clear()
        for kind in KINDS:
            places = self._opener.recent.places(kind)
            if not places:
                continue
            self.addAction(_tr("Scans") if kind == "scan" else _tr("Projects")).setEnabled(False)
            for n, place in enumerate(places, start=1):
                self._add(n, place)
            self.addSeparator()
        if self.isEmpty():
            self.addAction(_tr("Nothing was opened yet")).setEnabled(False)
        else:
            self.addAction(_tr("&Clear list")).triggered.connect(self._opener.recent.clear)

    def _add(self, n: int, place: RecentPlace) -> None:
        text, tip = words_of(place, n)
        # An ampersand in a folder's name is not a mnemonic.
        action = self.addAction("    " + text.replace("&", "&&"))
        action.setToolTip(tip)
        action.setEnabled(not place.missing)
        action.triggered.connect(lambda _=False, chosen=place.path: self._opener.open_path(chosen))


def words_of(place: RecentPlace, n: int) -> tuple[str, str]:
    """An entry's text, and its tooltip with the whole path; where names are hidden only its number `n`, and no tooltip."""
    if names_hidden():
        text, tip = (_tr("Scan {n}") if place.kind == "scan" else _tr("Project {n}")).format(n=n), ""
    else:
        text, tip = _tr("{name}   in {folder}").format(name=place.path.name, folder=shortened(place.path.parent)), str(place.path)
    return (_tr("{place} (not there)").format(place=text) if place.missing else text), tip


def shortened(folder: Path) -> str:
    """The last folders of a path; the person's own folder is called so."""
    try:
        parts = (_tr("home folder"), *folder.relative_to(Path.home()).parts)
    except ValueError:
        parts = folder.parts
    if len(parts) <= SHOWN_FOLDERS + 1:
        return str(Path(*parts))
    return str(Path("…", *parts[-SHOWN_FOLDERS:]))
