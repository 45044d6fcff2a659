"""Dialogs about the open project as a whole: cases that wait for a decision, its history, its health, and the way back from a backup."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtWidgets import QDialog, QFileDialog, QMessageBox, QWidget

from sos_studio.core.actions import Action
from sos_studio.dataset import backup
from sos_studio.dataset.backup import Contents
from sos_studio.dataset.project import Project
from sos_studio.messages import Message
from sos_studio.presenters.opening import Opener
from sos_studio.presenters.session import Session
from sos_studio.ui.adjudication_dialog import AdjudicationDialog
from sos_studio.ui.care_dialog import CareDialog, backup_filter
from sos_studio.ui.file_dialogs import file_dialog
from sos_studio.ui.history_dialog import HistoryDialog


def _tr(text: str) -> str:
    return QCoreApplication.translate("ProjectCare", text)


class ProjectCare(QObject):
    """Opens them; each says by itself what it did."""

    def __init__(self, session: Session, opener: Opener, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._opener = opener
        self._window = window
        self._stop = threading.Event()
        opener.damaged.connect(self.offer_repair)

    @property
    def actions_by_id(self) -> Mapping[Action, Callable[[], None]]:
        """What menus and shortcuts call."""
        return {
            Action.ADJUDICATE: self.adjudicate,
            Action.PROJECT_HISTORY: self.show_history,
            Action.LOOK_AFTER_PROJECT: self.look_after,
            Action.RESTORE_BACKUP: self.restore,
        }

    def adjudicate(self) -> None:
        """The queue of cases whose evaluators disagree."""
        project = self._project()
        if project is not None:
            self._open(AdjudicationDialog(self._session, project, self._window))

    def show_history(self) -> None:
        """Who did what when."""
        project = self._project()
        if project is not None:
            self._open(HistoryDialog(self._session, project, self._window))

    def look_after(self) -> None:
        """Check, repair, back up."""
        project = self._project()
        if project is not None:
            self._open(CareDialog(self._session, self._opener, project.directory, self._window))

    def restore(self) -> None:
        """Which backup, then into which new folder."""
        dialog = file_dialog(self._window, _tr("Restore a backup: choose the file"), QFileDialog.FileMode.ExistingFile, backup_filter())
        dialog.setDirectory(str(Path.home()))
        dialog.fileSelected.connect(lambda name: self._ask_folder(Path(name)))
        dialog.open()

    def offer_repair(self, directory: Path, words: Message) -> None:
        """A database that can't be opened: the way back from its copies."""
        box = QMessageBox(QMessageBox.Icon.Warning, _tr("Damaged project"), words.text, parent=self._window)
        box.setInformativeText(
            _tr(
                "Repair brings the database back from the copy of the last day of work and saves every newer reading that can still be "
                "read. The damaged file is kept in the folder set-aside; the pictures are not touched."
            )
        )
        repair = box.addButton(_tr("Repair"), QMessageBox.ButtonRole.AcceptRole)
        leave = box.addButton(_tr("Leave as it is"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(repair)
        box.setEscapeButton(leave)
        repair.clicked.connect(lambda _=False: self._repair(directory))
        box.finished.connect(box.deleteLater)
        box.open()

    def _repair(self, directory: Path) -> None:
        dialog = CareDialog(self._session, self._opener, directory, self._window)
        self._open(dialog)
        dialog.presenter.repair()

    def _ask_folder(self, file: Path) -> None:
        dialog = file_dialog(self._window, _tr("Restore into: choose or make an empty folder"), QFileDialog.FileMode.Directory)
        dialog.setDirectory(str(Path.home()))
        dialog.fileSelected.connect(lambda name: self._restore(file, Path(name)))
        dialog.open()

    def _restore(self, file: Path, directory: Path) -> None:
        session, who = self._session, self._session.evaluator
        stop = self._stop = threading.Event()
        session.begun.emit()
        session.busy.emit("restore")
        session.progress.emit(0.0)

        def told(fraction: float) -> None:
            session.background.post(lambda: session.progress.emit(fraction))

        def done(_: Contents) -> None:
            session.busy.emit(None)
            self._opener.open_project(directory)
            session.tell("care.restored", "success", folder=directory.name)

        def failed(error: Exception) -> None:
            session.busy.emit(None)
            session.report(error)

        session.background.run(lambda: backup.restore(file, directory, who=who, progress=told, cancelled=stop.is_set), done, failed)

    def cancel(self) -> None:
        """Stop restoring; nothing is left behind then."""
        self._stop.set()

    def _project(self) -> Project | None:
        if self._session.project is None:
            self._session.tell("window.no_project", "warning")
        return self._session.project

    @staticmethod
    def _open(dialog: QDialog) -> None:
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
