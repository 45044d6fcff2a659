"""Dialogs about the open project as a whole: cases that wait for a decision, its history, its health, and the way back from a backup."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtWidgets import QDialog, QFileDialog, QMessageBox, QWidget

from sos_studio.core.actions import Action
from sos_studio.core.settings import names_hidden
from sos_studio.dataset import backup
from sos_studio.dataset.backup import Contents
from sos_studio.dataset.project import Project
from sos_studio.messages import Message, message
from sos_studio.presenters.opening import Opener
from sos_studio.presenters.session import Session
from sos_studio.ui.adjudication_dialog import AdjudicationDialog
from sos_studio.ui.care_dialog import CareDialog, backup_filter
from sos_studio.ui.file_dialogs import file_dialog, new_folder_dialog
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
        opener.damaged.connect(self.offer_repair)

    @property
    def actions_by_id(self) -> Mapping[Action, Callable[[], None]]:
        """What menus and shortcuts call."""
        return {
            Action.ADJUDICATE: self.adjudicate,
            Action.CONSENSUS_RULE: lambda: self.adjudicate(rule=True),
            Action.PROJECT_HISTORY: self.show_history,
            Action.LOOK_AFTER_PROJECT: self.look_after,
            Action.RESTORE_BACKUP: self.restore,
        }

    def adjudicate(self, *, rule: bool = False) -> None:
        """The queue of cases whose evaluators disagree, or at once the rule by which readings become labels."""
        project = self._project()
        if project is None:
            return
        dialog = AdjudicationDialog(self._session, project, self._window)
        self._open(dialog)
        if rule:
            dialog.ask_rule_when_read()

    def show_history(self, case_id: str | None = None) -> None:
        """Who did what when, of all or of one case."""
        project = self._project()
        if project is not None:
            self._open(HistoryDialog(self._session, project, self._window, case_id=case_id))

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
        title = _tr("Restore the backup: choose a name for its folder")
        beside = self._opener.recent.folder_of_last("project") or Path.home()
        dialog = new_folder_dialog(self._window, title, _tr("Restore"), _tr("New folder:"), beside=beside, name=file.stem)
        dialog.fileSelected.connect(lambda name: self._restore(file, Path(name)))
        dialog.open()

    def _restore(self, file: Path, directory: Path) -> None:
        session, who = self._session, self._session.evaluator
        session.begun.emit()
        task = session.tasks.begin("restore", directory.name)
        told = session.tasks.progress_of(task)

        def done(contents: Contents) -> None:
            session.tasks.end(task)
            self._offer_restored(directory, contents.cases)

        def failed(error: Exception) -> None:
            session.tasks.end(task)
            session.report(error)

        session.background.run(
            lambda: backup.restore(file, directory, who=who, progress=told, cancelled=lambda: task.cancelled), done, failed
        )

    def _offer_restored(self, directory: Path, count: int) -> None:
        """A project that looks like the open one must not take its place unasked: readings would go into the copy."""
        session, project = self._session, self._session.project
        restored = message("care.restored", {"folder": directory.name, "count": count})
        if project is None:
            self._opener.open_project(directory)
            session.message.emit(restored, "success")
            return
        box = QMessageBox(QMessageBox.Icon.Question, _tr("Backup restored"), str(restored), parent=self._window)
        box.setInformativeText(
            _tr("{name} is still open, and what you read is saved there.").format(name=project.directory.name)
            if not names_hidden()
            else _tr("The project that was open still is, and what you read is saved there.")
        )
        stay = box.addButton(_tr("Stay in the open project"), QMessageBox.ButtonRole.RejectRole)
        change = box.addButton(_tr("Open the restored one"), QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(stay)
        box.setEscapeButton(stay)
        change.clicked.connect(lambda _=False: self._opener.open_project(directory))
        box.finished.connect(box.deleteLater)
        box.open()

    def _project(self) -> Project | None:
        if self._session.project is None:
            self._session.tell("window.no_project", "warning")
        return self._session.project

    @staticmethod
    def _open(dialog: QDialog) -> None:
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
