"""The whole window with something open in every step, and every dialog: for tests that walk all of it."""

from __future__ import annotations

import atexit
import importlib
import pkgutil
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

import sos_studio.ui
from sos_studio.core.actions import Action
from sos_studio.core.consensus import MAJORITY
from sos_studio.core.roi import Roi
from sos_studio.core.scans import Problem, SeriesInfo
from sos_studio.dataset.imports import ImportReport
from sos_studio.dataset.label_table import RowFault
from sos_studio.dataset.near_duplicates import NearPair
from sos_studio.dataset.project import Project
from sos_studio.imaging import images
from sos_studio.messages import message
from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.scan_loading import Refusal
from sos_studio.presenters.series_picker import SeriesPicker
from sos_studio.services import presets
from sos_studio.services.scans import OpenedScan
from sos_studio.ui.consensus_dialog import ConsensusDialog
from sos_studio.ui.crossval_dialog import CrossvalDialog
from sos_studio.ui.job_dialogs import DeleteJobDialog, RenameJobDialog
from sos_studio.ui.main_window import MainWindow
from sos_studio.ui.predicted_dialog import PredictedDialog
from sos_studio.ui.report_dialog import ReportDialog
from sos_studio.ui.side_by_side import SideBySideDialog
from sos_studio.ui.teaching_dialog import TeachingDialog
from tests.presenters.kit import open_case

HEAD = SeriesInfo("head", "CT", True, (400, 512, 480), (0.4, 0.5, 0.5))
SCOUT = SeriesInfo("scout", "CT", False, (2, 512, 512), problems=(Problem("scan.too_few_slices", "error", {"slices": 2, "fewest": 3}),))
STEPS = ("orient", "crop", "stage", "predict")


SOME_REPORT = ImportReport(
    *((), (), 0, (), (RowFault(3, "a.png", "import.image_not_found"),), ()), near=(NearPair("case-0001", "case-0002", 7, True),)
)


class Reader:
    series = (HEAD, HEAD, SCOUT)

    def thumbnail(self, uid: str) -> np.ndarray:
        return np.full((30, 40), 99, np.uint8)

    def folder(self, uid: str) -> str:
        return f"disc/{uid}"

    def close(self) -> None:
        """Nothing is held."""


def open_all(window: MainWindow, project: Project, scan: OpenedScan, qtbot: QtBot) -> None:
    """A project, a case with its scan, full image and frame, and a message."""
    session = window.session
    session.set_project(project)
    open_case(session, "case-0001")
    session.set_scan(scan)
    session.set_roi(Roi(center_uv=(200.0, 150.0), angle_deg=20.0, width_px=120.0, height_px=60.0))
    qtbot.waitUntil(lambda: bool(window.cases.rows))
    session.tell("window.no_project", "warning")
    window.training_dock.show()
    # The first skull may have to be compiled.
    qtbot.waitUntil(lambda: window.orient.volume.presenter.picture is not None, timeout=60_000)


def surfaces(window: MainWindow, qtbot: QtBot) -> Iterator[tuple[str, QWidget]]:
    """The window at each step, then each dialog while it is open."""
    for step in STEPS:
        window.show_step(step)
        qtbot.wait(30)
        yield step, window
    yield from dialogs(window, qtbot)


def dialogs(window: MainWindow, qtbot: QtBot) -> Iterator[tuple[str, QDialog]]:
    """Every dialog of the program, one after another."""
    openers = [
        *(
            (lambda wanted=action: window.keymap.trigger(wanted))
            for action in Action
            if action.value
            in {
                "case.adjudicate",
                "case.evaluator",
                "case.exclude",
                "edit.shortcuts",
                "file.export_dataset",
                "file.history",
                "file.look_after",
                "file.patient_data",
                "help.about",
                "predict.folder",
                "help.atlas",
                "help.shortcuts",
                "train.leaks",
                "train.weights",
            }
        ),
        lambda: TeachingDialog(window.session, window.predict.presenter, window).open(),
        lambda: ReportDialog(window).open(),
        lambda: SideBySideDialog(window.session, window.predict.presenter, window).open(),
        lambda: PredictedDialog(window.session, window.selected_cases.presenter, window).open(),
        lambda: CrossvalDialog(presets.settings("quick"), "quick", window).open(),
        lambda: RenameJobDialog("", window).open(),
        lambda: DeleteJobDialog("2026-11-20 10:00, all three networks", 3, in_use=False, parent=window).open(),
        lambda: DeleteJobDialog("2026-11-20 10:00, all three networks", 1, in_use=True, parent=window).open(),
        lambda: ConsensusDialog(MAJORITY, ("Ada", "Ben"), window).open(),
        lambda: window.files.choose_series(SeriesPicker(ImmediateBackground(), Reader(), lambda *_: None)),
        lambda: window.files.show_refusal(
            Refusal(message("scan.too_few_slices", {"slices": 2, "fewest": 3}), (SCOUT,), {"scout": ("IM1",)})
        ),
        lambda: window.files.imports.prepare(some_to_import()),
        lambda: window.files.imports.show_report(SOME_REPORT),
        lambda: window.files.offer_to_take_over(Path("somewhere"), message("window.no_project")),
    ]
    for opener in openers:
        opener()
        qtbot.wait(20)
        for dialog in open_dialogs():
            yield type(dialog).__name__, dialog
            dialog.reject()
        qtbot.wait(1)


def some_to_import() -> list[Path]:
    """A picture and a table with a row to mend."""
    folder = Path(tempfile.mkdtemp(prefix="sos-studio-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    images.write_png(folder / "a.png", np.random.default_rng(0).integers(0, 99, (80, 100), dtype=np.uint8))
    (folder / "t.csv").write_text("image;stage;patient;remark\na.png;2;4711;thin\nb.png;7;;\n")
    return [folder / "a.png", folder / "t.csv"]


def open_dialogs() -> list[QDialog]:
    """Dialogs on the screen that are ours to lay out."""
    shown = QApplication.topLevelWidgets()
    return [dialog for dialog in shown if isinstance(dialog, QDialog) and dialog.isVisible() and not isinstance(dialog, QFileDialog)]


def dialog_classes() -> set[str]:
    """Names of all dialogs that the program has."""
    for found in pkgutil.iter_modules(sos_studio.ui.__path__):
        importlib.import_module(f"sos_studio.ui.{found.name}")
    return {kind.__name__ for kind in _subclasses(QDialog) if kind.__module__.startswith("sos_studio.ui")}


def _subclasses(kind: type) -> Iterator[type]:
    for sub in kind.__subclasses__():
        yield sub
        yield from _subclasses(sub)
