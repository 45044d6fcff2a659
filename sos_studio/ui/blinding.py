"""Blinded reading in the window: the sign that it is on, its switch, and the gate before the prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt
from PySide6.QtWidgets import QCheckBox, QLabel, QWidget

from sos_studio.core.actions import Action
from sos_studio.presenters.session import Session
from sos_studio.ui import keys

if TYPE_CHECKING:
    from sos_studio.ui.main_window import MainWindow


def _tr(text: str) -> str:
    return QCoreApplication.translate("Blinding", text)


class BlindedSign(QLabel):
    """Stands where something is hidden, for as long as it is."""

    def __init__(self, session: Session, *, short: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("blinded")
        self.setText(
            _tr("Blinded: numbers for names")
            if short
            else _tr("Blinded — patient, other readings and the prediction are hidden until you have read the case")
        )
        hidden = _tr("Patient, other evaluators' readings and predictions are hidden. Case ▸ Blinded reading ends it")
        keys.set_tip(self, hidden, Action.BLINDED)
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        session.blinding.changed.connect(self._show)
        # Shown by its parent; a label without one yet must not become a window.
        if not session.blinding.on:
            self.hide()

    def _show(self, on: bool) -> None:
        self.setVisible(on)


class BlindedSwitch(QCheckBox):
    """In the Stage step's inspector."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(_tr("Blinded reading"), parent)
        self._session = session
        self.setToolTip(_tr("Hide the patient, other evaluators' readings and predictions until your own reading is saved; remembered"))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.toggled.connect(session.blinding.set_on)
        session.blinding.changed.connect(self._show)
        session.project_changed.connect(self._show)
        self._show()

    def _show(self, _: object = None) -> None:
        with QSignalBlocker(self):
            self.setChecked(self._session.blinding.on)
        self.setEnabled(self._session.project is not None)


class ReadingGate:
    """Keeps Predict closed while a blinded reader has not read the case in front: commit first, then reveal.

    Parameters
    ----------
    window
        Its Predict tab is closed and opened.
    """

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = window.session
        self._was_closed = False
        self._tip = ""
        window.stage.presenter.changed.connect(self._on_change)
        self._session.blinding.changed.connect(self._on_change)
        window.tabs.currentChanged.connect(self._on_tab)
        self._on_change()

    @property
    def closed(self) -> bool:
        """Whether the prediction must not be seen yet."""
        session = self._session
        if not session.blinding.on or session.capture is None:
            return False
        return not self._window.stage.presenter.state.read_here

    @property
    def _tab(self) -> int:
        return self._window.steps.index(self._window.predict)

    def _on_change(self, _: object = None) -> None:
        window, closed = self._window, self.closed
        window.keymap[Action.BLINDED].setChecked(self._session.blinding.on)
        if closed == self._was_closed:
            return
        self._was_closed = closed
        if closed:
            self._tip = window.tabs.tabToolTip(self._tab)
        window.tabs.setTabToolTip(self._tab, _tr("Blinded: opens after your own reading of this case") if closed else self._tip)
        if closed and window.step is window.predict:
            window.show_step("stage")
        window.tabs.setTabEnabled(self._tab, not closed)
        window.keymap.refresh()

    def _on_tab(self, index: int) -> None:
        if index == self._tab and self.closed:
            self._session.tell("staging.read_first", "info")
            self._window.show_step("stage")
