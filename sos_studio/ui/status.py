"""The bottom bar: where the pointer is, what is being waited for, and the training in the background."""

from __future__ import annotations

import math

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QStatusBar, QToolButton, QWidget

from sos_studio.core.job_state import JobState, JobStatus
from sos_studio.presenters.session import Session
from sos_studio.ui import training_words, words
from sos_studio.ui.task_box import TaskBox


def _tr(text: str) -> str:
    return QCoreApplication.translate("Status", text)


class StatusBar(QStatusBar):
    """Left: pointer. Right: waits with cancel, job progress with time left.

    Signals
    -------
    cancel_wanted
        Stop what is being waited for.
    job_wanted
        The job's progress was clicked.
    """

    cancel_wanted = Signal()
    job_wanted = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.position = QLabel()
        self.position.setContentsMargins(8, 0, 0, 0)
        self.position.setAccessibleName(_tr("Position and value under the pointer"))
        self.addWidget(self.position, 1)
        cancel = QToolButton()
        cancel.setText(_tr("Cancel"))
        cancel.setToolTip(_tr("Stop and keep what is open (Esc)"))
        cancel.clicked.connect(self.cancel_wanted)
        self._cancel = cancel
        show = QToolButton()
        show.setText(_tr("Show"))
        show.setToolTip(_tr("Show the training"))
        show.clicked.connect(self.job_wanted)
        self._wait, self._wait_text, self._wait_bar = self._make_progress(cancel, _tr("Progress of what is being waited for"))
        self._job, self._job_text, self._job_bar = self._make_progress(show, _tr("Progress of the training"))
        self.tasks = TaskBox(session.tasks)
        self.addPermanentWidget(self.tasks)
        self.addPermanentWidget(self._wait)
        self.addPermanentWidget(self._job)
        session.busy.connect(self._on_busy)
        session.progress.connect(self._on_progress)
        session.job_changed.connect(self._on_job)

    def show_position(self, pointed: tuple[tuple[float, float, float], float | None] | None) -> None:
        """Patient millimetres and value, or nothing."""
        if pointed is None:
            self.position.clear()
            return
        lps_mm, value = pointed
        text = words.place_text(lps_mm)
        if value is None:
            text += "   " + _tr("outside the scan")
        elif not math.isnan(value):
            text += "   " + _tr("value {value}").format(value=f"{value:g}".replace("-", "−"))
        self.position.setText(text)

    def show_pixel(self, pixel: tuple[tuple[float, float, float] | None, int] | None) -> None:
        """Patient millimetres (None: an imported image) and grey value of a full image, or nothing."""
        if pixel is None:
            self.position.clear()
            return
        lps_mm, grey = pixel
        place = "" if lps_mm is None else words.place_text(lps_mm) + "   "
        self.position.setText(place + _tr("grey {value} of 255").format(value=grey))

    @staticmethod
    def _make_progress(button: QToolButton, name: str) -> tuple[QWidget, QLabel, QProgressBar]:
        box = QWidget()
        layout = QHBoxLayout(box)
        layout.setContentsMargins(6, 0, 6, 0)
        layout.setSpacing(8)
        text, bar = QLabel(), QProgressBar()
        bar.setFixedSize(150, 8)
        bar.setTextVisible(False)
        bar.setAccessibleName(name)
        layout.addWidget(text)
        layout.addWidget(bar)
        layout.addWidget(button)
        box.hide()
        return box, text, bar

    def _on_busy(self, what: str | None) -> None:
        self._wait.setVisible(what is not None)
        if what is not None:
            self._wait_text.setText(words.busy_title(what) + "…")
            self._wait_bar.setRange(0, 0)
            self._cancel.setVisible(what == "open_scan")

    def _on_progress(self, fraction: float) -> None:
        if fraction < 0:
            self._wait_bar.setRange(0, 0)
        else:
            self._wait_bar.setRange(0, 1000)
            self._wait_bar.setValue(round(fraction * 1000))

    def _on_job(self, state: JobState) -> None:
        running = state.status in (JobStatus.RUNNING, JobStatus.QUEUED)
        self._job.setVisible(running)
        if not running:
            return
        self._job_bar.setRange(0, 1000 if state.fraction > 0 else 0)  # nobody knows how far it is before it has told
        self._job_bar.setValue(round(state.fraction * 1000))
        asks = state.parts == ("evaluate",)
        text = (
            _tr("Asking networks")
            if asks
            else _tr("Training {n} of {count}").format(n=state.parts.index(state.part) + 1, count=len(state.parts))
            if (len(state.parts) > 1 and state.part in state.parts)
            else _tr("Training")
        )
        self._job_text.setToolTip(training_words.part_term(state.part))
        left = state.seconds_left
        if left is not None:
            text += " · " + training_words.time_left(left)
        self._job_text.setText(text)
