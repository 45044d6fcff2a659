"""A folder of full images staged at once: what, by which network, where to, and a table that fills line by line."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from sos_studio.core.predictions import ModelCard
from sos_studio.core.settings import names_hidden
from sos_studio.messages import message
from sos_studio.presenters.folder_batch import FolderBatchPresenter, FolderBatchState, Wanted
from sos_studio.services.batch import BatchRow
from sos_studio.services.model_list import ModelEntry
from sos_studio.services.model_package import SUFFIX
from sos_studio.ui import dialogs, parts
from sos_studio.ui.file_dialogs import file_dialog
from sos_studio.ui.language import plural
from sos_studio.ui.predict_words import network_title, origin_words, set_words


def _tr(text: str) -> str:
    return QCoreApplication.translate("BatchDialog", text)


class BatchDialog(QDialog):
    """Stays open while it works; closing it stops after the picture that is being asked about."""

    def __init__(self, presenter: FolderBatchPresenter, chosen: ModelEntry | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._chosen = chosen
        self.setWindowTitle(_tr("Predict a folder"))
        self.setMinimumSize(660, 480)
        self.folder, self.out, self.network = QLineEdit(), QLineEdit(), QLineEdit()
        title = _tr("Choose a file of networks ({suffix})").format(suffix=SUFFIX) if chosen is None else network_title(chosen.card)
        self.network.setPlaceholderText(title)
        self.left = QCheckBox(_tr("&Faces look to the left in these pictures"))
        self.names = QCheckBox(_tr("Write the files' &names into the table (they may name patients)"))
        self.origin = parts.red()
        self._say_origin(None if chosen is None else chosen.card)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setAccessibleName(_tr("Pictures staged"))
        self.bar.setFormat("%v / %m")
        self.table = self._make_table()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.start = QPushButton(_tr("&Start"))
        self.start.setObjectName("primary")
        self.start.setDefault(True)
        self.buttons.addButton(self.start, QDialogButtonBox.ButtonRole.ActionRole)
        self.show_table = QPushButton(_tr("Open the &table"))
        self.buttons.addButton(self.show_table, QDialogButtonBox.ButtonRole.ActionRole)
        self._lay_out()
        self.start.clicked.connect(self._start_or_stop)
        self.show_table.clicked.connect(self._open_table)
        self.buttons.rejected.connect(self.reject)
        for edit in (self.folder, self.out, self.network):
            edit.textChanged.connect(lambda _: self._on_state(presenter.state))
        presenter.changed.connect(self._on_state)
        presenter.row.connect(self._on_row)
        self.finished.connect(self._on_closed)
        self._on_state(presenter.state)

    def _lay_out(self) -> None:
        form = QFormLayout()
        rows = (
            (_tr("Pictures in"), self.folder, lambda: self._choose_folder(self.folder)),
            (_tr("Results to"), self.out, lambda: self._choose_folder(self.out)),
            (_tr("Network"), self.network, self._choose_network),
        )
        for name, edit, choose in rows:
            edit.setAccessibleName(name)
            browse = parts.button(_tr("Choose…"), _tr("Choose: {name}").format(name=name))
            browse.setAutoDefault(False)
            browse.clicked.connect(choose)
            row = QHBoxLayout()
            row.addWidget(edit, 1)
            row.addWidget(browse)
            form.addRow(name, row)
        caution = QLabel(dialogs.caution())
        caution.setObjectName("caution")
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        for widget in (self.left, self.names, self.origin, self.words, self.bar, self.table, caution, self.buttons):
            layout.addWidget(widget)

    @staticmethod
    def _make_table() -> QTableWidget:
        table = QTableWidget(0, 5)
        table.setHorizontalHeaderLabels([_tr("Picture"), _tr("Stage"), _tr("Probability"), _tr("Certainty"), _tr("To be noted")])
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(4, QHeaderView.ResizeMode.Stretch)
        table.verticalHeader().hide()
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)
        table.setAccessibleName(_tr("Answers by picture"))
        return table

    def _choose_folder(self, edit: QLineEdit) -> None:
        dialog = file_dialog(self, _tr("Choose a folder"), QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(edit.setText)
        dialog.open()

    def _choose_network(self) -> None:
        filters = _tr("Files of networks (*{suffix})").format(suffix=SUFFIX)
        dialog = file_dialog(self, _tr("Choose a file of networks"), QFileDialog.FileMode.ExistingFile, filters)
        dialog.fileSelected.connect(self.network.setText)
        dialog.open()

    def _start_or_stop(self) -> None:
        if self._presenter.state.phase == "running":
            self._presenter.stop()
            return
        self.table.setRowCount(0)
        network = self.network.text().strip()
        self._say_origin(None if network or self._chosen is None else self._chosen.card)
        own = None if self._chosen is None else self._chosen.path
        self._presenter.start(
            Wanted(
                Path(self.folder.text().strip()),
                Path(self.out.text().strip()),
                Path(network) if network else own,
                "left" if self.left.isChecked() else "right",
                self.names.isChecked(),
            )
        )

    def _on_state(self, state: FolderBatchState) -> None:
        busy = state.phase in ("running", "stopping")
        for widget in (self.folder, self.out, self.network, self.left, self.names):
            widget.setEnabled(not busy)
        ready = bool(self.folder.text().strip() and self.out.text().strip() and (self.network.text().strip() or self._chosen is not None))
        self.start.setText(_tr("&Stop") if busy else _tr("&Start"))
        self.start.setEnabled(ready and state.phase != "stopping")
        self.show_table.setEnabled(state.report is not None)
        self.bar.setVisible(state.phase != "idle")
        self.bar.setRange(0, max(state.total, 1))
        self.bar.setValue(state.done)
        self.words.setText(_words(state))
        parts.set_alarm(self.words, state.phase == "failed")

    def _on_row(self, row: BatchRow, file: str) -> None:
        said = None if row.said is None else row.said.prediction
        name = row.item if names_hidden() else file
        if said is None:
            problem = message(row.problem or "prediction.failed", {"file": name, **row.values})
            texts = [name, "—", "", "", problem.text]
        else:
            stage = _tr("unsure: {n}").format(n=said.stage) if said.unsure else str(said.stage)
            certain = "" if said.stage_set is None else set_words(said.stage_set)
            notes = _tr("unlike the training data") if said.unlike else ""
            texts = [name, stage, f"{100 * max(said.probabilities):.0f} %", certain, notes]
            self._say_origin(said.model)
        n = self.table.rowCount()
        self.table.insertRow(n)
        for column, text in enumerate(texts):
            self.table.setItem(n, column, QTableWidgetItem(text))
        self.table.scrollToBottom()

    def _say_origin(self, card: ModelCard | None) -> None:
        self.origin.setText("" if card is None else origin_words(card))
        self.origin.setVisible(bool(self.origin.text()))

    def _open_table(self) -> None:
        report = self._presenter.state.report
        if report is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(report.table)))

    def _on_closed(self) -> None:
        self._presenter.stop()
        self._presenter.changed.disconnect(self._on_state, missing_ok=True)
        self._presenter.row.disconnect(self._on_row, missing_ok=True)


def _words(state: FolderBatchState) -> str:
    if state.phase == "failed" and state.problem is not None:
        return str(state.problem)
    if state.phase == "stopping":
        return _tr("Stopping after this picture …")
    if state.phase == "stopped":
        return plural("BatchDialog", "Stopped after 1 picture.", "Stopped after {n} pictures.", state.done) + " " + _tr("Start goes on.")
    if state.report is not None:
        told = plural("BatchDialog", "1 picture is in the table.", "{n} pictures are in the table.", state.report.total)
        if state.report.failed:
            told += " " + plural("BatchDialog", "1 of them could not be staged.", "{n} of them could not be staged.", state.report.failed)
        return told
    if state.phase == "running":
        return _tr("Each answer is on the disk as soon as it stands here.")
    return _tr("Pictures and captures of full images, also in folders within. A second run into the same results goes on where it stopped.")
