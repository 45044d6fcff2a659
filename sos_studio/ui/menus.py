"""What stands in which menu."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QDockWidget, QMenu, QMenuBar

from sos_studio.core.actions import Action
from sos_studio.presenters.session import Session
from sos_studio.ui.keymap import Keymap


def _tr(text: str) -> str:
    return QCoreApplication.translate("Menus", text)


VIEW: tuple[Action | None, ...] = (
    Action.STEP_ORIENT,
    Action.STEP_CROP,
    Action.STEP_STAGE,
    Action.STEP_PREDICT,
    None,
    Action.FIT,
    Action.ENLARGE_PANE,
    Action.FACE_LEFT,
    None,
    Action.THEME_SYSTEM,
    Action.THEME_DARK,
    Action.THEME_LIGHT,
    None,
)
CASE: tuple[Action | None, ...] = (
    Action.NEXT_UNSTAGED,
    Action.OPEN_CASE_SCAN,
    None,
    Action.CAPTURE,
    Action.RESET_ORIENTATION,
    Action.CROP_AGAIN,
    None,
    Action.STAGE_1,
    Action.STAGE_2,
    Action.STAGE_3,
    Action.STAGE_4,
    Action.STAGE_5,
    Action.CONFIDENCE,
    Action.AMBIGUOUS,
    Action.REMARK,
    None,
    Action.EVALUATOR,
)


def fill_menu_bar(bar: QMenuBar, keys: Keymap, session: Session, open_path: Callable[[Path], None], docks: tuple[QDockWidget, ...]) -> None:
    """Make all menus."""
    file = bar.addMenu(_tr("&File"))
    keys.fill(file, (Action.OPEN_SCAN, Action.OPEN_SCAN_FILE, None, Action.NEW_PROJECT, Action.OPEN_PROJECT))
    recent = file.addMenu(_tr("Open &recent"))
    recent.aboutToShow.connect(lambda: _fill_recent(recent, session, open_path))
    keys.fill(file, (None, Action.IMPORT_IMAGES, Action.EXPORT_DATASET, None, Action.QUIT))
    keys.fill(bar.addMenu(_tr("&Edit")), (Action.UNDO, Action.REDO))
    view = bar.addMenu(_tr("&View"))
    keys.fill(view, VIEW)
    for dock in docks:
        view.addAction(dock.toggleViewAction())
    keys.fill(bar.addMenu(_tr("&Case")), CASE)
    train = (Action.RETRAIN_ALL, Action.CANCEL_JOB, None, Action.TRAINING_PANEL, Action.STARTING_WEIGHTS)
    keys.fill(bar.addMenu(_tr("&Train")), train)
    keys.fill(bar.addMenu(_tr("&Predict")), (Action.PREDICT, Action.CONFIRM_PREDICTION, None, Action.TOGGLE_HEATMAP))
    keys.fill(bar.addMenu(_tr("&Help")), (Action.SHORTCUTS, Action.ABOUT))
    for menu in bar.findChildren(QMenu):
        menu.aboutToShow.connect(keys.refresh)


def _fill_recent(menu: QMenu, session: Session, open_path: Callable[[Path], None]) -> None:
    menu.clear()
    there = [Path(path) for path in session.settings.recent if Path(path).exists()]
    for path in there:
        # An ampersand in a folder's name is not a mnemonic.
        menu.addAction(f"{path.name} — {path.parent}".replace("&", "&&")).triggered.connect(lambda _=False, chosen=path: open_path(chosen))
    if not there:
        menu.addAction(_tr("Nothing was opened yet")).setEnabled(False)
