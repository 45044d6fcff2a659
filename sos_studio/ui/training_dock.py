"""The training centre: the trainings of a project on the left, and all about one of them on the right."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QCoreApplication, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QDockWidget,
    QHBoxLayout,
    QMenu,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from sos_studio.core.actions import Action
from sos_studio.core.job_state import JobStatus
from sos_studio.core.jobs import JobKind
from sos_studio.presenters.judging import JudgingPresenter
from sos_studio.presenters.session import Session
from sos_studio.presenters.training import TrainingPresenter
from sos_studio.presenters.training_state import Followed, TrainingState
from sos_studio.services import presets
from sos_studio.services.crossval import Wish
from sos_studio.services.weights import WeightsStatus
from sos_studio.ui import parts, training_words
from sos_studio.ui.choice_box import ChoiceBox
from sos_studio.ui.crossval_dialog import CrossvalDialog
from sos_studio.ui.job_dialogs import DeleteJobDialog, RenameJobDialog
from sos_studio.ui.job_list import JobList
from sos_studio.ui.training_pages import TrainingPages
from sos_studio.ui.weights_dialog import WeightsDialog

POLL_EVERY_MS = 500
# While nothing runs: the command line, or another window, may begin something.
IDLE_POLL_EVERY_MS = 4000


def _tr(text: str) -> str:
    return QCoreApplication.translate("TrainingDock", text)


class TrainingDock(QDockWidget):
    """Follows the project's trainings; they go on when the window closes."""

    running_changed = Signal(bool)
    # The pairs of cases are wanted that keep a training from beginning.
    leaks_wanted = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(_tr("Training"), parent)
        self._was_running = False
        self.setObjectName("training-dock")
        self._session = session
        self.presenter = TrainingPresenter(session)
        self.judging = JudgingPresenter(session)
        self._build_controls()
        self.pages = TrainingPages(session, self.presenter, self.judging)
        self._lay_out()
        self.presenter.changed.connect(self._on_state)
        self.presenter.from_scratch.connect(self._tell_from_scratch)
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_EVERY_MS)
        self._timer.timeout.connect(self.presenter.poll)
        self._idle = QTimer(self)
        self._idle.setInterval(IDLE_POLL_EVERY_MS)
        self._idle.timeout.connect(self.presenter.poll)
        self._on_state(self.presenter.state)

    @property
    def actions_by_id(self) -> Mapping[Action, Callable[[], None]]:
        """What menus and shortcuts call."""
        return {
            Action.RETRAIN_ALL: self.retrain_all,
            Action.CROSS_VALIDATION: self.ask_compared,
            **({Action.CANCEL_JOB: self.presenter.cancel} if self.presenter.state.running and not self.presenter.state.read_only else {}),
            Action.STARTING_WEIGHTS: self.show_weights,
            Action.TRAINING_PANEL: lambda: self.setVisible(not self.isVisible()),
        }

    def retrain_all(self) -> None:
        """One click: teacher, detector, student."""
        self.start("retrain")

    def start(self, kind: JobKind, compared: Wish | None = None) -> None:
        """Train one or all, and show how it goes, or why it doesn't."""
        self.show()
        self.pages.setCurrentWidget(self.pages.overview)
        self.presenter.start(kind, compared)

    def ask_compared(self) -> None:
        """What a cross-validation is to compare."""
        preset = self.presenter.state.preset
        if self._session.project is None or preset not in presets.names():
            self.start("crossval")  # which says why it can't be
            return
        dialog = CrossvalDialog(presets.settings(preset), preset, self)
        dialog.accepted.connect(lambda: self.start("crossval", dialog.wish))
        _open(dialog)

    def show_weights(self) -> None:
        """The starting-weights dialog."""
        _open(WeightsDialog(self._session, self))

    def ask_name(self) -> None:
        """What the training on the screen is to be called."""
        job = self.presenter.state.job
        if job is not None:
            dialog = RenameJobDialog(job.name, self)
            dialog.accepted.connect(lambda: self.presenter.rename(dialog.name) if self._still(job) else None)
            _open(dialog)

    def ask_delete(self) -> None:
        """Whether the training on the screen, and its networks, may go."""
        job = self.presenter.state.job
        if job is None or self.presenter.state.running:
            return
        models = list(self.judging.state.of_job(job.handle.job_id).values())
        known = [entry.card.model_id for entry in models]
        in_use, before = self.judging.state.used in known, self.judging.state.before in known
        title = job.name or training_words.job_title(job.handle.job_id)
        dialog = DeleteJobDialog(title, len(models), in_use=in_use, before=before, parent=self)
        dialog.accepted.connect(lambda: self.presenter.delete(models if dialog.networks.isChecked() else ()) if self._still(job) else None)
        _open(dialog)

    def _still(self, asked: Followed) -> bool:
        """Whether the training that was asked about is on the screen: deleted in another window meanwhile, it gave way to another one."""
        job = self.presenter.state.job
        return job is not None and job.handle.job_id == asked.handle.job_id

    def showEvent(self, event: QShowEvent) -> None:
        """What the command line or another window began meanwhile is there, too."""
        super().showEvent(event)
        self._idle.start()
        self.presenter.poll()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks."""
        super().hideEvent(event)
        self._idle.stop()

    # --- parts ---------------------------------------------------------------------------------------------------

    def _build_controls(self) -> None:
        presenter = self.presenter
        self.retrain = parts.button(
            _tr("Retrain all"),
            _tr(
                "All three networks (teacher, detector, student) on all readings, in the background; the one in use stays until you choose"
            ),
            Action.RETRAIN_ALL,
        )
        self.retrain.setObjectName("primary")
        self.retrain.clicked.connect(self.retrain_all)
        self._single = self._menu_button(_tr("Only one …"), _tr("Train only one of the networks: teacher, detector or student"))
        kinds: tuple[tuple[JobKind, str], ...] = (
            ("teacher", _tr("Only the network for &crops (teacher)")),
            ("detector", _tr("Only the network that &finds the SOS (detector)")),
            ("student", _tr("Only the network for full &images (student)")),
        )
        for kind, title in kinds:
            self._single.menu().addAction(title).triggered.connect(lambda _=False, wanted=kind: self.start(wanted))
        self._preset = ChoiceBox()
        self._preset.setAccessibleName(_tr("Preset"))
        for name in presets.names():
            self._preset.addItem(name)
            self._preset.setItemData(self._preset.count() - 1, training_words.preset_words(name), Qt.ItemDataRole.ToolTipRole)
        self._preset.activated.connect(lambda _: presenter.choose_preset(self._preset.currentText()))
        self.cancel = parts.button(_tr("Cancel"), _tr("Stop the training; it can be resumed later"))
        self.cancel.clicked.connect(presenter.cancel)
        self.resume = parts.button(_tr("Resume"), _tr("Go on from where the training last saved its work"))
        self.resume.clicked.connect(lambda _: presenter.resume())
        self.more = self._menu_button(_tr("This training …"), _tr("Move it in the line, name it, delete it"))
        menu = self.more.menu()
        self.earlier, self.later = menu.addAction(_tr("&Earlier in the line")), menu.addAction(_tr("&Later in the line"))
        self.earlier.triggered.connect(lambda: presenter.move(-1))
        self.later.triggered.connect(lambda: presenter.move(1))
        menu.addSeparator()
        menu.addAction(_tr("Re&name …")).triggered.connect(self.ask_name)
        self.delete = menu.addAction(_tr("&Delete …"))
        self.delete.triggered.connect(self.ask_delete)
        self._weights = parts.button(_tr("Starting weights …"), _tr("From scratch or from ImageNet weights"), Action.STARTING_WEIGHTS)
        self._weights.clicked.connect(self.show_weights)
        # Above the pages: it is no fault of the training on the screen, and every page may be in front.
        self.problem = parts.red()
        self.leaks = parts.button(_tr("Show these cases"), _tr("Cases alike in different folds: make them one patient, or exclude one"))
        self.leaks.clicked.connect(lambda _: self.leaks_wanted.emit())
        self.jobs = JobList()
        self.jobs.chosen.connect(presenter.follow)
        self.jobs.customContextMenuRequested.connect(self._on_menu)

    @staticmethod
    def _menu_button(text: str, tooltip: str) -> QToolButton:
        made = QToolButton()
        made.setObjectName("menuButton")
        made.setText(text)
        made.setToolTip(tooltip)
        made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        made.setMenu(QMenu(made))
        return made

    def _on_menu(self, at: QPoint) -> None:
        if self.jobs.itemAt(at) is not None:
            self.more.menu().popup(self.jobs.viewport().mapToGlobal(at))

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        for widget in (self.retrain, self._single, self._preset, self._weights):
            row.addWidget(widget)
        row.addStretch(1)
        for widget in (self.cancel, self.resume, self.more):
            row.addWidget(widget)
        refused = QHBoxLayout()
        refused.addWidget(self.problem, 1)
        refused.addWidget(self.leaks)
        body = QSplitter(Qt.Orientation.Horizontal)
        body.setChildrenCollapsible(False)
        body.addWidget(self.jobs)
        body.addWidget(self.pages)
        body.setStretchFactor(1, 1)
        inside = QWidget()
        whole = QVBoxLayout(inside)
        whole.setContentsMargins(10, 8, 10, 8)
        whole.addLayout(row)
        whole.addLayout(refused)
        whole.addWidget(body, 1)
        self.setWidget(inside)

    # --- showing -------------------------------------------------------------------------------------------------

    def _on_state(self, state: TrainingState) -> None:
        job = state.job
        live = state.busy or (job is not None and not job.state.status.ended)
        if not live:
            self._timer.stop()
        elif not self._timer.isActive():
            self._timer.start()
        if state.running != self._was_running:
            self._was_running = state.running
            self.running_changed.emit(state.running)
        refused = state.problem if not state.asked else None
        self.problem.setText(str(refused or ""))
        self.problem.setVisible(refused is not None)
        self.leaks.setVisible(refused is not None and refused.code == "training.leak")
        able = state.has_project and not state.read_only and not state.starting
        self.retrain.setEnabled(able)
        self._single.setEnabled(able)
        self._preset.setEnabled(not state.starting)
        self._preset.setCurrentText(state.preset)
        self._preset.setToolTip(_tr("Settings of the next training.") + "\n" + training_words.preset_words(state.preset))
        self.cancel.setVisible(job is not None and not job.state.status.ended and not state.read_only)
        stops = job is not None and job.stopping
        self.cancel.setEnabled(not stops)
        self.cancel.setText(_tr("Cancelling …") if stops else _tr("Cancel"))
        stopped = job is not None and job.state.status in (JobStatus.CANCELLED, JobStatus.INTERRUPTED, JobStatus.FAILED)
        self.resume.setVisible(stopped and not state.starting and not state.read_only)
        self.more.setVisible(job is not None and not state.read_only)
        waits = job is not None and job.ahead is not None
        self.earlier.setEnabled(job is not None and bool(job.ahead))
        self.later.setEnabled(waits)
        self.delete.setEnabled(job is not None and not state.running)
        self.jobs.set_rows(state.rows, job.handle.job_id if job is not None else None)
        self.jobs.setVisible(bool(state.rows))

    def _tell_from_scratch(self, status: WeightsStatus) -> None:
        """Once, plainly, before the first training."""
        dialog = WeightsDialog(self._session, self, about_to_train=status)
        dialog.go_on_wanted.connect(self.presenter.told_from_scratch)
        dialog.go_on_wanted.connect(self.presenter.go_on)
        dialog.rejected.connect(self.presenter.never_mind)
        _open(dialog)


def _open(dialog: QDialog) -> None:
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
