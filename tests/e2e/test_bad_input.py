"""Each bad input of a real day, as a person meets it: one clear sentence and what to do, the right exit code, nothing lost.

The first half types real commands, the second half looks at what the real window says.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from sos_studio.core.settings import Settings
from sos_studio.dataset import cases, readings
from sos_studio.dataset.project import Project
from sos_studio.imaging.dicom_write import write_series
from sos_studio.presenters.session import Session
from sos_studio.ui import theme
from sos_studio.ui.background import PoolBackground
from sos_studio.ui.main_window import MainWindow
from tests.dataset.builders import files_below
from tests.e2e.conftest import ROOT, SMALLEST, journey_environment
from tests.e2e.planted import small_head
from tests.presenters.models import add_model
from tests.services.conftest import add_case


class Answer(NamedTuple):
    """How a command ended."""

    exit_code: int
    code: str
    message: str
    hint: str
    object: dict[str, Any]


Type = Callable[..., Answer]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return journey_environment(tmp_path_factory.mktemp("user-data"))


@pytest.fixture
def type_(environment: dict[str, str]) -> Type:
    """Type a command with ``--json``; its fault must be a sentence and an advice, and never a traceback."""

    def type_(*words: str | Path, before: tuple[str, ...] = ()) -> Answer:
        command = [*before, sys.executable, "-m", "sos_studio", *map(str, words), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment, cwd=ROOT)
        return _answer(done.returncode, done.stdout, done.stderr)

    return type_


def _answer(exit_code: int, out: str, err: str) -> Answer:
    assert "Traceback" not in err, err
    content = json.loads(out)
    error = content.get("error", {"code": "", "message": "", "hint": ""})
    if error["code"]:
        assert error["message"].endswith("."), error
        assert error["hint"].endswith("."), error
        assert "?" not in error["message"], error
        assert os.sep not in error["message"], error  # names, not whole paths
    return Answer(exit_code, error["code"], error["message"], error["hint"], content)


def _project(folder: Path, stages: list[int]) -> Path:
    with Project.create(folder, phantom=True) as project:
        for n, stage in enumerate(stages):
            add_case(project, stage, seed=n)
    return folder


@pytest.fixture(scope="module")
def ten_cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten staged and framed cases; not to be written to."""
    return _project(tmp_path_factory.mktemp("ten") / "study", [1 + n % 5 for n in range(10)])


@pytest.fixture
def study(ten_cases: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ten_cases, tmp_path / "study"))


@pytest.fixture
def head(tmp_path: Path) -> Path:
    """A whole series."""
    write_series(small_head(), tmp_path / "head")
    return tmp_path / "head"


def _ten_pixels(path: Path) -> Path:
    Image.fromarray(np.zeros((10, 10), np.uint8)).save(path)
    return path


# --- on the command line ------------------------------------------------------------------------------------------------------


