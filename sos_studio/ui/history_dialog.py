"""The project's history as a table that can be filtered and written to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QCoreApplication, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from sos_studio.dataset.audit import Entry
from sos_studio.dataset.project import Project
from sos_studio.presenters.project_history import HistoryPresenter, HistoryState
from sos_studio.presenters.session import Session
from sos_studio.ui import parts
from sos_studio.ui.choice_box import ChoiceBox
from sos_studio.ui.file_dialogs import file_dialog
from sos_studio.ui.history_words import details_words, what_words
from sos_studio.ui.language import plural

Index = QModelIndex | QPersistentModelIndex


def _tr(text: str) -> str:
    return QCoreApplication.translate("HistoryDialog", text)


class HistoryModel(QAbstractTableModel):
    """Rows of the presenter."""

    def __init__(self, evaluator: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._evaluator = evaluator
        self._rows: tuple[Entry, ...] = ()
        self._read: frozenset[str] = frozenset()

    def show(self, state: HistoryState) -> None:
        """Other rows."""
        self.beginResetModel()
        self._rows, self._read = state.rows, state.read_by(self._evaluator)
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        """How many entries."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:
        """When, what, who, case, details."""
        return 0 if parent is not None and parent.isValid() else 5

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Names of the columns."""
        if role != Qt.ItemDataRole.DisplayRole or orientation != Qt.Orientation.Horizontal:
            return None
        return (_tr("When"), _tr("What"), _tr("Who"), _tr("Case"), _tr("Details"))[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words of one cell."""
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        entry = self._rows[index.row()]
        match index.column():
            case 0:
                return entry.when.astimezone().strftime("%Y-%m-%d %H:%M:%S")
            case 1:
                return what_words(entry.what)
            case 2:
                return entry.who or "–"
            case 3:
                return entry.case_id or "–"
            case _:
                known = entry.who == self._evaluator or entry.case_id in self._read
                return details_words(entry, hide_stage=not known)


class HistoryDialog(QDialog):
    """Who did what when.

    Parameters
    ----------
    case_id
        Only of this case, until the search is changed.
    """

    def __init__(self, session: Session, project: Project, parent: QWidget | None = None, *, case_id: str | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_tr("Project history"))
        self.setSizeGripEnabled(True)
        self._name = project.directory.name
        self.presenter = HistoryPresenter(session, project)
        self.what = ChoiceBox()
        self.what.addItem(_tr("Everything"), "")
        self.what.setAccessibleName(_tr("What was done"))
        self.text = QLineEdit()
        self.text.setPlaceholderText(_tr("Search person, case or value"))
        self.text.setAccessibleName(_tr("Search the history"))
        self.text.setClearButtonEnabled(True)
        self.model = HistoryModel(session.evaluator, self)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName(_tr("Project history"))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setTabKeyNavigation(False)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().lineSpacing() + 8)
        header = self.table.horizontalHeader()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width in enumerate((175, 180, 130, 100)):
            header.resizeSection(column, width)
        self.count = parts.note()
        self.problem = parts.red()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.export = parts.button(_tr("&Export…"), _tr("Write what is shown to a CSV or JSON file"))
        self.export.setAutoDefault(False)
        self.export.clicked.connect(lambda _=False: self._choose_file())
        self.buttons.addButton(self.export, QDialogButtonBox.ButtonRole.ActionRole)
        self.buttons.rejected.connect(self.reject)
        self._lay_out()
        self.presenter.changed.connect(self._on_state)
        self.what.currentIndexChanged.connect(lambda _: self._filter())
        self.text.textChanged.connect(lambda _: self._filter())
        self.finished.connect(lambda _: self.presenter.changed.disconnect(self._on_state))
        self._on_state(self.presenter.state)
        # A blinded reader knows the case by a number, and nothing is shown that could be searched.
        self.text.setText("" if session.blinding.on else case_id or "")
        self.text.setEnabled(not session.blinding.on)
        self.resize(self.sizeHint())
        self.text.setFocus()

    def sizeHint(self) -> QSize:
        """Wide enough for a line of details on a small screen."""
        return QSize(980, 560)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.what)
        head.addWidget(self.text, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.setSpacing(8)
        layout.addLayout(head)
        layout.addWidget(self.table, 1)
        for widget in (self.count, self.problem, self.buttons):
            layout.addWidget(widget)

    def _filter(self) -> None:
        self.presenter.filter(self.what.currentData(), self.text.text())

    def _choose_file(self) -> None:
        filters = _tr("Table (*.csv)") + ";;" + _tr("JSON (*.json)")
        dialog = file_dialog(self, _tr("Export the project history"), QFileDialog.FileMode.AnyFile, filters)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDirectory(str(Path.home()))
        dialog.selectFile(_tr("{project} history").format(project=self._name) + ".csv")
        dialog.fileSelected.connect(lambda name: self.presenter.export(Path(name)))
        dialog.open()

    def _on_state(self, state: HistoryState) -> None:
        if self.what.count() == 1:
            for kind in state.kinds:
                self.what.addItem(what_words(kind), kind)
        rows = state.rows
        self.model.show(state)
        self.export.setEnabled(bool(rows))
        words = plural("HistoryDialog", "1 entry", "{n} entries", len(rows))
        self.count.setText(str(state.said) if state.said is not None else words if state.everything is not None else _tr("Reading …"))
        self.problem.setText(str(state.trouble) if state.trouble is not None else "")
        self.problem.setVisible(state.trouble is not None)
