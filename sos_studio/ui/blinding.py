"""Blinded reading in the window: the sign that it is on, its switch, and the gate before the prediction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSignalBlocker, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QCheckBox, QLabel, QTabBar, QWidget

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


class _Clicks(QObject):
    """On any tab of a bar: a closed one tells nobody that it was clicked."""

    def __init__(self, bar: QTabBar, told: Callable[[int], None]) -> None:
        super().__init__(bar)
        self._bar, self._told = bar, told
        bar.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look on."""
        if watched is self._bar and isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseButtonPress:
            at = event.position().toPoint()
            self._told(next((n for n in range(self._bar.count()) if self._bar.tabRect(n).contains(at)), -1))
        return super().eventFilter(watched, event)


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
        self._clicks = _Clicks(window.tabs.tabBar(), self._on_click)
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

    def tell(self) -> None:
        """Why the prediction is not there yet."""
        self._session.tell("staging.read_first", "info")

    def _on_click(self, index: int) -> None:
        if index == self._tab and self.closed:
            self.tell()

    def _on_tab(self, index: int) -> None:
        if index == self._tab and self.closed:
            self.tell()
            self._window.show_step("stage")
