"""Dialogs of the File menu and drag and drop: which folder, which file, which series."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QMimeData, QObject
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from sos_studio.dataset.exports import ExportFormat, ExportOptions
from sos_studio.messages import Message
from sos_studio.presenters.drops import meant_by
from sos_studio.presenters.exchange import Exchange
from sos_studio.presenters.opening import Opener
from sos_studio.presenters.recent import Kind
from sos_studio.presenters.scan_loading import Refusal
from sos_studio.presenters.series_picker import SeriesPicker
from sos_studio.presenters.session import Session
from sos_studio.ui.ask_evaluator import ask_evaluator
from sos_studio.ui.export_dialog import ExportDialog
from sos_studio.ui.file_dialogs import file_dialog, new_folder_dialog
from sos_studio.ui.import_flow import ImportFlow
from sos_studio.ui.patient_data_dialog import PatientDataDialog
from sos_studio.ui.refusal_dialog import RefusalDialog
from sos_studio.ui.series_picker import SeriesPickerDialog


def _tr(text: str) -> str:
    return QCoreApplication.translate("FileFlow", text)


class FileFlow(QObject):
    """Asks the person, then lets the presenters work. No dialog blocks the event loop."""

    def __init__(self, session: Session, opener: Opener, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._opener = opener
        self._window = window
        self.exchange = Exchange(session)
        self.imports = ImportFlow(session, self.exchange, lambda: self._opener.recent.folder_of_last("scan") or Path.home(), window)
        opener.series_wanted.connect(self.choose_series)
        opener.held_elsewhere.connect(self.offer_to_take_over)

    def open_scan_folder(self) -> None:
        """A folder of DICOM files."""
        self._ask(_tr("Open scan: choose its folder"), QFileDialog.FileMode.Directory, lambda paths: self._opener.open_path(paths[0]))

    def open_scan_file(self) -> None:
        """One file; most DICOM files have no ending, so all are listed at first."""
        endings = _tr("Scans by their ending (*.zip *.dcm *.ima *.nii *.nii.gz *.nrrd *.nhdr *.mha *.mhd *.vti *.vtk DICOMDIR)")
        filters = f"{_tr('All files (*)')};;{endings}"
        self._ask(_tr("Open scan file"), QFileDialog.FileMode.ExistingFile, lambda paths: self._opener.open_path(paths[0]), filters)

    def open_project(self) -> None:
        """A project folder."""
        title = _tr("Open project: choose its folder")
        self._ask(title, QFileDialog.FileMode.Directory, lambda paths: self._opener.open_project(paths[0]), kind="project")

    def new_project(self, then: Callable[[], None] | None = None) -> None:
        """A folder that is to be made; `then` goes on with what the project was needed for."""
        title = _tr("New project: choose a name for its folder")
        dialog = new_folder_dialog(self._window, title, _tr("Create"), _tr("Project folder:"), beside=self._beside, name=_tr("SOS project"))
        dialog.fileSelected.connect(lambda path: self._opener.new_project(Path(path), then))
        dialog.open()

    def export(self, only: frozenset[str] | None = None) -> None:
        """Which format, then where; `only` are the cases that are asked for."""
        if self._session.project is None:
            self._session.tell("window.no_project", "warning")
            return
        if self._session.blinding.on:
            self._session.tell("export.blinded", "info")
            return
        dialog = ExportDialog(self.exchange.filled_in(), self._window)
        if only is not None:
            dialog.of_some(len(only))
        dialog.accepted.connect(lambda: self._export_as(dialog.format, replace(dialog.options, only=only)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def patient_data(self) -> None:
        """What is kept of patients, and the secret of their pseudonyms."""
        project = self._session.project
        if project is None:
            self._session.tell("window.no_project", "warning")
            return
        dialog = PatientDataDialog(self._session, project, self._window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def ask_evaluator(self) -> None:
        """Who reads."""
        ask_evaluator(self._session, self._window)

    def choose_series(self, picker: SeriesPicker) -> None:
        """One of several."""
        dialog = SeriesPickerDialog(picker, self._window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def show_refusal(self, refusal: Refusal) -> None:
        """Which series and files, and why not."""
        dialog = RefusalDialog(refusal, self._window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def offer_to_take_over(self, directory: Path, words: Message) -> None:
        """Another computer's lock lies on the project; only a person can know whether that computer still writes."""
        box = QMessageBox(QMessageBox.Icon.Question, _tr("Project in use elsewhere"), words.text, parent=self._window)
        box.setInformativeText(
            _tr("Take over only if you are sure that it does not write any more: two writers at once could lose readings.")
        )
        take = box.addButton(_tr("Take over"), QMessageBox.ButtonRole.AcceptRole)
        keep = box.addButton(_tr("Only look"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.setEscapeButton(keep)
        take.clicked.connect(lambda: self._opener.take_over(directory))
        box.finished.connect(box.deleteLater)
        box.open()

    def drop(self, paths: list[Path]) -> None:
        """Something was dropped on the window: a scan, a project, or full images."""
        drop = meant_by(paths)
        if drop is None:
            return
        if drop.meaning == "images":
            self.imports.prepare(list(drop.paths))
            return
        self._opener.open_paths(drop.paths)
        if drop.left_out:
            self._session.tell("window.several_dropped", "warning", count=drop.dropped)
        elif drop.whole_folder:
            self._session.tell("window.folder_of_dropped", "info", count=drop.dropped)

    def cancel(self) -> None:
        """Stop what is being waited for; what works in the background has a button of its own."""
        self._opener.cancel()

    def _export_as(self, form: ExportFormat, options: ExportOptions) -> None:
        title = _tr("Export dataset: choose a name for its folder")
        project = self._session.project
        name = f"{project.directory.name} {form}" if project is not None else form
        dialog = new_folder_dialog(self._window, title, _tr("Export"), _tr("New folder:"), beside=self._beside, name=name)
        dialog.fileSelected.connect(lambda path: self.exchange.export(Path(path), form, options))
        dialog.open()

    @property
    def _beside(self) -> Path:
        """Beside the last project, never beside a scan: that may be a disc or another person's folder."""
        return self._opener.recent.folder_of_last("project") or Path.home()

    def _ask(
        self, title: str, mode: QFileDialog.FileMode, then: Callable[[list[Path]], None], filters: str = "", kind: Kind = "scan"
    ) -> None:
        dialog = self._dialog(title, mode, filters, kind)
        dialog.filesSelected.connect(lambda names: then([Path(name) for name in names]))
        dialog.open()

    def _dialog(self, title: str, mode: QFileDialog.FileMode, filters: str = "", kind: Kind = "scan") -> QFileDialog:
        dialog = file_dialog(self._window, title, mode, filters)
        dialog.setDirectory(str(self._opener.recent.folder_of_last(kind) or Path.home()))
        return dialog


def dropped_paths(data: QMimeData) -> list[Path]:
    """Files and folders of a drop."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
