"""Training seen from the window: start, find again, follow, cancel, resume. The job itself lives in its own process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from sos_studio.core.errors import SosError
from sos_studio.core.job_state import JobState, JobStatus
from sos_studio.core.jobs import JobKind, JobSpec
from sos_studio.messages import Message, message
from sos_studio.presenters.session import Session, fault
from sos_studio.services import jobs, presets, weights
from sos_studio.services.job_tail import JobTail
from sos_studio.services.jobs import JobHandle
from sos_studio.services.weights import WeightsStatus

if TYPE_CHECKING:
    from sos_studio.dataset.project import Project

LOG_BYTES = 60_000
REMEMBERED_JOBS = 50


@dataclass(frozen=True, eq=False)
class Followed:
    """The job on the screen: what was asked, how it stands, what came of it."""

    handle: JobHandle
    spec: JobSpec | None
    state: JobState
    silent: bool = False
    result: dict[str, Any] | None = None
    log_text: str = ""

    @property
    def report_dir(self) -> Path | None:
        """Where the tables and plots of a complete cross-validation lie; None of anything else."""
        report = (self.result or {}).get("report")
        return self.handle.job_dir / Path(report).parent.name if isinstance(report, str) else None


@dataclass(frozen=True, eq=False)
class TrainingState:
    """What the dock shows.

    Attributes
    ----------
    starting
        A job is being prepared: the list of cases is frozen and hashed.
    others
        Ids of all jobs of the project, newest first.
    problem
        Why the last wish was not fulfilled.
    """

    has_project: bool = False
    read_only: bool = False
    phantom: bool = False
    starting: bool = False
    job: Followed | None = None
    others: tuple[str, ...] = ()
    preset: str = presets.DEFAULT_PRESET
    problem: Message | None = None

    @property
    def running(self) -> bool:
        """Whether a training goes on."""
        return self.starting or (self.job is not None and not self.job.state.status.ended)


class TrainingPresenter:
    """Follows one job of the session's project; `poll` is called a few times a second."""

    changed = Signal(TrainingState)
    # Told once: training will start from scratch. The view answers by `go_on`.
    from_scratch = Signal(WeightsStatus)

    def __init__(self, session: Session) -> None:
        self._session = session
        self._tail: JobTail | None = None
        self._wanted: JobKind | None = None
        self._tell_end = False
        self._came_upon = False  # the job was there when the project was opened: its end may be news or long known
        self.state = TrainingState(preset=session.settings.preset)
        session.project_changed.connect(self._on_project)
        session.begun.connect(self._on_begun)
        session.blinding.changed.connect(self._on_blinding)
        self._on_project(session.project)

    # --- starting ------------------------------------------------------------------------------------------------

    def retrain_all(self) -> None:
        """Teacher, detector and student with the settings of last time."""
        self.start("retrain")

    def start(self, kind: JobKind) -> None:
        """Start a training on what is in the project now."""
        session, state = self._session, self.state
        if session.project is None:
            session.tell("window.no_project", "warning")
            return
        if state.running:
            session.tell("job.device_busy", "warning")
            return
        session.begun.emit()
        project, self._wanted = session.project, kind
        session.writes.flush()
        status = self._weights_status()
        if status is None or status.path is not None or session.settings.from_scratch_told:
            self.go_on()
            return
        # Nobody is asked where a training starts from that can't be started.
        self._show(starting=True, problem=None)
        session.background.run(
            lambda: jobs.require_startable(project, kind),
            lambda _: self._ask(project, status),
            lambda error: self._not_started(project, error),
        )

    def _ask(self, project: Project, status: WeightsStatus) -> None:
        self._show(starting=False)
        if self._session.project is project:
            self.from_scratch.emit(status)

    def go_on(self) -> None:
        """Start what was asked for; where it starts from was told."""
        project, kind = self._session.project, self._wanted
        self._wanted = None
        if project is None or kind is None:
            return
        preset = self.state.preset
        self._show(starting=True, problem=None)
        self._session.background.run(
            lambda: jobs.start_training(project, kind, preset=preset),
            lambda handle: self._started(project, handle),
            lambda error: self._not_started(project, error),
        )

    def never_mind(self) -> None:
        """The person does not want to start now."""
        self._wanted = None

    def told_from_scratch(self) -> None:
        """It was said plainly; it is not said again."""
        self._session.settings.from_scratch_told = True
        self._session.save_settings()

    def choose_preset(self, preset: str) -> None:
        """Settings for the next training, remembered."""
        self._session.settings.preset = preset
        self._session.save_settings()
        self._show(preset=preset)

    # --- following -----------------------------------------------------------------------------------------------

    def poll(self) -> None:
        """Look at the job, off the GUI thread; does nothing while none is followed or it has ended."""
        job, tail = self.state.job, self._tail
        if job is None or tail is None or job.state.status.ended:
            return
        self._session.background.run_latest(lambda: _look(job.handle, tail), self._looked, key="training.poll")

    def follow(self, job_id: str) -> None:
        """Show another job of the project."""
        project = self._session.project
        if project is None:
            return
        self._session.background.run(
            lambda: next((handle for handle in jobs.list_jobs(project) if handle.job_id == job_id), None),
            lambda handle: self._follow(handle) if handle is not None and self._session.project is project else None,
            self._session.report,
            key="training.follow",
        )

    def cancel(self) -> None:
        """Ask the worker to stop; `poll` sees it through."""
        if self.state.job is not None and self.state.running:
            handle = self.state.job.handle
            self._session.background.run(handle.cancel, lambda _: self.poll(), self._session.report)

    def resume(self) -> None:
        """Go on with a job that was interrupted, cancelled or failed."""
        project, job = self._session.project, self.state.job
        if project is None or job is None or self.state.running:
            return
        self._show(starting=True, problem=None)
        self._session.background.run(
            lambda: jobs.resume(job.handle),
            lambda handle: self._started(project, handle),
            lambda error: self._not_started(project, error),
        )

    # --- answers -------------------------------------------------------------------------------------------------

    def _started(self, project: Project, handle: JobHandle) -> None:
        self._show(starting=False)
        if self._session.project is project:
            self._follow(handle)

    def _not_started(self, project: Project, error: Exception) -> None:
        # Told in the panel alone, where the button is and the reason stays.
        code, values = fault(error)
        told = message(code, self._session.blinding.values(values))
        self._show(starting=False, problem=told if self._session.project is project else None)

    def _follow(self, handle: JobHandle, *, came_upon: bool = False) -> None:
        self._tail = handle.tail()
        self._tell_end = False
        self._came_upon = came_upon
        others = tuple(dict.fromkeys((handle.job_id, *self.state.others)))
        self._show(job=Followed(handle, None, JobState()), others=tuple(sorted(others, reverse=True)), problem=None)
        self.poll()

    def _looked(self, seen: Followed) -> None:
        job = self.state.job
        if job is None or seen.handle.job_dir != job.handle.job_dir:
            return
        self._tell_end = self._tell_end or not seen.state.status.ended or (self._came_upon and self._is_news(seen))
        self._came_upon = False
        self._show(job=self._as_seen(seen))
        self._session.job_changed.emit(seen.state)
        if seen.state.status.ended and self._tell_end:
            self._tell_end = False
            self._ended(seen)

    def _is_news(self, seen: Followed) -> bool:
        """Whether it ended since this user had the project open here; what ended before they ever had is history."""
        visit, state = self._session.visit, seen.state
        if seen.handle.job_id in self._session.settings.told_jobs:
            return False
        if state.status is JobStatus.INTERRUPTED:
            # A worker that died wrote no last event: when that was, nobody knows, and it may be taken up again.
            return True
        return visit is not None and (state.updated_utc is None or state.updated_utc > visit.seen_utc)

    def _ended(self, seen: Followed) -> None:
        """Say once how it ended, also if that was while no window was open."""
        session, state = self._session, seen.state
        if seen.handle.job_id not in session.settings.told_jobs or state.status is not JobStatus.SUCCEEDED:
            session.settings.told_jobs = (seen.handle.job_id, *session.settings.told_jobs)[:REMEMBERED_JOBS]
            session.save_settings()
            match state.status:
                case JobStatus.SUCCEEDED:
                    session.tell("training.done" if seen.report_dir is None else "crossval.done", "success")
                case JobStatus.CANCELLED:
                    session.tell("training.cancelled", "info")
                case JobStatus.INTERRUPTED:
                    session.tell("job.worker_died", "warning")
                case _:
                    session.tell(state.failure_code or "training.failed", "error", **session.blinding.values(state.failure_values))
        session.models_changed.emit()

    # --- the session ---------------------------------------------------------------------------------------------

    def _on_project(self, project: Project | None) -> None:
        self._tail = None
        self.state = TrainingState(
            has_project=project is not None,
            read_only=project is not None and project.read_only,
            phantom=project is not None and project.phantom,
            preset=self._session.settings.preset,
        )
        self.changed.emit(self.state)
        self._session.job_changed.emit(JobState(status=JobStatus.CANCELLED))
        if project is not None:
            self._session.background.run(
                lambda: _find(project), lambda found: self._found(project, found), self._session.report, key="training.find"
            )

    def _as_seen(self, seen: Followed) -> Followed:
        """A job whose words name no case and no stage to who reads blinded."""
        blinding, state = self._session.blinding, seen.state
        if not blinding.on:
            return seen
        warnings = tuple(each.model_copy(update={"values": blinding.values(each.values)}) for each in state.warnings)
        hidden = replace(state, failure_values=blinding.values(state.failure_values), warnings=warnings)
        # The report has every case's label.
        result = None if seen.result is None else {key: value for key, value in seen.result.items() if key != "report"}
        return replace(seen, state=hidden, result=result, log_text=blinding.text(seen.log_text))

    def _on_blinding(self, _: bool) -> None:
        """What is on the screen was said to who might see all."""
        if self.state.job is not None and self._session.project is not None:
            self._follow(self.state.job.handle)

    def _on_begun(self) -> None:
        """Why the last wish was not fulfilled may have been mended meanwhile."""
        if self.state.problem is not None:
            self._show(problem=None)

    def _found(self, project: Project, found: tuple[JobHandle | None, tuple[str, ...]]) -> None:
        """A job that went on, or ended, while no window was open."""
        handle, others = found
        if self._session.project is not project or self.state.job is not None:
            return
        self._show(others=others)
        if handle is not None:
            self._follow(handle, came_upon=True)

    def _weights_status(self) -> WeightsStatus | None:
        try:
            return weights.status(presets.settings(self.state.preset).student.network)
        except SosError:  # a broken preset is told when the job is started
            return None

    def _show(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)
        self.changed.emit(self.state)


