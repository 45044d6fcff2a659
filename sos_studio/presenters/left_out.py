"""Networks of the open project that can not be used, because a newer version made them or their files are damaged: told once each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sos_studio.core.errors import BadInputError
from sos_studio.presenters.session import Session
from sos_studio.services import model_list

if TYPE_CHECKING:
    from sos_studio.dataset.project import Project


class LeftOutNetworks:
    """Says each of them once, when its project is opened or its models are read again."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._told: set[tuple[str, str]] = set()
        session.project_changed.connect(self._on_project)
        session.models_changed.connect(self._look)
        self._look()

    def _on_project(self, _: object) -> None:
        self._told.clear()
        self._look()

    def _look(self) -> None:
        project = self._session.project
        if project is not None:
            self._session.background.run(
                lambda: model_list.left_out(project), lambda found: self._tell(project, found), self._session.report, key="predict.left_out"
            )

    def _tell(self, project: Project, found: list[BadInputError]) -> None:
        for error in found:
            known = (error.code, str(error.values.get("model")))
            if self._session.project is project and known not in self._told:
                self._told.add(known)
                self._session.tell(error.code, "warning", **error.values)
