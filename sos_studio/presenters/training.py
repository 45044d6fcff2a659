"""Trainings seen from the window: start, find again, follow, put in order, cancel, resume. Each lives in its own process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from sos_studio.core.errors import SosError
from sos_studio.core.job_state import JobState, JobStatus
from sos_studio.core.jobs import JobKind
from sos_studio.messages import message
from sos_studio.presenters.job_news import JobNews
from sos_studio.presenters.session import Session, fault
from sos_studio.presenters.training_state import Followed, TrainingState, is_over
from sos_studio.services import job_care, jobs, model_list, presets, waiting, weights
from sos_studio.services.crossval import Wish
from sos_studio.services.job_data import data_of
from sos_studio.services.job_watch import JobWatch, Seen
from sos_studio.services.jobs import JobHandle
from sos_studio.services.weights import WeightsStatus

if TYPE_CHECKING:
    from sos_studio.dataset.project import Project
    from sos_studio.services.model_list import ModelEntry

LOG_BYTES = 60_000


class TrainingPresenter:
    """Follows the trainings of the session's project; `poll` is called a few times a second while any goes on."""

    changed = Signal(TrainingState)
    # Told once: training will start from scratch. The view answers by `go_on`.
    from_scratch = Signal(WeightsStatus)

    def __init__(self, session: Session) -> None:
        self._session = session
        self._watch: JobWatch | None = None
        self._news = JobNews(session)
        self._wanted: tuple[JobKind, Wish | None] | None = None
        self._chosen: str | None = None  # the job that the person, or a start, put on the screen
        self.state = TrainingState(preset=session.settings.preset)
        session.project_changed.connect(self._on_project)
        session.begun.connect(self._on_begun)
        session.cases_changed.connect(self._on_begun)
        session.blinding.changed.connect(self._on_blinding)
        self._on_project(session.project)

    # --- starting ------------------------------------------------------------------------------------------------

    def retrain_all(self) -> None:
        """Teacher, detector and student with the settings of last time."""
        self.start("retrain")

    def start(self, kind: JobKind, compared: Wish | None = None) -> None:
        """Start a training on what is in the project now; while another has the device, it waits in line. `compared`: as `jobs`' own."""
        session, state = self._session, self.state
        if session.project is None:
            session.tell("window.no_project", "warning")
            return
        if state.starting:
            return
        session.begun.emit()
        project, self._wanted = session.project, (kind, compared)
        session.writes.flush()
        status = self._weights_status()
        if status is None or status.path is not None or session.settings.from_scratch_told:
            self.go_on()
            return
        # Nobody is asked where a training starts from that can't be started.
        self._show(starting=True, asked=(), problem=None)
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
        project, wanted = self._session.project, self._wanted
        self._wanted = None
        if project is not None and wanted is not None:
            (kind, compared), preset = wanted, self.state.preset
            self._begin(project, lambda: jobs.start_training(project, kind, preset=preset, compared=compared, wait=True))

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

    def judge(self, model_ids: Sequence[str]) -> None:
        """Ask networks about all cases that none of them was trained on; what is on the screen stays there."""
        project = self._session.project
        if project is not None and not self.state.starting:
            self._session.writes.flush()
            self._begin(project, lambda: jobs.judge_models(project, model_ids, wait=True), asked=tuple(model_ids))

    # --- following -----------------------------------------------------------------------------------------------

    def poll(self) -> None:
        """Look at all trainings, off the GUI thread."""
        project, watch = self._session.project, self._watch
        if project is None or watch is None:
            return
        chosen = self._chosen
        self._session.background.run_latest(
            lambda: _look(watch, chosen), lambda looked: self._looked(watch, chosen, looked), key="training.poll"
        )

    def follow(self, job_id: str) -> None:
        """Show another job of the project."""
        self._chosen = job_id
        seen = next((seen for seen in self.state.rows if seen.handle.job_id == job_id), None)
        if seen is not None:
            # At once what is known; result and log come with the look.
            self._show(job=self._as_seen(_followed(seen)), problem=None)
        self.poll()

    def cancel(self, asking: Seen | None = None) -> None:
        """Ask the worker of the training on the screen, or of a question, to stop; `poll` sees it through. Who waits leaves the line."""
        job = asking or self.state.job
        if job is not None and not job.state.status.ended and not self.state.read_only:
            self._session.background.run(job.handle.cancel, lambda _: self.poll(), self._session.report)

    def resume(self, change: str = "") -> None:
        """Go on with a job that was interrupted, cancelled or failed.

        Parameters
        ----------
        change
            A setting to change first (`Followed.smaller`).
        """
        project, job = self._session.project, self.state.job
        if project is None or job is None or self.state.running or self.state.read_only:
            return
        changes = presets.parse_overrides([change]) if change else None
        self._begin(project, lambda: jobs.resume(job.handle, wait=True, changes=changes))

    # --- the list ------------------------------------------------------------------------------------------------

    def move(self, by: int) -> None:
        """Nearer to the front of the line (negative) or to its end."""
        job = self.state.job
        if job is not None and job.ahead is not None and not self.state.read_only:
            self._session.background.run(lambda: waiting.move(job.handle.job_dir, by), lambda _: self.poll(), self._session.report)

    def rename(self, name: str) -> None:
        """Call the training on the screen something."""
        job, project = self.state.job, self._session.project
        if job is None or project is None:
            return

        self._change(project, lambda: job_care.rename(job.handle.job_dir, name), lambda _: self._renew())

    def delete(self, models: Sequence[ModelEntry] = ()) -> None:
        """Delete the training on the screen, and those of its networks that are named; the newest one that is left is shown."""
        job, project = self.state.job, self._session.project
        if job is None or project is None or self.state.running:
            return

        def deleted(_: object) -> None:
            self._chosen = None
            rows = tuple(seen for seen in self.state.rows if seen.handle.job_id != job.handle.job_id)
            self._show(job=None, rows=rows)
            self._renew()

        self._change(project, lambda: job_care.delete(job.handle, models), deleted)

    def _change(self, project: Project, change: Callable[[], None], done: Callable[[object], None]) -> None:
        def changed() -> None:
            project.require_writable()
            change()

        self._session.background.run(changed, done, self._session.report)

    def _renew(self) -> None:
        self._session.models_changed.emit()
        self.poll()

    # --- answers -------------------------------------------------------------------------------------------------

    def _begin(self, project: Project, begin: Callable[[], JobHandle], *, asked: tuple[str, ...] = ()) -> None:
        """What is only asked leaves the screen as it is."""
        self._show(starting=True, asked=asked, problem=None)
        self._session.background.run(
            begin, lambda handle: self._started(project, handle, show=not asked), lambda error: self._not_started(project, error)
        )

    def _started(self, project: Project, handle: JobHandle, *, show: bool) -> None:
        self._show(starting=False)
        if self._session.project is not project or self._watch is None:
            return
        self._watch.adopt(handle)
        self._news.started(handle.job_id)
        if show:
            self._chosen = handle.job_id
            self._show(job=Followed(handle, None, JobState()), problem=None)
        self.poll()

    def _not_started(self, project: Project, error: Exception) -> None:
        # Told in the panel alone, where the button is and the reason stays.
        code, values = fault(error)
        told = message(code, self._session.blinding.values(values))
        self._show(starting=False, problem=told if self._session.project is project else None)

    def _looked(self, watch: JobWatch, chosen: str | None, looked: tuple[tuple[Seen, ...], Followed | None]) -> None:
        if watch is not self._watch:
            return
        rows, shown = looked
        job = self.state.job
        if chosen == self._chosen and (shown is None or shown.handle.job_id != chosen):
            self._chosen = job = None  # deleted in another window or by hand, or a question that was answered
        if shown is not None and self._chosen in (None, shown.handle.job_id):
            job = self._as_seen(shown)
            self._chosen = shown.handle.job_id
        hidden = tuple(map(self._hidden, rows))
        asks = sorted((seen for seen in hidden if _asks(seen)), key=lambda seen: seen.handle.job_id, reverse=True)
        self._show(rows=tuple(seen for seen in hidden if not is_over(seen)), asks=tuple(asks), job=job)
        self._session.job_changed.emit(_front(rows))
        self._news.hear(rows)

    # --- the session ---------------------------------------------------------------------------------------------

    def _on_project(self, project: Project | None) -> None:
        self._watch = JobWatch(project.directory) if project is not None else None
        self._chosen = None
        self._news.forget()
        self.state = TrainingState(
            has_project=project is not None,
            read_only=project is not None and project.read_only,
            phantom=project is not None and project.phantom,
            preset=self._session.settings.preset,
        )
        self.changed.emit(self.state)
        self._session.job_changed.emit(JobState(status=JobStatus.CANCELLED))
        self.poll()

    def _as_seen(self, seen: Followed) -> Followed:
        """A job whose words name no case and no stage to who reads blinded."""
        if not self._session.blinding.on:
            return seen
        # The report has every case's label.
        result = None if seen.result is None else {key: value for key, value in seen.result.items() if key != "report"}
        return replace(seen, state=self._hide(seen.state), result=result, log_text=self._session.blinding.text(seen.log_text))

    def _hidden(self, seen: Seen) -> Seen:
        return replace(seen, state=self._hide(seen.state)) if self._session.blinding.on else seen

    def _hide(self, state: JobState) -> JobState:
        blinding = self._session.blinding
        warnings = tuple(each.model_copy(update={"values": blinding.values(each.values)}) for each in state.warnings)
        return replace(state, failure_values=blinding.values(state.failure_values), warnings=warnings)

    def _on_blinding(self, _: bool) -> None:
        """What is on the screen was said to who might see all."""
        if self.state.job is not None:
            self._show(job=replace(self.state.job, result=None, log_text=""))
            self.poll()

    def _on_begun(self) -> None:
        """Why the last wish was not fulfilled may have been mended meanwhile."""
        if self.state.problem is not None:
            self._show(problem=None)

    def _weights_status(self) -> WeightsStatus | None:
        try:
            return weights.status(presets.settings(self.state.preset).student.network)
        except SosError:  # a broken preset is told when the job is started
            return None

    def _show(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)
        self.changed.emit(self.state)


