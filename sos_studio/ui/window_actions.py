"""Who does what: routes every action of the window to the step in front, the window, or the training panel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDockWidget

from sos_studio.core.actions import Action
from sos_studio.ui import dialogs, theme
from sos_studio.ui.areas import Areas
from sos_studio.ui.atlas import AtlasDialog
from sos_studio.ui.cheat_sheet import CheatSheet
from sos_studio.ui.keymap import Handler, Keymap
from sos_studio.ui.predict_tools import PredictTools
from sos_studio.ui.project_care import ProjectCare
from sos_studio.ui.shortcuts_dialog import ShortcutsDialog

if TYPE_CHECKING:
    from sos_studio.ui.main_window import MainWindow

OF_A_PROJECT = frozenset(
    {
        Action.BLINDED,
        Action.EXCLUDE_CASE,
        Action.ADJUDICATE,
        Action.CONSENSUS_RULE,
        Action.PATIENT_DATA,
        Action.PROJECT_HISTORY,
        Action.LOOK_AFTER_PROJECT,
        Action.EXPORT_DATASET,
        Action.NEXT_UNSTAGED,
        Action.LEAKS,
        Action.RETRAIN_ALL,
        Action.CROSS_VALIDATION,
        Action.IMPORT_NETWORK,
    }
)
OF_A_SCAN = frozenset(
    {
        Action.CAPTURE,
        Action.RESET_ORIENTATION,
        Action.WINDOW_PRESET,
        Action.COMPARE_ORIENTATION,
        Action.REMEMBER_ORIENTATION,
        Action.MEASURE_DISTANCE,
        Action.MEASURE_ANGLE,
        Action.REMOVE_MEASURES,
        Action.GRID,
        Action.SLAB_THICKER,
        Action.SLAB_THINNER,
        Action.SLAB_MODE,
    }
)
THEME_ACTIONS: Mapping[theme.Choice, Action] = {
    "system": Action.THEME_SYSTEM,
    "dark": Action.THEME_DARK,
    "light": Action.THEME_LIGHT,
    "contrast": Action.THEME_CONTRAST,
}
OF_A_PREDICTION = frozenset({Action.PREDICT, Action.CONFIRM_PREDICTION, Action.TOGGLE_HEATMAP})


class WindowActions:
    """Finds whoever can do an action right now, and does what is nobody else's.

    Parameters
    ----------
    window
        Its steps, dialogs and files are what the actions are about.
    """

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = window.session
        self._atlas: AtlasDialog | None = None  # made when it is first asked for: pictures take a while
        self.care = ProjectCare(window.session, window.opener, window)
        self.predict_tools = PredictTools(window.session, window.predict, window, self._stage_case)
        self.predict_tools.written.connect(window.messages.offer)
        files = window.files
        self._areas = _areas(window)
        self._docks = {
            Action.CASES_PANEL: window.cases_dock,
            Action.INSPECTOR_PANEL: window.inspector_dock,
            Action.TRAINING_PANEL: window.training_dock,
        }
        self._own: Mapping[Action, Handler] = {
            Action.OPEN_SCAN: files.open_scan_folder,
            Action.OPEN_SCAN_FILE: files.open_scan_file,
            Action.OPEN_PROJECT: files.open_project,
            Action.NEW_PROJECT: files.new_project,
            **files.imports.actions_by_id,
            Action.EXPORT_DATASET: files.export,
            Action.PATIENT_DATA: files.patient_data,
            Action.QUIT: self._quit,
            Action.UNDO: lambda: self._through_history(self._session.undo.undo),
            Action.REDO: lambda: self._through_history(self._session.undo.redo),
            Action.STEP_ORIENT: lambda: self._go_to("orient"),
            Action.STEP_CROP: lambda: self._go_to("crop"),
            Action.STEP_STAGE: lambda: self._go_to("stage"),
            Action.STEP_PREDICT: lambda: self._go_to("predict"),
            Action.FACE_LEFT: self._turn_face,
            Action.THEME_SYSTEM: lambda: self._set_theme("system"),
            Action.THEME_DARK: lambda: self._set_theme("dark"),
            Action.THEME_LIGHT: lambda: self._set_theme("light"),
            Action.THEME_CONTRAST: lambda: self._set_theme("contrast"),
            Action.CASES_PANEL: lambda: self._toggle(window.cases_dock),
            Action.INSPECTOR_PANEL: lambda: self._toggle(window.inspector_dock),
            Action.NEXT_AREA: lambda: self._areas.go(1),
            Action.PREVIOUS_AREA: lambda: self._areas.go(-1),
            Action.FIND_CASE: self._find_case,
            Action.OPEN_CASE_SCAN: window.cases.open_scan_of_case,
            Action.OTHER_SERIES: window.opener.other_series,
            Action.NEXT_UNSTAGED: window.cases.open_next_unstaged,
            Action.EVALUATOR: files.ask_evaluator,
            **window.selected_cases.actions_by_id,
            Action.LEAKS: window.selected_cases.show_leaks,
            Action.EXCLUDE_CASE: window.stage.exclusion.open_dialog,
            **self.care.actions_by_id,
            Action.BLINDED: self._turn_blinding,
            Action.ATLAS: self._show_atlas,
            Action.SHORTCUTS: self._show_keys,
            Action.CHANGE_SHORTCUTS: self._change_keys,
            Action.ABOUT: lambda: dialogs.AboutDialog(window).open(),
        }

    def handler(self, action: Action) -> Handler | None:
        """Whoever can do it: the step in front, the window, the training panel; predicting brings its step to the front."""
        window = self._window
        if action in (Action.PREDICT, Action.STEP_PREDICT) and self._window.gate.closed:
            return self._window.gate.tell
        if not self._possible(action):
            return None
        for holder in (window.step.actions_by_id, self._own, self.predict_tools.actions_by_id, window.training_dock.actions_by_id):
            if action in holder:
                return holder[action]
        if action is Action.PREDICT and action in window.predict.actions_by_id:
            return self._predict_from_elsewhere
        return None

    def _possible(self, action: Action) -> bool:
        history = self._session.undo
        if action in self._window.selected_cases.actions_by_id:
            return self._window.selected_cases.possible(action)
        if action is Action.OTHER_SERIES:
            return self._session.scan_in_front
        if action is Action.OPEN_CASE_SCAN:
            return self._session.project is not None and self._session.case_id is not None
        if action is Action.SIDE_BY_SIDE:
            state = self._window.predict.presenter.state
            return state.chosen is not None and self._session.capture is not None and not self._window.predict.presenter.hidden
        if action is Action.CASE_REPORT:
            shown = self._window.predict.presenter.state.shown
            return self._session.project is not None and shown is not None and shown.heat01_vu is not None
        if action in (Action.EXPORT_NETWORK, Action.TEACHING_CASES):
            return self._window.predict.presenter.state.chosen is not None
        if action in OF_A_PROJECT and self._session.project is None:
            return False
        if action in OF_A_SCAN and self._session.scan is None:
            return False
        if action in OF_A_PREDICTION and (self._window.gate.closed or self._session.capture is None):
            return False
        if action is Action.EXCLUDE_CASE:
            return self._session.case_id is not None
        if action is Action.NEXT_UNSTAGED:
            return bool(self._window.cases.everything)
        if action is Action.UNDO:
            return history.undo_label is not None
        return action is not Action.REDO or history.redo_label is not None

    def follow_docks(self, keymap: Keymap) -> None:
        """Tick in the menus which docks are shown."""
        for action, dock in self._docks.items():
            shown = dock.toggleViewAction()
            keymap[action].setChecked(shown.isChecked())
            shown.toggled.connect(keymap[action].setChecked)

    def apply_theme(self) -> None:
        """Dress the application as the settings say."""
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, self._session.settings.theme)

    def _toggle(self, dock: QDockWidget) -> None:
        dock.setVisible(not dock.isVisible())
        Areas.enter(dock if dock.isVisible() else self._window.step)

    def _go_to(self, step: str) -> None:
        """To the front, and the keys to it, also if it is in front already and the list has them."""
        self._window.show_step(step)
        self._window.step.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _find_case(self) -> None:
        self._window.cases_dock.show()
        self._window.cases_dock.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._window.cases_dock.search.selectAll()

    def _show_keys(self) -> None:
        sheet = CheatSheet(self._window)
        sheet.change_wanted.connect(self._change_keys)
        sheet.finished.connect(sheet.deleteLater)
        sheet.open()

    def _change_keys(self) -> None:
        dialog = ShortcutsDialog(self._session, self._window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _quit(self) -> None:
        self._window.close()

    def _predict_from_elsewhere(self) -> None:
        self._window.show_step("predict")
        self._window.predict.actions_by_id[Action.PREDICT]()

    def _through_history(self, step: Callable[[], bool]) -> None:
        try:
            step()
        except Exception as error:  # a full disk: the history stays as it is, and the person is told
            self._session.report(error)

    def _stage_case(self, case_id: str) -> None:
        self._window.cases.open_case(case_id)
        self._window.show_step("stage")

    def _show_atlas(self) -> None:
        """The same key opens and closes it."""
        if self._atlas is None:
            self._atlas = AtlasDialog(self._session, self._window)
        if not self._atlas.isVisible():
            self._atlas.turn_to(self._window.stage.presenter.state.stage)
        self._atlas.setVisible(not self._atlas.isVisible())

    def _turn_blinding(self) -> None:
        self._session.blinding.set_on(not self._session.blinding.on)

    def _turn_face(self) -> None:
        settings = self._session.settings
        settings.facing = "left" if settings.facing == "right" else "right"
        self._session.save_settings()

    def _set_theme(self, choice: theme.Choice) -> None:
        self._session.settings.theme = choice
        self._session.save_settings()
        self.apply_theme()


def _areas(window: MainWindow) -> Areas:
    """In the order in which F6 goes round."""
    return Areas(
        (
            lambda: window.cases_dock,
            lambda: window.step,
            lambda: window.inspector_dock,
            lambda: window.training_dock,
            lambda: window.messages,
            lambda: window.status,
        )
    )
