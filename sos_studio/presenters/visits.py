"""Where this user was in each project: noted in the user's own settings when they leave, taken up when they come back."""

from __future__ import annotations

from sos_studio.core.readings import utc_now
from sos_studio.core.settings import Visit
from sos_studio.dataset.project import Project
from sos_studio.presenters.session import Session, Step

REMEMBERED = 50
NOTED_AFTER_MS = 3000


class Visits:
    """Notes the case and the step in front. `Session.visit` is what was noted last time; the cases list goes back there.

    The view tells which step comes to the front.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._step: Step = "orient"
        session.project_changed.connect(self._on_project)
        session.case_changed.connect(self._soon)
        session.leaving.connect(self._now)

    def at_step(self, step: Step) -> None:
        """Another step is in front now."""
        self._step = step
        self._soon()

    def _soon(self, _: object = None) -> None:
        """A while after the last move, so that a computer that goes off forgets little and staging waits for no disk."""
        self._session.background.after(NOTED_AFTER_MS, self._now, key="visits")

    def _on_project(self, project: Project | None) -> None:
        """Coming counts as having been here, also if the program is killed before leaving."""
        if project is not None:
            before = self._session.visit
            self._note(project, before.case_id if before is not None else None, before.step if before is not None else "orient")

    def _now(self) -> None:
        project = self._session.project
        # Between opening a project and being back at its case, what was noted last time still holds.
        if project is not None and self._session.case_id is not None:
            self._note(project, self._session.case_id, self._step)

    def _note(self, project: Project, case_id: str | None, step: Step) -> None:
        settings = self._session.settings
        visit = Visit(case_id=case_id, step=step, seen_utc=utc_now())
        others = {key: other for key, other in settings.visits.items() if key != project.project_id}
        settings.visits = dict(list(({project.project_id: visit} | others).items())[:REMEMBERED])
        self._session.save_settings()
