"""One case from the open scan to its saved crop and stage, in the real window with real mouse and key events: what it takes of a person.

Run from the project's root under an X server with a window manager and xdotool: ``python -m tests.benchmarks.count_interactions
[--demo DIR] [--write]``. The scan is that of a phantom whose pose, plane and joint are known; a project is open and its evaluator has
been named once before. No proposal is used. The hand knows where to go; what is counted is what it does, and the seconds that the
machine takes from an event until what it asked for is done. At the end the result is held against the truth.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QApplication, QWidget

from sos_studio.core.geometry import Orientation, Plane
from sos_studio.core.settings import DATA_DIR_VARIABLE, Settings
from sos_studio.dataset import captures, readings
from sos_studio.services import projects
from sos_studio.ui import app as studio
from sos_studio.ui.main_window import MainWindow
from sos_studio.ui.slice_pane import SlicePane
from tests.benchmarks import report

TARGET = 12
PATIENCE_S = 60.0
MOVES = 16


class Person:
    """A hand on the mouse and one on the keyboard; counts what they do and how long the machine takes over it."""

    def __init__(self, app: QApplication, window: MainWindow) -> None:
        self._app = app
        self.window = window
        self.done: list[tuple[str, str, float]] = []

    def wait(self, until: Callable[[], bool]) -> None:
        """Let the window work."""
        end = time.monotonic() + PATIENCE_S
        while not until():
            if time.monotonic() > end:
                raise SystemExit(f"the window did not get there after {self.done[-1:]}")
            self._app.processEvents()
            time.sleep(0.001)

    def rest(self, seconds: float) -> None:
        """A person looks; not counted."""
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() >= end)

    def _xdotool(self, *words: str) -> None:
        with subprocess.Popen(["xdotool", *words]) as process:
            self.wait(lambda: process.poll() is not None)

    def _count(self, kind: str, what: str, act: Callable[[], None], until: Callable[[], bool]) -> None:
        begin = time.perf_counter()
        act()
        self.wait(until)
        self.done.append((kind, what, time.perf_counter() - begin))
        self.rest(0.4)

    def key(self, keys: str, what: str, until: Callable[[], bool]) -> None:
        """Press a key or a chord."""
        self._count("key", what, lambda: self._xdotool("key", keys), until)

    def click(self, widget: QWidget, at: tuple[float, float], what: str, until: Callable[[], bool]) -> None:
        """Click with the left button."""
        place = widget.mapToGlobal(QPoint(round(at[0]), round(at[1])))
        self._count("click", what, lambda: self._xdotool("mousemove", str(place.x()), str(place.y()), "click", "1"), until)

    def drag(self, pane: SlicePane, path: list[tuple[float, float]], what: str) -> None:
        """Press, move, let go, and wait until all panes show it."""
        places = [pane.mapToGlobal(QPoint(round(x), round(y))) for x, y in path]
        words = ["mousemove", str(places[0].x()), str(places[0].y()), "mousedown", "1"]
        for place in places[1:]:
            words += ["mousemove", str(place.x()), str(place.y()), "sleep", "0.008"]
        session = self.window.session
        before = session.orientation

        def shown() -> bool:
            pictures = [other.picture for other in self.window.orient.slices.values()]
            there = all(picture is not None and picture.geometry.orientation == session.orientation for picture in pictures)
            return session.orientation != before and there and not pane.presenter.dragging

        self._count("drag", what, lambda: self._xdotool(*words, "mouseup", "1"), shown)


def straight(start: tuple[float, float], end: tuple[float, float]) -> list[tuple[float, float]]:
    """A path of the hand."""
    parts = np.linspace(0.0, 1.0, MOVES)
    return [(start[0] + p * (end[0] - start[0]), start[1] + p * (end[1] - start[1])) for p in parts]


class Journey:
    """What a person does for one case, following the paper's protocol."""

    def __init__(self, person: Person, truth: dict[str, Any]) -> None:
        self._person = person
        self._window = person.window
        self._truth = truth
        pose = truth["orientation"]
        x, y, z = pose["center_lps_mm"]
        self.true = Orientation((x, y, z), pose["roll_deg"], pose["yaw_deg"], pose["pitch_deg"])

    def go(self) -> None:
        """Nine things."""
        self._look_at_the_basilar_part()
        self._turn(Plane.CORONAL, self.true.roll_deg, "roll, in the coronal pane")
        self._turn(Plane.AXIAL, self.true.yaw_deg, "yaw, in the axial pane")
        self._halve_the_basilar_part()
        person, session, window = self._person, self._window.session, self._window

        def captured() -> bool:
            return session.capture is not None and window.step is window.crop

        person.key("ctrl+Return", "capture the midsagittal slice; Crop comes by itself", captured)
        person.rest(0.5)
        view = window.crop.view
        assert session.capture is not None
        assert session.capture.record.lps_from_uv is not None
        uv_from_lps = np.linalg.inv(np.array(session.capture.record.lps_from_uv))
        ends = []
        for end in ("endocranial_lps_mm", "ectocranial_lps_mm"):
            u, v, *_ = uv_from_lps @ [*self._truth[end], 1.0]
            at = view.viewport.to_widget((float(u), float(v)))
            ends.append((at.x(), at.y()))
        person.click(view, ends[0], "endocranial end", lambda: True)
        person.click(view, ends[1], "ectocranial end; the crop is saved", lambda: session.roi_n is not None)
        person.key("ctrl+3", "to Stage", lambda: window.step is window.stage)
        person.key(str(self._truth["stage"]), "the stage; the reading is saved", lambda: window.stage.presenter.state.phase == "saved")

    def _look_at_the_basilar_part(self) -> None:
        """Axial and coronal plane at once, by the point where they cross in the sagittal pane."""
        pane = self._window.orient.slices[Plane.SAGITTAL]
        geometry = pane.geometry_now()
        assert geometry is not None
        path = straight(geometry.centre, geometry.xy_of(self.true.center_lps_mm))
        self._person.drag(pane, path, "axial and coronal plane to the basilar part, in the sagittal pane")

    def _turn(self, plane: Plane, degrees: float, what: str) -> None:
        """By the handle of a line that is farthest from the crosshair, where the hand is steadiest."""
        pane = self._window.orient.slices[plane]
        geometry = pane.geometry_now()
        assert geometry is not None
        centre = geometry.centre
        start = max((handle for line in geometry.lines for handle in line.handles), key=lambda handle: math.dist(handle, centre))
        radius = math.dist(start, centre)
        begin = math.atan2(start[1] - centre[1], start[0] - centre[0])
        turns = np.linspace(0.0, math.radians(degrees * geometry.turn_sign), MOVES)
        path = [(centre[0] + radius * math.cos(begin + turn), centre[1] + radius * math.sin(begin + turn)) for turn in turns]
        self._person.drag(pane, path, what)

    def _halve_the_basilar_part(self) -> None:
        """The sagittal line in the axial pane, taken between crosshair and handle."""
        pane = self._window.orient.slices[Plane.AXIAL]
        geometry = pane.geometry_now()
        assert geometry is not None
        line = next(line for line in geometry.lines if line.plane is Plane.SAGITTAL)
        handle, centre = max(line.handles, key=lambda at: math.dist(at, geometry.centre)), geometry.centre
        start = ((handle[0] + centre[0]) / 2, (handle[1] + centre[1]) / 2)
        goal = geometry.xy_of(self.true.center_lps_mm)
        along = (goal[0] - centre[0]) * line.normal_xy[0] + (goal[1] - centre[1]) * line.normal_xy[1]
        end = (start[0] + along * line.normal_xy[0], start[1] + along * line.normal_xy[1])
        self._person.drag(pane, straight(start, end), "sagittal plane to the middle, in the axial pane")


