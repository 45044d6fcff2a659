"""Ask who is reading, when a reading needs a name or another person sits down."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from sos_studio.dataset import readings
from sos_studio.presenters.session import Session
from sos_studio.ui.dialogs import EvaluatorDialog


def ask_evaluator(session: Session, parent: QWidget, then: Callable[[], None] | None = None) -> None:
    """Ask without blocking; `then` goes on with what the name was needed for.

    Those who have read in the project are offered; not to somebody who reads blinded, who is not to know who read before.
    """
    dialog = EvaluatorDialog(session.evaluator, parent)

    def given() -> None:
        session.set_evaluator(dialog.name)
        if then is not None:
            then()

    dialog.accepted.connect(given)
    dialog.open()
    project = session.project
    if project is not None and not session.blinding.on:
        # A name can be typed without them.
        session.background.run(lambda: readings.evaluators(project), dialog.offer, lambda _: None, key="evaluators")
