#!/usr/bin/env python3
"""Set up SOS Studio from nothing but Python 3.11+ and a checkout, then run it. Standard library only.

``python3 installer/bootstrap.py demo``  make ``.venv``, install, open the app on a demo project; with no display run the same job
headless and print what it did.
``python3 installer/bootstrap.py test``  the same set-up with the development tools, then the test suite.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / "sos-studio-stamp.json"
OLDEST_PYTHON = (3, 11)
NEEDED_GB = 12

# One module of every library without which nothing works; finding them is quick, importing them all is not.
NEEDED_MODULES: tuple[str, ...] = (
    *("alembic", "click", "cv2", "highdicom", "imagecodecs", "matplotlib", "numba", "numpy", "openpyxl", "platformdirs", "polars"),
    *("psutil", "reportlab"),
    *("psygnal", "pydantic", "pydicom", "PySide6", "SimpleITK", "safetensors", "sqlalchemy", "timm", "torch", "torchvision", "ultralytics"),
    *("sos_studio", "trainer"),
)
DEV_MODULES = (
    *("filelock", "hypothesis", "importlinter", "mypy", "pyarrow", "pytest", "pytestqt", "pytest_socket", "pytest_timeout"),
    *("ruff", "scipy", "xdist"),
)

# Much of a test is waiting for the disk and for other processes. Files stay whole, because their fixtures are dear.
TWO_WORKERS = ("-n", "2", "--dist", "loadfile")

# Shared library that Qt or OpenCV asks for -> Debian/Ubuntu package, Fedora package.
SYSTEM_PACKAGES = {
    "libEGL.so.1": ("libegl1", "mesa-libEGL"),
    "libGL.so.1": ("libgl1", "mesa-libGL"),
    "libGLX.so.0": ("libglx0", "libglvnd-glx"),
    "libOpenGL.so.0": ("libopengl0", "libglvnd-opengl"),
    "libdbus-1.so.3": ("libdbus-1-3", "dbus-libs"),
    "libfontconfig.so.1": ("libfontconfig1", "fontconfig"),
    "libfreetype.so.6": ("libfreetype6", "freetype"),
    "libglib-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libgthread-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libxkbcommon.so.0": ("libxkbcommon0", "libxkbcommon"),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0", "libxkbcommon-x11"),
    "libxcb-cursor.so.0": ("libxcb-cursor0", "xcb-util-cursor"),
    "libxcb-icccm.so.4": ("libxcb-icccm4", "xcb-util-wm"),
    "libxcb-image.so.0": ("libxcb-image0", "xcb-util-image"),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1", "xcb-util-keysyms"),
    "libxcb-render-util.so.0": ("libxcb-render-util0", "xcb-util-renderutil"),
    "libxcb-shape.so.0": ("libxcb-shape0", "libxcb"),
    "libxcb-xinerama.so.0": ("libxcb-xinerama0", "libxcb"),
    "libX11-xcb.so.1": ("libx11-xcb1", "libX11-xcb"),
}


class SetupError(Exception):
    """A fault that one sentence explains."""


def venv_python(venv: Path = VENV) -> Path:
    """The environment's interpreter, which lies elsewhere on Windows."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def say(text: str) -> None:
    """One line to the person, at once."""
    print(text, flush=True)


def clean_environment() -> dict[str, str]:
    """The caller's environment without what would lead our interpreter to another one's libraries."""
    environment = dict(os.environ)
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "QT_PLUGIN_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH"):
        environment.pop(name, None)
    return environment


def run_python(*arguments: str, timeout_s: float | None = 120) -> subprocess.CompletedProcess[str]:
    """Run the environment's interpreter and keep what it says; a missing one or a hang counts as failure."""
    command = [str(venv_python()), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, env=clean_environment(), cwd=ROOT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))


def wanted_stamp(dev: bool) -> dict[str, object]:
    """What an up-to-date environment was made from."""
    digest = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    return {"pyproject": digest, "python": platform.python_version(), "machine": platform.machine(), "root": str(ROOT), "dev": dev}


