"""Dragging a handle in the real window: from the mouse event until all three panes are painted, ours beside SimpleITK in the same widgets.

Run from the project's root under an X server with xdotool: ``xvfb-run -a -s "-screen 0 1920x1080x24" python -m
tests.benchmarks.bench_drag [512 768] [--rounds N] [--worker] [--write]``. The same two-second movement of a hand at 125 events a second
takes a handle of the coronal pane to and fro, which turns all three panes; xdotool sends it, so the events come from the X server as a
mouse's do. An event counts as painted when the window has handed to the X server a frame in which all three panes show its orientation or
a later one. The volume pane follows meanwhile. With ``--worker`` each round is dragged once alone and once while a real training runs,
with the threads and the priority that the window gives it. Not collected as a test: what a busy machine measures proves nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command does, see `sos_studio.core.calm`

import numpy as np
import SimpleITK
from PySide6.QtCore import QEvent, QEventLoop, QPoint, QRect, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from sos_studio.core.captures import Window
from sos_studio.core.geometry import Orientation, Plane
from sos_studio.core.jobs import JOB_FILE, JobSpec
from sos_studio.core.scans import SeriesInfo
from sos_studio.core.settings import DATA_DIR_VARIABLE
from sos_studio.core.volume import Volume
from sos_studio.imaging import resample, slabs
from sos_studio.imaging.windowing import apply_window
from sos_studio.services import jobs, worker_process
from sos_studio.services.job_tail import JobTail
from sos_studio.services.scans import OpenedScan
from sos_studio.ui import app as studio
from sos_studio.ui.main_window import MainWindow
from sos_studio.ui.slice_pane import SlicePane
from tests.benchmarks import bench_open, report
from tests.trainer.tiny_project import make_job, make_project

OURS, PEER = "SOS Studio", "SimpleITK, 2 threads, in the same widgets"
ALONE, BESIDE = "alone", "while a training runs"
GOAL_MS = 16.0
SECONDS, HZ, SWING_DEG = 2.0, 125, 35.0
PATIENCE_S = 90.0


def hand(seconds: float = SECONDS) -> list[float]:
    """Degrees by which the handle has been turned at each event: there, back past the start, and home, with a tremor."""
    stops = [0.0, 1.0, -0.6, 0.0]
    degrees = []
    for n in range(int(seconds * HZ)):
        at = n / (seconds * HZ) * (len(stops) - 1)
        leg, t = int(at), at % 1.0
        eased = t * t * t * (10 - 15 * t + 6 * t * t)  # least jerk, as hands move
        tremor = 0.01 * math.sin(2 * math.pi * 9.0 * n / HZ)
        degrees.append(SWING_DEG * (stops[leg] + (stops[leg + 1] - stops[leg]) * eased + tremor))
    return degrees


@dataclass
class Record:
    """What happened during a drag."""

    waiting: list[tuple[float, int]] = field(default_factory=list)
    seen: list[Orientation] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    frames: int = 0
    panes_apart: int = 0
    blank: int = 0
    cpu_s: float = 0.0


class Stopwatch:
    """Sees the dragged pane's mouse events come and the window's frames go; nothing else is slowed down by being watched."""

    def __init__(self) -> None:
        self.record: Record | None = None
        moved, clock = SlicePane.mouseMoveEvent, self

        class Watched(MainWindow):
            def event(self, event: QEvent) -> bool:
                handled = super().event(event)
                if clock.record is not None and event.type() == QEvent.Type.UpdateRequest:
                    clock.painted(clock.record, self)
                return handled

        def timed(pane: SlicePane, event: QMouseEvent) -> None:
            came = time.perf_counter()
            moved(pane, event)
            if clock.record is not None:
                clock.moved(clock.record, pane, came)

        SlicePane.mouseMoveEvent = timed  # type: ignore[method-assign, assignment]
        studio.MainWindow = Watched  # type: ignore[attr-defined]

    @staticmethod
    def moved(record: Record, pane: SlicePane, came: float) -> None:
        """An event has been handled."""
        orientation = pane._session.orientation
        if not record.seen or record.seen[-1] is not orientation:
            record.seen.append(orientation)
            record.waiting.append((came, len(record.seen) - 1))

    @staticmethod
    def painted(record: Record, window: MainWindow) -> None:
        """A frame has been handed to the X server."""
        now = time.perf_counter()
        pictures = [pane.picture for pane in window.orient.slices.values()]
        record.frames += 1
        if any(picture is None for picture in pictures):
            record.blank += 1
            return
        shown = [picture.geometry.orientation for picture in pictures if picture is not None]
        record.panes_apart += len({id(orientation) for orientation in shown}) > 1
        places = {id(orientation): n for n, orientation in enumerate(record.seen)}
        oldest = min(places.get(id(orientation), -1) for orientation in shown)
        record.latencies_ms += [(now - came) * 1e3 for came, n in record.waiting if n <= oldest]
        record.waiting = [(came, n) for came, n in record.waiting if n > oldest]


def wait(app: QApplication, until: Callable[[], bool]) -> None:
    """Let the window work, in an event loop like its own: polling one would make every frame wait for the poll."""
    loop, look, end = QEventLoop(app), QTimer(), time.monotonic() + PATIENCE_S
    look.timeout.connect(lambda: loop.quit() if until() or time.monotonic() > end else None)
    look.start(20)
    loop.exec()
    look.stop()
    if not until():
        raise SystemExit("the window did not get there")


def spin(app: QApplication, seconds: float) -> None:
    end = time.monotonic() + seconds
    wait(app, lambda: time.monotonic() >= end)


def scan_of(size: str) -> OpenedScan:
    """An invented head."""
    volume = bench_open.phantom(bench_open.SHAPES[size])
    info = SeriesInfo("1", "CT", True, volume.shape_kji, volume.spacing_mm_kji, value_range=(-1120.0, 1020.0))
    return OpenedScan(volume, info, Path("scan"))


def with_simple_itk(volume: Volume) -> Callable[..., np.ndarray]:
    """Stands in for our kernel behind the same panes."""
    image = SimpleITK.GetImageFromArray(volume.array_kji)
    image.SetSpacing(volume.spacing_mm_ijk)
    image.SetOrigin(volume.lps_from_ijk[:3, 3])
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(2)

    def render(_: Volume, lps_from_uv: np.ndarray, shape_vu: tuple[int, int], low: float, high: float, **_more: Any) -> np.ndarray:
        spacing = np.linalg.norm(lps_from_uv[:3, :3], axis=0)
        axes = lps_from_uv[:3, :3] / spacing
        axes[:, 2] = np.cross(axes[:, 0], axes[:, 1])
        height, width = shape_vu
        grid = [width, height, 1], SimpleITK.Transform(), SimpleITK.sitkLinear, lps_from_uv[:3, 3], list(spacing), axes.reshape(-1)
        plane = SimpleITK.Resample(image, *grid, -1000.0)
        return apply_window(SimpleITK.GetArrayFromImage(plane)[0].astype(np.float32), Window(low=low, high=high))

    return render


class Driver:
    """Replays the drag in one window."""

    def __init__(self, app: QApplication, clock: Stopwatch, window: MainWindow) -> None:
        self._app = app
        self._clock = clock
        self._window = window
        self._pane = window.orient.slices[Plane.CORONAL]

    def drag(self) -> Record:
        """One drag with everything at rest before and after."""
        app, clock, pane, session = self._app, self._clock, self._pane, self._window.session
        session.set_orientation(Orientation(session.scan.volume.center_lps_mm) if session.scan else session.orientation, label="reset")
        pane.presenter.fit()
        spin(app, 0.6)
        geometry = pane.geometry_now()
        assert geometry is not None
        line = next(line for line in geometry.lines if line.plane is Plane.SAGITTAL)
        (x, y), (cx, cy) = line.handles[0], geometry.centre
        radius, begin = math.hypot(x - cx, y - cy), math.atan2(y - cy, x - cx)
        places = []
        for degrees in hand():
            angle = begin + math.radians(degrees)
            at = pane.mapToGlobal(QPoint(round(cx + radius * math.cos(angle)), round(cy + radius * math.sin(angle))))
            places.append((at.x(), at.y()))
        script = [f"mousemove {places[0][0]} {places[0][1]}", "sleep 0.3", "mousedown 1", "sleep 0.2"]
        for u, v in places:
            script += [f"mousemove {u} {v}", f"sleep {1 / HZ:.4f}"]
        record, used = Record(), time.thread_time()
        clock.record = record
        with subprocess.Popen(["xdotool", "-"], stdin=subprocess.PIPE, text=True) as hands:
            assert hands.stdin is not None
            hands.stdin.write("\n".join([*script, "sleep 0.1", "mouseup 1"]) + "\n")
            hands.stdin.close()
            wait(app, lambda: hands.poll() is not None)
        spin(app, 0.3)
        clock.record = None
        record.cpu_s = time.thread_time() - used
        if len(record.latencies_ms) < len(places) // 8:
            raise SystemExit(f"the drag did not arrive: {len(record.seen)} of {len(places)} events, {len(record.latencies_ms)} painted")
        return record


def measure(app: QApplication, clock: Stopwatch, window: MainWindow, size: str, rounds: int) -> dict[str, list[Record]]:
    """Drags with ours and the peer in turn; one of each is not counted."""
    session, scan = window.session, scan_of(size)
    session.set_scan(scan)
    wait(app, lambda: resample.numba_ready(scan.volume) and window.orient.volume.presenter.picture is not None)
    spin(app, 1.0)
    driver, kernel = Driver(app, clock, window), slabs.render_slab_display
    peer = with_simple_itk(scan.volume)
    records: dict[str, list[Record]] = {OURS: [], PEER: []}
    for number in range(rounds + 1):
        for name, measured in records.items():
            slabs.render_slab_display = kernel if name == OURS else peer
            record = driver.drag()
            if number:
                measured.append(record)
    slabs.render_slab_display = kernel
    session.set_scan(None)
    return records


@contextlib.contextmanager
def training(folder: Path) -> Iterator[None]:
    """A real worker on invented pictures, started as the window starts it, that trains until the block is left."""
    make_project(folder, cases=40)
    settings = {"student.network": "convnext_atto", "teacher.network": "convnext_atto", "student.input_shape_hw": (256, 256)}
    job_dir = make_job(folder, "drag", "teacher", **settings, **{"teacher.optimiser.epochs": 9_000, "teacher.input_shape_hw": (128, 256)})
    spec = JobSpec.model_validate_json((job_dir / JOB_FILE).read_bytes()).model_copy(update={"threads": jobs.default_threads()})
    (job_dir / JOB_FILE).write_text(spec.model_dump_json())
    process = worker_process.spawn(worker_process.trainer_command("run", str(job_dir)), job_dir)
    try:
        end = time.monotonic() + PATIENCE_S
        while JobTail(job_dir, process).poll().done < 2:
            if time.monotonic() > end or process.poll() is not None:
                raise SystemExit("the training did not begin")
            time.sleep(0.2)
        yield
    finally:
        worker_process.ask_to_stop(job_dir)
        process.wait(30)


def measure_beside_training(app: QApplication, clock: Stopwatch, window: MainWindow, size: str, rounds: int) -> dict[str, list[Record]]:
    """Drags alone and beside a training in turn; one of each is not counted."""
    session, scan = window.session, scan_of(size)
    session.set_scan(scan)
    wait(app, lambda: resample.numba_ready(scan.volume) and window.orient.volume.presenter.picture is not None)
    spin(app, 1.0)
    driver = Driver(app, clock, window)
    records: dict[str, list[Record]] = {ALONE: [], BESIDE: []}
    for number in range(rounds + 1):
        alone = driver.drag()
        with tempfile.TemporaryDirectory() as folder, training(Path(folder)):
            beside = driver.drag()
        if number:
            records[ALONE].append(alone)
            records[BESIDE].append(beside)
    session.set_scan(None)
    return records


def table(records: dict[str, list[Record]], window: MainWindow) -> list[str]:
    """Rows of the report."""
    sides = " · ".join(f"{pane.width()} × {pane.height()}" for pane in window.orient.slices.values())
    head = f"| panes {sides} | events | frames | median ms | p95 | longest | CPU ms an event | frames whose panes differ | blank |"
    lines = [head, "|---|---|---|---|---|---|---|---|---|"]
    for name, measured in records.items():
        times = np.concatenate([record.latencies_ms for record in measured])
        median, p95 = np.percentile(times, [50, 95])
        frames, apart, blank = (sum(getattr(record, what) for record in measured) for what in ("frames", "panes_apart", "blank"))
        cpu_ms = sum(record.cpu_s for record in measured) / len(times) * 1e3
        waits = f"{median:.1f} | {p95:.1f} | {times.max():.1f} | {cpu_ms:.1f}"
        lines.append(f"| {name} | {len(times)} | {frames} | {waits} | {apart} | {blank} |")
    return lines


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", choices=["512", "768"], metavar="SIZE", help="512 768 (default: both)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--worker", action="store_true", help="beside a training that runs in the background, instead of the peer")
    parser.add_argument("--write", action="store_true", help="put the tables into the report")
    chosen = parser.parse_args(arguments)
    if shutil.which("xdotool") is None or "DISPLAY" not in os.environ:
        raise SystemExit("needs an X server and xdotool")
    with tempfile.TemporaryDirectory() as folder:
        os.environ[DATA_DIR_VARIABLE] = folder
        app, clock = studio.application(), Stopwatch()
        window = studio.open_window()
        window.setGeometry(QRect(window.screen().availableGeometry()))
        for size in chosen.sizes or ("512", "768"):
            measuring = measure_beside_training if chosen.worker else measure
            lines = table(records := measuring(app, clock, window, size, chosen.rounds), window)
            sys.stdout.write(f"\n{size}\n" + "\n".join(lines) + "\n")
            sys.stdout.flush()
            p95 = float(np.percentile(np.concatenate([record.latencies_ms for record in records[BESIDE if chosen.worker else OURS]]), 95))
            sys.stdout.write(f"goal: p95 ≤ {GOAL_MS:.0f} ms; {'met' if p95 <= GOAL_MS else 'missed'}; load {os.getloadavg()[0]:.1f}\n")
            if chosen.worker:
                alone = float(np.percentile(np.concatenate([record.latencies_ms for record in records[ALONE]]), 95))
                sys.stdout.write(f"beside the training: {p95 - alone:+.1f} ms in p95\n")
            if chosen.write:
                screen = window.screen().size()
                setting = f"screen {screen.width()} × {screen.height()}, SimpleITK {SimpleITK.Version.VersionString()}"
                report.write(
                    f"drag{size}{'-beside-training' if chosen.worker else ''}", lines, report.circumstances(chosen.rounds, setting)
                )
        window.close()


if __name__ == "__main__":
    main(sys.argv[1:])
