"""Where this user was in each project: noted in the user's own settings when they leave, taken up when they come back."""

from __future__ import annotations

from sos_studio.core.readings import utc_now
from sos_studio.core.settings import Visit
from sos_studio.dataset.project import Project
from sos_studio.presenters.session import Session, Step

REMEMBERED = 50


class Visits:
    """Notes the case and the step in front. `Session.visit` is what was noted last time; the cases list goes back there.

    The view sets `step` when another one comes to the front.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.step: Step = "orient"
        session.project_changed.connect(self._on_project)
        session.leaving.connect(self._on_leaving)

    def _on_project(self, project: Project | None) -> None:
        """Coming counts as having been here, also if the program is killed before leaving."""
        if project is not None:
            before = self._session.visit
            self._note(project, before.case_id if before is not None else None, before.step if before is not None else "orient")

    def _on_leaving(self) -> None:
        project = self._session.project
        if project is not None:
            self._note(project, self._session.case_id, self.step)

    def _note(self, project: Project, case_id: str | None, step: Step) -> None:
        settings = self._session.settings
        visit = Visit(case_id=case_id, step=step, seen_utc=utc_now())
        others = {key: other for key, other in settings.visits.items() if key != project.project_id}
        settings.visits = dict(list(({project.project_id: visit} | others).items())[:REMEMBERED])
        self._session.save_settings()
