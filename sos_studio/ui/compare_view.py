"""Any two networks on the same cases that neither was trained on."""

from __future__ import annotations

from itertools import permutations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from sos_studio.messages import Message
from sos_studio.presenters.judging import JudgingPresenter, JudgingState
from sos_studio.presenters.session import Session
from sos_studio.presenters.training import TrainingPresenter
from sos_studio.services.model_results import COMPARED, Comparison
from sos_studio.ui import parts, result_words
from sos_studio.ui.ask_box import AskBox
from sos_studio.ui.choice_box import ChoiceBox
from sos_studio.ui.judged_cases import JudgedCases


def _tr(text: str) -> str:
    return QCoreApplication.translate("TrainingDock", text)


MOST_SHOWN = 60


class CompareView(QWidget):
    """Choose two; read figures with intervals, the difference, McNemar's test, and the cases on which they part."""

    def __init__(self, session: Session, training: TrainingPresenter, judging: JudgingPresenter) -> None:
        super().__init__()
        self._judging = judging
        self._offered: tuple[tuple[str, str], ...] = ()
        self._by_hand = False  # whether somebody wants this very pair
        self.first, self.second = self._choice(_tr("First network")), self._choice(_tr("Second network"))
        self.told = QLabel()
        self.told.setWordWrap(True)
        self.told.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.ask = AskBox(training, _tr("Ask both"), _tr("Ask both networks about all cases that neither was trained on"))
        self.use = parts.button(_tr("Use the first"), _tr("Predict with the first network from now on"))
        self.use.clicked.connect(lambda: judging.use(self.first.currentData()))
        self.back = parts.button(_tr("Use the one before"), _tr("Predict again with the network that was in use before"))
        self.back.clicked.connect(lambda _: self._on_back())
        self.table = QTableWidget(0, 4)
        self.table.setHorizontalHeaderLabels([_tr("Figure"), _tr("First"), _tr("Second"), _tr("Difference")])
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(24)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.setAccessibleName(_tr("Figures of both networks with 95 % intervals by patient"))
        self.table.setToolTip(_tr("In brackets: 95 % intervals, patients drawn anew for both networks at once"))
        self.judged = JudgedCases(session, judging, _tr("Cases that only one of them staged rightly"))
        self.apart = self.judged.pictures
        self.apart.wanted.connect(session.case_requested.emit)
        self._apart_title = parts.heading("")
        self._lay_out()
        judging.changed.connect(self._on_state)
        self._on_state(judging.state)

    def compare(self, first: str, second: str) -> None:
        """Put two networks side by side."""
        self._put(first, second)
        self._on_hand()

    def _choice(self, name: str) -> ChoiceBox:
        box = ChoiceBox()
        box.setAccessibleName(name)
        box.setToolTip(name)
        box.setSizeAdjustPolicy(ChoiceBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(18)
        box.activated.connect(lambda _: self._on_hand())
        return box

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.first, 1)
        row.addWidget(QLabel(_tr("against")))
        row.addWidget(self.second, 1)
        row.addWidget(self.use)
        row.addWidget(self.back)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 6, 0)
        column.addWidget(self.told)
        column.addWidget(self.ask)
        column.addWidget(self.table, 100)
        column.addStretch(1)  # without a table the words stay below the choice that they are about
        right = QWidget()
        side = QVBoxLayout(right)
        side.setContentsMargins(0, 0, 0, 0)
        side.addWidget(self._apart_title)
        side.addWidget(self.judged, 1)
        body = QHBoxLayout()
        body.addWidget(left, 2)
        body.addWidget(right, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(6, 6, 6, 2)
        whole.addLayout(row)
        whole.addLayout(body, 1)

    def _on_state(self, state: JudgingState) -> None:
        offered = tuple(result_words.model_titles(state).items())
        if offered != self._offered:
            self._offered = offered
            self._offer(state)
        self._show(state)

    def _offer(self, state: JudgingState) -> None:
        """The same two if they are still there, else the newest student against the one in use, or the one before, or whatever there is."""
        known = [entry.card.model_id for entry in state.staging]
        students = [entry.card.model_id for entry in state.staging if entry.card.kind == "student"]
        first, second = (box.currentData() if box.currentData() in known else None for box in (self.first, self.second))
        self._by_hand = self._by_hand and first is not None and second is not None
        first = first or next((model_id for model_id in (*students, *known) if model_id != second), None)
        others = (model_id for model_id in (state.used, state.before, *students, *known) if model_id not in (None, first))
        wanted = (first, second or next(others, None))
        for box, model_id in zip((self.first, self.second), wanted, strict=True):
            box.clear()
            for offered, title in self._offered:
                box.addItem(title, offered)
            box.setCurrentIndex(box.findData(model_id))

    def showEvent(self, event: object) -> None:
        """Nothing is worked out before somebody looks."""
        super().showEvent(event)  # type: ignore[arg-type]
        self._on_chosen()

    def _put(self, first: str, second: str) -> None:
        for box, model_id in ((self.first, first), (self.second, second)):
            box.setCurrentIndex(max(box.findData(model_id), 0))

    def _on_hand(self) -> None:
        self._by_hand = True
        self._on_chosen()

    def _go_on(self, state: JudgingState) -> bool:
        """From a pair that nobody asked for and that can't be compared to the next that may be; whether there is one."""
        students_first = sorted(state.staging, key=lambda entry: entry.card.kind != "student")
        known = [entry.card.model_id for entry in students_first]
        for first, second in permutations(known, 2):
            # Backwards it is the same comparison.
            if not any(isinstance(state.comparisons.get(pair), Message) for pair in ((first, second), (second, first))):
                self._put(first, second)
                return True
        return False

    def _on_chosen(self) -> None:
        if self.isVisible() and self.first.currentData() and self.second.currentData():
            self._judging.ask_comparison(self.first.currentData(), self.second.currentData())
        self._show(self._judging.state)

    def _show(self, state: JudgingState) -> None:
        first, second = self.first.currentData(), self.second.currentData()
        if self.isVisible() and first and second:
            self._judging.ask_comparison(first, second)
            state = self._judging.state
        found = state.comparisons.get((first, second))
        if isinstance(found, Message) and not self._by_hand and self._go_on(state):
            self._show(state)
            return
        comparison = found if isinstance(found, Comparison) else None
        self.told.setText(self._words(state, found))
        self.ask.set_models([first, second] if first and second else [], offered=not state.read_only and _some_left(comparison))
        entry = state.find(first)
        usable = entry is not None and entry.card.kind == "student" and first != state.used and not state.read_only
        self.use.setVisible(usable)
        self.back.setVisible(first == state.used and state.before is not None and not state.read_only)
        self.table.setVisible(comparison is not None and comparison.n > 0)
        self._fill(comparison)
        shown = comparison is not None and bool(comparison.apart) and not state.hidden
        self._apart_title.setText(_tr("Only one of them right") if shown else "")
        self.judged.setVisible(shown)
        apart = comparison.apart[:MOST_SHOWN] if comparison is not None and shown else ()
        said = _tr("label {stage}, said {first} and {second}")
        self.judged.set_cases(
            [first, second], [(each.case, said.format(stage=each.case.stage, first=each.first, second=each.second)) for each in apart]
        )

    def _words(self, state: JudgingState, found: Comparison | Message | None) -> str:
        if len(state.staging) < 2:
            return _tr("There is only one network yet. Train again, and compare what comes of it with this one.")
        if found is None:
            return _tr("Comparing …") if self.second.currentData() else _tr("Choose two networks.")
        if isinstance(found, Message):
            return result_words.named(str(found), state)
        told = result_words.comparison_line(found)
        if found.unjudged:
            told += " " + _tr("{n} more cases could judge them.").format(n=found.unjudged)
        return told

    def _fill(self, found: Comparison | None) -> None:
        rows: list[tuple[str, str, str, str]] = []
        if found is not None and found.n:
            for name in COMPARED:
                ours, theirs = (result_words.with_interval(name, figures[name]) for figures in found.figures)
                difference = result_words.with_interval(name, found.differences[name], signed=True)
                rows.append((result_words.figure_name(name), ours, theirs, difference))
            of = _tr("{correct} of {n}")
            for stage, n, first, second in found.stage_shares:
                texts = (of.format(correct=first, n=n), of.format(correct=second, n=n), f"{first - second:+d}".replace("-", "−"))
                rows.append((_tr("stage {stage} right").format(stage=stage), *texts))
        self.table.setRowCount(len(rows))
        for n, row in enumerate(rows):
            for k, text in enumerate(row):
                self.table.setItem(n, k, QTableWidgetItem(text))

    def _on_back(self) -> None:
        if (before := self._judging.state.before) is not None:
            self._judging.use(before)


def _some_left(found: Comparison | None) -> bool:
    return found is not None and found.unjudged > 0
