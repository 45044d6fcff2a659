"""A folder of full images staged in the background, with or without a project: what is shown of it, and how it is stopped."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from sos_studio.core.errors import BadInputError, CancelledError, SosError
from sos_studio.core.geometry import Facing
from sos_studio.core.predictions import PredictedRoi
from sos_studio.imaging.heatmaps import ColourMap
from sos_studio.messages import Message, message
from sos_studio.presenters.prediction_state import heat_rgba
from sos_studio.presenters.session import Session
from sos_studio.services import full_images, model_package
from sos_studio.services.batch import TABLE_FILE, BatchReport, full_images_in, predict_folder
from sos_studio.services.batch_table import BatchRow
from sos_studio.services.prediction import Networks, PredictionService, choose_networks, heat_of, networks_in

Phase = Literal["idle", "running", "stopping", "stopped", "done", "failed"]


# The time left is reckoned by so many of the last pictures: those that an earlier run has staged take none.
_PACE = 8


@dataclass(frozen=True)
class Wanted:
    """What a person asked for.

    Attributes
    ----------
    network
        Folder of a network or file of networks; None: the student in use of the project that is open.
    folder
        Without cases of that project: what is shown of them is noted case by case.
    """

    folder: Path
    out: Path
    network: Path | None = None
    facing: Facing = "right"
    names: bool = False


@dataclass(frozen=True)
class FolderBatchState:
    """How far it is.

    Attributes
    ----------
    wanted
        What was asked for last, so that Start goes on with it whenever somebody comes back.
    rows
        All so far, each with the name of its file for the screen.
    seconds_left
        None while that is not known.
    problem
        Why it failed.
    """

    phase: Phase = "idle"
    wanted: Wanted | None = None
    rows: tuple[tuple[BatchRow, str], ...] = ()
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    report: BatchReport | None = None
    problem: Message | None = None

    @property
    def table(self) -> Path | None:
        """Where all answers so far can be opened; None while it is being worked on, and where there are none."""
        if self.report is not None:
            return self.report.table
        ended = self.wanted is not None and self.rows and self.phase in ("stopped", "failed")
        return self.wanted.out / TABLE_FILE if self.wanted is not None and ended else None


@dataclass(frozen=True, eq=False)
class Looked:
    """One answer to look at: the full image, the attention over it as RGBA, and the frame it was measured in."""

    row: BatchRow
    full8: npt.NDArray[np.uint8]
    rgba: npt.NDArray[np.uint8] | None
    frame: PredictedRoi | None


class FolderBatchPresenter:
    """One batch at a time; it goes on while nobody looks."""

    changed = Signal(FolderBatchState)
    # A row, and the name of its file for the screen.
    row = Signal(BatchRow, str)
    # A `Looked`, or None where the picture can't be shown any more.
    looked = Signal(object)

    def __init__(self, session: Session, service: PredictionService) -> None:
        self._session = session
        self._service = service
        self._run = 0  # rows of an older run are dropped
        self._stopped = False
        self.state = FolderBatchState()

    def start(self, wanted: Wanted, *, called: Mapping[str, str] | None = None) -> None:
        """Stage all; what an earlier run has done in that folder of results is taken over.

        Parameters
        ----------
        called
            What networks are called where they are chosen, by model id; others go by their id.
        """
        if self.state.phase in ("running", "stopping"):
            return
        self._run += 1
        run, session, project = self._run, self._session, self._session.project
        self._stopped = False
        project_dir = None if project is None else project.directory
        # In sight in the status bar, and asked about when the window closes, as all long work.
        task = session.tasks.begin("batch", wanted.out.name)
        share, pace = session.tasks.progress_of(task), _Pace()

        def told(done: int, total: int) -> None:
            left = pace.seconds_left(total - done)
            share(done / max(total, 1))
            now(lambda: self._show(done=done, total=total, seconds_left=left))

        def now(call: Callable[[], None]) -> None:
            session.background.post(lambda: call() if run == self._run else None)

        def work() -> BatchReport:
            if project_dir is not None and _holds_cases(wanted.folder, project_dir):
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
                    on_row=lambda row, name: now(lambda: self._add(row, name)),
                    cancelled=lambda: self._stopped or task.cancelled,
                )

        def done(report: BatchReport) -> None:
            session.tasks.end(task)
            self._show(phase="done", report=report, done=len(report.rows), total=report.total)
            session.tell("batch.done", "success", count=report.total, file=report.table.name, folder=wanted.out.name)

        def failed(error: Exception) -> None:
            session.tasks.end(task)
            if isinstance(error, CancelledError):
                self._show(phase="stopped")
                return
            problem = message("prediction.failed")
            if isinstance(error, SosError):
                network = str(error.values.get("network", ""))
                problem = message(error.code, {**error.values, **({"network": (called or {}).get(network, network)} if network else {})})
            self._show(phase="failed", problem=problem)

        self._show(phase="running", wanted=wanted, rows=(), done=0, total=0, seconds_left=None, report=None, problem=None)
        session.background.run(work, done, failed)

    def stop(self) -> None:
        """The picture that is being asked about is the last; all before are in the table."""
        if self.state.phase == "running":
            self._stopped = True
            self._show(phase="stopping")

    def look(self, n: int, colour_map: ColourMap = "inferno") -> None:
        """Bring the `n`-th picture with its heatmap; `looked` has it."""
        wanted = self.state.wanted
        if wanted is None or not 0 <= n < len(self.state.rows):
            return
        row, file = self.state.rows[n]

        def work() -> Looked | None:
            path = wanted.folder / file
            try:
                full8 = full_images.full_image(path, facing="right" if path.is_dir() else wanted.facing).full8
            except (SosError, OSError):
                return None
            said, kept = (None, None) if row.said is None else (row.said.prediction, row.said.map)
            if said is None or kept is None:
                return Looked(row, full8, None, None)
            return Looked(row, full8, heat_rgba(heat_of(kept, said.roi, (full8.shape[0], full8.shape[1])), colour_map), said.roi)

        self._session.background.run(work, self.looked.emit, self._session.report, key="batch.look")

    def _add(self, row: BatchRow, name: str) -> None:
        self.state = replace(self.state, rows=(*self.state.rows, (row, name)))
        self.row.emit(row, name)

    def _show(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)
        self.changed.emit(self.state)


class _Pace:
    """How quickly things go lately."""

    def __init__(self) -> None:
        self._moments = deque([time.monotonic()], maxlen=_PACE + 1)

    def seconds_left(self, left: int) -> float:
        """One more is done; how long the others will take."""
        self._moments.append(time.monotonic())
        return (self._moments[-1] - self._moments[0]) / (len(self._moments) - 1) * left


def _holds_cases(folder: Path, project_dir: Path) -> bool:
    """Whether a folder lies within a project, or a project with cases within it."""
    folder, project_dir = folder.resolve(), project_dir.resolve()
    if not project_dir.is_relative_to(folder):
        return folder.is_relative_to(project_dir)
    return folder == project_dir or any(path.is_relative_to(project_dir) for path in full_images_in(folder))


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
