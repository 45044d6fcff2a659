"""A folder of full images staged at once: what, by which network, where to, and a table that fills line by line."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QSize, Qt, QTimer, QUrl
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
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from sos_studio.core.predictions import ModelCard
from sos_studio.core.settings import names_hidden
from sos_studio.messages import message
from sos_studio.presenters.folder_batch import FolderBatchPresenter, FolderBatchState, Wanted
from sos_studio.services.batch_table import BatchRow
from sos_studio.services.model_list import ModelEntry
from sos_studio.services.model_package import SUFFIX
from sos_studio.ui import dialogs, parts
from sos_studio.ui.batch_preview import BatchPreview
from sos_studio.ui.choice_box import ChoiceBox
from sos_studio.ui.file_dialogs import file_dialog
from sos_studio.ui.language import plural
from sos_studio.ui.predict_words import cell_words, network_titles, origin_words, set_cell_words
from sos_studio.ui.training_words import time_left

_CERTAINTY = 4
# Thousands that were there before are put in bit by bit, and the newest is scrolled to at leisure: both would hold the window up.
_AT_ONCE, _SCROLL_AFTER_MS = 100, 100


def _tr(text: str) -> str:
    return QCoreApplication.translate("BatchDialog", text)


class BatchDialog(QDialog):
    """A look at the work, which goes on in the background when this is closed, and is there again when it comes back.

    Parameters
    ----------
    networks, names, chosen
        The project's students with what their trainings are called, and the one that is asked at first.
    """

    def __init__(
        self,
        presenter: FolderBatchPresenter,
        networks: Sequence[ModelEntry] = (),
        names: Mapping[str, str] | None = None,
        chosen: ModelEntry | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._cards = {str(entry.path): entry.card for entry in networks}
        self._opened = True
        self._browse: list[QPushButton] = []
        self._waiting: deque[tuple[BatchRow, str]] = deque()
        self._more, self._scroll = QTimer(self), QTimer(self)
        self._scroll.setInterval(_SCROLL_AFTER_MS)
        for timer, call in ((self._more, self._put_some), (self._scroll, self._scroll_down)):
            timer.setSingleShot(True)
            timer.timeout.connect(call)
        self.setWindowTitle(_tr("Predict a folder"))
        self.setMinimumSize(660, 480)
        dialogs.take_room(self, QSize(1080, 620))
        self.folder, self.out, self.network = QLineEdit(), QLineEdit(), ChoiceBox()
        self.network.setPlaceholderText(_tr("Choose a file of networks ({suffix})").format(suffix=SUFFIX))
        titles = network_titles(networks, names or {})
        self._called = titles
        for entry in networks:
            self.network.addItem(titles[entry.card.model_id], str(entry.path))
        self.network.setCurrentIndex(-1 if chosen is None else self.network.findData(str(chosen.path)))
        self.left = QCheckBox(_tr("&Faces look to the left in these pictures"))
        self.names = QCheckBox(_tr("Write the files' &names into the table (they may name patients)"))
        self.origin = parts.red()
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bar = QProgressBar()
        self.bar.setAccessibleName(_tr("Pictures staged"))
        self.bar.setFormat("%v / %m")
        self.table = self._make_table()
        self.preview = BatchPreview()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.start = QPushButton(_tr("&Start"))
        self.start.setObjectName("primary")
        self.start.setDefault(True)
        self.buttons.addButton(self.start, QDialogButtonBox.ButtonRole.ActionRole)
        self.show_table = QPushButton(_tr("Open the &table"))
        self.buttons.addButton(self.show_table, QDialogButtonBox.ButtonRole.ActionRole)
        self._lay_out()
        self._take_up(presenter.state)
        self._connect()
        self._on_state(presenter.state)

    def _connect(self) -> None:
        presenter = self._presenter
        self.start.clicked.connect(self._start_or_stop)
        self.show_table.clicked.connect(self._open_table)
        self.buttons.rejected.connect(self.reject)
        for edit in (self.folder, self.out):
            edit.textChanged.connect(lambda _: self._on_state(presenter.state))
        self.network.currentIndexChanged.connect(lambda _: self._on_state(presenter.state))
        self.table.currentCellChanged.connect(lambda row, *_: presenter.look(row))
        presenter.changed.connect(self._on_state)
        presenter.row.connect(self._on_row)
        presenter.looked.connect(self.preview.show_looked)
        self.finished.connect(self._on_closed)

    def _lay_out(self) -> None:
        form = QFormLayout()
        rows: tuple[tuple[str, QLineEdit | ChoiceBox, str], ...] = (
            (_tr("Pictures in"), self.folder, _tr("Choose…")),
            (_tr("Results to"), self.out, _tr("Choose…")),
            (_tr("Network"), self.network, _tr("From a file…")),
        )
        for name, edit, title in rows:
            edit.setAccessibleName(name)
            browse = parts.button(title, _tr("Choose: {name}").format(name=name))
            browse.setAutoDefault(False)
            self._browse.append(browse)
            if isinstance(edit, QLineEdit):
                browse.clicked.connect(lambda _=False, line=edit: self._choose_folder(line))
            else:
                browse.clicked.connect(self._choose_network)
            row = QHBoxLayout()
            row.addWidget(edit, 1)
            row.addWidget(browse)
            form.addRow(name, row)
        caution = QLabel(dialogs.caution())
        caution.setObjectName("caution")
        beside = QSplitter(Qt.Orientation.Horizontal)
        beside.addWidget(self.table)
        beside.addWidget(self.preview)
        beside.setStretchFactor(0, 3)
        beside.setStretchFactor(1, 2)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        for widget in (self.left, self.names, self.origin, self.words, self.bar):
            layout.addWidget(widget)
        layout.addWidget(beside, 1)
        layout.addWidget(caution)
        layout.addWidget(self.buttons)

    @staticmethod
    def _make_table() -> QTableWidget:
        table = QTableWidget(0, 6)
        titles = [_tr("No."), _tr("Picture"), _tr("Stage"), _tr("Probability"), _tr("90 % certain"), _tr("To be noted")]
        table.setHorizontalHeaderLabels(titles)
        tips = {
            0: _tr("The same number stands in the table that is written"),
            _CERTAINTY: _tr("The stages that hold the true one with 90 % certainty"),
        }
        for column, tip in tips.items():
            title = table.horizontalHeaderItem(column)
            if title is not None:
                title.setToolTip(tip)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(5, QHeaderView.ResizeMode.Stretch)
        header.setResizeContentsPrecision(0)  # by the rows in sight: to measure a thousand takes longer than to stage a picture
        table.verticalHeader().hide()
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setAccessibleName(_tr("Answers by picture"))
        table.setColumnHidden(_CERTAINTY, True)  # until the network says any
        return table

    def _take_up(self, state: FolderBatchState) -> None:
        """What is under way, or was asked for last."""
        wanted = state.wanted
        if wanted is None:
            return
        self.folder.setText(str(wanted.folder))
        self.out.setText(str(wanted.out))
        self.left.setChecked(wanted.facing == "left")
        self.names.setChecked(wanted.names)
        if wanted.network is not None:
            self.use_network(wanted.network)
        self._waiting.extend(state.rows)
        self._put_some()

    def use_network(self, path: Path) -> None:
        """Ask the network in this folder or file."""
        if self.network.findData(str(path)) < 0:
            self.network.addItem(path.name, str(path))
        self.network.setCurrentIndex(self.network.findData(str(path)))

    def _choose_folder(self, edit: QLineEdit) -> None:
        dialog = file_dialog(self, _tr("Choose a folder"), QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(edit.setText)
        dialog.open()

    def _choose_network(self) -> None:
        filters = _tr("Files of networks (*{suffix})").format(suffix=SUFFIX)
        dialog = file_dialog(self, _tr("Choose a file of networks"), QFileDialog.FileMode.ExistingFile, filters)
        dialog.fileSelected.connect(lambda path: self.use_network(Path(path)))
        dialog.open()

    def _start_or_stop(self) -> None:
        if self._presenter.state.phase == "running":
            self._presenter.stop()
            return
        self._waiting.clear()
        self.table.setRowCount(0)
        self.preview.clear()
        self._opened = True
        self._presenter.start(
            Wanted(
                Path(self.folder.text().strip()),
                Path(self.out.text().strip()),
                Path(self.network.currentData()),
                "left" if self.left.isChecked() else "right",
                self.names.isChecked(),
            ),
            called=self._called,
        )

    def _on_state(self, state: FolderBatchState) -> None:
        busy = state.phase in ("running", "stopping")
        for widget in (self.folder, self.out, self.network, self.left, self.names, *self._browse):
            widget.setEnabled(not busy)
        ready = bool(self.folder.text().strip() and self.out.text().strip() and self.network.currentData())
        self.start.setText(_tr("&Stop") if busy else _tr("&Go on") if state.phase == "stopped" else _tr("&Start"))
        self.start.setEnabled(ready and state.phase != "stopping")
        self.show_table.setEnabled(state.table is not None)
        self.bar.setVisible(state.phase != "idle" and not (state.phase == "failed" and not state.total))
        self.bar.setRange(0, max(state.total, 1))
        self.bar.setValue(state.done)
        self.words.setText(_words(state, opened=self._opened))
        parts.set_alarm(self.words, state.phase == "failed" or not self._opened)
        if not state.rows:  # else it stands there by the network that answered
            self._say_origin(self._cards.get(self.network.currentData() or ""))

    def _on_row(self, row: BatchRow, file: str) -> None:
        self._waiting.append((row, file))
        if not self._more.isActive():
            self._put_some()

    def _put_some(self) -> None:
        for _ in range(min(_AT_ONCE, len(self._waiting))):
            self._put(*self._waiting.popleft())
        if self._waiting:
            self._more.start()
        if not self._scroll.isActive():
            self._scroll.start()

    def _scroll_down(self) -> None:
        if self.table.currentRow() < 0:  # nobody looks at a row
            self.table.scrollToBottom()

    def _put(self, row: BatchRow, file: str) -> None:
        said = None if row.said is None else row.said.prediction
        name = row.item if names_hidden() else file
        if said is None:
            problem = message(row.problem or "prediction.failed", {"file": name, **row.values})
            texts = [str(row.n), name, "—", "", "", problem.text]
        else:
            held = said.promised
            certain = "" if held is None else set_cell_words(held)
            texts = [str(row.n), name, cell_words(said), f"{100 * max(said.probabilities):.0f} %", certain, "; ".join(_notes(row))]
            if held is not None:
                self.table.setColumnHidden(_CERTAINTY, False)
            self._say_origin(said.model)
        n = self.table.rowCount()
        self.table.insertRow(n)
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setToolTip(text)
            self.table.setItem(n, column, item)

    def _say_origin(self, card: ModelCard | None) -> None:
        self.origin.setText("" if card is None else origin_words(card))
        self.origin.setVisible(bool(self.origin.text()))

    def _open_table(self) -> None:
        table = self._presenter.state.table
        if table is not None:
            self._opened = QDesktopServices.openUrl(QUrl.fromLocalFile(str(table)))
            self._on_state(self._presenter.state)

    def _on_closed(self) -> None:
        self._more.stop()
        self._scroll.stop()
        self._presenter.changed.disconnect(self._on_state, missing_ok=True)
        self._presenter.row.disconnect(self._on_row, missing_ok=True)
        self._presenter.looked.disconnect(self.preview.show_looked, missing_ok=True)


def _notes(row: BatchRow) -> list[str]:
    told = [_tr("looks like a crop, not like a full image")] if row.like_a_crop else []
    if row.said is not None and row.said.prediction.unlike:
        told.append(_tr("unlike the training data"))
    if row.no_frame:
        told.append(_tr("the detector found no SOS"))
    frame = None if row.said is None else row.said.prediction.roi
    if frame is not None and frame.doubtful and frame.confidence is not None:
        told.append(_tr("the detector is only {p}\u00a0% sure").format(p=round(100 * frame.confidence)))
    if row.overlooked:
        told.append(_tr("the network did not look at the SOS"))
    if row.marks_nothing:
        told.append(_tr("the heatmap is empty"))
    return told


def _words(state: FolderBatchState, *, opened: bool) -> str:
    """How far it is; whether the system has `opened` the table when it was asked to."""
    if state.phase == "failed" and state.problem is not None:
        return str(state.problem)
    if state.phase == "stopping":
        return _tr("Stopping after this picture …")
    if state.phase == "stopped":
        told = plural("BatchDialog", "Stopped after 1 picture.", "Stopped after {n} pictures.", state.done)
        return (
            told
            if opened or state.table is None
            else told + " " + _tr("No program opened the table {file}.").format(file=_place(state.table))
        )
    if state.report is not None:
        place = _place(state.report.table)
        told = plural(
            "BatchDialog", "1 picture is in the table {file}.", "{n} pictures are in the table {file}.", state.report.total, file=place
        )
        if state.report.failed:
            told += " " + plural("BatchDialog", "1 of them could not be staged.", "{n} of them could not be staged.", state.report.failed)
        return told if opened else told + " " + _tr("No program opened it.")
    if state.phase == "running":
        left = time_left(state.seconds_left)
        told = _tr("What stands in the table is saved already. When you close this window, the work goes on.")
        return f"{left[:1].upper()}{left[1:]}. {told}" if left else told
    return _tr("Pictures and captures of full images, also in folders within. A second run into the same results goes on where it stopped.")


def _place(file: Path) -> str:
    return file.name if names_hidden() else str(file)
