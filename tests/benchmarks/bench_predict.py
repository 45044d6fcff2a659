"""From the key to stage and heatmap on the screen: the real window, a warm worker, ConvNeXt-Tiny, no GPU.

``python -m tests.benchmarks.bench_predict [--cases N] [--write]`` (offscreen unless ``QT_QPA_PLATFORM`` says otherwise); ``--write`` puts
the table into `resources/docs/results/performance.md`. The goals are 150 ms at 224 px and 500 ms at 384 px on two cores. Weights are drawn
at random, which costs what trained ones cost. The processor time of both processes is told too: on a busy machine it is the figure that
means something. "First" is the first question since the project was opened, some seconds before.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command does, see `sos_studio.core.calm`

import numpy as np
import psutil
from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from sos_studio.core.settings import DATA_DIR_VARIABLE, Settings
from sos_studio.dataset import captures, cases
from sos_studio.dataset.project import Project
from sos_studio.imaging import images
from sos_studio.presenters.session import Session
from sos_studio.services import serve_process
from sos_studio.ui import theme
from sos_studio.ui.background import PoolBackground
from sos_studio.ui.main_window import MainWindow
from tests.benchmarks import report
from tests.dataset.builders import record

GOALS_MS = {224: 150.0, 384: 500.0}
FULL_IMAGE_VU = (760, 900)
# What the window takes to start the worker, to import its libraries and to load the network while nobody waits.
SETTLE_S, LOOK_S = 15.0, 1.0

# In a process of its own: this one has no torch, as the application has none.
_MAKE = """
import sys, torch
from pathlib import Path
from sos_studio.core.predictions import ModelCard
from trainer import model_store
from trainer.familiarity import fit_familiarity
from trainer.networks import build
import numpy as np
folder, side = Path(sys.argv[1]), int(sys.argv[2])
torch.manual_seed(0)
network = build("convnext_tiny").eval()
with torch.no_grad(), network.described() as seen:
    network(torch.randn(12, 1, 64, 64))
features = torch.cat(seen, dim=1).numpy()
known = fit_familiarity(features, features)
card = ModelCard(model_id=f"student-{side}", kind="student", network="convnext_tiny", input_shape_hw=(side, side), manifest_id="m",
    phantom=True, from_scratch=True, created_utc="2026-11-20T10:00:00+00:00", software="bench",
    stage_set={"coverage": 0.9, "at_most": 0.8, "n": 20}, familiarity=known.figures())
beside = {model_store.FAMILIARITY + name: torch.from_numpy(np.asarray(value)) for name, value in known.tensors().items()}
model_store.save(folder, card, {**network.state_dict(), **beside})
"""


def prepare(folder: Path, side: int, count: int) -> Path:
    """A project of captured cases and one student."""
    draw = np.random.default_rng(0)
    with Project.create(folder / f"project-{side}") as project:
        for _ in range(count):
            case_id = cases.add_case(project)
            picture = images.encode_png(draw.integers(0, 255, FULL_IMAGE_VU, dtype=np.uint8))
            captures.add_capture(
                project, case_id, record_for=lambda i, c=case_id: record(c, i, shape_vu=FULL_IMAGE_VU), full_png=picture, full16_png=None
            )
        subprocess.run([sys.executable, "-c", _MAKE, str(project.directory), str(side)], check=True)
        return project.directory


class Painted(QObject):
    """When stage and heatmap were painted."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self.at = 0.0
        self._view, self._presenter = window.predict.view, window.predict.presenter
        self._view.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Note the end of a paint event: it is painted after the filter, in the same breath."""
        if event.type() != QEvent.Type.Paint:
            return False
        watched.removeEventFilter(self)
        QApplication.sendEvent(watched, event)
        watched.installEventFilter(self)
        if self._presenter.state.phase == "shown" and self._view._heat is not None and not self.at:
            self.at = time.perf_counter()
        return True


class Answers:
    """How long the worker takes to answer, of all that."""

    def __init__(self) -> None:
        self.ms: list[float] = []
        ask, ms = serve_process.ServeProcess.ask, self.ms

        def timed(serve: serve_process.ServeProcess, *args: object, **fields: object) -> object:
            begin = time.perf_counter()
            try:
                return ask(serve, *args, **fields)  # type: ignore[arg-type]
            finally:
                ms.append(1000 * (time.perf_counter() - begin))

        serve_process.ServeProcess.ask = timed  # type: ignore[method-assign, assignment]


def wait(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Let the window work until it holds, in an event loop like its own: polling one would take a core from the worker."""
    loop, look, end = QEventLoop(), QTimer(), time.perf_counter() + seconds
    look.timeout.connect(lambda: loop.quit() if condition() or time.perf_counter() > end else None)
    look.start(20)
    loop.exec()
    look.stop()
    if not condition():
        raise TimeoutError


