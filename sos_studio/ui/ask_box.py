"""Asks networks about the cases that they were not trained on, and shows how that goes where it was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from sos_studio.presenters.training import TrainingPresenter
from sos_studio.presenters.training_state import TrainingState
from sos_studio.ui import parts, training_words


def _tr(text: str) -> str:
    return QCoreApplication.translate("TrainingDock", text)


BAR_WIDTH = 160


class AskBox(QWidget):
    """A button; once it was pressed how far the networks are, with a way to stop; and why they could not be asked."""

    def __init__(self, training: TrainingPresenter, title: str, tooltip: str) -> None:
        super().__init__()
        self._training = training
        self._models: tuple[str, ...] = ()
        self._offered = False
        self.button = parts.button(title, tooltip)
        self.button.clicked.connect(lambda _: self._training.judge(self._models))
        self.said = QLabel()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedSize(BAR_WIDTH, 8)
        self.bar.setAccessibleName(_tr("How far the networks were asked"))
        self.cancel = parts.button(_tr("Cancel"), _tr("Stop asking; what is known stays"))
        self.cancel.clicked.connect(lambda _: self._on_cancel())
        self.problem = parts.red()
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for widget in (self.button, self.bar, self.said, self.cancel):
            row.addWidget(widget, alignment=Qt.AlignmentFlag.AlignVCenter)
        row.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addLayout(row)
        whole.addWidget(self.problem)
        training.changed.connect(self._on_state)
        self.set_models((), offered=False)

    def set_models(self, models: Sequence[str], *, offered: bool) -> None:
        """Whom to ask, and whether there is anything left to ask them."""
        self._models, self._offered = tuple(models), offered and bool(models)
        self._on_state(self._training.state)

    def _on_state(self, state: TrainingState) -> None:
        job = state.asking(self._models) if self._models else None
        mine = bool(self._models) and set(state.asked) == set(self._models)
        begins = mine and state.starting
        goes_on = job is not None and not job.state.status.ended
        self.setVisible(self._offered or begins or goes_on)
        busy = begins or goes_on
        self.button.setVisible(not busy)
        self.button.setEnabled(not state.starting)
        for widget in (self.bar, self.said):
            widget.setVisible(busy)
        self.cancel.setVisible(goes_on and not state.read_only)
        if job is not None and goes_on:
            self.said.setText(_tr("Cancelling …") if job.stopping else training_words.asking(job.state, job.ahead))
            self.cancel.setEnabled(not job.stopping)
            # Until it has told of a case nobody knows how far it is.
            self.bar.setRange(0, 1000 if job.state.fraction > 0 or job.ahead is not None else 0)
            self.bar.setValue(round(1000 * job.state.fraction))
        elif begins:
            self.said.setText(_tr("Collecting cases …"))
            self.bar.setRange(0, 0)
        trouble = str(state.problem) if mine and state.problem is not None else ""
        if job is not None and not busy and not trouble:
            trouble = training_words.stopped(job.state, asks=True)
        self.problem.setText(trouble)
        self.problem.setVisible(bool(trouble))

    def _on_cancel(self) -> None:
        if (job := self._training.state.asking(self._models)) is not None:
            self._training.cancel(job)
