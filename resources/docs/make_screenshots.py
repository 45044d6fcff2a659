"""Make the README's pictures from the running app: the seven steps in the real window, and scans that it refuses, driven by mouse and keys.

Run from the project's root: ``python resources/docs/make_screenshots.py --project DIR [--out DIR] [--looks all]``. DIR is a project of
``sos-studio demo`` in which the networks have been trained; it is copied, never written to. Looks best under an X server
(``xvfb-run -s "-screen 0 1920x1080x24"``); without a display it is drawn offscreen.

The README shows the dark theme at 1366 x 768. All looks are dark and light at 1366 x 768 and 1920 x 1080, and high contrast; the others
are kept as JPEG in folders of their own.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from photography import settle, wait, with_dialog
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QImageWriter, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from spoiled_scans import cut_off, reports_only, without_a_slice

from sos_studio.core.geometry import Orientation, Plane
from sos_studio.core.job_state import JobStatus
from sos_studio.core.settings import DATA_DIR_VARIABLE, Settings
from sos_studio.presenters.session import Session
from sos_studio.services import scans
from sos_studio.ui import app as studio
from sos_studio.ui import theme
from sos_studio.ui.atlas import AtlasDialog
from sos_studio.ui.background import PoolBackground
from sos_studio.ui.cheat_sheet import CheatSheet
from sos_studio.ui.main_window import MainWindow
from sos_studio.ui.refusal_dialog import RefusalDialog
from sos_studio.ui.series_picker import SeriesPickerDialog

log = logging.getLogger("make_screenshots")

HERE = Path(__file__).resolve().parent
JPEG_QUALITY = 84
EVALUATOR = "Dr A"
TURN_DEG = 4.0
NO_KEYS = Qt.KeyboardModifier.NoModifier
LEFT = Qt.MouseButton.LeftButton


@dataclass(frozen=True)
class Look:
    """A theme and a size of the window."""

    theme: theme.Choice
    size: tuple[int, int]

    @property
    def name(self) -> str:
        """Its folder."""
        return f"{self.theme}-{self.size[0]}x{self.size[1]}"


README_LOOK = Look("dark", (1366, 768))
LOOKS = (README_LOOK, Look("dark", (1920, 1080)), Look("light", (1366, 768)), Look("light", (1920, 1080)), Look("contrast", (1366, 768)))


class Photographer:
    """Drives one window and keeps its pictures.

    Parameters
    ----------
    window
        Shown, with nothing open.
    project
        A copy that may be written to.
    out
        Where the pictures go.
    look
        How the window looks; the README's pictures are PNG, all others JPEG.
    """

    def __init__(self, window: MainWindow, project: Path, out: Path, look: Look) -> None:
        self.look = look
        self.window = window
        self.session = window.session
        self.project = project
        self.out = out
        self.truth: dict[str, Any] = json.loads((project / "phantom-truth.json").read_text(encoding="utf-8"))

    def open(self) -> None:
        """1: a folder with two series asks which; then that of the most interesting stage is opened."""
        window, session = self.window, self.session
        window.opener.open_path(self.project)
        wait(lambda: session.project is not None and bool(window.cases.rows))
        folder = self.project.parent / "from-the-scanner"
        scans_here = sorted((self.project / "scans").iterdir(), key=lambda path: (abs(self.truth[path.name]["stage"] - 3), path.name))
        for path in scans_here[:2]:
            shutil.copytree(path, folder / path.name)
        wanted = scans.list_series(scans_here[0])[0].uid
        window.opener.open_path(folder)
        wait(lambda: window.findChild(SeriesPickerDialog) is not None)
        dialog = window.findChild(SeriesPickerDialog)
        assert isinstance(dialog, SeriesPickerDialog)
        if dialog.uid != wanted:
            QTest.keyClick(dialog.list, Qt.Key.Key_Down)
        settle(window)
        self._keep("1-open", with_dialog(window.grab(), dialog, self.look.theme))
        QTest.keyClick(dialog, Qt.Key.Key_Return)
        wait(lambda: session.scan is not None and session.case_id is not None)
        self._take_keys()

    def refusals(self) -> None:
        """Three scans that are refused, each with its reason and its files: a slice is missing, a file was cut off, there is no image."""
        scan = next(path for path in sorted((self.project / "scans").iterdir()) if len(list(path.iterdir())) > 20)
        for name, spoil in (("missing-slice", without_a_slice), ("cut-off", cut_off), ("no-image", reports_only)):
            folder = self.project.parent / name
            spoil(scan, folder)
            self._refuse(folder, f"refused-{name}")

    def _refuse(self, folder: Path, name: str) -> None:
        window = self.window
        window.messages.dismiss()
        window.opener.open_path(folder)
        more = window.messages.findChild(QPushButton)
        assert isinstance(more, QPushButton)
        wait(more.isVisible)
        QTest.mouseClick(more, LEFT)
        wait(lambda: window.findChild(RefusalDialog) is not None)
        dialog = window.findChild(RefusalDialog)
        assert isinstance(dialog, RefusalDialog)
        settle(window)
        self._keep(name, with_dialog(window.grab(), dialog, self.look.theme))
        dialog.reject()
        wait(lambda: window.findChild(RefusalDialog) is None)
        window.messages.dismiss()
        self._take_keys()

    def orient(self) -> None:
        """2: the head as the truth has it, the last degrees of roll with the mouse, which is still held."""
        truth = self._truth()["orientation"]
        presenter, pane = self.window.orient.presenter, self.window.orient.slices[Plane.CORONAL]
        true = Orientation(tuple(truth["center_lps_mm"]), *(truth[f"{angle}_deg"] for angle in ("roll", "yaw", "pitch")))
        self.session.set_orientation(true.turned_about(Plane.CORONAL, -TURN_DEG))
        skull = self.window.orient.volume.presenter
        wait(lambda: skull.picture is not None and not skull.picture.coarse)
        settle(self.window)
        geometry = pane.geometry_now()
        assert geometry is not None
        centre = QPointF(*geometry.centre)
        # Of the handles in the pane, the one on the right: there the angle beside the pointer hides nothing.
        handle = max((QPointF(*at) for line in geometry.lines for at in line.handles), key=QPointF.x)
        QTest.mousePress(pane, LEFT, NO_KEYS, handle.toPoint())
        for turn in (TURN_DEG, -TURN_DEG):
            for step in range(1, 9):
                QTest.mouseMove(pane, (centre + turned(handle - centre, turn * step / 8)).toPoint())
            if abs(self.session.orientation.roll_deg - true.roll_deg) < TURN_DEG:
                break
        settle(self.window)
        self._keep("2-orient")
        QTest.mouseRelease(pane, LEFT, NO_KEYS, handle.toPoint())
        presenter.set_angle("roll", true.roll_deg)
        presenter.set_angle("yaw", true.yaw_deg)
        presenter.set_angle("pitch", true.pitch_deg)
        settle(self.window)

    def capture(self) -> None:
        """3: the midsagittal slice as a full image."""
        session, earlier = self.session, self.session.capture
        QTest.keyClick(self.window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        if earlier is not None:
            # Readings were made on the present capture: the window asks first.
            settle(self.window)
            QTest.keyClick(self.window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        wait(lambda: session.capture is not None and session.capture is not earlier)
        self._dismiss_message()
        self._keep("3-capture")

    def crop(self) -> None:
        """4: two clicks on the true ends of the synchondrosis."""
        session, view, capture = self.session, self.window.crop.view, self.session.capture
        assert capture is not None
        assert capture.record.lps_from_uv is not None
        uv_from_lps = np.linalg.inv(np.array(capture.record.lps_from_uv))
        for end in ("endocranial_lps_mm", "ectocranial_lps_mm"):
            u, v, *_ = uv_from_lps @ [*self._truth()[end], 1.0]
            QTest.mouseClick(view, LEFT, NO_KEYS, view.viewport.to_widget((u, v)).toPoint())
        wait(lambda: session.roi_n is not None)
        self._dismiss_message()
        self._keep("4-crop")

    def stage(self) -> None:
        """5: one key, saved."""
        window = self.window
        QTest.keyClick(window, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
        settle(window)
        QTest.keyClick(window.stage.crop_view, Qt.Key(Qt.Key.Key_0 + self._truth()["stage"]))
        wait(lambda: window.stage.presenter.state.phase == "saved")
        self._dismiss_message()
        self._keep("5-stage")

    def atlas(self) -> None:
        """9: the reference atlas beside the case that is being staged."""
        window = self.window
        QTest.keyClick(window, Qt.Key.Key_L)
        wait(lambda: window.findChild(AtlasDialog) is not None)
        dialog = window.findChild(AtlasDialog)
        assert isinstance(dialog, AtlasDialog)
        dialog.activateWindow()
        wait(dialog.isActiveWindow)
        QTest.keyClick(dialog, Qt.Key(Qt.Key.Key_0 + self._truth()["stage"]))
        settle(dialog)
        self._keep("9-atlas", with_dialog(window.grab(), dialog, self.look.theme))
        dialog.close()
        self._take_keys()

    def train(self) -> None:
        """6: the training that made the project's networks, with its curves."""
        dock = self.window.training_dock
        job = dock.presenter.state.job
        if job is None or job.state.status is not JobStatus.SUCCEEDED:
            raise SystemExit("Nothing has been trained in this project yet: run `sos-studio train all --project DIR` first.")
        self.window.show_step("stage")
        dock.show()
        self._keep("6-train")
        dock.hide()

    def predict(self) -> None:
        """7: the student on a case that it was not trained on."""
        window, session, presenter = self.window, self.session, self.window.predict.presenter
        case_id = self._unseen_case()
        cases = window.cases_dock.list
        index = window.cases_dock.model.index(window.cases_dock.model.row_of(case_id))
        cases.scrollTo(index)
        QTest.mouseClick(cases.viewport(), LEFT, NO_KEYS, cases.visualRect(index).center())
        wait(lambda: session.case_id == case_id and session.capture is not None)
        QTest.keyClick(window, Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
        wait(lambda: presenter.state.phase == "ready")
        heat: list[object] = []
        presenter.heat_changed.connect(heat.append)
        QTest.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
        wait(lambda: presenter.state.phase == "failed" or (bool(heat) and heat[-1] is not None))
        if presenter.state.shown is None:
            raise SystemExit(f"The prediction failed: {presenter.state.problem}")
        self._keep("7-predict")

    def keys(self) -> None:
        """8: the cheat sheet."""
        window = self.window
        QTest.keyClick(window, Qt.Key.Key_F1)
        wait(lambda: window.findChild(CheatSheet) is not None)
        sheet = window.findChild(CheatSheet)
        assert isinstance(sheet, CheatSheet)
        # On this window's screen, which may be another one than that of the pictures.
        sheet.resize(min(sheet.width(), window.width() - 80), min(sheet.height(), window.height() - 70))
        settle(window)
        self._keep("8-keys", with_dialog(window.grab(), sheet, self.look.theme))
        sheet.reject()

    def _take_keys(self) -> None:
        """Without a window manager nobody gives the keys back when a dialog closes."""
        self.window.activateWindow()
        wait(self.window.isActiveWindow)

    def _unseen_case(self) -> str:
        """A held-out case of a stage in the middle, as the newest manifest has it: the first one, whatever the student says of it."""
        manifest = json.loads(max((self.project / "manifests").glob("*.json")).read_text(encoding="utf-8"))
        unseen = [entry for entry in manifest["entries"] if entry["fold"] == manifest["held_out_fold"]]
        return str(min(unseen, key=lambda entry: (abs((entry["stage"] or 9) - 3), entry["case_id"]))["case_id"])

    def _truth(self) -> dict[str, Any]:
        truth: dict[str, Any] = self.truth[str(self.session.case_id)]
        return truth

    def _dismiss_message(self) -> None:
        settle(self.window)
        self.window.messages.dismiss()

    def _keep(self, name: str, picture: QPixmap | None = None) -> None:
        settle(self.window)
        image = (picture if picture is not None else self.window.grab()).toImage().convertToFormat(QImage.Format.Format_RGB888)
        form = "png" if self.look == README_LOOK else "jpg"
        path = self.out / f"{name}.{form}"
        writer = QImageWriter(str(path), form.encode())
        if form == "png":
            writer.setCompression(100)
        else:
            writer.setQuality(JPEG_QUALITY)
        if not writer.write(image):
            raise SystemExit(f"{path.name} could not be written: {writer.errorString()}")
        log.info("%s: %d kB", path.name, path.stat().st_size // 1000)


def turned(vector: QPointF, degrees: float) -> QPointF:
    """A vector of the screen, turned clockwise."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return QPointF(c * vector.x() - s * vector.y(), s * vector.x() + c * vector.y())


# In this order: most of them go on where the one before ended.
PICTURES = ("open", "refusals", "orient", "capture", "crop", "stage", "atlas", "train", "predict", "keys")


def make(project: Path, out: Path, pictures: Sequence[str] = PICTURES, look: Look = README_LOOK) -> None:
    """Make pictures of a copy of the project."""
    app = studio.application()
    theme.apply(app, look.theme)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ[DATA_DIR_VARIABLE] = str(Path(folder) / "user")
        copy = Path(shutil.copytree(project, Path(folder) / "demo", ignore=shutil.ignore_patterns("project.lock", "backups")))
        background = PoolBackground()
        window = MainWindow(Session(background, Settings(evaluator=EVALUATOR, theme=look.theme, from_scratch_told=True)))
        window.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        window.setWindowState(Qt.WindowState.WindowNoState)
        window.setFixedSize(*look.size)
        window.show()
        photographer = Photographer(window, copy, out, look)
        try:
            for name in pictures:
                getattr(photographer, name)()
        finally:
            window.predict.presenter.close()
            window.close()
            background.close()


def main() -> None:
    """Read the arguments and go."""
    parser = argparse.ArgumentParser(description="Make the README's pictures from the running app.")
    parser.add_argument("--project", type=Path, required=True, help="a demo project with trained networks; it is copied, not changed")
    parser.add_argument("--out", type=Path, default=HERE / "screenshots")
    parser.add_argument("--only", nargs="+", choices=PICTURES, default=PICTURES, help="of these, in this order; `open` comes first")
    parser.add_argument("--looks", choices=("readme", "all", *(look.name for look in LOOKS)), default="readme", help="theme and size")
    arguments = parser.parse_args()
    if not (arguments.project / "phantom-truth.json").is_file():
        parser.error("--project must be a folder made by `sos-studio demo`")
    if sys.platform.startswith("linux") and not ({"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ)):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    log.setLevel(logging.INFO)
    for look in LOOKS:
        if look == README_LOOK and arguments.looks in ("readme", "all"):
            make(arguments.project, arguments.out, arguments.only, look)
        elif arguments.looks in ("all", look.name):
            # Refusals look alike everywhere: once is enough.
            make(arguments.project, arguments.out / look.name, [name for name in arguments.only if name != "refusals"], look)


if __name__ == "__main__":
    main()