def test_a_folder_without_dicom(type_: Type, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear colleague")
    answer = type_("inspect", tmp_path)
    assert (answer.exit_code, answer.code) == (2, "scan.no_dicom")
    assert answer.message.startswith("There is no DICOM image in this folder")
    answer = type_("capture", tmp_path, "--out", tmp_path / "out")
    assert (answer.exit_code, answer.code) == (2, "scan.no_dicom")
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_damaged(type_: Type, head: Path, tmp_path: Path) -> None:
    slices = sorted(head.iterdir())
    slices[9].write_bytes(slices[9].read_bytes()[:3000])
    answer = type_("capture", head, "--out", tmp_path / "out")
    assert (answer.exit_code, answer.code) == (2, "scan.truncated")
    assert answer.message == "IM0010.dcm is truncated: a part of its pixel data is missing."
    (tmp_path / "scan.nii.gz").write_bytes(b"\x1f\x8b" + bytes(100))
    answer = type_("inspect", tmp_path / "scan.nii.gz")
    assert (answer.exit_code, answer.code) == (2, "scan.cannot_parse")
    assert not (tmp_path / "out").exists()


def test_files_and_folders_that_may_not_be_read(type_: Type, head: Path, study: Path) -> None:
    before = _without_privileges()
    one = sorted(head.iterdir())[0]
    one.chmod(0)
    answer = type_("inspect", one, before=before)
    assert (answer.exit_code, answer.message) == (2, "IM0001.dcm can't be read from the disk.")
    (head / "sub").mkdir()
    for folder, source in ((head / "sub", head / "sub"), (head, head / "sub")):
        folder.chmod(0)
        answer = type_("inspect", source, before=before)
        folder.chmod(0o755)
        assert (answer.exit_code, answer.message) == (2, "sub can't be read from the disk.")
    study.chmod(0)
    answer = type_("project", "check", study, before=before)
    study.chmod(0o755)
    assert (answer.exit_code, answer.message) == (2, "The folder study can't be read.")


def _without_privileges() -> tuple[str, ...]:
    """What makes a superuser's command respect permissions."""
    if os.name == "nt":
        pytest.skip("permissions of files are another thing under Windows")
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("a superuser may read everything; needs setpriv to give that up")
    given_up = "-dac_override,-dac_read_search"
    return ("setpriv", f"--bounding-set={given_up}", f"--inh-caps={given_up}")


def test_a_series_that_is_too_short(type_: Type, head: Path, tmp_path: Path) -> None:
    slices = sorted(head.iterdir())
    for path in slices[2:]:
        path.unlink()
    answer = type_("capture", head, "--out", tmp_path / "out")
    assert (answer.exit_code, answer.code) == (2, "scan.too_few_slices")
    assert answer.message == "A volume needs at least 3 slices; this series has 2."
    assert not (tmp_path / "out").exists()


def test_a_full_image_of_ten_pixels(type_: Type, study: Path, tmp_path: Path) -> None:
    picture = _ten_pixels(tmp_path / "ten.png")
    answer = type_("project", "import", study, picture)
    assert (answer.exit_code, answer.code) == (2, "image.too_small")
    assert answer.message == "ten.png is only 10 x 10 pixels."
    add_model(study, "student")
    answer = type_("predict", picture, "--project", study, "--out", tmp_path / "out")
    assert (answer.exit_code, answer.code) == (2, "image.too_small")
    assert not (tmp_path / "out").exists()


def test_too_few_cases_or_one_stage_only(type_: Type, tmp_path: Path) -> None:
    few = _project(tmp_path / "few", [1, 2, 3])
    answer = type_("train", "all", "--project", few)
    assert (answer.exit_code, answer.code) == (2, "training.too_few_cases")
    assert answer.message == "There are 3 labelled cases with a full image, but at least 10 are needed."
    one = _project(tmp_path / "one", [4] * 10)
    answer = type_("train", "all", "--project", one)
    assert (answer.exit_code, answer.code) == (2, "training.one_stage_only")
    assert answer.message == "All 10 labelled cases are of stage 4; there is nothing to tell apart."
    assert not list((one / "jobs").iterdir())


def test_a_project_of_a_newer_version(type_: Type, study: Path, tmp_path: Path) -> None:
    _make_newer(study)
    before = files_below(study)
    for command in (("check", study), ("export", study, "--format", "csv", "--out", tmp_path / "out"), ("import", study, study)):
        answer = type_("project", *command)
        assert (answer.exit_code, answer.code) == (2, "project.newer_version")
        assert answer.message.startswith("study was made by a newer version (SOS Studio 9.1")
        assert answer.hint == "Update SOS Studio to open it."
    after = files_below(study)
    assert after.pop("project.lock") == b""
    before.pop("project.lock", None)
    assert after == before


def _make_newer(project: Path) -> None:
    connection = sqlite3.connect(project / "project.sqlite")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")
        connection.execute("UPDATE project SET software = 'SOS Studio 9.1'")
    connection.close()


def test_a_training_whose_process_is_killed(type_: Type, study: Path, environment: dict[str, str]) -> None:
    settings = [
        part for key, value in {**SMALLEST, "teacher.optimiser.epochs": 4000}.items() for part in ("--set", f"{key}={json.dumps(value)}")
    ]
    command = [sys.executable, "-m", "sos_studio", "train", "teacher", "--project", str(study), *settings, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT) as running:
        until = time.monotonic() + 100
        while not (working := [p for p in study.glob("jobs/*/events.jsonl") if b'"metric"' in p.read_bytes()]):
            assert time.monotonic() < until
            assert running.poll() is None
            time.sleep(0.1)
        job = working[0].parent
        os.kill(json.loads((job / "worker.json").read_text())["pid"], signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
        out, err = running.communicate(timeout=60)
    answer = _answer(running.returncode, out, err)
    assert (answer.exit_code, answer.code) == (4, "job.worker_died")
    assert answer.message == "The training was interrupted: its process is gone."
    assert f"--resume {job.name}" in err
    assert type_("project", "check", study).object["problems"] == []


def test_a_full_disk(ten_cases: Path, head: Path, environment: dict[str, str], tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    fill = " && ".join(
        [
            f"mount -t tmpfs -o size=4M tmpfs {disk}",
            f"cp -r {ten_cases} {disk}/study",
            f"! dd if=/dev/zero of={disk}/fill bs=4096 2>/dev/null",
        ]
    )
    picture = tmp_path / "large.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (400, 500), dtype=np.uint8)).save(picture)
    answers = _in_own_mount(
        environment,
        fill,
        ("capture", head, "--out", disk / "capture"),
        ("project", "import", disk / "study", picture),
        ("project", "export", disk / "study", "--format", "yolo", "--out", disk / "export"),
        ("project", "new", disk / "new"),
        ("project", "new", disk / "new"),  # nothing of the first try is in the way
        ("train", "all", "--project", disk / "study"),
        ("project", "check", disk / "study"),
    )
    *refused, checked = answers
    assert [answer.exit_code for answer in refused] == [2] * 6
    assert [answer.code for answer in refused] == ["capture.folder_unwritable"] + ["project.disk_full"] * 5
    assert refused[0].message == "The capture can't be written to capture (No space left on device)."
    assert refused[1].message == "The disk that holds study is full, so this was not saved."
    assert (checked.exit_code, checked.object["problems"], checked.object["cases"]) == (0, [], 10)


def test_a_read_only_project(ten_cases: Path, environment: dict[str, str], tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    Image.fromarray(np.zeros((64, 64), np.uint8)).save(picture)
    answers = _in_own_mount(
        environment,
        f"mount --bind {ten_cases} {ten_cases} && mount -o remount,ro,bind {ten_cases}",
        ("project", "import", ten_cases, picture),
        ("train", "all", "--project", ten_cases),
        ("project", "check", ten_cases),
        ("project", "export", ten_cases, "--format", "csv", "--out", tmp_path / "out"),
    )
    assert [(answer.exit_code, answer.code) for answer in answers] == [(2, "project.unwritable")] * 2 + [(0, "")] * 2
    assert answers[0].message == "The folder study can't be written."


def _in_own_mount(environment: dict[str, str], prepare: str, *commands: tuple[str | Path, ...]) -> list[Answer]:
    """Type commands where mounts may be made that nobody else sees."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-Urm", "true"], check=False, capture_output=True).returncode:
        pytest.skip("needs user namespaces (unshare -Urm) to mount a small or write-protected disk")
    lines = [f"{sys.executable} -m sos_studio {' '.join(map(str, words))} --json; echo $?" for words in commands]
    script = " && ".join([f"{{ {prepare}; }}", "{ " + "; ".join(lines) + "; }"])
    shell = ["unshare", "-Urm", "sh", "-c", script]
    done = subprocess.run(shell, capture_output=True, text=True, timeout=200, check=False, env=environment, cwd=ROOT)
    said = done.stdout.splitlines()
    assert len(said) == 2 * len(commands), done.stderr
    return [_answer(int(code), out, done.stderr) for out, code in zip(said[::2], said[1::2], strict=True)]


# --- in the window ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def window(qapp: QApplication, qtbot: QtBot) -> Iterator[MainWindow]:
    background = PoolBackground()
    theme.apply(qapp, "dark")
    made = MainWindow(Session(background, Settings(evaluator="Dr Test", from_scratch_told=True)))
    qtbot.addWidget(made)
    made.resize(1366, 768)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.predict.presenter.close()
    # A skull may still be on its way, its kernels compiled for the first time.
    assert background._pool.waitForDone(60_000)
    made.close()
    assert background.close()


def _told(window: MainWindow, qtbot: QtBot, do: Callable[[], object]) -> str:
    """What the message bar says after something was done; it is read and dismissed."""
    while window.messages.text:
        window.messages.dismiss()
    do()
    qtbot.waitUntil(lambda: bool(window.messages.text), timeout=30000)
    text = window.messages.text
    window.messages.dismiss()
    return text


def test_the_window_refuses_scans_and_keeps_the_open_one(window: MainWindow, qtbot: QtBot, head: Path, tmp_path: Path) -> None:
    opener, session = window.opener, window.session
    opener.open_path(head)
    qtbot.waitUntil(lambda: session.scan is not None and not session.scan.coarse, timeout=30000)
    scan = session.scan
    (tmp_path / "empty").mkdir()
    assert _told(window, qtbot, lambda: opener.open_path(tmp_path / "empty")).startswith(
        "empty was not opened. There is no DICOM image in this folder"
    )
    (tmp_path / "scan.nrrd").write_bytes(b"NRRD0004\nnonsense")
    assert _told(window, qtbot, lambda: opener.open_path(tmp_path / "scan.nrrd")).startswith("scan.nrrd was not opened. It can't be parsed")
    slices = sorted(head.iterdir())
    (tmp_path / "two").mkdir()
    for path in slices[:2]:
        shutil.copy(path, tmp_path / "two")
    assert _told(window, qtbot, lambda: opener.open_path(tmp_path / "two")).startswith(
        "two was not opened. A volume needs at least 3 slices; this series has 2."
    )
    assert session.scan is scan


def test_the_window_makes_no_case_of_three_slices(window: MainWindow, qtbot: QtBot, head: Path, study: Path) -> None:
    for path in sorted(head.iterdir())[3:]:
        path.unlink()
    session = window.session
    window.opener.open_paths([study, head])
    qtbot.waitUntil(lambda: session.scan is not None and not session.scan.coarse, timeout=30000)
    told = _told(window, qtbot, lambda: QTest.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier))
    assert told.startswith("The capture would have only")
    assert session.project is not None
    assert len(cases.cases(session.project)) == 10


def test_a_full_disk_loses_no_capture_and_says_so(
    window: MainWindow, qtbot: QtBot, head: Path, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = window.session
    window.opener.open_paths([study, head])
    qtbot.waitUntil(lambda: session.scan is not None and not session.scan.coarse, timeout=30000)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    def capture() -> None:
        QTest.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        assert _told(window, qtbot, capture) == "The disk that holds study is full, so this was not saved. Make room and try again."
    assert session.capture is None
    assert _told(window, qtbot, capture).startswith("Captured as case-00")
    assert session.capture is not None


def test_a_project_of_a_newer_version_leaves_the_open_one_open(window: MainWindow, qtbot: QtBot, study: Path, tmp_path: Path) -> None:
    window.opener.open_path(study)
    qtbot.waitUntil(lambda: window.session.project is not None, timeout=30000)
    newer = Path(shutil.copytree(study, tmp_path / "newer"))
    (newer / "project.lock").unlink()
    _make_newer(newer)
    assert _told(window, qtbot, lambda: window.opener.open_path(newer)).startswith("newer was made by a newer version")
    assert window.session.project is not None
    assert window.session.project.directory == study
    assert not window.session.project.closed


def test_a_read_only_project_takes_no_reading_and_says_so(window: MainWindow, qtbot: QtBot, study: Path) -> None:
    with Project.open(study) as writer:
        told = _told(window, qtbot, lambda: window.opener.open_path(study))
        assert "study is open in another window or command on this computer" in told
        assert "to look at" in told
        window.cases.open_case("case-0001")
        qtbot.waitUntil(lambda: window.session.capture is not None, timeout=30000)
        window.show_step("stage")
        told = _told(window, qtbot, lambda: QTest.keyClick(window.stage.crop_view, Qt.Key.Key_5))
        assert told.startswith("study is open to look at only, so nothing was saved.")
        assert window.stage.presenter.state.phase != "saved"
        assert {r.evaluator for r in readings.readings(writer, "case-0001")} == {"A"}


def test_a_project_left_locked_by_a_dead_computer_can_be_taken_over(window: MainWindow, qtbot: QtBot, study: Path) -> None:
    left = {"owner": "Grace", "host": "reading-room-2", "pid": 1, "started": 0.0, "since_utc": "2026-01-01T08:00:00+00:00"}
    (study / "project.lock").write_text(json.dumps(left))
    session = window.session
    window.opener.open_path(study)
    qtbot.waitUntil(lambda: bool(window.findChildren(QMessageBox)), timeout=30000)
    (box,) = window.findChildren(QMessageBox)
    here = datetime.fromisoformat("2026-01-01T08:00:00+00:00").astimezone()
    assert box.text() == f"Grace on reading-room-2 is writing to study since {here:%Y-%m-%d %H:%M}."
    assert session.project is not None
    assert session.project.read_only
    next(button for button in box.buttons() if button.text() == "Take over").click()
    qtbot.waitUntil(lambda: session.project is not None and not session.project.read_only, timeout=30000)


def test_the_window_says_why_no_training_starts_and_that_one_was_interrupted(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    one = _project(tmp_path / "one", [4] * 10)
    job = one / "jobs" / "20260101-080000-retrain-abcd"
    job.mkdir()
    shutil.copy(ROOT / "tests" / "protocol" / "retrain-killed.jsonl", job / "events.jsonl")
    (job / "job.json").write_text("{}")
    dead = {"pid": 2**22 + 1, "started_at": 1.0, "host": "elsewhere"}
    (job / "worker.json").write_text(json.dumps(dead))
    told = _told(window, qtbot, lambda: window.opener.open_path(one))
    assert told.startswith("The training was interrupted: its process is gone.")
    window.training_dock.retrain_all()
    problem = window.training_dock.problem
    qtbot.waitUntil(
        lambda: problem.text().startswith("All 10 labelled cases are of stage 4; there is nothing to tell apart."), timeout=30000
    )


def test_a_picture_of_ten_pixels_is_named_and_the_others_are_imported(
    window: MainWindow, qtbot: QtBot, study: Path, tmp_path: Path
) -> None:
    window.opener.open_path(study)
    qtbot.waitUntil(lambda: window.session.project is not None, timeout=30000)
    good = tmp_path / "good.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64), dtype=np.uint8)).save(good)
    told = _told(window, qtbot, lambda: window.files.exchange.import_images([good, _ten_pixels(tmp_path / "ten.png")]))
    qtbot.waitUntil(lambda: bool(window.messages.text) or "10 x 10" in told, timeout=10000)
    assert "ten.png is only 10 x 10 pixels." in told + window.messages.text
    assert window.session.project is not None
    assert len(cases.cases(window.session.project)) == 11
