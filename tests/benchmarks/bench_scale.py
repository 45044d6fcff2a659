"""A project of 10,000 cases and 60,000 readings in the real window: opening, scrolling, search, filters, a reading, memory.

Run from the project's root on a display, with `xdotool` for real wheel turns: ``python -m tests.benchmarks.bench_scale [--cases 10000]
[--readings 60000] [--project DIR] [--write]``. ``--write`` puts the table into `resources/docs/results/performance.md`. Without
`xdotool`, or offscreen, wheel events are sent to the list instead.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import psutil
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from sos_studio.core.settings import DATA_DIR_VARIABLE
from sos_studio.ui.app import open_window
from sos_studio.ui.main_window import MainWindow
from tests.benchmarks import report, scale_project

MB = 1024 * 1024
TURNS = 240
FRAME_MS = 1000 / 60


class TimedApplication(QApplication):
    """Notes how long the GUI thread is taken by each event, slots and painting included, and how much of that it computes."""

    def __init__(self, arguments: list[str]) -> None:
        super().__init__(arguments)
        self.taken_ms: list[float] = []
        self.computed_ms: list[float] = []
        self._depth = 0

    def notify(self, receiver: QObject, event: QEvent) -> bool:
        """Deliver, and time the outermost."""
        self._depth += 1
        begin, computed = time.perf_counter(), time.thread_time()
        try:
            return bool(super().notify(receiver, event))
        finally:
            self._depth -= 1
            if self._depth == 0:
                self.taken_ms.append(1000 * (time.perf_counter() - begin))
                self.computed_ms.append(1000 * (time.thread_time() - computed))

    def forget(self) -> None:
        """Begin to note anew."""
        self.taken_ms.clear()
        self.computed_ms.clear()


def wait(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Run the event loop until it holds."""
    end = time.perf_counter() + seconds
    while not condition():
        if time.perf_counter() > end:
            raise TimeoutError
        QApplication.processEvents()
        time.sleep(0.0002)


def rest(seconds: float) -> None:
    """Run the event loop for a while."""
    end = time.perf_counter() + seconds
    wait(lambda: time.perf_counter() >= end, seconds + 5)


@contextmanager
def timed(into: list[float]) -> Iterator[None]:
    """Milliseconds of a block."""
    begin = time.perf_counter()
    yield
    into.append(1000 * (time.perf_counter() - begin))