def stamp_is_current(dev: bool) -> bool:
    """Whether the environment was finished for this checkout; one with the development tools serves both uses."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(stamp in (wanted_stamp(dev), wanted_stamp(True)))


def missing_modules(dev: bool) -> list[str]:
    """Libraries that the environment can't find; the check imports a few light ones to notice half-deleted packages."""
    modules = NEEDED_MODULES + (DEV_MODULES if dev else ())
    code = (
        "import importlib.util as u, json, sys\n"
        f"names = {modules!r}\n"
        "bad = []\n"
        "for name in names:\n"
        "    spec = u.find_spec(name)\n"
        "    if spec is None or spec.origin is None: bad.append(name)\n"
        "for name in ('numpy', 'pydantic', 'click'):\n"
        "    try: __import__(name)\n"
        "    except Exception: bad.append(name)\n"
        "print(json.dumps(bad))\n"
    )
    result = run_python("-c", code)
    if result.returncode != 0:
        return ["python"]
    return list(json.loads(result.stdout.splitlines()[-1]))


def create_venv() -> None:
    """Make an empty environment in place of whatever is there."""
    if VENV.exists() or VENV.is_symlink():
        say("Removing the broken environment …")
        if VENV.is_symlink():
            VENV.unlink()
        else:
            shutil.rmtree(VENV)
    free_gb = shutil.disk_usage(ROOT).free / 1e9
    if free_gb < NEEDED_GB:
        raise SetupError(
            f"Only {free_gb:.0f} GB are free on this disk; the installation needs about {NEEDED_GB} GB. Free some and run this again."
        )
    say("Creating .venv …")
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, env=clean_environment(), check=False)
    if made.returncode != 0:
        if "ensurepip" in made.stdout + made.stderr:
            raise SetupError("Python's venv module is incomplete. On Debian or Ubuntu: sudo apt install python3-venv")
        raise SetupError(f"Python could not make a virtual environment: {(made.stderr or made.stdout).strip().splitlines()[-1:]}")


def install(dev: bool) -> None:
    """Install the checkout, editable, with a sign of life every few seconds and pip's whole output in a file."""
    log = VENV / "install.log"
    target = f"{ROOT}[dev]" if dev else str(ROOT)
    command = [str(venv_python()), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "-e", target]
    say("Installing (the first time this downloads about 3 GB and takes some minutes) …")
    began = told = time.monotonic()
    with log.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, env=clean_environment(), cwd=ROOT)
        try:
            while process.poll() is None:
                time.sleep(0.2)
                if time.monotonic() - told >= 20:
                    told = time.monotonic()
                    say(f"  … still installing, {told - began:.0f} s")
        except BaseException:
            process.kill()
            process.wait()
            raise
    if process.returncode != 0:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        print("\n".join(lines[-15:]), file=sys.stderr)
        raise SetupError(f"pip could not install SOS Studio (its whole output: {log}). Check the network connection and run this again.")
    say(f"Installed in {time.monotonic() - began:.0f} s.")


def ensure_environment(dev: bool) -> None:
    """An environment that works, made, completed or repaired as needed; does next to nothing when all is well."""
    if stamp_is_current(dev) and not missing_modules(dev):
        return
    runs = run_python("-c", "import sys, pip; print(sys.version_info >= (3, 11))")
    if runs.stdout.strip() != "True":
        create_venv()
    STAMP.unlink(missing_ok=True)
    install(dev)
    missing = missing_modules(dev)
    if missing:
        # pip believes its own records: a package whose files were deleted counts as installed, so only a new start helps.
        say(f"The environment is damaged ({', '.join(missing)}); making it anew.")
        create_venv()
        install(dev)
        missing = missing_modules(dev)
        if missing:
            raise SetupError(f"These libraries can't be loaded after a fresh installation: {', '.join(missing)}.")
    STAMP.write_text(json.dumps(wanted_stamp(dev)), encoding="utf-8")


def package_hint(library: str) -> str:
    """Which system package brings a missing shared library, for the package manager of this machine."""
    debian, fedora = SYSTEM_PACKAGES.get(library, ("", ""))
    if not debian:
        return f"Install the system package that contains {library}."
    if shutil.which("dnf"):
        return f"Install it with: sudo dnf install {fedora}"
    return f"Install it with: sudo apt install {debian}"


def missing_libraries_of_xcb() -> list[str]:
    """Shared libraries that Qt's X11 plug-in lacks, as the loader lists them."""
    code = "import PySide6, pathlib; print(pathlib.Path(PySide6.__file__).parent / 'Qt/plugins/platforms/libqxcb.so')"
    plugin = run_python("-c", code).stdout.strip()
    if not plugin or not shutil.which("ldd"):
        return []
    listed = subprocess.run(["ldd", plugin], capture_output=True, text=True, check=False).stdout
    return re.findall(r"^\s*(\S+) => not found", listed, flags=re.MULTILINE)


