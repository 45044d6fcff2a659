"""Commands, exit codes and errors as the contract has them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import sos_studio.__main__
from sos_studio.cli import faults, output
from sos_studio.cli.main import COMMANDS, main
from sos_studio.core.errors import BadInputError, CancelledError, JobFailedError, ProjectError
from tests.cli.conftest import Run

ROOT = Path(__file__).resolve().parents[2]


def test_help_lists_all_commands(run: Run) -> None:
    ran = run("--help")
    assert ran.code == 0
    assert all(name in ran.out for name in COMMANDS)
    assert "not a medical device" in " ".join(ran.out.split())
    for name in COMMANDS:
        assert run(name, "--help").code == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadInputError("image.too_small", file="x.png", width=10, height=10, smallest=32), 2),
        (ProjectError("project.newer_version"), 2),
        (JobFailedError("job.worker_died"), 4),
        (CancelledError(), 130),
        (KeyboardInterrupt(), 130),
        (PermissionError(13, "Permission denied", "/home/someone/secret name/x.png"), 2),
        (MemoryError(), 1),
        (RuntimeError("boom"), 1),
    ],
)
def test_every_fault_has_its_exit_code_and_one_sentence(error: BaseException, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    def command(_arguments: list[str]) -> None:
        raise error

    assert faults.run(command, []) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert "Traceback" not in said.err
    assert "secret name" not in said.err
    assert "{" not in said.err


def test_with_debug_the_traceback_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    def command(arguments: list[str]) -> None:
        assert "--debug" not in arguments
        raise RuntimeError("boom")

    assert faults.run(command, ["inspect", "x", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["inspect"],
        ["inspect", "x", "--nonsense"],
        ["capture", "x"],
        ["train", "everything", "--project", "x"],
        ["project"],
        ["no such command"],
        ["predict", "x", "--out", "y"],
    ],
)
def test_wrong_usage_is_an_error_object_too(run: Run, arguments: list[str]) -> None:
    ran = run(*arguments, "--json")
    assert ran.code == 2
    error = ran.json["error"]
    assert set(error) == {"code", "message", "hint"}
    assert error["code"] == "usage"
    assert error["message"]
    plain = run(*arguments)
    assert (plain.code, plain.out) == (2, "")
    assert plain.err


def test_a_path_opens_the_window(tmp_path: Path) -> None:
    opened: list[list[Path]] = []

    def open_window(paths: list[Path]) -> int:
        opened.append(paths)
        return 0

    (tmp_path / "scan").mkdir()
    assert main([str(tmp_path), str(tmp_path / "scan")], open_window=open_window) == 0
    assert main([], open_window=open_window) == 0
    assert opened == [[tmp_path, tmp_path / "scan"], []]


def test_without_qt_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "sos_studio.ui", None)
    assert main([], open_window=sos_studio.__main__.open_window) == 2
    said = capsys.readouterr().err
    assert "window can't be opened" in said
    assert len(said.splitlines()) == 1


def test_inspect_starts_without_qt_torch_numba(scan_folder: Path) -> None:
    code = (
        "import sys; from sos_studio.cli.main import main\n"
        f"assert main(['inspect', {str(scan_folder)!r}, '--json']) == 0\n"
        "heavy = {'PySide6', 'torch', 'numba', 'cv2', 'matplotlib', 'sqlalchemy', 'SimpleITK'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def test_it_runs_as_a_module() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, "-m", "sos_studio", "--version"], capture_output=True, text=True, env=environment, check=False)
    assert ran.returncode == 0
    assert "SOS Studio" in ran.stdout


def test_progress_and_time_left_go_to_stderr_only_for_long_work(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(output.time, "monotonic", lambda: now)
    with output.ProgressBar("Training") as bar:
        bar.update(0.0)
        assert capsys.readouterr().err == ""
        now = 120.0
        bar.update(0.25, "teacher")
        now = 121.0
        bar.update(0.3)
    said = capsys.readouterr()
    assert said.err == "Training · teacher:  25%, 1:00 left\n"
    assert said.out == ""
    assert output.clock(3723) == "1:02:03"


def test_of_what_was_resumed_half_done_the_time_left_is_not_made_up(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(output.time, "monotonic", lambda: now)
    with output.ProgressBar("Training") as bar:
        now = 120.0
        bar.show(0.6, "student", None)
        now = 140.0
        bar.show(0.62, "student", 90.0)
    told = "Training · student:  60%, time left unknown yet\nTraining · student:  62%, 1:30 left\n"
    assert capsys.readouterr().err == told
