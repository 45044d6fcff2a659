"""Names that the window shows for actions, steps of the history, planes and waits; all go through Qt's translation."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from sos_studio.core.actions import Action


def _tr(text: str) -> str:
    return QCoreApplication.translate("Words", text)


def action_title(action: Action) -> str:
    """Menu text, with its mnemonic."""
    return {**_files_and_views(), **_cases_and_networks()}.get(action, action.value)


def _files_and_views() -> dict[Action, str]:
    return {
        Action.OPEN_SCAN: _tr("&Open scan folder…"),
        Action.OPEN_SCAN_FILE: _tr("Open scan &file…"),
        Action.OPEN_PROJECT: _tr("Open &project…"),
        Action.NEW_PROJECT: _tr("&New project…"),
        Action.IMPORT_IMAGES: _tr("&Import full images…"),
        Action.IMPORT_FOLDER: _tr("Import a folder of pict&ures…"),
        Action.IMPORT_CROPS: _tr("Import crop&s…"),
        Action.EXPORT_DATASET: _tr("&Export dataset…"),
        Action.PROJECT_HISTORY: _tr("Project &history…"),
        Action.LOOK_AFTER_PROJECT: _tr("&Check, repair and back up…"),
        Action.RESTORE_BACKUP: _tr("Restore a &backup…"),
        Action.PATIENT_DATA: _tr("Patient &data kept in this project…"),
        Action.QUIT: _tr("&Quit"),
        Action.UNDO: _tr("&Undo"),
        Action.REDO: _tr("&Redo"),
        Action.CHANGE_SHORTCUTS: _tr("Change &keys…"),
        Action.STEP_ORIENT: _tr("&Orient"),
        Action.STEP_CROP: _tr("&Crop"),
        Action.STEP_STAGE: _tr("&Stage"),
        Action.STEP_PREDICT: _tr("&Predict"),
        Action.FIT: _tr("&Fit panes to the scan"),
        Action.ENLARGE_PANE: _tr("&Enlarge pane"),
        Action.CUT_HEAD: _tr("Cut the head &open"),
        Action.FLIP_CUT: _tr("C&ut from the other side"),
        Action.FACE_LEFT: _tr("&Face to the left"),
        Action.WINDOW_PRESET: _tr("Grey &values: auto, bone, soft tissue"),
        Action.PANE_ZOOM_IN: _tr("Zoom &in"),
        Action.PANE_ZOOM_OUT: _tr("Zoom &out"),
        Action.PANE_LEFT: _tr("Look farther &left"),
        Action.PANE_RIGHT: _tr("Look farther &right"),
        Action.PANE_UP: _tr("Look farther &up"),
        Action.PANE_DOWN: _tr("Look farther &down"),
        Action.MORE_CONTRAST: _tr("More &contrast"),
        Action.LESS_CONTRAST: _tr("L&ess contrast"),
        Action.BRIGHTER: _tr("&Brighter"),
        Action.DARKER: _tr("D&arker"),
        Action.GRID: _tr("&Grid on or off"),
        Action.MEASURE_DISTANCE: _tr("Measure a d&istance"),
        Action.MEASURE_ANGLE: _tr("Measure an an&gle"),
        Action.REMOVE_MEASURES: _tr("Remove all measure&ments"),
        Action.SLAB_THICKER: _tr("Thic&ker slices"),
        Action.SLAB_THINNER: _tr("Thi&nner slices"),
        Action.SLAB_MODE: _tr("&Mean or maximum (MIP)"),
        Action.THEME_SYSTEM: _tr("Theme of the s&ystem"),
        Action.THEME_DARK: _tr("&Dark theme"),
        Action.THEME_LIGHT: _tr("&Light theme"),
        Action.THEME_CONTRAST: _tr("&High-contrast theme"),
        Action.CASES_PANEL: _tr("C&ases"),
        Action.INSPECTOR_PANEL: _tr("&Inspector"),
        Action.NEXT_AREA: _tr("&Next area"),
        Action.PREVIOUS_AREA: _tr("Pre&vious area"),
        Action.BESIDE_STRIP: _tr("Slices &beside the captured plane"),
        Action.BESIDE_RIGHT: _tr("Slice to the patient's ri&ght"),
        Action.BESIDE_LEFT: _tr("Slice to the patient's le&ft"),
    }


def _cases_and_networks() -> dict[Action, str]:
    return {
        Action.OPEN_CASE_SCAN: _tr("Open the case's &scan"),
        Action.OTHER_SERIES: _tr("O&ther series of this scan…"),
        Action.RESET_ORIENTATION: _tr("&Reset orientation"),
        Action.COMPARE_ORIENTATION: _tr("Com&pare with the last capture"),
        Action.REMEMBER_ORIENTATION: _tr("Remember orientation to co&mpare with"),
        Action.CAPTURE: _tr("&Capture midsagittal slice"),
        Action.CROP_AGAIN: _tr("Click the &ends again"),
        Action.CROP_SWAP: _tr("S&wap the ends of the frame"),
        Action.FIND_CASE: _tr("&Find case"),
        Action.NEXT_UNSTAGED: _tr("&Next unstaged case"),
        Action.STAGE_1: _tr("Stage &1"),
        Action.STAGE_2: _tr("Stage &2"),
        Action.STAGE_3: _tr("Stage &3"),
        Action.STAGE_4: _tr("Stage &4"),
        Action.STAGE_5: _tr("Stage &5"),
        Action.CONFIDENCE: _tr("Change con&fidence"),
        Action.AMBIGUOUS: _tr("&Ambiguous"),
        Action.REMARK: _tr("Write a re&mark"),
        Action.EXCLUDE_CASE: _tr("E&xclude case…"),
        Action.CASE_HISTORY: _tr("Histor&y of this case…"),
        Action.CONSENSUS_RULE: _tr("How readings become &labels…"),
        Action.SELECT_LISTED: _tr("Select all &listed cases"),
        Action.SELECT_LAST_IMPORT: _tr("Select cases of the last &import"),
        Action.EXCLUDE_SELECTED: _tr("E&xclude…"),
        Action.INCLUDE_SELECTED: _tr("Take in &again"),
        Action.PREDICT_SELECTED: _tr("&Predict"),
        Action.EXPORT_SELECTED: _tr("Exp&ort…"),
        Action.ADJUDICATE: _tr("Ad&judicate…"),
        Action.BLINDED: _tr("&Blinded reading"),
        Action.REVEAL: _tr("Re&veal other readings"),
        Action.EVALUATOR: _tr("&Evaluator…"),
        Action.RETRAIN_ALL: _tr("&Retrain all"),
        Action.CROSS_VALIDATION: _tr("Cross-&validation …"),
        Action.CANCEL_JOB: _tr("&Cancel training"),
        Action.STARTING_WEIGHTS: _tr("Starting &weights…"),
        Action.LEAKS: _tr("Cases &alike in different folds…"),
        Action.TRAINING_PANEL: _tr("Training &panel"),
        Action.PREDICT: _tr("&Predict stage"),
        Action.CONFIRM_PREDICTION: _tr("&Confirm prediction"),
        Action.TOGGLE_HEATMAP: _tr("&Heatmap on or off"),
        Action.SIDE_BY_SIDE: _tr("Networks &side by side…"),
        Action.TEACHING_CASES: _tr("Cases that would &teach most…"),
        Action.CASE_REPORT: _tr("&Report of this case…"),
        Action.PREDICT_FOLDER: _tr("Predict a &folder…"),
        Action.EXPORT_NETWORK: _tr("E&xport network…"),
        Action.IMPORT_NETWORK: _tr("&Import network…"),
        Action.ATLAS: _tr("&Reference atlas"),
        Action.SHORTCUTS: _tr("&Keyboard shortcuts"),
        Action.ABOUT: _tr("&About SOS Studio"),
    }


def plain(title: str) -> str:
    """A menu text without mnemonic and dots."""
    return title.replace("&", "").rstrip("…")


def change_words(label: str, case: str) -> str:
    """What Undo and Redo name, with the case where it need not be the one in front."""
    return _tr("{change} of {case}").format(change=change_title(label), case=case) if case else change_title(label)


def change_title(label: str) -> str:
    """What Undo and Redo name."""
    return {
        "turn": _tr("turn"),
        "scroll": _tr("move plane"),
        "orientation": _tr("orientation"),
        "reset": _tr("reset orientation"),
        "window": _tr("grey-value window"),
        "measurement": _tr("measurement"),
        "compare": _tr("switch of orientation"),
        "capture": _tr("capture"),
        "frame": _tr("frame"),
        "roi": _tr("frame"),
        "reading": _tr("reading"),
        "exclusion": _tr("exclusion"),
        "exclusions": _tr("exclusion of several cases"),
    }.get(label, label)


def busy_title(what: str) -> str:
    """What is being waited for."""
    return {
        "open_scan": _tr("Opening scan"),
        "open_project": _tr("Opening project"),
        "capture": _tr("Capturing"),
        "import": _tr("Importing full images"),
        "restore": _tr("Restoring a backup"),
        "check": _tr("Checking the project"),
        "repair": _tr("Repairing the project"),
        "backup": _tr("Backing up the project"),
        "export": _tr("Exporting dataset"),
        "predict": _tr("Predicting"),
        "batch": _tr("Predicting a folder"),
        "report": _tr("Writing the report"),
        "teaching": _tr("Looking for cases that teach"),
    }.get(what, what)


# Painted with every frame of a drag: only the one that is asked for is translated.
_PLANES = {
    "axial": QT_TRANSLATE_NOOP("Words", "Axial"),
    "coronal": QT_TRANSLATE_NOOP("Words", "Coronal"),
    "sagittal": QT_TRANSLATE_NOOP("Words", "Sagittal"),
    "volume": QT_TRANSLATE_NOOP("Words", "Volume"),
    "roll": QT_TRANSLATE_NOOP("Words", "Roll"),
    "yaw": QT_TRANSLATE_NOOP("Words", "Yaw"),
    "pitch": QT_TRANSLATE_NOOP("Words", "Pitch"),
    "window": QT_TRANSLATE_NOOP("Words", "Window"),
}


def plane_title(name: str) -> str:
    """Planes and angles by their code."""
    title = _PLANES.get(name)
    return name if title is None else _tr(str(title))


def angle_text(degrees: float) -> str:
    """An angle as it is shown beside the pointer: signed, a tenth of a degree, a real minus."""
    return f"{degrees:+.1f}°".replace("-", "−") if round(degrees, 1) else "0.0°"


def place_text(lps_mm: tuple[float, float, float]) -> str:
    """A place in the patient by the side it lies on: ``R 108.4 · A 12.0 · S 3.1 mm``."""
    parts = []
    for value, positive, negative in zip(lps_mm, "LPS", "RAI", strict=True):
        shown = round(value, 1)
        parts.append(f"{negative if shown < 0 else positive} {abs(shown):.1f}")
    return " · ".join(parts) + " mm"


def mm_text(mm: float, *, signed: bool = False) -> str:
    """A length or coordinate in millimetres."""
    text = f"{mm:+.1f} mm" if signed else f"{mm:.1f} mm"
    return text.replace("-", "−")