def qt_fault(platform_name: str) -> str | None:
    """Why Qt can't start, in one line; None if it can."""
    code = "from PySide6.QtWidgets import QApplication; a = QApplication([]); import cv2; print('qt starts')"
    environment = clean_environment()
    if platform_name:
        environment["QT_QPA_PLATFORM"] = platform_name
    try:
        result = subprocess.run(
            [str(venv_python()), "-c", code], capture_output=True, text=True, timeout=120, env=environment, cwd=ROOT, check=False
        )
    except subprocess.TimeoutExpired:
        return "Qt does not answer within two minutes."
    if "qt starts" in result.stdout:
        return None
    output = result.stderr + result.stdout
    match = re.search(r"(lib[\w.+-]+\.so[.\d]*): cannot open shared object file", output)
    libraries = [match.group(1)] if match else missing_libraries_of_xcb()
    if libraries:
        return f"Qt can't start because the system library {libraries[0]} is missing. {package_hint(libraries[0])}"
    last = output.strip().splitlines()[-1:] or [f"exit code {result.returncode}"]
    return f"Qt can't start: {last[0]}"


def has_display() -> bool:
    """Whether a window can be shown."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def follow(command: list[str], **extra: str) -> int:
    """Run to the end in the foreground; Ctrl+C reaches the child too, so it is left to answer it."""
    process = subprocess.Popen(command, cwd=ROOT, env={**clean_environment(), **extra})
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def demo(arguments: argparse.Namespace) -> int:
    """Open the window on a demo project, or do the whole job on the terminal."""
    ensure_environment(dev=False)
    headless = arguments.headless or not has_display()
    fault = qt_fault("offscreen" if headless else "")
    if fault:
        say(fault)
        if not headless:
            return 1
        say("Going on without a window.")
    app = [str(venv_python()), "-m", "sos_studio"]
    folder = Path(arguments.dir).resolve()
    if headless:
        say("No display: running the whole journey on the terminal.")
        return follow([*app, "demo", str(folder), "--cases", str(arguments.cases), "--journey"])
    if not (folder / "project.sqlite").exists():
        made = follow([*app, "demo", str(folder), "--cases", str(arguments.cases)])
        if made != 0:
            return made
    first_scan = next(iter(sorted((folder / "scans").glob("*"))), None)
    return follow([*app, str(folder), *([str(first_scan)] if first_scan else [])])


def test(arguments: argparse.Namespace) -> int:
    """Run the test suite; anything after ``test`` goes to pytest."""
    ensure_environment(dev=True)
    fault = qt_fault("offscreen")
    if fault:
        say(fault)
        return 1
    return follow([str(venv_python()), "-m", "pytest", *TWO_WORKERS, *arguments.pytest_arguments], QT_QPA_PLATFORM="offscreen")


def main(argv: list[str] | None = None) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="bootstrap.py", description="Set up SOS Studio and run it.")
    commands = parser.add_subparsers(dest="command", required=True)
    demo_parser = commands.add_parser("demo", help="install and open the app on a demo project (headless without a display)")
    demo_parser.add_argument("--dir", default=str(ROOT / "demo"), help="folder of the demo project (default: demo/ in the checkout)")
    demo_parser.add_argument("--cases", type=int, default=200, help="number of phantom cases (default 200)")
    demo_parser.add_argument("--headless", action="store_true", help="run on the terminal even if there is a display")
    commands.add_parser("test", help="install and run the tests; further arguments go to pytest", add_help=False)
    commands.add_parser("setup", help="install only, with the development tools")
    arguments, rest = parser.parse_known_args(argv)
    if arguments.command != "test" and rest:
        parser.error(f"unknown arguments: {' '.join(rest)}")
    arguments.pytest_arguments = rest
    if sys.version_info < OLDEST_PYTHON:
        say(f"SOS Studio needs Python 3.11 or newer; this is {platform.python_version()}.")
        return 1
    try:
        if arguments.command == "setup":
            ensure_environment(dev=True)
            return 0
        return demo(arguments) if arguments.command == "demo" else test(arguments)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
