"""The queue of cases that would teach the student most; a double click opens one in Stage."""

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

from sos_studio.presenters.prediction import PredictionPresenter
from sos_studio.presenters.session import Session
from sos_studio.presenters.teaching import TeachingPresenter, TeachingState
from sos_studio.services.teaching import Teaching
from sos_studio.ui import dialogs, parts
from sos_studio.ui.language import plural
from sos_studio.ui.predict_words import origin_words

CASE_ROLE = Qt.ItemDataRole.UserRole


def _tr(text: str) -> str:
    return QCoreApplication.translate("TeachingDialog", text)


class TeachingDialog(QDialog):
    """Says why, and never what a network says of a case."""

    case_wanted = Signal(str)

    def __init__(self, session: Session, prediction: PredictionPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setWindowTitle(_tr("Cases that would teach most"))
        self.setMinimumSize(600, 440)
        self.presenter = TeachingPresenter(session, prediction)
        self.words = QLabel()
        self.words.setWordWrap(True)
        chosen = prediction.state.chosen
        self.origin = parts.red("" if chosen is None else origin_words(chosen.card))
        self.origin.setVisible(bool(self.origin.text()))
        self.bar = QProgressBar()
        self.bar.setAccessibleName(_tr("Cases looked at"))
        self.bar.setRange(0, 100)
        self.table = QTableWidget(0, 2)
        self.table.setHorizontalHeaderLabels([_tr("Case"), _tr("Why")])
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        self.table.setTabKeyNavigation(False)
        self.table.setAccessibleName(_tr("Cases, the one that would teach most first"))
        self.table.itemActivated.connect(self._on_case)
        caution = QLabel(dialogs.caution())
        caution.setObjectName("caution")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (self.words, self.origin, self.bar, self.table, caution, self.buttons):
            layout.addWidget(widget)
        self.presenter.changed.connect(self._on_state)
        self.finished.connect(self._on_closed)
        self.presenter.start()

    def _on_case(self, item: QTableWidgetItem) -> None:
        self.case_wanted.emit(item.data(CASE_ROLE))
        self.accept()

    def _on_state(self, state: TeachingState) -> None:
        self.bar.setVisible(state.phase == "asking")
        self.bar.setValue(round(100 * state.share))
        self.words.setText(_words(state))
        parts.set_alarm(self.words, state.phase == "failed")
        if state.phase == "shown":
            self.table.setRowCount(len(state.queue))
            for row, one in enumerate(state.queue):
                for column, text in enumerate((self._session.blinding.name(one.case_id), why_words(one))):
                    item = QTableWidgetItem(text)
                    item.setData(CASE_ROLE, one.case_id)
                    self.table.setItem(row, column, item)

    def _on_closed(self) -> None:
        self.presenter.stop()
        self.presenter.changed.disconnect(self._on_state, missing_ok=True)


def _words(state: TeachingState) -> str:
    if state.problem is not None:
        return str(state.problem)
    if state.phase == "asking":
        return plural(
            "TeachingDialog",
            "One network looks at every case that you have not staged. What it says is not shown.",
            "{n} networks look at every case that you have not staged. What they say is not shown.",
            state.networks,
        )
    if not state.queue:
        return _tr("You have staged every case that has a full image.")
    return _tr("The first would teach the network most, once you have staged it. A double click opens a case in Stage.")


def why_words(one: Teaching) -> str:
    """What speaks for staging a case, without telling a stage."""
    told = []
    if one.unlike:
        told.append(_tr("unlike the training data: does it belong here?"))
    if one.spread is not None and one.spread >= 0.25:
        told.append(_tr("networks differ by {x} stages").format(x=f"{2 * one.spread:.1f}"))
    if one.set_size is not None:
        told.append(plural("TeachingDialog", "1 stage is possible", "{n} stages are possible", one.set_size))
    return "; ".join(told) if told else _tr("the network is unsure") if one.score > 0.5 else _tr("little to learn")