def told(person: Person) -> list[str]:
    """Rows of the report."""
    lines = ["| | what | machine s |", "|---|---|---|"]
    lines += [f"| {kind} | {what} | {seconds:.2f} |" for kind, what, seconds in person.done]
    counts = Counter(kind for kind, *_ in person.done)
    total = ", ".join(f"{counts[kind]} {kind}s" for kind in ("drag", "click", "key"))
    return [*lines, f"| **{len(person.done)}** | **{total}** | **{sum(seconds for *_, seconds in person.done):.2f}** |"]


def outcome(window: MainWindow, journey: Journey, stage: int) -> str:
    """What the project holds now, against the truth."""
    session = window.session
    assert session.project is not None
    assert session.case_id is not None
    assert session.capture is not None
    saved = captures.latest_roi(session.project, session.capture.capture_id)
    stages = [reading.stage for reading in readings.readings(session.project, session.case_id)]
    if saved is None or stages != [stage]:
        raise SystemExit(f"not saved: frame {saved}, stages {stages}")
    off = session.orientation.rotation[:, 0] @ journey.true.rotation[:, 0]
    apart_mm = abs(np.subtract(session.orientation.center_lps_mm, journey.true.center_lps_mm) @ journey.true.rotation[:, 0])
    return f"the midsagittal plane is {math.degrees(math.acos(min(off, 1.0))):.1f}° and {apart_mm:.1f} mm off the true one"


