"""Dialogs around an import: which pictures, what becomes of them, and what is to be mended afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from sos_studio.core.actions import Action
from sos_studio.dataset.imports import ImportReport
from sos_studio.dataset.sheets import is_table
from sos_studio.presenters.exchange import IMAGE_SUFFIXES, Exchange
from sos_studio.presenters.importing import ImportPresenter, ImportState
from sos_studio.presenters.session import Session
from sos_studio.ui.file_dialogs import file_dialog
from sos_studio.ui.import_dialog import ImportDialog
from sos_studio.ui.import_report import ImportReportDialog

# A text file among pictures is seldom a table of stages; it can still be chosen.
NOT_FOUND_BY_ITSELF = ".txt"


def _tr(text: str) -> str:
    return QCoreApplication.translate("ImportFlow", text)


class ImportFlow(QObject):
    """Asks for pictures, shows what would become of them, and what was not taken.

    Parameters
    ----------
    exchange
        Imports.
    folder
        Where to begin to look for pictures.
    """

    def __init__(self, session: Session, exchange: Exchange, folder: Callable[[], Path], window: QWidget) -> None:
        super().__init__(window)
        self._session, self._exchange, self._folder, self._window = session, exchange, folder, window
        self._report: ImportReportDialog | None = None
        exchange.told.connect(self.show_report)
        exchange.ended.connect(self._on_ended)

    @property
    def actions_by_id(self) -> dict[Action, Callable[[], None]]:
        """What the window's menus do here."""
        return {
            Action.IMPORT_IMAGES: self.choose_pictures,
            Action.IMPORT_FOLDER: self.choose_folder,
            Action.IMPORT_CROPS: self.choose_crops,
        }

    def choose_pictures(self) -> None:
        """Pictures and a table."""
        self._choose(_tr("Import full images: choose pictures, a table of stages (Excel or CSV), or both"))

    def choose_crops(self) -> None:
        """Pictures of the joint alone, and a table."""
        self._choose(_tr("Import crops: choose pictures, a table of stages (Excel or CSV), or both"), crops=True)

    def choose_folder(self) -> None:
        """All pictures in and below a folder, and the table in it."""
        if not self._has_project():
            return

        def chosen(names: list[str]) -> None:
            folder = Path(names[0])
            try:
                inside = sorted(folder.iterdir())
            except OSError as error:
                self._session.report(error)
                return
            tables = [path for path in inside if is_table(path) and path.suffix.lower() != NOT_FOUND_BY_ITSELF and path.is_file()]
            self.prepare([folder, *tables])

        dialog = file_dialog(
            self._window, _tr("Import a folder of pictures: all in it, with the table in it"), QFileDialog.FileMode.Directory
        )
        dialog.setDirectory(str(self._folder()))
        dialog.filesSelected.connect(chosen)
        dialog.open()

    def prepare(self, paths: list[Path], *, crops: bool = False) -> None:
        """Show what would become of files and folders, then import them."""
        project = self._session.project
        if project is None:
            self._session.tell("window.no_project", "warning")
            return

        def start(state: ImportState) -> None:
            tables = [state.table] if state.table is not None else []
            self._exchange.import_images([*state.sources, *tables], state.options)

        dialog = ImportDialog(ImportPresenter(self._session, project, paths, crops=crops), start, self._window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def show_report(self, report: ImportReport) -> None:
        """What was not taken, and what looks nearly alike."""
        dialog = ImportReportDialog(report, self._exchange.picture_of, self._exchange.import_again, self._session.blinding, self._window)
        self._report = dialog
        dialog.finished.connect(lambda _: self._forget(dialog))
        dialog.open()

    def _choose(self, title: str, *, crops: bool = False) -> None:
        if not self._has_project():
            return
        patterns = " ".join(f"*{suffix}" for suffix in IMAGE_SUFFIXES)
        filters = _tr("Pictures and a table of stages ({patterns})").format(patterns=f"{patterns} *.xlsx *.xlsm *.csv *.tsv *.txt")
        dialog = file_dialog(self._window, title, QFileDialog.FileMode.ExistingFiles, filters)
        dialog.setDirectory(str(self._folder()))
        dialog.filesSelected.connect(lambda names: self.prepare([Path(name) for name in names], crops=crops))
        dialog.open()

    def _has_project(self) -> bool:
        if self._session.project is None:
            self._session.tell("window.no_project", "warning")
        return self._session.project is not None

    def _on_ended(self, done: bool) -> None:
        """The report of the import before gives way to what is told now, and stays where nothing came of it."""
        if self._report is not None and self._report.is_importing:
            if done:
                self._report.accept()
            else:
                self._report.import_failed()

    def _forget(self, dialog: ImportReportDialog) -> None:
        if self._report is dialog:
            self._report = None
        dialog.deleteLater()