class Bench:
    """The window with the project, and what was measured of it."""

    def __init__(self, app: TimedApplication, project: Path, cases: int) -> None:
        self.app = app
        self.cases = cases
        self.window = open_window()
        self.window.session.set_evaluator(scale_project.EVALUATORS[0])
        self.window.resize(1366, 768)
        wait(self.window.isVisible)
        rest(4.0)
        self.found: dict[str, list[float]] = {}
        self.longest: dict[str, tuple[float, float]] = {}
        computing = time.process_time()
        with self._measured("project opened and listed"):
            self.window.opener.open_path(project)
            wait(lambda: self.window.cases_dock.model.rowCount() == cases)
            self._paint()
        self.opening_ms = 1000 * (time.process_time() - computing)
        rest(1.5)

    @contextmanager
    def _measured(self, name: str) -> Iterator[None]:
        self.app.forget()
        with timed(self.found.setdefault(name, [])):
            yield
        self._note(name)

    def _note(self, name: str) -> None:
        """The longest event of this kind of work, and the one that computed longest."""
        taken, computed = self.longest.get(name, (0.0, 0.0))
        self.longest[name] = max([taken, *self.app.taken_ms]), max([computed, *self.app.computed_ms])

    def _paint(self) -> None:
        self.window.cases_dock.list.viewport().repaint()

    def search(self) -> None:
        """Type four digits, a key at a time, until the rows that match are painted; and take them away again."""
        dock = self.window.cases_dock
        for text in ("case-01", "0777", "P09", "7"):
            for n in range(1, len(text) + 1):
                with self._measured("search, a key"):
                    dock.search.setText(text[:n])
                    self._paint()
            with self._measured("search, a key"):
                dock.search.clear()
                self._paint()

    def filters(self) -> None:
        """Status, stage and evaluator, one after another and together."""
        dock = self.window.cases_dock
        for box, choices in ((dock.status, range(dock.status.count())), (dock.stage, range(dock.stage.count())), (dock.reader, (1, 2, 0))):
            for choice in (*choices, 0):
                with self._measured("filter chosen"):
                    box.setCurrentIndex(choice)
                    self._paint()

    def open_cases(self) -> None:
        """Cases all over the project, until their full image is in the window."""
        window = self.window
        for n in np.linspace(2, self.cases - 2, 12).astype(int):
            case_id = f"case-{n:04d}"
            with self._measured("case opened"):
                window.cases.open_case(case_id)
                wait(partial(_is_shown, window, case_id))
            rest(0.3)

    def read(self) -> None:
        """A reading with its key: until the list has it."""
        window = self.window
        window.show_step("stage")
        window.activateWindow()
        try:
            wait(window.isActiveWindow, 5)
        except TimeoutError:
            raise SystemExit("The window gets no keys here: run it where there is a window manager, or offscreen.") from None
        for n in range(8):
            rest(0.4)
            case_id = window.session.case_id
            before = window.cases.case_seen(case_id)
            with self._measured("reading, until the list has it"):
                QTest.keyClick(window.windowHandle(), Qt.Key(Qt.Key.Key_1 + (n % 5)))
                wait(partial(_is_new, window, case_id, before))
            with self._measured("next unstaged"):
                QTest.keyClick(window.windowHandle(), Qt.Key.Key_N)
                wait(partial(_is_elsewhere, window, case_id))

    def close(self) -> None:
        """The project, after which another can be opened; copying and sealing the database go on behind."""
        with self._measured("project closed"):
            self.window.opener.close_project()
            self._paint()
        with timed(self.found.setdefault("database copied and sealed, in the background", [])):
            self.window.opener.finish_closing()
        self.longest["database copied and sealed, in the background"] = (0.0, 0.0)

    def scroll(self) -> tuple[list[float], list[float]]:
        """Turn the wheel over the list; the GUI thread's time per frame in ms, and memory (MB) at every tenth."""
        frames = Frames(self.window.cases_dock.list.viewport())
        self.app.forget()
        memory = [_memory_mb()]
        for part in range(10):
            turn_wheel(self.window, TURNS // 10, down=part < 8)
            memory.append(_memory_mb())
        self._note("scrolling")
        return frames.taken_ms, memory

    def fly(self) -> tuple[float, float]:
        """Memory before and after every row was in sight once."""
        view = self.window.cases_dock.list
        before, bar = _memory_mb(), view.verticalScrollBar()
        step = view.viewport().height()
        for value in range(0, bar.maximum(), 4 * step):
            bar.setValue(value)
            QApplication.processEvents()
            time.sleep(0.002)
        rest(1.0)
        return before, _memory_mb()


class Frames(QObject):
    """How long the list's viewport takes to paint itself, with what led to it."""

    def __init__(self, watched: QObject) -> None:
        super().__init__()
        self.taken_ms: list[float] = []
        self._busy = False
        watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Time wheel events and paint events."""
        if self._busy or event.type() not in (QEvent.Type.Paint, QEvent.Type.Wheel):
            return False
        self._busy = True
        begin = time.perf_counter()
        QApplication.sendEvent(watched, event)
        took = 1000 * (time.perf_counter() - begin)
        self._busy = False
        self.taken_ms.append(took)
        return True


def turn_wheel(window: MainWindow, times: int, *, down: bool) -> None:
    """Real turns of a wheel where there is a display and xdotool."""
    view = window.cases_dock.list.viewport()
    middle = view.mapToGlobal(view.rect().center())
    if shutil.which("xdotool") and QApplication.platformName() == "xcb":
        there = ["mousemove", str(middle.x()), str(middle.y())]
        command = ["xdotool", *there, "click", "--repeat", str(times), "--delay", "16", "5" if down else "4"]
        with subprocess.Popen(command) as turning:
            wait(lambda: turning.poll() is not None)
        return
    for _ in range(times):
        turn = QPoint(0, -120 if down else 120)
        wheel = QWheelEvent(
            QPointF(view.rect().center()), QPointF(middle), QPoint(), turn, Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(view, wheel)
        rest(FRAME_MS / 1000)


def _is_shown(window: MainWindow, case_id: str) -> bool:
    capture = window.session.capture
    return capture is not None and capture.case_id == case_id


def _is_new(window: MainWindow, case_id: str | None, before: object) -> bool:
    return window.cases.case_seen(case_id) is not before


def _is_elsewhere(window: MainWindow, case_id: str | None) -> bool:
    return window.session.case_id != case_id


def _memory_mb() -> float:
    return float(psutil.Process().memory_info().rss / MB)


def table(bench: Bench, frames: list[float], memory: list[float], flown: tuple[float, float]) -> list[str]:
    """What the report shows."""
    no_limit = ("reading, until the list has it", "next unstaged", "database copied and sealed, in the background")
    limits = {"project opened and listed": 1000, **dict.fromkeys(no_limit)}
    lines = [
        "| | median ms | p95 | worst | limit | longest event on the GUI thread, ms | of it computing |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, values in bench.found.items():
        limit = limits.get(name, 200)
        lines.append(_row(name, values, "" if limit is None else str(limit), bench.longest[name]))
    lines.append(_row("a frame while the wheel turns", frames, "16", bench.longest["scrolling"]))
    lines += [
        "",
        f"Opening and listing took {bench.opening_ms:.0f} ms of the processor, all threads together.",
        f"Memory: {memory[0]:.0f} MB before {TURNS} turns of the wheel, {max(memory):.0f} MB at most while they last;"
        f" {flown[0]:.0f} MB before and {flown[1]:.0f} MB after all rows went through the window.",
    ]
    return lines


def _row(name: str, values: list[float], limit: str, longest: tuple[float, float]) -> str:
    median, p95 = np.median(values), np.percentile(values, 95)
    return f"| {name} | {median:.1f} | {p95:.1f} | {max(values):.1f} | {limit} | {longest[0]:.1f} | {longest[1]:.1f} |"


def main() -> int:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=scale_project.CASES)
    parser.add_argument("--readings", type=int, default=scale_project.READINGS)
    parser.add_argument("--project", type=Path, help="one that was made before (it gets eight readings)")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ[DATA_DIR_VARIABLE] = str(Path(scratch) / "data")
        begin = time.perf_counter()
        project = given.project or scale_project.make(Path(scratch) / "project", given.cases, given.readings)
        made_s = time.perf_counter() - begin
        app = TimedApplication([])
        bench = Bench(app, project, given.cases)
        frames, memory = bench.scroll()
        bench.search()
        bench.filters()
        bench.open_cases()
        bench.read()
        flown = bench.fly()
        bench.close()
        bench.window.close()
    lines = table(bench, frames, memory, flown)
    note = f"{given.cases} cases, {given.readings} readings, {report.circumstances(1, app.platformName())}" + (
        f"; the project was made in {made_s:.0f} s" if given.project is None else ""
    )
    sys.stdout.write("\n".join((*lines, "", note)) + "\n")
    if given.write:
        report.write("scale", lines, note)
    return 0


if __name__ == "__main__":
    sys.exit(main())
