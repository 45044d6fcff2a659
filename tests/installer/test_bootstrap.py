from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from installer import bootstrap


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / ".venv" / "sos-studio-stamp.json")
    return tmp_path


def _calls(monkeypatch: pytest.MonkeyPatch, missing: list[list[str]], *, python_runs: bool = True) -> list[str]:
    """Record what the set-up does; `missing` is what each look for modules finds."""
    calls: list[str] = []
    monkeypatch.setattr(bootstrap, "missing_modules", lambda dev: missing.pop(0))
    monkeypatch.setattr(bootstrap, "install", lambda dev: calls.append("install"))

    def create() -> None:
        calls.append("create")
        bootstrap.VENV.mkdir(exist_ok=True)

    monkeypatch.setattr(bootstrap, "create_venv", create)
    answer = subprocess.CompletedProcess([], 0, "True\n" if python_runs else "", "")
    monkeypatch.setattr(bootstrap, "run_python", lambda *a, **k: answer)
    return calls


def test_a_machine_without_an_environment_gets_one(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _calls(monkeypatch, [[]], python_runs=False)
    bootstrap.ensure_environment(dev=False)
    assert calls == ["create", "install"]
    assert bootstrap.stamp_is_current(dev=False)


def test_a_second_run_installs_nothing(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _calls(monkeypatch, [[], []], python_runs=False)
    bootstrap.ensure_environment(dev=True)
    calls.clear()
    bootstrap.ensure_environment(dev=False)
    assert calls == []


def test_a_changed_pyproject_installs_again_into_the_same_environment(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _calls(monkeypatch, [[], []])
    bootstrap.VENV.mkdir()
    bootstrap.ensure_environment(dev=False)
    (checkout / "pyproject.toml").write_text("[project]\nname='other'\n")
    calls.clear()
    bootstrap.ensure_environment(dev=False)
    assert calls == ["install"]


def test_a_damaged_environment_is_made_anew(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _calls(monkeypatch, [["numpy"], ["numpy"], []])
    bootstrap.VENV.mkdir()
    bootstrap.STAMP.write_text(json.dumps(bootstrap.wanted_stamp(False)))
    bootstrap.ensure_environment(dev=False)
    assert calls == ["install", "create", "install"]


def test_an_environment_that_stays_broken_is_one_sentence_not_a_loop(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _calls(monkeypatch, [["torch"], ["torch"]])
    bootstrap.VENV.mkdir()
    with pytest.raises(bootstrap.SetupError, match="torch"):
        bootstrap.ensure_environment(dev=False)
    assert not bootstrap.STAMP.exists()


def test_a_half_deleted_library_is_noticed_in_the_real_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "venv_python", lambda venv=None: Path(sys.executable))
    monkeypatch.setattr(bootstrap, "NEEDED_MODULES", ("numpy", "no_such_module_at_all"))
    assert bootstrap.missing_modules(dev=False) == ["no_such_module_at_all"]


def test_the_interpreter_is_found_on_every_system(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bootstrap.venv_python(Path("v")) == Path("v") / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("ImportError: libEGL.so.1: cannot open shared object file: No such file or directory", "libegl1"),
        ("ImportError: libGL.so.1: cannot open shared object file: No such file", "libgl1"),
        ("ImportError: libodd.so.9: cannot open shared object file", "libodd.so.9"),
    ],
)
def test_a_missing_system_library_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch, error: str, expected: str) -> None:
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    monkeypatch.setattr(bootstrap.subprocess, "run", lambda *a, **k: subprocess.CompletedProcess(a, 1, "", error))
    fault = bootstrap.qt_fault("offscreen")
    assert fault is not None
    assert expected in fault
    assert "\n" not in fault


def test_variables_that_lead_to_other_libraries_are_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("QT_PLUGIN_PATH", "/elsewhere")
    assert not {"PYTHONPATH", "QT_PLUGIN_PATH"} & set(bootstrap.clean_environment())


def test_a_full_disk_is_said_before_anything_is_downloaded(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 1e9})
    monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(bootstrap.SetupError, match="1 GB are free"):
        bootstrap.create_venv()


def test_tests_run_in_two_processes_and_further_arguments_go_to_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "ensure_environment", lambda dev: None)
    monkeypatch.setattr(bootstrap, "qt_fault", lambda name: None)
    monkeypatch.setattr(bootstrap, "follow", lambda command, **extra: seen.append(command) or 0)
    assert bootstrap.main(["test", "-m", "slow", "tests/core"]) == 0
    assert seen[0][2:] == ["pytest", "-n", "2", "--dist", "loadfile", "-m", "slow", "tests/core"]


def test_without_a_display_the_demo_runs_headless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "ensure_environment", lambda dev: None)
    monkeypatch.setattr(bootstrap, "qt_fault", lambda name: None)
    monkeypatch.setattr(bootstrap, "has_display", lambda: False)
    monkeypatch.setattr(bootstrap, "follow", lambda command, **extra: seen.append(command) or 0)
    assert bootstrap.main(["demo", "--dir", str(tmp_path / "d")]) == 0
    assert "--journey" in seen[0]
