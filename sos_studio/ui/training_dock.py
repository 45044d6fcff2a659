"""The training dock: one button, progress with time left, live curves, log, result, and what to do when something fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QCoreApplication, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QComboBox,
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPlainTextEdit,
    QProgressBar,
    QScrollArea,
    QSizePolicy,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from sos_studio.core.actions import Action
from sos_studio.core.job_state import JobStatus
from sos_studio.core.jobs import JobKind
from sos_studio.presenters.curves import curves, parts_measured
from sos_studio.presenters.session import Session
from sos_studio.presenters.training import Followed, TrainingPresenter, TrainingState
from sos_studio.services import presets
from sos_studio.services.weights import WeightsStatus
from sos_studio.ui import parts, training_words
from sos_studio.ui.choice_box import ChoiceBox
from sos_studio.ui.curve_view import CurveView
from sos_studio.ui.weights_dialog import WeightsDialog

POLL_EVERY_MS = 500


def _tr(text: str) -> str:
    return QCoreApplication.translate("TrainingDock", text)


class TrainingDock(QDockWidget):
    """Follows the project's training; the job itself goes on when the window closes."""

    running_changed = Signal(bool)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(_tr("Training"), parent)
        self._was_running = False
        self.setObjectName("training-dock")
        self._session = session
        self.presenter = TrainingPresenter(session)
        self._build_controls()
        self._build_views()
        self._lay_out()
        self.presenter.changed.connect(self._on_state)
        self.presenter.from_scratch.connect(self._tell_from_scratch)
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_EVERY_MS)
        self._timer.timeout.connect(self.presenter.poll)
        self._on_state(self.presenter.state)

    @property
    def actions_by_id(self) -> Mapping[Action, Callable[[], None]]:
        """What menus and shortcuts call."""
        return {
            Action.RETRAIN_ALL: self.retrain_all,
            Action.CROSS_VALIDATION: lambda: self.start("crossval"),
            **({Action.CANCEL_JOB: self.presenter.cancel} if self.presenter.state.running else {}),
            Action.STARTING_WEIGHTS: self.show_weights,
            Action.TRAINING_PANEL: lambda: self.setVisible(not self.isVisible()),
        }

    def retrain_all(self) -> None:
        """One click: teacher, detector, student."""
        self.start("retrain")

    def start(self, kind: JobKind) -> None:
        """Train one or all, and show how it goes."""
        self.show()
        self.presenter.start(kind)

    def show_weights(self) -> None:
        """The starting-weights dialog."""
        WeightsDialog(self._session, self).open()

    # --- parts ---------------------------------------------------------------------------------------------------

    def _build_controls(self) -> None:
        presenter = self.presenter
        self.retrain = parts.button(
            _tr("Retrain all"),
            _tr("All three networks (teacher, detector, student) on all readings, in the background"),
            Action.RETRAIN_ALL,
        )
        self.retrain.setObjectName("primary")
        self.retrain.clicked.connect(self.retrain_all)
        self._single = QToolButton()
        self._single.setObjectName("menuButton")
        self._single.setText(_tr("Only one …"))
        self._single.setToolTip(_tr("Train only one of the networks: teacher, detector or student"))
        self._single.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self._single)
        kinds: tuple[tuple[JobKind, str], ...] = (
            ("teacher", _tr("Only the network for &crops (teacher)")),
            ("detector", _tr("Only the network that &finds the SOS (detector)")),
            ("student", _tr("Only the network for full &images (student)")),
        )
        for kind, title in kinds:
            menu.addAction(title).triggered.connect(lambda _=False, wanted=kind: self.start(wanted))
        self._single.setMenu(menu)
        self._preset = ChoiceBox()
        self._preset.setToolTip(_tr("Settings of the training; quick is for trying out"))
        self._preset.setAccessibleName(_tr("Preset"))
        self._preset.addItems(list(presets.names()))
        self._preset.activated.connect(lambda _: presenter.choose_preset(self._preset.currentText()))
        self.cancel = parts.button(_tr("Cancel"), _tr("Stop the training; it can be resumed later"))
        self.cancel.clicked.connect(presenter.cancel)
        self.resume = parts.button(_tr("Resume"), _tr("Go on from where the training last saved its work"))
        self.resume.clicked.connect(presenter.resume)
        self._weights = parts.button(_tr("Starting weights …"), _tr("From scratch or from ImageNet weights"), Action.STARTING_WEIGHTS)
        self._weights.clicked.connect(self.show_weights)
        self._jobs = ChoiceBox()
        self._jobs.setToolTip(_tr("Trainings of this project, newest first"))
        self._jobs.setAccessibleName(_tr("Trainings"))
        self._jobs.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._jobs.setMinimumContentsLength(14)
        self._jobs.activated.connect(lambda _: presenter.follow(str(self._jobs.currentData())))
        self._offered: tuple[str, ...] = ()

    def _build_views(self) -> None:
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.problem = parts.red()
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
        self._facts = parts.note()
        self._parts = QTabWidget()
        self._parts.setObjectName("views")
        self._parts.setDocumentMode(True)
        self.losses = CurveView(_tr("Loss (should fall)"), training_words.curve_name)
        self.rates = CurveView(_tr("On cases set aside (should rise)"), training_words.curve_name, top=1.0)
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.log.setPlaceholderText(_tr("The log of the training appears here."))
        self.log.setAccessibleName(_tr("Log"))
        self._part = ChoiceBox()
        self._part.setToolTip(_tr("Whose curves are shown"))
        self._part.setAccessibleName(_tr("Curves of"))
        self._part.activated.connect(lambda _: self._show_curves())
        self._followed_part = ""
        for view in (self.losses, self.rates):
            view.setToolTip(training_words.curve_terms())

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        for widget in (self.retrain, self._single, self._preset, self.cancel, self.resume, self._weights):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self._jobs)
        told = QWidget()
        left = QVBoxLayout(told)
        left.setContentsMargins(0, 0, 6, 0)
        left.setSpacing(6)
        for view in (self.status, self.bar, self.problem, self.result, self.phantom, self._facts):
            left.addWidget(view)
        left.addWidget(self.report, alignment=Qt.AlignmentFlag.AlignLeft)
        left.addStretch(1)
        # All of it has room in a tall window; in a low one nothing is squeezed.
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(told)
        charts = QWidget()
        chart_row = QHBoxLayout(charts)
        chart_row.setContentsMargins(6, 6, 6, 2)
        chart_row.addWidget(self.losses, 1)
        chart_row.addWidget(self.rates, 1)
        self._parts.addTab(charts, _tr("Curves"))
        self._parts.addTab(self.log, _tr("Log"))
        self._parts.setCornerWidget(self._part)
        body = QHBoxLayout()
        body.setSpacing(12)
        body.addWidget(scroll, 4)
        body.addWidget(self._parts, 7)
        inside = QWidget()
        whole = QVBoxLayout(inside)
        whole.setContentsMargins(10, 8, 10, 8)
        whole.addLayout(row)
        whole.addLayout(body, 1)
        self.setWidget(inside)

    # --- showing -------------------------------------------------------------------------------------------------

    def _on_state(self, state: TrainingState) -> None:
        job = state.job
        idle = not state.running
        if job is None or job.state.status.ended:
            self._timer.stop()
        elif not self._timer.isActive():
            self._timer.start()
        if state.running != self._was_running:
            self._was_running = state.running
            self.running_changed.emit(state.running)
        self.retrain.setEnabled(state.has_project and idle)
        self._single.setEnabled(state.has_project and idle)
        self._preset.setEnabled(idle)
        self._preset.setCurrentText(state.preset)
        self.cancel.setVisible(state.running)
        self.cancel.setEnabled(job is not None and not job.state.status.ended)
        stopped = job is not None and job.state.status in (JobStatus.CANCELLED, JobStatus.INTERRUPTED, JobStatus.FAILED)
        self.resume.setVisible(stopped and idle)
        self._show_jobs(state)
        self.status.setText(training_words.headline(state))
        self.status.setToolTip(training_words.part_term(job.state.part) if job is not None else "")
        self.bar.setVisible(state.running)
        if state.starting or (job is not None and job.state.status is JobStatus.QUEUED):
            self.bar.setRange(0, 0)
        else:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * job.state.fraction) if job is not None else 0)
        trouble = training_words.trouble(state)
        self.problem.setText(trouble)
        self.problem.setVisible(bool(trouble))
        self.result.setText(training_words.result(job.result) if job is not None and job.result is not None else "")
        self.result.setVisible(bool(self.result.text()))
        self.phantom.setVisible(state.phantom and bool(self.result.text()))
        self.report.setVisible(job is not None and job.report_dir is not None)
        self._facts.setText(training_words.facts(job) if job is not None else "")
        self._facts.setToolTip(training_words.details(job) if job is not None else "")
        self._show_parts(job)
        self._show_curves()
        self._show_log(job.log_text if job is not None else "")

    def _open_report(self) -> None:
        job = self.presenter.state.job
        if job is not None and job.report_dir is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(job.report_dir)))

    def _show_jobs(self, state: TrainingState) -> None:
        if state.others != self._offered:
            self._offered = state.others
            self._jobs.clear()
            for job_id in state.others:
                self._jobs.addItem(training_words.job_title(job_id), job_id)
        if state.job is not None:
            self._jobs.setCurrentIndex(self._jobs.findData(state.job.handle.job_id))
        self._jobs.setVisible(len(state.others) > 1)
        self._jobs.setEnabled(not state.running)

    def _show_parts(self, job: Followed | None) -> None:
        names = parts_measured(job.state.metrics) if job is not None else ()
        if [self._part.itemData(n) for n in range(self._part.count())] != list(names):
            self._part.clear()
            for name in names:
                self._part.addItem(training_words.part_name(name), name)
                self._part.setItemData(self._part.count() - 1, training_words.part_term(name), Qt.ItemDataRole.ToolTipRole)
        now = job.state.part if job is not None else ""
        # Follow the part that is being trained; a look back at another one stays until the next part begins.
        if now != self._followed_part or self._part.currentIndex() < 0:
            index = self._part.findData(now)
            if index >= 0:
                self._followed_part = now
                self._part.setCurrentIndex(index)
        self._part.setVisible(len(names) > 1)

    def _show_curves(self) -> None:
        job = self.presenter.state.job
        part = self._part.currentData()
        shown = curves(job.state.metrics, part if isinstance(part, str) else "") if job is not None else None
        by_fold = job is not None and job.spec is not None and job.spec.kind == "crossval"
        self.losses.set_curves(shown.losses if shown is not None else ())
        self.rates.set_curves(shown.rates if shown is not None else (), by_fold=by_fold)

    def _show_log(self, text: str) -> None:
        if text == self.log.toPlainText():
            return
        bar = self.log.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 4
        place = bar.value()
        self.log.setPlainText(text)
        bar.setValue(bar.maximum() if at_end else place)

    def _tell_from_scratch(self, status: WeightsStatus) -> None:
        """Once, plainly, before the first training."""
        dialog = WeightsDialog(self._session, self, about_to_train=status)
        dialog.go_on_wanted.connect(self.presenter.told_from_scratch)
        dialog.go_on_wanted.connect(self.presenter.go_on)
        dialog.rejected.connect(self.presenter.never_mind)
        dialog.open()
