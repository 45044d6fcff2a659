"""What stands in which menu."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMenu, QMenuBar

from sos_studio.core.actions import Action
from sos_studio.presenters.opening import Opener
from sos_studio.ui.keymap import Keymap
from sos_studio.ui.recent_menu import RecentMenu
from sos_studio.ui.selection_bar import ENTRIES as SELECTED


def _tr(text: str) -> str:
    return QCoreApplication.translate("Menus", text)


VIEW: tuple[Action | None, ...] = (
    Action.STEP_ORIENT,
    Action.STEP_CROP,
    Action.STEP_STAGE,
    Action.STEP_PREDICT,
    None,
    Action.FIT,
    Action.FACE_LEFT,
    None,
    Action.CASES_PANEL,
    Action.INSPECTOR_PANEL,
    Action.NEXT_AREA,
    Action.PREVIOUS_AREA,
    None,
)
PANES: tuple[Action | None, ...] = (
    Action.ENLARGE_PANE,
    Action.CUT_HEAD,
    Action.FLIP_CUT,
    None,
    Action.WINDOW_PRESET,
    Action.GRID,
    None,
    Action.SLAB_THICKER,
    Action.SLAB_THINNER,
    Action.SLAB_MODE,
)
MEASURES: tuple[Action | None, ...] = (Action.MEASURE_DISTANCE, Action.MEASURE_ANGLE, Action.REMOVE_MEASURES)
BESIDE: tuple[Action | None, ...] = (Action.BESIDE_STRIP, Action.BESIDE_RIGHT, Action.BESIDE_LEFT)
THEMES: tuple[Action | None, ...] = (Action.THEME_SYSTEM, Action.THEME_DARK, Action.THEME_LIGHT, Action.THEME_CONTRAST)
PANE: tuple[Action | None, ...] = (
    Action.PANE_ZOOM_IN,
    Action.PANE_ZOOM_OUT,
    None,
    Action.PANE_LEFT,
    Action.PANE_RIGHT,
    Action.PANE_UP,
    Action.PANE_DOWN,
    None,
    Action.MORE_CONTRAST,
    Action.LESS_CONTRAST,
    Action.BRIGHTER,
    Action.DARKER,
)
CASE: tuple[Action | None, ...] = (
    Action.FIND_CASE,
    Action.NEXT_UNSTAGED,
    Action.OPEN_CASE_SCAN,
    Action.OTHER_SERIES,
    None,
    Action.CAPTURE,
    Action.RESET_ORIENTATION,
    Action.COMPARE_ORIENTATION,
    Action.REMEMBER_ORIENTATION,
    Action.CROP_AGAIN,
    Action.CROP_SWAP,
    None,
    Action.STAGE_1,
    Action.STAGE_2,
    Action.STAGE_3,
    Action.STAGE_4,
    Action.STAGE_5,
    Action.CONFIDENCE,
    Action.AMBIGUOUS,
    Action.REMARK,
    Action.REVEAL,
    None,
    Action.EXCLUDE_CASE,
    Action.ADJUDICATE,
    Action.CONSENSUS_RULE,
    Action.CASE_HISTORY,
    None,
    Action.EVALUATOR,
    Action.BLINDED,
)


PREDICT: tuple[Action | None, ...] = (
    Action.PREDICT,
    Action.CONFIRM_PREDICTION,
    None,
    Action.TOGGLE_HEATMAP,
    Action.SIDE_BY_SIDE,
    Action.TEACHING_CASES,
    Action.CASE_REPORT,
    None,
    Action.PREDICT_FOLDER,
    None,
    Action.EXPORT_NETWORK,
    Action.IMPORT_NETWORK,
)


def fill_menu_bar(bar: QMenuBar, keys: Keymap, opener: Opener) -> None:
    """Make all menus."""
    file = bar.addMenu(_tr("&File"))
    keys.fill(file, (Action.OPEN_SCAN, Action.OPEN_SCAN_FILE, None, Action.NEW_PROJECT, Action.OPEN_PROJECT))
    file.addMenu(RecentMenu(opener, file))
    care = (Action.PATIENT_DATA, Action.PROJECT_HISTORY, Action.LOOK_AFTER_PROJECT, Action.RESTORE_BACKUP)
    keys.fill(
        file, (None, Action.IMPORT_IMAGES, Action.IMPORT_FOLDER, Action.IMPORT_CROPS, Action.EXPORT_DATASET, None, *care, None, Action.QUIT)
    )
    keys.fill(bar.addMenu(_tr("&Edit")), (Action.UNDO, Action.REDO, None, Action.CHANGE_SHORTCUTS))
    view = bar.addMenu(_tr("&View"))
    keys.fill(view, VIEW)
    # All in one list would be taller than a small screen.
    for title, entries in (
        (_tr("&Panes"), PANES),
        (_tr("Slice pane with the ke&ys"), PANE),
        (_tr("&Measure"), MEASURES),
        (_tr("Slices &beside the captured plane"), BESIDE),
        (_tr("&Theme"), THEMES),
    ):
        keys.fill(view.addMenu(title), entries)
    case = bar.addMenu(_tr("&Case"))
    keys.fill(case, CASE)
    keys.fill(case.addMenu(_tr("Selec&ted cases")), SELECTED[:-2])  # the last is of one case and stands above
    train = (
        Action.RETRAIN_ALL,
        Action.CROSS_VALIDATION,
        Action.CANCEL_JOB,
        None,
        Action.LEAKS,
        Action.TRAINING_PANEL,
        Action.STARTING_WEIGHTS,
    )
    keys.fill(bar.addMenu(_tr("&Train")), train)
    keys.fill(bar.addMenu(_tr("&Predict")), PREDICT)
    keys.fill(bar.addMenu(_tr("&Help")), (Action.ATLAS, Action.SHORTCUTS, Action.ABOUT))
    for menu in bar.findChildren(QMenu):
        menu.aboutToShow.connect(keys.refresh)
