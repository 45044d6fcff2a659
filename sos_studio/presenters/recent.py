"""Scans and projects that were opened lately, and which of them are still there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from psygnal import Signal

from sos_studio.presenters.session import Session

Kind = Literal["scan", "project"]
KINDS: tuple[Kind, ...] = ("scan", "project")

KEPT = 8


@dataclass(frozen=True)
class RecentPlace:
    """One entry; `missing` is known only after `RecentPlaces.check`."""

    path: Path
    kind: Kind
    missing: bool = False


class RecentPlaces:
    """The two lists of File ▸ Open recent. They are the user's own settings and never part of a project.

    Signals
    -------
    changed
        An entry was found missing, or is back.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        self._session = session
        self._missing: frozenset[str] = frozenset()

    def places(self, kind: Kind) -> tuple[RecentPlace, ...]:
        """The latest first."""
        return tuple(RecentPlace(Path(text), kind, text in self._missing) for text in self._texts(kind))

    def folder_of_last(self, kind: Kind) -> Path | None:
        """Where the last one lies: a good place to begin looking for the next."""
        return next((place.path.parent for place in self.places(kind) if not place.missing), None)

    def remember(self, path: Path, kind: Kind) -> None:
        """Something was opened."""
        text = str(path.absolute())
        for each in KINDS:
            others = tuple(other for other in self._texts(each) if other != text)
            self._put(each, (text, *others)[:KEPT] if each == kind else others)
        self._missing -= {text}
        self._session.save_settings()

    def clear(self) -> None:
        """Forget all of them; nothing is deleted."""
        for kind in KINDS:
            self._put(kind, ())
        self._session.save_settings()

    def check(self) -> None:
        """Find out what is gone, off the GUI thread: a disconnected network disk answers after many seconds."""
        texts = [text for kind in KINDS for text in self._texts(kind)]
        self._session.background.run(lambda: frozenset(text for text in texts if not _there(Path(text))), self._checked, key="recent")

    def _checked(self, missing: frozenset[str]) -> None:
        if missing != self._missing:
            self._missing = missing
            self.changed.emit()

    def _texts(self, kind: Kind) -> tuple[str, ...]:
        settings = self._session.settings
        return settings.recent_scans if kind == "scan" else settings.recent_projects

    def _put(self, kind: Kind, texts: tuple[str, ...]) -> None:
        if kind == "scan":
            self._session.settings.recent_scans = texts
        else:
            self._session.settings.recent_projects = texts


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a folder that may no longer be looked into
        return False
