"""Dialogs about the open project as a whole: cases that wait for a decision."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog, QWidget

from sos_studio.dataset.project import Project
from sos_studio.presenters.session import Session
from sos_studio.ui.adjudication_dialog import AdjudicationDialog


class ProjectCare(QObject):
    """Opens them; each says by itself what it did."""

    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._window = window

    def adjudicate(self) -> None:
        """The queue of cases whose evaluators disagree."""
        project = self._project()
        if project is not None:
            self._open(AdjudicationDialog(self._session, project, self._window))

    def _project(self) -> Project | None:
        if self._session.project is None:
            self._session.tell("window.no_project", "warning")
        return self._session.project

    @staticmethod
    def _open(dialog: QDialog) -> None:
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
