"""What the student says of many cases: a table that fills line by line, and the way to each case."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QProgressBar,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from sos_studio.presenters.bulk import BulkPresenter, PredictedCase
from sos_studio.presenters.session import Session
from sos_studio.ui import dialogs, parts
from sos_studio.ui.language import plural
from sos_studio.ui.predict_words import cell_words, origin_words

CASE_ROLE = Qt.ItemDataRole.UserRole


def _tr(text: str) -> str:
    return QCoreApplication.translate("PredictedDialog", text)


class PredictedDialog(QDialog):
    """Opens itself when the presenter begins; closing it stops what is left."""

    case_wanted = Signal(str)

    def __init__(self, session: Session, presenter: BulkPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._presenter = presenter
        self.setWindowTitle(_tr("Predictions"))
        self.setMinimumSize(560, 420)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.origin = parts.red()
        self.origin.hide()
        self.bar = QProgressBar()
        self.bar.setAccessibleName(_tr("Cases predicted"))
        self.bar.setFormat("%v / %m")
        self.table = self._make_table()
        caution = QLabel(dialogs.caution())
        caution.setObjectName("caution")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.buttons.button(QDialogButtonBox.StandardButton.Close).setText(_tr("Stop"))
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (self.words, self.origin, self.bar, self.table, caution, self.buttons):
            layout.addWidget(widget)
        presenter.predicting.connect(self._on_begin)
        presenter.predicted.connect(self._on_case)
        presenter.finished.connect(self._on_finished)
        self.finished.connect(self._on_closed)

    def _make_table(self) -> QTableWidget:
        table = QTableWidget(0, 4)
        table.setHorizontalHeaderLabels([_tr("Case"), _tr("Stage"), _tr("Probability"), _tr("Expected stage")])
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        table.verticalHeader().hide()
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        table.setTabKeyNavigation(False)
        table.setAccessibleName(_tr("Predictions by case"))
        table.itemActivated.connect(lambda item: self.case_wanted.emit(item.data(CASE_ROLE)))
        return table

    def _on_begin(self, count: int) -> None:
        self.bar.setRange(0, count)
        self.bar.setValue(0)
        self.words.setText(plural("PredictedDialog", "The student reads 1 case.", "The student reads {n} cases.", count))
        self.open()

    def _on_case(self, answer: PredictedCase) -> None:
        said, row = answer.said, self.table.rowCount()
        if said is not None:
            texts = [cell_words(said), f"{100 * max(said.probabilities):.0f} %", f"{said.expected_stage:.1f}"]
            self.origin.setText(origin_words(said.model))
            self.origin.setVisible(bool(self.origin.text()))
        else:
            texts = [str(answer.problem) if answer.problem is not None else "—", "", ""]
        self.table.insertRow(row)
        for column, text in enumerate([self._session.blinding.name(answer.case_id), *texts]):
            item = QTableWidgetItem(text)
            item.setData(CASE_ROLE, answer.case_id)
            self.table.setItem(row, column, item)
        self.table.scrollToBottom()
        self.bar.setValue(row + 1)

    def _on_finished(self) -> None:
        self.buttons.button(QDialogButtonBox.StandardButton.Close).setText(_tr("Close"))
        count = self.table.rowCount()
        self.words.setText(
            plural("PredictedDialog", "The student has read 1 case.", "The student has read {n} cases.", count)
            + " "
            + _tr("A double click opens a case.")
        )

    def _on_closed(self) -> None:
        self._presenter.stop()
        for signal, slot in (
            (self._presenter.predicting, self._on_begin),
            (self._presenter.predicted, self._on_case),
            (self._presenter.finished, self._on_finished),
        ):
            signal.disconnect(slot, missing_ok=True)
