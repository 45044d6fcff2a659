"""The window: menus, cases on the left, the four steps in the middle, the inspector on the right, the status bar below."""

from __future__ import annotations

import logging

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QPushButton,
    QStackedWidget,
    QTabBar,
    QTabWidget,
    QWidget,
)

from sos_studio.core.actions import Action
from sos_studio.messages import Message
from sos_studio.presenters.cases import CasesPresenter
from sos_studio.presenters.drops import meant_by
from sos_studio.presenters.opening import Opener
from sos_studio.presenters.opening_words import REMARKS
from sos_studio.presenters.scan_loading import Refusal
from sos_studio.presenters.session import Session
from sos_studio.presenters.session import Step as StepName
from sos_studio.presenters.visits import Visits
from sos_studio.ui import dialogs, theme, words
from sos_studio.ui.background import PoolBackground
from sos_studio.ui.blinding import ReadingGate
from sos_studio.ui.cases_dock import CasesDock
from sos_studio.ui.crop_step import CropStep
from sos_studio.ui.drop_overlay import DropOverlay
from sos_studio.ui.file_flow import FileFlow, dropped_paths
from sos_studio.ui.keymap import Keymap
from sos_studio.ui.keys_shown import STEP_ACTIONS, KeysShown
from sos_studio.ui.menus import fill_menu_bar
from sos_studio.ui.message_bar import MessageBar
from sos_studio.ui.orient_step import OrientStep
from sos_studio.ui.predict_step import PredictStep
from sos_studio.ui.recent_list import RecentList
from sos_studio.ui.selected_cases import SelectedCases
from sos_studio.ui.stage_step import StageStep
from sos_studio.ui.status import StatusBar
from sos_studio.ui.task_box import ask_to_stop
from sos_studio.ui.training_dock import TrainingDock
from sos_studio.ui.window_actions import THEME_ACTIONS, WindowActions
from sos_studio.ui.window_layout import layout_text, restore_layout, share_corners
from sos_studio.ui.window_title import window_title

log = logging.getLogger(__name__)

Step = OrientStep | CropStep | StageStep | PredictStep
STEPS: tuple[StepName, ...] = ("orient", "crop", "stage", "predict")
OF_TRAINING = ("training.done", "training.done_choose", "training.failed", "training.out_of_memory", "crossval.done", "job.worker_died")
INSPECTOR_WIDTH, CASES_WIDTH, EVALUATOR_WIDTH = 284, 252, 90


def _tr(text: str) -> str:
    return QCoreApplication.translate("MainWindow", text)


