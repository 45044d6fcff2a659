"""Two hundred random actions in the real window, offscreen; started and killed by `test_kill_storm.py`.

The diary has a line before each action, one for everything that the window says is saved, and around each write of what counts of a case
one before it begins and one when it has come back. `kill_judge.py` reads it. Arguments: project, seed, diary, pictures.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication

from sos_studio.core.actions import Action
from sos_studio.core.exclusions import REASONS
from sos_studio.core.geometry import Orientation
from sos_studio.core.readings import Reading, standing
from sos_studio.core.settings import Settings
from sos_studio.dataset import captures, cases, in_use, readings
from sos_studio.dataset.project import Project
from sos_studio.messages import Message
from sos_studio.presenters.session import Session
from sos_studio.ui.background import PoolBackground
from sos_studio.ui.main_window import MainWindow
from tests.presenters.scans import make_scan

ACTIONS = 200
EVALUATOR = "Dr Storm"
# Stands for the number of a frame and the id of a capture that the write itself gives.
NEW = "new"


class Diary:
    """Survives the process as soon as `write` returns."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._said: dict[tuple[str, str], str] = {}

    def write(self, *words: object) -> None:
        os.write(self._file, (" ".join(map(str, words)) + "\n").encode())

    def say(self, who: str, what: str, case_id: str, value: object) -> None:
        """What a part of the window shows of a case, when it becomes something else."""
        text = json.dumps(value)
        if self._said.get((what, case_id)) != text:
            self._said[what, case_id] = text
            self.write("by", who)
            self.write("said", what, case_id, text)


class Writes:
    """Notes every write of what counts of a case: what is wanted before it begins, and what it was when it has come back.

    One at a time, so that the order in the diary is the order in the database.
    """

    def __init__(self, diary: Diary) -> None:
        self._diary = diary
        self._lock = threading.RLock()
        self._numbers = itertools.count()
        _append, _add_roi, _add_capture, _use = readings.append, captures.add_roi, captures.add_capture, in_use.use
        _exclude, _include = cases.exclude, cases.include

        def append(project: Project, reading: Reading) -> Reading:
            rows = [*readings.readings(project, reading.case_id), reading]
            stands = next((row.reading_id for row in standing(rows) if row.evaluator == EVALUATOR), None)
            return self._around("reading", reading.case_id, stands, lambda: _append(project, reading), lambda _: stands)

        def add_roi(project: Project, capture_id: str, *rest: Any) -> int:
            case_id = captures.capture(project, capture_id).case_id
            return self._around(
                "in_use", case_id, [capture_id, NEW], lambda: _add_roi(project, capture_id, *rest), lambda n: [capture_id, n]
            )

        def add_capture(project: Project, case_id: str, **rest: Any) -> str:
            return self._around("in_use", case_id, [NEW, None], lambda: _add_capture(project, case_id, **rest), lambda made: [made, None])

        def use(project: Project, case_id: str, chosen: in_use.InUse) -> None:
            return self._around("in_use", case_id, list(chosen), lambda: _use(project, case_id, chosen), lambda _: list(chosen))

        def exclude(project: Project, case_id: str, reason: str, evaluator: str, note: str = "") -> None:
            wanted = [reason, note]
            return self._around("excluded", case_id, wanted, lambda: _exclude(project, case_id, reason, evaluator, note), lambda _: wanted)

        def include(project: Project, case_id: str, evaluator: str) -> None:
            return self._around("excluded", case_id, None, lambda: _include(project, case_id, evaluator), lambda _: None)

        readings.append, captures.add_roi, captures.add_capture, in_use.use = append, add_roi, add_capture, use
        cases.exclude, cases.include = exclude, include

    def _around(self, what: str, case_id: str, wanted: object, work: Callable[[], Any], written: Callable[[Any], object]) -> Any:
        with self._lock:
            number = next(self._numbers)
            self._diary.write("writing", number, what, case_id, json.dumps(wanted))
            try:
                answer = work()
            except BaseException:
                self._diary.write("refused", number)
                raise
            self._diary.write("written", number, json.dumps(written(answer)))
            return answer


