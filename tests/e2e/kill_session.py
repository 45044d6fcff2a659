"""Two hundred random actions in the real window, offscreen; started and killed by `test_kill_storm.py`.

The diary has a line before each action, and one for everything that the window says is saved. Arguments: project, seed, diary, pictures.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication

from sos_studio.core.actions import Action
from sos_studio.core.exclusions import REASONS
from sos_studio.core.geometry import Orientation
from sos_studio.core.settings import Settings
from sos_studio.messages import Message
from sos_studio.presenters.session import Session
from sos_studio.ui.background import PoolBackground
from sos_studio.ui.main_window import MainWindow
from tests.presenters.scans import make_scan

ACTIONS = 200


class Diary:
    """Survives the process as soon as `write` returns."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(self, *words: object) -> None:
        os.write(self._file, (" ".join(map(str, words)) + "\n").encode())


def listen(window: MainWindow, diary: Diary) -> None:
    """Write down what the window says is saved."""
    session, stage, crop = window.session, window.stage.presenter, window.crop.presenter

    def on_stage(state: object) -> None:
        if stage.state.phase == "saved" and stage.state.reading is not None:
            diary.write("reading", stage.state.reading.case_id, stage.state.reading.reading_id)

    def on_crop(state: object) -> None:
        if crop.state.saving == "saved" and crop.state.roi_n is not None and session.capture is not None:
            diary.write("frame", session.capture.capture_id, crop.state.roi_n)

    def on_exclusion(state: object) -> None:
        standing = window.stage.exclusion.presenter.state.standing
        if standing is not None:
            diary.write("excluded", session.case_id, standing.created_utc.isoformat())

    def on_message(told: Message, severity: str) -> None:
        diary.write("told", severity, told.code)

    def on_rows() -> None:
        for case in window.cases.everything:
            diary.write("case", case.case_id, case.capture_id)

    stage.changed.connect(on_stage)
    crop.changed.connect(on_crop)
    window.stage.exclusion.presenter.changed.connect(on_exclusion)
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
        (3, "exclude", lambda: window.stage.exclusion.presenter.exclude(rng.choice(REASONS), "words")),
        (1, "include", window.stage.exclusion.presenter.include),
        (2, "remark", lambda: stage.set_remark(f"remark {rng.random():.6f}")),
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
    window = MainWindow(Session(PoolBackground(), Settings(evaluator="Dr Storm")))
    window.show()
    listen(window, diary)
    window.opener.open_path(folder)
    while not window.cases.rows:
        app.processEvents()
    window.cases.open_case(window.cases.rows[0].case_id)
    choices = possible(window, rng, pictures)
    for n in range(ACTIONS):
        name, do = rng.choice(choices)
        diary.write("begin", n, name)
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