def least_turn(truth: dict[str, Any]) -> float:
    """The smaller of the two angles that have to be set: a case in which one is nearly nothing would spare a drag."""
    return float(min(abs(truth["orientation"]["roll_deg"]), abs(truth["orientation"]["yaw_deg"])))


def demo(scratch: Path) -> Path:
    """A phantom project with a DICOM series, made once."""
    made = scratch / "demo"
    if not (made / "phantom-truth.json").is_file():
        shutil.rmtree(made, ignore_errors=True)
        command = [sys.executable, "-m", "sos_studio", "demo", str(made), "--cases", "3", "--scans", "3"]
        subprocess.run(command, check=True, cwd=report.ROOT, stdout=subprocess.DEVNULL)
    return made


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", type=Path, help="a project of `sos-studio demo` (default: one is made)")
    parser.add_argument("--scratch", type=Path, default=Path("/tmp/sos-studio-bench"), help="where the phantom is kept")
    parser.add_argument("--write", action="store_true", help="put the table into the report")
    chosen = parser.parse_args(arguments)
    if shutil.which("xdotool") is None or "DISPLAY" not in os.environ:
        raise SystemExit("needs an X server with a window manager, and xdotool")
    phantoms = chosen.demo or demo(chosen.scratch)
    truths = json.loads((phantoms / "phantom-truth.json").read_text(encoding="utf-8"))
    case = max((path.name for path in (phantoms / "scans").iterdir()), key=lambda name: least_turn(truths[name]))
    truth = truths[case]
    with tempfile.TemporaryDirectory() as folder:
        os.environ[DATA_DIR_VARIABLE] = folder
        Settings(evaluator="Dr A", from_scratch_told=True, theme="dark").save()
        project = Path(folder) / "project"
        projects.create(project, phantom=True).close()
        app = studio.application()
        window = studio.open_window([project, phantoms / "scans" / case])
        window.setGeometry(QRect(window.screen().availableGeometry()))
        person = Person(app, window)
        session = window.session
        person.wait(lambda: session.project is not None and session.scan is not None and not session.scan.coarse)
        person.wait(lambda: window.orient.volume.presenter.picture is not None)
        window.activateWindow()
        person.rest(1.5)
        journey = Journey(person, truth)
        journey.go()
        lines, end = told(person), outcome(window, journey, truth["stage"])
        window.close()
    sys.stdout.write("\n".join(lines) + f"\n{end}\n")
    sys.stdout.write(f"target: {TARGET} interactions; {'met' if len(person.done) <= TARGET else 'missed'}\n")
    if chosen.write:
        report.write("interactions", [*lines, "", f"At the end {end}, which is what the screen's pixels allow."], report.circumstances(1))


if __name__ == "__main__":
    main(sys.argv[1:])