class MainWindow(QMainWindow):
    """Composes steps and docks around one `Session`, and routes actions to whoever can do them."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.keys_shown = KeysShown(self)
        self.opener = Opener(session)
        self.files = FileFlow(session, self.opener, self)
        self.visits = Visits(session)
        self.cases = CasesPresenter(session, self.opener)
        self.setDockNestingEnabled(False)
        self.orient, self.crop, self.stage, self.predict = OrientStep(session), CropStep(session), StageStep(session), PredictStep(session)
        self.orient.set_recent(RecentList(session, self.opener))
        self.steps: tuple[Step, ...] = (self.orient, self.crop, self.stage, self.predict)
        self.tabs = self._make_tabs()
        self.messages = MessageBar()
        self.setCentralWidget(self.messages.below(self.tabs))
        self.cases_dock = CasesDock(session, self.cases, self)
        self.inspectors = QStackedWidget()
        self.inspector_dock = self._make_inspector_dock()
        self.training_dock = TrainingDock(session, self)
        self._dock_all()
        self.status = StatusBar(session, self)
        self._caution = QLabel(dialogs.caution())
        self._caution.setObjectName("caution")
        self.status.addPermanentWidget(self._caution)
        self.setStatusBar(self.status)
        self.drop_overlay = DropOverlay(self)
        self._leaving = False
        self._led = False  # to a step by the window, not by the person: nothing is asked there before they do something
        self.selected_cases = SelectedCases(self)
        self.actions_of_window = WindowActions(self)
        self.keymap = Keymap(self, self.actions_of_window.handler)
        fill_menu_bar(self.menuBar(), self.keymap, self.opener)
        self.cases_dock.selection.fill(self.keymap)
        self.addActions(list(self.keymap))
        self.gate = ReadingGate(self)
        self._connect()
        self.actions_of_window.follow_docks(self.keymap)
        self._on_facing()
        self._on_evaluator(session.evaluator)
        self._on_title()
        restore_layout(self, session.settings.window_geometry)
        self.training_dock.hide()
        for field in self.findChildren(QWidget):
            # A path dropped on a text field would be written into it instead of being opened.
            field.setAcceptDrops(False)
        self.setAcceptDrops(True)
        self.show_step("orient")
        self.keys_shown.refresh()

    # --- parts --------------------------------------------------------------------------------------------------------------

    def _make_tabs(self) -> QTabWidget:
        tabs = QTabWidget()
        tabs.setObjectName("steps")
        tabs.setDocumentMode(True)
        bar: QTabBar = tabs.tabBar()
        bar.setObjectName("stepBar")
        bar.setDrawBase(False)
        bar.setUsesScrollButtons(False)  # a step that is scrolled out of sight would be lost
        bar.setAccessibleName(_tr("Steps of the protocol"))
        for n, (step, action) in enumerate(zip(self.steps, STEP_ACTIONS, strict=True)):
            title = words.plain(words.action_title(action))
            tabs.addTab(step, f"{n + 1}  {title}")
        self._evaluator = QPushButton()
        self._evaluator.setObjectName("flat")
        self._evaluator.clicked.connect(self.files.ask_evaluator)
        corner = QWidget()
        layout = QHBoxLayout(corner)
        layout.setContentsMargins(0, 0, 8, 0)
        layout.addWidget(self._evaluator)
        tabs.setCornerWidget(corner)
        return tabs

    def _make_inspector_dock(self) -> QDockWidget:
        for step in self.steps:
            self.inspectors.addWidget(step.inspector())
        self.inspectors.setObjectName("panel")
        self.inspectors.setMinimumWidth(256)
        dock = QDockWidget(_tr("Inspector"), self)
        dock.setObjectName("inspector-dock")
        dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable | QDockWidget.DockWidgetFeature.DockWidgetClosable)
        dock.setWidget(self.inspectors)
        return dock

    def _dock_all(self) -> None:
        side = Qt.DockWidgetArea
        share_corners(self)
        self.addDockWidget(side.LeftDockWidgetArea, self.cases_dock)
        self.addDockWidget(side.RightDockWidgetArea, self.inspector_dock)
        self.addDockWidget(side.BottomDockWidgetArea, self.training_dock)
        self.training_dock.hide()
        self.resizeDocks([self.cases_dock, self.inspector_dock], [CASES_WIDTH, INSPECTOR_WIDTH], Qt.Orientation.Horizontal)

    def _connect(self) -> None:
        session = self.session
        session.message.connect(self.messages.say)
        session.message.connect(self._on_message)
        session.begun.connect(self.messages.begin)
        session.roi_changed.connect(self.keys_shown.show_hint)
        self.orient.presenter.measuring.tool_changed.connect(self.keys_shown.show_hint)
        self.opener.refused.connect(self._on_refused)
        session.case_changed.connect(self._on_other_reading)
        session.case_changed.connect(self._forget_remarks)
        session.reading_saved.connect(self._on_other_reading)
        session.step_requested.connect(self.show_step)
        session.settings_changed.connect(self._on_facing)
        session.evaluator_changed.connect(self._on_evaluator)
        for signal in (session.project_changed, session.case_changed, session.scan_changed, session.capture_changed):
            signal.connect(self._on_title)
        session.blinding.changed.connect(self._on_blinding)
        self._told_history: list[str | None] = []
        session.undo.changed.connect(self._on_history)
        self.tabs.currentChanged.connect(self._on_tab)
        self.orient.pointed.connect(self.status.show_position)
        for step in (self.crop, self.stage, self.predict):
            step.pixel_pointed.connect(self.status.show_pixel)
        self.orient.open_folder_wanted.connect(self.files.open_scan_folder)
        self.orient.open_file_wanted.connect(self.files.open_scan_file)
        self.orient.open_project_wanted.connect(self.files.open_project)
        self.orient.new_project_wanted.connect(self.files.new_project)
        self.cases.scan_known.connect(self.orient.set_scan_known)
        self.cases.work_remains.connect(self._on_work_remains)
        self.cases.rows_changed.connect(self.keymap.refresh)
        self.orient.case_scan_wanted.connect(self.cases.open_scan_of_case)
        self.predict.case_scan_wanted.connect(self.cases.open_scan_of_case)
        self.orient.presenter.project_needed.connect(self._on_project_needed)
        self.status.cancel_wanted.connect(self.files.cancel)
        self.status.job_wanted.connect(self.training_dock.show)
        self.training_dock.leaks_wanted.connect(self.selected_cases.show_leaks)
        self.training_dock.running_changed.connect(lambda _: self.keymap.refresh())
        session.beside.changed.connect(self.keymap.refresh)
        theme.hear_system(self._on_scheme)

    # --- actions ------------------------------------------------------------------------------------------------------------

    @property
    def step(self) -> Step:
        """The step in front."""
        return self.steps[self.tabs.currentIndex()]

    def show_step(self, name: str) -> None:
        """Bring a step to the front."""
        self.tabs.setCurrentIndex(STEPS.index(name))

    # --- what the window hears ----------------------------------------------------------------------------------------------

    def _on_tab(self, index: int) -> None:
        if index != self.tabs.currentIndex():  # the gate before Predict has led back already
            return
        self.inspectors.setCurrentIndex(index)
        self._forget_remarks()
        self.status.show_position(None)
        self.keymap.refresh()
        self.visits.at_step(STEPS[index])
        self.keys_shown.show_hint()
        front = self.step
        if front is self.stage and not self._led and self.session.project is not None and not self.session.evaluator:
            self.files.ask_evaluator()
        front.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_message(self, told: Message, _: str) -> None:
        """What a training came to is one click away while its panel is closed."""
        if told.code in OF_TRAINING and not self.training_dock.isVisible():
            self.messages.offer(told, _tr("Show"), self.training_dock.show)

    def _on_refused(self, refusal: Refusal) -> None:
        self.messages.offer(refusal.told, _tr("Show files…"), lambda: self.files.show_refusal(refusal))

    def _on_work_remains(self, step: str) -> None:
        """Nobody is left in Orient before a scan that is not open; who is in another step stays there."""
        if self.step is self.orient and not self.session.scan_in_front:
            self._led = True
            self.show_step(step)
            self._led = False

    def _forget_remarks(self, *_: object) -> None:
        """What points at the remarks on the scan goes where they are not in sight."""
        if self.step is not self.orient or not self.session.scan_in_front:
            self.messages.outdate(REMARKS)

    def _on_other_reading(self, _: object) -> None:
        self.messages.outdate("staging.")

    def _on_facing(self, *_: object) -> None:
        self.keymap[Action.FACE_LEFT].setChecked(self.session.settings.facing == "left")
        chosen = THEME_ACTIONS[self.session.settings.theme]
        self.keymap[chosen].setChecked(True)

    def _on_evaluator(self, name: str) -> None:
        shown = self._evaluator.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, EVALUATOR_WIDTH)
        self._evaluator.setText(_tr("Evaluator: {name}").format(name=shown) if name else _tr("Who is reading?"))
        self._evaluator.setToolTip(_tr("Evaluator: readings are saved under this name. Click to change."))
        self._evaluator.setAccessibleName(_tr("Evaluator {name}").format(name=name or _tr("not named")))

    def _on_title(self, *_: object) -> None:
        self.setWindowTitle(window_title(self.session))
        project = self.session.project
        phantom = project is not None and project.phantom
        self._caution.setText((_tr("Phantom project: synthetic cases") + "  ·  " if phantom else "") + dialogs.caution())
        self.keymap.refresh()

    def _on_blinding(self, on: bool) -> None:
        """What was said to somebody who may see all goes."""
        if on:
            self.messages.begin()
        self._on_title()
        self._on_history()

    def _on_history(self) -> None:
        history, names = self.session.undo, self.session.blinding.names
        changes = [history.next_undo, history.next_redo]
        told = [None if each is None else words.change_words(each.label, names(each.cases, 3)) for each in changes]
        if told == self._told_history:
            # A drag changes the history with every event, but not what it is called.
            return
        self._told_history = told
        for action, change in zip((Action.UNDO, Action.REDO), told, strict=True):
            title = words.action_title(action)
            self.keymap[action].setText(f"{title} {change}" if change is not None else title)
            self.keymap[action].setEnabled(change is not None)

    def _on_project_needed(self) -> None:
        self.session.tell("window.project_for_capture", "info")
        self.files.new_project(then=self.orient.presenter.capture)

    def _on_scheme(self, *_: object) -> None:
        if self.session.settings.theme == "system":
            self.actions_of_window.apply_theme()

    # --- the window's own events --------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape dismisses a message, then stops what is being waited for, then brings the four panes back."""
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self.messages.text:
            self.messages.dismiss()
        elif self.step is self.orient and self.orient.presenter.measuring.escape():
            pass
        elif self.orient.enlarged is not None and self.step is self.orient:
            self.orient.enlarge(self.orient.enlarged)
        else:
            self.files.cancel()

    def _leave(self) -> None:
        self._leaving = True
        self.close()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wide or narrow."""
        super().resizeEvent(event)
        share_corners(self)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files and folders are welcome anywhere; say what letting go of them will do."""
        drop = meant_by(dropped_paths(event.mimeData()))
        if drop is not None:
            self.drop_overlay.offer(drop)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """The hand went elsewhere."""
        self.drop_overlay.hide()
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Open or import what was dropped."""
        self.drop_overlay.hide()
        self.files.drop(dropped_paths(event.mimeData()))
        event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Everything is saved already; a training in the background goes on by itself, other work is not broken off unasked."""
        if self.session.tasks.running and not self._leaving:
            event.ignore()
            ask_to_stop(self.session.tasks, self, self._leave)
            return
        self.files.cancel()
        self.predict.presenter.close()  # who waits for its answer would be waited for
        self.session.settings.window_geometry = layout_text(self)
        self.session.save_settings()
        self.session.settle()
        background = self.session.background
        if isinstance(background, PoolBackground) and not background.close():
            log.warning("a worker thread was still busy when the window closed")
        self.opener.close()
        super().closeEvent(event)
        self.hide()  # at once: copying and sealing the database of a large project takes a second
        self.opener.close_project()
        self.opener.finish_closing()
