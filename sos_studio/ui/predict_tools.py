"""What the menu Predict does beside the step itself: a folder at once, networks carried from and to other computers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

from sos_studio.core.actions import Action
from sos_studio.core.errors import CancelledError
from sos_studio.core.settings import names_hidden
from sos_studio.messages import message
from sos_studio.presenters.folder_batch import FolderBatchPresenter
from sos_studio.presenters.session import Session
from sos_studio.services import case_report, model_list, model_package
from sos_studio.services.case_report import BlindedReader
from sos_studio.services.case_report_files import Wish, write_report
from sos_studio.services.model_list import ModelEntry
from sos_studio.services.model_package import SUFFIX
from sos_studio.ui.batch_dialog import BatchDialog
from sos_studio.ui.file_dialogs import file_dialog
from sos_studio.ui.predict_step import PredictStep
from sos_studio.ui.predict_words import network_title, network_titles
from sos_studio.ui.report_dialog import ReportDialog
from sos_studio.ui.side_by_side import SideBySideDialog
from sos_studio.ui.teaching_dialog import TeachingDialog

_NOT_IN_FILES = re.compile(r"[^\w .-]")


def _tr(text: str) -> str:
    return QCoreApplication.translate("PredictTools", text)


class PredictTools(QObject):
    """Dialogs and the work behind them; errors become messages of the window.

    Parameters
    ----------
    stage_case
        Brings a case to the front in Stage.
    """

    # What was told of a report that is written, and the words and the work of a button beside it.
    written = Signal(object, str, object)

    def __init__(self, session: Session, step: PredictStep, window: QWidget, stage_case: Callable[[str], None]) -> None:
        super().__init__(window)
        self._stage_case = stage_case
        self._session, self._prediction, self._holding, self._window = session, step.presenter, step.holding, window
        self.batch = FolderBatchPresenter(session, step.presenter.service)
        self._teaching: TeachingDialog | None = None
        self._beside: tuple[str | None, ...] = ()  # what stood side by side the last time
        session.project_changed.connect(self._on_project)

    @property
    def actions_by_id(self) -> Mapping[Action, Callable[[], None]]:
        """What menus and shortcuts call."""
        return {
            Action.SIDE_BY_SIDE: self._open_side_by_side,
            Action.TEACHING_CASES: self._open_teaching,
            Action.CASE_REPORT: self._ask_for_report,
            Action.PREDICT_FOLDER: self._open_batch,
            Action.EXPORT_NETWORK: self._ask_where_to_export,
            Action.IMPORT_NETWORK: self._ask_what_to_import,
        }

    def _open_batch(self) -> None:
        if self._session.blinding.on:
            self._session.tell("batch.blinded", "info")
            return
        state = self._prediction.state
        dialog = BatchDialog(self.batch, state.students, state.names, state.chosen, self._window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _open_side_by_side(self) -> None:
        dialog = SideBySideDialog(self._session, self._prediction, self._window, before=self._beside)

        def closed() -> None:
            self._beside = dialog.presenter.chosen
            dialog.deleteLater()

        dialog.finished.connect(closed)
        dialog.open()

    def _open_teaching(self) -> None:
        """It stays beside the window while its cases are staged; asked for again it comes back to the front."""
        if self._teaching is None:
            dialog = self._teaching = TeachingDialog(self._session, self._prediction, self._window)
            dialog.case_wanted.connect(self._stage_case)
            dialog.finished.connect(self._on_teaching_closed)
        self._teaching.show()
        self._teaching.raise_()
        self._teaching.activateWindow()

    def _on_teaching_closed(self) -> None:
        if self._teaching is not None:
            self._teaching.deleteLater()
            self._teaching = None

    def _on_project(self, _: object) -> None:
        self._beside = ()
        if self._teaching is not None:  # its cases are another project's
            self._teaching.done(0)

    def _ask_for_report(self) -> None:
        dialog = ReportDialog(self._window)
        dialog.accepted.connect(lambda: self._ask_where_to_report(dialog))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _ask_where_to_report(self, asked: ReportDialog) -> None:
        wanted = Wish(asked.pdf.isChecked(), asked.dicom.isChecked(), asked.patient_text)
        dialog = file_dialog(self._window, _tr("Folder of the report"), QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda path: self.report_to(Path(path), wanted))
        dialog.open()

    def report_to(self, folder: Path, wanted: Wish) -> None:
        """Write what is on the screen about the case into a folder."""
        session, capture, project, shown = self._session, self._session.capture, self._session.project, self._prediction.state.shown
        if capture is None or project is None or shown is None or shown.heat01_vu is None:
            session.tell("predict.nothing_to_confirm", "info")
            return
        roi, holding, heat01_vu, blinding = session.roi, self._holding.state.found, shown.heat01_vu, session.blinding
        reader = BlindedReader(session.evaluator, blinding.name(capture.case_id)) if blinding.on else None

        title = network_titles(self._prediction.state.students, self._prediction.state.names).get(shown.prediction.model.model_id, "")
        task = session.tasks.begin("report", folder.name)

        def work() -> list[str]:
            report = case_report.gather(
                project,
                capture,
                shown.prediction,
                heat01_vu,
                heat_stage=shown.heat_stage,
                heat_method=shown.heat_method,
                roi=roi,
                holding=holding,
                reader=reader,
                network=title,
            )
            if task.cancelled:
                raise CancelledError
            return write_report(project, report, folder, wanted)

        def done(files: list[str]) -> None:
            session.tasks.end(task)
            place = folder.name if names_hidden() else str(folder)
            told = message("predict.report_saved", blinding.values({"files": ", ".join(files), "folder": place}))
            session.message.emit(told, "info")
            self.written.emit(told, _tr("Open"), partial(self.open_report, folder / files[0]))

        def failed(error: Exception) -> None:
            session.tasks.end(task)
            session.report(error)

        session.begun.emit()
        session.background.run(work, done, failed)

    def open_report(self, file: Path) -> None:
        """Show it with the program that this computer has for it; a folder with the file manager."""
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(file))):
            place = file.parent.name if names_hidden() else str(file.parent)
            self._session.tell(
                "predict.report_no_program", "warning", **self._session.blinding.values({"file": file.name, "folder": place})
            )

    def _ask_where_to_export(self) -> None:
        state = self._prediction.state
        if state.chosen is None:
            return
        entries = [state.chosen, *([] if state.detector is None else [state.detector])]
        card = state.chosen.card
        called = network_titles(state.students, state.names).get(card.model_id, card.model_id)
        dialog = file_dialog(self._window, _tr("Export {network}").format(network=called), QFileDialog.FileMode.AnyFile, _filters())
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(SUFFIX.removeprefix("."))
        # Without what somebody called the training: files travel farther than projects.
        dialog.selectFile(_NOT_IN_FILES.sub("", network_title(card, time=True).replace(":", ".")) + SUFFIX)
        dialog.fileSelected.connect(lambda path: self.export_to(Path(path), entries))
        dialog.open()

    def export_to(self, target: Path, entries: list[ModelEntry]) -> None:
        """Write networks into one file."""

        def done(_: None) -> None:
            self._session.tell("package.exported", "info", count=len(entries), file=target.name, models=self._titles(entries))

        self._session.begun.emit()
        self._session.background.run(lambda: model_package.export_models(entries, target), done, self._session.report)

    def _titles(self, entries: list[ModelEntry]) -> list[str]:
        return list(network_titles(entries, self._prediction.state.names).values())

    def _ask_what_to_import(self) -> None:
        dialog = file_dialog(self._window, _tr("Import network"), QFileDialog.FileMode.ExistingFile, _filters())
        dialog.fileSelected.connect(lambda path: self.import_from(Path(path)))
        dialog.open()

    def import_from(self, source: Path) -> None:
        """Take the networks of a file into the project that is open."""
        session, project = self._session, self._session.project
        if project is None:
            session.tell("window.no_project", "warning")
            return

        def done(found: list[ModelEntry]) -> None:
            session.tell("package.imported", "info", models=self._titles(found))
            if session.project is project:
                session.models_changed.emit()

        session.begun.emit()
        folder = project.directory / model_list.MODELS_DIR
        session.background.run(lambda: model_package.import_models(source, folder), done, session.report)


def _filters() -> str:
    return _tr("Files of networks (*{suffix})").format(suffix=SUFFIX)
