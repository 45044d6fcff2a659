"""Checking, mending and backing up a project from the window: in the background, with progress, told in the dialog that asked for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar

from psygnal import Signal

from sos_studio.core.errors import CancelledError
from sos_studio.dataset import backup
from sos_studio.dataset.backup import BackupReport
from sos_studio.dataset.checks import Problem
from sos_studio.messages import Message, message
from sos_studio.presenters.opening import Opener
from sos_studio.presenters.session import Session, fault
from sos_studio.presenters.tasks import Task
from sos_studio.services import projects, repairing
from sos_studio.services.repairing import Mended

T = TypeVar("T")
Work = Literal["check", "repair", "backup"]


@dataclass(frozen=True, eq=False)
class CareState:
    """What the dialog shows.

    Attributes
    ----------
    working
        What is being done now; None while nothing is.
    progress
        0 … 1 of it.
    problems
        What the last check found; None before one.
    mended
        What the last repair did.
    said, trouble
        The last result in words: good news, or what went wrong.
    """

    working: Work | None = None
    progress: float = 0.0
    problems: tuple[Problem, ...] | None = None
    mended: Mended | None = None
    said: Message | None = None
    trouble: Message | None = None
    read_only: bool = False


class CarePresenter:
    """About one project folder, which need not be open: a damaged one can't be."""

    changed = Signal(CareState)

    def __init__(self, session: Session, opener: Opener, directory: Path) -> None:
        self._session, self._opener = session, opener
        self.directory = directory
        self._task: Task | None = None
        self._watched = True
        project = session.project
        self.state = CareState(read_only=project is not None and project.read_only)

    def check(self) -> None:
        """Compare every file of the open project with its hash."""
        project = self._session.project
        if project is None:
            return

        def done(problems: list[Problem]) -> None:
            errors = sum(problem.severity == "error" for problem in problems)
            code = "care.damaged" if errors else "care.leftovers" if problems else "care.sound"
            self._end(problems=tuple(problems), said=message(code, {"count": errors or len(problems)}))

        self._run("check", lambda told: projects.check(project, progress=told, cancelled=self._cancelled), done)

    def repair(self, backup_file: Path | None = None) -> None:
        """Mend the project. It is closed meanwhile and opened again, because its database may have to be replaced."""
        directory, who = self.directory, self._session.evaluator
        if self.state.working is not None:
            return
        self._opener.close_project()

        def work(told: Callable[[float], None]) -> Mended:
            self._opener.finish_closing()
            return repairing.mend(directory, backup_file=backup_file, who=who, progress=told, cancelled=self._cancelled)

        def done(mended: Mended) -> None:
            left = sum(problem.severity == "error" for problem in mended.report.left)
            values = {"count": left, "done": mended.report.count("restored") + mended.report.count("taken_in")}
            told = message("care.mended_partly" if left else "care.mended", values)
            self._end(mended=mended, problems=mended.report.left, said=None if left else told, trouble=told if left else None)
            self._opener.open_project(directory)

        self._run("repair", work, done, lambda: self._opener.open_project(directory))

    def back_up(self, file: Path) -> None:
        """Write the open project into one file."""
        project, who = self._session.project, self._session.evaluator
        if project is None:
            return

        def done(made: BackupReport) -> None:
            values = {"file": made.file.name, "cases": made.contents.cases, "count": len(made.damaged)}
            told = message("care.backed_up_damaged" if made.damaged else "care.backed_up", values)
            self._end(said=None if made.damaged else told, trouble=told if made.damaged else None)

        self._run("backup", lambda told: backup.back_up(project, file, who=who, progress=told, cancelled=self._cancelled), done)

    def cancel(self) -> None:
        """Stop what is being done; what was mended stays mended."""
        if self._task is not None:
            self._task.cancel()

    def leave(self) -> None:
        """Nobody looks here any more: what is being done goes on, and its end is told in the window."""
        self._watched = False

    def _cancelled(self) -> bool:
        return self._task is not None and self._task.cancelled

    def _run(
        self, what: Work, work: Callable[[Callable[[float], None]], T], done: Callable[[T], None], after: Callable[[], None] | None = None
    ) -> None:
        if self.state.working is not None:
            return
        background = self._session.background
        task = self._task = self._session.tasks.begin(what)
        show = self._session.tasks.progress_of(task)
        self._set(working=what, progress=0.0, said=None, trouble=None)

        def told(fraction: float) -> None:
            show(fraction)
            background.post(lambda: self._set(progress=fraction) if self.state.working == what else None)

        def failed(error: Exception) -> None:
            code, values = ("cancelled", {}) if isinstance(error, CancelledError) else fault(error)
            self._end(trouble=message(code, values))
            if after is not None:
                after()

        background.run(lambda: work(told), done, failed)

    def _end(self, *, said: Message | None = None, trouble: Message | None = None, **values: object) -> None:
        if self._task is not None:
            self._session.tasks.end(self._task)
        self._set(working=None, said=said, trouble=trouble, **values)
        told = trouble or said
        if told is not None and not self._watched:
            self._session.message.emit(told, "error" if trouble is not None else "success")

    def _set(self, **values: object) -> None:
        self.state = replace(self.state, **values)  # type: ignore[arg-type]
        self.changed.emit(self.state)
