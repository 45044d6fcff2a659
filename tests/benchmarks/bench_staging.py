"""The staging loop with real key events: keys per case, and milliseconds from the key to the next case painted.

Run from the project's root: ``python -m tests.benchmarks.bench_staging [--cases 20] [--pause 1.0] [--write]`` (offscreen unless
``QT_QPA_PLATFORM`` says otherwise). ``--write`` puts the table into `resources/docs/results/performance.md`. Not collected as a test: what
a busy machine measures proves nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from sos_studio.core.roi import Roi
from sos_studio.core.settings import DATA_DIR_VARIABLE, Settings
from sos_studio.dataset import captures, cases
from sos_studio.dataset.project import Project
from sos_studio.imaging import images
from sos_studio.presenters.session import Session
from sos_studio.services import staging
from sos_studio.ui import theme
from sos_studio.ui.background import PoolBackground
from sos_studio.ui.main_window import MainWindow
from tests.benchmarks import report
from tests.dataset.builders import record

SHAPE_VU = (560, 640)  # a capture of a 512³ scan of 0.3 mm


def prepare(folder: Path, count: int) -> Path:
    """A project of captured and cropped cases."""
    rng = np.random.default_rng(1)
    with Project.create(folder / "project") as project:
        for n in range(count):
            case_id = cases.add_case(project)
            picture = images.encode_png(np.clip(90 + rng.normal(0, 25, SHAPE_VU), 0, 255).astype(np.uint8))
            capture_id = captures.add_capture(
                project, case_id, record_for=lambda i, c=case_id: record(c, i, shape_vu=SHAPE_VU), full_png=picture, full16_png=None
            )
            staging.store_roi(project, capture_id, Roi.of((300.0 + n, 260.0), 20.0, 150.0))
        return project.directory


class Painted(QObject):
    """When the crop was painted last."""

    def __init__(self, watched: QObject) -> None:
        super().__init__()
        self.at = 0.0
        watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Note the end of a paint event: it is painted after the filter, in the same breath."""
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QApplication.sendEvent(watched, event)
            watched.installEventFilter(self)
            self.at = time.perf_counter()
            return True
        return False


def wait(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Run the event loop until it holds."""
    end = time.perf_counter() + seconds
    while not condition():
        if time.perf_counter() > end:
            raise TimeoutError
        QApplication.processEvents()
        time.sleep(0.0002)


def stage_all(window: MainWindow, count: int, pause_s: float) -> tuple[list[float], list[float], int]:
    """Milliseconds from N to the next crop painted, from the stage key to "saved", and how many keys were pressed."""
    session, handle = window.session, window.windowHandle()
    painted, keys = Painted(window.stage.crop_view), 0
    next_ms, saved_ms = [], []
    for n in range(count):
        rest = time.perf_counter() + pause_s
        wait(lambda end=rest: time.perf_counter() >= end, pause_s + 5)
        begin = time.perf_counter()
        QTest.keyClick(handle, Qt.Key(Qt.Key.Key_1 + n % 5))
        wait(lambda: window.stage.presenter.state.phase == "saved")
        saved_ms.append(1000 * (time.perf_counter() - begin))
        keys += 1
        if n == count - 1:
            break
        before = session.case_id
        begin = time.perf_counter()
        QTest.keyClick(handle, Qt.Key.Key_N)
        keys += 1
        wait(lambda old=before, start=begin: session.case_id != old and _has_crop(window) and painted.at > start)
        next_ms.append(1000 * (painted.at - begin))
    return next_ms, saved_ms, keys


def _has_crop(window: MainWindow) -> bool:
    return window.stage.crop_view.value_at((0.0, 0.0)) is not None


def main() -> int:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20)
    parser.add_argument("--pause", type=float, default=1.0, help="seconds that the eye takes for a case")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ[DATA_DIR_VARIABLE] = str(Path(scratch) / "data")
        folder = prepare(Path(scratch), given.cases)
        app = QApplication.instance() or QApplication([])
        theme.apply(app, "dark")
        background = PoolBackground()
        window = MainWindow(Session(background, Settings(evaluator="Dr Bench")))
        window.resize(1366, 768)
        window.show()
        window.opener.open_path(folder)
        wait(lambda: len(window.cases.everything) == given.cases)
        window.cases.open_case(window.cases.rows[0].case_id)
        wait(lambda: window.session.roi is not None)
        window.show_step("stage")
        wait(lambda: _has_crop(window))
        next_ms, saved_ms, keys = stage_all(window, given.cases, given.pause)
        window.close()
    lines = table(next_ms, saved_ms)
    made = report.circumstances(1, QApplication.platformName())
    note = f"{keys} key presses for {given.cases} cases, {given.pause:g} s between cases, {made}"
    sys.stdout.write("\n".join((*lines, "", note)) + "\n")
    if given.write:
        report.write("staging", lines, note)
    return 0


def table(next_ms: list[float], saved_ms: list[float]) -> list[str]:
    """What the report shows."""
    lines = ["| | median ms | p95 | worst |", "|---|---|---|---|"]
    for name, values in (("key N → next case's crop painted", next_ms), ("key 1-5 → reading in the database and said so", saved_ms)):
        lines.append(f"| {name} | {np.median(values):.1f} | {np.percentile(values, 95):.1f} | {max(values):.1f} |")
    return lines


if __name__ == "__main__":
    sys.exit(main())
