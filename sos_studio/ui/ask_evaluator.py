"""Ask who is reading, when a reading needs a name."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from sos_studio.presenters.session import Session
from sos_studio.ui.dialogs import EvaluatorDialog


def ask_evaluator(session: Session, parent: QWidget, then: Callable[[], None]) -> None:
    """Ask without blocking; `then` goes on with what the name was needed for."""
    dialog = EvaluatorDialog(session.evaluator, parent)

    def given() -> None:
        session.set_evaluator(dialog.name)
        then()

    dialog.accepted.connect(given)
    dialog.open()
