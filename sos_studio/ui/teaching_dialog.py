"""The queue of cases that would teach the student most; it stays open while its cases are staged one after the other."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from sos_studio.presenters.prediction import PredictionPresenter
from sos_studio.presenters.session import Session
from sos_studio.presenters.teaching import TeachingPresenter, TeachingState
from sos_studio.services.teaching import WHICH, Teaching, Which
from sos_studio.ui import dialogs, parts
from sos_studio.ui.choice_box import ChoiceBox
from sos_studio.ui.language import plural
from sos_studio.ui.predict_words import network_titles, origin_words
from sos_studio.ui.training_words import time_left

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
        self.setMinimumSize(640, 440)
        self.presenter = TeachingPresenter(session, prediction)
        self._was_asking = False
        self.which = ChoiceBox()
        self.which.setAccessibleName(_tr("Which cases"))
        self.start = QPushButton(_tr("&Start"))
        self.start.setObjectName("primary")
        self.start.setDefault(True)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self._prediction = prediction
        self.asked = QLabel()
        self.asked.setWordWrap(True)
        self.origin = parts.red()
        self.bar = QProgressBar()
        self.bar.setAccessibleName(_tr("Cases looked at"))
        self.bar.setRange(0, 100)
        self.table = self._make_table()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.next = QPushButton(_tr("Open the &next case"))
        self.next.setAutoDefault(False)
        self.buttons.addButton(self.next, QDialogButtonBox.ButtonRole.ActionRole)
        self._lay_out()
        self.which.activated.connect(lambda _: self.presenter.choose(self.which.currentData()))
        self.start.clicked.connect(self._start_or_stop)
        self.next.clicked.connect(self._open_next)
        self.buttons.rejected.connect(self.reject)
        self.presenter.changed.connect(self._on_state)
        prediction.changed.connect(self._name_networks)
        self._name_networks()
        self.finished.connect(self._on_closed)
        self._on_state(self.presenter.state)
        self.presenter.look()

    def _lay_out(self) -> None:
        caution = QLabel(dialogs.caution())
        caution.setObjectName("caution")
        row = QHBoxLayout()
        row.addWidget(self.which, 1)
        row.addWidget(self.start)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        for widget in (self.asked, self.words, self.origin, self.bar, self.table, caution, self.buttons):
            layout.addWidget(widget)

    def _make_table(self) -> QTableWidget:
        table = QTableWidget(0, 4)
        table.setHorizontalHeaderLabels([_tr("Staged"), _tr("Case"), _tr("Teaches"), _tr("Why")])
        tip = _tr("How much is open: stages that can't be ruled out, disagreement of networks, and evenness of the probabilities, added up")
        teaches = QTableWidgetItem(_tr("Teaches"))
        teaches.setToolTip(tip)
        table.setHorizontalHeaderItem(2, teaches)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        table.verticalHeader().setDefaultSectionSize(2 * table.fontMetrics().lineSpacing() + 8)  # the reasons are a line or two
        table.setTabKeyNavigation(False)
        table.setAccessibleName(_tr("Cases, the one that would teach most first"))
        table.itemActivated.connect(lambda item: self.case_wanted.emit(item.data(CASE_ROLE)))
        return table

    def reject(self) -> None:
        """While networks are asked it only leaves the screen: the work goes on, and its end is told."""
        if self.presenter.state.phase == "asking":
            self.hide()
        else:
            super().reject()

    def _name_networks(self, _: object = None) -> None:
        """Which are asked; another one may be chosen in Predict while this stands beside it, but not once they are at it."""
        if self.presenter.state.phase == "asking":
            return
        state, networks = self._prediction.state, self.presenter.networks
        titles = network_titles(state.students, state.names)
        told = [titles[entry.card.model_id] for entry in networks]
        words = ""
        if told:
            words = _tr("Asked: {network}, chosen in Predict.").format(network=told[0])
        if len(told) > 1:
            words += " " + _tr("How far they differ from it is told by: {networks}.").format(networks=", ".join(told[1:]))
        self.asked.setText(words)
        self.asked.setVisible(bool(words))
        self.origin.setText(origin_words(networks[0].card) if networks else "")
        self.origin.setVisible(bool(self.origin.text()))

    def _start_or_stop(self) -> None:
        if self.presenter.state.phase == "asking":
            self.presenter.stop()
        else:
            self.presenter.start()

    def _open_next(self) -> None:
        wanted = self.presenter.state.next_case
        if wanted is not None:
            self.table.selectRow([one.case_id for one in self.presenter.state.queue].index(wanted))
            self.case_wanted.emit(wanted)

    def _on_state(self, state: TeachingState) -> None:
        busy = state.phase == "asking"
        self._show_choice(state)
        self.start.setText(_tr("&Stop") if busy else _tr("&Start"))
        self.start.setEnabled(busy or bool(state.counts.get(state.which)))
        self.bar.setVisible(busy)
        self.bar.setValue(round(100 * state.share))
        self.words.setText(_words(state))
        if state.phase != "asking":
            self._name_networks()
        if self._was_asking and not self.isVisible():
            if state.phase == "shown":
                self._session.tell("teaching.done", "success", count=len(state.queue))
            elif state.problem is not None:
                self._session.message.emit(state.problem, "error")
        self._was_asking = busy
        parts.set_alarm(self.words, state.phase == "failed")
        self.next.setEnabled(state.next_case is not None)
        if self.table.rowCount() != len(state.queue):
            self._fill(state)
        for row, one in enumerate(state.queue):
            staged = self.table.item(row, 0)
            if staged is not None:
                staged.setText("✓" if one.case_id in state.done else "")

    def _show_choice(self, state: TeachingState) -> None:
        blocker = QSignalBlocker(self.which)
        if self.which.count() == 0 and state.counts:
            for which in WHICH:
                if which in state.counts:
                    self.which.addItem(which_words(which, state.counts[which]), which)
        self.which.setCurrentIndex(self.which.findData(state.which))
        self.which.setEnabled(bool(state.counts) and state.phase != "asking")
        blocker.unblock()

    def _fill(self, state: TeachingState) -> None:
        self.table.setRowCount(len(state.queue))
        for row, one in enumerate(state.queue):
            for column, text in enumerate(("", self._session.blinding.name(one.case_id), f"{one.score:.3f}", why_words(one))):
                item = QTableWidgetItem(text)
                item.setData(CASE_ROLE, one.case_id)
                item.setToolTip(text)
                self.table.setItem(row, column, item)

    def _on_closed(self) -> None:
        self.presenter.stop()
        self.presenter.changed.disconnect(self._on_state, missing_ok=True)
        self._prediction.changed.disconnect(self._name_networks, missing_ok=True)


def which_words(which: Which, count: int) -> str:
    """A choice with how many cases it has."""
    return {
        "nobody": _tr("Cases that nobody has staged ({n})"),
        "unlearned": _tr("Cases that the network neither learned from nor is judged by ({n})"),
        "mine": _tr("Cases that I have not staged, also those that the network learned from ({n})"),
    }[which].format(n=count)


def _words(state: TeachingState) -> str:
    if state.problem is not None:
        return str(state.problem)
    if state.phase == "looking":
        return _tr("Looking which cases are left …")
    if state.phase == "asking":
        told = plural(
            "TeachingDialog",
            "One network looks at each of these cases. What it says is not shown.",
            "{n} networks look at each of these cases. What they say is not shown.",
            state.networks,
        )
        return " ".join(filter(None, (told, time_left(state.seconds_left))))
    if state.phase in ("choosing", "stopped"):
        if not state.counts.get(state.which):
            return _tr("There is no such case.")
        return _tr("Start orders these cases by how much the network would learn from them, once somebody has staged them.")
    if not state.queue:
        return _tr("None of these cases could be looked at.")
    return _tr("The first would teach the network most. A double click opens a case in Stage; this list stays open.")


def why_words(one: Teaching) -> str:
    """What speaks for staging a case, without telling a stage."""
    told = []
    if one.unlike:
        told.append(_tr("unlike the training data: does it belong here?"))
    if one.spread is not None and one.spread >= 0.25:
        told.append(_tr("networks differ by {x} stages").format(x=f"{2 * one.spread:.1f}"))
    if one.set_size is not None:
        told.append(plural("TeachingDialog", "1 stage is possible", "{n} stages are possible", one.set_size))
    told.append(_tr("likeliest stage {p}\u00a0%, next {q}\u00a0%").format(p=round(100 * one.likeliest), q=round(100 * one.second)))
    return "; ".join(told)
