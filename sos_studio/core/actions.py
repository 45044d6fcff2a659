"""What a person can do, as data: each action's id and default keys (portable Qt key text)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """Ids are stable; words are made in `sos_studio.ui`."""

    OPEN_SCAN = "file.open_scan"
    OPEN_SCAN_FILE = "file.open_scan_file"
    OPEN_PROJECT = "file.open_project"
    NEW_PROJECT = "file.new_project"
    IMPORT_IMAGES = "file.import_images"
    IMPORT_FOLDER = "file.import_folder"
    IMPORT_CROPS = "file.import_crops"
    EXPORT_DATASET = "file.export_dataset"
    PATIENT_DATA = "file.patient_data"
    PROJECT_HISTORY = "file.history"
    LOOK_AFTER_PROJECT = "file.look_after"
    RESTORE_BACKUP = "file.restore"
    QUIT = "file.quit"
    UNDO = "edit.undo"
    REDO = "edit.redo"
    CHANGE_SHORTCUTS = "edit.shortcuts"
    STEP_ORIENT = "view.orient"
    STEP_CROP = "view.crop"
    STEP_STAGE = "view.stage"
    STEP_PREDICT = "view.predict"
    FIT = "view.fit"
    ENLARGE_PANE = "view.enlarge_pane"
    CUT_HEAD = "view.cut_head"
    FLIP_CUT = "view.flip_cut"
    FACE_LEFT = "view.face_left"
    WINDOW_PRESET = "view.window_preset"
    PANE_ZOOM_IN = "view.pane_zoom_in"
    PANE_ZOOM_OUT = "view.pane_zoom_out"
    PANE_LEFT = "view.pane_left"
    PANE_RIGHT = "view.pane_right"
    PANE_UP = "view.pane_up"
    PANE_DOWN = "view.pane_down"
    MORE_CONTRAST = "view.more_contrast"
    LESS_CONTRAST = "view.less_contrast"
    BRIGHTER = "view.brighter"
    DARKER = "view.darker"
    GRID = "view.grid"
    MEASURE_DISTANCE = "view.measure_distance"
    MEASURE_ANGLE = "view.measure_angle"
    REMOVE_MEASURES = "view.remove_measures"
    SLAB_THICKER = "view.slab_thicker"
    SLAB_THINNER = "view.slab_thinner"
    SLAB_MODE = "view.slab_mode"
    THEME_SYSTEM = "view.system"
    THEME_DARK = "view.dark"
    THEME_LIGHT = "view.light"
    THEME_CONTRAST = "view.contrast"
    CASES_PANEL = "view.cases"
    INSPECTOR_PANEL = "view.inspector"
    NEXT_AREA = "view.next_area"
    PREVIOUS_AREA = "view.previous_area"
    BESIDE_STRIP = "view.beside"
    BESIDE_RIGHT = "view.beside_right"
    BESIDE_LEFT = "view.beside_left"
    OPEN_CASE_SCAN = "case.open_scan"
    OTHER_SERIES = "case.other_series"
    RESET_ORIENTATION = "case.reset_orientation"
    COMPARE_ORIENTATION = "case.compare_orientation"
    REMEMBER_ORIENTATION = "case.remember_orientation"
    CAPTURE = "case.capture"
    CROP_AGAIN = "case.crop_again"
    CROP_SWAP = "case.crop_swap"
    FIND_CASE = "case.find"
    NEXT_UNSTAGED = "case.next_unstaged"
    STAGE_1 = "case.stage_1"
    STAGE_2 = "case.stage_2"
    STAGE_3 = "case.stage_3"
    STAGE_4 = "case.stage_4"
    STAGE_5 = "case.stage_5"
    CONFIDENCE = "case.confidence"
    AMBIGUOUS = "case.ambiguous"
    REMARK = "case.remark"
    EXCLUDE_CASE = "case.exclude"
    CASE_HISTORY = "case.history"
    CONSENSUS_RULE = "case.consensus_rule"
    SELECT_LISTED = "case.select_listed"
    SELECT_LAST_IMPORT = "case.select_last_import"
    EXCLUDE_SELECTED = "case.exclude_selected"
    INCLUDE_SELECTED = "case.include_selected"
    PREDICT_SELECTED = "case.predict_selected"
    EXPORT_SELECTED = "case.export_selected"
    ADJUDICATE = "case.adjudicate"
    BLINDED = "case.blinded"
    REVEAL = "case.reveal"
    EVALUATOR = "case.evaluator"
    RETRAIN_ALL = "train.retrain_all"
    CROSS_VALIDATION = "train.crossval"
    CANCEL_JOB = "train.cancel"
    STARTING_WEIGHTS = "train.weights"
    LEAKS = "train.leaks"
    TRAINING_PANEL = "train.panel"
    PREDICT = "predict.predict"
    CONFIRM_PREDICTION = "predict.confirm"
    TOGGLE_HEATMAP = "predict.toggle_heatmap"
    SIDE_BY_SIDE = "predict.side_by_side"
    TEACHING_CASES = "predict.teaching"
    CASE_REPORT = "predict.report"
    PREDICT_FOLDER = "predict.folder"
    EXPORT_NETWORK = "predict.export_network"
    IMPORT_NETWORK = "predict.import_network"
    ATLAS = "help.atlas"
    SHORTCUTS = "help.shortcuts"
    ABOUT = "help.about"


@dataclass(frozen=True)
class Binding:
    """Keys of one action; the first is shown in menus and tooltips."""

    action: Action
    keys: tuple[str, ...]


DEFAULT_BINDINGS: tuple[Binding, ...] = (
    Binding(Action.OPEN_SCAN, ("Ctrl+O",)),
    Binding(Action.OPEN_SCAN_FILE, ("Ctrl+Alt+O",)),
    Binding(Action.OPEN_PROJECT, ("Ctrl+Shift+O",)),
    Binding(Action.NEW_PROJECT, ("Ctrl+Shift+N",)),
    Binding(Action.QUIT, ("Ctrl+Q",)),
    Binding(Action.UNDO, ("Ctrl+Z",)),
    Binding(Action.REDO, ("Ctrl+Y", "Ctrl+Shift+Z")),
    Binding(Action.STEP_ORIENT, ("Ctrl+1",)),
    Binding(Action.STEP_CROP, ("Ctrl+2",)),
    Binding(Action.STEP_STAGE, ("Ctrl+3",)),
    Binding(Action.STEP_PREDICT, ("Ctrl+4",)),
    Binding(Action.FIT, ("F",)),
    Binding(Action.ENLARGE_PANE, ("E",)),
    Binding(Action.CUT_HEAD, ("K",)),
    Binding(Action.FLIP_CUT, ("Shift+K",)),
    Binding(Action.WINDOW_PRESET, ("W",)),
    Binding(Action.PANE_ZOOM_IN, ("Z", "Ctrl++", "Ctrl+=")),
    Binding(Action.PANE_ZOOM_OUT, ("Shift+Z", "Ctrl+-")),
    Binding(Action.PANE_LEFT, ("Alt+Left",)),
    Binding(Action.PANE_RIGHT, ("Alt+Right",)),
    Binding(Action.PANE_UP, ("Alt+Up",)),
    Binding(Action.PANE_DOWN, ("Alt+Down",)),
    Binding(Action.MORE_CONTRAST, ("U",)),
    Binding(Action.LESS_CONTRAST, ("Shift+U",)),
    Binding(Action.BRIGHTER, ("J",)),
    Binding(Action.DARKER, ("Shift+J",)),
    Binding(Action.GRID, ("G",)),
    Binding(Action.MEASURE_DISTANCE, ("D",)),
    Binding(Action.MEASURE_ANGLE, ("Shift+D",)),
    Binding(Action.SLAB_THICKER, ("T",)),
    Binding(Action.SLAB_THINNER, ("Shift+T",)),
    Binding(Action.SLAB_MODE, ("I",)),
    Binding(Action.CASES_PANEL, ("F7",)),
    Binding(Action.INSPECTOR_PANEL, ("F8",)),
    Binding(Action.NEXT_AREA, ("F6",)),
    Binding(Action.PREVIOUS_AREA, ("Shift+F6",)),
    Binding(Action.FIND_CASE, ("Ctrl+F",)),
    Binding(Action.COMPARE_ORIENTATION, ("O",)),
    Binding(Action.REMEMBER_ORIENTATION, ("Shift+O",)),
    Binding(Action.CAPTURE, ("Ctrl+Return",)),
    Binding(Action.BESIDE_STRIP, ("B",)),
    Binding(Action.BESIDE_RIGHT, (",",)),
    Binding(Action.BESIDE_LEFT, (".",)),
    Binding(Action.CROP_AGAIN, ("R",)),
    Binding(Action.CROP_SWAP, ("S",)),
    Binding(Action.NEXT_UNSTAGED, ("N",)),
    Binding(Action.STAGE_1, ("1",)),
    Binding(Action.STAGE_2, ("2",)),
    Binding(Action.STAGE_3, ("3",)),
    Binding(Action.STAGE_4, ("4",)),
    Binding(Action.STAGE_5, ("5",)),
    Binding(Action.CONFIDENCE, ("C",)),
    Binding(Action.AMBIGUOUS, ("A",)),
    Binding(Action.REMARK, ("M",)),
    Binding(Action.EXCLUDE_CASE, ("X",)),
    Binding(Action.ADJUDICATE, ("Ctrl+J",)),
    Binding(Action.BLINDED, ("Ctrl+B",)),
    Binding(Action.REVEAL, ("V",)),
    Binding(Action.RETRAIN_ALL, ("Ctrl+Shift+T",)),
    Binding(Action.TRAINING_PANEL, ("F9",)),
    Binding(Action.PREDICT, ("Ctrl+P",)),
    Binding(Action.CONFIRM_PREDICTION, ("Y",)),
    Binding(Action.TOGGLE_HEATMAP, ("H",)),
    Binding(Action.ATLAS, ("L",)),
    Binding(Action.SHORTCUTS, ("F1", "?")),
)

_DEFAULT_KEYS = {binding.action: binding.keys for binding in DEFAULT_BINDINGS}


def default_keys(action: Action) -> tuple[str, ...]:
    """Keys that an action has out of the box; empty if none."""
    return _DEFAULT_KEYS.get(action, ())
