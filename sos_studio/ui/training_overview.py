"""The first page of a training: how it stands, what came of it, what to do about it, and whether its student is in use."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from sos_studio.core.job_state import JobStatus
from sos_studio.messages import Message
from sos_studio.presenters.judging import JudgingPresenter, JudgingState
from sos_studio.presenters.training import TrainingPresenter
from sos_studio.presenters.training_state import Followed, TrainingState
from sos_studio.services.model_results import Comparison
from sos_studio.ui import parts, result_words, training_words
from sos_studio.ui.ask_box import AskBox


def _tr(text: str) -> str:
    return QCoreApplication.translate("TrainingDock", text)


class TrainingOverview(QWidget):
    """Words, one bar, and the buttons that follow from them."""

    def __init__(self, training: TrainingPresenter, judging: JudgingPresenter) -> None:
        super().__init__()
        self._training, self._judging = training, judging
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.problem = parts.red()
        self.smaller = parts.button("", _tr("Go on with a setting that needs less memory; networks that are complete stay"))
        self.smaller.clicked.connect(self._on_smaller)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(10)
        self.bar.setAccessibleName(_tr("Progress of the training"))
        self.result = QLabel()
        self.result.setWordWrap(True)
        self.report = parts.button(_tr("Tables and plots"), _tr("Open the folder of this cross-validation's tables, plots and predictions"))
        self.report.clicked.connect(self._open_report)
        self.phantom = parts.red(_tr("Trained on phantoms: these figures say nothing about patients."))
        self.facts = parts.note()
        self.standing = QLabel()
        self.standing.setWordWrap(True)
        self.use = parts.button(_tr("Use the new network"), _tr("Predict with this training's network for full images from now on"))
        self.use.setObjectName("primary")
        self.use.clicked.connect(self._on_use)
        self.back = parts.button(_tr("Use the one before"), _tr("Predict again with the network that was in use before this one"))
        self.back.clicked.connect(self._on_back)
        self.ask = AskBox(training, _tr("Compare on all cases"), _tr("Ask both networks about the cases that were staged since, too"))
        self._lay_out()
        training.changed.connect(self._on_training)
        judging.changed.connect(lambda _: self._show_standing())
        self._on_training(training.state)

    def _lay_out(self) -> None:
        told = QWidget()
        left = QVBoxLayout(told)
        left.setContentsMargins(0, 0, 6, 0)
        left.setSpacing(6)
        for view in (self.status, self.bar, self.problem):
            left.addWidget(view)
        left.addWidget(self.smaller, alignment=Qt.AlignmentFlag.AlignLeft)
        for view in (self.result, self.phantom, self.facts):
            left.addWidget(view)
        left.addWidget(self.report, alignment=Qt.AlignmentFlag.AlignLeft)
        left.addStretch(1)
        choice = QWidget()
        right = QVBoxLayout(choice)
        right.setContentsMargins(6, 0, 0, 0)
        right.setSpacing(8)
        right.addWidget(self.standing)
        for button in (self.use, self.back):
            right.addWidget(button, alignment=Qt.AlignmentFlag.AlignLeft)
        right.addWidget(self.ask)
        right.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 6, 6, 2)
        # All of it has room in a tall window; in a low one nothing is squeezed.
        row.addWidget(parts.scrolled(told), 3)
        row.addWidget(parts.scrolled(choice), 2)

    def showEvent(self, event: QShowEvent) -> None:
        """Nothing is worked out before somebody looks."""
        super().showEvent(event)
        self._show_standing()

    # --- how it stands -------------------------------------------------------------------------------------------

    def _on_training(self, state: TrainingState) -> None:
        job = state.job
        self.status.setText(training_words.headline(state))
        self.status.setToolTip(training_words.part_term(job.state.part) if job is not None else "")
        self.bar.setVisible(state.running and (job is None or job.ahead is None))
        if state.collecting or (job is not None and job.state.status is JobStatus.QUEUED):
            self.bar.setRange(0, 0)
        else:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * job.state.fraction) if job is not None else 0)
        trouble = training_words.trouble(state)
        self.problem.setText(trouble)
        self.problem.setVisible(bool(trouble))
        smaller = job.smaller if job is not None else ""
        self.smaller.setVisible(bool(smaller) and not state.running and not state.read_only)
        self.smaller.setText(training_words.smaller(smaller))
        self.result.setText(training_words.result(job.result) if job is not None and job.result is not None else "")
        self.result.setVisible(bool(self.result.text()))
        self.phantom.setVisible(state.phantom and bool(self.result.text()))
        self.report.setVisible(job is not None and job.report_dir is not None)
        self.facts.setText(training_words.facts(job) if job is not None else "")
        self.facts.setToolTip(training_words.details(job) if job is not None else "")
        self._show_standing()

    def _on_smaller(self) -> None:
        job = self._training.state.job
        if job is not None:
            self._training.resume(job.smaller)

    def _open_report(self) -> None:
        job = self._training.state.job
        if job is not None and job.report_dir is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(job.report_dir)))

    # --- which student is in use ---------------------------------------------------------------------------------

    @property
    def student(self) -> str | None:
        """The student of the training on the screen."""
        job = self._training.state.job
        if job is None:
            return None
        entry = self._judging.state.of_job(job.handle.job_id).get("student")
        return entry.card.model_id if entry is not None else None

    def _show_standing(self) -> None:
        state, student = self._judging.state, self.student
        job = self._training.state.job
        found = None
        if student is not None and state.used is not None and student != state.used:
            pair = (student, state.used)
            if self.isVisible():
                self._judging.ask_comparison(*pair)
                state = self._judging.state
            found = state.comparisons.get(pair)
        told = self._standing(state, student, found, job)
        self.standing.setText(told)
        self.standing.setVisible(bool(told))
        may = not state.read_only
        self.use.setVisible(may and student is not None and student != state.used)
        self.use.setText(_tr("Use the new network") if student is None or _is_newer(state, student) else _tr("Use this network"))
        self.back.setVisible(may and student is not None and student == state.used and state.before is not None)
        both = [student, state.used] if student is not None and state.used is not None and student != state.used else []
        self.ask.set_models(both, offered=may and isinstance(found, Comparison) and found.unjudged > 0)

    def _standing(self, state: JudgingState, student: str | None, found: Comparison | Message | None, job: Followed | None) -> str:
        if student is None or job is None:
            return ""
        if student == state.used:
            return _tr("✓ In use: predictions are made with this training's network for full images.")
        if found is None:
            return _tr("Comparing with the network in use …")
        if isinstance(found, Message):
            return _tr("This network is not in use.") + " " + result_words.named(str(found), state)
        newer = _is_newer(state, student)
        against = _tr("New against the one in use:") if newer else _tr("This one (first) against the newer one in use (second):")
        told = [_tr("This network is not in use.") + " " + against, result_words.comparison_line(found)]
        if found.unjudged:
            told.append(_tr("{n} more cases could judge them.").format(n=found.unjudged))
        if self._training.state.phantom:
            told.append(_tr("Phantoms: this says nothing about patients."))
        return "\n".join(told)

    def _on_use(self) -> None:
        if (student := self.student) is not None:
            self._judging.use(student)

    def _on_back(self) -> None:
        if (before := self._judging.state.before) is not None:
            self._judging.use(before)


def _is_newer(state: JudgingState, student: str) -> bool:
    """Whether it was trained after the one in use."""
    order = [entry.card.model_id for entry in state.models]  # the newest first
    return state.used not in order or student not in order or order.index(student) < order.index(state.used)
