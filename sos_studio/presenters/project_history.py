"""File ▸ Project history: everything that was done, filtered, and as a file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from psygnal import Signal

from sos_studio.core.errors import BadInputError
from sos_studio.dataset import audit
from sos_studio.dataset.audit import Entry
from sos_studio.dataset.project import Project
from sos_studio.messages import Message, message
from sos_studio.presenters.session import Session, fault


@dataclass(frozen=True, eq=False)
class HistoryState:
    """What the dialog shows; newest first.

    Attributes
    ----------
    what
        Only this kind; empty: all.
    text
        Only entries in which this stands: a person, a case, a number.
    """

    everything: tuple[Entry, ...] | None = None
    what: str = ""
    text: str = ""
    said: Message | None = None
    trouble: Message | None = None

    def read_by(self, evaluator: str) -> frozenset[str]:
        """Cases that somebody has read."""
        return frozenset(
            entry.case_id for entry in self.everything or () if (entry.what, entry.who) == ("read", evaluator) and entry.case_id
        )

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds that occur."""
        there = {entry.what for entry in self.everything or ()}
        return tuple(kind for kind in audit.KINDS if kind in there)

    @property
    def rows(self) -> tuple[Entry, ...]:
        """What passes the filter."""
        wanted = self.text.strip().casefold()
        return tuple(
            entry for entry in self.everything or () if self.what in ("", entry.what) and (not wanted or wanted in _searched(entry))
        )


class HistoryPresenter:
    """Reads the history once; whoever reads blinded is shown none, because it tells who read what."""

    changed = Signal(HistoryState)

    def __init__(self, session: Session, project: Project) -> None:
        self._session, self._project = session, project
        self.state = HistoryState()
        if session.blinding.on:
            self._set(everything=(), trouble=message("history.blinded"))
            return
        session.background.run(
            lambda: tuple(reversed(audit.history(project))), lambda rows: self._set(everything=rows), self._failed, key="history"
        )

    def filter(self, what: str, text: str) -> None:
        """Show fewer or more."""
        self._set(what=what, text=text)

    def export(self, file: Path) -> None:
        """Write what is shown: JSON if the name ends so, else CSV."""
        rows = tuple(reversed(self.state.rows))

        def work() -> int:
            if file.exists():
                raise BadInputError("history.exists", file=file.name)
            if file.suffix.lower() == ".json":
                audit.write_json(file, rows)
            else:
                audit.write(file, audit.as_csv(rows))
            return len(rows)

        def done(count: int) -> None:
            self._set(said=message("history.exported", {"count": count, "file": file.name}), trouble=None)

        self._session.background.run(work, done, self._failed)

    def _failed(self, error: Exception) -> None:
        code, values = fault(error)
        self._set(everything=self.state.everything or (), said=None, trouble=message(code, values))

    def _set(self, **values: object) -> None:
        self.state = replace(self.state, **values)  # type: ignore[arg-type]
        self.changed.emit(self.state)


def _searched(entry: Entry) -> str:
    return " ".join((entry.what, entry.who, entry.case_id or "", entry.when.isoformat(), *map(str, entry.details.values()))).casefold()
