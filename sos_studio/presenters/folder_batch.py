"""A folder of full images staged in the background, with or without a project: what is shown of it, and how it is stopped."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from psygnal import Signal

from sos_studio.core.errors import BadInputError, CancelledError, SosError
from sos_studio.core.geometry import Facing
from sos_studio.messages import Message, message
from sos_studio.presenters.session import Session
from sos_studio.services import model_package
from sos_studio.services.batch import BatchReport, BatchRow, predict_folder
from sos_studio.services.prediction import Networks, PredictionService, choose_networks, networks_in

Phase = Literal["idle", "running", "stopping", "stopped", "done", "failed"]


@dataclass(frozen=True)
class FolderBatchState:
    """How far it is; `problem` says why it failed."""

    phase: Phase = "idle"
    done: int = 0
    total: int = 0
    report: BatchReport | None = None
    problem: Message | None = None


@dataclass(frozen=True)
class Wanted:
    """What a person asked for.

    Attributes
    ----------
    network
        Folder of a network or file of networks; None: the student in use of the project that is open.
    folder
        Not within that project: what is shown of its cases is noted case by case.
    """

    folder: Path
    out: Path
    network: Path | None = None
    facing: Facing = "right"
    names: bool = False


class FolderBatchPresenter:
    """One batch at a time."""

    changed = Signal(FolderBatchState)
    # A row, and the name of its file for the screen.
    row = Signal(BatchRow, str)

    def __init__(self, session: Session, service: PredictionService) -> None:
        self._session = session
        self._service = service
        self._run = 0  # rows of an older run are dropped
        self._stopped = False
        self.state = FolderBatchState()

    def start(self, wanted: Wanted) -> None:
        """Stage all; what an earlier run has done in that folder of results is taken over."""
        if self.state.phase in ("running", "stopping"):
            return
        self._run += 1
        run, session, project = self._run, self._session, self._session.project
        self._stopped = False
        project_dir = None if project is None else project.directory
        # In sight in the status bar, and asked about when the window closes, as all long work.
        task = session.tasks.begin("batch", wanted.out.name)
        share = session.tasks.progress_of(task)

        def told(done: int, total: int) -> None:
            share(done / max(total, 1))
            now(lambda: self._show(done=done, total=total))

        def now(call: Callable[[], None]) -> None:
            session.background.post(lambda: call() if run == self._run else None)

        def work() -> BatchReport:
            if project_dir is not None and wanted.folder.resolve().is_relative_to(project_dir.resolve()):
                raise BadInputError("batch.own_project")
            with ExitStack() as stack:
                networks = _networks(stack, wanted.network, project_dir)
                return predict_folder(
                    wanted.folder,
                    wanted.out,
                    networks,
                    self._service,
                    facing=wanted.facing,
                    names=wanted.names,
                    progress=told,
                    on_row=lambda row, name: now(lambda: self.row.emit(row, name)),
                    cancelled=lambda: self._stopped or task.cancelled,
                )

        def done(report: BatchReport) -> None:
            session.tasks.end(task)
            self._show(phase="done", report=report, done=len(report.rows), total=report.total)

        def failed(error: Exception) -> None:
            session.tasks.end(task)
            if isinstance(error, CancelledError):
                self._show(phase="stopped")
                return
            self._show(
                phase="failed", problem=message(error.code, error.values) if isinstance(error, SosError) else message("prediction.failed")
            )

        self._show(phase="running", done=0, total=0, report=None, problem=None)
        session.background.run(work, done, failed)

    def stop(self) -> None:
        """The picture that is being asked about is the last; all before are in the table."""
        if self.state.phase == "running":
            self._stopped = True
            self._show(phase="stopping")

    def _show(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)
        self.changed.emit(self.state)


def _networks(stack: ExitStack, network: Path | None, project_dir: Path | None) -> Networks:
    if network is None:
        return choose_networks(project_dir, None)
    packed = model_package.is_package(network)
    opening: AbstractContextManager[Path] = model_package.opened(network) if packed else nullcontext(network)
    folder = stack.enter_context(opening)
    if packed:
        return networks_in(folder, name=network.name)
    own = project_dir is not None and folder.resolve().is_relative_to(project_dir.resolve())
    return choose_networks(project_dir if own else None, folder)
