"""The adjudication queue on the screen: all readings of a case side by side, one key decides."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from sos_studio.core.actions import Action
from sos_studio.core.stages import BASSED_5
from sos_studio.dataset.project import Project
from sos_studio.presenters.adjudication import AdjudicationPresenter, QueueState
from sos_studio.presenters.session import Session
from sos_studio.presenters.staging import MAX_REMARK
from sos_studio.services.adjudication import Dispute
from sos_studio.ui import keys, parts
from sos_studio.ui.ask_evaluator import ask_evaluator
from sos_studio.ui.choice_box import ChoiceBox
from sos_studio.ui.consensus_dialog import ConsensusDialog, rule_words
from sos_studio.ui.language import local_time
from sos_studio.ui.opinion_column import OpinionColumn
from sos_studio.ui.reference_card import STAGE_ACTIONS, stage_words
from sos_studio.ui.stage_step import RemarkLine

LEAVE_OPEN_KEY, PREVIOUS_KEY = "O", "P"


def _tr(text: str) -> str:
    return QCoreApplication.translate("AdjudicationDialog", text)


class AdjudicationDialog(QDialog):
    """Keys: 1-5 decide, A ambiguous, O leave open, M remark, N and P next and previous, Ctrl+Z takes back."""

    def __init__(self, session: Session, project: Project, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.presenter = AdjudicationPresenter(session, project)
        self.setWindowTitle(_tr("Adjudication"))
        self.setSizeGripEnabled(True)
        self.which = ChoiceBox()
        for which, words in (("open", _tr("Open cases")), ("disagree", _tr("All that differ")), ("decided", _tr("Decided cases"))):
            self.which.addItem(words, which)
        self.which.setAccessibleName(_tr("Which cases"))
        self.which.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.where = parts.heading("")
        self.rule = QLabel()
        self.change_rule = self._button(_tr("&Rule…"), _tr("Choose how readings become labels in this project"), self._ask_rule)
        self.columns = QScrollArea()
        self.columns.setWidgetResizable(True)
        self.columns.setFrameShape(QScrollArea.Shape.NoFrame)
        self.columns.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.remark = RemarkLine()
        self.remark.setMaxLength(MAX_REMARK)
        self.remark.setAccessibleName(_tr("Remark on the decision"))
        self.remark.setPlaceholderText(keys.after(_tr("Remark on the decision (no patient's name)"), Action.REMARK))
        self.stages = [self._stage_button(n) for n in range(len(BASSED_5.stages))]
        key = keys.named(Action.AMBIGUOUS)
        self.ambiguous = self._button(
            _tr("Ambiguous ({key})").format(key=key), _tr("Nobody can tell this case's stage; it gets no label"), self._ambiguous
        )
        self.leave = self._button(
            _tr("Leave open ({key})").format(key=LEAVE_OPEN_KEY), _tr("Decide nothing now; the case stays in the queue"), self._leave_open
        )
        self.back = self._button(_tr("Take back"), _tr("Undo your decision"), self.presenter.take_back)
        keys.set_tip(self.back, _tr("Undo your decision"), Action.UNDO)
        self.open_case = self._button(_tr("Open case"), _tr("Close this window and open the case in the steps"), self._open)
        self.previous = self._button(_tr("Previous ({key})").format(key=PREVIOUS_KEY), _tr("The case before"), lambda: self._go(-1))
        self.next = self._button(
            _tr("Next ({key})").format(key=keys.named(Action.NEXT_UNSTAGED)), _tr("The next case"), lambda: self._go(1)
        )
        self._shown: Dispute | None = None
        self._lay_out()
        self._take_keys()
        self.presenter.changed.connect(self._on_state)
        self.presenter.name_needed.connect(self._ask_name)
        self.which.currentIndexChanged.connect(lambda _: self.presenter.show(self.which.currentData()))
        self.finished.connect(self._on_finished)
        self._on_state(self.presenter.state)
        self.resize(self.sizeHint())  # Qt itself would take no more than two thirds of the screen
        self.setFocus()  # on none of the buttons, which Space would press

    def sizeHint(self) -> QSize:
        """Nearly all of the screen: two pairs of pictures want room."""
        screen = self.screen().availableGeometry().size()
        return QSize(min(1500, screen.width() - 60), min(940, screen.height() - 80))

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        for widget in (self.which, self.where):
            head.addWidget(widget)
        head.addStretch(1)
        head.addWidget(self.rule)
        head.addWidget(self.change_rule)
        decide = QHBoxLayout()
        decide.setSpacing(6)
        for button in (*self.stages, self.ambiguous, self.leave):
            decide.addWidget(button)
        foot = QHBoxLayout()
        foot.setSpacing(6)
        foot.addWidget(self.remark, 1)
        for button in (self.back, self.open_case, self.previous, self.next):
            foot.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 10)
        layout.setSpacing(8)
        layout.addLayout(head)
        layout.addWidget(self.columns, 1)
        layout.addWidget(self.said)
        layout.addLayout(decide)
        layout.addLayout(foot)

    def _button(self, text: str, tip: str, pressed: Callable[[], None]) -> QPushButton:
        made = parts.button(text, tip)
        made.setAutoDefault(False)  # Enter in the remark must not press anything
        made.clicked.connect(lambda _=False: pressed())
        return made

    def _stage_button(self, n: int) -> QPushButton:
        stage = BASSED_5.stages[n]
        words = _tr("Stage {n}: {words}").format(n=stage.number, words=stage_words(stage))
        made = self._button(str(stage.number), words, lambda: self._decide(stage.number))
        keys.set_tip(made, words, STAGE_ACTIONS[n])
        made.setCheckable(True)
        made.setAccessibleName(words)
        return made

    def _take_keys(self) -> None:
        does: list[tuple[tuple[str, ...], Callable[[], None]]] = [
            (keys.of(action), partial(self._decide, stage.number)) for action, stage in zip(STAGE_ACTIONS, BASSED_5.stages, strict=True)
        ]
        does += [
            (keys.of(Action.AMBIGUOUS), self._ambiguous),
            ((LEAVE_OPEN_KEY,), self._leave_open),
            (keys.of(Action.REMARK), lambda: self.remark.setFocus(Qt.FocusReason.ShortcutFocusReason)),
            (keys.of(Action.NEXT_UNSTAGED), lambda: self._go(1)),
            ((PREVIOUS_KEY,), lambda: self._go(-1)),
            (keys.of(Action.UNDO), self.presenter.take_back),
        ]
        for texts, pressed in does:
            for text in texts:
                QShortcut(QKeySequence(text), self).activated.connect(pressed)

    def _decide(self, stage: int) -> None:
        self.presenter.decide(stage, remark=self.remark.text())

    def _ambiguous(self) -> None:
        self.presenter.decide(None, ambiguous=True, remark=self.remark.text())

    def _leave_open(self) -> None:
        self.presenter.decide(None, remark=self.remark.text())

    def _go(self, by: int) -> None:
        self.remark.clear()
        self.presenter.go(by)

    def _open(self) -> None:
        case_id = self.presenter.state.case_id
        if case_id is not None:
            self.accept()
            self._session.case_requested.emit(case_id)

    def _ask_name(self, then: Callable[[], None]) -> None:
        ask_evaluator(self._session, self, then)

    def ask_rule_when_read(self) -> None:
        """Open the choice of the rule as soon as the present one is known."""

        def look(state: QueueState) -> None:
            if state.evaluators or state.phase != "loading":
                self.presenter.changed.disconnect(look)
                self._ask_rule()

        self.presenter.changed.connect(look)
        look(self.presenter.state)

    def _ask_rule(self) -> None:
        state = self.presenter.state
        dialog = ConsensusDialog(state.rule, state.evaluators, self)
        dialog.accepted.connect(lambda: self.presenter.choose_rule(dialog.rule))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_finished(self) -> None:
        # An answer may still be on its way.
        self.presenter.changed.disconnect(self._on_state)
        self.presenter.name_needed.disconnect(self._ask_name)

    def _on_state(self, state: QueueState) -> None:
        if state.dispute is not self._shown:
            self._show_columns(state.dispute)
        dispute = state.dispute
        self.where.setText(self._where_words(state))
        self.rule.setText(_tr("Rule: {rule}").format(rule=rule_words(state.rule)))
        self.change_rule.setEnabled(state.writable)
        ready = dispute is not None and state.writable and state.phase != "saving"
        decision = dispute.verdict.decision if dispute is not None else None
        for n, button in enumerate(self.stages):
            chosen = decision is not None and decision.stage == n + 1
            button.setChecked(chosen)
            button.setText(f"✓ {n + 1}" if chosen else str(n + 1))
        for widget in (*self.stages, self.ambiguous, self.leave, self.remark):
            widget.setEnabled(ready)
        self.back.setEnabled(ready and self.presenter.can_take_back)
        self.open_case.setEnabled(dispute is not None)
        for button in (self.previous, self.next):
            button.setEnabled(len(state.case_ids) > 1)
        self.said.setText(said_words(state, self._session.evaluator, blinded=self._session.blinding.on))
        parts.set_alarm(self.said, state.phase == "failed")

    def _show_columns(self, dispute: Dispute | None) -> None:
        self._shown = dispute
        body = QWidget()
        row = QHBoxLayout(body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        mirrored = self._session.settings.facing == "left"
        for opinion in dispute.opinions if dispute is not None else ():
            row.addWidget(OpinionColumn(opinion, mirrored=mirrored), 1)
        self.columns.setWidget(body)

    def _where_words(self, state: QueueState) -> str:
        if state.case_id is None:
            return ""
        name = self.presenter.name(state.case_id)
        return _tr("{case} · {n} of {m}").format(case=name, n=state.index + 1, m=len(state.case_ids))


def said_words(state: QueueState, evaluator: str = "", *, blinded: bool = False) -> str:
    """What was decided, or what there is to do; to somebody whose own reading is among those that differ, that too.

    Parameters
    ----------
    blinded
        Whether the queue holds only cases that this evaluator has read.
    """
    if state.phase == "empty" and blinded:
        return _tr("None of the cases that you have read is here. While you read blinded, the others are not shown.")
    if state.phase == "empty":
        return {
            "open": _tr("Nothing to decide: every case that was read has a label or is called ambiguous."),
            "disagree": _tr("No two evaluators differ on any case."),
            "decided": _tr("Nothing was decided yet."),
        }[state.which]
    if state.phase == "saving":
        return _tr("Saving …")
    if state.phase == "failed":
        return _tr("✕ Not saved")
    dispute = state.dispute
    if dispute is None:
        return ""
    decision = dispute.decisions[-1] if dispute.decisions else None
    if decision is None:
        told = _tr("Not decided. Press {stages}, or leave it open.").format(stages=keys.span(*STAGE_ACTIONS))
        if any(opinion.reading.evaluator == evaluator for opinion in dispute.opinions):
            told += " " + _tr("One of these readings is yours: leave the case to somebody else if there is one.")
        return told
    when = local_time(decision.created_utc)
    if decision.stage is None and not decision.ambiguous:
        told = _tr("Left open by {name}, {when}: it still waits for a decision").format(name=decision.evaluator, when=when)
    else:
        what = _tr("Stage {n}").format(n=decision.stage) if decision.stage is not None else _tr("Ambiguous")
        told = _tr("✓ {what}, decided by {name}, {when}").format(what=what, name=decision.evaluator, when=when)
        if any(opinion.reading.evaluator == decision.evaluator for opinion in dispute.opinions):
            told += " · " + _tr("who is one of its readers")
    if decision.remark:
        told += " · " + _tr("“{remark}”").format(remark=decision.remark)
    if dispute.verdict.contested:
        told += " · " + _tr("a later reading says something else")
    return told
