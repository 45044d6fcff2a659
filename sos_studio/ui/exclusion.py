"""Excluding a case: why, in a dialog that keys alone can answer, and what stands, in the inspector."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QDialog, QDialogButtonBox, QLabel, QLineEdit, QRadioButton, QVBoxLayout, QWidget

from sos_studio.core.actions import Action
from sos_studio.core.exclusions import MAX_NOTE, OTHER, REASONS, Exclusion
from sos_studio.messages import catalogue, message
from sos_studio.presenters.excluding import ExclusionPresenter, ExclusionState
from sos_studio.presenters.session import Session
from sos_studio.ui import parts
from sos_studio.ui.ask_evaluator import ask_evaluator


def _tr(text: str) -> str:
    return QCoreApplication.translate("Exclusion", text)


def reason_words(reason: str) -> str:
    """The reason in words; one that is not of the list is shown as it was written."""
    code = f"exclusion.{reason}"
    return QCoreApplication.translate("Messages", message(code).text) if reason in REASONS and code in catalogue() else reason or "—"


class ExclusionDialog(QDialog):
    """Keys 1 … 7 choose the reason, Enter excludes."""

    def __init__(self, name: str, standing: Exclusion | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_tr("Exclude {case}").format(case=name))
        text = QLabel(
            _tr(
                "An excluded case is left out of training and exports; tables list it as excluded. Its captures and readings stay, "
                "and it can be taken in again."
            )
        )
        text.setWordWrap(True)
        self._reasons = QButtonGroup(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(8)
        layout.addWidget(text)
        for n, reason in enumerate(REASONS):
            choice = QRadioButton(f"{n + 1}   {reason_words(reason)}")
            choice.setAccessibleName(reason_words(reason))
            self._reasons.addButton(choice, n)
            layout.addWidget(choice)
        self._note = QLineEdit(standing.note if standing is not None else "")
        self._note.setMaxLength(MAX_NOTE)
        self._note.setCursorPosition(0)  # long words are read from their beginning
        self._note.setAccessibleName(_tr("Reason in your own words"))
        layout.addWidget(self._note)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setText(_tr("Exclude") if standing is None else _tr("Change"))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self._reasons.idToggled.connect(lambda *_: self._check())
        self._note.textChanged.connect(lambda _: self._check())
        layout.addWidget(buttons)
        self._check()
        if standing is not None and standing.reason in REASONS:
            self._reasons.button(REASONS.index(standing.reason)).setChecked(True)
        self._reasons.button(max(self._reasons.checkedId(), 0)).setFocus()
        self.setMinimumWidth(420)

    def _check(self) -> None:
        """Another reason than those listed says nothing without words: a paper has to name it."""
        own_words = self.reason == OTHER
        self._note.setPlaceholderText(
            _tr("In your own words: which reason? (no patient's name)")
            if own_words
            else _tr("In your own words (optional; no patient's name)")
        )
        self.ok.setEnabled(bool(self.reason) and (not own_words or bool(self.note)))

    @property
    def reason(self) -> str:
        """Code of the chosen reason; empty while none is chosen."""
        chosen = self._reasons.checkedId()
        return REASONS[chosen] if chosen >= 0 else ""

    @property
    def note(self) -> str:
        """What was written beside it."""
        return self._note.text().strip()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A digit chooses its reason."""
        number = event.key() - Qt.Key.Key_1
        if 0 <= number < len(REASONS):
            chosen = self._reasons.button(number)
            chosen.setChecked(True)
            (self._note if self.reason == OTHER else chosen).setFocus()
        else:
            super().keyPressEvent(event)


class ExclusionBox(QWidget):
    """In the inspector: the button, or what stands and the way back."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.presenter = ExclusionPresenter(session)
        self.words = parts.red()
        self.ask = parts.button(
            _tr("Exclude case…"), _tr("Leave this case out of training and exports, with a reason"), Action.EXCLUDE_CASE
        )
        self.ask.clicked.connect(self.open_dialog)
        self.take_in = parts.button(_tr("Take in again"), _tr("This case belongs to the dataset after all"))
        self.take_in.clicked.connect(self.presenter.include)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.words, self.take_in, self.ask):
            layout.addWidget(widget)
        self.presenter.changed.connect(self._on_state)
        self._on_state(self.presenter.state)

    def open_dialog(self) -> None:
        """Ask why; who excludes must be known first."""
        session = self._session
        if session.project is None or session.case_id is None:
            session.tell("staging.no_project" if session.project is None else "staging.no_full_image", "warning")
            return
        if not session.evaluator:
            ask_evaluator(session, self, self.open_dialog)
            return
        case_id = session.case_id
        dialog = ExclusionDialog(session.blinding.name(case_id), self.presenter.state.standing, self.window())

        def accepted() -> None:
            # Another case may have come meanwhile; the reason was meant for the one that the dialog names.
            if session.case_id == case_id:
                self.presenter.exclude(dialog.reason, dialog.note)

        dialog.accepted.connect(accepted)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_state(self, state: ExclusionState) -> None:
        standing = state.standing
        self.ask.setEnabled(state.possible)
        self.ask.setText(_tr("Exclude case…") if standing is None else _tr("Change reason…"))
        if standing is None and self.take_in.hasFocus():
            # Qt would hand the keys of what is hidden to whatever comes next, far away.
            self.ask.setFocus(Qt.FocusReason.OtherFocusReason)
        self.take_in.setVisible(standing is not None)
        self.take_in.setEnabled(state.possible)
        self.words.setVisible(standing is not None)
        if standing is not None:
            self.words.setText(_standing_words(standing))


def _standing_words(standing: Exclusion) -> str:
    if not standing.evaluator:
        return _tr("Excluded by another evaluator; the reason is hidden while you read blinded")
    words = _tr("Excluded: {reason}").format(reason=reason_words(standing.reason))
    if standing.note:
        words += f" — {standing.note}"
    when = standing.created_utc.astimezone().strftime("%Y-%m-%d")
    return f"{words}\n" + _tr("by {name}, {when}").format(name=standing.evaluator, when=when)
