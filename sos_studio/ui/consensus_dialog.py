"""Choosing the consensus rule of a project, with what each rule does where evaluators disagree."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QButtonGroup, QDialog, QDialogButtonBox, QLabel, QRadioButton, QVBoxLayout, QWidget

from sos_studio.core.consensus import RULES, Rule, RuleName
from sos_studio.ui import parts
from sos_studio.ui.choice_box import ChoiceBox


def _tr(text: str) -> str:
    return QCoreApplication.translate("ConsensusDialog", text)


def rule_words(rule: Rule) -> str:
    """A rule in a word or two."""
    words = {"majority": _tr("majority"), "median": _tr("median"), "senior": _tr("senior reader: {name}").format(name=rule.senior)}
    return words[rule.name]


class ConsensusDialog(QDialog):
    """One of three rules; the senior reader is one of those who have read here."""

    def __init__(self, rule: Rule, evaluators: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_tr("Consensus rule"))
        self.setMinimumWidth(520)
        text = QLabel(
            _tr(
                "How the readings of several evaluators become a case's label. Where the rule gives none, the case stays open and waits in "
                "the adjudication queue. The choice is kept with your name; trainings that were started before keep their labels."
            )
        )
        text.setWordWrap(True)
        self._rules = QButtonGroup(self)
        self.senior = ChoiceBox()
        self.senior.setAccessibleName(_tr("Senior reader"))
        self.senior.addItems(list(dict.fromkeys([*evaluators, *([rule.senior] if rule.senior else [])])))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(8)
        layout.addWidget(text)
        names: dict[RuleName, tuple[str, str]] = {
            "majority": (_tr("&Majority"), _tr("The stage that more than half of the evaluators read; without one the case is open.")),
            "median": (
                _tr("Me&dian"),
                _tr("The stage in the middle; where two different stages share the middle (2 and 4 of two evaluators) the case is open."),
            ),
            "senior": (
                _tr("&Senior reader"),
                _tr("What the senior reader read. Until then the stage that all others agree on; where they differ the case is open."),
            ),
        }
        for n, name in enumerate(RULES):
            title, words = names[name]
            choice = QRadioButton(title)
            choice.setChecked(name == rule.name)
            choice.setAccessibleDescription(words)
            self._rules.addButton(choice, n)
            layout.addWidget(choice)
            layout.addWidget(parts.note(words))
        layout.addWidget(self.senior)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout.addWidget(self.buttons)
        if rule.senior:
            self.senior.setCurrentText(rule.senior)
        self._rules.idToggled.connect(lambda *_: self._on_choice())
        self._on_choice()
        self._rules.button(RULES.index(rule.name)).setFocus()

    @property
    def rule(self) -> Rule:
        """The chosen rule."""
        name = RULES[self._rules.checkedId()]
        return Rule(name=name, senior=self.senior.currentText() if name == "senior" else "")

    def choose(self, name: RuleName) -> None:
        """Tick a rule."""
        self._rules.button(RULES.index(name)).setChecked(True)

    def _on_choice(self) -> None:
        self._rules.button(RULES.index("senior")).setEnabled(self.senior.count() > 0)
        is_senior = RULES[self._rules.checkedId()] == "senior"
        self.senior.setEnabled(is_senior)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not is_senior or self.senior.count() > 0)