def rest(seconds: float) -> None:
    end = time.perf_counter() + seconds
    wait(lambda: time.perf_counter() >= end, seconds + 5)


def ask_all(window: MainWindow, answers: Answers) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds from the key to the screen for each case, of it the worker's answer, and processor time of all processes."""
    shown_ms, answer_ms, spent_ms = [], [], []
    for row in list(window.cases.everything):
        window.cases.open_case(row.case_id)
        wait(lambda row=row: window.session.case_id == row.case_id and window.session.capture is not None)
        rest(LOOK_S)
        assert window.predict.presenter.state.phase == "ready"
        painted, before = Painted(window), _processor_s()
        begin = time.perf_counter()
        QTest.keyClick(window.windowHandle(), Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
        wait(lambda seen=painted: seen.at > 0)
        shown_ms.append(1000 * (painted.at - begin))
        answer_ms.append(answers.ms[-1])
        spent_ms.append(1000 * (_processor_s() - before))
        window.predict.view.removeEventFilter(painted)
    return shown_ms, answer_ms, spent_ms


def _processor_s() -> float:
    """Of this process and its worker."""
    here = psutil.Process()
    return sum(sum(process.cpu_times()[:2]) for process in (here, *here.children()))


def measure(side: int, count: int, scratch: Path) -> list[str]:
    """A row of the report: the median first."""
    folder = prepare(scratch, side, count + 1)
    background = PoolBackground()
    window = MainWindow(Session(background, Settings(evaluator="Dr Bench")))
    window.resize(1366, 768)
    window.show()
    window.opener.open_path(folder)
    wait(lambda: len(window.cases.everything) == count + 1 and window.predict.presenter.state.chosen is not None)
    window.show_step("predict")
    rest(SETTLE_S)
    shown_ms, answer_ms, spent_ms = ask_all(window, Answers())
    window.close()
    background.close()
    first, *others = shown_ms
    figures = (statistics.median(others), float(np.percentile(others, 95)), statistics.median(answer_ms[1:]), first)
    spent = statistics.mean(spent_ms[1:])
    return [*(f"{value:.0f}" for value in figures), f"{spent:.0f}", f"{GOALS_MS[side]:.0f}"]


def main() -> int:
    """Print the figures, write them into the results, and fail beyond a goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    lines = [
        "| input | key → screen, median ms | p95 | of it the worker's answer | first | processor ms | goal |",
        "|---|---|---|---|---|---|---|",
    ]
    met = True
    with tempfile.TemporaryDirectory() as scratch:
        os.environ[DATA_DIR_VARIABLE] = str(Path(scratch) / "data")
        app = QApplication.instance() or QApplication([])
        theme.apply(app, "dark")
        for side, goal in GOALS_MS.items():
            cells = measure(side, given.cases, Path(scratch))
            met = met and float(cells[0]) <= goal
            lines.append(f"| {side} px | " + " | ".join(cells) + " |")
    note = report.circumstances(given.cases, f"{QApplication.platformName()}, {report.commit()}")
    sys.stdout.write("\n".join((*lines, "", note)) + "\n")
    if given.write:
        report.write("predict", lines, note)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