def _look(watch: JobWatch, chosen: str | None) -> tuple[tuple[Seen, ...], Followed | None]:
    """Worker thread; one look at a time. Unless one was chosen, the first is shown: one that runs, else the newest."""
    rows = watch.look()
    listed = [seen for seen in rows if not is_over(seen)]
    wanted = [seen for seen in rows if seen.handle.job_id == chosen]
    if wanted and is_over(wanted[0]):
        # Whoever looked on sees the answers where they belong.
        wanted = [seen for seen in listed if seen.handle.job_id in _trainings_of(wanted[0])]
    shown = next(iter(wanted or listed), None)
    if shown is None:
        return rows, None
    result = shown.handle.result() if shown.state.status is JobStatus.SUCCEEDED else None
    data = None if shown.spec is None else data_of(shown.handle.job_dir.parents[1], shown.spec)
    return rows, replace(_followed(shown), result=result, log_text=shown.handle.log_text(LOG_BYTES), data=data)


def _asks(seen: Seen) -> bool:
    return seen.spec is not None and seen.spec.kind == "evaluate"


def _trainings_of(asking: Seen) -> set[str]:
    """Which trainings the networks come from that were asked."""
    asked = asking.spec.judged_models if asking.spec is not None else ()
    known = model_list.models(asking.handle.job_dir.parents[1] / model_list.MODELS_DIR)
    return {str((entry.card.model_extra or {}).get("job_id")) for entry in known if entry.card.model_id in asked}


def _followed(seen: Seen) -> Followed:
    return Followed(seen.handle, seen.spec, seen.state, seen.silent, name=seen.name, ahead=seen.ahead, stopping=seen.stopping)


def _front(rows: Sequence[Seen]) -> JobState:
    """The state for the status bar: of one that runs, else of the newest."""
    live = next((seen for seen in rows if not seen.state.status.ended), None)
    return live.state if live is not None else rows[0].state if rows else JobState(status=JobStatus.CANCELLED)
