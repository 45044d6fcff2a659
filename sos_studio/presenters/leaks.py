"""Cases alike in different folds: shown in pairs, and settled by excluding one or by joining their patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psygnal import Signal

from sos_studio.dataset.cases import CaseSummary
from sos_studio.dataset.leakage import Leak
from sos_studio.presenters.session import Session
from sos_studio.services import leaks

if TYPE_CHECKING:
    from sos_studio.dataset.project import Project


@dataclass(frozen=True)
class Pair:
    """A leak and its two cases."""

    leak: Leak
    one: CaseSummary
    other: CaseSummary


class LeaksPresenter:
    """Looks again whenever cases change."""

    # Pairs, or None while they are looked for.
    changed = Signal(object)
    progress = Signal(float)

    def __init__(self, session: Session) -> None:
        self._session = session
        self.pairs: tuple[Pair, ...] | None = None
        session.cases_changed.connect(self.look)
        session.project_changed.connect(self._on_project)

    def look(self) -> None:
        """Find them, in the background: pictures that nobody compared yet have to be read."""
        project, session = self._session.project, self._session
        if project is None:
            return
        self._show(None)

        def work() -> tuple[Pair, ...]:
            found = leaks.find(project, progress=lambda part: session.background.post(lambda: self.progress.emit(part)))
            return tuple(Pair(*of) for of in found)

        def done(pairs: tuple[Pair, ...]) -> None:
            if session.project is project:
                self._show(pairs)

        session.background.run(work, done, session.report, key=f"leaks.{id(self)}")

    def join(self, pair: Pair) -> None:
        """Both are of one patient. Folds never change: where both have one, that is noted and one case has to be excluded."""
        session, project, who = self._session, self._session.project, self._session.evaluator
        if project is None:
            return
        one, other = pair.leak.case_id, pair.leak.other_case_id

        def done(joined: bool) -> None:
            code, name = "leak.joined" if joined else "leak.folds_differ", session.blinding.name
            session.tell(code, "success" if joined else "warning", case=name(one), other=name(other))
            self._changed(project)

        session.writes.submit(lambda: leaks.say_same(project, one, other, who), done, session.report)

    def close(self) -> None:
        """Nobody looks any more."""
        self._session.cases_changed.disconnect(self.look, missing_ok=True)
        self._session.project_changed.disconnect(self._on_project, missing_ok=True)

    def _changed(self, project: Project) -> None:
        if self._session.project is project:
            self._session.cases_changed.emit()

    def _on_project(self, _: object) -> None:
        self._show(())
        self.look()

    def _show(self, pairs: tuple[Pair, ...] | None) -> None:
        self.pairs = pairs
        self.changed.emit(pairs)