def _find(project: Project) -> tuple[JobHandle | None, tuple[str, ...]]:
    """The job to show first (the one that runs, else the newest), and the ids of all."""
    handles = jobs.list_jobs(project)
    running = jobs.running(project)
    first = running if running is not None else (handles[0] if handles else None)
    return first, tuple(handle.job_id for handle in handles)


def _look(handle: JobHandle, tail: JobTail) -> Followed:
    """Worker thread; one look at a time."""
    state = tail.poll()
    try:
        spec = handle.spec()
    except SosError:  # a damaged job still shows its events
        spec = None
    result = handle.result() if state.status is JobStatus.SUCCEEDED else None
    return Followed(handle, spec, state, tail.silent, result, handle.log_text(LOG_BYTES))


def held_out_lines(result: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The result as ``(code of a sentence, its values)``, only of figures that were measured."""
    figures = result.get("held_out")
    lines: list[tuple[str, dict[str, Any]]] = []
    if not isinstance(figures, dict):
        return lines
    for kind in ("student", "teacher"):
        of = figures.get(kind)
        if isinstance(of, dict) and isinstance(of.get("n"), int) and of["n"] > 0 and isinstance(of.get("correct"), int):
            values = {"correct": of["correct"], "n": of["n"], "percent": round(100 * of["correct"] / of["n"])}
            lines.append((f"training.result_{kind}", values))
            if kind == "student" and isinstance(of.get("within_one"), int):
                lines.append(("training.result_within_one", {"within": of["within_one"], "n": of["n"]}))
    detector = figures.get("detector")
    if isinstance(detector, dict) and isinstance(detector.get("n"), int) and detector["n"] > 0 and isinstance(detector.get("hits"), int):
        values = {"hits": detector["hits"], "n": detector["n"], "percent": round(100 * detector["hits"] / detector["n"])}
        lines.append(("training.result_detector", values))
    attention = figures.get("attention_in_roi")
    if isinstance(attention, dict) and isinstance(attention.get("mean"), int | float):
        lines.append(("training.result_attention", {"percent": round(100 * attention["mean"]), "n": attention.get("n", "?")}))
    return lines