def listen(window: MainWindow, diary: Diary) -> None:
    """Write down what the window says is saved."""
    session, stage, crop = window.session, window.stage.presenter, window.crop.presenter

    def on_stage(state: object) -> None:
        reading = stage.state.reading
        if stage.state.phase == "saved" and reading is not None:
            diary.say("stage", "reading", reading.case_id, reading.reading_id)
            words = [reading.stage, reading.ambiguous, reading.remark, reading.confidence, reading.capture_id, reading.roi_n]
            diary.say("stage", "words", reading.reading_id, words)

    def on_crop(state: object) -> None:
        if crop.state.saving == "saved" and crop.state.roi_n is not None and session.capture is not None:
            diary.say("crop", "in_use", session.capture.case_id, [session.capture.capture_id, crop.state.roi_n])

    def on_message(told: Message, severity: str) -> None:
        diary.write("told", severity, told.code)

    def on_rows() -> None:
        for case in window.cases.everything:
            own = next((reading.reading_id for reading in case.stands if reading.evaluator == EVALUATOR), None)
            diary.say("list", "reading", case.case_id, own)
            diary.say("list", "in_use", case.case_id, [case.capture_id, case.roi_n])
            diary.say("list", "excluded", case.case_id, [case.exclusion_reason, case.exclusion_note] if case.excluded else None)

    stage.changed.connect(on_stage)
    crop.changed.connect(on_crop)
    session.message.connect(on_message)
    window.cases.rows_changed.connect(on_rows)


def possible(window: MainWindow, rng: random.Random, pictures: Path) -> list[tuple[str, Callable[[], object]]]:
    """What a person may do next, likelier things more often."""
    session, stage, crop = window.session, window.stage.presenter, window.crop.presenter

    def frame() -> None:
        crop.click_again()
        at = (rng.uniform(20, 60), rng.uniform(20, 60))
        crop.click(at)
        crop.click((at[0] + rng.uniform(8, 20), at[1] + rng.uniform(-8, 8)))

    def turn() -> None:
        before = session.orientation
        session.set_orientation(Orientation(before.center_lps_mm, rng.uniform(-5, 5), rng.uniform(-5, 5), rng.uniform(-5, 5)))

    def case() -> None:
        if window.cases.rows:
            window.cases.open_case(rng.choice(window.cases.rows).case_id)

    def scan() -> None:
        session.set_case(None)
        session.set_scan(make_scan(rng.randrange(50)))

    todo: list[tuple[int, str, Callable[[], object]]] = [
        (8, "stage", lambda: stage.choose(rng.randint(1, 5))),
        (4, "next", window.cases.open_next_unstaged),
        (5, "frame", frame),
        (4, "undo", lambda: window.keymap.trigger(Action.UNDO)),
        (2, "redo", lambda: window.keymap.trigger(Action.REDO)),
        (3, "exclude", lambda: window.stage.exclusion.presenter.exclude(rng.choice(REASONS), f"words {rng.random():.6f}")),
        (1, "include", window.stage.exclusion.presenter.include),
        (2, "remark", lambda: stage.set_remark(f"remark {rng.random():.6f}")),
        (1, "confidence", stage.next_confidence),
        (1, "ambiguous", lambda: stage.set_ambiguous(not stage.state.ambiguous)),
        (2, "orient", turn),
        (2, "capture", window.orient.presenter.capture),
        (1, "scan", scan),
        (2, "case", case),
        (1, "import", lambda: window.files.exchange.import_images([rng.choice(sorted(pictures.glob("*.png")))])),
    ]
    return [(name, do) for weight, name, do in todo for _ in range(weight)]


def main() -> int:
    folder, seed, diary, pictures = Path(sys.argv[1]), int(sys.argv[2]), Diary(Path(sys.argv[3])), Path(sys.argv[4])
    app, rng = QApplication([]), random.Random(seed)
    window = MainWindow(Session(PoolBackground(), Settings(evaluator=EVALUATOR)))
    window.show()
    Writes(diary)
    listen(window, diary)
    window.opener.open_path(folder)
    while not window.cases.rows:
        app.processEvents()
    window.cases.open_case(window.cases.rows[0].case_id)
    choices = possible(window, rng, pictures)
    for n in range(ACTIONS):
        name, do = rng.choice(choices)
        diary.write("begin", n, name, window.session.case_id)
        do()
        end = time.perf_counter() + rng.choice((0.0, 0.005, 0.03, 0.1))
        app.processEvents()
        while time.perf_counter() < end:
            app.processEvents()
    diary.write("end")
    window.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
